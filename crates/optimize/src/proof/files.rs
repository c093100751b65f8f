//! Compares the application's files: those in WORKDIR and those that COPY added, without installed packages.

use super::difference::ImageDifference;
use super::explanation::Explanation;
use std::collections::{BTreeMap, BTreeSet};

use super::check::{Check, Observation};
use super::command::command;
use super::declared_config::DeclaredConfig;
use super::image_side::ImageSide;
use crate::data;
use crate::image::{EntryKind, Layer, LayerEntry, PathId, category_of};
use crate::manifest::{ContentKind, Ecosystem, FileKind, is_typescript};
use crate::text::path;

/// The application's files of one side, by path.
type Files = BTreeMap<String, PathId>;

/// Compares the application's files.
pub(super) fn check(before: &ImageSide, after: &ImageSide, declared: &DeclaredConfig) -> Check {
    let mut seen = Observation::default();
    let (old, new) = (files(before, declared), files(after, declared));
    let hints = MissingFileHints {
        tails: tails(after),
        renamed: renamed((before, &old), (after, &new), declared),
        compiled: is_compiled(before, after, declared),
        loads_typescript: loads_typescript(after, declared),
    };
    let mut gone: BTreeMap<Explanation, Vec<&str>> = BTreeMap::new();
    let mut same = 0;
    for (path, id) in &old {
        let moved = || after.tree_path(&path::join(declared.moved.as_deref()?, path.trim_start_matches('/')));
        let now = after.tree_path(path).or_else(moved);
        match now {
            Some(now) => same += usize::from(compare(before, after, declared, (path, *id, now), &mut seen)),
            None => match why_gone(declared, path, &hints) {
                Some(why) => gone.entry(why).or_default().push(path),
                None => seen.fail(ImageDifference::FileMissing { path: path.clone() }),
            },
        }
    }
    for (why, paths) in gone {
        let listed_paths = paths.iter().take(4).map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let more = if paths.len() > 4 { format!(" and {} more", paths.len() - 4) } else { String::new() };
        seen.explain(ImageDifference::Removed { names: format!("{listed_paths}{more}"), explanation: why });
    }
    seen.explain(ImageDifference::SameFiles { count: same.to_string() });
    seen.check("files")
}

/// The files of the application.
fn files(side: &ImageSide, declared: &DeclaredConfig) -> Files {
    let environments = environments(side);
    let mut files = Files::new();
    let folders = declared.folders.iter().filter(|folder| !data::SYSTEM_FOLDERS.has(folder.as_str(), "holds-system"));
    for folder in folders {
        let Some(root) = side.tree_path(folder) else { continue };
        files.extend(side.below(root));
    }
    let single = declared.brought.keys().filter_map(|path| Some((path.clone(), side.tree_path(path)?)));
    files.extend(single);
    files.retain(|path, id| {
        let in_environment = environments.iter().any(|folder| path.starts_with(folder.as_str()));
        let installed = path.split('/').any(|part| data::FOLDER_NAMES.has(part, "installed"))
            || path.contains("/vendor/bundle/")
            || path.strip_suffix(".pyc").is_some();
        let composer = path.contains("/vendor/") && side.packages.owner(*id).is_some();
        !in_environment && !installed && !composer
    });
    files
}

/// Folders of virtual environments, with a slash at the end.
fn environments(side: &ImageSide) -> Vec<String> {
    let marks = side.tree.members().map(|(path, _)| path).filter(|path| side.image.paths.name(*path) == b"pyvenv.cfg");
    marks.map(|path| format!("{}/", side.text(side.image.paths.parent(path)))).collect()
}

/// Names of all files without what a bundler's hash makes of them: `index-*.js`.
fn tails(side: &ImageSide) -> BTreeSet<String> {
    let files = side.tree.members().filter(|(_, id)| side.image.entry(*id).kind.is_file());
    files.map(|(path, _)| unhashed(&String::from_utf8_lossy(side.image.paths.name(path)))).collect()
}

