//! The cache folders of package managers (`data/package_caches.tsv`), according to the user and the variables of a
//! call.

use std::sync::LazyLock;

use super::environment::{FoundVariable, Home};
use super::image::Reference;
use super::{Build, Stage, StageBase};
use crate::data;
use crate::shell::{Invocation, PackageCall, Verb};
use crate::text::path;

/// A folder that a package manager fills while it installs, and reads the next time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageCache {
    /// Its content, in one word: `wheels`, `modules`.
    pub part: &'static str,
    /// Its absolute path; `None` if it is unknown.
    pub folder: Option<String>,
    /// Whether an option or a variable of the file names it.
    pub is_moved: bool,
}

#[derive(Debug)]
struct CacheRow {
    tool: &'static str,
    part: &'static str,
    image: Option<&'static str>,
    user: Option<&'static str>,
    folder: &'static str,
    variables: Vec<&'static str>,
    flags: Vec<&'static str>,
}

static CACHES: LazyLock<Vec<CacheRow>> = LazyLock::new(|| data::PACKAGE_CACHES.rows().filter_map(row).collect());

fn row(cells: data::Row) -> Option<CacheRow> {
    let &[tool, part, image, user, folder, variables, flags, _date, _source] = cells else { return None };
    let value_of = |cell: &'static str| (cell != "-").then_some(cell);
    let list = |cell| data::words(cell).collect();
    let (image, user) = (value_of(image), value_of(user));
    Some(CacheRow { tool, part, image, user, folder, variables: list(variables), flags: list(flags) })
}

impl Build<'_> {
    /// The cache folders of a call. `at` is the instruction of `stage` that contains the call.
    pub fn package_caches(
        &self,
        stage: &Stage,
        at: usize,
        invocation: &Invocation,
        call: &PackageCall,
    ) -> Vec<PackageCache> {
        let home = self.home(stage, at, invocation);
        let image = match self.root_base(stage) {
            StageBase::Image(reference) => Reference::of(reference).short_name(),
            _ => "",
        };
        let is_root = home == Home::Known("/root".into());
        let mut caches: Vec<PackageCache> = Vec::new();
        for row in CACHES.iter().filter(|row| row.tool == call.manager.name()) {
            let fits = row.image.is_none_or(|only| only == image) && row.user.is_none_or(|_| is_root);
            // A download compiles nothing.
            let idle = row.part == "objects" && call.verb == Verb::Download;
            if !fits || idle || caches.iter().any(|cache| cache.part == row.part) {
                continue;
            }
            let moved = flagged(row, call)
                .or_else(|| self.moved_by_variable(row, stage, at, invocation))
                .or_else(|| self.configured(stage, at, invocation, row.tool));
            let is_moved = moved.is_some();
            let folder = moved.map_or_else(|| under(&home, row.folder), FoundVariable::text);
            caches.push(PackageCache { part: row.part, folder, is_moved });
        }
        caches
    }

    /// The folder that is set in the tool's own settings, in the same script or in a RUN above.
    fn configured(&self, stage: &Stage, at: usize, invocation: &Invocation, tool: &str) -> Option<FoundVariable> {
        let key = setting(tool)?;
        let start = invocation.span.start;
        let mut set = self.run_products().settings.iter().filter(|(.., of, name, _)| of == tool && name == key);
        let before = |index: usize, place: u32| self.is_above(stage, at, index) || (index == at && place < start);
        set.find(|(index, place, ..)| before(*index, *place)).map(|(.., value)| value.clone())
    }

    /// The folder that the first variable that is set names.
    fn moved_by_variable(
        &self,
        row: &CacheRow,
        stage: &Stage,
        at: usize,
        invocation: &Invocation,
    ) -> Option<FoundVariable> {
        row.variables.iter().find_map(|variable| {
            let (name, below) = variable.split_once('/').unwrap_or((variable, ""));
            let value = self.run_variable(stage, at, invocation, name)?;
            Some(match value {
                // GOPATH is a list; downloads go to its first folder.
                FoundVariable::Text(text) if text.starts_with('/') => {
                    FoundVariable::Text(path::join(text.split(':').next().unwrap_or_default(), below))
                }
                _ => FoundVariable::Unknown,
            })
        })
    }
}

