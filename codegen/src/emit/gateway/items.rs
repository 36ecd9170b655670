//! Schemas of arrays that `utoipa`'s attributes have no words for: constraints of items, and that no item
//! comes twice.

use proc_macro2::TokenStream;
use quote::quote;

use super::types::Place;
use crate::emit::text::parsed;
use crate::ir::{Constraints, Property, SchemaType, SchemaUse};

/// The function that builds a property's schema, where attributes cannot say all of it.
pub(super) fn function(place: &mut Place<'_, '_>, property: &Property) -> Option<TokenStream> {
    let name = needed(property)?;
    let doc = property.doc.as_ref().map(|doc| {
        let doc = doc.trim();
        quote!(.description(Some(#doc)))
    });
    let example = property.schema.example.as_ref().map(|example| {
        let example = parsed(&example.to_string());
        quote!(.examples([serde_json::json!(#example)]))
    });
    let array = place.scope.path("utoipa::openapi::schema", "Array");
    let builder = array_builder(place, &property.schema);
    Some(quote! {
        fn #name() -> #array {
            #builder #doc #example .build()
        }
    })
}

/// The function's name, where attributes cannot say all of a property's schema.
pub(super) fn needed(property: &Property) -> Option<TokenStream> {
    let SchemaType::Array(items) = &property.schema.ty else { return None };
    let beyond =
        property.schema.constraints.unique_items || items.constraints != Constraints::default();
    // A schema of one's own cannot be nullable too.
    (beyond && !property.schema.nullable).then(|| parsed(&property.rust))
}

fn array_builder(place: &mut Place<'_, '_>, schema: &SchemaUse) -> TokenStream {
    let builder = place.scope.path("utoipa::openapi::schema", "ArrayBuilder");
    let items = if let SchemaType::Array(items) = &schema.ty {
        item(place, items)
    } else {
        TokenStream::new()
    };
    let constraints = &schema.constraints;
    let unique = constraints.unique_items.then(|| quote!(.unique_items(true)));
    let counts = [("min_items", constraints.min_items), ("max_items", constraints.max_items)]
        .into_iter()
        .filter_map(|(name, count)| {
            let (name, count) = (parsed(name), parsed(&count?.to_string()));
            Some(quote!(.#name(Some(#count))))
        });
    quote!(#builder::new().items(#items) #unique #(#counts)*)
}

fn item(place: &mut Place<'_, '_>, schema: &SchemaUse) -> TokenStream {
    let (kind, format) = match &schema.ty {
        SchemaType::Ref(id) => {
            let name = &place.gateway.schema(*id).name;
            let reference = place.scope.path("utoipa::openapi::schema", "Ref");
            return quote!(#reference::from_schema_name(#name));
        }
        SchemaType::Array(_) => {
            let array = array_builder(place, schema);
            return quote!(#array.build());
        }
        SchemaType::Boolean => ("Boolean", None),
        SchemaType::Int32 => ("Integer", Some("Int32")),
        SchemaType::Int64 => ("Integer", Some("Int64")),
        SchemaType::Float => ("Number", Some("Float")),
        SchemaType::Double => ("Number", Some("Double")),
        SchemaType::Uuid => ("String", Some("Uuid")),
        SchemaType::Date => ("String", Some("Date")),
        SchemaType::DateTime => ("String", Some("DateTime")),
        SchemaType::String | SchemaType::Base64 | SchemaType::Decimal { .. } => ("String", None),
        SchemaType::Map(_) | SchemaType::FreeObject => ("Object", None),
    };
    let object = place.scope.path("utoipa::openapi::schema", "ObjectBuilder");
    let type_name = place.scope.path("utoipa::openapi::schema", "Type");
    let kind = parsed(kind);
    let format = format.map(|format| {
        let schema_format = place.scope.path("utoipa::openapi::schema", "SchemaFormat");
        let known = place.scope.path("utoipa::openapi::schema", "KnownFormat");
        let format = parsed(format);
        quote!(.format(Some(#schema_format::KnownFormat(#known::#format))))
    });
    let plain_format = schema.constraints.format.as_ref().map(|format| {
        let schema_format = place.scope.path("utoipa::openapi::schema", "SchemaFormat");
        quote!(.format(Some(#schema_format::Custom(#format.to_owned()))))
    });
    let constraints = constraints(&schema.constraints);
    quote!(#object::new().schema_type(#type_name::#kind) #format #plain_format #(#constraints)* .build())
}

fn constraints(constraints: &Constraints) -> Vec<TokenStream> {
    let lengths = [("min_length", constraints.min_length), ("max_length", constraints.max_length)];
    let numbers = [
        ("minimum", &constraints.minimum),
        ("maximum", &constraints.maximum),
        ("exclusive_minimum", &constraints.exclusive_minimum),
        ("exclusive_maximum", &constraints.exclusive_maximum),
        ("multiple_of", &constraints.multiple_of),
    ];
    let lengths =
        lengths.into_iter().filter_map(|(name, length)| Some((name, length?.to_string())));
    let numbers =
        numbers.into_iter().filter_map(|(name, number)| Some((name, number.as_ref()?.to_string())));
    let mut all: Vec<TokenStream> = lengths
        .chain(numbers)
        .map(|(name, value)| {
            let (name, value) = (parsed(name), parsed(&value));
            quote!(.#name(Some(#value)))
        })
        .collect();
    all.extend(constraints.pattern.as_ref().map(|pattern| quote!(.pattern(Some(#pattern)))));
    all
}
