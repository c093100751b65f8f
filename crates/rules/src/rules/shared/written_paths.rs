//! The paths that the instructions of a stage write, as far as their words show. Shared by the rules on layers.

use crate::build::{Build, Source, Stage, StageBase, Transfer, is_like};
use crate::dockerfile::Instruction;
use crate::manifest::{ContentKind, FileKind};
use crate::rules::shared::copied_packages::absolute;
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, Word};
use crate::text::path;

/// The current folder of the commands in a RUN, changed by `cd`.
pub(in crate::rules) struct CommandFolder {
    path: Option<String>,
}

impl CommandFolder {
    /// At the beginning of a RUN.
    pub(in crate::rules) fn of(build: &Build, stage: &Stage, index: usize) -> Self {
        Self { path: absolute(build, stage, index, ".") }
    }

    /// After a command.
    pub(in crate::rules) fn follow(&mut self, invocation: &Invocation) {
        if invocation.is("cd") || invocation.is("pushd") {
            self.path = invocation.args.first().and_then(|word| word.value()).and_then(|path| self.join(path));
        }
    }

    /// A path as the command sees it, made absolute; `None` if that is unknown.
    pub(in crate::rules) fn join(&self, path: &str) -> Option<String> {
        let is_absolute = path.starts_with('/');
        if !is_absolute && path.starts_with(['~', '$']) {
            return None;
        }
        let folder = if is_absolute { "/" } else { self.path.as_deref()? };
        Some(path::join(folder, path)).filter(|path| path.len() <= path::LONGEST)
    }
}

/// A file or folder that a command creates, variables with known values resolved.
pub(in crate::rules) fn written_paths(build: &Build, place: (&Stage, usize), invocation: &Invocation) -> Vec<String> {
    let program = invocation.program.unwrap_or_default();
    if !matches!(program, "curl" | "wget" | "git") {
        return Vec::new();
    }
    let texts: Vec<String> =
        invocation.args.iter().filter_map(|word| known_text(build, place, invocation, word)).collect();
    let values: Vec<&str> = texts.iter().map(String::as_str).collect();
    let after = |names: &[&str]| {
        let at = values.iter().position(|word| names.contains(word))?;
        values.get(at + 1).map(|name| (*name).to_owned())
    };
    let urls = || values.iter().filter(|word| word.contains("://")).filter_map(|url| last_of_url(url));
    match program {
        "curl" if values.iter().any(|word| matches!(*word, "-O" | "--remote-name") || is_cluster(word, 'O')) => {
            urls().collect()
        }
        "curl" => after(&["-o", "--output"]).or_else(|| clustered(&values, 'o')).into_iter().collect(),
        "wget" => match after(&["-O", "--output-document"]).or_else(|| clustered(&values, 'O')) {
            Some(name) if name == "-" => Vec::new(),
            Some(name) => vec![name],
            None if values.iter().any(|word| word.starts_with("-P") || word.starts_with("--directory")) => Vec::new(),
            None => urls().collect(),
        },
        "git" if values.first() == Some(&"clone") => cloned(&values).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Whether a word is a cluster of short options that contains this one: `-fsSLO`.
fn is_cluster(word: &str, letter: char) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.contains(letter)
}

/// The word after a cluster that ends with a letter: `-fsSLo name`, `-qO name`.
fn clustered(values: &[&str], letter: char) -> Option<String> {
    let at = values.iter().position(|word| is_cluster(word, letter) && word.ends_with(letter))?;
    values.get(at + 1).map(|name| (*name).to_owned())
}

fn last_of_url(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next()?;
    let name = path.split('/').next_back().filter(|name| !name.is_empty())?;
    Some(name.to_owned())
}

fn cloned(values: &[&str]) -> Option<String> {
    let options = ProgramOptions::of("git").of_command("clone");
    let mut words = values[1..].iter();
    let mut operands = Vec::new();
    while let Some(word) = words.next() {
        if options.takes_value(word) {
            words.next();
        } else if !word.starts_with('-') {
            operands.push(*word);
        }
    }
    match operands.as_slice() {
        [_, folder, ..] => Some((*folder).to_owned()),
        [url] => last_of_url(url.trim_end_matches('/')).map(|name| name.trim_end_matches(".git").to_owned()),
        [] => None,
    }
}

/// What a command deletes: a path with all below it, or what has a name below it.
pub(in crate::rules) struct Deletion<'s> {
    /// The word that names it.
    pub(in crate::rules) word: &'s Word,
    /// The path, absolute.
    pub(in crate::rules) path: String,
    /// The pattern of `find -name`.
    pub(in crate::rules) name: Option<String>,
}

impl Deletion<'_> {
    /// Whether it includes a path.
    pub(in crate::rules) fn includes(&self, path: &str) -> bool {
        match &self.name {
            Some(name) => path::is_below(path, &self.path) && is_like(name, path::name(path)),
            None => takes_away(&self.path, path),
        }
    }
}

/// What a command deletes, variables with known values resolved.
pub(in crate::rules) fn deletions<'s>(
    build: &Build,
    place: (&Stage, usize),
    folder: &CommandFolder,
    invocation: &Invocation<'s>,
) -> Vec<Deletion<'s>> {
    if invocation.is("find") {
        return find_deletions(folder, invocation);
    }
    let paths = deleted(invocation).into_iter().filter_map(|word| {
        let path = folder.join(&known_text(build, place, invocation, word)?)?;
        Some(Deletion { word, path, name: None })
    });
    paths.collect()
}

