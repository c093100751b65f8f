//! The ways in that are not the program itself: pre-commit's hooks, the action of a workflow, the wheel, the image. What needs a tool or minutes is
//! run in CI, or in the full tier, and said to be left out elsewhere.

use std::fs;
use std::io::Write;

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

#[cfg(target_os = "linux")]
mod linux {
    use std::env;
    use std::process::Command;

    use super::*;

    fn set(name: &str) -> bool {
        env::var_os(name).is_some_and(|value| !value.is_empty())
    }

    /// Runs a script of `tests/packaging` where that is wanted; what it says goes past the test harness.
    #[track_caller]
    fn script(name: &str, arguments: &[&str]) {
        let mut stdout = std::io::stdout();
        if !set("CI") && !set("DOCKOPT_FULL") {
            writeln!(stdout, "tests/packaging/{name}: left out, neither CI nor DOCKOPT_FULL is set").unwrap();
            return;
        }
        // Set for times of tests; cargo would compile what looks at it again.
        let mut command = Command::new(format!("tests/packaging/{name}"));
        let output = command.args(arguments).env_remove("RUSTC_BOOTSTRAP").output().unwrap();
        let output_text = String::from_utf8_lossy(&output.stdout);
        write!(stdout, "{output_text}").unwrap();
        assert!(output.status.success(), "{output_text}{}", String::from_utf8_lossy(&output.stderr));
    }

    #[test]
    fn the_hooks_work_in_pre_commit() {
        let mut arguments = vec![env!("CARGO_BIN_EXE_dockopt"), "system"];
        if set("DOCKOPT_FULL") {
            arguments.extend(["rust", "python"]);
            arguments.extend(set("DOCKOPT_ENGINE").then_some("docker"));
        }
        script("hooks", &arguments);
    }

    #[test]
    fn the_action_reports_and_its_workflows_pass_zizmor() {
        script("report", &[env!("CARGO_BIN_EXE_dockopt")]);
    }

    #[test]
    fn a_release_is_made_and_installed() {
        script("release", &[env!("CARGO_BIN_EXE_dockopt")]);
    }

    #[test]
    fn the_c_code_of_dependencies_compiles_for_musl() {
        script("musl", &["check"]);
    }

    #[test]
    fn the_wheel_is_built_and_installed() {
        script("wheel", &[]);
    }
}
