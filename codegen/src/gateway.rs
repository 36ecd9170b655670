//! The HTTP contract: the OpenAPI document read, and proven against the contexts.

mod access;
mod bodies;
mod commands;
mod components;
mod conditions;
mod constraints;
mod document;
mod links;
mod operations;
mod outcome;
mod pairs;
mod parameters;
mod queries;
mod schemas;
mod values;

use std::collections::BTreeSet;

use charter_avro::source::Tree;
use serde_json::Value as Json;

use crate::input::File;
use crate::ir::{Context, Gateway, Operation, OperationKind, SchemaDef, SchemaId};
use crate::problem::{Problem, Problems, origin};
use crate::rules;
use crate::types::Types;
use document::Document;
use pairs::Pairs;
use schemas::Schemas;

/// What every part of the reading needs.
struct Scope<'a> {
    document: &'a Document<'a>,
    types: &'a Types,
    contexts: &'a [Context],
    problems: &'a mut Problems,
    schemas: Schemas<'a>,
    pairs: Pairs,
}

/// Builds the gateway. `None` where the document cannot be read at all.
pub(crate) fn build(
    file: &File,
    types: &Types,
    contexts: &[Context],
    problems: &mut Problems,
) -> Option<Gateway> {
    let tree = match Tree::parse_yaml(&file.text) {
        Ok(tree) => tree,
        Err(error) => {
            let at = origin(&file.path, error.span);
            let mut problem = Problem::new(&rules::OPENAPI_SHAPE, &at, error.message);
            problem.rule = error.rule;
            problems.push(problem.help("mend the document's syntax"));
            return None;
        }
    };
    let document = Document { path: &file.path, tree: &tree };
    let root = document.root(problems)?;
    let schemas = Schemas::read(&document, problems);
    if !schemas.check_recursion(problems) {
        return None;
    }
    let mut scope =
        Scope { document: &document, types, contexts, problems, schemas, pairs: Pairs::default() };
    let mut operations = operations::read(&root, &mut scope);
    let Scope { mut schemas, pairs, problems, .. } = scope;
    check_sockets(contexts, types, &operations, problems);
    schemas.check_names(problems);
    components::check_names(&operations, problems);
    schemas.check_values(problems);
    pairs.settle_decimals(&mut schemas, &mut operations);
    let mut defs = schemas.finish();
    for operation in &operations {
        let parameters =
            operation.parameters.iter().filter_map(|parameter| parameter.schema.held());
        let requests =
            reach(parameters.chain(operation.body.as_ref().map(|body| body.schema)), &defs);
        let bodies =
            operation.responses.iter().filter_map(|response| response.schema.as_ref()?.held());
        let responses = reach(bodies, &defs);
        for (index, def) in defs.iter_mut().enumerate() {
            def.in_requests |= requests.contains(&SchemaId(index));
            def.in_responses |= responses.contains(&SchemaId(index));
        }
        if let Some(body) = operation.body.as_ref().filter(|body| body.merge_patch) {
            defs[body.schema.0].is_merge_patch = true;
        }
    }
    Some(Gateway {
        title: root.title,
        version: root.version,
        description: root.description,
        file: file.path.clone(),
        document: without_extensions(&tree.to_json()),
        document_text: file.text.clone(),
        tags: root.tags,
        schemas: defs,
        operations,
        conversions: pairs.finish(),
    })
}

/// Checks that what sockets may send is an operation too: they are held to its rules.
fn check_sockets(
    contexts: &[Context],
    types: &Types,
    operations: &[Operation],
    problems: &mut Problems,
) {
    for (index, context) in contexts.iter().enumerate() {
        for (place, command) in
            context.commands.iter().enumerate().filter(|(_, known)| known.socket)
        {
            let sends = |operation: &&Operation| match &operation.kind {
                OperationKind::Command(sent) => sent.context == index && sent.command == place,
                OperationKind::Query(_) | OperationKind::Outcome => false,
            };
            let found: Vec<_> = operations.iter().filter(sends).collect();
            // Without one nobody sends it yet, which is for `charter lint` to say.
            if found.len() <= 1 {
                continue;
            }
            let message = format!(
                "expected one operation to send `{}`, which sockets may send, found {}",
                types.def(command.id).full_name,
                found.len()
            );
            let mut problem =
                Problem::new(&rules::SOCKET_OPERATION, &types.head(command.id), message);
            for operation in found {
                problem =
                    problem.related(&operation.origin, format!("`{}` sends it", operation.id));
            }
            problems.push(problem);
        }
    }
}

/// The document as others read it: the compiler's own `x-` keys left out.
fn without_extensions(json: &Json) -> Json {
    match json {
        Json::Object(members) => members
            .iter()
            .filter(|(key, _)| !document::EXTENSIONS.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), without_extensions(value)))
            .collect(),
        Json::Array(items) => items.iter().map(without_extensions).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json.clone(),
    }
}

/// The schemas that values reach from `start`.
fn reach(start: impl IntoIterator<Item = SchemaId>, defs: &[SchemaDef]) -> BTreeSet<SchemaId> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<SchemaId> = start.into_iter().collect();
    while let Some(id) = open.pop() {
        if reached.insert(id) {
            open.extend(defs[id.0].shape.held());
        }
    }
    reached
}
