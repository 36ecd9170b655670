//! The pages and files that every portal has.

use std::sync::Arc;

use bytes::Bytes;
use utoipa_swagger_ui::Config;

use crate::asset::Asset;
use crate::page::{Page, Styles};

const FRONT: &str = include_str!("../pages/front.html");
const REFERENCE: &str = include_str!("../pages/reference.html");
const LIVE: &str = include_str!("../pages/live.html");

/// The front page, which shows what other pages there are.
pub(crate) fn front() -> Page {
    Page::new("/", "Charter", FRONT).style("/portal/front.css").script("/portal/front.js")
}

/// The API reference: Swagger UI on the contract's document.
pub(crate) fn reference() -> Page {
    let page = Page::new("/reference", "API reference", REFERENCE)
        .about("Every operation of the contract, with a form that sends it.")
        .style("/portal/swagger-ui.css")
        .style("/portal/reference.css")
        .script("/portal/swagger-ui-bundle.js")
        .script("/portal/reference.js");
    Page { styles: Styles::Inline, ..page }
}

/// The live view.
pub(crate) fn live() -> Page {
    Page::new("/live", "Live", LIVE)
        .about("What this process does now: events, outcomes, rates, lag, dead letters.")
        .style("/portal/live.css")
        .script("/portal/live.js")
}

/// Styles, scripts and pictures.
pub(crate) fn assets() -> Vec<Asset> {
    vec![
        Asset::new("/portal/mark.svg", include_str!("../pages/mark.svg")),
        Asset::new("/portal/shell.css", include_str!("../pages/shell.css")),
        Asset::new("/portal/front.css", include_str!("../pages/front.css")),
        Asset::new("/portal/reference.css", include_str!("../pages/reference.css")),
        Asset::new("/portal/catalogue.css", include_str!("../pages/catalogue.css")),
        Asset::new("/portal/live.css", include_str!("../pages/live.css")),
        Asset::new("/portal/shell.js", include_str!("../assets/shell.js")),
        Asset::new("/portal/front.js", include_str!("../assets/front.js")),
        Asset::new("/portal/reference.js", include_str!("../assets/reference.js")),
        Asset::new("/portal/live.js", include_str!("../assets/live.js")),
        swagger("/portal/swagger-ui.css", "swagger-ui.css"),
        swagger("/portal/swagger-ui-bundle.js", "swagger-ui-bundle.js"),
    ]
}

/// A file of Swagger UI, which its crate brings along.
fn swagger(path: &'static str, name: &str) -> Asset {
    let file = utoipa_swagger_ui::serve(name, Arc::new(Config::default())).ok().flatten();
    let file = file.expect("the crate has the files of Swagger UI");
    Asset::new(path, Bytes::from(file.bytes.into_owned()))
}

/// A page of the event catalogue from its part of the document.
pub(crate) fn catalogue(name: &'static str, part: &'static str) -> Page {
    let page = match name {
        "index.html" => Page::new("/catalogue/", "Events", part).about(
            "Commands, events and views of the contracts: who sends, who folds, since when.",
        ),
        name => Page { title: None, ..Page::new(format!("/catalogue/{name}"), "", part) },
    };
    page.style("/portal/catalogue.css")
}
