//! A check in a form in which it can be compared with the probe of a manifest: what it asks, and its commands whatever shell,
//! quotes and ends are around them.

use super::request::{CheckQuestion, PageRequest};
use crate::build::ends_after_failure;
use crate::data;
use crate::shell::program::Program;
use crate::shell::{Invocation, Script, SeparatorKind, Word};

/// A check that can be compared with another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRequest {
    /// What it asks; [`CheckQuestion::Command`] also where it asks more than a question, or what only its container knows.
    pub asks: CheckQuestion,
    /// Its commands in one line, however they are wrapped and quoted, without `|| exit 1`.
    pub line: String,
    /// Whether it certainly asks no server of its own container: it looks at files or processes, or asks a data store.
    pub is_apart: bool,
    /// The line without what does not change what is asked.
    meaning: String,
}

impl CheckRequest {
    /// The page of its own container that it asks for, and only reads.
    pub fn page(&self) -> Option<&PageRequest> {
        match &self.asks {
            CheckQuestion::Page(page) if page.is_own("") && page.is_read() => Some(page),
            _ => None,
        }
    }

    /// The path of that page, without what is behind `?`.
    pub fn path(&self) -> Option<&str> {
        self.page()?.path.split('?').next()
    }

    /// The port of its own container that it asks.
    pub fn port(&self) -> Option<u16> {
        match &self.asks {
            CheckQuestion::Port(port) | CheckQuestion::Grpc { port, .. } => Some(*port),
            _ => self.page().map(|page| page.port),
        }
    }

    /// Whether it asks over TLS; `None` where it asks for no page.
    pub fn is_https(&self) -> Option<bool> {
        self.page().map(|page| page.scheme == "https")
    }

    /// Whether its commands do the same as those of another one.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.meaning == other.meaning
    }

    /// Whether it asks for something: some cannot fail.
    pub fn can_fail(&self) -> bool {
        !matches!(self.asks, CheckQuestion::Constant(_))
    }
}

/// What a check asks, by its commands; `None` of one without any. `is_exec`: whether they run without a shell.
pub fn check_request(script: &Script, is_exec: bool) -> Option<CheckRequest> {
    let invocations = script.invocations();
    let asks = match CheckQuestion::of(script, is_exec) {
        CheckQuestion::Page(page) if !is_single(&invocations) || !is_plain(&page.path) => CheckQuestion::Command,
        asks => asks,
    };
    if invocations.is_empty() && asks == CheckQuestion::Command {
        return None;
    }
    let calls: Vec<&Invocation> = invocations.iter().filter(|call| !ends_after_failure(call)).collect();
    let is_apart = matches!(asks, CheckQuestion::Process(_) | CheckQuestion::FileAge)
        || asks == CheckQuestion::Command && calls.iter().all(|call| is_apart(call));
    let line_of = |words: fn(&Invocation) -> Vec<String>| line(&calls, words);
    Some(CheckRequest { asks, line: line_of(written_words), is_apart, meaning: line_of(meant_words) })
}

/// Whether one request is all that is sent.
fn is_single(invocations: &[Invocation]) -> bool {
    invocations.iter().filter(|invocation| invocation.is("curl") || invocation.is("wget")).count() < 2
}

fn is_plain(path: &str) -> bool {
    path.chars().all(|c| c.is_ascii_graphic() && !"${}<>*".contains(c))
}

fn is_apart(call: &Invocation) -> bool {
    let Some(name) = call.program else { return false };
    let program = Program::of(name);
    // These ask whatever they are told, also their own container.
    let is_client = !call.is("curl") && !call.is("wget") && data::CHECK_CLIENTS.row(name).is_some();
    program.handles_files() || program.writes_nothing() || is_client
}

/// Commands with their operators.
fn line(calls: &[&Invocation], words: fn(&Invocation) -> Vec<String>) -> String {
    let mut line = String::new();
    for (number, call) in calls.iter().enumerate() {
        let place = &call.command.place;
        let operator = match place.before.map(|before| before.kind) {
            _ if place.pipe_index > 0 => " | ",
            Some(SeparatorKind::And) => " && ",
            Some(SeparatorKind::Or) => " || ",
            _ => "; ",
        };
        line.push_str(if number > 0 { operator } else { "" });
        line.push_str(if place.negated && place.pipe_index == 0 { "! " } else { "" });
        line.push_str(&words(call).join(" "));
    }
    line
}

/// The words of a command; the program without its folder and the figures of its version.
fn written_words(call: &Invocation) -> Vec<String> {
    let name = call.program.unwrap_or_else(|| call.path.text());
    let program = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let is_bracket = name == "[" && call.args.last().is_some_and(|last| last.is("]"));
    let args = if is_bracket { &call.args[..call.args.len() - 1] } else { call.args };
    let program = match (is_bracket, program) {
        (true, _) => "test",
        (_, "") => name,
        _ => program,
    };
    let args = args.iter().map(|word| plain_variables(word.text()));
    std::iter::once(program.to_owned()).chain(args).collect()
}

