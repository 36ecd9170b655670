//! A file for each schema of the document: `schemas/<name>.rs`.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value as Json;

use super::items;
use super::types::{Place, gone, gone_within, is_optional};
use crate::emit::named::Body;
use crate::emit::text::{RustFile, parsed};
use crate::emit::{docs, names};
use crate::ir::{
    Constraints, Conversion, ConversionParts, Direction, Object, OneOf, PartSource, Property,
    SchemaDef, SchemaId, SchemaShape, SchemaType, SchemaUse, Shape, Type, TypeId, Variant,
};

/// The file of a schema, with the ways of its values to and from Avro.
pub(super) fn file(place: &mut Place<'_, '_>, id: SchemaId) -> RustFile {
    let gateway = place.gateway;
    let def = gateway.schema(id);
    let mut body = Body::default();
    body.items.extend(match &def.shape {
        SchemaShape::Object(object) => structure(place, def, object),
        SchemaShape::Enum(variants) => enumeration(place, def, variants),
        SchemaShape::OneOf(one_of) => branches(place, def, one_of),
        SchemaShape::Alias(schema) => alias(place, def, schema),
    });
    for conversion in gateway.conversions.iter().filter(|conversion| conversion.schema == id) {
        body.items.extend(conversion_items(place, def, conversion));
    }
    body.into_file(place.scope, &gateway.file)
}

