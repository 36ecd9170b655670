//! A method for each operation, and one for each kind of room: `client.ts`.

use std::fmt::Write as _;

use heck::{ToLowerCamelCase, ToUpperCamelCase};

use super::schemas;
use super::text::{TsFile, identifier, member, quoted, reached};
use crate::emit::docs;
use crate::ir::{
    Context, Contracts, Gateway, KeyedPart, Operation, OperationKind, Parameter, Place, Purpose,
    QueryResult, Response, RoomType,
};

/// The file of the client: what every context has is a member.
pub(super) fn file(contracts: &Contracts, gateway: &Gateway) -> TsFile {
    let mut body = TsFile::part();
    body.doc("", &format!("The client of {}.\n\n{CLIENT}", gateway.title));
    body.line("export class Client extends Streams {");
    let mut imports = Vec::new();
    for context in &contracts.contexts {
        if context.rooms.is_empty() && gateway.operations_of(contracts, context).next().is_none() {
            continue;
        }
        let name = identifier(&context.name);
        let own = if OWN.contains(&name.as_str()) { format!("{name}_") } else { name.clone() };
        imports.push(format!("import * as {name} from \"./contexts/{}.js\";", context.name));
        body.doc("  ", &format!("What can be asked of the context `{}`.", context.name));
        body.line(&format!("  readonly {own}: {name}.Operations = new {name}.Operations(this);"));
    }
    for operation in gateway.operations.iter().filter(|operation| operation.context().is_none()) {
        body.line("");
        let mut part = Methods::new(gateway, operation, "this");
        part.emit();
        body.line(part.file.finish().trim_end());
    }
    body.line("}");

    let mut file = TsFile::from_source(&gateway.file);
    for import in &imports {
        file.line(import);
    }
    import_types(&mut file, &body, "./");
    file.line("import { Streams } from \"./stream.js\";").line("").line(&body.finish());
    file
}

/// The class of a context's operations and rooms; `None` where it has neither.
pub(super) fn of_context(
    gateway: &Gateway,
    contracts: &Contracts,
    context: &Context,
) -> Option<TsFile> {
    let mut parts = Vec::new();
    for operation in gateway.operations_of(contracts, context) {
        let mut part = Methods::new(gateway, operation, "this.on");
        part.emit();
        parts.push(part.file.finish());
    }
    for room in &context.rooms {
        parts.push(self::room(room).finish());
    }
    if parts.is_empty() {
        return None;
    }
    let mut class = TsFile::part();
    class.doc("", &format!("What can be asked of the context `{}`.", context.name));
    class
        .line("export class Operations {")
        .line("  constructor(private readonly on: Streams) {}\n");
    class.line(parts.join("\n").trim_end()).line("}");
    Some(class)
}

/// Imports those types of the package's own modules that `body` names.
pub(super) fn import_types(file: &mut TsFile, body: &TsFile, folder: &str) {
    if body.has("schemas.") {
        file.line(&format!("import type * as schemas from \"{folder}schemas.js\";"));
    }
    let modules: [(&str, &[&str]); 3] = [
        ("sockets", &["Applied", "SendOptions", "Sockets)"]),
        ("stream", &["JoinOptions", "Message<", "Streams)"]),
        (
            "transport",
            &["CallOptions", "CommandOptions", "ConditionalOptions", "ReadOptions", "Unawaited"],
        ),
    ];
    for (module, names) in modules {
        let named: Vec<&str> = names
            .iter()
            .filter(|name| body.names(name))
            .map(|name| name.trim_end_matches(['<', ')']))
            .collect();
        if !named.is_empty() {
            file.line(&format!(
                "import type {{ {} }} from \"{folder}{module}.js\";",
                named.join(", ")
            ));
        }
    }
}

/// Members that every client has.
const OWN: [&str; 18] = [
    "answered",
    "authorization",
    "command",
    "constructor",
    "cursors",
    "follow",
    "join",
    "limit",
    "once",
    "open",
    "plain",
    "read",
    "see",
    "seen",
    "send",
    "settings",
    "streamed",
    "url",
];

/// What holds for every method.
const CLIENT: &str = "A command ends when it is decided: it gives what became of it, or throws a `Problem` whose `code` \
is the contract's. It has an idempotency key, so that it is sent again after a loss and carried out once. A read has seen \
what this client wrote and read before. What fails for a moment (429, 502 to 504, no answer) is asked for again until the \
call's time is over.";

/// The methods of one operation.
pub(super) struct Methods<'a> {
    gateway: &'a Gateway,
    operation: &'a Operation,
    /// What sends: `this`, or what it has.
    on: &'static str,
    file: TsFile,
}

impl<'a> Methods<'a> {
    pub(super) fn new(gateway: &'a Gateway, operation: &'a Operation, on: &'static str) -> Self {
        Self { gateway, operation, on, file: TsFile::part() }
    }

