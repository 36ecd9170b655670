//! Batches of events, each projected in one transaction; events with many rows in several.

use std::collections::HashSet;
use std::ops::Range;
use std::time::Instant;

use charter_domain::{AggregateId, Contract, Envelope};
use tracing::warn;

use super::fold::Rows;
use super::views::Views;
use crate::follow::{Events, Item};
use crate::measures;
use crate::service::Requests;
use crate::store::{Parked, Progress, Store, StoreError, ViewStep, ViewWrite};
use crate::trace::{self, Kind};

/// How far the views of a partition have come, and what moves them.
pub(super) struct Projecting<'a, C: Contract> {
    pub(super) store: &'a dyn Store,
    pub(super) views: &'a Views<C>,
    pub(super) partition: u32,
    /// The most rows of one transaction.
    pub(super) most_rows: usize,
    pub(super) progress: Progress,
    pub(super) parked: HashSet<AggregateId>,
    /// Whether the views have come to where the store was at first: from then on it is measured how long
    /// events take to be visible.
    pub(super) caught_up: bool,
    /// Whether the last events came with others, so that waiting for more is worth it.
    pub(super) is_busy: bool,
    /// Where the events come from.
    pub(super) events: &'a Events<C>,
    /// What operators ask for.
    pub(super) requests: &'a Requests,
}

type AllRows<C> = Vec<Box<dyn Rows<C>>>;

