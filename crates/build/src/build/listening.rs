//! Where the server that a container starts listens, by its command line (`data/server_ports.tsv`).

use super::{Build, Launch, Stage};
use crate::data;
use crate::manifest::Ecosystem;
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, Manager, SeparatorKind, Word};
use crate::text::{Span, path};

/// A server and the address that it listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// Its name in the table: `uvicorn`, `flask run`.
    pub server: &'static str,
    /// The span of its name in the source.
    pub span: Span,
    /// Its port; `None` if it is known only in the container.
    pub port: Option<(u16, ListeningOrigin)>,
    /// The host that it listens on; `None` if it is known only in the container.
    pub host: Option<(String, ListeningOrigin)>,
    /// The ecosystem of the program that it runs.
    pub ecosystem: Option<Ecosystem>,
}

/// What sets the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListeningOrigin {
    /// The word at this span.
    Word(Span),
    /// A variable of the image.
    Variable,
    /// The server's default.
    Default,
    /// The server's default, as the build context has no configuration file of it.
    DefaultWithoutFile,
}

pub(super) struct ListenRow {
    pub(super) server: &'static str,
    pub(super) port: Vec<&'static str>,
    pub(super) address: Vec<&'static str>,
    pub(super) host: Vec<&'static str>,
    pub(super) variable: &'static str,
    pub(super) default_port: Option<u16>,
    pub(super) default_host: Option<&'static str>,
    /// The names of configuration files, whole or up to a dot; where the build context may have one, the defaults do not hold.
    pub(super) files: Vec<&'static str>,
    pub(super) ecosystem: Option<Ecosystem>,
}

fn row(server: &str) -> Option<ListenRow> {
    let list = |cell| data::words(cell).collect();
    data::SERVER_PORTS.row(server).and_then(|cells| match cells {
        &[name, port, address, host, variable, default_port, default_host, file, ecosystem, ..] => Some(ListenRow {
            server: name,
            port: list(port),
            address: list(address),
            host: list(host),
            variable,
            default_port: default_port.parse().ok(),
            default_host: (default_host != "-").then_some(default_host),
            files: if file == "-" { Vec::new() } else { list(file) },
            ecosystem: Ecosystem::of(ecosystem),
        }),
        _ => None,
    })
}

impl Build<'_> {
    /// The single known server that a container of the stage starts; `None` if there is none, or if several programs
    /// run side by side.
    pub fn listening(&self, stage: &Stage) -> Option<Listening> {
        let launch = self.launch(stage)?;
        let script = launch.script();
        let beside = |invocation: &Invocation| {
            invocation.command.place.after.is_some_and(|after| after.kind == SeparatorKind::Background)
        };
        let invocations = script.invocations();
        if !script.problems.is_empty() || invocations.iter().any(beside) {
            return None;
        }
        let mut servers =
            invocations.iter().filter_map(|invocation| server(invocation).map(|(row, args)| (invocation, row, args)));
        let (invocation, row, args) = servers.next()?;
        if servers.next().is_some() {
            return None;
        }
        Some(ListenReader { build: self, stage, launch: Some(&launch), row, args }.read(invocation))
    }

    /// The known servers that the scripts of the context start with which a container of the stage begins; their spans are
    /// none of the Dockerfile.
    pub fn listening_of_scripts(&self, stage: &Stage) -> Vec<Listening> {
        let mut all = Vec::new();
        for (_, script) in self.start_scripts(stage) {
            for invocation in script.invocations() {
                if let Some((row, args)) = server(&invocation) {
                    all.push(ListenReader { build: self, stage, launch: None, row, args }.read(&invocation));
                }
            }
        }
        all
    }
}

/// Words of a command line that may be the command of a program, behind options and their values.
const COMMAND_WORDS: usize = 3;

