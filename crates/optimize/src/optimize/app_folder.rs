//! Pass `app-folder`: moves an application from `/` to a folder of its own, which can then belong to a non-root user.

use super::assumption::Support;
use super::pass_input::{PassInput, PassOutput, refuse_if};
use crate::build::{Setting, Stage, StageBase, Transfer, User};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::FileEdit;
use crate::inputs::context::EntryId;
use crate::manifest::{ContentKind, FileKind};
use crate::optimize::reason::reasons;
use crate::shell::Invocation;
use crate::shell::program::{Kind, Program};
use crate::text::{Span, path};

/// Where the files go.
const FOLDER: &str = "/app";

pub(super) fn run(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    let Some(target) = build.target().filter(|target| build.ships(target) && build.is_ordinary()) else { return };
    let is_built_on = build.edges_to(target).next().is_some();
    let works_in = build.workdir(target, usize::MAX);
    // A user who is there has no use for another folder of root's.
    if build.user(target).value() != Some(&User::Root) {
        return;
    }
    if !matches!(target.base, StageBase::Image(_)) || is_built_on || works_in.value().is_none_or(|folder| folder != "/")
    {
        return;
    }
    let transfers = build.transfers(target);
    if !transfers.iter().any(lands_here) || build.launch(target).is_none() {
        return;
    }
    let Some(edits) = output.ok_or_skip(edits(input, target, transfers, &works_in)) else { return };
    let why = "files in `/` are mixed with the folders of the system and belong to root";
    output.step(format!("works in `{FOLDER}` instead of `/`"), why, edits);
    let cut = input.evidence.texts_cut.then(|| (Support::Open, "not all sources were read".to_owned()));
    output.assume("nothing names a file of the program by its path from `/`", cut);
}

/// Whether something is copied below the working folder, or to `/`.
fn lands_here(transfer: &Transfer) -> bool {
    transfer.destination.as_deref().is_some_and(|to| !to.starts_with('/') || to == "/")
}

fn edits(
    input: &PassInput,
    target: &Stage,
    transfers: &[Transfer],
    works_in: &Setting<String>,
) -> Result<Vec<FileEdit>, AppFolderBlocker> {
    let build = input.build;
    refuse_if(transfers.iter().any(|transfer| transfer.destination.is_none()), AppFolderBlocker::UnknownDestination)?;
    for (index, instruction) in build.instructions(target) {
        let text = input.file().logical(instruction.text);
        if let Some(path) = foreign(text)
            && instruction.keyword != Keyword::From
        {
            return Err(AppFolderBlocker::NamesPath { line: instruction.start_line, path: path.to_string() });
        }
        let code = if instruction.keyword == Keyword::Run { build.code(index) } else { None };
        let calls = code.map(|code| code.script.invocations()).unwrap_or_default();
        let recipes = |call: &Invocation| call.program.is_none_or(|name| Program::of(name).is(Kind::Recipes));
        let leaves = |call: &Invocation| call.is("cd") && call.args.first().is_some_and(|word| word.is("/"));
        let line = instruction.start_line;
        refuse_if(calls.iter().any(recipes), AppFolderBlocker::CommandMayUseRoot { line })?;
        if calls.iter().any(leaves) || instruction.keyword == Keyword::Env && names_root(input, instruction) {
            return Err(AppFolderBlocker::DependsOnRoot { line: instruction.start_line });
        }
    }
    let names = names(input, transfers);
    spoken_of(input, &names).map_or(Ok(()), Err)?;
    let mut edits = Vec::new();
    for transfer in transfers.iter().filter(|transfer| transfer.destination.as_deref() == Some("/")) {
        let span = transfer.instruction.span;
        let written = input.source().slice(span).trim_end();
        refuse_if(!written.ends_with(" /"), AppFolderBlocker::FixedCopy { line: transfer.instruction.start_line })?;
        let end = span.start + written.len() as u32;
        edits.push(input.edit(Span::new(end - 1, end), "./"));
    }
    edits.push(workdir(input, target, transfers, works_in)?);
    Ok(edits)
}

