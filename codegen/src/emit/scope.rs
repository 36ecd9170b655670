//! What a file names: Rust types of the contracts and of the runtime, and the `use` lines for them.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;

use super::text::parsed;
use crate::ir::{Constant, Contracts, Logical, Shape, Type, TypeId};

/// Types of Rust's prelude that emitted code uses. A contract's type of such a name is never imported.
const PRELUDE: [&str; 5] = ["Box", "Option", "Result", "String", "Vec"];

/// The names of one emitted file. Asking for a name also imports it; where two things have one name, the
/// later is written with its path.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    contracts: &'a Contracts,
    krate: &'a str,
    /// Name to the module it comes from; empty for what the file itself holds.
    names: BTreeMap<String, String>,
}

impl<'a> Scope<'a> {
    /// The scope of a file of `krate` that holds the types `own`.
    pub(super) fn new(contracts: &'a Contracts, krate: &'a str, own: &[&str]) -> Self {
        let names = own.iter().map(|name| ((*name).to_owned(), String::new())).collect();
        Self { contracts, krate, names }
    }

    /// The contracts that the file is made from.
    pub(super) fn contracts(&self) -> &'a Contracts {
        self.contracts
    }

    /// `module::name`, imported.
    pub(super) fn name(&mut self, module: &str, name: &str) -> String {
        match self.names.get(name) {
            None => {
                self.names.insert(name.to_owned(), module.to_owned());
                name.to_owned()
            }
            Some(known) if known == module => name.to_owned(),
            Some(_) => format!("{module}::{name}"),
        }
    }

    /// `module::name` as tokens, imported.
    pub(super) fn path(&mut self, module: &str, name: &str) -> TokenStream {
        parsed(&self.name(module, name))
    }

    /// A name of `charter_domain`.
    pub(super) fn domain(&mut self, name: &str) -> TokenStream {
        self.path("charter_domain", name)
    }

    /// A type of Rust's prelude, which needs a path where a contract has a type of its name.
    pub(super) fn prelude(&self, name: &str) -> String {
        if !self.names.contains_key(name) {
            return name.to_owned();
        }
        let module = match name {
            "Box" => "boxed",
            "Option" => "option",
            "Result" => "result",
            "String" => "string",
            _ => "vec",
        };
        format!("std::{module}::{name}")
    }

    /// A type of Rust's prelude as tokens.
    pub(super) fn prelude_path(&self, name: &str) -> TokenStream {
        parsed(&self.prelude(name))
    }

    /// The Rust type of a named Avro type.
    pub(super) fn named(&mut self, id: TypeId) -> String {
        let rust = &self.contracts.type_of(id).rust;
        if self.names.get(&rust.name).is_some_and(String::is_empty) && rust.krate == self.krate {
            return rust.name.clone();
        }
        let krate = if rust.krate == self.krate { "crate" } else { rust.krate.as_str() };
        let module = format!("{krate}::{}", rust.module);
        if PRELUDE.contains(&rust.name.as_str()) {
            return format!("{module}::{}", rust.name);
        }
        self.name(&module, &rust.name)
    }

    /// The Rust type that borrows beside the one of a named Avro type, without its lifetime.
    pub(super) fn lent(&mut self, id: TypeId) -> String {
        let rust = &self.contracts.type_of(id).rust;
        let name = super::borrowed::name(self.contracts.type_of(id));
        if self.names.get(&name).is_some_and(String::is_empty) && rust.krate == self.krate {
            return name;
        }
        let krate = if rust.krate == self.krate { "crate" } else { rust.krate.as_str() };
        self.name(&format!("{krate}::{}", rust.module), &name)
    }

    /// The Rust type of a field, as text.
    pub(super) fn ty(&mut self, ty: &Type) -> String {
        match ty {
            Type::Null => "()".to_owned(),
            Type::Boolean => "bool".to_owned(),
            Type::Int => "i32".to_owned(),
            Type::Long => "i64".to_owned(),
            Type::Float => "f32".to_owned(),
            Type::Double => "f64".to_owned(),
            Type::Bytes => self.codec("Bytes"),
            Type::String => self.prelude("String"),
            Type::Logical(logical) => self.logical(*logical),
            Type::Array(items) => format!("{}<{}>", self.prelude("Vec"), self.ty(items)),
            Type::Map(values) => {
                let map = self.name("std::collections", "BTreeMap");
                format!("{map}<{}, {}>", self.prelude("String"), self.ty(values))
            }
            Type::Optional { inner, null_first: true } => {
                format!("{}<{}>", self.prelude("Option"), self.ty(inner))
            }
            Type::Optional { inner, null_first: false } => {
                format!("{}<{}>", self.codec("NullLast"), self.ty(inner))
            }
            Type::Named { id, boxed: false } => self.named(*id),
            Type::Named { id, boxed: true } => {
                format!("{}<{}>", self.prelude("Box"), self.named(*id))
            }
        }
    }

    fn logical(&mut self, logical: Logical) -> String {
        match logical {
            Logical::Decimal { precision, scale, fixed: None } => {
                format!("{}<{precision}, {scale}>", self.codec("Decimal"))
            }
            Logical::Decimal { precision, scale, fixed: Some(size) } => {
                format!("{}<{size}, {precision}, {scale}>", self.codec("FixedDecimal"))
            }
            Logical::Uuid { fixed: false } => self.codec("Uuid"),
            Logical::Uuid { fixed: true } => self.codec("FixedUuid"),
            Logical::Date => self.time("Date"),
            Logical::TimeMillis => self.time("TimeMillis"),
            Logical::TimeMicros => self.time("TimeMicros"),
            Logical::TimestampMillis => self.time("TimestampMillis"),
            Logical::TimestampMicros => self.time("Timestamp"),
            Logical::TimestampNanos => self.time("TimestampNanos"),
            Logical::LocalTimestampMillis => self.time("LocalTimestampMillis"),
            Logical::LocalTimestampMicros => self.time("LocalTimestampMicros"),
            Logical::LocalTimestampNanos => self.time("LocalTimestampNanos"),
            Logical::Duration => self.time("CalendarDuration"),
        }
    }

    fn codec(&mut self, name: &str) -> String {
        self.name("charter_avro::codec", name)
    }

    fn time(&mut self, name: &str) -> String {
        self.name("charter_avro::logical", name)
    }

    /// An expression of the Rust type of `ty` that has the value `constant`.
    pub(super) fn constant(&mut self, ty: &Type, constant: &Constant) -> String {
        match ty {
            Type::Optional { inner, null_first } => {
                let value = if *constant == Constant::Null {
                    "None".to_owned()
                } else {
                    let value = if let Constant::Some(value) = constant { value } else { constant };
                    format!("Some({})", self.constant(inner, value))
                };
                if *null_first { value } else { format!("{}({value})", self.codec("NullLast")) }
            }
            Type::Named { id, boxed: true } => {
                let unboxed = Type::Named { id: *id, boxed: false };
                format!("{}::new({})", self.prelude("Box"), self.constant(&unboxed, constant))
            }
            Type::Logical(logical) => self.logical_constant(*logical, constant),
            Type::Array(items) => self.array_constant(items, constant),
            Type::Map(values) => self.map_constant(values, constant),
            Type::Named { id, boxed: false } => self.named_constant(*id, constant),
            Type::Null
            | Type::Boolean
            | Type::Int
            | Type::Long
            | Type::Float
            | Type::Double
            | Type::Bytes
            | Type::String => self.plain_constant(constant),
        }
    }

    fn named_constant(&mut self, id: TypeId, constant: &Constant) -> String {
        match (&self.contracts.type_of(id).shape, constant) {
            (Shape::Fixed { .. }, Constant::Bytes(bytes)) => {
                format!("{}({bytes:?})", self.codec("Fixed"))
            }
            (Shape::Union(union), Constant::Null) => {
                let null = union.branches.iter().find(|branch| branch.ty == Type::Null);
                let variant = null.map_or("Null", |branch| branch.rust.as_str());
                format!("{}::{variant}", self.named(id))
            }
            _ => self.plain_constant(constant),
        }
    }

    fn array_constant(&mut self, items: &Type, constant: &Constant) -> String {
        let Constant::Array(values) = constant else { return self.plain_constant(constant) };
        if values.is_empty() {
            return format!("{}::new()", self.prelude("Vec"));
        }
        let values: Vec<_> = values.iter().map(|value| self.constant(items, value)).collect();
        format!("vec![{}]", values.join(", "))
    }

    fn map_constant(&mut self, values: &Type, constant: &Constant) -> String {
        let Constant::Map(entries) = constant else { return self.plain_constant(constant) };
        let map = self.name("std::collections", "BTreeMap");
        if entries.is_empty() {
            return format!("{map}::new()");
        }
        let entries: Vec<_> = entries
            .iter()
            .map(|(key, value)| format!("({key:?}.to_owned(), {})", self.constant(values, value)))
            .collect();
        format!("{map}::from([{}])", entries.join(", "))
    }

    fn logical_constant(&mut self, logical: Logical, constant: &Constant) -> String {
        match (logical, constant) {
            (
                Logical::Decimal { precision, scale, fixed },
                Constant::Decimal { unscaled, scale: given },
            ) => {
                let unscaled = unscaled * 10_i128.pow(scale.saturating_sub(*given));
                let decimal = self.codec("Decimal");
                let value = format!(
                    "{decimal}::<{precision}, {scale}>::from_unscaled({}).expect(\"the contract's default fits\")",
                    integer(unscaled)
                );
                if fixed.is_some() {
                    format!("{}({value})", self.codec("FixedDecimal"))
                } else {
                    value
                }
            }
            (Logical::Uuid { fixed }, Constant::Uuid(text)) => {
                let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
                let value = format!("{}::from_u128(0x{})", self.codec("Uuid"), grouped(&digits, 4));
                if fixed { format!("{}({value})", self.codec("FixedUuid")) } else { value }
            }
            (Logical::Duration, Constant::Bytes(bytes)) => {
                let mut parts = bytes.as_chunks::<4>().0.iter().copied().map(u32::from_le_bytes);
                let mut part = || integer(parts.next().unwrap_or_default().into());
                let (months, days, millis) = (part(), part(), part());
                format!(
                    "{} {{ months: {months}, days: {days}, millis: {millis} }}",
                    self.logical(logical)
                )
            }
            (_, plain) => {
                let (from, fits) = match logical {
                    Logical::Date => ("from_days", ""),
                    Logical::TimestampMillis | Logical::LocalTimestampMillis => ("from_millis", ""),
                    Logical::TimestampMicros | Logical::LocalTimestampMicros => ("from_micros", ""),
                    Logical::TimestampNanos | Logical::LocalTimestampNanos => ("from_nanos", ""),
                    Logical::TimeMillis => {
                        ("from_millis", ".expect(\"the contract's default fits\")")
                    }
                    Logical::TimeMicros => {
                        ("from_micros", ".expect(\"the contract's default fits\")")
                    }
                    // Their defaults are decimals, uuids and bytes, which are above.
                    Logical::Decimal { .. } | Logical::Uuid { .. } | Logical::Duration => {
                        ("from", "")
                    }
                };
                format!("{}::{from}({}){fits}", self.logical(logical), self.plain_constant(plain))
            }
        }
    }

    fn plain_constant(&mut self, constant: &Constant) -> String {
        match constant {
            Constant::Null => "()".to_owned(),
            Constant::Boolean(value) => value.to_string(),
            Constant::Int(value) => integer((*value).into()),
            Constant::Long(value) => integer((*value).into()),
            Constant::Float(value) => format!("{value:?}"),
            Constant::Double(value) => format!("{value:?}"),
            Constant::Bytes(bytes) => format!("{}(vec!{bytes:?})", self.codec("Bytes")),
            Constant::String(text) if text.is_empty() => {
                format!("{}::new()", self.prelude("String"))
            }
            Constant::String(text) => format!("{text:?}.to_owned()"),
            Constant::Uuid(text) => {
                self.logical_constant(Logical::Uuid { fixed: false }, &Constant::Uuid(text.clone()))
            }
            Constant::Decimal { unscaled, .. } => integer(*unscaled),
            Constant::Enum { id, variant } => {
                let name = self.named(*id);
                match &self.contracts.type_of(*id).shape {
                    Shape::Enum(def) => format!("{name}::{}", def.variants[*variant].rust),
                    Shape::Record(_) | Shape::Fixed { .. } | Shape::Union(_) => name,
                }
            }
            Constant::Array(values) => {
                let values: Vec<_> =
                    values.iter().map(|value| self.plain_constant(value)).collect();
                format!("vec![{}]", values.join(", "))
            }
            Constant::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| {
                        format!("({key:?}.to_owned(), {})", self.plain_constant(value))
                    })
                    .collect();
                format!(
                    "{}::from([{}])",
                    self.name("std::collections", "BTreeMap"),
                    entries.join(", ")
                )
            }
            Constant::Record { id, fields } => {
                let name = self.named(*id);
                let record = self.contracts.record(*id);
                let fields: Vec<_> = record
                    .fields
                    .iter()
                    .zip(fields)
                    .map(|(field, value)| {
                        format!("{}: {}", field.rust, self.constant(&field.ty, value))
                    })
                    .collect();
                format!("{name} {{ {} }}", fields.join(", "))
            }
            Constant::Some(value) => format!("Some({})", self.plain_constant(value)),
            Constant::Union { id, branch, value } => {
                let name = self.named(*id);
                match &self.contracts.type_of(*id).shape {
                    Shape::Union(union) => {
                        let branch = &union.branches[*branch];
                        if branch.ty == Type::Null {
                            format!("{name}::{}", branch.rust)
                        } else {
                            format!("{name}::{}({})", branch.rust, self.constant(&branch.ty, value))
                        }
                    }
                    Shape::Record(_) | Shape::Enum(_) | Shape::Fixed { .. } => name,
                }
            }
        }
    }

    /// The `use` lines of the names asked for.
    pub(super) fn uses(&self) -> TokenStream {
        let mut modules: BTreeMap<(bool, &str), Vec<TokenStream>> = BTreeMap::new();
        for (name, module) in &self.names {
            if !module.is_empty() {
                modules
                    .entry((module.starts_with("crate"), module))
                    .or_default()
                    .push(parsed(name));
            }
        }
        let lines = modules.into_iter().map(|((_, module), names)| {
            let module: TokenStream = parsed(module);
            if let [name] = names.as_slice() {
                quote!(use #module::#name;)
            } else {
                quote!(use #module::{#(#names),*};)
            }
        });
        quote!(#(#lines)*)
    }
}

/// An integer literal with `_` between groups of three digits.
pub(super) fn integer(value: i128) -> String {
    let digits = grouped(&value.unsigned_abs().to_string(), 3);
    if value < 0 { format!("-{digits}") } else { digits }
}

fn grouped(digits: &str, group: usize) -> String {
    if digits.len() <= 4 {
        return digits.to_owned();
    }
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(group) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_from_the_right() {
        assert_eq!(integer(300), "300");
        assert_eq!(integer(-1_234_567), "-1_234_567");
    }

    #[test]
    fn a_second_thing_of_one_name_is_written_with_its_path() {
        let contracts = Contracts::default();
        let mut scope = Scope::new(&contracts, "contract_seat", &["Table"]);
        assert_eq!(scope.name("charter_domain", "Table"), "charter_domain::Table");
        assert_eq!(scope.name("charter_domain", "View"), "View");
        assert_eq!(
            scope.uses().to_string(),
            quote!(
                use charter_domain::View;
            )
            .to_string()
        );
    }
}
