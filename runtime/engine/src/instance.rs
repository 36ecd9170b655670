//! What this process is called where others have to find it.

use std::sync::LazyLock;

/// The most of a host's name, in bytes: what POSIX lets one have at most.
const MAX_HOST: usize = 255;

/// `HOST:PID`: the machine, container or pod, and the process on it. Where partitions are held it says by whom, and
/// spans say from whom they are.
#[must_use]
pub fn name() -> &'static str {
    static NAME: LazyLock<String> = LazyLock::new(|| {
        let system = rustix::system::uname();
        named(&system.nodename().to_string_lossy(), std::process::id())
    });
    &NAME
}

/// The name of a process on a host; what no host may be called is shown as `-`.
fn named(host: &str, pid: u32) -> String {
    let host = host.chars().take(MAX_HOST).map(|character| {
        let is_known = character.is_ascii_alphanumeric() || "._-".contains(character);
        if is_known { character } else { '-' }
    });
    format!("{}:{pid}", host.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_called_after_its_host() {
        assert_eq!(named("seats-7d9f.example", 7), "seats-7d9f.example:7");
        assert_eq!(named("two words\n", 7), "two-words-:7");
        assert_eq!(named(&"a".repeat(300), 7).len(), 255 + 2);
        assert!(name().ends_with(&format!(":{}", std::process::id())), "{}", name());
        assert_eq!(name(), name());
    }
}
