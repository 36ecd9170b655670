//! `#[utoipa::path]`: what the code says of an operation, to be held against the document.

use proc_macro2::TokenStream;
use quote::quote;

use super::schema::{constraints, format};
use super::types::Place;
use crate::emit::text::parsed;
use crate::ir::{Alternative, Body, Method, Operation, Parameter, Response, SchemaType};

/// The annotation of an operation's handler.
pub(super) fn of(place: &mut Place<'_, '_>, operation: &Operation) -> TokenStream {
    let method = parsed(match operation.method {
        Method::Get => "get",
        Method::Put => "put",
        Method::Post => "post",
        Method::Delete => "delete",
        Method::Patch => "patch",
    });
    let (path, id) = (&operation.path, &operation.id);
    let summary = operation.summary.as_ref().map(|summary| quote!(summary = #summary,));
    let description =
        operation.description.as_ref().map(|description| quote!(description = #description,));
    let tags = &operation.tags;
    let parameters: Vec<_> =
        operation.parameters.iter().map(|parameter| parameter_of(place, parameter)).collect();
    let parameters = (!parameters.is_empty()).then(|| quote!(params(#(#parameters),*),));
    let body = operation.body.as_ref().map(|body| body_of(place, body));
    let responses: Vec<_> =
        operation.responses.iter().map(|response| response_of(place, response)).collect();
    let security = security(&operation.access.alternatives);
    quote! {
        #[utoipa::path(
            #method,
            path = #path,
            operation_id = #id,
            tags = [#(#tags),*],
            #summary
            #description
            #parameters
            #body
            responses(#(#responses),*)
            #security
        )]
    }
}

/// The alternatives of `security` that the operation itself has.
fn security(alternatives: &[Alternative]) -> Option<TokenStream> {
    let alternatives: Vec<_> = alternatives
        .iter()
        .map(|alternative| {
            let schemes = alternative.schemes.iter();
            let schemes = schemes.map(|(scheme, scopes)| quote!(#scheme = [#(#scopes),*]));
            quote!((#(#schemes),*))
        })
        .collect();
    (!alternatives.is_empty()).then(|| quote!(, security(#(#alternatives),*)))
}

fn parameter_of(place: &mut Place<'_, '_>, parameter: &Parameter) -> TokenStream {
    if let Some(component) = &parameter.component {
        let module = place.scope.path("crate", "parameters");
        let shared = parsed(&component.rust);
        return quote!(#module::#shared);
    }
    let name = &parameter.name;
    let ty = parameter_type(place, parameter);
    let place_in = place_in(parameter);
    let doc = parameter.doc.as_ref().map(|doc| {
        let doc = doc.trim();
        quote!(description = #doc)
    });
    let attributes = doc.into_iter().chain(parameter_attributes(parameter));
    quote!((#name = #ty, #place_in #(, #attributes)*))
}

/// The type of a parameter as `utoipa` is to show it.
pub(super) fn parameter_type(place: &mut Place<'_, '_>, parameter: &Parameter) -> TokenStream {
    // `utoipa` knows a UUID by its name alone, so that its import would count as unused.
    let is_uuid = parameter.schema.ty == SchemaType::Uuid;
    let shown = if is_uuid { "String".to_owned() } else { place.shown(&parameter.schema.ty) };
    parsed(&if parameter.required { shown } else { format!("Option<{shown}>") })
}

/// Where a parameter stands, in the words of `utoipa`.
pub(super) fn place_in(parameter: &Parameter) -> TokenStream {
    parsed(match parameter.place {
        crate::ir::Place::Path => "Path",
        crate::ir::Place::Query => "Query",
        crate::ir::Place::Header => "Header",
    })
}

/// What `utoipa` is told of a parameter's schema.
pub(super) fn parameter_attributes(parameter: &Parameter) -> Vec<TokenStream> {
    let mut attributes = Vec::new();
    attributes.extend((parameter.schema.ty == SchemaType::Uuid).then(|| quote!(format = Uuid)));
    attributes.extend(format(&parameter.schema.ty));
    attributes.extend(constraints(&parameter.schema.constraints));
    // What need not be there is not null for that.
    attributes.extend((!parameter.required).then(|| quote!(nullable = false)));
    attributes
}

fn body_of(place: &mut Place<'_, '_>, body: &Body) -> TokenStream {
    let ty = parsed(&place.base(&SchemaType::Ref(body.schema)));
    let description = body.doc.as_ref().map(|doc| quote!(, description = #doc));
    if let [media_type] = body.media_types.as_slice() {
        return quote!(request_body(content = #ty, content_type = #media_type #description),);
    }
    let contents = body.media_types.iter().map(|media_type| quote!((#ty = #media_type)));
    quote!(request_body(content(#(#contents),*) #description),)
}

fn response_of(place: &mut Place<'_, '_>, response: &Response) -> TokenStream {
    let status = parsed(&response.status.to_string());
    if let Some(component) = &response.component {
        let module = place.scope.path("crate", "responses");
        let shared = parsed(&component.rust);
        return quote!((status = #status, response = #module::#shared));
    }
    let description = response.description.trim();
    let body = response.schema.as_ref().map(|schema| {
        let ty = parsed(&place.shown(&schema.ty));
        quote!(, body = #ty)
    });
    let content_type = content_type(response);
    let headers = headers(response);
    let attributes = content_type.into_iter().chain(headers);
    quote!((status = #status, description = #description #body #(, #attributes)*))
}

/// The media type of a response.
pub(super) fn content_type(response: &Response) -> Option<TokenStream> {
    response.media_type.as_ref().map(|media_type| quote!(content_type = #media_type))
}

/// The headers of a response.
pub(super) fn headers(response: &Response) -> Option<TokenStream> {
    let headers: Vec<_> = response
        .headers
        .iter()
        .map(|(name, description)| {
            let description =
                description.as_ref().map(|description| quote!(, description = #description));
            quote!((#name = String #description))
        })
        .collect();
    (!headers.is_empty()).then(|| quote!(headers(#(#headers),*)))
}
