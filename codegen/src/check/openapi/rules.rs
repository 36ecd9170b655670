//! What can change in an API, as rules: a row each. Most are families: one kind of change to a schema, reported
//! under a prefix that says where the schema stands. Ids, and the severities in capitals, are oasdiff's.
//!
//! The severities stand for the seven places of [`Place`], in its order: `E` error, `W` warning, `I` information,
//! `-` no such rule. A small letter is a rule that oasdiff does not have: it is never worse than a warning, so that
//! the verdict is oasdiff's, unless a run is strict.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::check::change::{ChangeRule, Kind};

/// Where a schema stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    RequestBody,
    RequestProperty,
    Parameter,
    ParameterProperty,
    ResponseBody,
    ResponseProperty,
    Header,
}

impl Place {
    const ALL: [Self; 7] = [
        Self::RequestBody,
        Self::RequestProperty,
        Self::Parameter,
        Self::ParameterProperty,
        Self::ResponseBody,
        Self::ResponseProperty,
        Self::Header,
    ];

    fn prefix(self) -> &'static str {
        match self {
            Self::RequestBody => "request-body",
            Self::RequestProperty => "request-property",
            Self::Parameter => "request-parameter",
            Self::ParameterProperty => "request-parameter-property",
            Self::ResponseBody => "response-body",
            Self::ResponseProperty => "response-property",
            Self::Header => "response-header",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::RequestBody => "of a request body",
            Self::RequestProperty => "of a request's property",
            Self::Parameter => "of a parameter",
            Self::ParameterProperty => "of a property of a parameter",
            Self::ResponseBody => "of a response body",
            Self::ResponseProperty => "of a response's property",
            Self::Header => "of a response header",
        }
    }

    /// Whether clients send what stands there.
    pub(crate) fn is_request(self) -> bool {
        match self {
            Self::RequestBody
            | Self::RequestProperty
            | Self::Parameter
            | Self::ParameterProperty => true,
            Self::ResponseBody | Self::ResponseProperty | Self::Header => false,
        }
    }
}

/// One kind of change to a schema.
#[derive(Debug)]
pub(crate) struct Family {
    suffix: &'static str,
    pub(crate) kind: Kind,
    severities: &'static str,
    what: &'static str,
}

/// A rule that stands by itself.
#[derive(Debug)]
pub(crate) struct Single {
    pub(crate) id: &'static str,
    kind: Kind,
    severity: char,
    what: &'static str,
    request: bool,
}

static RULES: LazyLock<HashMap<String, ChangeRule>> = LazyLock::new(|| {
    let families = FAMILIES.iter().flat_map(|family| {
        Place::ALL.into_iter().zip(family.severities.chars()).filter_map(|(place, letter)| {
            let id = format!("{}-{}", place.prefix(), family.suffix);
            let what = format!("{} {}", family.what, place.words());
            ChangeRule::new(id, family.kind, letter, what, mend(place.is_request(), letter))
        })
    });
    let singles = SINGLES.iter().filter_map(|rule| {
        let mend = mend(rule.request, rule.severity);
        ChangeRule::new(rule.id.to_owned(), rule.kind, rule.severity, rule.what.to_owned(), mend)
    });
    families.chain(singles).map(|rule| (rule.id.clone(), rule)).collect()
});

fn mend(request: bool, letter: char) -> &'static str {
    match (letter.to_ascii_uppercase(), request) {
        ('I', _) => "nothing needs to be done",
        (_, true) => {
            "keep accepting what clients send today, or offer the change under a new path or version"
        }
        (_, false) => {
            "keep answering as clients expect today, or offer the change under a new path or version"
        }
    }
}

/// All rules, sorted by id.
pub(crate) fn all() -> Vec<&'static ChangeRule> {
    let mut all: Vec<_> = RULES.values().collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}

/// The rule of `family` at `place`, where there is one.
pub(crate) fn at(family: &Family, place: Place) -> Option<&'static ChangeRule> {
    RULES.get(&format!("{}-{}", place.prefix(), family.suffix))
}

/// The rule that `single` is.
pub(crate) fn single(single: &Single) -> Option<&'static ChangeRule> {
    RULES.get(single.id)
}

macro_rules! families {
    ($($id:ident $suffix:literal $kind:ident $severities:literal $what:literal;)*) => {
        $(
            #[doc = $what]
            pub(crate) static $id: Family =
                Family { suffix: $suffix, kind: Kind::$kind, severities: $severities, what: $what };
        )*
        static FAMILIES: &[&Family] = &[$(&$id),*];
    };
}

