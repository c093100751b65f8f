//! Reads the manifests of a context.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use super::file::display_path;
use crate::inputs::context::{BuildContext, ContextEntryKind, EntryId};
use crate::inputs::{InputProblem, Inputs};
use crate::manifest::{self, Manifests, Project, is_manifest};
use crate::text::{Source, path};

/// Manifests that are read in one context.
const MOST: usize = 20_000;

/// Bytes that a manifest or lock file may have.
const LIMIT: u64 = 64 << 20;

/// Times that files are read which other manifests name.
const ROUNDS: usize = 4;

/// The projects in a context; what is wrong with their manifests becomes a problem of the inputs.
pub(super) fn projects(root: &Path, context: &BuildContext, inputs: &mut Inputs) -> Vec<Project> {
    let all: Vec<String> = files(context).map(|id| context.path(id)).collect();
    let mut wanted: Vec<&str> = all.iter().map(String::as_str).filter(|path| is_manifest(path).is_some()).collect();
    wanted.truncate(MOST);
    let mut texts: BTreeMap<String, Source> = BTreeMap::new();
    let mut manifests = Manifests::default();
    for _ in 0..ROUNDS {
        let read = |path: &&str| {
            let full = root.join(path);
            let source = super::file::read_text(&full, LIMIT).ok()?;
            Some(((*path).to_owned(), source))
        };
        texts.extend(wanted.par_iter().filter_map(read).collect::<Vec<_>>());
        let named_texts: Vec<(&str, Option<&str>)> =
            all.iter().map(|path| (path.as_str(), texts.get(path).map(Source::text))).collect();
        manifests = manifest::projects(&named_texts);
        let more: Vec<&str> = all
            .iter()
            .map(String::as_str)
            .filter(|path| {
                !texts.contains_key(*path)
                    && manifests.unread.binary_search_by(|unread| unread.as_str().cmp(path)).is_ok()
            })
            .collect();
        if more.is_empty() {
            break;
        }
        wanted = more;
    }
    // No install reads an unused file, so its other problems do not matter.
    let is_unused = |path: &str| manifests.problems.iter().any(|problem| problem.path == path && problem.is_unused);
    for problem in &manifests.problems {
        if !problem.is_unused && is_unused(&problem.path) {
            continue;
        }
        let place = texts.get(&problem.path).zip(problem.span).map(|(source, span)| source.line_column(span.start));
        inputs.problems.push(InputProblem {
            code: "manifest",
            file: display_path(&root.join(&problem.path)),
            place,
            fatal: false,
            message: if problem.message.starts_with('`') {
                problem.message.clone()
            } else {
                format!("`{}`: {}", path::name(&problem.path), problem.message)
            },
            help: None,
        });
    }
    manifests.projects
}

/// The files, those of installed packages left out: their manifests tell nothing of the project.
pub(super) fn files(context: &BuildContext) -> impl Iterator<Item = EntryId> + '_ {
    let mut inside: Option<EntryId> = None;
    context.entries().filter(move |&id| {
        if inside.is_some_and(|above| context.is_below(id, above)) {
            return false;
        }
        let entry = context.entry(id);
        let installed = ["node_modules", ".git", ".venv", "site-packages", "__pycache__"];
        inside = (entry.kind == ContextEntryKind::Directory && installed.contains(&entry.name)).then_some(id);
        entry.kind == ContextEntryKind::File
    })
}
