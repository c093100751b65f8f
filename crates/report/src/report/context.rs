//! `context ls`: what is sent to the builder, and what each COPY copies.

use serde::Serialize;

use super::json;
use super::page::{Block, Column, Indent, Page, Section, Table, TextKind, Tone, code, number, path, plain, toned};
use super::units::{bytes, count};
use crate::audit::{ContextListing, ContextListingEntry};
use crate::wire::{Head, list, object};

/// Entries that are listed without `--all`.
const ENTRIES: usize = 15;

/// The listings for people.
pub fn context(listings: &[ContextListing], all: bool) -> Page {
    let mut page = Page::new("Build context");
    page.blocks.extend(listings.iter().map(|listing| Block::Section(section(listing, all))));
    page
}

fn section(listing: &ContextListing, all: bool) -> Section {
    let context = &listing.context;
    let about = format!("{} in {}", bytes(context.bytes), count(context.files, "file"));
    let mut section = Section { about: number(about), indent: Indent::Blocks, ..Section::new(path(&context.root)) };
    section.push(match &context.ignore_file {
        Some(file) => plain("filtered by ").with(file, TextKind::Path, Tone::Plain),
        None => plain("no .dockerignore"),
    });
    section.push(match &listing.dockerfile {
        Some(file) => plain("for ").with(file, TextKind::Path, Tone::Plain),
        None => plain("no Dockerfile copies from this folder; this is what `COPY . .` would send"),
    });
    section.push_rows(Section::new("Largest"), entries(&context.largest, all));
    let useless: Vec<ContextListingEntry> = context.useless.iter().map(|part| part.entry.clone()).collect();
    section.push_rows(Section::new("Sent but not needed"), entries(&useless, all));
    section.push_rows(Section::new("Look like secrets"), entries(&context.secrets, all));
    let copies = listing.copies.iter().map(|copy| {
        let amount = match (copy.bytes, copy.files) {
            (Some(size), Some(files)) => format!("{} in {}", bytes(size), count(files, "file")),
            _ => "unknown".to_owned(),
        };
        vec![plain(format!("line {}", copy.line)), number(amount), code(&copy.text)]
    });
    let copies = Table::new(&[Column::Right, Column::Left, Column::Words], copies.collect());
    section.push_rows(Section::new("Copied by"), copies);
    for problem in &listing.problems {
        let place = problem.place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default();
        let text = format!("{}{place}: {}", problem.file, problem.message);
        let text = if problem.error { toned("error: ", Tone::Error).and(text) } else { plain(text) };
        section.push(Section::default().with(text));
    }
    section
}

fn entries(entries: &[ContextListingEntry], all: bool) -> Table {
    let row = |entry: &ContextListingEntry| {
        let files = if entry.files == 1 { String::new() } else { format!("  ({})", count(entry.files, "file")) };
        vec![number(bytes(entry.bytes)), path(&entry.path).and_dim(files)]
    };
    let rows = entries.iter().take(if all { usize::MAX } else { ENTRIES }).map(row).collect();
    Table::new(&[Column::Right, Column::Path], rows).of(entries.len())
}

/// The listings for programs, as `schemas/context.schema.json` describes them: the first one, and the others in it.
pub fn context_json(first: &ContextListing, others: &[ContextListing]) -> String {
    let head = Head::new("dockopt.context/1", &first.context.root);
    json::pretty(&object! {
        #[serde(flatten)]
        head,
        #[serde(flatten)]
        first: wire_listing(first),
        others: list(others, wire_listing),
    })
}

fn wire_listing(listing: &ContextListing) -> impl Serialize {
    object! {
        dockerfile: listing.dockerfile.as_deref(),
        context: json::context(&listing.context),
        copies: list(&listing.copies, |copy| {
            object! { line: copy.line, stage: &copy.stage, text: &copy.text, files: copy.files, bytes: copy.bytes }
        }),
        problems: json::problems(&listing.problems),
    }
}
