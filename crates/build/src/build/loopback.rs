//! Servers that only their own container reaches: they listen at a loopback address, by a word of their command line, a
//! variable of the image or by default (`data/loopback_servers.tsv`, `data/server_ports.tsv`).

use super::listening::{ListenOption, ListenReader, ListenRow, program, row_of_command, server};
use super::package_script::ScriptCall;
use super::{Build, FoundVariable, Launch, ListeningOrigin, Reference, Stage, StageBase};
use crate::data;
use crate::manifest::Project;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, Script, SeparatorKind, Word, parse};
use crate::sources::loopback::is_loopback;
use crate::text::{Span, path};

/// A server that only its own container reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoopbackServer {
    /// The command that starts it: `uvicorn`, `flask run`.
    pub server: String,
    /// The address that it listens at.
    pub host: String,
    /// The span in the Dockerfile that shows it.
    pub span: Span,
    /// What sets the address.
    pub origin: LoopbackOrigin,
    /// The option that sets another address, and the span of the command's last word in the Dockerfile.
    pub option: Option<(&'static str, Span)>,
}

/// What sets the address of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoopbackOrigin {
    /// A word of the command line in the Dockerfile.
    Word,
    /// This variable of the image.
    Variable(String),
    /// Nothing: it is the server's default.
    Default,
    /// This file of the context, which the container starts: a script, or a script of package.json.
    Script(String),
    /// This line, from 1, of a source or of settings in the context.
    Source {
        /// Its path.
        file: String,
        /// The line.
        line: usize,
    },
}

/// The hosts of an address: of `host:port`, or of each URL in a list.
pub(super) fn hosts(text: &str) -> Vec<&str> {
    text.split([';', ',']).map(str::trim).filter(|part| !part.is_empty()).map(host).collect()
}

/// The host of an address or a URL; nothing where it names none.
fn host(part: &str) -> &str {
    let address = part.split_once("://").map_or(part, |(_, rest)| rest);
    let address = address.split(['/', '?']).next().unwrap_or(address);
    match address.rsplit_once(':') {
        Some((host, _)) => host,
        None if part.contains("://") => address,
        None => "",
    }
}

/// The first host of a list whose hosts are all loopback addresses.
fn loopback_of(text: &str) -> Option<&str> {
    let all = hosts(text);
    if all.iter().all(|host| is_loopback(host)) { all.first().copied() } else { None }
}

impl<'i> Build<'i> {
    /// The server that a container of the stage starts and that only this container reaches; `None` also where it is not
    /// known, and where another program may pass requests on to it.
    pub fn loopback_server(&self, stage: &Stage) -> Option<LoopbackServer> {
        let run = &self.input().options.run;
        // All services start something else.
        let is_replaced = !self.input().services.is_empty() && run.commands.len() >= self.input().services.len();
        if run.is_opened || is_replaced {
            return None;
        }
        let launch = self.launch(stage)?;
        let scripts = self.start_scripts(stage);
        if starts_several(launch.script()) || scripts.iter().any(|(_, script)| starts_several(script)) {
            return None;
        }
        let mut started = self.servers_of(stage, launch.script(), Some(&launch), None);
        for (file, script) in &scripts {
            started.extend(self.servers_of(stage, script, None, Some((file, launch.instruction.rest.span))));
        }
        for (file, script) in self.scripts_of_manifests(&launch) {
            if starts_several(&script) {
                return None;
            }
            started.extend(self.servers_of(stage, &script, None, Some((&file, launch.instruction.rest.span))));
        }
        let known = match &mut started[..] {
            [] => self.loopback_of_sources(stage, &launch, false),
            [None] => self.loopback_of_sources(stage, &launch, true),
            [_] => started.pop().flatten(),
            _ => None,
        };
        if known.is_some() && self.has_front(stage) { None } else { known }
    }

