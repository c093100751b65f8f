//! What sources and settings say about files: whether one is mentioned, what loads environment files, what calls git.

use memchr::memmem::Finder;

use super::code::{is_code, is_make};
use super::group::Group;
use super::host_scripts::is_for_host;
use crate::manifest::{ContentKind, Ecosystem, FileKind, Role, is_manifest};
use crate::sources::patterns;
use crate::text::path;

/// The first source, in the order of their paths, that mentions a word, those at or below a path left out.
pub(super) fn mention<'e>(group: &Group<'e>, word: &str, outside: &str) -> Option<&'e str> {
    let finder = Finder::new(word);
    let below = |path: &str| {
        path.strip_prefix(outside).is_some_and(|rest| outside.is_empty() || rest.is_empty() || rest.starts_with('/'))
    };
    let mentions = |text: &str| finder.find_iter(text.as_bytes()).any(|at| is_word(text, at, word.len()));
    let mut texts =
        group.evidence.perhaps_holding(&[word]).filter(|(path, _)| is_read(path) && !is_for_host(group, path));
    texts.find(|(path, text)| (outside.is_empty() || !below(path)) && mentions(text)).map(|(path, _)| path.as_str())
}

/// The source that loads environment files when the program runs.
pub(super) fn env_loader<'e>(group: &Group<'e>) -> Option<&'e str> {
    let is_meant = |path: &str| is_code(path) || FileKind::of(path).language() == "Java Properties";
    with_one_of(group, "loads environment files", is_meant)
}

/// The manifest that names a package which loads environment files.
pub(super) fn env_package<'e>(group: &Group<'e>) -> Option<&'e str> {
    with_one_of(group, "loads environment files", |path| path.ends_with("package.json"))
}

/// The file that asks for a version of the history.
pub(super) fn versioner<'e>(group: &Group<'e>) -> Option<&'e str> {
    let is_meant = |path: &str| {
        let kind = FileKind::of(path);
        let dotnet = kind.ecosystem() == Some(Ecosystem::DotNet) && !kind.is_code();
        let manifest = is_manifest(path).is_some_and(|kind| kind.role == Role::Manifest);
        // What requirements of pip name is installed, and asks for no version of the project.
        manifest && kind.nature() != ContentKind::Documentation || dotnet || kind.language() == "Kotlin"
    };
    with_one_of(group, "takes its version from the history", is_meant)
}

/// The source or script that asks git itself. `makes`: whether a Makefile counts.
pub(super) fn asks_git<'e>(group: &Group<'e>, makes: bool) -> Option<&'e str> {
    let is_meant = |path: &str| {
        (is_code(path) && !is_for_host(group, path))
            || path.ends_with("package.json")
            || (makes && is_make(path::name(path)))
    };
    with_one_of(group, "asks git for the history", is_meant)
}

fn with_one_of<'e>(group: &Group<'e>, meaning: &str, is_meant: impl Fn(&str) -> bool) -> Option<&'e str> {
    let words: Vec<&str> = patterns::words(meaning).collect();
    let shows = |path: &str, text: &str| patterns::shows_word(FileKind::of(path), text, meaning);
    let mut texts = group.evidence.holding(&words).filter(|(path, _)| is_meant(path));
    texts.find(|(path, text)| shows(path, text) && group.may_act(path)).map(|(path, _)| path.as_str())
}

/// Whether a find is no part of a longer name.
fn is_word(text: &str, at: usize, len: usize) -> bool {
    let inside =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let bytes = text.as_bytes();
    !inside(at.checked_sub(1).and_then(|before| bytes.get(before))) && !inside(bytes.get(at + len))
}

/// Whether the build or the program may act by a file: not what describes pipelines, compose files and the like.
fn is_read(path: &str) -> bool {
    let name = path::name(path);
    !path.starts_with(".github/")
        && FileKind::of(name).nature() != ContentKind::Repository
        && !matches!(FileKind::of(name).language(), "Makefile" | "Just")
        && !crate::text::path::is_compose(name)
        && name != ".gitlab-ci.yml"
}