macro_rules! singles {
    ($($id:ident $name:literal $kind:ident $severity:literal $request:literal $what:literal;)*) => {
        $(
            #[doc = $what]
            pub(crate) static $id: Single =
                Single { id: $name, kind: Kind::$kind, severity: $severity, request: $request, what: $what };
        )*
        static SINGLES: &[&Single] = &[$(&$id),*];
    };
}

families! {
    // Existence.
    ADDED "added" Existence "------I" "there is a new one";
    ADDED_OPTIONAL "added-optional" Existence "I------" "there is a new one, and it may be left out";
    ADDED_REQUIRED "added-required" Existence "E------" "there is a new one, and it must be sent";
    REMOVED "removed" Existence "EWWe---" "it is gone";
    ADDED_OPTIONAL_PROPERTY "property-added" Existence "---i---" "there is a new optional property";
    ADDED_REQUIRED_PROPERTY "required-property-added" Existence "---e---" "there is a new required property";
    REMOVED_BEFORE_SUNSET "removed-before-sunset" Existence "--E----" "it is gone before the day that was promised";
    REMOVED_WITH_DEPRECATION "removed-with-deprecation" Existence "--I----" "it is gone after it was deprecated";
    MEDIA_TYPE_ADDED "media-type-added" Existence "I-i----" "there is a new media type";
    MEDIA_TYPE_REMOVED "media-type-removed" Existence "E-e----" "a media type is gone";
    MEDIA_TYPE_SCHEMA_ADDED "media-type-schema-added" Existence "E---I--" "a media type has a schema, and had none";
    MEDIA_TYPE_SCHEMA_REMOVED "media-type-schema-removed" Existence "I---W--" "a media type has lost its schema";
    CONTENT_SCHEMA_ADDED "content-schema-added" Existence "EE--II-" "`contentSchema` is new";
    CONTENT_SCHEMA_REMOVED "content-schema-removed" Existence "II--EE-" "`contentSchema` is gone";
    SCHEMA_ADDED "schema-added" Existence "--e---i" "it has a schema, and had none";
    SCHEMA_REMOVED "schema-removed" Existence "--i---e" "it has lost its schema";
    // Null and absence.
    BECAME_NULLABLE "became-nullable" Requiredness "IIIIEEE" "`null` is a value, and was not";
    BECAME_NOT_NULLABLE "became-not-nullable" Requiredness "EEEEIII" "`null` is no value any more";
    BECAME_OPTIONAL "became-optional" Requiredness "III--EE" "it may be absent, and was required";
    BECAME_REQUIRED "became-required" Requiredness "EEEe-I-" "it is required, and was optional";
    REQUIRED_NAME_ADDED "required-name-added" Requiredness "eeee---" "a property is required that is not listed, and was not";
    REQUIRED_NAME_REMOVED "required-name-removed" Requiredness "----eee" "a property that is not listed is not required any more";
    BECAME_REQUIRED_WITH_DEFAULT "became-required-with-default" Requiredness "-E-----" "it is required and has a default, and was optional";
    // Types.
    TYPE_CHANGED "type-changed" Type "EEEWEEE" "type or format changed to one that does not hold the same values";
    TYPE_COMPATIBLE "type-compatible" Type "II--III" "type or format changed, and both are written alike in this media type";
    TYPE_GENERALIZED "type-generalized" Type "IIIIEEE" "type or format holds more than before";
    TYPE_SPECIALIZED "type-specialized" Type "---EIII" "type or format holds less than before";
    TYPES_NARROWED "list-of-types-narrowed" Type "EEEEII-" "the list of types holds fewer";
    TYPES_WIDENED "list-of-types-widened" Type "IIIIEE-" "the list of types holds more";
    CONTENT_ENCODING_CHANGED "content-encoding-changed" Type "EE--EE-" "`contentEncoding` changed";
    CONTENT_MEDIA_TYPE_CHANGED "content-media-type-changed" Type "EE--EE-" "`contentMediaType` changed";
    STYLE_CHANGED "style-changed" Type "--e----" "`style` or `explode` changed, and with it the way that a value is written";
    // Values.
    BECAME_ENUM "became-enum" Values "EEEe---" "only listed values are left";
    ENUM_VALUE_ADDED "enum-value-added" Values "-IIIwWw" "there is a new listed value";
    ENUM_VALUE_REMOVED "enum-value-removed" Values "EEEE-Ii" "a listed value is gone";
    ENUM_REMOVED "enum-removed" Values "----eee" "other values than the listed ones are possible";
    EXTENSIBLE_VALUE_REMOVED "x-extensible-enum-value-removed" Values "-EE----" "a value of `x-extensible-enum` is gone";
    CONST_ADDED "const-added" Values "EEeeII-" "only one value is left";
    CONST_CHANGED "const-changed" Values "EEeeEE-" "the only value is another";
    CONST_REMOVED "const-removed" Values "IIiiEE-" "other values than the only one are possible";
    DEFAULT_ADDED "default-value-added" Values "IIE-II-" "there is a default, and was none";
    DEFAULT_CHANGED "default-value-changed" Values "IIE-II-" "the default is another";
    DEFAULT_REMOVED "default-value-removed" Values "IIE-II-" "the default is gone";
    // Bounds.
    MAX_SET "max-set" Constraints "WWW----" "`maximum` is set where there was none";
    MAX_DECREASED "max-decreased" Constraints "EEE----" "`maximum` is lower";
    MAX_INCREASED "max-increased" Constraints "III-EE-" "`maximum` is higher";
    MAX_UNSET "max-unset" Constraints "----eee" "`maximum` is gone";
    MIN_SET "min-set" Constraints "WWW----" "`minimum` is set where there was none";
    MIN_INCREASED "min-increased" Constraints "EEE----" "`minimum` is higher";
    MIN_DECREASED "min-decreased" Constraints "III-EE-" "`minimum` is lower";
    MIN_UNSET "min-unset" Constraints "----eee" "`minimum` is gone";
    EXCLUSIVE_MAX_SET "exclusive-max-set" Constraints "WWW----" "`exclusiveMaximum` is set where there was none";
    EXCLUSIVE_MAX_DECREASED "exclusive-max-decreased" Constraints "EEE----" "`exclusiveMaximum` is lower";
    EXCLUSIVE_MAX_INCREASED "exclusive-max-increased" Constraints "III-EE-" "`exclusiveMaximum` is higher";
    EXCLUSIVE_MAX_UNSET "exclusive-max-unset" Constraints "----eee" "`exclusiveMaximum` is gone";
    EXCLUSIVE_MIN_SET "exclusive-min-set" Constraints "WWW----" "`exclusiveMinimum` is set where there was none";
    EXCLUSIVE_MIN_INCREASED "exclusive-min-increased" Constraints "EEE----" "`exclusiveMinimum` is higher";
    EXCLUSIVE_MIN_DECREASED "exclusive-min-decreased" Constraints "III-EE-" "`exclusiveMinimum` is lower";
    EXCLUSIVE_MIN_UNSET "exclusive-min-unset" Constraints "----eee" "`exclusiveMinimum` is gone";
    MULTIPLE_OF_CHANGED "multiple-of-changed" Constraints "eeeeeee" "`multipleOf` is another";
    MAX_LENGTH_SET "max-length-set" Constraints "WWWe---" "`maxLength` is set where there was none";
    MAX_LENGTH_DECREASED "max-length-decreased" Constraints "EEEe---" "`maxLength` is lower";
    MAX_LENGTH_INCREASED "max-length-increased" Constraints "IIIiEEe" "`maxLength` is higher";
    MAX_LENGTH_UNSET "max-length-unset" Constraints "----EEe" "`maxLength` is gone";
    MIN_LENGTH_INCREASED "min-length-increased" Constraints "EEEe---" "`minLength` is higher";
    MIN_LENGTH_DECREASED "min-length-decreased" Constraints "IIIiEEe" "`minLength` is lower";
    MAX_ITEMS_SET "max-items-set" Constraints "eeee---" "`maxItems` is set where there was none";
    MAX_ITEMS_DECREASED "max-items-decreased" Constraints "eeEe---" "`maxItems` is lower";
    MAX_ITEMS_INCREASED "max-items-increased" Constraints "iiIieee" "`maxItems` is higher";
    MAX_ITEMS_UNSET "max-items-unset" Constraints "----eee" "`maxItems` is gone";
    MIN_ITEMS_INCREASED "min-items-increased" Constraints "EEEe---" "`minItems` is higher";
    MIN_ITEMS_DECREASED "min-items-decreased" Constraints "--I-EEe" "`minItems` is lower";
    UNIQUE_ITEMS_SET "unique-items-set" Constraints "eeee---" "items must differ from one another, and did not have to";
    UNIQUE_ITEMS_UNSET "unique-items-unset" Constraints "----eee" "items may be equal, and could not be";
    MAX_PROPERTIES_SET "max-properties-set" Constraints "eeee---" "`maxProperties` is set where there was none";
    MAX_PROPERTIES_DECREASED "max-properties-decreased" Constraints "eeee---" "`maxProperties` is lower";
    MAX_PROPERTIES_INCREASED "max-properties-increased" Constraints "----eee" "`maxProperties` is higher";
    MAX_PROPERTIES_UNSET "max-properties-unset" Constraints "----eee" "`maxProperties` is gone";
    MIN_PROPERTIES_INCREASED "min-properties-increased" Constraints "eeee---" "`minProperties` is higher";
    MIN_PROPERTIES_DECREASED "min-properties-decreased" Constraints "----eee" "`minProperties` is lower";
    MAX_CONTAINS_DECREASED "max-contains-decreased" Constraints "EE--II-" "`maxContains` is lower";
    MAX_CONTAINS_INCREASED "max-contains-increased" Constraints "II--EE-" "`maxContains` is higher";
    MIN_CONTAINS_INCREASED "min-contains-increased" Constraints "EE--II-" "`minContains` is higher";
    MIN_CONTAINS_DECREASED "min-contains-decreased" Constraints "II--EE-" "`minContains` is lower";
    PATTERN_ADDED "pattern-added" Constraints "eEEe-I-" "there is a `pattern`, and was none";
    PATTERN_CHANGED "pattern-changed" Constraints "wWWw-I-" "the `pattern` is another";
    PATTERN_GENERALIZED "pattern-generalized" Constraints "iIIi---" "the `pattern` now takes everything";
    PATTERN_REMOVED "pattern-removed" Constraints "iIIi-I-" "the `pattern` is gone";
    PATTERN_LOOSENED "pattern-loosened" Constraints "----www" "values need not match the `pattern` that they matched";
    PATTERN_PROPERTY_ADDED "pattern-property-added" Constraints "EE--II-" "`patternProperties` has a new pattern";
    PATTERN_PROPERTY_REMOVED "pattern-property-removed" Constraints "II--EE-" "a pattern of `patternProperties` is gone";
    ADDITIONAL_FORBIDDEN "additional-properties-forbidden" Constraints "eeee---" "properties that are not listed are refused, and were taken";
    ADDITIONAL_RESTRICTED "additional-properties-restricted" Constraints "eeee---" "properties that are not listed must fit a schema, and could be anything";
    ADDITIONAL_ALLOWED "additional-properties-allowed" Constraints "iiiiwww" "properties that are not listed are possible, and were not";
    // Structure.
    ALL_OF_ADDED "all-of-added" Structure "EEeeII-" "`allOf` has a new branch";
    ALL_OF_REMOVED "all-of-removed" Structure "WWwwII-" "a branch of `allOf` is gone";
    ALL_OF_ADDED_ANNOTATION "all-of-added-annotation-only" Structure "II--II-" "`allOf` has a new branch, which checks nothing";
    ALL_OF_REMOVED_ANNOTATION "all-of-removed-annotation-only" Structure "II--II-" "a branch of `allOf` is gone, which checked nothing";
    ANY_OF_ADDED "any-of-added" Structure "IIiiII-" "`anyOf` has a new branch";
    ANY_OF_REMOVED "any-of-removed" Structure "EEeeII-" "a branch of `anyOf` is gone";
    ONE_OF_ADDED "one-of-added" Structure "IIiiEE-" "`oneOf` has a new branch";
    ONE_OF_REMOVED "one-of-removed" Structure "EEeeII-" "a branch of `oneOf` is gone";
    WRAPPED_IN_ONE_OF "wrapped-in-one-of" Structure "E---E--" "an object was replaced by a `oneOf` of objects";
    NOT_ADDED "not-added" Structure "eeeeiii" "there is a `not`, and was none";
    NOT_REMOVED "not-removed" Structure "iiiieee" "the `not` is gone";
    DISCRIMINATOR_ADDED "discriminator-added" Structure "II--II-" "there is a discriminator, and was none";
    DISCRIMINATOR_REMOVED "discriminator-removed" Structure "II--II-" "the discriminator is gone";
    DISCRIMINATOR_NAME_CHANGED "discriminator-property-name-changed" Structure "II--II-" "the discriminator is another property";
    MAPPING_ADDED "discriminator-mapping-added" Structure "II--II-" "the discriminator has a new value";
    MAPPING_DELETED "discriminator-mapping-deleted" Structure "II--II-" "a value of the discriminator is gone";
    MAPPING_CHANGED "discriminator-mapping-changed" Structure "II--II-" "a value of the discriminator leads to another schema";
    PREFIX_ITEMS_ADDED "prefix-items-added" Structure "II--EE-" "`prefixItems` has a new item";
    PREFIX_ITEMS_REMOVED "prefix-items-removed" Structure "EE--II-" "an item of `prefixItems` is gone";
    CONTAINS_ADDED "contains-added" Structure "EE--II-" "`contains` is new";
    CONTAINS_REMOVED "contains-removed" Structure "II--EE-" "`contains` is gone";
    PROPERTY_NAMES_ADDED "property-names-added" Structure "EE--II-" "`propertyNames` is new";
    PROPERTY_NAMES_REMOVED "property-names-removed" Structure "II--EE-" "`propertyNames` is gone";
    UNEVALUATED_ITEMS_ADDED "unevaluated-items-added" Structure "EE--II-" "`unevaluatedItems` is new";
    UNEVALUATED_ITEMS_REMOVED "unevaluated-items-removed" Structure "II--EE-" "`unevaluatedItems` is gone";
    UNEVALUATED_PROPERTIES_ADDED "unevaluated-properties-added" Structure "EE--II-" "`unevaluatedProperties` is new";
    UNEVALUATED_PROPERTIES_REMOVED "unevaluated-properties-removed" Structure "II--EE-" "`unevaluatedProperties` is gone";
    IF_ADDED "if-added" Structure "EE--II-" "`if` is new";
    IF_REMOVED "if-removed" Structure "II--EE-" "`if` is gone";
    THEN_ADDED "then-added" Structure "EE--II-" "`then` is new";
    THEN_REMOVED "then-removed" Structure "II--EE-" "`then` is gone";
    ELSE_ADDED "else-added" Structure "EE--II-" "`else` is new";
    ELSE_REMOVED "else-removed" Structure "II--EE-" "`else` is gone";
    DEPENDENT_REQUIRED_ADDED "dependent-required-added" Structure "EE--II-" "`dependentRequired` has a new condition";
    DEPENDENT_REQUIRED_CHANGED "dependent-required-changed" Structure "EE--EE-" "a condition of `dependentRequired` asks for other properties";
    DEPENDENT_REQUIRED_REMOVED "dependent-required-removed" Structure "II--EE-" "a condition of `dependentRequired` is gone";
    DEPENDENT_SCHEMA_ADDED "dependent-schema-added" Structure "EE--II-" "`dependentSchemas` has a new condition";
    DEPENDENT_SCHEMA_REMOVED "dependent-schema-removed" Structure "II--EE-" "a condition of `dependentSchemas` is gone";
    // Lifecycle.
    DEPRECATED "deprecated" Lifecycle "-II--I-" "it is deprecated";
    DEPRECATED_WITH_SUNSET "deprecated-with-sunset" Lifecycle "-I---I-" "it is deprecated, with the day on which it goes";
    REACTIVATED "reactivated" Lifecycle "-II--I-" "it is not deprecated any more";
    SUNSET_INVALID "deprecated-sunset-invalid" Lifecycle "-E---E-" "`x-sunset` is no date";
    SUNSET_PARSE "sunset-parse" Lifecycle "--E----" "`x-sunset` is no date";
    SUNSET_TOO_SOON "sunset-date-too-small" Lifecycle "-EE--E-" "`x-sunset` has passed already";
    SUNSET_DELETED "sunset-deleted" Lifecycle "--E----" "`x-sunset` is gone, and it is still deprecated";
    SUNSET_MOVED "sunset-date-changed-too-small" Lifecycle "--E----" "`x-sunset` was moved to a day that has passed already";
    STABILITY_DECREASED "stability-decreased" Lifecycle "-E---E-" "it is less stable than before";
    STABILITY_INCREASED "stability-increased" Lifecycle "-I---I-" "it is more stable than before";
}

