//! A method for each operation.

use std::fmt::Write as _;

use heck::ToSnakeCase;
use proc_macro2::TokenStream;
use quote::quote;

use super::schemas;
use crate::emit::docs;
use crate::emit::scope::Scope;
use crate::emit::text::parsed;
use crate::ir::{
    Gateway, Operation, OperationKind, Parameter, Place, Purpose, QueryResult, Response, SchemaType,
};

/// The methods of the operations that are no context's, and the types of what may be said of them.
pub(super) fn of_no_context(
    scope: &mut Scope<'_>,
    gateway: &Gateway,
) -> (Vec<TokenStream>, TokenStream) {
    let operations = gateway.operations.iter().filter(|operation| operation.context().is_none());
    let (mut methods, mut items) = (Vec::new(), TokenStream::new());
    for operation in operations {
        methods.push(Methods { scope, gateway, operation }.emit());
        items.extend(parameters(scope, gateway, operation, "Client"));
    }
    (methods, items)
}

/// The name of the type of what may be said of an operation; `None` where nothing may.
pub(super) fn parameters_name(operation: &Operation) -> Option<String> {
    let has_some = given(operation).any(|parameter| !parameter.required);
    has_some.then(|| format!("{}Params", operation.rust_type))
}

/// The type of what may be said of an operation, which is a method of `on`.
pub(super) fn parameters(
    scope: &mut Scope<'_>,
    gateway: &Gateway,
    operation: &Operation,
    on: &str,
) -> Option<TokenStream> {
    let name = parsed(&parameters_name(operation)?);
    let option = scope.prelude_path("Option");
    let fields: Vec<_> = given(operation)
        .filter(|parameter| !parameter.required)
        .map(|parameter| {
            let text = docs::described(parameter.doc.as_deref(), &parameter.name);
            let (doc, rust) = (docs::attributes(&text), parsed(&parameter.rust));
            let ty = parsed(&schemas::named(scope, gateway, &parameter.schema));
            quote!(#doc pub #rust: #option<#ty>)
        })
        .collect();
    let doc = docs::attributes(&format!(
        "What may be said of `{on}::{}`.",
        operation.rust.trim_start_matches("r#")
    ));
    Some(quote! {
        #doc
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct #name { #(#fields,)* }
    })
}

/// The parameters of path, query and headers that are the caller's.
fn given(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    operation
        .parameters
        .iter()
        .filter(|parameter| parameter.purpose != Purpose::Runtime && parameter.name != "If-Match")
}

/// The methods of one operation.
pub(super) struct Methods<'a, 'b, 'c> {
    pub(super) scope: &'b mut Scope<'a>,
    pub(super) gateway: &'c Gateway,
    pub(super) operation: &'c Operation,
}

