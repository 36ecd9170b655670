//! [`Codec`]: how a Rust type is written to and read from Avro's binary encoding, and what generated code rests on.
//!
//! # What the contract compiler emits
//! Plain types, and one line of data a field. The code between them is in the macros [`record!`](crate::record),
//! [`enumeration!`](crate::enumeration) and [`union!`](crate::union), which write the [`Codec`] implementation.
//! Emitted code needs `use charter_avro::codec::prelude::*;` and nothing else. `tests/golden.rs` holds one example of
//! every form; in short:
//!
//! ```
//! use charter_avro::codec::prelude::*;
//!
//! #[derive(Clone, Debug, PartialEq)]
//! pub struct HoldSeats {
//!     pub show_id: String,
//!     pub seat_ids: Vec<String>,
//!     pub note: Option<String>,
//!     pub seconds: i32,
//! }
//!
//! charter_avro::record! {
//!     HoldSeats {
//!         "showId" => show_id: String,
//!         "seatIds" => seat_ids: Vec<String>,
//!         "note" => note: Option<String> = None,
//!         "seconds" => seconds: i32 = 300,
//!     }
//! }
//!
//! let hold = HoldSeats { show_id: "s".into(), seat_ids: vec!["a".into()], note: None, seconds: 60 };
//! let bytes = encode(&hold);
//! assert_eq!(bytes, [2, b's', 2, 2, b'a', 0, 0, 120]);
//! assert_eq!(decode::<HoldSeats>(&bytes).unwrap(), hold);
//! ```
//!
//! Fields stand in the order of the schema. What follows `=` is the field's default, an expression of its type; it is
//! used when the writer's schema lacks the field. A field named like a keyword is written `r#type`.
//!
//! | Avro | Rust |
//! |---|---|
//! | `null`, `boolean`, `int`, `long`, `float`, `double`, `string` | `()`, `bool`, `i32`, `i64`, `f32`, `f64`, `String` |
//! | `bytes`, `fixed` | [`Bytes`], [`Fixed<N>`](Fixed) |
//! | `array`, `map` | `Vec<T>`, `BTreeMap<String, T>` |
//! | `["null", T]` | `Option<T>` |
//! | `[T, "null"]` | [`NullLast<T>`](NullLast) |
//! | any other union | an enum and [`union!`](crate::union); a `null` branch is the variant `Null` |
//! | a record within itself | `Box<T>`, where no `Vec` or map stands between (`Option<Box<T>>`) |
//! | `uuid` on `string`, on `fixed` 16 | [`Uuid`], [`FixedUuid`] |
//! | `decimal` on `bytes`, on `fixed` | [`Decimal<P, S>`](Decimal), [`FixedDecimal<N, P, S>`](FixedDecimal); precision 28 at most |
//! | `date`, `time-millis`, `time-micros` | [`Date`](crate::logical::Date), [`TimeMillis`](crate::logical::TimeMillis), [`TimeMicros`](crate::logical::TimeMicros) |
//! | `timestamp-millis`, `-micros`, `-nanos` | [`TimestampMillis`](crate::logical::TimestampMillis), [`Timestamp`](crate::logical::Timestamp), [`TimestampNanos`](crate::logical::TimestampNanos) |
//! | `local-timestamp-millis`, `-micros`, `-nanos` | [`LocalTimestampMillis`](crate::logical::LocalTimestampMillis), … |
//! | `duration` on `fixed` 12 | [`CalendarDuration`](crate::logical::CalendarDuration) |
//!
//! # The form that borrows
//! Where a message is looked at and let go, a second type can stand beside the first: its strings and bytes are slices of
//! the message, and [`record_ref!`](crate::record_ref) implements [`CodecRef`] for it. It reads what the first type
//! writes, also through a plan.
//!
//! ```
//! # use charter_avro::codec::prelude::*;
//! # #[derive(Clone, Debug, PartialEq)]
//! # pub struct HoldSeats { show_id: String, seat_ids: Vec<String>, note: Option<String>, seconds: i32 }
//! # charter_avro::record! {
//! #     HoldSeats {
//! #         "showId" => show_id: String,
//! #         "seatIds" => seat_ids: Vec<String>,
//! #         "note" => note: Option<String> = None,
//! #         "seconds" => seconds: i32 = 300,
//! #     }
//! # }
//! #[derive(Clone, Debug, PartialEq)]
//! pub struct HoldSeatsRef<'a> {
//!     pub show_id: &'a str,
//!     pub seat_ids: Vec<&'a str>,
//!     pub note: Option<&'a str>,
//!     pub seconds: i32,
//! }
//!
//! charter_avro::record_ref! {
//!     HoldSeatsRef<'a> => HoldSeats {
//!         "showId" => show_id: &'a str,
//!         "seatIds" => seat_ids: Vec<&'a str>,
//!         "note" => note: Option<&'a str> = None,
//!         "seconds" => seconds: i32 = 300,
//!     }
//! }
//!
//! let hold: HoldSeatsRef = decode_ref(&[2, b's', 2, 2, b'a', 0, 0, 120]).unwrap();
//! assert_eq!((hold.show_id, &hold.seat_ids[..], hold.seconds), ("s", &["a"][..], 60));
//! let kept: HoldSeats = hold.into_owned();
//! assert_eq!(kept.seat_ids, ["a"]);
//! ```
//!
//! There `&str` stands for `String`, `&[u8]` for [`Bytes`], `BTreeMap<&str, T>` for a map, and a type's borrowing form
//! for the type; [`union_ref!`](crate::union_ref) makes that of a union. Everything else is as above, types without a
//! borrowing form among it: what owns its text can stand in what borrows. [`CodecRef::into_owned`] makes the one from the
//! other.
//!
//! # JSON
//! All of them have `serde` implementations in the JSON form of the OpenAPI contract: dates and times as ISO 8601,
//! decimals as strings, bytes as base64. `#[derive(Serialize, Deserialize)]` with `#[serde(rename = "…")]` is all a
//! generated type needs.