singles! {
    ENDPOINT_ADDED "endpoint-added" Existence 'I' true "there is a new operation";
    PATH_REMOVED "api-path-removed-without-deprecation" Existence 'E' true "a path is gone that was not deprecated";
    PATH_REMOVED_DEPRECATED "api-path-removed-with-deprecation" Existence 'I' true "a path is gone after it was deprecated";
    PATH_REMOVED_BEFORE_SUNSET "api-path-removed-before-sunset" Existence 'E' true "a path is gone before the day that was promised";
    PATH_SUNSET_PARSE "api-path-sunset-parse" Lifecycle 'E' true "`x-sunset` of an operation is no date";
    OPERATION_REMOVED "api-removed-without-deprecation" Existence 'E' true "an operation is gone that was not deprecated";
    OPERATION_REMOVED_DEPRECATED "api-removed-with-deprecation" Existence 'I' true "an operation is gone after it was deprecated";
    OPERATION_REMOVED_BEFORE_SUNSET "api-removed-before-sunset" Existence 'E' true "an operation is gone before the day that was promised";
    OPERATION_ID_REMOVED "api-operation-id-removed" Existence 'I' true "an `operationId` is gone or another";
    OPERATION_ID_ADDED "api-operation-id-added" Existence 'I' true "an operation has an `operationId`, and had none";
    TAG_REMOVED "api-tag-removed" Existence 'I' true "an operation has lost a tag";
    TAG_ADDED "api-tag-added" Existence 'I' true "an operation has a new tag";
    ENDPOINT_DEPRECATED "endpoint-deprecated" Lifecycle 'I' true "an operation is deprecated";
    ENDPOINT_DEPRECATED_WITH_SUNSET "endpoint-deprecated-with-sunset" Lifecycle 'I' true "an operation is deprecated, with the day on which it goes";
    ENDPOINT_REACTIVATED "endpoint-reactivated" Lifecycle 'I' true "an operation is not deprecated any more";
    OPERATION_SUNSET_PARSE "api-deprecated-sunset-parse" Lifecycle 'E' true "`x-sunset` of a deprecated operation is no date";
    OPERATION_SUNSET_TOO_SOON "api-sunset-date-too-small" Lifecycle 'E' true "`x-sunset` of an operation has passed already";
    OPERATION_SUNSET_DELETED "sunset-deleted" Lifecycle 'E' true "`x-sunset` is gone, and the operation is still deprecated";
    OPERATION_SUNSET_MOVED "api-sunset-date-changed-too-small" Lifecycle 'E' true "`x-sunset` of an operation was moved to a day that has passed already";
    STABILITY_INVALID "api-invalid-stability-level" Lifecycle 'E' true "`x-stability-level` is none of `draft`, `alpha`, `beta` and `stable`";
    OPERATION_STABILITY_DECREASED "api-stability-decreased" Lifecycle 'E' true "an operation is less stable than before";
    OPERATION_STABILITY_INCREASED "api-stability-increased" Lifecycle 'I' true "an operation is more stable than before";
    VERSION_NOT_BUMPED "api-version-not-bumped" Lifecycle 'I' true "something breaks, and `info.version` is the same";
    VERSION_DECREASED "api-version-decreased" Lifecycle 'I' true "something breaks, and `info.version` is lower";
    MAJOR_VERSION_NOT_BUMPED "api-major-version-not-bumped" Lifecycle 'I' true "something breaks, and the major version is the same";
    SCHEMA_COMPONENT_REMOVED "api-schema-removed" Existence 'I' true "a schema of `components` is gone";
    WEBHOOK_ADDED "webhook-added" Existence 'I' false "there is a new webhook";
    WEBHOOK_REMOVED "webhook-removed" Existence 'E' false "a webhook is gone";
    DOCUMENT_ADDED "api-document-added" Existence 'I' true "there is a new document";
    DOCUMENT_REMOVED "api-document-removed" Existence 'E' true "a whole document is gone";
    SERVER_REMOVED "api-server-removed" Existence 'w' true "a server is gone";
    // Security.
    SECURITY_ADDED "api-security-added" Existence 'I' true "an operation has a new security alternative";
    SECURITY_REMOVED "api-security-removed" Existence 'I' true "a security alternative of an operation is gone";
    SECURITY_SCOPE_ADDED "api-security-scope-added" Existence 'I' true "an operation asks for another scope";
    SECURITY_SCOPE_REMOVED "api-security-scope-removed" Existence 'I' true "an operation does not ask for a scope any more";
    SECURITY_REQUIRED "api-security-required" Existence 'e' true "an operation that took requests without credentials asks for them";
    GLOBAL_SECURITY_ADDED "api-global-security-added" Existence 'I' true "the API has a new security alternative";
    GLOBAL_SECURITY_REMOVED "api-global-security-removed" Existence 'I' true "a security alternative of the API is gone";
    GLOBAL_SECURITY_SCOPE_ADDED "api-global-security-scope-added" Existence 'I' true "the API asks for another scope";
    GLOBAL_SECURITY_SCOPE_REMOVED "api-global-security-scope-removed" Existence 'I' true "the API does not ask for a scope any more";
    SCHEME_ADDED "api-security-component-added" Existence 'I' true "there is a new security scheme";
    SCHEME_REMOVED "api-security-component-removed" Existence 'I' true "a security scheme is gone";
    SCHEME_TYPE_CHANGED "api-security-component-type-changed" Type 'I' true "a security scheme is of another type";
    SCHEME_URL_CHANGED "api-security-component-oauth-url-changed" Type 'I' true "an OAuth flow has another authorization URL";
    SCHEME_TOKEN_URL_CHANGED "api-security-component-oauth-token-url-changed" Type 'I' true "an OAuth flow has another token URL";
    SCHEME_SCOPE_ADDED "api-security-component-oauth-scope-added" Existence 'I' true "an OAuth flow has a new scope";
    SCHEME_SCOPE_REMOVED "api-security-component-oauth-scope-removed" Existence 'I' true "a scope of an OAuth flow is gone";
    SCHEME_SCOPE_CHANGED "api-security-component-oauth-scope-changed" Type 'I' true "a scope of an OAuth flow is described otherwise";
    // Parameters.
    NEW_PATH_PARAMETER "new-request-path-parameter" Existence 'E' true "there is a new path parameter";
    NEW_REQUIRED_PARAMETER "new-required-request-parameter" Existence 'E' true "there is a new required parameter";
    NEW_OPTIONAL_PARAMETER "new-optional-request-parameter" Existence 'I' true "there is a new optional parameter";
    NEW_REQUIRED_SHARED_PARAMETER "new-required-request-default-parameter-to-existing-path" Existence 'E' true "there is a new required parameter for all operations of a path";
    NEW_OPTIONAL_SHARED_PARAMETER "new-optional-request-default-parameter-to-existing-path" Existence 'I' true "there is a new optional parameter for all operations of a path";
    SHARED_PARAMETER_REMOVED "request-default-parameter-removed" Existence 'w' true "a parameter for all operations of a path is gone";
    HEADER_PROPERTY_NEW_REQUIRED "new-required-request-header-property" Existence 'E' true "there is a new required property of a request header";
    HEADER_PROPERTY_BECAME_REQUIRED "request-header-property-became-required" Requiredness 'E' true "a property of a request header is required, and was optional";
    HEADER_PROPERTY_BECAME_ENUM "request-header-property-became-enum" Values 'E' true "a request header, or a property of it, takes listed values only";
    // Properties of requests.
    NEW_REQUIRED_PROPERTY "new-required-request-property" Existence 'E' true "there is a new required property of a request";
    NEW_REQUIRED_PROPERTY_WITH_DEFAULT "new-required-request-property-with-default" Existence 'E' true "there is a new required property of a request, with a default";
    NEW_OPTIONAL_PROPERTY "new-optional-request-property" Existence 'I' true "there is a new optional property of a request";
    READ_ONLY_ENUM_VALUE_REMOVED "request-read-only-property-enum-value-removed" Values 'I' true "a listed value of a read-only property is gone";
    READ_ONLY_MAX_DECREASED "request-read-only-property-max-decreased" Constraints 'I' true "`maximum` of a read-only property is lower";
    READ_ONLY_EXCLUSIVE_MAX_DECREASED "request-read-only-property-exclusive-max-decreased" Constraints 'I' true "`exclusiveMaximum` of a read-only property is lower";
    READ_ONLY_MAX_LENGTH_DECREASED "request-read-only-property-max-length-decreased" Constraints 'I' true "`maxLength` of a read-only property is lower";
    READ_ONLY_MIN_INCREASED "request-read-only-property-min-increased" Constraints 'I' true "`minimum` of a read-only property is higher";
    READ_ONLY_EXCLUSIVE_MIN_INCREASED "request-read-only-property-exclusive-min-increased" Constraints 'I' true "`exclusiveMinimum` of a read-only property is higher";
    REQUEST_OPTIONAL_NOT_WRITE_ONLY "request-optional-property-became-not-write-only" Mutability 'I' true "an optional property of a request is not write-only any more";
    REQUEST_OPTIONAL_WRITE_ONLY "request-optional-property-became-write-only" Mutability 'I' true "an optional property of a request is write-only";
    REQUEST_OPTIONAL_READ_ONLY "request-optional-property-became-read-only" Mutability 'I' true "an optional property of a request is read-only";
    REQUEST_OPTIONAL_NOT_READ_ONLY "request-optional-property-became-not-read-only" Mutability 'I' true "an optional property of a request is not read-only any more";
    REQUEST_REQUIRED_NOT_WRITE_ONLY "request-required-property-became-not-write-only" Mutability 'I' true "a required property of a request is not write-only any more";
    REQUEST_REQUIRED_WRITE_ONLY "request-required-property-became-write-only" Mutability 'I' true "a required property of a request is write-only";
    REQUEST_REQUIRED_READ_ONLY "request-required-property-became-read-only" Mutability 'I' true "a required property of a request is read-only";
    REQUEST_REQUIRED_NOT_READ_ONLY "request-required-property-became-not-read-only" Mutability 'I' true "a required property of a request is not read-only any more";
    // Responses.
    SUCCESS_STATUS_REMOVED "response-success-status-removed" Existence 'E' false "a success status is gone";
    SUCCESS_STATUS_ADDED "response-success-status-added" Existence 'I' false "there is a new success status";
    FAILURE_STATUS_REMOVED "response-non-success-status-removed" Existence 'I' false "a status that is no success is gone";
    FAILURE_STATUS_ADDED "response-non-success-status-added" Existence 'I' false "there is a new status that is no success";
    CALLBACK_REMOVED "api-callback-removed" Existence 'e' false "a callback is gone, or calls another address";
    CALLBACK_ADDED "api-callback-added" Existence 'i' false "there is a new callback";
    LINK_REMOVED "response-link-removed" Existence 'w' false "a link of a response is gone";
    STATUS_RANGE_REMOVED "response-status-range-removed" Existence 'w' false "the response for `default` or a range of statuses is gone";
    HEADER_REMOVED_REQUIRED "required-response-header-removed" Existence 'E' false "a required response header is gone";
    HEADER_REMOVED_OPTIONAL "optional-response-header-removed" Existence 'W' false "an optional response header is gone";
    RESPONSE_MEDIA_TYPE_REMOVED "response-media-type-removed" Existence 'E' false "a media type of a response is gone";
    RESPONSE_MEDIA_TYPE_ADDED "response-media-type-added" Existence 'I' false "a response has a new media type";
    MEDIA_TYPE_NAME_CHANGED "response-media-type-name-changed" Type 'I' false "a media type of a response has other parameters";
    MEDIA_TYPE_NAME_GENERALIZED "response-media-type-name-generalized" Type 'E' false "a media type of a response is more general";
    MEDIA_TYPE_NAME_SPECIALIZED "response-media-type-name-specialized" Type 'I' false "a media type of a response is more specific";
    RESPONSE_ENUM_VALUE_REMOVED "response-mediatype-enum-value-removed" Values 'I' false "a listed value of a response body is gone";
    RESPONSE_OPTIONAL_REMOVED "response-optional-property-removed" Existence 'W' false "an optional property of a response is gone";
    RESPONSE_OPTIONAL_WRITE_ONLY_REMOVED "response-optional-write-only-property-removed" Existence 'I' false "an optional write-only property of a response is gone";
    RESPONSE_OPTIONAL_ADDED "response-optional-property-added" Existence 'I' false "there is a new optional property of a response";
    RESPONSE_OPTIONAL_WRITE_ONLY_ADDED "response-optional-write-only-property-added" Existence 'I' false "there is a new optional write-only property of a response";
    RESPONSE_REQUIRED_REMOVED "response-required-property-removed" Existence 'E' false "a required property of a response is gone";
    RESPONSE_REQUIRED_WRITE_ONLY_REMOVED "response-required-write-only-property-removed" Existence 'I' false "a required write-only property of a response is gone";
    RESPONSE_REQUIRED_ADDED "response-required-property-added" Existence 'I' false "there is a new required property of a response";
    RESPONSE_REQUIRED_WRITE_ONLY_ADDED "response-required-write-only-property-added" Existence 'I' false "there is a new required write-only property of a response";
    RESPONSE_OPTIONAL_NOT_WRITE_ONLY "response-optional-property-became-not-write-only" Mutability 'I' false "an optional property of a response is not write-only any more";
    RESPONSE_OPTIONAL_WRITE_ONLY "response-optional-property-became-write-only" Mutability 'I' false "an optional property of a response is write-only";
    RESPONSE_OPTIONAL_READ_ONLY "response-optional-property-became-read-only" Mutability 'I' false "an optional property of a response is read-only";
    RESPONSE_OPTIONAL_NOT_READ_ONLY "response-optional-property-became-not-read-only" Mutability 'I' false "an optional property of a response is not read-only any more";
    RESPONSE_REQUIRED_NOT_WRITE_ONLY "response-required-property-became-not-write-only" Mutability 'W' false "a required property of a response is not write-only any more";
    RESPONSE_REQUIRED_WRITE_ONLY "response-required-property-became-write-only" Mutability 'I' false "a required property of a response is write-only";
    RESPONSE_REQUIRED_READ_ONLY "response-required-property-became-read-only" Mutability 'I' false "a required property of a response is read-only";
    RESPONSE_REQUIRED_NOT_READ_ONLY "response-required-property-became-not-read-only" Mutability 'I' false "a required property of a response is not read-only any more";
    WRITE_ONLY_BECAME_OPTIONAL "response-write-only-property-became-optional" Requiredness 'I' false "a write-only property of a response may be absent, and was required";
    WRITE_ONLY_BECAME_REQUIRED "response-write-only-property-became-required" Requiredness 'I' false "a write-only property of a response is required, and was optional";
    WRITE_ONLY_ENUM_VALUE_ADDED "response-write-only-property-enum-value-added" Values 'I' false "there is a new listed value of a write-only property of a response";
}
