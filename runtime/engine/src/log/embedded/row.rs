//! How a record lies in a row: the key orders by partition and offset, the value is
//! `time i64 | key length u32 | key | header count u16 | (name length u16 | name | value length u32 |
//! value)… | value`, all big-endian.

use bytes::{Buf, Bytes};
use charter_domain::Timestamp;

use crate::log::{LogRecord, Record};

/// The bytes of a row's key.
pub(super) const KEY_BYTES: usize = 12;

/// The key of a record's row.
pub(super) fn key(partition: u32, offset: u64) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    key[..4].copy_from_slice(&partition.to_be_bytes());
    key[4..].copy_from_slice(&offset.to_be_bytes());
    key
}

/// The offset in a row's key.
pub(super) fn offset(key: &[u8]) -> Option<u64> {
    key.get(4..)?.try_into().ok().map(u64::from_be_bytes)
}

/// The row of `record` without its time, which [`set_time`] fills in. `None` where a header's name or
/// the number of headers doesn't fit.
pub(super) fn encode(record: &Record) -> Option<Vec<u8>> {
    let mut row = Vec::with_capacity(14 + 6 * record.headers.len() + record.size());
    row.extend_from_slice(&[0; 8]);
    row.extend_from_slice(&u32::try_from(record.key.len()).ok()?.to_be_bytes());
    row.extend_from_slice(&record.key);
    row.extend_from_slice(&u16::try_from(record.headers.len()).ok()?.to_be_bytes());
    for (name, value) in &record.headers {
        row.extend_from_slice(&u16::try_from(name.len()).ok()?.to_be_bytes());
        row.extend_from_slice(name.as_bytes());
        row.extend_from_slice(&u32::try_from(value.len()).ok()?.to_be_bytes());
        row.extend_from_slice(value);
    }
    row.extend_from_slice(&record.value);
    Some(row)
}

/// Sets the time of an encoded row.
pub(super) fn set_time(row: &mut [u8], time: Timestamp) {
    row[..8].copy_from_slice(&time.micros().to_be_bytes());
}

/// The time of a row alone.
pub(super) fn time(row: &[u8]) -> Option<Timestamp> {
    row.first_chunk().map(|bytes| Timestamp::from_micros(i64::from_be_bytes(*bytes)))
}

/// The record of a row; its parts share the row's memory. `None` where the row is damaged.
pub(super) fn decode(offset: u64, mut row: Bytes) -> Option<LogRecord> {
    let time = Timestamp::from_micros(row.try_get_i64().ok()?);
    let key_bytes = row.try_get_u32().ok()?;
    let key = take(&mut row, key_bytes as usize)?;
    let header_count = row.try_get_u16().ok()?;
    let mut headers = Vec::with_capacity(usize::from(header_count).min(16));
    for _ in 0..header_count {
        let name_bytes = row.try_get_u16().ok()?;
        let name = take(&mut row, usize::from(name_bytes))?;
        let value_bytes = row.try_get_u32().ok()?;
        let value = take(&mut row, value_bytes as usize)?;
        headers.push((std::str::from_utf8(&name).ok()?.to_owned().into(), value));
    }
    Some(LogRecord { offset, time, record: Record { key, value: row, headers } })
}

fn take(row: &mut Bytes, count: usize) -> Option<Bytes> {
    (count <= row.len()).then(|| row.split_to(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_row_gives_the_record_back(
            key_bytes in prop::collection::vec(any::<u8>(), 0..40),
            value in prop::collection::vec(any::<u8>(), 0..200),
            headers in prop::collection::vec((".{0,12}", prop::collection::vec(any::<u8>(), 0..30)), 0..5),
            micros in any::<i64>(),
            at in any::<u64>(),
        ) {
            let record = Record {
                key: key_bytes.into(),
                value: value.into(),
                headers: headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            };
            let mut bytes = encode(&record).expect("fits");
            set_time(&mut bytes, Timestamp::from_micros(micros));
            prop_assert_eq!(time(&bytes), Some(Timestamp::from_micros(micros)));
            let read = decode(at, bytes.into()).expect("decodes");
            prop_assert_eq!(read.offset, at);
            prop_assert_eq!(read.time.micros(), micros);
            prop_assert_eq!(read.record, record);
        }

        #[test]
        fn any_bytes_are_refused_or_read_without_a_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let _ = decode(0, bytes.into());
        }
    }

    #[test]
    fn keys_order_by_partition_and_offset() {
        assert!(key(0, u64::MAX) < key(1, 0));
        assert!(key(1, 255) < key(1, 256));
        assert_eq!(offset(&key(7, 300)), Some(300));
        assert_eq!(offset(&[1, 2]), None);
    }

    #[test]
    fn a_header_name_that_does_not_fit_is_refused() {
        let headers = vec![("x".repeat(70_000).into(), Bytes::new())];
        assert_eq!(encode(&Record { headers, ..Record::default() }), None);
    }
}
