//! A saga: seats that are held are paid for and then reserved; where the card is declined they are given back, and what was
//! paid for a hold that has ended is paid back.
//!
//! | step | who does it |
//! |---|---|
//! | hold, with a time-out | the show: `seat.held` sets a deadline |
//! | pay | [`Payments`], an effect on `seat.held`: one request to the provider, under the event's key |
//! | confirm, or release as compensation | the command that [`Payments`] then sends |
//! | pay back what came too late | [`Payments`] on `seat.released`, which follows every hold that was not confirmed |
//!
//! There is no state but the show's: what the saga has to know it reads from events, and the events of a show come in order.
//! [`provider`] stands for the payment provider; its ledger shows that each payment is there once, whoever dies when
//! (`tests/kills.rs`).

mod payments;
pub mod provider;

pub use payments::Payments;
