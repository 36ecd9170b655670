//! The contracts as a site of standing pages: what there is, who sends what to whom, which version brought it. No script,
//! no font, nothing from elsewhere; the same contracts give the same bytes. `charter doc` writes whole pages, `charter
//! generate` the parts that a gateway's portal goes around.

mod diagram;
mod example;
mod page;

use std::fmt::Write as _;
use std::path::Path;

use crate::check::{self, formats::escaped};
use crate::diff::{self, FileError, Parts};
use crate::ir::{
    Command, Context, Contracts, Event, Field, OperationKind, QueryResult, Shape, Type, TypeDef,
    TypeId, View,
};
use crate::sync::{DiskError, FOLDER, Output};
use page::{Page, prose, slug};

pub use page::Form;

/// A page of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The file's name: `index.html`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The contracts with what was released of them.
#[derive(Debug)]
pub struct Site<'a> {
    /// As they are now.
    pub contracts: &'a Contracts,
    /// Their parts, as [`diff`] sees them.
    pub now: &'a Parts,
    /// The releases, oldest first.
    pub released: &'a [(u32, Parts)],
    /// Whether pages are whole, or parts of others.
    pub form: Form,
}

/// The pages of `contracts`, which are those below `root`, with the releases that lie there.
///
/// # Errors
/// Where a file cannot be read, or a release holds something that is no contract.
pub fn site(root: &Path, contracts: &Contracts, form: Form) -> Result<Vec<File>, SiteError> {
    let now = diff::all(&check::contracts::Contracts::working_tree(root)?)?;
    let mut released = Vec::new();
    for (number, files) in check::contracts::releases(root)? {
        released.push((number, diff::all(&files)?));
    }
    Ok(Site { contracts, now: &now, released: &released, form }.files())
}

/// The folder below [`FOLDER`] that [`catalogue`] is for.
const CATALOGUE: &str = "contract-gateway/catalogue";

/// The pages as parts, for the crate of a gateway to embed; none where there is no HTTP contract.
///
/// # Errors
/// As [`site`].
pub fn catalogue(root: &Path, contracts: &Contracts) -> Result<Vec<Output>, SiteError> {
    if contracts.gateway.is_none() {
        return Ok(Vec::new());
    }
    let output =
        |File { name, text }| Output { path: format!("{FOLDER}/{CATALOGUE}/{name}"), text };
    Ok(site(root, contracts, Form::Part)?.into_iter().map(output).collect())
}

/// Why there are no pages.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SiteError {
    /// A file.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A release.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The names of the site's pages: `index.html`, one a context, and `api.html` where there is an HTTP contract.
#[must_use]
pub fn names(contracts: &Contracts) -> Vec<String> {
    let contexts = contracts.contexts.iter().map(|context| format!("{}.html", context.name));
    let api = contracts.gateway.is_some().then(|| "api.html".to_owned());
    ["index.html".to_owned()].into_iter().chain(contexts).chain(api).collect()
}

