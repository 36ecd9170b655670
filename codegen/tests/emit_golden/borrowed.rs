//! Every event in its borrowing form says what it says in the form that owns its text: of random messages, written by its
//! own schema and by others, and of bytes that are no message. The golden context's events and this repository's.

use charter_avro::codec::{
    Codec, CodecRef, Uuid, decode, decode_ref, decode_ref_with_plan, decode_with_plan, encode,
};
use charter_avro::plan::Plan;
use charter_avro::schema::{Kind, Logical, NodeId, Schema};
use charter_avro::value::Value;
use charter_avro::wire::DecodeError;
use charter_domain::{Envelope, EnvelopeRef, Message, Payload};
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::random::{self, Entropy, entropy};

/// An event, and its borrowing form for a message of any lifetime.
trait Lent: Payload + Codec + PartialEq + std::fmt::Debug {
    type Ref<'a>: CodecRef<'a, Owned = Self> + std::fmt::Debug;
}

/// What is asked of every event.
trait Check {
    fn of<E: Lent>(&self) -> Result<(), TestCaseError>;
}

/// Implements [`Lent`] for every event, and makes `of_every_event`.
macro_rules! events {
    ($( $krate:ident::$all:ident { $( $event:ident => $lent:ident ),* $(,)? } )*) => {
        $( $( impl Lent for $krate::events::$event {
            type Ref<'a> = $krate::events::$lent<'a>;
        } )* )*

        fn of_every_event(check: &impl Check) -> Result<(), TestCaseError> {
            $(
                let names = [ $( <$krate::events::$event as Payload>::TYPE, )* ];
                assert_eq!(names[..], *<$krate::events::$all as Message>::TYPES, "an event is missing here");
                $( check.of::<$krate::events::$event>()?; )*
            )*
            Ok(())
        }
    };
}

events! {
    contract_shop::ShopEvent {
        ItemDiscarded => ItemDiscardedRef,
        ItemInspected => ItemInspectedRef,
        ItemStocked => ItemStockedRef,
    }
    contract_seat::SeatEvent {
        SeatsHeld => SeatsHeldRef,
        SeatsReleased => SeatsReleasedRef,
        SeatsReserved => SeatsReservedRef,
        ShowOpened => ShowOpenedRef,
    }
    contract_reservation::ReservationEvent {
        NightsOpened => NightsOpenedRef,
        PropertyOpened => PropertyOpenedRef,
        ReservationCancelled => ReservationCancelledRef,
        ReservationCheckedIn => ReservationCheckedInRef,
        ReservationCheckedOut => ReservationCheckedOutRef,
        ReservationConfirmed => ReservationConfirmedRef,
        ReservationCreated => ReservationCreatedRef,
        ReservationNoShowed => ReservationNoShowedRef,
        ReservationUpdated => ReservationUpdatedRef,
    }
}

fn schema(json: &Json) -> Option<Schema> {
    Schema::parse(&json.to_string()).ok()
}

