//! Decimals as text. The unscaled value is big-endian two's complement; 16 bytes hold 38 digits.

/// The bytes as decimal text with `scale` digits behind the point. `None` for more than 16 bytes, or none.
pub(super) fn to_text(bytes: &[u8], scale: u32) -> Option<String> {
    let unscaled = unscaled(bytes)?;
    let sign = if unscaled < 0 { "-" } else { "" };
    let scale = usize::try_from(scale).ok()?;
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let point = if scale == 0 { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

/// The unscaled value of a decimal text, with at most `scale` digits behind the point and `precision` in all. `None` for any
/// other text.
pub(super) fn from_text(text: &str, precision: u32, scale: u32) -> Option<i128> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let written = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let complete = !whole.is_empty() && (unsigned.len() == whole.len() || !fraction.is_empty());
    if !complete || !written(whole) || !written(fraction) {
        return None;
    }
    let missing = usize::try_from(scale).ok()?.checked_sub(fraction.len())?;
    let digits = format!("{whole}{fraction}{}", "0".repeat(missing));
    let digits = digits.trim_start_matches('0');
    if digits.len() > usize::try_from(precision).ok()? {
        return None;
    }
    let value: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    Some(if negative { -value } else { value })
}

/// The value in the fewest bytes that say it.
pub(super) fn shortest(unscaled: i128) -> Vec<u8> {
    let bytes = unscaled.to_be_bytes();
    let fill = if unscaled < 0 { 0xff } else { 0 };
    let same_sign = |byte: u8| (byte ^ fill) & 0x80 == 0;
    let mut start = 0;
    while start < bytes.len() - 1 && bytes[start] == fill && same_sign(bytes[start + 1]) {
        start += 1;
    }
    bytes[start..].to_vec()
}

/// The value in `size` bytes, if they hold it.
pub(super) fn sized(unscaled: i128, size: usize) -> Option<Vec<u8>> {
    let shortest = shortest(unscaled);
    let missing = size.checked_sub(shortest.len())?;
    let fill = if unscaled < 0 { 0xff } else { 0 };
    let mut bytes = vec![fill; missing];
    bytes.extend(shortest);
    Some(bytes)
}

fn unscaled(bytes: &[u8]) -> Option<i128> {
    let first = *bytes.first()?;
    let fill = if first & 0x80 == 0 { 0 } else { 0xff };
    let mut wide = [fill; 16];
    let start = wide.len().checked_sub(bytes.len())?;
    wide[start..].copy_from_slice(bytes);
    Some(i128::from_be_bytes(wide))
}

#[cfg(test)]
mod tests {
    use super::{from_text, shortest, sized, to_text};

    #[test]
    fn text_and_bytes_say_the_same() {
        let cases: [(&[u8], u32, &str); 8] = [
            (&[0], 0, "0"),
            (&[0], 2, "0.00"),
            (&[0x7f], 2, "1.27"),
            (&[0x00, 0x80], 2, "1.28"),
            (&[0x80], 2, "-1.28"),
            (&[0xff], 3, "-0.001"),
            (&[0x04, 0xd2], 0, "1234"),
            (&[0xff, 0x7f], 1, "-12.9"),
        ];
        for (bytes, scale, text) in cases {
            assert_eq!(to_text(bytes, scale).as_deref(), Some(text));
            assert_eq!(from_text(text, 38, scale).map(shortest).as_deref(), Some(bytes), "{text}");
        }
        assert_eq!(sized(-128, 3), Some(vec![0xff, 0xff, 0x80]));
        assert_eq!(sized(128, 1), None);
        assert_eq!(to_text(&[], 2), None);
        assert_eq!(to_text(&[1; 17], 2), None);
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!(from_text("12.5", 4, 2), Some(1250));
        assert_eq!(from_text("0012.5", 4, 2), Some(1250));
        for text in
            ["", "-", ".5", "5.", "1e3", "+1", "1.234", "123.45", "1,5", " 1", "--1", "1.-5"]
        {
            assert_eq!(from_text(text, 4, 2), None, "{text}");
        }
    }
}
