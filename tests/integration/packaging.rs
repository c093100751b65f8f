//! The ways in that are not the program itself: pre-commit's hooks, the action of a workflow, the wheel, the image. What needs a tool or minutes is
//! run in CI where a file that it is about has changed, and in the full tier, and said to be left out elsewhere.

use std::fs;
use std::io::Write;
use std::path::Path;

use dockopt::ignore::MatchedPatterns;
use dockopt::text::{Source, path};

use crate::dockopt::Dockopt;

#[test]
fn dockopts_own_image_has_no_findings() {
    let read = |path: &str| fs::read_to_string(path).unwrap();
    let mut folder = Dockopt::new();
    for name in fs::read_dir("crates").unwrap().map(|entry| entry.unwrap().path().join("Cargo.toml")) {
        let name = name.to_string_lossy();
        folder = folder.file(&name, read(&name));
    }
    let ran = folder
        .file("Dockerfile", read("Dockerfile"))
        .file(".dockerignore", read(".dockerignore"))
        .file("Cargo.toml", read("Cargo.toml"))
        .file("Cargo.lock", read("Cargo.lock"))
        .file("src/main.rs", read("src/main.rs"))
        .args(["audit", "--all", "--fail-on", "style"])
        .run()
        .code(0);
    assert!(ran.stdout.contains("nothing found"), "{}", ran.stdout);
}

/// What `.dockerignore` keeps out is not there where the image is built.
#[test]
fn the_build_context_has_what_is_compiled_in() {
    let source = Source::of(".dockerignore", &fs::read_to_string(".dockerignore").unwrap());
    let matcher = dockopt::ignore::parse(&source).matcher();
    let is_excluded = |file: &str| {
        let mut above = MatchedPatterns::default();
        let ends = file.match_indices('/').map(|(at, _)| at).chain([file.len()]);
        ends.fold(false, |_, end| {
            let verdict = matcher.decide(&file[..end], &above).unwrap();
            above = verdict.inherited;
            verdict.excluded
        })
    };
    let mut files: Vec<String> = ["Cargo.lock", "Cargo.toml", "build.rs"].map(str::to_owned).to_vec();
    for text in crate::tidy::sources() {
        for (_, line) in text.shipped() {
            let Some((_, rest)) = line.split_once("include_str!(").or_else(|| line.split_once("include_bytes!("))
            else {
                continue;
            };
            let name = rest.split('"').nth(1).unwrap_or_default();
            let file = path::normalize(&path::child(path::parent(&text.path), name));
            if Path::new(&file).is_file() {
                files.push(file);
            }
        }
    }
    // Through links of crates, to where the files lie.
    let root = Path::new(".").canonicalize().unwrap();
    let real = |file: &String| {
        let real = Path::new(file).canonicalize().unwrap();
        real.strip_prefix(&root).unwrap().to_string_lossy().into_owned()
    };
    let real_files: Vec<String> = files.iter().map(real).collect();
    files.extend(real_files);
    files.retain(|file| is_excluded(file));
    assert!(files.is_empty(), ".dockerignore excludes {files:#?}");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::env;
    use std::process::Command;

    use super::*;
    use crate::tier::is_full;

    fn set(name: &str) -> bool {
        env::var_os(name).is_some_and(|value| !value.is_empty())
    }

    /// Runs a script of `tests/packaging` where that is wanted: in the full tier, and in CI where the script or one of some files has
    /// changed. What it says goes past the test harness.
    #[track_caller]
    fn script(name: &str, arguments: &[&str], files: &[&str]) {
        let mut stdout = std::io::stdout();
        if !is_full() && !set("CI") {
            writeln!(stdout, "tests/packaging/{name}: left out, neither CI nor DOCKOPT_FULL is set").unwrap();
            return;
        }
        let script = format!("tests/packaging/{name}");
        let changed = || Command::new("tests/changed").arg(&script).args(files).output().unwrap().status.success();
        if !is_full() && !changed() {
            writeln!(stdout, "{script}: left out, neither it nor one of {} has changed", files.join(", ")).unwrap();
            return;
        }
        // Set for times of tests; cargo would compile what looks at it again.
        let mut command = Command::new(&script);
        let output = command.args(arguments).env_remove("RUSTC_BOOTSTRAP").output().unwrap();
        let output_text = String::from_utf8_lossy(&output.stdout);
        write!(stdout, "{output_text}").unwrap();
        assert!(output.status.success(), "{output_text}{}", String::from_utf8_lossy(&output.stderr));
    }

    #[test]
    fn the_hooks_work_in_pre_commit() {
        let mut arguments = vec![env!("CARGO_BIN_EXE_dockopt"), "system"];
        if is_full() {
            arguments.extend(["rust", "python"]);
            arguments.extend(set("DOCKOPT_ENGINE").then_some("docker"));
        }
        script("hooks", &arguments, &[".pre-commit-hooks.yaml", "pyproject.toml"]);
    }

    #[test]
    fn the_action_reports_and_its_workflows_pass_zizmor() {
        let files = [".github", "action.yml", "templates", "src/cli/init", "tests/packaging/copy"];
        script("report", &[env!("CARGO_BIN_EXE_dockopt")], &files);
    }

    #[test]
    fn a_release_is_made_and_installed() {
        let files = ["packaging", ".github/actions", "action.yml", "*Cargo.toml", "tests/packaging/copy"];
        script("release", &[env!("CARGO_BIN_EXE_dockopt")], &files);
    }

    #[test]
    fn the_c_code_of_dependencies_compiles_for_musl() {
        script("musl", &["check"], &["Cargo.lock"]);
    }

    #[test]
    fn the_wheel_is_built_and_installed() {
        script("wheel", &[], &["pyproject.toml", "build.rs", ".github/wheel.txt"]);
    }
}
