//! Files that frameworks write without a mention in the sources.

use super::root_reason::WriteEvidence;
use super::writes::Writes;
use crate::build::Stage;
use crate::data;
use crate::optimize::languages::node;
use crate::optimize::pass_input::PassInput;
use crate::shell::{Invocation, Script, Word, parse};
use crate::sources::patterns;
use crate::text::path;

/// Folders that frameworks write to without saying so in the sources.
pub(super) fn add(input: &PassInput, target: &Stage, folder: &str, writes: &mut Writes) {
    let commands = commands(input, target);
    let starts = |name: &str| {
        let mut all = commands.iter().flat_map(Script::invocations);
        all.any(|invocation| invocation.is(name) || invocation.args.iter().any(|word| word.is(name)))
    };
    for name in ["collectstatic", "compilemessages", "makemigrations"].into_iter().filter(|name| starts(name)) {
        writes.sources = true;
        writes.folders.insert(folder.to_owned());
        writes.evidence = Some(WriteEvidence::ManagePy { command: name.to_owned() });
    }
    for path in commands.iter().flat_map(Script::invocations).flat_map(|invocation| written_by(&invocation)) {
        let is_relative = path.strip_prefix('/').is_none();
        writes.sources |= is_relative;
        writes.folders.insert(path::join(folder, path::parent(&path)));
        writes.evidence = Some(WriteEvidence::Command { path });
    }
    if starts("beat") || starts("-B") {
        writes.sources = true;
        writes.folders.insert(folder.to_owned());
        writes.evidence = Some(WriteEvidence::CeleryBeat);
    }
    if input.depends_on("next") {
        next(input, target, folder, starts("start"), writes);
    }
    for cells in data::WRITTEN_FOLDERS.rows() {
        let &[package, folders, ..] = cells else { continue };
        if input.depends_on(package) {
            writes.whole.extend(data::words(folders).map(|below| path::join(folder, below)));
            writes.evidence = Some(WriteEvidence::Package { name: package.to_owned() });
        }
    }
    let folders = ["PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"].into_iter();
    writes.folders.extend(folders.filter_map(|name| input.build.known_value(target, name, usize::MAX)).take(1));
}

/// Next.js keeps a cache in the folder that it builds into, and pages that it makes anew.
fn next(input: &PassInput, target: &Stage, folder: &str, starts: bool, writes: &mut Writes) {
    let (renews, text) = (node::written_folders::renews_pages(input), input.source().text());
    let writes_cache = renews || !node::written_folders::takes_traced(input);
    let is_started = starts || text.contains(".next");
    if !writes_cache || !is_started {
        return;
    }
    let output = node::next::project(input).map(|project| node::next::output_folder(input, project));
    let Some(output) = output.unwrap_or_else(|| Some(".next".to_owned())) else {
        writes.evidence = Some(WriteEvidence::NextCache { folder: folder.to_owned() });
        writes.sources = true;
        writes.folders.insert(folder.to_owned());
        return;
    };
    writes.evidence = Some(WriteEvidence::NextCache { folder: output.clone() });
    let cache_folder = path::join(folder, &output);
    let copied = input.build.transfers(target).iter().any(|copy| {
        let base = input.build.workdir(target, copy.index).value().cloned().unwrap_or_default();
        copy.destination.as_deref().is_some_and(|to| path::join(&base, to) == cache_folder)
    });
    if copied {
        writes.whole.insert(cache_folder);
    } else if renews || node::written_folders::takes_traced(input) {
        writes.sources = true;
        writes.folders.insert(folder.to_owned());
    } else {
        writes.whole.insert(path::child(&cache_folder, "cache"));
    }
}

/// Files that options of servers name for logs and process numbers.
fn written_by(invocation: &Invocation) -> Vec<String> {
    let names_file = |text: &str| patterns::words("option with a written file").any(|option| option == text);
    let mut paths = Vec::new();
    for (at, word) in invocation.args.iter().enumerate() {
        let text = word.text();
        let joined = text.split_once('=').filter(|(name, _)| names_file(name)).map(|(_, value)| value);
        let next = || if names_file(text) { invocation.args.get(at + 1).map(Word::text) } else { None };
        let path = joined.or_else(next).filter(|path| !path.starts_with(['-', '$']) && !path.is_empty());
        paths.extend(path.filter(|path| !path.starts_with("/dev/") && !path.starts_with("/tmp/")).map(str::to_owned));
    }
    paths
}

/// What containers start: the command, the scripts that it reads, and what compose runs instead.
fn commands(input: &PassInput, target: &Stage) -> Vec<Script> {
    let scripts = input.start_texts(target).into_iter().map(|(_, text)| text);
    let services = input.services_of(target).flat_map(|service| service.entrypoint.iter().chain(&service.command));
    let launch = input.build.launch(target).map(|launch| launch.script().clone());
    launch.into_iter().chain(scripts.chain(services.map(String::as_str)).map(parse)).collect()
}
