//! Compatibility levels, modes and the other settings of a subject or of the whole registry.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::subject::Subject;

/// How a new version must agree with the ones before it: compatibility's modes, which the API
/// calls levels. `BACKWARD` where nothing is set.
pub(crate) use charter_avro::compat::Mode as Level;

/// A compatibility level: which of new and earlier schemas must read the other's data, the new one's the earlier's
/// (backward), the other way (forward) or both (full); of the last version, or of all (transitive).
#[derive(ToSchema)]
#[schema(as = Level, rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(
    dead_code,
    reason = "the names in the API's document, which a test holds against the levels"
)]
pub(crate) enum LevelName {
    None,
    Backward,
    BackwardTransitive,
    Forward,
    ForwardTransitive,
    Full,
    FullTransitive,
}

/// Reads a level by its name, in any case.
///
/// # Errors
/// [`ApiError::InvalidLevel`].
pub(crate) fn parse_level(name: &str) -> Result<Level, ApiError> {
    let found = Level::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(name));
    found.ok_or(ApiError::InvalidLevel)
}

/// What may be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Mode {
    /// Registering and deleting.
    #[default]
    ReadWrite,
    /// Neither, where no subject says otherwise.
    ReadOnly,
    /// Neither, whatever a subject says. Of the whole registry.
    #[serde(rename = "READONLY_OVERRIDE")]
    ReadOnlyOverride,
    /// Registering with the ids and versions that the request gives, unchecked.
    Import,
}

impl Mode {
    /// Every mode with its name in the API.
    const NAMES: [(Mode, &'static str); 4] = [
        (Self::ReadWrite, "READWRITE"),
        (Self::ReadOnly, "READONLY"),
        (Self::ReadOnlyOverride, "READONLY_OVERRIDE"),
        (Self::Import, "IMPORT"),
    ];

    /// Reads a mode by its name, in any case.
    ///
    /// # Errors
    /// [`ApiError::InvalidMode`].
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        Self::NAMES
            .into_iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(text))
            .map(|(mode, _)| mode)
            .ok_or(ApiError::InvalidMode)
    }

    /// Whether nothing may be registered, deleted or configured.
    pub(crate) fn is_read_only(self) -> bool {
        match self {
            Self::ReadOnly | Self::ReadOnlyOverride => true,
            Self::ReadWrite | Self::Import => false,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(mode, _)| mode == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

/// The settings of one scope; what is absent is not set there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// The level.
    pub(crate) level: Option<Level>,
    /// Whether schemas are normalised before they are compared and stored.
    pub(crate) normalize: Option<bool>,
    /// Whether field names are held against the reserved ones. A schema reserves names in its
    /// metadata, which this registry refuses, so no schema ever fails this check.
    pub(crate) validate_fields: Option<bool>,
    /// The subject that requests for this one are answered from.
    pub(crate) alias: Option<String>,
}

/// What a request does to one setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Change<T> {
    /// The field is absent.
    #[default]
    Keep,
    /// The field is null.
    Clear,
    /// The field has a value.
    Set(T),
}

