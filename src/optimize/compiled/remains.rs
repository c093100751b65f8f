//! Files of the context that the image still needs when its program is built: all that the original had, but what only a
//! compiler reads, what is built into the program, and what is about the project itself.

use std::collections::{BTreeMap, BTreeSet};

use super::place;
use crate::rules::toolchain::Language;

/// Something that is copied from the build stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Its absolute path.
    pub path: String,
    /// Whether it is a folder.
    pub folder: bool,
}

/// Entries that are copied one by one; above it, the whole folder is.
const MOST: usize = 12;

/// What remains of the files that lie in the image; `None` where it is in too many places. `files`: by path in the image;
/// `texts`: of the sources, by path in the context.
pub(super) fn remains(
    files: &BTreeMap<String, String>,
    texts: &BTreeMap<String, String>,
    language: Language,
    started: &BTreeSet<String>,
    folder: &str,
) -> Option<Vec<Item>> {
    let built_in = built_in(texts, language);
    let read_sources = language == Language::Java && reads_sources(texts);
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    for (image, path) in files {
        let source = is_source(path, language) && !(read_sources && path.contains("src/main/"));
        let inside = built_in.iter().any(|pattern| takes(pattern, path));
        let needless = source || is_about(path) || inside;
        if !needless || (started.contains(image) && !source) {
            kept.insert(image);
        }
    }
    let mut items = Vec::new();
    let all: Vec<&str> = files.keys().map(String::as_str).collect();
    let top = common(&kept, folder);
    collect(&top, &all, &kept, folder, &mut items);
    (items.len() <= MOST).then_some(items)
}

/// The folders at which the walk begins.
fn common(kept: &BTreeSet<&str>, folder: &str) -> Vec<String> {
    let mut tops: BTreeSet<String> = BTreeSet::new();
    for path in kept {
        if place::is_in(path, folder) {
            tops.insert(folder.to_owned());
        } else {
            tops.insert(place::split(path).0.to_owned());
        }
    }
    let tops: Vec<String> = tops.into_iter().collect();
    let is_below = |one: &String| tops.iter().any(|other| other != one && place::is_in(one, other));
    tops.iter().filter(|one| !is_below(one)).cloned().collect()
}

/// Folders of which all files are kept are taken whole, else the files in them.
fn collect(tops: &[String], all: &[&str], kept: &BTreeSet<&str>, workdir: &str, items: &mut Vec<Item>) {
    for top in tops {
        let start = if top == "/" { "/".to_owned() } else { format!("{top}/") };
        let from = all.partition_point(|path| *path < start.as_str());
        let below: Vec<&str> = all[from..].iter().copied().take_while(|path| path.starts_with(&start)).collect();
        let own = below.iter().filter(|path| kept.contains(*path)).count();
        if own == 0 || items.len() > MOST {
            continue;
        }
        // The folder of the container itself, and those of the system, hold more than the context's files.
        let shared = top == "/" || top == workdir || is_system(top) || place::is_in(workdir, top);
        if own == below.len() && !shared {
            items.push(Item { path: top.clone(), folder: true });
            continue;
        }
        let mut folders: BTreeSet<String> = BTreeSet::new();
        for path in below {
            match path[start.len()..].split_once('/') {
                Some((name, _)) => _ = folders.insert(format!("{start}{name}")),
                None if kept.contains(path) => items.push(Item { path: path.to_owned(), folder: false }),
                None => {}
            }
        }
        let folders: Vec<String> = folders.into_iter().collect();
        collect(&folders, all, kept, workdir, items);
    }
}

fn is_system(folder: &str) -> bool {
    ["/usr", "/etc", "/bin", "/sbin", "/lib", "/opt", "/var", "/home", "/root", "/srv", "/tmp", "/run"]
        .contains(&folder)
        || ["/usr/local", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/share", "/usr/local/bin", "/usr/local/lib"]
            .contains(&folder)
}

/// Whether only the compiler and its helpers read a file.
fn is_source(path: &str, language: Language) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let in_folder = |folders: &[&str]| path.split('/').rev().skip(1).any(|part| folders.contains(&part));
    match language {
        Language::Go => {
            matches!(ending, "go" | "s" | "c" | "h" | "cc" | "cpp" | "hpp" | "syso" | "templ")
                || ["go.mod", "go.sum", "go.work", "go.work.sum", ".air.toml", "sqlc.yaml", "sqlc.yml", "buf.yaml"]
                    .contains(&name)
                || name.starts_with(".golangci.")
                || in_folder(&["vendor", "testdata"])
        }
        Language::Rust | Language::C => {
            matches!(ending, "rs" | "c" | "h" | "cc" | "cpp" | "hpp")
                || ["Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml", "rustfmt.toml", "clippy.toml"]
                    .contains(&name)
                || [".rustfmt.toml", "deny.toml", "CMakeLists.txt", "Cross.toml"].contains(&name)
                || in_folder(&[".cargo", "src", "benches", "tests", "examples", ".sqlx", "target"])
        }
        Language::Java => {
            matches!(ending, "java" | "kt" | "kts" | "gradle" | "groovy" | "scala" | "class")
                || ["pom.xml", "mvnw", "mvnw.cmd", "gradlew", "gradlew.bat", "gradle.properties"].contains(&name)
                || in_folder(&["src", ".mvn", "gradle", "buildSrc", "target", "build", ".gradle"])
        }
        Language::DotNet => {
            matches!(ending, "cs" | "csproj" | "sln" | "slnx" | "fs" | "fsproj" | "vb" | "vbproj" | "razor" | "cshtml")
                || matches!(ending, "props" | "targets" | "resx" | "user" | "ruleset")
                || ["launchSettings.json", "global.json", "NuGet.config", "nuget.config", "packages.lock.json"]
                    .contains(&name)
                || in_folder(&["obj", "bin"])
        }
    }
}

