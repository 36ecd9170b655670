//! What the system says of a process: Linux's `/proc`.

use std::time::Duration;

/// The kernel's clock ticks in a second, as `/proc` counts them on every Linux of today.
const TICKS_PER_SECOND: u32 = 100;

/// Processor time that a process (`self`, or its id) has taken so far; `None` where the system does not tell.
pub(crate) fn cpu(process: &str) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || fields.next().and_then(|field| field.parse::<u32>().ok());
    let (user, system) = (ticks()?, ticks()?);
    Some(Duration::from_secs(1) * (user + system) / TICKS_PER_SECOND)
}

/// Processor time that all programs of this machine have taken together so far, with what the kernel did for them.
pub(crate) fn machine() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    busy(stat.lines().next()?)
}

/// From the line of all processors: in programs, nice ones, the kernel, idle, waiting for disks, in interrupts of both kinds.
fn busy(line: &str) -> Option<Duration> {
    let fields = line.strip_prefix("cpu ")?.split_whitespace();
    let ticks: Vec<u64> = fields.map_while(|field| field.parse().ok()).collect();
    let &[user, nice, system, _idle, _waiting, hard, soft, ..] = ticks.as_slice() else {
        return None;
    };
    Some(Duration::from_millis(
        (user + nice + system + hard + soft) * 1_000 / u64::from(TICKS_PER_SECOND),
    ))
}

/// The same of a process and the processes that it has started, where those still run: a PostgreSQL server's are
/// one for each connection.
#[cfg(all(feature = "kafka", feature = "postgres"))]
pub(crate) fn cpu_of_all(process: u32) -> Option<Duration> {
    let own = cpu(&process.to_string())?;
    let ids = std::fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let started = ids.filter(|id| parent(id) == Some(process)).filter_map(|id| cpu(&id));
    Some(own + started.sum::<Duration>())
}

#[cfg(all(feature = "kafka", feature = "postgres"))]
fn parent(process: &str) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// Reads `NAME=PID`.
#[cfg(all(feature = "kafka", feature = "postgres"))]
pub(crate) fn named(text: &str) -> Result<(String, u32), String> {
    let parts = text.split_once('=');
    let parts = parts.and_then(|(name, id)| Some((name.to_owned(), id.parse().ok()?)));
    parts.ok_or_else(|| format!("expected `NAME=PID`, found `{text}`"))
}

/// Resident memory of a process now and at its highest, in bytes.
pub(crate) fn memory(process: &str) -> Option<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_matches([':', ' ', '\t']).strip_suffix(" kB")?.parse::<u64>().ok()
    };
    Some((value("VmRSS")? * 1_024, value("VmHWM")? * 1_024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_busy_with_all_but_idling_and_waiting() {
        let line = "cpu  100 20 30 4000 500 6 7 8 0 0";
        assert_eq!(busy(line), Some(Duration::from_millis(1_630)));
        assert_eq!(busy("cpu0 100 20 30 4000 500 6 7 8 0 0"), None);
        assert_eq!(busy("cpu  100 20"), None);
        assert!(machine() >= cpu("self"), "this process is of the machine");
    }

    #[test]
    fn this_process_has_memory_and_a_processor() {
        let (now, most) = memory("self").expect("Linux");
        assert!(now > 1 << 20 && most >= now, "{now} of {most}");
        assert!(cpu("self").is_some());
        assert_eq!(cpu("none"), None);
    }
}
