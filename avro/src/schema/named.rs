//! The parts of records, enums and fixed types: names, aliases, fields, symbols, sizes.

use std::collections::HashMap;

use super::name::is_name;
use super::parse::{Definition, Parser, Strictness, primitive, unknown};
use super::{Field, FullName, NodeId, Order};
use crate::source::{Member, Span, Tree};

/// The largest length of a fixed: Avro implementations hold it as a signed 32-bit integer.
const MAX_FIXED_SIZE: u64 = i32::MAX as u64;

impl Parser {
    /// The full name of the type that `tree` defines, entered as `node`. `None` when it has no usable name.
    pub(super) fn define(
        &mut self,
        tree: &Tree,
        enclosing: Option<&str>,
        node: NodeId,
    ) -> Option<FullName> {
        let member = self.required(tree, "name")?;
        let span = member.value.span;
        let simple = self.string(member)?;
        let namespace = match tree.member("namespace") {
            Some(member) => self.optional_string(member),
            None => enclosing,
        };
        let name = FullName::new(namespace, simple);
        if !name.is_valid() {
            let message = format!(
                "expected a name of letters, digits and `_`, not starting with a digit, found `{name}`"
            );
            let help =
                Some("the parts of a namespace, separated by dots, are such names too".to_owned());
            self.report("AVRO_INVALID_NAME", message, span, help);
            return None;
        }
        let reserved =
            if self.strictness == Strictness::Contract { name.name() } else { name.as_str() };
        if primitive(reserved).is_some() {
            let message = format!("expected a name that no primitive type has, found `{name}`");
            self.report("AVRO_INVALID_NAME", message, span, None);
            return None;
        }
        if let Some(first) = self.names.get(&name) {
            let place = match self.paths.get(first.file) {
                _ if first.file == self.file => format!("at {}", first.span),
                Some(path) => format!("in {path} at {}", first.span),
                None => "in another file".to_owned(),
            };
            let message = format!(
                "expected each type to be defined once, found `{name}` again (first {place})"
            );
            let help =
                Some("refer to the first definition by its name, or rename one of them".to_owned());
            self.report("AVRO_DUPLICATE_NAME", message, span, help);
        } else {
            self.names.insert(name.clone(), Definition { node, file: self.file, span });
        }
        Some(name)
    }

    pub(super) fn doc(&mut self, tree: &Tree) -> Option<String> {
        let member = tree.member("doc")?;
        self.optional_string(member).map(str::to_owned)
    }

    /// Type aliases: full names, relative to the namespace of the type that they are for.
    pub(super) fn aliases(&mut self, tree: &Tree, name: &FullName) -> Vec<FullName> {
        let mut aliases = Vec::new();
        for (alias, span) in self.strings(tree, "aliases") {
            let alias = FullName::new(name.namespace(), &alias);
            if alias.is_valid() {
                aliases.push(alias);
            } else {
                let message = format!("expected an alias that is a name, found `{alias}`");
                self.report("AVRO_INVALID_NAME", message, span, None);
            }
        }
        aliases
    }

    pub(super) fn symbols(&mut self, tree: &Tree) -> Vec<String> {
        if self.required(tree, "symbols").is_none() {
            return Vec::new();
        }
        let found = self.strings(tree, "symbols");
        let mut symbols: Vec<String> = Vec::with_capacity(found.len());
        let mut seen: HashMap<String, Span> = HashMap::new();
        for (symbol, span) in found {
            if !is_name(&symbol) {
                let message = format!(
                    "expected a symbol of letters, digits and `_`, not starting with a digit, found `{symbol}`"
                );
                self.report("AVRO_INVALID_SYMBOL", message, span, None);
            } else if let Some(first) = seen.get(&symbol) {
                let message =
                    format!("expected each symbol once, found `{symbol}` again (first at {first})");
                self.report("AVRO_DUPLICATE_SYMBOL", message, span, None);
            } else {
                seen.insert(symbol.clone(), span);
                symbols.push(symbol);
            }
        }
        if let (true, Strictness::Contract, Some(member)) =
            (seen.is_empty(), self.strictness, tree.member("symbols"))
        {
            let message = "expected at least one symbol, found none".to_owned();
            self.report(
                "AVRO_EMPTY_ENUM",
                message,
                member.value.span,
                Some("no value fits an empty enum".to_owned()),
            );
        }
        symbols
    }

