//! The program reads the zoo: exit codes, sums and texts, from a file, a folder and standard input. A sixteenth of it;
//! `DOCKOPT_FULL=1`: all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::agreement::side_by_side;
use super::zoo::layout::{Files, Thing};
use super::zoo::{Case, Input, Zoo};

fn unpack(files: &Files, folder: &Path) {
    for (name, thing) in &files.0 {
        let path = folder.join(name);
        match thing {
            Thing::Folder => fs::create_dir_all(path).unwrap(),
            Thing::Link(_) => {}
            Thing::File(bytes) => {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
    }
}

fn run(case: &Case, path: &Path, standard_input: bool) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.current_dir(path.parent().unwrap()).env_clear().env("SOURCE_DATE_EPOCH", "1795132800");
    command.args(["image", "--format", "json", "--verify", if case.full { "full" } else { "blob" }]);
    match case.platform {
        Some("all") => drop(command.arg("--all-platforms")),
        platform => drop(command.args(["--platform", platform.unwrap_or("linux/amd64")])),
    }
    if standard_input {
        command.arg("-").stdin(fs::File::open(path).unwrap());
    } else {
        command.arg(format!("file:{}", path.file_name().unwrap().to_str().unwrap())).stdin(Stdio::null());
    }
    command.output().unwrap()
}

/// What is wrong with what the program says.
fn judge(case: &Case, output: &Output) -> Vec<String> {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let mut wrong = Vec::new();
    let mut same = |what: &str, expected: String, actual: String| {
        if expected != actual {
            wrong.push(format!("{}: {what}: {expected}, but {actual}: {}", case.name, stderr.trim()));
        }
    };
    let code = if case.fails { 2 } else { 0 };
    same("exit code", code.to_string(), output.status.code().map_or("none".to_owned(), |code| code.to_string()));
    // Texts of an archive go to a terminal: none of them may steer it.
    let steers = |text: &str| {
        text.chars()
            .any(|c| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    };
    same(
        "control characters",
        "false".to_owned(),
        (steers(&stderr) || stdout.chars().any(|c| c.is_control() && c != '\n')).to_string(),
    );
    let output = format!("{stdout}{stderr}").to_lowercase();
    for words in &case.says {
        same(
            &format!("one of {words:?}"),
            "true".to_owned(),
            words.iter().any(|word| output.contains(word)).to_string(),
        );
    }
    if case.fails {
        return wrong;
    }
    let json: Value = serde_json::from_str(&stdout).unwrap_or_default();
    let images = json["images"].as_array().cloned().unwrap_or_default();
    same("images", case.images.len().to_string(), images.len().to_string());
    for (expected, image) in case.images.iter().zip(&images) {
        let Some(model) = &expected.model else { continue };
        let (model, actual) = (model.totals(), &image["totals"]);
        let figures = [
            ("stored_file_bytes", model.stored_file_bytes),
            ("merged_bytes", model.merged_bytes),
            ("merged_files", model.merged_files),
            ("merged_entries", model.merged_entries),
            ("duplicate_content_bytes", model.duplicate_content_bytes),
            ("pull_bytes", expected.pull_bytes.unwrap()),
        ];
        for (name, figure) in figures {
            same(name, figure.to_string(), actual[name].to_string());
        }
        let waste = [
            ("deleted", model.deleted),
            ("overwritten", model.overwritten),
            ("metadata_only", model.metadata_only),
            ("same_layer_duplicate", model.same_layer_duplicate),
        ];
        for (name, figure) in waste {
            same(name, figure.to_string(), actual["waste"][name].to_string());
        }
        same("layers", expected.layers.to_string(), image["layers"].as_array().map_or(0, Vec::len).to_string());
    }
    wrong
}

#[test]
fn the_program_tells_the_truth_about_the_zoo() {
    let folder = tempfile::tempdir().unwrap();
    let step = if crate::tier::is_full() { 1 } else { 16 };
    let only = std::env::var("DOCKOPT_CASE").ok();
    let zoo = Zoo::all();
    let cases: Vec<&Case> = match &only {
        Some(only) => zoo.0.iter().filter(|case| case.name == only).collect(),
        None => zoo.0.iter().step_by(step).collect(),
    };
    let check_case = |at: usize| {
        let path: PathBuf = folder.path().join(format!("{at}/image"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match &cases[at].input {
            Input::Archive(bytes) => {
                fs::write(&path, bytes).unwrap();
                let (position, forward) = (run(cases[at], &path, false), run(cases[at], &path, true));
                let mut wrong = judge(cases[at], &position);
                wrong.extend(judge(cases[at], &forward).into_iter().map(|why| format!("- {why}")));
                wrong
            }
            Input::Folder(files) => {
                unpack(files, &path);
                judge(cases[at], &run(cases[at], &path, false))
            }
        }
    };
    let wrong: Vec<Vec<String>> =
        side_by_side(cases.len(), check_case).into_iter().filter(|wrong| !wrong.is_empty()).collect();
    writeln!(io::stdout(), "zoo: {} archives and folders through the program, {} wrong", cases.len(), wrong.len())
        .unwrap();
    assert!(wrong.is_empty(), "{}", wrong.concat().join("\n"));
}