/// A name without its hash: `index-D4kx9_2a.js` and `main.8f2c01ab.css` become `index-*.js` and `main.*.css`.
pub(super) fn unhashed(name: &str) -> String {
    let is_hash = |part: &str| {
        let allowed = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let mixed =
            part.bytes().any(|byte| byte.is_ascii_digit()) || part.bytes().any(|byte| byte.is_ascii_uppercase());
        (6..=64).contains(&part.len()) && allowed && mixed
    };
    let mut out = String::new();
    let mut rest = name;
    while let Some(cut) = rest.find(['-', '.']) {
        let (part, mark) = (&rest[..cut], &rest[cut..=cut]);
        out.push_str(if !out.is_empty() && is_hash(part) { "*" } else { part });
        out.push_str(mark);
        rest = &rest[cut + 1..];
    }
    out.push_str(if !out.is_empty() && is_hash(rest) { "*" } else { rest });
    out
}

/// Whether a file is the same; what differs is told.
fn compare(
    before: &ImageSide,
    after: &ImageSide,
    declared: &DeclaredConfig,
    (path, old, new): (&str, PathId, PathId),
    seen: &mut Observation,
) -> bool {
    let (Some(was), Some(is)) = (before.entry_at(old), after.entry_at(new)) else { return true };
    let sort = |entry: &LayerEntry| if entry.kind.is_file() { EntryKind::File } else { entry.kind };
    if sort(was) != sort(is) {
        seen.fail(ImageDifference::FileKind { path: path.to_string() });
        return false;
    }
    if was.kind == EntryKind::Symlink && was.content != is.content {
        seen.fail(ImageDifference::LinkTarget { path: path.to_string() });
        return false;
    }
    let brought = declared.brought.contains_key(path);
    if declared.brought.get(path).is_some_and(|origin| declared.rewritten.contains(origin)) {
        return true;
    }
    if (was.content, was.size) != (is.content, is.size) && was.kind != EntryKind::Symlink {
        if brought && FileKind::of(path).nature() == ContentKind::Lock {
            seen.explain(ImageDifference::LockFileContent { path: path.to_string() });
            return true;
        }
        let is_built = !brought || is_changed_by_run(before, old);
        if is_built {
            seen.explain(ImageDifference::BuiltFileContent { path: path.to_string() });
        } else {
            seen.fail(ImageDifference::FileContent { path: path.to_string() });
        }
        return is_built;
    }
    if was.kind != EntryKind::Symlink && was.mode.0 & 0o777 != is.mode.0 & 0o777 {
        let (first, other) = (was.mode.0 & 0o777, is.mode.0 & 0o777);
        let lost = first & 0o111 != 0 && other & 0o111 == 0;
        let readable = reads(after, is);
        let difference = ImageDifference::Mode { path: path.to_owned(), before: first, after: other };
        match (lost, readable) {
            (false, true) if other & first == first => {
                seen.explain(difference);
            }
            _ => seen.fail(difference),
        }
        return false;
    }
    if !reads(after, is) {
        seen.fail(ImageDifference::UnreadableFile { path: path.to_string() });
        return false;
    }
    true
}

/// Whether a RUN writes to a file that is copied before: a database that migrations change, which has another content in each
/// build.
fn is_changed_by_run(side: &ImageSide, file: PathId) -> bool {
    let has_file = |layer: &&Layer| layer.entries.iter().any(|entry| entry.path == file && entry.kind.is_file());
    let mut layers = side.image.layers.iter().filter(has_file);
    let (Some(_), Some(last)) = (layers.next(), layers.next_back()) else { return false };
    let step = last.history.and_then(|index| side.image.config.history.get(index)?.created_by.as_deref());
    step.is_some_and(|step| step.starts_with("RUN ") || step.starts_with("/bin/sh -c ") && !step.contains("#(nop)"))
}