    /// The method that sends the operation's command on a socket: what a path names and a body, in one object.
    pub(super) fn sent(mut self, wire_type: &str) -> TsFile {
        let mut parameters = self.parameters();
        parameters.retain(|parameter| parameter.place == Place::Path);
        let mut members = Vec::new();
        if self.operation.body.is_some() {
            members.push("...body".to_owned());
        }
        for parameter in &parameters {
            let value = reached("params", &parameter.name);
            let is_text = schemas::named(self.gateway, &parameter.schema, "") == "string";
            let value = if is_text { value } else { format!("String({value})") };
            members.push(format!("{}: {value}", member(&parameter.name)));
        }
        let (name, given, on) = (self.name(), self.given_of(&parameters, false), self.on);
        let payload = if members.is_empty() {
            "{}".to_owned()
        } else {
            format!("{{ {} }}", members.join(", "))
        };
        self.doc("");
        self.file
            .line(&format!("  {name}({given}options?: SendOptions): Promise<Applied> {{"))
            .line(&format!("    return {on}.send({}, {payload}, options);", quoted(wire_type)))
            .line("  }");
        self.file
    }

    fn emit(&mut self) {
        match &self.operation.kind {
            OperationKind::Command(_) => self.command(),
            OperationKind::Query(query) => match query.result {
                QueryResult::One { row } => {
                    let row = format!("schemas.{}", self.gateway.schema(row).rust);
                    self.one("read", "ReadOptions", &row);
                }
                QueryResult::Page { page, row, .. } => {
                    let page = format!("schemas.{}", self.gateway.schema(page).rust);
                    let row = format!("schemas.{}", self.gateway.schema(row).rust);
                    self.one("read", "ReadOptions", &page);
                    self.all(&page, &row);
                }
            },
            OperationKind::Outcome => {
                let body = self.body_of(200);
                self.one("plain", "CallOptions", &body);
            }
        }
    }

    /// The type of what is answered with a status.
    fn body_of(&self, status: u16) -> String {
        let of = |response: &Response| {
            let schema = response.schema.as_ref()?;
            Some(schemas::named(self.gateway, schema, "schemas."))
        };
        let found = self.operation.responses.iter().find(|response| response.status == status);
        found.and_then(of).unwrap_or_else(|| "unknown".to_owned())
    }

    fn command(&mut self) {
        let takes_sequence =
            self.operation.parameters.iter().any(|parameter| parameter.name == "If-Match");
        let options = if takes_sequence { "ConditionalOptions" } else { "CommandOptions" };
        let unawaited =
            if takes_sequence { "ConditionalOptions & { wait: 0 }" } else { "Unawaited" };
        let (decided, accepted) = (self.body_of(200), self.body_of(202));
        let (name, given, on) = (self.name(), self.given(false), self.on);
        let ask = self.ask();
        self.doc("");
        self.file
            .line(&format!("  {name}({given}options: {unawaited}): Promise<{accepted}>;"))
            .line(&format!("  {name}({given}options?: {options}): Promise<{decided}>;"))
            .line(&format!(
                "  {name}({given}options?: {options}): Promise<{decided} | {accepted}> {{"
            ))
            .line(&format!("    return {on}.command<{decided}, {accepted}>({ask}, options);"))
            .line("  }");
    }

    fn one(&mut self, how: &str, options: &str, answer: &str) {
        let (name, given, ask, on) = (self.name(), self.given(true), self.ask(), self.on);
        self.doc("");
        self.file
            .line(&format!("  {name}({given}options?: {options}): Promise<{answer}> {{"))
            .line(&format!("    return {on}.{how}<{answer}>({ask}, options);"))
            .line("  }");
    }

    /// Every item of a list, page by page as they are read.
    fn all(&mut self, page: &str, row: &str) {
        let (name, given) = (self.name(), self.given(true));
        let token = self
            .operation
            .parameters
            .iter()
            .find(|parameter| parameter.purpose == Purpose::PageToken);
        let Some(token) = token else { return };
        let token = member(&token.name);
        self.file.line("");
        self.doc(" Every item, page by page as they are taken.");
        self.file
            .line(&format!("  async *{}({given}options?: ReadOptions): AsyncGenerator<{row}, void, undefined> {{", each(&name)))
            .line("    let pageToken: string | null | undefined = params.pageToken;".replace("params.pageToken", &reached("params", token.trim_matches('"'))).as_str())
            .line("    do {")
            .line(&format!("      const page: {page} = await this.{name}({{ ...params, {token}: pageToken ?? undefined }}, options);"))
            .line("      yield* page.items;")
            .line("      pageToken = page.nextPageToken;")
            .line("    } while (pageToken !== null && pageToken !== undefined);")
            .line("  }");
    }

    fn name(&self) -> String {
        let name = self.operation.id.to_lower_camel_case();
        let is_taken = ["constructor", "on"].contains(&name.as_str())
            || (self.on == "this" && OWN.contains(&name.as_str()));
        if is_taken { format!("{name}_") } else { name }
    }

