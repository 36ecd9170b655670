//! Names of media types (RFC 9110, section 8.3.1; suffixes: RFC 6838, section 4.2.8).

use super::document::Node;

/// A media type of a body.
pub(crate) type Media<'a> = (&'a str, Node<'a>);

/// Media types that came, went, and stayed.
pub(crate) struct MediaPairing<'a> {
    pub(crate) removed: Vec<Media<'a>>,
    pub(crate) added: Vec<Media<'a>>,
    pub(crate) both: Vec<(Media<'a>, Media<'a>)>,
}

/// Pairs media types: by name, then by one being more special than the other.
pub(crate) fn pair<'a>(base: &[Media<'a>], revision: &[Media<'a>]) -> MediaPairing<'a> {
    let mut pairing =
        MediaPairing { removed: base.to_vec(), added: revision.to_vec(), both: Vec::new() };
    pairing.take(|was, is| was == is);
    pairing.take(|was, is| contains(was, is) || contains(is, was));
    pairing
}

impl MediaPairing<'_> {
    fn take(&mut self, fits: impl Fn(&str, &str) -> bool) {
        self.removed.retain(|was| {
            let place = self.added.iter().position(|is| fits(was.0, is.0));
            if let Some(place) = place {
                self.both.push((*was, self.added.remove(place)));
            }
            place.is_none()
        });
    }
}

/// A name in its parts.
#[derive(Debug, PartialEq, Eq)]
struct Name {
    kind: String,
    subtype: String,
    suffix: String,
    parameters: Vec<(String, String)>,
}

fn parse(name: &str) -> Option<Name> {
    let mut parts = name.split(';');
    let essence = parts.next()?.trim().to_ascii_lowercase();
    let (kind, rest) = essence.split_once('/')?;
    let (subtype, suffix) = rest.split_once('+').unwrap_or((rest, ""));
    let sound =
        !kind.is_empty() && !subtype.is_empty() && !suffix.contains('+') && !rest.ends_with('+');
    let mut parameters: Vec<_> = parts
        .filter_map(|part| part.split_once('='))
        .map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    parameters.sort();
    sound.then(|| Name {
        kind: kind.to_owned(),
        subtype: subtype.to_owned(),
        suffix: suffix.to_owned(),
        parameters,
    })
}

/// Whether `is` names a kind of `was`: `application/problem+json` one of `application/json`; or the same, but for
/// parameters.
pub(crate) fn contains(was: &str, is: &str) -> bool {
    let (Some(was), Some(is)) = (parse(was), parse(is)) else { return false };
    let structured = was.suffix.is_empty() && !is.suffix.is_empty() && is.suffix == was.subtype;
    was.kind == is.kind && (structured || (was.subtype == is.subtype && was.suffix == is.suffix))
}

/// Whether `range` is a range (`application/*`, `*/*`) that takes `name`.
pub(crate) fn is_in(name: &str, range: &str) -> bool {
    let kind = name.split('/').next().unwrap_or_default();
    range != name && (range == "*/*" || range.strip_suffix("/*").is_some_and(|other| other == kind))
}

/// Whether two names have the same parameters.
pub(crate) fn same_parameters(was: &str, is: &str) -> bool {
    parse(was).map(|name| name.parameters) == parse(is).map(|name| name.parameters)
}
