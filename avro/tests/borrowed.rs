//! Types that borrow from the message read what the owned ones beside them write, also through a plan.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::sync::LazyLock;

use charter_avro::codec::prelude::*;
use charter_avro::plan::Plan;
use charter_avro::schema::Schema;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Status {
    Held,
    Sold,
}

charter_avro::enumeration! { Status { Held = "HELD", Sold = "SOLD" } }

#[derive(Clone, Debug, PartialEq)]
enum Price {
    Null,
    Text(String),
    Number(i64),
}

charter_avro::union! { Price { Null, Text(String), Number(i64) } }

#[derive(Clone, Debug, PartialEq)]
enum PriceRef<'a> {
    Null,
    Text(&'a str),
    Number(i64),
}

charter_avro::union_ref! { PriceRef<'a> => Price { Null, Text(&'a str), Number(i64) } }

#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    row: i32,
}

charter_avro::record! { Place { "row" => row: i32 } }

#[derive(Clone, Debug, PartialEq)]
struct Seat {
    r#type: String,
    id: Uuid,
    labels: BTreeMap<String, String>,
    digest: Bytes,
    status: Status,
    price: Price,
    amount: Decimal<9, 2>,
    place: NullLast<Place>,
    count: i64,
    note: Option<String>,
    next: Vec<Seat>,
    last: Option<Box<Seat>>,
}

charter_avro::record! {
    Seat {
        "type" => r#type: String,
        "id" => id: Uuid,
        "labels" => labels: BTreeMap<String, String>,
        "digest" => digest: Bytes,
        "status" => status: Status,
        "price" => price: Price,
        "amount" => amount: Decimal<9, 2>,
        "place" => place: NullLast<Place>,
        "count" => count: i64,
        "note" => note: Option<String> = Some("none".into()),
        "next" => next: Vec<Seat>,
        "last" => last: Option<Box<Seat>>,
    }
}

#[derive(Clone, Debug, PartialEq)]
struct SeatRef<'a> {
    r#type: &'a str,
    id: Uuid,
    labels: BTreeMap<&'a str, &'a str>,
    digest: &'a [u8],
    status: Status,
    price: PriceRef<'a>,
    amount: Decimal<9, 2>,
    place: NullLast<Place>,
    count: i64,
    note: Option<&'a str>,
    next: Vec<SeatRef<'a>>,
    last: Option<Box<SeatRef<'a>>>,
}

charter_avro::record_ref! {
    SeatRef<'a> => Seat {
        "type" => r#type: &'a str,
        "id" => id: Uuid,
        "labels" => labels: BTreeMap<&'a str, &'a str>,
        "digest" => digest: &'a [u8],
        "status" => status: Status,
        "price" => price: PriceRef<'a>,
        "amount" => amount: Decimal<9, 2>,
        "place" => place: NullLast<Place>,
        "count" => count: i64,
        "note" => note: Option<&'a str> = Some("none"),
        "next" => next: Vec<SeatRef<'a>>,
        "last" => last: Option<Box<SeatRef<'a>>>,
    }
}

fn seat() -> Seat {
    let leaf = Seat {
        r#type: "seat".into(),
        id: Uuid::from_u128(7),
        labels: [("zone".into(), "upper".into()), ("side".into(), "l\u{fc}".into())].into(),
        digest: Bytes(vec![0, 255]),
        status: Status::Sold,
        price: Price::Text("free".into()),
        amount: "12.50".parse().unwrap(),
        place: NullLast(Some(Place { row: 3 })),
        count: -4,
        note: Some("aisle".into()),
        next: Vec::new(),
        last: None,
    };
    Seat {
        price: Price::Number(5),
        next: vec![leaf.clone(), leaf.clone()],
        last: Some(Box::new(leaf.clone())),
        ..leaf
    }
}

