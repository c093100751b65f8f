//! See `rules/healthcheck-missing.md`.

use super::Context;
use super::user_line::start;
use crate::build::{Build, Reference, Stage, StageBase, service, service_check};
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings};
use crate::text::Span;

super::rule!("healthcheck-missing", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    if build.is_fragment() {
        return;
    }
    if build.last(stage, Keyword::Healthcheck).is_some()
        || !service::may_serve(build, stage)
        || is_built_in(build, stage)
    {
        return;
    }
    let check = check_of(build, stage);
    // It is not known whether other images listen on a port.
    let serves = build.launch(stage).is_some() && build.last(stage, Keyword::Expose).is_some();
    if check.is_none() && !serves && build.listening(stage).is_none() {
        return;
    }
    let finding = cx.finding(stage.base_span, "no HEALTHCHECK: the engine does not notice when the service fails");
    let finding = finding.help("add `HEALTHCHECK CMD` with a probe that the image contains");
    out.push(
        finding.with(check.zip(start(build, stage)), |finding, (check, at)| with_line(build, finding, at, &check)),
    );
}

fn is_built_in(build: &Build, stage: &Stage) -> bool {
    let StageBase::Image(reference) = build.root_base(stage) else { return false };
    build.input().base_images.get(reference).is_some_and(|config| config.healthcheck.is_some())
}

/// A check that certainly works: the own check of the service, or a connection to its port.
fn check_of(build: &Build, stage: &Stage) -> Option<String> {
    let StageBase::Image(reference) = build.root_base(stage) else { return None };
    if build.last(stage, Keyword::Entrypoint).or(build.last(stage, Keyword::Cmd)).is_none()
        && let Some(check) = service_check(reference)
    {
        return Some(check.to_owned());
    }
    let (port, _) = build.listening(stage)?.port.filter(|(port, _)| *port > 0)?;
    let reference = Reference::of(reference);
    let major: u32 = reference.tag?.split(['.', '-']).next()?.parse().ok()?;
    match reference.short_name() {
        "python" if major >= 3 => Some(format!(
            "[\"python\", \"-c\", \"import socket;socket.create_connection(('127.0.0.1',{port}),2).close()\"]"
        )),
        "node" if major >= 18 => Some(format!(
            "[\"node\", \"-e\", \"fetch('http://127.0.0.1:{port}/').then(r=>process.exit(r.status<500?0:1),()=>process.exit(1))\"]"
        )),
        _ => None,
    }
}

fn with_line(build: &Build, finding: Finding, at: u32, check: &str) -> Finding {
    let newline = if build.input().file.source().text().contains("\r\n") { "\r\n" } else { "\n" };
    let why = "the check runs every 30 seconds, and whatever waits for a healthy container waits for it";
    finding.unsafe_edit("add a HEALTHCHECK", why, Span::at(at), format!("HEALTHCHECK CMD {check}{newline}"))
}
