//! The inputs of an install: files and folders of the context, and the option that excludes the project itself.

use super::reason::Reason;
use super::state::{InstallNeeds, Walk};
use crate::build::{StageBase, Transfer, installed};
use crate::manifest::{Ecosystem, Install, OpenReason, Project, Tool};
use crate::shell::{InputKind, Invocation, Manager, PackageCall, Verb};
use crate::text::path;

/// A key that identifies the call's project, whatever it needs.
pub(super) fn key(walk: &Walk, at: usize, invocation: &Invocation, call: &PackageCall) -> Option<String> {
    if is_pip(call) {
        return needs(walk, at, invocation, call).ok().flatten().map(|needs| needs.key);
    }
    let project = installed::of(walk.build, (walk.stage, at), invocation, call)?;
    Some(project_key(call, project.project))
}

fn project_key(call: &PackageCall, project: &Project) -> String {
    format!("{:?} {}", call.manager, project.root)
}

/// The inputs of the call. `None` if an install above did the same; the error says why they are unknown.
pub(super) fn needs<'i>(
    walk: &Walk<'_, 'i>,
    at: usize,
    invocation: &Invocation,
    call: &PackageCall,
) -> Result<Option<InstallNeeds<'i>>, Reason> {
    let place = (walk.stage, at);
    let folder = installed::folder(walk.build, place, invocation, call).ok_or(Reason::FolderUnknown)?;
    let mut needs = InstallNeeds {
        title: call.title(),
        key: String::new(),
        ways: Vec::new(),
        other_lock: None,
        files: Vec::new(),
        without_project: None,
        folder: folder.clone(),
    };
    if is_pip(call) {
        pip(walk, at, call, &mut needs)?;
    } else {
        let project = installed::of(walk.build, place, invocation, call);
        let project = project.ok_or_else(|| reason_without_manifest(walk, at, call))?;
        needs.key = project_key(call, project.project);
        if walk.is_done(&needs.key) {
            return Ok(None);
        }
        let way = project.install.or_else(|| project.project.install()).ok_or(Reason::InstallUnknown)?;
        needs.ways.push(way);
        // A manager reads no lock file of another one.
        needs.other_lock = if project.install.is_none() { way.lock.as_deref() } else { None };
        needs.without_project = without_project(project.project, call).map(|option| (call.span.end, option));
    }
    if walk.is_done(&needs.key) {
        return Ok(None);
    }
    for way in &needs.ways {
        if let Some(folder) = overwritten(walk, way) {
            return Err(Reason::Overwrites(folder));
        }
        let is_avoided = |reason: &OpenReason| {
            reason.avoided_by.is_some_and(|option| needs.without_project.is_some() || call.has(&[option]))
        };
        if let Some(reason) = way.open.iter().find(|reason| !is_avoided(reason)) {
            return Err(Reason::Manifest(reason.text.clone()));
        }
        if let Some(missing) = way.missing.first() {
            return Err(Reason::FileMissing { file: missing.clone(), manifest: way.manifest.clone() });
        }
    }
    Ok(Some(needs))
}

/// Why there is no manifest of the context: another stage brings it, or none is there.
fn reason_without_manifest(walk: &Walk, at: usize, call: &PackageCall) -> Reason {
    let transfers = walk.build.transfers(walk.stage);
    let brings = |transfer: &&Transfer| {
        let mut sources = transfer.sources.iter().filter_map(|source| source.text.as_deref());
        transfer.index < at && sources.any(|source| installed::is_manifest(call.manager, source))
    };
    let stage = transfers.iter().filter(brings).find_map(|transfer| match transfer.from {
        Some(StageBase::Stage(index)) => walk.build.stages().get(index),
        _ => None,
    });
    stage.map_or(Reason::ManifestMissing, |stage| Reason::ManifestOfStage(stage.title()))
}

impl InstallNeeds<'_> {
    /// The files in the usual order: the manifest, its lock file, the rest.
    pub(super) fn in_order(&self) -> Vec<&str> {
        let mut files: Vec<&str> = Vec::new();
        for way in &self.ways {
            let first = std::iter::once(&way.manifest).chain(&way.lock);
            for path in first.chain(&way.files) {
                if !files.contains(&path.as_str()) && self.other_lock != Some(path.as_str()) {
                    files.push(path);
                }
            }
        }
        files.extend(self.files.iter().map(String::as_str));
        files
    }
}

