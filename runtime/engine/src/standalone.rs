//! Services as processes of their own, in a build without Apache Kafka.

use std::process::ExitCode;

/// Says on the standard error output that `service` can't run apart in this build, and what runs it.
/// Exit code 2: it could not run.
#[must_use]
pub fn refuse(service: &str) -> ExitCode {
    eprintln!("{}", refusal(service));
    ExitCode::from(2)
}

/// The line that [`refuse`] prints.
#[must_use]
pub fn refusal(service: &str) -> String {
    format!(
        "{service}: as a process of its own it needs Apache Kafka, which this build does not have; run `platform`, which holds every service in one process"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_what_to_run() {
        let line = refusal("seats");
        assert!(line.starts_with("seats: ") && line.contains("run `platform`"), "{line}");
        assert_eq!(line.lines().count(), 1);
    }
}
