//! Housekeeping: a room that a guest has left is to be cleaned, once, whoever dies in between. Asked as programs of
//! others ask, by the generated client.

use std::time::{Duration, Instant};

use charter_gateway_client::Client;
use charter_gateway_client::housekeeping::{ListCleaningsParams, Rejection};
use charter_gateway_client::schemas::{CleaningStatus, InspectRoomRequest};
use uuid::Uuid;

use crate::client::{INN, client, open_inn, runtime, stay};
use crate::support::world::World;

/// How long a reactor may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A hotel, and who asks about it.
struct Inn {
    client: Client,
    tenant: String,
}

impl Inn {
    fn of(platform: &World) -> Self {
        Self { client: client(platform), tenant: platform.name(INN) }
    }

    /// Opens it with so many rooms.
    async fn open(&self, rooms: i32) {
        open_inn(&self.client, &self.tenant, rooms).await;
    }

    /// A guest stays and leaves; gives the reservation's id.
    async fn leave(&self) -> Uuid {
        let (id, reservations) = (Uuid::now_v7(), &self.client.reservation);
        let stay = stay(id, "2027-05-04");
        reservations.create_reservation(&self.tenant, INN, &stay).await.expect("a reservation");
        reservations.check_in_reservation(&self.tenant, INN, id).await.expect("a guest");
        reservations.check_out_reservation(&self.tenant, INN, id).await.expect("a room left");
        id
    }

    /// The dirty rooms, once there are `count`: nobody is told when a reactor has done its part.
    async fn dirty(&self, count: usize) -> Vec<Uuid> {
        let (status, limit) = (Some(CleaningStatus::Dirty), Some(100));
        let params = ListCleaningsParams { status, limit, ..ListCleaningsParams::default() };
        let begun = Instant::now();
        loop {
            let page = self.client.housekeeping.list_cleanings(&self.tenant, INN, &params).await;
            let items = page.expect("a page").items;
            assert!(items.len() <= count, "{items:?}");
            if items.len() == count {
                return items.into_iter().map(|item| item.reservation_id).collect();
            }
            assert!(begun.elapsed() < PATIENCE, "{} of {count}", items.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn a_room_that_a_guest_leaves_is_cleaned_and_inspected(platform: &mut World) {
    let inn = Inn::of(platform);
    let (rooms, tenant) = (&inn.client.housekeeping, inn.tenant.as_str());
    runtime().block_on(async {
        inn.open(1).await;
        let id = inn.leave().await;
        assert_eq!(inn.dirty(1).await, [id]);
        let clean = || rooms.clean_room(tenant, INN, id);
        let inspect = |passed| rooms.inspect_room(tenant, INN, id, &InspectRoomRequest { passed });
        let row = || async { rooms.get_cleaning(tenant, INN, id).await.expect("a row") };
        let refused = inspect(true).await.expect_err("it is dirty");
        assert_eq!(refused.problem().status(), 409);
        assert_eq!(refused.rejection(), Some(&Rejection::RoomDirty));
        clean().await.expect("a clean room");
        assert_eq!(row().await.status, CleaningStatus::Clean);
        inspect(false).await.expect("an inspection");
        assert_eq!(row().await.status, CleaningStatus::Dirty);
        clean().await.expect("a clean room");
        inspect(true).await.expect("an inspection");
        let passed = row().await;
        assert_eq!(passed.status, CleaningStatus::Inspected);
        assert_eq!(passed.room_type_id, "king");
        assert_eq!(inn.dirty(0).await, Vec::<Uuid>::new());

        let nobodys = rooms.clean_room(tenant, INN, Uuid::now_v7()).await;
        let nobodys = nobodys.expect_err("there is no such room");
        assert_eq!(nobodys.problem().status(), 404);
        assert_eq!(nobodys.rejection(), Some(&Rejection::CleaningUnknown));
    });
}

pub(crate) fn rooms_to_clean_survive_kill_9(platform: &mut World) {
    let runtime = runtime();
    let inn = Inn::of(platform);
    let mut left = Vec::new();
    runtime.block_on(async {
        inn.open(20).await;
        for _ in 0..10 {
            left.push(inn.leave().await);
        }
    });
    platform.crash();
    // Where it is now.
    let inn = Inn::of(platform);
    runtime.block_on(async {
        for _ in 0..5 {
            left.push(inn.leave().await);
        }
        let mut found = inn.dirty(left.len()).await;
        found.sort_unstable();
        left.sort_unstable();
        assert_eq!(found, left);
    });
}