/// The table's row of a server, and its arguments.
pub(super) fn server<'s>(invocation: &Invocation<'s>) -> Option<(ListenRow, &'s [Word])> {
    let (name, args) = program(invocation.program?, invocation.args)?;
    // Other programs have this name too.
    let is_of_files = |word: &Word| ["-s", "--single", "-l", "--listen", "-p"].iter().any(|option| word.is(option));
    if name == "serve" && !args.iter().any(is_of_files) {
        return None;
    }
    row_of_command(name, args, row)
}

/// The row of a table for a program with one of its commands, or else for the program alone, and the arguments behind that.
pub(super) fn row_of_command<'s, R>(
    name: &str,
    args: &'s [Word],
    row: impl Fn(&str) -> Option<R>,
) -> Option<(R, &'s [Word])> {
    // `react-scripts --openssl-legacy-provider start`, `flask --app main run`
    let mut commands = args.iter().enumerate().filter(|(_, word)| !word.text().starts_with('-')).take(COMMAND_WORDS);
    let known =
        commands.find_map(|(at, word)| Some((row(&format!("{name} {}", path::name(word.value()?)))?, &args[at + 1..])));
    known.or_else(|| Some((row(name)?, args)))
}

/// Skips wrappers such as `python -m` and `uv run`.
pub(super) fn program<'s>(name: &'s str, args: &'s [Word]) -> Option<(&'s str, &'s [Word])> {
    let value = |at: usize| args.get(at).and_then(Word::value);
    if name.starts_with("python") {
        return match (value(0)?, value(1)) {
            ("-m", Some(module)) => Some((module, &args[2..])),
            (script, _) if path::name(script) == "manage.py" => Some(("manage.py", &args[1..])),
            _ => None,
        };
    }
    let manager = Manager::of(name);
    let options = ProgramOptions::of(match manager {
        Some(manager) => manager.name(),
        None => name,
    });
    // `uv run --package api --no-sync`, `conda run -n web --no-capture-output`, `npx --yes`
    let behind_options = |mut at: usize| {
        while let Some(option) = value(at).filter(|word| word.starts_with('-') && !is_module_option(name, word)) {
            at += if option == "--" { 1 } else { options.word_count(option) };
        }
        at
    };
    let verb = behind_options(0);
    // `npm run` runs a script of a manifest.
    let runs_scripts = manager.and_then(Ecosystem::of_manager).is_some_and(|known| known != Ecosystem::Python);
    let runs = |verb: &str| options.has(verb, "run") && (verb != "run" || !runs_scripts);
    let behind = match (name, value(verb)) {
        (_, Some(word)) if runs(word) => behind_options(verb + 1),
        ("npx" | "bunx" | "uvx", Some(_)) => verb,
        _ => return Some((name, args)),
    };
    let inner = value(behind)?;
    let is_module = is_module_option(name, inner);
    if is_module || inner.starts_with("python") {
        let at = if is_module { behind } else { behind + 1 };
        let module = args.get(at).filter(|word| is_module || word.is("-m")).and_then(|_| value(at + 1))?;
        return Some((module, &args[at + 2..]));
    }
    Some((inner, &args[behind + 1..]))
}

/// Whether an option of a wrapper names a module of Python: `uv run -m uvicorn`.
fn is_module_option(program: &str, option: &str) -> bool {
    program == "uv" && matches!(option, "-m" | "--module")
}

/// Port and host, as far as they are known.
type ListenAddress = (Option<(u16, ListeningOrigin)>, Option<(String, ListeningOrigin)>);

pub(super) struct ListenReader<'r, 'b, 'i> {
    pub(super) build: &'b Build<'i>,
    pub(super) stage: &'r Stage,
    /// `None` for a script of the context.
    pub(super) launch: Option<&'r Launch<'b, 'i>>,
    pub(super) row: ListenRow,
    pub(super) args: &'r [Word],
}

/// An option's value.
pub(super) enum ListenOption {
    /// This value, at this span.
    Known(String, ListeningOrigin),
    /// It is known only in the container.
    Unknown,
    /// The option is not given.
    No,
}

