//! What operations share of the document's `components`: `parameters.rs` and `responses.rs`, a type each.

use proc_macro2::TokenStream;
use quote::quote;

use super::annotation;
use super::types::Place;
use crate::emit::docs;
use crate::emit::text::{RustFile, parsed};
use crate::ir::{Parameter, Response};

/// The file of the parameters.
pub(super) fn parameters(place: &mut Place<'_, '_>) -> RustFile {
    let shared = place.gateway.shared_parameters();
    let items: TokenStream =
        shared.iter().map(|(name, shared)| parameter(place, name, shared)).collect();
    file(place, "Parameters that operations share.", items)
}

/// The file of the responses.
pub(super) fn responses(place: &mut Place<'_, '_>) -> RustFile {
    let shared = place.gateway.shared_responses();
    let items: TokenStream =
        shared.iter().map(|(name, shared)| response(place, name, shared)).collect();
    file(place, "Responses that operations share.", items)
}

fn file(place: &Place<'_, '_>, doc: &str, items: TokenStream) -> RustFile {
    let mut file = RustFile::from_source(&place.gateway.file);
    file.docs(doc).items(place.scope.uses()).items(items);
    file
}

fn parameter(place: &mut Place<'_, '_>, rust: &str, parameter: &Parameter) -> TokenStream {
    let (name, place_in) = (&parameter.name, annotation::place_in(parameter));
    let doc = docs::attributes(&format!("`{name}`"));
    // `utoipa` takes the description from here: the contract's words and no more.
    let description = docs::attributes(parameter.doc.as_deref().map_or(name, str::trim));
    let attributes = annotation::parameter_attributes(parameter);
    let attributes = (!attributes.is_empty()).then(|| quote!(#[param(#(#attributes),*)]));
    let into_params = place.scope.path("utoipa", "IntoParams");
    let ty = annotation::parameter_type(place, parameter);
    let rust = parsed(rust);
    quote! {
        #doc
        #[derive(Clone, Debug, PartialEq, #into_params)]
        #[into_params(parameter_in = #place_in, names(#name))]
        pub struct #rust(#description #attributes pub #ty);
    }
}

fn response(place: &mut Place<'_, '_>, rust: &str, response: &Response) -> TokenStream {
    // `utoipa` takes the description from here: the contract's words and no more.
    let description = docs::attributes(response.description.trim());
    let attributes: Vec<_> = annotation::content_type(response)
        .into_iter()
        .chain(annotation::headers(response))
        .collect();
    let attributes = (!attributes.is_empty()).then(|| quote!(#[response(#(#attributes),*)]));
    let to_response = place.scope.path("utoipa", "ToResponse");
    let body = response.schema.as_ref().map(|schema| {
        let ty = parsed(&place.shown(&schema.ty));
        quote!((pub #ty))
    });
    let rust = parsed(rust);
    quote! {
        #description
        #[derive(Clone, Debug, PartialEq, #to_response)]
        #attributes
        pub struct #rust #body;
    }
}