mod borrowed;
mod bytes;
mod container;
mod decimal;
mod hex;
mod macros;
pub mod prelude;
mod primitive;
mod uuid;

pub use borrowed::{CodecRef, decode_ref, decode_ref_with_plan, field_ref, resolved_field_ref};
pub use bytes::{Bytes, Fixed};
pub use container::NullLast;
pub(crate) use decimal::rescale_bytes;
pub use decimal::{Decimal, DecimalError, FixedDecimal};
pub use macros::UnknownSymbol;
pub use uuid::FixedUuid;

pub use ::uuid::Uuid;

use crate::plan::{self, Plan, StepId};
use crate::wire::{self, DecodeError, Reader};

/// A type with an Avro binary encoding.
pub trait Codec: Sized {
    /// The fewest bytes a value takes. It bounds how many items an announced array can hold; 0 only for `null` and
    /// what consists of it.
    const MIN_WIRE_LEN: usize;

    /// How much room [`Self::put`] needs, in bytes: what the value takes, or somewhat more where that is quicker to say.
    fn room(&self) -> usize;

    /// Puts the value at the front of `out` and returns what is behind it. What it returns may have been written to.
    ///
    /// # Panics
    /// When `out` is shorter than [`Self::room`].
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8];

    /// Appends the value. It cannot fail: what has no encoding is not a value of the type.
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        wire::append(out, self.room(), |out| self.put(out));
    }

    /// Takes a value that was written with this very type's schema.
    ///
    /// # Errors
    /// When the bytes are not one, or ask for more than the reader's limits allow.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Takes a value that was written with another schema, as step `at` of the plan says.
    ///
    /// Call [`plan::resolve`] instead of this: it takes the fast path where the schemas agree, and undoes a writer's
    /// union. This method sees what is left.
    ///
    /// # Errors
    /// As [`Self::decode`]; and when the plan was compiled for another type, or the value has no place in this one.
    fn decode_resolved(
        reader: &mut Reader<'_>,
        plan: &Plan,
        at: StepId,
    ) -> Result<Self, DecodeError>;
}

/// The value's bytes.
#[must_use]
pub fn encode<T: Codec>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out);
    out
}

/// A value from the whole of a message that was written with the type's own schema.
///
/// # Errors
/// As [`Codec::decode`], and when bytes are left.
pub fn decode<T: Codec>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut reader = Reader::new(bytes)?;
    let value = T::decode(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

/// A value from the whole of a message that was written with the plan's writer schema.
///
/// # Errors
/// As [`Codec::decode_resolved`], and when bytes are left.
pub fn decode_with_plan<T: Codec>(bytes: &[u8], plan: &Plan) -> Result<T, DecodeError> {
    let mut reader = Reader::new(bytes)?;
    let value = plan::resolve(&mut reader, plan, plan.root())?;
    reader.finish()?;
    Ok(value)
}

/// Decodes a field; an error names it.
///
/// # Errors
/// As [`Codec::decode`].
#[inline]
pub fn field<T: Codec>(reader: &mut Reader<'_>, name: &'static str) -> Result<T, DecodeError> {
    match T::decode(reader) {
        Ok(value) => Ok(value),
        Err(error) => Err(error.in_field(name)),
    }
}

/// Decodes a field from the writer's schema; an error names it.
///
/// # Errors
/// As [`Codec::decode_resolved`].
#[inline]
pub fn resolved_field<T: Codec>(
    reader: &mut Reader<'_>,
    plan: &Plan,
    at: StepId,
    name: &'static str,
) -> Result<T, DecodeError> {
    match plan::resolve(reader, plan, at) {
        Ok(value) => Ok(value),
        Err(error) => Err(error.in_field(name)),
    }
}
