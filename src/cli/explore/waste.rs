//! What of an image is of no use, each with the file that it leads to.

use std::cmp::Reverse;

use crate::analysis::{AnalysisFinding, ImageAnalysis, Subject};
use crate::image::{LossGroup, PathId};
use crate::report::{shown_makers, waste_words};

/// Rows at most: nobody reads further.
const ROWS: usize = 1_000;

/// One row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waste {
    pub(super) bytes: u64,
    pub(super) files: u64,
    /// `deleted`, `pip-cache`.
    pub(super) what: String,
    pub(super) path: PathId,
    /// The layer that wrote it.
    pub(super) layer: usize,
    /// Who wrote it, and who made it useless.
    pub(super) story: String,
    /// What to do about it; empty where it is no finding.
    pub(super) help: String,
}

/// Findings with bytes, then losses that are too small for one, most bytes first.
pub(super) fn list(analysis: &ImageAnalysis) -> Vec<Waste> {
    let is_reported = |group: &LossGroup| analysis.findings.iter().any(|finding| is_of(finding, group));
    let mut rows: Vec<Waste> =
        analysis.findings.iter().filter(|finding| finding.bytes > 0).map(|f| of(analysis, f)).collect();
    let losses =
        analysis.loss_groups.iter().filter(|group| group.bytes > 0).take(ROWS).filter(|group| !is_reported(group));
    rows.extend(losses.map(|group| Waste {
        bytes: group.bytes,
        files: group.files,
        what: waste_words(group.how).to_owned(),
        path: group.path,
        layer: group.owner as usize,
        story: shown_makers(analysis, group.owner as usize, group.by as usize),
        help: String::new(),
    }));
    rows.sort_by_key(|row| (Reverse(row.bytes), row.layer, row.path));
    rows.truncate(ROWS);
    rows
}

fn is_of(finding: &AnalysisFinding, group: &LossGroup) -> bool {
    let place = (finding.path, finding.layer, finding.bytes);
    finding.subject == Subject::Waste(group.how) && place == (group.path, group.owner as usize, group.bytes)
}

fn of(analysis: &ImageAnalysis, finding: &AnalysisFinding) -> Waste {
    let what = match finding.subject {
        Subject::Waste(how) => waste_words(how).to_owned(),
        Subject::Category(_) => finding.name.trim_start_matches("image-").to_owned(),
    };
    Waste {
        bytes: finding.bytes,
        files: finding.files,
        what,
        path: finding.path,
        layer: finding.layer,
        story: shown_makers(analysis, finding.layer, finding.by.unwrap_or(finding.layer)),
        help: finding.help.clone(),
    }
}