fn derives(place: &mut Place<'_, '_>, def: &SchemaDef, more: &TokenStream) -> TokenStream {
    let deserialize = place.scope.path("serde", "Deserialize");
    let to_schema = place.scope.path("utoipa", "ToSchema");
    // A merge patch tells absent from null, which it cannot write.
    let serialize = (!def.is_merge_patch).then(|| {
        let serialize = place.scope.path("serde", "Serialize");
        quote!(#serialize,)
    });
    quote!(#[derive(Clone, #more Debug, PartialEq, #serialize #deserialize, #to_schema)])
}

fn described(def: &SchemaDef) -> TokenStream {
    docs::attributes(&docs::described(def.doc.as_deref(), &def.name))
}

/// The name in the document, where Rust's differs.
fn shown_as(def: &SchemaDef) -> Option<TokenStream> {
    (def.rust != def.name).then(|| {
        let name = parsed(&def.name);
        quote!(as = #name,)
    })
}

fn structure(place: &mut Place<'_, '_>, def: &SchemaDef, object: &Object) -> TokenStream {
    let name = parsed(&def.rust);
    let doc = described(def);
    let derives = derives(place, def, &TokenStream::new());
    let camel =
        object.properties.iter().all(|property| names::is_camel(&property.rust, &property.name));
    let rename_all =
        (camel && !object.properties.is_empty()).then(|| quote!(rename_all = "camelCase",));
    let closed = object.closed.then(|| quote!(deny_unknown_fields));
    let serde =
        (rename_all.is_some() || closed.is_some()).then(|| quote!(#[serde(#rename_all #closed)]));
    let shown_as = shown_as(def);
    let min_properties = object.min_properties.map(|least| quote!(min_properties = #least,));
    let schema = (shown_as.is_some() || min_properties.is_some())
        .then(|| quote!(#[schema(#shown_as #min_properties)]));
    let fields: Vec<_> = object
        .properties
        .iter()
        .map(|property| field(place, property, camel, def.is_merge_patch))
        .collect();
    let functions: Vec<_> =
        object.properties.iter().filter_map(|property| items::function(place, property)).collect();
    quote! {
        #doc
        #derives
        #serde
        #schema
        pub struct #name { #(#fields,)* }
        #(#functions)*
    }
}

fn field(
    place: &mut Place<'_, '_>,
    property: &Property,
    camel: bool,
    merge_patch: bool,
) -> TokenStream {
    let doc = docs::attributes(&docs::described(property.doc.as_deref(), &property.name));
    let rust = parsed(&property.rust);
    let ty_text = place.property(property, merge_patch);
    let ty = parsed(&ty_text);
    let name = &property.name;
    let rename = (!camel).then(|| quote!(rename = #name,));
    let skip = (!property.required && !merge_patch)
        .then(|| quote!(skip_serializing_if = "Option::is_none",));
    let default = (!property.required && ty_text.contains("Patch<")).then(|| quote!(default,));
    let serde = (rename.is_some() || skip.is_some() || default.is_some())
        .then(|| quote!(#[serde(#rename #skip #default)]));
    if let Some(function) = items::needed(property) {
        return quote!(#doc #serde #[schema(schema_with = #function)] pub #rust: #ty);
    }
    let shown = place.shown(&property.schema.ty);
    let shown = if property.schema.nullable { format!("Option<{shown}>") } else { shown };
    let value_type = (shown != ty_text).then(|| {
        let shown = parsed(&shown);
        quote!(value_type = #shown)
    });
    let required = property.required;
    let required = (is_optional(property)).then(|| quote!(required = #required));
    let mut attributes: Vec<TokenStream> = value_type.into_iter().chain(required).collect();
    attributes.extend(format(&property.schema.ty));
    attributes.extend(constraints(&property.schema.constraints));
    attributes.extend(property.schema.default.as_ref().map(|value| {
        let value = literal(value);
        quote!(default = #value)
    }));
    attributes.extend(property.schema.example.as_ref().map(|value| {
        let value = literal(value);
        quote!(examples(#value))
    }));
    let schema = (!attributes.is_empty()).then(|| quote!(#[schema(#(#attributes),*)]));
    quote!(#doc #serde #schema pub #rust: #ty)
}

/// A JSON value as an attribute's value.
pub(super) fn literal(value: &Json) -> TokenStream {
    match value {
        Json::String(text) => quote!(#text),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            let json = parsed(&value.to_string());
            quote!(json!(#json))
        }
    }
}

/// What more `utoipa` is to say of types that it doesn't know.
pub(super) fn format(ty: &SchemaType) -> Option<TokenStream> {
    match ty {
        SchemaType::Date => Some(quote!(format = Date)),
        SchemaType::DateTime => Some(quote!(format = DateTime)),
        SchemaType::Decimal { .. } => Some(quote!(format = "decimal")),
        SchemaType::Base64 => Some(quote!(content_encoding = "base64")),
        SchemaType::FreeObject => Some(quote!(additional_properties)),
        SchemaType::Boolean
        | SchemaType::Int32
        | SchemaType::Int64
        | SchemaType::Float
        | SchemaType::Double
        | SchemaType::String
        | SchemaType::Uuid
        | SchemaType::Array(_)
        | SchemaType::Map(_)
        | SchemaType::Ref(_) => None,
    }
}

/// The constraints that `utoipa` has words for.
pub(super) fn constraints(constraints: &Constraints) -> Vec<TokenStream> {
    let counts = [
        ("min_length", constraints.min_length),
        ("max_length", constraints.max_length),
        ("min_items", constraints.min_items),
        ("max_items", constraints.max_items),
    ];
    let numbers = [
        ("minimum", &constraints.minimum),
        ("maximum", &constraints.maximum),
        ("exclusive_minimum", &constraints.exclusive_minimum),
        ("exclusive_maximum", &constraints.exclusive_maximum),
        ("multiple_of", &constraints.multiple_of),
    ];
    let counts =
        counts.into_iter().filter_map(|(name, count)| count.map(|count| (name, count.to_string())));
    let numbers = numbers
        .into_iter()
        .filter_map(|(name, number)| number.as_ref().map(|number| (name, number.to_string())));
    let mut all: Vec<TokenStream> = counts
        .chain(numbers)
        .map(|(name, value)| {
            let (name, value) = (parsed(name), parsed(&value));
            quote!(#name = #value)
        })
        .collect();
    all.extend(constraints.pattern.as_ref().map(|pattern| quote!(pattern = #pattern)));
    all.extend(constraints.format.as_ref().map(|format| quote!(format = #format)));
    all
}

fn enumeration(place: &mut Place<'_, '_>, def: &SchemaDef, variants: &[Variant]) -> TokenStream {
    let name = parsed(&def.rust);
    let doc = described(def);
    let derives = derives(place, def, &quote!(Copy, Eq,));
    let screaming =
        variants.iter().all(|variant| names::is_screaming(&variant.rust, &variant.symbol));
    let rename_all = screaming.then(|| quote!(#[serde(rename_all = "SCREAMING_SNAKE_CASE")]));
    let shown_as = shown_as(def).map(|name| quote!(#[schema(#name)]));
    let items = variants.iter().map(|variant| {
        let doc = docs::attributes(&docs::of_symbol(variant));
        let symbol = &variant.symbol;
        let rename = (!screaming).then(|| quote!(#[serde(rename = #symbol)]));
        let rust = parsed(&variant.rust);
        quote!(#doc #rename #rust)
    });
    let arms = variants.iter().map(|variant| {
        let (rust, symbol) = (parsed(&variant.rust), &variant.symbol);
        quote!(Self::#rust => #symbol)
    });
    quote! {
        #doc
        #derives
        #rename_all
        #shown_as
        pub enum #name { #(#items,)* }

        impl #name {
            /// The value in the document.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { #(#arms,)* }
            }
        }
    }
}

fn branches(place: &mut Place<'_, '_>, def: &SchemaDef, one_of: &OneOf) -> TokenStream {
    let name = parsed(&def.rust);
    let doc = described(def);
    let serialize = place.scope.path("serde", "Serialize");
    let to_schema = place.scope.path("utoipa", "ToSchema");
    let deserialize = place.scope.path("serde", "Deserialize");
    let deserializer = place.scope.path("serde", "Deserializer");
    let shown_as = shown_as(def);
    let property = &one_of.property;
    let arms = one_of.branches.iter().map(|branch| {
        let (value, rust) = (&branch.value, parsed(&branch.rust));
        quote!(Some(#value) => serde_json::from_value(value).map(Self::#rust))
    });
    let values: Vec<_> =
        one_of.branches.iter().map(|branch| format!("`{}`", branch.value)).collect();
    let refused = format!("expected `{property}` to be one of {}", values.join(", "));
    let variants: Vec<_> = one_of
        .branches
        .iter()
        .map(|branch| {
            let rust = parsed(&branch.rust);
            let ty = parsed(&place.base(&SchemaType::Ref(branch.schema)));
            quote!(#rust(#ty))
        })
        .collect();
    quote! {
        #doc
        #[derive(Clone, Debug, PartialEq, #serialize, #to_schema)]
        #[serde(untagged)]
        #[schema(#shown_as discriminator = #property)]
        #[allow(missing_docs, reason = "a branch is described by its type, and by nothing more in the document")]
        pub enum #name { #(#variants,)* }

        impl<'de> #deserialize<'de> for #name {
            fn deserialize<D: #deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = <serde_json::Value as #deserialize>::deserialize(deserializer)?;
                // Branches may look alike: the discriminator tells them apart.
                match value[#property].as_str() {
                    #(#arms,)*
                    _ => return Err(serde::de::Error::custom(#refused)),
                }
                .map_err(serde::de::Error::custom)
            }
        }
    }
}

fn alias(place: &mut Place<'_, '_>, def: &SchemaDef, schema: &SchemaUse) -> TokenStream {
    let name = parsed(&def.rust);
    let doc = described(def);
    let derives = derives(place, def, &TokenStream::new());
    let ty_text = place.nullable(schema);
    let ty = parsed(&ty_text);
    let shown = place.shown(&schema.ty);
    let mut attributes: Vec<TokenStream> = shown_as(def)
        .map(|_| {
            let name = parsed(&def.name);
            quote!(as = #name)
        })
        .into_iter()
        .collect();
    if shown != ty_text {
        let shown = parsed(&shown);
        attributes.push(quote!(value_type = #shown));
    }
    attributes.extend(format(&schema.ty));
    attributes.extend(constraints(&schema.constraints));
    let attribute = (!attributes.is_empty()).then(|| quote!(#[schema(#(#attributes),*)]));
    quote! {
        #doc
        #derives
        #[serde(transparent)]
        #attribute
        pub struct #name(pub #ty);
    }
}

fn conversion_items(
    place: &mut Place<'_, '_>,
    def: &SchemaDef,
    conversion: &Conversion,
) -> TokenStream {
    let schema = parsed(&def.rust);
    let avro = parsed(&place.scope.named(conversion.id));
    let (from, to) = match conversion.direction {
        Direction::Request => (&schema, &avro),
        Direction::Response => (&avro, &schema),
    };
    let value = match (&conversion.parts, &def.shape) {
        (ConversionParts::Fields(parts), SchemaShape::Object(object)) => match conversion.direction
        {
            Direction::Request => record_value(place, object, conversion.id, parts),
            Direction::Response => object_value(place, object, conversion.id, parts),
        },
        (ConversionParts::Variants(pairs), SchemaShape::Enum(variants)) => {
            let symbols = match &place.scope.contracts().type_of(conversion.id).shape {
                Shape::Enum(symbols) => symbols.variants.as_slice(),
                Shape::Record(_) | Shape::Fixed { .. } | Shape::Union(_) => &[],
            };
            let (ours, theirs) = match conversion.direction {
                Direction::Request => (variants.as_slice(), symbols),
                Direction::Response => (symbols, variants.as_slice()),
            };
            let arms = pairs.iter().map(|(one, other)| {
                let (one, other) = (parsed(&ours[*one].rust), parsed(&theirs[*other].rust));
                quote!(#from::#one => Self::#other)
            });
            quote!(match value { #(#arms,)* })
        }
        (ConversionParts::Branches(pairs), SchemaShape::OneOf(one_of)) => {
            branches_value(place, one_of, conversion, pairs, from)
        }
        // The IR pairs like with like.
        (
            ConversionParts::Fields(_)
            | ConversionParts::Variants(_)
            | ConversionParts::Branches(_),
            _,
        ) => quote!(value),
    };
    quote! {
        impl From<#from> for #to {
            fn from(value: #from) -> Self {
                #value
            }
        }
    }
}

fn record_value(
    place: &mut Place<'_, '_>,
    object: &Object,
    id: TypeId,
    parts: &[PartSource],
) -> TokenStream {
    let record = place.scope.contracts().record(id);
    let fields: Vec<_> = record
        .fields
        .iter()
        .zip(parts)
        .map(|(field, part)| {
            let rust = parsed(&field.rust);
            let value = match part {
                PartSource::Property { property, absent } => {
                    let property = &object.properties[*property];
                    let value = format!("value.{}", property.rust);
                    place.field_value(
                        &value,
                        is_optional(property),
                        &property.schema,
                        &field.ty,
                        absent.as_ref(),
                    )
                }
                PartSource::Constant(constant) => place.scope.constant(&field.ty, constant),
                // Of responses only.
                PartSource::Field(_) | PartSource::Tag(_) | PartSource::Absent => "None".to_owned(),
            };
            let value = parsed(&value);
            quote!(#rust: #value)
        })
        .collect();
    quote!(Self { #(#fields,)* })
}

fn object_value(
    place: &mut Place<'_, '_>,
    object: &Object,
    id: TypeId,
    parts: &[PartSource],
) -> TokenStream {
    let record = place.scope.contracts().record(id);
    let fields: Vec<_> = object
        .properties
        .iter()
        .zip(parts)
        .map(|(property, part)| {
            let rust = parsed(&property.rust);
            let value = match part {
                PartSource::Field(index) => {
                    let field = &record.fields[*index];
                    let value = format!("value.{}", field.rust);
                    property_value(place, &value, &field.ty, property)
                }
                PartSource::Tag(value) => format!("{value:?}.to_owned()"),
                PartSource::Constant(_) | PartSource::Property { .. } | PartSource::Absent => {
                    "None".to_owned()
                }
            };
            let value = parsed(&value);
            quote!(#rust: #value)
        })
        .collect();
    quote!(Self { #(#fields,)* })
}

fn property_value(
    place: &mut Place<'_, '_>,
    value: &str,
    avro: &Type,
    property: &Property,
) -> String {
    if let Type::Optional { inner, null_first } = avro {
        let value = if *null_first { value.to_owned() } else { format!("{value}.0") };
        let way = place.way_out(inner, &property.schema.ty);
        return gone_within(way.as_ref(), &value);
    }
    let way = place.way_out(avro, &property.schema.ty);
    let value = gone(way.as_ref(), value);
    if is_optional(property) { format!("Some({value})") } else { value }
}

fn branches_value(
    place: &mut Place<'_, '_>,
    one_of: &OneOf,
    conversion: &Conversion,
    pairs: &[(usize, usize)],
    from: &TokenStream,
) -> TokenStream {
    let union = match &place.scope.contracts().type_of(conversion.id).shape {
        Shape::Union(union) => union.branches.as_slice(),
        Shape::Record(_) | Shape::Enum(_) | Shape::Fixed { .. } => &[],
    };
    let arms = pairs.iter().map(|(one, other)| {
        let (one, other) = match conversion.direction {
            Direction::Request => (&one_of.branches[*one].rust, &union[*other].rust),
            Direction::Response => (&union[*one].rust, &one_of.branches[*other].rust),
        };
        let (one, other) = (parsed(one), parsed(other));
        quote!(#from::#one(value) => Self::#other(value.into()))
    });
    quote!(match value { #(#arms,)* })
}
