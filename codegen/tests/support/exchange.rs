//! A small judge of whole requests and answers: does a document take this request, may it give this answer? It knows
//! nothing of the checker; schemas are the matter of an independent library.

use charter_codegen::check::change::Message;
use serde_json::{Map, Value, json};

use super::translate;

/// Whether `document` knows the message. `None` where one of its schemas is none to the library.
pub(crate) fn knows(document: &Value, message: &Message) -> Option<bool> {
    let judge = Judge { document };
    let (path, query) = message.target.split_once('?').unwrap_or((message.target.as_str(), ""));
    let method = message.method.to_lowercase();
    let Some((item, variables)) = judge.find(path, &method) else { return Some(false) };
    let operation = judge.resolve(&item[method.as_str()]);
    if message.status.is_some() {
        judge.answer(operation, message)
    } else {
        judge.request((item, operation), &variables, query, message)
    }
}

struct Judge<'d> {
    document: &'d Value,
}

/// What parameters are written in, each until somebody claims it.
struct Written {
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
}

impl<'d> Judge<'d> {
    fn resolve(&self, mut value: &'d Value) -> &'d Value {
        while let Some(pointer) = value["$ref"].as_str().and_then(|text| text.strip_prefix('#')) {
            value = self.document.pointer(&decoded(pointer)).expect("a reference leads somewhere");
        }
        value
    }

    /// The path that is meant, which has the method, and what its variables are.
    fn find(&self, path: &str, method: &str) -> Option<(&'d Value, Vec<(String, String)>)> {
        let (members, path) = match path.strip_prefix("webhook:") {
            Some(name) => (self.document["webhooks"].as_object()?, name),
            None => (self.document["paths"].as_object()?, path),
        };
        let mut found: Vec<_> = members
            .iter()
            .filter_map(|(template, item)| {
                Some((template, self.resolve(item), matched(template, path)?))
            })
            .filter(|(_, item, _)| item[method].is_object())
            .collect();
        found.sort_by_key(|(template, ..)| template.matches('{').count());
        found.into_iter().next().map(|(_, item, variables)| (item, variables))
    }

    fn request(
        &self,
        (item, operation): (&'d Value, &'d Value),
        variables: &[(String, String)],
        query: &str,
        message: &Message,
    ) -> Option<bool> {
        let pairs = |text: &str, separator: char| -> Vec<(String, String)> {
            let parts = text.split(separator).map(str::trim).filter(|part| !part.is_empty());
            parts
                .filter_map(|part| part.split_once('='))
                .map(|(a, b)| (decoded(a), decoded(b)))
                .collect()
        };
        let (mut cookies, mut headers) = (Vec::new(), Vec::new());
        let mut media_type = None;
        for (name, value) in &message.headers {
            match name.to_lowercase().as_str() {
                "cookie" => cookies = pairs(value, ';'),
                "content-type" => media_type = Some(value.as_str()),
                _ => headers.push((name.clone(), value.clone())),
            }
        }
        let mut written = Written { query: pairs(query, '&'), headers, cookies };
        if !self.is_let_in(operation, &mut written) {
            return Some(false);
        }
        let mut parameters: Vec<&Value> = Vec::new();
        for holder in [operation, item] {
            for parameter in holder["parameters"].as_array().into_iter().flatten() {
                let parameter = self.resolve(parameter);
                let same = |other: &&Value| {
                    (&other["in"], &other["name"]) == (&parameter["in"], &parameter["name"])
                };
                if !parameters.iter().any(same) {
                    parameters.push(parameter);
                }
            }
        }
        // Objects whose properties are parameters of their own take what is left.
        parameters.sort_by_key(|parameter| self.is_spread(parameter));
        for parameter in parameters {
            if !self.parameter(parameter, variables, &mut written)? {
                return Some(false);
            }
        }
        let left = written.query.len() + written.headers.len() + written.cookies.len();
        if left > 0 {
            return Some(false);
        }
        let body = self.resolve(&operation["requestBody"]);
        match (&message.body, body.is_object()) {
            (None, _) => Some(body["required"] != json!(true)),
            (Some(_), false) => Some(false),
            (Some(value), true) => self.content(body, media_type, value),
        }
    }

    /// Whether one of the alternatives that are asked for is there; its credentials are claimed.
    fn is_let_in(&self, operation: &'d Value, written: &mut Written) -> bool {
        let asked = operation.get("security").unwrap_or(&self.document["security"]);
        let Some(asked) = asked.as_array().filter(|asked| !asked.is_empty()) else { return true };
        asked.iter().any(|alternative| {
            alternative.as_object().is_some_and(|schemes| {
                schemes.keys().all(|name| {
                    let scheme = self
                        .resolve(&self.document["components"]["securitySchemes"][name.as_str()]);
                    let name = scheme["name"].as_str().unwrap_or("Authorization");
                    let among = match (scheme["type"].as_str(), scheme["in"].as_str()) {
                        (None | Some("mutualTLS"), _) => return true,
                        (Some("apiKey"), Some("query")) => &mut written.query,
                        (Some("apiKey"), Some("cookie")) => &mut written.cookies,
                        _ => &mut written.headers,
                    };
                    let before = among.len();
                    among.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
                    among.len() < before
                })
            })
        })
    }

    fn is_spread(&self, parameter: &Value) -> bool {
        let Some(schema) = parameter.get("schema") else { return false };
        let schema = self
            .document
            .pointer(schema["$ref"].as_str().unwrap_or("#/\u{0}").trim_start_matches('#'))
            .unwrap_or(schema);
        matches!(parameter["in"].as_str(), Some("query" | "cookie"))
            && matches!(parameter["style"].as_str(), None | Some("form"))
            && parameter["explode"] != json!(false)
            && schema["type"] == json!("object")
    }

    fn parameter(
        &self,
        parameter: &'d Value,
        variables: &[(String, String)],
        written: &mut Written,
    ) -> Option<bool> {
        let name = parameter["name"].as_str().unwrap_or_default();
        let place = parameter["in"].as_str().unwrap_or_default();
        let mut texts = Vec::new();
        let among = match place {
            "query" => &mut written.query,
            "cookie" => &mut written.cookies,
            "header" => &mut written.headers,
            _ => &mut variables.to_vec(),
        };
        let mut object = Map::new();
        let spread = self.is_spread(parameter);
        let deep = parameter["style"] == json!("deepObject");
        among.retain(|(other, text)| {
            let inner = other
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('['))
                .and_then(|rest| rest.strip_suffix(']'));
            if spread {
                object.insert(other.clone(), scalar(text));
            } else if deep && inner.is_some() {
                object.insert(inner.unwrap_or_default().to_owned(), scalar(text));
            } else if other == name || (place == "header" && other.eq_ignore_ascii_case(name)) {
                texts.push(text.clone());
            } else {
                return true;
            }
            false
        });
        let mut readings = Vec::new();
        if !object.is_empty() {
            readings.push(Value::Object(object));
        }
        if let [text] = &texts[..] {
            readings.extend(readings_of(text));
        }
        if texts.len() > 1 {
            readings.push(texts.iter().map(|text| json!(text)).collect());
            readings.push(texts.iter().map(|text| scalar(text)).collect());
        }
        if readings.is_empty() {
            // A path parameter that is not in the path says nothing.
            return Some(parameter["required"] != json!(true) || place == "path");
        }
        let schema = parameter
            .get("schema")
            .or_else(|| parameter["content"].as_object()?.values().next()?.get("schema"));
        let Some(schema) = schema else { return Some(true) };
        let validator = self.validator(schema)?;
        Some(readings.iter().any(|reading| validator.is_valid(reading)))
    }