/// WORKDIR: the author's own, or a line below FROM.
fn workdir(
    input: &PassInput,
    target: &Stage,
    transfers: &[Transfer],
    works_in: &Setting<String>,
) -> Result<FileEdit, AppFolderBlocker> {
    let lines = || input.build.instructions_of(target, Keyword::Workdir);
    match works_in {
        Setting::By(index, _) if lines().count() == 1 && transfers.iter().all(|transfer| transfer.index > *index) => {
            let line = input.build.instruction(*index);
            Ok(input.edit(line.rest.span, FOLDER))
        }
        Setting::By(..) => Err(AppFolderBlocker::SeveralWorkdirs),
        _ => {
            let end = input.instruction_span(target.start).end;
            let open = if input.source().slice(Span::new(0, end)).ends_with('\n') { "" } else { input.newline() };
            Ok(input.edit(Span::at(end), format!("{open}WORKDIR {FOLDER}{}", input.newline())))
        }
    }
}

/// The first path of a text that lies in no folder of the system, and so may be one of the program's own.
fn foreign(text: &str) -> Option<&str> {
    let is_mark = |c: char| c.is_whitespace() || "\"'=,:;[](){}&|<>`".contains(c);
    text.split(is_mark).find(|word| {
        let Some(rest) = word.strip_prefix('/').filter(|rest| !rest.is_empty() && !rest.starts_with('/')) else {
            return false;
        };
        let top = format!("/{}", rest.split('/').next().unwrap_or_default());
        !data::SYSTEM_FOLDERS.has(&top, "everywhere")
    })
}

/// Whether a variable holds `/` itself.
fn names_root(input: &PassInput, instruction: &crate::dockerfile::Instruction) -> bool {
    let variables = input.file().variables(instruction);
    variables.iter().any(|variable| variable.value.text.split(':').any(|folder| folder == "/"))
}

