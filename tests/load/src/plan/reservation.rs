//! Commands about reservations.

use fastrand::Rng;
use uuid::Uuid;

use super::{Command, Plan, Purpose, Subject};

/// The tenant of all properties.
pub const TENANT: &str = "acme";

/// The room types of every property.
pub const ROOM_TYPES: [&str; 2] = ["king", "twin"];

/// What becomes of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Create,
    Update,
    Confirm,
    Cancel,
    CheckIn,
    CheckOut,
    NoShow,
}

impl Kind {
    pub(super) fn random(random: &mut Rng) -> Self {
        match random.u8(..100) {
            0..=54 => Self::Create,
            55..=64 => Self::Update,
            65..=71 => Self::Confirm,
            72..=81 => Self::Cancel,
            82..=89 => Self::CheckIn,
            90..=94 => Self::CheckOut,
            _ => Self::NoShow,
        }
    }
}

/// A reservation that somebody wants.
struct Wish {
    property: u32,
    /// Given by the client; else the gateway makes one.
    id: Option<Uuid>,
    body: String,
}

impl Plan {
    /// Opens a property.
    pub(super) fn open_property(&self, property: u32) -> Command {
        let rooms = self.settings.rooms;
        let types = ROOM_TYPES.map(|it| format!(r#"{{"roomTypeId":"{it}","rooms":{rooms}}}"#));
        let body = format!(
            r#"{{"propertyId":"{}","name":"Property {property}","roomTypes":[{}]}}"#,
            self.property_id(property),
            types.join(",")
        );
        let path = format!("/v1/tenants/{TENANT}/properties");
        self.opening(format_args!("property-{property}"), path, body)
    }

    /// The id of a property of this run, from 0.
    #[must_use]
    pub fn property_id(&self, property: u32) -> String {
        format!("{}-property-{property}", self.run)
    }

    pub(super) fn reservation_command(&self, n: u64, kind: Kind) -> Command {
        let earlier = if kind == Kind::Create { None } else { self.wish_before(n) };
        let Some((wish, id)) = earlier else {
            let wish = self.reservation_wish(n);
            return self.named(n, "POST", self.path(wish.property), wish.body);
        };
        let one = format!("{}/{id}", self.path(wish.property));
        let none = String::new();
        match kind {
            Kind::Create | Kind::Confirm => self.named(n, "POST", one + "/confirm", none),
            Kind::CheckIn => self.named(n, "POST", one + "/check-in", none),
            Kind::CheckOut => self.named(n, "POST", one + "/check-out", none),
            Kind::NoShow => self.named(n, "POST", one + "/no-show", none),
            Kind::Cancel => self.named(n, "DELETE", one + "?reason=changed", none),
            Kind::Update => {
                let mut random = self.random(n, Purpose::Body);
                let (from, to) = stay(&mut random);
                let body = match random.u8(..3) {
                    0 => format!(r#"{{"checkInDate":"{from}","checkOutDate":"{to}"}}"#),
                    1 => r#"{"notes":null,"totalAmount":"560.00"}"#.to_owned(),
                    _ => format!(r#"{{"notes":"{n}"}}"#),
                };
                self.named(n, "PATCH", one, body)
            }
        }
    }

    fn path(&self, property: u32) -> String {
        format!("/v1/tenants/{TENANT}/properties/{}/reservations", self.property_id(property))
    }

    /// An earlier create whose reservation's id is known.
    fn wish_before(&self, n: u64) -> Option<(Wish, Uuid)> {
        let wish = |it| self.reservation_wish(it);
        let created = |it| self.subject(it) == Subject::Reservation(Kind::Create);
        let create = self.earlier(n, |it| created(it) && wish(it).id.is_some())?;
        let wish = wish(create);
        wish.id.map(|id| (wish, id))
    }

    /// What the create `n` wants.
    fn reservation_wish(&self, n: u64) -> Wish {
        let mut random = self.random(n, Purpose::Body);
        let property = random.u32(..self.settings.properties.max(1));
        let id = (random.u8(..100) < 80)
            .then(|| Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{}-{n}", self.run).as_bytes()));
        let given = id.map_or(String::new(), |id| format!(r#""reservationId":"{id}","#));
        let (from, to) = stay(&mut random);
        let room_type = ROOM_TYPES[random.usize(..ROOM_TYPES.len())];
        let guaranteed = random.u8(..100) < 70;
        let body = format!(
            r#"{{{given}"guaranteed":{guaranteed},"guestId":"guest-{}","roomTypeId":"{room_type}","checkInDate":"{from}","checkOutDate":"{to}","source":"OTA","reservationType":"TRANSIENT","totalAmount":"{}.50","currency":"EUR","notes":"late"}}"#,
            random.u32(..10_000),
            random.u32(50..5_000)
        );
        Wish { property, id, body }
    }
}

/// Up to four nights in 2027, one in five stays in the same week.
fn stay(random: &mut Rng) -> (String, String) {
    let nights = random.u8(1..=4);
    let (month, day) = if random.u8(..5) == 0 {
        (5, random.u8(1..=7))
    } else {
        (random.u8(1..=12), random.u8(1..=24))
    };
    (format!("2027-{month:02}-{day:02}"), format!("2027-{month:02}-{:02}", day + nights))
}