impl Site<'_> {
    /// All pages, those of [`names`].
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        let mut files = vec![self.index()];
        files.extend(self.contracts.contexts.iter().map(|context| self.context(context)));
        files.extend(self.contracts.gateway.is_some().then(|| self.api()));
        files
    }

    fn page(&self, title: &str) -> Page {
        let mut links = vec![("index.html".to_owned(), "Overview".to_owned())];
        links.extend(
            self.contracts
                .contexts
                .iter()
                .map(|context| (format!("{}.html", context.name), context.name.clone())),
        );
        if self.contracts.gateway.is_some() {
            links.push(("api.html".to_owned(), "API".to_owned()));
        }
        Page::new(title, links, self.form)
    }

    fn index(&self) -> File {
        let mut page = self.page("Contracts");
        let latest = self.released.last().map_or_else(
            || "Nothing is released yet.".to_owned(),
            |(number, parts)| {
                let changed = diff::compare(parts, self.now).len();
                match changed {
                    0 => format!("Released as v{number}, unchanged since."),
                    changed => format!("Last released as v{number}; {changed} parts differ since."),
                }
            },
        );
        page.paragraph(&latest);
        page.heading("Who sends what to whom");
        page.paragraph("Requests come in on the left, are decided by a context in the middle, and what happened is folded into views on the right.");
        page.raw(&diagram::svg(self.contracts));
        page.heading("Contexts");
        for context in &self.contracts.contexts {
            page.raw(&format!(
                "<p><a href=\"{0}.html\"><b>{0}</b></a>: {1} commands, {2} events, {3} views, {4} rejections</p>\n",
                context.name,
                context.commands.len(),
                context.events.len(),
                context.views.len(),
                context.rejections.len()
            ));
        }
        page.heading("Shared types");
        for id in &self.contracts.shared {
            self.definition(&mut page, *id, "");
        }
        page.file("index.html")
    }

    fn context(&self, context: &Context) -> File {
        let mut page = self.page(&format!("Context {}", context.name));
        page.paragraph(&format!(
            "Topics: `{0}.commands`, `{0}.events`, `{0}.dead-letters`.",
            context.name
        ));
        page.heading("Commands");
        for command in &context.commands {
            self.definition(&mut page, command.id, &self.command(context, command));
        }
        page.heading("Events");
        for event in &context.events {
            self.definition(&mut page, event.id, &self.event(context, event));
        }
        page.heading("Rejections");
        page.raw("<div class=\"wide\"><table><tr><th>code</th><th>status</th><th>says</th></tr>\n");
        for rejection in &context.rejections {
            page.raw(&format!(
                "<tr id=\"{0}\"><td><code>{0}</code></td><td>{1}</td><td>{2}</td></tr>\n",
                escaped(&rejection.code),
                rejection.status,
                prose(&rejection.doc)
            ));
        }
        page.raw("</table></div>\n");
        page.heading("Views");
        for view in &context.views {
            self.definition(&mut page, view.id, &self.view(view));
        }
        page.heading("Types");
        for id in &context.types {
            self.definition(&mut page, *id, "");
        }
        page.file(&format!("{}.html", context.name))
    }

    fn command(&self, context: &Context, command: &Command) -> String {
        let mut text = line("On the wire", &format!("`{}`", command.wire_type));
        text.push_str(&line("Key", &self.names(command.id, &command.key)));
        let senders: Vec<String> = self.senders(command.id).collect();
        let by_timer: Vec<String> = context
            .events
            .iter()
            .filter(|event| {
                event
                    .deadlines
                    .iter()
                    .any(|deadline| context.commands[deadline.command].id == command.id)
            })
            .map(|event| format!("a deadline of `{}`", event.wire_type))
            .collect();
        let senders = [senders, by_timer].concat();
        if !senders.is_empty() {
            text.push_str(&line("Sent by", &senders.join(", ")));
        }
        if !command.rejections.is_empty() {
            let links: Vec<_> = command
                .rejections
                .iter()
                .map(|index| {
                    let code = escaped(&context.rejections[*index].code);
                    format!("<a href=\"#{code}\"><code>{code}</code></a>")
                })
                .collect();
            let _ =
                writeln!(text, "<p class=\"fact\"><b>Refused with</b> {}</p>", links.join(", "));
        }
        text
    }

    /// The operations that send a command.
    fn senders(&self, command: TypeId) -> impl Iterator<Item = String> + '_ {
        let operations = self.contracts.gateway.iter().flat_map(|gateway| &gateway.operations);
        operations.filter_map(move |operation| match &operation.kind {
            OperationKind::Command(sent) => {
                let context = &self.contracts.contexts[sent.context];
                (context.commands[sent.command].id == command)
                    .then(|| format!("`{} {}`", operation.method.as_str(), operation.path))
            }
            OperationKind::Query(_) | OperationKind::Outcome => None,
        })
    }

    fn event(&self, context: &Context, event: &Event) -> String {
        let mut text = line("On the wire", &format!("`{}`", event.wire_type));
        text.push_str(&line("Key", &self.names(event.id, &event.key)));
        if let Some(room) = &event.broadcast {
            text.push_str(&line("Sent to room", &format!("`{}`", room.template)));
        }
        for deadline in &event.deadlines {
            let at = &self.contracts.record(event.id).fields[deadline.at].name;
            let command = &context.commands[deadline.command].wire_type;
            text.push_str(&line("Deadline", &format!("at `{at}` comes `{command}`")));
        }
        let folded: Vec<String> = self
            .contracts
            .contexts
            .iter()
            .flat_map(|other| &other.views)
            .filter(|view| view.from.contains(&context.name))
            .map(|view| format!("`{}`", self.contracts.type_of(view.id).full_name))
            .collect();
        if !folded.is_empty() {
            text.push_str(&line("May be folded by", &folded.join(", ")));
        }
        text
    }

    fn view(&self, view: &View) -> String {
        let mut text = line("Row key", &self.names(view.id, &view.key));
        text.push_str(&line("Folds events of", &view.from.join(", ")));
        let operations = self.contracts.gateway.iter().flat_map(|gateway| &gateway.operations);
        let readers: Vec<String> = operations
            .filter(|operation| match &operation.kind {
                OperationKind::Query(query) => {
                    self.contracts.contexts[query.context].views[query.view].id == view.id
                }
                OperationKind::Command(_) | OperationKind::Outcome => false,
            })
            .map(|operation| format!("`{} {}`", operation.method.as_str(), operation.path))
            .collect();
        if !readers.is_empty() {
            text.push_str(&line("Read by", &readers.join(", ")));
        }
        text
    }

    fn names(&self, id: TypeId, fields: &[usize]) -> String {
        let all = &self.contracts.record(id).fields;
        let names: Vec<_> = fields.iter().map(|index| format!("`{}`", all[*index].name)).collect();
        names.join(", ")
    }

    /// A type: its name, words, facts, and what it is made of.
    fn definition(&self, page: &mut Page, id: TypeId, facts: &str) {
        let def = self.contracts.type_of(id);
        page.raw(&format!(
            "<article id=\"{}\">\n<h3>{} <span class=\"version\">{}</span></h3>\n",
            slug(&def.full_name),
            escaped(&def.name),
            escaped(&self.version(&def.full_name))
        ));
        page.paragraph(def.doc.as_deref().unwrap_or_default());
        page.raw(facts);
        match &def.shape {
            Shape::Record(record) => self.fields(page, &record.fields),
            Shape::Enum(symbols) => {
                for variant in &symbols.variants {
                    page.raw(&format!(
                        "<p class=\"fact\"><code>{}</code></p>\n",
                        escaped(&variant.symbol)
                    ));
                }
            }
            Shape::Fixed { size } => page.paragraph(&format!("{size} bytes.")),
            Shape::Union(union) => {
                let names: Vec<_> =
                    union.branches.iter().map(|branch| format!("`{}`", branch.name)).collect();
                page.paragraph(&format!("One of {}.", names.join(", ")));
            }
        }
        self.details(page, id);
        page.raw("</article>\n");
    }

    /// What a record looks like on its way: an example as JSON, and its schema.
    fn details(&self, page: &mut Page, id: TypeId) {
        let def = self.contracts.type_of(id);
        if !matches!(def.shape, Shape::Record(_)) {
            return;
        }
        let example = serde_json::to_string_pretty(&example::of(self.contracts, id));
        let schema = serde_json::from_str::<serde_json::Value>(&def.schema)
            .and_then(|schema| serde_json::to_string_pretty(&schema));
        for (title, text) in [("Example", example), ("Avro schema", schema)] {
            let text = text.expect("the IR holds schemas and examples as JSON");
            page.raw(&format!(
                "<details><summary>{title}</summary><pre><code>{}</code></pre></details>\n",
                escaped(&text)
            ));
        }
    }

    fn fields(&self, page: &mut Page, fields: &[Field]) {
        if fields.is_empty() {
            return;
        }
        page.raw("<div class=\"wide\"><table><tr><th>field</th><th>type</th><th>about</th></tr>\n");
        for field in fields {
            let mut about = prose(field.doc.as_deref().unwrap_or_default());
            let mut fact = |word: &str, value: &str| {
                let _ = write!(
                    about,
                    " <span class=\"fact\">{word} <code>{}</code></span>",
                    escaped(value)
                );
            };
            if let Some(unit) = &field.unit {
                fact("unit", unit);
            }
            if let Some(example) = &field.example {
                fact(
                    "example",
                    &example.as_str().map_or_else(|| example.to_string(), str::to_owned),
                );
            }
            if field.private {
                about.push_str(" <span class=\"fact\">private: never sent to browsers</span>");
            }
            let optional = if field.default.is_some() {
                " <span class=\"fact\">has a default</span>"
            } else {
                ""
            };
            page.raw(&format!(
                "<tr><td><code>{}</code></td><td>{}{optional}</td><td>{about}</td></tr>\n",
                escaped(&field.name),
                self.ty(&field.ty)
            ));
        }
        page.raw("</table></div>\n");
    }

    /// A type in words, linked to what it names.
    fn ty(&self, ty: &Type) -> String {
        ty.words(&|id| self.link(self.contracts.type_of(id)))
    }

    fn link(&self, def: &TypeDef) -> String {
        let known = self.contracts.contexts.iter().any(|context| context.name == def.namespace);
        let page = if known { def.namespace.as_str() } else { "index" };
        format!("<a href=\"{page}.html#{}\">{}</a>", slug(&def.full_name), escaped(&def.name))
    }

    /// Since when there is a part, and whether it changed after the last release.
    fn version(&self, name: &str) -> String {
        let Some(now) = self.now.get(name) else { return String::new() };
        let first = self.released.iter().find(|(_, parts)| parts.contains_key(name));
        let last =
            self.released.last().and_then(|(number, parts)| Some((number, parts.get(name)?)));
        match (first, last) {
            (Some((first, _)), Some((_, part))) if part == now => format!("since v{first}"),
            (Some((first, _)), Some((last, _))) => format!("since v{first}, changed after v{last}"),
            (Some((first, _)), None) => format!("since v{first}, away, and back"),
            (None, _) => "not released".to_owned(),
        }
    }

    fn api(&self) -> File {
        let mut page = self.page("API");
        if let Some(gateway) = &self.contracts.gateway {
            page.paragraph(&format!("{} {}.", gateway.title, gateway.version));
            for operation in &gateway.operations {
                let method = operation.method.as_str();
                let name = format!("{method} {}", operation.path);
                page.raw(&format!(
                    "<article id=\"{}\">\n<h3><code>{}</code> <span class=\"version\">{}</span></h3>\n",
                    slug(&operation.id),
                    escaped(&name),
                    escaped(&self.version(&name))
                ));
                page.paragraph(operation.summary.as_deref().unwrap_or_default());
                let does = match &operation.kind {
                    OperationKind::Command(sent) => {
                        let context = &self.contracts.contexts[sent.context];
                        let def = self.contracts.type_of(context.commands[sent.command].id);
                        format!("<b>Sends</b> {}", self.link(def))
                    }
                    OperationKind::Query(query) => {
                        let view = &self.contracts.contexts[query.context].views[query.view];
                        let many = match query.result {
                            QueryResult::One { .. } => "one row of",
                            QueryResult::Page { .. } => "pages of",
                        };
                        format!(
                            "<b>Reads</b> {many} {}",
                            self.link(self.contracts.type_of(view.id))
                        )
                    }
                    OperationKind::Outcome => "<b>Reads</b> the outcome of a command".to_owned(),
                };
                page.raw(&format!("<p class=\"fact\">{does}</p>\n"));
                let answers: Vec<_> = operation
                    .responses
                    .iter()
                    .map(|response| {
                        format!(
                            "<tr><td>{}</td><td>{}</td></tr>",
                            response.status,
                            prose(&response.description)
                        )
                    })
                    .collect();
                page.raw(&format!(
                    "<div class=\"wide\"><table><tr><th>status</th><th>answer</th></tr>\n{}\n</table></div>\n</article>\n",
                    answers.join("\n")
                ));
            }
        }
        page.file("api.html")
    }
}

fn line(word: &str, text: &str) -> String {
    format!("<p class=\"fact\"><b>{word}</b> {}</p>\n", prose(text))
}
