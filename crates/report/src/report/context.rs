//! `context ls`: what is sent to the builder, and what each COPY copies.

use serde::Serialize;

use super::json;
use super::layout::{Layout, Tone, clean, width, wrap};
use super::units::{bytes, count, hidden_rows};
use crate::audit::{ContextListing, ContextListingEntry};
use crate::wire::{Head, list, object};

/// Entries that are listed without `--all`.
const ENTRIES: usize = 15;

/// The listing for people.
pub fn context(listing: &ContextListing, layout: Layout, all: bool) -> String {
    let context = &listing.context;
    let mut out = String::new();
    let root = layout.cut_path(&clean(&context.root), layout.columns()).into_owned();
    out.push_str(&layout.paint(Tone::Strong, &root));
    out.push_str(&format!("  {} in {}\n", bytes(context.bytes), count(context.files, "file")));
    match &listing.context.ignore_file {
        Some(path) => {
            out.push_str(&format!("  filtered by {}\n", layout.cut_path(&clean(path), layout.columns() - 16)));
        }
        None => out.push_str("  no .dockerignore\n"),
    }
    if let Some(path) = &listing.dockerfile {
        out.push_str(&format!("  for {}\n", layout.cut_path(&clean(path), layout.columns() - 6)));
    } else {
        let text = "no Dockerfile copies from this folder; this is what `COPY . .` would send";
        for line in wrap(text, layout.columns() - 2) {
            out.push_str(&format!("  {line}\n"));
        }
    }
    let limit = if all { usize::MAX } else { ENTRIES };
    entries(&mut out, "Largest", &context.largest, limit, layout);
    let useless: Vec<ContextListingEntry> = context.useless.iter().map(|part| part.entry.clone()).collect();
    entries(&mut out, "Sent but not needed", &useless, limit, layout);
    entries(&mut out, "Look like secrets", &context.secrets, limit, layout);
    if !listing.copies.is_empty() {
        out.push_str(&format!("\n{}\n", layout.paint(Tone::Strong, "Copied by")));
    }
    let lines = listing.copies.iter().map(|copy| copy.line.to_string().len()).max().unwrap_or(0);
    for copy in &listing.copies {
        let amount = match (copy.bytes, copy.files) {
            (Some(size), Some(files)) => format!("{} in {}", bytes(size), count(files, "file")),
            _ => "unknown".to_owned(),
        };
        let head = format!("  line {:>lines$}  {amount}  ", copy.line);
        let columns_left = layout.columns().saturating_sub(width(&head)).max(12);
        out.push_str(&format!("{head}{}\n", layout.cut(&clean(&copy.text), columns_left)));
    }
    for problem in &listing.problems {
        let place = problem.place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default();
        let level = if problem.error { "error: " } else { "" };
        out.push_str(&format!("\n{level}{}{place}: {}\n", clean(&problem.file), clean(&problem.message)));
    }
    out
}

fn entries(out: &mut String, title: &str, entries: &[ContextListingEntry], limit: usize, layout: Layout) {
    if entries.is_empty() {
        return;
    }
    out.push_str(&format!("\n{}\n", layout.paint(Tone::Strong, title)));
    let visible = &entries[..entries.len().min(limit)];
    let sizes = visible.iter().map(|entry| width(&bytes(entry.bytes))).max().unwrap_or(0);
    for entry in visible {
        let size = bytes(entry.bytes);
        let blanks = " ".repeat(sizes - width(&size));
        let path = clean(&entry.path).into_owned();
        let room = layout.columns().saturating_sub(sizes + 4).max(12);
        let line = match entry.files {
            1 => path,
            files => format!("{path}  ({})", count(files, "file")),
        };
        out.push_str(&format!("  {blanks}{size}  {}\n", layout.cut(&line, room)));
    }
    out.push_str(&hidden_rows(entries.len(), visible.len(), 2));
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
