//! The rules that contracts are held to: a row each. `charter explain RULE` prints one.
//!
//! The rules of the parsers (`SOURCE_…`, `AVRO_…`) are `charter-avro`'s, and always errors; their problems
//! bring their own messages and help.

/// How bad a breach is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is generated.
    Error,
    /// Said, and no more.
    Warning,
    /// Said for completeness.
    Info,
}

impl Severity {
    /// `error`, `warning` or `info`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The stable id: `KEY_UNKNOWN`.
    pub id: &'static str,
    /// Whether a breach stops generation.
    pub severity: Severity,
    /// What must hold.
    pub purpose: &'static str,
    /// What mends a breach: the help where a problem has none of its own.
    pub mend: &'static str,
}

/// The rule with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}

/// The rules of the parsers: id, what must hold.
pub const OF_PARSERS: &[(&str, &str)] = &[
    ("SOURCE_SYNTAX", "a file is JSON or YAML"),
    ("SOURCE_DUPLICATE_KEY", "an object has each key once"),
    ("SOURCE_DEPTH", "values nest at most 128 deep"),
    ("SOURCE_NUMBER", "a number is within the range of a double"),
    ("SOURCE_SIZE", "a file is smaller than 4 GiB"),
    ("AVRO_NOT_A_SCHEMA", "a schema is a name, an object or a list of branches"),
    ("AVRO_NOT_NAMED", "a contract file holds a record, an enum or a fixed"),
    (
        "AVRO_NESTED_DEFINITION",
        "a contract file defines one named type, and refers to others by name",
    ),
    ("AVRO_UNKNOWN_TYPE", "a name is one of a type that is defined"),
    ("AVRO_MISSING_ATTRIBUTE", "a type has the attributes that Avro asks for"),
    ("AVRO_WRONG_ATTRIBUTE", "an attribute has a value of the kind that Avro asks for"),
    (
        "AVRO_REFERENCE_ATTRIBUTES",
        "a reference to a named type carries no attributes, which would be lost",
    ),
    ("AVRO_INVALID_NAME", "a name is made of letters, digits and underscores, no digit first"),
    ("AVRO_DUPLICATE_NAME", "no two types have one full name"),
    ("AVRO_DUPLICATE_FIELD", "no two fields of a record have one name"),
    ("AVRO_DUPLICATE_ALIAS", "an alias stands for one field"),
    ("AVRO_INVALID_ORDER", "the order of a field is `ascending`, `descending` or `ignore`"),
    ("AVRO_INVALID_DEFAULT", "a default is a value of its field"),
    ("AVRO_DEFAULT_BRANCH", "a union's default is a value of its first branch"),
    ("AVRO_INVALID_SYMBOL", "a symbol of an enum is a name"),
    ("AVRO_DUPLICATE_SYMBOL", "an enum has each symbol once"),
    ("AVRO_EMPTY_ENUM", "an enum has a symbol"),
    ("AVRO_ENUM_DEFAULT", "an enum's default is one of its symbols"),
    ("AVRO_FIXED_SIZE", "a fixed has a size in bytes"),
    ("AVRO_EMPTY_UNION", "a union has a branch"),
    ("AVRO_NESTED_UNION", "a branch of a union is no union"),
    ("AVRO_DUPLICATE_BRANCH", "a union has each type once"),
    ("AVRO_INVALID_LOGICAL_TYPE", "a logical type stands on the type that Avro asks for"),
    ("AVRO_UNKNOWN_LOGICAL_TYPE", "a logical type is one that Avro knows"),
    (
        "AVRO_INFINITE_RECORD",
        "a record can end: it holds itself only through a union, an array or a map",
    ),
    ("AVRO_DEPTH", "types nest at most 256 deep"),
];

