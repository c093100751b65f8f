//! `--show-settings`: what holds for each file, and which file says so.

use super::args::{Choice, Global, Threshold};
use super::exit::{CLEAN, FAILED};
use super::output::{CommandFailure, print_page};
use crate::inputs::Inputs;
use crate::report::{self, Format, SettingRow};
use crate::rules::known_rules;
use crate::settings::setting_origins;
use crate::text::FileId;

pub(super) fn show(
    global: &Global,
    inputs: &Inputs,
    choice: &Choice,
    threshold: &Threshold,
    failed: bool,
) -> Result<u8, CommandFailure> {
    if !matches!(global.format, Format::Text | Format::Markdown | Format::Html) {
        let what = "`--show-settings` prints text, Markdown and HTML only".to_owned();
        return Err(CommandFailure::Because { what, help: Some("leave out `--format`".to_owned()) });
    }
    let builds = inputs.builds.iter().map(|build| build.dockerfile);
    let files: Vec<FileId> = builds.chain(inputs.composes.iter().map(|compose| compose.file)).collect();
    let mut shown: Vec<(String, Vec<SettingRow>)> = Vec::new();
    for file in files {
        let mut rows: Vec<SettingRow> = setting_origins(inputs, file, known_rules())
            .into_iter()
            .map(|origin| SettingRow {
                key: origin.key,
                value: origin.value,
                origin: origin.file.map_or("default".to_owned(), |file| inputs.source(file).name().to_owned()),
            })
            .collect();
        add_options(&mut rows, choice, threshold);
        shown.push((inputs.source(file).name().to_owned(), rows));
    }
    print_page(global, &report::settings(&shown))?;
    Ok(if failed { FAILED } else { CLEAN })
}

/// What the command line says over the settings.
fn add_options(rows: &mut Vec<SettingRow>, choice: &Choice, threshold: &Threshold) {
    let mut add = |key: &str, value: String, option: &str| {
        rows.push(SettingRow { key: key.to_owned(), value, origin: format!("command line ({option})") });
    };
    if !choice.select.is_empty() {
        add("select", choice.select.join(", "), "--select");
    }
    if !choice.ignore.is_empty() {
        add("ignore", choice.ignore.join(", "), "--ignore");
    }
    if let Some(severity) = threshold.fail_on {
        add("fail-on", format!("{severity:?}").to_lowercase(), "--fail-on");
    }
    // The last one of a key holds, but for lists that add to each other.
    for key in ["select", "fail-on"] {
        if let Some(last) = rows.iter().rposition(|row| row.key == key) {
            let mut at = 0;
            rows.retain(|row| {
                at += 1;
                row.key != key || at == last + 1
            });
        }
    }
}
