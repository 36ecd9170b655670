//! The views of {{ aggregate.article }} {{ aggregate.words }}. A row after an event is a function of the row before it and the event alone.

use charter_domain::{Envelope, Projection};
use {{ contract.crate }}::{
    {{ contract.name }}, {{ contract.name }}Event, {{ status.name }},
    {% for view in views %}{{ view.name }}, {{ view.name }}Key, {% endfor %}
};

use crate::{{ decider }};
{% for view in views %}
impl Projection<{{ view.name }}> for {{ decider }} {
    type Contract = {{ contract.name }};

    fn keys(event: &Envelope<{{ contract.name }}Event>) -> Vec<{{ view.name }}Key> {
        let {{ aggregate.id_snake }} = match &event.payload {
            {%- for event in events %}
            {{ contract.name }}Event::{{ event.name }}(event) => event.{{ aggregate.id_snake }}.clone(),
            {%- endfor %}
        };
        vec![{{ view.name }}Key { {{ aggregate.id_snake }} }]
    }

    fn apply(
        _: &{{ view.name }}Key,
        {% if events | length > 1 %}row{% else %}_{% endif %}: Option<{{ view.name }}>,
        event: &Envelope<{{ contract.name }}Event>,
    ) -> Option<{{ view.name }}> {
        match &event.payload {
            {%- for event in events %}
            {%- if event.first %}
            {{ contract.name }}Event::{{ event.name }}(event) => Some({{ view.name }} {
                {{ aggregate.id_snake }}: event.{{ aggregate.id_snake }}.clone(),
                name: event.name.clone(),
                status: {{ status.name }}::{{ event.variant }},
                updated_at: event.occurred_at,
            }),
            {%- else %}
            {{ contract.name }}Event::{{ event.name }}(event) => row.map(|row| {{ view.name }} {
                status: {{ status.name }}::{{ event.variant }},
                updated_at: event.occurred_at,
                ..row
            }),
            {%- endif %}
            {%- endfor %}
        }
    }
}
{% endfor %}
