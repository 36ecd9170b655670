//! Work that waits is done together: what comes while one statement runs goes into the next one.
//!
//! A transaction for one row costs forty times what a row of a large batch costs, and a partition alone seldom
//! has a large one. A job that comes alone is done alone, at once; where the last ones had company, the next wait for
//! theirs, at the lane's [`Pace`].

use std::future::Future;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::pace::Pace;
use crate::store::StoreError;

/// How jobs of one kind are done.
pub(super) trait Work: Send + Sync + 'static {
    /// What is asked.
    type Job: Send + 'static;
    /// What it is answered.
    type Answer: Send + 'static;
    /// The weight with which a statement is full.
    const FULL: usize;
    /// The jobs that may wait; one beyond waits for a place. Of what owners ask each partition has one or two.
    const WAITING: usize = 256;
    /// The most that a job waits for company, where others are about.
    const PACE: Duration;
    /// The weight with which a group is worth a statement at once.
    const ENOUGH: usize;

    /// What a job adds to a statement, about a row for each.
    fn weight(job: &Self::Job) -> usize;

    /// Does the jobs, at least one; gives an answer for each, in order.
    fn run(
        &self,
        jobs: Vec<Self::Job>,
    ) -> impl Future<Output = Vec<Result<Self::Answer, StoreError>>> + Send;
}

/// The jobs that wait.
struct Queue<W: Work> {
    receiver: mpsc::Receiver<Entry<W>>,
    /// Whether the last group had more than one.
    had_company: bool,
}

type Entry<W> = (<W as Work>::Job, oneshot::Sender<Result<<W as Work>::Answer, StoreError>>);

/// Where jobs of one kind wait, and the tasks that do them.
#[derive(Debug)]
pub(super) struct Lane<W: Work> {
    sender: mpsc::Sender<Entry<W>>,
    stop: CancellationToken,
    /// Ended with the lane, if not before.
    workers: StdMutex<JoinSet<()>>,
}

impl<W: Work> Lane<W> {
    /// A lane where `workers` statements run at a time.
    pub(super) fn start(work: W, workers: usize) -> Self {
        let (sender, receiver) = mpsc::channel(W::WAITING);
        let queue = Queue::<W> { receiver, had_company: false };
        let pace = Arc::new(Pace::new(W::PACE));
        let (work, queue) = (Arc::new(work), Arc::new(Mutex::new(queue)));
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for _ in 0..workers {
            let (work, queue, stop) = (work.clone(), queue.clone(), stop.clone());
            let pace = pace.clone();
            tasks.spawn(async move {
                while let Some(entries) = gather::<W>(&queue, &pace, &stop).await {
                    let begun = Instant::now();
                    pace.begin(begun);
                    let (jobs, senders): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
                    let answers = work.run(jobs).await;
                    pace.end(begun.elapsed());
                    for (answer, sender) in answers.into_iter().zip(senders) {
                        // Who does not wait any more does not want to know.
                        let _ = sender.send(answer);
                    }
                }
            });
        }
        Self { sender, stop, workers: StdMutex::new(tasks) }
    }

    /// Has a job done. Where the caller does not wait for the answer, it may be done all the same.
    pub(super) async fn submit(&self, job: W::Job) -> Result<W::Answer, StoreError> {
        let closed = || StoreError::unavailable("the store is closed");
        if self.stop.is_cancelled() {
            return Err(closed());
        }
        let (sender, answer) = oneshot::channel();
        self.sender.send((job, sender)).await.map_err(|_| closed())?;
        answer.await.unwrap_or_else(|_| {
            let source = "the task that should have done it has ended".into();
            Err(StoreError::FateUnknown { source })
        })
    }

    /// Does what waits, and nothing that comes later.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        let mut workers =
            std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        while workers.join_next().await.is_some() {}
    }
}

/// The answers of one statement for `jobs` jobs, or its error for each of them.
pub(super) fn answers<A>(
    jobs: usize,
    found: Result<Vec<A>, StoreError>,
) -> Vec<Result<A, StoreError>> {
    match found {
        Ok(found) => found.into_iter().map(Ok).collect(),
        Err(error) => (0..jobs).map(|_| Err(StoreError::unavailable(error.to_string()))).collect(),
    }
}

/// The jobs that wait, at least one; `None` once all are done and no more are wanted.
async fn gather<W: Work>(
    queue: &Mutex<Queue<W>>,
    pace: &Pace,
    stop: &CancellationToken,
) -> Option<Vec<Entry<W>>> {
    let mut queue = queue.lock().await;
    let first = tokio::select! {
        biased;
        first = queue.receiver.recv() => first?,
        () = stop.cancelled() => return None,
    };
    let mut weight = W::weight(&first.0);
    let mut entries = vec![first];
    let until = pace.next();
    while weight < W::FULL {
        let entry = match queue.receiver.try_recv() {
            Ok(entry) => entry,
            Err(_) if !queue.had_company || weight >= W::ENOUGH => break,
            Err(_) => tokio::select! {
                entry = timeout_at(until, queue.receiver.recv()) => match entry {
                    Ok(Some(entry)) => entry,
                    Ok(None) | Err(_) => break,
                },
                () = stop.cancelled() => break,
            },
        };
        weight += W::weight(&entry.0);
        entries.push(entry);
    }
    queue.had_company = entries.len() > 1;
    Some(entries)
}
