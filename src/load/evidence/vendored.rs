//! Whether modules that Go keeps beside the sources call C.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use rayon::prelude::*;

use crate::inputs::context::{BuildContext, EntryId, Kind};
use crate::manifest::calls_c;

/// Bytes of a file that are read.
const LIMIT: u64 = 1 << 20;

/// Files of one folder that are read; of one with more nothing is known.
const MOST: usize = 50_000;

/// Folders of vendored modules, each with the first file that calls C.
pub(super) fn modules(root: &Path, context: &BuildContext) -> BTreeMap<String, Option<String>> {
    let lists = context.entries().filter(|id| context.entry(*id).name == "modules.txt");
    let folders = lists.filter_map(|id| context.parent(id)).filter(|id| context.entry(*id).name == "vendor");
    folders.filter_map(|id| Some((context.path(id), caller(root, context, id)?))).collect()
}

/// The first file that calls C; `None` where not all were read.
fn caller(root: &Path, context: &BuildContext, folder: EntryId) -> Option<Option<String>> {
    let is_source = |id: &EntryId| {
        let entry = context.entry(*id);
        entry.kind == Kind::File && entry.name.strip_suffix(".go").is_some()
    };
    let files: Vec<EntryId> = context.descendants(Some(folder)).filter(is_source).collect();
    if files.len() > MOST || files.iter().any(|id| context.entry(*id).amount.bytes > LIMIT) {
        return None;
    }
    let mut callers: Vec<String> = files
        .into_par_iter()
        .filter_map(|id| {
            let path = context.path(id);
            let mut bytes = Vec::new();
            File::open(root.join(&path)).ok()?.take(LIMIT).read_to_end(&mut bytes).ok()?;
            calls_c(&path, &String::from_utf8_lossy(&bytes)).then_some(path)
        })
        .collect();
    callers.sort_unstable();
    Some(callers.into_iter().next())
}
