//! Paths in the image as commands name them: variables, folders that scripts change to, and the way back to the context.

use std::collections::BTreeMap;

use crate::build::{Build, FoundVariable, Stage};
use crate::inputs::context::{BuildContext, ContextEntryKind};
use crate::shell::{Expansion, ExpansionKind, Invocation, Word};
use crate::text::path;

/// The text of a word of a RUN, the variables of the file put in; `None` where only the build knows it.
pub(super) fn text(build: &Build, stage: &Stage, at: usize, invocation: &Invocation, word: &Word) -> Option<String> {
    if let Some(text) = word.value() {
        return Some(text.to_owned());
    }
    let mut out = String::new();
    let mut done = 0;
    for Expansion { kind, within, .. } in word.expansions() {
        let ExpansionKind::Variable(name) = kind else { return None };
        let value = build.run_variable(stage, at, invocation, name).map_or_else(|| unset(name), FoundVariable::text)?;
        out.push_str(word.text().get(done..within.start as usize)?);
        out.push_str(&value);
        done = within.end as usize;
    }
    out.push_str(word.text().get(done..)?);
    Some(out)
}

/// What the base images of toolchains set.
fn unset(name: &str) -> Option<String> {
    match name {
        "GOPATH" => Some("/go".into()),
        "CARGO_HOME" => Some("/usr/local/cargo".into()),
        _ => None,
    }
}

/// The folder in which a command works: where the RUN starts, and the `cd`s before it.
pub(super) fn folder(
    build: &Build,
    stage: &Stage,
    at: usize,
    all: &[Invocation],
    invocation: &Invocation,
) -> Option<String> {
    let mut folder = workdir(build, stage, at)?;
    for earlier in all.iter().take_while(|earlier| earlier.span.start < invocation.span.start) {
        let inner = earlier.command.place.scope;
        let around = earlier.script.enclosing(&invocation.command.place).any(|scope| {
            earlier.script.scopes.get(inner as usize).is_some_and(|inner_scope| std::ptr::eq(inner_scope, scope))
        });
        if earlier.is("cd") && around {
            let to = earlier.args.first().and_then(|word| text(build, stage, at, earlier, word))?;
            folder = path::join(&folder, &to);
        }
    }
    Some(folder)
}

/// The folder in which an instruction works, also where only the official image says it.
pub(super) fn workdir(build: &Build, stage: &Stage, at: usize) -> Option<String> {
    if let Some(folder) = build.workdir(stage, at).value() {
        return Some(path::join("/", folder));
    }
    let crate::build::StageBase::Image(image) = build.root_base(stage) else { return None };
    let mut folder = super::runtime::base_folder(image)?.to_owned();
    let mut chain: Vec<&Stage> = build.chain(stage).collect();
    chain.reverse();
    for below in chain {
        for (index, instruction) in build.instructions(below) {
            if instruction.keyword == crate::dockerfile::Keyword::Workdir && (index < at || below.index != stage.index)
            {
                let text = build.input().file.str(instruction.rest);
                folder = path::join(&folder, &build.scopes().expand(below.index, index, text)?);
            }
        }
    }
    Some(folder)
}

/// Where the context's files lie in the image, by path in the image; `None` where that is not known.
pub(super) fn copied_files(build: &Build, context: &BuildContext, stage: &Stage) -> Option<BTreeMap<String, String>> {
    let mut paths = BTreeMap::new();
    for below in build.chain(stage) {
        for transfer in build.transfers(below) {
            if transfer.from.is_some() {
                continue;
            }
            let folder = workdir(build, below, transfer.index);
            let written = transfer.destination.as_deref()?;
            let to = path::join(folder.as_deref().unwrap_or("/"), written);
            if transfer.parents || (folder.is_none() && !written.starts_with('/')) {
                return None;
            }
            let ends = written.ends_with('/') || matches!(written, "." | "..") || written.ends_with("/.");
            let into = ends || transfer.sources.len() > 1 || folder.as_deref() == Some(&*to);
            for selection in transfer.select(context) {
                let selection = selection?;
                for top in &selection.tops {
                    let single = top.filter(|id| context.entry(*id).kind != ContextEntryKind::Directory);
                    if let Some(id) = single {
                        let name = context.entry(id).name;
                        let into = into || selection.tops.len() > 1;
                        let at = if into { path::join(&to, name) } else { to.clone() };
                        paths.entry(at).or_insert_with(|| context.path(id));
                    }
                }
                let is_folder = |id| context.entry(id).kind == ContextEntryKind::Directory;
                for id in selection.entries.iter().copied().filter(|id| !is_folder(*id)) {
                    let path = context.path(id);
                    let mut roots = selection.tops.iter().filter(|top| top.is_none_or(is_folder));
                    let above = roots.find(|root| root.is_none_or(|root| context.is_below(id, root)));
                    let Some(above) = above else { continue };
                    let prefix = above.map(|root| context.path(root)).unwrap_or_default();
                    let rest = path.strip_prefix(&*prefix).unwrap_or(&path).trim_start_matches('/');
                    paths.entry(path::join(&to, rest)).or_insert(path);
                }
            }
        }
    }
    Some(paths)
}

/// The folder of the context that lies at `folder` in the image, told by the files in it.
pub(super) fn origin(files: &BTreeMap<String, String>, folder: &str) -> Option<String> {
    let start = if folder == "/" { "/".to_owned() } else { format!("{folder}/") };
    let (image, path) = files.range(start.clone()..).next().filter(|(image, _)| image.starts_with(&start))?;
    let rest = image.strip_prefix(&start)?;
    let root = path.strip_suffix(rest)?;
    Some(root.trim_end_matches('/').to_owned())
}

/// Whether one path is the other, or lies below it.
pub(super) fn overlap(a: &str, b: &str) -> bool {
    path::is_within(a, b) || path::is_within(b, a)
}

/// A path as a line in `folder` names it.
pub(super) fn path_in_folder(path: &str, folder: Option<&str>, into: bool) -> String {
    match folder {
        Some(folder) if folder == path && into => "./".to_owned(),
        Some(folder) if folder != "/" && path::is_within(path, folder) => {
            format!("./{}", path[folder.len()..].trim_start_matches('/'))
        }
        _ => path.to_owned(),
    }
}
