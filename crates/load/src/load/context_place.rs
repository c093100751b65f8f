//! Which folder is a Dockerfile's build context. Nobody says it in a Dockerfile; its COPY lines tell.

use std::path::{Path, PathBuf};

use super::GatherRequest;
use super::disk::Disk;
use super::file::{display_path, folder_of};
use super::place_above::{NeededWorkspace, own_paths};
use super::recipes::NamedContext;
use super::source_folder::{above, source_folder};
use crate::build::{Build, installed};
use crate::cache::Likeness;
use crate::ignore::path_match;
use crate::manifest::FileKind;
use crate::shell::{InputKind, Invocation, LockUse, Manager, SeparatorKind, Verb, Word};
use crate::text::path;

/// Sources that are looked up to tell a context.
const SOURCES: usize = 200;

/// What makes a part of a path a pattern.
const WILDCARDS: [char; 5] = ['*', '?', '[', '\\', '\0'];

/// Folders of a package that its module's name may hold.
const PACKAGE_DEPTH: usize = 4;

/// Entries of a folder that are looked into for a manifest.
const SUBFOLDERS: usize = 1_000;

/// Where a Dockerfile is built.
#[derive(Clone, Debug, Default)]
pub(super) struct BuildPlace {
    /// The context's folder; `None` for a text without a place.
    pub root: Option<PathBuf>,
    /// What a reader should know about the choice.
    pub notice: Option<String>,
    /// Which other contexts files name for the Dockerfile: a clause.
    pub doubt: Option<String>,
}

/// Other contexts that a doubt names.
const NAMED: usize = 3;

impl BuildPlace {
    /// The context that recipes and pipelines name, where none of them names this one.
    pub(super) fn or_as_told(self, path: &Path, named: &[NamedContext], disk: &Disk) -> Self {
        let real = |folder: &Path| disk.real_path(folder);
        let root = self.root.as_deref().and_then(real);
        let agrees = |named_context: &NamedContext| named_context.folder.as_deref().and_then(real) == root;
        let named = counted(named);
        let Some(first) = named.first() else { return self };
        if named.iter().any(|named_context| agrees(named_context)) {
            return self;
        }
        // A folder that another step fills first can't be looked at.
        let Some(named_context) = named.iter().find(|named_context| named_context.folder.is_some()) else {
            let notice = format!(
                "{}: {} builds it with a build context that does not exist yet, so none was checked",
                display_path(path),
                first.by
            );
            return Self { notice: Some(notice), ..Self::default() };
        };
        let folder = named_context.folder.as_deref().map(display_path).unwrap_or_default();
        let notice = format!("{}: {}: the build context is `{folder}`", display_path(path), named_context.by);
        Self { root: named_context.folder.clone(), notice: Some(notice), doubt: None }
    }

    /// With a doubt where files name other contexts.
    pub(super) fn with_doubt(self, path: &Path, named: &[NamedContext], disk: &Disk) -> Self {
        let real = |folder: &Path| disk.real_path(folder);
        let Some(root) = self.root.as_deref().and_then(real) else { return self };
        let mut known = vec![root];
        let mut others = Vec::new();
        for context in counted(named) {
            let Some(folder) = &context.folder else { continue };
            if let Some(real) = real(folder).filter(|real| !known.contains(real)) {
                known.push(real);
                others.push(format!("{} names `{}`", context.by, display_path(folder)));
            }
        }
        let more = others.len().saturating_sub(NAMED);
        others.truncate(NAMED);
        others.extend((more > 0).then(|| format!("{more} more name others")));
        if others.is_empty() {
            return self;
        }
        let doubt = others.join(", ");
        let choice = self.notice.unwrap_or_else(|| {
            let root = self.root.as_deref().map(display_path).unwrap_or_default();
            format!("{}: the build context is `{root}`", display_path(path))
        });
        Self { root: self.root, notice: Some(format!("{choice}; but {doubt}")), doubt: Some(doubt) }
    }
}

