//! Whose a RUN is: the site's, or another project's in the same stage.

use super::blocker::ClientBlocker;
use crate::arrange::elements;
use crate::build::{Purpose, Stage, installed};
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, Project};
use crate::optimize::languages::node::words;
use crate::optimize::pass_input::{PassInput, refuse_if};
use crate::shell::ScriptUnit;
use crate::shell::program::{Kind, Program, State};
use crate::shell::{Invocation, Verb};
use crate::text::path;

/// Whose a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The site's.
    Client,
    /// Anything else's.
    Other,
    /// Nobody's: it changes the folder, or says something.
    Neutral,
}

/// A RUN that has to do with the site.
pub(super) struct SiteRun {
    /// Its index.
    pub(super) index: usize,
    /// The site's commands in it as words, as if they were written in the site's folder.
    pub(super) commands: Vec<Vec<String>>,
    /// By element: whose it is, and the folder that it works in. Empty where all of the RUN is the site's.
    pub(super) elements: Vec<(Owner, String)>,
    /// Folders of projects whose scripts lead to the site's.
    pub(super) through: Vec<String>,
}

/// The folder of the image where the project's manifest lands.
pub(super) fn place(input: &PassInput, stage: &Stage, project: &Project) -> Option<String> {
    let manifest = project.manifests.iter().find(|path| path.ends_with("package.json"))?;
    let transfers = input.build.transfers(stage).iter().filter(|transfer| transfer.from.is_none());
    let landed = transfers.flat_map(|transfer| installed::lands(input.build, stage, transfer, manifest));
    let mut folders: Vec<String> =
        landed.filter_map(|path| Some(path.strip_suffix("/package.json")?.to_owned())).collect();
    folders.sort();
    folders.dedup();
    let [folder] = &folders[..] else { return None };
    (!folder.is_empty() && !folder.starts_with("/?")).then(|| folder.clone())
}

/// The RUNs that have to do with the site.
pub(super) fn runs(
    input: &PassInput,
    stage: &Stage,
    project: &Project,
    folder: &str,
) -> Result<Vec<SiteRun>, ClientBlocker> {
    let build = input.build;
    let mut owned_runs = Vec::new();
    for (index, _) in build.instructions_of(stage, Keyword::Run) {
        let Some(code) = build.code(index).filter(|code| code.is_ordinary()) else { continue };
        let mut owned = SiteRun { index, commands: Vec::new(), elements: Vec::new(), through: Vec::new() };
        let (parts, divisible) = elements(code);
        let mut owners = Vec::new();
        for part in &parts {
            let mut all = Vec::new();
            let mut works = installed::workdir(build, stage, index);
            for invocation in &part.invocations {
                all.push(owner(input, (stage, index), invocation, (project, folder), &mut owned)?);
                works = installed::folder_of(build, (stage, index), invocation).unwrap_or(works);
            }
            owners.push((sum(&all)?, works));
        }
        let has = |owner| owners.iter().any(|(owner_of_run, _)| *owner_of_run == owner);
        match (has(Owner::Client), has(Owner::Other)) {
            (false, _) => continue,
            (true, false) => {}
            (true, true) if divisible && owned.through.is_empty() && is_apart(&parts, &owners) => {
                owned.elements = owners;
            }
            (true, true) => return Err(ClientBlocker::RunDoesMore),
        }
        owned_runs.push(owned);
    }
    Ok(owned_runs)
}

/// Whether elements can stand in two RUNs: they leave the shell as it was, and what is not the site's installs something.
fn is_apart(parts: &[ScriptUnit], owners: &[(Owner, String)]) -> bool {
    let state = |invocation: &Invocation| {
        let state = invocation.program.map_or(State::Any, |name| Program::of(name).state);
        !matches!(state, State::None | State::Folder | State::Options | State::Flow)
    };
    let installs = |invocation: &Invocation| invocation.package_call().is_some_and(|call| call.verb == Verb::Install);
    parts.iter().zip(owners).all(|(part, (owner, _))| {
        let all = &part.invocations;
        !all.is_empty() && !all.iter().any(state) && (*owner != Owner::Other || all.iter().all(installs))
    })
}

