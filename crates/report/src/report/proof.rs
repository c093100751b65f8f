//! `optimize --verify`: what was measured and compared, for people, programs and in Markdown.

use serde::Serialize;

use super::figures::{self, FigureRow};
use super::format::escape::{markdown, markdown_code};
use super::grid::Column;
use super::json;
use super::layout::{Layout, TextStyle, clean, pad, wrap};
use super::units::bytes;
use crate::proof::{Check, CheckOutcome, Figures, Proof, TriedLevels, Verdict};
use crate::wire::{Head, list, object};

/// Lines of a check that passed.
const SHOWN: usize = 4;

/// The proofs for people.
pub fn proof(proofs: &[Proof], layout: Layout) -> String {
    proofs.iter().map(|proof| render_proof(proof, layout)).collect::<Vec<_>>().join("\n")
}

fn render_proof(proof: &Proof, layout: Layout) -> String {
    let mut out =
        format!("{}: {}\n", layout.paint(TextStyle::Strong, &clean(&proof.dockerfile)), clean(&verdict(proof)));
    let rows = rows(proof);
    if !rows.is_empty() {
        out.push('\n');
        out.push_str(&figures::grid(&rows, 2, &["", "before", "after", ""], Column::Left, layout));
    }
    for note in notes(proof) {
        out.push_str(&format!("  {}\n", clean(&note)));
    }
    for tried in &proof.tried {
        let fell = !tried.holds();
        out.push_str(&format!("\n  {}\n", layout.paint(TextStyle::Strong, &clean(&name(tried)))));
        if let Some(failure) = &tried.failure {
            lines(&mut out, layout, (TextStyle::Error, "✗ build"), std::slice::from_ref(failure));
        }
        for check in tried.checks.iter().filter(|check| !fell || check.outcome == CheckOutcome::Failed) {
            let (tone, mark) = mark(check.outcome);
            lines(&mut out, layout, (tone, &format!("{mark} {}", check.name)), shown_details(check));
        }
    }
    out
}

/// The sign of an outcome.
const fn mark(outcome: CheckOutcome) -> (TextStyle, &'static str) {
    match outcome {
        CheckOutcome::Passed => (TextStyle::Good, "✓"),
        CheckOutcome::Failed => (TextStyle::Error, "✗"),
        CheckOutcome::Skipped => (TextStyle::Dim, "–"),
        CheckOutcome::Unproved => (TextStyle::Warning, "?"),
    }
}

/// All lines of a check that failed, and the first ones of others.
fn shown_details(check: &Check) -> &[String] {
    let most = if check.outcome == CheckOutcome::Failed { check.details.len() } else { SHOWN };
    &check.details[..check.details.len().min(most)]
}

fn lines(out: &mut String, layout: Layout, (tone, head): (TextStyle, &str), details: &[String]) {
    const HEAD: usize = 14;
    let columns = layout.columns().saturating_sub(HEAD + 4);
    let mut first = true;
    let nothing = [String::new()];
    for detail in if details.is_empty() { &nothing[..] } else { details } {
        for line in wrap(&clean(detail), columns) {
            let head_text =
                if std::mem::take(&mut first) { layout.paint(tone, &pad(head, HEAD)) } else { " ".repeat(HEAD) };
            out.push_str(format!("  {head_text}{line}").trim_end());
            out.push('\n');
        }
    }
}

/// What it comes to, in one line.
fn verdict(proof: &Proof) -> String {
    match proof.verdict() {
        Verdict::OriginalFails => {
            let why = proof.original.as_deref().unwrap_or_default();
            format!("not proved: the original does not build: {why}{}", advice(proof))
        }
        Verdict::Proved => match proof.tried.iter().rfind(|tried| tried.proves()) {
            Some(tried) if !tried.levels.is_empty() => format!("{} proved", levels(tried)),
            _ => "the rewrite is proved".to_owned(),
        },
        Verdict::Unproved => {
            let doubts = proof.tried.iter().find(|tried| tried.holds());
            let doubts = doubts.map(|tried| tried.doubts().map(str::to_owned).collect::<Vec<_>>());
            let doubts = doubts
                .unwrap_or_else(|| proof.broken_start.iter().map(|fault| format!("the original {fault}")).collect());
            let doubts = doubts.join("; ");
            format!("not proved: {doubts}{}", advice(proof))
        }
        Verdict::Rejected => "no rewrite could be proved; nothing changes".to_owned(),
        Verdict::Unchanged => "nothing to improve".to_owned(),
    }
}