/// The contexts that count: texts for people say nothing where other files build the Dockerfile.
fn counted(named: &[NamedContext]) -> Vec<&NamedContext> {
    let is_built = named.iter().any(|context| !context.is_for_people() && context.folder.is_some());
    named.iter().filter(|context| !is_built || !context.is_for_people()).collect()
}

/// The context of a Dockerfile: as given by `--file` with a path, else its own folder, else the nearest folder above (within
/// `root`) that has what the COPY lines name, or one of the Dockerfile's name there that has more of it.
pub(super) fn place(path: &Path, build: &Build, request: &GatherRequest, root: Option<&Path>) -> BuildPlace {
    let disk = &request.disk;
    if path.as_os_str().is_empty() {
        return BuildPlace::default();
    }
    if let (Some(_), Some(root)) = (&request.file, root) {
        return BuildPlace { root: Some(root.to_owned()), ..BuildPlace::default() };
    }
    let dockerfile_folder = folder_of(path);
    let needs = ContextNeeds::of(build, dockerfile_folder, request, root);
    let is_missing = |folder: &Path| needs.missing_in(folder, disk);
    // The builder reads .dockerignore in the context's folder only.
    let is_marked = disk.is_file(&dockerfile_folder.join(".dockerignore"))
        && needs.copied.iter().all(|source| has_path(dockerfile_folder, source, disk));
    let least = if is_marked { 0 } else { is_missing(dockerfile_folder) };
    let mut best = (least, dockerfile_folder.to_owned());
    if least > 0 {
        for folder in above(dockerfile_folder, root, disk) {
            let count = is_missing(&folder);
            if count < best.0 {
                best = (count, folder);
            }
        }
    }
    if best.0 > 0 {
        for folder in namesakes(path, root, disk) {
            let count = is_missing(&folder);
            if count < best.0 {
                best = (count, folder);
            }
        }
    }
    let (count, mut chosen) = best;
    // A folder that holds a Dockerfile and no program is for one that lies elsewhere.
    if request.needs.context()
        && !is_marked
        && let Some(folder) = source_folder(dockerfile_folder, build, root, disk)
        && is_missing(&folder) <= count
    {
        chosen = folder;
    }
    let notice = (chosen != dockerfile_folder).then(|| notice(path, &chosen));
    BuildPlace { root: Some(chosen), notice, doubt: None }
}

/// What a build has to find in its context.
#[derive(Debug, Default)]
struct ContextNeeds {
    /// The paths that COPY and ADD name.
    copied: Vec<String>,
    /// Those that its commands use.
    used: Vec<String>,
    /// The manifests of which one is there.
    manifests: Vec<&'static str>,
    /// For each frozen install the lock files of which one is there.
    locks: Vec<&'static [&'static str]>,
    workspace: NeededWorkspace,
    /// The paths of the Dockerfile's own folder that its commands go to.
    entered: Vec<String>,
    /// Whether the Dockerfile's own folder has code.
    has_code: bool,
}

impl ContextNeeds {
    /// What a build wants. Folders are opened only where the context will be: `lint` looks at names that COPY gives, no further.
    fn of(build: &Build, dockerfile_folder: &Path, request: &GatherRequest, root: Option<&Path>) -> Self {
        let copied = copied_paths(build);
        if !request.needs.context() {
            return Self { copied, ..Self::default() };
        }
        let (mut manifests, locks) = (manifests(build), lock_files(build));
        // A folder with code of its own is its own context, and makes or fetches what it lacks.
        let has_code = (!manifests.is_empty() || !locks.is_empty()) && has_code(dockerfile_folder);
        if has_code {
            manifests.clear();
        }
        let mut used = program_paths(build);
        used.extend(files_of_package(build, dockerfile_folder, &request.disk));
        let entered = own_paths(build, dockerfile_folder, root, &request.disk);
        used.extend(entered.iter().cloned());
        Self { copied, used, manifests, locks, workspace: NeededWorkspace::of(build), entered, has_code }
    }

