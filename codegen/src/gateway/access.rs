//! Who may use an operation, and how often: `security`, `x-roles`, `x-principal` and `x-rate-limit`.

use std::collections::BTreeSet;

use charter_avro::source::Tree;

use super::Scope;
use super::document::Document;
use crate::ir::{Access, Acting, Alternative, Body, SchemaShape, SchemaType};
use crate::problem::{Problem, Problems};
use crate::rules;

/// The header that API keys come in: the runtime reads no other.
const KEY_HEADER: &str = "X-API-Key";
/// The most requests in a minute that a limit may name.
const MOST_PER_MINUTE: i64 = 1_000_000;

/// What the document says of credentials as a whole.
pub(super) struct Schemes<'a> {
    /// The schemes' names.
    names: BTreeSet<&'a str>,
    /// Every scope that some role has.
    scopes: BTreeSet<&'a str>,
    /// `security` of the document.
    security: Option<&'a Tree>,
}

impl<'a> Schemes<'a> {
    /// Reads the document's schemes and roles.
    pub(super) fn read(document: &Document<'a>, problems: &mut Problems) -> Self {
        let schemes = document.tree.get("components").and_then(|tree| tree.get("securitySchemes"));
        let mut names = BTreeSet::new();
        for member in schemes.and_then(Tree::as_object).unwrap_or_default() {
            let text = |key: &str| member.value.get(key).and_then(Tree::as_str).unwrap_or_default();
            let is_key = text("type") == "apiKey"
                && text("in") == "header"
                && text("name").eq_ignore_ascii_case(KEY_HEADER);
            let is_token = text("type") == "http" && text("scheme").eq_ignore_ascii_case("bearer");
            if !is_key && !is_token {
                let expected = "`{type: apiKey, in: header, name: X-API-Key}` or `{type: http, scheme: bearer}`";
                document.misshapen("a security scheme", expected, &member.value, problems);
            }
            names.insert(member.key.as_str());
        }
        let mut scopes = BTreeSet::new();
        if let Some(roles) = document.tree.get("x-roles") {
            let Some(members) = roles.as_object() else {
                document.misshapen(
                    "x-roles",
                    "an object of roles, each with its scopes",
                    roles,
                    problems,
                );
                return Self { names, scopes, security: None };
            };
            for member in members {
                for scope in texts(document, &member.value, "a role's scopes", problems) {
                    scopes.insert(scope);
                }
            }
        }
        Self { names, scopes, security: document.tree.get("security") }
    }
}

/// The strings of a list.
fn texts<'t>(
    document: &Document<'_>,
    tree: &'t Tree,
    what: &str,
    problems: &mut Problems,
) -> Vec<&'t str> {
    let items = tree.as_array().map(|items| items.iter().map(Tree::as_str).collect());
    let texts: Option<Vec<_>> = items.and_then(|items: Vec<_>| items.into_iter().collect());
    texts.unwrap_or_else(|| {
        document.misshapen(what, "a list of strings", tree, problems);
        Vec::new()
    })
}

/// Reads what an operation says; `body` is what it takes.
pub(super) fn read(
    tree: &Tree,
    body: Option<&Body>,
    schemes: &Schemes<'_>,
    scope: &mut Scope<'_>,
) -> Access {
    let security = tree.get("security").or(schemes.security);
    let alternatives = security.map(|tree| alternatives(tree, schemes, scope)).unwrap_or_default();
    let mut named = alternatives.iter().filter(|one| !one.schemes.is_empty());
    let scopes = named.next().map(Alternative::scopes).unwrap_or_default();
    if let Some(security) = security
        && named.any(|other| other.scopes() != scopes)
    {
        let expected = "alternatives that ask for the same scopes";
        scope.document.misshapen("security", expected, security, scope.problems);
    }
    let per_minute = tree.get("x-rate-limit").and_then(|limit| {
        let found = limit.as_i64().filter(|found| (1..=MOST_PER_MINUTE).contains(found));
        if found.is_none() {
            scope.document.misshapen(
                "x-rate-limit",
                "1 to 1,000,000 requests a minute",
                limit,
                scope.problems,
            );
        }
        found.and_then(|found| u32::try_from(found).ok())
    });
    Access {
        is_public: security.is_some() && alternatives.is_empty(),
        scopes,
        acting: tree
            .get("x-principal")
            .and_then(|acting| self::acting(acting, body, schemes, scope)),
        per_minute,
        alternatives: if tree.get("security").is_some() { alternatives } else { Vec::new() },
    }
}

