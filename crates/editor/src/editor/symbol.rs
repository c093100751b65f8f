//! What a name in a document stands for: a stage, a variable, a service, an anchor; where it is defined and used.

use super::{DocumentKind, EditorText};
use crate::build::{Build, Lookup, StageBase};
use crate::dockerfile::Keyword;
use crate::inputs::{BuildInput, BuildOptions};
use crate::text::{Source, Span};
use crate::yaml::{self, YamlNode, YamlTree};

/// Nodes of a YAML file that are looked at.
const NODES: usize = 100_000;

/// Levels of YAML that are looked at.
const DEEPEST: usize = 40;

/// What a name is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// A stage of a Dockerfile.
    Stage,
    /// A variable of a Dockerfile.
    Variable,
    /// A service of a compose file.
    Service,
    /// An anchor of YAML.
    Anchor,
}

/// A name with its places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// What it is one of.
    pub kind: SymbolKind,
    /// The name as it is defined.
    pub name: String,
    /// Where the cursor is on it.
    pub here: Span,
    /// Where it is defined; `None` where the document does not.
    pub definition: Option<Span>,
    /// All places with that name, the definition among them, in order.
    pub places: Vec<Span>,
}

/// What stands at a byte of a document.
pub fn symbol_at(document: &EditorText, at: u32) -> Option<Symbol> {
    match document.kind {
        DocumentKind::Dockerfile => of_dockerfile(document.text(), at),
        DocumentKind::Compose => of_yaml(document.text(), at, true),
        DocumentKind::Pipeline => of_yaml(document.text(), at, false),
        _ => None,
    }
}

/// Why a stage cannot have a name; `None` where it can. `text` is the document's.
pub fn rename_error(text: &str, symbol: &Symbol, name: &str) -> Option<String> {
    if symbol.kind != SymbolKind::Stage {
        return Some("only stages can be renamed".to_owned());
    }
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_word);
    if !is_name {
        return Some(format!(
            "`{name}` is not a valid name of a stage: write lower case letters, digits, `-`, `_` and `.`"
        ));
    }
    let input = BuildInput::new(&Source::of("Dockerfile", text), BuildOptions::default());
    let build = Build::new(&input);
    let is_taken = |other: &str| other == name && !symbol.name.eq_ignore_ascii_case(name);
    let mut names = build.stages().iter().filter_map(|stage| stage.name.as_deref());
    names.any(is_taken).then(|| format!("there is a stage `{name}` already"))
}

fn covers(span: Span, at: u32) -> bool {
    span.start <= at && at <= span.end
}

fn of_dockerfile(text: &str, at: u32) -> Option<Symbol> {
    let source = Source::of("Dockerfile", text);
    let input = BuildInput::new(&source, BuildOptions::default());
    let build = Build::new(&input);
    let of_edge = build.edges().iter().find(|edge| covers(edge.span, at)).and_then(|edge| match edge.to {
        StageBase::Stage(stage) => Some((stage, edge.span)),
        _ => None,
    });
    let of_name = || {
        let named = build.stages().iter().filter_map(|stage| Some((stage.index, stage.name_span?)));
        named.into_iter().find(|(_, span)| covers(*span, at))
    };
    if let Some((index, here)) = of_edge.or_else(of_name) {
        return stage_symbol(&build, text, index, here);
    }
    variable_symbol(&build, text, at)
}

fn stage_symbol(build: &Build, text: &str, index: usize, here: Span) -> Option<Symbol> {
    let stage = &build.stages()[index];
    let name = stage.name.clone()?;
    let is_name = |span: &Span| text.get(span.range()).is_some_and(|word| word.eq_ignore_ascii_case(&name));
    let uses = build.edges_to(stage).map(|edge| edge.span);
    let mut places: Vec<Span> = stage.name_span.into_iter().chain(uses).filter(is_name).collect();
    places.sort();
    places.dedup();
    Some(Symbol { kind: SymbolKind::Stage, name, here, definition: stage.name_span, places })
}

