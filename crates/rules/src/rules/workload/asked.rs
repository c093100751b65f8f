//! What a platform asks a container for, and what that differs in from a health check.

use crate::endpoint::is_health_path;
use crate::finding::Finding;
use crate::inputs::WorkloadInput;
use crate::rules::workload_context::{RunProgram, WorkloadContext};
use crate::rules::workload_index::ProgramCheck;
use crate::secret;
use crate::shell::from_exec;
use crate::stack::{CheckQuestion, CheckRequest, check_request};
use crate::text::Span;
use crate::workload::{Container, Probe, ProbeAction, Setting, TargetGroup, TargetLink, TaskCheck};

/// The most letters of a command that are shown.
const LONGEST: usize = 80;

/// A value with the file and the place that say it.
type Placed<'a, T> = (T, &'a WorkloadInput, Span);

/// What a platform asks a container for, as far as it is known.
pub(super) struct AskedThing<'a> {
    /// Who asks: `readinessProbe`.
    asker: &'static str,
    path: Option<Placed<'a, &'a str>>,
    port: Option<Placed<'a, i64>>,
    is_https: Option<Placed<'a, bool>>,
    /// What it runs, where it runs something.
    command: Option<Placed<'a, CheckRequest>>,
}

/// What two questions differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Difference {
    Path,
    Port,
    Scheme,
    Command,
}

/// A container with the program that it runs and the checks of that.
pub(super) struct CheckedContainer<'c, 'a> {
    pub(super) container: &'c Container,
    pub(super) program: &'c RunProgram<'a>,
    pub(super) checks: Vec<(ProgramCheck, CheckRequest)>,
}

impl<'a> AskedThing<'a> {
    const fn of(asker: &'static str) -> Self {
        Self { asker, path: None, port: None, is_https: None, command: None }
    }

    /// What a probe asks; `span`: its place.
    pub(super) fn of_probe(
        cx: &WorkloadContext<'a>,
        asker: &'static str,
        probe: &'a Probe,
        span: Span,
    ) -> Option<Self> {
        let placed_port = |port: &'a Setting<i64>| Some((*port.value()?, cx.input, port.span()?));
        let nothing = Self::of(asker);
        Some(match &probe.action {
            ProbeAction::Http(http) => Self {
                path: http.path.value().zip(http.path.span()).map(|(path, span)| (path.as_str(), cx.input, span)),
                port: placed_port(&http.port),
                is_https: Some((http.is_https, cx.input, http.port.span().unwrap_or(span))),
                ..nothing
            },
            ProbeAction::Tcp(port) | ProbeAction::Grpc(port) => Self { port: placed_port(port), ..nothing },
            ProbeAction::Exec(Setting::Known(words, span)) => {
                let words: Vec<String> = words.iter().map(|word| unescaped(word)).collect();
                Self { command: Some((exec_request(&words)?, cx.input, *span)), ..nothing }
            }
            ProbeAction::Exec(_) | ProbeAction::Unknown => return None,
        })
    }

    /// What the check of ECS runs.
    pub(super) fn of_task(cx: &WorkloadContext<'a>, check: &TaskCheck) -> Option<Self> {
        let Setting::Known(words, span) = &check.words else { return None };
        let request = match &words[..] {
            [form, line] if form == "CMD-SHELL" => check_request(&crate::shell::parse(line), false),
            [form, words @ ..] if form == "CMD" => exec_request(words),
            _ => None,
        };
        Some(Self { command: Some((request?, cx.input, *span)), ..Self::of("healthCheck") })
    }

    /// What a load balancer asks through a link.
    pub(super) fn of_group(
        cx: &WorkloadContext<'a>,
        link: &'a TargetLink,
        group: Option<&'a TargetGroup>,
    ) -> Option<Self> {
        let group = group?;
        let (file, span) = cx.place_of_group(group)?;
        let (protocol, place) = match &group.protocol {
            Setting::Known(protocol, place) => (protocol.to_ascii_uppercase(), *place),
            Setting::Absent => ("HTTP".to_owned(), span),
            Setting::Unknown => (String::new(), span),
        };
        let is_http = protocol.starts_with("HTTP");
        let path = match &group.path {
            // What a load balancer asks for where nothing is written (AWS docs: target group health checks).
            Setting::Absent => Some(("/", span)),
            path => path.value().map(String::as_str).zip(path.span()),
        };
        let port = match &group.check_port {
            Setting::Known(port, span) if port != "traffic-port" => Some((port.parse().ok()?, file, *span)),
            Setting::Unknown => None,
            _ => {
                link.port.value().zip(link.port.span()).and_then(|(port, span)| Some((*port, file_of(cx, link)?, span)))
            }
        };
        Some(Self {
            path: if is_http { path.map(|(path, span)| (path, file, span)) } else { None },
            port: if protocol.is_empty() { None } else { port },
            is_https: is_http.then_some((protocol == "HTTPS", file, place)),
            ..Self::of("health check of the target group")
        })
    }

