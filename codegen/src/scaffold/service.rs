//! `charter new service`: contracts, operations, a crate that decides and projects, and its place in the workspace.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use heck::ToSnakeCase;
use serde::Serialize;

use super::ScaffoldError;
use super::document::{Additions, Document};
use super::names::{self, Aggregate, Command, Event, View};
use super::plan::{Plan, read};
use super::templates::Templates;
use crate::input::OPENAPI;
use crate::names::upper;
use crate::project::Project;

/// The first port that is looked at for health and metrics of a service by itself.
const FIRST_PORT: u16 = 8085;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The service's name, in the plural.
    pub name: String,
    /// The aggregate.
    pub aggregate: String,
    /// The context; the aggregate's name in small letters where there is none.
    pub context: Option<String>,
    /// The commands, the first of which an aggregate begins with.
    pub commands: Vec<String>,
    /// The event of each command.
    pub events: Vec<String>,
    /// The views.
    pub views: Vec<String>,
    /// Whether the API gets operations.
    pub http: bool,
}

/// What the templates of a context are filled in with.
#[derive(Clone, Debug, Serialize)]
pub struct Model {
    /// The service.
    pub service: ServiceNames,
    /// The context: `order`.
    pub context: String,
    /// The crate of its contracts.
    pub contract: ContractNames,
    /// The type that decides: `Orders`.
    pub decider: String,
    /// The aggregate.
    pub aggregate: Aggregate,
    /// Where an aggregate stands: `OrderStatus`.
    pub status: StatusNames,
    /// The commands.
    pub commands: Vec<Command>,
    /// The events.
    pub events: Vec<Event>,
    /// The views.
    pub views: Vec<View>,
    /// The refusal of what is there already.
    pub exists: Refusal,
    /// The refusal of what is not there.
    pub unknown: Refusal,
    /// The path of its operations: `/v1/orders`.
    pub path: String,
    /// Whether the API has operations.
    pub http: bool,
}

/// A service's names.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceNames {
    /// `orders`.
    pub name: String,
    /// `orders-service`.
    pub package: String,
    /// `orders_service`.
    #[serde(rename = "crate")]
    pub library: String,
    /// Where health and metrics are, run by itself.
    pub port: u16,
}

/// Names of a crate of contracts.
#[derive(Clone, Debug, Serialize)]
pub struct ContractNames {
    /// `contract-order`.
    pub package: String,
    /// `contract_order`.
    #[serde(rename = "crate")]
    pub library: String,
    /// `Order`.
    pub name: String,
}

/// The enum of statuses.
#[derive(Clone, Debug, Serialize)]
pub struct StatusNames {
    /// `OrderStatus`.
    pub name: String,
    /// What it means.
    pub doc: String,
}

/// A rejection.
#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    /// `ORDER_EXISTS`.
    pub code: String,
    /// `OrderExists`.
    pub variant: String,
    /// As a sentence.
    pub doc: String,
    /// Within one.
    pub text: String,
}

