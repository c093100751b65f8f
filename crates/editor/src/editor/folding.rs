//! Parts of a document that can be folded: stages, instructions of several lines, heredocs, comments; services.

use gen_lsp_types::{FoldingRange, FoldingRangeKind};

use super::{DocumentKind, EditorText};
use crate::dockerfile::{self, Keyword, LineKind};
use crate::text::{Source, Span};
use crate::yaml::{self, YamlNode};

/// Levels of YAML that can be folded.
const DEEPEST: usize = 8;

/// The parts, by their lines from 0.
pub fn foldings(document: &EditorText) -> Vec<FoldingRange> {
    match document.kind {
        DocumentKind::Dockerfile => of_dockerfile(document.text()),
        DocumentKind::Compose | DocumentKind::Pipeline => of_yaml(document),
        _ => Vec::new(),
    }
}

fn lines(first: u32, last: u32, kind: Option<FoldingRangeKind>) -> Option<FoldingRange> {
    // The protocol counts from 0.
    let (start_line, end_line) = (first.checked_sub(1)?, last.checked_sub(1)?);
    (end_line > start_line).then(|| FoldingRange { start_line, end_line, kind, ..FoldingRange::default() })
}

fn of_dockerfile(text: &str) -> Vec<FoldingRange> {
    let source = Source::of("Dockerfile", text);
    let file = dockerfile::parse(&source);
    let instructions = file.instructions();
    let mut all = Vec::new();
    let froms: Vec<usize> = (0..instructions.len()).filter(|at| instructions[*at].keyword == Keyword::From).collect();
    for (number, from) in froms.iter().enumerate() {
        let end = froms.get(number + 1).copied().unwrap_or(instructions.len());
        all.extend(lines(instructions[*from].start_line, instructions[end - 1].end_line, None));
    }
    for instruction in instructions {
        all.extend(lines(instruction.start_line, instruction.end_line, None));
        for heredoc in &instruction.heredocs {
            let last = heredoc.terminator.map_or(heredoc.body.end, |terminator| terminator.start);
            let (first, last) = (source.line(heredoc.opener.span.start), source.line(last));
            if first != instruction.start_line || last != instruction.end_line {
                all.extend(lines(first, last, None));
            }
        }
    }
    let mut first = None;
    for (number, line) in (1..).zip(file.lines()) {
        if line.kind == LineKind::Comment {
            first = first.or(Some(number));
        } else if let Some(first) = first.take() {
            all.extend(lines(first, number - 1, Some(FoldingRangeKind::Comment)));
        }
    }
    let count = file.lines().len() as u32;
    all.extend(first.and_then(|first| lines(first, count, Some(FoldingRangeKind::Comment))));
    all
}

fn of_yaml(document: &EditorText) -> Vec<FoldingRange> {
    let source = Source::of("yaml", document.text());
    let tree = yaml::read(document.text());
    let mut all = Vec::new();
    for root in tree.documents() {
        add_nodes(root, &source, DEEPEST, &mut all);
    }
    all
}

fn add_nodes(node: YamlNode, source: &Source, levels: usize, all: &mut Vec<FoldingRange>) {
    if levels == 0 || node.is_alias() {
        return;
    }
    for entry in node.entries() {
        let (key, value) = (entry.key.span(), entry.value.span());
        all.extend(lines(source.line(key.start), last_line(source, value), None));
        add_nodes(entry.value, source, levels - 1, all);
    }
    for item in node.items() {
        all.extend(lines(source.line(item.span().start), last_line(source, item.span()), None));
        add_nodes(item, source, levels - 1, all);
    }
}

/// The last line of a value that has something on it.
fn last_line(source: &Source, span: Span) -> u32 {
    let text = source.slice(span).trim_end();
    source.line(span.start + text.len() as u32)
}
