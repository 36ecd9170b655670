//! Whole requests and answers: the smallest that a version of an operation takes or gives, but for what a draft says.

use charter_avro::source::Tree;
use serde_json::Value;

use super::candidates::Maker;
use crate::check::change::Message;
use crate::check::openapi::document::Node;

/// One version of an operation.
#[derive(Clone, Debug)]
pub(crate) struct End<'a> {
    /// The path as it is written; `webhook:NAME` of a webhook.
    pub(crate) path: String,
    /// What is said of all operations of the path.
    pub(crate) item: Node<'a>,
    pub(crate) operation: Node<'a>,
}

/// Both versions of an operation, as far as they are there.
#[derive(Clone, Debug)]
pub(crate) struct Exchange<'a> {
    pub(crate) method: &'static str,
    pub(crate) base: Option<End<'a>>,
    pub(crate) revision: Option<End<'a>>,
}

/// What a request holds beside what it must.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Draft<'v> {
    /// Place and name of a parameter that is left out.
    pub(crate) without: Option<(&'v str, &'v str)>,
    /// Place, name and value of a parameter that is sent.
    pub(crate) with: Option<(&'v str, &'v str, &'v Value)>,
    pub(crate) body: Body<'v>,
    /// Whether credentials are left out.
    pub(crate) anonymous: bool,
}

/// The body of a request or an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Body<'v> {
    /// The smallest, where one must be there.
    #[default]
    Needed,
    None,
    /// The smallest, of the first media type.
    Any,
    /// The smallest of a media type.
    Of(&'v str),
    Value(&'v str, &'v Value),
}

/// A parameter with what it holds.
struct Parameter<'a> {
    node: Node<'a>,
    place: &'a str,
    name: &'a str,
}

/// Puts messages together from one version's schemas.
pub(crate) struct Writer<'w, 's, 'a> {
    pub(crate) maker: &'w Maker<'s, 'a>,
    pub(crate) method: &'static str,
    pub(crate) end: &'w End<'a>,
}

impl<'a> Writer<'_, '_, 'a> {
    /// A request. `None` where a part of it has no value that could be written.
    pub(crate) fn request(&self, draft: &Draft<'_>) -> Option<Message> {
        let mut target = Target { path: self.end.path.clone(), ..Target::default() };
        for parameter in self.parameters() {
            let is = |place: &str, name: &str| (place, name) == (parameter.place, parameter.name);
            if draft.without.is_some_and(|(place, name)| is(place, name)) {
                continue;
            }
            let sent = draft.with.filter(|(place, name, _)| is(place, name));
            let value = match sent {
                Some((_, _, value)) => value.clone(),
                None if parameter.node.flag("required") || parameter.place == "path" => {
                    self.value_of(parameter.node)?
                }
                None => continue,
            };
            target.write(&parameter, &value)?;
        }
        // A path parameter that is not declared here.
        if let Some(("path", name, value)) = draft.with {
            target.put("path", name.to_owned(), simple(value, false)?)?;
        }
        target.fill_rest();
        if !draft.anonymous {
            self.credentials(&mut target);
        }
        let body =
            self.end.operation.get("requestBody").and_then(|node| self.reader().resolve(node));
        let (name, body) = match (draft.body, body) {
            (Body::None, _) | (Body::Needed | Body::Any | Body::Of(_), None) => (None, None),
            (Body::Needed, Some(body)) if !body.flag("required") => (None, None),
            (Body::Needed | Body::Any, Some(body)) => self.first_content(body)?,
            (Body::Of(name), Some(body)) => {
                (Some(name.to_owned()), Some(self.content(body, name)?))
            }
            (Body::Value(name, value), _) => (Some(name.to_owned()), Some(value.clone())),
        };
        let mut headers = target.headers();
        if let Some(name) = name {
            headers.push(("Content-Type".to_owned(), concrete(&name)));
        }
        Some(Message {
            method: self.method.to_uppercase(),
            target: target.text(),
            status: None,
            headers,
            body,
        })
    }

