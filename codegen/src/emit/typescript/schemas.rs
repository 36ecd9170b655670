//! What bodies are made of: `schemas.ts`.

use std::fmt::Write as _;

use super::text::{TsFile, list_of, member, quoted};
use crate::emit::docs;
use crate::ir::{Gateway, Property, SchemaDef, SchemaShape, SchemaType, SchemaUse, Variant};

/// The file of all schemas.
pub(super) fn file(gateway: &Gateway) -> TsFile {
    let mut file = TsFile::from_source(&gateway.file);
    for def in &gateway.schemas {
        schema(&mut file, gateway, def);
    }
    file
}

fn schema(file: &mut TsFile, gateway: &Gateway, def: &SchemaDef) {
    let name = &def.rust;
    file.doc("", &docs::described(def.doc.as_deref(), &def.name));
    match &def.shape {
        SchemaShape::Object(object) => {
            file.line(&format!("export interface {name} {{"));
            for property in &object.properties {
                self::property(file, gateway, property);
            }
            if !object.closed && object.properties.is_empty() {
                file.line("  [name: string]: unknown;");
            }
            file.line("}");
        }
        SchemaShape::Enum(variants) => {
            file.line(&format!("export type {name} = {};", alternatives(variants)));
        }
        SchemaShape::OneOf(one_of) => {
            let branches: Vec<String> = one_of
                .branches
                .iter()
                .map(|branch| {
                    let tag =
                        format!("{{ {}: {} }}", member(&one_of.property), quoted(&branch.value));
                    format!("({tag} & {})", gateway.schema(branch.schema).rust)
                })
                .collect();
            file.line(&format!("export type {name} = {};", branches.join(" | ")));
        }
        SchemaShape::Alias(schema) => {
            file.line(&format!("export type {name} = {};", type_of(gateway, schema)));
        }
    }
    file.line("");
}

fn property(file: &mut TsFile, gateway: &Gateway, property: &Property) {
    let mut doc = docs::described(property.doc.as_deref(), &property.name);
    if let Some(example) = &property.schema.example {
        let _ = write!(doc, " Example: `{}`.", docs::plain(example));
    }
    file.doc("  ", &doc);
    let ty = type_of(gateway, &property.schema);
    // `exactOptionalPropertyTypes`: what is not there may be given as undefined, which JSON leaves out.
    if property.required {
        file.line(&format!("  {}: {ty};", member(&property.name)));
    } else {
        file.line(&format!("  {}?: {ty} | undefined;", member(&property.name)));
    }
}

/// The values of an enum.
pub(super) fn alternatives(variants: &[Variant]) -> String {
    let symbols: Vec<String> = variants.iter().map(|variant| quoted(&variant.symbol)).collect();
    if symbols.is_empty() { "never".to_owned() } else { symbols.join(" | ") }
}

/// The type of a value, as JSON has it.
pub(super) fn type_of(gateway: &Gateway, schema: &SchemaUse) -> String {
    named(gateway, schema, "")
}

/// The same, where schemas are in another module: `prefix` is `schemas.`.
pub(super) fn named(gateway: &Gateway, schema: &SchemaUse, prefix: &str) -> String {
    let ty = match &schema.ty {
        SchemaType::Boolean => "boolean".to_owned(),
        SchemaType::Int32 | SchemaType::Int64 | SchemaType::Float | SchemaType::Double => {
            "number".to_owned()
        }
        SchemaType::String
        | SchemaType::Uuid
        | SchemaType::Date
        | SchemaType::DateTime
        | SchemaType::Decimal { .. }
        | SchemaType::Base64 => "string".to_owned(),
        SchemaType::Array(items) => list_of(&named(gateway, items, prefix)),
        SchemaType::Map(values) => format!("Record<string, {}>", named(gateway, values, prefix)),
        SchemaType::Ref(id) => format!("{prefix}{}", gateway.schema(*id).rust),
        SchemaType::FreeObject => "Record<string, unknown>".to_owned(),
    };
    if schema.nullable { format!("{ty} | null") } else { ty }
}
