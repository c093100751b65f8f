//! A page as one HTML document: it works offline, asks nobody for anything, and can be read without scripts.

mod chart;

use std::fmt::Write;

use base64::Engine;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::terminal::tone_of_line;
use crate::finding::Basis;
use crate::report::format::escape::masked;
use crate::report::page::{
    Block, Column, Fold, Medium, Page, Section, SourceExcerpt, Table, Text, TextKind, TextPart, Tone,
};
use crate::report::units::grouped;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// The page as a document.
pub(in crate::report) fn write(page: &Page) -> String {
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(SCRIPT)
    );
    let title = masked(&page.title);
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
                script { (PreEscaped(SCRIPT)) }
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header.top { p.name { "dockopt" } h1 { (title) } }
                (contents(page))
                main #content tabindex="-1" { (draw_page(page)) }
            }
        }
    };
    document.into_string() + "\n"
}

/// The digest of an element by which the policy of a document allows it.
fn digest(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text))
}

/// Links to the sections, where there are several.
fn contents(page: &Page) -> Markup {
    let sections: Vec<(usize, &Section)> = sections(page).collect();
    html! {
        @if sections.len() > 2 {
            nav.contents aria-label="Sections" {
                ul { @for (number, section) in sections {
                    li { a href={"#" (anchor(section, number))} { (words(&section.title)) } }
                } }
            }
        }
    }
}

/// The blocks that a browser gets.
fn visible(blocks: &[Block]) -> Vec<&Block> {
    let parts = blocks.iter().map(|block| match block {
        Block::Only(media, blocks) if media.contains(&Medium::Html) => visible(blocks),
        Block::Only(..) => Vec::new(),
        block => vec![block],
    });
    parts.flatten().collect()
}

fn sections(page: &Page) -> impl Iterator<Item = (usize, &Section)> {
    let sections = visible(&page.blocks).into_iter().filter_map(|block| match block {
        Block::Section(section) if !section.title.is_empty() => Some(section),
        _ => None,
    });
    sections.enumerate()
}

fn anchor(section: &Section, number: usize) -> String {
    section.anchor.as_deref().map_or_else(|| format!("section-{}", number + 1), identifier)
}

/// An anchor as part of an address: what has a meaning there becomes a hyphen.
fn identifier(anchor: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    masked(anchor).chars().map(|c| if is_plain(c) { c } else { '-' }).collect()
}

/// The text without any markup.
fn words(text: &Text) -> String {
    masked(&text.parts.iter().map(|part| part.text.as_str()).collect::<String>())
}

/// All blocks; each section with a title can be linked to.
fn draw_page(page: &Page) -> Markup {
    let mut number = 0;
    html! {
        @for block in visible(&page.blocks) {
            @match block {
                Block::Section(section) if !section.title.is_empty() => {
                    (draw_section(section, 2, Some(&anchor(section, number))))
                    @let () = number += 1;
                }
                block => (draw(block, 2)),
            }
        }
    }
}

/// A block below a heading of the level before `level`.
fn draw(block: &Block, level: usize) -> Markup {
    match block {
        Block::Section(section) => draw_section(section, level, section.anchor.as_deref().map(identifier).as_deref()),
        Block::Paragraph(text) => html! { p { (draw_text(text)) } },
        Block::Table(table) => draw_table(table),
        Block::List(items) => html! { ul { @for item in items { li { (draw_text(item)) } } } },
        Block::Diff(diff) => draw_diff(diff),
        Block::Excerpt(excerpt) => draw_excerpt(excerpt),
        Block::Chart(picture) => chart::draw(picture),
        Block::Only(media, blocks) if media.contains(&Medium::Html) => {
            html! { @for block in blocks { (draw(block, level)) } }
        }
        Block::Only(..) => html! {},
    }
}

fn draw_section(section: &Section, level: usize, id: Option<&str>) -> Markup {
    let blocks = |level| html! { @for block in &section.blocks { (draw(block, level)) } };
    let about = html! { @if !section.about.is_empty() { " " span.about { (draw_text(&section.about)) } } };
    if section.fold == Fold::Open {
        return html! {
            section id=[id] {
                @if !section.title.is_empty() {
                    (heading(level, &html! {
                        (draw_text(&section.title))
                        @if let Some(id) = id { " " a.anchor href={"#" (id)} aria-label="Link to this section" { "#" } }
                    }))
                    @if !section.about.is_empty() { p.about { (draw_text(&section.about)) } }
                }
                (blocks(level + 1))
            }
        };
    }
    html! {
        details id=[id] { summary { (draw_text(&section.title)) (about) } (blocks(level)) }
    }
}

