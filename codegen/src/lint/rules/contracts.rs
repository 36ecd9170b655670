//! The rules for Avro contracts, for what they and the API say together, and for allowances.

use super::rows;

rows! {
    // Words.
    TYPE_DOC "type-doc" Warning "every record, enum and fixed has a `doc`"
        "style guide: docs come from the contract"
        r#"{ "type": "enum", "name": "Channel", "symbols": ["WEB"] }"#
        r#"{ "type": "enum", "name": "Channel", "doc": "How an order reached the shop.", "symbols": ["WEB"] }"#
        "add a `doc` that says in a sentence what it is";
    FIELD_DOC "field-doc" Warning "every field has a `doc`"
        "style guide: docs come from the contract"
        r#"{ "name": "orderId", "type": "string" }"#
        r#"{ "name": "orderId", "type": "string", "doc": "The order." }"#
        "add a `doc` that says in a sentence what it means";
    REJECTION_DOC "rejection-doc" Warning "every rejection has a `doc`"
        "RFC 9457, section 3.1.4: `detail` explains the problem"
        r#""ORDER_UNKNOWN": { "status": 404 }"#
        r#""ORDER_UNKNOWN": { "status": 404, "doc": "There is no order with this id." }"#
        "add a `doc` that says when the command is refused so";
    DOC_SENTENCE "doc-sentence" Info "a `doc` is made of sentences: a capital or a quoted word first, and an end"
        "style guide: docs are sentences"
        r#""doc": "the order""#
        r#""doc": "The order.""#
        "write a sentence with a capital at its start and a full stop at its end";
    UNIT_MISSING "unit-missing" Warning "a field that measures something says in what: in `charter.unit`, or as the last word of its name"
        "style guide: units in names or docs"
        r#"{ "name": "timeout", "type": "int" }"#
        r#"{ "name": "timeout", "type": "int", "charter": { "unit": "seconds" } }"#
        "add `\"charter\": { \"unit\": \"…\" }` to the field";
    EXAMPLE_MISSING "example-missing" Info "a field that holds text, a number, an id or a time has an example"
        "design, section 3: `example`"
        r#"{ "name": "orderId", "type": "string" }"#
        r#"{ "name": "orderId", "type": "string", "charter": { "example": "order-7" } }"#
        "add `\"charter\": { \"example\": … }` to the field";
    // Names.
    TYPE_NAME "type-name" Warning "the name of a type is in `PascalCase`"
        "Avro 1.12, Names; what generators of Java, C# and Rust expect"
        r#""name": "order_placed""#
        r#""name": "OrderPlaced""#
        "write the name in PascalCase, and keep the old one as an alias where data is out";
    FIELD_NAME "field-name" Warning "the name of a field is in camelCase"
        "design, section 3; the API's properties have the same names"
        r#""name": "order_id""#
        r#""name": "orderId""#
        "write the name in camelCase, and keep the old one as an alias where data is out";
    SYMBOL_NAME "symbol-name" Warning "the symbols of an enum are in `UPPER_SNAKE_CASE`"
        "Avro 1.12, Enums: one style for symbols"
        r#""symbols": ["Placed", "Shipped"]"#
        r#""symbols": ["PLACED", "SHIPPED"]"#
        "write the symbols in capitals, digits and underscores";
    NAMESPACE_MISSING "namespace-missing" Error "every type has a namespace"
        "Avro 1.12, Names: a name without namespace clashes with those of others"
        r#"{ "type": "record", "name": "Order" }"#
        r#"{ "type": "record", "namespace": "shop", "name": "Order" }"#
        "add the `namespace` of its context";
    NAMESPACE_FORM "namespace-form" Warning "a namespace is made of words in small letters and digits, with dots between"
        "Avro 1.12, Names; package names of Java"
        r#""namespace": "Shop_Orders""#
        r#""namespace": "shop.orders""#
        "write the namespace in small letters";
    EVENT_PAST_TENSE "event-past-tense" Warning "the name of an event says what has happened, in the past tense"
        "design, section 1: an event is a fact"
        r#""name": "PlaceOrder", "charter": { "kind": "event" }"#
        r#""name": "OrderPlaced", "charter": { "kind": "event" }"#
        "name the event by what has happened: a noun and a past participle";
    COMMAND_IMPERATIVE "command-imperative" Warning "the name of a command begins with a verb in the imperative"
        "design, section 1: a command is a request to change"
        r#""name": "OrderPlacement", "charter": { "kind": "command" }"#
        r#""name": "PlaceOrder", "charter": { "kind": "command" }"#
        "name the command by what is asked for: a verb and a noun";
    MESSAGE_SUFFIX "message-suffix" Warning "the name of a command or event does not say again that it is one"
        "the kind stands in the attribute `charter`"
        r#""name": "OrderPlacedEvent""#
        r#""name": "OrderPlaced""#
        "leave `Command`, `Event` or `Message` out of the name";
    NAME_CASE_CLASH "name-case-clash" Error "no two fields of a record have names that differ in capitals and underscores only"
        "SQL: names of columns don't tell capitals apart"
        r#""orderId", "orderID""#
        r#""orderId", "externalOrderId""#
        "rename one of the fields";
    RESERVED_WORD "reserved-word" Warning "no field is called as a word that Java, Python or JavaScript keep for themselves"
        "Java Language Specification 3.9; Python reference 2.3.1; ECMA-262 12.7.2"
        r#""name": "class""#
        r#""name": "seatClass""#
        "use another word, or two";
    BOOLEAN_NAME "boolean-name" Warning "a boolean is named by what is so when it is true: no negation, no `is`, no `Flag`"
        "a double negation is read wrong"
        r#"{ "name": "notGuaranteed", "type": "boolean" }"#
        r#"{ "name": "guaranteed", "type": "boolean" }"#
        "name the field by what is so when it is true";
    // Types.
    MONEY_FLOAT "money-float" Error "money is a decimal, never a float or double"
        "Avro 1.12, Decimal; IEEE 754 cannot hold 0.10"
        r#"{ "name": "totalAmount", "type": "double" }"#
        r#"{ "name": "totalAmount", "type": { "type": "bytes", "logicalType": "decimal", "precision": 14, "scale": 2 } }"#
        "use `bytes` with the logical type `decimal`, a precision and a scale";
    MONEY_CURRENCY "money-currency" Warning "a record with an amount of money says the currency: a field `currency`, or the field's unit"
        "ISO 4217"
        "a record with `price` and no `currency`"
        "a record with `price` and `currency`"
        "add a field `currency`, or say the currency in `charter.unit`";
    DECIMAL_SCALE "decimal-scale" Warning "a decimal says its `scale`, which is 0 where it is left out"
        "Avro 1.12, Decimal"
        r#"{ "type": "bytes", "logicalType": "decimal", "precision": 14 }"#
        r#"{ "type": "bytes", "logicalType": "decimal", "precision": 14, "scale": 2 }"#
        "add `scale`";
    TIMESTAMP_LOGICAL "timestamp-logical" Warning "a point in time has a logical type: `timestamp-micros`"
        "Avro 1.12, Timestamps; design, section 3"
        r#"{ "name": "placedAt", "type": "long" }"#
        r#"{ "name": "placedAt", "type": { "type": "long", "logicalType": "timestamp-micros" } }"#
        "use `long` with the logical type `timestamp-micros`";
    TIMESTAMP_ZONE "timestamp-zone" Warning "a point in time is in UTC, not in a zone that the reader has to know"
        "Avro 1.12, Local timestamps"
        r#""logicalType": "local-timestamp-micros""#
        r#""logicalType": "timestamp-micros""#
        "use `timestamp-micros`, and a field of its own for the zone where it matters";
    DATE_LOGICAL "date-logical" Warning "a day has the logical type `date`"
        "Avro 1.12, Date"
        r#"{ "name": "checkInDate", "type": "string" }"#
        r#"{ "name": "checkInDate", "type": { "type": "int", "logicalType": "date" } }"#
        "use `int` with the logical type `date`";
    UUID_LOGICAL "uuid-logical" Warning "what holds a UUID has the logical type `uuid`"
        "Avro 1.12, UUID; RFC 9562"
        r#"{ "name": "orderUuid", "type": "string" }"#
        r#"{ "name": "orderUuid", "type": { "type": "string", "logicalType": "uuid" } }"#
        "use `string` with the logical type `uuid`";
    ENUM_DEFAULT "enum-default" Warning "an enum has a default, which readers take for a symbol that they don't know"
        "Avro 1.12, Enums: `default`"
        r#""symbols": ["WEB", "PHONE"]"#
        r#""symbols": ["UNKNOWN", "WEB", "PHONE"], "default": "UNKNOWN""#
        "add a `default`; it may need a symbol of its own";
    NULLABLE_FIRST "nullable-first" Warning "`null` is the first branch of its union"
        "Avro 1.12, Unions: the default belongs to the first branch"
        r#""type": ["string", "null"]"#
        r#""type": ["null", "string"], "default": null"#
        "put `null` first";
    NULLABLE_DEFAULT "nullable-default" Warning "a field that may be null has the default null"
        "Avro 1.12, Schema Resolution: a field with a default can be left out"
        r#"{ "name": "notes", "type": ["null", "string"] }"#
        r#"{ "name": "notes", "type": ["null", "string"], "default": null }"#
        "add `\"default\": null`";
    UNION_MIXED "union-mixed" Warning "the branches of a union, `null` aside, are one type or records only"
        "JSON and OpenAPI tell records apart by a discriminator, and nothing else"
        r#""type": ["string", "long"]"#
        r#""type": ["shop.Card", "shop.Invoice"]"#
        "make each branch a record, or use one type";
    COLLECTION_NULLABLE "collection-nullable" Warning "an array or map is empty where there is nothing, never null"
        "one way to say nothing"
        r#"{ "name": "tags", "type": ["null", { "type": "array", "items": "string" }] }"#
        r#"{ "name": "tags", "type": { "type": "array", "items": "string" }, "default": [] }"#
        "leave `null` out, and give the field the default `[]` or `{}`";
    RECURSIVE_TYPE "recursive-type" Warning "no type holds itself, however indirectly"
        "design, section 6: a message nests at most 64 deep"
        r#"a record `Node` with a field of type `["null", "shop.Node"]`"#
        "a record `Tree` with an array of nodes that name their parents"
        "keep the parts in a list, and let each name its parent";
    UNUSED_TYPE "unused-type" Warning "a type of a context that is no message and no view is used by one"
        "what nobody uses nobody keeps true"
        "`shop.Colour`, which no message, view or rejection names"
        "`shop.Colour`, the type of a field of `shop.OrderPlaced`"
        "use the type, or remove its file";
    // Messages and views.
    KEY_MISSING "key-missing" Error "a command, an event and a view have a key"
        "design, section 3: `key` names the aggregate, or the row"
        r#""charter": { "kind": "event" }"#
        r#""charter": { "kind": "event", "key": ["orderId"] }"#
        "name the fields that identify the aggregate, or the row: `\"key\": [\"…\"]`";
    KEY_DEFAULT "key-default" Warning "a key field has no default"
        "who leaves the key out must not change another aggregate"
        r#"{ "name": "orderId", "type": "string", "default": "" }, with the key `orderId`"#
        r#"{ "name": "orderId", "type": "string" }, with the key `orderId`"#
        "remove the default";
    TENANT_IN_PAYLOAD "tenant-in-payload" Warning "no message and no view has a field for the tenant"
        "ADR 4: the metadata carries the tenant, and a second one could contradict it"
        "a command with a field `tenantId`"
        "the tenant in the path of its operation, named by `x-tenant`"
        "remove the field, and let the path name the tenant";
    TENANT_METADATA "tenant-metadata" Error "the record `Metadata` of the namespace `shared` has a string `tenantId` without default"
        "design, section 5: the tenant is part of every key"
        "`shared.Metadata` without `tenantId`"
        r#"{ "name": "tenantId", "type": "string" }"#
        "add `{ \"name\": \"tenantId\", \"type\": \"string\" }`";
    SECRET_IN_EVENT "secret-in-event" Error "no event and no view holds a secret: history is kept for ever"
        "OWASP ASVS 4.0, 8.3; PCI DSS 4.0, 3.3"
        "an event with a field `password`"
        "an event with a field `passwordChangedAt`"
        "leave the secret out; keep a reference to where it is guarded";
    PERSONAL_BROADCAST "personal-broadcast" Warning "what names or reaches a person is private in an event that is broadcast"
        "GDPR, article 5 (1) c; design, section 5: private fields are stripped"
        r#"{ "name": "email", "type": "string" } of an event with `broadcast`"#
        r#"{ "name": "email", "type": "string", "charter": { "private": true } }"#
        "add `\"private\": true` to the field's `charter`";
    COMMAND_UNREACHABLE "command-unreachable" Warning "a command has an operation, a socket, or a deadline or reactor that sends it"
        "design, section 3: `x-command`, `socket`, `deadline`, `from`"
        "a command that the API does not name"
        "a command that an operation names in `x-command`"
        "add an operation with `x-command`, `\"socket\": true`, or the contexts whose reactors send it as `\"from\"`";
    VIEW_UNREAD "view-unread" Warning "a view has an operation that reads it"
        "design, section 3: `x-query`"
        "a view that the API does not name"
        "a view that an operation names in `x-query`"
        "add an operation with `x-query`, or remove the view";
    REJECTION_STATUS "rejection-status" Error "each operation of a command has a response for the status of each of its rejections"
        "design, section 3: every rejection's status has a response"
        "a command refused with 409, an operation without a response `409`"
        "an operation with a response `409`"
        "add a response with this status";
    REJECTION_DESCRIBED "rejection-described" Warning "the response for a rejection's status names the rejection's code"
        "RFC 9457: clients act on the code"
        "'409': { description: Refused. }"
        "'409': { description: '`ORDER_EXISTS`: there is an order with this id.' }"
        "name the code in the response's description";
    // Allowances.
    ALLOWANCE_FILE "allowance-file" Error "`charter-lint.yaml` holds `allow` and `files`, and rules with reasons in them"
        "what is not understood switches nothing off"
        "ignore: [field-doc]"
        "allow: { field-doc: The API has the words. }"
        "write `allow: {rule: reason}`, or `files: {path: {rule: reason}}`";
    ALLOWANCE_UNKNOWN "allowance-unknown" Error "an allowance names a rule of `charter lint`"
        "what is switched off by a wrong name is not switched off"
        r#"{ "allow": { "field-docs": "…" } }"#
        r#"{ "allow": { "field-doc": "…" } }"#
        "name a rule as `charter explain` lists it";
    ALLOWANCE_REASON "allowance-reason" Error "an allowance says why, in words"
        "who reads it has to be able to judge it"
        r#"{ "allow": { "field-doc": "" } }"#
        r#"{ "allow": { "field-doc": "The field repeats RFC 9457's." } }"#
        "give a sentence as the rule's value";
    ALLOWANCE_UNUSED "allowance-unused" Warning "an allowance allows something"
        "what is mended needs no allowance any more"
        r#"{ "allow": { "field-doc": "…" } } on a field that has a `doc`"#
        "no allowance"
        "remove the allowance";
}
