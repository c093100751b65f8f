//! The table of names that a build seldom needs.

use super::class::Certainty::{Likely, Possible, Sure};
use super::class::ClassKind::{
    BuildOutput, Bytecode, Dependencies, Editor, Leftover, Pipeline, ToolCache, VersionControl,
};
use super::class::Evidence::{self, Beside, Inside};
use super::class::Holds::{Directory, Either, File};
use super::class::NamePattern::{Any, Ends, Is, Starts};
use super::class::{Certainty, Class, ClassKind, Holds, NamePattern};

const NO: Evidence = Evidence::None;
const PACKAGE: Evidence = Beside(&["package.json"]);
const PYTHON: Evidence = Beside(&["pyproject.toml", "setup.py", "setup.cfg"]);
const JVM: Evidence = Beside(&["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"]);
const HISTORY: &str = "changes with each commit; needed only for a version computed from tags";
const INTERPRETER: &str = "bytecode of the host's interpreter; a test run changes it and invalidates the build cache";
const HOST_CACHE: &str = "output of tests, checks and builds on the host";
const OUTPUT: &str = "the host's build output";
const OUTPUT_PERHAPS: &str = "often the host's build output, unless the image is built from it";
const FORGE: &str = "pipeline files, which the build does not read";

const fn row(
    kind: ClassKind,
    certainty: Certainty,
    holds: Holds,
    name: NamePattern,
    evidence: Evidence,
    reason: &'static str,
) -> Class {
    Class { kind, certainty, reason, name, holds, evidence }
}

/// Rows are tried in order; the first that fits decides.
pub(super) static CLASSES: &[Class] = &[
    row(VersionControl, Likely, Either, Is(&[".git"]), NO, HISTORY),
    row(VersionControl, Likely, Directory, Is(&[".hg", ".svn"]), NO, HISTORY),
    row(
        Dependencies,
        Likely,
        Directory,
        Is(&["node_modules"]),
        NO,
        "the build installs them itself, for its own platform",
    ),
    row(
        Dependencies,
        Sure,
        Directory,
        Any,
        Inside("pyvenv.cfg"),
        "a virtual environment contains absolute paths of the host",
    ),
    row(
        Dependencies,
        Likely,
        Directory,
        Is(&["vendor"]),
        Beside(&["composer.json"]),
        "composer installs it during the build",
    ),
    row(Dependencies, Likely, Directory, Is(&[".bundle"]), Beside(&["Gemfile"]), "settings of the host's bundler"),
    row(Bytecode, Sure, Directory, Is(&["__pycache__"]), NO, INTERPRETER),
    row(Bytecode, Sure, File, Ends(".pyc"), NO, INTERPRETER),
    row(Bytecode, Sure, File, Ends(".pyo"), NO, INTERPRETER),
    row(
        ToolCache,
        Sure,
        Directory,
        Is(&[".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox", ".nox"]),
        NO,
        HOST_CACHE,
    ),
    row(
        ToolCache,
        Sure,
        Directory,
        Is(&[".hypothesis", "htmlcov", ".ipynb_checkpoints", ".nyc_output"]),
        NO,
        HOST_CACHE,
    ),
    row(ToolCache, Sure, Directory, Is(&[".turbo", ".parcel-cache", ".terraform"]), NO, HOST_CACHE),
    row(ToolCache, Sure, File, Is(&[".coverage"]), NO, HOST_CACHE),
    row(ToolCache, Likely, Directory, Is(&[".gradle"]), NO, HOST_CACHE),
    row(ToolCache, Likely, Directory, Is(&["coverage"]), PACKAGE, HOST_CACHE),
    row(BuildOutput, Sure, Directory, Is(&["target"]), Inside("CACHEDIR.TAG"), OUTPUT),
    row(BuildOutput, Likely, Directory, Is(&["target"]), Beside(&["Cargo.toml", "pom.xml"]), OUTPUT),
    row(BuildOutput, Likely, Directory, Is(&[".next", ".nuxt", ".output", ".svelte-kit"]), PACKAGE, OUTPUT),
    row(BuildOutput, Possible, Directory, Is(&["dist", "build", "out"]), PACKAGE, OUTPUT_PERHAPS),
    row(BuildOutput, Likely, Directory, Is(&["build"]), JVM, OUTPUT),
    row(BuildOutput, Possible, Directory, Is(&["dist", "build"]), PYTHON, OUTPUT_PERHAPS),
    row(BuildOutput, Likely, Directory, Ends(".egg-info"), NO, "created by the installation"),
    row(Editor, Sure, Directory, Is(&[".idea", ".vscode", ".vs"]), NO, "editor settings"),
    row(Editor, Sure, File, Ends(".swp"), NO, "swap file of an editor"),
    row(Editor, Sure, File, Is(&[".DS_Store", "Thumbs.db"]), NO, "metadata of a file manager"),
    row(Pipeline, Sure, Directory, Is(&[".github", ".circleci"]), NO, FORGE),
    row(Pipeline, Sure, File, Is(&[".gitlab-ci.yml"]), NO, FORGE),
    row(Leftover, Likely, File, Ends(".log"), NO, "a log of the host"),
    row(Leftover, Likely, File, Starts("core."), NO, "a crash dump"),
    row(Leftover, Likely, File, Ends(".hprof"), NO, "a heap dump"),
];