    /// An answer of a status, as it is written. `None` where a part of it has no value that could be written.
    pub(crate) fn answer(
        &self,
        status: &str,
        header: Option<(&str, &Value)>,
        body: Body<'_>,
    ) -> Option<Message> {
        // What was asked does not matter to the answer, but for where.
        let request = self.request(&Draft::default()).unwrap_or_else(|| {
            let mut target = Target { path: self.end.path.clone(), ..Target::default() };
            target.fill_rest();
            let (headers, target) = (Vec::new(), target.text());
            let method = self.method.to_uppercase();
            Message { method, target, status: None, headers, body: None }
        });
        let responses = self.end.operation.members("responses");
        let listed: Vec<&str> = responses.map(|(status, _)| status).collect();
        let response = self.end.operation.get("responses")?.get(status)?;
        let response = self.reader().resolve(response)?;
        let mut headers = Vec::new();
        for (name, node) in response.members("headers") {
            let node = self.reader().resolve(node)?;
            let value = match header.filter(|(other, _)| *other == name) {
                Some((_, value)) => value.clone(),
                None if node.flag("required") => self.value_of(node)?,
                None => continue,
            };
            // What a `Content-Type` among the headers says is not looked at (OpenAPI, "Response Object").
            if !name.eq_ignore_ascii_case("content-type") {
                headers.push((name.to_owned(), plain(&simple(&value, node.flag("explode"))?)?));
            }
        }
        let (name, body) = match body {
            Body::None => (None, None),
            Body::Needed | Body::Any => self.first_content(response)?,
            Body::Of(name) => (Some(name.to_owned()), Some(self.content(response, name)?)),
            Body::Value(name, value) => (Some(name.to_owned()), Some(value.clone())),
        };
        if let Some(name) = name {
            headers.push(("Content-Type".to_owned(), concrete(&name)));
        }
        Some(Message { status: Some(number_of(status, &listed)?), headers, body, ..request })
    }

    fn reader(&self) -> &super::super::document::Reader<'a> {
        &self.maker.schemas().reader
    }

    /// The operation's parameters, and the path's that it does not say otherwise.
    fn parameters(&self) -> Vec<Parameter<'a>> {
        let mut found: Vec<Parameter<'a>> = Vec::new();
        for node in [self.end.operation, self.end.item] {
            for node in node.items("parameters") {
                let Some(node) = self.reader().resolve(node) else { continue };
                let (place, name) = (node.text("in"), node.text("name"));
                if !found.iter().any(|other| (other.place, other.name) == (place, name)) {
                    found.push(Parameter { node, place, name });
                }
            }
        }
        found
    }

    /// A value of a parameter or header.
    fn value_of(&self, node: Node<'a>) -> Option<Value> {
        match node.get("schema") {
            Some(schema) => self.maker.written(schema),
            None => match node.members("content").next() {
                Some((_, media)) => self.of_media(media),
                None => Some(Value::from("a")),
            },
        }
    }

    fn of_media(&self, media: Node<'a>) -> Option<Value> {
        media.get("schema").map_or(Some(Value::from("a")), |schema| self.maker.smallest(schema))
    }

    fn content(&self, holder: Node<'a>, name: &str) -> Option<Value> {
        let (_, media) = holder.members("content").find(|(other, _)| *other == name)?;
        self.of_media(media)
    }

    /// The first media type that has a value; nothing where none is listed.
    fn first_content(&self, holder: Node<'a>) -> Option<(Option<String>, Option<Value>)> {
        let mut empty = true;
        for (name, media) in holder.members("content") {
            empty = false;
            if let Some(value) = self.of_media(media) {
                return Some((Some(name.to_owned()), Some(value)));
            }
        }
        empty.then_some((None, None))
    }

    /// Credentials of the first alternative that is asked for.
    fn credentials(&self, target: &mut Target) {
        let root = self.reader().document.root();
        let holder =
            if self.end.operation.get("security").is_some() { self.end.operation } else { root };
        let Some(first) = holder.items("security").next() else { return };
        let schemes = root.get("components").and_then(|node| node.get("securitySchemes"));
        for member in first.tree.as_object().unwrap_or_default() {
            let scheme = schemes.and_then(|schemes| schemes.get(&member.key));
            let Some(scheme) = scheme.and_then(|node| self.reader().resolve(node)) else {
                continue;
            };
            let name = scheme.text("name").to_owned();
            match (scheme.text("type"), scheme.text("in")) {
                ("apiKey", "query") => target.query.push((name, "key".to_owned())),
                ("apiKey", "cookie") => target.cookies.push((name, "key".to_owned())),
                ("apiKey", _) => target.headers.push((name, "key".to_owned())),
                ("http", _) if scheme.text("scheme").eq_ignore_ascii_case("basic") => {
                    target.headers.push(("Authorization".to_owned(), "Basic YTph".to_owned()));
                }
                ("http" | "oauth2" | "openIdConnect", _) => {
                    target.headers.push(("Authorization".to_owned(), "Bearer token".to_owned()));
                }
                _ => {}
            }
        }
    }
}

