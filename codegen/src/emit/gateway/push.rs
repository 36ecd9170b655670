//! What sockets and streams need of the HTTP contract: `push.rs`.

use std::collections::BTreeSet;

use quote::quote;

use super::types::Place;
use crate::emit::text::{RustFile, parsed};
use crate::ir::{Context, Contracts, Gateway, OperationKind, RoomType};

/// The file of rooms' scopes and of commands that sockets may send.
pub(super) fn file(place: &mut Place<'_, '_>) -> RustFile {
    let gateway = place.gateway;
    let contracts = place.scope.contracts();
    let room_access = place.scope.path("charter_http::push", "RoomAccess");
    let socket_command = place.scope.path("charter_http::push", "SocketCommand");
    let rooms =
        contracts.contexts.iter().enumerate().flat_map(|(index, context)| {
            context.rooms.iter().map(move |room| (index, context, room))
        });
    let rooms: Vec<_> = rooms
        .map(|(index, context, room)| {
            let path = parsed(&format!("{}::rooms::{}", context.krate, room.rust));
            let scopes = scopes(gateway, index, room);
            quote!(#room_access { room: &#path, scopes: &[#(#scopes),*] })
        })
        .collect();
    let mut commands = Vec::new();
    for (wire_type, operation) in commands_of(contracts, gateway) {
        let operation_trait = place.scope.path("charter_http", "CommandOperation");
        let marker = parsed(&format!("crate::operations::{operation}"));
        commands.push(quote! {
            #socket_command { wire_type: #wire_type, operation: <#marker as #operation_trait>::OPERATION }
        });
    }
    let items = quote! {
        /// The rooms, each with the scopes that reading what it shows asks for.
        pub const ROOMS: &[#room_access] = &[#(#rooms),*];

        /// The commands that a socket may send, each as the operation that sends it.
        pub const SOCKET_COMMANDS: &[#socket_command] = &[#(#commands),*];
    };
    let mut file = RustFile::from_source(&gateway.file);
    file.docs("What sockets and streams need of the contract.");
    file.items(place.scope.uses()).items(items);
    file
}

/// What the operations that read a room's views ask for, all together.
fn scopes<'a>(gateway: &'a Gateway, context: usize, room: &RoomType) -> BTreeSet<&'a str> {
    let reads = |kind: &OperationKind| match kind {
        OperationKind::Query(query) => {
            query.context == context && room.loads.iter().any(|load| load.view == query.view)
        }
        OperationKind::Command(_) | OperationKind::Outcome => false,
    };
    let reading = gateway.operations.iter().filter(|operation| reads(&operation.kind));
    reading.flat_map(|operation| operation.access.scopes.iter().map(String::as_str)).collect()
}

/// The wire types that sockets may send, each with the Rust type of its first operation.
fn commands_of<'a>(contracts: &'a Contracts, gateway: &'a Gateway) -> Vec<(&'a str, &'a str)> {
    let mut found = Vec::new();
    for (index, context) in contracts.contexts.iter().enumerate() {
        for command in 0..context.commands.len() {
            if let Some(operation) = operation_of(gateway, (index, context), command) {
                found.push((context.commands[command].wire_type.as_str(), operation));
            }
        }
    }
    found
}

fn operation_of<'a>(
    gateway: &'a Gateway,
    (index, context): (usize, &Context),
    command: usize,
) -> Option<&'a str> {
    let sends = |kind: &OperationKind| match kind {
        OperationKind::Command(sent) => sent.context == index && sent.command == command,
        OperationKind::Query(_) | OperationKind::Outcome => false,
    };
    let operation = gateway.operations.iter().find(|operation| sends(&operation.kind));
    operation.filter(|_| context.commands[command].socket).map(|found| found.rust_type.as_str())
}
