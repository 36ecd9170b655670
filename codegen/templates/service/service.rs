//! The wiring of the service.

use charter_engine::ContextService;
use {{ contract.crate }}::{ {% for view in views %}{{ view.name }}{{ ", " if not loop.last }}{% endfor %} };

use crate::{{ decider }};

/// The service: what it decides, and the views that it projects.
#[must_use]
pub fn service() -> ContextService<{{ decider }}> {
    ContextService::new(){% for view in views %}.project::<{{ view.name }}, {{ decider }}>(){% endfor %}
}
