//! What is known of the place under the cursor, in Markdown.

use gen_lsp_types::{Hover, MarkupContent, MarkupKind};

use super::line_facts::{Reruns, builds_of, image_facts, line_facts};
use super::{Analysis, DocumentKind, EditorText};
use crate::build::{Build, StageBase};
use crate::finding::{Finding, Safety};
use crate::report::impact_line;
use crate::rules::{self, Rule};
use crate::stack::known_service;
use crate::text::Span;
use crate::yaml;

/// What is known at a byte of a document; `name` is what the analysis calls it. `None` where nothing is.
pub fn hover(analysis: &Analysis, document: &EditorText, name: &str, at: u32) -> Option<Hover> {
    let (mut parts, mut span) = (Vec::new(), None);
    if let Some((rule, place)) = rule_at(document, at) {
        parts.push(rule_text(rule));
        span = Some(place);
    }
    let files: Vec<_> = analysis.files(name).collect();
    let is_here = |finding: &&Finding| {
        files.contains(&finding.file) && finding.span.start <= at && at <= finding.span.end.max(finding.span.start)
    };
    for finding in analysis.report.findings.iter().filter(is_here) {
        parts.push(finding_text(finding));
        span = span.or(Some(finding.span));
    }
    let facts = match document.kind {
        DocumentKind::Compose => service_facts(document, at),
        _ => instruction_facts(analysis, name, at),
    };
    if let Some((text, place)) = facts {
        parts.push(text);
        span = span.or(Some(place));
    }
    if parts.is_empty() {
        return None;
    }
    let contents = MarkupContent { kind: MarkupKind::Markdown, value: analysis.mask.apply(&parts.join("\n\n---\n\n")) };
    Some(Hover { contents: contents.into(), range: span.map(|span| document.lines().range(document.text(), span)) })
}

/// The rule that a comment or a settings file names at a byte.
fn rule_at(document: &EditorText, at: u32) -> Option<(&'static Rule, Span)> {
    let text = document.text();
    let at = text.floor_char_boundary((at as usize).min(text.len()));
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '_');
    let start = text[..at].rfind(|c| !is_name(c)).map_or(0, |before| text.ceil_char_boundary(before + 1));
    let end = text[at..].find(|c| !is_name(c)).map_or(text.len(), |len| at + len);
    let line_start = text[..start].rfind('\n').map_or(0, |before| before + 1);
    let is_comment = text[line_start..start].contains('#') && text[line_start..start].contains('=');
    if document.kind != DocumentKind::Settings && !is_comment {
        return None;
    }
    let rule = rules::find(text.get(start..end).filter(|word| !word.is_empty())?)?;
    Some((rule, Span::new(start as u32, end as u32)))
}

fn rule_text(rule: &Rule) -> String {
    let metadata = rule.metadata();
    let safety = rule.safety();
    let fix = if safety.is_empty() { "no fix".to_owned() } else { format!("fix: {safety}") };
    format!("[`{}`]({}) · {} · {fix}\n\n{}", rule.name, rule.url(), metadata.severity.name(), metadata.summary)
}

fn finding_text(finding: &Finding) -> String {
    let link = rules::find(finding.rule).map_or_else(String::new, |rule| format!("({})", rule.url()));
    let mut text = format!("**{}** [`{}`]{link}", escape(&finding.message), finding.rule);
    for impact in &finding.impact {
        text.push_str(&format!("\n\ncosts {}", escape(&impact_line(impact))));
    }
    for line in finding.help.iter().chain(&finding.notes) {
        text.push_str(&format!("\n\n{}", escape(line)));
    }
    for fix in &finding.fixes {
        let risk = match &fix.safety {
            Safety::Safe => String::new(),
            Safety::Unsafe(why) => format!(" (unsafe: {})", escape(why)),
        };
        text.push_str(&format!("\n\nfix: {}{risk}", escape(&fix.title)));
    }
    text
}

/// What is known of the instruction at a byte: its price, when it runs again, its base image.
fn instruction_facts(analysis: &Analysis, name: &str, at: u32) -> Option<(String, Span)> {
    for input in builds_of(analysis, name) {
        let instructions = input.file.instructions();
        let source = input.file.source();
        let host = |span: Span| source.in_host(span);
        let is_here = |span: Span| host(span).start <= at && at <= host(span).end;
        let Some(index) = instructions.iter().position(|instruction| is_here(instruction.span)) else { continue };
        let build = Build::new(input);
        let facts = line_facts(analysis, &build, index, &Reruns::of(analysis, &build));
        let mut lines: Vec<String> = Vec::new();
        let image = build.stage_of(index).filter(|stage| stage.from() == Some(index)).map(|stage| &stage.base);
        match image {
            Some(StageBase::Image(image)) => {
                lines.push(format!("**`{}`**", code(image)));
                lines.extend(image_facts(&analysis.inputs, image));
            }
            _ => lines.extend(facts.price.map(|price| format!("price: {price}"))),
        }
        lines.extend(facts.rerun.map(|rerun| format!("cache: {rerun}")));
        if lines.is_empty() {
            return None;
        }
        return Some((lines.join("\n\n"), host(instructions[index].head)));
    }
    None
}

/// What is known of the image of a compose service at a byte.
fn service_facts(document: &EditorText, at: u32) -> Option<(String, Span)> {
    let tree = yaml::read(document.text());
    let services = tree.root()?.get("services")?;
    let service = services.entries().find(|service| {
        let span = service.key.span().to(service.value.span());
        span.start <= at && at <= span.end
    })?;
    let image = service.value.get("image")?;
    let reference = image.text()?;
    let known = known_service(reference)?;
    let mut lines = vec![format!("**`{}`** · {}", code(reference), known.name)];
    let ports: Vec<String> = known.ports().map(|port| port.to_string()).collect();
    if !ports.is_empty() {
        lines.push(format!("listens on {}", ports.join(", ")));
    }
    lines.extend(known.check.map(|check| format!("ready when `{}`", code(check))));
    if known.has_own_check {
        lines.push("the image has a healthcheck".to_owned());
    }
    lines.extend(known.trap.map(|trap| format!("before it is ready: {}", escape(trap))));
    Some((lines.join("\n\n"), service.key.span()))
}

/// A text in which nothing is a mark of Markdown or a tag. Messages quote names as Markdown does: these stay, where each quote ends.
fn escape(text: &str) -> String {
    let has_names = text.matches('`').count().is_multiple_of(2) && !text.contains("``");
    let mut escaped = String::with_capacity(text.len());
    let mut is_name = false;
    for character in text.chars() {
        match character {
            '`' if has_names => {
                is_name = !is_name;
                escaped.push(character);
            }
            '\n' | '\r' => escaped.push(' '),
            '`' | '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!' if !is_name => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A text inside of a code span.
fn code(text: &str) -> String {
    text.replace(['`', '\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_file_is_a_mark_or_a_tag() {
        for (text, escaped) in [
            ("use `a_b` here", "use `a_b` here"),
            ("a_b [x](http://e.example)<b>", "a\\_b \\[x\\](http://e.example)\\<b\\>"),
            ("``[x](http://e.example)", "\\`\\`\\[x\\](http://e.example)"),
            ("one ` [x](y)", "one \\` \\[x\\](y)"),
            ("a\nb", "a b"),
        ] {
            assert_eq!(escape(text), escaped);
        }
        assert_eq!(code("a`b\nc"), "a b c");
    }
}
