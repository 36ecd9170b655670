//! The second form of a type, whose text and bytes are slices of the message (`docs/adr/0025`): what events are made of
//! has one, and the metadata. It says the same as the first, field by field, and becomes it where it is kept.

use std::fmt::Write as _;

use proc_macro2::TokenStream;
use quote::quote;

use super::record;
use super::scope::Scope;
use super::text::parsed;
use crate::ir::{Branch, Constant, Record, Shape, Type, TypeDef, TypeId, UnionDef};

/// The name of a type's borrowing form, without its lifetime.
pub(super) fn name(def: &TypeDef) -> String {
    format!("{}Ref", def.rust.name)
}

/// The struct that borrows.
pub(super) fn structure(scope: &mut Scope<'_>, def: &TypeDef, record: &Record) -> TokenStream {
    let owned = &def.rust.name;
    let fields: Vec<_> = record
        .fields
        .iter()
        .map(|field| {
            let doc = format!(" As [`{owned}::{}`].", field.rust.trim_start_matches("r#"));
            let rust = parsed(&field.rust);
            let ty = parsed(&ty(scope, &field.ty));
            quote!(#[doc = #doc] pub #rust: #ty)
        })
        .collect();
    let (doc, name) = (doc(def), parsed(&name(def)));
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq)]
        pub struct #name<'a> { #(#fields,)* }
    }
}

/// The enum that borrows.
pub(super) fn union(scope: &mut Scope<'_>, def: &TypeDef, union: &UnionDef) -> TokenStream {
    let owned = &def.rust.name;
    let variants: Vec<_> = union
        .branches
        .iter()
        .map(|branch| {
            let doc = format!(" As [`{owned}::{}`].", branch.rust);
            let rust = parsed(&branch.rust);
            let value = (branch.ty != Type::Null).then(|| {
                let ty = parsed(&ty(scope, &branch.ty));
                quote!((#ty))
            });
            quote!(#[doc = #doc] #rust #value)
        })
        .collect();
    let (doc, name) = (doc(def), parsed(&name(def)));
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq)]
        pub enum #name<'a> { #(#variants,)* }
    }
}

fn doc(def: &TypeDef) -> String {
    let name = &def.rust.name;
    format!(" [`{name}`] as it is looked at and let go: its texts are slices of the message.")
}

/// The lines of `charter_avro::record_ref!`, which writes the codec.
pub(super) fn record_codec(scope: &mut Scope<'_>, def: &TypeDef, record: &Record) -> String {
    let lines = record.fields.iter().map(|field| {
        let ty = ty(scope, &field.ty);
        let default = field.default.as_ref().map(|default| constant(scope, &field.ty, default));
        record::codec_line(field, &ty, default)
    });
    record::codec_lines("record_ref", &head(def), lines)
}

/// The lines of `charter_avro::union_ref!`.
pub(super) fn union_codec(scope: &mut Scope<'_>, def: &TypeDef, union: &UnionDef) -> String {
    let mut text = format!("charter_avro::union_ref! {{\n    {} {{\n", head(def));
    for branch in &union.branches {
        let value = if branch.ty == Type::Null {
            String::new()
        } else {
            format!("({})", ty(scope, &branch.ty))
        };
        let _ = writeln!(text, "        {}{value},", branch.rust);
    }
    text.push_str("    }\n}");
    text
}

fn head(def: &TypeDef) -> String {
    format!("{}<'a> => {}", name(def), def.rust.name)
}

/// A named type where text is borrowed: its borrowing form, or itself where it has none.
pub(super) fn named(scope: &mut Scope<'_>, id: TypeId) -> String {
    let def = scope.contracts().type_of(id);
    if def.is_lent { format!("{}<'a>", scope.lent(id)) } else { scope.named(id) }
}

