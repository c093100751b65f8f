//! The rule about programs that an image has for its healthcheck alone.

use crate::build::{Build, Launch, Reference, Stage, StageBase};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::inputs::local_urls;
use crate::manifest::FileKind;
use crate::rules::Context;
use crate::shell::{Invocation, Verb};
use crate::text::Span;

crate::rules::family! {
    "healthcheck-client-installed" => healthcheck_client_installed;
}

/// A client that is installed for a request which the interpreter of the image can make.
fn healthcheck_client_installed(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some((index, instruction)) = build.last(stage, Keyword::Healthcheck) else { return };
    let (StageBase::Image(image), Some(code)) = (build.root_base(stage), build.code(index)) else { return };
    let Some(row) = data::CHECK_INTERPRETERS.row(Reference::of(image).short_name()) else { return };
    let invocations = code.script.invocations();
    let client = invocations.iter().find_map(|call| call.program.filter(|program| ["curl", "wget"].contains(program)));
    let Some(client) = client else { return };
    // Another tool of the check would stay.
    let is_alone = invocations.iter().all(|call| call.is(client) || call.is("exit"));
    let text = cx.source().slice(instruction.span);
    let (Some(url), true) = (local_urls(text).next(), is_alone && !text.contains('$')) else { return };
    let Some((at, span)) = installed_client(build, stage, client) else { return };
    if is_used_elsewhere(cx, stage, client) {
        return;
    }
    let scheme = if url.is_https { "https" } else { "http" };
    let port = url.port.map(|port| format!(":{port}")).unwrap_or_default();
    let address = format!("{scheme}://127.0.0.1{port}{}", url.path);
    let message =
        format!("`{client}` is installed for the healthcheck alone, and `{}` can make the request by itself", row[0]);
    let help = format!("leave it out, and ask with `{}`", row[1].replace("URL", &address));
    out.push(cx.finding_at(at, span, message).help(help));
}

/// Where a step of the image installs the client as a package of the system.
fn installed_client(build: &Build, stage: &Stage, client: &str) -> Option<(usize, Span)> {
    build.chain(stage).find_map(|below| {
        build.own_runs(below).find_map(|run| {
            let invocations = run.invocations();
            let calls = invocations.iter().filter_map(Invocation::package_call);
            let mut installs = calls.filter(|call| call.verb == Verb::Install && call.manager.is_system());
            let span = installs.find_map(|call| {
                call.packages.iter().find(|package| package.name.text == client).map(|package| package.span)
            })?;
            Some((run.index, run.place(span)))
        })
    })
}

/// Whether something else in the image may call the client: a step, the start, or a source or script that names it.
fn is_used_elsewhere(cx: &Context, stage: &Stage, client: &str) -> bool {
    let build = cx.build();
    let in_steps = build.chain(stage).any(|below| build.called(below).any(|call| call.is(client)));
    let starts = build.launch(stage);
    let is_started = starts.as_ref().is_some_and(|launch: &Launch| {
        launch.script().invocations().iter().any(|call| {
            let words = std::iter::once(call.path).chain(call.args);
            words.into_iter().any(|word| word.text().contains(client) || FileKind::of(word.text()).is_shell())
        })
    });
    let is_named = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(client);
    in_steps || starts.is_none() || is_started || cx.texts().any(is_named)
}
