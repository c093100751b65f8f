//! What no pass may remove: the file that a container of any stage starts, stages that are built by name, and folders that
//! files are copied into.

use super::languages::node::words;
use crate::build::accounts::created_user;
use crate::build::{Build, Stage, Transfer, installed};
use crate::dockerfile::Keyword;
use crate::inputs::context::ContextEntryKind;
use crate::manifest::{FileKind, Project};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Script, Verb, Word, parse};
use crate::text::path;

/// Scripts of package.json that name each other that are followed.
const DEEPEST: usize = 4;

/// Why the build would be worse after a pass; `None` where nothing of this kind is lost.
pub(super) fn find_loss(before: &Build, after: &Build, projects: &[Project]) -> Option<String> {
    let built_by_name = before.stages().iter().filter(|stage| !before.is_needed(stage) && stage.name.is_some());
    for stage in built_by_name {
        let Some(same) = after.stages().iter().find(|stage_after| stage_after.name == stage.name) else {
            return Some(format!("stage `{}` would be lost, and a build may select it by name", stage.title()));
        };
        if after.instructions(same).next().is_none() && before.instructions(stage).next().is_some() {
            return Some(format!("stage `{}` would be empty", stage.title()));
        }
        if let Some(why) = lost_start((before, stage), (after, same), projects) {
            return Some(why);
        }
    }
    lost_start((before, before.target()?), (after, after.target()?), projects).or_else(|| lost_folder(before, after))
}

/// A folder that a COPY of one file names without a `/` at the end, and that nothing makes any more: it would be a file.
fn lost_folder(before: &Build, after: &Build) -> Option<String> {
    let was = copies(before);
    copies(after).into_iter().find_map(|(stage, copy)| {
        let folder = if puts_one_file(after, copy) { installed::destination(after, stage, copy) } else { None }?;
        let is_same = |(stage, other): &&(&Stage, &Transfer)| {
            other.sources.iter().map(|source| &source.text).eq(copy.sources.iter().map(|source| &source.text))
                && installed::destination(before, stage, other).as_ref() == Some(&folder)
        };
        let had = was.iter().filter(is_same).any(|(stage, other)| makes_folder(before, stage, other.index, &folder));
        (had && !makes_folder(after, stage, copy.index, &folder)).then(|| {
            format!("`{folder}` would be a file, because nothing makes the folder before a file is copied to it")
        })
    })
}

/// All COPYs and ADDs with their stages.
fn copies<'b, 'i>(build: &'b Build<'i>) -> Vec<(&'b Stage, &'b Transfer<'i>)> {
    let stages = build.stages().iter();
    stages.flat_map(|stage| build.transfers(stage).iter().map(move |copy| (stage, copy))).collect()
}

/// Whether a COPY brings one file of the context, to a path without a `/` at the end.
fn puts_one_file(build: &Build, copy: &Transfer) -> bool {
    let [source] = copy.sources.as_slice() else { return false };
    let (Some(source), Some(to), None) = (source.text.as_deref(), copy.destination.as_deref(), &copy.from) else {
        return false;
    };
    let context = build.input().context.as_deref();
    let entry = context.and_then(|all| Some(all.entry(all.find(source.trim_start_matches("./"))?)));
    !to.ends_with(['/', '.']) && entry.is_some_and(|entry| entry.kind == ContextEntryKind::File)
}

/// Whether a step of the stage before an instruction makes a folder.
fn makes_folder(build: &Build, stage: &Stage, at: usize, folder: &str) -> bool {
    build.chain(stage).any(|below| {
        let mut before = build.instructions(below).filter(|(index, _)| below.index != stage.index || *index < at);
        before.any(|(index, instruction)| match instruction.keyword {
            Keyword::Workdir => path::is_within(&installed::workdir(build, below, index + 1), folder),
            Keyword::Copy | Keyword::Add => build.transfer_at(below, index).is_some_and(|copy| {
                let to = installed::destination(build, below, copy);
                to.is_some_and(|to| path::is_within(&to, folder) && (to != folder || !puts_one_file(build, copy)))
            }),
            Keyword::Run => {
                let calls = build.code(index).map(|code| code.script.invocations()).unwrap_or_default();
                let makes = |call: &Invocation| {
                    matches!(call.program, Some("mkdir" | "install")) || created_user(call).is_some()
                };
                let text = build.input().file.source().slice(instruction.span);
                calls.iter().any(makes) && text.contains(path::name(folder))
            }
            _ => false,
        })
    })
}

