//! Operations of the HTTP contract.

use super::{Constant, Origin, SchemaId, SchemaUse};

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// GET
    Get,
    /// PUT
    Put,
    /// POST
    Post,
    /// DELETE
    Delete,
    /// PATCH
    Patch,
}

impl Method {
    /// As it is written in a request.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Patch => "PATCH",
        }
    }
}

/// An operation of the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// `operationId`: `holdSeats`.
    pub id: String,
    /// The Rust function's name: `hold_seats`.
    pub rust: String,
    /// The Rust stem of its types: `HoldSeats`.
    pub rust_type: String,
    /// The method.
    pub method: Method,
    /// The whole path as the document has it: `/v1/shows/{showId}/holds`.
    pub path: String,
    /// `summary`.
    pub summary: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `tags`.
    pub tags: Vec<String>,
    /// The parameters, of the path in its order, then of query and headers in the document's order.
    pub parameters: Vec<Parameter>,
    /// The request's body.
    pub body: Option<Body>,
    /// The path parameter that gives the tenant: an index into the parameters; else `default`.
    pub tenant: Option<usize>,
    /// What it does.
    pub kind: OperationKind,
    /// The responses, in the order of statuses.
    pub responses: Vec<Response>,
    /// Who may, and how often.
    pub access: Access,
    /// Where it is declared.
    pub origin: Origin,
}

impl Operation {
    /// The context whose command it sends, or whose view it reads.
    #[must_use]
    pub fn context(&self) -> Option<usize> {
        match &self.kind {
            OperationKind::Command(command) => Some(command.context),
            OperationKind::Query(query) => Some(query.context),
            OperationKind::Outcome => None,
        }
    }
}

/// Who may use an operation, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// `security: []`: everybody may.
    pub is_public: bool,
    /// The scopes that a principal must have.
    pub scopes: Vec<String>,
    /// The member of the body that is the principal.
    pub acting: Option<Acting>,
    /// `x-rate-limit`: how many requests of a client in any minute.
    pub per_minute: Option<u32>,
    /// `security` as the operation itself has it.
    pub alternatives: Vec<Alternative>,
}

/// One way to be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// The scheme and the scopes that it must give; none for nobody in particular.
    pub schemes: Vec<(String, Vec<String>)>,
}

impl Alternative {
    /// The scopes that it asks for.
    #[must_use]
    pub fn scopes(&self) -> Vec<String> {
        self.schemes.iter().flat_map(|(_, scopes)| scopes.clone()).collect()
    }
}

/// A member of the body that names for whom a request acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acting {
    /// The member.
    pub member: String,
    /// The scope that lets it be another than the principal.
    pub unless: Option<String>,
}

/// A parameter of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name in the document.
    pub name: String,
    /// The Rust name.
    pub rust: String,
    /// Where it stands in a request.
    pub place: Place,
    /// `description`.
    pub doc: Option<String>,
    /// Whether it must be there; always in paths.
    pub required: bool,
    /// What it holds.
    pub schema: SchemaUse,
    /// What the operation does with it.
    pub purpose: Purpose,
    /// What it is called under `components.parameters`, where it stands there.
    pub component: Option<Component>,
    /// Where it is declared.
    pub origin: Origin,
}

/// A parameter or response of `components`, which operations refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The name in the document: `BadRequest`.
    pub name: String,
    /// The Rust type's name.
    pub rust: String,
    /// Where it is declared.
    pub origin: Origin,
}

/// Where a parameter stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In a header.
    Header,
}

/// What an operation does with a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Gives the tenant.
    Tenant,
    /// Gives a field of the command.
    Field,
    /// A condition of the query.
    Condition,
    /// `limit`: the most rows of a page.
    Limit,
    /// `pageToken`.
    PageToken,
    /// `commandId` of an outcome.
    CommandId,
    /// `at` of an outcome.
    At,
    /// A header that the runtime answers for itself: `Prefer`, `Idempotency-Key`, `X-Correlation-Id`,
    /// `Consistent-With`.
    Runtime,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// The schema of the JSON value, an object.
    pub schema: SchemaId,
    /// The media types that it may have, in the document's order: `application/json`.
    pub media_types: Vec<String>,
    /// Whether it must be there.
    pub required: bool,
    /// RFC 7396 (`x-cleared`): absent keeps, null clears.
    pub merge_patch: bool,
    /// `description`.
    pub doc: Option<String>,
}