/// Whether the user that containers run as may read a file; by number, where names tell one.
fn reads(side: &ImageSide, entry: &LayerEntry) -> bool {
    let user = side.config().user.as_deref().unwrap_or_default();
    let number = user.split(':').next().unwrap_or_default().parse::<u32>();
    let mode = entry.mode.0;
    match number {
        _ if matches!(user.split(':').next(), None | Some("" | "0" | "root")) => true,
        Ok(uid) if uid == entry.uid => mode & 0o400 != 0,
        Ok(_) => mode & 0o044 != 0,
        // The numbers behind names are not read; a file of nobody but root is root's.
        Err(_) => mode & 0o044 != 0 || entry.uid != 0,
    }
}

/// What tells why files are gone, read once.
struct MissingFileHints<'f> {
    /// Files that the rewrite has under other names.
    renamed: BTreeSet<&'f str>,
    /// Names of all files of the rewrite, without hashes.
    tails: BTreeSet<String>,
    /// Whether what runs was compiled.
    compiled: bool,
    /// Whether what the rewrite starts may load TypeScript.
    loads_typescript: bool,
}

fn why_gone(declared: &DeclaredConfig, path: &str, hints: &MissingFileHints) -> Option<Explanation> {
    if declared.brought.get(path).is_some_and(|origin| declared.ignored.contains(origin)) {
        return Some(Explanation::Excluded);
    }
    let name = path::name(path);
    let generated = !declared.brought.contains_key(path);
    if declared.traces_files {
        return Some(Explanation::NotTraced);
    }
    if declared.replaces_server
        && (!generated || hints.tails.contains(&unhashed(name)) || name.ends_with(".tsbuildinfo"))
    {
        return Some(Explanation::ServedOutput);
    }
    if generated && category_of(path.trim_start_matches('/').as_bytes()).is_some() {
        return Some(Explanation::Leftover);
    }
    let is_of_packages = || data::FOLDER_NAMES.with("leaving").any(|folder| path::has_folders(path, folder));
    let junk = [".egg-info/", "/.pdm-python", ".tsbuildinfo", "/.eslintcache"];
    if generated && (is_of_packages() || junk.iter().any(|part| path.contains(part))) {
        return Some(Explanation::Leftover);
    }
    if generated && is_for_tools(path) {
        return Some(Explanation::ForTools);
    }
    let of_setuptools = ["/build/lib/", "/build/lib.", "/build/bdist."].iter().any(|part| path.contains(part));
    if generated && of_setuptools && declared.speaks(&[Ecosystem::Python]) {
        return Some(Explanation::SetuptoolsLeftover);
    }
    if hints.renamed.contains(path) {
        return Some(Explanation::OtherHash);
    }
    if is_typescript(path) && !hints.loads_typescript {
        return Some(Explanation::CompilerOnly);
    }
    let of_compiler = hints.compiled && is_for_compiler(declared, path);
    of_compiler.then_some(Explanation::CompilerOnly)
}

/// Whether a program never reads a file when it runs, whoever wrote it: npm's lock files, declarations of types. Bundler, uv and
/// Yarn read theirs when they start a program.
fn is_for_tools(path: &str) -> bool {
    let name = path::name(path);
    let is_types = [".d.ts", ".d.mts", ".d.cts"].iter().any(|ending| name.ends_with(ending));
    is_types || matches!(name, "package-lock.json" | "npm-shrinkwrap.json")
}

/// Whether what an image starts names a file of TypeScript or a program that loads such files, or is not Node.js.
fn loads_typescript(side: &ImageSide, declared: &DeclaredConfig) -> bool {
    let words = command(side.config(), &declared.scripts);
    let loads = |word: &String| {
        is_typescript(word) || ["ts-node", "tsx", "bun", "deno"].iter().any(|loader| word.contains(loader))
    };
    words.iter().any(loads) || words.first().is_none_or(|word| path::name(word) != "node")
}

