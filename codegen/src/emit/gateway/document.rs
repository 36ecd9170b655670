//! The contract as it is shown, and the document that the code's annotations make: `document.rs`.

use quote::quote;

use super::operation_module;
use super::types::Place;
use crate::doc;
use crate::emit::text::{RustFile, parsed};
use crate::ir::Gateway;

/// The document as JSON, without the compiler's extensions.
///
/// # Panics
/// Never: JSON stays JSON.
pub(super) fn json(gateway: &Gateway) -> String {
    let mut text = serde_json::to_string_pretty(&gateway.document).expect("JSON stays JSON");
    text.push('\n');
    text
}

/// The document as its authors wrote it.
pub(super) fn yaml(gateway: &Gateway) -> String {
    gateway.document_text.clone()
}

/// The file that embeds both and lists what is annotated.
pub(super) fn file(place: &mut Place<'_, '_>) -> RustFile {
    let gateway = place.gateway;
    let open_api = place.scope.path("utoipa", "OpenApi");
    let (title, version) = (&gateway.title, &gateway.version);
    let description =
        gateway.description.as_ref().map(|description| quote!(, description = #description));
    let paths = gateway.operations.iter().map(|operation| {
        let module = parsed(&operation_module(operation));
        let function = parsed(&operation.rust);
        quote!(crate::operations::#module::#function)
    });
    let schemas = gateway.schemas.iter().filter(|def| def.is_component).map(|def| {
        let name = parsed(&def.rust);
        quote!(crate::schemas::#name)
    });
    let responses = gateway.shared_responses();
    let responses = responses.keys().map(|name| {
        let name = parsed(name);
        quote!(crate::responses::#name)
    });
    let tags = gateway.tags.iter().map(|(name, description)| {
        let description =
            description.as_ref().map(|description| quote!(, description = #description));
        quote!((name = #name #description))
    });
    let pages = doc::names(place.scope.contracts()).into_iter().map(|name| {
        let path = format!("../catalogue/{name}");
        quote!((#name, include_str!(#path)))
    });
    let items = quote! {
        /// The contract as JSON (OpenAPI 3.1).
        pub const JSON: &str = include_str!("../openapi.json");

        /// The messages behind it as JSON (AsyncAPI 3.0).
        pub const ASYNCAPI: &str = include_str!("../asyncapi.json");

        /// The contract as its authors wrote it.
        pub const YAML: &str = include_str!("../openapi.yaml");

        /// Commands, events and views of all contexts for people: parts of pages by file name.
        pub const CATALOGUE: &[(&str, &str)] = &[#(#pages),*];

        /// What the annotations of the code say, to be held against [`JSON`].
        #[derive(Clone, Copy, Debug, #open_api)]
        #[openapi(
            info(title = #title, version = #version #description),
            paths(#(#paths),*),
            components(schemas(#(#schemas),*), responses(#(#responses),*)),
            tags(#(#tags),*)
        )]
        pub struct GatewayDocument;
    };
    let mut file = RustFile::from_source(&gateway.file);
    file.docs("The contract itself.");
    file.items(place.scope.uses()).items(items);
    file
}
