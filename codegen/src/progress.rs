//! How far a run has come, for somebody who waits at a terminal. Elsewhere nothing is written.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is done sooner needs no word.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the spinner turns: often enough to look alive.
const TURN: Duration = Duration::from_millis(100);

/// Does `work`, and says `words` with the time that has passed once it takes longer than a second.
pub(crate) fn during<T>(words: &'static str, work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let (done, waiting) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if waiting.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
            let bar = ProgressBar::new_spinner()
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
                .with_message(words)
                .with_elapsed(PATIENCE);
            while waiting.recv_timeout(TURN) == Err(RecvTimeoutError::Timeout) {
                bar.tick();
            }
            bar.finish_and_clear();
        });
        let result = work();
        // The other end sees that nobody sends any more; a panic in `work` has the same effect.
        drop(done);
        result
    })
}

/// How far a command over many things has come.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Fewer than these are done before anyone looks.
    const WORTH: usize = 20;

    /// A bar for `of` things.
    pub(crate) fn new(of: usize) -> Self {
        // indicatif draws on a terminal only.
        let target = if of >= Self::WORTH {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(u64::try_from(of).ok(), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Another one begins.
    pub(crate) fn step(&mut self, name: &str) {
        self.bar.set_message(name.to_owned());
        self.bar.inc(1);
    }

    /// A line of the result, past the bar.
    ///
    /// # Errors
    /// Where standard output is closed.
    pub(crate) fn line(&self, line: &str) -> anyhow::Result<()> {
        self.bar.suspend(|| writeln!(std::io::stdout(), "{line}"))?;
        Ok(())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::during;

    #[test]
    fn what_is_done_is_given_back() {
        assert_eq!(during("counting", || 6 * 7), 42);
    }
}