fn alternatives(tree: &Tree, schemes: &Schemes<'_>, scope: &mut Scope<'_>) -> Vec<Alternative> {
    let document = scope.document;
    let Some(items) = tree.as_array() else {
        document.misshapen("security", "a list of alternatives", tree, scope.problems);
        return Vec::new();
    };
    let mut alternatives = Vec::new();
    for item in items {
        let Some(members) = item.as_object() else {
            document.misshapen("security", "a list of objects", item, scope.problems);
            continue;
        };
        if members.len() > 1 {
            document.misshapen(
                "a security alternative",
                "one scheme, or none",
                item,
                scope.problems,
            );
        }
        let mut asked = Vec::new();
        for member in members {
            if !schemes.names.contains(member.key.as_str()) {
                let message = format!(
                    "expected a scheme of `components.securitySchemes`, found `{}`",
                    member.key
                );
                let at = document.key_at(member);
                scope.problems.push(Problem::new(&rules::OPENAPI_REFERENCE, &at, message));
            }
            let scopes = texts(document, &member.value, "a scheme's scopes", scope.problems);
            for found in &scopes {
                known_scope(found, &member.value, schemes, scope);
            }
            let scopes = scopes.into_iter().map(str::to_owned).collect();
            asked.push((member.key.clone(), scopes));
        }
        alternatives.push(Alternative { schemes: asked });
    }
    alternatives
}

/// A scope that no role has could be had by nobody.
fn known_scope(found: &str, at: &Tree, schemes: &Schemes<'_>, scope: &mut Scope<'_>) {
    if !schemes.scopes.contains(found) {
        let message = format!("expected a scope that a role of `x-roles` has, found `{found}`");
        let at = scope.document.at(at);
        scope.problems.push(Problem::new(&rules::OPENAPI_REFERENCE, &at, message));
    }
}

/// `x-principal: {holderId: 'seats:any-holder'}`: the member is the principal, unless it has the scope.
fn acting(
    tree: &Tree,
    body: Option<&Body>,
    schemes: &Schemes<'_>,
    scope: &mut Scope<'_>,
) -> Option<Acting> {
    let expected = "one member of the body with the scope that lets it be another, or null";
    let Some([member]) = tree.as_object() else {
        scope.document.misshapen("x-principal", expected, tree, scope.problems);
        return None;
    };
    let is_text = body.is_some_and(|body| {
        let SchemaShape::Object(object) = &scope.schemas.get(body.schema).shape else {
            return false;
        };
        let mut properties = object.properties.iter();
        properties.any(|one| {
            one.name == member.key && scope.schemas.resolved(&one.schema).ty == SchemaType::String
        })
    });
    if !is_text {
        let message = format!("expected a string of the request's body, found `{}`", member.key);
        let at = scope.document.key_at(member);
        scope.problems.push(Problem::new(&rules::OPENAPI_REFERENCE, &at, message));
    }
    let unless = member.value.as_str();
    if let Some(unless) = unless {
        known_scope(unless, &member.value, schemes, scope);
    } else if !member.value.is_null() {
        scope.document.misshapen("x-principal", expected, &member.value, scope.problems);
    }
    Some(Acting { member: member.key.clone(), unless: unless.map(str::to_owned) })
}
