//! Pass `node-start`: a container starts the program directly instead of npm, if the script does nothing else.

use super::words;
use crate::build::installed;
use crate::data;
use crate::dockerfile::{Arguments, Keyword};
use crate::manifest::{Project, Tool};
use crate::optimize::assumption::Support;
use crate::optimize::json_words::json_list;
use crate::optimize::languages::node::started_project::project;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::reached_sources::LazyReach;
use crate::shell::program::{Kind, Program};

/// Says what the script says.
pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    let Some(stage) = input.target() else { return };
    if !build.is_ordinary() || installed::changes_manifest(build, stage) {
        return;
    }
    let last_set = |keyword| {
        build.last(stage, keyword).filter(|(_, instruction)| instruction.arguments != Arguments::Json(Vec::new()))
    };
    let starts = (last_set(Keyword::Entrypoint), last_set(Keyword::Cmd));
    let ((None, Some((index, instruction))) | (Some((index, instruction)), None)) = starts else { return };
    if build.stage_of(index).map(|stage_of| stage_of.index) != Some(stage.index) {
        return;
    }
    let Some(code) = build.code(index).filter(|code| code.script.problems.is_empty()) else { return };
    let invocations = code.script.invocations();
    let [invocation] = invocations.as_slice() else { return };
    let plain = invocation.via.is_empty()
        && invocation.command.redirects.is_empty()
        && invocation.command.assignments.is_empty();
    let fixed =
        invocation.program.is_some() && invocation.args.iter().all(|word| word.value().is_some() && !word.is_pattern());
    if !plain || !fixed || code.script.commands.len() != 1 {
        return;
    }
    let called = words::of(invocation);
    let Some(project) = project(input, stage, index) else { return };
    let Some(words) = command(input, project, &called) else { return };
    let span = match &instruction.arguments {
        Arguments::Raw(word) => word.span,
        Arguments::Json(_) => instruction.rest.span,
        _ => return,
    };
    let edit = input.edit(span, json_list(&words));
    let what = format!("starts `{}` instead of `{}`", words.join(" "), called.join(" "));
    let manager = words::name(&called[0]);
    output.step(what, format!("the script does nothing else, and {manager} stays out of the container"), vec![edit]);
    if !stops_by_itself(input, &words) {
        // The kernel ends no first process that does not ask for the signal.
        let slow =
            format!("no source does: `docker stop` then waits its 10 s, where {manager} ended the program at once");
        output.assume("the program handles SIGTERM", Some((Support::Open, slow)));
    }
}

/// Whether a program ends on SIGTERM as the first process of a container: it is known to (`data/node_packages.tsv`), or a
/// source handles the signal.
fn stops_by_itself(input: &PassInput, words: &[String]) -> bool {
    let programs = words.iter().filter_map(|word| word.strip_prefix("node_modules/.bin/"));
    programs.map(words::package_of).any(|package| data::NODE_PACKAGES.has(package, "stops"))
        || LazyReach::new(input).shows("handles SIGTERM").is_some()
}

/// The words of the script that npm is told to run, with the program's path.
fn command(input: &PassInput, project: &Project, called: &[String]) -> Option<Vec<String>> {
    let name = words::script(called)?;
    if words::elsewhere(called) {
        return None;
    }
    let hooked = |hook: &str| project.script(&format!("{hook}{name}")).is_some();
    if !(!hooked("pre") && !hooked("post")) {
        return None;
    }
    let text = project.script(name)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || " ./_-=:@,".contains(c);
    let mut words: Vec<String> = text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    if !text.chars().all(plain) || reads_npm(input, project) {
        return None;
    }
    let at = called.iter().skip(1).position(|word| word == name)? + 2;
    // npm takes options for itself up to `--`; yarn and pnpm hand them on.
    let npm = words::name(&called[0]) == "npm";
    let mut rest = called[at..].iter();
    if npm && rest.clone().next().is_some_and(|word| word != "--")
        || called[1..at].iter().any(|word| word.starts_with('-'))
    {
        return None;
    }
    words.extend(rest.by_ref().filter(|word| *word != "--").cloned());
    if !words.iter().all(|word| word.chars().all(plain)) {
        return None;
    }
    if words.first().is_some_and(|first| first == "cross-env") {
        "env".clone_into(&mut words[0]);
    }
    let assigned = |word: &String| {
        word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && !name.contains(['-', '/', '.']))
    };
    if words.first().is_some_and(assigned) {
        words.insert(0, "env".to_owned());
    }
    let first = if words[0] == "env" { words.iter().skip(1).position(|word| !assigned(word))? + 1 } else { 0 };
    let program = words[first].clone();
    if program == "node" || program == "bun" && words::name(&called[0]) == "bun" {
        return Some(words);
    }
    let alone = project.members.is_empty() && project.workspace.is_none();
    let linked = project.install().is_none_or(|way| way.tool != Tool::YarnBerry);
    let package = words::package_of(&program);
    let ours = project.dependencies.iter().any(|dependency| dependency.name == package);
    let known = Program::of(&program);
    let starts = [Kind::Packages, Kind::Launcher, Kind::Several].into_iter().any(|kind| known.is(kind));
    if !alone || !linked || !ours || starts || data::NODE_PACKAGES.has(package, "spawns") {
        return None;
    }
    words[first] = format!("node_modules/.bin/{program}");
    Some(words)
}

/// Whether a source reads what npm tells its scripts.
fn reads_npm(input: &PassInput, project: &Project) -> bool {
    let prefix = project.root.as_str();
    let names = ["npm_package", "npm_config", "npm_lifecycle", "npm_execpath", "npm_node"];
    input.evidence.holding(&names).any(|(path, _)| path.starts_with(prefix) && path.strip_suffix(".json").is_none())
}
