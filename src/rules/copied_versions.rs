//! Rules about packages that are copied to another version of their language.

use super::{Context, copied_packages, node_addons};
use crate::build::{Build, Stage};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::{program::Kind, program::Program};
use crate::text::{Span, path};

super::family! {
    "node-major-mismatch" => node_major_mismatch;
    "python-minor-mismatch" => python_minor_mismatch;
    "virtual-environment-moved" => virtual_environment_moved;
}

fn node_major_mismatch(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.needed_stages() {
        let Some(version) = node_addons::node_version(build, stage) else { continue };
        for addons in node_addons::copied_addons(build, stage) {
            let (path, span) = &addons.copy.source;
            let Some(package) = addons.by_node() else { continue };
            let maker = addons.copy.place.0;
            let theirs = node_addons::node_version(build, maker).filter(|theirs| *theirs != version);
            let (Some(theirs), false) = (theirs, out.iter().any(|finding| finding.span == *span)) else { continue };
            let message = format!(
                "`{path}` was installed with Node {theirs} in stage `{}`, but this stage runs Node {version}: `{package}` was compiled for the other one and cannot be loaded",
                maker.title()
            );
            let finding = cx.finding(*span, message).help("use the same major version of Node in both stages");
            out.push(finding.label(addons.place(build), "installed here"));
        }
    }
}

fn python_minor_mismatch(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let needed = build.needed_stages();
    for stage in needed {
        let Some(version) = copied_packages::python_version(build, stage) else { continue };
        for copy in copied_packages::stage_copies(build, stage) {
            if let Some((span, message)) = mismatch(cx, &version, stage, &copy) {
                let help = "use the same Python version in both stages";
                out.push(cx.finding(span, message).help(help));
            }
        }
    }
}

fn mismatch(cx: &Context, version: &str, stage: &Stage, copy: &copied_packages::StageCopy) -> Option<(Span, String)> {
    let build = cx.build();
    let theirs = copied_packages::python_version(build, copy.maker);
    let title = |stage: &Stage| format!("stage `{}`", stage.title());
    // A path that contains the version.
    for source in &copy.transfer.sources {
        let Some(named) = source.text.as_deref().and_then(version_in) else { continue };
        if let Some(theirs) = theirs.as_deref().filter(|theirs| *theirs != named) {
            let message = format!("{} has Python {theirs}, so it has no `python{named}` to copy", title(copy.maker));
            return Some((source.span, message));
        }
    }
    if let Some(named) = copy.transfer.destination.as_deref().and_then(version_in)
        && named != version
    {
        let message = format!("{} runs Python {version}, which does not search `python{named}`", title(stage));
        return Some((copy.transfer.instruction.head, message));
    }
    let theirs = theirs.filter(|theirs| *theirs != version)?;
    let (text, span) = copied_packages::python_packages(build, copy)?;
    let message = format!(
        "`{text}` was built with Python {theirs}, but {} runs Python {version}: its packages are not found, or cannot be loaded",
        title(stage)
    );
    Some((span, message))
}

/// The version in `…/python3.12/site-packages`.
fn version_in(path: &str) -> Option<String> {
    let part = path.split('/').find_map(|part| part.strip_prefix("python3."))?;
    if path.contains("-packages") { copied_packages::minor(&format!("3.{part}")) } else { None }
}

fn virtual_environment_moved(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.needed_stages() {
        for copy in copied_packages::stage_copies(build, stage) {
            let to = copy.transfer.destination.as_deref();
            let Some(to) = to.and_then(|to| copied_packages::absolute(build, stage, copy.transfer.index, to)) else {
                continue;
            };
            let [source] = copy.transfer.sources.as_slice() else { continue };
            let Some(from) = source.text.as_deref().filter(|text| text.starts_with('/')) else { continue };
            let moved = copied_packages::environments(build, copy.maker).into_iter().find_map(|folder| {
                let new = path::join(&to, path::relative(&folder, from)?);
                (new != folder).then_some((folder, new))
            });
            let Some((old, new)) = moved else { continue };
            let Some(script) = starts(build, &new) else { continue };
            let message =
                format!("`{old}` is copied to `{new}`, but its script `{script}` still needs `{old}/bin/python`");
            out.push(cx.finding(source.span, message).help(format!("copy it to `{old}`, or create it at `{new}`")));
            return;
        }
    }
}

/// The script of an environment at a path that a stage starts.
fn starts(build: &Build, folder: &str) -> Option<String> {
    build.stages().iter().filter(|stage| build.ships(stage)).find_map(|stage: &Stage| {
        [Keyword::Entrypoint, Keyword::Cmd].into_iter().find_map(|keyword| {
            let (index, _) = build.last(stage, keyword)?;
            build.code(index)?.script.invocations().iter().find_map(|invocation| {
                let path = invocation.path.value()?;
                let program = invocation.program?;
                let inside = path.strip_prefix(folder).is_some_and(|rest| rest.starts_with("/bin/"));
                let script = Program::of(program).is(Kind::PipScript) && (inside || !path.contains('/'));
                (script || (inside && !program.starts_with("python"))).then(|| program.to_owned())
            })
        })
    })
}