fn heading(level: usize, content: &Markup) -> Markup {
    match level {
        2 => html! { h2 { (content) } },
        3 => html! { h3 { (content) } },
        4 => html! { h4 { (content) } },
        _ => html! { h5 { (content) } },
    }
}

/// Text with its kinds and tones.
fn draw_text(text: &Text) -> Markup {
    html! { @for part in &text.parts { (draw_part(part)) } }
}

fn draw_part(part: &TextPart) -> Markup {
    let text = masked(&part.text);
    if text.is_empty() {
        return html! {};
    }
    let content = match &part.kind {
        TextKind::Words => draw_words(&text),
        TextKind::Code => html! { code { (text) } },
        TextKind::Path => draw_path(&text),
        TextKind::Number(basis) => html! { span.number title=[basis.map(Basis::name)] { (text) } },
        TextKind::Command => html! { span.command { code { (text) } button.copy type="button" { "Copy" } } },
        TextKind::Place(anchor) => html! { a href={"#" (identifier(anchor))} { (draw_path(&text)) } },
        TextKind::Link(url) => html! { a href=(url) rel="noreferrer" { (text) } },
    };
    match class(part.tone) {
        None => content,
        Some(class) => html! { span class=(class) { (content) } },
    }
}

const fn class(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Plain => None,
        Tone::Strong => Some("strong"),
        Tone::Dim => Some("dim"),
        Tone::Error => Some("error"),
        Tone::Warning => Some("warning"),
        Tone::Info => Some("info"),
        Tone::Good => Some("good"),
    }
}

/// A path, which may be broken behind each folder.
fn draw_path(path: &str) -> Markup {
    html! { code.path { @for (number, part) in path.split('/').enumerate() {
        @if number > 0 { "/" wbr; }
        (part)
    } } }
}

/// Words in which code stands between backquotes.
fn draw_words(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    let last = parts.len() - 1;
    html! {
        @for (number, part) in parts.iter().enumerate() {
            // A backquote without a partner opens nothing.
            @if number % 2 == 1 && number < last { code { (part) } }
            @else if number % 2 == 1 { "`" (part) }
            @else { (part) }
        }
    }
}

fn draw_table(table: &Table) -> Markup {
    let columns = table.filled_columns();
    let style = |at: usize| match table.columns[at] {
        Column::Right => Some("right"),
        Column::Path => Some("long"),
        Column::Left => None,
        Column::Words | Column::Wrapped => Some("words"),
    };
    let has_head = table.head.iter().any(|head| !head.is_empty());
    let has_words = columns.iter().any(|at| matches!(table.columns[*at], Column::Words | Column::Wrapped));
    html! {
        @if !columns.is_empty() {
            div.scroll role="group" aria-label="Table" tabindex="0" {
                table.stack[has_words && columns.len() > 3] {
                    @if has_head {
                        thead { tr { @for at in &columns {
                            @let head = table.head.get(*at).map(String::as_str).unwrap_or_default();
                            @if head.is_empty() { td {} } @else { th scope="col" class=[style(*at)] { (masked(head)) } }
                        } } }
                    }
                    tbody { @for row in &table.rows {
                        tr { @for at in &columns {
                            td class=[style(*at)] { @if let Some(cell) = row.get(*at) { (draw_text(cell)) } }
                        } }
                    } }
                }
            }
        }
        @if table.hidden > 0 { p.dim { "… " (grouped(table.hidden as u64)) " more (" code { "--all" } ")" } }
    }
}

fn draw_diff(diff: &str) -> Markup {
    html! {
        pre.diff tabindex="0" { @for line in diff.lines() {
            @let text = format!("{}\n", masked(line));
            @match class(tone_of_line(line)) {
                Some(class) => span class=(class) { (text) },
                None => (text),
            }
        } }
    }
}

fn draw_excerpt(excerpt: &SourceExcerpt) -> Markup {
    let mut rows = String::new();
    for (number, line) in (excerpt.first_line..).zip(&excerpt.lines) {
        let is_marked = excerpt.marked.contains(&number);
        let row = html! { span.line.marked[is_marked] { span.at aria-hidden="true" { (number) } (masked(line)) "\n" } };
        let _ = write!(rows, "{}", row.into_string());
    }
    html! {
        figure.source {
            @if !excerpt.file.is_empty() { figcaption { (draw_path(&masked(&excerpt.file))) } }
            pre tabindex="0" { (PreEscaped(rows)) }
        }
    }
}