    pub(super) fn symbol_default(&mut self, tree: &Tree, symbols: &[String]) -> Option<String> {
        let member = tree.member("default")?;
        let symbol = self.optional_string(member)?;
        if symbols.iter().any(|known| known == symbol) {
            return Some(symbol.to_owned());
        }
        let message = format!("expected one of the symbols as default, found `{symbol}`");
        let help = Some(format!("the symbols are {}", listed(symbols)));
        self.report("AVRO_ENUM_DEFAULT", message, member.value.span, help);
        None
    }

    pub(super) fn size(&mut self, tree: &Tree) -> Option<usize> {
        let member = self.required(tree, "size")?;
        let size = member.value.as_u64().filter(|size| *size <= MAX_FIXED_SIZE);
        if let Some(size) = size {
            return usize::try_from(size).ok();
        }
        let found = member
            .value
            .as_number()
            .map_or(member.value.describe().to_owned(), |number| format!("`{number}`"));
        let message =
            format!("expected `size` to be a number of bytes within 0..2147483648, found {found}");
        self.report("AVRO_FIXED_SIZE", message, member.value.span, None);
        None
    }

    pub(super) fn fields(&mut self, tree: &Tree, namespace: Option<&str>) -> Vec<Field> {
        let Some(member) = self.required(tree, "fields") else {
            return Vec::new();
        };
        let Some(items) = member.value.as_array() else {
            self.wrong(member, "an array of fields");
            return Vec::new();
        };
        let mut fields: Vec<Field> = Vec::with_capacity(items.len());
        let mut seen: HashMap<String, Span> = HashMap::new();
        for item in items {
            let Some(field) = self.field(item, namespace) else {
                continue;
            };
            if let Some(first) = seen.get(&field.name) {
                let message = format!(
                    "expected each field once, found `{}` again (first at {first})",
                    field.name
                );
                self.report("AVRO_DUPLICATE_FIELD", message, field.name_span, None);
            } else {
                seen.insert(field.name.clone(), field.name_span);
                fields.push(field);
            }
        }
        if self.strictness == Strictness::Contract {
            self.check_field_aliases(items, seen);
        }
        fields
    }

    fn field(&mut self, tree: &Tree, namespace: Option<&str>) -> Option<Field> {
        if tree.as_object().is_none() {
            let message = format!("expected a field to be an object, found {}", tree.describe());
            let help =
                Some("for example `{\"name\": \"showId\", \"type\": \"string\"}`".to_owned());
            self.report("AVRO_WRONG_ATTRIBUTE", message, tree.span, help);
            return None;
        }
        let name = self.field_name(tree);
        let schema = match self.required(tree, "type") {
            Some(member) => self.schema(&member.value, namespace),
            None => self.hole(tree.span),
        };
        let doc = self.doc(tree);
        let order = self.order(tree);
        let aliases = self.strings(tree, "aliases").into_iter().map(|(alias, _)| alias).collect();
        let (name, name_span) = name?;
        let attributes = unknown(tree, &["name", "type", "doc", "default", "order", "aliases"]);
        let default = tree.get("default").cloned();
        Some(Field {
            name,
            name_span,
            doc,
            schema,
            default,
            aliases,
            order,
            attributes,
            span: tree.span,
        })
    }

    fn field_name(&mut self, tree: &Tree) -> Option<(String, Span)> {
        let member = self.required(tree, "name")?;
        let name = self.string(member)?;
        if !is_name(name) {
            let message = format!(
                "expected a name of letters, digits and `_`, not starting with a digit, found `{name}`"
            );
            self.report("AVRO_INVALID_NAME", message, member.value.span, None);
            return None;
        }
        Some((name.to_owned(), member.value.span))
    }

