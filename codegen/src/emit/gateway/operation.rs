//! A file for each operation of the document: `operations/<name>.rs`.

use proc_macro2::TokenStream;
use quote::quote;

use super::annotation;
use super::types::Place;
use crate::emit::named::Body;
use crate::emit::text::{RustFile, parsed};
use crate::emit::{docs, names};
use crate::ir::{
    Access, Acting, CommandOperation, Comparison, Dispatch, FieldSource, Operation, OperationKind,
    Parameter, Purpose, QueryOperation, QueryResult, SchemaId, SchemaShape, SchemaType, View,
};

/// The file of an operation.
pub(super) fn file(place: &mut Place<'_, '_>, operation: &Operation) -> RustFile {
    let mut body = Body::default();
    body.items.extend(marker(operation));
    match &operation.kind {
        OperationKind::Command(command) => {
            body.items.extend(parameters(place, operation));
            body.items.extend(send(place, operation, command));
        }
        OperationKind::Query(query) => {
            body.items.extend(parameters(place, operation));
            body.items.extend(read(place, operation, query));
        }
        OperationKind::Outcome => body.items.extend(outcome(place, operation)),
    }
    body.items.extend(handler(place, operation));
    body.into_file(place.scope, &place.gateway.file)
}

fn summary(operation: &Operation) -> String {
    let method = operation.method.as_str();
    let text = operation.summary.as_deref().or(operation.description.as_deref());
    format!("`{method} {}`: {}", operation.path, docs::described(text, &operation.id))
}

fn marker(operation: &Operation) -> TokenStream {
    let name = parsed(&operation.rust_type);
    let doc = docs::attributes(&summary(operation));
    quote! {
        #doc
        #[derive(Clone, Copy, Debug)]
        pub struct #name;
    }
}

fn parameters_name(operation: &Operation) -> String {
    format!("{}Parameters", operation.rust_type)
}

/// Whether the operation's own code reads a parameter; the runtime reads the others for itself.
fn is_read(parameter: &Parameter) -> bool {
    match parameter.purpose {
        Purpose::Field | Purpose::Condition => true,
        Purpose::Tenant
        | Purpose::Limit
        | Purpose::PageToken
        | Purpose::CommandId
        | Purpose::At
        | Purpose::Runtime => false,
    }
}

/// Whether a parameter may be absent: it is neither required nor given a default by the runtime.
fn may_be_absent(parameter: &Parameter) -> bool {
    !parameter.required && parameter.schema.default.is_none()
}

