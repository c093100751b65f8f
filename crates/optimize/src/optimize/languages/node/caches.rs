//! Pass `bundler-caches`: keeps the caches of bundlers in cache mounts.

use std::collections::BTreeSet;

use super::{next, words};
use crate::build::{Run, User, installed};
use crate::manifest::{Ecosystem, Project};
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::shell::{Invocation, Verb};
use crate::sources::comments::blank_comments;
use crate::text::path;

/// The first version of Next.js that bundles with Turbopack unless told otherwise.
const TURBOPACK: u32 = 16;

/// The first release whose builds keep what Turbopack compiled unless told otherwise (dist/server/config-shared.js: false in
/// 16.2.0, true in 16.3.0).
const TURBOPACK_KEEPS: (u32, u32) = (16, 3);

/// The setting of it.
const KEEPS: &str = "turbopackFileSystemCacheForBuild";

/// A bundler's folder of what it has compiled.
struct KeptCache<'a> {
    project: &'a Project,
    program: String,
    /// Absolute.
    folder: String,
}

/// Mounts for each RUN that bundles.
pub(in crate::optimize) fn mount(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    let (mut edits, mut programs) = (Vec::new(), BTreeSet::new());
    // What a container runs may belong to a user without rights, and the mount's folders to root.
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage) && !build.ships(stage)) {
        for run in build.own_runs(stage) {
            let Some(cache) = kept_cache(input, &run) else { continue };
            let meets = |at: &str| cache.folder.starts_with(at) || at.starts_with(&cache.folder);
            if input.file().mounts(run.instruction).iter().any(|mount| mount.target().is_some_and(meets)) {
                continue;
            }
            // Another project's build may work in a folder of the same name.
            let name = cache.project.name.as_deref().unwrap_or_default().trim_start_matches('@').replace('/', "-");
            let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            let id = if plain { format!(",id={name}-bundler") } else { String::new() };
            let mount = format!("--mount=type=cache,target={}{id},sharing=locked", cache.folder);
            edits.push(input.insert_mounts(run.instruction, &[mount]));
            programs.insert(format!("`{}`", cache.program));
        }
    }
    if !edits.is_empty() {
        let list = programs.into_iter().collect::<Vec<_>>().join(" and ");
        let why = "a source change rebuilds only what changed, and nothing reads the cache at run time";
        output.step(format!("keeps the cache of {list} in a cache mount"), why, edits);
    }
}

/// What a RUN that installs nothing keeps; `None` where that is nothing, or not known.
fn kept_cache<'a>(input: &PassInput<'a>, run: &Run) -> Option<KeptCache<'a>> {
    let Run { build, stage, index, instruction, code } = *run;
    let root = matches!(build.user_at(stage, index).value(), None | Some(User::Root | User::StepsDown));
    if !root || !code.is_ordinary() || code.is_exec() || !instruction.heredocs.is_empty() {
        return None;
    }
    let all = run.invocations();
    // An install replaces the folder that the mount lies in.
    let replaces = |invocation: &Invocation| match invocation.package_call() {
        Some(call) => matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Clean),
        None => matches!(invocation.program, Some("rm" | "mv" | "cp")),
    };
    if all.iter().any(replaces) {
        return None;
    }
    all.iter().find_map(|invocation| {
        let folder = installed::folder_of(build, (stage, index), invocation)?;
        let here = |project: &&Project| {
            let path = path::join(&project.root, "package.json");
            installed::is_at(build, (stage, index), &path, &folder)
        };
        let project = input.projects_of(Ecosystem::Node).find(here)?;
        let (program, below) = bundles(input, project, &words::of(invocation), 0)?;
        let folder = path::join(&folder, below);
        Some(KeptCache { project, program, folder })
    })
}

/// The bundler that a command comes to, and its folder below the project's.
fn bundles(input: &PassInput, project: &Project, words: &[String], depth: usize) -> Option<(String, &'static str)> {
    if depth > words::DEEPEST {
        return None;
    }
    let words = words::program(words);
    if let Some(name) = words::script(words)
        && !words::elsewhere(words)
    {
        let commands: Vec<_> = project.script(name).into_iter().flat_map(words::commands).collect();
        return commands.iter().find_map(|command| bundles(input, project, command, depth + 1));
    }
    let program = words::name(words.first()?);
    if words.get(1).is_none_or(|word| word != "build") {
        return None;
    }
    let folder = match program {
        "react-scripts" | "craco" | "react-app-rewired" | "vue-cli-service" => "node_modules/.cache",
        // What it fetched while it built lies beside that, and shall be fetched anew.
        "next" if next::output_folder(input, project).as_deref() == Some(".next") => {
            let has = |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
            match next::major(project) {
                _ if has(&["--webpack"]) => ".next/cache/webpack",
                _ if has(&["--turbopack", "--turbo"]) => return None,
                Some(major) if major >= TURBOPACK && keeps_turbopack(input, project) => ".next/cache/turbopack",
                Some(major) if major >= TURBOPACK => return None,
                _ => ".next/cache/webpack",
            }
        }
        "ng" => ".angular/cache",
        _ => return None,
    };
    Some((program.to_owned(), folder))
}

/// Whether a build keeps what Turbopack compiled: as the configuration says, else by the release.
fn keeps_turbopack(input: &PassInput, project: &Project) -> bool {
    let configuration = next::configuration(input, project);
    let setting = configuration.and_then(|(_, text)| {
        let text = blank_comments(text?);
        let (_, rest) = text.split_once(KEEPS)?;
        Some(rest.trim_start().strip_prefix(':').is_some_and(|value| value.trim_start().starts_with("true")))
    });
    setting.unwrap_or_else(|| next::release(project).is_some_and(|release| release >= TURBOPACK_KEEPS))
}