/// `; try -e SECRET_KEY=…`.
fn advice(proof: &Proof) -> String {
    let options: Vec<String> = proof.advice.iter().map(|option| format!("`{option}`")).collect();
    let several = if proof.advice.iter().all(|option| option.starts_with("-e ")) { " " } else { " or " };
    if options.is_empty() { String::new() } else { format!("; try {}", options.join(several)) }
}

/// What stands below the figures, one sentence each.
fn notes(proof: &Proof) -> Vec<String> {
    let mut all: Vec<String> = proof.started_as.iter().map(|command| format!("started as {command}")).collect();
    if !proof.floor.is_empty() {
        all.push(floor(proof));
    }
    if let (Verdict::Unproved, Some(tried)) = (proof.verdict(), proof.tried.iter().find(|tried| tried.holds())) {
        let passed = tried.checks.iter().filter(|check| check.outcome == CheckOutcome::Passed);
        let names: Vec<&str> = passed.map(|check| check.name).collect();
        let all_of_it = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        all.push(format!("checked: {all_of_it}; nothing is written, because the original was not seen to work"));
    }
    let rejected = proof.rejected.iter();
    all.extend(rejected.map(|rejected| format!("{} skipped: {}", rejected.pass, rejected.reason)));
    if !proof.untried.is_empty() {
        let passes = proof.untried.join(", ");
        all.push(format!("not tried, after {} rewrites: {passes}; another run with `--skip` may", proof.tried.len()));
    }
    all
}

/// `levels 0, 1, 3`.
fn levels(tried: &TriedLevels) -> String {
    let numbers: Vec<String> = tried.levels.iter().map(|level| level.number().to_string()).collect();
    format!("level{} {}", if numbers.len() == 1 { "" } else { "s" }, numbers.join(", "))
}

fn name(tried: &TriedLevels) -> String {
    let subject = if tried.levels.is_empty() { "the rewrite".to_owned() } else { levels(tried) };
    let without =
        if tried.left_out.is_empty() { String::new() } else { format!(" without {}", tried.left_out.join(", ")) };
    let fell = match () {
        () if tried.proves() => "",
        () if tried.holds() => ": not proved",
        () => ": failed",
    };
    format!("{subject}{without}{fell}")
}

fn floor(proof: &Proof) -> String {
    let sum = proof.floor.iter().map(|(_, bytes)| bytes).sum();
    let parts: Vec<String> = proof.floor.iter().map(|(name, size)| format!("{name} {}", bytes(*size))).collect();
    format!("smallest possible size {}: {}", bytes(sum), parts.join(", "))
}

fn rows(proof: &Proof) -> Vec<FigureRow> {
    let all: Vec<&Figures> = proof.before.iter().chain(&proof.after).collect();
    if proof.before.is_none() { Vec::new() } else { figures::rows(&all, None, None) }
}

