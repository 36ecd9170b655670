//! Whether a change of `type` and `format` lets the other side go on. A request must still take what it took; a
//! response must not answer what it could not: the same question with the two versions swapped.
//!
//! Where a value is text on the wire (parameters, headers, media types other than JSON), a number is a string too.

use super::schema::Schema;

/// What a change of `type` and `format` comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not the same values.
    Changed,
    /// Other values, but written alike.
    Compatible,
    /// More values.
    Generalized,
    /// Fewer values.
    Specialized,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typing {
    /// As in JSON, where `1` is no string.
    Strong,
    /// As text.
    Loose,
}

impl Typing {
    /// How a media type writes values.
    pub(crate) fn of(media_type: &str) -> Self {
        if media_type == "application/json" || media_type.ends_with("+json") {
            Self::Strong
        } else {
            Self::Loose
        }
    }
}

/// Both versions of `type` and `format`.
#[derive(Debug)]
pub(crate) struct TypeChange<'s, 'a> {
    pub(crate) base: &'s Schema<'a>,
    pub(crate) revision: &'s Schema<'a>,
}

impl TypeChange<'_, '_> {
    pub(crate) fn type_differs(&self) -> bool {
        !added(&self.base.types, &self.revision.types).is_empty()
            || !added(&self.revision.types, &self.base.types).is_empty()
    }

    pub(crate) fn format_differs(&self) -> bool {
        self.base.format != self.revision.format
    }

    /// Whether `null` came or went and nothing else.
    pub(crate) fn only_null(&self) -> bool {
        let is_null = |types: Vec<&str>| types.iter().all(|name| *name == "null");
        self.type_differs()
            && !self.format_differs()
            && is_null(added(&self.base.types, &self.revision.types))
            && is_null(added(&self.revision.types, &self.base.types))
    }

    /// `type`, `format`, or both.
    pub(crate) fn words(&self) -> String {
        match (self.type_differs(), self.format_differs()) {
            (true, false) => {
                format!("`type` changed from `{}` to `{}`", types(self.base), types(self.revision))
            }
            (false, _) => format!(
                "`format` changed from `{}` to `{}`",
                format(self.base),
                format(self.revision)
            ),
            (true, true) => format!(
                "`type` and `format` changed from `{}` to `{}`",
                both(self.base),
                both(self.revision)
            ),
        }
    }

    fn widened(&self) -> bool {
        self.type_differs() && within(&self.base.types, &self.revision.types)
    }

    fn narrowed(&self) -> bool {
        self.type_differs() && within(&self.revision.types, &self.base.types)
    }

    fn swapped_concretely(&self) -> bool {
        self.type_differs() && !self.base.types.is_empty() && !self.revision.types.is_empty()
    }

    /// Of what clients send.
    pub(crate) fn of_request(&self, typing: Typing) -> Verdict {
        let type_differs = self.type_differs() && !self.widened();
        if breaks(type_differs, self.base, self.revision, typing) {
            Verdict::Changed
        } else if self.swapped_concretely() && !self.widened() {
            Verdict::Compatible
        } else {
            Verdict::Generalized
        }
    }

    /// Of what clients get.
    pub(crate) fn of_response(&self, typing: Typing) -> Verdict {
        let type_differs = self.type_differs() && !self.narrowed();
        if breaks(type_differs, self.revision, self.base, typing) {
            if self.widened() { Verdict::Generalized } else { Verdict::Changed }
        } else if self.swapped_concretely() && !self.narrowed() {
            Verdict::Compatible
        } else {
            Verdict::Specialized
        }
    }

    /// Of a whole parameter, which is text on the wire.
    pub(crate) fn of_parameter(&self) -> Verdict {
        if either_breaks(self.type_differs(), self.base, self.revision, Typing::Loose) {
            Verdict::Changed
        } else {
            Verdict::Generalized
        }
    }

    /// Of a property of a parameter: whether such an object is written as JSON or as text is not known, so that what
    /// breaks in one of them only is [`Verdict::Changed`], and what breaks in both [`Verdict::Specialized`].
    pub(crate) fn of_parameter_property(&self) -> Verdict {
        let breaks = |typing| either_breaks(self.type_differs(), self.base, self.revision, typing);
        match (breaks(Typing::Strong), breaks(Typing::Loose)) {
            (true, true) => Verdict::Specialized,
            (false, false) => Verdict::Generalized,
            (true, false) | (false, true) => Verdict::Changed,
        }
    }
}

/// Whether values of `from` may not be values of `to`. No type at all holds every value.
fn breaks(type_differs: bool, from: &Schema<'_>, to: &Schema<'_>, typing: Typing) -> bool {
    if type_differs && to.types.is_empty() {
        return false;
    }
    either_breaks(type_differs, from, to, typing)
}

fn either_breaks(type_differs: bool, from: &Schema<'_>, to: &Schema<'_>, typing: Typing) -> bool {
    let came = added(&from.types, &to.types);
    let went = added(&to.types, &from.types);
    let type_breaks = type_differs && !contains(&came, &went, typing);
    let format_breaks =
        from.format != to.format && !format_contains(&to.types, to.format, from.format);
    type_breaks || format_breaks
}

/// Whether the types that came hold the values of those that went.
pub(crate) fn contains(came: &[&str], went: &[&str], typing: Typing) -> bool {
    if let ([to], [from]) = (came, went)
        && is_subtype(from, to)
    {
        return true;
    }
    // Whatever is text can be read as a string.
    typing == Typing::Loose && (came.is_empty() || came == ["string"])
}

fn format_contains(types: &[&str], to: &str, from: &str) -> bool {
    if to.is_empty() {
        return true;
    }
    match types {
        ["number"] => (to, from) == ("double", "float"),
        ["integer"] => matches!((to, from), ("int64" | "bigint", "int32") | ("bigint", "int64")),
        ["string"] => matches!((to, from), ("date-time", "date" | "time")),
        _ => false,
    }
}

fn is_subtype(sub: &str, of: &str) -> bool {
    sub == of || (sub, of) == ("integer", "number")
}

/// Whether every one of `types` is one of `of`, or a kind of one. No type at all is not within anything.
fn within(types: &[&str], of: &[&str]) -> bool {
    !types.is_empty() && types.iter().all(|name| of.iter().any(|other| is_subtype(name, other)))
}

/// What is in `to` and not in `from`, sorted.
pub(crate) fn added<'a>(from: &[&'a str], to: &[&'a str]) -> Vec<&'a str> {
    let mut added: Vec<_> = to.iter().copied().filter(|name| !from.contains(name)).collect();
    added.sort_unstable();
    added.dedup();
    added
}

fn types(schema: &Schema<'_>) -> String {
    if schema.types.is_empty() { "any".to_owned() } else { schema.types.join(", ") }
}

fn format<'a>(schema: &Schema<'a>) -> &'a str {
    if schema.format.is_empty() { "none" } else { schema.format }
}

fn both(schema: &Schema<'_>) -> String {
    match (schema.types.is_empty(), schema.format.is_empty()) {
        (_, true) => types(schema),
        (true, false) => schema.format.to_owned(),
        (false, false) => format!("{}/{}", types(schema), schema.format),
    }
}

/// The types of a list of plain types: of `type` alone, or of a `oneOf` or `anyOf` whose branches are nothing but a
/// type each. `None` where the schema is more than that.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TypeList<'a> {
    pub(crate) types: Vec<&'a str>,
    /// Whether it is written with branches.
    pub(crate) branched: bool,
}
