//! `deploy check`: whether each service can be replaced, with the reasons, and the findings behind them.

use std::collections::BTreeSet;

use serde_json::json;

use super::json::{pretty, results};
use super::layout::{Layout, Tone, clean, wrap};
use super::text::lint_part;
use crate::audit::{MigrationReason, Replaceability, Report, ServiceReplacement};
use crate::finding::Finding;
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

/// The services with their reasons, the migrations, then the findings with their sources.
pub fn deploy_check(result: &DeployCheckResult, layout: Layout) -> String {
    let mut out = deploy_reasons(result.report, result.replacements, layout);
    if let Some(migrations) = result.migrations {
        push_migrations(&mut out, migrations, result.has_backup, layout);
    }
    out.push_str(&lint_part(&without_reasons(result), result.report, layout));
    out
}

/// The services with their reasons.
pub fn deploy_reasons(report: &Report, replacements: &[ServiceReplacement], layout: Layout) -> String {
    let mut out = String::new();
    for (at, replacement) in replacements.iter().enumerate() {
        let (style, word) = match replacement.replaceability() {
            Replaceability::Yes => (Tone::Good, "can be replaced without loss"),
            Replaceability::Unknown => (Tone::Info, "whether it can be replaced without loss is not known"),
            Replaceability::No => (Tone::Error, "cannot be replaced without loss"),
        };
        let LineColumn { line, .. } = replacement.place;
        out.push_str(&layout.paint(Tone::Strong, &clean(&replacement.service)));
        out.push_str(&format!(" ({}:{line}): ", clean(&replacement.file)));
        out.push_str(&layout.paint(style, word));
        if let Some(same) = replacements[..at].iter().find(|same| has_same_reasons(report, same, replacement)) {
            out.push_str(&format!(", for the reasons of {}:{}\n\n", clean(&same.file), same.place.line));
            continue;
        }
        out.push('\n');
        for (place, finding) in reasons(report, replacement) {
            let text = format!("{place}: {} [{}]", clean(&finding.message), finding.rule);
            push_reason(&mut out, &text, layout);
            if let Some(help) = &finding.help {
                push_reason(&mut out, &format!("  help: {}", clean(help)), layout);
            }
        }
        let steps = &replacement.migration_steps;
        let is_told = |other: &&ServiceReplacement| !steps.is_empty() && other.migration_steps == *steps;
        if let Some(first) = replacements[..at].iter().find(is_told) {
            let text = format!("the migrations of `{}` above: its old containers may fail", clean(&first.service));
            push_reason(&mut out, &text, layout);
        } else {
            for MigrationReason { path, line, text } in steps {
                let text =
                    format!("{}:{line}: the migration {}: its old containers may fail", clean(path), clean(text));
                push_reason(&mut out, &text, layout);
            }
        }
        for unknown in &replacement.unknowns {
            push_reason(&mut out, &format!("not known: {}", clean(unknown)), layout);
        }
        out.push('\n');
    }
    out
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

/// The report without the findings that services have as reasons.
fn without_reasons(result: &DeployCheckResult) -> Report {
    let mut report = result.report.clone();
    let reasons: BTreeSet<usize> =
        result.replacements.iter().flat_map(|known| known.findings.iter().copied()).collect();
    let findings = std::mem::take(&mut report.findings).into_iter().enumerate();
    report.findings = findings.filter(|(index, _)| !reasons.contains(index)).map(|(_, finding)| finding).collect();
    report
}

/// What the next deployment does to databases.
fn push_migrations(out: &mut String, input: &MigrationInput, has_backup: bool, layout: Layout) {
    let migrations = input.new_migrations();
    let title = match &input.since {
        Some(since) => format!("migrations since `{}`: {}", clean(since), migrations.len()),
        None => format!("newest migrations: {} of {}", migrations.len(), input.history.migrations.len()),
    };
    out.push_str(&layout.paint(Tone::Strong, &title));
    out.push('\n');
    for migration in migrations.iter().take(MIGRATIONS) {
        let (style, word) = match migration.verdict {
            MigrationVerdict::Expand => (Tone::Good, "expand: the old program works on"),
            MigrationVerdict::Unknown => (Tone::Info, "unknown"),
            MigrationVerdict::Contract => (Tone::Error, "contract: the old program may fail"),
        };
        out.push_str(&format!("  {}: {}\n", clean(&migration.path), layout.paint(style, word)));
        for line in migration_lines(migration, has_backup) {
            push_reason(out, &format!("  {line}"), layout);
        }
    }
    if let Some(more) = migrations.len().checked_sub(MIGRATIONS).filter(|more| *more > 0) {
        out.push_str(&format!("  {more} more: `--format json` lists them\n"));
    }
    out.push('\n');
}

/// What is said of a migration, a line each.
fn migration_lines(migration: &Migration, has_backup: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &migration.steps {
        if step.verdict != MigrationVerdict::Expand {
            lines.push(format!("line {}: {}", step.line, clean(&step.text)));
        }
        if let Some(lock) = &step.lock {
            lines.push(format!("line {}: {}", step.line, clean(lock)));
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

/// A reason with its lines below each other.
fn push_reason(out: &mut String, text: &str, layout: Layout) {
    let lines = layout.width.map_or_else(|| vec![text.to_owned()], |width| wrap(text, width.saturating_sub(4)));
    for (number, line) in lines.iter().enumerate() {
        out.push_str(if number == 0 { "  " } else { "    " });
        out.push_str(line);
        out.push('\n');
    }
}

/// The findings of a service with their places.
fn reasons<'r>(
    report: &'r Report,
    replacement: &'r ServiceReplacement,
) -> impl Iterator<Item = (String, &'r Finding)> + 'r {
    replacement.findings.iter().filter_map(|index| {
        let finding = report.findings.get(*index)?;
        let source = report.sources.get(finding.file.0 as usize)?;
        let LineColumn { line, column } = source.line_column(finding.span.start);
        Some((format!("{}:{line}:{column}", clean(source.name())), finding))
    })
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