    fn doc(&mut self, more: &str) {
        let operation = self.operation;
        let method = operation.method.as_str();
        let mut text = format!(
            "`{method} {}`: {}",
            operation.path,
            docs::described(operation.summary.as_deref(), &operation.id)
        );
        text.push_str(more);
        if let Some(description) = &operation.description {
            text.push_str("\n\n");
            text.push_str(description.trim());
        }
        self.file.doc("  ", &text);
    }

    /// The parameters of path, query and headers that are the caller's.
    fn parameters(&self) -> Vec<&'a Parameter> {
        let parameters = self.operation.parameters.iter();
        parameters
            .filter(|parameter| {
                parameter.purpose != Purpose::Runtime && parameter.name != "If-Match"
            })
            .collect()
    }

    /// The method's parameters before its options, each with a comma after it.
    fn given(&self, may_be_empty: bool) -> String {
        self.given_of(&self.parameters(), may_be_empty)
    }

    fn given_of(&self, parameters: &[&Parameter], may_be_empty: bool) -> String {
        let mut given = String::new();
        if !parameters.is_empty() {
            let members: Vec<String> = parameters
                .iter()
                .map(|parameter| {
                    let ty = schemas::named(self.gateway, &parameter.schema, "schemas.");
                    let name = member(&parameter.name);
                    if parameter.required {
                        format!("{name}: {ty}")
                    } else {
                        format!("{name}?: {ty} | undefined")
                    }
                })
                .collect();
            let is_optional =
                may_be_empty && parameters.iter().all(|parameter| !parameter.required);
            let default = if is_optional { " = {}" } else { "" };
            let _ = write!(given, "params: {{ {} }}{default}, ", members.join("; "));
        }
        if let Some(body) = &self.operation.body {
            let name = &self.gateway.schema(body.schema).rust;
            let absent = if body.required { "" } else { " | undefined" };
            let _ = write!(given, "body: schemas.{name}{absent}, ");
        }
        given
    }

    /// What is asked, as the transport takes it.
    fn ask(&self) -> String {
        let operation = self.operation;
        let parameters = self.parameters();
        let mut path = operation.path.clone();
        let (mut query, mut headers) = (Vec::new(), Vec::new());
        for parameter in parameters {
            let value = reached("params", &parameter.name);
            match parameter.place {
                Place::Path => {
                    let hole = format!("{{{}}}", parameter.name);
                    path = path.replace(&hole, &format!("${{encodeURIComponent({value})}}"));
                }
                Place::Query => query.push(format!("{}: {value}", member(&parameter.name))),
                Place::Header => headers.push(format!("{}: {value}", member(&parameter.name))),
            }
        }
        let method = operation.method.as_str();
        let mut members = vec![format!("method: \"{method}\""), format!("path: `{path}`")];
        if !query.is_empty() {
            members.push(format!("query: {{ {} }}", query.join(", ")));
        }
        if !headers.is_empty() {
            members.push(format!("headers: {{ {} }}", headers.join(", ")));
        }
        if let Some(body) = &operation.body {
            let media_type = body.media_types.first().map_or("application/json", String::as_str);
            let value = format!("{{ mediaType: {}, value: body }}", quoted(media_type));
            members.push(if body.required {
                format!("body: {value}")
            } else {
                format!("...(body === undefined ? {{}} : {{ body: {value} }})")
            });
        }
        format!("{{ {} }}", members.join(", "))
    }
}

/// `listSeats` → `eachOfListSeats`, `seats` → `eachOfSeats`; the list's own name says what it has.
fn each(name: &str) -> String {
    format!("eachOf{}", name.strip_prefix("list").unwrap_or(name).to_upper_camel_case())
}

/// The method that joins a kind of room.
pub(super) fn room(room: &RoomType) -> TsFile {
    let mut file = TsFile::part();
    let name = room.rust.to_upper_camel_case();
    let holes: Vec<&str> = room
        .template
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(hole, _)| hole))
        .collect();
    let mut next = holes.iter();
    let text: String = room
        .parts
        .iter()
        .map(|part| match part {
            KeyedPart::Text(text) => text.clone(),
            KeyedPart::Key { .. } => {
                let hole = next.next().copied().unwrap_or_default();
                format!("${{{}}}", reached("params", hole))
            }
        })
        .collect();
    let given: Vec<String> = holes.iter().map(|hole| format!("{}: string", member(hole))).collect();
    let given = if given.is_empty() {
        String::new()
    } else {
        format!("params: {{ {} }}, ", given.join("; "))
    };
    let message = format!("{name}Message");
    file.doc(
        "  ",
        &format!(
            "The room `{}`: its rows, then every event after them, once and in order, over as many connections as it takes. \
             It goes on until the loop that reads it ends, or the signal says so.",
            room.template
        ),
    );
    file.line(&format!(
        "  join{name}({given}options?: JoinOptions): AsyncGenerator<{message}, void, undefined> {{"
    ))
    .line(&format!("    return this.on.join<{message}>(`{text}`, options);"))
    .line("  }");
    file
}
