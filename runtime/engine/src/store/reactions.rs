//! What reactors read and write.

use std::str::FromStr;

use charter_domain::AggregateId;

use super::Parked;

/// A reactor's work on one partition of a context's events.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReactorPart {
    /// The reactor's name.
    pub reactor: String,
    /// The context whose events it sees.
    pub context: String,
    /// The partition.
    pub partition: u32,
}

/// The event that a reactor sent a command for. As text `{reactor}/{context}/{partition}/{position}`: neither
/// name has a `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reaction {
    /// Whose command it is.
    pub part: ReactorPart,
    /// The event's position.
    pub position: i64,
}

/// One transaction of a reactor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReactorStep {
    /// Whose.
    pub part: ReactorPart,
    /// The position before, -1 for none; compared.
    pub from: i64,
    /// The position after; set.
    pub to: i64,
    /// Aggregates to be set aside.
    pub parked: Vec<Parked>,
    /// An aggregate that was set aside and is no longer.
    pub resumed: Option<AggregateId>,
}

/// What a condition on `outcomes AS o` must say, so that no reactor may send the command again.
pub(super) const NOT_SENT_AGAIN: &str = "NOT EXISTS (
    SELECT 1 FROM reactions AS r WHERE r.command_id = o.command_id AND r.tenant = o.tenant AND (
        EXISTS (
            SELECT 1 FROM reactor_positions AS p
            WHERE p.reactor = r.reactor AND p.context = r.context AND p.partition = r.partition
                AND p.position < r.position)
        OR EXISTS (
            SELECT 1 FROM events AS e JOIN reactor_parked AS k
                ON k.context = e.context AND k.tenant = e.tenant AND k.aggregate_key = e.aggregate_key
            WHERE e.context = r.context AND e.partition = r.partition AND e.position = r.position
                AND k.reactor = r.reactor AND k.position <= r.position)))";

impl std::fmt::Display for ReactorPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.reactor, self.context, self.partition)
    }
}

impl std::fmt::Display for Reaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.part, self.position)
    }
}

/// A text that names no reaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reaction is named `reactor/context/partition/position`")]
pub struct NoReaction;

impl FromStr for Reaction {
    type Err = NoReaction;

    fn from_str(text: &str) -> Result<Self, NoReaction> {
        let parts: Vec<&str> = text.split('/').collect();
        let [reactor, context, partition, position] = parts[..] else { return Err(NoReaction) };
        let part = ReactorPart {
            reactor: reactor.to_owned(),
            context: context.to_owned(),
            partition: partition.parse().map_err(|_| NoReaction)?,
        };
        Ok(Self { part, position: position.parse().map_err(|_| NoReaction)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reaction_is_read_as_it_was_written() {
        let part = ReactorPart {
            reactor: "housekeeping".to_owned(),
            context: "reservation".to_owned(),
            partition: 7,
        };
        let reaction = Reaction { part, position: 42 };
        assert_eq!(reaction.to_string(), "housekeeping/reservation/7/42");
        assert_eq!(reaction.to_string().parse(), Ok(reaction));
        for wrong in ["", "a/b/1", "a/b/1/2/3", "a/b/x/2", "a/b/-1/2", "a/b/1/"] {
            assert_eq!(wrong.parse::<Reaction>(), Err(NoReaction), "{wrong}");
        }
    }
}
