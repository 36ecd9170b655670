//! Where a context's partitions stand, for those who watch and operate a platform.

use super::Checkpoint;

/// Where one partition stands that was ever claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The partition.
    pub partition: u32,
    /// The fencing number of its last owner, from 1.
    pub epoch: i64,
    /// Whether the last owner has given it up in good order, so that nobody has it now.
    pub is_released: bool,
    /// The version of the contract that its last owner knew.
    pub contract_version: u32,
    /// The process that claimed it last, as [`crate::instance::name`] calls it; `None` where a release did that had no
    /// names.
    pub owner: Option<String>,
    /// How far it is.
    pub checkpoint: Checkpoint,
}

/// Connections to a database, of one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// What they are for: `history_writer`, `readers`.
    pub name: &'static str,
    /// Those that wait for work.
    pub idle: u32,
    /// Those at work.
    pub in_use: u32,
    /// The most there may be.
    pub most: u32,
}
