//! The generated Rust client: both contexts as a program of somebody else's sees them.

use charter_gateway_client::schemas::{
    ConfirmSeatsRequest, CreateReservationRequest, HoldSeatsRequest, OpenPropertyRequest,
    OpenShowRequest, ReleaseSeatsRequest, ReservationSource, ReservationType, RoomType, SeatStatus,
    Section, UpdateReservationRequest,
};
use charter_gateway_client::seat::{ListSeatsParams, ShowMessage};
use charter_gateway_client::{Client, Patch, Settings, reservation, seat};
use futures_util::{StreamExt, TryStreamExt};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::support::world::World;

/// The property of stays.
pub(crate) const INN: &str = "inn";

/// What drives a client in a test that is no asynchronous one.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A client of one of the gateways.
pub(crate) fn client(platform: &World) -> Client {
    Client::new(Settings::at(platform.url(""))).expect("a client")
}

/// Opens an inn with so many rooms, all of one type.
pub(crate) async fn open_inn(client: &Client, tenant: &str, rooms: i32) {
    let property = OpenPropertyRequest {
        property_id: INN.to_owned(),
        name: "The inn".to_owned(),
        room_types: vec![RoomType { room_type_id: "king".to_owned(), rooms }],
    };
    client.reservation.open_property(tenant, &property).await.expect("a property");
}

/// A stay there from the first of May until a day.
pub(crate) fn stay(id: Uuid, until: &str) -> CreateReservationRequest {
    CreateReservationRequest {
        reservation_id: Some(id),
        ..CreateReservationRequest::new(
            "guest-1",
            "king",
            "2027-05-01".parse().expect("a day"),
            until.parse().expect("a day"),
            ReservationSource::Website,
            ReservationType::Transient,
            "420.00".parse().expect("an amount"),
            "EUR",
        )
    }
}

async fn open_show(client: &Client, show: &str) {
    let section = Section { section_id: "a".to_owned(), rows: 2, seats_per_row: 3 };
    let request = OpenShowRequest::new(show, "Spring concert", vec![section]);
    client.seat.open_show(&request).await.expect("a show");
}

fn holding(seats: &[&str], holder: &str) -> HoldSeatsRequest {
    let seat_ids = seats.iter().map(|seat| (*seat).to_owned()).collect();
    HoldSeatsRequest { seat_ids, holder_id: holder.to_owned() }
}