/// Names that come to lie in `/`.
fn names(input: &PassInput, transfers: &[Transfer]) -> Vec<String> {
    let Some(context) = input.context() else { return Vec::new() };
    let name = |id: EntryId| context.entry(id).name.to_owned();
    let mut names = Vec::new();
    for transfer in transfers.iter().filter(|transfer| lands_here(transfer)) {
        let to = transfer.destination.as_deref().unwrap_or_default();
        let first = path::normalize(to.trim_start_matches('/')).split('/').next().unwrap_or_default().to_owned();
        if !first.is_empty() {
            names.push(first);
            continue;
        }
        for top in transfer.select(context).into_iter().flatten().flat_map(|selection| selection.tops) {
            match top.filter(|id| context.children(Some(*id)).next().is_none()) {
                Some(file) => names.push(name(file)),
                None => names.extend(context.children(top).map(name)),
            }
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// Who names one of them by its path from `/`.
fn spoken_of(input: &PassInput, names: &[String]) -> Option<AppFolderBlocker> {
    let below = |text: &str| names.iter().find(|name| path::is_within(text, &format!("/{name}"))).cloned();
    for service in &input.evidence.services {
        let texts = service.mounts.iter().chain(&service.workdir);
        let commands = service.entrypoint.iter().chain(&service.command).chain(&service.healthcheck);
        let words = commands.flat_map(|command| command.split(|c: char| c.is_whitespace() || "\"'=".contains(c)));
        if let Some(name) = texts.map(String::as_str).chain(words).find_map(below) {
            return Some(AppFolderBlocker::ServiceNames { file: service.file.clone(), name: name.clone() });
        }
    }
    let quoted: Vec<String> =
        names.iter().flat_map(|name| ['"', '\'', '`'].map(|mark| format!("{mark}/{name}"))).collect();
    let bare: Vec<String> = names.iter().flat_map(|name| [' ', '='].map(|mark| format!("{mark}/{name}"))).collect();
    let code = input.evidence.holding(&quoted).find(|(path, _)| FileKind::of(path).has_code());
    // Scripts, settings of servers, scripts of package.json.
    let is_plain = |path: &str| {
        let nature = FileKind::of(path).nature();
        !FileKind::of(path).has_code()
            && !matches!(nature, ContentKind::Markup | ContentKind::Style | ContentKind::Documentation)
    };
    let plain = || input.evidence.holding(&bare).find(|(path, _)| is_plain(path));
    let (file, _) = code.or_else(plain)?;
    Some(AppFolderBlocker::SourceNames { file: file.clone() })
}

reasons! {
    /// Why a program stays in `/`.
    pub(super) AppFolderBlocker {
        UnknownDestination: "the destination of a COPY is known only at build time";
        NamesPath { line: u32, path: String }: "line {line} names `{path}`";
        CommandMayUseRoot { line: u32 }: "the command on line {line} may use files by their path from `/`";
        DependsOnRoot { line: u32 }: "line {line} depends on `/`";
        FixedCopy { line: u32 }: "the COPY to `/` on line {line} is written in a form that cannot be changed";
        SeveralWorkdirs: "it has several WORKDIRs, or files are copied before its WORKDIR";
        ServiceNames { file: String, name: String }: "`{file}` names `/{name}`";
        SourceNames { file: String }: "`{file}` names a file of the program by its path from `/`";
    }
}

#[cfg(test)]
mod tests {
    use crate::optimize::order::tests::check_pass;

    const FILES: &[(&str, &str)] = &[
        ("app.py", "import flask\napp = flask.Flask('app')\n"),
        ("requirements.txt", "flask\n"),
        ("templates/index.html", "<a href=\"/templates\">x</a>"),
    ];

    #[track_caller]
    fn check(before: &str, after: &str) {
        check_pass("app-folder", before, FILES, after);
    }

    #[test]
    fn files_in_the_root_get_a_folder() {
        check(
            "|FROM python:3.13
             |COPY . .
             |RUN pip install -r requirements.txt
             |CMD [\"python\", \"app.py\"]",
            "|FROM python:3.13
             |WORKDIR /app
             |COPY . .
             |RUN pip install -r requirements.txt
             |CMD [\"python\", \"app.py\"]",
        );
        check(
            "|FROM python:3.13
             |WORKDIR /
             |COPY requirements.txt /
             |RUN pip install -r requirements.txt
             |COPY . /
             |CMD python app.py > /var/log/app.log",
            "|FROM python:3.13
             |WORKDIR /app
             |COPY requirements.txt ./
             |RUN pip install -r requirements.txt
             |COPY . ./
             |CMD python app.py > /var/log/app.log",
        );
    }

    #[test]
    fn paths_from_the_root_are_kept() {
        for text in [
            "|FROM python:3.13\n|COPY . .\n|CMD [\"python\", \"/app.py\"]",
            "|FROM python:3.13\n|COPY . .\n|RUN python -m venv /venv\n|CMD [\"python\", \"app.py\"]",
            "|FROM python:3.13\n|ENV PYTHONPATH=/\n|COPY . .\n|CMD [\"python\", \"app.py\"]",
            "|FROM python:3.13\n|COPY . .\n|RUN cd / && pip install -r requirements.txt\n|CMD [\"python\", \"app.py\"]",
            "|FROM python:3.13\n|COPY . /srv\n|CMD [\"python\", \"/srv/app.py\"]",
            "|FROM python:3.13\n|WORKDIR /srv\n|COPY . .\n|CMD [\"python\", \"app.py\"]",
            "|FROM unknown/base\n|COPY . .\n|CMD [\"python\", \"app.py\"]",
        ] {
            check(text, text);
        }
        let text = "|FROM python:3.13\n|COPY . .\n|CMD [\"python\", \"app.py\"]";
        let files = [("app.py", "open('/templates/index.html')"), ("templates/index.html", "x")];
        check_pass("app-folder", text, &files, text);
    }
}