impl Model {
    /// Checks all names of `wish`.
    ///
    /// # Errors
    /// The first that cannot be used.
    pub fn new(wish: &Wish) -> Result<Self, ScaffoldError> {
        let name = names::service(&wish.name)?;
        let aggregate = Aggregate::new(&names::type_name(&wish.aggregate, "an aggregate")?);
        let default = aggregate.name.to_lowercase();
        let context = names::context(wish.context.as_deref().unwrap_or(&default))?;
        let (commands, events) = messages(wish, &aggregate)?;
        let mut views = Vec::new();
        let asked = if wish.views.is_empty() {
            vec![format!("{}View", aggregate.name)]
        } else {
            wish.views.clone()
        };
        for (index, view) in asked.iter().enumerate() {
            views.push(View::new(&names::type_name(view, "a view")?, &aggregate, index == 0));
        }
        let contract = ContractNames {
            package: format!("contract-{context}"),
            library: format!("contract_{context}"),
            name: upper(&context),
        };
        let plain = upper(&name);
        let decider = if plain == contract.name { format!("{plain}Decider") } else { plain };
        let status = StatusNames {
            name: format!("{}Status", aggregate.name),
            doc: format!("Where {} {} stands.", aggregate.article, aggregate.words),
        };
        let refusal = |word: &str, text: String| {
            let code = format!("{}_{word}", aggregate.snake.to_uppercase());
            Refusal {
                variant: upper(&code),
                code,
                doc: names::sentence(&text) + ".",
                text: text + ".",
            }
        };
        let (article, words) = (aggregate.article, &aggregate.words);
        let model = Self {
            service: ServiceNames {
                package: format!("{name}-service"),
                library: format!("{}_service", name.to_snake_case()),
                name,
                port: FIRST_PORT,
            },
            exists: refusal("EXISTS", format!("there is {article} {words} with this id already")),
            unknown: refusal("UNKNOWN", format!("there is no {words} with this id")),
            path: format!("/v1/{}", aggregate.plural.kebab),
            http: wish.http,
            context,
            contract,
            decider,
            aggregate,
            status,
            commands,
            events,
            views,
        };
        model.distinct()?;
        Ok(model)
    }

    /// No two types of the context with one name, and none that Rust code beside it needs.
    fn distinct(&self) -> Result<(), ScaffoldError> {
        let context = &self.contract.name;
        let mut seen: BTreeSet<String> = ["Command", "Event", "Rejection", ""]
            .iter()
            .map(|suffix| format!("{context}{suffix}"))
            .chain(["Context", "Decider", "Envelope", "Projection"].map(ToOwned::to_owned))
            .chain([self.status.name.clone(), self.decider.clone()])
            .collect();
        let commands = self.commands.iter().map(|command| &command.name);
        let events = self.events.iter().map(|event| &event.name);
        let views = self.views.iter().map(|view| &view.name);
        for name in commands.chain(events).chain(views) {
            if !seen.insert(name.clone()) {
                return Err(ScaffoldError::Name {
                    expected: "names of messages and views that differ".to_owned(),
                    found: name.clone(),
                });
            }
        }
        let mut actions = BTreeSet::new();
        for command in self.commands.iter().filter(|command| !command.first) {
            if !actions.insert(&command.action) {
                return Err(ScaffoldError::Name {
                    expected: "commands whose verbs differ".to_owned(),
                    found: command.name.clone(),
                });
            }
        }
        Ok(())
    }
}

/// The pairs of commands and events.
fn messages(
    wish: &Wish,
    aggregate: &Aggregate,
) -> Result<(Vec<Command>, Vec<Event>), ScaffoldError> {
    let (commands, events) = match (wish.commands.as_slice(), wish.events.as_slice()) {
        ([], []) => {
            let name = &aggregate.name;
            (
                vec![format!("Open{name}"), format!("Close{name}")],
                vec![format!("{name}Opened"), format!("{name}Closed")],
            )
        }
        (commands, events) => (commands.to_vec(), events.to_vec()),
    };
    if commands.len() != events.len() {
        return Err(ScaffoldError::Pairs { commands: commands.len(), events: events.len() });
    }
    let mut names = Vec::new();
    for event in &events {
        names.push(names::type_name(event, "an event")?);
    }
    let short = |name: &str| Event::new(name, aggregate, false, true).symbol;
    let distinct: BTreeSet<String> = names.iter().map(|name| short(name)).collect();
    let short = distinct.len() == names.len();
    let mut made = (Vec::new(), Vec::new());
    for (index, (command, event)) in commands.iter().zip(&names).enumerate() {
        let first = index == 0;
        let event = Event::new(event, aggregate, first, short);
        let name = names::type_name(command, "a command")?;
        made.0.push(Command::new(&name, aggregate, first, event.clone()));
        made.1.push(event);
    }
    Ok(made)
}

