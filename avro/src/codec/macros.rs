//! The code that all generated types of one form share.

/// Implements [`Codec`](crate::codec::Codec) for a struct, and lets it stand in one that borrows.
///
/// One line a field, in the order of the schema: `"avroName" => rust_field: Type`, and ` = default` where the schema
/// has one. A struct around any other type has that type's name behind its own: `Envelope<P> { … }`.
#[macro_export]
macro_rules! record {
    ($name:ident { $( $fields:tt )* }) => {
        $crate::record!(@type [] $name, { $( $fields )* });
    };
    ($name:ident < $part:ident > { $( $fields:tt )* }) => {
        $crate::record!(@type [$part: $crate::codec::Codec] $name<$part>, { $( $fields )* });
    };
    (@type [ $( $generic:tt )* ] $name:ty, {
        $( $avro:literal => $field:ident : $type:ty $( = $default:expr )? ),* $(,)?
    }) => {
        impl< $( $generic )* > $crate::codec::Codec for $name {
            const MIN_WIRE_LEN: usize = 0 $( + <$type as $crate::codec::Codec>::MIN_WIRE_LEN )*;

            #[inline]
            fn encode(&self, out: &mut ::std::vec::Vec<u8>) {
                $( <$type as $crate::codec::Codec>::encode(&self.$field, out); )*
                let _ = out;
            }

            fn decode(
                reader: &mut $crate::wire::Reader<'_>,
            ) -> ::core::result::Result<Self, $crate::wire::DecodeError> {
                $crate::record!(@decode field, reader, { $( $avro => $field : $type, )* })
            }

            fn decode_resolved(
                reader: &mut $crate::wire::Reader<'_>,
                plan: &$crate::plan::Plan,
                at: $crate::plan::StepId,
            ) -> ::core::result::Result<Self, $crate::wire::DecodeError> {
                $crate::record!(@resolve resolved_field, reader, plan, at, {
                    $( $avro => $field : $type $( = $default )?, )*
                })
            }
        }

        $crate::owned_ref!(impl [ $( $generic )* ] $name);
    };
    (@decode $read:ident, $reader:ident, { $( $avro:literal => $field:ident : $type:ty, )* }) => {{
        $reader.enter()?;
        let value = Self { $( $field: $crate::codec::$read::<$type>($reader, $avro)?, )* };
        $reader.leave();
        Ok(value)
    }};
    (@resolve $read:ident, $reader:ident, $plan:ident, $at:ident, {
        $( $avro:literal => $field:ident : $type:ty $( = $default:expr )?, )*
    }) => {{
        #[allow(non_camel_case_types, dead_code, clippy::enum_variant_names)]
        enum Slot { $( $field, )* }
        $( let mut $field: ::core::option::Option<$type> = ::core::option::Option::None; )*
        let actions = $plan.record($reader, $at)?;
        $reader.enter()?;
        for action in actions {
            $( if action.field() == Slot::$field as u32 {
                $field = ::core::option::Option::Some(
                    $crate::codec::$read::<$type>($reader, $plan, action.step(), $avro)?,
                );
                continue;
            } )*
            $plan.skip($reader, action)?;
        }
        $reader.leave();
        Ok(Self { $( $field: match $field {
            ::core::option::Option::Some(value) => value,
            ::core::option::Option::None =>
                $crate::record!(@absent $reader, $avro $( , $default )?),
        }, )* })
    }};
    (@absent $reader:ident, $avro:literal, $default:expr) => { $default };
    (@absent $reader:ident, $avro:literal) => {
        return ::core::result::Result::Err(
            $reader.error($crate::wire::DecodeErrorKind::MissingField($avro)),
        )
    };
}

/// Implements [`CodecRef`](crate::codec::CodecRef) for a struct that borrows from the message.
///
/// As [`record!`](crate::record), with the struct's lifetime behind its name: `HoldSeatsRef<'a> { … }`; a struct around
/// any other type has that type's name behind the lifetime.
#[macro_export]
macro_rules! record_ref {
    ($name:ident < $life:lifetime > { $( $fields:tt )* }) => {
        $crate::record_ref!(@type [$life] $name<$life>, $life, { $( $fields )* });
    };
    ($name:ident < $life:lifetime, $part:ident > { $( $fields:tt )* }) => {
        $crate::record_ref!(
            @type [$life, $part: $crate::codec::CodecRef<$life>] $name<$life, $part>, $life,
            { $( $fields )* }
        );
    };
    (@type [ $( $generic:tt )* ] $name:ty, $life:lifetime, {
        $( $avro:literal => $field:ident : $type:ty $( = $default:expr )? ),* $(,)?
    }) => {
        impl< $( $generic )* > $crate::codec::CodecRef<$life> for $name {
            const MIN_WIRE_LEN: usize =
                0 $( + <$type as $crate::codec::CodecRef<$life>>::MIN_WIRE_LEN )*;

            fn decode(
                reader: &mut $crate::wire::Reader<$life>,
            ) -> ::core::result::Result<Self, $crate::wire::DecodeError> {
                $crate::record!(@decode field_ref, reader, { $( $avro => $field : $type, )* })
            }

            fn decode_resolved(
                reader: &mut $crate::wire::Reader<$life>,
                plan: &$crate::plan::Plan,
                at: $crate::plan::StepId,
            ) -> ::core::result::Result<Self, $crate::wire::DecodeError> {
                $crate::record!(@resolve resolved_field_ref, reader, plan, at, {
                    $( $avro => $field : $type $( = $default )?, )*
                })
            }
        }
    };
}

