//! What modules that Go keeps beside the sources ask for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use rayon::prelude::*;

use crate::inputs::VendoredModules;
use crate::inputs::context::{BuildContext, ContextEntryKind, EntryId};
use crate::manifest::calls_c;
use crate::sources::patterns;

/// Bytes of a file that are read.
const LIMIT: u64 = 1 << 20;

/// Files of one folder that are read; of one with more nothing is known.
const MOST: usize = 50_000;

/// Folders of vendored modules; without those that were not read to the end.
pub(super) fn modules(root: &Path, context: &BuildContext) -> BTreeMap<String, VendoredModules> {
    let lists = context.entries().filter(|id| context.entry(*id).name == "modules.txt");
    let folders = lists.filter_map(|id| context.parent(id)).filter(|id| context.entry(*id).name == "vendor");
    folders.filter_map(|id| Some((context.path(id), read_vendored(root, context, id)?))).collect()
}

fn read_vendored(root: &Path, context: &BuildContext, folder: EntryId) -> Option<VendoredModules> {
    let is_source = |id: &EntryId| {
        let entry = context.entry(*id);
        entry.kind == ContextEntryKind::File && entry.name.strip_suffix(".go").is_some()
    };
    let files: Vec<EntryId> = context.descendants(Some(folder)).filter(is_source).collect();
    if files.len() > MOST || files.iter().any(|id| context.entry(*id).amount.bytes > LIMIT) {
        return None;
    }
    let files: Vec<(Option<String>, bool)> = files
        .into_par_iter()
        .filter_map(|id| {
            let path = context.path(id);
            let mut bytes = Vec::new();
            File::open(root.join(&path)).ok()?.take(LIMIT).read_to_end(&mut bytes).ok()?;
            let text = String::from_utf8_lossy(&bytes);
            let zones = patterns::shows(&text, "looks up time zones");
            Some((calls_c(&path, &text).then_some(path), zones))
        })
        .collect();
    let wants_zones = files.iter().any(|(_, zones)| *zones);
    Some(VendoredModules { calls_c: files.into_iter().filter_map(|(caller, _)| caller).min(), wants_zones })
}
