//! Breaks that are no matter of a schema's keywords: what is gone, what must be sent, who may ask.

use serde_json::{Value, json};

use super::message::{Body, Draft};
use super::validity::{self, Outcome};
use super::{Side, find};
use crate::check::change::{self, Message, Sample, Unshown};
use crate::check::openapi::comparison::{Comparison, Site};
use crate::check::openapi::document::Node;
use crate::check::openapi::media;
use crate::check::openapi::types::Typing;
use crate::rules::Severity;

/// What shows a break.
#[derive(Debug)]
pub(crate) enum Breach<'v, 'a> {
    /// The operation is gone.
    Operation,
    /// What a webhook sent does not come any more.
    Webhook,
    /// A parameter must be sent: place and name.
    ParameterMissing(&'v str, &'v str),
    /// A parameter is not taken any more: place, name and schema.
    ParameterSent(&'v str, &'v str, Option<Node<'a>>),
    /// A path parameter is declared now: name and schema.
    PathParameter(&'v str, Option<Node<'a>>),
    /// A body must be sent.
    NoBody,
    /// No body is taken any more.
    Body,
    /// A media type of a request is not taken any more.
    RequestMediaType(&'v str, Node<'a>),
    /// Credentials must be sent.
    Anonymous,
    /// A header of an answer of a status may be missing.
    HeaderMissing(&'v str, &'v str),
    /// A status does not come any more.
    Status(&'v str),
    /// A media type of an answer of a status does not come any more.
    ResponseMediaType(&'v str, &'v str, Node<'a>),
    /// An answer of a status comes in another media type.
    NewMediaType(&'v str, &'v str),
    /// Anything went, and a schema says now what does, or the other way round: where it stands.
    Schema(&'v Site, change::Side, Node<'a>),
    /// Nothing shows it.
    Nothing(Unshown),
}

impl<'a> Comparison<'_, 'a> {
    /// Shows a change that was reported, where it is one that breaks.
    pub(crate) fn shown(&mut self, change: Option<usize>, breach: &Breach<'_, 'a>) {
        let Some(change) = change else { return };
        if self.changes[change].severity == Severity::Info {
            return;
        }
        let shown = self.budget().and_then(|()| self.sample(breach));
        self.show(change, shown);
    }

    fn sample(&self, breach: &Breach<'_, 'a>) -> Result<Sample, Unshown> {
        use change::Side::{Base, Revision};
        let request = |draft: Draft<'_>| self.with_writer(Base, |writer| writer.request(&draft));
        let words = |text: String| (text, None::<Value>);
        let subject = self.exchange.as_ref().map_or("the request", |exchange| exchange.method);
        let (is_request, side, (part, value), message, error) = match *breach {
            Breach::Operation => {
                let message = request(Draft::default());
                let error = "there is no such operation any more";
                (true, Base, words(format!("any `{subject}` request")), message, error.to_owned())
            }
            Breach::Webhook => {
                let message = request(Draft::default());
                let error = "the webhook is gone";
                (false, Base, words("what the webhook sent".to_owned()), message, error.to_owned())
            }
            Breach::ParameterMissing(place, name) => {
                let message = request(Draft { without: Some((place, name)), ..Draft::default() });
                let part = format!("a request without the `{place}` parameter `{name}`");
                let error = format!("the `{place}` parameter `{name}` is required");
                (true, Base, words(part), message, error)
            }
            Breach::ParameterSent("path", ..) => return Err(Unshown::SamePath),
            Breach::ParameterSent(place, name, schema) => {
                let message = self.sent(place, name, schema);
                let part = format!("a request with the `{place}` parameter `{name}`");
                let error = format!("there is no `{place}` parameter `{name}` any more");
                (true, Base, words(part), message, error)
            }
            Breach::PathParameter(name, schema) => {
                let found = schema.and_then(|schema| self.refused(Revision, schema, Typing::Loose));
                let (value, error) = found.ok_or(Unshown::SamePath)?;
                let message =
                    request(Draft { with: Some(("path", name, &value)), ..Draft::default() });
                let part = format!("`path` parameter `{name}`");
                (true, Base, (part, Some(value)), message, error)
            }
            Breach::NoBody => {
                let message = request(Draft { body: Body::None, ..Draft::default() });
                let part = words("a request without a body".to_owned());
                (true, Base, part, message, "a body is required".to_owned())
            }
            Breach::Body => {
                let message = request(Draft { body: Body::Any, ..Draft::default() });
                let part = words("a request with a body".to_owned());
                (true, Base, part, message, "there is no body any more".to_owned())
            }
            Breach::RequestMediaType(name, now) => {
                covered(name, now)?;
                let message = request(Draft { body: Body::Of(name), ..Draft::default() });
                let part = words(format!("a request with a body of `{name}`"));
                (true, Base, part, message, format!("`{name}` is not taken any more"))
            }
            Breach::Anonymous => {
                let message = request(Draft { anonymous: true, ..Draft::default() });
                let part = words("a request without credentials".to_owned());
                (true, Base, part, message, "credentials are asked for".to_owned())
            }
            Breach::HeaderMissing(status, name) => {
                let message =
                    self.with_writer(Revision, |writer| writer.answer(status, None, Body::Any));
                let part = words(format!("an answer `{status}` without the header `{name}`"));
                (false, Revision, part, message, format!("the header `{name}` was required"))
            }
            Breach::Status(status) => return self.status(status),
            Breach::ResponseMediaType(status, name, now) => {
                covered(name, now)?;
                let message =
                    self.with_writer(Base, |writer| writer.answer(status, None, Body::Of(name)));
                let part = words(format!("an answer `{status}` of `{name}`"));
                (false, Base, part, message, format!("`{name}` is not answered any more"))
            }
            Breach::NewMediaType(status, name) => {
                let message = self
                    .with_writer(Revision, |writer| writer.answer(status, None, Body::Of(name)));
                let part = words(format!("an answer `{status}` of `{name}`"));
                (false, Revision, part, message, format!("`{name}` was not answered"))
            }
            Breach::Schema(at, stands, schema) => {
                let side = if at.place.is_request() { Base } else { Revision };
                let (value, error) =
                    self.refused(stands, schema, at.typing).ok_or(Unshown::Covered)?;
                let message = self.carried(at, side, &value);
                (at.place.is_request(), side, (at.words.clone(), Some(value)), message, error)
            }
            Breach::Nothing(ref reason) => return Err(reason.clone()),
        };
        let sample = Sample {
            request: is_request,
            valid_under: side,
            part,
            value,
            schemas: None,
            message,
            error,
        };
        Ok(sample)
    }

    /// A request with a parameter that was taken.
    fn sent(&self, place: &str, name: &str, schema: Option<Node<'a>>) -> Option<Message> {
        let value = match schema {
            Some(schema) => super::Maker::new(&self.quiet[0]).smallest(schema)?,
            None => json!("a"),
        };
        let draft = Draft { with: Some((place, name, &value)), ..Draft::default() };
        self.with_writer(change::Side::Base, |writer| writer.request(&draft))
    }

    /// An answer of a status that is not listed any more.
    fn status(&self, status: &str) -> Result<Sample, Unshown> {
        let part = format!("an answer `{status}`");
        let sample =
            |message: Option<Message>, part: String, value: Option<Value>, error: String| Sample {
                request: false,
                valid_under: change::Side::Base,
                part,
                value,
                schemas: None,
                message,
                error,
            };
        let answer = |body: Body<'_>| {
            self.with_writer(change::Side::Base, |writer| writer.answer(status, None, body))
        };
        let Some((other, old, new)) = self.listed_still(status) else {
            let error = format!("no answer `{status}` is listed any more");
            return Ok(sample(answer(Body::Any), part, None, error));
        };
        // A range lists it: what shows the change is a body that does not fit there.
        for (name, media) in old.members("content") {
            let now = new.members("content").find(|(other, _)| *other == name);
            let Some((_, now)) = now else {
                let error = format!("`{other}` lists no `{name}`");
                return Ok(sample(answer(Body::Of(name)), part, None, error));
            };
            if let (Some(was), Some(is)) = (media.get("schema"), now.get("schema")) {
                let fits = Side { schemas: &self.quiet[0], way: vec![was] };
                let misfits = Side { schemas: &self.quiet[1], way: vec![is] };
                if let Ok((value, error)) = find(&fits, &misfits, Typing::of(name), |_| true) {
                    let message = answer(Body::Value(name, &value));
                    let part = format!("body of the answer `{status}`");
                    return Ok(sample(message, part, Some(value), error));
                }
            }
        }
        Err(Unshown::StatusCovered(other.to_owned()))
    }

    /// The range, or `default`, that lists a status now, and both versions of its response.
    fn listed_still(&self, status: &str) -> Option<(&'a str, Node<'a>, Node<'a>)> {
        let exchange = self.exchange.as_ref()?;
        let range = format!("{}XX", status.get(..1)?);
        let responses = exchange.revision.as_ref()?.operation.members("responses");
        let listed: Vec<_> = responses.collect();
        let (name, now) = listed
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&range))
            .or_else(|| listed.iter().find(|(name, _)| *name == "default"))?;
        let was = exchange.base.as_ref()?.operation.get("responses")?.get(status)?;
        let [old, new] = &self.quiet;
        Some((name, old.reader.resolve(was)?, new.reader.resolve(*now)?))
    }

    /// A short value that a schema refuses, and why.
    fn refused(
        &self,
        side: change::Side,
        schema: Node<'a>,
        typing: Typing,
    ) -> Option<(Value, String)> {
        let schemas = match side {
            change::Side::Base => &self.quiet[0],
            change::Side::Revision => &self.quiet[1],
        };
        let mut values = vec![json!("a"), json!(0), json!(true), json!({}), json!([]), Value::Null];
        values.extend(super::Maker::new(schemas).values(schema, 0));
        if typing == Typing::Loose {
            values.retain(|value| {
                !(value.is_null()
                    || value.as_str() == Some("")
                    || value.is_array()
                    || value.is_object())
            });
        }
        values.into_iter().find_map(|value| {
            let outcomes: Vec<Outcome> = super::spellings(&value, typing)
                .into_iter()
                .map(|spelling| validity::check(schemas, schema, &spelling))
                .collect();
            super::all_misfit(outcomes.into_iter()).map(|error| (value, error))
        })
    }
}

/// Whether a range among the media types of `holder` takes `name`.
fn covered(name: &str, holder: Node<'_>) -> Result<(), Unshown> {
    let range = holder.members("content").find(|(range, _)| media::is_in(name, range));
    range.map_or(Ok(()), |(range, _)| Err(Unshown::MediaTypeCovered(range.to_owned())))
}
