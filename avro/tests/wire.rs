//! The binary encoding: known bytes, `apache-avro`'s bytes, and every limit.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use apache_avro::writer::datum::GenericDatumWriter;
use charter_avro::codec::prelude::*;
use charter_avro::wire::{Limits, Reader, write_long};
use proptest::prelude::{any, prop_assert_eq, proptest};

fn fails<T: Codec + std::fmt::Debug>(bytes: &[u8]) -> String {
    decode::<T>(bytes).unwrap_err().to_string()
}

#[test]
fn numbers_have_known_bytes() {
    for (number, bytes) in [
        (0_i64, &[0_u8][..]),
        (-1, &[1]),
        (1, &[2]),
        (-64, &[0x7f]),
        (64, &[0x80, 0x01]),
        (8_191, &[0xfe, 0x7f]),
        (8_192, &[0x80, 0x80, 0x01]),
        (i64::from(i32::MAX), &[0xfe, 0xff, 0xff, 0xff, 0x0f]),
        (i64::from(i32::MIN), &[0xff, 0xff, 0xff, 0xff, 0x0f]),
        (i64::MAX, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        (i64::MIN, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    ] {
        assert_eq!(encode(&number), bytes);
        assert_eq!(decode::<i64>(bytes).unwrap(), number);
    }
    assert_eq!(encode(&-1.5_f32), (-1.5_f32).to_le_bytes());
    assert_eq!(encode(&-1.5_f64), (-1.5_f64).to_le_bytes());
}

#[test]
fn a_number_has_one_form() {
    assert_eq!(fails::<i64>(&[0x80, 0x00]), "byte 0: a number is not in its shortest form");
    assert!(fails::<i64>(&[0x80, 0x80, 0x80, 0x00, 1, 1, 1, 1, 1]).contains("shortest form"));
    let eleven = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    assert!(fails::<i64>(&eleven).contains("shortest form"));
    let bit_64 = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
    assert!(fails::<i64>(&bit_64).contains("shortest form"));
    assert!(fails::<i64>(&[0x80]).contains("ends too early: 2 bytes needed, 1 left"));
    assert!(fails::<i64>(&[]).contains("ends too early: 1 bytes needed, 0 left"));
    let too_large = encode(&(i64::from(i32::MAX) + 1));
    assert_eq!(fails::<i32>(&too_large), "byte 0: `2147483648` is out of range for an int");
}

#[test]
fn nothing_may_be_left() {
    assert_eq!(fails::<bool>(&[1, 0]), "byte 1: 1 bytes are left after the value");
    assert_eq!(fails::<()>(&[0]), "byte 0: 1 bytes are left after the value");
}

#[test]
fn a_boolean_is_0_or_1() {
    assert_eq!(fails::<bool>(&[2]), "byte 0: expected a boolean, 0 or 1, found `2`");
}

#[test]
fn lengths_are_held_against_what_is_left() {
    assert_eq!(fails::<String>(&[4, b'a']), "byte 0: a length of 2 bytes is announced, 1 are left");
    assert_eq!(fails::<String>(&[1]), "byte 0: expected a length of 0 or more, found `-1`");
    assert!(fails::<Fixed<3>>(&[1, 2]).contains("3 bytes needed, 2 left"));
    assert_eq!(
        fails::<Vec<f64>>(&[4, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        "byte 0: 2 items are announced, 9 bytes left hold at most 1"
    );
    assert!(fails::<BTreeMap<String, i32>>(&[4, 0, 0]).contains("at most 1"));
}

#[test]
fn arrays_come_in_blocks() {
    assert_eq!(decode::<Vec<i32>>(&[2, 2, 4, 4, 6, 0]).unwrap(), [1, 2, 3]);
    // Two items in 3 bytes, then one without a size.
    assert_eq!(decode::<Vec<i32>>(&[3, 6, 2, 0x80, 0x01, 2, 4, 0]).unwrap(), [1, 64, 2]);
    assert_eq!(
        fails::<Vec<i32>>(&[3, 4, 2, 0x80, 0x01, 0]),
        "byte 2: a block announces 2 bytes, its items take 3"
    );
    assert!(
        fails::<Vec<i32>>(&[3, 8, 2, 4, 0])
            .contains("a length of 4 bytes is announced, 3 are left")
    );
    assert!(fails::<Vec<i32>>(&[3, 1, 2, 4, 0]).contains("found `-1`"));
    let least = [&encode(&i64::MIN)[..], &[0]].concat();
    assert!(fails::<Vec<i32>>(&least).contains("9223372036854775808 items are announced"));
    assert_eq!(
        fails::<Vec<bool>>(&[4, 1, 7, 0]),
        "byte 2, field `[1]`: expected a boolean, 0 or 1, found `7`"
    );
}

#[test]
fn items_without_bytes_have_a_budget() {
    let array = |count: i64| [encode(&count), vec![0]].concat();
    assert_eq!(decode::<Vec<()>>(&array(1_024)).unwrap().len(), 1_024);
    assert_eq!(fails::<Vec<()>>(&array(1_025)), "byte 0: more than 1024 items take no bytes");
    let twice = [encode(&2_i64), array(600), array(600), vec![0]].concat();
    assert!(fails::<Vec<Vec<()>>>(&twice).contains("more than 1024 items take no bytes"));
}

#[test]
fn maps_are_deterministic() {
    let map = BTreeMap::from([("b".to_owned(), 1), ("a".to_owned(), 2)]);
    assert_eq!(encode(&map), [4, 2, b'a', 4, 2, b'b', 2, 0]);
    assert_eq!(decode::<BTreeMap<String, i32>>(&[4, 2, b'b', 2, 2, b'a', 4, 0]).unwrap(), map);
    assert_eq!(
        fails::<BTreeMap<String, bool>>(&[2, 2, b'k', 9, 0]),
        "byte 3, field `[\"k\"]`: expected a boolean, 0 or 1, found `9`"
    );
}

#[test]
fn unions_have_no_other_branches() {
    assert_eq!(encode(&NullLast(Some(5_i32))), [0, 10]);
    assert_eq!(encode(&NullLast::<i32>(None)), [2]);
    assert_eq!(fails::<Option<i32>>(&[4]), "byte 0: expected a union branch below 2, found `2`");
    assert!(fails::<NullLast<i32>>(&[1]).contains("found `-1`"));
}

#[test]
fn text_is_utf_8() {
    let bytes = [&[6][..], "aü".as_bytes()].concat();
    assert_eq!(decode::<String>(&bytes).unwrap(), "aü");
    assert_eq!(fails::<String>(&[4, b'a', 0xc3]), "byte 1: a string is not UTF-8 after 1 bytes");
    // A character may not reach over the end of its string, even where the next bytes would complete it.
    assert!(fails::<Vec<String>>(&[4, 2, 0xc3, 0xa9, 0x01, 0, 0]).contains("not UTF-8"));
    // Two strings, the second of which begins in the middle of what looks like a character.
    let split = [&[4, 8][..], "aaé".as_bytes(), &[2, b'x', 0]].concat();
    assert_eq!(decode::<Vec<String>>(&split).unwrap(), ["aaé", "x"]);
}

#[test]
fn messages_have_a_limit() {
    let mut limits = Limits::default();
    limits.message_bytes = 3;
    assert!(Reader::with_limits(&[0; 3], limits).is_ok());
    assert_eq!(
        Reader::with_limits(&[0; 4], limits).unwrap_err().to_string(),
        "byte 0: the message has 4 bytes, at most 3 are allowed"
    );
    limits.depth = 1;
    let mut reader = Reader::with_limits(&[0], limits).unwrap();
    reader.enter().unwrap();
    assert!(reader.enter().unwrap_err().to_string().contains("more than 1 deep"));
}

#[test]
fn decimals_fit_their_type() {
    type Money = Decimal<5, 2>;
    for (text, bytes) in [
        ("0.00", &[2_u8, 0][..]),
        ("1.27", &[2, 0x7f]),
        ("1.28", &[4, 0, 0x80]),
        ("-1.28", &[2, 0x80]),
        ("-1.29", &[4, 0xff, 0x7f]),
        ("999.99", &[6, 0x01, 0x86, 0x9f]),
    ] {
        let money: Money = text.parse().unwrap();
        assert_eq!(encode(&money), bytes, "{text}");
        assert_eq!(decode::<Money>(bytes).unwrap().to_string(), text);
        let fixed = FixedDecimal::<3, 5, 2>(money);
        assert_eq!(decode::<FixedDecimal<3, 5, 2>>(&encode(&fixed)).unwrap(), fixed);
        let wide = FixedDecimal::<20, 5, 2>(money);
        assert_eq!(encode(&wide).len(), 20);
        assert_eq!(decode::<FixedDecimal<20, 5, 2>>(&encode(&wide)).unwrap(), wide);
    }
    // A sign that is repeated is the same number; 20 bytes of it too.
    assert_eq!(decode::<Money>(&[6, 0xff, 0xff, 0x80]).unwrap().to_string(), "-1.28");
    let long = [&[40][..], &[0; 19], &[5]].concat();
    assert_eq!(decode::<Money>(&long).unwrap().unscaled(), 5);
    assert!(fails::<Money>(&[0]).contains("no bytes or more than 5 digits"));
    assert!(fails::<Money>(&[6, 0x01, 0x86, 0xa0]).contains("more than 5 digits"));
    assert_eq!(
        "1000".parse::<Money>().unwrap_err().to_string(),
        "expected at most 5 digits, 2 of them behind the point, found `1000`"
    );
    assert_eq!(
        "1.001".parse::<Money>().unwrap_err().to_string(),
        "expected at most 2 digits behind the point, found `1.001`"
    );
    assert_eq!("1.000".parse::<Money>().unwrap().to_string(), "1.00");
    for text in ["", "-", "1.", ".5", "+1", "1e3", "1_000", "--1", "1-1", "0x1"] {
        assert!(text.parse::<Money>().is_err(), "{text}");
    }
    assert_eq!(serde_json::to_string(&"12.5".parse::<Money>().unwrap()).unwrap(), "\"12.50\"");
}

#[test]
fn uuids_are_text_or_bytes() {
    let uuid = Uuid::from_u128(0x0193_4f6e_7c1b_7d2a_9a55_0c7b_7b6f_1d20);
    let bytes = [&[72][..], b"01934f6e-7c1b-7d2a-9a55-0c7b7b6f1d20"].concat();
    assert_eq!(encode(&uuid), bytes);
    assert_eq!(decode::<Uuid>(&bytes.to_ascii_uppercase()).unwrap(), uuid);
    assert_eq!(encode(&FixedUuid(uuid)), uuid.as_bytes());
    for wrong in ["", "01934f6e7c1b7d2a9a550c7b7b6f1d20", "01934f6e-7c1b-7d2a-9a55-0c7b7b6f1d2g"] {
        assert_eq!(fails::<Uuid>(&encode(&wrong.to_owned())), "byte 0: expected a hyphenated uuid");
    }
    let longer = encode(&"01934f6e-7c1b-7d2a-9a55-0c7b7b6f1d200".to_owned());
    assert!(fails::<Uuid>(&longer).contains("expected a hyphenated uuid"));
}

#[test]
fn times_of_day_lie_in_the_day() {
    assert_eq!(decode::<TimeMillis>(&encode(&86_399_999_i32)).unwrap().to_string(), "23:59:59.999");
    assert_eq!(
        fails::<TimeMillis>(&encode(&86_400_000_i32)),
        "byte 0: `86400000` is not a time of day"
    );
    assert!(fails::<TimeMicros>(&encode(&-1_i64)).contains("`-1` is not a time of day"));
}

#[test]
fn times_are_rfc_3339() {
    for (text, micros) in [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00.5+01:00", 500_000),
        ("1969-12-31t23:59:59.999999z", -1),
        ("2026-11-22T02:57:19.123456000Z", 1_795_316_239_123_456),
    ] {
        assert_eq!(text.parse::<Timestamp>().unwrap().micros(), micros, "{text}");
    }
    for text in [
        "2026-11-22T02:57:19",
        "2026-11-22T02:57:60Z",
        "2026-11-22T24:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-11-22T02:57:19.1234567Z",
        "2026-11-22T02:57:19Z ",
        "26-11-22T02:57:19Z",
    ] {
        assert!(text.parse::<Timestamp>().is_err(), "{text}");
    }
    let (from, to): (Date, Date) = ("2027-02-27".parse().unwrap(), "2027-03-02".parse().unwrap());
    assert_eq!(from.days_until(to), 3);
    let nights: Vec<_> = from.until(to).map(|night| night.to_string()).collect();
    assert_eq!(nights, ["2027-02-27", "2027-02-28", "2027-03-01"]);
    let held = Timestamp::from_micros(0) + std::time::Duration::from_mins(5);
    assert_eq!(held.since(Timestamp::EPOCH).as_secs(), 300);
    assert_eq!(Timestamp::MAX + std::time::Duration::MAX, Timestamp::MAX);
    assert_eq!("P1M2DT3.5S".parse::<CalendarDuration>().unwrap().to_string(), "P1M2DT3.500S");
}

proptest! {
    #[test]
    fn numbers_are_apache_avros(number in any::<i64>(), shift in 0..64) {
        let number = number >> shift;
        let schema = apache_avro::Schema::Long;
        let writer = GenericDatumWriter::builder(&schema).build().unwrap();
        let oracle = writer.write_value_to_vec(number).unwrap();
        let mut out = vec![7; 3];
        write_long(&mut out, number);
        prop_assert_eq!(&out[3..], oracle.as_slice());
        prop_assert_eq!(decode::<i64>(&oracle).unwrap(), number);
        // Other bytes behind it change nothing.
        out.extend([0xff; 9]);
        prop_assert_eq!(Reader::new(&out[3..]).unwrap().long().unwrap(), number);
    }

    #[test]
    fn strings_of_all_lengths_come_back(text in ".{0,80}", more in ".{0,20}") {
        let strings = vec![text, more];
        prop_assert_eq!(decode::<Vec<String>>(&encode(&strings)).unwrap(), strings);
    }

    #[test]
    fn bytes_of_all_lengths_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut expected = encode(&i64::try_from(bytes.len()).unwrap());
        expected.extend(&bytes);
        prop_assert_eq!(encode(&Bytes(bytes)), expected);
    }

    #[test]
    fn times_come_back_as_text(micros in any::<i64>()) {
        let time = Timestamp::from_micros(micros);
        prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        let time = TimestampNanos::from_nanos(micros);
        prop_assert_eq!(time.to_string().parse::<TimestampNanos>().unwrap(), time);
        let time = LocalTimestampMillis::from_millis(micros);
        prop_assert_eq!(time.to_string().parse::<LocalTimestampMillis>().unwrap(), time);
    }
}
