//! From the IR to the files under `generated/`: each emitter makes one file.

mod borrowed;
mod client;
mod context;
mod docs;
mod gateway;
mod manifest;
mod message;
mod modules;
mod named;
mod names;
mod record;
mod rejections;
mod rooms;
mod schema;
mod scope;
mod text;
mod typescript;
mod view;

use crate::ir::{Context, Contracts, TypeId};
use crate::project::SHARED;
use crate::sync::{FOLDER, Output};
use scope::Scope;

/// Every file under `generated/`, in the order of paths; of a project also the platform's schemas. The same contracts
/// give the same bytes.
#[must_use]
pub fn emit(contracts: &Contracts) -> Vec<Output> {
    let mut files = Files::default();
    files.add("rustfmt.toml", rustfmt());
    if contracts.is_project {
        files.0.extend(
            SHARED.iter().map(|(path, text)| Output { path: (*path).into(), text: (*text).into() }),
        );
    } else {
        shared(contracts, &mut files);
    }
    for context in &contracts.contexts {
        context_crate(contracts, context, &mut files);
    }
    if let Some(document) = &contracts.gateway {
        gateway::emit(contracts, document, &mut files);
        client::emit(contracts, document, &mut files);
        typescript::emit(contracts, document, &mut files);
    }
    files.0.sort();
    files.0
}

/// Formatting belongs to the emitters; `cargo fmt` leaves their output alone.
fn rustfmt() -> String {
    format!("{}\ndisable_all_formatting = true\n", text::banner("#", "schemas and openapi"))
}

#[derive(Default)]
struct Files(Vec<Output>);

impl Files {
    /// Adds the file at `path` below the folder of generated files.
    fn add(&mut self, path: impl AsRef<str>, text: String) {
        self.0.push(Output { path: format!("{FOLDER}/{}", path.as_ref()), text });
    }

    /// Adds the manifest of the crate at `root`, whose sources are all there: it depends on the crates that
    /// they name.
    fn add_manifest(&mut self, contracts: &Contracts, root: &str, source: &str) {
        let folder = format!("{FOLDER}/{root}/src/");
        let sources = || self.0.iter().filter(|file| file.path.starts_with(&folder));
        let contexts = contracts.contexts.iter().map(|context| context.package.as_str());
        let named = |package: &str| {
            let path = format!("{}::", package.replace('-', "_"));
            sources().any(|file| file.text.contains(&path))
        };
        let dependencies: Vec<&str> = manifest::CRATES
            .into_iter()
            .chain(contexts)
            .filter(|package| *package != root && named(package))
            .collect();
        let text = manifest::text(root, source, dependencies);
        self.add(format!("{root}/Cargo.toml"), text);
    }
}

fn shared(contracts: &Contracts, files: &mut Files) {
    let root = "contract-shared";
    files.add(format!("{root}/src/lib.rs"), modules::shared_lib().finish());
    let doc = "The types of the namespace `shared`.";
    let map = modules::folder(contracts, "schemas/shared", doc, &contracts.shared);
    files.add(format!("{root}/src/types/mod.rs"), map.finish());
    types(contracts, root, "contract_shared", &contracts.shared, files);
    files.add_manifest(contracts, root, "schemas/shared");
    for id in &contracts.shared {
        let def = contracts.type_of(*id);
        if matches!(def.shape, crate::ir::Shape::Record(_)) {
            files.add(format!("{root}/schemas/{}.avsc", def.name), schema::text(&def.schema));
        }
    }
}

