//! Holding requests against the API keys, where there are any.

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Registry;
use crate::access::Role;
use crate::error::ApiError;

/// Lets a request through that its key allows; without keys, every one.
pub(super) async fn authorize(
    State(registry): State<Registry>,
    path: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(keys) = registry.keys() else {
        request.extensions_mut().insert(Role::Admin);
        return next.run(request).await;
    };
    let role = credentials(request.headers())
        .and_then(|(name, secret)| keys.role(&name, &secret).cloned());
    let Some(role) = role else {
        let mut response = ApiError::Unauthorized.into_response();
        let challenge = HeaderValue::from_static("Basic realm=\"schema registry\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        return response;
    };
    // A request that no route takes has no parameters.
    let subject = path.as_ref().ok().and_then(|path| {
        path.iter().find(|(name, _)| *name == "subject").map(|(_, subject)| subject)
    });
    if !allows(&role, request.method(), request.uri().path(), subject) {
        return ApiError::Forbidden(role.to_string()).into_response();
    }
    request.extensions_mut().insert(role);
    let mut response = next.run(request).await;
    // What one may read another may not.
    let headers = response.headers_mut();
    if headers.get(header::CACHE_CONTROL).is_some_and(|value| value != "no-cache") {
        let private = HeaderValue::from_static("private, max-age=86400, immutable");
        headers.insert(header::CACHE_CONTROL, private);
    }
    headers.append(header::VARY, HeaderValue::from_static("authorization"));
    response
}

/// Whether a role allows a request. Looking a schema up and checking one are reads, though clients
/// POST them.
fn allows(role: &Role, method: &Method, path: &str, subject: Option<&str>) -> bool {
    let is_lookup =
        method == Method::POST && (path.starts_with("/compatibility/") || is_lookup_path(path));
    if method == Method::GET || method == Method::HEAD || is_lookup {
        return true;
    }
    match (role, subject) {
        (Role::Admin, _) => true,
        // `:.:name` is `name`.
        (role, Some(subject)) => role.may_change(subject.strip_prefix(":.:").unwrap_or(subject)),
        (Role::Read | Role::Write { .. }, None) => false,
    }
}

/// `/subjects/{subject}` and no more.
fn is_lookup_path(path: &str) -> bool {
    path.strip_prefix("/subjects/").is_some_and(|rest| !rest.trim_end_matches('/').contains('/'))
}

/// Name and secret of `Authorization: Basic`, or of `Authorization: Bearer NAME:SECRET`.
fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let pair = if scheme.eq_ignore_ascii_case("basic") {
        String::from_utf8(STANDARD.decode(token.trim()).ok()?).ok()?
    } else if scheme.eq_ignore_ascii_case("bearer") {
        token.trim().to_owned()
    } else {
        return None;
    };
    let (name, secret) = pair.split_once(':')?;
    Some((name.to_owned(), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_allow_what_they_say() {
        let write = Role::Write { prefix: "orders-".to_owned() };
        for (method, path, subject, read, written) in [
            (Method::GET, "/subjects/x/versions/1", Some("x"), true, true),
            (Method::POST, "/subjects/x", Some("x"), true, true),
            (Method::POST, "/compatibility/subjects/x/versions", Some("x"), true, true),
            (Method::POST, "/subjects/orders-value/versions", Some("orders-value"), false, true),
            (Method::POST, "/subjects/x/versions", Some("x"), false, false),
            (Method::DELETE, "/subjects/orders-value", Some("orders-value"), false, true),
            (Method::DELETE, "/subjects/x", Some("x"), false, false),
            (Method::PUT, "/config/:.:orders-value", Some(":.:orders-value"), false, true),
            (Method::PUT, "/config", None, false, false),
            (Method::PUT, "/mode", None, false, false),
        ] {
            assert_eq!(allows(&Role::Read, &method, path, subject), read, "read {method} {path}");
            assert_eq!(allows(&write, &method, path, subject), written, "write {method} {path}");
            assert!(allows(&Role::Admin, &method, path, subject), "admin {method} {path}");
        }
    }

    #[test]
    fn credentials_are_basic_or_bearer() {
        let read = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            credentials(&headers)
        };
        let pair = Some(("a".to_owned(), "b:c".to_owned()));
        assert_eq!(read("Basic YTpiOmM="), pair);
        assert_eq!(read("bearer a:b:c"), pair);
        for value in ["Basic !", "Digest x", "Bearer abc", "Basic"] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
