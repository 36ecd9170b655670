//! YAML 1.2 documents by way of `granit-parser`'s events. Plain scalars follow the core schema; `<<` merges mappings, as
//! YAML 1.1 had it and people write it still (<https://yaml.org/type/merge.html>).

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Marker, Parser, ScalarStyle, StrInput, Tag};

use super::json::{duplicate_key, out_of_range, too_deep};
use super::{MAX_DEPTH, Member, Number, SourceError, Span, Tree, Value};

/// How many values aliases may copy in one document: far above what a written document needs, far below what a few
/// lines of nested anchors could blow up to.
const MAX_ALIASED_VALUES: usize = 100_000;

/// Reads `text` as one YAML document.
pub(super) fn parse(text: &str) -> Result<Tree, SourceError> {
    if u32::try_from(text.len()).is_err() {
        return Err(SourceError {
            rule: "SOURCE_SIZE",
            message: format!("expected a document below 4 GiB, found {} bytes", text.len()),
            span: Span::default(),
        });
    }
    let options = granit_parser::options! { emit_comments: false };
    let mut builder = Builder {
        events: Parser::new_from_str_with_options(text, options),
        anchors: HashMap::new(),
        aliased: 0,
    };
    let tree = builder.document()?;
    // What is left is the document's end and the stream's; another start is one too many.
    loop {
        let (event, span) = builder.next()?;
        if event == Event::StreamEnd {
            return Ok(tree);
        }
        if matches!(event, Event::DocumentStart(..)) {
            return Err(syntax("expected one document, found a second one".to_owned(), span));
        }
    }
}

/// Builds trees from events.
struct Builder<'a> {
    events: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Tree>,
    aliased: usize,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), SourceError> {
        match self.events.next_event() {
            Some(Ok((event, span))) => Ok((event, convert(span.start, span.end))),
            Some(Err(error)) => {
                Err(syntax(error.info(), convert(*error.marker(), *error.marker())))
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn document(&mut self) -> Result<Tree, SourceError> {
        loop {
            let (event, span) = self.next()?;
            if event == Event::StreamEnd {
                return Err(syntax("expected a document, found nothing".to_owned(), span));
            }
            if !matches!(event, Event::StreamStart | Event::DocumentStart(..)) {
                return self.node(event, span, 0);
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "granit's event enum is non-exhaustive")]
    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Tree, SourceError> {
        let (anchor, tree) = match event {
            Event::Alias(anchor) => {
                let tree = self.anchors.get(&anchor).cloned();
                let tree = tree.ok_or_else(|| {
                    syntax("expected no alias inside its own anchor".to_owned(), span)
                })?;
                self.aliased += count(&tree);
                if self.aliased > MAX_ALIASED_VALUES {
                    let message = format!(
                        "expected aliases to copy at most {MAX_ALIASED_VALUES} values, found more"
                    );
                    return Err(SourceError { rule: "SOURCE_SIZE", message, span });
                }
                if depth + height(&tree) > MAX_DEPTH {
                    return Err(too_deep(span));
                }
                return Ok(tree);
            }
            Event::Scalar(text, style, anchor, tag) => {
                (anchor, Tree { value: scalar(&text, style, tag.as_deref(), span)?, span })
            }
            Event::SequenceStart(_, anchor, tag) => {
                (anchor, self.sequence(tag.as_deref(), span, depth + 1)?)
            }
            Event::MappingStart(_, anchor, tag) => {
                (anchor, self.mapping(tag.as_deref(), span, depth + 1)?)
            }
            _ => return Err(syntax("expected a value".to_owned(), span)),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, tree.clone());
        }
        Ok(tree)
    }

    fn sequence(
        &mut self,
        tag: Option<&Tag>,
        span: Span,
        depth: usize,
    ) -> Result<Tree, SourceError> {
        check_collection(tag, "seq", span, depth)?;
        let mut items = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Tree { value: Value::Array(items), span: Span { end: at.end, ..span } });
            }
            items.push(self.node(event, at, depth)?);
        }
    }

    fn mapping(
        &mut self,
        tag: Option<&Tag>,
        span: Span,
        depth: usize,
    ) -> Result<Tree, SourceError> {
        check_collection(tag, "map", span, depth)?;
        let mut members: Vec<Member> = Vec::new();
        let mut keys = HashSet::new();
        let mut merged: Option<Vec<Member>> = None;
        loop {
            let (event, key_span) = self.next()?;
            if event == Event::MappingEnd {
                // What is written here stands over what is merged, the first mapping of a list over the next.
                let merged = merged.into_iter().flatten();
                members.extend(merged.filter(|member| keys.insert(member.key.clone())));
                return Ok(Tree {
                    value: Value::Object(members),
                    span: Span { end: key_span.end, ..span },
                });
            }
            let Event::Scalar(key, style, _, tag) = event else {
                return Err(syntax("expected a plain or quoted key".to_owned(), key_span));
            };
            let is_merge = key == "<<" && style == ScalarStyle::Plain && tag.is_none();
            let key = key.into_owned();
            if is_merge && merged.is_some() {
                let message = "expected `<<` once, with a list where several mappings are merged";
                return Err(SourceError {
                    rule: "SOURCE_DUPLICATE_KEY",
                    message: message.to_owned(),
                    span: key_span,
                });
            }
            if !is_merge && !keys.insert(key.clone()) {
                return Err(duplicate_key(&members, &key, key_span));
            }
            let (event, at) = self.next()?;
            let value = self.node(event, at, depth)?;
            if is_merge {
                merged = Some(merged_members(value)?);
            } else {
                members.push(Member { key, key_span, value });
            }
        }
    }
}

