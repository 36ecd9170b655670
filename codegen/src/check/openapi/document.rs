//! OpenAPI documents as they are read: one file, and every file that its `$ref`s lead to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use charter_avro::source::{Member, Span, Tree, Value};

use crate::check::change::Spot;
use crate::ir::Origin;
use crate::problem::{Problem, origin};
use crate::rules;

/// The most references that lead from one to the next.
const MAX_REFERENCES: usize = 64;
/// The most files of one document: far above what a split document has.
const MAX_FILES: usize = 1_000;

/// A document with the files that it refers to.
#[derive(Debug)]
pub struct Document {
    files: Vec<Part>,
    by_path: BTreeMap<String, u32>,
    /// Whether keywords beside a `$ref` count, as they do from OpenAPI 3.1 on.
    siblings: bool,
}

#[derive(Debug)]
struct Part {
    path: String,
    text: String,
    tree: Tree,
}

/// A value of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) file: u32,
}

/// Something that hands out the files beside a document.
pub trait Files {
    /// The text of the file at `path`.
    ///
    /// # Errors
    /// Why there is none: a few words for a message.
    fn read(&self, path: &str) -> Result<String, String>;
}

/// Reads JSON where `path` ends in `.json` or `.avsc` or the text starts like JSON, else YAML.
///
/// # Errors
/// Where the text is neither.
pub fn parse(path: &str, text: &str) -> Result<Tree, Box<Problem>> {
    let extension = Path::new(path).extension();
    let json = match extension.and_then(|extension| extension.to_str()) {
        Some("json" | "avsc") => true,
        Some("yaml" | "yml") => false,
        _ => text.trim_start().starts_with(['{', '[']),
    };
    let parsed = if json { Tree::parse_json(text) } else { Tree::parse_yaml(text) };
    parsed.map_err(|error| {
        Box::new(Problem {
            rule: error.rule,
            severity: rules::Severity::Error,
            message: error.message,
            origin: origin(path, error.span),
            label: "here".to_owned(),
            related: Vec::new(),
            help: "mend the file; nothing was compared".to_owned(),
        })
    })
}

impl Document {
    /// Reads the document at `path`, and the files that it refers to through `files`.
    ///
    /// # Errors
    /// Where a file is no JSON or YAML, or there are too many. A file that cannot be read is a problem of the
    /// reference that leads to it, when that reference is followed.
    pub fn load(path: &str, text: String, files: &dyn Files) -> Result<Self, Box<Problem>> {
        let tree = parse(path, &text)?;
        let version = tree.get("openapi").and_then(Tree::as_str).unwrap_or_default();
        let siblings = !version.starts_with("3.0");
        let mut document = Self { files: Vec::new(), by_path: BTreeMap::new(), siblings };
        document.add(path, text, tree);
        let mut next = 0;
        while next < document.files.len() {
            let part = &document.files[next];
            let mut wanted = Vec::new();
            references(&part.tree, &mut wanted);
            let folder = part.path.clone();
            for reference in wanted {
                let path = beside(&folder, &reference);
                if document.by_path.contains_key(&path) || document.files.len() >= MAX_FILES {
                    continue;
                }
                if let Ok(text) = files.read(&path) {
                    let tree = parse(&path, &text)?;
                    document.add(&path, text, tree);
                }
            }
            next += 1;
        }
        Ok(document)
    }

    fn add(&mut self, path: &str, text: String, tree: Tree) {
        let index = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.by_path.insert(path.to_owned(), index);
        self.files.push(Part { path: path.to_owned(), text, tree });
    }

