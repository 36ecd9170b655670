//! Nothing accepted is lost: 2,000 commands through HTTP while the platform is killed three times with
//! `kill -9`, then every promise is checked against what clients saw, the history and the read model.

#[path = "../support/mod.rs"]
mod support;

mod check;
mod load;

use support::Platform;

/// How many commands clients send.
const COMMANDS: usize = 2_000;
/// After how many answers the platform is killed.
const KILLS: [usize; 3] = [400, 900, 1_400];
/// The seed of all choices, so that a failure can be seen again.
const SEED: u64 = 0x00C4_A27E;

#[test]
fn nothing_is_lost_when_the_platform_is_killed() {
    let data = tempfile::tempdir().expect("a directory");
    let (platform, history) = load::run(data.path(), COMMANDS, &KILLS, SEED);

    assert_eq!(history.len(), COMMANDS, "each command was accepted once, whatever it took");
    let outcomes = check::outcomes(&platform, &history);
    let shown = check::ReadModel::read(&platform, &outcomes);
    let (status, _) = platform.terminate();
    assert_eq!(status.code(), Some(0));

    let events = check::Events::read(data.path());
    events.check_sequences();
    events.check_outcomes(&outcomes);
    assert_eq!(shown.seats, events.fold_seats());
    assert_eq!(shown.nights, events.fold_nights(&shown.nights));
    println!(
        "{COMMANDS} commands, {} kills, {} events: {} applied, {} rejected, {} answers came only after a repeat",
        KILLS.len(),
        events.len(),
        outcomes.values().filter(|outcome| outcome.status == "APPLIED").count(),
        outcomes.values().filter(|outcome| outcome.status == "REJECTED").count(),
        history.iter().filter(|sent| sent.attempts > 1).count(),
    );
    let _ = Platform::start(data.path());
}
