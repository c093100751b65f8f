//! Where the program writes: as a container of the original showed, else as the sources show.

use super::root_reason::{RootReason, UnknownWrites, WriteEvidence};
use std::collections::BTreeSet;

use super::steps;
use crate::build::Transfer;
use crate::data;
use crate::dockerfile::Keyword;
use crate::inputs::context::ContextEntryKind;
use crate::manifest::{FileKind, FileRole};
use crate::optimize::languages::node::written_folders::takes_traced;
use crate::optimize::pass_input::PassInput;
use crate::optimize::reached_sources::LazyReach;
use crate::sources::patterns;
use crate::sources::values::Evaluator;
use crate::sources::written_places::{self, WrittenPlace};
use crate::text::path;

/// Folders that a program writes into.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Writes {
    /// Absolute.
    pub folders: BTreeSet<String>,
    /// Absolute, with all that they hold.
    pub whole: BTreeSet<String>,
    /// Whether it may also write what the sources bring, or somewhere below WORKDIR that nobody told.
    pub sources: bool,
    /// What shows that the program writes; `None` where nothing does.
    pub evidence: Option<WriteEvidence>,
    /// Why it is not known where else it writes.
    pub unknown: Option<UnknownWrites>,
}

impl Writes {
    /// Takes a folder, absolute or below WORKDIR (`folder`).
    fn add(&mut self, input: &PassInput, folder: &str, path: &str) {
        let full = path::join(folder, path);
        if full == "/" && folder != "/" {
            self.unknown = Some(UnknownWrites::RootFolder);
            return;
        }
        if is_open(&full) {
            return;
        }
        match path::relative(&full, folder) {
            Some(below) => self.sources |= below.is_empty() || is_brought(input, below),
            // What lies beside the folder is found from there.
            None => self.sources |= path.starts_with(".."),
        }
        self.folders.insert(full);
    }

    /// Takes a file, absolute or below WORKDIR (`folder`): one that nothing brings needs its folder alone.
    fn add_file(&mut self, input: &PassInput, folder: &str, path: &str) {
        let full = path::join(folder, path);
        let is_new = path::relative(&full, folder).is_some_and(|below| !is_brought(input, below));
        if is_new && path::parent(&full) == folder && folder != "/" && !works_on_sources(input) {
            self.folders.insert(folder.to_owned());
        } else {
            self.add(input, folder, path::parent(path));
        }
    }

    /// What the program is taken to write to: `the program writes only to /app/data and /tmp`.
    pub(super) fn assumption_text(&self) -> String {
        let folders: Vec<String> =
            self.folders.union(&self.whole).map(String::as_str).chain(["/tmp"]).map(str::to_owned).collect();
        let (last, others) = folders.split_last().map_or(("", &[][..]), |(last, others)| (last.as_str(), others));
        match others {
            [] => format!("the program writes only to {last}"),
            others => format!("the program writes only to {} and {last}", others.join(", ")),
        }
    }

    /// Leaves out what everyone may write; an error names a folder that can't be given away.
    pub(super) fn given_away(&mut self) -> Result<(), RootReason> {
        self.folders.retain(|path| path != "/tmp" && path != "/var/tmp");
        match self.folders.union(&self.whole).find(|path| is_system(path)) {
            Some(path) => Err(RootReason::WritesSystemFolder { path: path.clone() }),
            None => Ok(()),
        }
    }
}

/// What the program writes, as far as it is known; `folder` is its WORKDIR. An error names a place that no other user can
/// be given.
pub(super) fn of(input: &PassInput, folder: &str) -> Result<Writes, RootReason> {
    let known = known_writes(input, folder);
    let Some(observed) = &input.evidence.observed else { return Ok(known) };
    let mut writes = observed_ones(&observed.written, folder)?;
    // Uploads and reports are written when somebody asks for them, and a container that only starts shows none.
    if known.evidence.is_some() {
        writes.folders.extend(known.folders);
        writes.sources |= known.sources;
        writes.evidence = writes.evidence.or(known.evidence);
    }
    writes.unknown = known.unknown;
    Ok(writes)
}

fn observed_ones(written: &BTreeSet<String>, folder: &str) -> Result<Writes, RootReason> {
    let mut writes = Writes::default();
    for path in written {
        let above = |other: &String| other.len() > path.len() && path::is_within(other, path);
        if is_open(path) || path.contains("__pycache__") || written.iter().any(above) {
            continue;
        }
        let parent = if path == folder { folder } else { path::parent(path) };
        if parent == "/" || data::SYSTEM_FOLDERS.with("image").any(|image| path::is_within(parent, image)) {
            return Err(RootReason::WritesSystemFile { path: path.clone() });
        }
        writes.sources |= path::is_within(parent, folder);
        writes.folders.insert(parent.to_owned());
        writes.evidence = Some(WriteEvidence::Container { path: path.clone() });
    }
    Ok(writes)
}