    /// The files: path and text.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|part| (part.path.as_str(), part.text.as_str()))
    }

    /// The path of the document itself.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.files[0].path
    }

    /// The document's root value.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.files[0].tree
    }

    /// The files: path and tree.
    pub(crate) fn trees(&self) -> impl Iterator<Item = (&str, &Tree)> {
        self.files.iter().map(|part| (part.path.as_str(), &part.tree))
    }

    /// The path of the file of this number.
    pub(crate) fn path_of(&self, file: u32) -> &str {
        &self.part(file).path
    }

    pub(crate) fn root(&self) -> Node<'_> {
        Node { tree: &self.files[0].tree, file: 0 }
    }

    /// The keywords beside the `$ref` that `node` is, where they count.
    pub(crate) fn beside<'a>(&self, node: Node<'a>) -> Vec<&'a Member> {
        if !self.siblings || reference(node.tree).is_none() {
            return Vec::new();
        }
        let members = node.tree.as_object().unwrap_or_default().iter();
        members.filter(|member| member.key != "$ref" && !member.value.is_null()).collect()
    }

    fn part(&self, file: u32) -> &Part {
        &self.files[file as usize]
    }

    pub(crate) fn origin(&self, node: Node<'_>) -> Origin {
        self.origin_of(node.file, node.tree.span)
    }

    pub(crate) fn origin_of(&self, file: u32, span: Span) -> Origin {
        origin(&self.part(file).path, span)
    }

    /// Where `node` stands, with its JSON pointer.
    pub(crate) fn spot(&self, node: Node<'_>) -> Spot {
        Spot { origin: self.origin(node), pointer: pointer(&self.part(node.file).tree, node.tree) }
    }

    fn file_at(&self, from: u32, path: &str) -> Option<u32> {
        if path.is_empty() {
            return Some(from);
        }
        self.by_path.get(&beside(&self.part(from).path, path)).copied()
    }
}

/// Follows references, and keeps what is wrong with them.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) document: &'a Document,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(document: &'a Document) -> Self {
        Self { document, problems: RefCell::default() }
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    pub(crate) fn misshapen(&self, node: Node<'a>, what: &str, expected: &str) {
        let message = format!("expected `{what}` to be {expected}, found {}", node.tree.describe());
        let at = self.document.origin(node);
        self.problems.borrow_mut().push(Problem::new(&rules::OPENAPI_SHAPE, &at, message));
    }

    fn dangling(&self, node: Node<'a>, message: String) {
        let at = self.document.origin(node);
        self.problems.borrow_mut().push(Problem::new(&rules::OPENAPI_REFERENCE, &at, message));
    }

    /// What `node` is when its references are followed, and the last reference on the way. `None`, noted as a
    /// problem, where one leads nowhere.
    pub(crate) fn resolve(&self, node: Node<'a>) -> Option<Node<'a>> {
        let mut here = node;
        for _ in 0..MAX_REFERENCES {
            let Some(reference) = reference(here.tree) else { return Some(here) };
            match self.target(here, reference) {
                Ok(next) => here = next,
                Err(message) => {
                    self.dangling(here, message);
                    return None;
                }
            }
        }
        self.dangling(
            node,
            format!("expected a reference that ends, found more than {MAX_REFERENCES} in a row"),
        );
        None
    }

    /// What the reference of `node` leads to, one step; `None` where it is none or leads nowhere.
    pub(crate) fn step(&self, node: Node<'a>) -> Option<Node<'a>> {
        self.target(node, reference(node.tree)?).ok()
    }

    fn target(&self, from: Node<'a>, reference: &str) -> Result<Node<'a>, String> {
        let (path, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if path.contains("://") {
            return Err(format!(
                "expected a file beside the document, found `{reference}`; charter reads no URLs"
            ));
        }
        let Some(file) = self.document.file_at(from.file, path) else {
            return Err(format!("expected a file, found none at `{path}`"));
        };
        let mut tree = &self.document.part(file).tree;
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return Err(format!("expected a JSON pointer, found `#{fragment}`"));
        }
        for step in fragment.split('/').skip(1) {
            let step = unescape(step);
            let next = match &tree.value {
                Value::Object(_) => tree.get(&step),
                Value::Array(items) => {
                    step.parse::<usize>().ok().and_then(|index| items.get(index))
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            };
            tree =
                next.ok_or_else(|| format!("expected something at `{reference}`, found nothing"))?;
        }
        Ok(Node { tree, file })
    }
}

impl<'a> Node<'a> {
    /// The member `key`; `null` counts as absent.
    pub(crate) fn get(self, key: &str) -> Option<Self> {
        let tree = self.tree.get(key).filter(|tree| !tree.is_null())?;
        Some(self.within(tree))
    }

    /// A value that stands in the same file.
    pub(crate) fn within(self, tree: &'a Tree) -> Self {
        Self { tree, file: self.file }
    }

    /// The string at `key`, empty where there is none.
    pub(crate) fn text(self, key: &str) -> &'a str {
        self.tree.get(key).and_then(Tree::as_str).unwrap_or_default()
    }

    /// Whether `true` stands at `key`.
    pub(crate) fn flag(self, key: &str) -> bool {
        self.tree.get(key).and_then(Tree::as_bool).unwrap_or_default()
    }

    /// The members of the object at `key`.
    pub(crate) fn members(self, key: &str) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let members = self.tree.get(key).and_then(Tree::as_object).unwrap_or_default();
        members
            .iter()
            .filter(|member| !member.value.is_null())
            .map(move |member| (member.key.as_str(), self.within(&member.value)))
    }

    /// The items of the array at `key`.
    pub(crate) fn items(self, key: &str) -> impl Iterator<Item = Self> + use<'a> {
        let items = self.tree.get(key).and_then(Tree::as_array).unwrap_or_default();
        items.iter().map(move |tree| self.within(tree))
    }

    /// What is the same for the same value of the same document.
    pub(crate) fn address(self) -> usize {
        std::ptr::from_ref(self.tree) as usize
    }
}

