//! The outline of a document: stages with their instructions; services, jobs.

use gen_lsp_types::{DocumentSymbol, SymbolKind};

use super::{DocumentKind, EditorText};
use crate::dockerfile::{self, File, Instruction, Keyword};
use crate::text::{Source, Span};
use crate::yaml;

/// Characters of an instruction that an outline shows.
const WIDTH: usize = 60;

/// The outline, in the order of the text.
pub fn outline(document: &EditorText) -> Vec<DocumentSymbol> {
    match document.kind {
        DocumentKind::Dockerfile => of_dockerfile(document),
        DocumentKind::Compose => of_keys(document, &["services", "networks", "volumes", "secrets", "configs"]),
        DocumentKind::Pipeline => of_keys(document, &["jobs"]),
        _ => Vec::new(),
    }
}

fn symbol(document: &EditorText, name: &str, kind: SymbolKind, (whole, selected): (Span, Span)) -> DocumentSymbol {
    let range = |span: Span| document.lines().range(document.text(), span);
    // An empty name is refused by clients.
    let name = if name.trim().is_empty() { "-".to_owned() } else { name.to_owned() };
    let whole = whole.to(selected);
    DocumentSymbol::new(name, None, kind, None, None, range(whole), range(selected), None)
}

fn of_dockerfile(document: &EditorText) -> Vec<DocumentSymbol> {
    let file = dockerfile::parse(&Source::of("Dockerfile", document.text()));
    let mut all: Vec<DocumentSymbol> = Vec::new();
    let mut stages = 0;
    for instruction in file.instructions() {
        if let Some(from) = file.from(instruction) {
            let name = from.name.as_ref().map_or_else(|| format!("stage-{stages}"), |name| name.text.to_string());
            stages += 1;
            let mut stage = symbol(document, &name, SymbolKind::Class, (instruction.span, instruction.head));
            stage.detail = Some(one_line(&file, instruction));
            stage.children = Some(Vec::new());
            all.push(stage);
            continue;
        }
        let line = one_line(&file, instruction);
        let child = symbol(document, &line, kind_of(instruction.keyword), (instruction.span, instruction.name.span));
        match all.last_mut() {
            Some(stage) if stages > 0 => {
                stage.range.end = child.range.end;
                stage.children.get_or_insert_default().push(child);
            }
            _ => all.push(child),
        }
    }
    all
}

const fn kind_of(keyword: Keyword) -> SymbolKind {
    match keyword {
        Keyword::Arg | Keyword::Env => SymbolKind::Variable,
        Keyword::Copy | Keyword::Add => SymbolKind::File,
        Keyword::Run => SymbolKind::Function,
        _ => SymbolKind::Property,
    }
}

fn one_line(file: &File, instruction: &Instruction) -> String {
    let text = file.logical(instruction.text).split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(WIDTH) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

fn of_keys(document: &EditorText, keys: &[&str]) -> Vec<DocumentSymbol> {
    let tree = yaml::read(document.text());
    let Some(root) = tree.root() else { return Vec::new() };
    let mut all = Vec::new();
    for entry in root.entries() {
        let Some(name) = entry.key.text() else { continue };
        let mut part = symbol(document, name, SymbolKind::Namespace, (entry.value.span(), entry.key.span()));
        if keys.contains(&name) {
            let children = entry.value.entries().filter_map(|child| {
                let spans = (child.value.span(), child.key.span());
                Some(symbol(document, child.key.text()?, SymbolKind::Object, spans))
            });
            part.children = Some(children.collect());
        }
        all.push(part);
    }
    all
}
