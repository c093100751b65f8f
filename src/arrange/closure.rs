//! What an install reads: files and folders of the context, and how it is told to leave the project itself out.

use super::walk::Walk;
use crate::build::installed;
use crate::manifest::{Install, Project};
use crate::shell::{InputKind, Invocation, Manager, PackageCall};

/// What an install of dependencies reads.
#[derive(Clone, Debug)]
pub(super) struct Needs<'i> {
    /// The command, as people name it.
    pub(super) title: String,
    /// Tells installs of the same project apart from others.
    pub(super) key: String,
    /// Ways to install whose files it reads.
    pub(super) ways: Vec<&'i Install>,
    /// Further files.
    pub(super) files: Vec<String>,
    /// An option that leaves the project itself out, and the offset in the script where it goes; the call stays below,
    /// too.
    pub(super) without_project: Option<(u32, &'static str)>,
    /// The folder in which it works.
    pub(super) folder: String,
}

/// What the call needs. `None` where an install above did the same; the error says why it can't be known.
pub(super) fn needs<'i>(
    walk: &Walk<'_, 'i>,
    at: usize,
    invocation: &Invocation,
    call: &PackageCall,
) -> Result<Option<Needs<'i>>, String> {
    let place = (walk.stage, at);
    let folder = installed::folder(walk.build, place, invocation, call).ok_or("its folder is not known")?;
    let mut needs = Needs {
        title: call.title(),
        key: String::new(),
        ways: Vec::new(),
        files: Vec::new(),
        without_project: None,
        folder: folder.clone(),
    };
    if is_pip(call) {
        pip(walk, at, call, &mut needs)?;
    } else {
        let found = installed::of(walk.build, place, invocation, call)
            .ok_or("the build context has no manifest for it where it works")?;
        needs.key = format!("{:?} {}", call.manager, found.project.root);
        if walk.is_done(&needs.key) {
            return Ok(None);
        }
        let way = found.install.or_else(|| found.project.install()).ok_or("how it installs is not known")?;
        needs.ways.push(way);
        needs.without_project = without_project(found.project, call).map(|option| (call.span.end, option));
    }
    if walk.is_done(&needs.key) {
        return Ok(None);
    }
    for way in &needs.ways {
        if let Some(why) = way.open.first() {
            return Err(why.clone());
        }
        if let Some(missing) = way.missing.first() {
            return Err(format!("`{missing}` is named by `{}` and not in the build context", way.manifest));
        }
    }
    Ok(Some(needs))
}

impl Needs<'_> {
    /// The files in the order in which people name them: the manifest, its lock, the rest.
    pub(super) fn in_order(&self) -> Vec<&str> {
        let mut files: Vec<&str> = Vec::new();
        for way in &self.ways {
            let first = std::iter::once(&way.manifest).chain(&way.lock);
            for path in first.chain(&way.files) {
                if !files.contains(&path.as_str()) {
                    files.push(path);
                }
            }
        }
        files.extend(self.files.iter().map(String::as_str));
        files
    }
}

fn is_pip(call: &PackageCall) -> bool {
    call.manager == Manager::Pip || (call.manager == Manager::Uv && call.verb_text.starts_with("pip"))
}

/// `pip install -r a -c b`.
fn pip<'i>(walk: &Walk<'_, 'i>, at: usize, call: &PackageCall, needs: &mut Needs<'i>) -> Result<(), String> {
    for input in &call.inputs {
        if input.path.dynamic {
            return Err(format!("`{}` is known to the build alone", input.path.text));
        }
        if input.path.text.contains("://") {
            continue;
        }
        let path = installed::joined(&needs.folder, input.path.text);
        match input.kind {
            InputKind::Requirements => {
                let mut ways = walk.projects().iter().flat_map(|project| &project.installs);
                let way = ways.find(|way| walk.landing(at, &way.manifest).is_some_and(|(_, to)| to == path));
                let way = way.ok_or_else(|| format!("`{}` is no file of the build context", input.path.text))?;
                needs.key.push_str(&way.manifest);
                needs.ways.push(way);
            }
            InputKind::Constraints => {
                let brought = walk.build.brought_before(walk.context, walk.stage, at, &path);
                needs.files.extend(brought.map(|brought| brought.path));
            }
            _ => return Err("it builds the project from its sources".to_owned()),
        }
    }
    needs.key = format!("pip {}", needs.key);
    Ok(())
}

/// The option that leaves the project itself out of an install that would build it.
fn without_project(project: &Project, call: &PackageCall) -> Option<&'static str> {
    let (option, others): (_, &[&str]) = match call.manager {
        Manager::Uv if !project.members.is_empty() || project.workspace.is_some() => {
            ("--no-install-workspace", &["--no-install-workspace"])
        }
        Manager::Uv => ("--no-install-project", &["--no-install-project", "--no-install-workspace"]),
        Manager::Poetry => ("--no-root", &["--no-root", "--only-root", "--no-directory"]),
        Manager::Pdm => ("--no-self", &["--no-self"]),
        _ => return None,
    };
    let packaged = project.is_package || !project.members.is_empty() || project.workspace.is_some();
    (packaged && !call.has(others)).then_some(option)
}
