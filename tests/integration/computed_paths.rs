//! The `paths` that are computed for a workflow, against the model of the cache: a commit that changes a key of the image
//! passes, and hardly another one.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cache_history::git;
use crate::tier::is_full;

/// Commits that are compared: always, and with `DOCKOPT_FULL=1`.
const COMMITS: [usize; 2] = [50, 200];

fn commit_count() -> usize {
    COMMITS[usize::from(is_full())]
}

const WORKFLOW: &str = ".github/workflows/computed-paths.yml";

/// Filters and commits, and how often they disagree.
#[derive(Debug, Default)]
struct Agreement {
    commits: usize,
    built: usize,
    /// Commits whose image is another, and that the filter leaves out.
    missed: Vec<String>,
    /// Commits that pass though no key changes.
    idle: Vec<String>,
}

/// The computed filter of a Dockerfile's workflow; `None` where the rule finds nothing to say.
pub(crate) fn filter(folder: &Path, dockerfile: &str, context: &str) -> Option<dockopt::workflow::PathFilter> {
    let text = format!(
        "on: push\njobs:\n  image:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - uses: \
         docker/build-push-action@v6\n        with:\n          context: ./{context}\n          file: {dockerfile}\n"
    );
    fs::create_dir_all(folder.join(".github/workflows")).unwrap();
    fs::write(folder.join(WORKFLOW), text).unwrap();
    run(folder, &["ci", "fix", ".", "--unsafe", "--write", "--select=built-when-nothing-changed"]);
    let fixed = fs::read_to_string(folder.join(WORKFLOW)).unwrap();
    fs::remove_file(folder.join(WORKFLOW)).unwrap();
    let lines = fixed.lines().filter_map(|line| line.trim().strip_prefix("- \"")?.strip_suffix('"'));
    let patterns: Vec<String> = lines.map(str::to_owned).collect();
    (!patterns.is_empty()).then_some(dockopt::workflow::PathFilter { patterns })
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    let output = command.current_dir(folder).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What each of the last commits changed, the newest first.
fn changes(folder: &Path) -> Vec<(String, Vec<String>)> {
    let count = commit_count().to_string();
    let log =
        git(folder, &["log", "--first-parent", "-m", "--name-only", "--no-renames", "--format=%x00%H", "-n", &count]);
    let commits = log.split('\0').skip(1).map(|commit| {
        let (id, paths) = commit.split_once('\n').unwrap_or((commit, ""));
        (id.trim().to_owned(), paths.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
    });
    commits.collect()
}

fn compare(folder: &Path, dockerfile: &str, context: &str, sum: &mut Agreement) {
    let Some(filter) = filter(folder, dockerfile, context) else { return };
    let commits = commit_count().to_string();
    let root = if context.is_empty() { "." } else { context };
    let arguments = [
        "cache",
        "history",
        root,
        "--file",
        dockerfile,
        "--against",
        dockerfile,
        "--commits",
        &commits,
        "--format",
        "json",
    ];
    let json: serde_json::Value = serde_json::from_str(&run(folder, &arguments)).unwrap();
    let rows = json["tables"][1]["rows"].as_array().unwrap();
    let definition: BTreeSet<String> = [dockerfile.to_owned(), format!("{dockerfile}.dockerignore")]
        .into_iter()
        .chain([dockopt::text::path::child(context, ".dockerignore")])
        .collect();
    for ((id, paths), row) in changes(folder).iter().zip(rows) {
        let Some(steps) = row["steps"].as_str() else { continue };
        let is_built = paths.iter().any(|path| filter.takes(path));
        let is_changed = steps[1..].contains(|step| step != '.');
        sum.commits += 1;
        sum.built += usize::from(is_changed);
        let what = || format!("{dockerfile} {id} {steps} {paths:?}");
        if is_changed && !is_built {
            sum.missed.push(what());
        }
        if is_built && !is_changed && !paths.iter().any(|path| definition.contains(path)) {
            sum.idle.push(what());
        }
    }
}

#[test]
fn computed_paths_agree_with_the_model_of_the_cache() {
    let clone = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_whole = source.join(".git").exists() && changes(source).len() >= commit_count();
    // An archive or a shallow clone has no history.
    if !is_whole {
        return;
    }
    let from = source.to_str().unwrap();
    git(clone.path(), &["clone", "-q", "--no-hardlinks", "--shared", from, "."]);
    let mut sum = Agreement::default();
    for (dockerfile, context) in [
        ("Dockerfile", ""),
        ("fixtures/task-tracker/backend/Dockerfile", "fixtures/task-tracker/backend"),
        ("fixtures/task-tracker/dashboard/Dockerfile", "fixtures/task-tracker/dashboard"),
        ("fixtures/dirty/before/Dockerfile", "fixtures/dirty/before"),
        ("fixtures/settings/services/new/Dockerfile", "fixtures/settings"),
    ] {
        compare(clone.path(), dockerfile, context, &mut sum);
    }
    // `DOCKOPT_HISTORIES` names more: `folder:Dockerfile:context`, with blanks between them.
    for more in std::env::var("DOCKOPT_HISTORIES").unwrap_or_default().split_whitespace() {
        let [folder, dockerfile, context] = more.split(':').collect::<Vec<_>>()[..] else { panic!("{more}") };
        compare(Path::new(folder), dockerfile, context, &mut sum);
    }
    assert!(sum.commits >= commit_count(), "{sum:?}");
    assert!(sum.missed.is_empty(), "{sum:#?}");
    assert!(sum.idle.len() * 50 <= sum.commits, "{sum:#?}");
    let mut out = std::io::stdout();
    let (commits, built, idle) = (sum.commits, sum.built, sum.idle.len());
    writeln!(out, "{commits} commits, {built} change an image, {idle} pass in vain").unwrap();
}
