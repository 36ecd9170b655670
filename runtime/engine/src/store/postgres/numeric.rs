//! Decimals as `NUMERIC`. `sqlx`'s own form gives `0.00` back as `0`, and a contract's scale is part of a value.

use rust_decimal::Decimal;

/// PostgreSQL's digits are to the base of ten thousand.
const BASE: u128 = 10_000;
/// Decimal digits of one of them.
const WIDTH: u32 = 4;
const NEGATIVE: u16 = 0x4000;

/// Writes the binary format: the count of digits, the weight of the first one, the sign, the decimal digits
/// behind the point, the digits.
pub(super) fn encode(value: &Decimal, buffer: &mut Vec<u8>) {
    let scale = value.scale();
    // Filled up, so that the point stands between two digits. At most 2^96 * 1,000: no overflow.
    let fill = (WIDTH - scale % WIDTH) % WIDTH;
    let mut rest = value.mantissa().unsigned_abs() * 10_u128.pow(fill);
    let behind = (scale + fill) / WIDTH;
    let mut digits: Vec<u16> = Vec::with_capacity(8);
    while rest > 0 {
        digits.push(u16::try_from(rest % BASE).unwrap_or_default());
        rest /= BASE;
    }
    let weight = small(digits.len()) - small(behind as usize) - 1;
    digits.reverse();
    while digits.last() == Some(&0) {
        digits.pop();
    }
    let negative = value.is_sign_negative() && !value.is_zero();
    buffer.extend_from_slice(&small(digits.len()).to_be_bytes());
    buffer.extend_from_slice(&(if digits.is_empty() { 0 } else { weight }).to_be_bytes());
    buffer.extend_from_slice(&(if negative { NEGATIVE } else { 0 }).to_be_bytes());
    buffer.extend_from_slice(&small(scale as usize).to_be_bytes());
    for digit in digits {
        buffer.extend_from_slice(&digit.to_be_bytes());
    }
}

/// Reads what [`encode`] wrote; `None` where a `Decimal` can't hold it.
pub(super) fn decode(bytes: &[u8]) -> Option<Decimal> {
    let mut words = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let count = usize::from(words.next()?);
    let weight = i64::from(words.next()?.cast_signed());
    let sign = words.next()?;
    let scale = u32::from(words.next()?);
    let mut mantissa: i128 = 0;
    for _ in 0..count {
        mantissa = mantissa.checked_mul(10_000)?.checked_add(i128::from(words.next()?))?;
    }
    // The digits stand for mantissa * 10,000^(weight + 1 - count); wanted is it times 10^scale.
    let shift = (weight + 1 - i64::try_from(count).ok()?) * i64::from(WIDTH) + i64::from(scale);
    let power = 10_i128.checked_pow(u32::try_from(shift.unsigned_abs()).ok()?);
    mantissa = match (mantissa, power) {
        (0, _) => 0,
        (_, None) => return None,
        (_, Some(power)) if shift >= 0 => mantissa.checked_mul(power)?,
        (_, Some(power)) => mantissa / power,
    };
    match sign {
        0 => Decimal::try_from_i128_with_scale(mantissa, scale).ok(),
        NEGATIVE => Decimal::try_from_i128_with_scale(-mantissa, scale).ok(),
        _ => None,
    }
}

/// Counts here are of a `Decimal`'s 29 digits.
fn small(count: usize) -> i16 {
    i16::try_from(count).unwrap_or(i16::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn back(value: &Decimal) -> Option<Decimal> {
        let mut bytes = Vec::new();
        encode(value, &mut bytes);
        decode(&bytes)
    }

    #[test]
    fn a_decimal_keeps_its_scale() {
        for text in [
            "0",
            "0.00",
            "420.00",
            "-1.5",
            "10000",
            "0.0001",
            "-0.00010000",
            "79228162514264337593543950335",
            "-7.9228162514264337593543950335",
            "-0.0000000000000000000000000001",
        ] {
            let value: Decimal = text.parse().expect("a decimal");
            assert_eq!(back(&value).expect("a decimal").to_string(), text);
        }
    }

    #[test]
    fn the_form_is_the_servers() {
        // -12345.67: digits 1, 2345, 6700; the first one counts ten thousands.
        let mut bytes = Vec::new();
        encode(&Decimal::new(-1_234_567, 2), &mut bytes);
        let words: Vec<u16> =
            bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        assert_eq!(words, [3, 1, NEGATIVE, 2, 1, 2345, 6700]);
    }

    proptest! {
        #[test]
        fn decimals_come_back(number in any::<i64>(), more in any::<i32>(), scale in 0_u32..=28) {
            let mantissa = i128::from(number) * i128::from(more);
            if let Ok(value) = Decimal::try_from_i128_with_scale(mantissa, scale) {
                let back = back(&value).expect("a decimal");
                prop_assert_eq!((back.mantissa(), back.scale()), (value.mantissa(), value.scale()));
            }
        }
    }
}