/// The file that a container starts with, where it was in the image and is no more.
fn lost_start((before, was): (&Build, &Stage), (after, is): (&Build, &Stage), projects: &[Project]) -> Option<String> {
    let file = started_files(after, is, projects).into_iter().find(|file| {
        let had = holds(before, was, file);
        had && !holds(after, is, file)
    })?;
    Some(format!("the command starts `{file}`, which would be missing from the image"))
}

/// Absolute paths of files that the command of a stage names as its program or script.
fn started_files(build: &Build, stage: &Stage, projects: &[Project]) -> Vec<String> {
    let Some(launch) = build.launch(stage) else { return Vec::new() };
    let folder = build.workdir(stage, usize::MAX);
    let Some(folder) = folder.value() else { return Vec::new() };
    let mut stages = Vec::new();
    add_named_stages(launch.script(), projects, DEEPEST, &mut stages);
    stages.into_iter().map(|file| path::join(folder, &file)).collect()
}

fn add_named_stages(script: &Script, projects: &[Project], depth: usize, stages: &mut Vec<String>) {
    for invocation in script.invocations() {
        let all = words::of(&invocation);
        if let Some(name) = words::script(&all)
            && depth > 0
        {
            let scripts: Vec<&str> = projects.iter().filter_map(|project| project.script(name)).collect();
            if let [script] = scripts.as_slice() {
                add_named_stages(&parse(script), projects, depth - 1, stages);
            }
            continue;
        }
        stages.extend(file_of(&invocation, &all));
    }
}

/// The file of the project that an invocation starts: `node dist/main`, `python app.py`, `java -jar a.jar`, `./run`.
fn file_of(invocation: &Invocation, words: &[String]) -> Option<String> {
    let plain = |word: &Word| word.value().filter(|text| !text.contains(['*', '$'])).map(str::to_owned);
    if invocation.path.text().contains('/') && !FileKind::of(invocation.path.text()).is_shell() {
        return plain(invocation.path);
    }
    if invocation.program.is_some_and(|program| matches!(program, "node" | "nodejs")) {
        let at = words::run_by_node(&words[1..])?;
        return plain(invocation.args.get(at)?);
    }
    let is_program = |word: &&Word| {
        let kind = FileKind::of(word.text());
        !word.text().starts_with('-')
            && (kind.has_code()
                || kind.is_shell()
                || word.text().rsplit_once('.').is_some_and(|(_, ending)| ending == "jar"))
    };
    let interprets = invocation
        .program
        .map(Program::of)
        .is_some_and(|program| program.is(Kind::Interpreter) || program.is(Kind::Runtime) || program.is_shell());
    if interprets { invocation.args.iter().find(is_program).and_then(plain) } else { None }
}

/// Whether something of the file brings a path into a stage, as far as that can be told.
fn holds(build: &Build, stage: &Stage, file: &str) -> bool {
    let Some(context) = build.input().context.as_deref() else { return true };
    // Node.js starts `main.js` of `main`, and the index of a folder.
    let names = [file.to_owned(), format!("{file}.js"), path::child(file, "index.js")];
    if names.iter().any(|name| build.copied_file(context, stage, name).is_some()) {
        return true;
    }
    build.chain(stage).any(|below| {
        let brings = |transfer: &Transfer| {
            let Some(to) = transfer.destination.as_deref() else { return true };
            let folder = build.workdir(below, transfer.index);
            let Some(folder) = folder.value() else { return true };
            let remote = transfer.from.is_some()
                || transfer.sources.iter().any(|source| source.is_remote() || source.text.is_none());
            remote && path::is_within(file, &path::join(folder, to))
        };
        build.transfers(below).iter().any(brings)
            || build.instructions(below).any(|(index, _)| makes(build, below, index, file))
    })
}

