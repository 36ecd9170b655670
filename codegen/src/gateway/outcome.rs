//! The operation that reads the outcome of a command.

use charter_avro::source::Tree;

use super::Scope;
use super::operations::{Draft, check_responses};
use crate::ir::{Method, Place, Purpose, SchemaType};
use crate::problem::Problem;
use crate::rules;

/// Gives the parameters their purposes and checks that the operation is the one that the runtime serves.
pub(super) fn build(draft: &mut Draft<'_>, scope: &mut Scope<'_>) {
    let mut has_id = false;
    for parameter in &mut draft.operation.parameters {
        match (parameter.place, parameter.name.as_str()) {
            (Place::Path, "commandId") if parameter.schema.ty == SchemaType::Uuid => {
                parameter.purpose = Purpose::CommandId;
                has_id = true;
            }
            (Place::Query, "at") => parameter.purpose = Purpose::At,
            (Place::Header, _) => {}
            (Place::Path | Place::Query, name) => {
                let message = format!(
                    "expected `commandId` as a uuid of the path and `at` in the query, found `{name}`"
                );
                scope.problems.push(Problem::new(
                    &rules::OUTCOME_SHAPE,
                    &parameter.origin,
                    message,
                ));
            }
        }
    }
    let says_so = draft.tree.get("x-outcome").and_then(Tree::as_bool) == Some(true);
    if draft.operation.method != Method::Get || !has_id || !says_so {
        let message = format!(
            "expected `{}` to say `x-outcome: true` and be a GET with the path parameter `commandId`",
            draft.operation.id
        );
        scope.problems.push(Problem::new(&rules::OUTCOME_SHAPE, &draft.at, message));
    }
    check_responses(draft, &[200, 404], scope.problems);
}
