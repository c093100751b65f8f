//! A Dockerfile inside of a compose file ─► a source with its place.

use crate::text::{Embedding, Source};
use crate::yaml::{NodeKind, Style, YamlNode};

/// The Dockerfile as Compose hands it on: `$$` read as `$`, variables left as they stand.
pub(super) fn inline(host: &Source, node: YamlNode) -> Option<Source> {
    let written = node.text()?;
    let span = node.span();
    let (text, variables) = unescaped(written);
    let indent = match node.kind() {
        Some(NodeKind::Scalar(Style::Literal)) => indent(host, host.line(span.start), written),
        _ => None,
    };
    let first = host.line(span.start);
    let open = variables.into_iter().map(|line| line + first).collect();
    Source::embedded(&text, Embedding { host: host.clone(), span, indent, doubled: true, writable: true, open }).ok()
}

/// The text that `$$` stands for, and the lines (from 0) where a variable is put in.
fn unescaped(text: &str) -> (String, Vec<u32>) {
    let mut out = String::with_capacity(text.len());
    let mut variables = Vec::new();
    for (number, line) in (0..).zip(text.split_inclusive('\n')) {
        let mut parts = line.split("$$");
        let mut variable = false;
        for (index, part) in parts.by_ref().enumerate() {
            if index > 0 {
                out.push('$');
            }
            variable |= part.contains('$');
            out.push_str(part);
        }
        if variable {
            variables.push(number);
        }
    }
    (out, variables)
}

/// The bytes before each line of a block that begins at the line `first`; `None` when the block is not written line by line as
/// it reads.
pub fn indent(host: &Source, first: u32, text: &str) -> Option<u32> {
    let mut lines = text.split('\n').zip(first..).filter(|(line, _)| !line.is_empty());
    let (line, number) = lines.clone().next()?;
    let full_line = host.slice(host.line_span(number));
    let indent = full_line.len().checked_sub(line.len())?;
    let fits = |(line, number): (&str, u32)| {
        let full_line = host.slice(host.line_span(number));
        full_line.get(indent..) == Some(line) && full_line.as_bytes()[..indent].iter().all(|byte| *byte == b' ')
    };
    lines.all(fits).then_some(indent as u32)
}