/// Whether what runs was compiled, and the compiler is gone.
fn is_compiled(before: &ImageSide, after: &ImageSide, declared: &DeclaredConfig) -> bool {
    let languages = [Ecosystem::Go, Ecosystem::Rust, Ecosystem::Java, Ecosystem::DotNet];
    let is_source = |path: &String| FileKind::of(path).is_compiled();
    // Packages of the distribution are compiled with where no manifest stands.
    if !declared.speaks(&languages) && !declared.brought.keys().any(is_source) {
        return false;
    }
    let interpreted =
        ["python3", "node", "ruby", "php"].iter().any(|name| super::system_assumptions::starts(before, declared, name));
    !interpreted && after.program("go").or_else(|| after.program("cargo")).is_none()
}

/// Whether a file is what a compiler reads or leaves.
fn is_for_compiler(declared: &DeclaredConfig, path: &str) -> bool {
    let kind = FileKind::of(path);
    let folder = path::parent(path);
    let in_build = folder.split('/').any(|part| data::FOLDER_NAMES.has(part, "compiled"));
    let origin = declared.brought.get(path);
    kind.is_read_by_compilers()
        || origin.is_some_and(|origin| declared.built_in.contains(origin))
        || declared.speaks(&[Ecosystem::Java]) && (path.contains("/src/main/") || kind.is_test())
        || in_build && origin.is_none()
        || path.contains("/vendor/")
        || folder.split('/').any(|part| part == ".cargo" || part == ".mvn")
}

/// Characters of an ending: `js`, `woff2`.
const ENDING: usize = 5;

/// Characters of a name with a hash.
const LEAST: usize = 6;

/// Files of the original that the rewrite has under other names: what the build made in a folder with an ending, where the
/// rewrite has at least as many new ones of the kind.
fn renamed<'f>(
    (before, old): (&ImageSide, &'f Files),
    (after, new): (&ImageSide, &Files),
    declared: &DeclaredConfig,
) -> BTreeSet<&'f str> {
    let is_created = |path: &&String| !declared.brought.contains_key(*path);
    let mut gone: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for path in old.keys().filter(is_created).filter(|path| after.tree_path(path).is_none()) {
        let shape = shape(path, after);
        if shape.contains('*') || is_numbered(path) {
            gone.entry(shape).or_default().push(path);
        }
    }
    let mut fresh: BTreeMap<String, usize> = BTreeMap::new();
    for path in new.keys().filter(is_created).filter(|path| !old.contains_key(*path)) {
        *fresh.entry(shape(path, before)).or_default() += 1;
    }
    let has = |(shape, paths): &(String, Vec<&str>)| fresh.get(shape).is_some_and(|many| *many >= paths.len());
    gone.into_iter().filter(has).flat_map(|(_, paths)| paths).collect()
}

/// Whether a name may hold a hash or a number of the build.
fn is_numbered(path: &str) -> bool {
    let name = path::name(path);
    let ends = name.rsplit('.').take_while(|part| plain(part)).map(|part| part.len() + 1).sum::<usize>();
    let stem = &name[..name.len().saturating_sub(ends)];
    stem.len() >= LEAST && stem.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// Whether a part of a name may be an ending.
fn plain(part: &str) -> bool {
    part.len() <= ENDING && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// A path without the names that the other side lacks: `/app/build/*/*.js.map`.
fn shape(path: &str, other: &ImageSide) -> String {
    let (folder, name) = path::split(path);
    let mut out = String::new();
    let mut full = String::new();
    let mut known = true;
    for part in folder.split('/').filter(|part| !part.is_empty()) {
        full.push('/');
        full.push_str(part);
        known = known && other.tree_path(&full).is_some();
        out.push('/');
        out.push_str(if known { part } else { "*" });
    }
    let endings: Vec<&str> = name.split('.').skip(1).collect();
    let first =
        endings.iter().rposition(|part| !plain(part)).map_or(0, |at| at + 1).max(endings.len().saturating_sub(2));
    for ending in &endings[first..] {
        out.push('.');
        out.push_str(ending);
    }
    out
}