/// The proofs in Markdown.
pub fn proof_markdown(proofs: &[Proof]) -> String {
    let mut out = String::new();
    for proof in proofs {
        out.push_str(&format!("### {}: {}\n\n", markdown_code(&proof.dockerfile), markdown(&verdict(proof))));
        let rows = rows(proof);
        if !rows.is_empty() {
            out.push_str("| | before | after | |\n|---|--:|--:|--:|\n");
            for row in &rows {
                out.push_str(&format!(
                    "| {} | {} | {} | {} |\n",
                    row.title.trim(),
                    row.format_value(0),
                    row.format_value(1),
                    row.change()
                ));
            }
            out.push('\n');
        }
        for note in notes(proof) {
            out.push_str(&format!("{}\n\n", markdown(&note)));
        }
        for tried in &proof.tried {
            out.push_str(&format!("**{}**\n\n", markdown(&name(tried))));
            if let Some(failure) = &tried.failure {
                out.push_str(&format!("- ✗ build: {}\n", markdown(failure)));
            }
            tried.checks.iter().for_each(|check| out.push_str(&item(check)));
            out.push('\n');
        }
        if !proof.commands.is_empty() {
            let commands: Vec<String> =
                proof.commands.iter().map(|command| format!("- {}\n", markdown_code(command))).collect();
            let engine = markdown(&proof.engine);
            out.push_str(&format!(
                "<details><summary>Commands ({engine})</summary>\n\n{}\n</details>\n\n",
                commands.concat()
            ));
        }
    }
    out
}

fn item(check: &Check) -> String {
    let (_, mark) = mark(check.outcome);
    let details: Vec<String> = shown_details(check).iter().map(|detail| markdown(detail)).collect();
    format!("- {mark} {}: {}\n", check.name, details.join("; "))
}

/// The proofs, as `schemas/proof.schema.json` describes them.
pub fn proof_json(root: &str, proofs: &[Proof]) -> String {
    json::pretty(&object! {
        #[serde(flatten)]
        head: Head::new("dockopt.proof/1", root),
        builds: list(proofs, wire_proof),
    })
}

fn wire_proof(proof: &Proof) -> impl Serialize {
    let outcome = proof.verdict();
    let word = match outcome {
        Verdict::OriginalFails => "original_fails",
        Verdict::Unchanged => "unchanged",
        Verdict::Proved => "proved",
        Verdict::Unproved | Verdict::Rejected => "unproved",
    };
    let figures = |figures: &Figures| {
        object! {
            disk_bytes: Some(figures.size.disk).filter(|disk| *disk > 0),
            pull_bytes: figures.size.pull,
            layers: Some(figures.size.layers).filter(|count| *count > 0),
            upload_bytes: figures.size.upload,
            base_pull_bytes: figures.size.base_pull,
            builds: list(&figures.runs, |(of, run)| {
                object! {
                    scenario: of.name(),
                    seconds: run.seconds,
                    cpu_seconds: run.cpu_seconds,
                    steps_run: run.steps.len(),
                    steps_cached: run.cached,
                }
            }),
        }
    };
    object! {
        dockerfile: &proof.dockerfile,
        verdict: word,
        reason: matches!(outcome, Verdict::Unproved | Verdict::Rejected).then(|| verdict(proof)),
        advice: &proof.advice,
        started_as: proof.started_as.as_deref(),
        rejected: list(&proof.rejected, |rejected_pass| {
            object! { pass: &rejected_pass.pass, reason: &rejected_pass.reason }
        }),
        untried: &proof.untried,
        original_failure: proof.original.as_deref(),
        engine: Some(proof.engine.as_str()).filter(|engine| !engine.is_empty()),
        inputs: list(&proof.inputs, |(name, digest)| object! { name, digest }),
        commands: &proof.commands,
        before: proof.before.as_ref().map(figures),
        after: proof.after.as_ref().map(figures),
        floor: list(&proof.floor, |(name, bytes)| object! { name, bytes }),
        tried: list(&proof.tried, wire_tried),
        left_in_cache_bytes: proof.left_in_cache,
    }
}

fn wire_tried(tried: &TriedLevels) -> impl Serialize {
    let check = |check: &Check| match check.outcome {
        CheckOutcome::Passed => "passed",
        CheckOutcome::Failed => "failed",
        CheckOutcome::Skipped => "skipped",
        CheckOutcome::Unproved => "unproved",
    };
    object! {
        rungs: list(&tried.levels, |level| level.number()),
        without: &tried.left_out,
        holds: tried.proves(),
        build_failure: tried.failure.as_deref(),
        checks: list(&tried.checks, |proof_check| {
            object! { name: proof_check.name, outcome: check(proof_check), details: &proof_check.details }
        }),
    }
}
