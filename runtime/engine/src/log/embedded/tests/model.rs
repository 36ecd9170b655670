//! The log against a model of it, through random appends, trims, passing time and restarts.

use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::*;

const PARTITIONS: u32 = 3;
const RETENTION: Duration = Duration::from_hours(1);

#[derive(Clone, Debug)]
enum Step {
    Append {
        partition: u32,
        count: usize,
    },
    /// Forgets this share of what the partition holds, in percent.
    Trim {
        partition: u32,
        percent: u64,
    },
    Pass {
        minutes: u32,
    },
    /// Closed, or ended without a chance to write anything.
    Restart {
        is_clean: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..PARTITIONS, 1..20_usize).prop_map(|(partition, count)| Step::Append { partition, count }),
        2 => (0..PARTITIONS, 0..=100_u64).prop_map(|(partition, percent)| Step::Trim { partition, percent }),
        2 => (1..100_u32).prop_map(|minutes| Step::Pass { minutes }),
        2 => any::<bool>().prop_map(|is_clean| Step::Restart { is_clean }),
    ]
}

/// What a partition must hold: each record's time by its offset, and how far it was trimmed.
#[derive(Clone, Debug, Default)]
struct Model {
    times: Vec<Timestamp>,
    trimmed: u64,
}

fn value_of(partition: u32, offset: u64) -> Vec<u8> {
    format!("{partition}-{offset}-{}", "x".repeat(200)).into_bytes()
}

async fn run(steps: Vec<Step>) {
    let embedded = Embedded::new();
    let settings =
        || EmbeddedSettings { bucket_bytes: 4_000, tail_bytes: 1_500, ..embedded.settings() };
    let mut log = embedded.open(settings());
    let topic = TopicSpec { retention: Some(RETENTION), ..spec(PARTITIONS) };
    log.ensure_topic(&topic).await.expect("makes");
    let mut models = vec![Model::default(); PARTITIONS as usize];
    for step in steps {
        match step {
            Step::Append { partition, count } => {
                let model = &mut models[partition as usize];
                let first = model.times.len() as u64;
                let records = (first..first + count as u64)
                    .map(|offset| Record {
                        value: value_of(partition, offset).into(),
                        ..Record::default()
                    })
                    .collect();
                let appended = log.append("t", partition, records).await.expect("appends");
                assert_eq!(appended[0].offset, first);
                model.times.extend(appended.iter().map(|appended| appended.time));
            }
            Step::Trim { partition, percent } => {
                let bounds = log.bounds("t", partition).await.expect("there");
                let before = bounds.start + (bounds.end - bounds.start) * percent / 100;
                log.trim("t", partition, before).await.expect("trims");
                models[partition as usize].trimmed = before;
            }
            Step::Pass { minutes } => {
                embedded.clock.fetch_add(i64::from(minutes) * 60_000_000, Ordering::Relaxed);
                log.housekeep().await.expect("drops");
            }
            Step::Restart { is_clean } => {
                if !is_clean {
                    // A poisoned log writes nothing when it is closed.
                    log.shared.poison("a test ends it");
                }
                log.close().await;
                log = embedded.open(settings());
            }
        }
        let now = embedded.clock.load(Ordering::Relaxed);
        for (partition, model) in (0..).zip(&models) {
            check(&log, partition, model, now).await;
        }
    }
}

/// All that is young and not trimmed is there, what is there is what was appended, and offsets go on.
async fn check(log: &EmbeddedLog, partition: u32, model: &Model, now: i64) {
    let bounds = log.bounds("t", partition).await.expect("there");
    assert_eq!(bounds.end, model.times.len() as u64);
    assert!(bounds.start >= model.trimmed, "{bounds:?} holds what was trimmed");
    let oldest = now - i64::try_from(RETENTION.as_micros()).expect("fits");
    let old = model.times.partition_point(|time| time.micros() < oldest) as u64;
    assert!(bounds.start <= old.max(model.trimmed), "{bounds:?} lacks what is young: {old}");
    let mut next = bounds.start;
    while next < bounds.end {
        let records = log.fetch("t", partition, next, 1_000, Duration::ZERO).await.expect("reads");
        for record in records {
            assert_eq!(record.offset, next);
            assert_eq!(record.record.value, value_of(partition, next));
            assert_eq!(Some(&record.time), model.times.get(usize::try_from(next).expect("fits")));
            next += 1;
        }
    }
    if let Some(before) = bounds.start.checked_sub(1) {
        let error = log.fetch("t", partition, before, 1, Duration::ZERO).await.expect_err("gone");
        assert!(matches!(error, LogError::OutOfRange { .. }), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_log_holds_what_the_model_holds(steps in prop::collection::vec(step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(run(steps));
    }
}
