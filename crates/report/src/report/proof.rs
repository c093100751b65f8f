//! `optimize --verify`: what was measured and compared, for people, programs and in Markdown.

use serde::Serialize;

use super::figures::{self, FigureRow};
use super::json;
use super::page::{Block, Column, Medium, Page, Section, Table, Text, TextKind, Tone, command, plain, toned};
use super::units::bytes;
use crate::proof::{Check, CheckOutcome, Figures, Proof, TriedLevels, Verdict};
use crate::wire::{Head, list, object};

/// Lines of a check that passed.
const SHOWN: usize = 4;

/// The proofs, a section each.
pub fn proof(proofs: &[Proof]) -> Page {
    let mut page = Page::new("Proof");
    page.blocks.extend(proofs.iter().map(|proof| section(proof).into()));
    page
}

fn section(proof: &Proof) -> Section {
    let title = Text::new(&proof.dockerfile, TextKind::Path, Tone::Strong).and(format!(": {}", verdict(proof)));
    let mut section = Section::new(title);
    let rows = rows(proof);
    if !rows.is_empty() {
        section.push(figures::figure_table(&rows, 2, &["", "before", "after", ""]));
    }
    let notes: Vec<Text> = notes(proof).iter().map(plain).collect();
    if !notes.is_empty() {
        section.push(Block::List(notes));
    }
    section.blocks.extend(proof.tried.iter().map(|tried| checks(tried).into()));
    if !proof.commands.is_empty() {
        let commands = Block::List(proof.commands.iter().map(command).collect());
        let commands = Section::folded(format!("Commands ({})", proof.engine)).with(commands);
        section.push(Block::Only(&[Medium::Markdown, Medium::Html], vec![commands.into()]));
    }
    section
}

/// What was checked of a rewrite, a row for each line; of one that failed a terminal shows what failed.
fn checks(tried: &TriedLevels) -> Section {
    let failure = tried.failure.as_ref().map(|failure| lines((Tone::Error, "✗ build"), std::slice::from_ref(failure)));
    let rows = |is_shown: &dyn Fn(&Check) -> bool| {
        let checks = tried.checks.iter().filter(|check| is_shown(check)).flat_map(|check| {
            let (tone, mark) = mark(check.outcome);
            lines((tone, &format!("{mark} {}", check.name)), shown_details(check))
        });
        let rows: Vec<_> = failure.clone().into_iter().flatten().chain(checks).collect();
        vec![Table::new(&[Column::Left, Column::Wrapped], rows).into()]
    };
    let of_terminal = |check: &Check| tried.holds() || check.outcome == CheckOutcome::Failed;
    Section::new(toned(name(tried), Tone::Strong))
        .with(Block::Only(&[Medium::Terminal], rows(&of_terminal)))
        .with(Block::Only(&[Medium::Markdown, Medium::Html], rows(&|_| true)))
}

/// A row for each line of a check.
fn lines((tone, head): (Tone, &str), details: &[String]) -> Vec<Vec<Text>> {
    let first = vec![toned(head, tone), plain(details.first().map_or("", String::as_str))];
    let others = details.iter().skip(1).map(|detail| vec![Text::default(), plain(detail)]);
    std::iter::once(first).chain(others).collect()
}

/// The sign of an outcome.
const fn mark(outcome: CheckOutcome) -> (Tone, &'static str) {
    match outcome {
        CheckOutcome::Passed => (Tone::Good, "✓"),
        CheckOutcome::Failed => (Tone::Error, "✗"),
        CheckOutcome::Skipped => (Tone::Dim, "–"),
        CheckOutcome::Unproved => (Tone::Warning, "?"),
    }
}

/// All lines of a check that failed, and the first ones of others.
fn shown_details(check: &Check) -> &[String] {
    let most = if check.outcome == CheckOutcome::Failed { check.details.len() } else { SHOWN };
    &check.details[..check.details.len().min(most)]
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
