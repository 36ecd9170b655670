//! What is paid, and when.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use charter_domain::{Envelope, Timestamp};
use charter_engine::{Effect, EffectError};
use contract_seat::{ConfirmSeats, ReleaseSeats, Seat, SeatCommand, SeatEvent, SeatsHeld};
use reqwest::{Client, StatusCode};
use uuid::Uuid;

use crate::provider::{Payment, Refund};

/// The price of a seat, in cents.
const SEAT_CENTS: u64 = 4_200;
/// How long the provider may take to answer.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(5);

/// Pays for held seats at a provider.
#[derive(Debug)]
pub struct Payments {
    client: Client,
    url: String,
}

impl Payments {
    /// At the provider under `url`, without a slash at its end.
    ///
    /// # Errors
    /// Where no HTTP client can be made.
    pub fn at(url: impl Into<String>) -> Result<Self, reqwest::Error> {
        let client = Client::builder().timeout(PROVIDER_TIMEOUT).build()?;
        Ok(Self { client, url: url.into() })
    }

    async fn pay(&self, held: &SeatsHeld, key: Uuid) -> Result<Vec<SeatCommand>, EffectError> {
        if now() >= held.expires_at {
            // The show lets go of it by itself. Whatever an earlier try has paid is paid back then.
            return Ok(Vec::new());
        }
        let payment =
            Payment { hold_id: held.hold_id, cents: SEAT_CENTS * held.seat_ids.len() as u64 };
        let request = self.client.post(format!("{}/payments", self.url)).json(&payment);
        let (show_id, seat_ids) = (held.show_id.clone(), held.seat_ids.clone());
        let holder_id = held.holder_id.clone();
        match self.send(request, key).await? {
            StatusCode::CREATED => Ok(vec![ConfirmSeats { show_id, seat_ids, holder_id }.into()]),
            StatusCode::PAYMENT_REQUIRED => {
                Ok(vec![ReleaseSeats { show_id, seat_ids, holder_id }.into()])
            }
            status => Err(EffectError::new(format!("the provider answers {status}"))),
        }
    }

    async fn pay_back(&self, hold_id: Uuid, key: Uuid) -> Result<Vec<SeatCommand>, EffectError> {
        let request = self.client.post(format!("{}/refunds", self.url)).json(&Refund { hold_id });
        match self.send(request, key).await? {
            StatusCode::CREATED => Ok(Vec::new()),
            status => Err(EffectError::new(format!("the provider answers {status}"))),
        }
    }

    /// Under the key by which the provider knows a repeat.
    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        key: Uuid,
    ) -> Result<StatusCode, EffectError> {
        let sent = request.header("Idempotency-Key", key.to_string()).send().await;
        sent.map(|answer| answer.status()).map_err(EffectError::new)
    }
}

#[async_trait]
impl Effect<Seat> for Payments {
    const NAME: &'static str = "seat-payment";
    type Commands = Seat;

    async fn perform(
        &self,
        event: &Envelope<SeatEvent>,
        key: Uuid,
    ) -> Result<Vec<SeatCommand>, EffectError> {
        match &event.payload {
            SeatEvent::SeatsHeld(held) => self.pay(held, key).await,
            SeatEvent::SeatsReleased(released) => self.pay_back(released.hold_id, key).await,
            SeatEvent::SeatsReserved(_) | SeatEvent::ShowOpened(_) => Ok(Vec::new()),
        }
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
