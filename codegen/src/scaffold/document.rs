//! Where an OpenAPI document takes what is new: text in front of a line, so that its layout and comments stay.

use charter_avro::source::{Member, Tree};
use serde::Serialize;

use super::ScaffoldError;

/// A document in YAML that gets more.
#[derive(Debug)]
pub struct Document {
    text: String,
    tree: Tree,
}

/// What a new context brings.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Additions {
    /// Entries of the list `tags`.
    pub tags: String,
    /// Members of `x-contexts`.
    pub contexts: String,
    /// Members of `x-roles`.
    pub roles: String,
    /// Members of `paths`.
    pub paths: String,
    /// Members of `components.parameters`.
    pub parameters: String,
    /// Members of `components.schemas`.
    pub schemas: String,
}

/// What the additions rest on.
const NEEDED: &[(&str, &[&str])] = &[
    (
        "parameters",
        &[
            "ConsistentWith",
            "CorrelationId",
            "IdempotencyKey",
            "IfNoneMatch",
            "Limit",
            "PageToken",
            "Prefer",
        ],
    ),
    ("headers", &["CharterCursor", "CorrelationId", "ETag", "Link"]),
    (
        "responses",
        &[
            "Accepted",
            "BadRequest",
            "Decided",
            "Failed",
            "Forbidden",
            "NotAcceptable",
            "NotFound",
            "NotModified",
            "RateLimited",
            "TooLarge",
            "Unauthenticated",
            "Unavailable",
            "Unprocessable",
            "UnsupportedMediaType",
        ],
    ),
    ("schemas", &["Problem"]),
    ("securitySchemes", &["apiKey", "bearer"]),
];

impl Document {
    /// Reads a document and looks whether it has what operations rest on.
    ///
    /// # Errors
    /// Where it is no YAML, or lacks something.
    pub fn parse(path: &str, text: String) -> Result<Self, ScaffoldError> {
        let tree = Tree::parse_yaml(&text).map_err(|error| {
            ScaffoldError::Ground(format!("`{path}` is no YAML: {}: {}", error.span, error.message))
        })?;
        let document = Self { text, tree };
        for (kind, names) in NEEDED {
            for name in *names {
                if document.at(&["components", kind, name]).is_none() {
                    return Err(ScaffoldError::Ground(format!(
                        "expected `components.{kind}.{name}` in `{path}`, on which operations rest, found none"
                    )));
                }
            }
        }
        Ok(document)
    }

    /// Whether something stands at `steps`.
    #[must_use]
    pub fn at(&self, steps: &[&str]) -> Option<&Tree> {
        steps.iter().try_fold(&self.tree, |tree, step| tree.get(step))
    }

    /// Whether an operation has this id.
    #[must_use]
    pub fn has_operation(&self, id: &str) -> bool {
        let paths = self.tree.get("paths").and_then(Tree::as_object).unwrap_or_default();
        let operations = paths.iter().flat_map(|path| path.value.as_object().unwrap_or_default());
        operations
            .into_iter()
            .any(|operation| operation.value.get("operationId").and_then(Tree::as_str) == Some(id))
    }

    /// The document with `additions`, each at the end of its block.
    ///
    /// # Errors
    /// Where a block is not there.
    pub fn with(&self, additions: &Additions) -> Result<String, ScaffoldError> {
        let mut places = Vec::new();
        let blocks: [(&[&str], &str); 6] = [
            (&["tags"], &additions.tags),
            (&["x-contexts"], &additions.contexts),
            (&["x-roles"], &additions.roles),
            (&["paths"], &additions.paths),
            (&["components", "parameters"], &additions.parameters),
            (&["components", "schemas"], &additions.schemas),
        ];
        for (steps, text) in blocks.into_iter().filter(|(_, text)| !text.is_empty()) {
            places.push((self.end_of(steps)?, text));
        }
        // From the last place to the first, so that those in front stay where they are.
        places.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let mut document = self.text.clone();
        if !document.ends_with('\n') {
            document.push('\n');
        }
        for (at, text) in places {
            document.insert_str(at.min(document.len()), text);
        }
        Ok(document)
    }

    /// Where the line begins that follows the block at `steps`.
    fn end_of(&self, steps: &[&str]) -> Result<usize, ScaffoldError> {
        let mut tree = &self.tree;
        let mut end = usize::MAX;
        for step in steps {
            let members = tree.as_object().unwrap_or_default();
            let index = members.iter().position(|member| member.key == *step);
            let Some(index) = index else {
                return Err(ScaffoldError::Ground(format!(
                    "expected `{}` in the OpenAPI document, found none",
                    steps.join(".")
                )));
            };
            if let Some(next) = members.get(index + 1) {
                end = self.line_of(next);
            }
            tree = &members[index].value;
        }
        Ok(end)
    }

    /// Where the line of a member begins, comments in front of it included.
    fn line_of(&self, member: &Member) -> usize {
        let line = |at: usize| self.text[..at].rfind('\n').map_or(0, |at| at + 1);
        let mut start = line(member.key_span.start as usize);
        while start > 0 {
            let above = line(start - 1);
            let text = self.text[above..start].trim_start();
            if !text.starts_with('#') {
                break;
            }
            start = above;
        }
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_grow_at_their_ends() {
        let text =
            "paths:\n  /a:\n    get: {}\n# What all share.\ncomponents:\n  schemas:\n    A: {}\n";
        let document =
            Document { text: text.to_owned(), tree: Tree::parse_yaml(text).expect("YAML") };
        let additions = Additions {
            paths: "  /b: {}\n".to_owned(),
            schemas: "    B: {}\n".to_owned(),
            ..Additions::default()
        };
        let expected = "paths:\n  /a:\n    get: {}\n  /b: {}\n# What all share.\ncomponents:\n  schemas:\n    A: {}\n    B: {}\n";
        assert_eq!(document.with(&additions).ok().as_deref(), Some(expected));
        let tags = Additions { tags: "  - a\n".to_owned(), ..Additions::default() };
        assert!(document.with(&tags).is_err(), "there is no block `tags`");
    }
}