impl Methods<'_, '_, '_> {
    pub(super) fn emit(&mut self) -> TokenStream {
        match &self.operation.kind {
            OperationKind::Command(_) => self.command(),
            OperationKind::Query(query) => match query.result {
                QueryResult::One { row } => {
                    let row = schemas::reference(self.scope, self.gateway, row);
                    self.one("Read", &row)
                }
                QueryResult::Page { page, .. } => {
                    let page = schemas::reference(self.scope, self.gateway, page);
                    let one = self.one("Read", &page);
                    let all = self.all(&page);
                    quote!(#one #all)
                }
            },
            OperationKind::Outcome => {
                let body = self.body_of(200);
                self.one("Plain", &body)
            }
        }
    }

    fn command(&mut self) -> TokenStream {
        let is_conditional =
            self.operation.parameters.iter().any(|parameter| parameter.name == "If-Match");
        let (decided, accepted) = (self.body_of(200), self.body_of(202));
        let command = self.scope.name("crate::calls", "Command");
        let condition = if is_conditional { ", true" } else { "" };
        let answer = format!("{command}<{decided}, {accepted}, Rejection{condition}>");
        let (command, answer) = (parsed(&command), parsed(&answer));
        let (doc, name) = (self.doc(""), parsed(&self.operation.rust));
        let (arguments, ask) = (self.arguments(), self.ask());
        quote! {
            #doc
            pub fn #name(&self, #(#arguments),*) -> #answer {
                #command::new(&self.on, #ask)
            }
        }
    }

    fn one(&mut self, call: &str, answer: &str) -> TokenStream {
        let call = self.scope.path("crate::calls", call);
        let answer = parsed(answer);
        let (doc, name) = (self.doc(""), parsed(&self.operation.rust));
        let (arguments, ask) = (self.arguments(), self.ask());
        quote! {
            #doc
            pub fn #name(&self, #(#arguments),*) -> #call<#answer> {
                #call::new(&self.on, #ask)
            }
        }
    }

    /// Every item of a list, page by page as they are read.
    fn all(&mut self, page: &str) -> Option<TokenStream> {
        let token = self
            .operation
            .parameters
            .iter()
            .find(|parameter| parameter.purpose == Purpose::PageToken)?;
        let token = &token.name;
        let each_type = self.scope.path("crate::calls", "Each");
        let page = parsed(page);
        let doc = self.doc(" Every item, page by page as they are taken.");
        let name = parsed(&each(&self.operation.rust));
        let one = parsed(&self.operation.rust);
        let arguments = self.arguments();
        let passed = self.passed();
        Some(quote! {
            #doc
            pub fn #name(&self, #(#arguments),*) -> #each_type<#page> {
                #each_type::new(self.#one(#(#passed),*), #token)
            }
        })
    }

    /// The type of what is answered with a status.
    fn body_of(&mut self, status: u16) -> String {
        let of = |response: &Response| response.schema.clone();
        let found = self.operation.responses.iter().find(|response| response.status == status);
        match found.and_then(of) {
            Some(schema) => schemas::named(self.scope, self.gateway, &schema),
            None => self.scope.name("serde_json", "Value"),
        }
    }

    fn doc(&self, more: &str) -> TokenStream {
        let operation = self.operation;
        let mut text = format!(
            "`{} {}`: {}{more}",
            operation.method.as_str(),
            operation.path,
            docs::described(operation.summary.as_deref(), &operation.id)
        );
        if let Some(description) = &operation.description {
            text.push_str("\n\n");
            text.push_str(description.trim());
        }
        docs::attributes(&text)
    }

    /// What the method takes: what must be said, the body, and what may be said.
    fn arguments(&mut self) -> Vec<TokenStream> {
        let mut arguments = Vec::new();
        for parameter in given(self.operation).filter(|parameter| parameter.required) {
            let rust = parsed(&parameter.rust);
            let ty = match &parameter.schema.ty {
                SchemaType::String | SchemaType::Base64 => "&str".to_owned(),
                SchemaType::Ref(_)
                | SchemaType::Array(_)
                | SchemaType::Map(_)
                | SchemaType::FreeObject => {
                    format!("&{}", schemas::named(self.scope, self.gateway, &parameter.schema))
                }
                SchemaType::Boolean
                | SchemaType::Int32
                | SchemaType::Int64
                | SchemaType::Float
                | SchemaType::Double
                | SchemaType::Uuid
                | SchemaType::Date
                | SchemaType::DateTime
                | SchemaType::Decimal { .. } => {
                    schemas::named(self.scope, self.gateway, &parameter.schema)
                }
            };
            let ty = parsed(&ty);
            arguments.push(quote!(#rust: #ty));
        }
        if let Some(body) = &self.operation.body {
            let ty = parsed(&schemas::reference(self.scope, self.gateway, body.schema));
            arguments.push(if body.required {
                quote!(body: &#ty)
            } else {
                let option = self.scope.prelude_path("Option");
                quote!(body: #option<&#ty>)
            });
        }
        if let Some(name) = parameters_name(self.operation) {
            let name = parsed(&name);
            arguments.push(quote!(params: &#name));
        }
        arguments
    }

    /// The arguments as another method is given them.
    fn passed(&self) -> Vec<TokenStream> {
        let mut passed: Vec<_> = given(self.operation)
            .filter(|parameter| parameter.required)
            .map(|parameter| parsed(&parameter.rust))
            .collect();
        passed.extend(self.operation.body.is_some().then(|| quote!(body)));
        passed.extend(parameters_name(self.operation).map(|_| quote!(params)));
        passed
    }

    /// What is asked, as the transport takes it.
    fn ask(&mut self) -> TokenStream {
        let ask = self.scope.path("crate::transport", "Ask");
        let method_type = self.scope.path("reqwest", "Method");
        let method = parsed(self.operation.method.as_str());
        let path = self.path();
        let mut more = TokenStream::new();
        for parameter in given(self.operation) {
            let how = match (parameter.place, parameter.required) {
                (Place::Path, _) => continue,
                (Place::Query, true) => "query",
                (Place::Query, false) => "query_if",
                (Place::Header, true) => "header",
                (Place::Header, false) => "header_if",
            };
            let (how, name, rust) = (parsed(how), &parameter.name, parsed(&parameter.rust));
            let name =
                if parameter.place == Place::Header { name.to_lowercase() } else { name.clone() };
            more.extend(if parameter.required {
                quote!(.#how(#name, #rust))
            } else {
                quote!(.#how(#name, params.#rust.as_ref()))
            });
        }
        if let Some(body) = &self.operation.body {
            let media_type = body.media_types.first().map_or("application/json", String::as_str);
            more.extend(if body.required {
                quote!(.body(#media_type, body))
            } else {
                quote!(.body_if(#media_type, body))
            });
        }
        quote!(#ask::new(#method_type::#method, &[#(#path),*]) #more)
    }

    /// The parts of the path.
    fn path(&self) -> Vec<TokenStream> {
        let parts = self.operation.path.trim_start_matches('/').split('/');
        parts
            .map(|part| {
                let within = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
                let parameter = |name: &str| {
                    given(self.operation)
                        .find(|known| known.place == Place::Path && known.name == name)
                };
                match within.and_then(parameter) {
                    Some(parameter) => {
                        let rust = parsed(&parameter.rust);
                        let is_text =
                            matches!(parameter.schema.ty, SchemaType::String | SchemaType::Base64);
                        if is_text { quote!(#rust) } else { quote!(&#rust.to_string()) }
                    }
                    None if part.contains('{') => {
                        let text = template(part, |hole| {
                            parameter(hole).map_or_else(String::new, |hole| hole.rust.clone())
                        });
                        quote!(&format!(#text))
                    }
                    None => quote!(#part),
                }
            })
            .collect()
    }
}

/// `row-{rowId}` → `row-{row_id}`: as `format!` takes it; `called` says what a hole is called here.
pub(super) fn template(text: &str, called: impl Fn(&str) -> String) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once('{') {
        let (hole, behind) = behind.split_once('}').unwrap_or((behind, ""));
        let name = called(hole);
        // Words of Rust's stand in format strings as they are.
        let name = name.trim_start_matches("r#");
        let _ = write!(shown, "{before}{{{name}}}");
        rest = behind;
    }
    shown.push_str(rest);
    shown
}

/// `list_seats` → `each_of_seats`, `seats` → `each_of_seats`.
fn each(name: &str) -> String {
    let name = name.trim_start_matches("r#").to_snake_case();
    format!("each_of_{}", name.strip_prefix("list_").unwrap_or(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_called_by_what_it_has() {
        assert_eq!(each("list_seats"), "each_of_seats");
        assert_eq!(each("r#type"), "each_of_type");
    }

    #[test]
    fn holes_are_called_as_in_rust() {
        let shown = template("show:{showId}/{type}", crate::names::field);
        assert_eq!(shown, "show:{show_id}/{type}");
    }
}
