//! The document as a tree: references followed, unknown keys refused, its head read.

use std::collections::BTreeMap;

use charter_avro::source::{Member, Tree};

use crate::attribute::Spanned;
use crate::ir::{Dispatch, Origin};
use crate::lint::allow::EXTENSION;
use crate::problem::{Problem, Problems, origin};
use crate::rules;

/// The compiler's own keys, which the published document does without.
pub(super) const EXTENSIONS: &[&str] = &[
    "x-command",
    "x-query",
    "x-by",
    "x-order",
    "x-contexts",
    "x-tenant",
    "x-fill",
    "x-outcome",
    "x-cleared",
    EXTENSION,
];

/// The most references that lead from one to the next.
const MAX_REFERENCES: usize = 16;

/// The OpenAPI document.
pub(super) struct Document<'a> {
    pub(super) path: &'a str,
    pub(super) tree: &'a Tree,
}

/// How the commands of each context are dispatched, with where that is said.
pub(super) type Dispatches = BTreeMap<String, (Dispatch, Origin)>;

/// What the document says of itself.
pub(super) struct Root<'a> {
    pub(super) title: String,
    pub(super) version: String,
    pub(super) description: Option<String>,
    pub(super) tags: Vec<(String, Option<String>)>,
    /// The path parameter that gives the tenant.
    pub(super) tenant: Option<Spanned<String>>,
    /// How the commands of each context are dispatched.
    pub(super) contexts: Dispatches,
    pub(super) paths: &'a [Member],
}

impl<'a> Document<'a> {
    /// Where `tree` stands.
    pub(super) fn at(&self, tree: &Tree) -> Origin {
        origin(self.path, tree.span)
    }

    /// Where the key of `member` stands.
    pub(super) fn key_at(&self, member: &Member) -> Origin {
        origin(self.path, member.key_span)
    }

