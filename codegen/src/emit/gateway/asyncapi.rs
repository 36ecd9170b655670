//! The messages as an `AsyncAPI` 3.0 document: `asyncapi.json`. A channel for each topic and each kind of room, a message for each envelope with its
//! Avro schema, what the platform does with them, and what a consumer may rely on (design, "Deciding, exactly once").

mod rooms;
mod sockets;

use serde_json::{Map, Value as Json, json};

use crate::emit::docs;
use crate::ir::{
    Command, Context, Contracts, Envelope, Event, Gateway, Role, Shape, Type, TypeDef, TypeId,
};

/// What holds for every channel, said to who reads or writes them from outside.
const DELIVERY: &str = "\
Every message is an Avro envelope, `metadata` and `payload`, in Confluent's wire format: a zero byte, the schema's id in four bytes, \
the Avro bytes. Subjects follow TopicRecordNameStrategy. The key is the aggregate's, after its tenant, and all messages of an \
aggregate are in one partition.

**Commands** are requests: each is decided once by the owner of its partition and ends in exactly one outcome. A command that comes \
again with the same `metadata.id` gets the outcome of the first.

**Events** are facts. `metadata.sequence` counts an aggregate's events from 1, `metadata.position` those of a context and \
partition, dense from 0. External delivery is at least once, and a consumer takes only the position after its last: a lower one is a \
repeat and is passed over, a higher one is left, because what is missing before it comes, and it comes again after that. A type that \
a consumer does not know is skipped and counted; its position is taken.

Event topics may be cut at will; the history is kept in the store.";

/// How a schema is written, as `AsyncAPI` names it.
const AVRO: &str = "application/vnd.apache.avro+json;version=1.9.0";
/// The version of the bindings to Kafka that is used.
const BINDING: &str = "0.5.0";

/// The document, ending in a line feed.
///
/// # Panics
/// Never: JSON stays JSON.
pub(super) fn json(contracts: &Contracts, gateway: &Gateway) -> String {
    let mut text =
        serde_json::to_string_pretty(&document(contracts, gateway)).expect("JSON stays JSON");
    text.push('\n');
    text
}

fn document(contracts: &Contracts, gateway: &Gateway) -> Json {
    let mut parts = Parts::new(contracts);
    for context in &contracts.contexts {
        parts.context(context);
    }
    for (index, context) in contracts.contexts.iter().enumerate() {
        rooms::add(&mut parts, context);
        sockets::commands(&mut parts, gateway, index, context);
    }
    parts.shared("shared.Outcome", "outcomes", "The outcome of each command: a hint for who waits, kept an hour. The answer to a command is its outcome.");
    let tags: Vec<Json> = contracts
        .contexts
        .iter()
        .map(|context| json!({ "name": context.name, "description": format!("The context `{}`.", context.name) }))
        .collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": gateway.title,
            "version": gateway.version,
            "description": DELIVERY,
            "tags": tags,
        },
        "defaultContentType": "application/vnd.apache.avro",
        "channels": parts.channels,
        "operations": parts.operations,
        "components": { "messages": parts.messages },
    })
}

/// The document's parts, in the making.
struct Parts<'a> {
    contracts: &'a Contracts,
    channels: Map<String, Json>,
    operations: Map<String, Json>,
    messages: Map<String, Json>,
}

impl<'a> Parts<'a> {
    fn new(contracts: &'a Contracts) -> Self {
        Self { contracts, channels: Map::new(), operations: Map::new(), messages: Map::new() }
    }

    fn context(&mut self, context: &Context) {
        let name = &context.name;
        let commands: Vec<String> =
            context.commands.iter().map(|command| self.command(context, command)).collect();
        let about = format!("Requests to change what the context `{name}` holds.");
        self.channel(&format!("{name}.commands"), "receive", &about, &commands);
        if self.find("shared.Outcome").is_some() {
            self.operations[&format!("{name}.commands.receive")]["reply"] =
                json!({ "channel": { "$ref": "#/channels/outcomes" } });
        }
        let events: Vec<String> =
            context.events.iter().map(|event| self.event(context, event)).collect();
        let about = format!("What happened in the context `{name}`, in the order of positions.");
        self.channel(&format!("{name}.events"), "send", &about, &events);
        self.shared(
            "shared.DeadLetter",
            &format!("{name}.dead-letters"),
            &format!(
                "Messages of the context `{name}` that could not be processed, kept for a person."
            ),
        );
    }

