//! The rules of {{ aggregate.article }} {{ aggregate.words }}: what may be asked of it, and what becomes of it. Pure: time comes from the context.

use charter_domain::{Context, Decider};
use {{ contract.crate }}::{
    {{ contract.name }}, {{ contract.name }}Command, {{ contract.name }}Event, {{ contract.name }}Rejection, {{ status.name }},
    {% for event in events %}{{ event.name }}, {% endfor %}
};

/// The state of one {{ aggregate.words }}: nothing before its first event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct {{ decider }} {
    status: Option<{{ status.name }}>,
}

impl Decider for {{ decider }} {
    type Contract = {{ contract.name }};

    fn decide(
        &self,
        command: &{{ contract.name }}Command,
        context: &Context,
    ) -> Result<Vec<{{ contract.name }}Event>, {{ contract.name }}Rejection> {
        match command {
            {%- for command in commands %}
            {{ contract.name }}Command::{{ command.name }}(command) => {
                {%- if command.first %}
                if self.status.is_some() {
                    return Err({{ contract.name }}Rejection::{{ exists.variant }});
                }
                {%- else %}
                let Some(status) = self.status else {
                    return Err({{ contract.name }}Rejection::{{ unknown.variant }});
                };
                if status == {{ status.name }}::{{ command.event.variant }} {
                    // It is so already: applied, and nothing changes.
                    return Ok(Vec::new());
                }
                {%- endif %}
                let {{ command.event.snake }} = {{ command.event.name }} {
                    {{ aggregate.id_snake }}: command.{{ aggregate.id_snake }}.clone(),
                    {%- if command.first %}
                    name: command.name.clone(),
                    {%- endif %}
                    occurred_at: context.time(),
                };
                Ok(vec![{{ command.event.snake }}.into()])
            }
            {%- endfor %}
        }
    }

    fn evolve(&mut self, event: &{{ contract.name }}Event) {
        self.status = Some(match event {
            {%- for event in events %}
            {{ contract.name }}Event::{{ event.name }}(_) => {{ status.name }}::{{ event.variant }},
            {%- endfor %}
        });
    }
}