    fn order(&mut self, tree: &Tree) -> Order {
        let Some(member) = tree.member("order") else {
            return Order::Ascending;
        };
        // Avro Java reads these words in any case.
        let lenient = self.strictness == Strictness::Reader;
        let fits = |word: &str, known: &str| {
            word == known || (lenient && word.eq_ignore_ascii_case(known))
        };
        match member.value.as_str() {
            Some(word) if fits(word, "ascending") => Order::Ascending,
            Some(word) if fits(word, "descending") => Order::Descending,
            Some(word) if fits(word, "ignore") => Order::Ignore,
            other => {
                let found =
                    other.map_or(member.value.describe().to_owned(), |order| format!("`{order}`"));
                let message = format!(
                    "expected `order` to be `ascending`, `descending` or `ignore`, found {found}"
                );
                self.report("AVRO_INVALID_ORDER", message, member.value.span, None);
                Order::Ascending
            }
        }
    }

    /// An alias that also names another field would make one writer's field fit two of the reader's.
    fn check_field_aliases(&mut self, items: &[Tree], mut taken: HashMap<String, Span>) {
        for item in items {
            let own = item.get("name").and_then(Tree::as_str);
            let aliases = item.get("aliases").and_then(Tree::as_array).unwrap_or_default();
            for (alias, span) in
                aliases.iter().filter_map(|alias| Some((alias.as_str()?, alias.span)))
            {
                if !is_name(alias) {
                    let message = format!("expected an alias that is a name, found `{alias}`");
                    self.report("AVRO_INVALID_NAME", message, span, None);
                } else if let Some(first) = taken.get(alias).filter(|_| own != Some(alias)) {
                    let message = format!(
                        "expected an alias that no other field has, found `{alias}` (first at {first})"
                    );
                    self.report("AVRO_DUPLICATE_ALIAS", message, span, None);
                } else {
                    taken.insert(alias.to_owned(), span);
                }
            }
        }
    }

    fn required<'t>(&mut self, tree: &'t Tree, key: &str) -> Option<&'t Member> {
        let member = tree.member(key);
        if member.is_none() {
            let message = format!("expected an attribute `{key}`, found none");
            self.report("AVRO_MISSING_ATTRIBUTE", message, tree.span, None);
        }
        member
    }

    fn string<'t>(&mut self, member: &'t Member) -> Option<&'t str> {
        let text = member.value.as_str();
        if text.is_none() {
            self.wrong(member, "a string");
        }
        text
    }

    /// A string that readers ignore when it is something else.
    fn optional_string<'t>(&mut self, member: &'t Member) -> Option<&'t str> {
        match self.strictness {
            Strictness::Contract => self.string(member),
            Strictness::Reader => member.value.as_str(),
        }
    }

    /// The strings of an array attribute; none when it is absent.
    fn strings(&mut self, tree: &Tree, key: &str) -> Vec<(String, Span)> {
        let Some(member) = tree.member(key) else {
            return Vec::new();
        };
        let Some(items) = member.value.as_array() else {
            self.wrong(member, "an array of strings");
            return Vec::new();
        };
        let mut strings = Vec::with_capacity(items.len());
        for item in items {
            if let Some(text) = item.as_str() {
                strings.push((text.to_owned(), item.span));
            } else {
                let message =
                    format!("expected `{key}` to hold strings, found {}", item.describe());
                self.report("AVRO_WRONG_ATTRIBUTE", message, item.span, None);
            }
        }
        strings
    }

    fn wrong(&mut self, member: &Member, expected: &str) {
        let message = format!(
            "expected `{}` to be {expected}, found {}",
            member.key,
            member.value.describe()
        );
        self.report("AVRO_WRONG_ATTRIBUTE", message, member.value.span, None);
    }
}

/// How many words a message lists: what people can take in, and a bound for messages about huge enums.
const MOST_LISTED: usize = 20;

/// `a`, `b` and `c`, each in backticks; of more than twenty, the first ones and how many more there are.
pub(super) fn listed(words: &[String]) -> String {
    let quoted: Vec<String> =
        words.iter().take(MOST_LISTED).map(|word| format!("`{word}`")).collect();
    match (quoted.split_last(), words.len().saturating_sub(MOST_LISTED)) {
        (None, _) => "none".to_owned(),
        (Some((last, [])), 0) => last.clone(),
        (Some((last, rest)), 0) => format!("{} and {last}", rest.join(", ")),
        (Some(_), more) => format!("{} and {more} more", quoted.join(", ")),
    }
}
