//! Nothing accepted is lost: 2,000 commands through HTTP while the platform is killed three times with
//! `kill -9`, then every promise is checked against what clients saw, log, history and read model. The whole
//! run, with 20,000 commands and ten kills, is `tests/load/run`.

use std::path::Path;

use clap::Parser;
use load_tests::drive::DriveSettings;
use load_tests::kill::{self, Embedded, Killing};
use load_tests::plan::PlanSettings;

/// The command line of `load kill`, as far as this test uses it.
#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    plan: PlanSettings,
    #[command(flatten)]
    drive: DriveSettings,
}

/// What is sent: both contexts, hot seats, repeats, commands without a key, holds that end meanwhile.
const LOAD: &str = "load --seed 50338 --commands 2000 --connections 16 --shows 3 --seats 500 --hold-seconds 2 \
    --reservations 30 --properties 3 --rooms 3 --hot-seats 20 --repeats 10 --visible 5 --keyless 5 --wait 5";

#[test]
fn nothing_is_lost_when_the_platform_is_killed() {
    let directory = tempfile::tempdir().expect("a directory");
    let Flags { plan, drive } = Flags::parse_from(LOAD.split_whitespace());
    let binary = Path::new(env!("CARGO_BIN_EXE_platform"));
    let mut platform = Embedded::start(binary, directory.path()).expect("a platform");
    let history = directory.path().join("history");
    let killed =
        kill::run(Killing { history, plan, drive, kills: 3 }, &mut platform).expect("a run");
    let report = killed.verdict.report(5);
    assert!(killed.is_good(), "{:?}\n{:?}\n{report}", killed.trouble, killed.report);
    let counted = |what| killed.verdict.counts[what];
    assert_eq!(counted("kills"), 3);
    // The rest were lost with their connection and had no key to be sent again under.
    assert!(counted("commands accepted") > 1_950, "{report}");
    assert!(counted("events") > 1_000, "{report}");
    println!("{report}");
}
