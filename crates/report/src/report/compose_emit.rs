//! `compose emit`: why each service and key is there, for people and as JSON.

use serde_json::json;

use super::page::{Block, Column, Listing, Medium, Page, Section, Table, Tone, code, note, plain, toned};
use super::patch::diff_sections;
use crate::emit::{Choice, DependencyTranslation, Emission};
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
    for section in cluster_sections(emission) {
        page.push(section);
    }
    page.push_list(emission.notes.iter().map(note).collect());
    page
}

/// What became of each dependency, and the steps with which the files come into service, for a terminal that shows a diff of
/// the files; `None` where there are neither.
pub fn cluster_page(emission: &Emission) -> Option<Page> {
    let mut page = Page::default();
    for section in cluster_sections(emission) {
        page.push(section);
    }
    (!page.blocks.is_empty()).then_some(page)
}

fn cluster_sections(emission: &Emission) -> Vec<Section> {
    let mut sections = Vec::new();
    if !emission.dependencies.is_empty() {
        let row = |known: &DependencyTranslation| {
            let edge = code(format!("{} → {}", known.service, known.target));
            vec![edge, code(&known.condition), plain(&known.outcome), plain(&known.reason)]
        };
        let rows = emission.dependencies.iter().map(row).collect();
        let columns = [Column::Left, Column::Left, Column::Left, Column::Wrapped];
        let table = Table::new(&columns, rows).with_head(&["depends_on", "condition", "becomes", "why"]);
        sections.push(Section::new(toned("How each depends_on was translated", Tone::Strong)).with(table));
    }
    if !emission.steps.is_empty() {
        let mut steps = Section::new(toned("Steps", Tone::Strong));
        for (number, step) in (1..).zip(&emission.steps) {
            // To be copied: a command is not broken over lines.
            let is_plain = |line: &String| line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
            let listing = Listing {
                caption: plain(format!("{number}. {}", step.title)),
                lines: step.commands.clone(),
                is_verbatim: step.commands.iter().all(is_plain),
            };
            steps.push(Block::Listing(listing));
            if !step.remark.is_empty() {
                steps.push(Block::Paragraph(note(&step.remark)));
            }
        }
        sections.push(steps);
    }
    sections
}

/// The same as JSON, with the files.
pub fn compose_emit_json(emission: &Emission) -> String {
    let files = emission.files.iter().map(|file| json!({"path": file.path, "text": file.text}));
    let choices = emission.choices.iter().map(
        |choice| json!({"service": choice.service, "key": choice.key, "reason": choice.reason, "place": choice.place}),
    );
    let mut value = json!({
        "schema": "dockopt.compose-emit/1",
        "dockopt": env!("CARGO_PKG_VERSION"),
        "files": files.collect::<Vec<_>>(),
        "choices": choices.collect::<Vec<_>>(),
        "notes": emission.notes,
    });
    let dependencies = emission.dependencies.iter().map(|known| {
        json!({
            "service": known.service,
            "target": known.target,
            "condition": known.condition,
            "outcome": known.outcome,
            "reason": known.reason,
        })
    });
    let steps = emission
        .steps
        .iter()
        .map(|step| json!({"title": step.title, "commands": step.commands, "remark": step.remark}));
    if !emission.steps.is_empty() {
        value["dependencies"] = dependencies.collect();
        value["steps"] = steps.collect();
    }
    format!("{value:#}\n")
}