/// The words that say what is asked: of curl and wget the address and what is sent, however it is asked and where the answer goes.
fn meant_words(call: &Invocation) -> Vec<String> {
    if !call.is("curl") && !call.is("wget") {
        return written_words(call);
    }
    let (flags, operands) = call.arguments();
    let is_sent = |name: &str| SENDING.iter().any(|role| data::CHECK_WORDS.has(name, role)) || name.contains("-data");
    let sent = flags.iter().filter(|flag| is_sent(&flag.name));
    let sent = sent.map(|flag| format!("{} {}", flag.name, flag.value.map_or("", |value| value.text)));
    let is_address = |word: &&&Word| !["-", "/dev/null"].contains(&word.text());
    let addresses = operands.iter().filter(is_address).map(|word| plain_address(&plain_variables(word.text())));
    std::iter::once("request".to_owned()).chain(addresses).chain(sent).collect()
}

/// Roles of options that change what is asked (`data/check_words.tsv`).
const SENDING: [&str; 4] = ["curl-method", "curl-posts", "curl-header", "curl-unlike"];

/// An address without what is so by itself.
fn plain_address(address: &str) -> String {
    let bare = address.strip_prefix("http://").unwrap_or(address);
    let end = bare.find([':', '/']).unwrap_or(bare.len());
    let is_own = data::CHECK_WORDS.has(&bare[..end], "own-host");
    let bare = if is_own { format!("localhost{}", &bare[end..]) } else { bare.to_owned() };
    bare.trim_end_matches('/').to_owned()
}

/// `$NAME` for `${NAME}`.
fn plain_variables(word: &str) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(at) = rest.find("${") {
        let (before, behind) = (&rest[..at], &rest[at + 2..]);
        let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len());
        let is_name = end > 0 && behind[end..].starts_with('}');
        out.push_str(before);
        out.push_str(if is_name { "$" } else { "${" });
        out.push_str(&behind[..end]);
        rest = if is_name { &behind[end + 1..] } else { &behind[end..] };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::parse;

    fn request(text: &str) -> CheckRequest {
        check_request(&parse(text), false).unwrap_or_else(|| panic!("no command: {text}"))
    }

    #[test]
    fn requests_are_found_whatever_sends_them() {
        for (text, expected) in [
            ("curl -f http://localhost:8000/health || exit 1", Some((Some(false), 8000, Some("/health")))),
            ("curl -fk https://127.0.0.1/", Some((Some(true), 443, Some("/")))),
            ("curl -f localhost:3000/ready?x=1", Some((Some(false), 3000, Some("/ready")))),
            ("curl -f -H 'Host: shop' http://localhost:8000/a", Some((Some(false), 8000, Some("/a")))),
            ("wget -qO- 127.0.0.1:80 >/dev/null", Some((Some(false), 80, Some("/")))),
            (
                "python -c \"import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health')\"",
                Some((Some(false), 8000, Some("/health"))),
            ),
            ("nc -z localhost 8000 && curl -f http://localhost:8000/a", None),
            ("curl -f http://localhost:8000/a && curl -f http://localhost:8000/b", None),
            ("curl -f http://localhost:$PORT/a", None),
            ("curl -f http://db:8000/a", None),
            ("curl -X POST http://localhost:8000/a", None),
            ("nc -z localhost 8000", Some((None, 8000, None))),
            ("grpc_health_probe -addr=:50051", Some((None, 50051, None))),
            ("pg_isready -h localhost", None),
        ] {
            let request = request(text);
            assert_eq!(request.port().map(|port| (request.is_https(), port, request.path())), expected, "{text}");
        }
    }

    #[test]
    fn the_same_in_other_words_is_one_line() {
        for (text, other) in [
            ("python check.py", "sh -c '/usr/local/bin/python3.13 check.py || exit 1'"),
            ("[ -f /tmp/ready ]", "test -f \"/tmp/ready\""),
            ("redis-cli -h ${HOST} ping | grep PONG", "bash -ec 'redis-cli -h $HOST ping | grep \"PONG\"' || exit 1"),
            ("a && b || false", "a && b"),
        ] {
            assert_eq!(request(text).line, request(other).line);
        }
        for (text, other) in [
            ("curl -f http://localhost:$PORT/up", "curl -fsS -m 2 -o /dev/null http://127.0.0.1:${PORT}/up || exit 1"),
            ("curl -f http://localhost:$PORT/up", "wget -qO- localhost:$PORT/up/"),
            ("wget -q --spider http://localhost:$PORT", "wget --tries=1 -O /dev/null http://localhost:$PORT/"),
        ] {
            assert!(request(text).is_same_as(&request(other)), "{text}: {other}");
        }
        for (text, other) in [
            ("curl -f http://localhost:$PORT/up", "curl -f http://localhost:$PORT/ready"),
            ("curl -f http://localhost:$PORT/up", "curl -f -X POST http://localhost:$PORT/up"),
            ("python check.py --fast", "python check.py"),
        ] {
            assert!(!request(text).is_same_as(&request(other)), "{text}: {other}");
        }
        assert_ne!(request("a && b").line, request("a || b").line);
        assert_ne!(request("a").line, request("! a").line);
    }

    #[test]
    fn what_asks_no_server_is_known() {
        let apart = |text: &str| request(text).is_apart;
        for text in ["test -f /tmp/ready", "cat /tmp/ready | grep -q ok", "pgrep nginx", "pg_isready -U app"] {
            assert!(apart(text), "{text}");
        }
        for text in ["python check.py", "./check", "curl -f $URL", "curl -f http://localhost:8000/"] {
            assert!(!apart(text), "{text}");
        }
        assert!(!request("exit 0").can_fail() && !request("true").can_fail());
    }
}
