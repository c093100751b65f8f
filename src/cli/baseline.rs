//! `--baseline`, `--write-baseline`, `--prune-baseline`: reads and writes the file, says what it hid.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::args::Known;
use super::output::CommandFailure;
use super::{terminal, write};
use crate::audit::{self, Report};
use crate::finding::{Baseline, RunScope};
use crate::load::{folder_of, read_source};
use crate::report;
use crate::report::count;
use crate::rules::Rule;

/// Bytes of a baseline: over a million findings.
const LIMIT: u64 = 256 << 20;

/// Takes out of a report what the baseline knows, and writes it where that is asked for.
pub(super) fn apply(
    options: &Known,
    command: &str,
    rules: &[&Rule],
    report: &mut Report,
) -> Result<(), CommandFailure> {
    let (Some(path), writes) = (match (&options.baseline, &options.write_baseline) {
        (_, Some(path)) => (Some(path), true),
        (path, None) => (path.as_ref(), false),
    }) else {
        return Ok(());
    };
    let before = read(path, command, options, writes)?;
    let place = BaselineFolder::new(path);
    let findings = audit::baseline_findings(report, |name| place.of(name));
    // Another command checks more or less: a finding that it does not report may still exist.
    let scope =
        if before.command == command { scope_of_run(report, rules, &before, &place) } else { RunScope::default() };
    let baseline = if writes { before.with(command, findings.clone(), &scope) } else { before };
    let comparison = baseline.compare(&findings, &scope);
    if writes {
        write::write(path, report::baseline(&baseline).as_bytes())?;
        let all: u64 = baseline.findings.values().fold(0, |all, count| all.saturating_add(*count));
        terminal::note(&format!("{} recorded in `{}`", count(all, "finding"), path.display()));
    } else if options.prune_baseline && comparison.pruned != baseline {
        write::write(path, report::baseline(&comparison.pruned).as_bytes())?;
    }
    audit::leave_out(report, &comparison.is_known, comparison.fixed);
    if !writes {
        print_summary(
            path,
            options,
            comparison.is_known.iter().filter(|known| **known).count() as u64,
            comparison.fixed,
        );
    }
    Ok(())
}

fn print_summary(path: &Path, options: &Known, known: u64, fixed: u64) {
    let path = path.display();
    if known > 0 {
        terminal::note(&format!("{} not shown (baseline `{path}`)", count(known, "known finding")));
    }
    if fixed > 0 && options.prune_baseline {
        terminal::note(&format!("{} removed from `{path}`", count(fixed, "fixed finding")));
    } else if fixed > 0 {
        let (is, them) = if fixed == 1 { ("is", "it") } else { ("are", "them") };
        let what = count(fixed, "known finding");
        terminal::note(&format!("{what} {is} fixed; `--prune-baseline` removes {them} from `{path}`"));
    }
}

/// Reads the file. When it is to be written, a missing file is an empty baseline.
fn read(path: &Path, command: &str, options: &Known, writes: bool) -> Result<Baseline, CommandFailure> {
    if writes && !path.exists() {
        return Ok(Baseline { command: command.to_owned(), ..Baseline::default() });
    }
    let create = format!("create it with `dockopt {command} --write-baseline {}`", path.display());
    let source = read_source(path, LIMIT).map_err(|error| {
        let help = if path.exists() { error.help() } else { create.clone() };
        CommandFailure::Because { what: error.to_string(), help: Some(help) }
    })?;
    let baseline = Baseline::read(source.text()).map_err(|error| CommandFailure::Because {
        what: format!("`{}` is not a valid baseline: {error}", path.display()),
        help: Some(format!("restore it from version control, or delete it and {create}")),
    })?;
    if baseline.command != command && (writes || options.prune_baseline) {
        let what = format!("`{}` is a baseline of `dockopt {}`", path.display(), baseline.command);
        let help = format!("update it with that command, or use another file for `dockopt {command}`");
        return Err(CommandFailure::Because { what, help: Some(help) });
    }
    Ok(baseline)
}

/// What the run checked. In a file that the builder rejects, it is unknown what is fixed.
fn scope_of_run(report: &Report, rules: &[&Rule], before: &Baseline, place: &BaselineFolder) -> RunScope {
    let broken: BTreeSet<&str> =
        report.problems.iter().filter(|problem| problem.error).map(|problem| &*problem.file).collect();
    let read = report.sources.iter().map(crate::text::Source::name).filter(|name| !broken.contains(name));
    let skipped: BTreeSet<&str> = report.skipped.iter().map(|skip| &*skip.what).collect();
    let ran = rules.iter().map(|rule| rule.name).filter(|name| !skipped.contains(name));
    let gone = before.findings.keys().map(|known| &known.file).filter(|file| place.is_gone(file));
    RunScope {
        files: read.map(|name| place.of(name)).collect(),
        gone: gone.cloned().collect(),
        rules: ran.map(str::to_owned).collect(),
    }
}

/// The baseline's folder: what it names lies below it, wherever the command runs.
struct BaselineFolder(PathBuf);

impl BaselineFolder {
    fn new(path: &Path) -> Self {
        let folder = folder_of(path);
        Self(folder.canonicalize().unwrap_or_else(|_| folder.to_owned()))
    }

    /// Where a file lies, with `/` between the parts.
    fn of(&self, name: &str) -> String {
        let path = Path::new(name);
        let folder = folder_of(path);
        let (Ok(folder), Some(last)) = (folder.canonicalize(), path.file_name()) else { return name.to_owned() };
        let (components, base): (Vec<_>, Vec<_>) = (folder.components().collect(), self.0.components().collect());
        let shared = components.iter().zip(&base).take_while(|(component, base)| component == base).count();
        let up = base[shared..].iter().map(|_| "..".to_owned());
        let down = components[shared..].iter().map(|part| Component::as_os_str(*part).to_string_lossy().into_owned());
        up.chain(down).chain([last.to_string_lossy().into_owned()]).collect::<Vec<_>>().join("/")
    }

    fn is_gone(&self, file: &str) -> bool {
        // Standard input has no name.
        file != "-" && self.0.join(file).symlink_metadata().is_err()
    }
}
