//! The codecs of generated code against `serde_avro_fast` and `apache-avro`, on one envelope of 414 bytes.
//!
//! `cargo bench -p charter-avro --bench envelope` prints nanoseconds an envelope and how many times faster the generated
//! code is. It comes in three forms (`docs/adr/0025`): owned throughout, which is what commands and events are decided and
//! projected as; with the metadata borrowed, which is how the engine reads an aggregate's history; and all of it borrowed,
//! for who looks at an event and lets it go. All contenders take turns in short rounds of one run, so that what else the
//! machine does hits them alike, and the best round of each counts. Every contender keeps what it can keep between
//! messages: schemas, plans, buffers.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a benchmark")]

mod contract;
mod peer;

use std::hint::black_box;
use std::time::{Duration, Instant};

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use charter_avro::codec::{self, Codec, CodecRef};
use charter_avro::plan::Plan;
use charter_avro::schema::Schema;
use charter_domain::{EnvelopeRef, Payload};
use contract::{v1, v2};
use serde_avro_fast::ser::SerializerConfig;
use uuid::Uuid;

const ROUNDS: u32 = 300;
const ROUND: Duration = Duration::from_millis(2);

struct Contender<'a> {
    name: &'static str,
    run: Box<dyn FnMut() + 'a>,
    best_ns: f64,
}

impl<'a> Contender<'a> {
    fn new(name: &'static str, run: impl FnMut() + 'a) -> Self {
        Self { name, run: Box::new(run), best_ns: f64::INFINITY }
    }

    fn round(&mut self) {
        let started = Instant::now();
        let mut count = 0_u32;
        while started.elapsed() < ROUND {
            for _ in 0..16 {
                (self.run)();
            }
            count += 16;
        }
        let each = started.elapsed().as_secs_f64() * 1e9 / f64::from(count);
        self.best_ns = self.best_ns.min(each);
    }
}

/// Runs the contenders, the generated code first, and prints how it compares with each; `goal` is what it shall reach
/// against the contender of that name.
fn compare(title: &str, goal: (&str, f64), mut contenders: Vec<Contender<'_>>) {
    // Cargo passes `--bench`; a word after it selects the comparisons to make.
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if !words.is_empty() && !words.iter().any(|word| title.contains(word)) {
        return;
    }
    for _ in 0..ROUNDS {
        contenders.iter_mut().for_each(Contender::round);
    }
    println!("{title}");
    let ours = contenders[0].best_ns;
    for contender in &contenders {
        let ratio = contender.best_ns / ours;
        let verdict = match contender.name == goal.0 {
            true if ratio >= goal.1 => format!("  goal {:.1}: reached", goal.1),
            true => format!("  goal {:.1}: MISSED", goal.1),
            false => String::new(),
        };
        println!("  {:<34}{:>9.0} ns{:>8.2} ×{verdict}", contender.name, contender.best_ns, ratio);
    }
}

fn main() {
    let writer = v1::SeatsHeld::TYPE.envelope_schema;
    let reader = v2::SeatsHeld::TYPE.envelope_schema;
    let plan =
        Plan::compile(&Schema::parse(writer).unwrap(), &Schema::parse(reader).unwrap()).unwrap();
    let fast: serde_avro_fast::Schema = writer.parse().unwrap();
    let apache = apache_avro::Schema::parse_str(writer).unwrap();
    let apache_v2 = apache_avro::Schema::parse_str(reader).unwrap();

    let envelope = contract::envelope();
    let native = peer::Envelope::of(&envelope, |uuid| uuid);
    let text = peer::Envelope::of(&envelope, |uuid| uuid.to_string());
    let bytes = codec::encode(&envelope);
    println!("envelope of {} bytes", bytes.len());
    assert_eq!(bytes.len(), 414);
    let reader = GenericDatumReader::builder(&apache).build().unwrap();
    let value = reader.read_value(&mut bytes.as_slice()).unwrap();
    agree(&bytes, &fast, &apache, &native, &text, &value);

    encoding(&bytes, &envelope, &fast, &apache, &native, &text, &value);
    decoding(&bytes, &fast, &apache);
    resolving(&bytes, &plan, &apache, &apache_v2);
}

