//! The portal's pages: those that every portal has, the catalogue of the contracts, and a line a context for its own.

use charter_portal::{Asset, Page, Portal};
use contract_gateway::document::CATALOGUE;

/// All pages.
pub(crate) fn portal() -> Portal {
    seat_map(Portal::new("Charter").catalogue(CATALOGUE))
}

/// The seat map: a page of the context `seat`.
fn seat_map(portal: Portal) -> Portal {
    let page = Page::new("/seat-map", "Seat map", include_str!("../pages/seat-map/page.html"))
        .about("A stadium, live: hold seats, confirm them, give them back, and see others do the same.")
        .style("/seat-map/page.css")
        .script("/seat-map/page.js");
    portal
        .page(page)
        .asset(Asset::new("/seat-map/page.css", include_str!("../pages/seat-map/page.css")))
        .asset(Asset::new("/seat-map/page.js", include_str!("../assets/seat-map.js")))
}
