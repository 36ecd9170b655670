//! Owners that die, and owners that only seem to.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::history;
use super::rush::Rush;
use crate::support::cluster::{Cluster, Engines, Instance, alone};
use crate::support::world::Place as _;
use crate::support::{Answer, until};

/// How many commands are sent while something dies.
const COMMANDS: usize = 400;
/// How long another one may take to be the owner before the test gives up.
const PATIENCE: Duration = Duration::from_mins(4);

#[test]
fn one_of_each_service_is_killed_and_nothing_is_lost_or_doubled() {
    let test = "one_of_each_service_is_killed_and_nothing_is_lost_or_doubled";
    let Some(engines) = Engines::from_env(test) else { return };
    let _alone = alone();
    let mut cluster = Cluster::start(&engines);
    let rush = Rush("rush");
    rush.open(cluster.client());
    let victims = Mutex::new((cluster.take_first_of_each(), Vec::new()));
    let kill = |done: usize| {
        // One after the other, each in the middle of the others' work.
        let mut victims = victims.lock().expect("no panic");
        if done.is_multiple_of(COMMANDS / 8)
            && let Some(mut victim) = victims.0.pop()
        {
            victim.kill();
            victims.1.push(victim);
        }
    };
    let done = rush.run(cluster.client(), COMMANDS, kill);
    let (alive, mut killed) = victims.into_inner().expect("no panic");
    assert_eq!((alive.len(), killed.len()), (0, 6), "one of each was killed");
    for instance in &mut killed {
        instance.restart();
        instance.readiness(200);
    }
    rush.check(cluster.client(), &done);
    history::check(&cluster.database, &done);
    println!(
        "{} commands, {} asked more than once",
        done.len(),
        done.iter().filter(|one| one.attempts > 1).count()
    );
}

/// Who holds the partitions of `seat`, by the numbers of the processes; an error where somebody else has one, or nobody.
fn owners(cluster: &Cluster, of: &[u32]) -> Result<BTreeSet<u32>, String> {
    let client = cluster.client();
    let status = Answer::send(client.get("/operations/status"));
    let contexts = status.json["contexts"].as_array().ok_or_else(|| status.text.clone())?;
    let seat = contexts.iter().find(|context| context["context"] == "seat");
    let partitions = seat.and_then(|seat| seat["partitions"].as_array());
    let mut owners = BTreeSet::new();
    for partition in partitions.ok_or_else(|| status.text.clone())? {
        let owner = partition["owner"].as_str().unwrap_or_default();
        let id = owner.rsplit_once(':').and_then(|(_, id)| id.parse().ok());
        match id.filter(|id| of.contains(id)) {
            Some(id) => owners.insert(id),
            None => return Err(status.text),
        };
    }
    Ok(owners)
}

#[test]
fn the_status_says_which_process_holds_a_partition() {
    let test = "the_status_says_which_process_holds_a_partition";
    let Some(engines) = Engines::from_env(test) else { return };
    let _alone = alone();
    let mut cluster = Cluster::start(&engines);
    let both = [cluster.seats[0].id(), cluster.seats[1].id()];
    let found = until(PATIENCE, || match owners(&cluster, &both) {
        Ok(owners) if owners == both.into() => Ok(()),
        other => Err(other),
    });
    assert_eq!(found, Ok(()));
    cluster.seats[0].kill();
    let found = until(PATIENCE, || owners(&cluster, &both[1..]));
    assert_eq!(found, Ok([both[1]].into()));
}

/// How often the process has become the owner of a partition of `seat`.
fn claims(instance: &Instance) -> usize {
    instance.said().lines().filter(|line| line.contains("claimed context=\"seat\"")).count()
}

#[test]
fn an_owner_that_was_paused_past_its_session_commits_nothing() {
    let test = "an_owner_that_was_paused_past_its_session_commits_nothing";
    let Some(engines) = Engines::from_env(test) else { return };
    let _alone = alone();
    let cluster = Cluster::start(&engines);
    let mut all = Vec::new();
    // When it goes on it either hears first that the partitions are another's, or is at work before and its
    // commit fails. Both must do no harm; the second one is awaited, and comes in the first round as a rule.
    for rush in ["first", "second", "third", "fourth", "fifth"].map(Rush) {
        rush.open(cluster.client());
        let decided = |number: usize| cluster.seats[number].metric("charter_commands_total");
        let (paused, other) = if decided(0) >= decided(1) { (0, 1) } else { (1, 0) };
        let (paused, other) = (&cluster.seats[paused], &cluster.seats[other]);
        let begun = Instant::now();
        let before = claims(other);
        let done = std::thread::scope(|scope| {
            let (pause, is_paused) = std::sync::mpsc::sync_channel(1);
            scope.spawn(move || {
                is_paused.recv().expect("a pause");
                // Its session ends, and the other one takes its partitions.
                let taken = until(PATIENCE.saturating_sub(begun.elapsed()), || {
                    if claims(other) == before { Err(()) } else { Ok(()) }
                });
                assert!(taken.is_ok(), "nobody took over: {}", other.said());
                paused.signal("CONT");
            });
            rush.run(cluster.client(), COMMANDS, |done| {
                if done == COMMANDS / 8 {
                    paused.signal("STOP");
                    pause.send(()).expect("somebody waits");
                }
            })
        });
        rush.check(cluster.client(), &done);
        all.extend(done);
        let fenced = paused.said().matches("another owner has the partition").count();
        println!("{rush:?}: {:?}, fenced {fenced} times", begun.elapsed());
        if fenced > 0 {
            history::check(&cluster.database, &all);
            return;
        }
    }
    panic!("no commit was refused");
}
