//! Which settings are in force for a Dockerfile: the nearest file at its folder or above, up to the repository's top,
//! with the files that it extends.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::file::{display_path, folder_of, is_taken};
use super::{LoadError, read_source};
use crate::inputs::{InputProblem, Inputs, SettingsFormat, SettingsInput};
use crate::manifest::FileKind;
use crate::settings::extends;
use crate::text::{FileId, Span};

/// Bytes that a file of settings may have.
const LIMIT: u64 = 1 << 20;

/// Files that one extends, one through the other.
const DEEPEST: usize = 8;

/// Names that are looked for, the one that counts most first.
const NAMES: [&str; 3] = ["dockopt.toml", ".hadolint.yaml", ".hadolint.yml"];

/// Those that have budgets.
const OWN: [&str; 1] = ["dockopt.toml"];

/// Where settings come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SettingsSource {
    /// The nearest file above each Dockerfile.
    #[default]
    Nearest,
    /// This file for all.
    File(PathBuf),
    /// Nowhere.
    None,
}

/// Finds and reads the settings for Dockerfiles, given with their paths; `walked` is the folder of which all is looked
/// at.
pub(super) fn load_settings(
    inputs: &mut Inputs,
    dockerfiles: &[(PathBuf, FileId)],
    configuration: &SettingsSource,
    walked: Option<&Path>,
    disk: &Disk,
) {
    let mut finder = Finder::new(&NAMES, walked, disk);
    for (path, id) in dockerfiles {
        let parent = folder_of(path);
        // A text without a place is looked at where the program runs; a folder that is gone has no settings.
        let Some(folder) = disk.real_path(parent) else { continue };
        let file = match configuration {
            SettingsSource::None => None,
            SettingsSource::File(file) => Some(file.clone()),
            SettingsSource::Nearest => finder.nearest(&folder),
        };
        let Some(file) = file else { continue };
        let top = folder_of(&file);
        let top = disk.real_path(top).unwrap_or_else(|| top.to_owned());
        let name = path.file_name().map(PathBuf::from).unwrap_or_default();
        let below = folder.join(name);
        let below = below.strip_prefix(&top).or_else(|_| below.strip_prefix(&finder.current)).unwrap_or(&below);
        let below = below.to_string_lossy().replace('\\', "/");
        let whole = finder.walked.as_ref().is_some_and(|walked| top.starts_with(walked));
        let chain = finder.chain(inputs, &file);
        let input_of = |&(file, format)| SettingsInput { file, format, path: below.clone(), whole };
        inputs.settings.insert(*id, chain.iter().map(input_of).collect());
    }
}

/// The settings that hold where the program runs, whatever is looked at: the nearest dockopt.toml and what it extends.
/// They stand in the inputs as those of the file itself.
pub fn settings(configuration: &SettingsSource) -> Inputs {
    let mut inputs = Inputs::default();
    let disk = Disk::default();
    let mut finder = Finder::new(&OWN, None, &disk);
    let file = match configuration {
        SettingsSource::None => None,
        SettingsSource::File(file) => Some(file.clone()),
        SettingsSource::Nearest => finder.nearest(&finder.current.clone()),
    };
    let Some(file) = file else { return inputs };
    let chain = finder.chain(&mut inputs, &file);
    let input_of = |&(file, format)| SettingsInput { file, format, path: String::new(), whole: false };
    if let Some(&(nearest, _)) = chain.last() {
        inputs.settings.insert(nearest, chain.iter().map(input_of).collect());
    }
    inputs
}

/// The settings that hold in a folder, as those of the file itself, with the folder of that file.
pub(super) fn settings_in(folder: &Path, configuration: &SettingsSource) -> Option<(PathBuf, Inputs)> {
    let disk = Disk::default();
    let mut finder = Finder::new(&OWN, None, &disk);
    let file = match configuration {
        SettingsSource::None => None,
        SettingsSource::File(file) => Some(file.clone()),
        SettingsSource::Nearest => finder.nearest(&folder.canonicalize().ok()?),
    }?;
    let mut inputs = Inputs::default();
    let chain = finder.chain(&mut inputs, &file);
    let input_of = |&(file, format)| SettingsInput { file, format, path: String::new(), whole: false };
    let &(nearest, _) = chain.last()?;
    inputs.settings.insert(nearest, chain.iter().map(input_of).collect());
    Some((file.canonicalize().ok()?.parent()?.to_owned(), inputs))
}

/// A file's chain: those that it extends before it.
type Chain = Vec<(FileId, SettingsFormat)>;