/// Implements [`Codec`](crate::codec::Codec), `Display` and `FromStr` for an enum without fields, and gives it `ALL`
/// and `as_str`. The enum must be `Copy`.
///
/// One line a symbol, in the order of the schema: `Variant = "SYMBOL"`.
#[macro_export]
macro_rules! enumeration {
    ($name:ident { $( $variant:ident = $symbol:literal ),* $(,)? }) => {
        impl $name {
            /// All symbols, in the order of the schema.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// The symbol's name in the schema.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $symbol, )* }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::codec::UnknownSymbol;

            fn from_str(text: &str) -> ::core::result::Result<Self, Self::Err> {
                match text {
                    $( $symbol => Ok(Self::$variant), )*
                    _ => Err($crate::codec::UnknownSymbol::new(text, &[ $( $symbol, )* ])),
                }
            }
        }

        impl $crate::codec::Codec for $name {
            const MIN_WIRE_LEN: usize = 1;

            #[inline]
            fn encode(&self, out: &mut ::std::vec::Vec<u8>) {
                $crate::wire::write_int(out, *self as i32);
            }

            #[inline]
            fn decode(
                reader: &mut $crate::wire::Reader<'_>,
            ) -> ::core::result::Result<Self, $crate::wire::DecodeError> {
                Ok(Self::ALL[reader.enum_symbol(Self::ALL.len())?])
            }

            fn decode_resolved(
                reader: &mut $crate::wire::Reader<'_>,
                plan: &$crate::plan::Plan,
                at: $crate::plan::StepId,
            ) -> ::core::result::Result<Self, $crate::wire::DecodeError> {
                plan.symbol(reader, at, Self::ALL)
            }
        }

        $crate::owned_ref!($name);
    };
}

/// Implements [`Codec`](crate::codec::Codec) for an enum with one variant a branch of a union.
///
/// One line a branch, in the order of the schema: `Variant(Type)`, and `Null` for a `null` branch, which is a variant
/// without fields.
#[macro_export]
macro_rules! union {
    ($name:ident { $( $variant:ident $( ( $type:ty ) )? ),* $(,)? }) => {
        const _: () = {
            #[allow(dead_code, clippy::enum_variant_names)]
            enum Slot { $( $variant, )* }
            const BRANCHES: usize = [ $( Slot::$variant as usize, )* ].len();

            impl $crate::codec::Codec for $name {
                const MIN_WIRE_LEN: usize = 1;

                #[inline]
                fn encode(&self, out: &mut ::std::vec::Vec<u8>) {
                    $( $crate::union!(@encode self, out, $variant $( ( $type ) )?); )*
                }

                #[inline]
                fn decode(
                    reader: &mut $crate::wire::Reader<'_>,
                ) -> ::core::result::Result<Self, $crate::wire::DecodeError> {
                    let branch = reader.union_branch(BRANCHES)?;
                    $( if branch == Slot::$variant as usize {
                        return $crate::union!(@decode reader, $variant $( ( $type ) )?);
                    } )*
                    unreachable!("a union's branch was checked")
                }

                fn decode_resolved(
                    reader: &mut $crate::wire::Reader<'_>,
                    plan: &$crate::plan::Plan,
                    at: $crate::plan::StepId,
                ) -> ::core::result::Result<Self, $crate::wire::DecodeError> {
                    let (branch, step) = plan.branch(reader, at)?;
                    $( if branch == Slot::$variant as u32 {
                        return $crate::union!(@resolve reader, plan, step, $variant $( ( $type ) )?);
                    } )*
                    Err(plan.mismatch(reader, at, "the union has fewer branches"))
                }
            }

            $crate::owned_ref!($name);
        };
    };
    (@encode $self:ident, $out:ident, $variant:ident ( $type:ty )) => {
        if let Self::$variant(value) = $self {
            $crate::wire::write_int($out, Slot::$variant as i32);
            <$type as $crate::codec::Codec>::encode(value, $out);
            return;
        }
    };
    (@encode $self:ident, $out:ident, $variant:ident) => {
        if let Self::$variant = $self {
            $crate::wire::write_int($out, Slot::$variant as i32);
            return;
        }
    };
    (@decode $reader:ident, $variant:ident ( $type:ty )) => {
        <$type as $crate::codec::Codec>::decode($reader).map(Self::$variant)
    };
    (@decode $reader:ident, $variant:ident) => { Ok(Self::$variant) };
    (@resolve $reader:ident, $plan:ident, $step:ident, $variant:ident ( $type:ty )) => {
        $crate::plan::resolve($reader, $plan, $step).map(Self::$variant)
    };
    (@resolve $reader:ident, $plan:ident, $step:ident, $variant:ident) => {{
        let _ = $step;
        Ok(Self::$variant)
    }};
}

/// A text that is none of an enum's symbols.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {expected}, found `{found}`")]
pub struct UnknownSymbol {
    found: String,
    expected: String,
}

impl UnknownSymbol {
    /// `found` is none of `symbols`.
    #[must_use]
    pub fn new(found: &str, symbols: &[&str]) -> Self {
        Self {
            found: found.chars().take(64).collect(),
            expected: symbols
                .iter()
                .map(|symbol| format!("`{symbol}`"))
                .collect::<Vec<_>>()
                .join(", "),
        }
    }
}
