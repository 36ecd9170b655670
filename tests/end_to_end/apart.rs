//! Each service as processes of its own, two of each, on Apache Kafka and PostgreSQL.

mod clients;
mod engines;
mod fencing;
mod history;
mod restore;
mod rush;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::SCENARIOS;
use crate::support::cluster::{Cluster, Engines, alone};
use crate::support::until;
use crate::support::world::{Place as _, World};

#[test]
fn scenarios_hold_apart() {
    let Some(engines) = Engines::from_env("scenarios_hold_apart") else { return };
    let _alone = alone();
    let mut world = World::new(Cluster::start(&engines));
    let mut failed = Vec::new();
    for (name, scenario) in SCENARIOS {
        let begun = Instant::now();
        world.next();
        if let Err(why) = catch_unwind(AssertUnwindSafe(|| scenario(&mut world))) {
            failed.push(format!("{name}: {}", said(why.as_ref())));
        }
        println!("{name}: {:?}", begun.elapsed());
    }
    // Last and once more, since who reads a long run's end sees nothing of its middle.
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What a test that panicked said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it said nothing")
}

#[test]
fn gateways_have_reply_partitions_of_their_own_and_all_end_in_time() {
    let test = "gateways_have_reply_partitions_of_their_own_and_all_end_in_time";
    let Some(engines) = Engines::from_env(test) else { return };
    let _alone = alone();
    let mut cluster = Cluster::start(&engines);
    let waiting = |cluster: &Cluster| -> Vec<f64> {
        let all = cluster.gateways.iter().chain(&cluster.reservations);
        all.map(|instance| instance.metric("charter_reply_partition")).collect()
    };
    let own = until(Duration::from_mins(1), || {
        let mut partitions = waiting(&cluster);
        partitions.sort_by(f64::total_cmp);
        partitions.dedup();
        if partitions.len() == 4 { Ok(partitions) } else { Err(partitions) }
    });
    let own = own.unwrap_or_else(|partitions| panic!("shared still: {partitions:?}"));
    assert!(own.iter().all(|partition| (0.0..12.0).contains(partition)), "{own:?}");

    // Whoever asks hears of the outcome on its own.
    let show = serde_json::json!({"showId": "s", "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": 1}]});
    let client = cluster.client();
    client.decide(client.post("/v1/shows", &show)).expect(200);
    client.decide(client.post("/v1/shows", &show)).expect(409);

    for instance in cluster.all() {
        instance.signal("TERM");
    }
    let begun = Instant::now();
    for instance in cluster.all() {
        let status = instance.wait();
        assert_eq!(status.code(), Some(0), "{}", instance.said());
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