/// Everything that a new service is made of.
///
/// # Errors
/// Where a name cannot be used, a template fails, or a file that is to be changed is not as expected.
pub fn plan(root: &Path, wish: &Wish, templates: &Templates) -> Result<Plan, ScaffoldError> {
    let mut model = Model::new(wish)?;
    model.service.port = free_port(root);
    let mut plan = Plan::default();
    super::contracts::context(&mut plan, &model, templates)?;
    crate_files(&mut plan, &model, templates)?;
    workspace(&mut plan, &model);
    let project = Project::read(root).map_err(|error| ScaffoldError::Ground(error.to_string()))?;
    if project.is_none() {
        apart(&mut plan, &model);
        deployed(&mut plan, &model, templates)?;
    }
    if model.http {
        operations(root, &mut plan, &model, templates)?;
    }
    Ok(plan)
}

pub(super) fn crate_files(
    plan: &mut Plan,
    model: &Model,
    templates: &Templates,
) -> Result<(), ScaffoldError> {
    let folder = format!("services/{}", model.service.name);
    for (template, path) in [
        ("service/manifest.toml", "Cargo.toml"),
        ("service/lib.rs", "src/lib.rs"),
        ("service/main.rs", "src/main.rs"),
        ("service/service.rs", "src/service.rs"),
        ("service/domain.rs", "src/domain.rs"),
        ("service/projection.rs", "src/projection.rs"),
        ("service/tests.rs", "tests/domain.rs"),
    ] {
        plan.file(format!("{folder}/{path}"), templates.fill(template, model)?);
    }
    Ok(())
}

/// The lines that make a service known to the workspace and its platform.
fn workspace(plan: &mut Plan, model: &Model) {
    let Model { contract, service, .. } = model;
    let package = &contract.package;
    let line = |path: &str| format!("    \"{path}\",\n");
    let root = "Cargo.toml";
    plan.edit(root, "    \"generated/contract-gateway\",\n", line(&format!("generated/{package}")));
    plan.edit(root, "    \"services/platform\",\n", line(&format!("services/{}", service.name)));
    plan.edit(
        root,
        "contract-gateway = {",
        format!("{package} = {{ path = \"generated/{package}\" }}\n"),
    );
    plan.edit(
        root,
        "platform-service = {",
        format!("{} = {{ path = \"services/{}\" }}\n", service.package, service.name),
    );
    plan.edit(
        "services/platform/Cargo.toml",
        "mimalloc.workspace",
        format!("{}.workspace = true\n", service.package),
    );
    plan.edit(
        "services/platform/src/contexts.rs",
        ".portal(",
        format!(".context({}::service())", service.library),
    );
}

/// The lines that make a context known to the gateway and the query service apart.
fn apart(plan: &mut Plan, model: &Model) {
    let Model { contract, .. } = model;
    let context = format!("{}::{}", contract.library, contract.name);
    let needs = format!("{}.workspace = true\n", contract.package);
    for user in ["gateway", "core"] {
        plan.edit(&format!("services/{user}/Cargo.toml"), "contract-seat.workspace", needs.clone());
    }
    if model.http {
        plan.edit(
            "services/gateway/src/contexts.rs",
            "    Ok(api)\n",
            format!("    api = api.sender(runtime.sender::<{context}>(SOURCE).await?);\n"),
        );
    }
    plan.edit("services/core/src/lib.rs", ".build())", format!(".context::<{context}>()"));
    plan.edit(
        "services/core/src/views.rs",
        "(Seat::NAME, Seat::TABLES)",
        format!("({context}::NAME, {context}::TABLES), "),
    );
}