/// Whether a file is about the project: nothing reads it at run time.
fn is_about(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let top = folder.split('/').next().unwrap_or_default();
    if matches!(top, ".git" | ".github" | ".gitlab" | ".circleci" | ".vscode" | ".idea" | ".devcontainer") {
        return true;
    }
    let lower = name.to_ascii_lowercase();
    let stem = lower.split('.').next().unwrap_or_default();
    let compose = lower.starts_with("docker-compose") || lower.starts_with("compose.");
    let docker = lower == "dockerfile" || lower.starts_with("dockerfile.") || lower.ends_with(".dockerfile") || compose;
    let plain = [
        ".gitignore",
        ".gitattributes",
        ".gitmodules",
        ".dockerignore",
        ".editorconfig",
        ".gitlab-ci.yml",
        ".travis.yml",
        "makefile",
        "justfile",
        "taskfile.yml",
        "taskfile.yaml",
        ".pre-commit-config.yaml",
        "renovate.json",
        "fly.toml",
        ".goreleaser.yml",
        ".goreleaser.yaml",
        "render.yaml",
        "railway.json",
        "railway.toml",
        "procfile",
        ".env.example",
        "codecov.yml",
        ".codecov.yml",
        "jenkinsfile",
        "skaffold.yaml",
        "project.toml",
        "package-lock.json~",
    ];
    let told = [
        "readme",
        "license",
        "licence",
        "changelog",
        "contributing",
        "code_of_conduct",
        "security",
        "authors",
        "notice",
    ];
    let is_text =
        matches!(lower.rsplit_once('.').map(|(_, ending)| ending), None | Some("md" | "txt" | "rst" | "adoc"));
    docker || plain.contains(&&*lower) || (folder.is_empty() && is_text && told.contains(&stem))
}

/// Which of some paths of the context no compiled program reads: files that a compiler builds in, as the sources say, and
/// what tells about the project alone.
pub(in crate::optimize) fn unread<'p>(
    texts: &BTreeMap<String, String>,
    paths: impl IntoIterator<Item = &'p String>,
) -> BTreeSet<String> {
    let patterns: Vec<String> =
        [Language::Go, Language::Rust].into_iter().flat_map(|language| built_in(texts, language)).collect();
    let inside = |path: &str| patterns.iter().any(|pattern| takes(pattern, path));
    paths.into_iter().filter(|path| is_about(path) || inside(path)).cloned().collect()
}

/// Paths of the context that the compiler builds into the program, as its sources say.
fn built_in(texts: &BTreeMap<String, String>, language: Language) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in texts {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        match language {
            Language::Go if path.ends_with(".go") && !path.ends_with("_test.go") => {
                let lines = text.lines().filter_map(|line| line.strip_prefix("//go:embed "));
                for pattern in lines.flat_map(str::split_whitespace) {
                    let pattern = pattern.trim_matches(['"', '`']).trim_start_matches("all:");
                    found.insert(place::absolute(&format!("/{folder}"), pattern)[1..].to_owned());
                }
            }
            Language::Rust if path.ends_with(".rs") => {
                for key in ["include_str!(", "include_bytes!(", "include_dir!("] {
                    for (at, _) in text.match_indices(key) {
                        let Some(named) = text[at + key.len()..].split('"').nth(1) else { continue };
                        let root = named.strip_prefix("$CARGO_MANIFEST_DIR");
                        let base = if root.is_some() { String::new() } else { format!("/{folder}") };
                        let full = place::absolute(&base, root.map_or(named, |rest| rest.trim_start_matches('/')));
                        found.insert(full[1..].to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

/// Whether a path or a glob of one folder takes a file, itself or with the folder that holds it.
fn takes(pattern: &str, path: &str) -> bool {
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
    let mut sources = texts.iter().filter(|(path, _)| path.contains("src/main/") && path.ends_with(".java"));
    sources.any(|(_, text)| text.contains("\"src/main/") || text.contains("\"./src/main/"))
}
