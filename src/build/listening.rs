//! Where the server that a container starts listens, by its command line (`data/server_ports.tsv`).

use super::{Build, Launch, Lookup, Origin as Defined, Stage, Value};
use crate::data;
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, SeparatorKind, Word};
use crate::text::{Span, path};

/// A server and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// As its table names it: `uvicorn`, `flask run`.
    pub server: &'static str,
    /// Where its name stands in the source.
    pub span: Span,
    /// Its port; `None` where only the container tells.
    pub port: Option<(u16, Origin)>,
    /// The host that it listens on; `None` where only the container tells.
    pub host: Option<(String, Origin)>,
}

/// What says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The word at this place.
    Word(Span),
    /// A variable of the image.
    Variable,
    /// The server, when nobody says otherwise.
    Default,
}

struct Row {
    server: &'static str,
    port: Vec<&'static str>,
    address: Vec<&'static str>,
    host: Vec<&'static str>,
    variable: &'static str,
    default_port: Option<u16>,
    default_host: Option<&'static str>,
}

fn row(server: &str) -> Option<Row> {
    let list = |cell| data::words(cell).collect();
    data::SERVER_PORTS.row(server).and_then(|cells| match cells {
        &[name, port, address, host, variable, default_port, default_host, ..] => Some(Row {
            server: name,
            port: list(port),
            address: list(address),
            host: list(host),
            variable,
            default_port: default_port.parse().ok(),
            default_host: (default_host != "-").then_some(default_host),
        }),
        _ => None,
    })
}

impl Build<'_> {
    /// The one known server that a container of the stage starts; `None` when there is none, or when it is one of
    /// several programs that run side by side.
    pub fn listening(&self, stage: &Stage) -> Option<Listening> {
        let launch = self.launch(stage)?;
        let script = launch.script();
        let beside =
            |one: &Invocation| one.command.place.after.is_some_and(|after| after.kind == SeparatorKind::Background);
        let invocations = script.invocations();
        if !script.problems.is_empty() || invocations.iter().any(beside) {
            return None;
        }
        let mut servers = invocations.iter().filter_map(|one| server(one).map(|(row, args)| (one, row, args)));
        let (invocation, row, args) = servers.next()?;
        if servers.next().is_some() {
            return None;
        }
        Some(Reader { build: self, stage, launch: &launch, row, args }.read(invocation))
    }
}

/// The table's row of a server, and its arguments.
fn server<'s>(one: &Invocation<'s>) -> Option<(Row, &'s [Word])> {
    let (name, args) = program(one.program?, one.args)?;
    let [first, rest @ ..] = args else { return Some((row(name)?, args)) };
    if let Some(first) = first.value() {
        let script = path::name(first);
        if let Some(row) = row(&format!("{name} {script}")) {
            return Some((row, rest));
        }
    }
    Some((row(name)?, args))
}

/// Looks through `python -m`, `uv run` and their like.
fn program<'s>(name: &'s str, args: &'s [Word]) -> Option<(&'s str, &'s [Word])> {
    let value = |at: usize| args.get(at).and_then(Word::value);
    if name.starts_with("python") {
        return match (value(0)?, value(1)) {
            ("-m", Some(module)) => Some((module, &args[2..])),
            (script, _) if path::name(script) == "manage.py" => Some(("manage.py", &args[1..])),
            _ => None,
        };
    }
    let behind = match (name, value(0)) {
        ("uv" | "poetry" | "pipenv" | "pdm" | "rye" | "hatch", Some("run"))
        | ("pnpm" | "yarn" | "npm", Some("exec")) => 1,
        ("npx" | "bunx", Some(_)) => 0,
        _ => return Some((name, args)),
    };
    let inner = value(behind).filter(|inner| !inner.starts_with('-'))?;
    if inner.starts_with("python") {
        let args = &args[behind + 1..];
        let module = args.first().filter(|word| word.is("-m")).and(args.get(1)).and_then(Word::value)?;
        return Some((module, &args[2..]));
    }
    Some((inner, &args[behind + 1..]))
}

/// Port and host, as far as they are known.
type Place = (Option<(u16, Origin)>, Option<(String, Origin)>);

struct Reader<'r, 'b, 'i> {
    build: &'b Build<'i>,
    stage: &'r Stage,
    launch: &'r Launch<'b, 'i>,
    row: Row,
    args: &'r [Word],
}

/// An option's value.
enum Given {
    /// This, at this place.
    Known(String, Origin),
    /// Only the container tells.
    Unknown,
    /// It is not there.
    No,
}