/// Where the service runs as a process of its own: in the image, in compose, on Kubernetes, and in the test run with
/// Kafka and PostgreSQL. Dashboards and alerts go by context, and show a new one by themselves.
fn deployed(plan: &mut Plan, model: &Model, templates: &Templates) -> Result<(), ScaffoldError> {
    let ServiceNames { name, package, .. } = &model.service;
    let manifest = templates.fill("service/kubernetes.yaml", model)?;
    plan.file(format!("deploy/kubernetes/base/{name}.yaml"), manifest);
    let kustomization = "deploy/kubernetes/base/kustomization.yaml";
    plan.edit(kustomization, "  - core.yaml\n", format!("  - {name}.yaml\n"));
    plan.edit(
        "docker-compose.yml",
        "  core:\n    <<: *service\n",
        format!(
            "  {name}:\n    <<: *service\n    command: [{name}]\n    environment: *engines\n    deploy: {{ replicas: 2 }}\n\n"
        ),
    );
    plan.edit("Dockerfile", "-p core-service", format!("-p {package} "));
    plan.edit("Dockerfile", "target/release/core", format!("target/release/{name} "));
    plan.edit("deploy/prometheus/prometheus.yml", " core, registry]", format!(" {name},"));
    plan.edit(".ci/engines", " platform-service charterctl-service", format!(" {package}"));
    plan.edit("justfile", "    packages=()\n", format!("    services+=({name})\n"));
    Ok(())
}

fn operations(
    root: &Path,
    plan: &mut Plan,
    model: &Model,
    templates: &Templates,
) -> Result<(), ScaffoldError> {
    if plan.files.keys().any(|path| root.join(path).exists()) {
        // Nothing will be written; what is there already is said by its files.
        return Ok(());
    }
    let document = Document::parse(OPENAPI, read(root, OPENAPI)?)?;
    free(&document, model)?;
    let additions = additions(model, templates)?;
    plan.changed.insert(OPENAPI.to_owned(), document.with(&additions)?);
    Ok(())
}

/// What a context brings to the document.
pub(super) fn additions(model: &Model, templates: &Templates) -> Result<Additions, ScaffoldError> {
    Ok(Additions {
        tags: templates.fill("http/tags.yaml", model)?,
        contexts: templates.fill("http/contexts.yaml", model)?,
        roles: templates.fill("http/roles.yaml", model)?,
        paths: templates.fill("http/paths.yaml", model)?,
        parameters: templates.fill("http/parameters.yaml", model)?,
        schemas: templates.fill("http/schemas.yaml", model)?,
    })
}

/// Whether the document has no such names yet.
fn free(document: &Document, model: &Model) -> Result<(), ScaffoldError> {
    let taken = |what: String| {
        ScaffoldError::Ground(format!(
            "expected no {what} in `{OPENAPI}`, found one; nothing is written over"
        ))
    };
    if document.at(&["x-contexts", &model.context]).is_some() {
        return Err(taken(format!("context `{}`", model.context)));
    }
    if document.at(&["paths", &model.path]).is_some() {
        return Err(taken(format!("path `{}`", model.path)));
    }
    let mut schemas = vec![model.status.name.clone()];
    schemas.extend(model.commands.iter().filter(|c| c.first).map(|c| format!("{}Request", c.name)));
    for view in &model.views {
        schemas.push(view.schema.clone());
        schemas.extend(view.first.then(|| format!("{}Page", view.schema)));
    }
    let schemas = schemas.iter().map(|name| ("schemas", name));
    for (kind, name) in schemas.chain([("parameters", &model.aggregate.id_pascal)]) {
        if document.at(&["components", kind, name]).is_some() {
            return Err(taken(format!("`components.{kind}.{name}`")));
        }
    }
    let mut ids: Vec<String> = model.commands.iter().map(|command| command.camel.clone()).collect();
    for view in &model.views {
        ids.push(format!("get{}", view.schema));
        ids.extend(view.first.then(|| format!("list{}", view.schema_plural)));
    }
    match ids.into_iter().find(|id| document.has_operation(id)) {
        Some(id) => Err(taken(format!("operation `{id}`"))),
        None => Ok(()),
    }
}

/// A port that no service of the workspace listens on by itself.
fn free_port(root: &Path) -> u16 {
    let mains = fs::read_dir(root.join("services")).into_iter().flatten().flatten();
    let texts: String = mains
        .filter_map(|service| fs::read_to_string(service.path().join("src/main.rs")).ok())
        .collect();
    let taken = |port: &u16| texts.contains(&format!("127.0.0.1:{port}\""));
    (FIRST_PORT..FIRST_PORT + 900).find(|port| !taken(port)).unwrap_or(FIRST_PORT)
}