/// `apache-avro` reads a value of the writer's schema and then resolves it; there is no way from bytes of another schema
/// to types but through such values (its documentation: "deserialize from those via `from_value`"). All four ways of
/// calling it are here. `from_avro_datum` is what its users write, with everything parsed beforehand; it looks names up
/// for each message, which a kept `GenericDatumReader` does once. The goal counts against the like of what the plan does:
/// from bytes to types.
fn resolving(
    bytes: &[u8],
    plan: &Plan,
    writer: &apache_avro::Schema,
    reader: &apache_avro::Schema,
) {
    // The plain function is deprecated, but is what most code calls.
    #[allow(deprecated)]
    let datum =
        || apache_avro::from_avro_datum(writer, &mut black_box(bytes), Some(reader)).unwrap();
    let kept = GenericDatumReader::builder(writer).reader_schema(reader).build().unwrap();
    let kept = || kept.read_value(&mut black_box(bytes)).unwrap();
    let types = |value: &_| apache_avro::from_value::<peer::EnvelopeV2<Uuid>>(value).unwrap();

    let ours = codec::decode_with_plan::<v2::SeatsHeldEnvelope>(bytes, plan).unwrap();
    let history = codec::decode_ref_with_plan::<EnvelopeRef<v2::SeatsHeld>>(bytes, plan).unwrap();
    assert_eq!((&history.payload, history.metadata.key), (&ours.payload, "spring-concert-2027"));
    let borrowed = codec::decode_ref_with_plan::<v2::SeatsHeldEnvelopeRef>(bytes, plan).unwrap();
    assert_eq!(borrowed.into_owned(), ours);
    let theirs = types(&datum());
    assert_eq!(
        (&theirs.payload.seat_ids, &theirs.payload.channel, theirs.metadata.causation_id),
        (&ours.payload.seat_ids, &ours.payload.channel, ours.metadata.causation_id)
    );
    compare(
        "resolve version 1 as version 2",
        ("apache-avro, to types", 20.0),
        vec![
            Contender::new("charter, plan to owned types", || {
                black_box(
                    codec::decode_with_plan::<v2::SeatsHeldEnvelope>(black_box(bytes), plan)
                        .unwrap(),
                );
            }),
            Contender::new("apache-avro, to types", || drop(black_box(types(&datum())))),
            Contender::new("apache-avro, to types, reader kept", || {
                drop(black_box(types(&kept())));
            }),
            Contender::new("apache-avro, to values", || drop(black_box(datum()))),
            Contender::new("apache-avro, to values, reader kept", || drop(black_box(kept()))),
        ],
    );
    let theirs = || {
        vec![
            Contender::new("apache-avro, to types", || drop(black_box(types(&datum())))),
            Contender::new("apache-avro, to types, reader kept", || {
                drop(black_box(types(&kept())));
            }),
        ]
    };
    let mut contenders = vec![Contender::new("charter, plan to owned payload", || {
        let envelope: EnvelopeRef<v2::SeatsHeld> =
            codec::decode_ref_with_plan(black_box(bytes), plan).unwrap();
        black_box(envelope);
    })];
    contenders.extend(theirs());
    compare(
        "resolve version 1 as version 2, metadata borrowed (apache-avro has no such form)",
        ("apache-avro, to types", 20.0),
        contenders,
    );
    let mut contenders = vec![Contender::new("charter, plan to borrowed types", || {
        let envelope: v2::SeatsHeldEnvelopeRef =
            codec::decode_ref_with_plan(black_box(bytes), plan).unwrap();
        black_box(envelope);
    })];
    contenders.extend(theirs());
    compare(
        "resolve version 1 as version 2, all borrowed (apache-avro has no such form)",
        ("apache-avro, to types", 20.0),
        contenders,
    );
}

/// Nobody is measured on bytes that differ.
fn agree(
    bytes: &[u8],
    fast: &serde_avro_fast::Schema,
    apache: &apache_avro::Schema,
    native: &peer::Envelope<Uuid>,
    text: &peer::Envelope<String>,
    value: &apache_avro::types::Value,
) {
    let mut config = SerializerConfig::new(fast);
    assert_eq!(serde_avro_fast::to_datum_vec(native, &mut config).unwrap(), bytes);
    assert_eq!(serde_avro_fast::to_datum_vec(text, &mut config).unwrap(), bytes);
    assert_eq!(
        &serde_avro_fast::from_datum_slice::<peer::Envelope<Uuid>>(bytes, fast).unwrap(),
        native
    );
    let writer = GenericDatumWriter::builder(apache).build().unwrap();
    assert_eq!(writer.write_value_to_vec(value.clone()).unwrap(), bytes);
}

