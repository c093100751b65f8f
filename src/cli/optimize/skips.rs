//! Passes that settings leave out: read for each build, checked, and added to where a proof rejected some.

use std::path::{Path, PathBuf};

use crate::cli::args::Optimize;
use crate::cli::changes::place;
use crate::cli::output::{CommandFailure, now};
use crate::cli::terminal;
use crate::finding::Target;
use crate::fix::Change;
use crate::inputs::{InputProblem, Inputs, SettingsFormat};
use crate::optimize::{Options, passes};
use crate::proof::{Proof, RejectedPass};
use crate::rules::{self, Policies};
use crate::settings::{CommandLinePolicy, NewSkip, SkippedPass, add_skips, closest, documents};
use crate::text::Source;

/// The file that is made where there is none.
const NAME: &str = "dockopt.toml";

/// Takes note of names in the settings that are no passes.
pub(super) fn check(inputs: &mut Inputs) {
    let (documents, _) = documents(inputs, rules::known_rules());
    for skip in documents.into_iter().flat_map(|(_, document)| document.skips) {
        if let Some(help) = unknown(&skip.pass) {
            let (file, span) = skip.place;
            let source = inputs.source(file);
            let (file, place) = (source.name().to_owned(), Some(source.line_column(span.start)));
            let message = format!("unknown pass `{}`", skip.pass);
            inputs.unsettled = true;
            let help = Some(help);
            inputs.problems.push(InputProblem { code: "unknown-pass", file, place, fatal: true, message, help });
        }
    }
}

/// What to do about a name that is no pass; `None` where it is one.
pub(super) fn unknown(name: &str) -> Option<String> {
    let ids: Vec<&str> = passes().map(|pass| pass.id).collect();
    let all = "`dockopt optimize --plan` lists all passes";
    let help = closest(name, &ids).map_or_else(|| all.to_owned(), |id| format!("did you mean `{id}`? {all}"));
    (!ids.contains(&name)).then_some(help)
}

/// The options of each build: what was asked for, and what its settings leave out.
pub(super) fn options(inputs: &Inputs, options: &Options) -> Vec<Options> {
    let policies = Policies::read(inputs, &CommandLinePolicy::default()).0;
    let options_of = |build: &crate::inputs::BuildInput| {
        let skips = policies.of(build.dockerfile).settings.skips.iter();
        let left_out = skips.map(|skip| (skip.pass.clone(), skip_reason(inputs, skip))).collect();
        Options { left_out, ..options.clone() }
    };
    inputs.builds.iter().map(options_of).collect()
}

/// `dockopt.toml leaves it out since 2026-11-21: probe: 8000/: 500 instead of 200`.
fn skip_reason(inputs: &Inputs, skip: &SkippedPass) -> String {
    let file = inputs.source(skip.place.0).name();
    let since = skip.date.map(|date| format!(" since {date}")).unwrap_or_default();
    let reason = skip.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{file} skips it{since}{reason}")
}

/// The settings with what proofs rejected, by the index of the build.
pub(super) fn changes(
    command: &Optimize,
    inputs: &Inputs,
    proofs: &[(usize, &Proof)],
) -> Result<Vec<Change>, CommandFailure> {
    let date = now()?;
    let mut texts: Vec<(SettingsFile, String)> = Vec::new();
    for (build, proof) in proofs.iter().filter(|(_, proof)| !proof.rejected.is_empty()) {
        if command.config.no_config {
            terminal::note("`--no-config`: rejected passes are not added to any settings file\n");
            continue;
        }
        let Some(place) = SettingsFile::of(command, inputs, *build) else { continue };
        let path = place.path(inputs, *build);
        let new = |rejected: &RejectedPass| NewSkip {
            pass: rejected.pass.clone(),
            path: path.clone(),
            reason: rejected.reason.clone(),
            date,
        };
        let known = texts.iter().position(|(known, _)| known.name == place.name);
        let at = known.unwrap_or_else(|| {
            texts.push((place.clone(), place.text.clone()));
            texts.len() - 1
        });
        let entries: Vec<NewSkip> = proof.rejected.iter().map(new).collect();
        match add_skips(&texts[at].1, &entries) {
            Some(text) => texts[at].1 = text,
            None => terminal::note(&format!(
                "cannot add skipped passes to `{}`: add {} to `[optimize] skip` by hand\n",
                place.name,
                entries.iter().map(|entry| format!("`{}`", entry.pass)).collect::<Vec<_>>().join(", ")
            )),
        }
    }
    let base =
        if command.path.is_dir() { command.path.as_path() } else { command.path.parent().unwrap_or(Path::new("")) };
    let base = place(&base.to_string_lossy());
    // `--to` holds what lies below the path that was asked for.
    texts.retain(|(place, _)| command.to.is_none() || place.folder.starts_with(&base));
    let changed = texts.into_iter().filter(|(place, text)| place.text != *text);
    Ok(changed.filter_map(|(place, text)| place.change(inputs, &text)).collect())
}

