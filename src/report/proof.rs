//! `optimize --verify`: what was measured and compared, for people, programs and pull requests.

use serde::Serialize;

use super::figures::{self, Row};
use super::format::escape::{markdown, markdown_code};
use super::grid::Column;
use super::layout::{Layout, Tone, clean, pad, wrap};
use super::units::bytes;
use super::{json, wire};
use crate::proof::{Check, Figures, Outcome, Proof, Tried};

/// Lines of a check that passed.
const SHOWN: usize = 4;

/// The proofs for people.
pub fn proof(proofs: &[Proof], layout: Layout) -> String {
    proofs.iter().map(|proof| one(proof, layout)).collect::<Vec<_>>().join("\n")
}

fn one(proof: &Proof, layout: Layout) -> String {
    let mut out = format!("{}: {}\n", layout.paint(Tone::Strong, &clean(&proof.dockerfile)), clean(&verdict(proof)));
    let rows = rows(proof);
    if !rows.is_empty() {
        out.push('\n');
        out.push_str(&figures::grid(&rows, 2, &["", "before", "after", ""], Column::Left, layout));
    }
    if !proof.floor.is_empty() {
        out.push_str(&format!("  {}\n", clean(&floor(proof))));
    }
    for tried in &proof.tried {
        let fell = !tried.holds();
        out.push_str(&format!("\n  {}\n", layout.paint(Tone::Strong, &clean(&name(proof, tried)))));
        if let Some(failure) = &tried.failure {
            lines(&mut out, layout, (Tone::Error, "✗ build"), std::slice::from_ref(failure));
        }
        for check in tried.checks.iter().filter(|check| !fell || check.outcome == Outcome::Failed) {
            let (tone, mark) = match check.outcome {
                Outcome::Passed => (Tone::Good, "✓"),
                Outcome::Failed => (Tone::Error, "✗"),
                Outcome::Skipped => (Tone::Dim, "–"),
            };
            let most = if check.outcome == Outcome::Failed { check.details.len() } else { SHOWN };
            lines(
                &mut out,
                layout,
                (tone, &format!("{mark} {}", check.name)),
                &check.details[..check.details.len().min(most)],
            );
        }
    }
    out
}

fn lines(out: &mut String, layout: Layout, (tone, head): (Tone, &str), details: &[String]) {
    const HEAD: usize = 14;
    let columns = layout.columns().saturating_sub(HEAD + 4);
    let mut first = true;
    let nothing = [String::new()];
    for detail in if details.is_empty() { &nothing[..] } else { details } {
        for line in wrap(&clean(detail), columns) {
            let left = if std::mem::take(&mut first) { layout.paint(tone, &pad(head, HEAD)) } else { " ".repeat(HEAD) };
            out.push_str(format!("  {left}{line}").trim_end());
            out.push('\n');
        }
    }
}

/// What it comes to, in one line.
fn verdict(proof: &Proof) -> String {
    if let Some(why) = &proof.original {
        return format!("the original does not build, so nothing is proved: {why}");
    }
    match proof.tried.iter().find(|tried| tried.holds()) {
        Some(tried) if tried.rungs.is_empty() => "the rewrite holds".to_owned(),
        Some(tried) => format!("{} hold", rungs(tried)),
        None if proof.tried.is_empty() => "nothing to gain: it stays as it is".to_owned(),
        None => "no rewrite holds: it stays as it is".to_owned(),
    }
}

/// `rungs 0, 1, 3`.
fn rungs(tried: &Tried) -> String {
    let numbers: Vec<String> = tried.rungs.iter().map(|rung| rung.number().to_string()).collect();
    format!("rung{} {}", if numbers.len() == 1 { "" } else { "s" }, numbers.join(", "))
}

fn name(proof: &Proof, tried: &Tried) -> String {
    let own = if tried.rungs.is_empty() { "the rewrite".to_owned() } else { rungs(tried) };
    let without =
        if tried.left_out.is_empty() { String::new() } else { format!(" without {}", tried.left_out.join(", ")) };
    let fell = if tried.holds() { "" } else { ": fell" };
    let _ = proof;
    format!("{own}{without}{fell}")
}

fn floor(proof: &Proof) -> String {
    let sum = proof.floor.iter().map(|(_, bytes)| bytes).sum();
    let parts: Vec<String> = proof.floor.iter().map(|(name, size)| format!("{name} {}", bytes(*size))).collect();
    format!("floor {}: {}", bytes(sum), parts.join(", "))
}

fn rows(proof: &Proof) -> Vec<Row> {
    let all: Vec<&Figures> = proof.before.iter().chain(&proof.after).collect();
    if proof.before.is_none() { Vec::new() } else { figures::rows(&all, None, None) }
}