/// A folder of installed packages in the copies of sources.
fn overwritten(walk: &Walk, way: &Install) -> Option<String> {
    let name = match way.tool.ecosystem() {
        Ecosystem::Node => "node_modules",
        Ecosystem::Php => "vendor",
        // Archives of gems are in `vendor/cache`, which the install reads.
        Ecosystem::Ruby => "vendor/bundle",
        Ecosystem::Python if way.tool != Tool::Pip => ".venv",
        _ => return None,
    };
    let path = path::join(path::parent(&way.manifest), name);
    let whole = way.folders.iter().any(|folder| path.starts_with(folder.as_str()));
    if whole { None } else { walk.context.find(&path).map(|_| path) }
}

/// The inputs of a separate download before a build: `go mod download` before `go build`.
pub(super) fn download<'i>(
    walk: &Walk<'_, 'i>,
    at: usize,
    invocation: &Invocation,
    call: &PackageCall,
) -> Option<(InstallNeeds<'i>, &'static str)> {
    if call.manager != Manager::Go || call.verb != Verb::Build || call.verb_text != "build" {
        return None;
    }
    let place = (walk.stage, at);
    let folder = installed::folder(walk.build, place, invocation, call)?;
    let project = installed::of(walk.build, place, invocation, call)?;
    let way = project.project.installs.iter().find(|way| way.tool == Tool::Go)?;
    let key = project_key(call, project.project);
    let off = installed::is_set(walk.build, place, invocation, &["GOFLAGS"])
        || walk
            .build
            .run_variable(walk.stage, at, invocation, "GO111MODULE")
            .is_some_and(|value| value.text().is_none_or(|text| text == "off"));
    let closed = way.open.is_empty() && way.missing.is_empty() && way.folders.is_empty() && way.lock.is_some();
    let here = folder == installed::workdir(walk.build, walk.stage, at);
    if walk.is_done(&key) || off || !closed || !here || project.project.dependencies.is_empty() {
        return None;
    }
    let title = "go mod download".to_owned();
    Some((
        InstallNeeds {
            title,
            key,
            ways: vec![way],
            other_lock: None,
            files: Vec::new(),
            without_project: None,
            folder,
        },
        "go mod download",
    ))
}

fn is_pip(call: &PackageCall) -> bool {
    call.manager == Manager::Pip || (call.manager == Manager::Uv && call.verb_text.starts_with("pip"))
}

/// `pip install -r a -c b`.
fn pip<'i>(walk: &Walk<'_, 'i>, at: usize, call: &PackageCall, needs: &mut InstallNeeds<'i>) -> Result<(), Reason> {
    for input in &call.inputs {
        if input.path.dynamic {
            return Err(Reason::PathUnknown(input.path.text.to_owned()));
        }
        if input.path.text.contains("://") {
            continue;
        }
        let path = path::join(&needs.folder, input.path.text);
        match input.kind {
            InputKind::Requirements => {
                let mut ways = walk.projects().iter().flat_map(|project| &project.installs);
                let way = ways.find(|way| walk.landing(at, &way.manifest).is_some_and(|(_, to)| to == path));
                let way = way.ok_or_else(|| Reason::NotInContext(input.path.text.to_owned()))?;
                needs.key.push_str(&way.manifest);
                needs.ways.push(way);
            }
            InputKind::Constraints => {
                let brought = walk.build.brought_before(walk.context, walk.stage, at, &path);
                needs.files.extend(brought.map(|brought| brought.path));
            }
            _ => return Err(Reason::BuildsProject),
        }
    }
    needs.key = format!("pip {}", needs.key);
    Ok(())
}

/// The option that excludes the project itself from an install that would build it.
fn without_project(project: &Project, call: &PackageCall) -> Option<&'static str> {
    let (option, others): (_, &[&str]) = match call.manager {
        Manager::Uv if !project.members.is_empty() || project.workspace.is_some() => {
            ("--no-install-workspace", &["--no-install-workspace"])
        }
        Manager::Uv => ("--no-install-project", &["--no-install-project", "--no-install-workspace"]),
        // Its scripts and autoloader read the sources; the downloaded packages do not.
        Manager::Composer => ("--no-scripts --no-autoloader", &["--no-autoloader"]),
        Manager::Poetry => ("--no-root", &["--no-root", "--only-root", "--no-directory"]),
        Manager::Pdm => ("--no-self", &["--no-self"]),
        _ => return None,
    };
    let packaged = call.manager == Manager::Composer
        || project.is_package
        || !project.members.is_empty()
        || project.workspace.is_some();
    (packaged && !call.has(others)).then_some(option)
}