macro_rules! rules {
    ($($id:ident $severity:ident $purpose:literal $mend:literal;)*) => {
        $(
            #[doc = $purpose]
            pub static $id: Rule =
                Rule { id: stringify!($id), severity: Severity::$severity, purpose: $purpose, mend: $mend };
        )*

        /// Every rule, in the order of the pipeline.
        pub static ALL: &[&Rule] = &[$(&$id),*];
    };
}

rules! {
    // Avro contracts: files and the attribute `charter`.
    CONTRACT_PLACE Error "a contract lies at `schemas/<namespace>/<commands|events|views|types>/<snake_case name>.avsc`, a shared type at `schemas/shared/<name>.avsc`"
        "move the file, or mend its namespace, name or `kind`";
    SHARED_DIFFERS Error "a project's `schemas/shared` is the platform's, byte for byte: its crate `contract-shared` was made from it"
        "remove the file; `charter generate` writes the platform's, and a type of your own belongs to a context";
    CONTEXT_NAME Error "a namespace is a name in small letters and digits, and not one that means something else"
        "choose another namespace; `gateway` and `released` are taken";
    CONTEXT_CROSSING Error "a context's types name types of their own context and of `shared` only"
        "move the type to `schemas/shared`, or declare it again in this context";
    CHARTER_KEY Error "the attribute `charter` holds only keys that the compiler knows and that fit the kind of the type"
        "remove the key or mend its spelling";
    CHARTER_SHAPE Error "each value in the attribute `charter` has the shape that its key asks for"
        "give the key a value of the expected shape";
    DOC_MISSING Warning "every type, field and rejection of the contracts has a `doc`"
        "add a `doc` that says what it means, in a sentence";
    EXAMPLE_MISFIT Error "a field's `example` is a value of the field, in plain JSON"
        "give an example that the field could hold";
    DECIMAL_DIGITS Error "a decimal has at most 28 digits, which is what its Rust type holds"
        "lower `precision` to 28 or less";
    NAME_CLASH Error "two names of the contracts stay different in Rust and in the database"
        "rename one of them";
    METADATA_MISSING Error "the record `shared.Metadata` exists where there are messages"
        "add `schemas/shared/metadata.avsc` with the record `shared.Metadata`";
    // Messages and views.
    WIRE_TYPE_FORM Error "a message's `type` is its context's name, a dot, and a lowerCamel name"
        "write the type as `<context>.<lowerCamelName>`";
    WIRE_TYPE_REPEATED Error "no two messages have the same name on the wire"
        "give one of them another `type`";
    KEY_MISSING Error "a command, an event and a view have a `key`"
        "name the fields that identify the aggregate, or the row: `\"key\": [\"…\"]`";
    KEY_UNKNOWN Error "a `key` names fields of its record, each once"
        "name a field of the record";
    KEY_TYPE Error "a key field is a string, uuid, enum, int, long or date, and not optional"
        "use a field of such a type";
    KEY_DIFFERS Error "all messages of a context name the aggregate by as many key fields of the same types"
        "give the messages of the context the same key";
    INDEX_UNKNOWN Error "an `index` names fields of its view, each once"
        "name a field of the view";
    INDEX_TYPE Error "an indexed field is neither record, array, map nor union, for these have no order in a database"
        "leave the field out of the index";
    VIEW_FROM Error "the `from` of a view or a command names contexts that have events"
        "name a context with events";
    VIEW_HELD Error "no field holds a view: a view is a row of the read model, and has no form on the wire"
        "name a type under `types` that has the fields";
    BROADCAST_UNKNOWN Error "a room's holes name string or uuid fields of the event that are not private"
        "name a string field of the event that everybody may see";
    ROOM_KEY Error "a room's holes are the key of its events, each field once: a room shows one aggregate, whose events have an order"
        "name the fields of `key` in the room, each once";
    ROOM_NAME Error "a room's name begins with a text that no other room's begins with, so that the name tells the room"
        "begin the name with a word of its own and a colon";
    LOAD_ROOM Error "a view is loaded into a room that events of its context are sent to, and folds that context alone"
        "name the `broadcast` of an event of the context";
    LOAD_ROWS Error "a room finds the rows that it loads: fields with the names and types of its holes lead the view's key or an index"
        "let the view's key or an index begin with the fields of the room";
    LOAD_NAME Error "what a room loads has a lowerCamel name there, which nothing else in the message has"
        "choose another name";
    REJECTION_CODE Error "a rejection's code is in capitals, digits and underscores"
        "write the code in capitals, digits and underscores";
    REJECTION_STATUS Error "a rejection's status is a client error, 400 to 499"
        "choose a status from 400 to 499";
    REJECTION_DETAILS Error "a rejection's `details` name a record that is neither message nor view"
        "name a record under `types`";
    REJECTION_DIFFERS Error "one code of a context has the same status, details and doc in all of its commands"
        "make the declarations equal, or use another code";
    DEADLINE_EVENT Error "a deadline's `set` names an event of the same context"
        "name an event by its Avro full name";
    DEADLINE_AT Error "a deadline's `at` names a timestamp-micros field of the event, or an optional one"
        "name a timestamp-micros field of the event";
    DEADLINE_COPY Error "a deadline's `copy` names fields that event and command both have, of the same type"
        "name fields that both have";
    DEADLINE_FIELD Error "every field of a deadline's command is copied from the event or has a default"
        "add the field to `copy`, or give it a default";
    // The OpenAPI document by itself.
    OPENAPI_SHAPE Error "the document has the shape that OpenAPI 3.1 asks for"
        "see the OpenAPI Specification 3.1";
    OPENAPI_KEYWORD Error "the document uses only keywords that the gateway enforces"
        "remove the keyword, or say it with one that is enforced";
    OPENAPI_REFERENCE Error "a `$ref` leads to something within the document, and not to itself"
        "point it at something under `#/components`";
    SCHEMA_RECURSION Error "no schema of the document holds itself"
        "break the circle; a gateway that nests without end could not bound what it reads";
    DESCRIPTION_MISSING Warning "every operation, parameter, schema and property of the document has a `description`"
        "add a `description`";
    OPERATION_ID Error "every operation has an `operationId`, a lower camel case name used once"
        "give the operation an `operationId` of its own";
    OPERATION_PURPOSE Error "an operation says exactly one of `x-command`, `x-query` and `x-outcome`"
        "say what the operation does with one of the three";
    OPERATION_METHOD Error "a query and an outcome are a GET without a body, a command is not a GET"
        "change the method, or move the body's properties to the query";
    LINK_TARGET Error "a link of a response leads to an operation, with its parameters"
        "name an operation of the document, and give the parameters of its path";
    PATH_REPEATED Error "no two paths answer the same requests, nor one that the gateway serves itself"
        "change one of the paths; names in braces don't tell paths apart";
    PATH_PARAMETER Error "the holes of a path and its path parameters are the same, and all required"
        "declare a required path parameter for each hole";
    CONSTRAINT Error "a constraint makes sense for its type, and some value meets it"
        "mend or remove the constraint";
    DEFAULT_MISFIT Error "a default and an example are values that the schema allows"
        "give a value that the schema allows";
    CONTEXT_UNKNOWN Error "`x-contexts` names each context whose commands have operations, and says how they are dispatched"
        "name the context with `dispatch: queue`, or `dispatch: proxy` and a `service`";
    TENANT_PARAMETER Error "the parameter that `x-tenant` names stands in the path, and is a string"
        "declare the tenant as a string parameter of the path";
    TENANT_DIFFERS Error "all operations of a context name the tenant in their path, or none does"
        "add the tenant to the path; without it the operation acts on the tenant `default`";
    // Operations and contracts.
    SOCKET_OPERATION Error "a command that sockets may send has one operation, whose rules hold for sockets too"
        "leave `socket` out, or give the other operations commands of their own";
    COMMAND_UNKNOWN Error "`x-command` names a command by its Avro full name"
        "name a record with `kind: command`";
    FIELD_UNSUPPLIED Error "every field of the command without a default is supplied by a parameter or a property"
        "add a required property or parameter of this name, or give the field a default";
    BODY_OPTIONAL Error "a body with required properties is required itself"
        "add `required: true` to the request body";
    SOURCE_UNUSED Error "every parameter and property of an operation means something to it"
        "remove it, or add a field of this name to the command";
    SOURCE_REPEATED Error "a field of a command is supplied from one place only"
        "remove one of the two";
    FILL_TYPE Error "`x-fill: uuid` stands on an optional property of a uuid field"
        "leave `x-fill` out, or make the property an optional uuid";
    CLEARED_FIELD Error "`x-cleared` stands on a PATCH and names an array of strings of the command with the default `[]`; without it no optional property of a command is nullable"
        "name such a field, or make the property not nullable";
    DEADLINE_OPERATION Warning "a command that a deadline sends has no operation"
        "remove the operation, or the deadline";
    TYPE_PAIR Error "a schema and the Avro type that it meets hold the same kind of value"
        "change one of the two so that they meet";
    NULL_PAIR Error "what may be null or absent on one side may be so on the other"
        "make both optional, or both required";
    OBJECT_OPEN Error "an object that meets a record says `additionalProperties: false`"
        "add `additionalProperties: false`";
    ENUM_PAIR Error "a request's enum values are all symbols of the Avro enum, and a response's enum has all of its symbols"
        "add the missing value, or remove the one that has no counterpart";
    DEFAULT_PAIR Error "a default of the document equals the default of the Avro field"
        "make the two defaults equal";
    UNION_PAIR Error "the branches of a `oneOf` and of a union are the same records, named by the discriminator"
        "list the same records in both";
    PROPERTY_UNKNOWN Error "every property of an object that meets a record is a field of the record"
        "remove the property, or add the field";
    PRIVATE_FIELD Error "a field marked `private` is in no response"
        "remove the property from the response's schema";
    REJECTION_UNANSWERED Error "every rejection's status has a response in the operations of its command"
        "add a response with this status";
    RESPONSE_MISSING Error "an operation has the responses that the gateway gives"
        "add a response with this status";
    VIEW_UNKNOWN Error "`x-query` names a view by its Avro full name"
        "name a record with `kind: view`";
    BY_UNKNOWN Error "`x-by` names parameters of the operation and columns of the view, and leaves no parameter out"
        "name a parameter of the path or query and a column of the view";
    BY_OPERATOR Error "a condition of `x-by` is `eq` or `<column> <operator>` with =, <, <=, > or >="
        "write the condition as `eq` or `column >=`";
    BY_TYPE Error "a parameter and the column that it is compared with hold the same type, and the column has an order"
        "give the parameter the column's type";
    BY_INDEX Error "the required conditions and the order of a list are backed by the view's key or an index"
        "add the index to the view's `charter` attribute";
    ROW_KEY Error "a query for one row compares every field of the view's key, and nothing else, by `eq`"
        "name the fields of the view's key in `x-by`";
    ORDER_TERM Error "`x-order` names columns of the view, each once, all ascending or all descending"
        "write the terms as `column` or `column desc`";
    PAGE_SHAPE Error "a list answers with `items`, `nextPageToken` and `cursor`, and takes `limit` and `pageToken`"
        "give the page the three properties and the operation the two parameters";
    OUTCOME_SHAPE Error "the outcome's operation is a GET with the path parameter `commandId`, a uuid"
        "declare `commandId` in the path";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_found() {
        for (index, rule) in ALL.iter().enumerate() {
            assert_eq!(find(rule.id), Some(*rule));
            assert!(
                ALL[..index].iter().all(|other| other.id != rule.id),
                "`{}` stands twice",
                rule.id
            );
            assert!(
                !rule.mend.ends_with('.') && !rule.purpose.ends_with('.'),
                "`{}`: no full stop",
                rule.id
            );
        }
    }
}
