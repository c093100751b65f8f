//! See `rules/python-output-buffered.md`.

use super::Context;
use crate::build::{Lookup, Reference, StageBase, service};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::text::Span;

super::rule!("python-output-buffered", check);

const NAME: &str = "PYTHONUNBUFFERED";

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target().filter(|target| service::is_service(build, target)) else { return };
    let is_python = match build.root_base(target) {
        StageBase::Image(reference) => Reference::of(reference).short_name() == "python",
        _ => false,
    };
    let set = matches!(build.scopes().lookup(target.index, NAME, usize::MAX), Lookup::Defined(_));
    let starts = [Keyword::Cmd, Keyword::Entrypoint].into_iter().filter_map(|keyword| build.last(target, keyword));
    let mut starts: Vec<_> = starts.collect();
    starts.sort_by_key(|(index, _)| *index);
    let Some((index, first)) = starts.into_iter().next() else { return };
    if !is_python || set {
        return;
    }
    let runs = build.code(index).is_some_and(|code| {
        code.script.invocations().iter().any(|invocation| {
            invocation.program.is_some_and(|program| program.starts_with("python"))
                && !invocation.args.iter().any(|word| word.text().starts_with("-u"))
        })
    });
    if !runs {
        return;
    }
    let message = "Python buffers its output, so the last lines before a crash are lost";
    let finding = cx.finding(first.head, message).help(format!("set `{NAME}=1`"));
    let newline = if cx.source().text().contains("\r\n") { "\r\n" } else { "\n" };
    let Some(from) = build.from_of(target) else { return };
    let why = "all Python programs of the image write immediately, and one that prints a lot gets slower";
    out.push(finding.unsafe_edit(
        "turn off output buffering",
        why,
        Span::at(from.span.end),
        format!("{newline}ENV {NAME}=1"),
    ));
}
