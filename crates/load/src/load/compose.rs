//! Compose and bake files on the way to inputs: the Dockerfiles inside of them, and what they say of builds elsewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::compose_input::ComposeFile;
use super::disk::Disk;
use super::file::{display_path, folder_of, join_path};
use super::recipes::NamedContext;
use crate::bake::{self, is_bake};
use crate::compose::Service;
use crate::inputs::{BuildOptions, ContextPlace, InputProblem, RunOptions};
use crate::text::{FileId, Source};

/// Remarks on one file.
const REMARKS: usize = 20;

/// Services that one notice names.
const NAMED: usize = 3;

/// How a file says that a Dockerfile is built.
#[derive(Clone, Debug)]
pub(super) struct BuildOrigin {
    /// The context's folder, where it lies in what was asked for.
    pub context: Option<PathBuf>,
    /// The stage to build.
    pub target: Option<String>,
    /// Arguments.
    pub args: Vec<(String, String)>,
    /// Other contexts by their names; folders as seen from the current folder.
    pub contexts: Vec<(String, String)>,
    /// How its container is run.
    pub run: RunOptions,
    /// The names of the services or targets that build it so.
    pub services: Vec<String>,
    /// That file, as the user would type it.
    pub recipe: String,
    /// Whether the Dockerfile stands in that file.
    pub inline: bool,
    /// What a reader should know.
    pub notice: Option<String>,
}

/// A build of a Dockerfile that stands elsewhere.
#[derive(Clone, Debug)]
pub(super) struct NamedBuild {
    /// The Dockerfile, links followed.
    pub real: PathBuf,
    /// The Dockerfile as the user would type it.
    pub path: PathBuf,
    /// How it is built.
    pub origin: BuildOrigin,
    /// Who says so.
    pub by: String,
    /// The files of a compose project that it is written in, by their numbers there.
    pub written_in: BTreeSet<FileId>,
}

impl NamedBuild {
    /// Its context.
    pub(super) fn context(&self) -> NamedContext {
        NamedContext { folder: self.origin.context.clone(), by: self.by.clone() }
    }
}

impl BuildOrigin {
    /// Whether the steps of two builds have the same keys: of the same context, stage, arguments and named contexts.
    pub(super) fn has_same_key(&self, other: &Self) -> bool {
        (&self.context, &self.target, &self.args, &self.contexts)
            == (&other.context, &other.target, &other.args, &other.contexts)
    }

    /// What the command line says counts more.
    pub(super) fn options(&self, options_of_request: &BuildOptions) -> BuildOptions {
        let mut options = options_of_request.clone();
        options.target = options.target.or_else(|| self.target.clone());
        options.build_args = self.args.iter().chain(&options_of_request.build_args).cloned().collect();
        options.run = self.run.clone();
        options.build_contexts = self.contexts.iter().chain(&options_of_request.build_contexts).cloned().collect();
        options
    }
}

/// What a compose file comes to.
#[derive(Debug, Default)]
pub(super) struct ComposeBuilds {
    /// The Dockerfiles inside, with how they are built.
    pub inline: Vec<(Source, BuildOrigin)>,
    /// The builds of other Dockerfiles; none when the file itself was asked for.
    pub named: Vec<NamedBuild>,
    /// What is wrong with it.
    pub problems: Vec<InputProblem>,
    /// What a reader should know.
    pub notices: Vec<String>,
    /// Why contexts were not checked, with the services that have them.
    unchecked_contexts: Vec<(String, Vec<String>)>,
}

impl ComposeBuilds {
    fn service(
        &mut self,
        source: &Source,
        (folder, top): (&Path, Option<&Path>),
        root: Option<&Path>,
        service: &Service,
        disk: &Disk,
    ) {
        let Service { name, target, args, inline, .. } = service;
        if inline.is_none() && root.is_none() {
            return;
        }
        let context = context(folder, top.or(root).unwrap_or(folder), service.context.as_deref(), disk);
        if let Err(why) = &context {
            match self.unchecked_contexts.iter_mut().find(|(known, _)| known == why) {
                Some((_, names)) => names.push(format!("`{name}`")),
                None => self.unchecked_contexts.push((why.clone(), vec![format!("`{name}`")])),
            }
        }
        let context = context.unwrap_or_default();
        let (target, args, contexts) = (target.clone(), args.clone(), named_contexts(folder, service));
        let (user, stop_signal, mounts) = (service.user.clone(), service.stop_signal.clone(), service.mounts.clone());
        let Service { has_init, has_rights, is_opened, is_on_demand, is_for_development, lacks_variables, .. } =
            *service;
        let checks = service.check.iter().cloned().collect();
        let commands = Some(service.command.clone()).filter(|words| !words.is_empty()).into_iter().collect();
        let run = RunOptions {
            user,
            stop_signal,
            has_init,
            has_rights,
            is_opened,
            is_on_demand,
            mounts,
            checks,
            is_for_development,
            commands,
            numbers: service.numbers.clone(),
            lacks_variables,
        };
        let services = vec![name.clone()];
        let recipe = source.name().to_owned();
        let inline_text = inline.is_some();
        let notice = None;
        let origin =
            BuildOrigin { context, target, args, contexts, run, services, recipe, inline: inline_text, notice };
        if let Some(inline) = inline {
            self.notices.extend(limits(service, inline));
            self.inline.push((inline.clone(), origin));
        } else if let (Some(context), Some(root)) = (&origin.context, root) {
            let path = join_path(context, Path::new(service.dockerfile.as_deref().unwrap_or("Dockerfile")));
            let real = if disk.is_file(&path) { disk.real_path(&path) } else { None };
            let real = real.filter(|real| disk.real_path(root).is_some_and(|root| real.starts_with(root)));
            let by = format!("{} (`{name}`)", source.name());
            let written_in = service.written_in.clone();
            self.named.extend(real.map(|real| NamedBuild { real, path, origin, by, written_in }));
        }
    }
}