struct Finder<'d> {
    disk: &'d Disk,
    names: &'static [&'static str],
    current: PathBuf,
    walked: Option<PathBuf>,
    /// The settings that hold in a folder.
    known_paths: HashMap<PathBuf, Option<PathBuf>>,
    /// Chains of files that were read.
    read: HashMap<PathBuf, Chain>,
}

impl<'d> Finder<'d> {
    fn new(names: &'static [&'static str], walked: Option<&Path>, disk: &'d Disk) -> Self {
        Self {
            disk,
            names,
            current: std::env::current_dir().ok().and_then(|folder| folder.canonicalize().ok()).unwrap_or_default(),
            walked: walked.and_then(|folder| folder.canonicalize().ok()),
            known_paths: HashMap::new(),
            read: HashMap::new(),
        }
    }

    fn nearest(&mut self, folder: &Path) -> Option<PathBuf> {
        let mut passed = Vec::new();
        let mut settings_path = None;
        for at in folder.ancestors() {
            if let Some(known) = self.known_paths.get(at) {
                settings_path.clone_from(known);
                break;
            }
            passed.push(at.to_owned());
            settings_path = self.names.iter().map(|name| at.join(name)).find(|path| is_taken(path));
            if settings_path.is_some() || self.disk.exists(&at.join(".git")) {
                break;
            }
        }
        self.known_paths.extend(passed.into_iter().map(|folder| (folder, settings_path.clone())));
        settings_path
    }

    /// A path as the user would type it.
    fn typed(&self, path: &Path) -> PathBuf {
        if let Ok(below) = path.strip_prefix(&self.current) {
            return below.to_owned();
        }
        let up = self.current.ancestors().position(|above| path.starts_with(above) && above.parent().is_some());
        let above = up.and_then(|up| Some((up, self.current.ancestors().nth(up)?)));
        let below = above.and_then(|(up, above)| Some((up, path.strip_prefix(above).ok()?)));
        below.map_or_else(|| path.to_owned(), |(up, below)| Path::new(&"../".repeat(up)).join(below))
    }

    fn chain(&mut self, inputs: &mut Inputs, file: &Path) -> Chain {
        let real = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        if let Some(known) = self.read.get(&real) {
            return known.clone();
        }
        let mut chain = Chain::new();
        self.read(inputs, file, &mut vec![real.clone()], &mut chain, None);
        self.read.insert(real, chain.clone());
        chain
    }

    /// Reads a file behind those that it extends. `open` are the files that are being read; `from` says who extends it.
    fn read(
        &mut self,
        inputs: &mut Inputs,
        file: &Path,
        open: &mut Vec<PathBuf>,
        chain: &mut Chain,
        from: Option<(FileId, Span)>,
    ) {
        let typed = self.typed(file);
        let source = match read_source(&typed, LIMIT) {
            Ok(source) => source,
            Err(error) => return refuse(inputs, &typed, &error, from),
        };
        let yaml = FileKind::of(&typed.to_string_lossy()).language() == "YAML";
        let format = if yaml { SettingsFormat::Hadolint } else { SettingsFormat::Dockopt };
        let bases = if yaml { Vec::new() } else { extends(&source) };
        let id = inputs.add(source);
        for (base, span) in bases {
            let path = file.parent().unwrap_or(Path::new(".")).join(&base);
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            let wrong = if open.contains(&real) {
                Some(format!("`{base}` extends this file, which is a cycle"))
            } else if open.len() > DEEPEST {
                Some(format!("more than {DEEPEST} files extend each other"))
            } else {
                None
            };
            if let Some(message) = wrong {
                problem(inputs, (id, span), message, "remove it from `extends`");
                continue;
            }
            open.push(real);
            self.read(inputs, &path, open, chain, Some((id, span)));
            open.pop();
        }
        chain.push((id, format));
    }
}

fn refuse(inputs: &mut Inputs, file: &Path, error: &LoadError, from: Option<(FileId, Span)>) {
    let message = error.to_string();
    if let Some(from) = from {
        return problem(inputs, from, message, "check the path; it is relative to the file that contains it");
    }
    inputs.unsettled = true;
    inputs.problems.push(InputProblem {
        code: "settings-unreadable",
        file: display_path(file),
        place: None,
        fatal: true,
        message,
        help: Some("fix the settings, or run with `--no-config`".to_owned()),
    });
}

fn problem(inputs: &mut Inputs, (file, span): (FileId, Span), message: String, help: &str) {
    let source = inputs.source(file);
    let (file, place) = (source.name().to_owned(), Some(source.line_column(span.start)));
    inputs.unsettled = true;
    let help = Some(help.to_owned());
    inputs.problems.push(InputProblem { code: "settings-unreadable", file, place, fatal: true, message, help });
}
