//! What can be typed at a place.

mod compose;
mod item;
mod settings;

use gen_lsp_types::{CompletionItem, CompletionItemKind, TextEdit};

use self::item::{item, rule_names};
use super::{DocumentKind, EditorText};
use crate::build::{Build, PLATFORM_ARGS};
use crate::dockerfile::{self, File, Instruction, KEYWORDS, Keyword};
use crate::inputs::{BuildInput, BuildOptions};
use crate::text::{Source, Span};

/// What can be typed at a byte of a document.
pub fn completions(document: &EditorText, at: u32) -> Vec<CompletionItem> {
    let text = document.text();
    let at = text.floor_char_boundary((at as usize).min(text.len()));
    let start = text[..at].rfind('\n').map_or(0, |before| before + 1);
    let line = text[start..at].trim_start_matches('\u{feff}');
    let mut items = if let Some(names) = line.split_once('#').and_then(|(_, comment)| names_of_comment(comment)) {
        rule_names(names)
    } else {
        match document.kind {
            DocumentKind::Dockerfile => of_dockerfile(text, at, line),
            DocumentKind::Compose => compose::completions(text, at, line),
            DocumentKind::Settings => settings::completions(&text[..start], line),
            _ => Vec::new(),
        }
    };
    // Without a range, clients replace what they take for a word: for most of them it begins behind the last dash.
    let typed = Span::new((at - typed_len(line, document.kind)) as u32, at as u32);
    let range = document.lines().range(text, typed);
    for entry in &mut items {
        let new_text = entry.insert_text.take().unwrap_or_else(|| entry.label.clone());
        entry.text_edit = Some(TextEdit { range, new_text }.into());
    }
    items
}

/// The length of the name that is being typed at the end of a line: of a flag, a stage, a rule, a key.
fn typed_len(line: &str, kind: DocumentKind) -> usize {
    // A dot is a part of the name of a stage or a service; in settings it stands between two names.
    let is_dot = |c: char| c == '.' && kind != DocumentKind::Settings;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/') || is_dot(c);
    line.len() - line.trim_end_matches(is_name).len()
}

/// The names that a comment which hides findings has so far: what stands behind `ignore=`.
fn names_of_comment(comment: &str) -> Option<&str> {
    let rest = comment.trim_start();
    let rest = rest.strip_prefix("dockopt ").or_else(|| rest.strip_prefix("hadolint "))?;
    let (_, names) = rest.split_once("ignore=").or_else(|| rest.split_once("ignore-file="))?;
    (!names.contains([' ', ';'])).then_some(names)
}

fn of_dockerfile(text: &str, at: usize, line: &str) -> Vec<CompletionItem> {
    let source = Source::of("Dockerfile", text);
    let input = BuildInput::new(&source, BuildOptions::default());
    let file = &input.file;
    let instruction = instruction_at(file, at);
    let word = line.rsplit([' ', '\t', ',']).next().unwrap_or_default();
    let Some(instruction) = instruction.filter(|instruction| (instruction.name.span.end as usize) < at) else {
        return if line.trim_start() == word { instructions() } else { Vec::new() };
    };
    let build = Build::new(&input);
    let index = file.instructions().iter().position(|other| other.span == instruction.span).unwrap_or_default();
    let keyword = match instruction.keyword {
        Keyword::Onbuild => file.trigger(instruction).map_or(Keyword::Onbuild, |trigger| trigger.keyword),
        keyword => keyword,
    };
    let before_name = line.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    if before_name.ends_with('$') || before_name.ends_with("${") {
        return variables(&build, index);
    }
    let is_from =
        word.rsplit_once('=').is_some_and(|(key, _)| matches!(key, "from" | "--from") || key.ends_with("=from"));
    if is_from || (keyword == Keyword::From && is_image(line)) {
        return stages(&build, index);
    }
    // Behind the first other word nothing is a flag of the instruction any more.
    let mut words = text[instruction.name.span.end as usize..at].split_whitespace();
    if word.starts_with("--") && !word.contains('=') && words.all(|word| word.starts_with("--")) {
        return flags(keyword, instruction, file);
    }
    Vec::new()
}

