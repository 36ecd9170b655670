//! What the platform holds, a line a context.

use charter_platform::{Composition, Portal};
use contract_gateway::CONTRACT;

/// The services that decide and project, and the pages.
pub(crate) fn all() -> Composition {
    Composition::new(&CONTRACT)
        .context({{ service.crate }}::service())
        .portal(Portal::new("{{ project.title }}").catalogue(CONTRACT.catalogue))
}
