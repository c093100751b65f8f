//! The project that a container starts in, and the commands that its scripts come to.

use std::collections::BTreeSet;

use super::words;
use crate::build::{Stage, installed};
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, Project};
use crate::optimize::pass_input::PassInput;
use crate::shell::parse;
use crate::text::path;

/// The project in whose folder the container starts.
pub(in crate::optimize) fn project<'a>(input: &PassInput<'a>, stage: &Stage, index: usize) -> Option<&'a Project> {
    let build = input.build;
    let folder = installed::workdir(build, stage, index);
    let mut nodes = input.projects_of(Ecosystem::Node);
    let here = |project: &&Project| {
        let path = path::join(&project.root, "package.json");
        installed::is_at(build, (stage, index), &path, &folder)
    };
    if let Some(project) = nodes.clone().find(here) {
        return Some(project);
    }
    let only = nodes.next()?;
    nodes.next().is_none().then_some(only)
}

/// The commands that a command comes to, with those around a script that it calls. What follows a script's name is given
/// to the script's last command.
pub(in crate::optimize) fn commands(project: Option<&Project>, words: &[String]) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    follow(project, words, 0, &mut commands);
    commands
}

/// The programs of the container's command and of what compose runs instead, by their names.
pub(super) fn programs(input: &PassInput) -> BTreeSet<String> {
    let Some(target) = input.target() else { return BTreeSet::new() };
    let launch = input.build.launch(target).map(|launch| launch.script().clone());
    let services = input.evidence.services.iter().filter_map(|service| service.command.as_deref()).map(parse);
    let place = [Keyword::Cmd, Keyword::Entrypoint].into_iter().find_map(|keyword| input.build.last(target, keyword));
    let project = place.and_then(|(index, _)| project(input, target, index));
    let mut programs = BTreeSet::new();
    for script in launch.into_iter().chain(services) {
        let all = script
            .invocations()
            .iter()
            .flat_map(|invocation| commands(project, &words::of(invocation)))
            .collect::<Vec<_>>();
        programs.extend(all.iter().filter_map(|words| words.first()).map(|first| words::name(first).to_owned()));
    }
    programs
}

fn follow(project: Option<&Project>, words: &[String], depth: usize, commands: &mut Vec<Vec<String>>) {
    let words = words::program(words);
    let Some(name) = words::script(words) else { return commands.push(words.to_vec()) };
    if depth >= words::DEEPEST || words::elsewhere(words) {
        return commands.push(words.to_vec());
    }
    let at = words.iter().position(|word| word == name).unwrap_or(0);
    let Some(text) = project.and_then(|project| project.script(name)) else {
        // `yarn serve -s dist` runs the program.
        let npm = words::name(&words[0]) == "npm";
        return commands.push(if npm { words } else { &words[at..] }.to_vec());
    };
    let hook = |kind: &str| project.and_then(|project| project.script(&format!("{kind}{name}")));
    let mut hooked = words::commands(text);
    if let Some(last) = hooked.last_mut() {
        last.extend(words[at + 1..].iter().filter(|word| *word != "--").cloned());
    }
    let before = hook("pre").into_iter().flat_map(words::commands);
    let behind = hook("post").into_iter().flat_map(words::commands);
    for command in before.chain(hooked).chain(behind) {
        follow(project, &command, depth + 1, commands);
    }
}
