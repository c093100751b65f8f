//! `dockopt cache history`.

mod frequency;
mod matching;
mod levels;
mod simulation;

use std::path::Path;

pub(in crate::cli) use self::frequency::add_step_histories;
pub(in crate::cli) use self::levels::add_rewrite_histories;
use self::simulation::{Replacement, Simulation};
use super::log_notes::log_notes;
use super::place::{RepositoryPlace, because, unread_submodules};
use super::recipe::count_other_recipes;
use crate::audit::InputAudit;
use crate::buildlog::BuildLog;
use crate::cache::StepKind;
use crate::cli::args::{CacheHistory, Global};
use crate::cli::exit::{CLEAN, FAILED};
use crate::cli::output::{CommandFailure, complain, print, print_page};
use crate::cli::progress;
use crate::failure::Failure;
use crate::finding::Mask;
use crate::fix::Change;
use crate::inputs::{BuildInput, Inputs, Need, Needs};
use crate::load::git::{BuildPaths, Commit, CommitBuild, History, HistoryEnd, Repository};
use crate::load::{EvidenceReader, read_build_log, untimed_steps};
use crate::report::{self, CacheHistoryReport, CommitRow, Format, HistoryCommit, HistoryTable, OPTIMIZE};

const NO_SECOND_COMMIT: &str =
    "no step can rerun before the second commit that builds: `cache predict` compares with the working tree";

pub(in crate::cli) fn run(global: &Global, command: &CacheHistory) -> Result<u8, CommandFailure> {
    let Some(inputs) = gather(global, command)? else { return Ok(FAILED) };
    progress::doing("reading the git history");
    let build = only_build(&inputs, &command.path)?;
    let place = RepositoryPlace::of(&inputs, build)?;
    if inputs.builds[build].file.source().embedding().is_some() {
        let what = format!("the Dockerfile is inside `{}`: its history is not computed", place.paths.dockerfile);
        return Err(because(what, "`cache predict --since COMMIT` compares with a commit"));
    }
    let head = place.repository.resolve("HEAD")?;
    let history = place.repository.first_parents(head, command.commits as usize + 1)?;
    let other_recipe = other_recipes(&place, &inputs.builds[build], &history.commits);
    let RepositoryPlace { repository, paths } = place;
    let builds = repository.builds(&history.commits, &paths);
    if !builds.iter().any(|build| matches!(build, CommitBuild::Found(_))) {
        return Err(never_built(&builds, &paths, &history));
    }
    let log = command.log.as_deref().map(read_build_log).transpose()?;
    let input = &inputs.builds[build];
    let mut simulation = Simulation::new(&repository, &history.commits, &builds, input, log.as_ref())
        .with_flags(command.image_store.flags());
    let keeping = command.builder.keeping();
    let mut tables = vec![simulation.run(inputs.source(inputs.builds[build].dockerfile).name(), None, keeping)?];
    let mut notices: Vec<String> = input.context_notice.iter().cloned().collect();
    notices.extend(log_notices(command, log.as_ref(), &tables[0], &simulation));
    match command.against.as_deref().map(|against| replacement(&inputs, build, against, &paths)).transpose()? {
        Some(Some(replacement)) => {
            tables.push(simulation.run(&replacement.name.clone(), Some(&replacement), keeping)?);
            simulation.match_steps(&mut tables);
        }
        Some(None) => notices.push(format!(
            "`dockopt optimize` changes nothing in `{}`, so there is no second history",
            inputs.source(input.dockerfile).name()
        )),
        None => {}
    }
    if !tables.iter().flat_map(|table| &table.rows).any(|row| matches!(row, CommitRow::Built(_))) {
        notices.push(NO_SECOND_COMMIT.to_owned());
    }
    notices.extend(other_recipe);
    notices.extend(history_notices(&repository, &history, &builds, &paths));
    notices.extend(unread_submodules(simulation.unread_submodules().iter()));
    let unknown = simulation.unknown_contexts();
    let mask = hide_secrets(&mut tables, &inputs);
    let report = CacheHistoryReport {
        root: inputs.root.clone(),
        dockerfile: paths.dockerfile.clone(),
        keeping,
        commits: simulation.commits().into_iter().map(|commit| masked(commit, &mask)).collect(),
        is_partial: !simulation.unread_submodules().is_empty() || !unknown.is_empty() || input.context_doubt.is_some(),
        notices: notices.into_iter().chain(unknown).map(|notice| mask.apply(&notice)).collect(),
        end: history.end.name(),
        build_words: command.build.typed_with(&command.path),
        options: command.typed(),
        tables,
    };
    match global.format {
        Format::Json => print(global, &report::cache_history_json(&report))?,
        _ => print_page(global, &report::cache_history(&report))?,
    }
    Ok(CLEAN)
}

