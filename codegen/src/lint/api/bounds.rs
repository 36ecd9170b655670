//! Bounds of values, and patterns.

use charter_avro::source::Tree;

use super::model::{Api, Role, SchemaSite, is_reference, types};
use super::operations::is_page_size;
use crate::check::openapi::Node;
use crate::lint::finding::Findings;
use crate::lint::rules::api as rules;

/// Formats whose values have a longest one.
const SHORT_FORMATS: &[&str] =
    &["date", "date-time", "time", "uuid", "ipv4", "ipv6", "email", "hostname", "duration"];

pub(super) fn lint(api: &Api<'_>, site: &SchemaSite<'_>, found: &mut Findings) {
    let node = site.node;
    if is_reference(node) {
        return;
    }
    patterns(api, site, found);
    for (low, high) in [
        ("minimum", "maximum"),
        ("minLength", "maxLength"),
        ("minItems", "maxItems"),
        ("minProperties", "maxProperties"),
    ] {
        if let (Some(least), Some(most)) = (number(node, low), number(node, high))
            && least > most
        {
            let text = format!("expected `{low}` of at most {most}, found {least}");
            found.push(&rules::RANGE_EMPTY, api.place(node, low), &site.subject, text);
        }
    }
    let open = match node.tree.get("additionalProperties") {
        None => node.tree.get("unevaluatedProperties").is_none(),
        Some(tree) => tree.as_bool() == Some(true) || tree.as_object().is_some_and(<[_]>::is_empty),
    };
    let object = types(node).contains(&"object") || node.tree.get("properties").is_some();
    let composed = ["allOf", "anyOf", "oneOf"].iter().any(|key| node.get(key).is_some());
    if object && open && !composed {
        let what =
            if node.tree.get("additionalProperties").is_some() { "any" } else { "nothing said" };
        let key = if node.tree.get("additionalProperties").is_some() {
            "additionalProperties"
        } else {
            "type"
        };
        let place = api.place(node, key);
        let text = format!("expected `additionalProperties: false` or a schema, found {what}");
        found.push(&rules::OBJECT_CLOSED, place, &site.subject, text);
    }
    if matches!(site.role, Role::Parameter(name) if is_page_size(name)) {
        let missing: Vec<String> = ["minimum", "maximum", "default"]
            .into_iter()
            .filter(|key| node.tree.get(key).is_none())
            .map(|key| format!("`{key}`"))
            .collect();
        if !missing.is_empty() {
            let text = format!("expected {}, found none", missing.join(" and "));
            found.push(&rules::LIMIT_MAXIMUM, api.place(node, "type"), &site.subject, text);
        }
    } else if api.is_sent(node) {
        sent(api, site, found);
    }
}

fn number(node: Node<'_>, key: &str) -> Option<f64> {
    node.tree.get(key)?.to_json().as_f64()
}

/// What clients send.
fn sent(api: &Api<'_>, site: &SchemaSite<'_>, found: &mut Findings) {
    let node = site.node;
    let types = types(node);
    let has = |key: &str| node.tree.get(key).is_some();
    if has("enum") || has("const") {
        return;
    }
    if types.contains(&"string") {
        let bounded = has("maxLength")
            || SHORT_FORMATS.contains(&node.text("format"))
            || ends(node.text("pattern"));
        if !bounded {
            let text = "expected `maxLength`, found none";
            found.push(&rules::STRING_MAX_LENGTH, api.place(node, "type"), &site.subject, text);
        }
    }
    if types.contains(&"array") && !has("maxItems") {
        let text = "expected `maxItems`, found none";
        found.push(&rules::ARRAY_MAX_ITEMS, api.place(node, "type"), &site.subject, text);
    }
    if types.contains(&"integer") || types.contains(&"number") {
        let low = has("minimum") || has("exclusiveMinimum");
        let high = has("maximum") || has("exclusiveMaximum");
        let missing = match (low, high) {
            (true, true) => return,
            (true, false) => "`maximum`",
            (false, true) => "`minimum`",
            (false, false) => "`minimum` and `maximum`",
        };
        let text = format!("expected {missing}, found none");
        found.push(&rules::NUMBER_RANGE, api.place(node, "type"), &site.subject, text);
    }
}

/// Whether all matches of a pattern have a longest one: it is anchored and repeats nothing without end.
fn ends(pattern: &str) -> bool {
    let mut class = false;
    let mut escaped = false;
    if !is_anchored(pattern) {
        return false;
    }
    let bytes = pattern.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match byte {
            b'\\' => escaped = true,
            b'[' => class = true,
            b']' => class = false,
            b'*' | b'+' if !class => return false,
            b',' if !class && bytes.get(index + 1) == Some(&b'}') => return false,
            _ => {}
        }
    }
    true
}

/// Whether a pattern begins with `^` and ends with `$`, in each of its alternatives where there are several.
fn is_anchored(pattern: &str) -> bool {
    let mut depth = 0_u32;
    let mut class = false;
    let mut escaped = false;
    let mut alternatives = vec![String::new()];
    for letter in pattern.chars() {
        let split = !escaped && !class && depth == 0 && letter == '|';
        if split {
            alternatives.push(String::new());
        } else if let Some(last) = alternatives.last_mut() {
            last.push(letter);
        }
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class => depth += 1,
            ')' if !class => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    alternatives
        .iter()
        .all(|part| part.starts_with('^') && part.ends_with('$') && !part.ends_with("\\$"))
}

fn patterns(api: &Api<'_>, site: &SchemaSite<'_>, found: &mut Findings) {
    let Some(pattern) = site.node.tree.get("pattern").and_then(Tree::as_str) else { return };
    let place = api.place(site.node, "pattern");
    if let Err(trouble) = super::examples::pattern(pattern) {
        let text = format!("expected a regular expression, found `{pattern}`: {trouble}");
        found.push(&rules::PATTERN_VALID, place, &site.subject, text);
    } else if !is_anchored(pattern) {
        let text = format!("expected `^…$`, found `{pattern}`");
        found.push(&rules::PATTERN_ANCHORED, place, &site.subject, text);
    }
}

#[cfg(test)]
mod tests {
    use super::{ends, is_anchored};

    #[test]
    fn patterns_end_or_do_not() {
        assert!(
            ends("^[A-Z]{3}$") && ends("^(0|[1-9][0-9]{0,11})([.][0-9]{1,2})?$") && ends("^a[+*]$")
        );
        assert!(!ends("^[A-Z]+$") && !ends("^[A-Z]{3,}$") && !ends("[A-Z]{3}"));
        assert!(
            is_anchored("^a$|^b$")
                && is_anchored("^(a|b)$")
                && !is_anchored("^a|b$")
                && !is_anchored(r"^a\$")
        );
    }
}