    /// The files of the context that may say at which address the servers listen that a container of the stage starts.
    pub fn settings_of_address(&self, stage: &Stage) -> Vec<String> {
        let (Some(context), Some(launch)) = (self.input().context.as_deref(), self.launch(stage)) else {
            return Vec::new();
        };
        let started = self.input().file.source().slice(launch.instruction.span);
        // A script of package.json may start any of them.
        let runs_script = launch.script().invocations().iter().any(|invocation| ScriptCall::of(invocation).is_some());
        let is_started = |row: &data::Row| {
            let program = row[0].split(' ').next().unwrap_or(row[0]);
            runs_script || has_word_start(started, program)
        };
        let names: Vec<&str> = data::LOOPBACK_SERVERS
            .rows()
            .filter(is_started)
            .flat_map(|row| data::words(row[7]))
            .map(|name| name.trim_start_matches('~'))
            .filter(|name| *name != "-")
            .collect();
        if names.is_empty() {
            return self.listening_sources(stage);
        }
        let is_named = |name: &str| names.iter().any(|known| is_settings(known, name));
        let ids = context.entries().filter(|id| is_named(context.entry(*id).name));
        let paths = ids.map(|id| context.path(id)).filter(|path| !path.contains("node_modules/"));
        paths.take(MOST_SETTINGS).chain(self.listening_sources(stage)).collect()
    }

    /// For each server that a script starts, how it is kept from others, if it is.
    fn servers_of<'b>(
        &'b self,
        stage: &Stage,
        script: &Script,
        launch: Option<&Launch<'b, 'i>>,
        file: Option<(&str, Span)>,
    ) -> Vec<Option<LoopbackServer>> {
        let mut servers = Vec::new();
        for invocation in script.invocations() {
            let Some(reader) = HostReader::of(self, stage, launch, &invocation) else { continue };
            let known = reader.read(&invocation).map(|known| match file {
                Some((file, span)) => {
                    LoopbackServer { span, origin: LoopbackOrigin::Script(file.to_owned()), option: None, ..known }
                }
                None => known,
            });
            servers.push(known);
        }
        servers
    }

    /// The scripts of package.json that a command runs, with their manifests; none where several manifests have one.
    pub(super) fn scripts_of_manifests(&self, launch: &Launch) -> Vec<(String, Script)> {
        let projects: &[Project] = self.input().projects.as_ref().map_or(&[], |projects| projects.as_slice());
        let mut scripts = Vec::new();
        for invocation in launch.script().invocations() {
            let Some(call) = ScriptCall::of(&invocation) else { continue };
            let mut texts = projects.iter().filter_map(|project| Some((project, call.script(project)?)));
            let (Some((project, text)), None) = (texts.next(), texts.next()) else { continue };
            let script = parse(&format!("{text} {}", call.arguments.join(" ")));
            scripts.push((path::child(&project.root, "package.json"), script));
        }
        scripts
    }

    /// Whether the stage has a program that passes requests on to a server next to it (`data/container_fronts.tsv`).
    fn has_front(&self, stage: &Stage) -> bool {
        let source = self.input().file.source();
        let has = |text: &str| data::CONTAINER_FRONTS.keys().any(|word| has_word_start(text, word));
        let in_scripts =
            |script: &Script| script.invocations().iter().any(|invocation| invocation.program.is_some_and(&has));
        self.chain(stage).any(|stage| {
            has(&source.slice(stage.base_span).to_lowercase())
                || self.instructions(stage).any(|(_, instruction)| has(&source.slice(instruction.span).to_lowercase()))
        }) || self.start_scripts(stage).iter().any(|(_, script)| in_scripts(script))
    }
}

/// Whether a text has a word that is not the end of a longer one.
fn has_word_start(text: &str, word: &str) -> bool {
    let is_start = |at: usize| !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
    text.match_indices(word).any(|(at, _)| is_start(at))
}

/// Whether a script starts a program next to another one, or cannot be read.
fn starts_several(script: &Script) -> bool {
    let is_background = |invocation: &Invocation| {
        invocation.command.place.after.is_some_and(|after| after.kind == SeparatorKind::Background)
    };
    !script.problems.is_empty() || script.invocations().iter().any(is_background)
}

/// A row of `data/loopback_servers.tsv`.
fn row(name: &str) -> Option<data::Row> {
    data::LOOPBACK_SERVERS.row(name)
}

/// The row of a server, and its arguments.
fn known_server<'s>(invocation: &Invocation<'s>) -> Option<(data::Row, &'s [Word])> {
    let (name, args) = program(invocation.program?, invocation.args)?;
    let first = args.first().and_then(Word::value).map(path::name);
    // `php artisan serve`, `ruby bin/rails server`, `yarn vite`
    let is_of_other = |script: &&str| data::LOOPBACK_SERVERS.keys().any(|key| key.split(' ').next() == Some(*script));
    let is_starter = Program::of(name).is(Kind::Interpreter) || Manager::of(name).is_some();
    let (name, args) = match first.filter(is_of_other) {
        Some(script) if is_starter => (script, &args[1..]),
        _ => (path::name(name), args),
    };
    row_of_command(name, args, row)
}

