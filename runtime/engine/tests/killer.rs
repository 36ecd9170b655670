//! A command whose decision ends the process: it is found among others, and only it counts attempts.

mod support;

use std::path::Path;
use std::process::{Command, Stdio};

use charter_domain::{AggregateId, Contract};
use charter_engine::log::Log;
use charter_engine::store::{Store, Trial};
use contract_shared::OutcomeStatus;
use support::tally::{KILL, PLAIN, Tally, add};
use support::{PARTITIONS, TENANT, World, until};
use uuid::Uuid;

/// Where a child process decides, given to it in the environment.
const CHILD_DIRECTORY: &str = "CHARTER_KILLER_TEST_CHILD";
/// Commands on each side of the killer, in its partition.
const BESIDE: usize = 150;

/// Not a test by itself: the process that the killer ends. It decides all that there is, and ends.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_decides() {
    let Some(path) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let world = World::within(Path::new(&path)).await;
    let running = world.start();
    for partition in 0..PARTITIONS {
        let end = world.log.bounds(&Tally::commands_topic(), partition).await.expect("bounds").end;
        until("the end", async || {
            let found = world.store.checkpoint(Tally::NAME, partition).await.expect("an answer");
            found.filter(|checkpoint| checkpoint.offset == end)
        })
        .await;
    }
    running.stop().await;
}

/// Lets a child decide; says whether it ended in good order.
fn decide(directory: &Path) -> bool {
    let status = Command::new(std::env::current_exe().expect("has a path"))
        .args(["--exact", "child_that_decides"])
        .env(CHILD_DIRECTORY, directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.expect("started").success()
}

async fn close(world: World) {
    world.log.close().await;
    world.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_ends_the_process_is_found_among_others() {
    let directory = tempfile::tempdir().expect("a directory");
    let world = World::within(directory.path()).await;
    let partition = |name: &str| world.sender.partition(&AggregateId::new(TENANT, name));
    let mut others = Vec::new();
    let mut killer = None;
    let mut beside = 0;
    for number in 0.. {
        let name = format!("n{number}");
        others.push(world.send(add(&name, 1, PLAIN)).await);
        beside += usize::from(partition(&name) == 0);
        if beside == BESIDE && killer.is_none() {
            let name = (0..).map(|number: u32| format!("k{number}"));
            let name = { name }.find(|name| partition(name) == 0).expect("one in two");
            killer = Some(world.send(add(&name, 1, KILL)).await);
        }
        if beside == 2 * BESIDE {
            break;
        }
    }
    let killer = killer.expect("sent");
    close(world).await;

    let mut trials = Vec::new();
    while !decide(directory.path()) {
        assert!(trials.len() < 20, "{trials:?}");
        let world = World::within(directory.path()).await;
        for partition in 0..PARTITIONS {
            let claim = world.store.claim(Tally::NAME, partition, 1).await.expect("a claim");
            if partition == 0 {
                trials.push(claim.trial);
            } else {
                assert!(!matches!(claim.trial, Some(Trial::Alone(_))), "{:?}", claim.trial);
            }
        }
        close(world).await;
    }
    let mut sizes = Vec::new();
    let mut attempts: Vec<(Uuid, u32)> = Vec::new();
    for trial in &trials {
        match trial {
            None => sizes.push(None),
            Some(Trial::Together(size)) => sizes.push(Some(*size)),
            Some(Trial::Alone(attempt)) => attempts.push((attempt.command_id, attempt.count)),
        }
    }
    // 301 of which nobody said anything, the same again, an eighth, an eighth of that.
    assert_eq!(sizes, [None, Some(301), Some(37), Some(4)]);
    assert_eq!(attempts, (1..=5).map(|count| (killer, count)).collect::<Vec<_>>());

    let world = World::within(directory.path()).await;
    assert_eq!(world.outcome(killer).await.status, OutcomeStatus::Failed);
    for other in others {
        assert_eq!(world.outcome(other).await.status, OutcomeStatus::Applied);
    }
    let letters = world.letters().await;
    let letters: Vec<_> =
        letters.values().map(|letter| (letter.code.as_str(), letter.attempts)).collect();
    assert_eq!(letters, [("CRASHED", 5)]);
    close(world).await;
}
