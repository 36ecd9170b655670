//! The rejections of a context: `rejections.rs`.

use proc_macro2::TokenStream;
use quote::quote;

use super::docs;
use super::scope::Scope;
use super::text::{RustFile, parsed};
use crate::ir::{Context, TypeId};

/// The file of a context's rejections.
pub(super) fn file(scope: &mut Scope<'_>, context: &Context) -> RustFile {
    let items = items(scope, context);
    let mut file = RustFile::from_source(&format!("schemas/{}/commands", context.name));
    file.items(scope.uses()).items(items);
    file
}

fn items(scope: &mut Scope<'_>, context: &Context) -> TokenStream {
    let name = parsed(&format!("{}Rejection", context.rust));
    let doc = docs::attributes(&format!("Every rejection of the context `{}`.", context.name));
    let rejection_trait = scope.domain("Rejection");
    let mut variants = Vec::new();
    let mut codes = Vec::new();
    let mut details = Vec::new();
    let mut bare = Vec::new();
    for rejection in &context.rejections {
        let variant = parsed(&rejection.rust);
        let code = &rejection.code;
        let doc =
            docs::attributes(&format!("`{code}`: {}", docs::described(Some(&rejection.doc), code)));
        if let Some(id) = rejection.details {
            let ty = parsed(&scope.named(id));
            variants.push(quote!(#doc #variant(#ty)));
            codes.push(quote!(Self::#variant(_) => #code));
            let alike = details
                .iter_mut()
                .find(|(known, _): &&mut (TypeId, Vec<TokenStream>)| *known == id);
            match alike {
                Some((_, variants)) => variants.push(variant),
                None => details.push((id, vec![variant])),
            }
        } else {
            variants.push(quote!(#doc #variant));
            codes.push(quote!(Self::#variant => #code));
            bare.push(variant);
        }
    }
    let details: Vec<_> = details
        .into_iter()
        .map(|(_, variants)| {
            let json_text = scope.path("charter_domain::row", "json_text");
            quote!(#(Self::#variants(details))|* => Some(#json_text(details)),)
        })
        .collect();
    let eq = context
        .rejections
        .iter()
        .filter_map(|rejection| rejection.details)
        .all(|id| scope.contracts().type_of(id).is_eq)
        .then(|| quote!(, Eq));
    let (option, string) = (scope.prelude_path("Option"), scope.prelude_path("String"));
    // A reference to an enum without variants can still be matched only by its place.
    let this = if context.rejections.is_empty() { quote!(*self) } else { quote!(self) };
    let bare = (!bare.is_empty()).then(|| quote!(#(Self::#bare)|* => None,));
    quote! {
        #doc
        #[derive(Clone, Debug, PartialEq #eq)]
        pub enum #name { #(#variants,)* }

        impl #rejection_trait for #name {
            fn code(&self) -> &'static str {
                match #this { #(#codes,)* }
            }

            fn details(&self) -> #option<#string> {
                match #this { #(#details)* #bare }
            }
        }
    }
}
