//! The spans of a batch that is committed.

use std::time::Instant;

use charter_domain::Decider;

use super::super::draft::Finished;
use crate::trace::{self, Kind, Span};

/// A span for each command whose trace is recorded, from when its batch was `gathered`, and one for the transaction,
/// since `begun`. `system` is the database.
pub(super) fn committed<D: Decider>(
    finished: &Finished<D>,
    system: &'static str,
    gathered: Instant,
    begun: Instant,
) {
    let Finished { batch, traced, .. } = finished;
    let Some((first, others)) = traced.split_first() else { return };
    let context = &batch.lease.context;
    let partition = batch.lease.partition.to_string();
    let attributes = vec![
        ("db.system.name", system.into()),
        ("db.operation.name", "commit".into()),
        ("db.operation.batch.size", batch.outcomes.len().into()),
        ("charter.events", batch.events.len().into()),
        ("charter.partition", partition.clone().into()),
    ];
    let others = others.iter().map(|(handled, _)| *handled);
    let commit = trace::batch(format!("commit {context}"), begun, first.0, others, attributes);
    for (handled, place) in traced {
        let Some(outcome) = batch.outcomes.get(*place).map(|stored| &stored.outcome) else {
            continue;
        };
        let name = format!("decide {}", outcome.r#type);
        let span = Span::now(name, Kind::Consumer, handled.own, handled.parent, gathered);
        let mut attributes = vec![
            ("messaging.operation.name", "decide".into()),
            ("messaging.destination.partition.id", partition.clone().into()),
            ("charter.command.id", outcome.command_id.to_string().into()),
            ("charter.outcome", outcome.status.as_str().into()),
        ];
        if let Some(code) = &outcome.code {
            attributes.push(("charter.outcome.code", code.clone().into()));
        }
        // The transaction is a child of the first one's decision.
        let links = if handled.own == first.0.own { Vec::new() } else { vec![commit] };
        trace::end(Span { attributes, links, ..span });
    }
}