/// Whose several commands are that can't be told apart.
fn sum(all: &[Owner]) -> Result<Owner, ClientBlocker> {
    match (all.contains(&Owner::Client), all.contains(&Owner::Other)) {
        (true, true) => Err(ClientBlocker::CommandDoesMore),
        (true, false) => Ok(Owner::Client),
        (false, true) => Ok(Owner::Other),
        (false, false) => Ok(Owner::Neutral),
    }
}

/// Whose a command is; those of the site go to `owned`.
fn owner(
    input: &PassInput,
    (stage, index): (&Stage, usize),
    invocation: &Invocation,
    (project, folder): (&Project, &str),
    owned: &mut SiteRun,
) -> Result<Owner, ClientBlocker> {
    let neutral = invocation.program.is_some_and(|name| Program::of(name).is_neutral());
    if neutral && invocation.command.redirects.is_empty() {
        return Ok(Owner::Neutral);
    }
    let call = invocation.package_call();
    let node = call.as_ref().is_some_and(|call| {
        Ecosystem::of_manager(call.manager) == Some(Ecosystem::Node) && Purpose::of(invocation) != Purpose::Programs
    });
    let works = match &call {
        Some(call) if node => installed::folder(input.build, (stage, index), invocation, call),
        _ => installed::folder_of(input.build, (stage, index), invocation),
    };
    let Some(works) = works else { return Ok(Owner::Other) };
    let arguments = words::of(invocation);
    if works == folder {
        if call.is_some() && !node {
            return Ok(Owner::Other);
        }
        if call.as_ref().is_some_and(|call| call.verb == Verb::Install && !call.packages.is_empty()) {
            return Err(ClientBlocker::UnlistedPackages);
        }
        refuse_if(invocation.is("rm"), ClientBlocker::RemovesFiles)?;
        if call.as_ref().is_none_or(|call| call.verb != Verb::Clean) {
            owned.commands.push(at_home(&arguments));
        }
        return Ok(Owner::Client);
    }
    let names = arguments.iter().any(|word| word.trim_end_matches('/').ends_with(project.root.as_str()));
    if !node {
        let removes = invocation.is("rm") && names;
        return if removes { Err(ClientBlocker::RemovesFiles) } else { Ok(Owner::Other) };
    }
    let Some(script) = words::script(&arguments) else { return Ok(Owner::Other) };
    let mut reached = Vec::new();
    let known = follow(input, stage, &works, script, &mut reached, 0);
    let to_client = reached.iter().any(|(at, _)| at == folder);
    let all = reached.iter().all(|(at, arguments)| at == folder || Program::of(&arguments[0]).is_neutral());
    match (to_client, all && known) {
        (false, _) => Ok(Owner::Other),
        (true, false) => Err(ClientBlocker::ScriptDoesMore { script: script.to_string() }),
        (true, true) => {
            owned.commands.extend(reached.into_iter().filter(|(at, _)| at == folder).map(|(_, arguments)| arguments));
            owned.through.push(works);
            Ok(Owner::Client)
        }
    }
}

/// The Node project whose script a command runs.
pub(super) fn project_of<'a>(
    input: &PassInput<'a>,
    stage: &Stage,
    index: usize,
    invocation: &Invocation,
) -> Option<&'a Project> {
    let call = invocation.package_call()?;
    let works = installed::folder(input.build, (stage, index), invocation, &call)?;
    let nodes = input.projects_of(Ecosystem::Node);
    nodes.into_iter().find(|project| place(input, stage, project).as_deref() == Some(&works))
}

