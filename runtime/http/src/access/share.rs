//! Places for requests in hand, shared among tenants: whoever has many leaves some to the others.
//!
//! A tenant may have at most [`WEIGHT`] times as many as are free (dynamic thresholds, Choudhury and Hahne 1998): alone
//! it gets four fifths, two greedy ones get four ninths each, and a tenant that comes with its first request always
//! finds a place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::problem::Problem;

/// How many times the free places one tenant may have.
const WEIGHT: usize = 4;
/// When a refused client may come again, in seconds: those who wait for an outcome leave soon.
const RETRY_AFTER_S: u32 = 1;

/// The places of one process.
#[derive(Debug)]
pub(crate) struct Places {
    all: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    by_tenant: HashMap<Arc<str>, usize>,
    total: usize,
}

/// A place, free again when dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    places: &'a Places,
    tenant: Arc<str>,
}

impl Places {
    pub(crate) fn new(all: usize) -> Self {
        Self { all, taken: Mutex::default() }
    }

    /// Takes a place for a request of the tenant.
    ///
    /// # Errors
    /// 503 with `Retry-After` where the tenant has its share already.
    pub(crate) fn take(&self, tenant: &str) -> Result<Place<'_>, Problem> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, own) = match taken.by_tenant.get_key_value(tenant) {
            Some((name, own)) => (Arc::clone(name), *own),
            None => (tenant.into(), 0),
        };
        let free = self.all.saturating_sub(taken.total);
        if own >= WEIGHT * free {
            metrics::counter!("charter_http_refused_by_share_total").increment(1);
            let detail = format!(
                "{own} requests of this tenant are in hand already, its share while {free} places are free; try again"
            );
            return Err(Problem::unavailable(detail).retry_after_s(RETRY_AFTER_S));
        }
        taken.total += 1;
        taken.by_tenant.insert(Arc::clone(&name), own + 1);
        Ok(Place { places: self, tenant: name })
    }
}

impl Drop for Place<'_> {
    /// Also where the client went away.
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total = taken.total.saturating_sub(1);
        if let Some(own) = taken.by_tenant.get_mut(&self.tenant) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.by_tenant.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill<'a>(places: &'a Places, tenant: &str) -> Vec<Place<'a>> {
        std::iter::from_fn(|| places.take(tenant).ok()).collect()
    }

    #[test]
    fn one_tenant_cannot_take_every_place() {
        let places = Places::new(1_000);
        let greedy = fill(&places, "greedy");
        assert_eq!(greedy.len(), 800);
        // The others go on, each within its share of what is left.
        let second = fill(&places, "second");
        assert_eq!(second.len(), 160);
        let shy = places.take("shy").expect("a first place");
        assert_eq!(places.take("greedy").expect_err("has its share").status(), 503);
        // What is given back can be had by whoever has less.
        drop(greedy);
        assert!(places.take("second").is_ok());
        drop((second, shy));
        assert_eq!(fill(&places, "greedy").len(), 800);
        assert!(places.taken.lock().expect("no panic").by_tenant.is_empty());
    }

    #[test]
    fn two_greedy_tenants_have_the_same_share() {
        let places = Places::new(900);
        let (mut one, mut two) = (Vec::new(), Vec::new());
        loop {
            let before = one.len() + two.len();
            one.extend(places.take("one"));
            two.extend(places.take("two"));
            if one.len() + two.len() == before {
                break;
            }
        }
        assert_eq!((one.len(), two.len()), (400, 400));
    }
}
