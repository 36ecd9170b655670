//! Contracts alone: those of a whole context, or one more command, event or view of one that is there.

use std::path::Path;

use charter_avro::schema::{SchemaSet, SourceFile};
use charter_avro::source::Tree;
use heck::ToSnakeCase;
use serde::Serialize;
use serde_json::{Value, json};

use super::ScaffoldError;
use super::names::{self, Aggregate, Command, Event, View};
use super::plan::Plan;
use super::service::{Model, Wish};
use super::templates::Templates;
use crate::attribute::NAME;
use crate::input::Input;

/// The contracts of a context: commands, events, views and the status.
pub(super) fn context(
    plan: &mut Plan,
    model: &Model,
    templates: &Templates,
) -> Result<(), ScaffoldError> {
    let folder = format!("schemas/{}", model.context);
    for command in &model.commands {
        let text = templates.schema("contracts/command.avsc", &with(model, "command", command))?;
        plan.file(format!("{folder}/commands/{}.avsc", command.snake), text);
    }
    for event in &model.events {
        let text = templates.schema("contracts/event.avsc", &with(model, "event", event))?;
        plan.file(format!("{folder}/events/{}.avsc", event.snake), text);
    }
    for view in &model.views {
        let text = templates.schema("contracts/view.avsc", &with(model, "view", view))?;
        plan.file(format!("{folder}/views/{}.avsc", view.snake), text);
    }
    let status = templates.schema("contracts/status.avsc", model)?;
    plan.file(format!("{folder}/types/{}.avsc", model.status.name.to_snake_case()), status);
    Ok(())
}

/// The model, with one thing more.
fn with(model: &Model, key: &str, value: impl Serialize) -> Value {
    let mut all = json!(model);
    all[key] = json!(value);
    all
}

/// `charter new context`: the contracts of a service without it.
///
/// # Errors
/// Where a name cannot be used, or a template fails.
pub fn plan_context(wish: &Wish, templates: &Templates) -> Result<Plan, ScaffoldError> {
    let mut plan = Plan::default();
    context(&mut plan, &Model::new(wish)?, templates)?;
    Ok(plan)
}

/// What one more contract is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A command.
    Command,
    /// An event.
    Event,
    /// A view.
    View,
}

/// `charter new command|event|view`: one more contract, with the key of those that are there.
///
/// # Errors
/// Where there is no such context, a name cannot be used, or a template fails.
pub fn plan_one(
    root: &Path,
    kind: Kind,
    context: &str,
    name: &str,
    templates: &Templates,
) -> Result<Plan, ScaffoldError> {
    let context = names::context(context)?;
    let aggregate = aggregate_of(root, &context)?;
    let wish = Wish {
        name: format!("{context}s"),
        aggregate: aggregate.clone(),
        context: Some(context.clone()),
        // Reached by a socket, until the API has an operation for it.
        http: kind == Kind::View,
        ..Wish::default()
    };
    let mut model = Model::new(&wish)?;
    let aggregate = Aggregate::new(&aggregate);
    model.commands.clear();
    let (template, folder, snake, key, value) = match kind {
        Kind::Command => {
            let name = names::type_name(name, "a command")?;
            // An event that nobody sees: only the command is written.
            let event = model.events[0].clone();
            let command = Command::new(&name, &aggregate, false, event);
            let value = json!(command);
            ("contracts/command.avsc", "commands", command.snake, "command", value)
        }
        Kind::Event => {
            let event = Event::new(&names::type_name(name, "an event")?, &aggregate, false, true);
            let value = json!(event);
            ("contracts/event.avsc", "events", event.snake, "event", value)
        }
        Kind::View => {
            let view = View::new(&names::type_name(name, "a view")?, &aggregate, false);
            let value = json!(view);
            ("contracts/view.avsc", "views", view.snake, "view", value)
        }
    };
    let mut plan = Plan::default();
    plan.file(
        format!("schemas/{context}/{folder}/{snake}.avsc"),
        templates.schema(template, &with(&model, key, value))?,
    );
    Ok(plan)
}

/// The aggregate of a context: what the key of its messages names.
fn aggregate_of(root: &Path, context: &str) -> Result<String, ScaffoldError> {
    let input = Input::read(root).map_err(|error| ScaffoldError::Ground(error.to_string()))?;
    let sources: Vec<SourceFile> = input
        .schemas
        .into_iter()
        .map(|file| SourceFile { path: file.path, text: file.text })
        .collect();
    let (set, _) = SchemaSet::parse(&sources);
    let keys =
        set.types().filter(|named| named.name.namespace() == Some(context)).filter_map(|named| {
            let attribute = set.node(named.node).attribute(NAME)?;
            let message = matches!(attribute.get("kind")?.as_str()?, "command" | "event");
            let key = attribute.get("key")?.as_array()?;
            message.then(|| {
                key.iter().filter_map(Tree::as_str).map(ToOwned::to_owned).collect::<Vec<_>>()
            })
        });
    let key = keys.into_iter().next().ok_or_else(|| {
        ScaffoldError::Ground(format!(
            "expected messages with a key in `schemas/{context}`, found none; `charter new context` makes a context"
        ))
    })?;
    match key.as_slice() {
        [one] if one.ends_with("Id") && one.len() > 2 => {
            names::type_name(one.trim_end_matches("Id"), "an aggregate")
        }
        _ => Err(ScaffoldError::Ground(format!(
            "expected the messages of `{context}` to have one key field such as `orderId`, found `{}`; copy one of its contracts instead",
            key.join("`, `")
        ))),
    }
}
