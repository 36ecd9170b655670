//! Pages inside the binary: nothing is read from a disk, nothing is loaded from another host.
//!
//! The crate knows no context. What it serves of its own is the front page, the API reference (Swagger UI), the live
//! view, and the shell around all pages; a gateway adds the pages of its contexts and the event catalogue that
//! `charter generate` wrote.
//!
//! * [`Portal`]: collects pages and gives the routes
//! * [`Page`]: a page, which the shell goes around
//! * [`Asset`]: a file as it is, with its type, its tag, and what a browser may do with it

mod asset;
mod own;
mod page;
mod shell;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;

pub use asset::Asset;
pub use page::{Page, Styles};

/// All pages of a gateway.
#[derive(Debug)]
pub struct Portal {
    api: &'static str,
    pages: Vec<Page>,
    catalogue: Vec<Page>,
    assets: Vec<Asset>,
}

impl Portal {
    /// The portal of an API with the pages that every portal has.
    #[must_use]
    pub fn new(api: &'static str) -> Self {
        Self { api, pages: Vec::new(), catalogue: Vec::new(), assets: own::assets() }
    }

    /// Adds a page; its link comes before those of the portal's own pages.
    #[must_use]
    pub fn page(mut self, page: Page) -> Self {
        self.pages.push(page);
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn asset(mut self, asset: Asset) -> Self {
        self.assets.push(asset);
        self
    }

    /// Adds the event catalogue: parts of pages by file name, `index.html` among them, as `charter generate` writes
    /// them to `generated/contract-gateway/catalogue`.
    #[must_use]
    pub fn catalogue(mut self, parts: &[(&'static str, &'static str)]) -> Self {
        self.catalogue.extend(parts.iter().map(|(name, part)| own::catalogue(name, part)));
        self
    }

    /// A route for each page and file, for `GET` and `HEAD`. Every answer has its type and a tag that
    /// `If-None-Match` is answered by; a page also has the policy that keeps browsers from loading anything from
    /// elsewhere.
    ///
    /// # Panics
    /// Where two pages or files have the same path.
    pub fn routes(self) -> Router {
        let mut pages = vec![own::front()];
        pages.extend(self.pages);
        pages.push(own::reference());
        pages.extend(self.catalogue);
        pages.push(own::live());
        let whole = pages.iter().map(|page| {
            let html = shell::whole(self.api, &pages, page);
            Asset::html(page.path.clone(), html, page.styles)
        });
        whole.chain(self.assets).fold(Router::new(), |router, asset| {
            let (path, asset) = (asset.path().to_owned(), Arc::new(asset));
            router.route(&path, get(async move |headers: HeaderMap| asset.answer(&headers)))
        })
    }
}