/// The key of a tool's own settings that names its cache.
const fn setting(tool: &str) -> Option<&'static str> {
    match tool.as_bytes() {
        b"npm" => Some("cache"),
        b"yarn" => Some("cache-folder"),
        b"pnpm" => Some("store-dir"),
        b"pip" => Some("global.cache-dir"),
        _ => None,
    }
}

/// The folder that an option names.
fn flagged(row: &CacheRow, call: &PackageCall) -> Option<FoundVariable> {
    // Maven's `-Dname=value` is a single option to the shell parser, with the name up to the `=`.
    let flag = call.flag(&row.flags)?;
    let value = flag.value?;
    Some(if value.dynamic { FoundVariable::Unknown } else { FoundVariable::Text(value.text.to_owned()) })
}

fn under(home: &Home, folder: &str) -> Option<String> {
    match (folder.strip_prefix("~/"), home) {
        (None, _) => Some(folder.to_owned()),
        (Some(below), Home::Known(home)) => Some(path::join(home, below)),
        (Some(_), Home::NotRoots | Home::Unknown) => None,
    }
}

/// Whether a value of a variable such as `PIP_NO_CACHE_DIR` stops the program from using its cache. pip 23.2 takes each word
/// that Python's `strtobool` knows as a yes, and `UV_NO_CACHE` of uv is what it says (both tried on 2026-11-24).
pub fn stops_cache(variable: &str, value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    match variable {
        "PIP_NO_CACHE_DIR" => !lower.is_empty(),
        _ => matches!(&*lower, "1" | "true" | "yes" | "on" | "y" | "t"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::tests::input;
    use crate::inputs::BuildOptions;

    #[track_caller]
    fn check(dockerfile: &str, expected: &[&str]) {
        let input = input(dockerfile, BuildOptions::default());
        let build = Build::new(&input);
        let mut folders = Vec::new();
        for stage in build.stages() {
            for (at, _) in build.instructions(stage) {
                let Some(code) = build.code(at) else { continue };
                for invocation in code.script.invocations() {
                    let Some(call) = invocation.package_call() else { continue };
                    for cache in build.package_caches(stage, at, &invocation, &call) {
                        folders.push(cache.folder.unwrap_or_else(|| "?".into()));
                    }
                }
            }
        }
        assert_eq!(folders, expected, "{dockerfile}");
    }

    #[test]
    fn folders_follow_user_variables_and_options() {
        check("FROM python:3.13\nRUN pip install a && npm ci", &["/root/.cache/pip", "/root/.npm"]);
        check("FROM python:3.13\nENV PIP_CACHE_DIR=/c\nRUN pip install a", &["/c"]);
        check("FROM python:3.13\nRUN export XDG_CACHE_HOME=/x; pip install a", &["/x/pip"]);
        check("FROM python:3.13\nRUN UV_CACHE_DIR=/u uv sync; uv sync --cache-dir $X", &["/u", "?"]);
        check("FROM python:3.13\nUSER app\nRUN pip install a", &["?"]);
        check(
            "FROM python:3.13\nRUN adduser --disabled-password app\nUSER app\nRUN pip install a",
            &["/home/app/.cache/pip"],
        );
        check("FROM python:3.13\nRUN useradd -d /srv app\nUSER app\nRUN pip install a", &["/srv/.cache/pip"]);
        check(
            "FROM node:22\nRUN yarn\nUSER node\nRUN yarn",
            &["/usr/local/share/.cache/yarn", "/home/node/.cache/yarn"],
        );
        check("FROM golang:1.25\nRUN go build ./...", &["/go/pkg/mod", "/root/.cache/go-build"]);
        check("FROM golang:1.25\nENV GOPATH=/a:/b\nRUN go mod download", &["/a/pkg/mod"]);
        check("FROM node:22\nRUN npm set cache /app/.npm && npm ci", &["/root/.npm", "/app/.npm"]);
        check("FROM node:22\nRUN yarn config set cache-folder /y\nRUN yarn", &["/usr/local/share/.cache/yarn", "/y"]);
        check("FROM rust:1.90\nENV HOME=/h\nRUN cargo build", &["/usr/local/cargo/registry"]);
        check("FROM maven:3\nRUN mvn -Dmaven.repo.local=/m package", &["/m"]);
    }
}
