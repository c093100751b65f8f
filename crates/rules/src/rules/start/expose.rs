//! Rules about EXPOSE and the ports that a program listens on.

use crate::build::{Build, ListeningOrigin, LoopbackOrigin, LoopbackServer, Reference, Stage, StageBase, accounts};
use crate::dockerfile::{Argument, Arguments, Keyword};
use crate::finding::{Finding, Findings};
use crate::rules::Context;
use crate::shell::{program::Kind, program::Program};
use crate::text::{Span, path};

crate::rules::family! {
    "expose-mapping" => expose_mapping;
    "expose-missing" => expose_missing;
    "expose-protocol-case" => expose_protocol_case;
    "expose-range" => expose_range;
    "exposed-port-unused" => exposed_port_unused;
    "loopback-only" => loopback_only;
    "ssh-port-exposed" => ssh_port_exposed;
}

/// The words of all EXPOSEs whose value is known, with the index of the instruction and the value.
fn words<'i>(cx: &Context<'_, 'i>) -> Vec<(usize, Argument<'i>, String)> {
    let build = cx.build();
    let list = |(stage, index, instruction)| {
        let words = build.input().file.list(instruction).into_iter();
        words.filter_map(move |word| build.expand(stage, index, &word.text).map(|ports| (index, word, ports)))
    };
    build.all_effective_of(Keyword::Expose).flat_map(list).collect()
}

fn expose_mapping(cx: &Context, out: &mut Findings) {
    for (index, written, ports) in words(cx) {
        let Some(port) = ports.split_whitespace().find(|port| port.contains(':')) else { continue };
        let container_port = port.rsplit(':').next().unwrap_or_default();
        let message = format!("`{port}` only exposes {container_port}: an image cannot choose a host port or address");
        let finding =
            cx.finding_at(index, written.span, message).help("publish the port when the container starts (`-p`)");
        let plain = written.text == port;
        out.push(
            finding.when(plain, |finding| finding.safe_edit("keep the container's port", written.span, container_port)),
        );
    }
}

fn expose_missing(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target().filter(|stage| build.listening(stage).is_some()) else { return };
    // A base image that starts a program also exposes its ports.
    if build.last(stage, Keyword::Expose).is_some() || !build.has_bare_base(stage) {
        return;
    }
    let Some((_, starts)) = build.last(stage, Keyword::Cmd).or_else(|| build.last(stage, Keyword::Entrypoint)) else {
        return;
    };
    let finding = cx.finding(starts.head, "this starts a server, but no EXPOSE documents its port");
    out.push(finding.help("document the port with EXPOSE"));
}

fn expose_protocol_case(cx: &Context, out: &mut Findings) {
    for (index, written, ports) in words(cx) {
        let capital =
            |port: &&str| port.split_once('/').is_some_and(|(_, protocol)| protocol != protocol.to_lowercase());
        let Some(port) = ports.split_whitespace().find(capital) else { continue };
        let finding = cx.finding_at(index, written.span, format!("the protocol in `{port}` is not in lower case"));
        let finding = finding.help("write it in lower case");
        out.push(finding.when(written.text == port, |finding| {
            finding.safe_edit("write it in lower case", written.span, port.to_lowercase())
        }));
    }
}

/// The highest port.
const HIGHEST: u64 = 65_535;

fn expose_range(cx: &Context, out: &mut Findings) {
    for (index, written, ports) in words(cx) {
        for port in ports.split_whitespace() {
            let Some(why) = describe_mistake(port) else { continue };
            let mut finding = cx.finding_at(index, written.span, format!("{why}: the builder refuses it"));
            if written.text.contains('$') {
                finding = finding.without("DL3011");
            }
            out.push(finding.help("use ports from 0 to 65535, and ranges from low to high"));
        }
    }
}

fn describe_mistake(port: &str) -> Option<String> {
    let container = port.rsplit(':').next().unwrap_or(port);
    let range = container.split('/').next().unwrap_or(container);
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number that does not fit is above the highest port.
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let (first, last) = (number(first)?, number(last)?);
    match (first > HIGHEST || last > HIGHEST, first > last) {
        (true, _) => Some(format!("`{range}` is above the highest port, 65535")),
        (false, true) => Some(format!("`{range}` ends before it starts")),
        (false, false) => None,
    }
}

