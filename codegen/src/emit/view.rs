//! A file for each view: `views/<name>.rs`.

use proc_macro2::TokenStream;
use quote::quote;

use super::named::Body;
use super::record;
use super::scope::Scope;
use super::text::{RustFile, parsed};
use crate::ir::{Column, ColumnKind, Field, Type, TypeDef, View};

/// The file of a view.
pub(super) fn file(scope: &mut Scope<'_>, view: &View) -> RustFile {
    let contracts = scope.contracts();
    let def = contracts.type_of(view.id);
    let fields = contracts.record(view.id);
    let mut body = Body::default();
    body.items.extend(record::structure(scope, def, fields));
    body.items.extend(key(scope, def, &keys(view, &fields.fields)));
    body.items.extend(implementation(scope, def, view, &fields.fields));
    body.items.extend(table(scope, def, view, &fields.fields));
    body.into_file(scope, &def.origin.file)
}

fn keys<'a>(view: &View, fields: &'a [Field]) -> Vec<&'a Field> {
    view.key.iter().map(|index| &fields[*index]).collect()
}

fn key_name(def: &TypeDef) -> TokenStream {
    parsed(&format!("{}Key", def.rust.name))
}

fn key(scope: &mut Scope<'_>, def: &TypeDef, fields: &[&Field]) -> TokenStream {
    let name = key_name(def);
    let doc = format!(" What names a [`{}`] within its tenant.", def.rust.name);
    let fields: Vec<_> = fields
        .iter()
        .map(|field| {
            let doc = super::docs::attributes(&super::docs::of_field(field));
            let rust = parsed(&field.rust);
            let ty = parsed(&scope.ty(&field.ty));
            quote!(#doc pub #rust: #ty)
        })
        .collect();
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct #name { #(#fields,)* }
    }
}

fn implementation(
    scope: &mut Scope<'_>,
    def: &TypeDef,
    view: &View,
    fields: &[Field],
) -> TokenStream {
    let contracts = scope.contracts();
    let name = parsed(&def.rust.name);
    let key = key_name(def);
    let view_trait = scope.domain("View");
    let table = scope.domain("Table");
    let value = scope.domain("ColumnValue");
    let error = scope.domain("ColumnError");
    let row = scope.path("charter_domain::row", "Row");
    let key_fields = keys(view, fields);
    let key_parts: Vec<_> = key_fields
        .iter()
        .map(|field| {
            let rust = parsed(&field.rust);
            let clone = (!super::message::is_copy(contracts, &field.ty)).then(|| quote!(.clone()));
            quote!(#rust: self.#rust #clone)
        })
        .collect();
    let key_values: Vec<_> = view
        .key
        .iter()
        .map(|index| to_value(scope, &quote!(key), &fields[*index], &view.columns[*index]))
        .collect();
    let values: Vec<_> = fields
        .iter()
        .zip(&view.columns)
        .map(|(field, column)| to_value(scope, &quote!(self), field, column))
        .collect();
    let taken: Vec<_> = fields
        .iter()
        .zip(&view.columns)
        .map(|(field, column)| {
            let rust = parsed(&field.rust);
            let take = parsed(way(scope, field, column).method());
            quote!(#rust: row.#take()?)
        })
        .collect();
    let (vec, result) = (scope.prelude_path("Vec"), scope.prelude_path("Result"));
    quote! {
        impl #view_trait for #name {
            type Key = #key;

            const TABLE: &'static #table = &TABLE;

            fn key(&self) -> #key {
                #key { #(#key_parts),* }
            }

            fn key_values(key: &#key) -> #vec<#value> {
                #vec::from([#(#key_values),*])
            }

            fn to_values(&self) -> #vec<#value> {
                #vec::from([#(#values),*])
            }

            fn from_values(values: #vec<#value>) -> #result<Self, #error> {
                let mut row = #row::of::<Self>(values);
                Ok(Self { #(#taken),* })
            }
        }
    }
}

/// How a field meets its column.
#[derive(Clone, Copy)]
enum Way {
    Cell,
    Symbol { optional: bool },
    Json,
}

impl Way {
    fn method(self) -> &'static str {
        match self {
            Self::Cell => "cell",
            Self::Symbol { .. } => "symbol",
            Self::Json => "json",
        }
    }
}

fn way(scope: &Scope<'_>, field: &Field, column: &Column) -> Way {
    let optional = matches!(field.ty, Type::Optional { .. });
    let ty = if let Type::Optional { inner, .. } = &field.ty { inner } else { &field.ty };
    if super::message::is_enum(scope.contracts(), ty) {
        Way::Symbol { optional }
    } else if column.kind == ColumnKind::Json {
        Way::Json
    } else {
        Way::Cell
    }
}

fn to_value(
    scope: &mut Scope<'_>,
    from: &TokenStream,
    field: &Field,
    column: &Column,
) -> TokenStream {
    let rust = parsed(&field.rust);
    match way(scope, field, column) {
        Way::Cell => {
            scope.path("charter_domain::row", "Cell");
            quote!(#from.#rust.to_cell())
        }
        Way::Symbol { optional: false } => {
            let symbol = scope.path("charter_domain::row", "symbol");
            quote!(#symbol(#from.#rust.as_str()))
        }
        Way::Symbol { optional: true } => {
            let symbol = scope.path("charter_domain::row", "symbol");
            let Type::Optional { inner, null_first } = &field.ty else { return quote!() };
            let null_last = (!null_first).then(|| quote!(.0));
            let ty = parsed(&scope.ty(inner));
            quote!(#symbol(#from.#rust #null_last.map(#ty::as_str)))
        }
        Way::Json => {
            let json = scope.path("charter_domain::row", "json");
            quote!(#json(&#from.#rust))
        }
    }
}

fn table(scope: &mut Scope<'_>, def: &TypeDef, view: &View, fields: &[Field]) -> TokenStream {
    let table = scope.domain("Table");
    let (table_name, full_name, fingerprint) = (&view.table, &def.full_name, &view.fingerprint);
    let columns: Vec<_> = view
        .columns
        .iter()
        .zip(fields)
        .map(|(column, field)| {
            let column_type = scope.domain("Column");
            let column_kind = scope.domain("ColumnType");
            let (name, field, nullable) = (&column.name, &field.name, column.nullable);
            let kind = parsed(kind(column.kind));
            quote!(#column_type { name: #name, field: #field, kind: #column_kind::#kind, nullable: #nullable })
        })
        .collect();
    let key = view.key.iter().map(|index| &view.columns[*index].name);
    let indexes: Vec<_> = view
        .indexes
        .iter()
        .map(|columns| {
            let index = scope.domain("Index");
            let names = columns.iter().map(|column| &view.columns[*column].name);
            quote!(#index { columns: &[#(#names),*] })
        })
        .collect();
    quote! {
        static TABLE: #table = #table {
            name: #table_name,
            view: #full_name,
            columns: &[#(#columns),*],
            key: &[#(#key),*],
            indexes: &[#(#indexes),*],
            fingerprint: #fingerprint,
        };
    }
}

fn kind(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Boolean => "Boolean",
        ColumnKind::Integer => "Integer",
        ColumnKind::Real => "Real",
        ColumnKind::Text => "Text",
        ColumnKind::Bytes => "Bytes",
        ColumnKind::Uuid => "Uuid",
        ColumnKind::Decimal => "Decimal",
        ColumnKind::Timestamp => "Timestamp",
        ColumnKind::Date => "Date",
        ColumnKind::Json => "Json",
    }
}