pub(crate) fn seats_are_held_refused_confirmed_and_released(platform: &mut World) {
    let (client, show) = (client(platform), platform.name("spring-concert"));
    runtime().block_on(async {
        open_show(&client, &show).await;
        let ours = ["a-row-1-seat-1", "a-row-1-seat-2"];
        let order = || client.seat.hold_seats(&show, &holding(&ours, "buyer-1"));
        let key = format!("order-{show}");
        let held = order().idempotency_key(&key).await.expect("a hold");
        assert_eq!(held.events[0].r#type, "seat.held");
        assert_eq!(order().idempotency_key(&key).await.expect("the same hold"), held);
        // No cursor is handed around, and the read has seen the hold.
        let stats = client.seat.get_show_stats(&show).await.expect("rows");
        assert_eq!((stats.seats, stats.available, stats.held, stats.reserved), (6, 4, 2, 0));

        let others = holding(&["a-row-1-seat-2", "a-row-1-seat-3"], "buyer-2");
        let refused = client.seat.hold_seats(&show, &others).await.expect_err("it is taken");
        let Some(seat::Rejection::SeatTaken(taken)) = refused.rejection() else {
            panic!("{refused:?}")
        };
        assert_eq!(taken.seat_ids, ["a-row-1-seat-2"]);
        let again = client.seat.hold_seats(&show, &others).idempotency_key(&key).await;
        let again = again.expect_err("another command");
        let problem = again.problem();
        assert_eq!((problem.status(), problem.code()), (422, "IDEMPOTENCY_KEY_REUSED"));

        let seat_ids: Vec<String> = ours.map(ToOwned::to_owned).into();
        let confirm =
            ConfirmSeatsRequest { seat_ids: seat_ids.clone(), holder_id: "buyer-1".to_owned() };
        client.seat.confirm_seats(&show, &confirm).await.expect("they are held");
        let row = client.seat.get_seat(&show, ours[0]).tagged().await.expect("a seat");
        assert_eq!(row.value.status, SeatStatus::Reserved);
        let tag = row.tag.expect("a tag");
        assert_eq!(client.seat.get_seat(&show, ours[0]).unless(&tag).await.expect("rows"), None);
        let release = ReleaseSeatsRequest { seat_ids, holder_id: "buyer-1".to_owned() };
        client.seat.release_seats(&show, &release).await.expect("they are ours");
        let params = ListSeatsParams { limit: Some(4), ..ListSeatsParams::default() };
        let all: Vec<_> =
            client.seat.each_of_seats(&show, &params).try_collect().await.expect("seats");
        assert_eq!(all.len(), 6);
        assert!(all.iter().all(|row| row.status == SeatStatus::Available), "{all:?}");
    });
}

pub(crate) fn a_room_is_joined_left_and_joined_again_where_it_was(platform: &mut World) {
    let (watcher, buyer) = (client(platform), client(platform));
    let show = platform.name("spring-concert");
    runtime().block_on(async {
        open_show(&buyer, &show).await;
        let mut room = watcher.seat.join_show(&show);
        let mut last = None;
        while last.is_none() {
            let message = room.next().await.expect("it goes on").expect("a message");
            match message.body {
                ShowMessage::InitialLoad(load) if load.part == load.parts => {
                    let one = holding(&["a-row-2-seat-1"], "buyer-1");
                    buyer.seat.hold_seats(&show, &one).await.expect("a hold");
                }
                ShowMessage::SeatsHeld(event) => {
                    assert_eq!(event.payload.seat_ids, ["a-row-2-seat-1"]);
                    last = Some((event.sequence, message.cursor));
                }
                ShowMessage::InitialLoad(_)
                | ShowMessage::SeatsReleased(_)
                | ShowMessage::SeatsReserved(_)
                | ShowMessage::ShowOpened(_)
                | ShowMessage::StatsUpdated(_)
                | ShowMessage::Dropped(_)
                | ShowMessage::Unrecognized(_) => {}
            }
        }
        drop(room);
        let (sequence, cursor) = last.expect("an event");
        let two = holding(&["a-row-2-seat-2"], "buyer-1");
        buyer.seat.hold_seats(&show, &two).await.expect("a hold");
        let mut room = watcher.seat.join_show(&show).cursor(cursor);
        let mut next = room.next().await.expect("it goes on").expect("a message");
        // Those come when they have changed, before the event or after it.
        while let ShowMessage::StatsUpdated(_) = next.body {
            next = room.next().await.expect("it goes on").expect("a message");
        }
        let ShowMessage::SeatsHeld(event) = next.body else { panic!("{}", next.name) };
        assert_eq!(
            (event.sequence, event.payload.seat_ids[0].as_str()),
            (sequence + 1, "a-row-2-seat-2")
        );
    });
}

pub(crate) fn a_stay_is_reserved_and_changed(platform: &mut World) {
    let (client, tenant) = (client(platform), platform.name(INN));
    runtime().block_on(async {
        open_inn(&client, &tenant, 1).await;
        let id = Uuid::now_v7();
        let stay =
            CreateReservationRequest { notes: Some("Late".to_owned()), ..stay(id, "2027-05-03") };
        let made = client.reservation.create_reservation(&tenant, INN, &stay).await;
        let sequence = made.expect("a reservation").events[0].sequence;
        let other = CreateReservationRequest { reservation_id: None, ..stay };
        let full = client.reservation.create_reservation(&tenant, INN, &other).await;
        let full = full.expect_err("no room");
        let Some(reservation::Rejection::NoAvailability(full)) = full.rejection() else {
            panic!("{full:?}")
        };
        let nights: Vec<String> = full.nights.iter().map(ToString::to_string).collect();
        assert_eq!(nights, ["2027-05-01", "2027-05-02"]);

        let change = UpdateReservationRequest {
            notes: Patch::Clear,
            total_amount: Some("400.50".parse().expect("an amount")),
            ..UpdateReservationRequest::default()
        };
        let update = || client.reservation.update_reservation(&tenant, INN, id, &change);
        let stale = update().if_match(sequence + 7).await.expect_err("another sequence");
        assert_eq!((stale.problem().status(), stale.problem().code()), (412, "SEQUENCE_MISMATCH"));
        update().if_match(sequence).await.expect("a change");
        let row = client.reservation.get_reservation(&tenant, INN, id).await.expect("a row");
        assert_eq!((row.notes, row.total_amount.to_string()), (None, "400.50".to_owned()));
        let unknown = client.reservation.get_reservation(&tenant, INN, Uuid::now_v7()).await;
        assert_eq!(unknown.expect_err("no row").status(), 404);
    });
}
