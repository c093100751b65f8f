//! `deploy check`: whether each service can be replaced, with the reasons, and the findings behind them.

use std::collections::BTreeSet;

use serde_json::json;

use super::findings::{FindingDetails, push_findings};
use super::format::ReportRun;
use super::json::{pretty, results};
use super::page::{Block, Medium, Page, Section, Text, TextKind, Tone, plain, toned};
use crate::audit::{MigrationReason, Replaceability, Report, ServiceReplacement};
use crate::inputs::MigrationInput;
use crate::migration::{Migration, MigrationDowngrade, MigrationFormat, MigrationVerdict};
use crate::text::LineColumn;
use crate::wire::{Head, list, object};

/// Migrations that are listed one by one.
const MIGRATIONS: usize = 20;

/// The answers of `deploy check`.
#[derive(Clone, Copy, Debug)]
pub struct DeployCheckResult<'r> {
    /// The findings and their sources.
    pub report: &'r Report,
    /// The services.
    pub replacements: &'r [ServiceReplacement],
    /// The migrations; `None` where there are none.
    pub migrations: Option<&'r MigrationInput>,
    /// Whether something in the project backs up a database.
    pub has_backup: bool,
}

/// The services with their reasons, the migrations, then the findings with their sources: of a document all, else those
/// that are no reason.
pub fn deploy_check(run: &ReportRun, result: &DeployCheckResult, medium: Medium) -> Page {
    let details = FindingDetails::new(run, medium);
    let mut page = Page::new(format!("dockopt deploy check {}", result.report.root));
    push_services(&mut page, result.report, result.replacements, &details);
    page.blocks.extend(result.migrations.map(|migrations| migrations_section(migrations, result.has_backup).into()));
    let reasons: BTreeSet<usize> =
        result.replacements.iter().flat_map(|known| known.findings.iter().copied()).collect();
    let is_open = |index: &usize| details.is_document() || !reasons.contains(index);
    let open: Vec<usize> = (0..result.report.findings.len()).filter(is_open).collect();
    push_findings(&mut page, &details, &open);
    page
}

/// The services with their reasons.
pub fn deploy_reasons(run: &ReportRun, replacements: &[ServiceReplacement]) -> Page {
    let mut page = Page::new(format!("dockopt deploy check {}", run.report.root));
    push_services(&mut page, run.report, replacements, &FindingDetails::new(run, Medium::Terminal));
    page
}

fn push_services(page: &mut Page, report: &Report, replacements: &[ServiceReplacement], details: &FindingDetails) {
    for (at, replacement) in replacements.iter().enumerate() {
        let (tone, word) = match replacement.replaceability() {
            Replaceability::Yes => (Tone::Good, "can be replaced without loss"),
            Replaceability::Unknown => (Tone::Info, "whether it can be replaced without loss is not known"),
            Replaceability::No => (Tone::Error, "cannot be replaced without loss"),
        };
        let LineColumn { line, .. } = replacement.place;
        let title = toned(&replacement.service, Tone::Strong).and(format!(" ({}:{line}): ", replacement.file)).with(
            word,
            TextKind::Words,
            tone,
        );
        let before = &replacements[..at];
        let same = before.iter().find(|same| has_same_reasons(report, same, replacement));
        page.push(match same {
            Some(same) => Section::new(title.and(format!(", for the reasons of {}:{}", same.file, same.place.line))),
            None => Section { blocks: reasons(report, before, replacement, details), ..Section::new(title) },
        });
    }
}

/// Why a service can or cannot be replaced; `before`: the services above it. In a document, findings lead to their help.
fn reasons(
    report: &Report,
    before: &[ServiceReplacement],
    replacement: &ServiceReplacement,
    details: &FindingDetails,
) -> Vec<Block> {
    let mut texts: Vec<Text> = Vec::new();
    for index in &replacement.findings {
        let Some(finding) = report.findings.get(*index) else { continue };
        let Some(source) = report.sources.get(finding.file.0 as usize) else { continue };
        let LineColumn { line, column } = source.line_column(finding.span.start);
        let place = details.place(*index, format!("{}:{line}:{column}", source.name()));
        texts.push(place.and(format!(": {} [{}]", finding.message, finding.rule)));
        if !details.is_document() {
            texts.extend(finding.help.iter().map(|help| plain(format!("  help: {help}"))));
        }
    }
    let steps = &replacement.migration_steps;
    let is_told = |other: &&ServiceReplacement| !steps.is_empty() && other.migration_steps == *steps;
    if let Some(first) = before.iter().find(is_told) {
        let text = format!("the migrations of `{}` above: its old containers may fail", first.service);
        texts.push(plain(text));
    } else {
        texts.extend(steps.iter().map(|MigrationReason { path, line, text }| {
            plain(format!("{path}:{line}: the migration {text}: its old containers may fail"))
        }));
    }
    texts.extend(replacement.unknowns.iter().map(|unknown| plain(format!("not known: {unknown}"))));
    if details.is_document() && !texts.is_empty() {
        return vec![Block::List(texts)];
    }
    texts.into_iter().map(Block::Line).collect()
}

/// Whether the same is said of a service in two files, as of one in alternatives.
fn has_same_reasons(report: &Report, first: &ServiceReplacement, other: &ServiceReplacement) -> bool {
    let messages = |replacement: &ServiceReplacement| {
        let findings = replacement.findings.iter().filter_map(|index| report.findings.get(*index));
        findings.map(|finding| (finding.rule, finding.message.clone())).collect::<BTreeSet<_>>()
    };
    first.service == other.service
        && !(first.findings.is_empty() && first.unknowns.is_empty())
        && messages(first) == messages(other)
        && (&first.unknowns, &first.migration_steps) == (&other.unknowns, &other.migration_steps)
}

