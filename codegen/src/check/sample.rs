//! What shows a break of an API: a request or an answer that one version takes or gives and the other does not, or why
//! there is none.

use std::fmt;

use super::change::Spot;

/// One of the two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What was there before.
    Base,
    /// What is there now.
    Revision,
}

/// A request that was taken and is not any more, an answer that may come and could not, or one that cannot come any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Whether it is a request, else an answer (or what a webhook sends).
    pub request: bool,
    /// Which version knows it; the other does not.
    pub valid_under: Side,
    /// What the value is of (``request body``, `` `query` parameter `limit` ``), or the whole message in words.
    pub part: String,
    /// The smallest such value that was found. `None` where the break is no matter of values.
    pub value: Option<serde_json::Value>,
    /// Where the two versions of the schema stand that judge the value: base and revision.
    pub schemas: Option<(Spot, Spot)>,
    /// The whole request or answer. `None` where none could be put together, as for a parameter without a schema.
    pub message: Option<Message>,
    /// What the version says that refuses it.
    pub error: String,
}

/// A request, or an answer to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// In capitals.
    pub method: String,
    /// Path and query; `webhook:NAME` of a webhook.
    pub target: String,
    /// Of an answer.
    pub status: Option<String>,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// As JSON; a text is the body itself in media types that are no JSON.
    pub body: Option<serde_json::Value>,
}

/// Why no request or answer shows a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unshown {
    /// Deprecation, sunset and stability are about what comes later.
    Promise,
    /// A default: all that was valid is, and what leaves it out means something else.
    Meaning,
    /// `contentEncoding`, `contentMediaType` and `contentSchema` are annotations (JSON Schema 2020-12, validation, 8.2).
    Content,
    /// `x-extensible-enum` lists values, and lets others through.
    Extensible,
    /// A keyword that says something of one type of values only, where no value is of that type.
    OtherType {
        /// The keyword.
        keyword: String,
        /// The type that it is about.
        about: &'static str,
    },
    /// A schema that is never asked.
    NeverAsked {
        /// The keyword that would lead to it.
        keyword: &'static str,
        /// The type that it is about.
        about: &'static str,
    },
    /// One version of the schema takes all that the other takes.
    Covered,
    /// All that fits a branch fits the other version, by another branch.
    OtherBranch,
    /// Nothing fits the version that should take what shows it; the keywords that exclude each other, in words.
    Nothing(String),
    /// `null` came or went where values are text.
    NoNull,
    /// A range, or `default`, lists the status still, with a body that takes the same.
    StatusCovered(String),
    /// A range of media types still takes it.
    MediaTypeCovered(String),
    /// A path parameter that is declared now: the path is what it was, and any value of it fits.
    SamePath,
    /// The same value is written otherwise, and what was sent may still be read, as another value.
    Spelling,
    /// The version that should take what shows it takes none of the values at its edges: its keywords exclude each other.
    NoValue(usize),
    /// Values at the edges of both versions were tried: so many, and none tells them apart.
    Searched(usize),
    /// The schemas have too many values to look through.
    Entangled,
    /// A report that is this long shows no more.
    Limit(usize),
    /// A whole document is gone: each request of it shows that.
    Document,
    /// What the server sends outside a request and does not any more.
    NotSent,
}

impl fmt::Display for Sample {
    /// One sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, valid_under, part, value, message, error, .. } = self;
        match (value, message) {
            (Some(value), _) => write!(f, "{part} {value}")?,
            (None, Some(message)) => write!(f, "{message}")?,
            (None, None) => f.write_str(part)?,
        }
        let words = match (request, valid_under) {
            (true, Side::Base) => "was taken, and is not any more",
            (true, Side::Revision) => "is taken now, and was not before",
            (false, Side::Base) => "could come, and cannot any more",
            (false, Side::Revision) => "may come now, and could not before",
        };
        write!(f, " {words}: {error}")
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, target, status, headers, body } = self;
        if let Some(status) = status {
            write!(f, "an answer `{status}` to ")?;
        }
        write!(f, "`{method} {target}`")?;
        for (index, (name, value)) in headers.iter().enumerate() {
            let words = if index == 0 { "with" } else { "and" };
            write!(f, " {words} `{name}: {value}`")?;
        }
        match body {
            Some(body) if headers.is_empty() => write!(f, " with the body {body}"),
            Some(body) => write!(f, " and the body {body}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Unshown {
    /// A clause without a full stop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Promise => {
                f.write_str("no message is another one yet: it is about what comes later")
            }
            Self::Meaning => f.write_str(
                "every message is as valid as it was: one that leaves the value out means something else",
            ),
            Self::Content => f.write_str(
                "JSON Schema does not look into the content of a text: every value is as valid as it was",
            ),
            Self::Extensible => f.write_str(
                "`x-extensible-enum` lists values and lets others through: every value is as valid as it was",
            ),
            Self::OtherType { keyword, about } => {
                write!(f, "`{keyword}` is about {about}, and no value there is one")
            }
            Self::NeverAsked { keyword, about } => {
                write!(f, "`{keyword}` on the way there is about {about}, and no value there is one")
            }
            Self::Covered => {
                f.write_str("every value that fitted fits still: the change is one of the text only")
            }
            Self::OtherBranch => f.write_str(
                "all that fits that branch fits the other version too, by another branch there",
            ),
            Self::Nothing(reason) => {
                write!(f, "nothing fits the version that should take it: {reason}")
            }
            Self::NoNull => f.write_str(
                "`null` is no value that can be written in a parameter or a header: all that was sent is still taken",
            ),
            Self::StatusCovered(status) => {
                write!(f, "the answer is one that `{status}` still lists, with a body that fits")
            }
            Self::MediaTypeCovered(name) => write!(f, "`{name}` still takes that media type"),
            Self::SamePath => {
                f.write_str("the path is what it was, and the parameter takes every part of a path")
            }
            Self::Spelling => f.write_str(
                "the same value is written otherwise: what was sent is read as another value, which may fit too",
            ),
            Self::NoValue(values) => write!(
                f,
                "none of {values} values fits even the version that should take it: its keywords seem to exclude each other"
            ),
            Self::Searched(values) => write!(
                f,
                "none of the {values} values at the edges of both versions fits one and not the other"
            ),
            Self::Entangled => f.write_str(
                "the schemas hold one another in more ways than can be looked through in a moment",
            ),
            Self::Limit(most) => write!(f, "a report shows {most} at most"),
            Self::Document => f.write_str("every request of the document shows it"),
            Self::NotSent => f.write_str("what is not sent any more shows nothing"),
        }
    }
}