/// Hides secrets in what steps are called: earlier commits may have others than the Dockerfile of today.
fn hide_secrets(tables: &mut [HistoryTable], inputs: &Inputs) -> Mask {
    let mask = InputAudit::new(inputs).into_mask();
    for table in tables {
        for step in &mut table.steps {
            step.name = mask.apply(&step.name);
        }
        for row in &mut table.rows {
            if let CommitRow::Failed(source) = row {
                *source = mask.apply(source);
            }
        }
    }
    mask
}

fn masked(commit: HistoryCommit, mask: &Mask) -> HistoryCommit {
    HistoryCommit { summary: mask.apply(&commit.summary), ..commit }
}

/// What a reader must know of the log.
fn log_notices(
    command: &CacheHistory,
    log: Option<&BuildLog>,
    table: &HistoryTable,
    simulation: &Simulation,
) -> Vec<String> {
    let (Some(path), Some(log)) = (&command.log, log) else { return Vec::new() };
    let mut notices = Vec::new();
    if !table.has_seconds() {
        notices.push(untimed_steps(path));
    }
    let steps = table.steps.iter().filter(|step| !matches!(step.kind, StepKind::From | StepKind::Link)).count();
    notices.extend(log_notes(path, log, &simulation.missing_steps(), steps));
    notices
}

/// Says in how many commits the compose or bake file gave the build other arguments than now.
fn other_recipes(place: &RepositoryPlace, input: &BuildInput, commits: &[Commit]) -> Option<String> {
    let recipe = input.recipe.as_ref()?;
    let others = count_other_recipes(place, input, commits);
    (others > 0).then(|| {
        format!(
            "in {} `{recipe}` has other build arguments, targets or contexts; those of today are used for all commits, so \
             steps may have rerun more often",
            report::count(others as u64, "commit")
        )
    })
}

fn gather(global: &Global, command: &CacheHistory) -> Result<Option<Inputs>, CommandFailure> {
    let mut request = command.build.request(command.path.clone(), None);
    request.needs = Needs::NONE.with(Need::ContextNames);
    if command.against.as_deref() == Some(Path::new(OPTIMIZE)) {
        request.needs =
            [Need::ContextNames, Need::ContextBytes, Need::ContextTexts, Need::Projects].into_iter().collect::<Needs>();
    }
    let inputs = crate::load::gather(&request)?;
    Ok(if complain(global, &inputs) { None } else { Some(inputs) })
}

/// The index of the only build.
fn only_build(inputs: &Inputs, path: &Path) -> Result<usize, CommandFailure> {
    let names: Vec<&str> = inputs.builds.iter().map(|build| inputs.source(build.dockerfile).name()).collect();
    match names.as_slice() {
        [_] => Ok(0),
        [] => Err(because(format!("no Dockerfile found in `{}`", path.display()), "set one with --file")),
        several => {
            let what = format!("found {} Dockerfiles in `{}`; one can be followed", several.len(), path.display());
            let shown: Vec<&str> = several.iter().take(10).copied().collect();
            Err(because(what, &format!("pass one of them: {}", shown.join(", "))))
        }
    }
}

fn never_built(builds: &[CommitBuild], paths: &BuildPaths, history: &History) -> CommandFailure {
    let unreadable = builds.iter().find_map(|build| match build {
        CommitBuild::Unreadable(failure) => Some(failure.clone()),
        _ => None,
    });
    if let Some(failure) = unreadable {
        return failure.into();
    }
    let count = report::count(history.commits.len() as u64, "commit");
    let what = format!("`{}` is in none of the last {count}", paths.dockerfile);
    let help = match history.end {
        HistoryEnd::Shallow => "the clone is shallow: `git fetch --unshallow`, in a workflow `fetch-depth: 0`",
        _ => "commit it first, or look at more commits with --commits",
    };
    because(what, help)
}