    /// How much of it a folder lacks.
    fn missing_in(&self, folder: &Path, disk: &Disk) -> usize {
        let without_manifest = usize::from(!self.manifests.is_empty() && !holds_any(folder, &self.manifests, disk));
        // A frozen install fails without its lock file, whatever else is there.
        let has_lock = |names: &[&'static str]| {
            let is_entered = || self.entered.iter().any(|path| disk.has_any(&folder.join(path), names));
            disk.has_any(folder, names) || is_entered() || !self.has_code && holds_any(folder, names, disk)
        };
        let without_lock = self.locks.iter().filter(|names| !has_lock(names)).count();
        let absent = self.copied.iter().chain(&self.used).filter(|path| !has_path(folder, path, disk)).count();
        absent + without_manifest + without_lock + self.workspace.missing_in(folder, disk)
    }
}

/// The folders with the name of a Dockerfile's folder, or of its own ending, beside those above it: `backend` of
/// `docker/backend/Dockerfile` and of `docker/Dockerfile.backend`.
fn namesakes(path: &Path, root: Option<&Path>, disk: &Disk) -> Vec<PathBuf> {
    let dockerfile_folder = folder_of(path);
    let text = |name: Option<&std::ffi::OsStr>| name.and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let file_name = text(path.file_name());
    let ending = file_name.strip_prefix("Dockerfile.").or_else(|| file_name.strip_suffix(".Dockerfile"));
    let names = [ending.map(str::to_owned), Some(text(dockerfile_folder.file_name()))];
    let names: Vec<String> = names.into_iter().flatten().filter(|name| !name.is_empty()).collect();
    let folders = above(dockerfile_folder, root, disk).into_iter().flat_map(|folder| {
        let below: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
        below
    });
    folders.filter(|folder| folder.as_path() != dockerfile_folder && disk.is_dir(folder)).collect()
}

fn notice(path: &Path, folder: &Path) -> String {
    let (path, folder) = (display_path(path), display_path(folder));
    format!("{path}: assuming the build context is `{folder}`, which contains the copied files")
}

/// The paths that COPY and ADD take from the context, those of patterns up to the first part with a wildcard. The builder knows
/// nothing above the context: `../web` is `web` there (BuildKit, `dockerfile2llb`: sources are cleaned as paths below `/`).
fn copied_paths(build: &Build) -> Vec<String> {
    let mut named = Vec::new();
    for stage in build.stages() {
        for transfer in build.transfers(stage).iter().filter(|transfer| transfer.from.is_none()) {
            for source in transfer.sources.iter().filter(|source| !source.is_remote() && !source.is_everything()) {
                let Some(text) = &source.text else { continue };
                let whole = path::normalize(&format!("/{text}"));
                let whole = whole.trim_start_matches('/');
                let wild = whole.find(WILDCARDS).unwrap_or(whole.len());
                let end = whole[wild..].find('/').map_or(whole.len(), |at| wild + at);
                named.push(whole[..end].to_owned());
            }
        }
    }
    named.retain(|path| !path.is_empty());
    named.sort();
    named.dedup();
    named.truncate(SOURCES);
    named
}

/// Whether a folder has a path, or a name that the pattern at its end matches.
fn has_path(folder: &Path, path: &str, disk: &Disk) -> bool {
    let (parent, name) = path::split(path);
    if !name.contains(WILDCARDS) {
        return disk.exists(&folder.join(path));
    }
    // A variable without a known value may have any.
    let pattern = name.replace('\0', "*");
    let is_match = |entry: std::fs::DirEntry| {
        entry.file_name().to_str().is_some_and(|known| path_match(&pattern, known) == Ok(true))
    };
    let entries = std::fs::read_dir(folder.join(parent)).into_iter().flatten().take(SUBFOLDERS);
    entries.filter_map(Result::ok).any(is_match)
}

