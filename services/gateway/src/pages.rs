//! The portal's pages: those that every portal has, the catalogue of the contracts, and a line a context for its own.

use charter_portal::{Asset, Page, Portal};
use contract_gateway::document::CATALOGUE;

/// All pages.
#[must_use]
pub fn portal() -> Portal {
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

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::{Request, Response, StatusCode};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn get(routes: &Router, path: &str, tag: Option<&str>) -> Response<Body> {
        let request = Request::get(path).header("if-none-match", tag.unwrap_or("\"none\""));
        let request = request.body(Body::empty()).expect("a request");
        routes.clone().oneshot(request).await.expect("an answer")
    }

    async fn text(response: Response<Body>) -> String {
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
    }

    #[tokio::test]
    async fn every_page_and_all_that_it_names_is_served_with_type_tag_and_policy() {
        let routes = portal().routes();
        let mut pages = vec!["/", "/seat-map", "/reference", "/live", "/catalogue/"];
        let contexts = CATALOGUE.iter().filter(|(name, _)| *name != "index.html");
        let contexts: Vec<_> = contexts.map(|(name, _)| format!("/catalogue/{name}")).collect();
        pages.extend(contexts.iter().map(String::as_str));
        let mut named = std::collections::BTreeSet::new();
        for page in pages {
            let response = get(&routes, page, None).await;
            assert_eq!(response.status(), StatusCode::OK, "{page}");
            assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8", "{page}");
            assert_eq!(header(&response, "cache-control"), "no-cache", "{page}");
            let policy = header(&response, "content-security-policy");
            assert!(policy.contains("default-src 'none'; script-src 'self';"), "{page}: {policy}");
            let tag = header(&response, "etag").to_owned();
            let again = get(&routes, page, Some(&tag)).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{page}");
            assert_eq!(text(again).await, "", "{page}");

            let html = text(response).await;
            assert!(!html.contains(" style=") && !html.contains("<style"), "{page}");
            assert!(!html.contains("onclick") && !html.contains("<script>"), "{page}");
            for attribute in [" href=\"/", " src=\"/"] {
                let paths = html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next());
                named.extend(paths.map(|path| format!("/{path}")));
            }
        }
        // What others serve beside the portal.
        let elsewhere =
            ["/openapi.json", "/openapi.yaml", "/asyncapi.json", "/health/ready", "/metrics"];
        for path in named.iter().filter(|path| !elsewhere.contains(&path.as_str())) {
            let response = get(&routes, path, None).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            let kind = match path.rsplit('.').next() {
                Some("css") => "text/css; charset=utf-8",
                Some("js") => "text/javascript; charset=utf-8",
                Some("svg") => "image/svg+xml",
                _ => "text/html; charset=utf-8",
            };
            assert_eq!(header(&response, "content-type"), kind, "{path}");
            assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
            let tag = header(&response, "etag").to_owned();
            assert!(!text(response).await.is_empty(), "{path}");
            let again = get(&routes, path, Some(&tag)).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        }
        assert!(named.len() >= 15, "{named:?}");
    }
}