/// The variable at a byte: `$NAME`, `${NAME…}`, or the name in ARG and ENV.
fn variable_symbol(build: &Build, text: &str, at: u32) -> Option<Symbol> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let middle = text.floor_char_boundary((at as usize).min(text.len()));
    let start = text[..middle].rfind(|c| !is_name(c)).map_or(0, |before| text.ceil_char_boundary(before + 1));
    let end = text[middle..].find(|c| !is_name(c)).map_or(text.len(), |len| middle + len);
    let (name, here) = (text.get(start..end)?, Span::new(start as u32, end as u32));
    if name.is_empty() {
        return None;
    }
    let instructions = build.input().file.instructions();
    let index = instructions.iter().position(|instruction| covers(instruction.span, at))?;
    let is_use = text[..start].ends_with('$') || text[..start].ends_with("${");
    let is_definition = matches!(instructions[index].keyword, Keyword::Arg | Keyword::Env);
    if !is_use && !is_definition {
        return None;
    }
    // A definition counts for its own instruction too when the cursor is on it.
    let until = if is_use { index } else { index + 1 };
    let lookup = match build.stage_of(index) {
        Some(stage) if stage.from() != Some(index) => build.scopes().lookup(stage.index, name, until),
        _ => build.scopes().lookup_global(name),
    };
    let definition = match lookup {
        Lookup::Defined(definition) => definition.span,
        _ => None,
    };
    let definition = definition.filter(|span| is_use || covers(*span, at));
    let places = definition.into_iter().chain([here]).collect();
    Some(Symbol { kind: SymbolKind::Variable, name: name.to_owned(), here, definition, places })
}

fn of_yaml(text: &str, at: u32, has_services: bool) -> Option<Symbol> {
    let tree = yaml::read(text);
    if has_services && let Some(symbol) = service_symbol(&tree, at) {
        return Some(symbol);
    }
    let root = tree.root()?;
    let alias = find_alias(root, at, &mut 0, DEEPEST)?;
    let value = alias.target()?.span();
    let name = text.get(alias.span().range())?.trim_start_matches('*').to_owned();
    // The anchor stands before the value, which may begin on the next line.
    let anchor = text.get(..value.start as usize)?.rfind(&format!("&{name}")).map(|at| at as u32);
    let definition = anchor.map_or(value, |at| Span::new(at, at + 1 + name.len() as u32));
    Some(Symbol {
        kind: SymbolKind::Anchor,
        name,
        here: alias.span(),
        definition: Some(definition),
        places: vec![definition, alias.span()],
    })
}

fn service_symbol(tree: &YamlTree, at: u32) -> Option<Symbol> {
    let services = tree.root()?.get("services")?;
    let mut named: Vec<(String, Span)> = Vec::new();
    for service in services.entries() {
        named.push((service.key.text()?.to_owned(), service.key.span()));
        for key in ["depends_on", "links"] {
            let Some(value) = service.value.get(key) else { continue };
            named.extend(value.items().filter_map(name_of));
            named.extend(value.entries().filter_map(|entry| name_of(entry.key)));
        }
        let extends = service.value.get("extends");
        let base = extends.map(|extends| extends.get("service").unwrap_or(extends));
        if extends.is_some_and(|extends| extends.get("file").is_none()) {
            named.extend(base.and_then(name_of));
        }
    }
    let (name, here) = named.iter().find(|(_, span)| covers(*span, at))?.clone();
    let places: Vec<Span> = named.iter().filter(|(other, _)| *other == name).map(|(_, span)| *span).collect();
    let definition = services.entries().find(|entry| entry.key.text() == Some(&name)).map(|entry| entry.key.span());
    Some(Symbol { kind: SymbolKind::Service, name, here, definition, places })
}

/// The service that a node names: `db`, and `db` of the link `db:database`.
fn name_of(node: YamlNode) -> Option<(String, Span)> {
    let text = node.text()?;
    let name = text.split(':').next().unwrap_or(text);
    Some((name.to_owned(), node.span()))
}

fn find_alias<'t>(node: YamlNode<'t>, at: u32, seen: &mut usize, levels: usize) -> Option<YamlNode<'t>> {
    *seen += 1;
    if levels == 0 || *seen > NODES {
        return None;
    }
    if node.is_alias() {
        return covers(node.span(), at).then_some(node);
    }
    let values = node.entries().map(|entry| entry.value).chain(node.items());
    values.into_iter().find_map(|child| find_alias(child, at, seen, levels - 1))
}