impl<T> Change<T> {
    fn apply(self, old: Option<T>) -> Option<T> {
        match self {
            Self::Keep => old,
            Self::Clear => None,
            Self::Set(new) => Some(new),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

/// A change of the settings of one scope: what is absent stays, null clears.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigChange {
    /// The level, in any case.
    #[schema(value_type = Option<String>, example = "FULL_TRANSITIVE")]
    #[serde(default)]
    compatibility: Change<String>,
    /// Whether schemas are normalised before they are compared and stored.
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    normalize: Change<bool>,
    /// Whether reserved field names are refused. Names are reserved in metadata, so that none ever is.
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    validate_fields: Change<bool>,
    /// The subject that requests for this one are answered from.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    alias: Change<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    others: serde_json::Map<String, serde_json::Value>,
}

/// Settings of Confluent's registry that this one has no function for.
const UNSUPPORTED: [(&str, &str); 9] = [
    ("aliasForDeks", "it keeps no encryption keys"),
    ("validateNewSchemas", "every schema is checked in full"),
    ("validateRules", "rule sets are not supported"),
    ("compatibilityPolicy", "compatibility is Avro's own"),
    ("compatibilityGroup", "groups are read from metadata, which is not supported"),
    ("defaultMetadata", "metadata is not supported"),
    ("overrideMetadata", "metadata is not supported"),
    ("defaultRuleSet", "rule sets are not supported"),
    ("overrideRuleSet", "rule sets are not supported"),
];

impl ConfigChange {
    /// The alias that the change sets, if it does.
    pub(crate) fn new_alias(&self) -> Option<&str> {
        match &self.alias {
            Change::Set(alias) if !alias.is_empty() => Some(alias),
            Change::Set(_) | Change::Keep | Change::Clear => None,
        }
    }

    /// Applies the change to the settings there are.
    ///
    /// # Errors
    /// [`ApiError::InvalidLevel`] for an unknown level, [`ApiError::Unsupported`] for a setting
    /// that is not supported and not null, [`ApiError::InvalidSubject`] for a bad alias.
    pub(crate) fn apply(self, old: Config) -> Result<Config, ApiError> {
        for (name, why) in UNSUPPORTED {
            if self.others.get(name).is_some_and(|value| !value.is_null()) {
                return Err(ApiError::Unsupported(name.to_owned(), why));
            }
        }
        let level = match self.compatibility {
            Change::Keep => old.level,
            Change::Clear => None,
            Change::Set(name) => Some(parse_level(&name)?),
        };
        let alias = match self.alias.apply(old.alias) {
            Some(name) if !name.is_empty() => Some(Subject::parse(&name)?.as_str().to_owned()),
            Some(_) | None => None,
        };
        Ok(Config {
            level,
            normalize: self.normalize.apply(old.normalize),
            validate_fields: self.validate_fields.apply(old.validate_fields),
            alias,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn names_read_back_in_any_case() {
        for level in Level::ALL {
            assert_eq!(parse_level(&level.as_str().to_lowercase()).expect("level"), level);
        }
        for (mode, name) in Mode::NAMES {
            assert_eq!(Mode::parse(name).expect(name), mode);
            assert_eq!(mode.to_string(), name);
            assert_eq!(serde_json::to_value(mode).expect("mode"), name);
        }
        assert_eq!(parse_level("backwards").expect_err("level").code(), 42203);
        assert_eq!(Mode::parse("FORWARD").expect_err("mode").code(), 42204);
    }

    #[test]
    fn the_document_names_the_levels() {
        let schema = <LevelName as utoipa::PartialSchema>::schema();
        let schema = serde_json::to_value(schema).expect("json");
        let mut named: Vec<&str> =
            schema["enum"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
        named.sort_unstable();
        let mut levels = Level::ALL.map(Level::as_str);
        levels.sort_unstable();
        assert_eq!(named, levels);
    }

    #[test]
    fn a_change_keeps_clears_and_sets() {
        let old = Config { level: Some(Level::Full), normalize: Some(true), ..Config::default() };
        let change: ConfigChange =
            serde_json::from_str(r#"{"compatibility":"none","normalize":null}"#).expect("change");
        let new = change.apply(old.clone()).expect("applies");
        assert_eq!(new, Config { level: Some(Level::None), ..Config::default() });
        let nothing: ConfigChange = serde_json::from_str("{}").expect("change");
        assert_eq!(nothing.apply(old.clone()).expect("applies"), old);
    }

    #[test]
    fn a_setting_without_function_is_refused_by_name() {
        let change: ConfigChange =
            serde_json::from_str(r#"{"compatibilityGroup":"major"}"#).expect("change");
        let refusal = change.apply(Config::default()).expect_err("refused");
        assert_eq!(refusal.code(), 42205);
        assert!(refusal.to_string().starts_with("`compatibilityGroup` is not supported"));
    }
}
