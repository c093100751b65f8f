//! `compose emit`: why each service and key is there, for people and as JSON.

use serde_json::json;

use super::page::{Block, Column, Medium, Page, Section, Table, Tone, code, note, plain, toned};
use super::patch::diff_sections;
use crate::emit::{Choice, Emission};
use crate::finding::Mask;
use crate::fix::Change;

/// The files, the choices by service, and what was left out. A terminal shows no files: that is for diffs.
pub fn compose_emit(emission: &Emission, changes: &[Change], mask: &Mask) -> Page {
    let mut page = Page::new("Files to run the project");
    page.push(Block::Only(&[Medium::Markdown, Medium::Html], diff_sections(changes, mask)));
    let mut services: Vec<&str> = Vec::new();
    for choice in &emission.choices {
        if !services.contains(&choice.service.as_str()) {
            services.push(&choice.service);
        }
    }
    let mut reasons = Section::default();
    for service in services {
        let choices = emission.choices.iter().filter(|choice| choice.service == service);
        let row = |choice: &Choice| {
            let place = choice.place.as_deref().map(|place| format!(" ({place})")).unwrap_or_default();
            vec![code(&choice.key), plain(format!("{}{place}", choice.reason))]
        };
        let rows = choices.map(row).collect();
        let table = Table::new(&[Column::Left, Column::Wrapped], rows).with_quiet_head(&["key", "reason"]);
        reasons.push(Section::new(toned(service, Tone::Strong)).with(table));
    }
    if !reasons.blocks.is_empty() {
        page.push(reasons);
    }
    page.push_list(emission.notes.iter().map(note).collect());
    page
}

/// The same as JSON, with the files.
pub fn compose_emit_json(emission: &Emission) -> String {
    let files = emission.files.iter().map(|file| json!({"path": file.path, "text": file.text}));
    let choices = emission.choices.iter().map(
        |choice| json!({"service": choice.service, "key": choice.key, "reason": choice.reason, "place": choice.place}),
    );
    let value = json!({
        "schema": "dockopt.compose-emit/1",
        "dockopt": env!("CARGO_PKG_VERSION"),
        "files": files.collect::<Vec<_>>(),
        "choices": choices.collect::<Vec<_>>(),
        "notes": emission.notes,
    });
    format!("{value:#}\n")
}
