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
            fn room(&self) -> usize {
                0 $( + <$type as $crate::codec::Codec>::room(&self.$field) )*
            }

            #[inline]
            fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
                $( let out = <$type as $crate::codec::Codec>::put(&self.$field, out); )*
                out
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
/// As [`record!`](crate::record), with the struct's lifetime behind its name, and the struct that owns its text:
/// `HoldSeatsRef<'a> => HoldSeats { … }`; a struct around any other type has that type's name behind both.
#[macro_export]
macro_rules! record_ref {
    ($name:ident < $life:lifetime > => $owned:ident { $( $fields:tt )* }) => {
        $crate::record_ref!(@type [$life] $name<$life>, $life, $owned, $owned, { $( $fields )* });
    };
    ($name:ident < $life:lifetime, $part:ident > => $owned:ident < $same:ident > { $( $fields:tt )* }) => {
        $crate::record_ref!(
            @type [$life, $part: $crate::codec::CodecRef<$life>] $name<$life, $part>, $life,
            $owned, $owned<<$same as $crate::codec::CodecRef<$life>>::Owned>,
            { $( $fields )* }
        );
    };
    (@type [ $( $generic:tt )* ] $name:ty, $life:lifetime, $owned:ident, $of:ty, {
        $( $avro:literal => $field:ident : $type:ty $( = $default:expr )? ),* $(,)?
    }) => {
        impl< $( $generic )* > $crate::codec::CodecRef<$life> for $name {
            type Owned = $of;

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

            fn into_owned(self) -> Self::Owned {
                $owned { $( $field: <$type as $crate::codec::CodecRef<$life>>::into_owned(self.$field), )* }
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
            fn room(&self) -> usize {
                // The first 64 symbols take one byte.
                if Self::ALL.len() > 64 { $crate::wire::INT_ROOM } else { 1 }
            }

            #[inline]
            fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
                $crate::wire::put_int(out, *self as i32)
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
                fn room(&self) -> usize {
                    match *self { $( $crate::union!(@pattern value $variant $( ( $type ) )?) =>
                        $crate::wire::INT_ROOM $( + <$type as $crate::codec::Codec>::room(value) )?, )* }
                }

                #[inline]
                fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
                    match *self { $( $crate::union!(@pattern value $variant $( ( $type ) )?) => {
                        let out = $crate::wire::put_int(out, Slot::$variant as i32);
                        $( let out = <$type as $crate::codec::Codec>::put(value, out); )?
                        out
                    } )* }
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
    (@pattern $value:ident $variant:ident ( $type:ty )) => { Self::$variant(ref $value) };
    (@pattern $value:ident $variant:ident) => { Self::$variant };
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

/// Implements [`CodecRef`](crate::codec::CodecRef) for an enum that borrows from the message.
///
/// As [`union!`](crate::union), with the enum's lifetime behind its name, and the enum that owns its text:
/// `PriceRef<'a> => Price { … }`.
#[macro_export]
macro_rules! union_ref {
    ($name:ident < $life:lifetime > => $owned:ident {
        $( $variant:ident $( ( $type:ty ) )? ),* $(,)?
    }) => {
        const _: () = {
            #[allow(dead_code, clippy::enum_variant_names)]
            enum Slot { $( $variant, )* }
            const BRANCHES: usize = [ $( Slot::$variant as usize, )* ].len();

            impl<$life> $crate::codec::CodecRef<$life> for $name<$life> {
                type Owned = $owned;

                const MIN_WIRE_LEN: usize = 1;

                fn decode(
                    reader: &mut $crate::wire::Reader<$life>,
                ) -> ::core::result::Result<Self, $crate::wire::DecodeError> {
                    let branch = reader.union_branch(BRANCHES)?;
                    $( if branch == Slot::$variant as usize {
                        return $crate::union_ref!(@decode reader, $variant $( ( $type ) )?);
                    } )*
                    unreachable!("a union's branch was checked")
                }

                fn decode_resolved(
                    reader: &mut $crate::wire::Reader<$life>,
                    plan: &$crate::plan::Plan,
                    at: $crate::plan::StepId,
                ) -> ::core::result::Result<Self, $crate::wire::DecodeError> {
                    let (branch, step) = plan.branch(reader, at)?;
                    $( if branch == Slot::$variant as u32 {
                        return $crate::union_ref!(@resolve reader, plan, step, $variant $( ( $type ) )?);
                    } )*
                    Err(plan.mismatch(reader, at, "the union has fewer branches"))
                }

                fn into_owned(self) -> Self::Owned {
                    match self { $( $crate::union_ref!(@pattern value $variant $( ( $type ) )?) =>
                        $crate::union_ref!(@owned value $owned $variant $( ( $type ) )?), )* }
                }
            }
        };
    };
    (@pattern $value:ident $variant:ident ( $type:ty )) => { Self::$variant($value) };
    (@pattern $value:ident $variant:ident) => { Self::$variant };
    (@owned $value:ident $owned:ident $variant:ident ( $type:ty )) => {
        $owned::$variant(<$type as $crate::codec::CodecRef<'_>>::into_owned($value))
    };
    (@owned $value:ident $owned:ident $variant:ident) => { $owned::$variant };
    (@decode $reader:ident, $variant:ident ( $type:ty )) => {
        <$type as $crate::codec::CodecRef<'_>>::decode($reader).map(Self::$variant)
    };
    (@decode $reader:ident, $variant:ident) => { Ok(Self::$variant) };
    (@resolve $reader:ident, $plan:ident, $step:ident, $variant:ident ( $type:ty )) => {
        $crate::plan::resolve_ref($reader, $plan, $step).map(Self::$variant)
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