fn instruction_at(file: &File, at: usize) -> Option<&Instruction> {
    let is_here = |instruction: &&Instruction| {
        // Behind the last word the parser has nothing any more.
        let end = file.source().line_span(instruction.end_line).end;
        instruction.span.start as usize <= at && at <= end as usize
    };
    file.instructions().iter().find(is_here)
}

/// Whether the image of a FROM is being typed.
fn is_image(line: &str) -> bool {
    let words = line.split_whitespace().filter(|word| !word.starts_with("--")).count();
    words + usize::from(line.ends_with([' ', '\t'])) == 2
}

fn instructions() -> Vec<CompletionItem> {
    let named = KEYWORDS.iter().filter(|keyword| **keyword != Keyword::Maintainer);
    named.map(|keyword| item(keyword.as_str(), CompletionItemKind::Keyword, "")).collect()
}

/// The flags of an instruction that it does not have yet.
fn flags(keyword: Keyword, instruction: &Instruction, file: &File) -> Vec<CompletionItem> {
    let has = |name: &str| instruction.flags.iter().any(|flag| flag.value.is_some() && file.flag_name(flag) == name);
    let is_repeated = |name: &str| matches!(name, "mount" | "exclude" | "device");
    let known = dockerfile::known_flags(keyword).filter(|(name, _)| is_repeated(name) || !has(name));
    known
        .map(|(name, has_value)| {
            let label = format!("--{name}{}", if has_value { "=" } else { "" });
            item(&label, CompletionItemKind::Property, "")
        })
        .collect()
}

/// The stages above an instruction.
fn stages(build: &Build, index: usize) -> Vec<CompletionItem> {
    let current = build.stage_of(index).map_or(usize::MAX, |stage| stage.index);
    let above = build.stages().iter().filter(|stage| stage.index < current);
    let named = above.filter_map(|stage| {
        let from = build.from_of(stage)?;
        Some(item(stage.name.as_deref()?, CompletionItemKind::Class, &build.one_line(from)))
    });
    named.collect()
}

/// The variables that an instruction may use.
fn variables(build: &Build, index: usize) -> Vec<CompletionItem> {
    let file = &build.input().file;
    let stage = build.stage_of(index);
    let first = stage.map_or(0, |stage| stage.start);
    let mut names: Vec<String> = Vec::new();
    for (at, instruction) in file.instructions().iter().enumerate().take(index) {
        let is_global = stage.is_none_or(|stage| stage.from() == Some(index));
        let counts = if is_global { build.stage_of(at).is_none() } else { at >= first };
        if counts {
            names.extend(file.args(instruction).iter().map(|arg| arg.name.text.to_string()));
            if instruction.keyword == Keyword::Env {
                names.extend(file.variables(instruction).iter().map(|pair| pair.name.text.to_string()));
            }
        }
    }
    if let Some(stage) = stage
        && let Some(parent) = build.chain(stage).nth(1)
    {
        for (_, instruction) in
            build.instructions(parent).filter(|(_, instruction)| instruction.keyword == Keyword::Env)
        {
            names.extend(file.variables(instruction).iter().map(|pair| pair.name.text.to_string()));
        }
    }
    names.sort();
    names.dedup();
    // In a stage they have a value only where ARG names them.
    let platform: &[&str] = if stage.is_none_or(|stage| stage.from() == Some(index)) { &PLATFORM_ARGS } else { &[] };
    let platform = platform.iter().map(|name| item(name, CompletionItemKind::Constant, "set by the builder"));
    let written = names.iter().map(|name| item(name, CompletionItemKind::Variable, ""));
    written.chain(platform).collect()
}
