//! A payment provider that is none: it keeps a ledger in memory, knows a repeat by its key as real ones do, and misbehaves
//! when it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is asked for a hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// What is paid for.
    pub hold_id: Uuid,
    /// How much, in cents.
    pub cents: u64,
}

/// A wish to be paid back what was paid for a hold, if anything was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// What was paid for.
    pub hold_id: Uuid,
}

/// What a provider does with a request for a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It takes the money and says so.
    Take,
    /// It declines the card.
    Decline,
    /// It does nothing and answers 503.
    Refuse,
    /// It takes the money and answers 500, but knows the key when it comes again.
    TakeAndFail,
    /// It takes the money and answers 500, now and whenever the key comes again.
    TakeAndVanish,
}

/// What was booked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The payments of each hold, in cents.
    pub paid: BTreeMap<Uuid, Vec<u64>>,
    /// What was paid back of each hold, in cents.
    pub refunded: BTreeMap<Uuid, u64>,
    /// How many requests came under a key that had its answer already.
    pub repeats: u32,
}

type Judge = dyn Fn(&Payment, &Ledger) -> Mood + Send + Sync;

/// The provider. Clones are the same one.
#[derive(Clone)]
pub struct Provider {
    books: Arc<Mutex<Books>>,
    judge: Arc<Judge>,
}

#[derive(Default)]
struct Books {
    ledger: Ledger,
    /// What was answered under each key.
    answers: BTreeMap<String, StatusCode>,
}

impl Provider {
    /// A provider whose mood `judge` tells for each payment that it has not booked yet, before it does.
    #[must_use]
    pub fn new(judge: impl Fn(&Payment, &Ledger) -> Mood + Send + Sync + 'static) -> Self {
        Self { books: Arc::default(), judge: Arc::new(judge) }
    }

    /// Its routes: `POST /payments` and `POST /refunds`, each with an `Idempotency-Key`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/payments", post(pay))
            .route("/refunds", post(pay_back))
            .with_state(self.clone())
    }

    /// The ledger as it is now.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.books().ledger.clone()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(headers: &HeaderMap) -> Result<String, StatusCode> {
    let key = headers.get("Idempotency-Key").and_then(|key| key.to_str().ok());
    key.map(ToOwned::to_owned).ok_or(StatusCode::BAD_REQUEST)
}

async fn pay(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Json(payment): Json<Payment>,
) -> StatusCode {
    let key = match key(&headers) {
        Ok(key) => key,
        Err(status) => return status,
    };
    let mut books = provider.books();
    if let Some(answer) = books.answers.get(&key).copied() {
        books.ledger.repeats += 1;
        return answer;
    }
    let mood = (provider.judge)(&payment, &books.ledger);
    let (now, later) = match mood {
        Mood::Refuse => return StatusCode::SERVICE_UNAVAILABLE,
        Mood::Decline => (StatusCode::PAYMENT_REQUIRED, StatusCode::PAYMENT_REQUIRED),
        Mood::Take => (StatusCode::CREATED, StatusCode::CREATED),
        Mood::TakeAndFail => (StatusCode::INTERNAL_SERVER_ERROR, StatusCode::CREATED),
        Mood::TakeAndVanish => {
            (StatusCode::INTERNAL_SERVER_ERROR, StatusCode::INTERNAL_SERVER_ERROR)
        }
    };
    if mood != Mood::Decline {
        books.ledger.paid.entry(payment.hold_id).or_default().push(payment.cents);
    }
    books.answers.insert(key, later);
    now
}

async fn pay_back(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Json(refund): Json<Refund>,
) -> StatusCode {
    let key = match key(&headers) {
        Ok(key) => key,
        Err(status) => return status,
    };
    let mut books = provider.books();
    if let Some(answer) = books.answers.insert(key, StatusCode::CREATED) {
        books.ledger.repeats += 1;
        return answer;
    }
    let paid = books.ledger.paid.get(&refund.hold_id).map(|payments| payments.iter().sum());
    if let Some(cents) = paid {
        books.ledger.refunded.insert(refund.hold_id, cents);
    }
    StatusCode::CREATED
}
