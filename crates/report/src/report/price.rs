//! What a finding costs, in words.

use super::layout::clip;
use super::units::{bytes, seconds};
use crate::finding::{Basis, CostFrequency, Impact, ImpactKind, Saving};

/// A price as people read it, a typical one with its mark; without an amount, what the cost is.
pub(super) fn cost(impact: &Impact) -> String {
    let least = if has_amount(impact) && impact.is_least { "at least " } else { "" };
    let about = if has_amount(impact) && impact.basis == Basis::Typical { "~" } else { "" };
    format!("{least}{about}{}", exact_cost(impact))
}

/// A price with how it is known, on one line: `~48 MB on disk (typical: …)`.
pub fn impact_line(impact: &Impact) -> String {
    let evidence = clip(&impact.evidence);
    match impact.saves {
        Some(_) => format!("{} ({}: {evidence})", cost(impact), impact.basis.name()),
        None => format!("{} ({evidence})", cost(impact)),
    }
}

/// The same without the mark, for formats that name the basis beside it.
pub(super) fn exact_cost(impact: &Impact) -> String {
    let amount = match impact.saves {
        Some(Saving::Bytes(amount)) => bytes(amount),
        Some(Saving::Seconds(amount)) => seconds(amount),
        Some(Saving::Reruns { reruns, builds }) if reruns > 0 => {
            return format!("rerun in {reruns} of {builds} commits");
        }
        _ => return kind(impact.kind).to_owned(),
    };
    let per = match (impact.kind, impact.per) {
        (_, CostFrequency::Commit) => "per commit",
        (ImpactKind::DiskBytes, _) => "on disk",
        (ImpactKind::PullBytes, _) => "per pull",
        (ImpactKind::ContextBytes, _) => "per build",
        (ImpactKind::ColdSeconds, _) => "per cold build",
        (ImpactKind::RebuildSeconds, _) => "per rebuild",
    };
    format!("{amount} {per}")
}

/// What there is more of.
const fn kind(kind: ImpactKind) -> &'static str {
    match kind {
        ImpactKind::DiskBytes => "image size",
        ImpactKind::PullBytes => "pull size",
        ImpactKind::ContextBytes => "context size",
        ImpactKind::ColdSeconds => "build time",
        ImpactKind::RebuildSeconds => "rebuild time",
    }
}

/// How the amount is known; empty without one.
pub(super) fn basis(impact: &Impact) -> &'static str {
    if has_amount(impact) { impact.basis.name() } else { "" }
}

/// How the amount is known; `None` without one.
pub(super) fn known_basis(impact: &Impact) -> Option<Basis> {
    has_amount(impact).then_some(impact.basis)
}

/// Whether it is known how much. That no commit reran a step is no amount: the next one may.
pub(super) const fn has_amount(impact: &Impact) -> bool {
    !matches!(impact.saves, None | Some(Saving::Reruns { reruns: 0, .. }))
}
