//! Runs other linters of pipelines and migrations, file by file: one that a linter cannot read does not keep it from the
//! others. Owns the programs' time and output; ids, severities and texts stay theirs.

mod answer;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use self::answer::{actionlint_findings, squawk_findings, zizmor_findings};
use super::child_output::listen;
use super::file::read_source;
use crate::data;
use crate::inputs::{ComposeInput, ExternalFinding, ExternalGap, Inputs};
use crate::migration::{Migration, MigrationFormat};
use crate::stack::known_service;
use crate::text::{FileId, Source, exact_bytes};
use crate::workflow::PipelineKind;

/// For one file.
const LIMIT: Duration = Duration::from_secs(20);

/// For all files.
const TOTAL: Duration = Duration::from_mins(2);

/// Bytes that it may print of one file.
const ANSWER: u64 = 16 << 20;

/// Lines about files that a linter did not look at.
const GAPS: usize = 20;

/// A linter of other files than Dockerfiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExternalLinter {
    /// zizmor: what is unsafe.
    Zizmor,
    /// actionlint: what is no valid workflow.
    Actionlint,
    /// squawk: what migrations of `PostgreSQL` in SQL lock, or break for programs that run.
    Squawk,
}

impl ExternalLinter {
    /// Those of pipelines.
    pub const OF_PIPELINES: [Self; 2] = [Self::Zizmor, Self::Actionlint];

    /// What its program is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zizmor => "zizmor",
            Self::Actionlint => "actionlint",
            Self::Squawk => "squawk",
        }
    }

    const fn installation(self) -> &'static str {
        match self {
            Self::Zizmor => "install it (`pip install zizmor`, `brew install zizmor`, `cargo install zizmor`)",
            Self::Actionlint => {
                "install it (`brew install actionlint`, `go install github.com/rhysd/actionlint/cmd/actionlint@latest`)"
            }
            Self::Squawk => "install it (`pip install squawk-cli`, `npm install -g squawk-cli`)",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            // Findings must not depend on what a network answers.
            Self::Zizmor => &["--format=json", "--no-progress", "--offline", "--persona=regular", "--"],
            Self::Actionlint => &["-no-color", "-format", "{{json .}}", "--"],
            Self::Squawk => &["--reporter=Json", "--"],
        }
    }

    fn reads(self, kind: PipelineKind) -> bool {
        match self {
            Self::Zizmor => matches!(kind, PipelineKind::Github | PipelineKind::Action),
            Self::Actionlint => kind == PipelineKind::Github,
            Self::Squawk => false,
        }
    }
}

/// Adds what other linters find in the pipelines of a run; what they did not look at is a gap. `required`: those that the
/// user named; the others are run where they are installed.
pub fn add_external_findings(inputs: &mut Inputs, required: &[ExternalLinter]) {
    for linter in ExternalLinter::OF_PIPELINES {
        let pipelines = inputs.workflows.iter().filter(|input| linter.reads(input.workflow.kind));
        let files: Vec<FileId> = pipelines.map(|input| input.file).collect();
        add(inputs, linter, OsStr::new(linter.name()), &files, required.contains(&linter));
    }
    let mut findings = std::mem::take(&mut inputs.external);
    drop_duplicates(&mut findings);
    inputs.external = findings;
}

/// Adds what squawk finds in the migrations that the next deployment runs and that are written in SQL, of projects with a
/// `PostgreSQL`. `is_required`: the user named it; else it is run where it is installed.
pub fn add_migration_findings(inputs: &mut Inputs, is_required: bool) {
    let Some(migrations) = inputs.migrations.clone() else { return };
    if !inputs.composes.iter().any(has_postgres) {
        return;
    }
    let is_sql = |migration: &&Migration| matches!(migration.format, MigrationFormat::Prisma | MigrationFormat::Sql);
    let mut files = Vec::new();
    for migration in migrations.new_migrations().into_iter().filter(is_sql) {
        // One that has gone meanwhile is none.
        let Ok(source) = read_source(Path::new(&migration.path), ANSWER) else { continue };
        files.push(inputs.add(source));
    }
    add(inputs, ExternalLinter::Squawk, OsStr::new(ExternalLinter::Squawk.name()), &files, is_required);
}

