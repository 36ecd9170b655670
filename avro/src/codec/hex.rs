//! Sixteen bytes as 32 hexadecimal digits and back. Both ways treat all digits alike and without branches, in loops over
//! arrays of whole vectors, which the compiler turns into vector instructions.

/// The two digits of each byte, in lower case. A call of its own, since the loop is not made of vector instructions
/// where its result is taken apart at once.
#[inline(never)]
pub(super) fn digits(bytes: &[u8; 16]) -> [[u8; 2]; 16] {
    let mut pairs = [0_u16; 16];
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        let x = u16::from(*byte);
        let x = (x >> 4 | x << 8) & 0x0f0f;
        // Adding this reaches the highest bit for 10 and more; letters are 39 further than digits.
        let letters = ((x + 0x7676) >> 7) & 0x0101;
        *pair = x + 0x3030 + letters * 39;
    }
    pairs.map(u16::to_le_bytes)
}

/// The bytes that digits, in either case, stand for; none if one is not a digit.
#[inline]
pub(super) fn bytes(digits: &[u8; 32]) -> Option<[u8; 16]> {
    let mut bad = [0_u8; 32];
    let mut nibbles = [0_u8; 32];
    for ((bad, nibble), digit) in bad.iter_mut().zip(&mut nibbles).zip(digits) {
        let number = digit.wrapping_sub(b'0');
        // Setting bit 5 makes a letter lower case, and nothing else a letter from a to f.
        let letter = (digit | 0x20).wrapping_sub(b'a');
        *nibble = if number < 10 { number } else { letter.wrapping_add(10) };
        *bad = u8::from(number > 9) & u8::from(letter > 5);
    }
    let mut bytes = [0; 16];
    for (byte, [high, low]) in bytes.iter_mut().zip(nibbles.as_chunks::<2>().0) {
        *byte = high << 4 | low;
    }
    (bad == [0; 32]).then_some(bytes)
}
