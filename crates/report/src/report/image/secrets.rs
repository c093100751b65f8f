//! Secrets: what, where, who brought it, and whether it can still be read. Their values are never here.

use serde::Serialize;

use super::origin::origin;
use super::{ImageView, shown_maker, shown_path, waste_words};
use crate::analysis::ImageAnalysis;
use crate::image::MemberOutcome;
use crate::image::secrets::{Secret, SecretPlace};
use crate::report::page::{Column, Table, Tone, path, plain, toned};
use crate::wire::object;

/// `/root/.npmrc:1`, `ENV`, `history`.
pub(super) fn shown_place(analysis: &ImageAnalysis, secret: &Secret) -> String {
    match secret.place {
        SecretPlace::File { path, line: Some(line), .. } => format!("{}:{line}", shown_path(analysis, path)),
        SecretPlace::File { path, line: None, .. } => shown_path(analysis, path),
        SecretPlace::Environment => "environment in the config".to_owned(),
        SecretPlace::Label => "a label".to_owned(),
        SecretPlace::History(step) => format!("history step {}", step + 1),
    }
}

/// `recoverable from layer 3: deleted by layer 4`.
pub(super) fn shown_fate(analysis: &ImageAnalysis, secret: &Secret) -> String {
    let SecretPlace::File { entry, fate, .. } = secret.place else { return String::new() };
    let (how, by) = match fate {
        MemberOutcome::Kept => return String::new(),
        MemberOutcome::Unlinked { by } => ("deleted", by),
        MemberOutcome::Lost { how, by } => (waste_words(how), by),
    };
    let by = shown_maker(analysis, by as usize);
    format!("still readable in layer {} ({how} by {by})", entry.layer + 1)
}

/// Who brought it: a line, else a layer.
pub(super) fn shown_origin(analysis: &ImageAnalysis, secret: &Secret) -> String {
    match (secret.place, analysis.place_of(secret)) {
        (SecretPlace::File { entry, .. }, _) => shown_maker(analysis, entry.layer as usize),
        (_, Some((_, place))) => format!("line {}", place.first_line),
        (_, None) => String::new(),
    }
}

/// What it is, with the name that it has.
pub(super) fn shown_kind(secret: &Secret) -> String {
    let name = secret.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
    format!("{}{name}", secret.kind.words())
}

/// For people: those beyond doubt unless all are asked for.
pub(super) fn table(analysis: &ImageAnalysis, view: &ImageView<'_>) -> Table {
    let mut rows = Vec::new();
    for secret in analysis.secrets.iter().filter(|secret| secret.sure || view.all).take(view.top) {
        let kind = shown_kind(secret);
        rows.push(vec![
            if secret.sure { toned(kind, Tone::Error) } else { toned(kind + " (doubtful)", Tone::Dim) },
            path(shown_place(analysis, secret)),
            plain(shown_origin(analysis, secret)),
            plain(shown_fate(analysis, secret)),
            toned(secret.masked(), Tone::Dim),
        ]);
    }
    let columns = [Column::Left, Column::Path, Column::Left, Column::Words, Column::Words];
    let head = ["secret", "place", "added by", "", ""];
    Table::new(&columns, rows).with_quiet_head(&head).of(analysis.secrets.len())
}

/// For programs.
pub(super) fn wire(analysis: &ImageAnalysis) -> Vec<impl Serialize> {
    let wire_secret = |secret: &Secret| {
        let (path, layer, line, fate) = match secret.place {
            SecretPlace::File { entry, path, line, fate } => {
                (Some(shown_path(analysis, path)), Some(entry.layer), line, Some(fate))
            }
            _ => (None, None, None, None),
        };
        let lost_by = fate.and_then(|fate| match fate {
            MemberOutcome::Kept => None,
            MemberOutcome::Unlinked { by } | MemberOutcome::Lost { by, .. } => Some(by),
        });
        object! {
            kind: secret.kind.name(),
            what: secret.kind.words(),
            place: match secret.place {
                SecretPlace::File { .. } => "file",
                SecretPlace::Environment => "env",
                SecretPlace::Label => "label",
                SecretPlace::History(_) => "history",
            },
            path,
            line,
            layer,
            history: if let SecretPlace::History(step) = secret.place { Some(step) } else { None },
            name: secret.name.as_deref().map(str::to_owned),
            prefix: secret.prefix,
            length: secret.length,
            in_final_tree: fate.map(|_| lost_by.is_none()),
            lost_by,
            sure: secret.sure,
            origin: analysis.place_of(secret).map(origin),
        }
    };
    analysis.secrets.iter().map(wire_secret).collect()
}
