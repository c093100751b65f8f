//! Rules about what COPY takes and where it puts it.

use super::{Context, copied_packages};
use crate::build::{BaseImage, Build, EdgeKind, Reference, Setting, Source, StageBase, User, is_official};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::text::Span;

super::family! {
    "copy-to-root" => copy_to_root;
    "copy-owned-by-root" => copy_owned_by_root;
    "empty-stage-copied" => empty_stage_copied;
    "many-sources-without-slash" => many_sources_without_slash;
    "unknown-copy-source" => unknown_copy_source;
    "image-root-copied" => image_root_copied;
}

fn copy_to_root(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for (stage, transfer) in build.all_transfers().filter(|(_, transfer)| transfer.from.is_none()) {
        let whole = transfer.sources.iter().any(Source::is_everything);
        let to = transfer.destination.as_deref().map(|to| to.trim_end_matches(['/', '.']));
        let here = matches!(build.workdir(stage, transfer.index), Setting::Default(folder) | Setting::Base(folder) if folder == "/");
        let relative = transfer.destination.as_deref().is_some_and(|to| matches!(to, "." | "./"));
        let root = to == Some("") && (!relative || here);
        if whole && root {
            let message = "the whole build context is copied into the root folder, next to the system folders";
            out.push(cx.finding(transfer.instruction.head, message).help("use a separate folder: `WORKDIR /app`"));
        }
    }
}

fn copy_owned_by_root(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    for stage in cx.shipped() {
        // Windows does not support `--chown`.
        if matches!(build.root_base(stage), StageBase::Image(reference) if BaseImage::of(reference).is_windows()) {
            continue;
        }
        for transfer in build.transfers(stage) {
            let Setting::By(by, User::Other(user)) = build.user_at(stage, transfer.index) else { continue };
            let owned = file.transfer(transfer.instruction).is_none_or(|copy| copy.chown.is_some());
            if owned {
                continue;
            }
            let message = format!("these files are owned by root, although USER is `{user}`");
            let finding = cx.finding(transfer.instruction.head, message);
            let finding = finding.label(build.instruction(by).head, "USER does not affect COPY and ADD");
            let written = file.operand(build.instruction(by)).map(|operand| operand.text.into_owned()).unwrap_or(user);
            let why = "the program can then change its own files";
            let at = Span::at(transfer.instruction.name.span.end);
            let finding = finding
                .help("add `--chown` if the program must change them; otherwise ignore this, or copy before USER");
            out.push(if written.contains([' ', '"', '\'']) {
                finding
            } else {
                finding.unsafe_edit("make the user the owner", why, at, format!(" --chown={written}"))
            });
        }
    }
}

/// The most copies that are checked; no real file has more.
const MOST_STAGE_COPIES: usize = 1_000;

fn empty_stage_copied(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut checked = 0;
    for stage in build.needed_stages() {
        for copy in copied_packages::stage_copies(build, stage) {
            let makes = |keyword| {
                matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir | Keyword::Onbuild)
            };
            checked += 1;
            if checked > MOST_STAGE_COPIES {
                return;
            }
            let empty = matches!(build.root_base(copy.maker), StageBase::Scratch)
                && build.chain(copy.maker).all(|copy| build.instructions(copy).all(|(_, i)| !makes(i.keyword)));
            let whole = copy.transfer.sources.iter().all(|source| {
                source.text.as_deref().is_none_or(|text| matches!(text.trim_matches('/'), "" | "." | "*"))
            });
            let Some(source) = copy.transfer.sources.first() else { continue };
            if !empty || whole {
                continue;
            }
            let title = copy.maker.title();
            let message = format!("stage `{title}` is empty: it has no files to copy");
            out.push(cx.finding(source.span, message).help("copy from the stage that contains the files"));
        }
    }
}

