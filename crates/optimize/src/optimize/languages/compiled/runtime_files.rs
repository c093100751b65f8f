//! Files of the build context that the image needs after the program is built: all files of the original, except those
//! that only a compiler reads, that are embedded in the program, or that describe the project.

use std::collections::{BTreeMap, BTreeSet};

use crate::build::toolchain::Language;
use crate::data;
use crate::manifest::{ContentKind, Ecosystem, FileKind, FileRole};
use crate::text::path;

/// Something that is copied from the build stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CopiedItem {
    /// Its absolute path.
    pub path: String,
    /// Whether it is a folder.
    pub folder: bool,
}

/// Entries that are copied one by one; above it, the whole folder is.
const MOST: usize = 12;

/// What remains of the files that lie in the image; `None` where it is in too many places. `files`: by path in the image;
/// `texts`: of the sources, by path in the context.
pub(super) fn remaining_items(
    files: &BTreeMap<String, String>,
    texts: &BTreeMap<String, String>,
    language: Language,
    started: &BTreeSet<String>,
    folder: &str,
) -> Option<Vec<CopiedItem>> {
    let built_in = built_in(texts, language);
    let read_sources = language == Language::Java && reads_sources(texts);
    let mut kept_paths: BTreeSet<&str> = BTreeSet::new();
    for (image, path) in files {
        let source = is_source(path, language) && !(read_sources && path.contains("src/main/"));
        let inside = built_in.iter().any(|pattern| matches(pattern, path));
        let needless = source || is_about(path) || inside;
        if !needless || (started.contains(image) && !source) {
            kept_paths.insert(image);
        }
    }
    let mut items = Vec::new();
    let all: Vec<&str> = files.keys().map(String::as_str).collect();
    let top = common(&kept_paths, folder);
    collect(&top, &all, &kept_paths, folder, &mut items);
    (items.len() <= MOST).then_some(items)
}

/// The folders at which the walk begins.
fn common(kept_paths: &BTreeSet<&str>, folder: &str) -> Vec<String> {
    let mut tops: BTreeSet<String> = BTreeSet::new();
    for path in kept_paths {
        if path::is_within(path, folder) {
            tops.insert(folder.to_owned());
        } else {
            tops.insert(path::parent(path).to_owned());
        }
    }
    let tops: Vec<String> = tops.into_iter().collect();
    let is_below = |string: &String| tops.iter().any(|other| other != string && path::is_within(string, other));
    tops.iter().filter(|top| !is_below(top)).cloned().collect()
}

/// Folders of which all files are kept are taken whole, else the files in them.
fn collect(tops: &[String], all: &[&str], kept_paths: &BTreeSet<&str>, workdir: &str, items: &mut Vec<CopiedItem>) {
    for top in tops {
        let start = if top == "/" { "/".to_owned() } else { format!("{top}/") };
        let from = all.partition_point(|path| *path < start.as_str());
        let below: Vec<&str> = all[from..].iter().copied().take_while(|path| path.starts_with(&start)).collect();
        let kept_count = below.iter().filter(|path| kept_paths.contains(*path)).count();
        if kept_count == 0 || items.len() > MOST {
            continue;
        }
        // The folder of the container itself, and those of the system, hold more than the context's files.
        let shared = top == "/"
            || top == workdir
            || data::SYSTEM_FOLDERS.has(top, "holds-system")
            || path::is_within(workdir, top);
        if kept_count == below.len() && !shared {
            items.push(CopiedItem { path: top.clone(), folder: true });
            continue;
        }
        let mut folders: BTreeSet<String> = BTreeSet::new();
        for path in below {
            match path[start.len()..].split_once('/') {
                Some((name, _)) => _ = folders.insert(format!("{start}{name}")),
                None if kept_paths.contains(path) => items.push(CopiedItem { path: path.to_owned(), folder: false }),
                None => {}
            }
        }
        let folders: Vec<String> = folders.into_iter().collect();
        collect(&folders, all, kept_paths, workdir, items);
    }
}