/// The paths of programs that the RUNs of a context that is copied as a whole build: `go build ./cmd/api`.
fn program_paths(build: &Build) -> Vec<String> {
    let mut paths = Vec::new();
    if !build.needed_transfers().any(|(_, transfer)| transfer.is_of_whole_context()) {
        return paths;
    }
    for invocation in called(build) {
        let manager = invocation.package_call().map(|call| call.manager);
        if !matches!(manager, Some(Manager::Go | Manager::Dotnet)) {
            continue;
        }
        for word in invocation.args.iter().filter_map(Word::value) {
            let plain = word.trim_start_matches("./");
            let is_path = plain.contains('/') || plain.len() < word.len();
            if is_path
                && !plain.starts_with(['/', '-'])
                && !plain.contains("..")
                && !plain.contains(['*', '$', '=', '@'])
            {
                paths.push(plain.trim_end_matches('/').to_owned());
            }
        }
    }
    paths.retain(|path| !path.is_empty());
    paths.sort();
    paths.dedup();
    paths.truncate(SOURCES);
    paths
}

/// The path below which an image starts a module, where that ends with the Dockerfile's own folder, which is a package of a
/// folder above then: `worker` for `celery -A worker.tasks` of `worker/Dockerfile`, `services/worker` for
/// `python -m services.worker.main` of `services/worker/Dockerfile`.
fn package_path(build: &Build, folder: &Path, disk: &Disk) -> Option<String> {
    let launch = build.target().and_then(|stage| build.launch(stage))?;
    let script = launch.script();
    let invocations = script.invocations();
    let words: Vec<&str> =
        invocations.iter().flat_map(|invocation| invocation.args.iter().filter_map(Word::value)).collect();
    let mut package = String::new();
    for folder_above in folder.ancestors().take(PACKAGE_DEPTH) {
        let name = folder_above.file_name().and_then(|name| name.to_str())?;
        package = if package.is_empty() { name.to_owned() } else { path::child(name, &package) };
        let module = package.replace('/', ".");
        let is_module = |word: &&str| {
            let rest = word.strip_prefix(module.as_str()).and_then(|rest| rest.strip_prefix('.'));
            rest.is_some_and(|rest| !rest.is_empty() && !FileKind::of(rest).has_code())
        };
        if words.iter().any(is_module) {
            let is_own = disk.exists(&folder.join(name)) || disk.exists(&folder.join(format!("{name}.py")));
            return (!is_own).then_some(package);
        }
    }
    None
}

/// What a context that is copied as a whole must have where the folder of the Dockerfile is started as a package: that
/// folder, and the files that pip installs from.
fn files_of_package(build: &Build, folder: &Path, disk: &Disk) -> Vec<String> {
    let mut whole = build.needed_transfers().filter(|(_, transfer)| transfer.is_of_whole_context()).peekable();
    if whole.peek().is_none() {
        return Vec::new();
    }
    let Some(package) = package_path(build, folder, disk) else { return Vec::new() };
    // The copy may make the package itself: `COPY . /srv/worker`.
    let makes_package = whole.any(|(stage, transfer)| {
        installed::destination(build, stage, transfer).is_some_and(|place| place.ends_with(&format!("/{package}")))
    });
    let mut files: Vec<String> = if makes_package { Vec::new() } else { vec![package] };
    for call in called(build).filter_map(|invocation| invocation.package_call().map(|call| call.inputs)) {
        let named = call.iter().filter(|input| input.kind == InputKind::Requirements && !input.path.dynamic);
        // Below a folder, it depends on where the context is copied to.
        files.extend(named.map(|input| input.path.text.to_owned()).filter(|path| !path.contains('/')));
    }
    files.truncate(SOURCES);
    files
}

/// Every program that the RUNs of the target call.
fn called<'b>(build: &'b Build) -> impl Iterator<Item = Invocation<'b>> {
    build.needed_stages().flat_map(|stage| build.called(stage))
}

