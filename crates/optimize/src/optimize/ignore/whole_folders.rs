//! One line for a folder whose files all stay out, instead of one for each: it holds for the next file too.

use super::exclusion::{Exclusion, Section};
use super::group::Group;
use crate::inputs::context::{ContextEntryKind, EntryId};

/// Files of a folder from which one line says it better.
const FEWEST: usize = 2;

/// Puts a folder in the place of its files where all of them stay out, and nothing names the folder.
pub(super) fn join(group: &Group, gone: &mut Vec<Exclusion>) {
    let context = group.context;
    let folders = context.entries().filter(|id| context.entry(*id).kind == ContextEntryKind::Directory);
    // The uppermost first.
    let mut folders: Vec<EntryId> = folders.collect();
    folders.sort_by_key(|id| context.path(*id).matches('/').count());
    for folder in folders {
        let is_out =
            |id: EntryId| gone.iter().any(|exclusion| exclusion.entry == id || context.is_below(id, exclusion.entry));
        let is_file = |id: &EntryId| context.entry(*id).kind != ContextEntryKind::Directory;
        let files: Vec<EntryId> = context.descendants(Some(folder)).filter(is_file).collect();
        let path = context.path(folder);
        if is_out(folder) || files.len() < FEWEST || group.is_named(&path) || !files.iter().all(|id| is_out(*id)) {
            continue;
        }
        let is_inside = |exclusion: &Exclusion| context.is_below(exclusion.entry, folder);
        // Patterns for many places stay as they are.
        let is_plain = |exclusion: &Exclusion| exclusion.section == Section::Other && !exclusion.pattern.contains('*');
        if !gone.iter().filter(|exclusion| is_inside(exclusion)).all(is_plain) {
            continue;
        }
        let (inside, mut rest): (Vec<Exclusion>, Vec<Exclusion>) = gone.drain(..).partition(|known| is_inside(known));
        let bytes = inside.iter().map(|exclusion| exclusion.bytes).sum();
        let worth = inside.iter().any(|exclusion| exclusion.worth);
        rest.push(Exclusion::new(folder, path, Section::Other, bytes, worth));
        *gone = rest;
    }
}
