//! The builder's own comments: `# check=skip=A,B;error=true` at the top, `# check=skip=A` above an instruction.

use super::comment::Pragmas;
use crate::dockerfile::{CheckOptions, DirectiveName, File, LineKind};
use crate::finding::{Form, SuppressedRule, Suppression, SuppressionReach};
use crate::settings::RuleNames;
use crate::settings::entry::listed;
use crate::text::{FileId, Span};

pub(super) fn read(file: FileId, dockerfile: &File, known: &RuleNames, out: &mut Pragmas) {
    if let Some(check) = dockerfile.check()
        && CheckOptions::parse(&check.value).is_ok()
    {
        let directive = dockerfile
            .lookup_directives()
            .into_iter()
            .find(|lookup_directive| lookup_directive.name == DirectiveName::Check);
        if let Some(directive) = directive {
            let value = Span::new(directive.value.start, directive.value.start + check.value.len() as u32);
            let reach = SuppressionReach::File(file);
            out.suppressions.extend(suppression(file, dockerfile, known, directive.span, value, reach));
        }
    }
    let source = dockerfile.source();
    for instruction in dockerfile.instructions() {
        if dockerfile.inline_check(instruction).is_none() {
            continue;
        }
        let reach = SuppressionReach::Lines(file, instruction.start_line, instruction.start_line);
        for &comment in &instruction.comments {
            let span = dockerfile.locate(comment);
            let text = source.slice(span);
            let Some((name, value)) = text.split_once('=') else { continue };
            if !name.trim().eq_ignore_ascii_case("check") {
                continue;
            }
            let lead = value.len() - value.trim_start().len();
            let start = span.end - (value.len() - lead) as u32;
            let length = value.trim_start().split(' ').next().unwrap_or_default().len();
            let value = Span::new(start, start + length as u32);
            let line = source.line_span(source.line(span.start));
            let hash = source.slice(line).find('#').map_or(span.start, |at| line.start + at as u32);
            let whole = Span::new(hash, span.end);
            out.suppressions.extend(suppression(file, dockerfile, known, whole, value, reach.clone()));
            break;
        }
    }
}

/// The part `skip=` of a value, in source order.
fn suppression(
    file: FileId,
    dockerfile: &File,
    known: &RuleNames,
    span: Span,
    value: Span,
    reach: SuppressionReach,
) -> Option<Suppression> {
    let source = dockerfile.source();
    let text = source.slice(value);
    let mut at = 0;
    let mut skip = None;
    let parts: Vec<&str> = text.splitn(3, ';').collect();
    for part in &parts {
        // Of two, the last one counts.
        if part.split_once('=').is_some_and(|(key, _)| key.trim() == "skip") {
            skip = Some((at, *part));
        }
        at += part.len() + 1;
    }
    let (at, part) = skip?;
    let start = value.start + at as u32;
    let list = part.find('=').map_or(0, |equals| equals + 1);
    let mut skipped = Vec::new();
    let mut offset = list;
    for name in part[list..].split(',') {
        let lead = name.len() - name.trim_start().len();
        let from = start + (offset + lead) as u32;
        skipped.push((Span::new(from, from + name.trim().len() as u32), name.trim()));
        offset += name.len() + 1;
    }
    let spans: Vec<Span> = skipped.iter().map(|name| name.0).collect();
    let all = skipped.len() == 1 && skipped[0].1 == "all";
    let mut named = Vec::new();
    for (index, (place, name)) in skipped.iter().enumerate() {
        let rules = if all { known.checks().to_vec() } else { known.check(name).to_vec() };
        named.push(SuppressedRule {
            span: *place,
            text: (*name).to_owned(),
            rules,
            code: None,
            removal: listed(&spans, index),
        });
    }
    // Other options stay.
    let end = start + part.len() as u32;
    let removal = match (parts.len() > 1, at) {
        (false, _) => line(dockerfile, span),
        (true, 0) => Span::new(start, end + 1),
        (true, _) => Span::new(start - 1, end),
    };
    Some(Suppression { file, span, form: Form::Check, reach, named, until: None, reasoned: true, removal, exact: true })
}

/// The line of a comment with its end.
fn line(dockerfile: &File, span: Span) -> Span {
    let number = dockerfile.source().line(span.start) as usize;
    let line_span = dockerfile.lines().get(number - 1).map(|line| line.span);
    let is_own = |line: &Span| {
        let kind = dockerfile.lines()[number - 1].kind;
        line.contains(span) && matches!(kind, LineKind::Comment | LineKind::Directive)
    };
    line_span.filter(is_own).unwrap_or(span)
}
