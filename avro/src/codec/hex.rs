//! Sixteen bytes as 32 hexadecimal digits and back. Writing takes two digits at once from a table, which stays in the
//! first cache; reading takes eight digits to a word, all words alike and without branches, which the compiler turns into
//! vector instructions.

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

/// The bytes that digits, in either case, stand for; none if one is not a digit. The sums stay below 256 in each
/// byte, so that no byte touches its neighbour.
#[inline]
pub(super) fn bytes(words: [u64; 4]) -> Option<[u8; 16]> {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let bad = words.map(|text| {
        let low = text & !HIGH;
        let not_decimal = (low ^ 0x3030_3030_3030_3030) + 0x7676_7676_7676_7676;
        // Setting bit 5 makes a letter lower case, and nothing else a letter from a to f: they become 1 to 6.
        let letter = (low | 0x2020_2020_2020_2020) ^ 0x6060_6060_6060_6060;
        let is_letter = (letter + 0x7f7f_7f7f_7f7f_7f7f) & !(letter + 0x7979_7979_7979_7979);
        text | not_decimal & !is_letter
    });
    let quarters = words.map(|text| {
        let letters = text >> 6 & 0x0101_0101_0101_0101;
        let x = (text & 0x0f0f_0f0f_0f0f_0f0f) + (letters << 3) + letters;
        let x = (x << 4 | x >> 8) & 0x00ff_00ff_00ff_00ff;
        let x = (x | x >> 8) & 0x0000_ffff_0000_ffff;
        x | x >> 16
    });
    let mut bytes = [0; 16];
    for (place, quarter) in bytes.chunks_exact_mut(4).zip(quarters) {
        place.copy_from_slice(&quarter.to_le_bytes()[..4]);
    }
    let bad = (bad[0] | bad[1] | bad[2] | bad[3]) & HIGH;
    (bad == 0).then_some(bytes)
}