/// Whether a project has a service that speaks `PostgreSQL`'s SQL.
fn has_postgres(compose: &ComposeInput) -> bool {
    let services = compose.reading.project.iter().flat_map(|project| project.services());
    let mut known = services.filter_map(|(_, service)| known_service(service.get("image")?.as_text()?));
    known.any(|known| known.check.is_some_and(|check| check.starts_with("pg_isready")))
}

fn add(inputs: &mut Inputs, linter: ExternalLinter, program: &OsStr, files: &[FileId], is_asked: bool) {
    if files.is_empty() {
        return;
    }
    let end = Instant::now() + TOTAL;
    let answers: Vec<_> =
        files.par_iter().map(|file| (*file, check(linter, program, inputs.source(*file), *file, end))).collect();
    let mut gaps = Vec::new();
    for (file, answer) in answers {
        match answer {
            Ok(findings) => inputs.external.extend(findings),
            Err(Failure::Missing) => {
                let name = linter.name();
                let because =
                    if is_asked { format!(", and without it `--with {name}` has no meaning") } else { String::new() };
                let remedy = linter.installation().to_owned();
                let gap = ExternalGap { what: name.to_owned(), why: format!("it is not installed{because}"), remedy };
                inputs.external_gaps.push(gap);
                return;
            }
            Err(Failure::Because(why)) => gaps.push(ExternalGap {
                what: format!("{} on {}", linter.name(), inputs.source(file).name()),
                why,
                remedy: format!("look at what `{}` says of the file", linter.name()),
            }),
        }
    }
    let more = gaps.len().saturating_sub(GAPS);
    gaps.truncate(GAPS);
    inputs.external_gaps.extend(gaps);
    if more > 0 {
        inputs.external_gaps.push(ExternalGap {
            what: linter.name().to_owned(),
            why: format!("{more} more files gave no answer"),
            remedy: String::new(),
        });
    }
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    Missing,
    Because(String),
}

/// What a linter finds in a file.
fn check(
    linter: ExternalLinter,
    program: &OsStr,
    source: &Source,
    file: FileId,
    end: Instant,
) -> Result<Vec<ExternalFinding>, Failure> {
    let because = |why: String| Err(Failure::Because(why));
    let now = Instant::now();
    if now >= end {
        return because(format!("all files together took longer than {} s", TOTAL.as_secs()));
    }
    let mut command = Command::new(program);
    command.args(linter.arguments()).arg(Path::new(source.name()));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(Failure::Missing),
        Err(error) => return because(format!("it cannot be started: {error}")),
    };
    let answer = listen(&mut child, ANSWER, end.min(now + LIMIT));
    // One that has ended is not there to be ended.
    let _ = child.kill();
    let status = child.wait();
    let Some(answer) = answer else {
        return because(format!("it took longer than {} s", LIMIT.as_secs()));
    };
    if answer.len() as u64 > ANSWER {
        return because(format!("it printed more than {}", exact_bytes(ANSWER)));
    }
    let read = match linter {
        ExternalLinter::Zizmor => zizmor_findings(&answer, file),
        ExternalLinter::Actionlint => actionlint_findings(&answer, file),
        ExternalLinter::Squawk => squawk_findings(&answer, file),
    };
    read.or_else(|error| {
        let code = status.ok().and_then(|status| status.code());
        let code = code.map(|code| format!(" (exit code {code})")).unwrap_or_default();
        because(if answer.is_empty() {
            format!("it printed nothing{code}")
        } else {
            format!("what it printed is not valid JSON{code}: {error}")
        })
    })
}

/// Drops what is there twice, and what another linter says of the same line in other words.
fn drop_duplicates(findings: &mut Vec<ExternalFinding>) {
    let mut seen = BTreeSet::new();
    findings.retain(|finding| {
        let end = (finding.end.line, finding.end.column);
        seen.insert((finding.file, finding.start.line, finding.start.column, end, finding.id.clone()))
    });
    let known: BTreeSet<(FileId, u32, String)> =
        findings.iter().map(|finding| (finding.file, finding.start.line, finding.id.clone())).collect();
    findings.retain(|finding| {
        let same = data::LINTER_EQUIVALENTS.row(&finding.id).and_then(|row| row.get(1));
        same.is_none_or(|same| !known.contains(&(finding.file, finding.start.line, (*same).to_owned())))
    });
}

#[cfg(all(test, unix))]
mod tests;