    /// Reads what stands at the top.
    pub(super) fn root(&self, problems: &mut Problems) -> Option<Root<'a>> {
        let known = [
            "openapi",
            "info",
            "servers",
            "tags",
            "paths",
            "components",
            "externalDocs",
            "x-tenant",
            "x-contexts",
            "security",
            "x-roles",
        ];
        self.object(self.tree, "the document", &known, problems)?;
        let version = self.tree.get("openapi");
        if !version.and_then(Tree::as_str).is_some_and(|version| version.starts_with("3.1.")) {
            self.misshapen("openapi", "`3.1.x`", version.unwrap_or(self.tree), problems);
        }
        let info = self.tree.get("info");
        let text = |key: &str| {
            info.and_then(|info| info.get(key)).and_then(Tree::as_str).map(ToOwned::to_owned)
        };
        if text("title").is_none() || text("version").is_none() {
            let at = info.unwrap_or(self.tree);
            self.misshapen("info", "an object with `title` and `version`", at, problems);
        }
        let Some(paths) = self.tree.get("paths").and_then(Tree::as_object) else {
            self.misshapen(
                "paths",
                "an object",
                self.tree.get("paths").unwrap_or(self.tree),
                problems,
            );
            return None;
        };
        let tag = |tag: &Tree| {
            let text = |key: &str| tag.get(key).and_then(Tree::as_str).map(ToOwned::to_owned);
            Some((text("name")?, text("description")))
        };
        let tags = self.tree.get("tags").and_then(Tree::as_array).unwrap_or_default();
        Some(Root {
            title: text("title").unwrap_or_default(),
            version: text("version").unwrap_or_default(),
            description: text("description"),
            tags: tags.iter().filter_map(tag).collect(),
            tenant: self
                .tree
                .get("x-tenant")
                .and_then(|tree| self.string(tree, "x-tenant", problems)),
            contexts: self
                .tree
                .get("x-contexts")
                .map(|tree| self.dispatches(tree, problems))
                .unwrap_or_default(),
            paths,
        })
    }

    /// `x-contexts`, of the document or of an operation.
    pub(super) fn dispatches(&self, tree: &Tree, problems: &mut Problems) -> Dispatches {
        let Some(members) = tree.as_object() else {
            self.misshapen("x-contexts", "an object", tree, problems);
            return BTreeMap::new();
        };
        let mut dispatches = BTreeMap::new();
        for member in members {
            self.object(&member.value, "a context's dispatch", &["dispatch", "service"], problems);
            let text = |key: &str| member.value.get(key).and_then(Tree::as_str);
            let dispatch = match (text("dispatch"), text("service")) {
                (Some("queue"), None) => Dispatch::Queue,
                (Some("proxy"), Some(service)) => Dispatch::Proxy { service: service.to_owned() },
                _ => {
                    let expected = "`{dispatch: queue}` or `{dispatch: proxy, service: <name>}`";
                    let message =
                        format!("expected the context `{}` to have {expected}", member.key);
                    problems.push(Problem::new(
                        &rules::CONTEXT_UNKNOWN,
                        &self.at(&member.value),
                        message,
                    ));
                    // Nothing is generated; its commands need no second problem.
                    Dispatch::Queue
                }
            };
            dispatches.insert(member.key.clone(), (dispatch, self.key_at(member)));
        }
        dispatches
    }

    /// Follows `$ref` until there is none.
    pub(super) fn follow<'t>(&self, tree: &'t Tree, problems: &mut Problems) -> Option<&'t Tree>
    where
        'a: 't,
    {
        let mut found: &'t Tree = tree;
        for _ in 0..MAX_REFERENCES {
            let Some(reference) = found.get("$ref") else { return Some(found) };
            found = self.target(reference, problems)?;
        }
        let message = "expected a reference that ends, found one that leads to itself";
        problems.push(Problem::new(&rules::OPENAPI_REFERENCE, &self.at(tree), message));
        None
    }

    fn target(&self, reference: &Tree, problems: &mut Problems) -> Option<&'a Tree> {
        let text = reference.as_str().unwrap_or_default();
        let found = text.strip_prefix("#/").and_then(|pointer| {
            pointer.split('/').try_fold(self.tree, |tree, part| {
                tree.get(&part.replace("~1", "/").replace("~0", "~"))
            })
        });
        if found.is_none() {
            let message =
                format!("expected a reference to something within the document, found `{text}`");
            problems.push(Problem::new(&rules::OPENAPI_REFERENCE, &self.at(reference), message));
        }
        found
    }

    /// The members of `tree`, which must be an object with keys of `known` only, or what `charter lint` allows.
    pub(super) fn object<'t>(
        &self,
        tree: &'t Tree,
        what: &str,
        known: &[&str],
        problems: &mut Problems,
    ) -> Option<&'t [Member]> {
        let Some(members) = tree.as_object() else {
            self.misshapen(what, "an object", tree, problems);
            return None;
        };
        let known = |key: &str| known.contains(&key) || key == EXTENSION;
        for member in members.iter().filter(|member| !known(&member.key)) {
            let message =
                format!("expected a key of {what} that is enforced, found `{}`", member.key);
            problems.push(Problem::new(&rules::OPENAPI_KEYWORD, &self.key_at(member), message));
        }
        Some(members)
    }

    /// The string of `tree`.
    pub(super) fn string(
        &self,
        tree: &Tree,
        what: &str,
        problems: &mut Problems,
    ) -> Option<Spanned<String>> {
        let Some(text) = tree.as_str() else {
            self.misshapen(what, "a string", tree, problems);
            return None;
        };
        Some(Spanned { value: text.to_owned(), origin: self.at(tree) })
    }

    /// A breach of [`rules::OPENAPI_SHAPE`].
    pub(super) fn misshapen(
        &self,
        what: &str,
        expected: &str,
        tree: &Tree,
        problems: &mut Problems,
    ) {
        let found =
            tree.as_str().map_or_else(|| tree.describe().to_owned(), |text| format!("`{text}`"));
        let what = if what.contains(' ') { what.to_owned() } else { format!("`{what}`") };
        let message = format!("expected {what} to be {expected}, found {found}");
        let at = self.at(tree);
        // An object of many lines is shown by its first byte.
        let at = if tree.as_object().is_some() { Origin { end: at.start + 1, ..at } } else { at };
        problems.push(Problem::new(&rules::OPENAPI_SHAPE, &at, message));
    }
}
