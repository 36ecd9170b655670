//! Fingerprints of a schema's Parsing Canonical Form (Avro specification, "Schema Fingerprints").

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::schema::Schema;

/// The fingerprint of an empty text, which is the polynomial too.
const EMPTY: u64 = 0xc15d_213a_a4d7_a795;

const TABLE: [u64; 256] = table();

impl Schema {
    /// CRC-64-AVRO (Rabin) of the canonical form. Fit for a cache's key, not against an adversary.
    #[must_use]
    pub fn fingerprint_crc64(&self) -> u64 {
        crc64(self.canonical_form().as_bytes())
    }

    /// MD5 of the canonical form.
    #[must_use]
    pub fn fingerprint_md5(&self) -> [u8; 16] {
        Md5::digest(self.canonical_form().as_bytes()).into()
    }

    /// SHA-256 of the canonical form.
    #[must_use]
    pub fn fingerprint_sha256(&self) -> [u8; 32] {
        Sha256::digest(self.canonical_form().as_bytes()).into()
    }
}

/// CRC-64-AVRO of any bytes.
#[must_use]
pub fn crc64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(EMPTY, |crc, byte| {
        let [low, ..] = crc.to_le_bytes();
        (crc >> 8) ^ TABLE[usize::from(low ^ byte)]
    })
}

const fn table() -> [u64; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ (EMPTY & 0u64.wrapping_sub(crc & 1));
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}
