//! See `rules/ssh-port-exposed.md`.

use super::Context;
use crate::build::{Build, Reference, Stage, StageBase, accounts};
use crate::dockerfile::{Argument, Keyword};
use crate::finding::Findings;
use crate::shell::program::{Kind, Program};
use crate::text::{Span, path};

super::rule!("ssh-port-exposed", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    let ports = |stage: &Stage| -> Vec<String> {
        let all = build.effective_instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Expose);
        all.flat_map(|(_, instruction)| file.list(instruction)).map(|port| port.text.to_string()).collect()
    };
    let only = cx.shipped().flat_map(ports).all(|port| matches!(&*port, "22" | "22/tcp"));
    if only || build.target().is_some_and(|target| is_ssh_server(build, target)) {
        return;
    }
    for stage in cx.shipped() {
        for (index, instruction) in
            build.effective_instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Expose)
        {
            let ports = file.list(instruction);
            let Some(at) =
                ports.iter().position(|port| build.expand(stage, index, &port.text).is_some_and(|text| has_ssh(&text)))
            else {
                continue;
            };
            let message = "port 22 is exposed: a second way into the container, next to its program";
            let finding = cx
                .finding_at(index, ports[at].span, message)
                .help("use `docker exec` or the orchestrator's equivalent");
            let why = "`docker run -P` no longer publishes the port";
            out.push(match without(&ports, at) {
                Some(span) => finding.unsafe_edit("remove the port", why, span, ""),
                None => finding,
            });
        }
    }
}

/// Whether the port or range is or contains 22 over TCP.
fn has_ssh(text: &str) -> bool {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let number = |text: &str| text.parse::<u16>().ok();
    protocol.eq_ignore_ascii_case("tcp")
        && number(first).zip(number(last)).is_some_and(|(first, last)| (first..=last).contains(&22))
}

/// The port with the blanks next to it, if other ports remain.
fn without(ports: &[Argument], at: usize) -> Option<Span> {
    let port = ports[at].span;
    match (at.checked_sub(1).map(|before| ports[before].span), ports.get(at + 1)) {
        (_, Some(next)) => Some(Span::new(port.start, next.span.start)),
        (Some(before), None) => Some(Span::new(before.end, port.end)),
        (None, None) => None,
    }
}

/// Whether SSH is the purpose of the container: it starts sshd or a server of repositories or files, is based on such
/// an image, or creates the account that people push to.
fn is_ssh_server(build: &Build, stage: &Stage) -> bool {
    let serves = |name: &str| Program::of(path::name(name)).is(Kind::SshServer);
    let image = match build.root_base(stage) {
        StageBase::Image(image) => serves(Reference::of(image).short_name()),
        _ => false,
    };
    let makes_git = |stage: &Stage| {
        let codes = build.instructions(stage).filter_map(|(index, _)| build.code(index));
        let mut invocations = codes.flat_map(|code| code.script.invocations());
        invocations.any(|invocation| accounts::created_user(&invocation) == Some("git"))
    };
    image || build.chain(stage).any(makes_git) || starts_ssh_server(build, stage)
}

fn starts_ssh_server(build: &Build, stage: &Stage) -> bool {
    [Keyword::Entrypoint, Keyword::Cmd].iter().any(|keyword| {
        let code = build.last(stage, *keyword).and_then(|(index, _)| build.code(index));
        let invocations = code.map(|code| code.script.invocations()).unwrap_or_default();
        invocations
            .last()
            .is_some_and(|invocation| invocation.program.is_some_and(|name| Program::of(name).is(Kind::SshServer)))
    })
}
