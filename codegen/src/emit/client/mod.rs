//! `client-rust`: the client of the HTTP contract as a crate.

mod context;
mod messages;
mod operations;
mod rooms;
mod schemas;

use heck::ToKebabCase;
use proc_macro2::TokenStream;
use quote::quote;

use super::scope::Scope;
use super::text::{RustFile, banner, parsed};
use super::{Files, docs, manifest, names};
use crate::ir::{Context, Contracts, Gateway, Variant};

const ROOT: &str = "client-rust";
/// The crate as emitted code knows it.
const CRATE: &str = "client";

/// What every client rests on, the same for all contracts.
const COPIED: [(&str, &str); 5] = [
    ("calls", include_str!("../../../templates/client-rust/calls.rs")),
    ("problem", include_str!("../../../templates/client-rust/problem.rs")),
    ("settings", include_str!("../../../templates/client-rust/settings.rs")),
    ("transport", include_str!("../../../templates/client-rust/transport.rs")),
    ("value", include_str!("../../../templates/client-rust/value.rs")),
];
/// What clients rest on that join rooms.
const ROOM: (&str, &str) = ("room", include_str!("../../../templates/client-rust/room.rs"));

/// The crates that the templates name.
const USED: [&str; 8] =
    ["fastrand", "futures-util", "reqwest", "serde", "serde_json", "time", "tokio", "uuid"];
/// The crate that reads server-sent events.
const EVENTS: &str = "sse-stream";
/// The crate of amounts, where a contract has some.
const AMOUNTS: &str = "rust_decimal";

/// Names of modules that are no context's.
const OWN: [&str; 9] =
    ["calls", "client", "contexts", "problem", "room", "schemas", "settings", "transport", "value"];

/// The crate's files.
pub(super) fn emit(contracts: &Contracts, gateway: &Gateway, files: &mut Files) {
    let has_rooms = contracts.contexts.iter().any(|context| !context.rooms.is_empty());
    let mut texts = Vec::new();
    for (name, template) in COPIED.into_iter().chain(has_rooms.then_some(ROOM)) {
        let text = format!("{}\n\n{template}", banner("//", "the compiler's templates"));
        texts.push((format!("src/{name}.rs"), text));
    }
    let shown: Vec<&Context> = contracts
        .contexts
        .iter()
        .filter(|context| context::is_shown(gateway, contracts, context))
        .collect();
    for context in &shown {
        let file = context::file(gateway, contracts, context);
        texts.push((format!("src/contexts/{}.rs", names::module(&context.name)), file.finish()));
    }
    texts.push(("src/contexts/mod.rs".to_owned(), contexts(gateway, &shown).finish()));
    texts.push(("src/schemas.rs".to_owned(), schemas::file(contracts, gateway).finish()));
    texts.push(("src/client.rs".to_owned(), client(contracts, gateway, &shown).finish()));
    texts.push(("src/lib.rs".to_owned(), lib(gateway, &shown, has_rooms).finish()));

    let mut used = USED.to_vec();
    used.extend(has_rooms.then_some(EVENTS));
    let amounts = format!("{AMOUNTS}::");
    used.extend(texts.iter().any(|(_, text)| text.contains(&amounts)).then_some(AMOUNTS));
    let package = format!("{}-client", gateway.title.to_kebab_case());
    texts.push(("Cargo.toml".to_owned(), manifest::text(&package, &gateway.file, used)));
    for (path, text) in texts {
        files.add(format!("{ROOT}/{path}"), text);
    }
}

