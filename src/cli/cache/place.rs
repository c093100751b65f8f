//! Where a build is in a git repository.

use std::path::Path;
use std::sync::Arc;

use crate::cache::{ContentId, Directory, FileNode, Node};
use crate::cli::output::CommandFailure;
use crate::inputs::Inputs;
use crate::load::folder_of;
use crate::load::git::{BuildPaths, ObjectId, Repository};

/// Permission bits of `.git/HEAD`.
const HEAD_MODE: u16 = 0o644;

/// A repository and where a build is in it.
pub(super) struct RepositoryPlace {
    /// The repository.
    pub(super) repository: Repository,
    /// The Dockerfile and the context, below its top.
    pub(super) paths: BuildPaths,
}

impl RepositoryPlace {
    /// Of a build that was read.
    ///
    /// # Errors
    /// It is in no repository with a work tree.
    pub(super) fn of(inputs: &Inputs, build: usize) -> Result<Self, CommandFailure> {
        let input = &inputs.builds[build];
        let name = inputs.source(input.dockerfile).name();
        let Some(root) = &input.context_root else {
            return Err(because(format!("`{name}` has no folder to use as the build context"), "pass its folder"));
        };
        let outside = |what: &str| because(format!("`{what}` is not in a git repository"), "run it in a clone");
        let repository = Repository::discover(Path::new(name))?.ok_or_else(|| outside(name))?;
        let Some(top) = repository.work_tree().and_then(|top| top.canonicalize().ok()) else {
            return Err(because(
                "the git repository has no work tree".to_owned(),
                "run it in a clone that is not bare",
            ));
        };
        let below = |path: &Path| below_top(&top, path);
        let file = Path::new(name);
        let parent = folder_of(file);
        let dockerfile = parent.canonicalize().ok().zip(file.file_name()).and_then(|(at, name)| below(&at.join(name)));
        let context = Path::new(root).canonicalize().ok().and_then(|root| below(&root));
        let dockerfile = dockerfile.ok_or_else(|| outside(name))?;
        let context = context.ok_or_else(|| {
            let what = format!("the build context `{root}` is not in the git repository of `{name}`");
            because(what, "pass a folder of the repository")
        })?;
        Ok(Self { repository, paths: BuildPaths { dockerfile, context } })
    }

    /// The path of another file below the top; `None` if it is not in the work tree.
    pub(super) fn path(&self, file: &Path) -> Option<String> {
        let top = self.repository.work_tree()?.canonicalize().ok()?;
        below_top(&top, &file.canonicalize().ok()?)
    }
}

fn below_top(top: &Path, path: &Path) -> Option<String> {
    let below = path.strip_prefix(top).ok()?.to_str()?;
    Some(if cfg!(windows) { below.replace('\\', "/") } else { below.to_owned() })
}

/// A context with the `.git` folder that the builder is sent along with it, unless .dockerignore leaves it out: each
/// commit changes it. Its contents stand for one file, the commit.
pub(super) fn with_git_folder(
    repository: &Repository,
    context: &str,
    root: Arc<Directory>,
    commit: ObjectId,
) -> Arc<Directory> {
    let is_sent = context.is_empty() && repository.work_tree().is_some_and(|top| top.join(".git").is_dir());
    if !is_sent {
        return root;
    }
    let head = FileNode::new(ContentId::of_bytes(commit.to_string().as_bytes()), HEAD_MODE);
    Arc::new(root.with(".git/HEAD", Some(Node::File(head))))
}

/// Submodules that are named.
const NAMED: usize = 5;

/// What a reader must know of submodules whose files the clone lacks; `None` if there are none.
pub(super) fn unread_submodules<'n>(names: impl Iterator<Item = &'n String>) -> Option<String> {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(NAMED);
    let list = names.get(..NAMED).unwrap_or(&names).join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| {
        format!(
            "files of submodules are not in this clone, so the answer is partial: {list}{more} counts as changed with its \
             commit; `git submodule update --init --recursive` fetches those of HEAD"
        )
    })
}

/// A failure with what to do.
pub(super) fn because(what: String, help: &str) -> CommandFailure {
    CommandFailure::Because { what, help: Some(help.to_owned()) }
}