/// The Dockerfile that is compared, and the .dockerignore that comes with it; `None` if the rewrite changes nothing.
fn replacement(
    inputs: &Inputs,
    build: usize,
    against: &Path,
    paths: &BuildPaths,
) -> Result<Option<Replacement>, CommandFailure> {
    let input = &inputs.builds[build];
    if against != Path::new(OPTIMIZE) {
        let source = crate::load::read_source(against, crate::load::DOCKERFILE_LIMIT)?;
        let mut ignore = against.as_os_str().to_owned();
        ignore.push(".dockerignore");
        let ignore = Path::new(&ignore);
        let ignore = ignore
            .symlink_metadata()
            .is_ok()
            .then(|| crate::load::read_source(ignore, crate::load::DOCKERFILE_LIMIT))
            .transpose()?;
        return Ok(Some(Replacement {
            name: against.display().to_string(),
            dockerfile: source.text().to_owned(),
            ignore: ignore.map(|source| source.text().to_owned()),
            ignore_path: None,
            is_in_context: true,
        }));
    }
    let evidence = EvidenceReader::new(inputs).evidence(build);
    let optimized =
        crate::optimize::optimize(inputs, build, &evidence, &crate::optimize::Options::new(&crate::rules::AllRules));
    let name = inputs.source(input.dockerfile).name();
    let changes = optimized.changes();
    if changes.is_empty() {
        return Ok(None);
    }
    let replacement = Replacement {
        name: OPTIMIZE.to_owned(),
        dockerfile: inputs.source(input.dockerfile).text().to_owned(),
        ignore: None,
        ignore_path: None,
        is_in_context: true,
    };
    Ok(Some(replacement.with(&changes, name, paths)))
}

impl Replacement {
    /// With the Dockerfile and the .dockerignore as a rewrite leaves them; `name` is that of the Dockerfile.
    fn with(self, changes: &[Change], name: &str, paths: &BuildPaths) -> Self {
        let mut replacement = self;
        for change in changes {
            let text = String::from_utf8_lossy(&change.after).into_owned();
            if change.name == name {
                replacement.dockerfile = text;
            } else if change.name.ends_with(".dockerignore") {
                let is_own = crate::text::path::name(&change.name) != ".dockerignore";
                replacement.ignore_path = (!is_own).then(|| crate::text::path::child(&paths.context, ".dockerignore"));
                replacement.ignore = Some(text);
            }
        }
        replacement
    }
}

/// What a reader must know of the history.
fn history_notices(
    repository: &Repository,
    history: &History,
    builds: &[CommitBuild],
    paths: &BuildPaths,
) -> Vec<String> {
    let mut notices: Vec<String> = early_end(history).into_iter().collect();
    let mut name = &paths.dockerfile;
    for (commit, build) in history.commits.iter().zip(builds) {
        if let CommitBuild::Found(files) = build
            && files.place.dockerfile != *name
        {
            let id = commit.id.to_hex_with_len(10);
            notices.push(format!("up to {id} the Dockerfile is `{}`", files.place.dockerfile));
            name = &files.place.dockerfile;
        }
    }
    let newest = builds.iter().find_map(|build| if let CommitBuild::Found(files) = build { Some(files) } else { None });
    if newest.is_some_and(|files| repository.uses_large_files(files.context)) {
        notices.push("files in Git LFS are compared by their pointers, which change with the contents".to_owned());
    }
    notices
}

/// Why a history has fewer commits than the project; `None` if it has all that were asked for.
fn early_end(history: &History) -> Option<String> {
    let count = report::count(history.commits.len() as u64, "commit");
    match &history.end {
        HistoryEnd::Shallow => Some(format!(
            "the clone is shallow and ends after {count}; `git fetch --unshallow`, in a workflow `fetch-depth: 0`, \
             fetches all"
        )),
        HistoryEnd::Unreadable(Failure { what, help, .. }) => {
            Some(format!("the history ends after {count}: {what}; {help}"))
        }
        HistoryEnd::Root | HistoryEnd::Limit => None,
    }
}
