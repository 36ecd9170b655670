//! OpenAPI documents as they are.

mod bounds;
mod components;
mod examples;
mod model;
mod operations;
mod paths;
mod responses;
mod schemas;

pub(super) use model::Api;

use super::finding::Findings;

/// All rules that look at one document alone.
pub(super) fn lint(api: &Api<'_>, found: &mut Findings) {
    components::lint(api, found);
    paths::lint(api, found);
    for operation in &api.operations {
        operations::lint(api, operation, found);
        responses::lint(api, operation, found);
    }
    operations::ids(api, found);
    operations::parameters(api, found);
    for site in &api.schemas {
        schemas::lint(api, site, found);
        bounds::lint(api, site, found);
    }
    examples::lint(api, found);
}
