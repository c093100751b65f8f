//! Whether the other steps of the stage leave a site's build alone, and it leaves them alone.

use super::blocker::ClientBlocker;
use super::owners::{self, is_install};
use super::site::{Client, mentions};
use crate::build::{Code, Purpose, Source, Stage, Transfer, installed};
use crate::dockerfile::Keyword;
use crate::optimize::languages::node::{output, words};
use crate::optimize::pass_input::{PassInput, refuse_if};
use crate::shell::program::Program;
use crate::shell::{Invocation, Manager, Verb};
use crate::text::path;

/// What a site's stage takes of a COPY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CopyShare {
    /// All of it.
    Whole,
    /// The site's folder.
    Folder,
    /// Nothing.
    Nothing,
}

/// An error where a step may prepare what the site is built from, or reads what only its own stage will have.
pub(super) fn check(input: &PassInput, stage: &Stage, client: &Client) -> Result<(), ClientBlocker> {
    let build = input.build;
    let last = client.last();
    for (index, instruction) in build.instructions(stage) {
        match instruction.keyword {
            Keyword::User | Keyword::Shell if index < last => return Err(ClientBlocker::OtherUserOrShell),
            Keyword::Copy | Keyword::Add if index < last => {
                let transfer = build.transfer_at(stage, index).ok_or(ClientBlocker::UnsupportedCopy)?;
                copied(input, stage, client, transfer)?;
            }
            Keyword::Run => run(input, stage, client, index)?,
            _ => {}
        }
    }
    Ok(())
}

/// What the site's stage takes of a COPY; an error where that is not known.
pub(super) fn copied(
    input: &PassInput,
    stage: &Stage,
    client: &Client,
    transfer: &Transfer,
) -> Result<CopyShare, ClientBlocker> {
    let unknown = || ClientBlocker::CopyMayServe;
    let root = client.project.root.as_str();
    let plain = transfer.from.is_none()
        && transfer.instruction.heredocs.is_empty()
        && transfer.exclude.is_empty()
        && !transfer.parents
        && transfer.sources.iter().all(|source| source.text.is_some() && !source.is_remote());
    let target = installed::destination(input.build, stage, transfer).ok_or_else(unknown)?;
    let above = client.folder.strip_suffix(root).unwrap_or("/");
    refuse_if(!plain || !path::is_within(&target, above), unknown())?;
    if transfer.sources.iter().all(Source::is_everything) {
        let mut through = client.runs.iter().flat_map(|run| &run.through);
        let whole = client.whole
            || through.any(|folder| !brings_manifest(input, stage, client, folder))
            || transfer.sources.len() > 1
            || path::join(&target, root) != client.folder;
        return Ok(if whole { CopyShare::Whole } else { CopyShare::Folder });
    }
    let lands =
        |path: &String| installed::lands(input.build, stage, transfer, path).iter().any(|landed| client.holds(landed));
    let settings = |source: &Source| {
        let name = path::name(source.text.as_deref().unwrap_or_default());
        name.starts_with('.') && name.len() > 1 || name.contains('*') && !name.starts_with("package")
    };
    let leads = client.runs.iter().any(|run| run.through.contains(&target));
    match client.project.manifests.iter().any(lands) || client.holds(&target) || leads {
        true => Ok(CopyShare::Whole),
        false if transfer.sources.iter().any(settings) => Err(unknown()),
        false => Ok(CopyShare::Nothing),
    }
}

/// Whether a COPY of its own brings the manifest of a folder, whose scripts lead to the site's.
fn brings_manifest(input: &PassInput, stage: &Stage, client: &Client, folder: &str) -> bool {
    let before = input.build.transfers(stage).iter().filter(|transfer| transfer.index < client.last());
    before.filter(|transfer| transfer.from.is_none()).any(|transfer| {
        let is_to_folder = installed::destination(input.build, stage, transfer).as_deref() == Some(folder);
        let names = |source: &Source| source.text.as_deref().is_some_and(|path| path.contains("package"));
        is_to_folder && transfer.sources.iter().any(names)
    })
}

