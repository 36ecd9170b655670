//! The Avro binary encoding, below any schema: [`Reader`] takes values out of a message, the `put_*` functions put them
//! into a buffer with room for them, the `write_*` functions append them to one that grows.
//!
//! A reader trusts nothing in a message. Every length is held against the bytes that are left before anything is
//! allocated, every number must be in its shortest form, and the [`Limits`] bound what a small message can ask for.
//! (Avro 1.12 specification, "Binary Encoding".)

mod error;
mod limits;
mod read;
mod write;

pub use error::{DecodeError, DecodeErrorKind, Segment};
pub use limits::Limits;
pub use read::{Blocks, Reader};
pub use write::{
    INT_ROOM, LONG_ROOM, append, bytes_room, put_array, put_byte, put_bytes, put_int, put_long,
    put_string, write_bytes, write_int, write_long, write_string,
};
