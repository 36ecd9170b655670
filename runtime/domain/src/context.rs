//! What a decision may know beside the aggregate and the command.

use charter_avro::logical::Timestamp;
use uuid::Uuid;

/// The circumstances of one decision. The same command decided again sees the same context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    tenant: String,
    command_id: Uuid,
    time: Timestamp,
    actor: Option<String>,
}

impl Context {
    /// A context for the command `command_id` of `tenant`, decided at `time` (UTC).
    pub fn new(tenant: impl Into<String>, command_id: Uuid, time: Timestamp) -> Self {
        Self { tenant: tenant.into(), command_id, time, actor: None }
    }

    /// The same context with the principal who sent the command.
    #[must_use]
    pub fn with_actor(mut self, actor: Option<String>) -> Self {
        self.actor = actor;
        self
    }

    /// The tenant that the aggregate belongs to.
    #[must_use]
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The id of the command in decision; a natural id for what the command creates.
    #[must_use]
    pub fn command_id(&self) -> Uuid {
        self.command_id
    }

    /// The decision's time, UTC: never before the command's append nor before the partition's last
    /// decision. This is the only clock a decision has.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The principal who sent the command, where the gateway knew one.
    #[must_use]
    pub fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }
}
