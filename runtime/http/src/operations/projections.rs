//! The builds of views, as operators see them and what they do with them.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;

use super::{Items, Listed, READ, Surface, WRITE, actor, body, path, query, shown};
use crate::middleware::answer;
use crate::problem::Problem;

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    action: String,
    /// The build; none for a rebuild, and for a switch to the newest.
    number: Option<u32>,
    #[serde(default)]
    reason: String,
    /// Who asks, where nobody is asked who they are.
    actor: Option<String>,
}

pub(super) async fn list(State(surface): State<Arc<Surface>>, request: Request) -> Response {
    answer(request, async |request| {
        surface.admit(request.headers(), READ).await?;
        let Listed { context, .. } = query(request).await?;
        let found = surface.operator.projections(context.as_deref()).await;
        shown(found.map(|items| Items { items }))
    })
    .await
}

pub(super) async fn act(State(surface): State<Arc<Surface>>, request: Request) -> Response {
    answer(request, async |request| {
        let principal = surface.admit(request.headers(), WRITE).await?;
        let (context, request) = path::<String>(request).await?;
        let Asked { action, number, reason, actor: named } = body(request).await?;
        let (operator, actor) = (&surface.operator, actor(&principal, named.as_deref()));
        match (action.as_str(), number) {
            ("REBUILD", _) => shown(operator.rebuild_projection(&context, &actor, &reason).await),
            ("SWITCH", number) => shown(operator.switch_projection(&context, number, &actor).await),
            ("DROP", Some(number)) => {
                shown(operator.drop_projection(&context, number, &actor).await)
            }
            ("DROP", None) => Err(Problem::malformed("`number` should say which build".to_owned())),
            (found, _) => Err(Problem::malformed(format!(
                "`action` should be `REBUILD`, `SWITCH` or `DROP`, found `{found}`"
            ))),
        }
    })
    .await
}