fn known_writes(input: &PassInput, folder: &str) -> Writes {
    let mut writes = Writes::default();
    let reach = LazyReach::new(input);
    let any = input.evidence.texts.keys().any(|path| may_tell(&reach, path));
    let others = ["open(", "sqlite", "pyrogram"];
    let exports = patterns::words("is exported without a name");
    let words: Vec<&str> =
        written_places::MEANINGS.into_iter().flat_map(patterns::words).chain(exports).chain(others).collect();
    let writing: Vec<&String> =
        input.evidence.perhaps_holding(&words).map(|(path, _)| path).filter(|path| may_tell(&reach, path)).collect();
    let texts = input.evidence.texts.iter().filter(|(path, _)| may_tell(&reach, path));
    let (variables, location) =
        (|name: &str| variables(input, name), |file: &str| input.build.source_folder(input.target()?, file));
    let evaluator = Evaluator::new(texts.map(|(path, text)| (path.as_str(), text.as_str())), &variables, &location);
    let mut shown: Option<(bool, &String)> = None;
    for file in writing {
        let is_loaded = reach.loads(file) != Some(false);
        for place in written_places::places(&evaluator, file) {
            match place {
                WrittenPlace::Folder(path) => writes.add(input, folder, &path),
                WrittenPlace::File(path) => writes.add_file(input, folder, &path),
                WrittenPlace::Unknown(what) => {
                    writes.sources = true;
                    writes.unknown = Some(UnknownWrites::UnknownValue { file: file.clone(), expression: what });
                }
                WrittenPlace::OfPrograms(call) => {
                    writes.sources = true;
                    let call = call.trim_end_matches(['(', '.']).to_owned();
                    writes.unknown = Some(UnknownWrites::StartsPrograms { file: file.clone(), call });
                }
            }
            // What the program loads shows more than a lesson or a script that lies there too.
            if shown.is_none_or(|(was_loaded, _)| is_loaded || !was_loaded) {
                shown = Some((is_loaded, file));
            }
        }
    }
    writes.evidence = shown.map(|(is_loaded, file)| {
        if is_loaded {
            WriteEvidence::Source { file: file.clone() }
        } else {
            WriteEvidence::OtherSource { file: file.clone() }
        }
    });
    // Of what Next.js traced it is known what it writes.
    if let Some(why) = unread(input, &reach, any)
        && !takes_traced(input)
    {
        writes.sources |= writes.evidence.is_none();
        writes.unknown.get_or_insert(why);
    }
    if writes.sources {
        writes.folders.insert(folder.to_owned());
    }
    writes
}

/// Which of its sources nobody read. `any`: some were.
fn unread(input: &PassInput, reach: &LazyReach, any: bool) -> Option<UnknownWrites> {
    if !any {
        return Some(UnknownWrites::NoSources);
    }
    if !input.evidence.texts_cut {
        return None;
    }
    let context = input.context()?;
    // Nothing loads a script that it does not name.
    let is_named = |path: &str| {
        let stem = path::name(FileKind::of(path).without_ending());
        input.evidence.holding(&[stem]).next().is_some()
    };
    let is_unread = |path: &String| {
        let may_run = match FileKind::of(path).role() {
            FileRole::Program => true,
            FileRole::Script => is_named(path),
            _ => false,
        };
        may_run && may_tell(reach, path) && !input.evidence.texts.contains_key(path)
    };
    let path = context
        .entries()
        .filter(|id| context.entry(*id).kind == ContextEntryKind::File)
        .map(|id| context.path(id))
        .find(is_unread)?;
    Some(UnknownWrites::LargeSource { path })
}

/// What the image and compose give a variable, as far as it is written there.
fn variables(input: &PassInput, name: &str) -> Vec<String> {
    let Some(target) = input.target() else { return Vec::new() };
    let mut values = Vec::new();
    values.extend(input.build.known_value(target, name, usize::MAX));
    let services = input.evidence.services.iter().flat_map(|service| &service.values);
    values.extend(services.filter(|(variable_name, _)| variable_name == name).map(|(_, value)| value.clone()));
    values.retain(|value| !value.is_empty());
    values
}

/// Whether a RUN stands behind the sources, which may leave files of root's there.
fn works_on_sources(input: &PassInput) -> bool {
    let Some(target) = input.target() else { return true };
    let brings = |transfer: &&Transfer| transfer.from.is_none() && !steps::is_for_installs(input, target, transfer);
    let first = input.build.transfers(target).iter().find(brings).map(|transfer| transfer.index);
    let last = input.build.instructions_of(target, Keyword::Run).last();
    first.zip(last).is_some_and(|(first, (last, _))| last > first)
}

fn is_brought(input: &PassInput, path: &str) -> bool {
    let absent =
        || input.evidence.absent.iter().any(|absent| path::is_within(absent, path) || path::is_within(path, absent));
    input.context().is_none_or(|context| context.find(path).is_some()) || absent()
}

/// Whether a file may say what the program writes. What starts services says what is done outside of this container.
fn may_tell(reach: &LazyReach, path: &str) -> bool {
    let name = path::name(path);
    FileKind::of(name).may_name_writes() && !crate::text::path::is_compose(name) && reach.may_run(path)
}

/// Whether many programs share a folder of the system: who owns it may replace what others have there.
pub(super) fn is_system(path: &str) -> bool {
    data::SYSTEM_FOLDERS.has(path, "many")
}

/// Whether everyone may write there, or it follows the user.
fn is_open(path: &str) -> bool {
    data::SYSTEM_FOLDERS.with("open").any(|open| path::is_within(path, open))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observed_writes_count_alone() {
        let path_set = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<BTreeSet<_>>();
        let none = observed_ones(&path_set(&["/tmp/x", "/root/.npm/_logs/1", "/app/__pycache__/a.pyc"]), "/app");
        assert_eq!(none, Ok(Writes::default()));
        let observed = observed_ones(
            &path_set(&["/app", "/app/app.db", "/var", "/var/log", "/var/log/app", "/var/log/app/x.log"]),
            "/app",
        )
        .unwrap();
        assert_eq!(observed.folders, path_set(&["/app", "/var/log/app"]));
        assert!(observed.sources);
        assert!(observed_ones(&path_set(&["/etc/hosts2"]), "/app").is_err());
    }
}