/// Whether only the compiler and its helpers read a file.
fn is_source(path: &str, language: Language) -> bool {
    let name = path::name(path);
    let kind = FileKind::of(path);
    let is_of = |ecosystem| kind.ecosystem() == Some(ecosystem) || kind.lies_for_compilers_of(ecosystem);
    match language {
        Language::Go => is_of(Ecosystem::Go) || kind.is_native() || name.starts_with(".golangci."),
        Language::Rust | Language::C => is_of(Ecosystem::Rust) || kind.is_native(),
        Language::Java => is_of(Ecosystem::Java),
        Language::DotNet => is_of(Ecosystem::DotNet),
    }
}

/// Whether a file is about the project: nothing reads it at run time.
fn is_about(path: &str) -> bool {
    let kind = FileKind::of(path);
    kind.nature() == ContentKind::Repository
        || kind.nature() == ContentKind::Backup
        || kind.is_of_forge()
        || kind.is_recipe()
        || data::FILE_TOPICS.has(&path::name(path).to_ascii_lowercase(), "builder")
        || !path.contains('/') && (kind.is_for_people() || kind.is_licence())
}

/// Which of some files of the context a compiled program does not read: what the compiler builds in (`go:embed`,
/// `include_str!`), and what tells about the project alone. `texts`: of the sources, by path.
pub fn unread_once_compiled<'p>(
    texts: &BTreeMap<String, String>,
    paths: impl IntoIterator<Item = &'p String>,
) -> BTreeSet<String> {
    let patterns: Vec<String> =
        [Language::Go, Language::Rust].into_iter().flat_map(|language| built_in(texts, language)).collect();
    let inside = |path: &str| patterns.iter().any(|pattern| matches(pattern, path));
    paths.into_iter().filter(|path| is_about(path) || inside(path)).cloned().collect()
}

/// Paths of the context that the compiler builds into the program, as its sources say.
fn built_in(texts: &BTreeMap<String, String>, language: Language) -> BTreeSet<String> {
    let mut patterns = BTreeSet::new();
    for (path, text) in texts {
        let kind = FileKind::of(path);
        let folder = path::parent(path);
        match language {
            Language::Go if kind.is_source_of(Ecosystem::Go) && kind.named_role() != Some(FileRole::Test) => {
                let lines = text.lines().filter_map(|line| line.strip_prefix("//go:embed "));
                for pattern in lines.flat_map(str::split_whitespace) {
                    let pattern = pattern.trim_matches(['"', '`']).trim_start_matches("all:");
                    patterns.insert(path::join(&format!("/{folder}"), pattern)[1..].to_owned());
                }
            }
            Language::Rust if kind.is_source_of(Ecosystem::Rust) => {
                for key in ["include_str!(", "include_bytes!(", "include_dir!("] {
                    for (at, _) in text.match_indices(key) {
                        let Some(named) = text[at + key.len()..].split('"').nth(1) else { continue };
                        let root = named.strip_prefix("$CARGO_MANIFEST_DIR");
                        let base = if root.is_some() { "/".to_owned() } else { format!("/{folder}") };
                        let full = path::join(&base, root.map_or(named, |rest| rest.trim_start_matches('/')));
                        patterns.insert(full[1..].to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    patterns.retain(|path| !path.is_empty());
    patterns
}

/// Whether a path or a glob of one folder takes a file, itself or with the folder that holds it.
fn matches(pattern: &str, path: &str) -> bool {
    let (mut parts, mut names) = (pattern.split('/'), path.split('/'));
    loop {
        match (parts.next(), names.next()) {
            (None, _) => return true,
            (Some(part), Some(name)) if part == name || (part.contains('*') && fits(part, name)) => {}
            _ => return false,
        }
    }
}

/// Whether a name fits a glob with one `*`.
fn fits(part: &str, name: &str) -> bool {
    let Some((start, end)) = part.split_once('*') else { return false };
    !end.contains('*') && name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
}

/// Whether Java sources read the sources' folder when they run.
fn reads_sources(texts: &BTreeMap<String, String>) -> bool {
    let mut sources =
        texts.iter().filter(|(path, _)| path.contains("src/main/") && FileKind::of(path).is_source_of(Ecosystem::Java));
    sources.any(|(_, text)| text.contains("\"src/main/") || text.contains("\"./src/main/"))
}
