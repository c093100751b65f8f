//! A page as one HTML document: it works offline, asks nobody for anything, and can be read without scripts.

mod chart;

use std::fmt::Write;

use base64::Engine;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::terminal::tone_of_line;
use crate::finding::Basis;
use crate::report::anchor::identifier_of;
use crate::report::format::escape::{masked, masked_with_tabs};
use crate::report::layout::width;
use crate::report::page::{
    Block, Column, Fold, Listing, Medium, NextCommand, Page, Remark, RemarkFix, Section, SourceExcerpt, Table, Text,
    TextKind, TextPart, Tone, blocks_for,
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

/// Whether a section stands right below the links.
fn begins_with_section(page: &Page) -> bool {
    matches!(blocks_for(Medium::Html, &page.blocks).first(), Some(Block::Section(section)) if !section.title.is_empty())
}

/// Links to the sections, where there are several.
fn contents(page: &Page) -> Markup {
    let sections: Vec<(usize, &Section)> = sections(page).collect();
    html! {
        @if sections.len() > 2 {
            nav.contents aria-label="Sections" {
                ul { @for (number, section) in sections.into_iter().skip(usize::from(begins_with_section(page))) {
                    li { a href={"#" (anchor(section, number))} { (words(&section.title)) } }
                } }
            }
        }
    }
}

fn sections(page: &Page) -> impl Iterator<Item = (usize, &Section)> {
    let sections = blocks_for(Medium::Html, &page.blocks).into_iter().filter_map(|block| match block {
        Block::Section(section) if !section.title.is_empty() => Some(section),
        _ => None,
    });
    sections.enumerate()
}

fn anchor(section: &Section, number: usize) -> String {
    section.anchor.as_deref().map_or_else(|| format!("section-{}", number + 1), identifier)
}

fn identifier(anchor: &str) -> String {
    identifier_of(&masked(anchor))
}

/// The text without any markup.
fn words(text: &Text) -> String {
    masked(&text.parts.iter().map(|part| part.text.as_str()).collect::<String>())
}

/// All blocks; each section with a title can be linked to.
fn draw_page(page: &Page) -> Markup {
    let is_alone = sections(page).count() == 1;
    let mut number = 0;
    html! {
        @for block in blocks_for(Medium::Html, &page.blocks) {
            @match block {
                Block::Section(section) if is_alone && repeats_title(page, section) => {
                    section id=(anchor(section, number)) { (draw_blocks(section, 2)) }
                    @let () = number += 1;
                }
                Block::Section(section) if !section.title.is_empty() => {
                    (draw_section(section, 2, Some(&anchor(section, number))))
                    @let () = number += 1;
                }
                block => (draw(block, 2)),
            }
        }
    }
}

/// Whether the heading of the page says the title of a section.
fn repeats_title(page: &Page, section: &Section) -> bool {
    let title = words(&section.title);
    !title.is_empty() && masked(&page.title).ends_with(&title)
}

/// What a section is about, and its blocks.
fn draw_blocks(section: &Section, level: usize) -> Markup {
    html! {
        @if !section.about.is_empty() { p.about { (draw_text(&section.about)) (draw_aside(section)) } }
        @for block in &section.blocks { (draw(block, level)) }
    }
}

fn draw_aside(section: &Section) -> Markup {
    html! { @if !section.aside.is_empty() { " · " (draw_text(&section.aside)) } }
}

/// A block below a heading of the level before `level`.
fn draw(block: &Block, level: usize) -> Markup {
    match block {
        Block::Section(section) => draw_section(section, level, section.anchor.as_deref().map(identifier).as_deref()),
        Block::Paragraph(text) | Block::Line(text) => html! { p { (draw_text(text)) } },
        Block::Prose(paragraphs) => html! { @for text in paragraphs { p.prose { (draw_text(text)) } } },
        Block::Table(table) => draw_table(table),
        Block::List(items) => html! { ul { @for item in items { li { (draw_text(item)) } } } },
        Block::Diff(diff) => draw_diff(diff),
        Block::Listing(listing) => draw_listing(listing),
        Block::Excerpt(excerpt) => draw_excerpt(excerpt),
        Block::Remarks(remarks) => html! { @for remark in remarks { (draw_remark(remark, level)) } },
        Block::Commands(commands) => draw_commands(commands),
        Block::Chart(picture) => chart::draw(picture),
        Block::Only(media, blocks) if media.contains(&Medium::Html) => {
            html! { @for block in blocks { (draw(block, level)) } }
        }
        Block::Only(..) => html! {},
    }
}

fn draw_section(section: &Section, level: usize, id: Option<&str>) -> Markup {
    let about = html! {
        @if !section.about.is_empty() { " " span.about { (draw_text(&section.about)) (draw_aside(section)) } }
    };
    if matches!(section.fold, Fold::Open | Fold::OpenUntitled) {
        return html! {
            section id=[id] {
                @if !section.title.is_empty() {
                    (heading(level, &html! {
                        (draw_text(&section.title))
                        @if let Some(id) = id { " " a.anchor href={"#" (id)} aria-label="Link to this section" { "#" } }
                    }))
                }
                (draw_blocks(section, if section.title.is_empty() { level } else { level + 1 }))
            }
        };
    }
    html! {
        details id=[id] {
            summary { (draw_text(&section.title)) (about) }
            @for block in &section.blocks { (draw(block, level)) }
        }
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
        Column::Words | Column::Wrapped | Column::Below | Column::WrappedOrBelow => Some("words"),
    };
    let has_head = table.head.iter().any(|head| !head.is_empty());
    let has_words = columns.iter().any(|at| style(*at) == Some("words"));
    html! {
        @if !columns.is_empty() {
            div.scroll role="group" aria-label="Table" tabindex="0" {
                table.stack[columns.len() > 2 && (has_words || least_width(table, &columns) > NARROW)] {
                    @if has_head {
                        thead { tr { @for at in &columns {
                            @let head = table.head.get(*at).map(String::as_str).unwrap_or_default();
                            @if head.is_empty() { td {} } @else { th scope="col" class=[style(*at)] { (masked(head)) } }
                        } } }
                    }
                    tbody { @for (number, row) in table.rows.iter().enumerate() {
                        @for (_, heading) in table.groups.iter().filter(|(at, _)| *at == number) {
                            tr { th.group colspan=(columns.len()) scope="colgroup" { (heading) } }
                        }
                        tr { @for at in &columns {
                            td class=[style(*at)] data-head=[quiet_head(table, *at)] { @if let Some(cell) = row.get(*at) { (draw_text(cell)) } }
                        } }
                    } }
                }
            }
        }
        @if table.hidden > 0 { p.dim {
            "… " (grouped(table.hidden as u64)) " more" @if !table.is_final { " (" code { "--all" } ")" }
        } }
    }
}

/// Characters of a row for which a narrow screen has room.
const NARROW: usize = 44;

/// Characters of a column whose cells break, and those between two columns.
const BROKEN: usize = 16;
const GAP: usize = 2;

/// Characters that the widest cells of all columns take side by side.
fn least_width(table: &Table, columns: &[usize]) -> usize {
    let cell_width = |cell: &Text| cell.parts.iter().map(|part| width(&part.text)).sum::<usize>();
    let column_width = |at: &usize| {
        let cells = table.rows.iter().filter_map(|row| row.get(*at));
        let widest = cells.map(cell_width).max().unwrap_or_default();
        if matches!(table.columns[*at], Column::Left | Column::Right) { widest } else { widest.min(BROKEN) }
    };
    columns.iter().map(column_width).sum::<usize>() + GAP * columns.len()
}

/// What a narrow screen shows before a number, as it has no room for heads.
fn quiet_head(table: &Table, at: usize) -> Option<String> {
    let is_amount = table.columns[at] == Column::Right;
    table.head.get(at).filter(|head| is_amount && !head.is_empty()).map(|head| masked(head))
}

fn draw_diff(diff: &str) -> Markup {
    html! {
        pre.diff tabindex="0" { @for line in diff.lines() {
            @let text = format!("{}\n", masked_with_tabs(line));
            @match class(tone_of_line(line)) {
                Some(class) => span class=(class) { (text) },
                None => (text),
            }
        } }
    }
}

fn draw_listing(listing: &Listing) -> Markup {
    let lines: String = listing.lines.iter().map(|line| masked_with_tabs(line) + "\n").collect();
    html! {
        figure {
            @if !listing.caption.is_empty() { figcaption { (draw_text(&listing.caption)) } }
            pre tabindex="0" { (lines) }
        }
    }
}

fn draw_excerpt(excerpt: &SourceExcerpt) -> Markup {
    let mut rows = String::new();
    for (number, line) in excerpt.numbered_lines() {
        let is_marked = excerpt.marked.contains(&number);
        let row = html! { span.line.marked[is_marked] { span.at aria-hidden="true" { (number) } (masked_with_tabs(line)) "\n" } };
        let _ = write!(rows, "{}", row.into_string());
    }
    html! {
        figure.source {
            @if !excerpt.file.is_empty() { figcaption { (draw_path(&masked(&excerpt.file))) } }
            pre tabindex="0" { (PreEscaped(rows)) }
        }
    }
}

/// A remark as a section of its own.
fn draw_remark(remark: &Remark, level: usize) -> Markup {
    let id = remark.anchor.as_deref().map(identifier);
    let tone = Tone::of(remark.severity);
    html! {
        section.remark id=[&id] {
            (heading(level, &html! {
                span class=[class(tone)] { (remark.severity.name()) } " "
                @if let Some(place) = remark.place { span.dim { "line " (place.line) ": " } }
                (draw_words(&masked(&remark.message))) " "
                @if let Some(url) = &remark.url { span.dim { a href=(url) rel="noreferrer" { (remark.rule) } } }
                @if let Some(id) = &id { " " a.anchor href={"#" (id)} aria-label="Link to this finding" { "#" } }
            }))
            @if let Some(excerpt) = &remark.excerpt { (draw_excerpt(excerpt)) }
            @for (word, note) in &remark.notes { p { span.dim { (word) ": " } (draw_text(note)) } }
            @if let Some(fix) = &remark.fix { (draw_fix(fix)) }
        }
    }
}

fn draw_fix(fix: &RemarkFix) -> Markup {
    html! {
        details {
            summary {
                "fix: " (draw_words(&masked(&fix.title)))
                span.dim { @match &fix.risk {
                    None => " (safe)",
                    Some(risk) => { " (unsafe: " (draw_words(&masked(risk))) ")" },
                } }
            }
            p { (draw_part(&TextPart { text: fix.command.clone(), kind: TextKind::Command, tone: Tone::Plain })) }
            @if let Some(diff) = &fix.diff { (draw_diff(diff)) }
        }
    }
}

fn draw_commands(commands: &[NextCommand]) -> Markup {
    html! {
        ul.commands { @for command in commands { li {
            (draw_part(&TextPart { text: command.line.clone(), kind: TextKind::Command, tone: Tone::Plain }))
            div.dim { (draw_words(&masked(&command.why))) }
        } } }
    }
}