fn run(input: &PassInput, stage: &Stage, client: &Client, index: usize) -> Result<(), ClientBlocker> {
    let build = input.build;
    let name = client.name();
    let code = build.code(index).filter(|code| code.is_ordinary()).ok_or(ClientBlocker::UnsupportedRun)?;
    let text = input.source().slice(build.instruction(index).span);
    if let Some(run) = client.runs.iter().find(|run| run.index == index) {
        let divided = !run.elements.is_empty();
        let lines = text.lines().any(|line| line.trim_start().starts_with('#'));
        if text.contains("||") || divided && (lines || !build.instruction(index).heredocs.is_empty()) {
            return Err(ClientBlocker::InseparableCommands);
        }
        refuse_if(writes(code), ClientBlocker::RunWritesFile)?;
        return Ok(());
    }
    if index > client.last() {
        return check_later_run(input, stage, client, (index, code));
    }
    refuse_if(mentions(text, name) || writes(code), ClientBlocker::RunMayWriteSources)?;
    let first = client.runs.iter().find(|run| run.commands.iter().any(|words| !is_install(words)));
    let follows = first.is_some_and(|run| run.index < index);
    let mut parts = Vec::new();
    for invocation in code.script.invocations() {
        parts.extend(part(input, stage, (index, &invocation), client, follows)?);
    }
    refuse_if(parts.contains(&true) && parts.contains(&false), ClientBlocker::RunInstallsBoth)?;
    Ok(())
}

/// Whether a RUN writes a file by a redirect.
fn writes(code: &Code) -> bool {
    let redirects = code.script.commands.iter().flat_map(|command| &command.redirects);
    redirects
        .filter_map(|redirect| redirect.target.as_ref())
        .any(|word| !matches!(word.text(), "/dev/null" | "1" | "2"))
}

/// Whether the site's stage has a RUN too, which stands above its build: it installs programs for all.
pub(super) fn is_shared(input: &PassInput, index: usize) -> bool {
    let code = input.build.code(index).filter(|code| code.is_ordinary());
    code.is_some_and(|code| code.script.invocations().iter().any(prepares))
}

/// Whether a command installs programs for all, or sets them up.
fn prepares(invocation: &Invocation) -> bool {
    let system = invocation.package_call().is_some_and(|call| call.manager.is_system());
    system || matches!(Purpose::of(invocation), Purpose::Programs | Purpose::Configures)
}

/// `true` where a command serves the site too, `false` where it serves another project, `None` where it does nothing.
fn part(
    input: &PassInput,
    stage: &Stage,
    (index, invocation): (usize, &Invocation),
    client: &Client,
    follows: bool,
) -> Result<Option<bool>, ClientBlocker> {
    let may_prepare = || Err(ClientBlocker::RunMayPrepare);
    let Some(call) = invocation.package_call() else {
        let cleans = matches!(Purpose::of(invocation), Purpose::Lists | Purpose::Clean);
        let neutral = invocation.program.is_some_and(|name| Program::of(name).is_neutral());
        let idle = neutral && invocation.command.redirects.is_empty();
        return if cleans || idle { Ok(None) } else { may_prepare() };
    };
    if prepares(invocation) {
        return Ok(Some(true));
    }
    let install = call.verb == Verb::Install && (call.is_from_manifest() || call.manager == Manager::Pip);
    let words = words::of(invocation);
    match () {
        () if call.verb == Verb::Clean => Ok(None),
        () if install => Ok(Some(false)),
        // What another project's build writes must not come from the site, nor go to it.
        () if !follows
            && owners::project_of(input, stage, index, invocation).is_some_and(|project| {
                let out = output::output_of_commands(input, project, std::slice::from_ref(&words));
                let place = owners::place(input, stage, project).unwrap_or_default();
                let aside = out.paths.iter().all(|path| !client.holds(&path::join(&place, path)));
                out.open.is_none() && out.outer.is_empty() && !out.into_modules && aside
            }) =>
        {
            Ok(Some(false))
        }
        () => may_prepare(),
    }
}

/// A RUN below: what it names of the site's folder has to be of what the build writes.
fn check_later_run(
    input: &PassInput,
    stage: &Stage,
    client: &Client,
    (index, code): (usize, &Code),
) -> Result<(), ClientBlocker> {
    let reads = || Err(ClientBlocker::RunReadsFolder);
    let name = client.name();
    for invocation in code.script.invocations() {
        let works = installed::folder_of(input.build, (stage, index), &invocation)
            .ok_or(ClientBlocker::UnknownWorkingFolder)?;
        if client.holds(&works) {
            return reads();
        }
        let all = words::of(&invocation);
        let foreign = |word: &String| {
            let path = path::join(&works, word.trim_end_matches(['*', '.', '/']));
            let names = client.holds(&path) || mentions(word, name) || word == name;
            names && !client.writes(&path)
        };
        if !invocation.is("cd") && all.iter().any(foreign) {
            return reads();
        }
        let script = words::script(&all);
        let text = script
            .zip(owners::project_of(input, stage, index, &invocation))
            .and_then(|(script, project)| project.script(script));
        if text.is_some_and(|text| mentions(text, name)) {
            return reads();
        }
    }
    Ok(())
}
