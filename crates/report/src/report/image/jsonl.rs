//! JSON Lines: `start`, then per image its sums, a line for each file of its final tree and its findings, then problems and
//! skips, and `end`, which says that it is all. Written as it comes: an image may have millions of files.

use std::io::{self, Write};

use serde::Serialize;

use super::json::{HEAD, fact, finding, layers, platform, problem, skipped, totals};
use super::{ImageView, shown_path};
use crate::analysis::{Analysis, ImageAnalysis};
use crate::image::{EntryId, EntryKind, LayerEntry, PathId, category_of};
use crate::report::json::json_line;
use crate::text::hex;
use crate::wire::object;

/// The result of `image` as lines, each as `schemas/image-jsonl.schema.json` describes it.
///
/// # Errors
/// When the lines can't be written.
pub fn write(analysis: &Analysis, view: &ImageView<'_>, exit: u8, out: &mut dyn Write) -> io::Result<()> {
    let start = object! {
        #[serde(flatten)]
        head: HEAD,
        command: "image",
    };
    write_line(out, "start", start)?;
    let mut files: u64 = 0;
    for (number, image) in analysis.images.iter().enumerate() {
        let sums = object! {
            #[serde(rename = "ref")]
            reference: &image.image.reference,
            platform: platform(&image.image.platform),
            totals: totals(image, view),
            layers: layers(image),
        };
        write_line(out, "image", sums)?;
        for (path, id) in image.tree.members() {
            write_line(out, "file", file(image, number, path, id))?;
            files += 1;
        }
        for image_finding in &image.findings {
            write_line(out, "finding", finding(image, image_finding))?;
        }
        for image_fact in &image.facts {
            write_line(out, "finding", fact(image, image_fact))?;
        }
        for limit in super::budget::wire(image) {
            write_line(out, "limit", limit)?;
        }
        write_notices(out, &image.notices)?;
    }
    for image_problem in &analysis.problems {
        write_line(out, "problem", problem(image_problem))?;
    }
    for skip in skipped(analysis) {
        write_line(out, "skipped", skip)?;
    }
    write_notices(out, &analysis.notices)?;
    let end = object! {
        images: analysis.images.len(),
        files,
        findings: analysis.images.iter().map(|image| image.findings.len() + image.facts.len()).sum::<usize>(),
        problems: analysis.problems.len(),
        skipped: analysis.skipped.len(),
        exit,
    };
    write_line(out, "end", end)
}

fn write_line(out: &mut dyn Write, line_type: &str, fields: impl Serialize) -> io::Result<()> {
    out.write_all(json_line(line_type, fields).as_bytes())
}

fn write_notices(out: &mut dyn Write, notices: &[String]) -> io::Result<()> {
    notices.iter().try_for_each(|text| write_line(out, "notice", object! { text }))
}

/// A member of the final tree.
#[derive(Serialize)]
pub(super) struct File<'a> {
    /// Index of the image.
    pub image: usize,
    pub path: String,
    /// The path's bytes in hexadecimal digits, where they are no UTF-8.
    pub path_hex: Option<String>,
    pub kind: &'static str,
    pub size: u64,
    pub pull_bytes: Option<u64>,
    pub apparent_size: Option<u64>,
    pub mode: String,
    pub uid: u32,
    pub gid: u32,
    pub mtime: i64,
    pub target: Option<String>,
    pub layer: u32,
    pub dockerfile: Option<&'a str>,
    pub line: Option<u32>,
    pub category: Option<&'a str>,
    pub package: Option<&'a str>,
}

pub(super) fn file(analysis: &ImageAnalysis, image: usize, path: PathId, id: EntryId) -> File<'_> {
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
    File {
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