fn encoding(
    bytes: &[u8],
    envelope: &v1::SeatsHeldEnvelope,
    fast: &serde_avro_fast::Schema,
    apache: &apache_avro::Schema,
    native: &peer::Envelope<Uuid>,
    text: &peer::Envelope<String>,
    value: &apache_avro::types::Value,
) {
    let mut out = Vec::with_capacity(1024);
    let mut native_out = Vec::with_capacity(1024);
    let mut text_out = Vec::with_capacity(1024);
    let mut copy_out = Vec::with_capacity(1024);
    let mut value_out = Vec::with_capacity(1024);
    let writer = GenericDatumWriter::builder(apache).build().unwrap();
    let mut native_config = SerializerConfig::new(fast);
    let mut text_config = SerializerConfig::new(fast);
    compare(
        "encode into a kept buffer",
        ("serde_avro_fast, uuid native", 8.0),
        vec![
            Contender::new("charter", || {
                out.clear();
                black_box(envelope).encode(&mut out);
                black_box(out.as_slice());
            }),
            Contender::new("serde_avro_fast, uuid native", || {
                native_out.clear();
                let mut buffer = std::mem::take(&mut native_out);
                buffer = serde_avro_fast::to_datum(black_box(native), buffer, &mut native_config)
                    .unwrap();
                native_out = buffer;
                black_box(native_out.as_slice());
            }),
            Contender::new("serde_avro_fast, uuid as string", || {
                text_out.clear();
                let mut buffer = std::mem::take(&mut text_out);
                buffer =
                    serde_avro_fast::to_datum(black_box(text), buffer, &mut text_config).unwrap();
                text_out = buffer;
                black_box(text_out.as_slice());
            }),
            Contender::new("apache-avro, values", || {
                value_out.clear();
                writer.write_value_ref(&mut value_out, black_box(value)).unwrap();
                black_box(value_out.as_slice());
            }),
            Contender::new("memcpy", || {
                copy_out.clear();
                copy_out.extend_from_slice(black_box(bytes));
                black_box(copy_out.as_slice());
            }),
        ],
    );
}

fn decoding(bytes: &[u8], fast: &serde_avro_fast::Schema, apache: &apache_avro::Schema) {
    let reader = GenericDatumReader::builder(apache).build().unwrap();
    compare(
        "decode to owned types",
        ("serde_avro_fast, uuid native", 1.8),
        vec![
            Contender::new("charter", || {
                black_box(codec::decode::<v1::SeatsHeldEnvelope>(black_box(bytes)).unwrap());
            }),
            Contender::new("serde_avro_fast, uuid native", || {
                black_box(
                    serde_avro_fast::from_datum_slice::<peer::Envelope<Uuid>>(
                        black_box(bytes),
                        fast,
                    )
                    .unwrap(),
                );
            }),
            Contender::new("serde_avro_fast, uuid as string", || {
                black_box(
                    serde_avro_fast::from_datum_slice::<peer::Envelope<String>>(
                        black_box(bytes),
                        fast,
                    )
                    .unwrap(),
                );
            }),
            Contender::new("apache-avro, values", || {
                black_box(reader.read_value(&mut black_box(bytes)).unwrap());
            }),
        ],
    );
    let fast_borrowed = || {
        Contender::new("serde_avro_fast, all borrowed", || {
            black_box(
                serde_avro_fast::from_datum_slice::<peer::EnvelopeRef<Uuid>>(
                    black_box(bytes),
                    fast,
                )
                .unwrap(),
            );
        })
    };
    compare(
        "decode, metadata borrowed",
        ("serde_avro_fast, all borrowed", 1.8),
        vec![
            Contender::new("charter, payload owned", || {
                let envelope: EnvelopeRef<v1::SeatsHeld> =
                    codec::decode_ref(black_box(bytes)).unwrap();
                black_box(envelope);
            }),
            fast_borrowed(),
        ],
    );
    compare(
        "decode, all borrowed",
        ("serde_avro_fast, all borrowed", 1.8),
        vec![
            Contender::new("charter", || {
                let envelope: v1::SeatsHeldEnvelopeRef =
                    codec::decode_ref(black_box(bytes)).unwrap();
                black_box(envelope);
            }),
            fast_borrowed(),
        ],
    );
}
