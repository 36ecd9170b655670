//! Links between pages of a list (RFC 8288).

use form_urlencoded::Serializer;

/// `Link` of a page: `first`, and `next` where there is one. Relative references, so that they hold behind any
/// proxy.
pub(crate) fn pages(path: &str, query: &str, next: Option<&str>) -> String {
    let page = |token: Option<&str>| {
        let mut target = Serializer::new(String::new());
        let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "pageToken");
        target.extend_pairs(kept);
        if let Some(token) = token {
            target.append_pair("pageToken", token);
        }
        let query = target.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    };
    let mut links = format!("<{}>; rel=\"first\"", page(None));
    if let Some(token) = next {
        links = format!("{links}, <{}>; rel=\"next\"", page(Some(token)));
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_the_lists_own_parameters() {
        assert_eq!(pages("/v1/x", "", None), "</v1/x>; rel=\"first\"");
        assert_eq!(
            pages("/v1/x", "limit=2&pageToken=old&colour=d%26g", Some("new")),
            "</v1/x?limit=2&colour=d%26g>; rel=\"first\", </v1/x?limit=2&colour=d%26g&pageToken=new>; rel=\"next\""
        );
    }
}
