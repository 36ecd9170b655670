//! Messages that nobody in their right mind writes: they end in an error, soon, and without taking memory that they do
//! not bring along. This binary has one test, so that what it counts is that test's doing.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::alloc::System;

use charter_avro::codec::prelude::*;
use charter_avro::plan::Plan;
use charter_avro::schema::Schema;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[derive(Clone, Debug, PartialEq)]
struct Node {
    name: String,
    children: Vec<Node>,
    labels: BTreeMap<String, i64>,
    flags: Vec<bool>,
    nothing: Vec<()>,
    ids: Vec<Uuid>,
    next: Option<Box<Node>>,
}

charter_avro::record! {
    Node {
        "name" => name: String,
        "children" => children: Vec<Node>,
        "labels" => labels: BTreeMap<String, i64>,
        "flags" => flags: Vec<bool>,
        "nothing" => nothing: Vec<()>,
        "ids" => ids: Vec<Uuid>,
        "next" => next: Option<Box<Node>> = None,
    }
}

/// The same, as another writer has it: `number` for the labels, and a field more.
fn schema(number: &str, more: &str) -> Schema {
    let json = format!(
        r#"{{"type":"record","name":"Node","fields":[
            {{"name":"name","type":"string"}},
            {{"name":"children","type":{{"type":"array","items":"Node"}}}},
            {{"name":"labels","type":{{"type":"map","values":"{number}"}}}},
            {{"name":"flags","type":{{"type":"array","items":"boolean"}}}},
            {{"name":"nothing","type":{{"type":"array","items":"null"}}}}{more},
            {{"name":"ids","type":{{"type":"array","items":{{"type":"string","logicalType":"uuid"}}}}}},
            {{"name":"next","type":["null","Node"]}}]}}"#
    );
    Schema::parse(&json).unwrap()
}

const GONE: &str = r#",{"name":"gone","type":{"type":"array","items":{"type":"record","name":"Gone","fields":[
    {"name":"void","type":"null"},{"name":"more","type":{"type":"array","items":["null","Gone","bytes"]}}]}}}"#;

/// Numbers that are the same in each run (a linear congruential generator, Knuth's MMIX).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 16
    }

    /// Bytes as they come, and bytes that look like counts, lengths, strings, uuids and ends.
    fn message(&mut self) -> Vec<u8> {
        let pieces =
            if self.next().is_multiple_of(2) { self.next() % 12 } else { self.next() % 200 };
        let mut bytes = Vec::new();
        for _ in 0..pieces {
            match self.next() % 14 {
                0..4 => bytes.push(self.next().to_le_bytes()[0]),
                4..8 => bytes.push([0, 1, 2, 4, 6][usize::try_from(self.next() % 5).unwrap()]),
                8 | 9 => bytes.extend([2, b'a']),
                10 => bytes.extend(encode(&self.next().cast_signed())),
                11 => bytes.extend(encode(&i64::from(self.next().to_le_bytes()[0]))),
                12 => bytes.extend([2, b'k', 0, 0, 0, 0, 0, 0]),
                _ => bytes.extend(encode(&Uuid::from_u64_pair(self.next(), self.next()))),
            }
        }
        bytes
    }
}

/// Bytes that `work` took from the allocator in all, freed ones included.
fn allocated(work: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    work();
    let change = region.change();
    change.bytes_allocated + usize::try_from(change.bytes_reallocated.max(0)).unwrap()
}

#[test]
fn no_message_takes_more_memory_than_a_small_multiple_of_its_length() {
    let same = schema("long", "");
    let older = schema("int", GONE);
    let plan = Plan::compile(&older, &same).unwrap();
    let mut numbers = Numbers(1);
    let mut worst = (0, 0);
    for _ in 0..20_000 {
        let bytes = numbers.message();
        // A boolean or a character takes one byte, a record of many containers up to ten times its own, and vectors double;
        // an error and its path take some hundred bytes whatever the message.
        let typed = 16 * bytes.len() + 2_048;
        // A dynamic value is larger, and zero-width items, of which a message may hold 1,024, are values too.
        let dynamic = 256 * bytes.len() + 128 * 1_024;
        let taken = [
            allocated(|| drop(decode::<Node>(&bytes))),
            allocated(|| drop(decode_with_plan::<Node>(&bytes, &plan))),
        ];
        worst = worst.max((taken[0].max(taken[1]), bytes.len()));
        assert!(taken.iter().all(|taken| *taken <= typed), "{taken:?} for {bytes:?}");
        let taken = allocated(|| drop(plan.decode_value(&bytes)));
        assert!(taken <= dynamic, "{taken} for {bytes:?}");
    }
    println!("at worst {} bytes for a message of {}", worst.0, worst.1);

    // What a few bytes could ask for: counts and lengths that nothing follows, and items that take no bytes.
    let most = encode(&i64::MAX);
    let name = [0_u8];
    for liar in [
        [&[0xfe, 0xff, 0xff, 0xff, 0x0f][..], &[]].concat(),
        most.clone(),
        [&name[..], &most].concat(),
        [&name[..], &[1], &most, &most].concat(),
        [&name[..], &[0], &most].concat(),
        [&name[..], &[0, 0], &most].concat(),
        [&name[..], &[0, 0, 0], &most].concat(),
        [&name[..], &[0, 0, 0], &encode(&1_024_i64), &[0, 0, 0]].concat(),
    ] {
        let taken = allocated(|| drop(decode::<Node>(&liar)));
        assert!(taken < 1_024, "{taken} for {liar:?}");
        let taken = allocated(|| drop(decode_with_plan::<Node>(&liar, &plan)));
        assert!(taken < 1_024, "{taken} for {liar:?}");
    }
}