impl ListenReader<'_, '_, '_> {
    pub(super) fn read(&self, invocation: &Invocation) -> Listening {
        let span = self.span(invocation.path.span);
        let (port, host) = self.place().unwrap_or_default();
        Listening { server: self.row.server, span, port, host, ecosystem: self.row.ecosystem }
    }

    /// The position of a span of the command in the Dockerfile.
    pub(super) fn span(&self, span: Span) -> Span {
        self.launch.map_or(Span::at(0), |launch| launch.place(&self.build.input().file, span))
    }

    /// Port and host, as far as they are known; `None` if something other than the command line may set them.
    fn place(&self) -> Option<ListenAddress> {
        let (program, command) = self.row.server.split_once(' ').unwrap_or((self.row.server, ""));
        let elsewhere = ProgramOptions::of(program).of_command(command).with("listens-elsewhere");
        if elsewhere.iter().any(|name| !matches!(self.option_value(&[name]), ListenOption::No)) {
            return None;
        }
        let address = if self.row.address.is_empty() { self.operand() } else { self.option_value(&self.row.address) };
        if let ListenOption::Known(text, origin) = &address {
            let text = text.strip_prefix("tcp://").unwrap_or(text);
            let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
            let host = (!host.is_empty()).then(|| (host.to_owned(), *origin));
            let host = host.or_else(|| self.default_host());
            return Some((port.parse().ok().map(|port| (port, *origin)), host));
        }
        if matches!(address, ListenOption::Unknown) {
            return self.port_behind_variable();
        }
        let port = match self.option_value(&self.row.port) {
            ListenOption::Known(text, origin) => text.parse().ok().map(|port| (port, origin)),
            ListenOption::Unknown => None,
            ListenOption::No => self.default_port(),
        };
        let host = match self.option_value(&self.row.host) {
            ListenOption::Known(text, origin) => Some((text, origin)),
            ListenOption::Unknown => None,
            ListenOption::No => self.default_host(),
        };
        Some((port, host))
    }

    /// The port of an address whose host is known only in the container: `${HOST}:8000`.
    fn port_behind_variable(&self) -> Option<ListenAddress> {
        self.args.iter().find_map(|word| {
            let text = word.text();
            if !text.starts_with('$') {
                return None;
            }
            let at = text.rfind(':')? + 1;
            let port = text[at..].parse().ok()?;
            Some((Some((port, ListeningOrigin::Word(self.span(word.part(at, text.len()))))), None))
        })
    }

    fn default_port(&self) -> Option<(u16, ListeningOrigin)> {
        if !self.row.variable.is_empty()
            && let Some(value) = self.variable(self.row.variable)
        {
            return value.parse().ok().map(|port| (port, ListeningOrigin::Variable));
        }
        Some((self.row.default_port?, self.default_origin()?))
    }

    fn default_host(&self) -> Option<(String, ListeningOrigin)> {
        // `UVICORN_HOST` for `UVICORN_PORT`, `FLASK_RUN_HOST` for `FLASK_RUN_PORT`.
        let variable = self.row.variable.strip_suffix("_PORT").map(|name| format!("{name}_HOST"));
        if let Some(host) = variable.and_then(|name| self.variable(&name)) {
            return Some((host, ListeningOrigin::Variable));
        }
        Some((self.row.default_host?.to_owned(), self.default_origin()?))
    }

    /// What sets the defaults; `None` where a configuration file may say otherwise.
    fn default_origin(&self) -> Option<ListeningOrigin> {
        let context = self.build.input().context.as_deref();
        let is_it = |name: &str, file: &str| name == file || file.ends_with('.') && name.starts_with(file);
        let lacks = |file: &str| {
            context.is_some_and(|context| !context.entries().any(|id| is_it(context.entry(id).name, file)))
        };
        match self.row.files[..] {
            [] => Some(ListeningOrigin::Default),
            ref files => files.iter().all(|file| lacks(file)).then_some(ListeningOrigin::DefaultWithoutFile),
        }
    }

    /// `manage.py runserver 0.0.0.0:8000`, `http.server 8000`
    pub(super) fn operand(&self) -> ListenOption {
        let takes_operand = self.row.server.contains(" runserver") || self.row.server == "http.server";
        if !takes_operand {
            return ListenOption::No;
        }
        let words = self.args.iter().filter(|word| !word.text().starts_with('-'));
        let takes = |text: &str| text.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok());
        words
            .into_iter()
            .find_map(|word| match self.value(word) {
                ListenOption::Known(text, origin) if takes(&text) => Some(ListenOption::Known(text, origin)),
                ListenOption::Unknown => Some(ListenOption::Unknown),
                _ => None,
            })
            .unwrap_or(ListenOption::No)
    }

    /// The value of one of these options; two different values mean several addresses.
    pub(super) fn option_value(&self, names: &[&str]) -> ListenOption {
        let mut option = ListenOption::No;
        let mut words = self.args.iter().peekable();
        while let Some(word) = words.next() {
            let text = word.text();
            for name in names {
                let Some(rest) = text.strip_prefix(name) else { continue };
                let next = match rest {
                    "" => words.peek().map_or(ListenOption::Unknown, |next| self.value(next)),
                    _ if rest.starts_with('=') => self.part(word, name.len() + 1),
                    _ if !name.starts_with("--") && name.len() == 2 => self.part(word, 2),
                    _ => continue,
                };
                option = match (option, next) {
                    (ListenOption::No, next) => next,
                    // The same value twice: in a script, and in the arguments added to it.
                    (ListenOption::Known(first, _), ListenOption::Known(second, origin)) if first == second => {
                        ListenOption::Known(second, origin)
                    }
                    _ => return ListenOption::Unknown,
                };
            }
        }
        option
    }

    fn value(&self, word: &Word) -> ListenOption {
        self.part(word, 0)
    }

    /// The word from a byte on.
    fn part(&self, word: &Word, from: usize) -> ListenOption {
        let Some(text) = word.text().get(from..) else { return ListenOption::Unknown };
        if word.value().is_some() {
            let span = self.span(word.part(from, word.text().len()));
            // Without a shell it is not resolved.
            return if text.contains('$') {
                ListenOption::Unknown
            } else {
                ListenOption::Known(text.to_owned(), ListeningOrigin::Word(span))
            };
        }
        match self.resolved(text) {
            Some(text) => ListenOption::Known(text, ListeningOrigin::Variable),
            None => ListenOption::Unknown,
        }
    }

    /// The text with the image's variables resolved; `None` if it contains another variable.
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
        if !plain {
            return None;
        }
        Some(format!("{before}{}{after}", self.variable(name)?))
    }

    /// A variable that ENV sets.
    fn variable(&self, name: &str) -> Option<String> {
        self.build.env_value(self.stage, name)?.text()
    }
}

