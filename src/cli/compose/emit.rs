//! `dockopt compose emit`.

use std::path::Path;

use super::recipes::add_just_recipes;
use crate::audit::InputAudit;
use crate::cli::args::{ComposeEmit, Global};
use crate::cli::exit::{CLEAN, FAILED, FOUND};
use crate::cli::output::{CommandFailure, complain, medium, print, print_page};
use crate::cli::{changes, progress, terminal};
use crate::emit::{ENVIRONMENT_FILES, Emission, EmitInput, EmitOverrides, IGNORE_FILE, JUST_FILES};
use crate::finding::{Mask, Target};
use crate::fix::{Change, FixOutcome};
use crate::inputs::Inputs;
use crate::load::{FactSelection, GatherRequest, folder_of};
use crate::report::{self, Format};
use crate::rules::AllRules;
use crate::text::path;

pub(in crate::cli) fn run(global: &Global, command: &ComposeEmit) -> Result<u8, CommandFailure> {
    if !command.path.is_dir() {
        return Err(CommandFailure::Because {
            what: format!("`{}` is not a folder", command.path.display()),
            help: Some("pass the folder of the project".to_owned()),
        });
    }
    let (mut emission, mask, is_unread) = emission(global, command)?;
    if let Some(what) = emission.failure {
        return Err(CommandFailure::Because {
            what,
            help: Some("report this with the repository that shows it".to_owned()),
        });
    }
    let show = EmissionShow { write: command.write, check: command.check, explain: command.explain };
    let count = show.run(global, &command.path, &mut emission, &mask)?;
    Ok(match (is_unread, command.check && count > 0) {
        (true, _) => FAILED,
        (_, true) => FOUND,
        _ => CLEAN,
    })
}

/// How files are shown or written.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::cli) struct EmissionShow {
    pub(in crate::cli) write: bool,
    pub(in crate::cli) check: bool,
    pub(in crate::cli) explain: bool,
}

impl EmissionShow {
    /// Writes or shows the files, and gives how many there are.
    pub(in crate::cli) fn run(
        self,
        global: &Global,
        folder: &Path,
        emission: &mut Emission,
        mask: &Mask,
    ) -> Result<usize, CommandFailure> {
        let mut outcome = FixOutcome { changes: changes_of(folder, emission)?, ..FixOutcome::default() };
        let names: Vec<String> = outcome.changes.iter().map(|change| change.name.clone()).collect();
        if self.write {
            changes::write_with_folders(&outcome.changes)?;
        }
        let is_masked = hide_secrets(emission, mask);
        if is_masked && (global.format == Format::Json || !self.write) {
            emission.notes.push("secrets are masked here: `--write` writes the values of your files".to_owned());
        }
        let page = |outcome: &FixOutcome| report::compose_emit(emission, &outcome.changes, mask);
        match global.format {
            Format::Json => print(global, &report::compose_emit_json(emission))?,
            Format::Text if self.explain => print_page(global, &page(&outcome))?,
            Format::Text if self.check => print(global, "")?,
            Format::Text => {
                let is_shown = !self.write && !names.is_empty();
                let mut text = if is_shown { changes::diff(global, &mut outcome, mask) } else { Vec::new() };
                if let Some(page) = report::cluster_page(emission) {
                    let page = page.write(medium(global), terminal::stdout(global));
                    text.extend(format!("{}{page}", if is_shown { "\n" } else { "" }).into_bytes());
                }
                print(global, &text)?;
            }
            _ => print_page(global, &page(changes::with_names_here(&mut outcome)))?,
        }
        if global.format == Format::Text && !self.explain {
            for note in &emission.notes {
                terminal::note(&format!("note: {note}"));
            }
        }
        let files = report::count(names.len() as u64, "file");
        terminal::note(&match (names.is_empty(), self.write) {
            (true, _) => "nothing to write".to_owned(),
            (_, true) => format!("wrote {}", names.join(", ")),
            (_, false) => format!("would write {files} ({}); write with `--write`", names.join(", ")),
        });
        Ok(names.len())
    }
}

