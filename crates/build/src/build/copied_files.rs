//! Which file of the context is at a path of the image, as far as COPY and ADD show, and the files that a container
//! starts with.

use super::{Build, Stage, StageBase, Transfer, default_path};
use crate::inputs::context::{BuildContext, ContextEntryKind, EntryId};
use crate::manifest::FileKind;
use crate::shell::program::Program;
use crate::shell::{Invocation, Word};
use crate::text::{Span, path};

/// A file of the context in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedFile {
    /// In the context.
    pub entry: EntryId,
    /// Its path in the context.
    pub path: String,
    /// In the image.
    pub target: String,
    /// Index of the COPY or ADD that copies it.
    pub instruction: usize,
    /// Whether that copies only this file.
    pub alone: bool,
}

/// A file of the context that a container starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartFile {
    /// The file.
    pub file: CopiedFile,
    /// The span in the source that names it.
    pub span: Span,
    /// Whether the kernel starts it directly; otherwise a shell reads it (`sh start.sh`).
    pub directly: bool,
    /// Whether it is the container's first program.
    pub first: bool,
}

/// The maximum number of files; a container starts with one or two.
const MOST: usize = 8;

/// The maximum number of stages that a file is followed through.
const MOST_COPIES: usize = 4;

impl Build<'_> {
    /// The shell scripts of the context that a stage copies by their names or with a folder that it names, as somebody does
    /// who runs them in the container.
    pub fn scripts_copied_by_name(&self, stage: &Stage) -> Vec<String> {
        let Some(context) = self.input().context.as_deref() else { return Vec::new() };
        let is_named = |transfer: &&Transfer| {
            transfer.from.is_none() && !transfer.sources.iter().any(super::Source::is_everything)
        };
        let transfers = self.chain(stage).flat_map(|stage| self.transfers(stage)).filter(is_named);
        let selections = transfers.flat_map(|transfer| transfer.select(context)).flatten();
        let is_script = |id: &EntryId| {
            let entry = context.entry(*id);
            entry.kind == ContextEntryKind::File && FileKind::of(entry.name).is_shell()
        };
        let mut scripts: Vec<String> = selections
            .flat_map(|selection| selection.entries.iter().copied().filter(is_script).collect::<Vec<_>>())
            .map(|id| context.path(id))
            .collect();
        scripts.sort();
        scripts.dedup();
        scripts
    }

    /// The files of the context that a container of the stage starts with, in the order in which they are named.
    pub fn start_files(&self, stage: &Stage) -> Vec<StartFile> {
        let (Some(context), Some(launch)) = (self.input().context.as_deref(), self.launch(stage)) else {
            return Vec::new();
        };
        let mut started = Vec::new();
        // ENTRYPOINT may be a script that runs what CMD names.
        let outer = self.last(stage, crate::dockerfile::Keyword::Entrypoint).and_then(|(index, _)| self.code(index));
        let launch_script = launch.script();
        let before = outer.filter(|code| !std::ptr::eq(&raw const code.script, launch_script));
        let file = &self.input().file;
        for (script, code) in before.map(|code| (&code.script, Some(code))).into_iter().chain([(launch_script, None)]) {
            for (at, invocation) in script.invocations().iter().enumerate().take(MOST) {
                let Some((word, directly)) = script_word(invocation) else { continue };
                let span = code.map_or_else(|| launch.place(file, word.span), |code| code.place(file, word.span));
                let Some(copied_file) = word.value().and_then(|path| self.look_up(context, stage, path, directly))
                else {
                    continue;
                };
                let first = at == 0 && started.is_empty() && invocation.via.is_empty();
                if started.iter().all(|known: &StartFile| known.file != copied_file) {
                    started.push(StartFile { file: copied_file, span, directly, first });
                }
            }
        }
        started
    }

    /// The scripts of the context that the HEALTHCHECK of a stage is: it starts one of them and nothing else.
    pub fn check_files(&self, stage: &Stage) -> Vec<CopiedFile> {
        let check = self.last(stage, crate::dockerfile::Keyword::Healthcheck);
        let (Some(context), Some(code)) = (self.input().context.as_deref(), check.and_then(|(at, _)| self.code(at)))
        else {
            return Vec::new();
        };
        let invocations = code.script.innermost().invocations();
        // `|| exit 1` behind it changes nothing.
        let Some((first, rest)) = invocations.split_first() else { return Vec::new() };
        if !rest.iter().all(|invocation| invocation.is("exit")) || !first.via.is_empty() {
            return Vec::new();
        }
        let Some((word, directly)) = script_word(first) else { return Vec::new() };
        let path = word.value().and_then(|path| self.look_up(context, stage, path, directly));
        path.into_iter().collect()
    }

    /// A name without a slash is looked up in PATH; a shell that reads it searches the current folder first.
    fn look_up(&self, context: &BuildContext, stage: &Stage, path: &str, directly: bool) -> Option<CopiedFile> {
        if path.starts_with('/') {
            return self.copied_file(context, stage, path);
        }
        if path.contains('/') || !directly {
            let folder = self.workdir(stage, usize::MAX);
            let inside = folder.value().map(|folder| path::join(folder, path));
            let copied_file = inside.and_then(|inside| self.copied_file(context, stage, &inside));
            if copied_file.is_some() || path.contains('/') {
                return copied_file;
            }
        }
        default_path().find_map(|folder| self.copied_file(context, stage, &path::join(folder, path)))
    }

    /// The file of the context that the last COPY or ADD of the stage's chain puts at `path`, absolute and clean.
    pub fn copied_file(&self, context: &BuildContext, stage: &Stage, path: &str) -> Option<CopiedFile> {
        self.brought_before(context, stage, usize::MAX, path)
    }

    /// Like [`Self::copied_file`], for the file that is there when the instruction with index `at` of the stage runs.
    pub fn brought_before(&self, context: &BuildContext, stage: &Stage, at: usize, path: &str) -> Option<CopiedFile> {
        for below in self.chain(stage) {
            let transfers = self.transfers(below);
            let above = transfers.iter().rev().filter(|transfer| below.index != stage.index || transfer.index < at);
            for transfer in above.filter(|transfer| !transfer.parents) {
                let to = transfer.destination.as_deref()?;
                let folder = self.workdir(below, transfer.index);
                let to = absolute(to, folder.value().map(String::as_str))?;
                if transfer.from.is_some() {
                    // It may copy the file from elsewhere.
                    if path::is_within(path, &to) {
                        return None;
                    }
                    continue;
                }
                if let Some(entry) = file_of_transfer(context, transfer, &to, path) {
                    return Some(entry);
                }
            }
        }
        None
    }
}

