use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks at what another process does until there is what is looked for, or `patience` is over; then gives what
/// was found last instead.
///
/// # Errors
/// What the last look found.
pub fn until<T, E>(patience: Duration, mut look: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let begun = Instant::now();
    loop {
        let seen = look();
        if seen.is_ok() || begun.elapsed() >= patience {
            return seen;
        }
        std::thread::sleep(PAUSE);
    }
}