/// The value of a word, if its variables have known values and nothing else decides it.
fn known_text(build: &Build, (stage, index): (&Stage, usize), invocation: &Invocation, word: &Word) -> Option<String> {
    if let Some(value) = word.value() {
        return Some(value.to_owned());
    }
    let mut rest = word.text();
    let mut text = String::new();
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let is_braced = after.starts_with('{');
        let after = after.strip_prefix('{').unwrap_or(after);
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
        let (name, behind) = after.split_at(end);
        text.push_str(&build.run_variable(stage, index, invocation, name)?.text()?);
        rest = if is_braced { behind.strip_prefix('}')? } else { behind };
    }
    text.push_str(rest);
    (text.starts_with('/') && text.len() > 1 || !text.is_empty() && !text.starts_with('/')).then_some(text)
}

/// What `find … -name … -delete` deletes; nothing where another test decides too.
fn find_deletions<'s>(folder: &CommandFolder, invocation: &Invocation<'s>) -> Vec<Deletion<'s>> {
    let values: Option<Vec<&str>> = invocation.args.iter().map(Word::value).collect();
    let Some(values) = values else { return Vec::new() };
    let first = values.iter().position(|word| word.starts_with(['-', '(', '!'])).unwrap_or(values.len());
    let (mut name, mut deletes, mut at) = (None, false, first);
    while let Some(word) = values.get(at) {
        at += match *word {
            "-name" => {
                name = values.get(at + 1).map(|pattern| (*pattern).to_owned());
                2
            }
            "-type" => 2,
            "-depth" | "-print" => 1,
            "-delete" => {
                deletes = true;
                1
            }
            "-exec" if values.get(at + 1) == Some(&"rm") => {
                deletes = true;
                break;
            }
            _ => return Vec::new(),
        };
    }
    let (Some(name), true) = (name, deletes) else { return Vec::new() };
    let bases = invocation.args[..first].iter().filter_map(|word| {
        let path = folder.join(word.value()?)?;
        Some(Deletion { word, path, name: Some(name.clone()) })
    });
    bases.collect()
}

/// The paths that `rm` deletes, as written.
pub(in crate::rules) fn deleted<'s>(invocation: &Invocation<'s>) -> Vec<&'s Word> {
    if !invocation.is("rm") && !invocation.is("rmdir") {
        return Vec::new();
    }
    invocation.args.iter().filter(|word| !word.text().starts_with('-') && !word.text().is_empty()).collect()
}

/// Whether a deleted path (`/tmp/x`, `/tmp/*`) includes another path.
pub(in crate::rules) fn takes_away(deleted: &str, path: &str) -> bool {
    let Some(star) = deleted.find('*') else {
        return path::is_within(path, deleted);
    };
    let (head, tail) = (&deleted[..star], &deleted[star + 1..]);
    let rest = path.strip_prefix(head);
    rest.is_some_and(|rest| !tail.contains('*') && !rest.is_empty() && !rest.contains('/') && rest.ends_with(tail))
}

/// A path that a COPY or ADD creates.
pub(in crate::rules) struct CopiedPath<'a> {
    /// The path.
    pub(in crate::rules) path: String,
    /// The source as written, variables resolved.
    pub(in crate::rules) source: Source,
    /// The instruction.
    pub(in crate::rules) instruction: &'a Instruction,
    /// Its index.
    pub(in crate::rules) index: usize,
}

/// The single paths that a COPY or ADD creates; none for folders whose contents it copies, and for archives that ADD
/// unpacks.
pub(in crate::rules) fn copied<'a>(build: &Build<'a>, stage: &Stage, transfer: &Transfer<'a>) -> Vec<CopiedPath<'a>> {
    let Some(to) = transfer.destination.as_deref() else { return Vec::new() };
    let Some(folder) = absolute(build, stage, transfer.index, to) else { return Vec::new() };
    let into = to.ends_with('/') || matches!(to, "." | "./") || to.ends_with("/.") || transfer.sources.len() > 1;
    let unpacks = transfer.instruction.keyword == crate::dockerfile::Keyword::Add;
    let amount_of = |source: &Source| {
        let text = source.text.as_deref()?;
        let name = Some(path::name(text)).filter(|name| !matches!(*name, "" | "."))?;
        let special = text.contains(['*', '?', '[']) || (unpacks && is_archive(name));
        let spreads = text.ends_with('/') || (!name.contains('.') && transfer.from.is_none() && into);
        let path = if into { path::join(&folder, name) } else { folder.clone() };
        (!special && !spreads && path != "/").then(|| CopiedPath {
            path,
            source: source.clone(),
            instruction: transfer.instruction,
            index: transfer.index,
        })
    };
    transfer.sources.iter().filter_map(amount_of).collect()
}

/// Whether a name is that of a tar archive that ADD unpacks.
pub(in crate::rules) fn is_archive(name: &str) -> bool {
    FileKind::of(name).nature() == ContentKind::Archive
}

/// The number of bytes that a COPY or ADD takes from the context, if known.
pub(in crate::rules) fn bytes(cx: &crate::rules::Context, transfer: &Transfer) -> Option<u64> {
    let context = cx.context()?;
    if matches!(
        transfer.from,
        Some(
            StageBase::Stage(_)
                | StageBase::Image(_)
                | StageBase::Scratch
                | StageBase::Context(_)
                | StageBase::Unknown(_)
        )
    ) {
        return None;
    }
    let selections = transfer.select(context);
    selections.into_iter().try_fold(0, |sum, selection| Some(sum + selection?.amount.bytes))
}