impl Reader<'_, '_, '_> {
    fn read(&self, invocation: &Invocation) -> Listening {
        let file = &self.build.input().file;
        let span = self.launch.place(file, invocation.path.span);
        let (port, host) = self.place().unwrap_or_default();
        Listening { server: self.row.server, span, port, host }
    }

    /// Port and host, as far as they are known; `None` when something else than the command line may say them.
    fn place(&self) -> Option<Place> {
        let (program, command) = self.row.server.split_once(' ').unwrap_or((self.row.server, ""));
        let elsewhere = ProgramOptions::of(program).of_command(command).with("listens-elsewhere");
        if elsewhere.iter().any(|name| !matches!(self.option_value(&[name]), Given::No)) {
            return None;
        }
        let address = if self.row.address.is_empty() { self.operand() } else { self.option_value(&self.row.address) };
        if let Given::Known(text, origin) = &address {
            let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
            let host = (!host.is_empty()).then(|| (host.to_owned(), *origin));
            let host = host.or_else(|| self.default_host());
            return Some((port.parse().ok().map(|port| (port, *origin)), host));
        }
        if matches!(address, Given::Unknown) {
            return None;
        }
        let port = match self.option_value(&self.row.port) {
            Given::Known(text, origin) => text.parse().ok().map(|port| (port, origin)),
            Given::Unknown => None,
            Given::No => self.default_port(),
        };
        let host = match self.option_value(&self.row.host) {
            Given::Known(text, origin) => Some((text, origin)),
            Given::Unknown => None,
            Given::No => self.default_host(),
        };
        Some((port, host))
    }

    fn default_port(&self) -> Option<(u16, Origin)> {
        if !self.row.variable.is_empty()
            && let Some(value) = self.variable(self.row.variable)
        {
            return value.parse().ok().map(|port| (port, Origin::Variable));
        }
        self.row.default_port.map(|port| (port, Origin::Default))
    }

    fn default_host(&self) -> Option<(String, Origin)> {
        // `UVICORN_HOST` beside `UVICORN_PORT`, `FLASK_RUN_HOST` beside `FLASK_RUN_PORT`.
        let variable = self.row.variable.strip_suffix("_PORT").map(|name| format!("{name}_HOST"));
        if let Some(host) = variable.and_then(|name| self.variable(&name)) {
            return Some((host, Origin::Variable));
        }
        self.row.default_host.map(|host| (host.to_owned(), Origin::Default))
    }

    /// `manage.py runserver 0.0.0.0:8000`, `http.server 8000`
    fn operand(&self) -> Given {
        if !matches!(self.row.server, "manage.py runserver" | "http.server") {
            return Given::No;
        }
        let words = self.args.iter().filter(|word| !word.text().starts_with('-'));
        let takes = |text: &str| text.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok());
        words
            .into_iter()
            .find_map(|word| match self.value(word) {
                Given::Known(text, origin) if takes(&text) => Some(Given::Known(text, origin)),
                Given::Unknown => Some(Given::Unknown),
                _ => None,
            })
            .unwrap_or(Given::No)
    }

    /// The value of one of these options; two different ones are several places.
    fn option_value(&self, names: &[&str]) -> Given {
        let mut found = Given::No;
        let mut words = self.args.iter().peekable();
        while let Some(word) = words.next() {
            let text = word.text();
            for name in names {
                let Some(rest) = text.strip_prefix(name) else { continue };
                let next = match rest {
                    "" => words.peek().map_or(Given::Unknown, |next| self.value(next)),
                    _ if rest.starts_with('=') => self.part(word, name.len() + 1),
                    _ if !name.starts_with("--") && name.len() == 2 => self.part(word, 2),
                    _ => continue,
                };
                found = match (found, next) {
                    (Given::No, next) => next,
                    // The same value twice: a script, and the arguments that are added to it.
                    (Given::Known(first, _), Given::Known(second, origin)) if first == second => {
                        Given::Known(second, origin)
                    }
                    _ => return Given::Unknown,
                };
            }
        }
        found
    }

    fn value(&self, word: &Word) -> Given {
        self.part(word, 0)
    }

    /// The word from a byte on.
    fn part(&self, word: &Word, from: usize) -> Given {
        let Some(text) = word.text().get(from..) else { return Given::Unknown };
        if word.value().is_some() {
            let span = self.launch.place(&self.build.input().file, word.part(from, word.text().len()));
            // Without a shell nobody resolves it.
            return if text.contains('$') { Given::Unknown } else { Given::Known(text.to_owned(), Origin::Word(span)) };
        }
        match self.resolved(text) {
            Some(text) => Given::Known(text, Origin::Variable),
            None => Given::Unknown,
        }
    }

    /// The text with the image's variables; `None` where one is not the image's.
    fn resolved(&self, text: &str) -> Option<String> {
        let (before, rest) = text.split_once('$')?;
        let (name, after) = match rest.strip_prefix('{') {
            Some(rest) => {
                let (inner, after) = rest.split_once('}')?;
                (inner.split(":-").next().unwrap_or(inner), after)
            }
            None => (rest, ""),
        };
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !after.contains('$');
        Some(format!("{before}{}{after}", self.variable(name).filter(|_| plain)?))
    }

    /// A variable that ENV sets: ARGs are gone when the container runs.
    fn variable(&self, name: &str) -> Option<String> {
        match self.build.scopes().lookup(self.stage.index, name, usize::MAX) {
            Lookup::Defined(found) if found.origin == Defined::Env => match &found.value {
                Value::Known(text) => Some(text.to_string()),
                _ => None,
            },
            _ => None,
        }
    }
}