/// A text without the mark with which some editors begin it.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// What is written for a folder, and whether a file of it could not be read.
fn emission(global: &Global, command: &ComposeEmit) -> Result<(Emission, Mask, bool), CommandFailure> {
    let folder = command.path.as_path();
    let overrides = EmitOverrides { production: command.prod, development: command.dev, watch: command.watch };
    let request =
        GatherRequest { path: folder.to_owned(), wants: FactSelection::Columns, ..GatherRequest::new(&AllRules) };
    let inputs = crate::load::gather(&request)?;
    complain(global, &inputs);
    check_composes(&inputs, folder)?;
    progress::doing("working out the compose file");
    let paths = [folder.to_owned()];
    let files = crate::load::variable_input(&paths, &inputs);
    let current = crate::load::current_folder();
    let project = crate::load::absolute_path(&current, folder);
    let current = current.to_string_lossy();
    let audit = InputAudit::new(&inputs);
    let faulty_checks = audit.faulty_checks();
    let git_ignored = crate::load::git_ignored_names(folder, &ENVIRONMENT_FILES);
    let input = EmitInput {
        inputs: &inputs,
        files: &files,
        examples: &crate::variables::example_variables(&files),
        faulty_checks: &faulty_checks,
        git_ignored: git_ignored.as_ref(),
        folder: &project,
        current: &current,
        existing: main_file(&inputs, folder).map(|number| &inputs.composes[number]),
        overrides,
    };
    let is_unread = inputs.problems.iter().any(|problem| problem.fatal);
    let mut emission = crate::emit::emit(&input);
    check_existing(&inputs, folder, &emission)?;
    if command.just && emission.failure.is_none() {
        let failing = input.existing.map(|existing| audit.failing_checks(existing.file)).unwrap_or_default();
        add_just_recipes(&input, &failing, folder, &mut emission);
    }
    Ok((emission, audit.into_mask(), is_unread))
}

/// Fails where a compose file of the folder could not be read: what is written would replace or hide it.
fn check_composes(inputs: &Inputs, folder: &Path) -> Result<(), CommandFailure> {
    let is_of_folder = |file: &str| folder_of(Path::new(file)).canonicalize().ok() == folder.canonicalize().ok();
    let mut unread = inputs.problems.iter().filter(|problem| problem.fatal && path::is_compose(&problem.file));
    match unread.find(|problem| is_of_folder(&problem.file)) {
        Some(problem) => Err(unread_failure(&problem.file)),
        None => Ok(()),
    }
}

/// Fails where a compose file is there that the new text does not come from, as settings leave it out.
fn check_existing(inputs: &Inputs, folder: &Path, emission: &Emission) -> Result<(), CommandFailure> {
    for file in emission.files.iter().filter(|file| path::is_compose(&file.path)) {
        let place = folder.join(&file.path);
        let place_of = |name: &str| Path::new(name).canonicalize().ok();
        let is_there = place.symlink_metadata().is_ok();
        if is_there && !inputs.sources.iter().any(|source| place_of(source.name()) == place.canonicalize().ok()) {
            return Err(unread_failure(&place.to_string_lossy()));
        }
    }
    Ok(())
}

fn unread_failure(file: &str) -> CommandFailure {
    CommandFailure::Because {
        what: format!("nothing is written, as `{file}` was not read and would be replaced or hidden"),
        help: Some("repair the file, or move it out of the way".to_owned()),
    }
}

/// Which of the compose files is the one that Compose reads in a folder.
pub(in crate::cli) fn main_file(inputs: &Inputs, folder: &Path) -> Option<usize> {
    let current = crate::load::current_folder();
    let folder = crate::load::absolute_path(&current, folder);
    inputs.composes.iter().position(|compose| {
        let place = crate::load::absolute_path(&current, Path::new(inputs.source(compose.file).name()));
        path::parent(&place) == folder && crate::compose::is_main_file(path::name(&place))
    })
}

/// Hides secrets in what is printed, and says whether there are any; the files are written as they are.
fn hide_secrets(emission: &mut Emission, mask: &Mask) -> bool {
    let mut is_masked = false;
    for file in &mut emission.files {
        let text = mask.apply(&file.text);
        is_masked |= text != file.text;
        file.text = text;
    }
    for choice in &mut emission.choices {
        choice.reason = mask.apply(&choice.reason);
    }
    for note in &mut emission.notes {
        *note = mask.apply(note);
    }
    for known in &mut emission.dependencies {
        known.reason = mask.apply(&known.reason);
    }
    for step in &mut emission.steps {
        for text in step.commands.iter_mut().chain([&mut step.title, &mut step.remark]) {
            *text = mask.apply(text);
        }
    }
    is_masked
}

/// The files as changes of what is there.
fn changes_of(folder: &Path, emission: &Emission) -> Result<Vec<Change>, CommandFailure> {
    let mut changes = Vec::new();
    for file in &emission.files {
        let place = if folder == Path::new(".") { file.path.clone().into() } else { folder.join(&file.path) };
        let before = changes::replaceable(&place, folder)?;
        // What was not read, as it is large or no text, would be lost.
        let is_just = JUST_FILES.iter().any(|name| name.eq_ignore_ascii_case(&file.path));
        let is_list = is_just || file.path == IGNORE_FILE || ENVIRONMENT_FILES.contains(&file.path.as_str());
        if let Some(bytes) = before.as_deref()
            && is_list
            && !without_mark(file.text.as_bytes()).starts_with(without_mark(bytes))
        {
            let help = Some("move it out of the way, or add what `dockopt compose emit` shows by hand".to_owned());
            return Err(CommandFailure::Because { what: format!("`{}` could not be read", place.display()), help });
        }
        changes.push(Change {
            target: Target::New(place.to_string_lossy().into_owned()),
            name: place.to_string_lossy().into_owned(),
            before,
            after: file.text.clone().into_bytes(),
        });
    }
    Ok(changes)
}
