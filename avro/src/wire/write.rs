/// Appends an `int`: zig-zag, 1 to 5 bytes.
#[inline]
pub fn write_int(out: &mut Vec<u8>, value: i32) {
    write_long(out, i64::from(value));
}

/// Appends a `long`: zig-zag, 1 to 10 bytes.
#[inline]
pub fn write_long(out: &mut Vec<u8>, value: i64) {
    write_number(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// Appends a `bytes` value: its length, then the bytes.
///
/// Short values, which most strings of a message are, go in two pieces of a fixed size, the length in front of the first,
/// that overlap in the middle: that is a few instructions, where a copy of any length is a call.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "the vector's length then stays in a register from field to field"
)]
pub fn write_bytes(out: &mut Vec<u8>, value: &[u8]) {
    let length = value.len();
    // The zig-zag form of a length is its double. The casts keep all of it: it is at most 126 where one byte is written.
    let prefix = (length as u64) << 1;
    let end = out.len() + 1 + length;
    if length < 16 {
        if length >= 8
            && let (Some(head), Some(tail)) = (value.first_chunk::<8>(), value.last_chunk::<8>())
        {
            let head = u64::from_le_bytes(*head) << 8 | prefix;
            out.extend_from_slice(&head.to_le_bytes());
            out.truncate(end - 8);
            out.extend_from_slice(tail);
            return;
        }
        if let (Some(head), Some(tail)) = (value.first_chunk::<4>(), value.last_chunk::<4>()) {
            let head = u64::from(u32::from_le_bytes(*head)) << 8 | prefix;
            out.extend_from_slice(&head.to_le_bytes());
            out.truncate(end - 4);
            out.extend_from_slice(tail);
            return;
        }
    } else if length < 32 {
        if let (Some(head), Some(tail)) = (value.first_chunk::<16>(), value.last_chunk::<16>()) {
            let head = u128::from_le_bytes(*head) << 8 | u128::from(prefix);
            out.extend_from_slice(&head.to_le_bytes());
            out.truncate(end - 16);
            out.extend_from_slice(tail);
            return;
        }
    } else if length < 64
        && let (Some(head), Some(tail)) = (value.first_chunk::<32>(), value.last_chunk::<32>())
    {
        out.push(prefix.to_le_bytes()[0]);
        out.extend_from_slice(head);
        out.truncate(end - 32);
        out.extend_from_slice(tail);
        return;
    }
    write_number(out, prefix);
    out.extend_from_slice(value);
}

/// Appends a `string`: its length in bytes, then its UTF-8.
#[inline(always)]
#[expect(clippy::inline_always, reason = "see `write_bytes`")]
pub fn write_string(out: &mut Vec<u8>, value: &str) {
    write_bytes(out, value.as_bytes());
}

#[inline]
fn write_number(out: &mut Vec<u8>, number: u64) {
    if number < 0x80 {
        out.push(number.to_le_bytes()[0]);
    } else if number < 1 << 56 {
        write_spread(out, number);
    } else {
        write_bytewise(out, number);
    }
}

/// Numbers of up to 56 bits: three folds open the gaps for the continuation bits, all eight bytes are appended in one
/// store, and what is too much is cut.
#[inline]
fn write_spread(out: &mut Vec<u8>, number: u64) {
    let length = (70 - number.leading_zeros()) / 7;
    let x = (number & 0x0fff_ffff) | ((number & 0x00ff_ffff_f000_0000) << 4);
    let x = (x & 0x0000_3fff_0000_3fff) | ((x & 0x0fff_c000_0fff_c000) << 2);
    let x = (x & 0x007f_007f_007f_007f) | ((x & 0x3f80_3f80_3f80_3f80) << 1);
    let more = 0x8080_8080_8080_8080 & ((1 << (8 * (length - 1))) - 1);
    let end = out.len() + length as usize;
    out.extend_from_slice(&(x | more).to_le_bytes());
    out.truncate(end);
}

#[inline(never)]
fn write_bytewise(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}