/// Reads the address of one server.
struct HostReader<'r, 'b, 'i> {
    reader: ListenReader<'r, 'b, 'i>,
    /// Of `data/loopback_servers.tsv`; `None` where only `data/server_ports.tsv` has the server.
    row: Option<data::Row>,
}

impl<'r, 'b, 'i> HostReader<'r, 'b, 'i> {
    fn of(
        build: &'b Build<'i>,
        stage: &'r Stage,
        launch: Option<&'r Launch<'b, 'i>>,
        invocation: &Invocation<'r>,
    ) -> Option<Self> {
        if let Some((row, args)) = known_server(invocation) {
            let list = |cell: &'static str| data::words(cell).filter(|word| *word != "-").collect::<Vec<_>>();
            let listen = ListenRow {
                server: row[0],
                port: Vec::new(),
                address: list(row[2]),
                host: list(row[1]),
                variable: "",
                default_port: None,
                default_host: None,
                files: Vec::new(),
                ecosystem: None,
            };
            return Some(Self { reader: ListenReader { build, stage, launch, row: listen, args }, row: Some(row) });
        }
        let (row, args) = server(invocation)?;
        Some(Self { reader: ListenReader { build, stage, launch, row, args }, row: None })
    }

    fn read(&self, invocation: &Invocation) -> Option<LoopbackServer> {
        let (host, span, origin) = if let Some(row) = self.row {
            self.by_row(row, invocation)?
        } else {
            let listening = self.reader.read(invocation);
            let (host, origin) = listening.host?;
            match origin {
                ListeningOrigin::Word(span) => (host, span, LoopbackOrigin::Word),
                ListeningOrigin::Variable => {
                    (host, listening.span, LoopbackOrigin::Variable(self.variable_name(listening.server)))
                }
                ListeningOrigin::Default | ListeningOrigin::DefaultWithoutFile => {
                    (host, listening.span, LoopbackOrigin::Default)
                }
            }
        };
        let option = self.reader.row.host.iter().rev().find(|option| option.starts_with("--")).copied();
        let last = invocation.args.last().map_or(invocation.path.span, |word| word.span);
        let option = option.map(|option| (option, self.reader.span(last)));
        is_loopback(&host).then_some(LoopbackServer {
            server: self.reader.row.server.to_owned(),
            host,
            span,
            origin,
            option,
        })
    }

    /// The variable with the host of a server that `server_ports.tsv` has.
    fn variable_name(&self, server: &str) -> String {
        let name = self.reader.row.variable.strip_suffix("_PORT").unwrap_or(server);
        format!("{name}_HOST")
    }

    /// The address by a row of `data/loopback_servers.tsv`.
    fn by_row(&self, row: data::Row, invocation: &Invocation) -> Option<(String, Span, LoopbackOrigin)> {
        let &[_, _, _, elsewhere, variables, default, when, files, ..] = row else { return None };
        let is_given = |option: &str| !matches!(self.reader.option_value(&[option]), ListenOption::No);
        if data::words(elsewhere).any(is_given) {
            return None;
        }
        let program = self.reader.span(invocation.path.span);
        let address = match self.reader.option_value(&self.reader.row.address) {
            ListenOption::No => self.reader.operand(),
            known => known,
        };
        let of_origin = |host: &str, origin: ListeningOrigin| {
            let (span, origin) = match origin {
                ListeningOrigin::Word(span) => (span, LoopbackOrigin::Word),
                _ => (program, LoopbackOrigin::Variable("ENV".to_owned())),
            };
            Some((host.to_owned(), span, origin))
        };
        match address {
            ListenOption::Known(text, origin) if text.contains([':', '.']) || is_loopback(&text) => {
                let host = if is_loopback(&text) { Some(&*text) } else { loopback_of(&text) };
                return of_origin(host?, origin);
            }
            ListenOption::Unknown => return None,
            ListenOption::Known(..) | ListenOption::No => {}
        }
        match self.reader.option_value(&self.reader.row.host) {
            ListenOption::Known(text, origin) => return of_origin(&text, origin),
            ListenOption::Unknown => return None,
            ListenOption::No => {}
        }
        for name in data::words(variables).filter(|name| *name != "-") {
            let Some(value) = self.reader.build.env_value(self.reader.stage, name) else { continue };
            let FoundVariable::Text(value) = value else { return None };
            let host = if value.contains(':') { loopback_of(&value)? } else { &value };
            return Some((host.to_owned(), program, LoopbackOrigin::Variable(name.to_owned())));
        }
        let is_default = default != "-"
            && !self.is_opened_by_image()
            && self.holds(when)
            && data::words(files).all(|file| self.leaves_default(file));
        is_default.then(|| (default.to_owned(), program, LoopbackOrigin::Default))
    }

