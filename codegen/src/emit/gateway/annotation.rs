//! `#[utoipa::path]`: what the code says of an operation, to be held against the document.

use proc_macro2::TokenStream;
use quote::quote;

use super::schema::{constraints, format};
use super::types::Place;
use crate::emit::text::parsed;
use crate::ir::{Body, Method, Operation, Parameter, Response, SchemaType};

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
        )]
    }
}

fn parameter_of(place: &mut Place<'_, '_>, parameter: &Parameter) -> TokenStream {
    let name = &parameter.name;
    // `utoipa` knows a UUID by its name alone, so that its import would count as unused.
    let is_uuid = parameter.schema.ty == SchemaType::Uuid;
    let shown = if is_uuid { "String".to_owned() } else { place.shown(&parameter.schema.ty) };
    let ty = parsed(&if parameter.required { shown } else { format!("Option<{shown}>") });
    let place_in = parsed(match parameter.place {
        crate::ir::Place::Path => "Path",
        crate::ir::Place::Query => "Query",
        crate::ir::Place::Header => "Header",
    });
    let mut attributes = Vec::new();
    attributes.extend(parameter.doc.as_ref().map(|doc| {
        let doc = doc.trim();
        quote!(description = #doc)
    }));
    attributes.extend(is_uuid.then(|| quote!(format = Uuid)));
    attributes.extend(format(&parameter.schema.ty));
    attributes.extend(constraints(&parameter.schema.constraints));
    // What need not be there is not null for that.
    attributes.extend((!parameter.required).then(|| quote!(nullable = false)));
    quote!((#name = #ty, #place_in #(, #attributes)*))
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
    let description = response.description.trim();
    let body = response.schema.as_ref().map(|schema| {
        let ty = parsed(&place.shown(&schema.ty));
        quote!(, body = #ty)
    });
    let content_type =
        response.media_type.as_ref().map(|media_type| quote!(, content_type = #media_type));
    let headers: Vec<_> = response
        .headers
        .iter()
        .map(|(name, description)| {
            let description =
                description.as_ref().map(|description| quote!(, description = #description));
            quote!((#name = String #description))
        })
        .collect();
    let headers = (!headers.is_empty()).then(|| quote!(, headers(#(#headers),*)));
    quote!((status = #status, description = #description #body #content_type #headers))
}
