//! What may be asked of {{ aggregate.article }} {{ aggregate.words }}, by given/when/then, and what the views then say.

use charter_domain::{Envelope, Message, Metadata, Projection, Timestamp, given};
use {{ contract.crate }}::{
    {{ contract.name }}Event, {{ contract.name }}Rejection, {{ status.name }},
    {% for view in views %}{{ view.name }}, {% endfor %}
    {% for command in commands %}{{ command.name }}, {% endfor %}
    {% for event in events %}{{ event.name }}, {% endfor %}
};
use {{ service.crate }}::{{ decider }};
use uuid::Uuid;

const ID: &str = "{{ aggregate.example }}";

fn now() -> Timestamp {
    Timestamp::from_micros(1_795_339_800_000_000)
}
{% for command in commands %}
fn {{ command.snake }}() -> {{ command.name }} {
    {{ command.name }} {
        {{ aggregate.id_snake }}: ID.to_owned(),
        {%- if command.first %}
        name: "{{ aggregate.name_example }}".to_owned(),
        {%- endif %}
    }
}

fn {{ command.event.snake }}() -> {{ contract.name }}Event {
    {{ command.event.name }} {
        {{ aggregate.id_snake }}: ID.to_owned(),
        {%- if command.first %}
        name: "{{ aggregate.name_example }}".to_owned(),
        {%- endif %}
        occurred_at: now(),
    }
    .into()
}
{% endfor %}
{%- for command in commands %}
{%- if command.first %}
#[test]
fn {{ command.snake }}_is_applied_once() {
    given::<{{ decider }}>([]).at(now()).when({{ command.snake }}()).then([{{ command.event.snake }}()]);
    given::<{{ decider }}>([{{ command.event.snake }}()])
        .at(now())
        .when({{ command.snake }}())
        .then_rejected({{ contract.name }}Rejection::{{ exists.variant }});
}
{% else %}
#[test]
fn {{ command.snake }}_needs_{{ aggregate.article }}_{{ aggregate.snake }}_and_is_idempotent() {
    given::<{{ decider }}>([])
        .at(now())
        .when({{ command.snake }}())
        .then_rejected({{ contract.name }}Rejection::{{ unknown.variant }});
    given::<{{ decider }}>([{{ events[0].snake }}()]).at(now()).when({{ command.snake }}()).then([{{ command.event.snake }}()]);
    given::<{{ decider }}>([{{ events[0].snake }}(), {{ command.event.snake }}()]).at(now()).when({{ command.snake }}()).then([]);
}
{% endif %}
{%- endfor %}
{%- for view in views %}
#[test]
fn {{ view.snake }}_follows_the_events() {
    fn after(row: Option<{{ view.name }}>, sequence: i64, event: {{ contract.name }}Event) -> Option<{{ view.name }}> {
        let event = envelope(sequence, event);
        let keys = <{{ decider }} as Projection<{{ view.name }}>>::keys(&event);
        assert_eq!(keys.len(), 1, "an event touches one row");
        <{{ decider }} as Projection<{{ view.name }}>>::apply(&keys[0], row, &event)
    }
    let mut row: Option<{{ view.name }}> = None;
    {%- for event in events %}
    row = after(row, {{ loop.index }}, {{ event.snake }}());
    assert_eq!(row.as_ref().map(|row| row.status), Some({{ status.name }}::{{ event.variant }}));
    {%- endfor %}
    let row = row.expect("a row");
    assert_eq!((row.{{ aggregate.id_snake }}.as_str(), row.updated_at), (ID, now()));
}
{% endfor %}
fn envelope(sequence: i64, event: {{ contract.name }}Event) -> Envelope<{{ contract.name }}Event> {
    let metadata = Metadata {
        id: Uuid::from_u128(sequence.unsigned_abs().into()),
        r#type: event.message_type().wire_type.to_owned(),
        source: "charter://{{ service.name }}".to_owned(),
        tenant_id: "default".to_owned(),
        correlation_id: "test".to_owned(),
        causation_id: None,
        time: now(),
        key: event.key(),
        sequence,
        position: sequence - 1,
        actor: None,
        reply_to: None,
    };
    Envelope { metadata, payload: event }
}
