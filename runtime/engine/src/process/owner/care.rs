//! How carefully a partition is decided: normally not at all, and after an end without a word so that what
//! ends the process is found.

use crate::store::{Attempt, Trial};

/// How many commands an owner records before it tries them, after one that ended without a word.
const CAREFUL_COMMANDS: usize = 500;
/// A batch over which a process has ended is tried again in parts of this fraction, down to single commands:
/// of a batch of 500 that is after 62 and 7.
const PART: usize = 8;

/// How carefully the next commands are decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Care {
    /// Commands left that are recorded, as a batch, before they are tried.
    recorded: usize,
    /// Commands left, the next ones, of which one is suspected…
    suspects: usize,
    /// …and of which so many are tried at a time.
    most: usize,
    /// Whether the next command has failed in its batch, and ended no process.
    failed: bool,
}

impl Care {
    /// After an owner that ended without a word, over `trial` where it recorded one.
    pub(in super::super) fn after_crash(self, trial: Option<Trial>) -> Self {
        let recorded = self.recorded.max(CAREFUL_COMMANDS);
        match trial {
            Some(Trial::Together(count)) => {
                let count = count as usize;
                let most = (count / PART).max(1);
                Self { recorded: recorded.max(count), suspects: count, most, ..self }
            }
            // Taken back: it was not what ended the process.
            Some(Trial::Alone(Attempt { count: 0, .. })) | None => Self { recorded, ..self },
            Some(Trial::Alone(_)) => Self { recorded, suspects: 1, most: 1, ..self },
        }
    }

    /// After a command of a batch failed, which is the next one now.
    pub(super) fn after_failure(self) -> Self {
        Self { failed: true, ..self }
    }

    /// After so many commands were decided.
    pub(super) fn after(self, count: usize) -> Self {
        Self {
            recorded: self.recorded.saturating_sub(count),
            suspects: self.suspects.saturating_sub(count),
            failed: self.failed && count == 0,
            ..self
        }
    }

    /// The most commands to try at a time.
    pub(super) fn most(self, usual: usize) -> usize {
        match (self.failed, self.suspects) {
            (true, _) => 1,
            (false, 0) => usual,
            (false, _) => self.most.min(usual),
        }
    }

    /// Whether a command is tried by itself.
    pub(super) fn is_alone(self) -> bool {
        self.failed || self.is_attempt()
    }

    /// Whether it is while nobody else decides, and counts as an attempt.
    pub(super) fn is_attempt(self) -> bool {
        self.suspects > 0 && self.most == 1
    }

    /// Whether a batch is recorded before it is tried.
    pub(super) fn is_recorded(self) -> bool {
        self.recorded > 0
    }

    /// How many commands are left to be decided with care.
    pub(super) fn left(self) -> usize {
        self.recorded.max(self.suspects)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_ends_the_process_is_found_in_few_steps() {
        let mut care = Care::default();
        assert_eq!((care.most(500), care.is_recorded(), care.is_alone()), (500, false, false));
        let mut sizes = Vec::new();
        let mut trial = None;
        while !care.is_alone() {
            care = care.after_crash(trial);
            let size = care.most(500);
            sizes.push(size);
            trial = Some(Trial::Together(u32::try_from(size).expect("small")));
            assert!(care.is_recorded());
        }
        assert_eq!(sizes, [500, 62, 7, 1]);
        assert_eq!(care.after(6).most(500), 1, "the seventh may be the one");
        assert_eq!(care.after(7).most(500), 500);
        assert!(care.after(7).is_recorded());
        assert!(!care.after(500).is_recorded());
    }

    #[test]
    fn an_attempt_that_was_taken_back_raises_no_suspicion() {
        let attempt = |count| Attempt { command_id: Uuid::nil(), count };
        let care = Care::default().after_crash(Some(Trial::Alone(attempt(0))));
        assert!(!care.is_alone() && care.is_recorded());
        assert!(Care::default().after_crash(Some(Trial::Alone(attempt(1)))).is_alone());
    }

    #[test]
    fn what_failed_in_a_batch_is_tried_by_itself_and_nobody_waits() {
        let care = Care::default().after_failure();
        assert!(care.is_alone() && !care.is_attempt() && !care.is_recorded());
        assert_eq!((care.most(500), care.after(0).most(500), care.after(1).most(500)), (1, 1, 500));
        assert_eq!(care.after(1), Care::default());
        let attempt = Attempt { command_id: Uuid::nil(), count: 1 };
        let suspect = Care::default().after_crash(Some(Trial::Alone(attempt))).after_failure();
        assert!(suspect.is_attempt(), "what may end the process is tried with care all the same");
    }
}
