//! Where the image of a service has the packages that it installs (`data/package_folders.tsv`).

use super::program::words;
use crate::build::installed::{self, folder_of, workdir};
use crate::build::{Build, Stage, Transfer};
use crate::compose::project::ComposeValue;
use crate::data;
use crate::dockerfile::Keyword;
use crate::inputs::BuildInput;
use crate::manifest::FileKind;
use crate::shell::{Invocation, Manager, Script, Word, from_exec};
use crate::text::{Span, path};

/// The folders of the final image that steps install a project's packages into, or copy them to.
pub(super) fn package_folders(input: &BuildInput) -> Vec<String> {
    let build = Build::new(input);
    let Some(target) = build.target() else { return Vec::new() };
    let mut folders = Vec::new();
    for stage in build.chain(target) {
        folders.extend(build.transfers(stage).iter().filter_map(|transfer| copied(&build, stage, transfer)));
        let runs = build.instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Run);
        for (index, _) in runs {
            let Some(code) = build.code(index) else { continue };
            for invocation in code.script.invocations() {
                let name = folder_name(&invocation);
                folders.extend(
                    name.zip(project_folder(&build, (stage, index), &invocation))
                        .map(|(name, folder)| path::join(&folder, name)),
                );
            }
        }
    }
    folders.retain(|folder| !folder.contains('?'));
    folders.sort();
    folders.dedup();
    folders
}

/// The folder of the project that a command works on. Package managers go up to the nearest folder with a manifest: npm installs
/// into `/node_modules` where only `/package.json` is there.
fn project_folder(build: &Build, (stage, at): (&Stage, usize), invocation: &Invocation) -> Option<String> {
    let folder = folder_of(build, (stage, at), invocation)?;
    let manager = invocation.package_call().map(|call| call.manager);
    let Some(manager) = manager.filter(|manager| !matches!(manager, Manager::Composer | Manager::Pip)) else {
        return Some(folder);
    };
    let has_manifest = |above: &&str| {
        let stages = build.chain(stage);
        let transfers = stages.flat_map(|below| build.transfers(below).iter().map(move |transfer| (below, transfer)));
        transfers
            .filter(|(below, transfer)| below.index != stage.index || transfer.index < at)
            .any(|(below, transfer)| brings_manifest(build, below, transfer, (manager, above)))
    };
    let above = std::iter::successors(Some(folder.as_str()), |above| {
        if *above == "/" { None } else { Some(Some(path::parent(above)).filter(|up| !up.is_empty()).unwrap_or("/")) }
    });
    let with_manifest = above.into_iter().find(has_manifest).map(str::to_owned);
    Some(with_manifest.unwrap_or(folder))
}

/// Whether a COPY may put the manifest of a package manager into a folder.
fn brings_manifest(build: &Build, stage: &Stage, transfer: &Transfer, (manager, folder): (Manager, &str)) -> bool {
    let Some(destination) = installed::destination(build, stage, transfer) else { return false };
    transfer.sources.iter().any(|source| {
        let text = source.text.as_deref().unwrap_or(".");
        let is_named = installed::is_manifest(manager, text) || path::name(text).contains(['*', '?', '[']);
        let is_folder = source.is_everything() || text.ends_with('/') || !path::name(text).contains('.');
        let places = [destination.as_str(), path::parent(&destination)];
        (is_named || is_folder)
            && places.iter().any(|place| place.trim_end_matches('/') == folder.trim_end_matches('/'))
    })
}

/// The name of the folder that a command installs into.
fn folder_name(invocation: &Invocation) -> Option<&'static str> {
    let program = invocation.program?;
    data::PACKAGE_FOLDERS.row(program).and_then(|row| {
        let has = |options: &'static str| {
            data::words(options).any(|option| invocation.args.iter().any(|word| word.is(option)))
        };
        let command = invocation.args.iter().map(Word::text).find(|word| !word.starts_with('-')).unwrap_or("-");
        (data::words(row[1]).any(|known| known == command) && !has(row[3])).then_some(row[2])
    })
}

/// The folder that another stage's packages are copied to.
fn copied(build: &Build, stage: &Stage, transfer: &Transfer) -> Option<String> {
    transfer.from.as_ref()?;
    let target = path::join(&workdir(build, stage, transfer.index), transfer.destination.as_deref()?);
    let is_folder = |name: &str| data::PACKAGE_FOLDERS.rows().any(|row| row[2] == name);
    let mut names =
        transfer.sources.iter().filter_map(|source| Some(path::name(source.text.as_deref()?.trim_end_matches('/'))));
    (is_folder(path::name(&target)) && names.any(is_folder)).then_some(target)
}

/// Whether a service may install packages before it starts: by its command, or by a script.
pub(super) fn may_install(service: &ComposeValue, image: Option<&BuildInput>) -> bool {
    let entrypoint = words(service, "entrypoint");
    let command = entrypoint.iter().copied().chain(words(service, "command")).map(|word| (word, Span::at(0)));
    if installs(&from_exec(&command.collect::<Vec<_>>())) {
        return true;
    }
    // A written entry point leaves nothing of the image's.
    let (Some(input), true) = (image, entrypoint.is_empty()) else { return false };
    let build = Build::new(input);
    let launch = build.target().and_then(|target| build.launch(target));
    launch.is_some_and(|launch| installs(launch.script()))
}

fn installs(script: &Script) -> bool {
    let is_script = |word: &Word| FileKind::of(word.text()).is_shell() || word.text().contains("entrypoint");
    script.invocations().iter().any(|invocation| {
        let mut words = std::iter::once(invocation.path).chain(invocation.args);
        folder_name(invocation).is_some() || words.any(is_script)
    })
}