impl<C: Contract> Projecting<'_, C> {
    /// Projects events that follow each other, from the next position on.
    pub(super) async fn project(&mut self, items: &[Item<C::Event>]) -> Result<(), StoreError> {
        let mut rest = items;
        while !rest.is_empty() {
            let mut rows = self.begin();
            let (mut failed, mut counts) = (Vec::new(), Vec::new());
            let mut total = 0;
            for item in rest {
                let (count, failure) = self.touch(&mut rows, item);
                total += count;
                if (total > self.most_rows || self.progress.staged > 0) && !counts.is_empty() {
                    break;
                }
                counts.push(count);
                failed.push(failure);
            }
            let (batch, later) = rest.split_at(counts.len());
            let begun = Instant::now();
            let many = counts.first().is_some_and(|count| {
                *count > self.most_rows || (*count > 0 && self.progress.staged > 0)
            });
            match batch {
                [item] if many => self.project_in_slices(item, rows).await?,
                _ => self.project_together(batch, rows, failed).await?,
            }
            self.measure(batch, begun);
            rest = later;
        }
        Ok(())
    }

    /// Measures a batch that is visible since a moment. What nobody reads yet is seen in its build's progress.
    fn measure(&self, batch: &[Item<C::Event>], begun: Instant) {
        if self.views.aside().is_some() {
            return;
        }
        let context = C::NAME;
        metrics::counter!("charter_events_projected_total", "context" => context)
            .increment(batch.len() as u64);
        metrics::histogram!("charter_projection_batch_events", "context" => context)
            .record(f64::from(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
        metrics::histogram!("charter_projection_seconds", "context" => context)
            .record(begun.elapsed().as_secs_f64());
        let mut step = trace::Step::since(begun);
        for item in batch {
            step.of(item.traceparent.as_deref());
        }
        step.end(Kind::Consumer, None, || {
            let attributes = vec![
                ("messaging.operation.name", "project".into()),
                ("messaging.destination.partition.id", self.partition.to_string().into()),
                ("db.system.name", self.store.system().into()),
                ("db.operation.batch.size", batch.len().into()),
            ];
            (format!("project {context}"), attributes)
        });
        if self.caught_up {
            let times = batch.iter().map(|item| item.time);
            measures::since("charter_accepted_to_visible_seconds", context, times);
        }
    }

    fn begin(&self) -> AllRows<C> {
        self.views.projections.iter().map(|projection| projection.begin()).collect()
    }

    /// Asks each projection for the event's rows; gives their count, and why the event can't be projected.
    fn touch(&self, rows: &mut AllRows<C>, item: &Item<C::Event>) -> (usize, Option<String>) {
        if self.parked.contains(&item.aggregate) {
            return (0, None);
        }
        let event = match &item.event {
            Ok(event) => event,
            Err(reason) => return (0, Some(reason.to_string())),
        };
        let mut count = 0;
        let mut failure = None;
        for rows in rows {
            match rows.touch(event) {
                Ok(touched) => count += touched,
                Err(reason) => failure = Some(reason),
            }
        }
        if failure.is_some() { (0, failure) } else { (count, None) }
    }

    async fn project_together(
        &mut self,
        items: &[Item<C::Event>],
        mut rows: AllRows<C>,
        failed: Vec<Option<String>>,
    ) -> Result<(), StoreError> {
        let Some(last) = items.last() else { return Ok(()) };
        let to = Progress { position: last.position, staged: 0 };
        let known = items.iter().filter(|item| self.is_touched(item)).count();
        let mut write = self.step(to).await?;
        if self.progress.staged > 0 {
            for projection in &self.views.projections {
                // The event was sliced, and now can't be projected.
                write.discard(projection.table()).await?;
            }
        }
        let tables = self.views.projections.iter().map(|projection| projection.table());
        let wanted: Vec<_> = tables
            .zip(&rows)
            .map(|(table, rows)| (table, rows.wanted(0..known, 0..usize::MAX)))
            .collect();
        let found = write.rows_of(&wanted).await?;
        for ((rows, (_, wanted)), found) in rows.iter_mut().zip(wanted).zip(found) {
            rows.fill(wanted, found);
        }
        let mut parked = Vec::new();
        let mut aside = self.parked.clone();
        let mut touched = 0;
        for (item, failure) in items.iter().zip(failed) {
            if self.parked.contains(&item.aggregate) {
                continue;
            }
            let number = touched;
            touched += usize::from(self.is_touched(item));
            let result = match (failure, &item.event) {
                (Some(reason), _) => Err(reason),
                (None, Err(reason)) => Err(reason.to_string()),
                (None, Ok(_)) if aside.contains(&item.aggregate) => continue,
                (None, Ok(event)) => {
                    let mut folded =
                        rows.iter_mut().map(|rows| rows.apply(number, event, 0..usize::MAX));
                    folded.find(Result::is_err).unwrap_or(Ok(()))
                }
            };
            for rows in &mut rows {
                rows.settle(result.is_ok());
            }
            if let Err(reason) = result
                && aside.insert(item.aggregate.clone())
            {
                parked.push(self.park(item, &reason));
            }
        }
        for (projection, rows) in self.views.projections.iter().zip(&mut rows) {
            write.write(projection.table(), &rows.changes()).await?;
        }
        write.park(&parked).await?;
        write.commit().await?;
        self.parked = aside;
        self.progress = to;
        Ok(())
    }

    /// Projects an event with many rows: they are staged slice by slice, and seen when all are there.
    async fn project_in_slices(
        &mut self,
        item: &Item<C::Event>,
        mut rows: AllRows<C>,
    ) -> Result<(), StoreError> {
        let Ok(event) = &item.event else { return Ok(()) };
        // The first event that was touched is this one; a later one may have been touched beside it.
        let counts: Vec<usize> = rows.iter().map(|rows| rows.count(0)).collect();
        let total: usize = counts.iter().sum();
        let mut done = self.progress.staged as usize;
        loop {
            let end = (done + self.most_rows).min(total);
            let is_last = end == total;
            let to = if is_last {
                Progress { position: item.position, staged: 0 }
            } else {
                let staged = u32::try_from(end).unwrap_or(u32::MAX);
                Progress { staged, ..self.progress }
            };
            let mut write = self.step(to).await?;
            let mut before = 0;
            let mut folded = Ok(());
            for ((projection, rows), count) in
                self.views.projections.iter().zip(&mut rows).zip(&counts)
            {
                let range = within(done..end, before..before + count);
                before += count;
                if range.is_empty() {
                    continue;
                }
                let wanted = rows.wanted(0..1, range.clone());
                let found = write.rows(projection.table(), &wanted).await?;
                rows.fill(wanted, found);
                folded = rows.apply(0, event, range);
                rows.settle(folded.is_ok());
                if folded.is_err() {
                    break;
                }
                write.stage(projection.table(), &rows.changes()).await?;
            }
            if let Err(reason) = folded {
                drop(write);
                return self.give_up(item, &reason).await;
            }
            if is_last {
                for projection in &self.views.projections {
                    write.reveal(projection.table()).await?;
                }
            }
            write.commit().await?;
            self.progress = to;
            done = end;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Parks the aggregate of an event that failed in a slice, and forgets the slices before.
    async fn give_up(&mut self, item: &Item<C::Event>, reason: &str) -> Result<(), StoreError> {
        let to = Progress { position: item.position, staged: 0 };
        let mut write = self.step(to).await?;
        for projection in &self.views.projections {
            write.discard(projection.table()).await?;
        }
        write.park(&[self.park(item, reason)]).await?;
        write.commit().await?;
        self.parked.insert(item.aggregate.clone());
        self.progress = to;
        Ok(())
    }

    /// Folds events of one aggregate in a step in hand; where one of them can't be, tells why, and nothing of
    /// them is written.
    pub(super) async fn fold(
        &self,
        write: &mut dyn ViewWrite,
        events: &[Envelope<C::Event>],
    ) -> Result<Result<(), String>, StoreError> {
        let mut rows = self.begin();
        for event in events {
            for rows in &mut rows {
                if let Err(reason) = rows.touch(event) {
                    return Ok(Err(reason));
                }
            }
        }
        for (projection, rows) in self.views.projections.iter().zip(&mut rows) {
            let wanted = rows.wanted(0..events.len(), 0..usize::MAX);
            let found = write.rows(projection.table(), &wanted).await?;
            rows.fill(wanted, found);
            for (number, event) in events.iter().enumerate() {
                let result = rows.apply(number, event, 0..usize::MAX);
                rows.settle(result.is_ok());
                if let Err(reason) = result {
                    return Ok(Err(reason));
                }
            }
        }
        for (projection, rows) in self.views.projections.iter().zip(&mut rows) {
            write.write(projection.table(), &rows.changes()).await?;
        }
        Ok(Ok(()))
    }

    /// Begins a transaction that moves the views from the progress to `to`.
    pub(super) async fn step(&self, to: Progress) -> Result<Box<dyn ViewWrite>, StoreError> {
        let set = self.views.set();
        let step = ViewStep {
            context: set.context.clone(),
            fingerprint: set.fingerprint.clone(),
            partition: self.partition,
            from: self.progress,
            to,
        };
        self.store.begin_views(&step).await
    }

    /// Whether the projections were asked for the event's rows.
    fn is_touched(&self, item: &Item<C::Event>) -> bool {
        item.event.is_ok() && !self.parked.contains(&item.aggregate)
    }

    fn park(&self, item: &Item<C::Event>, reason: &str) -> Parked {
        warn!(
            context = C::NAME,
            partition = self.partition,
            position = item.position,
            aggregate = %item.aggregate,
            correlation_id = item.correlation_id(),
            trace_id = item.trace_id(),
            reason,
            "set aside an aggregate: its views stay as they are"
        );
        metrics::counter!("charter_aggregates_parked_total", "context" => C::NAME).increment(1);
        Parked {
            aggregate: item.aggregate.clone(),
            partition: self.partition,
            position: item.position,
            reason: reason.replace('\0', "\u{fffd}"),
            time: item.time,
        }
    }
}

/// The part of `slice` within `part`, counted from the part's start.
fn within(slice: Range<usize>, part: Range<usize>) -> Range<usize> {
    let start = slice.start.clamp(part.start, part.end);
    let end = slice.end.clamp(part.start, part.end);
    start - part.start..end - part.start
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn a_slice_is_cut_to_a_part() {
        assert_eq!(within(0..5, 0..3), 0..3);
        assert_eq!(within(0..5, 3..9), 0..2);
        assert_eq!(within(5..10, 3..9), 2..6);
        assert_eq!(within(5..10, 0..3), 3..3);
    }
}
