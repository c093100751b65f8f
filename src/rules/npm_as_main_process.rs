//! See `rules/npm-as-main-process.md`.

use super::Context;
use super::file_server::serves_files;
use crate::build::{BaseImage, Build, Presence, Stage, StageBase};
use crate::data;
use crate::dockerfile::{Arguments, Instruction};
use crate::finding::{Finding, Findings};
use crate::manifest::{Ecosystem, Project};
use crate::shell::Invocation;
use crate::shell::program::{Kind, Program};
use crate::text::Span;

super::rule!("npm-as-main-process", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some(launch) = build.launch(stage).filter(|launch| launch.is_exec() && has_dash(build, stage)) else { return };
    let invocations = launch.script().invocations();
    let [invocation] = invocations.as_slice() else { return };
    let Some(script) = script(invocation) else {
        return;
    };
    if !invocation.via.is_empty() || build.input().options.run.has_init {
        return;
    }
    if script.split([':', '-', '_']).any(|part| data::NAME_WORDS.has(part, "brief-script")) {
        return;
    }
    let project = project(cx.projects().unwrap_or_default());
    let text = project.and_then(|project| resolve(project, script));
    // A server that only serves files loses nothing.
    if text.is_some_and(|text| serves_files(&text.split_whitespace().collect::<Vec<_>>())) {
        return;
    }
    let file = &build.input().file;
    let program = invocation.program.unwrap_or_default();
    let message = format!(
        "{program} runs as PID 1 and does not forward signals: the program is killed instead of being asked to stop"
    );
    let finding = cx.finding(launch.place(file, invocation.span), message).help(help(project, script, text));
    out.push(edited(launch.instruction, project, script, finding));
}

/// What to start instead.
fn help(project: Option<&Project>, script: &str, text: Option<&str>) -> String {
    let Some((project, text)) = project.zip(text) else {
        return "start the program directly, for example `[\"node\", \"server.js\"]`".to_owned();
    };
    let first = plain_words(text).and_then(|words| words.into_iter().find(|word| !word.contains('=')));
    let mut help = match program_words(project, text) {
        None if first.is_some_and(|first| compiles_first(Program::of(first))) => {
            format!("start what `{text}` starts directly, for example `[\"node\", \"dist/main.js\"]`")
        }
        Some(words) => format!("start the program directly, as the script does: `[{}]`", quoted(&words)),
        None => {
            format!("start the program of the script `{text}` directly: in exec form, or in a start script with `exec`")
        }
    };
    let before = format!("pre{script}");
    if project.script(&before).is_some() {
        help.push_str(&format!("; run `{before}` before it"));
    }
    help
}

/// Whether a program of a bundler is no server by itself: it compiles, and then starts or serves the result.
fn compiles_first(program: Program) -> bool {
    program.is(Kind::Bundler) && !program.is(Kind::Runtime)
}

/// The words of a script that needs no shell, with the path at which npm finds its program.
fn program_words(project: &Project, text: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = plain_words(text)?.into_iter().map(str::to_owned).collect();
    let at = words.iter().position(|word| !word.contains('='))?;
    let program = Program::of(&words[at]);
    let is_own = project.dependencies.iter().any(|dependency| *dependency.name == *words[at]);
    let is_system = program.is(Kind::Interpreter) || program.is(Kind::Shell);
    // They stay before the program, or compile it first and start it as a child (`nest start`).
    let parents = [Kind::Packages, Kind::Runner, Kind::Launcher, Kind::Several];
    let stays = parents.into_iter().any(|kind| program.is(kind)) || compiles_first(program);
    if !is_system && stays {
        return None;
    }
    if !words[at].contains('/') && (is_own || !is_system) {
        words[at] = format!("node_modules/.bin/{}", words[at]);
    }
    // Variables before it are passed to `env`, which the program replaces.
    if at > 0 {
        words.insert(0, "env".to_owned());
    }
    Some(words)
}

/// The words of a text that the shell would leave unchanged.
fn plain_words(text: &str) -> Option<Vec<&str>> {
    let plain = |c: char| c.is_ascii_alphanumeric() || " ./_-=:@,".contains(c);
    text.chars().all(plain).then(|| text.split(' ').filter(|word| !word.is_empty()).collect())
}

fn quoted<W: AsRef<str>>(words: &[W]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{}\"", word.as_ref())).collect();
    words.join(", ")
}

/// The script that npm, yarn or pnpm runs.
fn script<'s>(invocation: &Invocation<'s>) -> Option<&'s str> {
    if !matches!(invocation.program?, "npm" | "yarn" | "pnpm") {
        return None;
    }
    let words: Vec<&str> = invocation.args.iter().map(|word| word.value()).collect::<Option<_>>()?;
    match words.as_slice() {
        ["start", ..] => Some("start"),
        ["run" | "run-script", name, ..] if !name.starts_with('-') => Some(name),
        _ => None,
    }
}

/// Whether `sh` is Debian's, which stays the parent of the script's program; bash and busybox replace themselves with
/// it.
fn has_dash(build: &Build, stage: &Stage) -> bool {
    let StageBase::Image(reference) = build.root_base(stage) else { return false };
    BaseImage::of(reference).presence("bash") == Presence::Has
}

/// The project in the root of the context, if it is the only one.
fn project(projects: &[Project]) -> Option<&Project> {
    let mut node = projects.iter().filter(|project| project.ecosystem == Ecosystem::Node);
    let project = node.next().filter(|project| project.root.is_empty())?;
    node.next().is_none().then_some(project)
}

/// The command of a script, or of the script that it calls (`npm run serve`).
fn resolve<'p>(project: &'p Project, script: &str) -> Option<&'p str> {
    let mut text = project.script(script)?;
    for _ in 0..4 {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (["npm" | "yarn" | "pnpm", "run", next] | ["npm" | "yarn" | "pnpm", next @ "start"]) = words.as_slice()
        else {
            return Some(text);
        };
        text = project.script(next)?;
    }
    None
}

/// Adds a fix with the script's own command, if the context has one project and the command needs no shell.
fn edited(instruction: &Instruction, project: Option<&Project>, script: &str, finding: Finding) -> Finding {
    let Some(words) = project.and_then(|project| command(project, script)) else { return finding };
    let Arguments::Json(elements) = &instruction.arguments else { return finding };
    let (Some(first), Some(last)) = (elements.first(), elements.last()) else { return finding };
    let count = if elements.get(1).is_some_and(|word| &*word.value == "start") { 2 } else { 3 };
    if elements.len() != count {
        return finding;
    }
    let why = "npm's variables (`npm_package_…`) and programs in node_modules/.bin are no longer available";
    let span = Span::new(first.word.span.start, last.word.span.end);
    finding.unsafe_edit("start the program directly", why, span, quoted(&words))
}

fn command<'p>(project: &'p Project, script: &str) -> Option<Vec<&'p str>> {
    let is_around = |when: &str| project.script(&format!("{when}{script}")).is_some();
    if is_around("pre") || is_around("post") {
        return None;
    }
    plain_words(project.script(script)?).filter(|words| words.first() == Some(&"node"))
}