fn many_sources_without_slash(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for (stage, index, instruction) in build.all_effective_of(Keyword::Copy) {
        let Some(parts) = build.input().file.transfer(instruction) else { continue };
        if parts.sources.len() + parts.heredocs.len() < 2 {
            continue;
        }
        let written = &parts.destination;
        // The value of a variable may end with a slash.
        let Some(folder) = build.expand(stage, index, &written.text) else { continue };
        if folder.ends_with('/') || folder == "." {
            continue;
        }
        let finding = cx.finding_at(
            index,
            written.span,
            format!("`{}` is a folder, but does not end with a slash", written.text),
        );
        let finding = finding.help("end the destination with `/`");
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
        let plain = !written.text.is_empty() && written.text.bytes().all(plain);
        out.push(finding.when(plain && cx.source().slice(written.span) == written.text, |finding| {
            finding.safe_edit("add the slash", written.span, format!("{}/", written.text))
        }));
    }
}

fn unknown_copy_source(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for edge in build.edges().iter().filter(|edge| edge.kind != EdgeKind::From) {
        let StageBase::Image(name) = &edge.to else { continue };
        let number = name.parse::<i64>().is_ok();
        if name.contains([':', '/', '.', '@']) || number || is_official(Reference::of(name).short_name()) {
            continue;
        }
        let finding = cx.finding(edge.span, format!("there is no stage `{name}`, so the builder pulls it as an image"));
        let finding = match edge.kind {
            EdgeKind::Copy => finding,
            _ => finding.without("DL3022"),
        };
        out.push(match build.nearest_stage(name) {
            // A name that the builder rejects, or that has another meaning in a flag, is not suggested.
            Some(near) if near.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) => finding
                .help(format!("did you mean the stage `{near}`?"))
                .unsafe_edit(format!("use `{near}`"), "the name is a guess: the closest known one", edge.span, near),
            _ => finding.help("name a stage above; for an image, add its version"),
        });
    }
}

/// The number of such copies that are checked; no real file has more.
const MOST_ROOT_COPIES: usize = 100;

fn image_root_copied(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut looked = 0;
    for stage in build.needed_stages() {
        // Copying into an empty image squashes a tree into one layer, which is intended.
        if matches!(build.root_base(stage), StageBase::Scratch) {
            continue;
        }
        for transfer in build.transfers(stage).iter().filter(|transfer| transfer.from.is_some()) {
            let to = transfer.destination.as_deref();
            let to = to.and_then(|to| copied_packages::absolute(build, stage, transfer.index, to));
            let is_root = |text: &str| text.starts_with('/') && matches!(text.trim_matches('/'), "" | ".");
            let whole = transfer.sources.iter().find(|source| source.text.as_deref().is_some_and(is_root));
            let Some(source) = whole else { continue };
            if to.is_none_or(|to| to != "/") {
                continue;
            }
            looked += 1;
            if looked > MOST_ROOT_COPIES {
                return;
            }
            if is_overlay(build, transfer.from.as_ref()) {
                continue;
            }
            let message = "this copies the whole file system of another image over this one";
            out.push(cx.finding(source.span, message).help("copy only the paths that are needed"));
        }
    }
}

/// Whether the image may be meant as an overlay: one used as it is that is not a distribution's or a language's, or one
/// that a stage assembles in an empty image.
fn is_overlay(build: &Build, from: Option<&StageBase>) -> bool {
    let official = |image: &str| is_official(Reference::of(image).short_name());
    match from {
        Some(StageBase::Stage(index)) => build.stages().get(*index).is_none_or(|maker| {
            let runs = |stage| build.instructions(stage).any(|(_, instruction)| instruction.keyword == Keyword::Run);
            match build.root_base(maker) {
                StageBase::Image(image) => !official(image) && !build.chain(maker).any(runs),
                _ => true,
            }
        }),
        // In a fragment, a plain name may be a stage of the file that includes it.
        Some(StageBase::Image(image)) => {
            !(official(image) || (build.is_fragment() && !image.contains(['/', ':', '.', '@'])))
        }
        _ => true,
    }
}