    /// Whether the base image makes the server listen at all addresses.
    fn is_opened_by_image(&self) -> bool {
        let StageBase::Image(image) = self.reader.build.root_base(self.reader.stage) else { return false };
        let name = Reference::of(image).short_name();
        let program = self.reader.row.server.split(' ').next().unwrap_or_default();
        let fits = |known: &str| match known.strip_suffix('*') {
            Some(start) => name.contains(start),
            None => name == known,
        };
        data::ADDRESS_IMAGES.rows().any(
            |row| matches!(row, [image, programs, ..] if fits(image) && data::words(programs).any(|it| it == program)),
        )
    }

    /// Whether the image sets a variable as a row asks: `RAILS_ENV=development`.
    fn holds(&self, when: &str) -> bool {
        let Some((name, wanted)) = when.split_once('=') else { return true };
        let value = self.reader.build.env_value(self.reader.stage, name).and_then(FoundVariable::text);
        value.as_deref() == Some(wanted)
    }

    /// Whether no file of settings of this name in the context may set another address.
    fn leaves_default(&self, file: &str) -> bool {
        let (name, is_rare) = file.strip_prefix('~').map_or((file, false), |name| (name, true));
        if name == "-" {
            return true;
        }
        let build = self.reader.build;
        let Some(context) = build.input().context.as_deref() else {
            return is_rare && !build.input().file.source().text().contains(name);
        };
        let files =
            context.entries().filter(|id| is_settings(name, context.entry(*id).name)).map(|id| context.path(id));
        let mut files = files.filter(|path| !path.contains("node_modules/"));
        files.all(|path| {
            let text = build.input().texts.as_ref().and_then(|texts| texts.get(&path));
            text.is_some_and(|text| !names_address(&String::from_utf8_lossy(text)))
        })
    }
}

/// Files of settings that are read.
const MOST_SETTINGS: usize = 20;

/// Whether a file has the name that the table gives to files of settings.
fn is_settings(name: &str, file: &str) -> bool {
    file == name || name.ends_with(['.', '_']) && file.starts_with(name)
}

