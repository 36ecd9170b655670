//! Sixteen bytes as 32 hexadecimal digits and back. Writing takes two digits at once from a table, which stays in the
//! first cache. Reading treats all digits alike and without branches, in loops over arrays of whole vectors, which the
//! compiler turns into vector instructions; it does not do so for writing, whose digits go to five places.

/// The digits of every byte, in lower case.
pub(super) const DIGITS: [[u8; 2]; 256] = {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        digits[byte] = [HEX[byte >> 4], HEX[byte & 15]];
        byte += 1;
    }
    digits
};

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
