//! See `rules/virtual-environment-moved.md`.

use super::{Context, copied_packages};
use crate::build::{Build, Stage};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::program::{Kind, Program};
use crate::text::path;

super::rule!("virtual-environment-moved", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
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
