//! JSON Lines: `start`, then per image its sums, a line for each file of its final tree and its findings, then problems and
//! skips, and `end`, which says that it is all. Written as it comes: an image may have millions of files.

use std::io::{self, Write};

use super::json::{fact, finding, head, layers, platform, problem, skipped, totals};
use super::{ImageView, shown_path, wire};
use crate::analysis::{Analysis, ImageAnalysis};
use crate::image::{EntryId, EntryKind, LayerEntry, PathId, category_of};
use crate::report::json::compact;
use crate::text::hex;

/// The result of `image` as lines, each as `schemas/image-jsonl.schema.json` describes it.
///
/// # Errors
/// When the lines can't be written.
pub fn write(analysis: &Analysis, view: &ImageView<'_>, exit: u8, out: &mut dyn Write) -> io::Result<()> {
    let mut line = |line: &wire::Line<'_>| out.write_all(compact(line).as_bytes());
    line(&wire::Line::Start { head: head(), command: "image" })?;
    let mut files = 0;
    for (number, image) in analysis.images.iter().enumerate() {
        line(&wire::Line::Image {
            reference: &image.image.reference,
            platform: platform(&image.image.platform),
            totals: totals(image, view),
            layers: layers(image),
        })?;
        for (path, id) in image.tree.members() {
            line(&wire::Line::File(Box::new(file(image, number, path, id))))?;
            files += 1;
        }
        for image_finding in &image.findings {
            line(&wire::Line::Finding(finding(image, image_finding)))?;
        }
        for image_fact in &image.facts {
            line(&wire::Line::Finding(fact(image, image_fact)))?;
        }
        for limit in super::budget::wire(image) {
            line(&wire::Line::Limit(limit))?;
        }
        for notice in &image.notices {
            line(&wire::Line::Notice { text: notice })?;
        }
    }
    for image_problem in &analysis.problems {
        line(&wire::Line::Problem(problem(image_problem)))?;
    }
    for skipped_part in skipped(analysis) {
        line(&wire::Line::Skipped(skipped_part))?;
    }
    for notice in &analysis.notices {
        line(&wire::Line::Notice { text: notice })?;
    }
    line(&wire::Line::End {
        images: analysis.images.len(),
        files,
        findings: analysis.images.iter().map(|image| image.findings.len() + image.facts.len()).sum(),
        problems: analysis.problems.len(),
        skipped: analysis.skipped.len(),
        exit,
    })
}

pub(super) fn file(analysis: &ImageAnalysis, image: usize, path: PathId, id: EntryId) -> wire::File<'_> {
    let layer = &analysis.image.layers[id.layer as usize];
    let entry = &layer.entries[id.index as usize];
    let bytes = analysis.image.paths.bytes(path);
    let place = analysis.place(id.layer as usize);
    let package = analysis.packages.as_ref().and_then(|packages| {
        let owner = packages.owner(path)?;
        packages.packages.get(owner as usize).map(|package| &*package.name)
    });
    let category = category_of(&bytes).map(|category| category.name.as_str());
    // Those that are switched off are no concern.
    let category = category.filter(|name| analysis.categories.iter().any(|known| known.category.name == *name));
    let is_file = matches!(entry.kind, EntryKind::File | EntryKind::Hardlink);
    // A further name of a file holds what the file holds.
    let inode = analysis.tree.inode(id);
    let layer_entry: &LayerEntry = &analysis.image.layers[inode.layer as usize].entries[inode.index as usize];
    wire::File {
        image,
        path: shown_path(analysis, path),
        path_hex: std::str::from_utf8(&bytes).is_err().then(|| hex(&bytes)),
        kind: kind(entry.kind),
        size: if is_file { layer_entry.size } else { 0 },
        pull_bytes: is_file.then_some(layer_entry.compressed),
        apparent_size: analysis.image.layers[inode.layer as usize].apparent.get(&inode.index).copied(),
        mode: format!("{:04o}", layer_entry.mode.0),
        uid: layer_entry.uid,
        gid: layer_entry.gid,
        mtime: layer_entry.mtime,
        target: target(analysis, id, entry),
        layer: id.layer,
        dockerfile: place.map(|(name, _)| name),
        line: place.map(|(_, place)| place.first_line),
        category,
        package,
    }
}

fn target(analysis: &ImageAnalysis, id: EntryId, entry: &LayerEntry) -> Option<String> {
    if entry.kind == EntryKind::Hardlink {
        return Some(shown_path(analysis, entry.link));
    }
    let target = analysis.image.layers[id.layer as usize].targets.get(&id.index)?;
    Some(String::from_utf8_lossy(target).into_owned())
}

const fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File => "file",
        EntryKind::Hardlink => "hardlink",
        EntryKind::Directory => "directory",
        EntryKind::Symlink => "symlink",
        EntryKind::CharacterDevice => "character_device",
        EntryKind::BlockDevice => "block_device",
        EntryKind::Fifo => "fifo",
        EntryKind::Whiteout | EntryKind::Opaque => "whiteout",
    }
}