/// The proofs for a pull request.
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
                    row.shown(0),
                    row.shown(1),
                    row.change()
                ));
            }
            out.push('\n');
        }
        if !proof.floor.is_empty() {
            out.push_str(&format!("{}\n\n", markdown(&floor(proof))));
        }
        for tried in &proof.tried {
            out.push_str(&format!("**{}**\n\n", markdown(&name(proof, tried))));
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
    let mark = match check.outcome {
        Outcome::Passed => "✓",
        Outcome::Failed => "✗",
        Outcome::Skipped => "–",
    };
    let most = if check.outcome == Outcome::Failed { check.details.len() } else { SHOWN };
    let details: Vec<String> = check.details.iter().take(most).map(|detail| markdown(detail)).collect();
    format!("- {mark} {}: {}\n", check.name, details.join("; "))
}

#[derive(Serialize)]
struct Wire<'a> {
    #[serde(flatten)]
    head: wire::Head<'a>,
    builds: Vec<WireProof<'a>>,
}

#[derive(Serialize)]
struct WireProof<'a> {
    dockerfile: &'a str,
    verdict: &'static str,
    original_failure: Option<&'a str>,
    engine: Option<&'a str>,
    inputs: Vec<WireInput<'a>>,
    commands: &'a [String],
    before: Option<WireFigures>,
    after: Option<WireFigures>,
    floor: Vec<WireFloor<'a>>,
    tried: Vec<WireTried<'a>>,
    left_in_cache_bytes: Option<u64>,
}

#[derive(Serialize)]
struct WireInput<'a> {
    name: &'a str,
    digest: &'a str,
}

#[derive(Serialize)]
struct WireFloor<'a> {
    name: &'a str,
    bytes: u64,
}

#[derive(Serialize)]
struct WireFigures {
    disk_bytes: Option<u64>,
    pull_bytes: Option<u64>,
    layers: Option<usize>,
    upload_bytes: Option<u64>,
    base_pull_bytes: Option<u64>,
    builds: Vec<WireRun>,
}

#[derive(Serialize)]
struct WireRun {
    scenario: &'static str,
    seconds: f64,
    cpu_seconds: Option<f64>,
    steps_run: usize,
    steps_cached: usize,
}

#[derive(Serialize)]
struct WireTried<'a> {
    rungs: Vec<u8>,
    without: &'a [String],
    holds: bool,
    build_failure: Option<&'a str>,
    checks: Vec<WireCheck<'a>>,
}

#[derive(Serialize)]
struct WireCheck<'a> {
    name: &'a str,
    outcome: &'static str,
    details: &'a [String],
}

/// The proofs, as `schemas/proof.schema.json` describes them.
pub fn proof_json(root: &str, proofs: &[Proof]) -> String {
    json::pretty(&Wire {
        head: wire::Head::new("dockopt.proof/1", root),
        builds: proofs.iter().map(wire_proof).collect(),
    })
}

fn wire_proof(proof: &Proof) -> WireProof<'_> {
    let verdict = match () {
        () if proof.original.is_some() => "original_fails",
        () if proof.tried.is_empty() => "unchanged",
        () if proof.tried.iter().any(Tried::holds) => "proved",
        () => "unproved",
    };
    let figures = |figures: &Figures| WireFigures {
        disk_bytes: Some(figures.size.disk).filter(|disk| *disk > 0),
        pull_bytes: figures.size.pull,
        layers: Some(figures.size.layers).filter(|count| *count > 0),
        upload_bytes: figures.size.upload,
        base_pull_bytes: figures.size.base_pull,
        builds: figures
            .runs
            .iter()
            .map(|(of, run)| WireRun {
                scenario: of.name(),
                seconds: run.seconds,
                cpu_seconds: run.cpu_seconds,
                steps_run: run.steps.len(),
                steps_cached: run.cached,
            })
            .collect(),
    };
    WireProof {
        dockerfile: &proof.dockerfile,
        verdict,
        original_failure: proof.original.as_deref(),
        engine: Some(proof.engine.as_str()).filter(|engine| !engine.is_empty()),
        inputs: proof.inputs.iter().map(|(name, digest)| WireInput { name, digest }).collect(),
        commands: &proof.commands,
        before: proof.before.as_ref().map(figures),
        after: proof.after.as_ref().map(figures),
        floor: proof.floor.iter().map(|(name, bytes)| WireFloor { name, bytes: *bytes }).collect(),
        tried: proof.tried.iter().map(wire_tried).collect(),
        left_in_cache_bytes: proof.left_in_cache,
    }
}

fn wire_tried(tried: &Tried) -> WireTried<'_> {
    let check = |check: &Check| match check.outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Skipped => "skipped",
    };
    WireTried {
        rungs: tried.rungs.iter().map(|rung| rung.number()).collect(),
        without: &tried.left_out,
        holds: tried.holds(),
        build_failure: tried.failure.as_deref(),
        checks: tried
            .checks
            .iter()
            .map(|own| WireCheck { name: own.name, outcome: check(own), details: &own.details })
            .collect(),
    }
}
