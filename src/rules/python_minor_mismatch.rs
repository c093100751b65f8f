//! See `rules/python-minor-mismatch.md`.

use super::{Context, copied_packages};
use crate::build::Stage;
use crate::finding::Findings;
use crate::text::Span;

super::rule!("python-minor-mismatch", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let needed = build.stages().iter().filter(|stage| build.is_needed(stage));
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
