//! Commands, events and views, and their metadata.

use charter_avro::schema::Kind;
use charter_avro::source::Tree;

use super::Named;
use crate::attribute::NAME;
use crate::lint::finding::{Findings, Place};
use crate::lint::rules::contracts as rules;
use crate::lint::words;
use crate::types::METADATA;

pub(super) fn lint(named: &Named<'_>, found: &mut Findings) {
    if named.name == METADATA {
        metadata(named, found);
    }
    if named.kind().is_none() {
        return;
    }
    let Some(key) = named.attribute("key").and_then(Tree::as_array).filter(|key| !key.is_empty())
    else {
        let at = named.tree.member(NAME);
        let place = at.map_or(named.place("name"), |member| Place {
            file: named.file,
            at: member.key_span,
            within: member.value.span,
        });
        let text = "expected a key, found none".to_owned();
        found.push(&rules::KEY_MISSING, place, named.name, text);
        return tenant(named, found);
    };
    let keys: Vec<&str> = key.iter().filter_map(Tree::as_str).collect();
    for field in named.fields() {
        if keys.contains(&field.name()) && field.of.default.is_some() {
            let text =
                format!("expected `{}`, which is of the key, to have no default", field.name());
            field.push(&rules::KEY_DEFAULT, "default", text, found);
        }
    }
    tenant(named, found);
}

fn tenant(named: &Named<'_>, found: &mut Findings) {
    for field in named.fields() {
        let words = words::words(field.name());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if matches!(words.as_slice(), ["tenant"] | ["tenant", "id" | "key" | "name"]) {
            let text =
                format!("expected the tenant in the metadata only, found `{}`", field.name());
            field.push(&rules::TENANT_IN_PAYLOAD, "name", text, found);
        }
    }
}

fn metadata(named: &Named<'_>, found: &mut Findings) {
    let tenant = named.fields().into_iter().find(|field| field.name() == "tenantId");
    let Some(field) = tenant else {
        let text = "expected a field `tenantId`, found none".to_owned();
        return named.push(&rules::TENANT_METADATA, "name", text, found);
    };
    if !matches!(field.node().kind, Kind::String) || field.of.default.is_some() {
        let text = "expected `tenantId` to be a string without default".to_owned();
        field.push(&rules::TENANT_METADATA, "name", text, found);
    }
}
