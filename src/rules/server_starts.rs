//! Rules about how a server starts.

use super::Context;
use crate::build::{Build, DevelopmentServer, Lookup, Reference, Stage, StageBase, installed, service};
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings};
use crate::text::{Span, path};

super::family! {
    "development-server" => development_server;
    "python-output-buffered" => python_output_buffered;
}

fn development_server(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    if cx.is_for_developers_only() || service::is_for_developers(build, target) || mounts_sources(build, target) {
        return;
    }
    let Some(server) = build.development_server(target) else { return };
    let title = &server.title;
    let message = if server.restarts {
        format!("`{title}` restarts the program when a file changes, which is for development")
    } else {
        format!("`{title}` starts a server that is for development")
    };
    let help = match (server.instead, &server.option) {
        (Some(instead), _) => instead.to_owned(),
        (None, Some((option, _))) => format!("leave out `{option}`"),
        (None, None) => "start the program itself".to_owned(),
    };
    out.push(edited(cx, &server, cx.finding(server.span, message).help(help)));
}

/// Whether a compose file mounts the sources over the working directory, as for development.
fn mounts_sources(build: &Build, target: &Stage) -> bool {
    let Some(launch) = build.launch(target) else { return false };
    let folder = installed::workdir(build, target, launch.index);
    build.input().options.run.mounts.iter().any(|mount| path::is_within(&folder, mount))
}

fn edited(cx: &Context, server: &DevelopmentServer, finding: Finding) -> Finding {
    let (Some((option, span)), None) = (&server.option, server.instead) else { return finding };
    let text = cx.source().text();
    let written = cx.source().slice(*span);
    let before = &text[..span.start as usize];
    let gap = before.len() - before.trim_end_matches([' ', '\t']).len();
    let start = match written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        // In exec form the comma before it goes too.
        Some(inner) if inner == option => before.trim_end_matches([' ', '\t']).strip_suffix(',').map(str::len),
        None if written == option && gap > 0 => Some(before.len() - gap),
        _ => None,
    };
    let Some(start) = start.and_then(|start| u32::try_from(start).ok()) else { return finding };
    let why = "the server then starts in one process";
    finding.unsafe_edit(format!("leave out `{option}`"), why, Span::new(start, span.end), "")
}

const NAME: &str = "PYTHONUNBUFFERED";

fn python_output_buffered(cx: &Context, out: &mut Findings) {
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
