//! What is wrong with a variable.

use std::collections::BTreeSet;

use crate::text::Source;

/// A kind of finding; the order is that of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VariableFindingKind {
    /// A value that looks like a secret, in a file that git tracks.
    Secret,
    /// Needed, and set nowhere.
    Missing,
    /// Set for Compose alone, and read by a service.
    NotPassedOn,
    /// Set, and read by nothing.
    Unused,
    /// Read, and not in the file that shows which variables there are.
    Undocumented,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VariablePlace {
    /// The file, as the user would type it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl VariablePlace {
    /// The place of an offset.
    pub(super) fn of(source: &Source, at: usize) -> Self {
        let place = source.line_column(at as u32);
        Self { file: source.name().to_owned(), line: place.line, column: place.column }
    }
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableFinding {
    /// What it is.
    pub kind: VariableFindingKind,
    /// The variable.
    pub name: String,
    /// The services that it is about; none where it is about files.
    pub services: Vec<String>,
    /// Where.
    pub place: VariablePlace,
    /// What is wrong, without the variable's value.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// Sorts findings, and joins those of several services at one place.
pub(super) fn join(findings: &mut Vec<VariableFinding>) {
    findings.sort_by(|a, b| (a.kind, &a.name, &a.place, &a.services).cmp(&(b.kind, &b.name, &b.place, &b.services)));
    let mut joined: Vec<VariableFinding> = Vec::with_capacity(findings.len());
    for finding in findings.drain(..) {
        match joined.last_mut() {
            Some(last) if last.kind == finding.kind && last.name == finding.name && last.place == finding.place => {
                let new = finding.services.into_iter().filter(|name| !last.services.contains(name));
                let new: Vec<String> = new.collect();
                last.services.extend(new);
            }
            _ => joined.push(finding),
        }
    }
    // What is missing is not said a second time of the example.
    let missing = joined.iter().filter(|finding| finding.kind == VariableFindingKind::Missing);
    let missing: BTreeSet<(String, VariablePlace)> =
        missing.map(|finding| (finding.name.clone(), finding.place.clone())).collect();
    joined.retain(|finding| {
        finding.kind != VariableFindingKind::Undocumented
            || !missing.contains(&(finding.name.clone(), finding.place.clone()))
    });
    *findings = joined;
}
