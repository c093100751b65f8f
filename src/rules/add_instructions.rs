//! Rules about ADD.

use std::cell::LazyCell;

use super::{Context, download};
use crate::build::{Build, Run, Stage, Transfer};
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings};
use crate::image::is_archive;
use crate::inputs::context::ContextEntryKind;
use crate::shell::Invocation;
use crate::sources::patterns;

super::family! {
    "add-local-file" => add_local_file;
    "add-url-unverified" => add_url_unverified;
}

/// File name endings of archives that ADD unpacks (hadolint's list); the case matters.
const ARCHIVES: [&str; 16] = [
    ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz", ".tpz", ".txz", ".xz",
    ".zst",
];

fn add_local_file(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        let triggers = build.trigger_transfers(stage);
        let all = build.transfers(stage).iter().chain(&triggers);
        for transfer in all.filter(|transfer| transfer.instruction.keyword == Keyword::Add) {
            if is_for_add(build, transfer) {
                continue;
            }
            let mut local: Vec<&str> =
                transfer.sources.iter().filter_map(|source| plain(source.text.as_deref()?)).collect();
            // A trigger runs in another build, with another context.
            let is_trigger = build.is_trigger(transfer.index);
            local.retain(|source| is_trigger || content(cx, source) != Content::Archive);
            let Some(first) = local.first() else { continue };
            let message = format!("ADD of `{first}`: COPY is enough, and never unpacks or downloads");
            let finding = cx.finding_at(transfer.index, transfer.instruction.head, message).help("use COPY");
            out.push(if is_trigger { finding } else { edited(cx, transfer, &local, finding) });
        }
    }
}

/// Whether a flag asks for something that only ADD does.
fn is_for_add(build: &Build, transfer: &Transfer) -> bool {
    let flags = build.input().file.transfer(transfer.instruction);
    flags.is_none_or(|flags| flags.checksum.is_some() || flags.keep_git_dir.is_some() || flags.unpack.is_some())
        || build.input().file.flag_argument(transfer.instruction, "from").is_some()
}

/// The source, if it is in the context and its name is not that of an archive.
fn plain(source: &str) -> Option<&str> {
    let remote = ["http://", "https://", "git://", "ssh://", "git@"].iter().any(|scheme| source.starts_with(scheme));
    let archive = ARCHIVES.iter().any(|ending| source.ends_with(ending));
    (!remote && !archive && !source.is_empty()).then_some(source)
}

fn edited(cx: &Context, transfer: &Transfer, local: &[&str], finding: Finding) -> Finding {
    // COPY would not unpack or download the other sources.
    if local.len() != transfer.sources.len() || local.iter().any(|source| source.contains("://")) {
        return finding;
    }
    let name = transfer.instruction.name;
    let copy = if cx.build().input().file.str(name).starts_with('a') { "copy" } else { "COPY" };
    let argument = transfer.sources.iter().any(|source| cx.source().slice(source.span).contains('$'));
    let doubt = if argument {
        Some("a build argument may turn it into a URL or an archive")
    } else if local.iter().any(|source| content(cx, source) != Content::Plain) {
        Some("an archive among the sources would no longer be unpacked")
    } else {
        None
    };
    match doubt {
        None => finding.safe_edit("use COPY", name.span, copy),
        Some(why) => finding.unsafe_edit("use COPY", why, name.span, copy),
    }
}

/// How ADD treats a source. ADD recognises archives by their content, not by their name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    /// A folder, or a file that is not an archive.
    Plain,
    /// An archive or a compressed file.
    Archive,
    /// The content was not read.
    Unknown,
}

fn content(cx: &Context, source: &str) -> Content {
    let path = source.trim_start_matches("./").trim_matches('/');
    if source.ends_with('/') || matches!(path, "" | ".") {
        return Content::Plain;
    }
    let entry = cx.context().and_then(|context| Some(context.entry(context.find(path)?)));
    if entry.is_some_and(|entry| {
        entry.kind == ContextEntryKind::Directory || (entry.kind == ContextEntryKind::File && entry.amount.bytes == 0)
    }) {
        return Content::Plain;
    }
    match cx.text_of(path) {
        Some(head) if is_archive(head) => Content::Archive,
        Some(_) => Content::Plain,
        None => Content::Unknown,
    }
}

fn add_url_unverified(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.needed_stages() {
        let last_check = LazyCell::new(|| last_check(build, stage));
        let triggers = build.trigger_transfers(stage);
        let all = build.transfers(stage).iter().chain(&triggers);
        for transfer in all.filter(|transfer| transfer.instruction.keyword == Keyword::Add) {
            let checked = build.input().file.transfer(transfer.instruction).is_none_or(|add| add.checksum.is_some());
            if checked || *last_check > Some(transfer.index) {
                continue;
            }
            let source = build.input().file.source();
            let urls =
                transfer.sources.iter().filter(|url| is_file(url.text.as_deref().unwrap_or(source.slice(url.span))));
            for url in urls {
                let message = "the downloaded file goes into the image unverified";
                // A checksum belongs to the file of one platform.
                let is_of_platform = patterns::shows(source.slice(url.span), "names a platform of the build");
                let help = if is_of_platform {
                    "download it in a RUN that compares the checksum of each platform: `--checksum` takes one, and the files differ"
                } else {
                    "add `--checksum=sha256:…` with the checksum of the expected file"
                };
                out.push(cx.finding_at(transfer.index, url.span, message).help(help));
            }
        }
    }
}

/// Whether a URL is a file on a web server. Repositories do not count (the commit is their checksum), and neither do URLs
/// that are fetched because their content changes.
fn is_file(url: &str) -> bool {
    let url = url.trim_matches('"');
    let Some((_, rest)) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https")) else {
        return false;
    };
    let path = rest.split(['#', '?']).next().unwrap_or(rest);
    let changes = ["api.github.com/", "/git/refs/", "random", "worldtimeapi", "timestamp"];
    path.trim_end_matches('/').strip_suffix(".git").is_none() && !changes.iter().any(|part| rest.contains(part))
}

/// The last step of a stage that checks a file.
fn last_check(build: &Build, stage: &Stage) -> Option<usize> {
    let sums = |invocation: &Invocation| invocation.program.is_some_and(|program| program.ends_with("sum"));
    let checks = |run: &Run| download::verifies(run) || run.invocations().iter().any(sums);
    build.runs(stage).filter(checks).map(|run| run.index).last()
}