fn said<T>(result: Result<T, DecodeError>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

/// Both forms of a whole envelope, by the type's own schema or by a plan.
fn both<E: Lent>(bytes: &[u8], plan: Option<&Plan>) -> Result<bool, TestCaseError> {
    let owned: Result<Envelope<E>, _> = match plan {
        None => decode(bytes),
        Some(plan) => decode_with_plan(bytes, plan),
    };
    let lent: Result<EnvelopeRef<'_, E::Ref<'_>>, _> = match plan {
        None => decode_ref(bytes),
        Some(plan) => decode_ref_with_plan(bytes, plan),
    };
    let read = owned.is_ok();
    // A float that is none is not equal to itself: their bytes are compared too.
    match (said(owned), said(lent.map(EnvelopeRef::into_owned))) {
        (Ok(owned), Ok(lent)) => prop_assert_eq!(encode(&owned), encode(&lent)),
        (owned, lent) => prop_assert_eq!(owned, lent),
    }
    Ok(read)
}

/// The value with texts, bytes and numbers that the logical types of the schema allow.
fn sound(schema: &Schema, id: NodeId, value: Value) -> Value {
    let node = schema.node(id);
    match (&node.kind, node.logical, value) {
        (Kind::String, Some(Logical::Uuid), Value::String(text)) => {
            let number =
                text.bytes().fold(7_u128, |n, b| n.wrapping_mul(0x1_0000_01b3) + u128::from(b));
            Value::String(Uuid::from_u128(number).to_string())
        }
        (Kind::Bytes, Some(Logical::Decimal { .. }), Value::Bytes(bytes)) => {
            Value::Bytes(vec![bytes.first().copied().unwrap_or(1)])
        }
        (Kind::Fixed(fixed), Some(Logical::Decimal { .. }), Value::Fixed(bytes)) => {
            let mut small = vec![0; fixed.size];
            small[fixed.size - 1] = bytes[0];
            Value::Fixed(small)
        }
        (_, Some(Logical::TimeMillis), Value::Int(time)) => Value::Int(time.rem_euclid(86_400_000)),
        (_, Some(Logical::TimeMicros), Value::Long(time)) => {
            Value::Long(time.rem_euclid(86_400_000_000))
        }
        (Kind::Array { items }, _, Value::Array(values)) => {
            Value::Array(values.into_iter().map(|value| sound(schema, *items, value)).collect())
        }
        (Kind::Map { values: of }, _, Value::Map(entries)) => Value::Map(
            entries.into_iter().map(|(key, value)| (key, sound(schema, *of, value))).collect(),
        ),
        (Kind::Union { branches }, _, Value::Union(index, value)) => {
            Value::Union(index, Box::new(sound(schema, branches[index as usize], *value)))
        }
        (Kind::Record(record), _, Value::Record(fields)) => Value::Record(
            fields
                .into_iter()
                .zip(&record.fields)
                .map(|((name, value), field)| (name, sound(schema, field.schema, value)))
                .collect(),
        ),
        (_, _, value) => value,
    }
}

/// The bytes of a random value.
fn message(choices: &[u8], schema: &Schema) -> Vec<u8> {
    let value = random::value(&mut Entropy::new(choices.to_vec()), schema, 3);
    let value = sound(schema, schema.root(), value);
    value.encode(schema).expect("a value of the schema")
}

/// A random message of the event's own schema: it is read, comes back byte for byte, and takes no more room than was said.
struct Own(Vec<u8>);

impl Check for Own {
    fn of<E: Lent>(&self) -> Result<(), TestCaseError> {
        let schema = Schema::parse(E::TYPE.envelope_schema).expect("an emitted schema");
        let bytes = message(&self.0, &schema);
        prop_assert!(both::<E>(&bytes, None)?);
        let owned: Envelope<E> = decode(&bytes).expect("it was read before");
        let again = encode(&owned);
        prop_assert!(again.len() <= owned.room());
        prop_assert_eq!(encode(&decode::<Envelope<E>>(&again).expect("own bytes")), again);
        prop_assert!(!both::<E>(&bytes[..bytes.len() - 1], None)?);
        Ok(())
    }
}

/// A random message of a random other version of the schema, read by a plan.
struct Resolved {
    choices: Vec<u8>,
    changes: Vec<u8>,
}

impl Check for Resolved {
    fn of<E: Lent>(&self) -> Result<(), TestCaseError> {
        let reader: Json = serde_json::from_str(E::TYPE.envelope_schema).expect("JSON");
        let writer = random::evolve(&mut Entropy::new(self.changes.clone()), &reader);
        let (Some(writer), Some(reader)) = (schema(&writer), schema(&reader)) else {
            return Ok(());
        };
        let bytes = message(&self.choices, &writer);
        // What does not fit is read too, as far as that goes: the refusal must be the same.
        let plan = match Plan::compile(&writer, &reader) {
            Ok(plan) => plan,
            Err(_) => Plan::compile_lenient(&writer, &reader),
        };
        both::<E>(&bytes, Some(&plan))?;
        both::<E>(&bytes[..bytes.len() / 2], Some(&plan))?;
        Ok(())
    }
}

/// Bytes that are no message.
struct Hostile(Vec<u8>);

impl Check for Hostile {
    fn of<E: Lent>(&self) -> Result<(), TestCaseError> {
        both::<E>(&self.0, None).map(drop)
    }
}

/// A message with some of its bytes changed.
struct Changed {
    choices: Vec<u8>,
    places: Vec<(prop::sample::Index, u8)>,
}

impl Check for Changed {
    fn of<E: Lent>(&self) -> Result<(), TestCaseError> {
        let schema = Schema::parse(E::TYPE.envelope_schema).expect("an emitted schema");
        let mut bytes = message(&self.choices, &schema);
        for (place, byte) in &self.places {
            let place = place.index(bytes.len());
            bytes[place] = *byte;
        }
        both::<E>(&bytes, None).map(drop)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_event_is_read_alike_in_both_forms(choices in entropy()) {
        of_every_event(&Own(choices))?;
    }

    #[test]
    fn every_event_is_resolved_alike_in_both_forms(choices in entropy(), changes in entropy()) {
        of_every_event(&Resolved { choices, changes })?;
    }

    #[test]
    fn hostile_bytes_are_read_or_refused_alike_in_both_forms(
        bytes in prop::collection::vec(prop_oneof![0_u8..6, any::<u8>()], 0..300),
        choices in entropy(),
        places in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..4),
    ) {
        of_every_event(&Hostile(bytes))?;
        of_every_event(&Changed { choices, places })?;
    }
}

/// A later version of an event is read as this one in the borrowing form, the fields that it lacks from their defaults.
#[test]
fn defaults_are_lent_too() {
    let reader: Json =
        serde_json::from_str(contract_shop::events::ItemInspected::TYPE.envelope_schema).unwrap();
    let mut writer = reader.clone();
    let trail = &mut writer["fields"][1]["type"]["fields"];
    trail.as_array_mut().unwrap().pop();
    let trail = trail[3]["type"]["fields"].as_array_mut().unwrap();
    trail.retain(|field| field["name"] == "next");
    let (writer, reader) = (schema(&writer).unwrap(), schema(&reader).unwrap());
    let plan = Plan::compile(&writer, &reader).unwrap();
    let bytes = message(&[], &writer);
    let lent: contract_shop::events::ItemInspectedEnvelopeRef =
        decode_ref_with_plan(&bytes, &plan).unwrap();
    let trail = &lent.payload.trail;
    assert_eq!(
        (trail.place, trail.raw, &trail.words[..]),
        ("here", &[1, 255][..], &["one", "two"][..])
    );
    assert_eq!((trail.labels["a"], trail.tail.0, trail.sticker.text), ("b", Some("t"), "none"));
    assert_eq!(lent.payload.stickers[0].text, "sold");
    let owned: contract_shop::events::ItemInspectedEnvelope =
        decode_with_plan(&bytes, &plan).unwrap();
    assert_eq!(lent.into_owned(), owned);
}
