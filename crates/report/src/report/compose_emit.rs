//! `compose emit`: why each service and key is there, for people and as JSON.

use std::fmt::Write;

use serde_json::json;

use super::layout::{Layout, Tone, clean, wrap};
use crate::emit::{Choice, Emission};

/// The choices, by service, and what was left out.
pub fn compose_emit(emission: &Emission, layout: Layout) -> String {
    let mut out = String::new();
    let mut services: Vec<&str> = Vec::new();
    for choice in &emission.choices {
        if !services.contains(&choice.service.as_str()) {
            services.push(&choice.service);
        }
    }
    for (at, service) in services.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let _ = writeln!(out, "{}", layout.paint(Tone::Strong, &clean(service)));
        for choice in emission.choices.iter().filter(|choice| choice.service == *service) {
            add(&mut out, choice, layout);
        }
    }
    for (at, note) in emission.notes.iter().enumerate() {
        if at == 0 && !out.is_empty() {
            out.push('\n');
        }
        for (index, line) in wrap(&clean(note), layout.columns().saturating_sub(6)).iter().enumerate() {
            let head = if index == 0 { "note: " } else { "      " };
            let _ = writeln!(out, "{}{line}", layout.paint(Tone::Dim, head));
        }
    }
    out
}

fn add(out: &mut String, choice: &Choice, layout: Layout) {
    let place = choice.place.as_deref().map(|place| format!(" ({place})")).unwrap_or_default();
    let text = clean(&format!("{}{place}", choice.reason)).into_owned();
    for (index, line) in wrap(&text, layout.columns().saturating_sub(16)).iter().enumerate() {
        let key = if index == 0 { choice.key.as_str() } else { "" };
        let _ = writeln!(out, "  {key:<13} {line}");
    }
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