/// Where parameters are written.
#[derive(Default)]
struct Target {
    path: String,
    query: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

impl Target {
    /// Writes a parameter as its style has it. `None` where that cannot be.
    fn write(&mut self, parameter: &Parameter<'_>, value: &Value) -> Option<()> {
        let node = parameter.node;
        let style = node.text("style");
        let name = parameter.name.to_owned();
        if node.get("schema").is_none() && node.get("content").is_some() {
            let text = value.to_string();
            return self.put(parameter.place, name, text);
        }
        let explode = node.get("explode").and_then(|node| Tree::as_bool(node.tree));
        match parameter.place {
            "query" | "cookie" => {
                let explode = explode.unwrap_or(matches!(style, "" | "form"));
                let separator = match style {
                    "spaceDelimited" => " ",
                    "pipeDelimited" => "|",
                    _ => ",",
                };
                let pairs = match value {
                    Value::Array(items) if explode && matches!(style, "" | "form") => items
                        .iter()
                        .map(|item| Some((name.clone(), text(item)?)))
                        .collect::<Option<Vec<_>>>()?,
                    Value::Array(items) => {
                        let items = items.iter().map(text).collect::<Option<Vec<_>>>()?;
                        vec![(name, items.join(separator))]
                    }
                    Value::Object(members) if style == "deepObject" => members
                        .iter()
                        .map(|(key, value)| Some((format!("{name}[{key}]"), text(value)?)))
                        .collect::<Option<Vec<_>>>()?,
                    Value::Object(members) if explode => members
                        .iter()
                        .map(|(key, value)| Some((key.clone(), text(value)?)))
                        .collect::<Option<Vec<_>>>()?,
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_)
                    | Value::Object(_) => vec![(name, simple(value, false)?)],
                };
                for (name, text) in pairs {
                    self.put(parameter.place, name, text)?;
                }
                Some(())
            }
            "path" if !matches!(style, "" | "simple") => None,
            place => self.put(place, name, simple(value, explode.unwrap_or(false))?),
        }
    }

    fn put(&mut self, place: &str, name: String, text: String) -> Option<()> {
        match place {
            "path" => {
                if text.is_empty() {
                    return None;
                }
                self.path = self.path.replace(&format!("{{{name}}}"), &escaped(&text));
            }
            "query" => self.query.push((name, text)),
            "cookie" => self.cookies.push((name, text)),
            // What these say stands elsewhere in a document (OpenAPI, "Parameter Object").
            "header"
                if ["accept", "content-type", "authorization"]
                    .iter()
                    .any(|known| name.eq_ignore_ascii_case(known)) => {}
            "header" => self.headers.push((name, plain(&text)?)),
            _ => return None,
        }
        Some(())
    }

    /// Parts of the path that no parameter is listed for.
    fn fill_rest(&mut self) {
        while let Some((before, after)) = self.path.split_once('{') {
            let after = after.split_once('}').map_or("", |(_, after)| after);
            self.path = format!("{before}a{after}");
        }
    }

    fn headers(&self) -> Vec<(String, String)> {
        let mut headers = self.headers.clone();
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, text)| format!("{name}={}", escaped(text)))
                .collect();
            headers.push(("Cookie".to_owned(), pairs.join("; ")));
        }
        headers
    }

    fn text(&self) -> String {
        let pairs: Vec<_> = self
            .query
            .iter()
            .map(|(name, text)| format!("{}={}", escaped(name), escaped(text)))
            .collect();
        let mark = if pairs.is_empty() { "" } else { "?" };
        format!("{}{mark}{}", self.path, pairs.join("&"))
    }
}

/// A value that holds no others, as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null => Some("null".to_owned()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// A value in the style `simple`, which `form` is without `explode`.
fn simple(value: &Value, explode: bool) -> Option<String> {
    match value {
        Value::Array(items) => Some(items.iter().map(text).collect::<Option<Vec<_>>>()?.join(",")),
        Value::Object(members) => {
            let between = if explode { "=" } else { "," };
            let pairs =
                members.iter().map(|(key, value)| Some(format!("{key}{between}{}", text(value)?)));
            Some(pairs.collect::<Option<Vec<_>>>()?.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => text(value),
    }
}

/// A text that a header can hold (RFC 9110, section 5.5).
fn plain(text: &str) -> Option<String> {
    let sound = text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && text.trim() == text;
    sound.then(|| text.to_owned())
}

/// Percent-encoded but for the unreserved characters (RFC 3986, section 2.3), and commas, which styles are made of.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte);
    let bytes = text.bytes();
    bytes
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A media type that a range takes.
fn concrete(name: &str) -> String {
    match name.split(';').next().unwrap_or_default().trim() {
        "*/*" | "application/*" => "application/json".to_owned(),
        "text/*" => "text/plain".to_owned(),
        "image/*" => "image/png".to_owned(),
        range if range.ends_with("/*") => range.replace("/*", "/x-any"),
        _ => name.to_owned(),
    }
}

/// A status that falls under `status` and is not listed by itself.
fn number_of(status: &str, listed: &[&str]) -> Option<String> {
    let free = |number: &u32| {
        let range = format!("{}XX", number / 100);
        let itself = listed.contains(&number.to_string().as_str());
        !itself
            && (status != "default"
                || !listed.iter().any(|other| other.eq_ignore_ascii_case(&range)))
    };
    if status == "default" {
        return [500, 400, 404, 403, 503, 300, 201, 100]
            .iter()
            .find(|number| free(number))
            .map(u32::to_string);
    }
    if status.parse::<u32>().is_ok() {
        return Some(status.to_owned());
    }
    let hundred = status.get(..1)?.parse::<u32>().ok()? * 100;
    (hundred..hundred + 100).find(|number| free(number)).map(|number| number.to_string())
}