impl ComposeBuilds {
    /// One notice for all services with the same context.
    fn notice_unchecked_contexts(&mut self, source: &Source) {
        for (why, mut names) in std::mem::take(&mut self.unchecked_contexts) {
            let more = names.len().saturating_sub(NAMED);
            names.truncate(NAMED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            self.notices.push(format!("{}: the context of {}{more} {why}", source.name(), names.join(", ")));
        }
    }
}

/// Looks into a compose or bake file. `root`: the folder that was asked for; `None` when the file itself was. `top`: the
/// project's folder, which contexts lie in, where it is another. `compose`: the project of a compose file.
pub(super) fn unfold(
    path: &Path,
    source: &Source,
    (root, top): (Option<&Path>, Option<&Path>),
    compose: Option<&ComposeFile>,
    disk: &Disk,
) -> ComposeBuilds {
    let mut unfolded = ComposeBuilds::default();
    let problem = |place, message: String, help: &str| InputProblem {
        code: "compose-file",
        file: source.name().to_owned(),
        place,
        fatal: root.is_none(),
        message,
        help: Some(help.to_owned()),
    };
    let folder = folder_of(path);
    // What Compose refuses is told with the project.
    let (builds, folder) = match compose {
        Some(file) => (file.builds.clone(), file.folder.as_path()),
        None => (bake::read(source), folder),
    };
    for name in builds.unknown {
        let line = source.line(name.span.start);
        unfolded.notices.push(format!("{}:{line}: {}", source.name(), name.message));
    }
    for build_problem in builds.problems {
        let place = Some(source.line_column(build_problem.span.start));
        unfolded.problems.push(problem(place, build_problem.message, "the readable parts were checked"));
    }
    for service in &builds.services {
        unfolded.service(source, (folder, top), root, service, disk);
    }
    unfolded.notice_unchecked_contexts(source);
    unfolded.problems.truncate(REMARKS);
    let more = unfolded.notices.len().saturating_sub(REMARKS);
    unfolded.notices.truncate(REMARKS);
    unfolded.notices.extend((more > 0).then(|| format!("{}: {more} more notices are not shown", source.name())));
    if root.is_none() && unfolded.inline.is_empty() && unfolded.problems.is_empty() && is_bake(source.name()) {
        let what =
            "contains no Dockerfile; run `dockopt audit` on its folder to check the Dockerfiles that it refers to";
        unfolded.notices.push(format!("{} {what}", source.name()));
    }
    unfolded
}

/// What is not looked at, and not fixed, of a Dockerfile.
fn limits(service: &Service, inline: &Source) -> Option<String> {
    let embedding = inline.embedding()?;
    let (file, name) = (inline.name(), &service.name);
    if embedding.indent.is_none() {
        let line = embedding.host.line(embedding.span.start);
        return Some(format!(
            "{file}:{line}: the lines of the Dockerfile of `{name}` differ from those of the file; findings show its first line, and are not fixed"
        ));
    }
    if !embedding.writable {
        return Some(format!(
            "{file}: the Dockerfile of `{name}` is checked, but not fixed; only Dockerfiles in compose files are fixed"
        ));
    }
    let lines: Vec<String> = embedding.open.iter().take(5).map(ToString::to_string).collect();
    let more = if embedding.open.len() > lines.len() { ", …" } else { "" };
    (!lines.is_empty()).then(|| {
        format!(
            "{file}: Compose replaces variables in the Dockerfile of `{name}` (line {}{more}; write `$$` for `$`), so those instructions were not checked, and nothing is fixed",
            lines.join(", ")
        )
    })
}

/// The named contexts of a service: folders as seen from the current folder, all else as written.
fn named_contexts(folder: &Path, service: &Service) -> Vec<(String, String)> {
    let place = |value: &String| match ContextPlace::of(value) {
        ContextPlace::Folder(path) => display_path(&join_path(folder, Path::new(path))),
        ContextPlace::Result(_) | ContextPlace::Elsewhere(_) => value.clone(),
    };
    service.contexts.iter().map(|(name, value)| (name.clone(), place(value))).collect()
}

/// The folder of a context; an error says why it is not looked at.
fn context(folder: &Path, root: &Path, written: Option<&str>, disk: &Disk) -> Result<Option<PathBuf>, String> {
    let written = written.unwrap_or(".");
    if written.contains('$') {
        return Err(format!("is `{written}`, whose value is unknown"));
    }
    if written.contains("://") || written.starts_with("git@") {
        return Ok(None);
    }
    let joined = join_path(folder, Path::new(written));
    match (disk.real_path(&joined), disk.real_path(root)) {
        (Some(target), Some(top)) if target.starts_with(&top) => Ok(Some(joined)),
        (Some(_), _) => Err(format!("(`{}`) is outside the given folder, and was not checked", display_path(&joined))),
        (None, _) => Err(format!("(`{}`) does not exist", display_path(&joined))),
    }
}
