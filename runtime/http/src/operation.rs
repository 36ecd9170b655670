//! What generated code says of one operation of the contract: a marker type and one trait a kind.
//!
//! Everything else about serving an operation is generic, in [`crate::command`] and [`crate::query`].

use std::future::Future;
use std::pin::Pin;

use axum::http::Method;
use axum::response::Response;
use axum::routing::MethodFilter;
use charter_domain::{Contract, View};
use charter_engine::reads::{Filter, OrderBy};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::access::AdmittedRequest;
use crate::api::Api;
use crate::problem::Problem;

/// Where a context's commands are appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dispatch {
    /// By the gateway itself.
    Queue,
    /// By the named service, to which the gateway forwards the request.
    Proxy {
        /// The service's name in the contract: `reservations`.
        service: &'static str,
    },
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// It sends a command of the context.
    Command {
        /// The context's name.
        context: &'static str,
        /// The command's name on the wire.
        wire_type: &'static str,
        /// Who appends it.
        dispatch: Dispatch,
    },
    /// It reads a view.
    Query,
    /// It reads a command's outcome.
    Outcome,
    /// It shows a room as it changes. No operation of the contract does.
    Stream,
}

/// What the contract says of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The contract's `operationId`.
    pub id: &'static str,
    /// The method, in capitals.
    pub method: &'static str,
    /// The path as in the contract: `/v1/shows/{showId}`.
    pub path: &'static str,
    /// The path parameter that names the tenant; `default` is the tenant where there is none.
    pub tenant: Option<&'static str>,
    /// What it does.
    pub kind: OperationKind,
    /// Who may, and how often.
    pub access: Access,
}

impl Operation {
    /// Which requests on its path are its: those of its method, and HEAD where that is GET.
    ///
    /// # Panics
    /// Where it has a method that no contract may have.
    pub(crate) fn filter(&self) -> MethodFilter {
        let method = Method::from_bytes(self.method.as_bytes()).ok();
        let filter = method.and_then(|method| MethodFilter::try_from(method).ok());
        filter.expect("a contract's methods are HTTP's")
    }
}

/// An operation's answer, or the problem with its request, under way.
pub type Serving<'a> = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send + 'a>>;

/// An operation and what serves it, behind a guard ([`crate::gateway::operations`]).
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    /// What the contract says of it.
    pub operation: &'static Operation,
    /// Serves a request of it.
    pub serve: for<'a> fn(&'a Api, AdmittedRequest) -> Serving<'a>,
}

/// Who may use an operation, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whether everybody may, whoever they are: `security: []`.
    pub is_public: bool,
    /// The scopes that a principal must have, all of them.
    pub scopes: &'static [&'static str],
    /// The member of the body that says for whom.
    pub acting: Option<Acting>,
    /// How many requests a client may send in any minute.
    pub per_minute: Option<u32>,
}

impl Access {
    /// Every known principal may.
    pub const KNOWN: Self = Self { is_public: false, scopes: &[], acting: None, per_minute: None };
}

/// For whom a request acts: the principal, or another where a scope lets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acting {
    /// The member of the body that names whom.
    pub member: &'static str,
    /// The scope that lets it be another than the principal; `None` where none does.
    pub unless: Option<&'static str>,
}

/// An operation that sends a command.
pub trait CommandOperation: Send + Sync + 'static {
    /// The command's context.
    type Contract: Contract;
    /// Path and query parameters, in the contract's names.
    type Parameters: DeserializeOwned + Send;
    /// The body; [`NoBody`] where the contract has none.
    type Body: DeserializeOwned + Send;
    /// What the contract says.
    const OPERATION: &'static Operation;

    /// The command of a valid request. `fill` gives what the contract lets the gateway fill in.
    fn command(
        parameters: Self::Parameters,
        body: Self::Body,
        fill: &Fill,
    ) -> <Self::Contract as Contract>::Command;
}

/// An operation that reads one row of a view.
pub trait RowOperation: Send + Sync + 'static {
    /// The view.
    type View: View;
    /// Path and query parameters, in the contract's names.
    type Parameters: DeserializeOwned + Send;
    /// The answer.
    type Item: From<Self::View> + Serialize;
    /// The context that the view belongs to.
    type Contract: Contract;
    /// What the contract says.
    const OPERATION: &'static Operation;

    /// The row's key.
    fn key(parameters: Self::Parameters) -> <Self::View as View>::Key;
}

/// An operation that reads a list of rows of a view.
pub trait ListOperation: Send + Sync + 'static {
    /// The view.
    type View: View;
    /// Path and query parameters, in the contract's names, but for `limit` and `pageToken`.
    type Parameters: DeserializeOwned + Send;
    /// One item of the answer.
    type Item: From<Self::View> + Serialize;
    /// The context that the view belongs to.
    type Contract: Contract;
    /// What the contract says.
    const OPERATION: &'static Operation;
    /// The order of the rows (`x-order`); empty for the key's.
    const ORDER: &'static [OrderBy];

    /// The conditions that the parameters set.
    fn filters(parameters: Self::Parameters) -> Vec<Filter>;
}

/// The body of an operation that has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub struct NoBody {}

/// What the gateway fills in: ids that follow from the command's id, so that a repeat of the request
/// gives the same ones.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    command_id: Uuid,
}

impl Fill {
    /// The values for the command with this id.
    #[must_use]
    pub fn new(command_id: Uuid) -> Self {
        Self { command_id }
    }

    /// UUIDv5(command id, field name), RFC 9562 section 5.5.
    #[must_use]
    pub fn uuid(&self, field: &str) -> Uuid {
        Uuid::new_v5(&self.command_id, field.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_id_follows_from_command_and_field() {
        let fill = Fill::new(Uuid::from_u128(7));
        assert_eq!(fill.uuid("reservationId"), fill.uuid("reservationId"));
        assert_ne!(fill.uuid("reservationId"), fill.uuid("guestId"));
        assert_ne!(fill.uuid("reservationId"), Fill::new(Uuid::from_u128(8)).uuid("reservationId"));
    }
}
