//! The views of a property. Each event says all that its rows need, so a row after an event is a function
//! of the row before it and the event alone.

mod availability;
mod property;
mod reservation;