/// Whether a file of settings may name an address.
fn names_address(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["host", "bind", "addr", "ip"].iter().any(|word| has_word_start(&lower.replace(['_', '-'], " "), word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::tests::input;
    use crate::inputs::BuildOptions;

    fn host_of(lines: &str) -> Option<String> {
        let input = input(&format!("FROM debian:12\n{lines}\n"), BuildOptions::default());
        let build = Build::new(&input);
        build.loopback_server(build.target().unwrap()).map(|known| format!("{} {}", known.server, known.host))
    }

    #[test]
    fn servers_that_nobody_reaches() {
        for (line, expected) in [
            ("uvicorn main:app", "uvicorn 127.0.0.1"),
            ("python -m uvicorn main:app --host localhost", "uvicorn localhost"),
            ("flask --app main run", "flask run 127.0.0.1"),
            ("quart run", "quart run 127.0.0.1"),
            ("fastapi dev main.py", "fastapi dev 127.0.0.1"),
            ("python manage.py runserver", "manage.py runserver 127.0.0.1"),
            ("python manage.py runserver 8000", "manage.py runserver 127.0.0.1"),
            ("django-admin runserver localhost:8000", "django-admin runserver localhost"),
            ("gunicorn -b 127.0.0.1:8000 app:app", "gunicorn 127.0.0.1"),
            ("hypercorn app:app", "hypercorn 127.0.0.1"),
            ("sanic app.app", "sanic 127.0.0.1"),
            ("bokeh serve --address=localhost app.py", "bokeh serve localhost"),
            ("mkdocs serve -a localhost:8000", "mkdocs serve localhost"),
            ("bundle exec jekyll serve", "jekyll serve 127.0.0.1"),
            ("hugo server", "hugo server 127.0.0.1"),
            ("php artisan serve", "artisan serve 127.0.0.1"),
            ("php -S localhost:8000 -t public", "php localhost"),
            ("npx vite --host 127.0.0.1", "vite 127.0.0.1"),
            ("npx next dev -H 127.0.0.1", "next dev 127.0.0.1"),
            ("bin/rails server -b 127.0.0.1", "rails server 127.0.0.1"),
            ("dotnet App.dll --urls http://localhost:5000", "dotnet localhost"),
            ("redis-server --bind 127.0.0.1", "redis-server 127.0.0.1"),
            ("puma -b tcp://127.0.0.1:3000", "puma 127.0.0.1"),
            ("waitress-serve --host 127.0.0.1 app:app", "waitress-serve 127.0.0.1"),
            ("streamlit run a.py --server.address localhost", "streamlit run localhost"),
        ] {
            assert_eq!(host_of(&format!("CMD {line}")).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn servers_that_others_reach_or_of_which_it_is_not_known() {
        for lines in [
            "CMD uvicorn main:app --host 0.0.0.0",
            "CMD uvicorn main:app --host $HOST",
            "CMD uvicorn main:app --uds /run/app.sock",
            "CMD gunicorn -b unix:/run/app.sock app:app",
            "CMD gunicorn app:app",
            "CMD flask run -h 0.0.0.0",
            "ENV FLASK_RUN_HOST=0.0.0.0\nCMD flask run",
            "ARG HOST\nENV FLASK_RUN_HOST=$HOST\nCMD flask run",
            "COPY .flaskenv .\nCMD flask run",
            "CMD python manage.py runserver 0.0.0.0:8000",
            "CMD python manage.py runserver 0:8000",
            "CMD streamlit run a.py",
            "CMD npx vite",
            "CMD npx vite --host",
            "CMD npx next dev",
            "CMD bin/rails server",
            "CMD php -S 0.0.0.0:8000",
            "CMD php a.php",
            "CMD php -S [::]:80",
            "CMD dotnet App.dll",
            "ENV ASPNETCORE_URLS=http://+:80\nCMD dotnet App.dll",
            "CMD dotnet App.dll --urls 'http://localhost:5000;http://*:80'",
            "CMD redis-server",
            "CMD tensorboard --logdir a --bind_all",
            "CMD nginx & uvicorn main:app",
            "RUN apt-get install -y nginx\nCMD ./start.sh && uvicorn main:app",
            "RUN apt-get install -y supervisor\nCMD [\"uvicorn\", \"main:app\"]",
            "COPY --from=caddy:2 /usr/bin/caddy /usr/bin/caddy\nCMD [\"uvicorn\", \"main:app\"]",
            "CMD uvicorn a:app --host 127.0.0.1 && uvicorn b:app --host 0.0.0.0",
        ] {
            assert_eq!(host_of(lines), None, "{lines}");
        }
    }

    /// Their base images open these servers; others of the same kind stay closed.
    #[test]
    fn images_that_open_their_servers() {
        for (image, line) in [
            ("jekyll/jekyll:4", "jekyll serve"),
            ("jekyll/builder", "jekyll server"),
            ("klakegg/hugo:0.111.3-ext", "hugo server"),
            ("hugomods/hugo:exts", "hugo server -D"),
            ("quay.io/jupyter/base-notebook:2026-11-01", "jupyter lab"),
        ] {
            let of = |image: &str| {
                let input = input(&format!("FROM {image}\nEXPOSE 80\nCMD {line}\n"), BuildOptions::default());
                let build = Build::new(&input);
                build.loopback_server(build.target().unwrap()).map(|known| known.host)
            };
            assert_eq!(of(image), None, "{image}");
            assert!(line.starts_with("jupyter") || of("ruby:3.4").is_some(), "{line}");
        }
    }

    #[test]
    fn variables_of_the_image_count() {
        assert_eq!(host_of("ENV UVICORN_HOST=127.0.0.1\nCMD uvicorn a:b").as_deref(), Some("uvicorn 127.0.0.1"));
        let url = "ENV ASPNETCORE_URLS=http://localhost:5000\nENTRYPOINT [\"dotnet\", \"a.dll\"]";
        assert_eq!(host_of(url).as_deref(), Some("dotnet localhost"));
        assert_eq!(host_of("ENV RAILS_ENV=development\nCMD bin/rails s").as_deref(), Some("rails s localhost"));
        assert_eq!(host_of("ENV RAILS_ENV=production\nCMD bin/rails s"), None);
    }
}
