//! Limits that an image was held against: for people and for programs.

use serde_json::Number;

use super::origin::origin;
use super::shown_maker;
use crate::analysis::{Cause, ImageAnalysis, LimitResult};
use crate::report::page::{Column, Table, Tone, code, plain, toned};
use crate::report::units::{bytes, count, seconds};
use crate::settings::Bound;
use crate::wire::{self, CauseJson, LimitJson, OnlyWritten};

/// What a limit is called: `max-size`, `max-category apt-lists`.
pub fn limit_name(judged: &LimitResult) -> String {
    let measure = &judged.limit.measure;
    measure.name().map_or_else(|| measure.key().to_owned(), |name| format!("{} {name}", measure.key()))
}

/// The limits that are not kept, and those of which nobody knows.
pub(in crate::report) fn broken(image: &ImageAnalysis) -> impl Iterator<Item = &LimitResult> {
    image.budget.iter().filter(|limit_result| limit_result.is_kept != Some(true))
}

/// A value or a bound: `412 MB`, `23`, `94.21 %`.
pub(in crate::report) fn format_bound(bound: Bound) -> String {
    match bound {
        Bound::Bytes(number) => bytes(number),
        Bound::Count(number) => count(number, "").trim_end_matches(['s', ' ']).to_owned(),
        Bound::Ratio(share) => format!("{} %", (share * 10_000.0).round() / 100.0),
        Bound::Seconds(amount) => seconds(amount),
    }
}

/// Both, to the byte where people could not tell them apart.
pub(in crate::report) fn pair(value: Bound, limit: Bound) -> (String, String) {
    match (value, limit) {
        (Bound::Bytes(value), Bound::Bytes(limit)) if value != limit && bytes(value) == bytes(limit) => {
            (count(value, "byte"), count(limit, "byte"))
        }
        _ => (format_bound(value), format_bound(limit)),
    }
}

/// `412 MB, at most 400 MB`.
fn verdict(judged: &LimitResult) -> String {
    let word = if judged.limit.measure.is_least() { "at least" } else { "at most" };
    match judged.value {
        Some(value) => {
            let (value, limit) = pair(value, judged.limit.bound);
            format!("{value}, {word} {limit}")
        }
        None => format!("unknown, {word} {}", format_bound(judged.limit.bound)),
    }
}

fn cause(image: &ImageAnalysis, cause: &Cause) -> String {
    let amount = cause.bytes.map(|amount| format!("{} ", bytes(amount))).unwrap_or_default();
    // What is a layer says so itself; its line is what is missing.
    let maker = cause.layer.map(|layer| shown_maker(image, layer)).filter(|maker| !cause.what.starts_with(maker));
    let maker = maker.map(|maker| format!(" by {maker}")).unwrap_or_default();
    format!("{amount}{}{maker}", cause.what)
}

/// A limit that is not kept, on one line.
pub(in crate::report) fn story(image: &ImageAnalysis, judged: &LimitResult) -> String {
    let mut text = format!("the limit {} is violated: {}", limit_name(judged), verdict(judged));
    if let Some(why) = judged.unknown {
        text = format!("the limit {} cannot be checked: {why}", limit_name(judged));
    }
    if let Some(written) = &judged.written {
        text.push_str(&format!(" ({written})"));
    }
    let causes: Vec<String> = judged.causes.iter().map(|cause_text| cause(image, cause_text)).collect();
    if !causes.is_empty() {
        text.push_str(&format!("; largest: {}", causes.join(", ")));
    }
    text
}

/// `Budget: 1 of 3 limits broken`.
pub(super) fn title(image: &ImageAnalysis) -> String {
    let all = count(image.budget.len() as u64, "limit");
    let unknown = image.budget.iter().filter(|limit_result| limit_result.is_kept.is_none()).count();
    let broken = broken(image).count() - unknown;
    let unknown = if unknown > 0 { format!(", {unknown} unknown") } else { String::new() };
    match broken {
        0 if unknown.is_empty() => format!("Budget: {all} met"),
        broken => format!("Budget: {broken} of {all} violated{unknown}"),
    }
}

/// All limits for people, the causes of broken ones below them.
pub(super) fn table(image: &ImageAnalysis) -> Table {
    let mut rows = Vec::new();
    for limit_result in &image.budget {
        let (word, tone) = match limit_result.is_kept {
            Some(true) => ("met", Tone::Good),
            Some(false) => ("violated", Tone::Error),
            None => ("unknown", Tone::Error),
        };
        let written = limit_result.written.as_deref().unwrap_or_default();
        let note = limit_result.unknown.unwrap_or(written);
        rows.push(vec![
            toned(word, tone),
            code(limit_name(limit_result)),
            plain(verdict(limit_result)),
            toned(note, Tone::Dim),
        ]);
        for why in &limit_result.causes {
            rows.push(vec![plain(""), plain(""), plain(format!("  {}", cause(image, why)))]);
        }
    }
    let columns = [Column::Left, Column::Left, Column::Words, Column::Words];
    Table::new(&columns, rows).with_quiet_head(&["", "limit", "value, and what counts most", ""])
}

/// For programs.
pub(super) fn wire(image: &ImageAnalysis) -> Vec<LimitJson> {
    // Ratios and seconds are finite.
    let number = |bound: Bound| match bound {
        Bound::Bytes(number) | Bound::Count(number) => Some(number.into()),
        Bound::Ratio(number) | Bound::Seconds(number) => Number::from_f64(number),
    };
    let cause = |cause: &Cause| CauseJson {
        what: cause.what.clone(),
        bytes: OnlyWritten(cause.bytes),
        layer: OnlyWritten(cause.layer),
        origin: OnlyWritten(cause.layer.and_then(|layer| image.place(layer)).map(origin)),
    };
    wire::list(&image.budget, |limit_result| LimitJson {
        measure: limit_result.limit.measure.key().to_owned(),
        name: limit_result.limit.measure.name().map(str::to_owned),
        limit: number(limit_result.limit.bound).unwrap_or_else(|| 0.into()),
        value: limit_result.value.and_then(number),
        unit: match limit_result.limit.bound {
            Bound::Bytes(_) => "bytes",
            Bound::Count(_) => "count",
            Bound::Ratio(_) => "ratio",
            Bound::Seconds(_) => "seconds",
        }
        .to_owned(),
        kept: limit_result.is_kept,
        unknown: limit_result.unknown.map(str::to_owned),
        written: limit_result.written.clone(),
        causes: wire::list(&limit_result.causes, cause),
    })
}