/// What the next deployment does to databases.
fn migrations_section(input: &MigrationInput, has_backup: bool) -> Section {
    let migrations = input.new_migrations();
    let mut section = Section::new(match &input.since {
        Some(since) => format!("migrations since `{since}`: {}", migrations.len()),
        None => format!("newest migrations: {} of {}", migrations.len(), input.history.migrations.len()),
    });
    for migration in migrations.iter().take(MIGRATIONS) {
        let (tone, word) = match migration.verdict {
            MigrationVerdict::Expand => (Tone::Good, "expand: the old program works on"),
            MigrationVerdict::Unknown => (Tone::Info, "unknown"),
            MigrationVerdict::Contract => (Tone::Error, "contract: the old program may fail"),
        };
        let path = Text::new(&migration.path, TextKind::Path, Tone::Plain);
        section.push(Block::Line(path.and(": ").with(word, TextKind::Words, tone)));
        let lines = migration_lines(migration, has_backup).into_iter();
        section.blocks.extend(lines.map(|line| Block::Line(plain(format!("  {line}")))));
    }
    if let Some(more) = migrations.len().checked_sub(MIGRATIONS).filter(|more| *more > 0) {
        section.push(Block::Line(plain(format!("{more} more: `--format json` lists them"))));
    }
    section
}

/// What is said of a migration, a line each.
fn migration_lines(migration: &Migration, has_backup: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &migration.steps {
        if step.verdict != MigrationVerdict::Expand {
            lines.push(format!("line {}: {}", step.line, step.text));
        }
        if let Some(lock) = &step.lock {
            lines.push(format!("line {}: {}", step.line, lock));
        }
    }
    match migration.downgrade {
        MigrationDowngrade::Empty => lines.push("no way back: its downgrade does nothing".to_owned()),
        MigrationDowngrade::Missing => lines.push("no way back: it has no downgrade".to_owned()),
        MigrationDowngrade::Refuses => lines.push("no way back: its downgrade only raises an error".to_owned()),
        MigrationDowngrade::Reverses | MigrationDowngrade::NotApplicable => {}
    }
    if migration.verdict == MigrationVerdict::Contract && !has_backup {
        lines.push("no script of the project backs up the database before".to_owned());
    }
    lines
}

fn migration_json(migration: &Migration) -> serde_json::Value {
    let step = |step: &crate::migration::MigrationStep| json!({ "line": step.line, "verdict": verdict_word(step.verdict), "text": step.text, "lock": step.lock });
    json!({
        "file": migration.path,
        "tool": match migration.format {
            MigrationFormat::Alembic => "alembic",
            MigrationFormat::Django => "django",
            MigrationFormat::Prisma => "prisma",
            MigrationFormat::Sql => "sql",
        },
        "id": migration.id,
        "verdict": verdict_word(migration.verdict),
        "downgrade": match migration.downgrade {
            MigrationDowngrade::Reverses => "reverses",
            MigrationDowngrade::Empty => "empty",
            MigrationDowngrade::Missing => "missing",
            MigrationDowngrade::Refuses => "refuses",
            MigrationDowngrade::NotApplicable => "none",
        },
        "steps": migration.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

fn migrations_json(input: &MigrationInput) -> serde_json::Value {
    let problem = |problem: &crate::migration::MigrationProblem| json!({ "file": problem.path, "line": problem.line, "message": problem.message });
    json!({
        "since": input.since,
        "new": input.new_migrations().into_iter().map(migration_json).collect::<Vec<_>>(),
        "problems": input.history.problems.iter().map(problem).collect::<Vec<_>>(),
    })
}

const fn verdict_word(verdict: MigrationVerdict) -> &'static str {
    match verdict {
        MigrationVerdict::Expand => "expand",
        MigrationVerdict::Unknown => "unknown",
        MigrationVerdict::Contract => "contract",
    }
}

/// The result of `deploy check`, as `schemas/deploy-check.schema.json` describes it.
pub fn deploy_check_json(result: &DeployCheckResult) -> String {
    let report = result.report;
    let service = |replacement: &ServiceReplacement| {
        let reason = |index: &usize| json!({ "finding": index, "rule": report.findings.get(*index).map(|finding| finding.rule) });
        let migration_reason =
            |step: &MigrationReason| json!({ "file": step.path, "line": step.line, "text": step.text });
        json!({
            "service": replacement.service,
            "file": replacement.file,
            "line": replacement.place.line,
            "column": replacement.place.column,
            "replaceable": match replacement.replaceability() {
                Replaceability::Yes => "yes",
                Replaceability::Unknown => "unknown",
                Replaceability::No => "no",
            },
            "reasons": replacement.findings.iter().map(reason).collect::<Vec<_>>(),
            "migrations": replacement.migration_steps.iter().map(migration_reason).collect::<Vec<_>>(),
            "unknown": replacement.unknowns,
        })
    };
    pretty(&object! {
        #[serde(flatten)]
        head: Head::new("dockopt.deploy-check/1", &report.root),
        services: list(result.replacements, service),
        migrations: result.migrations.map(migrations_json),
        #[serde(flatten)]
        results: results(report),
    })
}
