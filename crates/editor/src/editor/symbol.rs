//! What a name in a document stands for: a stage, a variable, a service, an anchor; where it is defined and used.

use super::{DocumentKind, EditorText};
use crate::build::{Build, Edge, Lookup, StageBase, reserved_use};
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
    if let Some(what) = reserved_use(name) {
        return Some(format!("the builder means {what} by `{name}`"));
    }
    let input = BuildInput::new(&Source::of("Dockerfile", text), BuildOptions::default());
    let build = Build::new(&input);
    let is_taken = |other: &str| other == name && !symbol.name.eq_ignore_ascii_case(name);
    if build.stages().iter().filter_map(|stage| stage.name.as_deref()).any(is_taken) {
        return Some(format!("there is a stage `{name}` already"));
    }
    let source = input.file.source();
    let is_image =
        |edge: &&Edge| matches!(edge.to, StageBase::Image(_)) && source.slice(edge.span).eq_ignore_ascii_case(name);
    if let Some(edge) = build.edges().iter().find(is_image) {
        return Some(format!("line {} means an image by `{name}`", source.line(edge.span.start)));
    }
    let stage = build.stages().iter().find(|stage| stage.name_span == symbol.definition)?;
    let is_other = |edge: &&Edge| {
        let word = source.slice(edge.span);
        !word.eq_ignore_ascii_case(&symbol.name) && word.parse::<usize>().is_err()
    };
    let edge = build.edges_to(stage).find(is_other)?;
    Some(format!("line {} names the stage in a way that is not changed with it", source.line(edge.span.start)))
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
    let definition = definition_of(build, name, index, until);
    let definition = definition.filter(|span| is_use || covers(*span, at));
    let mut places: Vec<Span> = definition.into_iter().collect();
    match definition {
        Some(span) => places.extend(uses_of(build, text, name, span)),
        None => places.push(here),
    }
    places.sort();
    places.dedup();
    Some(Symbol { kind: SymbolKind::Variable, name: name.to_owned(), here, definition, places })
}

/// Where a variable is defined that an instruction has, by definitions before another.
fn definition_of(build: &Build, name: &str, index: usize, until: usize) -> Option<Span> {
    let lookup = match build.stage_of(index) {
        Some(stage) if stage.from() != Some(index) => build.scopes().lookup(stage.index, name, until),
        _ => build.scopes().lookup_global(name),
    };
    match lookup {
        Lookup::Defined(definition) => definition.span,
        _ => None,
    }
}

/// The uses of a variable by one definition: `$NAME`, `${NAME…}`.
fn uses_of(build: &Build, text: &str, name: &str, definition: Span) -> Vec<Span> {
    let instructions = build.input().file.instructions();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut uses = Vec::new();
    for (at, _) in text.match_indices(name) {
        let is_use = text[..at].ends_with('$') || text[..at].ends_with("${");
        if !is_use || text[at + name.len()..].starts_with(is_name) {
            continue;
        }
        let span = Span::new(at as u32, (at + name.len()) as u32);
        let after = instructions.partition_point(|instruction| instruction.span.start <= span.start);
        let Some(index) = after.checked_sub(1).filter(|index| covers(instructions[*index].span, span.start)) else {
            continue;
        };
        if definition_of(build, name, index, index) == Some(definition) {
            uses.push(span);
        }
    }
    uses
}

fn of_yaml(text: &str, at: u32, has_services: bool) -> Option<Symbol> {
    let tree = yaml::read(text);
    if has_services && let Some(symbol) = service_symbol(&tree, at) {
        return Some(symbol);
    }
    let mut aliases = Vec::new();
    add_aliases(tree.root()?, &mut 0, DEEPEST, &mut aliases);
    // The anchor stands before the value, which may begin on the next line.
    let anchor = |alias: &YamlNode| {
        let name = text.get(alias.span().range())?.trim_start_matches('*').to_owned();
        let value = alias.target()?.span();
        let at = text.get(..value.start as usize)?.rfind(&format!("&{name}"))?;
        Some((Span::new(at as u32, (at + 1 + name.len()) as u32), name))
    };
    let anchors: Vec<(Span, (Span, String))> =
        aliases.iter().filter_map(|alias| Some((alias.span(), anchor(alias)?))).collect();
    let is_here = |(alias, (anchor, _)): &&(Span, (Span, String))| covers(*alias, at) || covers(*anchor, at);
    let (alias, (definition, name)) = anchors.iter().find(is_here)?.clone();
    let here = if covers(definition, at) { definition } else { alias };
    let uses = anchors.iter().filter(|(_, (anchor, _))| *anchor == definition).map(|(alias, _)| *alias);
    let mut places: Vec<Span> = uses.chain([definition]).collect();
    places.sort();
    Some(Symbol { kind: SymbolKind::Anchor, name, here, definition: Some(definition), places })
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

fn add_aliases<'t>(node: YamlNode<'t>, seen: &mut usize, levels: usize, aliases: &mut Vec<YamlNode<'t>>) {
    *seen += 1;
    if levels == 0 || *seen > NODES {
        return;
    }
    if node.is_alias() {
        aliases.push(node);
        return;
    }
    for child in node.entries().map(|entry| entry.value).chain(node.items()) {
        add_aliases(child, seen, levels - 1, aliases);
    }
}
