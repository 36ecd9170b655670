//! Where a key lives: the partitioner that Apache Kafka's clients use.

/// The partition of `key` among `partitions`: murmur2 of the key's bytes, made positive, modulo the
/// count, as in Kafka's `BuiltInPartitioner.partitionForKey`.
///
/// # Panics
/// Where `partitions` is 0.
#[must_use]
pub fn partition_of(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % partitions
}

/// 32-bit murmur2 with the seed of `org.apache.kafka.common.utils.Utils.murmur2`.
fn murmur2(bytes: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;

    // Kafka's length is an int and only its low 32 bits enter the hash.
    #[expect(clippy::cast_possible_truncation, reason = "the reference hashes a 32-bit length")]
    let mut hash = SEED ^ bytes.len() as u32;
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> R;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        for (index, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of Kafka's own `UtilsTest.testMurmur2`.
    #[test]
    fn murmur2_gives_kafkas_values() {
        for (input, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(input.as_bytes()).cast_signed(), hash, "{input}");
        }
    }

    #[test]
    fn a_partition_is_within_the_count() {
        for key in 0..1_000_u32 {
            assert!(partition_of(&key.to_le_bytes(), 12) < 12);
        }
    }
}