/// The reference that `tree` is.
pub(crate) fn reference(tree: &Tree) -> Option<&str> {
    tree.get("$ref").and_then(Tree::as_str)
}

/// The file parts of all references below `tree`.
fn references(tree: &Tree, found: &mut Vec<String>) {
    match &tree.value {
        Value::Object(members) => {
            for member in members {
                if let Some(text) = member.value.as_str().filter(|_| member.key == "$ref") {
                    let path = text.split('#').next().unwrap_or_default();
                    if !path.is_empty() && !path.contains("://") {
                        found.push(path.to_owned());
                    }
                }
                references(&member.value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The path of what `reference` names, seen from the file at `path`.
fn beside(path: &str, reference: &str) -> String {
    let reference = unescape(reference);
    if reference.starts_with('/') {
        return reference;
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in reference.split('/') {
        match part {
            "." | "" => {}
            ".." if parts.last().is_some_and(|last| !last.is_empty() && *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// A step of a pointer in a URI fragment (RFC 3986 and RFC 6901).
fn unescape(step: &str) -> String {
    let bytes = step.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let code = (bytes[index] == b'%')
            .then(|| step.get(index + 1..index + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        plain.push(code.unwrap_or(bytes[index]));
        index += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).replace("~1", "/").replace("~0", "~")
}

/// The JSON pointer of `target` below `root`: a descent by spans, which nest as values do. A value that an alias
/// copied is found where its anchor stands.
fn pointer(root: &Tree, target: &Tree) -> String {
    let mut text = String::new();
    let mut here = root;
    let holds =
        |tree: &Tree| tree.span.start <= target.span.start && target.span.end <= tree.span.end;
    while !std::ptr::eq(here, target) {
        let next = match &here.value {
            Value::Object(members) => members
                .iter()
                .find(|member| holds(&member.value))
                .map(|member| (member.key.replace('~', "~0").replace('/', "~1"), &member.value)),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .find(|(_, item)| holds(item))
                .map(|(index, item)| (index.to_string(), item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        let Some((step, tree)) = next else { break };
        text.push('/');
        text.push_str(&step);
        here = tree;
    }
    text
}
