//! Completion scripts run in the shells that are installed; every command has a page that groff reads.

use std::fs;
use std::process::Command;

use crate::dockopt::Dockopt;

/// What a program prints; `None`, which is said, where it is not installed.
#[expect(clippy::print_stdout, reason = "a test that left something out says so")]
fn printed(program: &str, arguments: &[&str]) -> Option<String> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert!(output.status.success(), "{program} {arguments:?}: {}", text(&output.stderr));
            Some(text(&output.stdout) + &text(&output.stderr))
        }
        Err(error) => {
            println!("skipped: {program} cannot be run: {error}");
            None
        }
    }
}

/// The completion script of a shell, in a file.
fn script(shell: &str) -> tempfile::NamedTempFile {
    let script = Dockopt::new().args(["completions", shell]).run().code(0).stdout;
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), script).unwrap();
    file
}

/// The commands of the program, as the help lists them.
fn commands() -> Vec<String> {
    let help = Dockopt::new().args(["--help"]).run().code(0).stdout;
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A description that is wrapped goes on further right.
    let first_lines = lines.filter(|line| !line.starts_with("   "));
    first_lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let script = script("bash");
    let script = script.path().display();
    let complete = |words: &[&str]| {
        let (current, previous) = (words.last().unwrap(), words.iter().rev().nth(1).unwrap_or(&"dockopt"));
        let line = format!(
            "source {script}; COMP_WORDS=(dockopt {}); COMP_CWORD={}; _dockopt dockopt '{current}' '{previous}'; echo \"${{COMPREPLY[@]}}\"",
            words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
            words.len()
        );
        printed("bash", &["-c", &line])
    };
    let Some(first) = complete(&[""]) else { return };
    for command in commands() {
        assert!(first.split_whitespace().any(|word| word == command), "{command}: {first}");
    }
    assert_eq!(complete(&["cache", "pr"]).unwrap().trim(), "predict");
    assert!(complete(&["audit", "--ima"]).unwrap().contains("--image"));
    assert_eq!(complete(&["audit", "--fail-on", ""]).unwrap().trim(), "error warning info style none");
}

#[test]
fn fish_completes_commands_options_and_values() {
    let script = script("fish");
    let complete = |line: &str| {
        printed("fish", &["--no-config", "-c", &format!("source {}; complete -C '{line}'", script.path().display())])
    };
    let Some(first) = complete("dockopt ") else { return };
    for command in commands() {
        assert!(first.lines().any(|line| line.split('\t').next() == Some(&command)), "{command}: {first}");
    }
    assert!(complete("dockopt cache pr").unwrap().starts_with("predict\t"));
    assert!(complete("dockopt audit --fail-on ").unwrap().contains("warning"));
}

#[test]
fn other_shells_read_their_scripts() {
    printed("zsh", &["-f", "-n", &script("zsh").path().display().to_string()]);
    for shell in ["zsh", "powershell", "elvish"] {
        let script = Dockopt::new().args(["completions", shell]).run().code(0).stdout;
        for command in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
        }
    }
    Dockopt::new().args(["completions", "tcsh"]).run().code(2);
}

#[test]
fn every_command_has_a_page() {
    let dockopt = Dockopt::new().args(["man", "--to", "man1"]);
    let folder = dockopt.path().to_owned();
    // The folder is there while the run is.
    let _ran = dockopt.run().code(0);
    for command in commands().iter().filter(|command| *command != "help") {
        assert!(folder.join(format!("man1/dockopt-{command}.1")).is_file(), "{command}");
    }
    assert!(folder.join("man1/dockopt-image-diff.1").is_file() && folder.join("man1/dockopt.1").is_file());
    for page in fs::read_dir(folder.join("man1")).unwrap() {
        let page = page.unwrap().path();
        let text = fs::read_to_string(&page).unwrap();
        assert!(text.is_ascii() && !text.contains("debug"), "{}", page.display());
        if let Some(problems) = printed("groff", &["-man", "-ww", "-z", &page.display().to_string()]) {
            assert_eq!(problems, "", "{}", page.display());
        }
    }
    let page = Dockopt::new().args(["man", "image", "diff"]).run().code(0).stdout;
    assert_eq!(page, fs::read_to_string(folder.join("man1/dockopt-image-diff.1")).unwrap());
    Dockopt::new().args(["man", "imag"]).run().code(2);
}