    /// The channel of a topic, and what the platform does with it.
    fn channel(&mut self, topic: &str, action: &str, about: &str, messages: &[String]) {
        if messages.is_empty() {
            return;
        }
        let listed: Map<String, Json> = messages
            .iter()
            .map(|name| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") })))
            .collect();
        let used: Vec<Json> = messages
            .iter()
            .map(|name| json!({ "$ref": format!("#/channels/{topic}/messages/{name}") }))
            .collect();
        self.channels.insert(
            topic.to_owned(),
            json!({
                "address": topic,
                "description": about,
                "messages": listed,
                "bindings": { "kafka": { "topic": topic, "bindingVersion": BINDING } },
            }),
        );
        self.operations.insert(
            format!("{topic}.{action}"),
            json!({
                "action": action,
                "channel": { "$ref": format!("#/channels/{topic}") },
                "summary": about,
                "messages": used,
            }),
        );
    }

    fn command(&mut self, context: &Context, command: &Command) -> String {
        let mut description = String::new();
        if !command.rejections.is_empty() {
            description.push_str("Refused with ");
            let refusals: Vec<_> = command
                .rejections
                .iter()
                .map(|index| &context.rejections[*index])
                .map(|rejection| format!("`{}` ({})", rejection.code, rejection.status))
                .collect();
            description.push_str(&refusals.join(", "));
            description.push('.');
        }
        self.message(context, command.id, &command.wire_type, &command.envelope, description)
    }

    fn event(&mut self, context: &Context, event: &Event) -> String {
        let timers: Vec<_> = event
            .deadlines
            .iter()
            .map(|deadline| {
                let at = &self.contracts.record(event.id).fields[deadline.at].name;
                let command = &context.commands[deadline.command].wire_type;
                format!("At `payload.{at}` the platform sends `{command}` by itself.")
            })
            .collect();
        self.message(context, event.id, &event.wire_type, &event.envelope, timers.join(" "))
    }

    fn message(
        &mut self,
        context: &Context,
        id: TypeId,
        wire_type: &str,
        envelope: &Envelope,
        description: String,
    ) -> String {
        let def = self.contracts.type_of(id);
        let mut message = json!({
            "name": wire_type,
            "title": def.name,
            "summary": docs::of_type(def),
        });
        if !description.is_empty() {
            message["description"] = description.into();
        }
        message["headers"] = headers(wire_type);
        message["payload"] = avro(&envelope.schema);
        message["correlationId"] = json!({
            "description": "Joins everything that one request set in motion.",
            "location": "$message.payload#/metadata/correlationId",
        });
        message["tags"] = json!([{ "name": context.name }]);
        message["bindings"] = bindings();
        if let Some(payload) = self.example(id) {
            let mut example = json!({ "name": def.name, "payload": { "payload": payload } });
            if let Some(metadata) = self.contracts.metadata.and_then(|id| self.example(id)) {
                example["payload"] = json!({ "metadata": metadata, "payload": payload });
                let metadata = &mut example["payload"]["metadata"];
                metadata["type"] = wire_type.into();
                if def.role == Role::Command {
                    metadata["causationId"] = Json::Null;
                    metadata["sequence"] = json!(0);
                    metadata["position"] = json!(-1);
                } else {
                    metadata["replyTo"] = Json::Null;
                }
            }
            message["examples"] = json!([example]);
        }
        self.messages.insert(def.full_name.clone(), message);
        def.full_name.clone()
    }

    /// A channel of one type that all contexts share, where the contracts have it.
    fn shared(&mut self, full_name: &str, topic: &str, about: &str) {
        let Some(def) = self.find(full_name) else { return };
        let message = json!({
            "name": full_name,
            "title": def.name,
            "summary": docs::of_type(def),
            "payload": avro(&def.schema),
            "bindings": bindings(),
        });
        self.messages.insert(full_name.to_owned(), message);
        self.channel(topic, "send", about, &[full_name.to_owned()]);
    }

    fn find(&self, full_name: &str) -> Option<&'a TypeDef> {
        let contracts = self.contracts;
        contracts
            .shared
            .iter()
            .map(|id| contracts.type_of(*id))
            .find(|def| def.full_name == full_name)
    }

    /// The record of the contract's examples; none where a field has neither an example nor a value that goes without saying.
    fn example(&self, id: TypeId) -> Option<Json> {
        let Shape::Record(record) = &self.contracts.type_of(id).shape else { return None };
        let value = |field: &crate::ir::Field| {
            let value = field.example.clone().or_else(|| self.example_of(&field.ty))?;
            Some((field.name.clone(), value))
        };
        record.fields.iter().map(value).collect::<Option<Map<_, _>>>().map(Json::Object)
    }

    fn example_of(&self, ty: &Type) -> Option<Json> {
        match ty {
            Type::Null | Type::Optional { .. } => Some(Json::Null),
            Type::Boolean => Some(json!(true)),
            Type::Array(items) => Some(json!([self.example_of(items)?])),
            Type::Named { id, .. } => match &self.contracts.type_of(*id).shape {
                Shape::Record(_) => self.example(*id),
                Shape::Enum(symbols) => {
                    symbols.variants.first().map(|variant| json!(variant.symbol))
                }
                Shape::Fixed { .. } | Shape::Union(_) => None,
            },
            Type::Int
            | Type::Long
            | Type::Float
            | Type::Double
            | Type::Bytes
            | Type::String
            | Type::Logical(_)
            | Type::Map(_) => None,
        }
    }
}

fn avro(schema: &str) -> Json {
    let schema: Json = serde_json::from_str(schema).expect("the IR holds schemas as JSON");
    json!({ "schemaFormat": AVRO, "schema": schema })
}

/// The attributes of `CloudEvents` in their Kafka binding, and the trace.
fn headers(wire_type: &str) -> Json {
    json!({
        "type": "object",
        "properties": {
            "ce_specversion": { "type": "string", "const": "1.0" },
            "ce_id": { "type": "string", "format": "uuid", "description": "As `metadata.id`." },
            "ce_source": { "type": "string", "description": "As `metadata.source`." },
            "ce_type": { "type": "string", "const": wire_type },
            "traceparent": { "type": "string", "description": "The trace that the message belongs to (W3C Trace Context)." },
        },
    })
}

fn bindings() -> Json {
    json!({
        "kafka": {
            "key": { "type": "string", "description": "The tenant and the aggregate's key." },
            "schemaIdLocation": "payload",
            "schemaIdPayloadEncoding": "confluent",
            "schemaLookupStrategy": "TopicRecordNameStrategy",
            "bindingVersion": BINDING,
        },
    })
}