/// What an operation does.
#[derive(Clone, Debug, PartialEq)]
pub enum OperationKind {
    /// Sends a command.
    Command(CommandOperation),
    /// Reads a view.
    Query(QueryOperation),
    /// Reads the outcome of a command.
    Outcome,
}

/// An operation that sends a command.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandOperation {
    /// An index into [`Contracts::contexts`](super::Contracts::contexts).
    pub context: usize,
    /// An index into [`Context::commands`](super::Context::commands).
    pub command: usize,
    /// What each field of the command gets, in the order of its fields.
    pub fields: Vec<FieldSource>,
    /// How the command reaches its context.
    pub dispatch: Dispatch,
}

/// What a field of a command gets.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldSource {
    /// A parameter's value: an index into [`Operation::parameters`]. Where the parameter is optional
    /// and absent, the default, or null of an optional field.
    Parameter {
        /// The parameter.
        parameter: usize,
        /// For an absent parameter; `None` where it is required.
        absent: Option<Constant>,
    },
    /// A property of the body: an index into the object's properties.
    Body {
        /// The property.
        property: usize,
        /// For a property that is absent, or null; `None` where it is required or filled.
        absent: Option<Constant>,
        /// `x-fill: uuid`: where it is absent, UUIDv5(command id, field name).
        fill: bool,
    },
    /// The field that `x-cleared` names, an array of strings: the names of those properties that came as null, in the
    /// order of the body's properties. Indexes into the object's properties: the nullable ones.
    Cleared {
        /// The properties.
        properties: Vec<usize>,
    },
    /// No part of the request names it.
    Constant(Constant),
}

/// How a command reaches its context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dispatch {
    /// Appended to the log at the gateway.
    Queue,
    /// Forwarded to the context's service, which validates and appends.
    Proxy {
        /// The service's name: `reservations`.
        service: String,
    },
}

/// An operation that reads a view.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryOperation {
    /// An index into [`Contracts::contexts`](super::Contracts::contexts).
    pub context: usize,
    /// An index into [`Context::views`](super::Context::views).
    pub view: usize,
    /// The conditions, which must all hold, in the order of the document.
    pub conditions: Vec<Condition>,
    /// The order of a list, the key's missing columns added at its end; empty for one row.
    pub order: Vec<OrderTerm>,
    /// One row or a page of rows.
    pub result: QueryResult,
}

/// A condition of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// An index into [`Operation::parameters`].
    pub parameter: usize,
    /// An index into [`View::columns`](super::View::columns).
    pub column: usize,
    /// How they are compared: column operator parameter.
    pub operator: Comparison,
}

/// How a column is compared, as `charter_engine`'s `Operator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `eq`
    Equal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// A column of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderTerm {
    /// An index into [`View::columns`](super::View::columns).
    pub column: usize,
    /// Largest first.
    pub descending: bool,
}

/// What a query answers with.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryResult {
    /// One row, or 404: the schema of the 200 response is the row's.
    One {
        /// The row's schema.
        row: SchemaId,
    },
    /// `{items, nextPageToken, cursor}`.
    Page {
        /// The page's schema.
        page: SchemaId,
        /// The schema of an item.
        row: SchemaId,
        /// The rows of a page where the request doesn't say.
        default_limit: u32,
        /// The most rows of a page.
        max_limit: u32,
    },
}

/// A response of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The status, 100–599.
    pub status: u16,
    /// `description`.
    pub description: String,
    /// The media type of its body.
    pub media_type: Option<String>,
    /// The schema of its body.
    pub schema: Option<SchemaUse>,
    /// Names and descriptions of its headers.
    pub headers: Vec<(String, Option<String>)>,
    /// What it is called under `components.responses`, where it stands there.
    pub component: Option<Component>,
}
