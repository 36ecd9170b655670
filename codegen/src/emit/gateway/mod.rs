//! `contract-gateway`: the HTTP contract as types, operations and routes.

mod annotation;
mod asyncapi;
mod components;
mod document;
mod items;
mod operation;
mod push;
mod request;
mod routes;
mod schema;
mod types;

use std::fmt::Write as _;

use proc_macro2::TokenStream;
use quote::quote;

use super::scope::Scope;
use super::text::{RustFile, parsed};
use super::{Files, modules, names};
use crate::ir::{Contracts, Gateway, Operation, OperationKind, SchemaId};
use types::Place;

const ROOT: &str = "contract-gateway";
const CRATE: &str = "contract_gateway";

/// The crate's files.
pub(super) fn emit(contracts: &Contracts, gateway: &Gateway, files: &mut Files) {
    files.add(format!("{ROOT}/asyncapi.json"), asyncapi::json(contracts, gateway));
    files.add(format!("{ROOT}/openapi.json"), document::json(gateway));
    files.add(format!("{ROOT}/openapi.yaml"), document::yaml(gateway));
    files.add(format!("{ROOT}/src/lib.rs"), lib(contracts, gateway).finish());
    let place = |own: &[&str], emitter: &dyn Fn(&mut Place<'_, '_>) -> RustFile| {
        let mut scope = Scope::new(contracts, CRATE, own);
        emitter(&mut Place { scope: &mut scope, gateway }).finish()
    };
    files.add(format!("{ROOT}/src/document.rs"), place(&["GatewayDocument"], &document::file));
    files.add(format!("{ROOT}/src/routes.rs"), place(&[], &routes::file));
    if pushes(contracts) {
        files.add(format!("{ROOT}/src/push.rs"), place(&[], &push::file));
    }
    let shared = gateway.shared_parameters();
    if !shared.is_empty() {
        let own: Vec<&str> = shared.keys().copied().collect();
        files.add(format!("{ROOT}/src/parameters.rs"), place(&own, &components::parameters));
    }
    let shared = gateway.shared_responses();
    if !shared.is_empty() {
        let own: Vec<&str> = shared.keys().copied().collect();
        files.add(format!("{ROOT}/src/responses.rs"), place(&own, &components::responses));
    }
    for (index, def) in gateway.schemas.iter().enumerate() {
        let text = place(&[&def.rust], &|place| schema::file(place, SchemaId(index)));
        files.add(format!("{ROOT}/src/schemas/{}.rs", names::module(&def.rust)), text);
    }
    for operation in &gateway.operations {
        let parameters = format!("{}Parameters", operation.rust_type);
        let text =
            place(&[&operation.rust_type, &parameters], &|place| operation::file(place, operation));
        files.add(format!("{ROOT}/src/operations/{}.rs", operation_module(operation)), text);
    }
    files.add(format!("{ROOT}/src/schemas/mod.rs"), schemas_map(gateway).finish());
    files.add(format!("{ROOT}/src/operations/mod.rs"), operations_map(gateway).finish());
    files.add_manifest(contracts, ROOT, &gateway.file);
}

/// The module of an operation; unlike its function's name it never is a word of Rust's.
fn operation_module(operation: &Operation) -> String {
    names::module(&operation.rust_type)
}

/// Whether there is anything for sockets and streams.
fn pushes(contracts: &Contracts) -> bool {
    contracts.contexts.iter().any(|context| {
        !context.rooms.is_empty() || context.commands.iter().any(|command| command.socket)
    })
}

fn lib(contracts: &Contracts, gateway: &Gateway) -> RustFile {
    let mut modules = vec![
        ("document", "the contract itself, and the document that the code's annotations make"),
        ("operations", "a type, a trait implementation and a handler for each operation"),
        (
            "routes",
            "the operations and what serves them, in the groups that a process mounts together",
        ),
        ("schemas", "what bodies are made of, and the way to and from the messages"),
    ];
    if !gateway.shared_parameters().is_empty() {
        modules.push(("parameters", "parameters that operations share"));
    }
    if !gateway.shared_responses().is_empty() {
        modules.push(("responses", "responses that operations share"));
    }
    if pushes(contracts) {
        modules.push(("push", "what sockets and streams need of the contract"));
    }
    modules.sort_unstable();
    let mut docs = format!(
        "{}: the HTTP contract as types, operations and routes.\n\n\
         | module | what is in it |\n|---|---|",
        gateway.title
    );
    for (name, what) in &modules {
        let _ = write!(docs, "\n| [`{name}`] | {what} |");
    }
    let mut file = RustFile::from_source(&gateway.file);
    file.docs(&docs);
    file.text(modules::ALLOWED);
    let modules = modules.iter().map(|(name, _)| parsed(name));
    file.items(quote!(#(pub mod #modules;)*));
    file.items(contract(pushes(contracts)));
    file
}

/// All of it as one value, which a process serves.
fn contract(pushes: bool) -> TokenStream {
    let (rooms, socket_commands) = if pushes {
        (quote!(push::ROOMS), quote!(push::SOCKET_COMMANDS))
    } else {
        (quote!(&[]), quote!(&[]))
    };
    quote! {
        /// All that a gateway serves of the contract.
        pub const CONTRACT: charter_http::gateway::Contract = charter_http::gateway::Contract {
            json: document::JSON,
            yaml: document::YAML,
            asyncapi: document::ASYNCAPI,
            catalogue: document::CATALOGUE,
            operations: routes::ALL,
            rooms: #rooms,
            socket_commands: #socket_commands,
        };
    }
}

fn schemas_map(gateway: &Gateway) -> RustFile {
    let mut schemas: Vec<_> =
        gateway.schemas.iter().map(|def| (names::module(&def.rust), &def.rust)).collect();
    schemas.sort();
    let mut file = RustFile::from_source(&gateway.file);
    file.docs("What bodies are made of.");
    let modules = schemas.into_iter().map(|(module, name)| (module, vec![name.clone()]));
    file.items(map(&quote!(), modules));
    file
}

fn operations_map(gateway: &Gateway) -> RustFile {
    let mut operations: Vec<_> = gateway
        .operations
        .iter()
        .map(|operation| {
            let mut names = vec![operation.rust_type.clone()];
            if operation.kind != OperationKind::Outcome {
                names.push(format!("{}Parameters", operation.rust_type));
            }
            names.push(operation.rust.clone());
            (operation_module(operation), names)
        })
        .collect();
    operations.sort();
    let mut file = RustFile::from_source(&gateway.file);
    file.docs("The operations.");
    // The annotations' own types stand beside the handlers and have no re-export.
    file.items(map(&quote!(pub(crate)), operations.into_iter()));
    file
}

fn map(
    visibility: &TokenStream,
    modules: impl Iterator<Item = (String, Vec<String>)>,
) -> TokenStream {
    let (mut mods, mut uses) = (Vec::new(), Vec::new());
    for (module, names) in modules {
        let module = parsed(&module);
        let names = names.iter().map(|name| parsed(name));
        mods.push(quote!(#visibility mod #module;));
        uses.push(quote!(pub use #module::{#(#names),*};));
    }
    quote!(#(#mods)* #(#uses)*)
}