impl Build<'_> {
    /// The folder of a stage's image that a source of the context is copied to; `None` where it is not, or is compiled on
    /// the way.
    pub fn source_folder(&self, stage: &Stage, file: &str) -> Option<String> {
        let context = self.input().context.as_deref()?;
        if FileKind::of(file).language() == "TypeScript" {
            return None;
        }
        let landed = self.chain(stage).find_map(|stage| {
            let transfers = self.transfers(stage);
            transfers.iter().rev().find_map(|transfer| self.landing(context, stage, transfer, file))
        });
        landed.map(|landed| path::parent(&landed).to_owned())
    }

    /// The absolute path of a file of the context in a stage's image, also behind `COPY --from`; `None` where it is not there,
    /// or the path is known only during the build.
    pub fn place_in_image(&self, stage: &Stage, file: &str) -> Option<String> {
        self.place_behind(stage, file, MOST_COPIES)
    }

    fn place_behind(&self, stage: &Stage, file: &str, copies: usize) -> Option<String> {
        let context = self.input().context.as_deref()?;
        self.chain(stage).find_map(|below| {
            self.transfers(below).iter().rev().find_map(|transfer| match transfer.from {
                None => self.landing(context, below, transfer, file),
                Some(StageBase::Stage(from)) if copies > 0 && from != below.index => {
                    let place = self.place_behind(self.stages().get(from)?, file, copies - 1)?;
                    self.copied_on(below, transfer, &place)
                }
                Some(_) => None,
            })
        })
    }

    /// Where a COPY from another stage puts what lies at a path there.
    fn copied_on(&self, stage: &Stage, transfer: &Transfer, place: &str) -> Option<String> {
        let text = transfer.destination.as_deref()?;
        let to = absolute(text, Some(&super::installed::workdir(self, stage, transfer.index)))?;
        transfer.sources.iter().filter_map(|source| source.text.as_deref()).find_map(|source| {
            let rest = path::relative(place, &path::join("/", source))?;
            let is_folder = transfer.sources.len() > 1 || text.ends_with(['/', '.']);
            Some(match rest {
                "" if is_folder => path::join(&to, path::name(place)),
                "" => to.clone(),
                rest => path::join(&to, rest),
            })
        })
    }

    /// The absolute path where a COPY or ADD of the stage puts a file or folder of the context; `None` if it does not
    /// copy it, or the path is known only during the build.
    pub fn landing(&self, context: &BuildContext, stage: &Stage, transfer: &Transfer, path: &str) -> Option<String> {
        if transfer.from.is_some() || transfer.parents {
            return None;
        }
        let id = context.find(path)?;
        let text = transfer.destination.as_deref()?;
        let folder = super::installed::workdir(self, stage, transfer.index);
        let to = absolute(text, Some(&folder))?;
        let is_directory = context.entry(id).kind == ContextEntryKind::Directory;
        transfer.select(context).into_iter().rev().flatten().find_map(|selection| {
            if !is_directory && selection.entries.binary_search(&id).is_err() {
                return None;
            }
            let many = transfer.sources.len() > 1 || selection.tops.len() > 1;
            selection.tops.iter().rev().find_map(|top| match top {
                None => Some(path::join(&to, path)),
                Some(top) if context.entry(*top).kind == ContextEntryKind::Directory => {
                    let above = context.path(*top);
                    if above == path {
                        return Some(to.clone());
                    }
                    Some(path::join(&to, path::relative(path, &above)?))
                }
                Some(top) if *top == id => {
                    let folder = many || text.ends_with('/') || text.ends_with('.') || folder == to;
                    Some(if folder { path::join(&to, context.entry(id).name) } else { to.clone() })
                }
                Some(_) => None,
            })
        })
    }
}

