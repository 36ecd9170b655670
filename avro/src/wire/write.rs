//! Numbers, bytes and strings, put at the front of a buffer that has room for them.
//!
//! Each `put_*` function returns what is behind the value. So the place stays in two registers from field to field: a
//! vector's length would go through memory for each of them, and every value would wait for the one before it.

/// Room for any `int`: it takes at most 5 bytes, of which up to 8 are written at once.
pub const INT_ROOM: usize = 8;

/// Room for any `long`: it takes at most 10 bytes.
pub const LONG_ROOM: usize = 10;

/// Puts an `int`: zig-zag, 1 to 5 bytes.
///
/// # Panics
/// When `out` is shorter than the value, or shorter than [`INT_ROOM`] and the value takes more than one byte.
#[inline]
pub fn put_int(out: &mut [u8], value: i32) -> &mut [u8] {
    put_long(out, i64::from(value))
}

/// Puts a `long`: zig-zag, 1 to 10 bytes.
///
/// # Panics
/// When `out` is shorter than the value, or shorter than [`LONG_ROOM`] and the value takes more than one byte.
#[inline]
pub fn put_long(out: &mut [u8], value: i64) -> &mut [u8] {
    put_number(out, ((value << 1) ^ (value >> 63)).cast_unsigned())
}

/// Puts one byte.
///
/// # Panics
/// When `out` is empty.
#[inline]
pub fn put_byte(out: &mut [u8], byte: u8) -> &mut [u8] {
    match out.split_first_mut() {
        Some((first, rest)) => {
            *first = byte;
            rest
        }
        None => no_room(),
    }
}

/// Puts bytes as they are.
///
/// # Panics
/// When `out` is shorter.
#[inline]
pub fn put_array<const N: usize>(out: &mut [u8], bytes: [u8; N]) -> &mut [u8] {
    match out.split_first_chunk_mut() {
        Some((first, rest)) => {
            *first = bytes;
            rest
        }
        None => no_room(),
    }
}

/// How much room a `bytes` value of this length needs.
#[inline]
#[must_use]
pub const fn bytes_room(length: usize) -> usize {
    LONG_ROOM + length
}

/// Puts a `bytes` value: its length, then the bytes.
///
/// Short values, which most strings of a message are, go in two pieces of a fixed size, the length in front of the first,
/// that overlap in the middle: that is a few instructions, where a copy of any length is a call.
///
/// # Panics
/// When `out` is shorter than [`bytes_room`] says.
#[inline]
pub fn put_bytes<'b>(out: &'b mut [u8], value: &[u8]) -> &'b mut [u8] {
    let length = value.len();
    if !(4..64).contains(&length) {
        return put_long_bytes(out, value);
    }
    let Some((piece, rest)) = out.split_at_mut_checked(1 + length) else { no_room() };
    // The zig-zag form of a length is its double.
    let prefix = length.to_le_bytes()[0] << 1;
    if length < 8 {
        overlap::<4>(piece, prefix, value);
    } else if length < 16 {
        overlap::<8>(piece, prefix, value);
    } else if length < 32 {
        overlap::<16>(piece, prefix, value);
    } else {
        overlap::<32>(piece, prefix, value);
    }
    rest
}

/// The prefix, and the first and the last `N` bytes of a value that has as many.
#[inline]
fn overlap<const N: usize>(piece: &mut [u8], prefix: u8, value: &[u8]) {
    if let (Some(head), Some(tail)) = (value.first_chunk::<N>(), value.last_chunk::<N>())
        && let [first, piece @ ..] = piece
    {
        *first = prefix;
        if let Some(to) = piece.first_chunk_mut() {
            *to = *head;
        }
        if let Some(to) = piece.last_chunk_mut() {
            *to = *tail;
        }
    }
}

