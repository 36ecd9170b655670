//! Which values are left: listed ones, the only one, the default.

use charter_avro::source::Tree;

use super::super::comparison::{At, Comparison};
use super::super::equal::equal_values;
use super::super::rules::{self, Place};
use super::super::schema::Schema;
use super::short;

impl<'a> Comparison<'_, 'a> {
    pub(super) fn values(&mut self, at: &At<'_, 'a>) {
        self.listed(at);
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        match (base.constant, revision.constant) {
            (None, Some(value)) => {
                self.keyword(
                    &rules::CONST_ADDED,
                    at,
                    "const",
                    format!("must be `{}` now", short(value)),
                );
            }
            (Some(value), None) => {
                let text = format!("need not be `{}` any more", short(value));
                self.keyword(&rules::CONST_REMOVED, at, "const", text);
            }
            (Some(old), Some(new)) if !equal_values(old, new) => {
                let text = format!("must be `{}` now, and was `{}`", short(new), short(old));
                self.keyword(&rules::CONST_CHANGED, at, "const", text);
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        // Of a parameter, defaults are compared with the parameter itself.
        if at.site.place != Place::Parameter {
            self.default(at);
        }
        self.extensible(at);
    }

    pub(crate) fn default(&mut self, at: &At<'_, 'a>) {
        match (at.pair.base.default, at.pair.revision.default) {
            (None, Some(value)) => {
                self.keyword(
                    &rules::DEFAULT_ADDED,
                    at,
                    "default",
                    format!("the default is `{}` now", short(value)),
                );
            }
            (Some(value), None) => {
                let text = format!("the default `{}` is gone", short(value));
                self.keyword(&rules::DEFAULT_REMOVED, at, "default", text);
            }
            (Some(old), Some(new)) if !equal_values(old, new) => {
                let text = format!("the default is `{}` now, and was `{}`", short(new), short(old));
                self.keyword(&rules::DEFAULT_CHANGED, at, "default", text);
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    fn listed(&mut self, at: &At<'_, 'a>) {
        let (base, revision) = (at.pair.base.listed, at.pair.revision.listed);
        let missing = |from: Option<&'a [Tree]>, to: Option<&'a [Tree]>| -> Vec<&'a Tree> {
            let to = to.unwrap_or_default();
            let from = from.unwrap_or_default().iter();
            from.filter(|value| !to.iter().any(|other| equal_values(value, other))).collect()
        };
        let (removed, added) = (missing(base, revision), missing(revision, base));
        if base.is_none() && !added.is_empty() {
            self.keyword(&rules::BECAME_ENUM, at, "enum", "takes listed values only now");
            if at.site.header.is_some() {
                let text = "takes listed values only now";
                self.keyword_single(
                    &rules::HEADER_PROPERTY_BECAME_ENUM,
                    at,
                    (at.path, "enum"),
                    text,
                );
            }
        }
        if base.is_some() && revision.is_none() && !removed.is_empty() {
            let text = "other values than the listed ones are possible now";
            self.keyword(&rules::ENUM_REMOVED, at, "enum", text);
        }
        for value in removed {
            let text = format!("the value `{}` is gone", short(value));
            let read_only = at.place() == Place::RequestProperty && at.pair.revision.read_only;
            if at.place() == Place::ResponseBody {
                self.keyword_single(
                    &rules::RESPONSE_ENUM_VALUE_REMOVED,
                    at,
                    (at.path, "enum"),
                    text,
                );
            } else if read_only {
                self.keyword_single(
                    &rules::READ_ONLY_ENUM_VALUE_REMOVED,
                    at,
                    (at.path, "enum"),
                    text,
                );
            } else {
                self.keyword(&rules::ENUM_VALUE_REMOVED, at, "enum", text);
            }
        }
        for value in added {
            // A response that had no list could hold the value already, and so the list narrows it.
            if base.is_none() && matches!(at.place(), Place::ResponseBody | Place::Header) {
                continue;
            }
            let text = format!("the value `{}` is new", short(value));
            if at.place() == Place::ResponseProperty && at.pair.revision.write_only {
                self.keyword_single(
                    &rules::WRITE_ONLY_ENUM_VALUE_ADDED,
                    at,
                    (at.path, "enum"),
                    text,
                );
            } else {
                self.keyword(&rules::ENUM_VALUE_ADDED, at, "enum", text);
            }
        }
    }

    fn extensible(&mut self, at: &At<'_, 'a>) {
        let key = "x-extensible-enum";
        let values =
            |schema: &Schema<'a>| schema.written(key).and_then(|node| node.tree.as_array());
        let (Some(base), Some(revision)) = (values(&at.pair.base), values(&at.pair.revision))
        else {
            return;
        };
        if at.place() == Place::RequestProperty && at.pair.revision.read_only {
            return;
        }
        for value in
            base.iter().filter(|value| !revision.iter().any(|other| equal_values(value, other)))
        {
            let text = format!("the value `{}` of `{key}` is gone", short(value));
            self.keyword(&rules::EXTENSIBLE_VALUE_REMOVED, at, key, text);
        }
    }
}