/// The Rust type of a field.
fn ty(scope: &mut Scope<'_>, of: &Type) -> String {
    match of {
        Type::String => "&'a str".to_owned(),
        Type::Bytes => "&'a [u8]".to_owned(),
        Type::Array(items) => format!("{}<{}>", scope.prelude("Vec"), ty(scope, items)),
        Type::Map(values) => {
            let map = scope.name("std::collections", "BTreeMap");
            format!("{map}<&'a str, {}>", ty(scope, values))
        }
        Type::Optional { inner, null_first: true } => {
            format!("{}<{}>", scope.prelude("Option"), ty(scope, inner))
        }
        Type::Optional { inner, null_first: false } => {
            let last = scope.name("charter_avro::codec", "NullLast");
            format!("{last}<{}>", ty(scope, inner))
        }
        Type::Named { id, boxed: false } => named(scope, *id),
        Type::Named { id, boxed: true } => {
            format!("{}<{}>", scope.prelude("Box"), named(scope, *id))
        }
        Type::Null
        | Type::Boolean
        | Type::Int
        | Type::Long
        | Type::Float
        | Type::Double
        | Type::Logical(_) => scope.ty(of),
    }
}

/// An expression of that type.
fn constant(scope: &mut Scope<'_>, of: &Type, value: &Constant) -> String {
    match (of, value) {
        (Type::String, Constant::String(text)) => format!("{text:?}"),
        (Type::Bytes, Constant::Bytes(bytes)) => format!("&{bytes:?}"),
        (Type::Array(items), Constant::Array(values)) => {
            if values.is_empty() {
                return format!("{}::new()", scope.prelude("Vec"));
            }
            let values: Vec<_> = values.iter().map(|value| constant(scope, items, value)).collect();
            format!("vec![{}]", values.join(", "))
        }
        (Type::Map(values), Constant::Map(entries)) => {
            let map = scope.name("std::collections", "BTreeMap");
            if entries.is_empty() {
                return format!("{map}::new()");
            }
            let entry = |(key, value): &(String, Constant)| {
                format!("({key:?}, {})", constant(scope, values, value))
            };
            let entries: Vec<_> = entries.iter().map(entry).collect();
            format!("{map}::from([{}])", entries.join(", "))
        }
        (Type::Optional { inner, null_first }, value) if *value != Constant::Null => {
            let value = if let Constant::Some(value) = value { value } else { value };
            let value = format!("Some({})", constant(scope, inner, value));
            if *null_first {
                value
            } else {
                format!("{}({value})", scope.name("charter_avro::codec", "NullLast"))
            }
        }
        (Type::Named { id, boxed: true }, value) => {
            let unboxed = Type::Named { id: *id, boxed: false };
            format!("{}::new({})", scope.prelude("Box"), constant(scope, &unboxed, value))
        }
        (Type::Named { id, boxed: false }, value) if scope.contracts().type_of(*id).is_lent => {
            named_constant(scope, *id, value)
        }
        _ => scope.constant(of, value),
    }
}

fn named_constant(scope: &mut Scope<'_>, id: TypeId, value: &Constant) -> String {
    let contracts = scope.contracts();
    let name = scope.lent(id);
    match (&contracts.type_of(id).shape, value) {
        (Shape::Record(record), Constant::Record { fields, .. }) => {
            let fields: Vec<_> = record
                .fields
                .iter()
                .zip(fields)
                .map(|(field, value)| {
                    format!("{}: {}", field.rust, constant(scope, &field.ty, value))
                })
                .collect();
            format!("{name} {{ {} }}", fields.join(", "))
        }
        (Shape::Union(union), Constant::Union { branch, value, .. }) => {
            variant(scope, &name, &union.branches[*branch], value)
        }
        (Shape::Union(union), value) => union
            .branches
            .iter()
            .find(|branch| (branch.ty == Type::Null) == (*value == Constant::Null))
            .map_or(name.clone(), |branch| variant(scope, &name, branch, value)),
        (Shape::Record(_) | Shape::Enum(_) | Shape::Fixed { .. }, _) => name,
    }
}

fn variant(scope: &mut Scope<'_>, name: &str, branch: &Branch, value: &Constant) -> String {
    if branch.ty == Type::Null {
        format!("{name}::{}", branch.rust)
    } else {
        format!("{name}::{}({})", branch.rust, constant(scope, &branch.ty, value))
    }
}
