//! Texts of a context's source and configuration files, nearest to the projects first: one set of limits for all who ask
//! what a program does. Who reads a variable is another question, and looks at a whole repository (`load/variables.rs`).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use rayon::prelude::*;

use super::looked_at::note_glimpse;
use crate::data;
use crate::inputs::context::{BuildContext, ContextEntryKind, EntryId, is_secret_name};
use crate::manifest::{FileKind, Project};
use crate::text::path;

/// Bytes that a file may have.
pub(super) const LIMIT: u64 = 256 << 10;

/// Bytes of all together.
const ALL: u64 = 16 << 20;

/// Files.
pub(super) const MOST: usize = 3_000;

/// Bytes that tell a text from a program.
const PROBE: usize = 8 << 10;

/// Settings of tools that may hold tokens.
const TOOLS: [&str; 5] = [".npmrc", ".yarnrc", ".yarnrc.yml", "bunfig.toml", "pip.conf"];

/// By their paths in the context, and whether some were left out for their number or size.
pub(super) fn texts(
    root: &Path,
    context: &BuildContext,
    projects: Option<&Vec<Project>>,
) -> (BTreeMap<String, String>, bool) {
    let mut roots: Vec<&str> = projects.into_iter().flatten().map(|project| project.root.as_str()).collect();
    roots.sort_unstable();
    roots.dedup();
    let mut cut = false;
    let mut wanted: Vec<(usize, String, u64)> = Vec::new();
    for id in wanted_files(context) {
        let entry = context.entry(id);
        if entry.amount.bytes > LIMIT {
            cut = true;
            continue;
        }
        let path = context.path(id);
        wanted.push((distance(&roots, &path), path, entry.amount.bytes));
    }
    wanted.sort_unstable();
    cut |= wanted.len() > MOST;
    wanted.truncate(MOST);
    let mut remaining = ALL;
    let fits = wanted.iter().take_while(|(_, _, bytes)| {
        let next = remaining.checked_sub(*bytes);
        remaining = next.unwrap_or(0);
        next.is_some()
    });
    let fits = fits.count();
    cut |= fits < wanted.len();
    wanted.truncate(fits);
    // One thread allocates the buffers: the heaps of others grow by a system call for each.
    let buffer = |(_, path, bytes): (usize, String, u64)| (path, Vec::with_capacity(bytes as usize + 1));
    let wanted: Vec<(String, Vec<u8>)> = wanted.into_iter().map(buffer).collect();
    let read = |(path, bytes): (String, Vec<u8>)| {
        let text = text(&root.join(&path), bytes)?;
        let name = path::name(&path);
        let text = match () {
            () if is_environment(name) => names(&text),
            () if TOOLS.contains(&name) => without_secrets(&text),
            () => text,
        };
        Some((path, text))
    };
    (wanted.into_par_iter().filter_map(read).collect::<Vec<_>>().into_iter().collect(), cut)
}

/// Regular files with a name of a source or a configuration, outside of folders that nobody writes by hand.
pub(super) fn wanted_files(context: &BuildContext) -> impl Iterator<Item = EntryId> + '_ {
    let mut inside: Option<EntryId> = None;
    context.entries().filter(move |&id| {
        if inside.is_some_and(|above| context.is_below(id, above)) {
            return false;
        }
        let entry = context.entry(id);
        let passed = || data::FOLDER_NAMES.has(entry.name, "passed") || context.child(Some(id), "pyvenv.cfg").is_some();
        inside = (entry.kind == ContextEntryKind::Directory && passed()).then_some(id);
        let holder = || context.parent(id).map_or("", |parent| context.entry(parent).name);
        entry.kind == ContextEntryKind::File
            && is_source(entry.name)
            && (is_environment(entry.name) || TOOLS.contains(&entry.name) || !is_secret_name(holder(), entry.name))
    })
}

fn is_source(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    FileKind::of(name).is_evidence()
        || is_environment(name)
        || is_start(name)
        || is_crontab(name, ending)
        || (ending == "txt" && (name.starts_with("requirements") || name.starts_with("constraints")))
}

/// `docker-entrypoint`, `start`: scripts that a container starts with often have no ending.
fn is_start(name: &str) -> bool {
    !name.contains('.') && ["entrypoint", "start", "run", "manage", "bin"].iter().any(|word| name.contains(word))
}

/// `crontab`, `cronfile`, `crontab.txt`.
fn is_crontab(name: &str, ending: &str) -> bool {
    name.contains("cron") && matches!(ending, "" | "txt" | "tab" | "cron")
}