    /// Whether it asks for a port that no check of a program asks for.
    pub(super) fn has_other_port(&self, checked: &CheckedContainer) -> bool {
        let is_other = |port: i64| {
            let mut known = checked.checks.iter().filter_map(|(_, request)| request.port());
            known.all(|known| i64::from(known) != port)
        };
        self.port.is_some_and(|(port, ..)| is_other(port))
    }

    /// What it certainly differs in from a check.
    fn difference(&self, request: &CheckRequest) -> Option<Difference> {
        let Some((command, ..)) = &self.command else {
            let parts =
                (self.path.map(|known| known.0), self.port.map(|known| known.0), self.is_https.map(|known| known.0));
            return different_part(parts, request);
        };
        if command.is_same_as(request) {
            return None;
        }
        if let Some(port) = command.port()
            && request.port().is_some()
        {
            return different_part((command.path(), Some(i64::from(port)), command.is_https()), request);
        }
        let is_different = match (&command.asks, &request.asks) {
            (CheckQuestion::Constant(_), _) => true,
            (CheckQuestion::Process(_), CheckQuestion::Process(_)) => false,
            (CheckQuestion::Page(page), CheckQuestion::Page(other)) => {
                (&page.host, page.port, &page.path, &page.method)
                    != (&other.host, other.port, &other.path, &other.method)
            }
            // A program may ask what the other one asks, unless it certainly asks no server.
            _ if command.port().is_some() => request.is_apart,
            _ if request.port().is_some() => command.is_apart,
            _ => true,
        };
        is_different.then_some(Difference::Command)
    }

    /// What it and all checks of a program differ in, as a finding.
    pub(super) fn finding(&self, cx: &WorkloadContext, checked: &CheckedContainer) -> Option<Finding> {
        let mut first = None;
        for (check, request) in &checked.checks {
            let difference = self.difference(request)?;
            first.get_or_insert((difference, check, request));
        }
        let (difference, check, request) = first?;
        match difference {
            Difference::Path => self.other_path(cx, checked, check, request),
            // It may listen elsewhere there.
            Difference::Port if checked.container.may_get_number(self.asked_port()?.0) => None,
            Difference::Port => {
                let (port, file, span) = self.asked_port()?;
                let known = request.port()?;
                let message = self.message(checked, check, (&format!("asks port {port}"), &format!("port {known}")));
                let help = format!("write port {known}, or tell the program its port");
                Some(cx.finding_in(file, span, message).help(help))
            }
            Difference::Scheme => {
                let (is_https, file, span) = self.asked_scheme()?;
                let name = |is_https: bool| if is_https { "HTTPS" } else { "HTTP" };
                let asks = format!("asks over {}", name(is_https));
                let message = self.message(checked, check, (&asks, &format!("over {}", name(!is_https))));
                Some(cx.finding_in(file, span, message).help("ask in both as the program answers"))
            }
            Difference::Command => {
                let (command, file, span) = self.command.as_ref()?;
                let message = self.message(checked, check, (&what_it_does(command), &what_it_does(request)));
                let help = "let both ask the same: what says that the program is ready";
                Some(cx.finding_in(file, *span, message).help(help))
            }
        }
    }

    /// `words`: what the platform does, and what the check does.
    fn message(&self, checked: &CheckedContainer, check: &ProgramCheck, words: (&str, &str)) -> String {
        let (asker, name, what) = (self.asker, &checked.container.name, checked.program.name());
        format!("the {asker} of `{name}` {}, the healthcheck of `{what}` ({}) {}", words.0, check.place, words.1)
    }