fn contexts(gateway: &Gateway, shown: &[&Context]) -> RustFile {
    let mut file = RustFile::from_source(&gateway.file);
    file.docs(
        "What can be asked of each context, what its rooms show, and what its refusals are about.",
    );
    let modules = shown.iter().map(|context| parsed(&names::module(&context.name)));
    file.items(quote!(#(pub mod #modules;)*));
    file
}

/// The client: what every context has is a member.
fn client(contracts: &Contracts, gateway: &Gateway, shown: &[&Context]) -> RustFile {
    let asked: Vec<&Context> = shown
        .iter()
        .copied()
        .filter(|context| context::has_operations(gateway, contracts, context))
        .collect();
    let members: Vec<(TokenStream, TokenStream, TokenStream)> = asked
        .iter()
        .map(|context| {
            let module = names::module(&context.name);
            let member = if module == "on" { "on_".to_owned() } else { module.clone() };
            let doc =
                docs::attributes(&format!("What can be asked of the context `{}`.", context.name));
            (doc, parsed(&member), parsed(&module))
        })
        .collect();
    let fields = members.iter().map(
        |(doc, member, module)| quote!(#doc pub #member: crate::contexts::#module::Operations),
    );
    let made = members
        .iter()
        .map(|(_, member, module)| quote!(#member: crate::contexts::#module::Operations::on(&on)));
    let mut own = vec!["Client".to_owned()];
    own.extend(gateway.operations.iter().filter_map(operations::parameters_name));
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let mut scope = Scope::new(contracts, CRATE, &own);
    let (methods, parameters) = operations::of_no_context(&mut scope, gateway);
    let doc = docs::attributes(&format!("The client of {}.\n\n{CLIENT}", gateway.title));
    let result = scope.prelude_path("Result");
    let (settings, problem, transport) = (
        scope.path("crate::settings", "Settings"),
        scope.path("crate::problem", "Problem"),
        scope.path("crate::transport", "Transport"),
    );
    let (vec, string) = (scope.prelude_path("Vec"), scope.prelude_path("String"));
    let items = quote! {
        #doc
        #[derive(Clone, Debug)]
        pub struct Client {
            on: #transport,
            #(#fields,)*
        }
        impl Client {
            /// A client that asks as the settings say.
            ///
            /// # Errors
            /// Where the base URL is no URL of HTTP, or TLS cannot be set up.
            pub fn new(settings: #settings) -> #result<Self, #problem> {
                let on = #transport::new(settings)?;
                Ok(Self { #(#made,)* on })
            }

            /// What this client has written and read, to be given to another one's [`see`](Self::see).
            #[must_use]
            pub fn seen(&self) -> #vec<#string> {
                self.on.seen()
            }

            /// Remembers what somebody else has seen: reads wait for it from now on.
            pub fn see<C: Into<#string>>(&self, cursors: impl IntoIterator<Item = C>) {
                self.on.see(cursors);
            }

            #(#methods)*
        }
        #parameters
    };
    let mut file = RustFile::from_source(&gateway.file);
    file.docs("The client: what every context has is a member.");
    file.items(scope.uses()).items(items);
    file
}

/// What holds for every method.
const CLIENT: &str = "A command ends when it is decided: it gives what became of it, or why not, as a refusal of its context or a \
`Problem`. It has an idempotency key, so that it is sent again after a loss and carried out once. A read has seen what this client \
wrote and read before. What fails for a moment (429, 502 to 504, no answer) is asked for again until the call's time is over. Clones \
share connections and what was seen.";

/// What the crate gives: a module for each context, whose types may share names.
fn lib(gateway: &Gateway, shown: &[&Context], has_rooms: bool) -> RustFile {
    let mut file = RustFile::from_source(&gateway.file);
    file.docs(&format!(
        "The client of {}, generated from its contract.\n\n\
         | module | what is in it |\n|---|---|\n\
         | [`client`] | the client: what every context has is a member |\n\
         | [`contexts`] | for each context its operations, its refusals, its rooms |\n\
         | [`schemas`] | what bodies are made of |\n\
         | [`settings`] | where, who, how long |\n\
         | [`calls`] | what can be said of a call before it is awaited |\n\
         | [`problem`] | what is refused |\n\
         {}\
         | [`value`] | days, times, and what a merge patch says |\n\
         | [`transport`] | requests with retries and cursors |",
        gateway.title,
        if has_rooms { "| [`room`] | rooms as streams |\n" } else { "" }
    ));
    file.text(ALLOWED);
    let mut modules: Vec<&str> = OWN.to_vec();
    modules.retain(|module| has_rooms || *module != "room");
    let modules = modules.into_iter().map(parsed);
    file.items(quote!(#(pub mod #modules;)*));
    let mut uses = vec![
        "pub use calls::{Command, Each, Plain, Read, Tagged, Taken};".to_owned(),
        "pub use client::Client;".to_owned(),
    ];
    let contexts: Vec<String> = shown
        .iter()
        .map(|context| names::module(&context.name))
        .filter(|name| !OWN.contains(&name.as_str()))
        .collect();
    match contexts.as_slice() {
        [] => {}
        [one] => uses.push(format!("pub use contexts::{one};")),
        several => uses.push(format!("pub use contexts::{{{}}};", several.join(", "))),
    }
    uses.push("pub use problem::{CommandError, Problem, Rejection, Violation};".to_owned());
    if has_rooms {
        uses.push("pub use room::{Join, Message, RoomEvent, Standing};".to_owned());
    }
    uses.push("pub use settings::{Credentials, Settings};".to_owned());
    uses.push("pub use value::{Date, DateTime, Patch};".to_owned());
    file.items(parsed(&uses.join("\n")));
    file
}

/// What a contract's names and words may do that hand-written ones may not.
const ALLOWED: &str = "#![allow(
    clippy::doc_markdown,
    clippy::enum_variant_names,
    clippy::large_enum_variant,
    clippy::module_inception,
    clippy::module_name_repetitions,
    clippy::similar_names,
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    clippy::too_many_arguments,
    clippy::too_many_lines,
    reason = \"names, docs and sizes are the contract's\"
)]";

/// An enum of a contract's symbols; one that is read has a place for symbols that are newer than this client.
fn symbols(scope: &mut Scope<'_>, name: &str, doc: &str, variants: &[Variant]) -> TokenStream {
    let doc = docs::attributes(doc);
    let name = parsed(name);
    let other = unlike("Unrecognized", variants.iter().map(|variant| variant.rust.as_str()));
    let other = parsed(&other);
    let (serialize, deserialize) =
        (scope.path("serde", "Serialize"), scope.path("serde", "Deserialize"));
    let string = scope.prelude_path("String");
    let shown = variants.iter().map(|variant| {
        let doc = docs::attributes(&docs::of_symbol(variant));
        let (symbol, rust) = (&variant.symbol, parsed(&variant.rust));
        quote!(#doc #[serde(rename = #symbol)] #rust)
    });
    let said = variants.iter().map(|variant| {
        let (symbol, rust) = (&variant.symbol, parsed(&variant.rust));
        quote!(Self::#rust => #symbol)
    });
    quote! {
        #doc
        #[derive(Clone, Debug, PartialEq, Eq, Hash, #serialize, #deserialize)]
        pub enum #name {
            #(#shown,)*
            /// One that this client's contract does not know.
            #[serde(untagged)]
            #other(#string),
        }
        impl #name {
            /// As the contract writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    #(#said,)*
                    Self::#other(symbol) => symbol,
                }
            }
        }
        impl std::fmt::Display for #name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    }
}

/// `name`, with a `_` behind it as often as others have it.
fn unlike<'a>(name: &str, others: impl Iterator<Item = &'a str>) -> String {
    let others: Vec<&str> = others.collect();
    let mut name = name.to_owned();
    while others.contains(&name.as_str()) {
        name.push('_');
    }
    name
}