fn is_environment(name: &str) -> bool {
    name == ".env" || name.starts_with(".env.") || name == ".envrc" || name.strip_suffix(".env").is_some()
}

/// Folders between a path and the nearest project above it.
fn distance(roots: &[&str], path: &str) -> usize {
    let depth = |path: &str| if path.is_empty() { 0 } else { path.split('/').count() };
    let below = |root: &&&str| path::is_below(path, root);
    let above = roots.iter().filter(below).map(|root| depth(root)).max();
    depth(path) - above.unwrap_or(0)
}

/// A text with `KEY=` for each `KEY=value`.
fn names(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let name =
        |line: &str| line.trim_start_matches("export ").split(['=', ':']).next().unwrap_or_default().trim().to_owned();
    lines.map(|line| name(line) + "=\n").collect()
}

/// A text without the lines that hold or name a secret.
fn without_secrets(text: &str) -> String {
    let tells = |line: &&str| {
        let key = line.split(['=', ' ']).next().unwrap_or_default();
        let words = || key.split(['/', ':', '-', '_', '.']);
        let named = crate::secret::names_secret(key) || words().any(|word| word.to_ascii_lowercase().contains("auth"));
        named || words().any(crate::secret::names_secret) || crate::secret::holds_secret(line)
    };
    text.lines().filter(|line| !tells(line)).flat_map(|line| [line, "\n"]).collect()
}

/// Of a regular file that holds a text; what it links to may lie anywhere.
fn text(path: &Path, mut bytes: Vec<u8>) -> Option<String> {
    note_glimpse(path);
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    File::open(path).ok()?.take(LIMIT).read_to_end(&mut bytes).ok()?;
    if let Some(text) = crate::load::file::utf16(&bytes) {
        return Some(text);
    }
    if memchr::memchr(0, &bytes[..bytes.len().min(PROBE)]).is_some() {
        return None;
    }
    Some(String::from_utf8(bytes).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &[u8])]) -> (BTreeMap<String, String>, bool) {
        let folder = tempfile::tempdir().unwrap();
        let mut sized = Vec::new();
        for (path, bytes) in files {
            let full = folder.path().join(path);
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, bytes).unwrap();
            sized.push((*path, bytes.len() as u64));
        }
        texts(folder.path(), &BuildContext::of(&sized), None)
    }

    #[test]
    fn sources_and_settings_are_read_and_nothing_else() {
        let (texts, cut) = read(&[
            ("src/main.py", b"import os\xff"),
            ("vite.config.ts", b"export default {}"),
            ("docker-entrypoint", b"#!/bin/sh\n"),
            ("crontab.txt", b"* * * * * python a.py\n"),
            ("node_modules/a/index.js", b"x"),
            ("env/pyvenv.cfg", b"home = /"),
            ("env/lib/x.py", b"x"),
            ("photo.png", b"x"),
            ("server.key", b"x"),
            ("package-lock.json", b"{}"),
            ("odd.py", b"a\0b"),
        ]);
        let paths: Vec<&str> = texts.keys().map(String::as_str).collect();
        assert_eq!(paths, ["crontab.txt", "docker-entrypoint", "src/main.py", "vite.config.ts"]);
        assert_eq!((&*texts["src/main.py"], cut), ("import os\u{fffd}", false));
    }

    #[test]
    fn secrets_are_never_kept() {
        let (texts, _) = read(&[
            (".env", b"# db\nexport PASSWORD=hunter2\nPORT = 80\n"),
            (".npmrc", b"legacy-peer-deps=true\n//npm.example.com/:_authToken=abc\n_password = x\n"),
        ]);
        assert_eq!(texts[".env"], "PASSWORD=\nPORT=\n");
        assert_eq!(texts[".npmrc"], "legacy-peer-deps=true\n");
    }

    #[test]
    fn large_files_are_skipped_and_reported() {
        let large = vec![b'x'; LIMIT as usize + 1];
        let (texts, cut) = read(&[("a.js", &large), ("b.js", b"b")]);
        assert_eq!((texts.len(), cut), (1, true));
    }

    #[test]
    fn the_nearest_to_a_project_come_first() {
        assert_eq!(distance(&["", "web"], "web/src/a.ts"), 2);
        assert_eq!(distance(&[""], "a.py"), 1);
        assert_eq!(distance(&[], "a/b.py"), 2);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret.py"), "x").unwrap();
        std::os::unix::fs::symlink("secret.py", folder.path().join("a.py")).unwrap();
        assert_eq!(texts(folder.path(), &BuildContext::of(&[("a.py", 1)]), None).0.len(), 0);
    }
}