    fn asked_path(&self) -> Option<Placed<'a, &str>> {
        let of_command = || self.command.as_ref().and_then(|(known, file, span)| Some((known.path()?, *file, *span)));
        self.path.or_else(of_command)
    }

    fn asked_port(&self) -> Option<Placed<'a, i64>> {
        let of_command = || {
            let (known, file, span) = self.command.as_ref()?;
            Some((i64::from(known.port()?), *file, *span))
        };
        self.port.or_else(of_command)
    }

    fn asked_scheme(&self) -> Option<Placed<'a, bool>> {
        let of_command =
            || self.command.as_ref().and_then(|(known, file, span)| Some((known.is_https()?, *file, *span)));
        self.is_https.or_else(of_command)
    }

    fn other_path(
        &self,
        cx: &WorkloadContext,
        checked: &CheckedContainer,
        check: &ProgramCheck,
        request: &CheckRequest,
    ) -> Option<Finding> {
        let (path, file, span) = self.asked_path()?;
        let known = request.path()?;
        let is_unnamed = checked.program.sources().is_some_and(|sources| sources.unnamed.contains(path));
        // Another path of the kind may be there on purpose.
        if is_health_path(bare(path)) && !is_unnamed {
            return None;
        }
        let message = self.message(checked, check, (&format!("asks for `{path}`"), &format!("for `{known}`")));
        let mut finding = cx.finding_in(file, span, message);
        if is_unnamed {
            finding.notes.push(format!("no source of `{}` names `{path}`", checked.program.name()));
        }
        Some(finding.help(format!("ask for `{known}` in both, or for what says that the program is ready")))
    }
}

/// A path without what is behind it.
pub(super) fn bare(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/')
}

/// What path, port and whether over TLS differ in from those of a check, as far as both are known.
fn different_part(
    (path, port, is_https): (Option<&str>, Option<i64>, Option<bool>),
    request: &CheckRequest,
) -> Option<Difference> {
    let differs = |is_different: bool, difference: Difference| is_different.then_some(difference);
    let other_path = path.zip(request.path()).is_some_and(|(path, known)| bare(path) != bare(known));
    let other_port = port.zip(request.port()).is_some_and(|(port, known)| port != i64::from(known));
    let other_scheme = is_https.zip(request.is_https()).is_some_and(|(is_https, known)| is_https != known);
    differs(other_path, Difference::Path)
        .or_else(|| differs(other_port, Difference::Port))
        .or_else(|| differs(other_scheme, Difference::Scheme))
}

/// What a command does, in words.
fn what_it_does(request: &CheckRequest) -> String {
    if let Some(page) = request.page() {
        return format!("asks for `{}` on port {}", page.path, page.port);
    }
    match &request.asks {
        CheckQuestion::Port(port) => format!("asks port {port}"),
        CheckQuestion::Grpc { port, .. } => format!("asks gRPC on port {port}"),
        CheckQuestion::Constant(end) => format!("ends with `{end}` and cannot fail"),
        _ => format!("runs `{}`", shown_command(&request.line)),
    }
}

/// A command as it is shown: on one line, not too long, and nothing but the program where it holds a secret.
fn shown_command(line: &str) -> String {
    let first = line.lines().next().unwrap_or_default();
    if secret::holds_secret(line) || !secret::hidden_in(line).is_empty() {
        return format!("{} …", first.split(' ').next().unwrap_or_default());
    }
    let text: String = first.chars().take(LONGEST).collect();
    if text.len() < line.len() { format!("{} …", text.trim_end()) } else { text }
}

fn exec_request(words: &[String]) -> Option<CheckRequest> {
    let argv: Vec<(&str, Span)> = words.iter().map(|word| (word.as_str(), Span::at(0))).collect();
    check_request(&from_exec(&argv), true)
}

/// A word as the program gets it: Kubernetes puts variables in for `$(NAME)`, and takes `$$` for one `$`.
fn unescaped(word: &str) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        let name = rest.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        if let Some(behind) = rest.strip_prefix('$') {
            rest = behind;
        } else if let Some((name, behind)) = name
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            out.push_str(name);
            rest = behind;
        }
    }
    out.push_str(rest);
    out
}

/// The file that holds the service of a link.
pub(super) fn file_of<'a>(cx: &WorkloadContext<'a>, link: &TargetLink) -> Option<&'a WorkloadInput> {
    let holds = |file: &&WorkloadInput| {
        let mut links = file.content.task_services.iter().flat_map(|service| &service.links);
        links.any(|known| std::ptr::eq(known, link))
    };
    cx.inputs.workloads.files.iter().find(holds)
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn words_are_those_that_the_program_gets() {
        for (word, expected) in [
            ("test -n \"$$(find /tmp/alive)\"", "test -n \"$(find /tmp/alive)\""),
            ("curl $(HOST):$PORT", "curl $HOST:$PORT"),
            ("check $$$$ $$HOME $(a b)", "check $$ $HOME $(a b)"),
        ] {
            assert_eq!(unescaped(word), expected);
        }
    }
}