/// The members that a `<<` brings: those of a mapping, or of all mappings of a list.
fn merged_members(value: Tree) -> Result<Vec<Member>, SourceError> {
    let sources = match value.value {
        Value::Array(items) => items,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            vec![value]
        }
    };
    let mut members = Vec::new();
    for source in sources {
        match source.value {
            Value::Object(found) => members.extend(found),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => {
                let message = "expected `<<` to merge a mapping or a list of mappings".to_owned();
                return Err(syntax(message, source.span));
            }
        }
    }
    Ok(members)
}

fn check_collection(
    tag: Option<&Tag>,
    expected: &str,
    span: Span,
    depth: usize,
) -> Result<(), SourceError> {
    if depth > MAX_DEPTH {
        return Err(too_deep(span));
    }
    match tag {
        Some(tag) if tag.core_suffix() != Some(expected) => Err(unknown_tag(tag, span)),
        _ => Ok(()),
    }
}

/// The value of a scalar: plain ones by the core schema (YAML 1.2.2 §10.3.2), all others are strings.
fn scalar(
    text: &str,
    style: ScalarStyle,
    tag: Option<&Tag>,
    span: Span,
) -> Result<Value, SourceError> {
    match tag {
        Some(tag) if tag.core_suffix() == Some("str") => return Ok(Value::String(text.to_owned())),
        Some(tag) => return Err(unknown_tag(tag, span)),
        None => {}
    }
    if style != ScalarStyle::Plain {
        return Ok(Value::String(text.to_owned()));
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    match number(text) {
        Some(literal) => match Number::new(&literal) {
            Some(number) => Ok(Value::Number(number)),
            None => Err(out_of_range(text, span)),
        },
        None => Ok(Value::String(text.to_owned())),
    }
}

/// The JSON form of a core schema number: `+1`, `.5`, `1.`, `007`, `0o17` and `0x1F` are numbers in YAML only.
/// Infinities and not-a-number stay strings, since no document of ours can mean them.
fn number(text: &str) -> Option<String> {
    let radix = |digits: &str, radix| {
        u64::from_str_radix(digits, radix).ok().map(|value| value.to_string())
    };
    if let Some(digits) = text.strip_prefix("0o").filter(|digits| !digits.starts_with('+')) {
        return radix(digits, 8);
    }
    if let Some(digits) = text.strip_prefix("0x").filter(|digits| !digits.starts_with('+')) {
        return radix(digits, 16);
    }
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole)
        || !digits(fraction.unwrap_or_default())
        || (whole.is_empty() && fraction.is_none_or(str::is_empty))
    {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let mut literal = format!("{sign}{}", if whole.is_empty() { "0" } else { whole });
    if let Some(fraction) = fraction {
        literal.push('.');
        literal.push_str(if fraction.is_empty() { "0" } else { fraction });
    }
    if let Some(exponent) = exponent {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if unsigned.is_empty() || !digits(unsigned) {
            return None;
        }
        literal.push('e');
        literal.push_str(exponent);
    }
    Some(literal)
}

fn unknown_tag(tag: &Tag, span: Span) -> SourceError {
    syntax(format!("expected a value without a tag of its own, found `{}`", tag.original()), span)
}

fn syntax(message: String, span: Span) -> SourceError {
    SourceError { rule: "SOURCE_SYNTAX", message, span }
}

fn count(tree: &Tree) -> usize {
    1 + match &tree.value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.iter().map(|member| count(&member.value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Levels of arrays and objects.
fn height(tree: &Tree) -> usize {
    match &tree.value {
        Value::Array(items) => 1 + items.iter().map(height).max().unwrap_or(0),
        Value::Object(members) => {
            1 + members.iter().map(|member| height(&member.value)).max().unwrap_or(0)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn convert(start: Marker, end: Marker) -> Span {
    let narrow = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
    Span {
        start: narrow(start.byte_offset().unwrap_or_default()),
        end: narrow(end.byte_offset().unwrap_or_default()),
        line: narrow(start.line()),
        column: narrow(start.col() + 1),
    }
}
