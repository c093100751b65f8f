//! The biggest folders of the final tree.

use super::{ImageView, shown_path};
use crate::analysis::ImageAnalysis;
use crate::image::PathId;
use crate::report::page::{Column, Medium, Table, number, path, plain};
use crate::report::units::bytes;

/// Parts of the image that are worth a row.
const SHARE: u64 = 50;

/// A folder, or a file, with what is in it.
#[derive(Debug)]
pub(super) struct FolderSize {
    pub(super) path: PathId,
    /// Levels below the root.
    pub(super) level: u32,
    /// Stored bytes at the path and below it.
    pub(super) bytes: u64,
}

/// The folders to a depth, each level's `top` biggest, parents before children.
pub(super) fn biggest(analysis: &ImageAnalysis, depth: u32, top: usize, least: u64) -> Vec<FolderSize> {
    let mut folders = Vec::new();
    // Of each open folder its children, the smallest first.
    let mut open = vec![children(analysis, PathId::ROOT, top, least)];
    while let Some(last) = open.last_mut() {
        let Some(path) = last.pop() else {
            open.pop();
            continue;
        };
        let level = open.len() as u32;
        folders.push(FolderSize { path, level, bytes: analysis.tree.bytes(path) });
        if level < depth {
            open.push(children(analysis, path, top, least));
        }
    }
    folders
}

fn children(analysis: &ImageAnalysis, path: PathId, top: usize, least: u64) -> Vec<PathId> {
    let bytes = |path: &PathId| analysis.tree.bytes(*path);
    let names = |path: &PathId| analysis.image.paths.name(*path);
    let mut children: Vec<PathId> = analysis.tree.children(path).filter(|child| bytes(child) >= least.max(1)).collect();
    children.sort_by(|a, b| bytes(b).cmp(&bytes(a)).then_with(|| names(a).cmp(names(b))));
    children.truncate(top);
    children.reverse();
    children
}

/// Those that hold at least a fiftieth of the image; on a terminal below each other, elsewhere by their whole paths.
pub(super) fn table(analysis: &ImageAnalysis, view: &ImageView<'_>, medium: Medium) -> Table {
    let all = analysis.tree.bytes(PathId::ROOT);
    let least = if view.all { 1 } else { all / SHARE };
    let name = |folder: &FolderSize| String::from_utf8_lossy(analysis.image.paths.name(folder.path)).into_owned();
    let mut rows = Vec::new();
    // Levels above the row that share a row with the level above them.
    let mut joined: Vec<u32> = Vec::new();
    let mut folders = biggest(analysis, view.depth, view.top, least).into_iter().peekable();
    while let Some(mut folder) = folders.next() {
        joined.retain(|level| *level < folder.level);
        let indent = folder.level as usize - 1 - joined.len();
        let mut text = format!("{}/{}", "  ".repeat(indent), name(&folder));
        // A folder with nothing but a folder in it tells nothing on its own.
        while let Some(only) = folders.next_if(|next| next.level > folder.level && next.bytes == folder.bytes) {
            text.push_str(&format!("/{}", name(&only)));
            joined.push(only.level);
            folder = only;
        }
        if medium != Medium::Terminal {
            text = shown_path(analysis, folder.path);
        }
        let share = (u128::from(folder.bytes) * 100 / u128::from(all.max(1))) as u64;
        rows.push(vec![number(bytes(folder.bytes)), plain(format!("{share} %")), path(text)]);
    }
    Table::new(&[Column::Right, Column::Right, Column::Words], rows).with_quiet_head(&["bytes", "share", "folder"])
}