/// The older writer counts in `int`, has an array that is gone, its status and its branches in another order, the type in
/// a union, the amount at another scale, no note.
fn schema(older: bool) -> Schema {
    let pick = |then, now| if older { then } else { now };
    let json = format!(
        r#"{{"type":"record","name":"Seat","fields":[
            {{"name":"type","type":{}}},{}
            {{"name":"id","type":{{"type":"string","logicalType":"uuid"}}}},
            {{"name":"labels","type":{{"type":"map","values":{}}}}},
            {{"name":"digest","type":"bytes"}},
            {{"name":"status","type":{{"type":"enum","name":"Status","symbols":{}}}}},
            {{"name":"price","type":{}}},
            {{"name":"amount","type":{{"type":"bytes","logicalType":"decimal","precision":9,"scale":{}}}}},
            {{"name":"place","type":[{{"type":"record","name":"Place","fields":[{{"name":"row","type":"int"}}]}},"null"]}},
            {{"name":"count","type":"{}"}},{}
            {{"name":"next","type":{{"type":"array","items":"Seat"}}}},
            {{"name":"last","type":["null","Seat"]}}]}}"#,
        pick(r#"["string"]"#, r#""string""#),
        pick(r#"{"name":"gone","type":{"type":"array","items":"string"}},"#, ""),
        pick(r#"["bytes"]"#, r#""string""#),
        pick(r#"["SOLD","HELD"]"#, r#"["HELD","SOLD"]"#),
        pick(r#"["long","string","null"]"#, r#"["null","string","long"]"#),
        pick("1", "2"),
        pick("int", "long"),
        pick("", r#"{"name":"note","type":["null","string"],"default":null},"#),
    );
    Schema::parse(&json).unwrap()
}

#[test]
fn what_is_borrowed_equals_what_is_owned() {
    let seat = seat();
    let bytes = encode(&seat);
    let borrowed: SeatRef = decode_ref(&bytes).unwrap();
    assert_eq!(borrowed.clone().into_owned(), seat);
    assert_eq!(borrowed.r#type.as_ptr(), bytes[1..].as_ptr());
    let same = Plan::compile(&schema(false), &schema(false)).unwrap();
    assert_eq!(decode_ref_with_plan::<SeatRef>(&bytes, &same).unwrap(), borrowed);
}

#[test]
fn plans_are_followed_alike() {
    let (older, newer) = (schema(true), schema(false));
    let plan = Plan::compile(&older, &newer).unwrap();
    // type, gone, id, labels, digest, status, price, amount, place, count, next, last
    let leaf = [
        &[0, 2, b't', 1, 4, 2, b'x', 0][..],
        &encode(&Uuid::from_u128(7)),
        &[2, 2, b'k', 0, 2, b'v', 0, 4, 1, 2, 0, 0, 10, 2, 25, 0, 6, 8],
    ]
    .concat();
    let bytes = [&leaf[..], &[2], &leaf, &[0, 0], &[0], &[2], &leaf, &[0, 0]].concat();
    let owned: Seat = decode_with_plan(&bytes, &plan).unwrap();
    let borrowed: SeatRef = decode_ref_with_plan(&bytes, &plan).unwrap();
    assert_eq!(borrowed.clone().into_owned(), owned);
    assert_eq!((borrowed.count, borrowed.note, borrowed.status), (4, Some("none"), Status::Sold));
    assert_eq!(
        (borrowed.amount.to_string(), &borrowed.price),
        ("2.50".into(), &PriceRef::Number(5))
    );
    assert_eq!((borrowed.next[0].r#type, borrowed.labels["k"]), ("t", "v"));
}

/// Both fail at the same byte, in the same field, for the same reason, wherever a message is cut or changed.
#[test]
fn errors_are_alike() {
    let good = encode(&seat());
    let plan = Plan::compile(&schema(true), &schema(false)).unwrap();
    let said =
        |result: Result<(), charter_avro::wire::DecodeError>| result.map_err(|e| e.to_string());
    for place in 0..good.len() {
        for changed in [0, 1, 3, 0x7f, 0xff] {
            let mut bytes = good.clone();
            bytes[place] = changed;
            for bytes in [&bytes[..], &good[..place]] {
                assert_eq!(
                    said(decode::<Seat>(bytes).map(drop)),
                    said(decode_ref::<SeatRef>(bytes).map(drop))
                );
                assert_eq!(
                    said(decode_with_plan::<Seat>(bytes, &plan).map(drop)),
                    said(decode_ref_with_plan::<SeatRef>(bytes, &plan).map(drop))
                );
            }
        }
    }
}

static PLAN: LazyLock<Plan> =
    LazyLock::new(|| Plan::compile(&schema(true), &schema(false)).unwrap());

fn random_seat() -> impl Strategy<Value = Seat> {
    let text = || prop_oneof![any::<String>(), "[a-z-]{0,70}"];
    let price = prop_oneof![
        Just(Price::Null),
        text().prop_map(Price::Text),
        any::<i64>().prop_map(Price::Number)
    ];
    let named = (text(), any::<u128>(), prop::collection::btree_map(text(), text(), 0..4));
    let plain = (any::<Vec<u8>>(), any::<bool>(), price, -999_999_999_i128..=999_999_999);
    let last = (any::<Option<i32>>(), any::<i64>(), prop::option::of(text()));
    let leaf = (named, plain, last).prop_map(
        |((r#type, id, labels), (digest, held, price, amount), (row, count, note))| Seat {
            r#type,
            id: Uuid::from_u128(id),
            labels,
            digest: Bytes(digest),
            status: if held { Status::Held } else { Status::Sold },
            price,
            amount: Decimal::from_unscaled(amount).unwrap(),
            place: NullLast(row.map(|row| Place { row })),
            count,
            note,
            next: Vec::new(),
            last: None,
        },
    );
    leaf.prop_recursive(3, 12, 3, |inner| {
        let parts =
            (inner.clone(), prop::collection::vec(inner.clone(), 0..3), prop::option::of(inner));
        parts.prop_map(|(seat, next, last)| Seat { next, last: last.map(Box::new), ..seat })
    })
}

proptest! {
    #[test]
    fn what_is_borrowed_equals_what_is_owned_whatever_it_is(seat in random_seat()) {
        let bytes = encode(&seat);
        prop_assert_eq!(decode_ref::<SeatRef>(&bytes).unwrap().into_owned(), seat.clone());
        // Some of what was written so is no message of the older schema; where it is one, both say the same.
        let owned = decode_with_plan::<Seat>(&bytes, &PLAN).map_err(|e| e.to_string());
        let borrowed = decode_ref_with_plan::<SeatRef>(&bytes, &PLAN);
        prop_assert_eq!(borrowed.map(SeatRef::into_owned).map_err(|e| e.to_string()), owned);
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused_alike(
        bytes in prop::collection::vec(prop_oneof![0_u8..6, any::<u8>()], 0..200),
    ) {
        let owned = decode::<Seat>(&bytes).map_err(|e| e.to_string());
        let borrowed = decode_ref::<SeatRef>(&bytes);
        prop_assert_eq!(borrowed.map(SeatRef::into_owned).map_err(|e| e.to_string()), owned);
    }
}

/// A type around any other, as the runtime's envelope is.
#[derive(Clone, Debug, PartialEq)]
struct Parcel<P> {
    label: String,
    content: P,
}

charter_avro::record! { Parcel<P> { "label" => label: String, "content" => content: P } }

#[derive(Clone, Debug, PartialEq)]
struct ParcelRef<'a, P> {
    label: &'a str,
    content: P,
}

charter_avro::record_ref! { ParcelRef<'a, P> => Parcel<P> { "label" => label: &'a str, "content" => content: P } }

#[test]
fn what_borrows_holds_what_owns_and_what_borrows() {
    let bytes = encode(&Parcel { label: "p".to_owned(), content: seat() });
    assert_eq!(decode::<Parcel<Seat>>(&bytes).unwrap().content, seat());
    let owning: ParcelRef<Seat> = decode_ref(&bytes).unwrap();
    assert_eq!((owning.label, owning.content), ("p", seat()));
    let borrowing: ParcelRef<SeatRef> = decode_ref(&bytes).unwrap();
    assert_eq!((borrowing.label, borrowing.content.clone().into_owned()), ("p", seat()));
    assert_eq!(borrowing.into_owned(), Parcel { label: "p".to_owned(), content: seat() });
}