/// The word that names the file, and whether the kernel starts it directly.
fn script_word<'s>(invocation: &Invocation<'s>) -> Option<(&'s Word, bool)> {
    if invocation.program.is_some_and(|program| Program::of(program).is_shell()) {
        let script = invocation.args.iter().find(|word| !word.text().starts_with(['-', '+']))?;
        return Some((script, false));
    }
    Some((invocation.path, true))
}

/// A path of an image without `.` and `..`, with a slash at its start and none at its end; `None` if it is relative to
/// an unknown folder.
pub fn absolute(to: &str, folder: Option<&str>) -> Option<String> {
    let folder = if to.starts_with('/') { "/" } else { folder? };
    Some(path::join(folder, to))
}

fn file_of_transfer(context: &BuildContext, transfer: &Transfer, to: &str, path: &str) -> Option<CopiedFile> {
    let rest = path::relative(path, to)?;
    transfer.select(context).into_iter().rev().flatten().find_map(|selection| {
        selection.tops.iter().rev().find_map(|top| {
            let folder = top.is_none_or(|id| context.entry(id).kind == ContextEntryKind::Directory);
            let entry = if folder {
                let above = top.map(|id| context.path(id));
                context.find(&path::join(above.as_deref().unwrap_or_default(), rest))?
            } else {
                // At the destination itself, or in it if that is a folder.
                let id = (*top)?;
                (rest.is_empty() || context.entry(id).name == rest).then_some(id)?
            };
            let is_file = context.entry(entry).kind == ContextEntryKind::File;
            let alone = !folder && transfer.sources.len() == 1 && selection.tops.len() == 1;
            (is_file && selection.entries.binary_search(&entry).is_ok()).then(|| CopiedFile {
                entry,
                path: context.path(entry),
                target: path.to_owned(),
                instruction: transfer.index,
                alone,
            })
        })
    })
}
