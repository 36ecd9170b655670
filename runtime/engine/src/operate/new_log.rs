//! A store goes on although the log is lost.

use uuid::Uuid;

use super::{OperateError, Operator};
use crate::log::LogError;
use crate::store::{Batch, Checkpoint, Standing};

impl Operator {
    /// Lets a store go on with a log that was made anew since the old one is lost: owners begin where the new log
    /// does, and both get a new pairing id. What the old log had accepted and nobody had decided is gone; what was
    /// decided is in the store. Nothing must work on them meanwhile. Gives the id and how many partitions begin anew.
    ///
    /// # Errors
    /// [`OperateError::LogNotNew`] where the log has a pairing id; [`OperateError::Log`], [`OperateError::Store`].
    /// Where it breaks off it is done again.
    pub async fn pair_with_new_log(&self) -> Result<(Uuid, usize), OperateError> {
        if let Some(pair) = self.log.pairing_id().await? {
            return Err(OperateError::LogNotNew { pair });
        }
        let mut begun = 0;
        for context in self.contexts(None).await? {
            let topic = format!("{context}.commands");
            for standing in self.store.standings(&context).await? {
                let start = match self.log.bounds(&topic, standing.partition).await {
                    Ok(bounds) => bounds.start,
                    // Whoever starts first makes it.
                    Err(LogError::UnknownTopic(_)) => 0,
                    Err(error) => return Err(error.into()),
                };
                self.begin_at(&context, standing, start).await?;
                begun += 1;
            }
        }
        Ok((self.pair().await?, begun))
    }

    /// Moves a partition's checkpoint to an offset of the command topic, as its owner would.
    async fn begin_at(
        &self,
        context: &str,
        standing: Standing,
        offset: u64,
    ) -> Result<(), OperateError> {
        let Standing { partition, contract_version, .. } = standing;
        let claim = self.store.claim(context, partition, contract_version).await?;
        let batch = Batch {
            lease: claim.lease,
            expected_offset: claim.checkpoint.offset,
            checkpoint: Checkpoint { offset, ..claim.checkpoint },
            outcomes: Vec::new(),
            events: Vec::new(),
            deadlines: Vec::new(),
            resolved: Vec::new(),
        };
        self.store.commit(&batch).await?;
        // Or the next owner would take this one for a crash.
        Ok(self.store.release(&batch.lease, claim.checkpoint.published).await?)
    }
}
