//! The operations in the groups that a process mounts together: `routes.rs`.

use proc_macro2::TokenStream;
use quote::quote;

use super::types::Place;
use crate::emit::docs;
use crate::emit::text::{RustFile, parsed};
use crate::ir::{Contracts, Operation, OperationKind};

/// Operations that are served by the same process.
struct Group<'a> {
    /// `seat_commands`, `queries`, `outcomes`.
    name: String,
    doc: String,
    operations: Vec<&'a Operation>,
}

/// The file of operations and what serves them.
pub(super) fn file(place: &mut Place<'_, '_>) -> RustFile {
    let gateway = place.gateway;
    let groups = groups(place.scope.contracts(), &gateway.operations);
    let mut items = TokenStream::new();
    for group in &groups {
        items.extend(group_items(place, group));
    }
    let constants = groups.iter().map(|group| parsed(&constant(&group.name)));
    let endpoint = place.scope.path("charter_http", "Endpoint");
    let all = quote! {
        /// The operations of each group.
        pub const ALL: &[&[#endpoint]] = &[#(#constants),*];
    };
    let mut file = RustFile::from_source(&gateway.file);
    file.docs("The operations, in the groups that a process mounts together.");
    file.items(place.scope.uses()).items(all).items(items);
    file
}

fn groups<'a>(contracts: &Contracts, operations: &'a [Operation]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (index, context) in contracts.contexts.iter().enumerate() {
        let sent = |operation: &&Operation| match &operation.kind {
            OperationKind::Command(command) => command.context == index,
            OperationKind::Query(_) | OperationKind::Outcome => false,
        };
        groups.push(Group {
            name: format!("{}_commands", context.name),
            doc: format!("operations that send commands of `{}`", context.name),
            operations: operations.iter().filter(sent).collect(),
        });
    }
    let queries = |operation: &&Operation| matches!(operation.kind, OperationKind::Query(_));
    groups.push(Group {
        name: "queries".to_owned(),
        doc: "operations that read views".to_owned(),
        operations: operations.iter().filter(queries).collect(),
    });
    let outcomes = |operation: &&Operation| operation.kind == OperationKind::Outcome;
    groups.push(Group {
        name: "outcomes".to_owned(),
        doc: "operations that read outcomes".to_owned(),
        operations: operations.iter().filter(outcomes).collect(),
    });
    groups.retain(|group| !group.operations.is_empty());
    groups
}

fn constant(name: &str) -> String {
    name.to_uppercase()
}

fn group_items(place: &mut Place<'_, '_>, group: &Group<'_>) -> TokenStream {
    let endpoint = place.scope.path("charter_http", "Endpoint");
    let operations = place.scope.path("crate", "operations");
    let constant = parsed(&constant(&group.name));
    let doc = docs::attributes(&format!("The {}.", group.doc));
    let endpoints: Vec<_> = group
        .operations
        .iter()
        .map(|operation| {
            let marker = parsed(&operation.rust_type);
            let trait_name = match &operation.kind {
                OperationKind::Command(_) => Some("CommandOperation"),
                OperationKind::Query(query) => Some(match query.result {
                    crate::ir::QueryResult::One { .. } => "RowOperation",
                    crate::ir::QueryResult::Page { .. } => "ListOperation",
                }),
                OperationKind::Outcome => None,
            };
            let said = if let Some(name) = trait_name {
                let operation_trait = place.scope.path("charter_http", name);
                quote!(<#operations::#marker as #operation_trait>::OPERATION)
            } else {
                quote!(#operations::#marker::OPERATION)
            };
            let handler = parsed(&operation.rust);
            quote!(#endpoint { operation: #said, serve: #operations::#handler })
        })
        .collect();
    quote! {
        #doc
        pub const #constant: &[#endpoint] = &[#(#endpoints),*];
    }
}