/// The commands that a script of the project in a folder of the image comes to, each with the folder that it works in.
/// Whether all of them are known.
fn follow(
    input: &PassInput,
    stage: &Stage,
    folder: &str,
    script: &str,
    reached: &mut Vec<(String, Vec<String>)>,
    depth: usize,
) -> bool {
    let nodes = input.projects_of(Ecosystem::Node);
    let owner_project = nodes
        .filter(|node| place(input, stage, node).as_deref() == Some(folder))
        .find(|node| node.script(script).is_some());
    let Some(project) = owner_project else { return false };
    if depth > words::DEEPEST {
        return false;
    }
    let mut known = true;
    let hooks = [format!("pre{script}"), script.to_owned(), format!("post{script}")];
    for text in hooks.iter().filter_map(|name| project.script(name)) {
        let mut current = folder.to_owned();
        for words in words::commands(text).into_iter().filter(|words| !words[0].is_empty()) {
            if matches!(words[0].as_str(), "cd" | "pushd") {
                current = words.get(1).map_or(current.clone(), |to| path::join(&current, to));
                continue;
            }
            let at = prefix(&words).map_or(current.clone(), |to| path::join(&current, to));
            let home = at_home(&words);
            let next =
                if at == folder && !words::elsewhere(&home) { words::script(words::program(&home)) } else { None };
            if let Some(next) = next {
                known &= follow(input, stage, folder, next, reached, depth + 1);
            } else {
                known &= !words::elsewhere(&home) && !words.iter().any(|word| word.contains('$'));
                reached.push((at, home));
            }
        }
    }
    known
}

/// The folders that a command of the container comes to work in; `None` where that is not known.
pub(super) fn working_folders(
    input: &PassInput,
    stage: &Stage,
    index: usize,
    invocation: &Invocation,
) -> Option<Vec<String>> {
    let folder = installed::folder_of(input.build, (stage, index), invocation)?;
    let words = words::of(invocation);
    let at = prefix(&words).map_or(folder.clone(), |to| path::join(&folder, to));
    let home = at_home(&words);
    let words = words::program(&home);
    let several =
        |words: &[String]| words.first().is_some_and(|first| Program::of(words::name(first)).is(Kind::Several));
    if several(words) || words::elsewhere(words) {
        return None;
    }
    let mut folders = vec![at.clone()];
    if let Some(script) = words::script(words) {
        let mut reached = Vec::new();
        // `npm start` without such a script runs `node server.js`; a program of a package works where it is started.
        follow(input, stage, &at, script, &mut reached, 0);
        if reached.iter().any(|(_, words)| several(words::program(words))) {
            return None;
        }
        folders.extend(reached.into_iter().map(|(at, _)| at));
    }
    Some(folders)
}

/// The folder that an option of a package manager names.
fn prefix(words: &[String]) -> Option<&str> {
    let at = folder_option(words)?;
    let (_, value) = words[at].split_once('=').unwrap_or(("", words.get(at + 1).map_or("", String::as_str)));
    Some(value).filter(|value| !value.is_empty())
}

/// Where an option stands that names the folder to work in.
fn folder_option(words: &[String]) -> Option<usize> {
    let options: &[&str] = match words.first().map(|first| words::name(first)) {
        Some("npm") => &["--prefix", "-C"],
        Some("pnpm") => &["-C", "--dir"],
        Some("yarn" | "bun") => &["--cwd"],
        _ => return None,
    };
    let is_option = |word: &String| options.contains(&word.split_once('=').map_or(word.as_str(), |(name, _)| name));
    words.iter().take_while(|word| *word != "--").position(is_option)
}

/// A command as it would be written in the folder that an option of it names.
fn at_home(words: &[String]) -> Vec<String> {
    let Some(at) = folder_option(words) else { return words.to_vec() };
    let width = if words[at].contains('=') { 1 } else { 2 };
    let (before, after) = (&words[..at], words.get(at + width..).unwrap_or_default());
    [before, after].concat()
}

/// Whether a command installs what the manifest in its folder names.
pub(super) fn is_install(words: &[String]) -> bool {
    let manager = words.first().map_or("", |first| words::name(first));
    let verb = words.iter().skip(1).find(|word| !word.starts_with('-')).map(String::as_str);
    match manager {
        "npm" => matches!(verb, Some("install" | "i" | "ci" | "clean-install")),
        "pnpm" | "bun" => matches!(verb, Some("install" | "i")),
        "yarn" => matches!(verb, None | Some("install")),
        _ => false,
    }
}
