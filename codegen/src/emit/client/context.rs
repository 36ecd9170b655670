//! What can be asked of a context, what it shows in its rooms, and what its rejections are about: `contexts/seat.rs`.

use proc_macro2::TokenStream;
use quote::quote;

use super::messages::Types;
use super::operations::{self, Methods};
use super::{CRATE, rooms};
use crate::emit::docs;
use crate::emit::scope::Scope;
use crate::emit::text::{RustFile, parsed};
use crate::ir::{Context, Contracts, Gateway, TypeId};

/// Whether there is anything that a client could ask of a context.
pub(super) fn has_operations(gateway: &Gateway, contracts: &Contracts, context: &Context) -> bool {
    !context.rooms.is_empty() || gateway.operations_of(contracts, context).next().is_some()
}

/// Whether there is anything that a client could ask of a context, or be told by it.
pub(super) fn is_shown(gateway: &Gateway, contracts: &Contracts, context: &Context) -> bool {
    has_operations(gateway, contracts, context) || !context.rejections.is_empty()
}

/// The file of a context.
pub(super) fn file(gateway: &Gateway, contracts: &Contracts, context: &Context) -> RustFile {
    let mut own = vec!["Operations".to_owned(), "Rejection".to_owned()];
    own.extend(gateway.operations_of(contracts, context).filter_map(operations::parameters_name));
    own.extend(context.rooms.iter().flat_map(rooms::own));
    let details = context.rejections.iter().filter_map(|rejection| rejection.details);
    let shown = context.rooms.iter().flat_map(|room| rooms::shown(context, room));
    let roots: Vec<TypeId> = shown.chain(details).collect();
    let types = Types::reached(contracts, &roots, &own);
    let names: Vec<&str> = own.iter().map(String::as_str).chain(types.declared()).collect();
    let mut scope = Scope::new(contracts, CRATE, &names);

    let mut items = TokenStream::new();
    if has_operations(gateway, contracts, context) {
        items.extend(asked(&mut scope, gateway, contracts, context));
    }
    for operation in gateway.operations_of(contracts, context) {
        items.extend(operations::parameters(&mut scope, gateway, operation, "Operations"));
    }
    items.extend(refusals(&mut scope, &types, context));
    for room in &context.rooms {
        items.extend(rooms::types(&mut scope, &types, context, room));
    }
    items.extend(types.declarations(&mut scope));
    let mut file = RustFile::from_source(&format!("schemas/{}", context.name));
    file.docs(&format!("The context `{}`.", context.name));
    file.items(scope.uses()).items(items);
    file
}

fn asked(
    scope: &mut Scope<'_>,
    gateway: &Gateway,
    contracts: &Contracts,
    context: &Context,
) -> TokenStream {
    let mut methods = Vec::new();
    for operation in gateway.operations_of(contracts, context) {
        methods.push(Methods { scope, gateway, operation }.emit());
    }
    for room in &context.rooms {
        methods.push(rooms::join(scope, room));
    }
    let transport = scope.path("crate::transport", "Transport");
    let doc = docs::attributes(&format!("What can be asked of the context `{}`.", context.name));
    quote! {
        #doc
        #[derive(Clone, Debug)]
        pub struct Operations {
            on: #transport,
        }
        impl Operations {
            /// What can be asked by this transport.
            #[must_use]
            pub fn on(on: &#transport) -> Self {
                Self { on: on.clone() }
            }

            #(#methods)*
        }
    }
}

/// The refusals by business rule, each with what it is about.
fn refusals(scope: &mut Scope<'_>, types: &Types<'_>, context: &Context) -> TokenStream {
    let doc = docs::attributes("The refusals by business rule, each with what it is about.");
    if context.rejections.is_empty() {
        let none = scope.path("crate::problem", "NoRejection");
        return quote!(#doc pub type Rejection = #none;);
    }
    let variants = context.rejections.iter().map(|rejection| {
        let text = format!(
            "`{}`: {}",
            rejection.code,
            docs::described(Some(&rejection.doc), &rejection.code)
        );
        let (doc, rust) = (docs::attributes(&text), parsed(&rejection.rust));
        let details = rejection.details.map(|id| parsed(types.name(id)));
        let details = details.map(|details| quote!((#details)));
        quote!(#doc #rust #details)
    });
    let variants: Vec<_> = variants.collect();
    let read = context.rejections.iter().map(|rejection| {
        let (code, rust) = (&rejection.code, parsed(&rejection.rust));
        let details = rejection.details.map(|_| quote!((serde_json::from_value(details).ok()?)));
        quote!(#code => Self::#rust #details)
    });
    let codes = context.rejections.iter().map(|rejection| {
        let (code, rust) = (&rejection.code, parsed(&rejection.rust));
        let details = rejection.details.map(|_| quote!((_)));
        quote!(Self::#rust #details => #code)
    });
    let has_details = context.rejections.iter().any(|rejection| rejection.details.is_some());
    let details = if has_details { quote!(details) } else { quote!(_) };
    let rejection_trait = scope.path("crate::problem", "Rejection");
    let (value, option) = (scope.path("serde_json", "Value"), scope.prelude_path("Option"));
    quote! {
        #doc
        #[derive(Clone, Debug, PartialEq)]
        pub enum Rejection { #(#variants,)* }
        impl #rejection_trait for Rejection {
            fn of(code: &str, #details: #value) -> #option<Self> {
                Some(match code {
                    #(#read,)*
                    _ => return None,
                })
            }
            fn code(&self) -> &'static str {
                match self { #(#codes,)* }
            }
        }
    }
}
