//! Where scenarios take place: the same ones on the platform and on services apart.

use std::fmt::Debug;
use std::ops::Deref;

use super::{Client, Platform};

/// Services that run, whichever way.
pub trait Place: Debug {
    /// Asks them.
    fn client(&self) -> &Client;

    /// `kill -9` of a part of them, and waits until all is served again.
    fn crash(&mut self);
}

/// One place, and names that no other scenario uses there.
#[derive(Debug)]
pub struct World {
    place: Box<dyn Place>,
    scenario: usize,
}

impl World {
    /// A world in this place.
    pub fn new(place: impl Place + 'static) -> Self {
        Self { place: Box::new(place), scenario: 0 }
    }

    /// A platform with a directory of its own.
    pub fn embedded() -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let platform = Some(Platform::start(data.path()));
        Self::new(Embedded { platform, data })
    }

    /// Begins the next scenario.
    pub fn next(&mut self) {
        self.scenario += 1;
    }

    /// A name that this scenario alone uses, for a show or a tenant.
    pub fn name(&self, what: &str) -> String {
        format!("{what}-{}", self.scenario)
    }

    /// `kill -9`: of the platform, or of one of each service.
    pub fn crash(&mut self) {
        self.place.crash();
    }
}

impl Deref for World {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.place.client()
    }
}

/// The platform, which is started again after a crash.
#[derive(Debug)]
struct Embedded {
    platform: Option<Platform>,
    data: tempfile::TempDir,
}

impl Place for Embedded {
    fn client(&self) -> &Client {
        self.platform.as_ref().expect("it runs")
    }

    fn crash(&mut self) {
        self.platform.take().expect("it runs").kill();
        self.platform = Some(Platform::start(self.data.path()));
    }
}
