//! What can be done on a socket: a method for each command that may come on one, and one for each kind of room.

use super::operations::{self, Methods};
use super::text::{TsFile, identifier};
use crate::ir::{Context, Contracts, Gateway, Operation, OperationKind};

/// The file of the client on a socket, `socket-client.ts`; `None` where nothing may be done on one.
pub(super) fn file(contracts: &Contracts, gateway: &Gateway) -> Option<TsFile> {
    let mut file = TsFile::from_source(&gateway.file);
    let mut class = TsFile::part();
    class.doc("", &format!("{} on a socket.\n\n{CLIENT}", gateway.title));
    class.line("export class SocketClient extends Sockets {");
    let mut is_empty = true;
    for (index, context) in contracts.contexts.iter().enumerate() {
        if context.rooms.is_empty() && sent(gateway, index, context).is_empty() {
            continue;
        }
        is_empty = false;
        let name = identifier(&context.name);
        let own = if OWN.contains(&name.as_str()) { format!("{name}_") } else { name.clone() };
        file.line(&format!("import * as {name} from \"./contexts/{}.js\";", context.name));
        class.doc("  ", &format!("What a socket may do in the context `{}`.", context.name));
        class.line(&format!(
            "  readonly {own}: {name}.SocketOperations = new {name}.SocketOperations(this);"
        ));
    }
    class.line("}");
    file.line("import { Sockets } from \"./sockets.js\";").line("").line(&class.finish());
    (!is_empty).then_some(file)
}

/// The class of what a socket may do in a context; `None` where that is nothing.
pub(super) fn of_context(
    gateway: &Gateway,
    contracts: &Contracts,
    context: &Context,
) -> Option<TsFile> {
    let index = contracts.contexts.iter().position(|known| known.name == context.name)?;
    let mut parts = Vec::new();
    for (wire_type, operation) in sent(gateway, index, context) {
        parts.push(Methods::new(gateway, operation, "this.on").sent(wire_type).finish());
    }
    parts.extend(context.rooms.iter().map(|room| operations::room(room).finish()));
    if parts.is_empty() {
        return None;
    }
    let mut class = TsFile::part();
    class.doc("", &format!("What a socket may do in the context `{}`.", context.name));
    class
        .line("export class SocketOperations {")
        .line("  constructor(private readonly on: Sockets) {}\n");
    class.line(parts.join("\n").trim_end()).line("}");
    Some(class)
}

/// The commands that a socket may send, each with the operation whose request it is.
fn sent<'a>(
    gateway: &'a Gateway,
    index: usize,
    context: &'a Context,
) -> Vec<(&'a str, &'a Operation)> {
    let commands = context.commands.iter().enumerate().filter(|(_, command)| command.socket);
    commands
        .filter_map(|(number, command)| {
            let sends = |operation: &&Operation| match &operation.kind {
                OperationKind::Command(sent) => sent.context == index && sent.command == number,
                OperationKind::Query(_) | OperationKind::Outcome => false,
            };
            Some((command.wire_type.as_str(), gateway.operations.iter().find(sends)?))
        })
        .collect()
}

/// What holds for every method.
const CLIENT: &str = "Commands and rooms are those of `Client`, with one connection for all of them: a command gives what it was \
acknowledged with, once it is carried out, or throws a `Problem` whose `code` is the contract's. What a lost connection leaves \
open is asked for again on the next one, under the same idempotency key, and rooms go on after the last message that was read. \
`io` is that of `socket.io-client` 4.";

/// Members that every client on a socket has.
const OWN: [&str; 22] = [
    "acknowledged",
    "ask",
    "client",
    "close",
    "connected",
    "constructor",
    "ending",
    "hasEnded",
    "inboxes",
    "io",
    "join",
    "leave",
    "leaving",
    "lose",
    "losing",
    "member",
    "open",
    "options",
    "refused",
    "send",
    "socket",
    "tell",
];
