//! Schemas that nobody in their right mind writes: none makes the parser, the comparison or the plans panic, or work or take
//! memory out of proportion. This binary has one test, so that what it counts is that test's doing.
//!
//! `CHARTER_HOSTILE_INPUTS` gives the number of inputs (default 2,500) for longer hunts, `CHARTER_HOSTILE_SEED` where they begin.
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "support/mutate.rs"]
mod mutate;

use std::alloc::System;

use charter_avro::compat::{
    Budget, Mode, Witnesses, check_mode_within, compatibility, is_compatible,
};
use charter_avro::plan::Plan;
use charter_avro::schema::Schema;
use mutate::{CORPUS, Numbers, mutant};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What the registry allows.
const BUDGET: Budget = Budget { pairs: 250_000, steps: 5_000_000 };

/// Runs `work` and gives with what it gives the bytes that it took from the allocator in all, freed ones included: what
/// it did, counted in a way that is the same on every machine.
fn counted<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let region = Region::new(ALLOCATOR);
    let result = work();
    let change = region.change();
    let taken = change.bytes_allocated + usize::try_from(change.bytes_reallocated.max(0)).unwrap();
    (result, taken)
}

/// What may be taken for a text, and for a pair of them. Linear in the text; the constant is for what every run sets up.
/// A problem of each of a text's tokens, with its message, is the most that parsing makes.
fn allowed(bytes: usize) -> usize {
    1_024 * bytes + 64 * 1024
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
}

#[test]
fn no_schema_breaks_anything_or_takes_work_out_of_proportion() {
    let inputs = setting("CHARTER_HOSTILE_INPUTS", 2_500);
    let mut numbers = Numbers::new(setting("CHARTER_HOSTILE_SEED", 1));
    for sound in CORPUS.lines() {
        Schema::parse(sound).unwrap_or_else(|error| panic!("{sound}: {error}"));
    }
    let (mut taken_in, mut incompatible, mut too_complex, mut worst) = (0, 0, 0, (0, 0, 0));
    for _ in 0..inputs {
        let (text, sound) = mutant(&mut numbers);
        let (parsed, work) = counted(|| Schema::parse(&text));
        assert!(
            work <= allowed(text.len()),
            "{work} bytes to parse {} of {text:.2000}",
            text.len()
        );
        worst.0 = worst.0.max(work / text.len().max(64));
        let schema = match parsed {
            Ok(schema) => schema,
            Err(problems) => {
                let (said, work) = counted(|| problems.to_string());
                assert!(!said.is_empty());
                assert!(work <= allowed(text.len()), "{work} bytes to tell of {text:.2000}");
                continue;
            }
        };
        taken_in += 1;
        let again = Schema::parse(&schema.to_json().to_string());
        let again = again.unwrap_or_else(|error| panic!("{error} of what was written of {text}"));
        assert_eq!(schema.canonical_form(), again.canonical_form(), "{text}");
        assert!(is_compatible(&again, &schema), "{text}");
        assert!(Plan::compile(&schema, &again).is_ok_and(|plan| plan.is_identical()), "{text}");

        let sound = Schema::parse(&sound).unwrap();
        for (reader, writer) in [(&schema, &sound), (&sound, &schema)] {
            let ((), work) = counted(|| {
                let earlier = std::slice::from_ref(writer);
                match check_mode_within(BUDGET, Mode::Full, reader, earlier) {
                    Ok(found) => incompatible += usize::from(!found.is_empty()),
                    Err(_) => too_complex += 1,
                }
            });
            assert!(work <= 2 * allowed(text.len()), "{work} bytes to compare {text:.2000}");
            worst.1 = worst.1.max(work / text.len().max(64));
            let reasons = compatibility(reader, writer);
            assert_eq!(Plan::compile(writer, reader).is_ok(), reasons.is_empty(), "{text}");
            let ((), work) = counted(|| {
                let witnesses = Witnesses::new(reader, writer);
                for reason in reasons.iter().take(3) {
                    assert_ne!(witnesses.of(reason).error, "", "{text}");
                }
            });
            assert!(work <= 2 * allowed(text.len()), "{work} bytes to show {text:.2000}");
            worst.2 = worst.2.max(work / text.len().max(64));
        }
    }
    println!(
        "{inputs} inputs, {taken_in} taken in, {incompatible} incompatible, {too_complex} too complex; at worst for a byte of \
         text {} to parse, {} to compare, {} to show",
        worst.0, worst.1, worst.2
    );
    // The mutants are worth something: many are schemas, and many of those break their origin's readers.
    assert!(taken_in * 10 > inputs, "{taken_in} of {inputs}");
    assert!(incompatible * 20 > usize::try_from(inputs).unwrap(), "{incompatible} of {inputs}");
}
