//! `dockopt lint`.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::args::{Global, Lint};
use super::baseline;
use super::output::{Failure, base, code, complain, leave_unsaid, line, policies, today, write_run};
use crate::load::{DOCKERFILE_LIMIT, LoadError, Wants, read_source, read_stdin};
use crate::report::{self, Format, Run};
use crate::text::Source;

pub(super) fn run(global: &Global, command: &Lint) -> Result<u8, Failure> {
    let line = line(&command.choice, Some(&command.threshold))?;
    let texts = texts(command)?;
    let mut request = command.build.request(PathBuf::from("."), today(&command.choice)?);
    // Editors and hooks wait for it: nothing but the files and their ignore files is opened. `audit` looks further.
    request.wants = Wants::Nothing;
    request.configuration = command.config.configuration();
    request.line = line;
    let inputs = crate::load::gather_texts(texts, &request);
    let policies = policies(global, &inputs, &request.line)?;
    let failed = complain(global, &inputs);
    // Whoever parses the output gets one that parses, with what could not be read in it.
    if failed && inputs.sources.is_empty() && global.format == Format::Text {
        return Err(Failure::Said);
    }
    let mut report = crate::audit::lint(&inputs, &policies);
    baseline::apply(&command.known, "lint", &policies.rules(&inputs), &mut report)?;
    let code = code(&report, failed);
    if global.format == Format::Text {
        leave_unsaid(&mut report, &inputs);
    }
    let run = Run { command: "lint", report: &report, exit: code, base: &base() };
    write_run(global, &run, |layout| report::lint(&report, layout), || report::lint_json(&report))?;
    Ok(code)
}

/// A path with what was read there.
type Text = (Option<PathBuf>, Result<Source, LoadError>);

/// Each text with its path; none for what came without a name.
fn texts(command: &Lint) -> Result<Vec<Text>, Failure> {
    let mut paths = command.files.clone();
    paths.extend(command.build.file.clone());
    if paths.is_empty() {
        paths.push("Dockerfile".into());
    }
    let dash = Path::new("-");
    let stdin = paths.iter().filter(|path| *path == dash).count();
    if stdin > 1 || (command.stdin_filename.is_some() && stdin == 0) {
        let what = match stdin {
            0 => "`--stdin-filename` names standard input, but nothing reads it",
            _ => "standard input can be read once only",
        };
        let help = Some("name `-` once among the files".to_owned());
        return Err(Failure::Because { what: what.to_owned(), help });
    }
    let name = command.stdin_filename.as_deref().map_or("-".into(), Path::to_string_lossy);
    let read = |path: &PathBuf| {
        if path == dash {
            (command.stdin_filename.clone(), read_stdin(&name, DOCKERFILE_LIMIT))
        } else {
            (Some(path.clone()), read_source(path, DOCKERFILE_LIMIT))
        }
    };
    Ok(paths.par_iter().map(read).collect())
}
