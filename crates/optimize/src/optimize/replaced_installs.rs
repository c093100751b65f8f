//! Pass `replaced-installs`: removes an install of Node packages below which a COPY brings the whole `node_modules` of another
//! stage to the same place. It would leave a layer that nobody sees.

use crate::build::{Purpose, Run, Stage, StageBase, Transfer, installed};
use crate::dockerfile::Keyword;
use crate::manifest::{INSTALL_SCRIPTS, Project};
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::shell::{Invocation, Manager, Verb};
use crate::text::path;

/// What an install writes.
struct InstalledFolder<'a> {
    project: &'a Project,
    /// The absolute path of its `node_modules`.
    modules: String,
    /// The command as people say it.
    command: String,
}

pub(super) fn run(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    for stage in build.needed_stages() {
        for run in build.own_runs(stage) {
            let Some(folder) = installed_folder(input, &run) else { continue };
            let Some(copy) = replacing_copy(input, stage, run.index, &folder) else { continue };
            let line = copy.instruction.start_line;
            output.step(
                format!("removes `{}`, whose packages a COPY replaces", folder.command),
                format!(
                    "line {line} copies a whole `node_modules` to the same place, and no step between them uses it"
                ),
                vec![input.edit(input.instruction_span(run.index), "")],
            );
        }
    }
}

/// What a RUN writes that does nothing but install what a lock file lists.
fn installed_folder<'a>(input: &PassInput<'a>, run: &Run) -> Option<InstalledFolder<'a>> {
    let Run { build, stage, index, code, instruction } = *run;
    let is_plain = code.is_ordinary() && instruction.heredocs.is_empty();
    let invocations = run.invocations();
    let others = |invocation: &&Invocation| Purpose::of(invocation) != Purpose::Clean;
    let mut working = invocations.iter().filter(others);
    let (Some(install), None, true) = (working.next(), working.next(), is_plain) else { return None };
    let call = install.package_call()?;
    let is_exact = match call.manager {
        Manager::Npm => call.verb_text == "ci",
        Manager::Yarn | Manager::Pnpm => call.has(&["--frozen-lockfile"]),
        _ => false,
    };
    if !is_exact || call.verb != Verb::Install || !call.packages.is_empty() {
        return None;
    }
    let place = (stage, index);
    let project = input.build.input().projects.as_deref()?.iter().find(|project| {
        installed::of(build, place, install, &call).is_some_and(|known| known.project.root == project.root)
    })?;
    let alone = project.members.is_empty() && project.workspace.is_none();
    let has_scripts = INSTALL_SCRIPTS.iter().any(|name| project.script(name).is_some());
    let folder = installed::folder(build, place, install, &call)?;
    (alone && !has_scripts).then(|| InstalledFolder {
        project,
        modules: path::join(&folder, "node_modules"),
        command: call.title(),
    })
}

/// The COPY below an install that brings all packages of the same project from another stage, with nothing between them
/// that could use what was installed.
fn replacing_copy<'a>(
    input: &PassInput<'a>,
    stage: &Stage,
    index: usize,
    folder: &InstalledFolder,
) -> Option<&'a Transfer<'a>> {
    let build = input.build;
    let brings = |copy: &&Transfer| {
        let (Some(StageBase::Stage(from)), [source]) = (&copy.from, copy.sources.as_slice()) else { return false };
        let Some(modules) =
            source.text.as_deref().and_then(|text| text.trim_end_matches('/').strip_suffix("/node_modules"))
        else {
            return false;
        };
        let manifest = path::join(&folder.project.root, "package.json");
        let is_same = build.stages().get(*from).is_some_and(|other| {
            installed::is_at(build, (other, other.instructions.end.saturating_sub(1)), &manifest, modules)
        });
        let to = installed::destination(build, stage, copy);
        is_same && copy.exclude.is_empty() && to.as_deref() == Some(folder.modules.as_str())
    };
    let copy = build.transfers(stage).iter().filter(|copy| copy.index > index).find(brings)?;
    let mut between = build.instructions(stage).filter(|(at, _)| (index + 1..copy.index).contains(at));
    (!between.any(|(_, instruction)| instruction.keyword == Keyword::Run)).then_some(copy)
}

#[cfg(test)]
mod tests {
    use crate::optimize::Level;
    use crate::optimize::test_inputs::rewritten;

    #[test]
    fn an_install_that_a_copy_replaces_goes() {
        let package = r#"{"name": "a", "scripts": {"build": "next build"}, "dependencies": {"next": "14.2.33"}, "devDependencies": {"typescript": "5"}}"#;
        let lock = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"next": "14.2.33"}, "devDependencies": {"typescript": "5"}}, "node_modules/next": {"version": "14.2.33"}, "node_modules/typescript": {"version": "5.0.0", "dev": true}}}"#;
        let build = "FROM node:22 AS build\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n\n";
        let of = |steps: &str, package: &str| {
            let text = format!(
                "{build}FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\n{steps}CMD [\"npx\", \"next\", \"start\"]\n"
            );
            let files = [("package.json", package), ("package-lock.json", lock), ("pages/index.js", "")];
            rewritten(&text, &files, Level::Flags)
        };
        let next = "COPY --from=build /app/.next ./.next\n";
        let modules = "COPY --from=build /app/node_modules ./node_modules\n";
        let install = "RUN npm ci --omit=dev\n";
        let text = of(&format!("{install}{next}{modules}"), package);
        assert!(!text.contains("--omit=dev") && text.contains(modules), "{text}");
        let scripts = package.replace("\"build\"", "\"postinstall\": \"node a.js\", \"build\"");
        for (steps, package) in [
            (format!("{install}{next}"), package),
            (format!("{install}RUN node_modules/.bin/next telemetry disable\n{modules}"), package),
            (format!("{install}COPY --from=build /app/node_modules ./other\n"), package),
            (format!("{install}COPY --from=build /app/node_modules/next ./node_modules/next\n"), package),
            (format!("{install}{modules}"), &*scripts),
        ] {
            let text = of(&steps, package);
            assert!(text.contains("--omit=dev"), "{text}");
        }
    }
}