/// A file of settings that is added to.
#[derive(Clone)]
struct SettingsFile {
    /// As the user would type it.
    name: String,
    /// The folder that its globs begin in, links followed.
    folder: PathBuf,
    /// What it holds.
    text: String,
    /// Its source; `None` where it is new.
    source: Option<crate::text::FileId>,
}

impl SettingsFile {
    /// The settings that count most for a build; a new file where there are none that can hold it.
    fn of(command: &Optimize, inputs: &Inputs, build: usize) -> Option<Self> {
        let dockerfile = inputs.builds.get(build)?.dockerfile;
        let settings_file = inputs.settings.get(&dockerfile).and_then(|chain| chain.last());
        let above = |name: &str| place(name).parent().map(Path::to_owned);
        if let Some(settings_file) =
            settings_file.filter(|settings_file| settings_file.format == SettingsFormat::Dockopt)
        {
            let source = inputs.source(settings_file.file);
            let (name, text) = (source.name().to_owned(), source.text().to_owned());
            return Some(Self { folder: above(&name)?, name, text, source: Some(settings_file.file) });
        }
        if let Some(settings_file) = settings_file {
            // A dockopt.toml beside hadolint's file takes its place, so it has to name it.
            let name = inputs.source(settings_file.file).name();
            let (folder, file) = (Path::new(name).parent()?, Path::new(name).file_name()?.to_str()?);
            let text = format!("extends = [\"{file}\"]\n");
            let name = folder.join(NAME).to_string_lossy().into_owned();
            return Some(Self { folder: above(&name)?, name, text, source: None });
        }
        let folder = folder(command, inputs.source(dockerfile).name())?;
        let name = if folder == Path::new(".") { PathBuf::from(NAME) } else { folder.join(NAME) };
        let name = name.to_string_lossy().into_owned();
        Some(Self { folder: above(&name)?, name, text: String::new(), source: None })
    }

    /// The glob of a build's Dockerfile; `None` where it is the only one beside the settings.
    fn path(&self, inputs: &Inputs, build: usize) -> Option<String> {
        let dockerfile = place(inputs.source(inputs.builds.get(build)?.dockerfile).name());
        let below = dockerfile.strip_prefix(&self.folder).unwrap_or(&dockerfile);
        let below = below.to_string_lossy().replace('\\', "/").replace(['*', '?', '[', '{'], "?");
        let alone = inputs.builds.len() == 1 && !below.contains('/') && Path::new(&inputs.root).is_dir();
        // Without a slash, a glob means any depth.
        let anchored = if below.contains('/') { below } else { format!("/{below}") };
        (!alone).then_some(anchored)
    }

    fn change(&self, inputs: &Inputs, text: &str) -> Option<Change> {
        let (target, before) = match self.source {
            Some(file) => (Target::File(file), Some(inputs.source(file))),
            None => (Target::New(self.name.clone()), None),
        };
        let empty = Source::of(&self.name, "");
        // With the mark and the encoding that it has.
        let after = before.unwrap_or(&empty).with_bytes(text.as_bytes().to_vec()).ok()?;
        let before = before.map(|source| source.bytes().to_vec());
        Some(Change { target, name: self.name.clone(), before, after: after.bytes().to_vec() })
    }
}

/// The folder of new settings: where dockopt runs, or else what was asked for, if settings are looked for there.
fn folder(command: &Optimize, dockerfile: &str) -> Option<PathBuf> {
    let folder = place(dockerfile).parent()?.to_owned();
    let mut looked: Vec<&Path> = Vec::new();
    for at in folder.ancestors() {
        looked.push(at);
        if at.join(".git").exists() {
            break;
        }
    }
    let start = if command.path.is_dir() { command.path.clone() } else { command.path.parent()?.to_owned() };
    let candidates = [PathBuf::from("."), start];
    let is_looked = |path: &PathBuf| path.canonicalize().is_ok_and(|path| looked.contains(&&*path));
    let folder_of_dockerfile = || Path::new(dockerfile).parent().map(Path::to_owned);
    candidates.into_iter().find(is_looked).or_else(folder_of_dockerfile)
}
