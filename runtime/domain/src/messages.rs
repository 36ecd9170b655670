//! What the enums of all commands and of all events share.

use charter_avro::wire::{DecodeError, DecodeErrorKind};

use crate::MessageType;

/// Implements [`Message`](crate::Message) for an enum with a variant for each [`Payload`](crate::Payload), and
/// `From` each payload.
///
/// One line a message, in the order of full names: `Variant(Payload)`. Generated code calls it.
#[macro_export]
macro_rules! messages {
    ($name:ident { $( $variant:ident($payload:ty) ),* $(,)? }) => {
        impl $crate::Message for $name {
            const TYPES: &'static [&'static $crate::MessageType] =
                &[ $( <$payload as $crate::Payload>::TYPE, )* ];

            fn message_type(&self) -> &'static $crate::MessageType {
                match *self { $( Self::$variant(_) => <$payload as $crate::Payload>::TYPE, )* }
            }

            fn key(&self) -> ::std::string::String {
                match *self { $( Self::$variant(ref payload) => $crate::Payload::key(payload), )* }
            }

            fn encode(&self, out: &mut ::std::vec::Vec<u8>) {
                let _ = &out;
                match *self { $( Self::$variant(ref payload) => $crate::codec::Codec::encode(payload, out), )* }
            }

            fn decode_envelope(
                message_type: &$crate::MessageType,
                bytes: &[u8],
                plan: ::core::option::Option<&$crate::codec::Plan>,
            ) -> ::core::result::Result<$crate::Envelope<Self>, $crate::codec::DecodeError> {
                let _ = (bytes, plan);
                $( if message_type.full_name == <$payload as $crate::Payload>::TYPE.full_name {
                    let envelope = $crate::Envelope::<$payload>::read(bytes, plan)?;
                    return ::core::result::Result::Ok(envelope.map(Self::$variant));
                } )*
                ::core::result::Result::Err($crate::codec::unknown(message_type))
            }

            fn decode_payload(
                message_type: &$crate::MessageType,
                bytes: &[u8],
                plan: ::core::option::Option<&$crate::codec::Plan>,
            ) -> ::core::result::Result<Self, $crate::codec::DecodeError> {
                let _ = (bytes, plan);
                $( if message_type.full_name == <$payload as $crate::Payload>::TYPE.full_name {
                    let envelope = $crate::EnvelopeRef::<$payload>::read(bytes, plan)?;
                    return ::core::result::Result::Ok(Self::$variant(envelope.payload));
                } )*
                ::core::result::Result::Err($crate::codec::unknown(message_type))
            }
        }

        $( impl ::core::convert::From<$payload> for $name {
            fn from(payload: $payload) -> Self {
                Self::$variant(payload)
            }
        } )*
    };
}

/// The error of a message type that a context doesn't have.
#[must_use]
pub fn unknown(message_type: &MessageType) -> DecodeError {
    let reason = format!("`{}` is none of the context's messages", message_type.full_name);
    DecodeError::new(DecodeErrorKind::Refused(reason.into()), 0)
}
