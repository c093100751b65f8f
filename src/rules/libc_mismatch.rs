//! See `rules/libc-mismatch.md`.

mod linkage;

use super::{Context, copied_packages, node_addons};
use crate::build::{Build, Libc, Release, Stage, StageBase, libc, toolchain};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::text::Span;
use linkage::LinkedProgram;

super::rule!("libc-mismatch", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    node_modules(cx, out);
    for stage in cx.shipped().take(copied_packages::DEEPEST) {
        let Some(libc) = libc_of(build, stage) else { continue };
        if brings_libc(build, stage) {
            continue;
        }
        for copy in copied_packages::stage_copies(build, stage) {
            let may_clash = |theirs: &Libc| {
                // Programs linked with a library work with it; only glibc's releases differ.
                std::mem::discriminant(theirs) != std::mem::discriminant(&libc) || matches!(theirs, Libc::Glibc(_))
            };
            let Some(theirs) = libc_of(build, copy.maker).filter(may_clash) else { continue };
            let Some((program, path, span)) = mismatched_copy(build, &copy, theirs) else { continue };
            // A program that listens uses `net` and thus cgo; other programs may not need it.
            if matches!(program, LinkedProgram::Go(..)) && build.last(stage, Keyword::Expose).is_none() {
                continue;
            }
            let Some(why) = clash(&program, theirs, libc) else { continue };
            let maker = copy.maker;
            let message = format!(
                "`{path}` of stage `{}` was linked with {}, but this stage has {}: {why}",
                maker.title(),
                title(theirs, build, maker),
                title(libc, build, stage),
            );
            let finding = cx.finding(span, message).help(program.help(theirs));
            let finding = finding.with(program.place(), |finding, (index, span)| {
                let place = build.code(index).map(|code| code.place(&build.input().file, span));
                place.into_iter().fold(finding, |finding, span| finding.label(span, "built here"))
            });
            out.push(finding);
            break;
        }
    }
}

/// Reports packages of npm with compiled parts that were installed for another C library.
fn node_modules(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in cx.shipped().take(copied_packages::DEEPEST) {
        let Some(libc) = libc_of(build, stage) else { continue };
        if brings_libc(build, stage) {
            continue;
        }
        for addons in node_addons::copied_addons(build, stage) {
            let (path, span) = &addons.copy.source;
            let Some(package) = addons.by_libc() else { continue };
            if out.iter().any(|finding| finding.span == *span) {
                continue;
            }
            let maker = addons.copy.place.0;
            let program = LinkedProgram::Node;
            let Some(theirs) = libc_of(build, maker) else { continue };
            let Some(why) = clash(&program, theirs, libc) else { continue };
            let message = format!(
                "`{path}` was installed in stage `{}` for {}, but this stage has {}: {why} (`{package}`)",
                maker.title(),
                title(theirs, build, maker),
                title(libc, build, stage),
            );
            let finding = cx.finding(*span, message).help(program.help(theirs));
            out.push(finding.label(addons.place(build), "installed here"));
        }
    }
}

/// The C library of the image that a stage is based on.
fn libc_of(build: &Build, stage: &Stage) -> Option<Libc> {
    match build.root_base(stage) {
        StageBase::Scratch => Some(Libc::None),
        StageBase::Image(image) => libc(image),
        _ => None,
    }
}

/// Whether the stage adds a C library or a compatibility layer for one.
fn brings_libc(build: &Build, stage: &Stage) -> bool {
    let installs = |stage: &Stage| {
        toolchain::runs(build, stage).any(|(_, instruction, _)| {
            let text = build.input().file.logical(instruction.text);
            ["gcompat", "libc6-compat", "glibc", "musl"].iter().any(|word| text.contains(word))
        })
    };
    let copies = |stage: &Stage| {
        build.transfers(stage).iter().filter(|transfer| transfer.from.is_some()).any(|transfer| {
            transfer.sources.iter().any(|source| {
                let text = source.text.as_deref().unwrap_or("/").trim_end_matches('/');
                let words = ["ld-linux", "ld-musl", "libc.so", "libc.musl", "-linux-gnu"];
                text.is_empty()
                    || text == "/."
                    || ["/lib", "/lib64", "/usr/lib", "/usr", "/usr/lib64"].contains(&text)
                    || words.iter().any(|word| text.contains(word))
            })
        })
    };
    build.chain(stage).take(copied_packages::DEEPEST).any(|stage| installs(stage) || copies(stage))
}

/// The copied program that is linked with the C library of the stage that built it: how it was built, its path and
/// place.
fn mismatched_copy(
    build: &Build,
    copy: &copied_packages::StageCopy,
    theirs: Libc,
) -> Option<(LinkedProgram, String, Span)> {
    if let Some((path, span)) = copied_packages::python_packages(build, copy) {
        return Some((LinkedProgram::Python, path, span));
    }
    let program = linkage::first_linked_program(build, copy.maker, theirs)?;
    let source =
        copy.transfer.sources.iter().find(|source| source.text.as_deref().is_some_and(|t| program.may_be(t)))?;
    Some((program, source.text.clone()?, source.span))
}

/// What goes wrong when the program runs with another C library; `None` if it works.
fn clash(program: &LinkedProgram, theirs: Libc, libc: Libc) -> Option<&'static str> {
    let absent = match program {
        LinkedProgram::Python | LinkedProgram::Node => "its compiled packages cannot be loaded",
        LinkedProgram::Go(..) => "it does not start if it uses cgo, as `net` does",
        _ => "it does not start",
    };
    match (theirs, libc) {
        (Libc::Glibc(_), Libc::Musl | Libc::None) | (Libc::Musl, Libc::Glibc(_) | Libc::None) => Some(absent),
        (Libc::Glibc(Some(theirs)), Libc::Glibc(Some(release))) if is_newer(program, &theirs, &release) => {
            Some("it needs symbols that the older release lacks (`version GLIBC_… not found`)")
        }
        _ => None,
    }
}

/// Whether a program of one Debian release needs symbols that another release lacks.
fn is_newer(program: &LinkedProgram, theirs: &Release, libc: &Release) -> bool {
    let (Some(theirs), Some(release_number)) = (theirs.number(), libc.number()) else { return false };
    match program {
        // manylinux wheels are built for older releases than any of these.
        LinkedProgram::Python | LinkedProgram::Node => false,
        // The symbols that cgo itself needs were added in Debian 12.
        LinkedProgram::Go(..) => theirs >= 12 && release_number <= 11,
        LinkedProgram::Rust(..) | LinkedProgram::C(..) => theirs > release_number,
    }
}

/// The C library of a stage's base image, as messages call it.
fn title(libc: Libc, build: &Build, stage: &Stage) -> String {
    let image = match build.root_base(stage) {
        StageBase::Image(image) => format!("`{image}`"),
        _ => "`scratch`".to_owned(),
    };
    match libc {
        Libc::Glibc(Some(release)) => format!("the glibc of {image} (Debian {})", release.version),
        Libc::Glibc(None) => format!("the glibc of {image}"),
        Libc::Musl => format!("the musl of {image}"),
        Libc::None => format!("no C library (its base is {image})"),
    }
}