/// Whether a RUN may make a file: it names it, or does more in its folder than to install packages.
fn makes(build: &Build, stage: &Stage, index: usize, file: &str) -> bool {
    let instruction = build.instruction(index);
    if instruction.keyword != Keyword::Run {
        return false;
    }
    let folder = build.workdir(stage, index);
    let Some(code) = build.code(index) else { return true };
    let text = build.input().file.source().slice(instruction.span);
    // `cp -r dist /srv/app` makes `/srv/app/main.js`.
    let above = std::iter::successors(Some(path::parent(file)), |above| Some(path::parent(above)));
    let named =
        text.contains(path::name(file)) || above.take_while(|above| *above != "/").any(|above| text.contains(above));
    let inside = folder.value().is_none_or(|folder| folder != "/" && path::is_within(file, folder));
    named
        || inside
            && code.script.invocations().iter().any(|invocation| match invocation.package_call() {
                Some(call) => !matches!(call.verb, Verb::Install | Verb::Remove),
                None => invocation.program.is_none_or(|program| !Program::of(program).keeps_to_arguments()),
            })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimize::Level;
    use crate::optimize::test_inputs::{optimize_to_level, project};

    fn check(dockerfile: &str, files: &[(&str, &str)], why: &str) {
        let done = optimize_to_level(dockerfile, files, Level::Hygiene);
        let refusals: Vec<_> =
            done.levels.iter().flat_map(|level| &level.refusals).map(|refusal| &refusal.why).collect();
        assert!(refusals.iter().any(|refusal| refusal.contains(why)), "{refusals:?}\n{}", done.result()[0].text());
    }

    #[test]
    fn folders_that_files_are_copied_to_stay_folders() {
        let files = [("a.txt", "a"), ("main.py", "")];
        let loss = |before: &str, after: &str| {
            let (before, _) = project(&format!("FROM python:3.13\n{before}COPY a.txt /app\n"), &files);
            let (after, _) = project(&format!("FROM python:3.13\n{after}COPY a.txt /app\n"), &files);
            find_loss(&Build::new(&before.builds[0]), &Build::new(&after.builds[0]), &[])
        };
        for step in ["RUN mkdir -p /app\n", "WORKDIR /app/x\n", "COPY main.py /app/\n", "RUN useradd -m -d /app web\n"]
        {
            assert!(loss(step, "").is_some_and(|why| why.starts_with("`/app` would be a file")), "{step}");
            assert_eq!(loss(step, "WORKDIR /app\n"), None, "{step}");
        }
        assert_eq!(loss("", ""), None);
        assert_eq!(loss("COPY main.py /app\n", ""), None);
    }

    #[test]
    fn the_file_that_is_started_stays_in_the_image() {
        let package = r#"{"name": "a", "scripts": {"build": "tsc"}, "dependencies": {"express": "4"}, "devDependencies": {"typescript": "5"}}"#;
        let files = [
            ("package.json", package),
            ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist"}}"#),
            ("src/index.ts", "import 'express'"),
        ];
        let head = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nRUN npm run build\n";
        for tail in [
            "CMD [\"node\", \"build/index.js\"]\n",
            "RUN cp dist/index.js /opt/run.js\nCMD [\"node\", \"/opt/run.js\"]\n",
            "RUN cp -r dist /srv/app\nCMD [\"node\", \"/srv/app/index.js\"]\n",
        ] {
            check(&format!("{head}{tail}"), &files, "which would be missing from the image");
        }
        let done = optimize_to_level(&format!("{head}CMD [\"node\", \"dist/index\"]\n"), &files, Level::Stages);
        assert!(done.result()[0].text().contains("COPY --from=build /app/dist ./dist"), "{}", done.result()[0].text());
    }
}