#[cfg(test)]
mod tests {
    use super::program;
    use crate::shell::parse;

    #[test]
    fn wrappers_and_their_options_are_skipped() {
        let of = |text: &str| {
            let script = parse(text);
            let invocations = script.invocations();
            let invocation = &invocations[0];
            program(invocation.program?, invocation.args).map(|(name, args)| (name.to_owned(), args.len()))
        };
        for text in [
            "uvicorn main:app",
            "python -m uvicorn main:app",
            "uv run uvicorn main:app",
            "uv run --package api --no-sync uvicorn main:app",
            "uv --project api run --frozen python -m uvicorn main:app",
            "uv run -m uvicorn main:app",
            "uv run -- uvicorn main:app",
            "poetry run uvicorn main:app",
            "conda run -n web --no-capture-output uvicorn main:app",
            "pipenv run python3 -m uvicorn main:app",
        ] {
            assert_eq!(of(text), Some(("uvicorn".to_owned(), 1)), "{text}");
        }
        assert_eq!(of("npx --yes serve -s dist"), Some(("serve".to_owned(), 2)));
        assert_eq!(of("uvx uvicorn main:app"), Some(("uvicorn".to_owned(), 1)));
        for text in ["uv run python main.py", "python main.py", "uv run"] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(of("uv sync"), Some(("uv".to_owned(), 1)));
    }
}
