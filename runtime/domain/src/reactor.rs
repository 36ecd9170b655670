//! What an author writes where an event of one context asks something of another.

use crate::{Contract, Envelope};

/// Turns events of the context `C` into commands: each is sent once for each event, however often the process
/// ends in between.
///
/// `react` is pure and synchronous. What has to be remembered between two events, such as how far a saga has
/// come, is the state of an aggregate that the commands go to; a time-out is a deadline of its events.
///
/// The commands' ids follow from ([`Reactor::NAME`], the event's id, the command's place in the list). Where a
/// release makes `react` give something else, only events that are not behind the checkpoint see it.
pub trait Reactor<C: Contract>: Send + Sync + 'static {
    /// The name, of all reactors of an installation no other's: 1–64 characters of `[A-Za-z0-9_-]`. Ids and
    /// checkpoint hang on it, so it never changes: another name is a reactor that has seen nothing yet.
    const NAME: &'static str;

    /// Where a reactor that has seen nothing yet begins.
    const BEGIN: Begin = Begin::History;

    /// The context whose commands are sent; it may be `C`.
    type Commands: Contract;

    /// What the event asks for, in the order in which it is sent; usually nothing.
    ///
    /// All commands of one aggregate's events to one aggregate arrive in the events' order.
    fn react(event: &Envelope<C::Event>) -> Vec<<Self::Commands as Contract>::Command>;
}

/// Where a reactor begins that has seen nothing yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    /// With the first event there ever was.
    #[default]
    History,
    /// With the first event after its first start: what is past asks for nothing any more.
    Now,
}
