//! A strict JSON reader that knows where everything stands. The grammar is walked by hand, because no kept crate
//! gives the spans of keys; string escapes are left to `serde_json`.

use std::collections::HashSet;

use super::{MAX_DEPTH, Member, Number, SourceError, Span, Tree, Value};

/// Reads `text` as one JSON value.
pub(super) fn parse(text: &str) -> Result<Tree, SourceError> {
    if u32::try_from(text.len()).is_err() {
        return Err(SourceError {
            rule: "SOURCE_SIZE",
            message: format!("expected a document below 4 GiB, found {} bytes", text.len()),
            span: Span::default(),
        });
    }
    // A byte order mark, which some editors write, says nothing (RFC 8259, section 8.1, lets a reader ignore it).
    let at = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
    let mut scanner = Scanner { text, at, line: 1, column: 1 };
    scanner.skip_whitespace();
    let tree = scanner.value(0)?;
    scanner.skip_whitespace();
    if scanner.at < text.len() {
        return Err(scanner.unexpected("the end of the document"));
    }
    Ok(tree)
}

/// A position that moves over the text and counts lines and columns.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    column: u32,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Moves over `bytes` bytes that hold no line break and end at a character's boundary.
    fn advance(&mut self, bytes: usize) {
        let passed = &self.text[self.at..self.at + bytes];
        self.column += narrow(passed.chars().count());
        self.at += bytes;
    }

    fn skip_whitespace(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => self.column += 1,
                b'\n' => {
                    self.line += 1;
                    self.column = 1;
                }
                // Part of a CRLF: the line feed that follows starts the next line.
                b'\r' => {}
                _ => return,
            }
            self.at += 1;
        }
    }

    /// A span that starts here; [`Scanner::close`] gives it its end.
    fn open(&self) -> Span {
        Span { start: narrow(self.at), end: narrow(self.at), line: self.line, column: self.column }
    }

    fn close(&self, span: Span) -> Span {
        Span { end: narrow(self.at), ..span }
    }

    fn unexpected(&self, expected: &str) -> SourceError {
        let (found, length) = match self.text[self.at..].chars().next() {
            Some(character) => (format!("`{}`", character.escape_debug()), character.len_utf8()),
            None => ("the end of the document".to_owned(), 0),
        };
        let mut span = self.open();
        span.end += narrow(length);
        SourceError {
            rule: "SOURCE_SYNTAX",
            message: format!("expected {expected}, found {found}"),
            span,
        }
    }

    fn value(&mut self, depth: usize) -> Result<Tree, SourceError> {
        let span = self.open();
        let value = match self.peek() {
            Some(b'{') => self.object(depth + 1)?,
            Some(b'[') => self.array(depth + 1)?,
            Some(b'"') => Value::String(self.string()?.0),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b'n') => self.word("null", Value::Null)?,
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            _ => return Err(self.unexpected("a JSON value")),
        };
        Ok(Tree { value, span: self.close(span) })
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, SourceError> {
        let rest = &self.text.as_bytes()[self.at..];
        let whole = rest.starts_with(word.as_bytes())
            && !rest.get(word.len()).is_some_and(u8::is_ascii_alphanumeric);
        if !whole {
            return Err(self.unexpected("a JSON value"));
        }
        self.advance(word.len());
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Result<Value, SourceError> {
        self.enter(depth)?;
        let mut members: Vec<Member> = Vec::new();
        let mut keys = HashSet::new();
        if self.peek() == Some(b'}') {
            self.advance(1);
            return Ok(Value::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let (key, key_span) = self.string()?;
            if !keys.insert(key.clone()) {
                return Err(duplicate_key(&members, &key, key_span));
            }
            self.skip_whitespace();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.advance(1);
            self.skip_whitespace();
            let value = self.value(depth)?;
            members.push(Member { key, key_span, value });
            if self.ends(b'}', "`,` or `}`")? {
                return Ok(Value::Object(members));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, SourceError> {
        self.enter(depth)?;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.advance(1);
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            if self.ends(b']', "`,` or `]`")? {
                return Ok(Value::Array(items));
            }
        }
    }

    /// Moves over an opening bracket and what space follows it.
    fn enter(&mut self, depth: usize) -> Result<(), SourceError> {
        if depth > MAX_DEPTH {
            return Err(too_deep(self.open()));
        }
        self.advance(1);
        self.skip_whitespace();
        Ok(())
    }

    /// Moves over `,` or the closing bracket; true for the bracket.
    fn ends(&mut self, bracket: u8, expected: &str) -> Result<bool, SourceError> {
        self.skip_whitespace();
        match self.peek() {
            Some(b',') => {
                self.advance(1);
                self.skip_whitespace();
                Ok(false)
            }
            Some(byte) if byte == bracket => {
                self.advance(1);
                Ok(true)
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    fn string(&mut self) -> Result<(String, Span), SourceError> {
        let span = self.open();
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(0..=0x1f) => {
                    self.advance(end - self.at);
                    return Err(
                        self.unexpected("an escape such as `\\n` in place of a control character")
                    );
                }
                Some(_) => end += 1,
                None => {
                    let message =
                        "expected `\"` at the end of the string, found the end of the document"
                            .to_owned();
                    return Err(SourceError { rule: "SOURCE_SYNTAX", message, span });
                }
            }
        }
        let literal = &self.text[self.at..=end];
        self.advance(literal.len());
        let span = self.close(span);
        match serde_json::from_str(literal) {
            Ok(string) => Ok((string, span)),
            Err(error) => Err(SourceError {
                rule: "SOURCE_SYNTAX",
                message: format!("expected a JSON string, found {literal}: {}", reason(&error)),
                span,
            }),
        }
    }

    fn number(&mut self) -> Result<Number, SourceError> {
        let span = self.open();
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.advance(1);
        }
        if self.peek() == Some(b'0') {
            self.advance(1);
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.advance(1);
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.advance(1);
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.advance(1);
            }
            self.digits()?;
        }
        let literal = &self.text[start..self.at];
        Number::new(literal).ok_or_else(|| out_of_range(literal, self.close(span)))
    }

    fn digits(&mut self) -> Result<(), SourceError> {
        let count = self.text[self.at..].bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return Err(self.unexpected("a digit"));
        }
        self.advance(count);
        Ok(())
    }
}

/// The problem that `key` comes a second time, at `span`.
pub(super) fn duplicate_key(members: &[Member], key: &str, span: Span) -> SourceError {
    let first = members
        .iter()
        .find(|member| member.key == key)
        .map(|member| member.key_span)
        .unwrap_or_default();
    SourceError {
        rule: "SOURCE_DUPLICATE_KEY",
        message: format!("expected each key once, found `{key}` again (first at {first})"),
        span,
    }
}

/// The problem that nesting passes the bound.
pub(super) fn too_deep(span: Span) -> SourceError {
    SourceError {
        rule: "SOURCE_DEPTH",
        message: format!("expected at most {MAX_DEPTH} levels of nesting, found more"),
        span,
    }
}

/// The problem that a number passes a double's range.
pub(super) fn out_of_range(literal: &str, span: Span) -> SourceError {
    SourceError {
        rule: "SOURCE_NUMBER",
        message: format!("expected a number within the range of a double, found `{literal}`"),
        span,
    }
}

/// `serde_json`'s reason without its position, which counts from the literal's start.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

/// A size within a document, whose length [`parse`] has checked.
fn narrow(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
