//! What sources and settings say of files: whether one is mentioned, who loads environment files, who asks git.

use memchr::memmem::Finder;

use crate::optimize::evidence::Evidence;

/// Endings of what runs.
const CODE: [&str; 29] = [
    "bash", "cjs", "cs", "cts", "ejs", "erb", "ex", "exs", "go", "html", "java", "js", "jsx", "kt", "mdx", "mjs",
    "mts", "php", "pl", "py", "rake", "rb", "rs", "scala", "sh", "svelte", "ts", "tsx", "vue",
];

/// What loads environment files by itself, or is told to.
const LOADERS: [&str; 14] = [
    "dotenv",
    "env_file",
    "envFile",
    "env-file",
    "read_env",
    "decouple",
    "environs",
    "@nestjs/config",
    ".env\"",
    ".env'",
    ".env`",
    "envdir",
    "EnvFile",
    "/.env",
];

/// Packages that take a version from the history.
const VERSIONERS: [&str; 15] = [
    "setuptools_scm",
    "setuptools-scm",
    "hatch-vcs",
    "versioningit",
    "dunamai",
    "dynamic-versioning",
    "pbr",
    "versioneer",
    "source = \"scm\"",
    "vergen",
    "shadow-rs",
    "git-commit-id",
    "GitVersion",
    "nerdbank.gitversioning",
    "git-version",
];

/// What asks git for its history.
const QUESTIONS: [&str; 7] =
    ["git describe", "rev-parse", "git log", "git rev-list", ".git/HEAD", "\"describe\"", "'describe'"];

impl Evidence {
    /// The first source, in the order of their paths, that mentions a word, those at or below a path left out.
    pub(super) fn mention(&self, word: &str, outside: &str) -> Option<&str> {
        let finder = Finder::new(word);
        let below = |path: &str| {
            path.strip_prefix(outside)
                .is_some_and(|rest| outside.is_empty() || rest.is_empty() || rest.starts_with('/'))
        };
        let mentions = |text: &str| finder.find_iter(text.as_bytes()).any(|at| is_word(text, at, word.len()));
        let mut texts = self.perhaps_holding(&[word]).filter(|(path, _)| is_read(path));
        texts.find(|(path, text)| (outside.is_empty() || !below(path)) && mentions(text)).map(|(path, _)| path.as_str())
    }

    /// The source that loads environment files when the program runs.
    pub(super) fn env_loader(&self) -> Option<&str> {
        let is_meant = |path: &str| {
            is_code(path)
                || path.ends_with("package.json")
                || path.rsplit_once('.').is_some_and(|(_, end)| end == "properties")
        };
        self.with_one_of(&LOADERS, is_meant)
    }

    /// The file that asks for a version of the history.
    pub(super) fn versioner(&self) -> Option<&str> {
        let manifests =
            ["pyproject.toml", "setup.py", "setup.cfg", "Cargo.toml", "pom.xml", "build.gradle", "package.json"];
        let is_meant = |path: &str| {
            let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
            manifests.contains(&path.rsplit('/').next().unwrap_or(path)) || ["kts", "csproj", "props"].contains(&ending)
        };
        self.with_one_of(&VERSIONERS, is_meant)
    }

    /// The source or script that asks git itself. `makes`: whether a Makefile counts.
    pub(super) fn asks_git(&self, makes: bool) -> Option<&str> {
        let is_meant = |path: &str| {
            is_code(path) || path.ends_with("package.json") || (makes && path.rsplit('/').next().is_some_and(is_make))
        };
        self.with_one_of(&QUESTIONS, is_meant)
    }

    fn with_one_of(&self, words: &[&str], is_meant: impl Fn(&str) -> bool) -> Option<&str> {
        self.holding(words).find(|(path, _)| is_meant(path)).map(|(path, _)| path.as_str())
    }
}

fn is_make(name: &str) -> bool {
    ["justfile", "makefile", "taskfile"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a find is no part of a longer name.
fn is_word(text: &str, at: usize, len: usize) -> bool {
    let inside =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let bytes = text.as_bytes();
    !inside(at.checked_sub(1).and_then(|before| bytes.get(before))) && !inside(bytes.get(at + len))
}

pub(super) fn is_code(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    CODE.contains(&ending) || (!name.contains('.') && !is_make(name))
}

/// Whether the build or the program may act by a file: not what describes pipelines, compose files and the like.
fn is_read(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let idle = [".dockerignore", ".gitignore", ".gitattributes", "Makefile", "makefile", "Justfile", "justfile"];
    !path.starts_with(".github/")
        && !idle.contains(&name)
        && !crate::compose::is_compose(name)
        && name != ".gitlab-ci.yml"
}