    fn answer(&self, operation: &'d Value, message: &Message) -> Option<bool> {
        let status = message.status.as_deref().expect("an answer has one");
        let Some(responses) = operation["responses"].as_object() else { return Some(false) };
        let range = format!("{}XX", &status[..1]);
        let named =
            |name: &str| responses.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        let Some((_, response)) =
            named(status).or_else(|| named(&range)).or_else(|| named("default"))
        else {
            return Some(false);
        };
        let response = self.resolve(response);
        let header = |name: &str| {
            let found = message.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        for (name, listed) in response["headers"].as_object().into_iter().flatten() {
            let listed = self.resolve(listed);
            if name.eq_ignore_ascii_case("content-type") {
                continue;
            }
            match (header(name), listed.get("schema")) {
                (None, _) if listed["required"] == json!(true) => return Some(false),
                (Some(text), Some(schema)) => {
                    let readings = readings_of(text);
                    let validator = self.validator(schema)?;
                    if !readings.iter().any(|reading| validator.is_valid(reading)) {
                        return Some(false);
                    }
                }
                (None, _) | (Some(_), None) => {}
            }
        }
        match &message.body {
            None => Some(true),
            Some(value) => self.content(response, header("content-type"), value),
        }
    }

    /// Whether a body fits the media type that is listed for it.
    fn content(&self, holder: &Value, name: Option<&str>, value: &Value) -> Option<bool> {
        let name = name.expect("a body has a media type");
        let Some(content) = holder["content"].as_object() else { return Some(false) };
        let kind = name.split('/').next().unwrap_or_default();
        let ranges = [name.to_owned(), format!("{kind}/*"), "*/*".to_owned()];
        let listed = ranges.iter().find_map(|range| content.get(range));
        let Some(listed) = listed else { return Some(false) };
        let Some(schema) = listed.get("schema") else { return Some(true) };
        Some(self.validator(schema)?.is_valid(value))
    }

    fn validator(&self, schema: &Value) -> Option<jsonschema::Validator> {
        let old = self.document["openapi"].as_str().unwrap_or_default().starts_with("3.0");
        let mut root = self.document.clone();
        root["allOf"] = json!([schema]);
        translate(&mut root, old);
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .build(&root)
            .ok()
    }
}

/// What the variables of a template are in a path.
fn matched(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let mut variables = Vec::new();
    let (mut template, mut path) = (template, path);
    while let Some((before, after)) = template.split_once('{') {
        path = path.strip_prefix(before)?;
        let (name, rest) = after.split_once('}').unwrap_or((after, ""));
        let next = rest.chars().next();
        let end = next.map_or(Some(path.len()), |next| path.find(next))?;
        let end = path[..end].find('/').unwrap_or(end);
        if end == 0 {
            return None;
        }
        variables.push((name.to_owned(), decoded(&path[..end])));
        (template, path) = (rest, &path[end..]);
    }
    (template == path).then_some(variables)
}

/// What a text may be: itself, a number, a list, an object, JSON.
fn readings_of(text: &str) -> Vec<Value> {
    let mut readings = vec![json!(text), scalar(text)];
    if text.is_empty() {
        readings.extend([json!({}), json!([])]);
    }
    let parts = text.split([',', ' ', '|']);
    readings.push(parts.clone().map(|part| json!(part)).collect());
    readings.push(parts.map(scalar).collect());
    readings.extend(serde_json::from_str::<Value>(text));
    let parts: Vec<&str> = text.split(',').collect();
    if parts.len().is_multiple_of(2) {
        let pairs = parts.chunks(2).map(|pair| (pair[0].to_owned(), scalar(pair[1])));
        readings.push(pairs.collect::<Map<_, _>>().into());
        let pairs = parts.chunks(2).map(|pair| (pair[0].to_owned(), json!(pair[1])));
        readings.push(pairs.collect::<Map<_, _>>().into());
    }
    readings
}

/// A text as a number or a boolean, where it is one.
fn scalar(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => value,
        _ => json!(text),
    }
}

/// A text without percent-encoding (RFC 3986, section 2.1).
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| after.get(..2)).flatten();
        let code =
            code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