fn exposed_port_unused(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some(listening) = build.listening(stage) else {
        exposed_port_unset(cx, stage, out);
        return;
    };
    let Some((port, origin)) = listening.port.filter(|(port, _)| *port > 0) else { return };
    let Some(exposed) = build.all_exposed_ports(stage) else { return };
    let Some(first) = exposed.first() else { return };
    if exposed.iter().any(|exposed| exposed.ports.contains(&port)) {
        return;
    }
    let message = format!("nothing listens on the exposed port: `{}` listens on {port}", listening.server);
    let (place, label) = match origin {
        ListeningOrigin::Word(span) => (span, format!("port {port} is set here")),
        ListeningOrigin::Variable => (listening.span, format!("a variable sets port {port}")),
        ListeningOrigin::Default => (listening.span, format!("it listens on {port} by default")),
        // `lint` does not know whether there is a configuration file.
        ListeningOrigin::DefaultWithoutFile => return,
    };
    let finding = cx.finding(first.span, message).label(place, label);
    let finding = finding.help("expose the program's port, or start the program on the exposed port");
    let why = "tools that publish or look up the exposed port get a different one";
    out.push(match exposed.as_slice() {
        [exposed] if exposed.is_plain => {
            finding.unsafe_edit(format!("expose {port}"), why, exposed.span, port.to_string())
        }
        _ => finding,
    });
}

/// A port that a file of settings of the project does not say.
fn exposed_port_unset(cx: &Context, stage: &Stage, out: &mut Findings) {
    let build = cx.build();
    let (Some(known), Some(exposed)) = (build.port_setting(stage), build.all_exposed_ports(stage)) else { return };
    let Some(first) = exposed.first() else { return };
    if exposed.iter().any(|exposed| exposed.ports.contains(&known.port)) {
        return;
    }
    let message = format!(
        "nothing listens on the exposed port: `{}` (line {}) sets `{}` to {}",
        known.file, known.line, known.setting, known.port
    );
    let finding = cx.finding(first.span, message);
    let finding = finding.help("expose the program's port, or start the program on the exposed port");
    let why = "tools that publish or look up the exposed port get a different one";
    out.push(match exposed.as_slice() {
        [exposed] if exposed.is_plain => {
            finding.unsafe_edit(format!("expose {}", known.port), why, exposed.span, known.port.to_string())
        }
        _ => finding,
    });
}

fn loopback_only(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    if build.is_fragment() {
        return;
    }
    let Some(known) = build.loopback_server(stage) else { return };
    let LoopbackServer { server, host, span, origin, .. } = &known;
    let so = "so it cannot be reached from outside the container";
    let message = match origin {
        LoopbackOrigin::Word => format!("`{server}` listens only on {host}, {so}"),
        LoopbackOrigin::Variable(name) => format!("`{server}` listens only on {host}, as `{name}` says, {so}"),
        LoopbackOrigin::Default => format!("`{server}` listens only on {host} by default, {so}"),
        LoopbackOrigin::Script(file) => format!("`{server}`, which `{file}` starts, listens only on {host}, {so}"),
        LoopbackOrigin::Source { file, line } => {
            format!("`{server}` in `{file}` (line {line}) lets the program listen only on {host}, {so}")
        }
    };
    let finding = cx.finding(*span, message).help(match known.option {
        Some((option, _)) => format!("listen on 0.0.0.0: `{option} 0.0.0.0`"),
        None => "listen on 0.0.0.0".to_owned(),
    });
    out.push(opened(cx, stage, &known, finding));
}

/// Adds a fix that makes a server listen on all addresses.
fn opened(cx: &Context, stage: &Stage, known: &LoopbackServer, finding: Finding) -> Finding {
    let why = "other containers and published ports can then reach it";
    let title = "listen on 0.0.0.0";
    let source = cx.source();
    match &known.origin {
        LoopbackOrigin::Word => {
            let text = source.slice(known.span).to_owned();
            let edited = text.replacen(&known.host, "0.0.0.0", 1);
            if edited == text { finding } else { finding.unsafe_edit(title, why, known.span, edited) }
        }
        LoopbackOrigin::Default => {
            let launch = cx.build().launch(stage);
            let (Some((option, last)), Some(launch)) = (known.option, launch) else { return finding };
            let is_json = matches!(launch.instruction.arguments, Arguments::Json(_));
            let text = source.slice(last);
            // Of a command in escaped quotes only the whole text has a place: what follows it is no word of the server.
            let is_word = !text.contains(char::is_whitespace);
            let is_whole = if is_json { text.ends_with('"') } else { is_word && last.end > last.start };
            let added = if is_json { format!(", \"{option}\", \"0.0.0.0\"") } else { format!(" {option} 0.0.0.0") };
            finding.when(is_whole && last.end > known.span.start, |finding| {
                finding.unsafe_edit(title, why, Span::at(last.end), added)
            })
        }
        LoopbackOrigin::Variable(_) | LoopbackOrigin::Script(_) | LoopbackOrigin::Source { .. } => finding,
    }
}

fn ssh_port_exposed(cx: &Context, out: &mut Findings) {
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
            out.push(
                finding
                    .with(without(&ports, at), |finding, span| finding.unsafe_edit("remove the port", why, span, "")),
            );
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