/// Values of fewer than 4 bytes, and of more than 63.
#[inline(never)]
fn put_long_bytes<'b>(out: &'b mut [u8], value: &[u8]) -> &'b mut [u8] {
    let out = put_number(out, (value.len() as u64) << 1);
    let Some((piece, rest)) = out.split_at_mut_checked(value.len()) else { no_room() };
    piece.copy_from_slice(value);
    rest
}

/// Puts a `string`: its length in bytes, then its UTF-8.
///
/// # Panics
/// As [`put_bytes`].
#[inline]
pub fn put_string<'b>(out: &'b mut [u8], value: &str) -> &'b mut [u8] {
    put_bytes(out, value.as_bytes())
}

#[inline]
fn put_number(out: &mut [u8], number: u64) -> &mut [u8] {
    let [low, middle, ..] = number.to_le_bytes();
    if number < 0x80 {
        put_byte(out, low)
    } else if number < 0x4000 {
        put_array(out, [low | 0x80, middle << 1 | low >> 7])
    } else if number < 1 << 49 {
        put_spread(out, number)
    } else if number < 1 << 56 {
        // Times in microseconds are here, from 1978 to 3111.
        put_array(out, (spread(number) | 0x0080_8080_8080_8080).to_le_bytes())
    } else {
        put_bytewise(out, number)
    }
}

/// Numbers of up to 49 bits: all eight bytes are written in one store, and what is too much is written over by what comes
/// next.
#[inline]
fn put_spread(out: &mut [u8], number: u64) -> &mut [u8] {
    let length = (70 - number.leading_zeros()) / 7;
    let more = 0x8080_8080_8080_8080 & ((1 << (8 * (length - 1))) - 1);
    match out.first_chunk_mut() {
        Some(eight) => *eight = (spread(number) | more).to_le_bytes(),
        None => no_room(),
    }
    &mut out[length as usize..]
}

/// The lower 56 bits, seven to a byte: three folds open the gaps for the continuation bits.
#[inline]
const fn spread(number: u64) -> u64 {
    let x = (number & 0x0fff_ffff) | ((number & 0x00ff_ffff_f000_0000) << 4);
    let x = (x & 0x0000_3fff_0000_3fff) | ((x & 0x0fff_c000_0fff_c000) << 2);
    (x & 0x007f_007f_007f_007f) | ((x & 0x3f80_3f80_3f80_3f80) << 1)
}

#[inline(never)]
fn put_bytewise(mut out: &mut [u8], mut number: u64) -> &mut [u8] {
    while number >= 0x80 {
        out = put_byte(out, number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    put_byte(out, number.to_le_bytes()[0])
}

/// Appends what `put` puts into as much room as it is said to need at most.
///
/// # Panics
/// When it needs more.
#[inline]
pub fn append(
    out: &mut Vec<u8>,
    room: usize,
    put: impl for<'b> FnOnce(&'b mut [u8]) -> &'b mut [u8],
) {
    let start = out.len();
    out.resize(start + room, 0);
    let left = put(&mut out[start..]).len();
    out.truncate(start + room - left);
}

/// Appends an `int`: zig-zag, 1 to 5 bytes.
#[inline]
pub fn write_int(out: &mut Vec<u8>, value: i32) {
    append(out, INT_ROOM, |out| put_int(out, value));
}

/// Appends a `long`: zig-zag, 1 to 10 bytes.
#[inline]
pub fn write_long(out: &mut Vec<u8>, value: i64) {
    append(out, LONG_ROOM, |out| put_long(out, value));
}

/// Appends a `bytes` value: its length, then the bytes.
pub fn write_bytes(out: &mut Vec<u8>, value: &[u8]) {
    append(out, LONG_ROOM, |out| put_number(out, (value.len() as u64) << 1));
    out.extend_from_slice(value);
}

/// Appends a `string`: its length in bytes, then its UTF-8.
pub fn write_string(out: &mut Vec<u8>, value: &str) {
    write_bytes(out, value.as_bytes());
}

/// A type that says too little room for one of its values.
#[cold]
#[inline(never)]
fn no_room() -> ! {
    panic!("a value takes more bytes than its type said it would")
}