fn parameters(place: &mut Place<'_, '_>, operation: &Operation) -> TokenStream {
    let name = parsed(&parameters_name(operation));
    let doc = format!(" Path and query of [`{}`].", operation.rust_type);
    let read: Vec<_> = operation.parameters.iter().filter(|parameter| is_read(parameter)).collect();
    let camel = read.iter().all(|parameter| names::is_camel(&parameter.rust, &parameter.name));
    let rename_all =
        (camel && !read.is_empty()).then(|| quote!(#[serde(rename_all = "camelCase")]));
    let fields: Vec<_> = read
        .into_iter()
        .map(|parameter| {
            let doc = docs::attributes(&docs::described(parameter.doc.as_deref(), &parameter.name));
            let name = &parameter.name;
            let rename = (!camel).then(|| quote!(#[serde(rename = #name)]));
            let rust = parsed(&parameter.rust);
            let base = place.base(&parameter.schema.ty);
            let ty =
                parsed(&if may_be_absent(parameter) { format!("Option<{base}>") } else { base });
            quote!(#doc #rename pub #rust: #ty)
        })
        .collect();
    let deserialize = place.scope.path("serde", "Deserialize");
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq, #deserialize)]
        #rename_all
        pub struct #name { #(#fields,)* }
    }
}

/// The value of `charter_http::Operation`.
fn operation_value(place: &mut Place<'_, '_>, operation: &Operation) -> TokenStream {
    let id = &operation.id;
    let method = operation.method.as_str();
    let path = &operation.path;
    let tenant = operation.tenant.map(|index| &operation.parameters[index].name);
    let tenant = tenant.map_or_else(|| quote!(None), |name| quote!(Some(#name)));
    let kind_type = place.scope.path("charter_http", "OperationKind");
    let kind = match &operation.kind {
        OperationKind::Command(command) => {
            let context = &place.scope.contracts().contexts[command.context];
            let (name, wire_type) = (&context.name, &context.commands[command.command].wire_type);
            let dispatch_type = place.scope.path("charter_http", "Dispatch");
            let dispatch = match &command.dispatch {
                Dispatch::Queue => quote!(#dispatch_type::Queue),
                Dispatch::Proxy { service } => quote!(#dispatch_type::Proxy { service: #service }),
            };
            quote!(#kind_type::Command { context: #name, wire_type: #wire_type, dispatch: #dispatch })
        }
        OperationKind::Query(_) => quote!(#kind_type::Query),
        OperationKind::Outcome => quote!(#kind_type::Outcome),
    };
    let access = access(place, &operation.access);
    let operation_type = place.scope.path("charter_http", "Operation");
    quote! {
        #operation_type {
            id: #id,
            method: #method,
            path: #path,
            tenant: #tenant,
            kind: #kind,
            access: #access,
        }
    }
}

/// The value of `charter_http::Access`.
fn access(place: &mut Place<'_, '_>, access: &Access) -> TokenStream {
    let access_type = place.scope.path("charter_http", "Access");
    let Access { is_public, scopes, acting, per_minute, .. } = access;
    if !is_public && scopes.is_empty() && acting.is_none() && per_minute.is_none() {
        return quote!(#access_type::KNOWN);
    }
    let acting = match acting {
        None => quote!(None),
        Some(Acting { member, unless }) => {
            let acting_type = place.scope.path("charter_http", "Acting");
            let unless = match unless {
                None => quote!(None),
                Some(scope) => quote!(Some(#scope)),
            };
            quote!(Some(#acting_type { member: #member, unless: #unless }))
        }
    };
    let per_minute = match per_minute {
        None => quote!(None),
        Some(limit) => {
            let limit = parsed(&limit.to_string());
            quote!(Some(#limit))
        }
    };
    quote! {
        #access_type {
            is_public: #is_public,
            scopes: &[#(#scopes),*],
            acting: #acting,
            per_minute: #per_minute,
        }
    }
}

fn contract(place: &mut Place<'_, '_>, context: usize) -> TokenStream {
    let context = &place.scope.contracts().contexts[context];
    place.scope.path(&context.krate, &context.rust)
}

fn send(
    place: &mut Place<'_, '_>,
    operation: &Operation,
    command: &CommandOperation,
) -> TokenStream {
    let name = parsed(&operation.rust_type);
    let value = operation_value(place, operation);
    let contract = contract(place, command.context);
    let parameters = parsed(&parameters_name(operation));
    let command_operation = place.scope.path("charter_http", "CommandOperation");
    let operation_type = place.scope.path("charter_http", "Operation");
    let fill_type = place.scope.path("charter_http", "Fill");
    let body = match &operation.body {
        None => place.scope.path("charter_http", "NoBody"),
        Some(body) => parsed(&place.base(&SchemaType::Ref(body.schema))),
    };
    let context = &place.scope.contracts().contexts[command.context];
    let id = context.commands[command.command].id;
    let record = place.scope.contracts().record(id);
    let command_type = parsed(&place.scope.named(id));
    let all = place
        .scope
        .path(&format!("{}::commands", context.krate), &format!("{}Command", context.rust));
    let cleared = cleared(place, operation, command);
    let fields: Vec<_> = record
        .fields
        .iter()
        .zip(&command.fields)
        .map(|(field, source)| {
            let rust = parsed(&field.rust);
            let value = match source {
                FieldSource::Parameter { parameter, absent } => {
                    let parameter = &operation.parameters[*parameter];
                    let value = format!("parameters.{}", parameter.rust);
                    let optional = may_be_absent(parameter);
                    place.field_value(
                        &value,
                        optional,
                        &parameter.schema,
                        &field.ty,
                        absent.as_ref(),
                    )
                }
                FieldSource::Body { property, absent, fill } => body_value(
                    place,
                    operation,
                    *property,
                    &field.name,
                    &field.ty,
                    absent.as_ref(),
                    *fill,
                ),
                FieldSource::Cleared { .. } => "cleared".to_owned(),
                FieldSource::Constant(constant) => place.scope.constant(&field.ty, constant),
            };
            if value == field.rust {
                return quote!(#rust);
            }
            let value = parsed(&value);
            quote!(#rust: #value)
        })
        .collect();
    // A function names what it does not use so.
    let uses = |word: &str| {
        let all: String =
            fields.iter().chain(&cleared).map(ToString::to_string).collect::<Vec<_>>().join(" ");
        all.split(|character: char| !character.is_alphanumeric() && character != '_')
            .any(|found| found == word)
    };
    let argument = |word: &str| parsed(&if uses(word) { word.to_owned() } else { "_".to_owned() });
    let (from_parameters, from_body, fill) =
        (argument("parameters"), argument("body"), argument("fill"));
    quote! {
        impl #command_operation for #name {
            type Contract = #contract;
            type Parameters = #parameters;
            type Body = #body;

            const OPERATION: &'static #operation_type = &#value;

            fn command(#from_parameters: #parameters, #from_body: #body, #fill: &#fill_type) -> #all {
                #(#cleared)*
                #command_type { #(#fields,)* }.into()
            }
        }
    }
}

/// The statements that take a merge patch's nullable properties apart, where the command has a field for
/// the names of those that are null.
fn cleared(
    place: &Place<'_, '_>,
    operation: &Operation,
    command: &CommandOperation,
) -> Vec<TokenStream> {
    let properties = command.fields.iter().find_map(|source| match source {
        FieldSource::Cleared { properties } => Some(properties),
        FieldSource::Parameter { .. } | FieldSource::Body { .. } | FieldSource::Constant(_) => None,
    });
    let (Some(properties), Some(body)) = (properties, &operation.body) else { return Vec::new() };
    let SchemaShape::Object(object) = &place.gateway.schema(body.schema).shape else {
        return Vec::new();
    };
    let first = quote!(let mut cleared = Vec::new(););
    let splits = properties.iter().map(|index| {
        let property = &object.properties[*index];
        let (rust, name) = (parsed(&property.rust), &property.name);
        quote!(let #rust = body.#rust.split(#name, &mut cleared);)
    });
    std::iter::once(first).chain(splits).collect()
}

fn body_value(
    place: &mut Place<'_, '_>,
    operation: &Operation,
    property: usize,
    field: &str,
    avro: &crate::ir::Type,
    absent: Option<&crate::ir::Constant>,
    fill: bool,
) -> String {
    let Some(body) = &operation.body else { return String::new() };
    let SchemaShape::Object(object) = &place.gateway.schema(body.schema).shape else {
        return String::new();
    };
    let property = &object.properties[property];
    let patched = body.merge_patch && property.schema.nullable;
    let value = if patched { property.rust.clone() } else { format!("body.{}", property.rust) };
    let optional = super::types::is_optional(property);
    if fill && optional {
        let value = format!("{value}.unwrap_or_else(|| fill.uuid({field:?}))");
        return place.field_value(&value, false, &property.schema, avro, absent);
    }
    place.field_value(&value, optional, &property.schema, avro, absent)
}

fn read(place: &mut Place<'_, '_>, operation: &Operation, query: &QueryOperation) -> TokenStream {
    let context = &place.scope.contracts().contexts[query.context];
    let view = &context.views[query.view];
    let name = parsed(&operation.rust_type);
    let value = operation_value(place, operation);
    let contract = contract(place, query.context);
    let parameters = parsed(&parameters_name(operation));
    let operation_type = place.scope.path("charter_http", "Operation");
    let view_type = parsed(&place.scope.named(view.id));
    let (trait_name, row) = match &query.result {
        QueryResult::One { row } => ("RowOperation", *row),
        QueryResult::Page { row, .. } => ("ListOperation", *row),
    };
    let query_trait = place.scope.path("charter_http", trait_name);
    let item = row_type(place, row);
    let function = match &query.result {
        QueryResult::One { .. } => key(place, operation, query, view),
        QueryResult::Page { .. } => filters(place, operation, query, view),
    };
    let order = match &query.result {
        QueryResult::One { .. } => None,
        QueryResult::Page { .. } => Some(order(place, query, view)),
    };
    quote! {
        impl #query_trait for #name {
            type View = #view_type;
            type Parameters = #parameters;
            type Item = #item;
            type Contract = #contract;

            const OPERATION: &'static #operation_type = &#value;
            #order

            #function
        }
    }
}

fn row_type(place: &mut Place<'_, '_>, row: SchemaId) -> TokenStream {
    parsed(&place.base(&SchemaType::Ref(row)))
}

fn order(place: &mut Place<'_, '_>, query: &QueryOperation, view: &View) -> TokenStream {
    let order_by = place.scope.path("charter_engine::reads", "OrderBy");
    let terms = query.order.iter().map(|term| {
        let column = &view.columns[term.column].name;
        let descending = term.descending;
        quote!(#order_by { column: #column, descending: #descending })
    });
    quote!(const ORDER: &'static [#order_by] = &[#(#terms),*];)
}

fn key(
    place: &mut Place<'_, '_>,
    operation: &Operation,
    query: &QueryOperation,
    view: &View,
) -> TokenStream {
    let parameters = parsed(&parameters_name(operation));
    let contracts = place.scope.contracts();
    let rust = &contracts.type_of(view.id).rust;
    let key =
        place.scope.path(&format!("{}::{}", rust.krate, rust.module), &format!("{}Key", rust.name));
    let record = contracts.record(view.id);
    let fields: Vec<_> = view
        .key
        .iter()
        .filter_map(|column| {
            let condition =
                query.conditions.iter().find(|condition| condition.column == *column)?;
            let parameter = &operation.parameters[condition.parameter];
            let field = &record.fields[*column];
            let value = format!("parameters.{}", parameter.rust);
            let value =
                parsed(&place.field_value(&value, false, &parameter.schema, &field.ty, None));
            let rust = parsed(&field.rust);
            Some(quote!(#rust: #value))
        })
        .collect();
    quote! {
        fn key(parameters: #parameters) -> #key {
            #key { #(#fields,)* }
        }
    }
}

fn filters(
    place: &mut Place<'_, '_>,
    operation: &Operation,
    query: &QueryOperation,
    view: &View,
) -> TokenStream {
    let parameters = parsed(&parameters_name(operation));
    let filter = place.scope.path("charter_engine::reads", "Filter");
    if query.conditions.is_empty() {
        return quote! {
            fn filters(_: #parameters) -> Vec<#filter> {
                Vec::new()
            }
        };
    }
    let some_absent = query
        .conditions
        .iter()
        .any(|condition| may_be_absent(&operation.parameters[condition.parameter]));
    let terms: Vec<_> = query
        .conditions
        .iter()
        .map(|condition| {
            let parameter = &operation.parameters[condition.parameter];
            let column = &view.columns[condition.column].name;
            let operator_type = place.scope.path("charter_engine::reads", "Operator");
            let operator = parsed(comparison(condition.operator));
            let rust = parsed(&parameter.rust);
            if may_be_absent(parameter) {
                let value = cell(place, &parameter.schema.ty, "value");
                quote!(parameters.#rust.map(|value| #filter { column: #column, operator: #operator_type::#operator, value: #value }))
            } else {
                let value = cell(place, &parameter.schema.ty, &format!("parameters.{}", parameter.rust));
                let term = quote!(#filter { column: #column, operator: #operator_type::#operator, value: #value });
                if some_absent { quote!(Some(#term)) } else { term }
            }
        })
        .collect();
    let list = if some_absent {
        quote!([#(#terms),*].into_iter().flatten().collect())
    } else {
        quote!(Vec::from([#(#terms),*]))
    };
    quote! {
        fn filters(parameters: #parameters) -> Vec<#filter> {
            #list
        }
    }
}

/// The column's value of a parameter.
fn cell(place: &mut Place<'_, '_>, ty: &SchemaType, value: &str) -> TokenStream {
    if let SchemaType::Ref(id) = ty
        && matches!(place.gateway.schema(*id).shape, SchemaShape::Enum(_))
    {
        let symbol = place.scope.name("charter_domain::row", "symbol");
        return parsed(&format!("{symbol}({value}.as_str())"));
    }
    place.scope.name("charter_domain::row", "Cell");
    parsed(&format!("{value}.to_cell()"))
}

fn comparison(operator: Comparison) -> &'static str {
    match operator {
        Comparison::Equal => "Equal",
        Comparison::Less => "Less",
        Comparison::AtMost => "AtMost",
        Comparison::Greater => "Greater",
        Comparison::AtLeast => "AtLeast",
    }
}

fn outcome(place: &mut Place<'_, '_>, operation: &Operation) -> TokenStream {
    let name = parsed(&operation.rust_type);
    let value = operation_value(place, operation);
    let operation_type = place.scope.path("charter_http", "Operation");
    quote! {
        impl #name {
            /// What the contract says.
            pub const OPERATION: &'static #operation_type = &#value;
        }
    }
}

fn handler(place: &mut Place<'_, '_>, operation: &Operation) -> TokenStream {
    let name = parsed(&operation.rust_type);
    let function = parsed(&operation.rust);
    let doc = format!(" Serves [`{}`].", operation.rust_type);
    let annotation = annotation::of(place, operation);
    let request = place.scope.path("charter_http", "AdmittedRequest");
    let serving = place.scope.path("charter_http", "Serving");
    let api = place.scope.path("charter_http", "Api");
    let serve = match &operation.kind {
        OperationKind::Command(_) => {
            quote!(charter_http::command::serve::<#name>(api, request))
        }
        OperationKind::Query(query) => match query.result {
            QueryResult::One { .. } => {
                quote!(charter_http::query::row::<#name>(api, request))
            }
            QueryResult::Page { .. } => {
                quote!(charter_http::query::list::<#name>(api, request))
            }
        },
        OperationKind::Outcome => {
            quote!(charter_http::status::serve(api, #name::OPERATION, request))
        }
    };
    quote! {
        #[doc = #doc]
        #annotation
        pub fn #function(api: &#api, request: #request) -> #serving<'_> {
            Box::pin(#serve)
        }
    }
}
