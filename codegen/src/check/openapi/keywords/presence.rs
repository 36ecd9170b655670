//! What must be there, and who may write it.

use super::super::comparison::{At, Comparison};
use super::super::rules::{self, Place};
use super::super::types::added;
use super::joined;

impl<'a> Comparison<'_, 'a> {
    pub(super) fn required(&mut self, at: &At<'_, 'a>) {
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        for name in added(&base.required, &revision.required) {
            if revision.property(name).is_some() {
                self.became_required(at, name);
            } else {
                let text = format!("`{name}` is required now, and is not listed");
                self.keyword(&rules::REQUIRED_NAME_ADDED, at, "required", text);
            }
        }
        for name in added(&revision.required, &base.required) {
            if revision.property(name).is_some() {
                self.became_optional(at, name);
            } else if base.property(name).is_none() {
                let text = format!("`{name}` is not required any more");
                self.keyword(&rules::REQUIRED_NAME_REMOVED, at, "required", text);
            }
        }
    }

    fn became_required(&mut self, at: &At<'_, 'a>, name: &str) {
        let (Some(_), Some(now)) = (at.pair.base.property(name), at.pair.revision.property(name))
        else {
            return;
        };
        let now = self.new.at(now).schema;
        let path = joined(at.path, name);
        let (key, text) = ("required", "required now");
        match at.site.place {
            Place::RequestBody if now.read_only => {}
            Place::RequestBody if now.default.is_some() => {
                let family = &rules::BECAME_REQUIRED_WITH_DEFAULT;
                self.property(
                    family,
                    Place::RequestProperty,
                    at,
                    (&path, key),
                    "required now, with a default",
                );
            }
            Place::RequestBody => {
                self.property(
                    &rules::BECAME_REQUIRED,
                    Place::RequestProperty,
                    at,
                    (&path, key),
                    text,
                );
            }
            Place::ResponseBody if now.write_only => {
                self.keyword_single(&rules::WRITE_ONLY_BECAME_REQUIRED, at, (&path, key), text);
            }
            Place::ResponseBody => {
                self.property(
                    &rules::BECAME_REQUIRED,
                    Place::ResponseProperty,
                    at,
                    (&path, key),
                    text,
                );
            }
            Place::Parameter if at.site.header.is_some() && !now.read_only => {
                self.keyword_single(
                    &rules::HEADER_PROPERTY_BECAME_REQUIRED,
                    at,
                    (&path, key),
                    text,
                );
            }
            Place::Parameter if at.site.header.is_none() => {
                self.property(
                    &rules::BECAME_REQUIRED,
                    Place::ParameterProperty,
                    at,
                    (&path, key),
                    text,
                );
            }
            Place::Parameter
            | Place::Header
            | Place::RequestProperty
            | Place::ParameterProperty
            | Place::ResponseProperty => {}
        }
    }

    fn became_optional(&mut self, at: &At<'_, 'a>, name: &str) {
        let path = joined(at.path, name);
        let was = at.pair.base.property(name);
        let Some(now) = at.pair.revision.property(name) else { return };
        let now = self.new.at(now).schema;
        let (key, text) = ("required", "optional now");
        match at.site.place {
            Place::RequestBody if was.is_some() && !now.read_only => {
                self.property(
                    &rules::BECAME_OPTIONAL,
                    Place::RequestProperty,
                    at,
                    (&path, key),
                    text,
                );
            }
            Place::ResponseBody => {
                let hidden = match was {
                    Some(node) if !at.path.is_empty() => self.old.at(node).schema.write_only,
                    None if !at.path.is_empty() => return,
                    Some(_) | None => now.write_only,
                };
                if hidden {
                    self.keyword_single(&rules::WRITE_ONLY_BECAME_OPTIONAL, at, (&path, key), text);
                } else {
                    self.property(
                        &rules::BECAME_OPTIONAL,
                        Place::ResponseProperty,
                        at,
                        (&path, key),
                        text,
                    );
                }
            }
            Place::RequestBody
            | Place::Parameter
            | Place::Header
            | Place::RequestProperty
            | Place::ParameterProperty
            | Place::ResponseProperty => {}
        }
    }

    pub(super) fn mutability(&mut self, at: &At<'_, 'a>) {
        let Some(parent) = at.parent.filter(|parent| parent.revision.property(at.name).is_some())
        else {
            return;
        };
        let required = parent.base.requires(at.name);
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        if base.write_only != revision.write_only {
            let rule = match (at.place(), required, revision.write_only) {
                (Place::RequestProperty, true, true) => &rules::REQUEST_REQUIRED_WRITE_ONLY,
                (Place::RequestProperty, true, false) => &rules::REQUEST_REQUIRED_NOT_WRITE_ONLY,
                (Place::RequestProperty, false, true) => &rules::REQUEST_OPTIONAL_WRITE_ONLY,
                (Place::RequestProperty, false, false) => &rules::REQUEST_OPTIONAL_NOT_WRITE_ONLY,
                (Place::ResponseProperty, true, true) => &rules::RESPONSE_REQUIRED_WRITE_ONLY,
                (Place::ResponseProperty, true, false) => &rules::RESPONSE_REQUIRED_NOT_WRITE_ONLY,
                (Place::ResponseProperty, false, true) => &rules::RESPONSE_OPTIONAL_WRITE_ONLY,
                (Place::ResponseProperty, false, false) => &rules::RESPONSE_OPTIONAL_NOT_WRITE_ONLY,
                _ => return,
            };
            let text =
                if revision.write_only { "write-only now" } else { "not write-only any more" };
            self.keyword_single(rule, at, (at.path, "writeOnly"), text);
        }
        if base.read_only != revision.read_only {
            let rule = match (at.place(), required, revision.read_only) {
                (Place::RequestProperty, true, true) => &rules::REQUEST_REQUIRED_READ_ONLY,
                (Place::RequestProperty, true, false) => &rules::REQUEST_REQUIRED_NOT_READ_ONLY,
                (Place::RequestProperty, false, true) => &rules::REQUEST_OPTIONAL_READ_ONLY,
                (Place::RequestProperty, false, false) => &rules::REQUEST_OPTIONAL_NOT_READ_ONLY,
                (Place::ResponseProperty, true, true) => &rules::RESPONSE_REQUIRED_READ_ONLY,
                (Place::ResponseProperty, true, false) => &rules::RESPONSE_REQUIRED_NOT_READ_ONLY,
                (Place::ResponseProperty, false, true) => &rules::RESPONSE_OPTIONAL_READ_ONLY,
                (Place::ResponseProperty, false, false) => &rules::RESPONSE_OPTIONAL_NOT_READ_ONLY,
                _ => return,
            };
            let text = if revision.read_only { "read-only now" } else { "not read-only any more" };
            self.keyword_single(rule, at, (at.path, "readOnly"), text);
        }
    }
}