fn context_crate(contracts: &Contracts, context: &Context, files: &mut Files) {
    let root = &context.package;
    let krate = &context.krate;
    let source = format!("schemas/{}", context.name);
    files.add(format!("{root}/src/lib.rs"), modules::context_lib(contracts, context).finish());
    files.add(
        format!("{root}/src/context.rs"),
        context::file(&mut Scope::new(contracts, krate, &[&context.rust]), context).finish(),
    );
    let rejection = format!("{}Rejection", context.rust);
    let mut scope = Scope::new(contracts, krate, &[&rejection]);
    files.add(format!("{root}/src/rejections.rs"), rejections::file(&mut scope, context).finish());
    if rooms::is_needed(contracts, context) {
        let file = rooms::file(&mut Scope::new(contracts, krate, &[]), context);
        files.add(format!("{root}/src/rooms.rs"), file.finish());
    }
    messages(contracts, context, files);
    views(contracts, context, files);
    let doc = format!("What messages and views of the context `{}` are made of.", context.name);
    let map = modules::folder(contracts, &source, &doc, &context.types);
    files.add(format!("{root}/src/types/mod.rs"), map.finish());
    types(contracts, root, krate, &context.types, files);
    files.add_manifest(contracts, root, &source);
}

fn messages(contracts: &Contracts, context: &Context, files: &mut Files) {
    let (root, krate) = (&context.package, &context.krate);
    let own = |ids: &mut dyn Iterator<Item = TypeId>, all: String| {
        let mut own: Vec<String> = vec![all];
        for id in ids {
            let def = contracts.type_of(id);
            own.push(def.rust.name.clone());
            own.extend(modules::beside(def, true));
        }
        own
    };
    let commands = own(
        &mut context.commands.iter().map(|command| command.id),
        format!("{}Command", context.rust),
    );
    let own_names: Vec<_> = commands.iter().map(String::as_str).collect();
    let map = message::commands(&mut Scope::new(contracts, krate, &own_names), context);
    files.add(format!("{root}/src/commands/mod.rs"), map.finish());
    let events =
        own(&mut context.events.iter().map(|event| event.id), format!("{}Event", context.rust));
    let own_names: Vec<_> = events.iter().map(String::as_str).collect();
    let map = message::events(&mut Scope::new(contracts, krate, &own_names), context);
    files.add(format!("{root}/src/events/mod.rs"), map.finish());

    for command in &context.commands {
        let name = &contracts.type_of(command.id).rust.name;
        let file =
            message::command(&mut file_scope(contracts, krate, command.id), context, command);
        files.add(format!("{root}/src/commands/{}.rs", names::module(name)), file.finish());
    }
    for event in &context.events {
        let name = &contracts.type_of(event.id).rust.name;
        let file = message::event(&mut file_scope(contracts, krate, event.id), event);
        files.add(format!("{root}/src/events/{}.rs", names::module(name)), file.finish());
    }
    let envelopes = context
        .commands
        .iter()
        .map(|command| &command.envelope)
        .chain(context.events.iter().map(|event| &event.envelope));
    for envelope in envelopes {
        files.add(
            format!("{root}/schemas/{}", schema::envelope_file(envelope)),
            schema::text(&envelope.schema),
        );
    }
}

fn views(contracts: &Contracts, context: &Context, files: &mut Files) {
    let root = &context.package;
    let ids: Vec<_> = context.views.iter().map(|view| view.id).collect();
    let doc = format!("The views of the context `{}`.", context.name);
    let map = modules::folder(contracts, &format!("schemas/{}/views", context.name), &doc, &ids);
    files.add(format!("{root}/src/views/mod.rs"), map.finish());
    for view in &context.views {
        let name = &contracts.type_of(view.id).rust.name;
        let key = format!("{name}Key");
        let mut scope = Scope::new(contracts, &context.krate, &[name, &key]);
        files.add(
            format!("{root}/src/views/{}.rs", names::module(name)),
            view::file(&mut scope, view).finish(),
        );
    }
}

fn types(contracts: &Contracts, root: &str, krate: &str, ids: &[TypeId], files: &mut Files) {
    for id in ids {
        let def = contracts.type_of(*id);
        let file = named::file(&mut file_scope(contracts, krate, *id), def);
        files.add(format!("{root}/src/types/{}.rs", names::module(&def.rust.name)), file.finish());
    }
}

fn file_scope<'a>(contracts: &'a Contracts, krate: &'a str, id: TypeId) -> Scope<'a> {
    let def = contracts.type_of(id);
    let beside = modules::beside(def, true);
    let own: Vec<&str> = [&def.rust.name].into_iter().chain(&beside).map(String::as_str).collect();
    Scope::new(contracts, krate, &own)
}