/// The manifests of which one should be in a context that is copied as a whole and then installed from or built; empty
/// where that tells nothing.
fn manifests(build: &Build) -> Vec<&'static str> {
    if !build.needed_transfers().any(|(_, transfer)| transfer.is_of_whole_context()) {
        return Vec::new();
    }
    let mut manifests = Vec::new();
    for invocation in called(build) {
        if let Some(call) = invocation.package_call().filter(|call| call.is_from_manifest() || call.verb == Verb::Build)
        {
            manifests.extend(manifests_of(call.manager));
        }
    }
    manifests.sort_unstable();
    manifests.dedup();
    manifests
}

const fn manifests_of(manager: Manager) -> &'static [&'static str] {
    match manager {
        Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun => &["package.json"],
        Manager::Uv | Manager::Poetry | Manager::Pdm => &["pyproject.toml"],
        Manager::Pipenv => &["Pipfile"],
        Manager::Go => &["go.mod", "go.work"],
        Manager::Cargo => &["Cargo.toml"],
        Manager::Maven => &["pom.xml"],
        Manager::Gradle => &["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"],
        Manager::Composer => &["composer.json"],
        Manager::Bundle => &["Gemfile", "gems.rb"],
        _ => &[],
    }
}

/// The lock files, and the settings of a workspace, without which the commands of a build fail that copies its context as
/// a whole: for each command those of which one must be there.
fn lock_files(build: &Build) -> Vec<&'static [&'static str]> {
    if !build.needed_transfers().any(|(_, transfer)| transfer.is_of_whole_context()) {
        return Vec::new();
    }
    let mut files: Vec<&'static [&'static str]> = Vec::new();
    for invocation in called(build) {
        // Only a whole repository can be pruned.
        if invocation.program == Some("turbo") && invocation.args.first().is_some_and(|word| word.is("prune")) {
            files.push(&["turbo.json", "turbo.jsonc"]);
        }
        // Another command may do without it: `npm ci || npm install`.
        let after = invocation.command.place.after;
        if after.is_some_and(|separator| separator.kind == SeparatorKind::Or) {
            continue;
        }
        if let Some(call) = invocation.package_call().filter(|call| call.lock == Some(LockUse::Required)) {
            files.push(lock_files_of(call.manager));
        }
    }
    files.retain(|names| !names.is_empty());
    files.sort_unstable();
    files.dedup();
    files
}

const fn lock_files_of(manager: Manager) -> &'static [&'static str] {
    match manager {
        Manager::Npm => &["package-lock.json", "npm-shrinkwrap.json"],
        Manager::Yarn => &["yarn.lock"],
        Manager::Pnpm => &["pnpm-lock.yaml"],
        Manager::Bun => &["bun.lock", "bun.lockb"],
        Manager::Uv => &["uv.lock"],
        _ => &[],
    }
}

/// Whether a folder has code of a program; settings of tools that check or bundle it are none.
fn has_code(folder: &Path) -> bool {
    let is_code = |name: &std::ffi::OsStr| name.to_str().is_some_and(|name| Likeness::of_name(name).is_program());
    std::fs::read_dir(folder)
        .is_ok_and(|entries| entries.take(SUBFOLDERS).filter_map(Result::ok).any(|entry| is_code(&entry.file_name())))
}

/// Whether a folder, or one directly in it, holds one of these files.
fn holds_any(folder: &Path, names: &[&'static str], disk: &Disk) -> bool {
    disk.has_any(folder, names) || names.iter().any(|name| !disk.subfolders_with(folder, name).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_the_same_name_may_be_the_context() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["docker/backend", "backend", "docker/web", ".git"] {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        let names = |dockerfile: &str| namesakes(&root.join(dockerfile), None, &Disk::default());
        assert_eq!(names("docker/backend/Dockerfile.prod"), [root.join("backend")]);
        assert_eq!(names("docker/Dockerfile.backend"), [root.join("backend")]);
        assert_eq!(names("docker/backend.Dockerfile"), [root.join("backend")]);
        assert!(names("docker/web/Dockerfile").is_empty());
    }
}
