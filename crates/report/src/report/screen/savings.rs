//! What several findings cost together.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::Report;
use crate::finding::{Basis, CostFrequency, Impact, ImpactKind, Saving};
use crate::report::price;

/// What findings, by index, cost together: each kind of cost once, and a kind without any amount by its name.
pub(super) fn savings(report: &Report, findings: &[usize]) -> Vec<String> {
    let mut texts: Vec<String> = sums(report, findings).iter().map(price::cost).collect();
    let mut seen = BTreeSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    texts
}

/// The costs of findings, each kind once; a step that several builds share counts once. A kind without any amount comes
/// last.
fn sums(report: &Report, findings: &[usize]) -> Vec<Impact> {
    let priced = findings.iter().filter(|index| {
        let first = report.shared_steps.get(index);
        first.is_none_or(|first| !findings.contains(first))
    });
    let findings = priced.filter_map(|index| report.findings.get(*index));
    let mut sums: BTreeMap<(ImpactKind, CostFrequency, bool), Impact> = BTreeMap::new();
    let mut unknown: BTreeMap<ImpactKind, Impact> = BTreeMap::new();
    for impact in findings.filter_map(Report::price) {
        let is_of_commits = matches!(impact.saves, Some(Saving::Reruns { .. }));
        match impact.saves {
            // Of commits that touch nothing of it, nothing is known.
            None | Some(Saving::Reruns { reruns: 0, .. }) => {
                unknown.entry(impact.kind).or_insert_with(|| impact.clone());
            }
            Some(_) => {
                // Whatever reruns, the commits are the same.
                let kind = if is_of_commits { ImpactKind::RebuildSeconds } else { impact.kind };
                let per = if is_of_commits { CostFrequency::Commit } else { impact.per };
                let sum = sums.entry((kind, per, is_of_commits));
                sum.and_modify(|sum| add(sum, impact)).or_insert_with(|| impact.clone());
            }
        }
    }
    unknown.retain(|kind, _| !sums.keys().any(|(known, ..)| known == kind));
    sums.into_values().chain(unknown.into_values()).collect()
}

/// What findings cost together, as what is said of them: `they cost ~672 MB on disk, and repeat steps in up to 3 of 20 commits`.
/// How many of them would have repeated the step all the same is not known.
/// Empty where nothing is known to cost anything. What has no amount is said where nothing has one.
pub(super) fn costs_sentence(report: &Report, findings: &[usize], number: usize) -> String {
    let (subject, s) = if number == 1 { ("it", "s") } else { ("they", "") };
    let Costs { amounts, commits, effects } = Costs::of(report, findings, larger);
    let mut clauses = Vec::new();
    if !amounts.is_empty() {
        clauses.push(format!("cost{s} {}", added(&amounts)));
    }
    clauses.extend(commits.map(|commits| format!("repeat{s} steps in up to {commits}")));
    if clauses.is_empty() && !effects.is_empty() {
        clauses.push(format!("make{s} {}", joined(&effects)));
    }
    if clauses.is_empty() { String::new() } else { format!("{subject} {}", clauses.join(", and ")) }
}

/// What a rewrite without these findings saves: `saves ~672 MB on disk, and time in up to 3 of 20 commits`. In
/// the others no such step reran; in these some would rerun after the rewrite, too.
pub(super) fn saved_sentence(report: &Report, findings: &[usize]) -> String {
    let Costs { amounts, commits, effects } = Costs::of(report, findings, smaller);
    let mut parts = Vec::new();
    if !amounts.is_empty() {
        parts.push(added(&amounts));
    }
    parts.extend(commits.map(|commits| format!("time in up to {commits}")));
    match (parts.is_empty(), effects.is_empty()) {
        (false, _) => format!("saves {}", parts.join(", and ")),
        (true, false) => format!("makes {}", joined(&effects)),
        (true, true) => String::new(),
    }
}

/// Costs by how they are said.
struct Costs {
    /// Bytes and seconds.
    amounts: Vec<String>,
    /// `3 of 20 commits`.
    commits: Option<String>,
    /// What changes by an unknown amount.
    effects: Vec<String>,
}

impl Costs {
    fn of(report: &Report, findings: &[usize], effect: fn(ImpactKind) -> &'static str) -> Self {
        let mut costs = Self { amounts: Vec::new(), commits: None, effects: Vec::new() };
        for sum in sums(report, findings) {
            match sum.saves {
                Some(Saving::Reruns { reruns, builds }) if reruns > 0 => {
                    costs.commits = Some(format!("{reruns} of {builds} commits"));
                }
                Some(Saving::Bytes(_) | Saving::Seconds(_)) => costs.amounts.push(price::cost(&sum)),
                _ => costs.effects.push(effect(sum.kind).to_owned()),
            }
        }
        costs
    }
}

const fn larger(kind: ImpactKind) -> &'static str {
    match kind {
        ImpactKind::DiskBytes => "the image larger",
        ImpactKind::PullBytes => "pulls larger",
        ImpactKind::ContextBytes => "the build context larger",
        ImpactKind::ColdSeconds => "cold builds slower",
        ImpactKind::RebuildSeconds => "rebuilds slower",
    }
}

const fn smaller(kind: ImpactKind) -> &'static str {
    match kind {
        ImpactKind::DiskBytes => "the image smaller",
        ImpactKind::PullBytes => "pulls smaller",
        ImpactKind::ContextBytes => "the build context smaller",
        ImpactKind::ColdSeconds => "cold builds faster",
        ImpactKind::RebuildSeconds => "rebuilds faster",
    }
}

/// Adds one price of a kind to others of the same kind.
fn add(sum: &mut Impact, impact: &Impact) {
    if impact.basis == Basis::Typical {
        sum.basis = Basis::Typical;
    }
    sum.is_least |= impact.is_least;
    sum.saves = match (sum.saves, impact.saves) {
        (Some(Saving::Bytes(a)), Some(Saving::Bytes(b))) => Some(Saving::Bytes(a.saturating_add(b))),
        (Some(Saving::Seconds(a)), Some(Saving::Seconds(b))) => Some(Saving::Seconds(a + b)),
        // The same commit may rerun both.
        (Some(Saving::Reruns { reruns: a, .. }), Some(Saving::Reruns { reruns: b, .. })) if a < b => impact.saves,
        (known, _) => known,
    };
}

/// `a`, `a plus b`: amounts of different findings.
fn added(amounts: &[String]) -> String {
    match amounts {
        [amounts @ .., last] if !amounts.is_empty() => format!("{} plus {last}", amounts.join(", ")),
        _ => amounts.concat(),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn joined(parts: &[String]) -> String {
    match parts {
        [parts @ .., last] if !parts.is_empty() => format!("{} and {last}", parts.join(", ")),
        _ => parts.concat(),
    }
}
