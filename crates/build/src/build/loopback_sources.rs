//! Sources and settings of the context that make the program of a container listen at a loopback address.

use super::loopback::{LoopbackOrigin, LoopbackServer, hosts};
use super::toolchain::compiles;
use super::{Build, Launch, Reference, Stage, StageBase, installed};
use crate::data;
use crate::inputs::context::{BuildContext, ContextEntryKind};
use crate::manifest::FileKind;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Script, Word};
use crate::sources::loopback::{is_loopback, loopback_call};
use crate::sources::settings::{setting, settings_of};
use crate::text::path;

impl<'i> Build<'i> {
    /// The files of the context that say at which address the program of a container listens: the source that an interpreter
    /// starts, or the only main file of a compiled program, and settings.
    pub fn listening_sources(&self, stage: &Stage) -> Vec<String> {
        let (Some(context), Some(launch)) = (self.input().context.as_deref(), self.launch(stage)) else {
            return Vec::new();
        };
        let mut files = self.started_source(context, stage, &launch).into_iter().collect::<Vec<_>>();
        files.extend(self.used_settings(context, stage, &launch).into_iter().map(|(file, _)| file));
        files
    }

    /// What a source or a setting of the context says of the address, where the command line does not.
    pub(super) fn loopback_of_sources(
        &self,
        stage: &Stage,
        launch: &Launch<'_, 'i>,
        is_server: bool,
    ) -> Option<LoopbackServer> {
        let context = self.input().context.as_deref()?;
        let text = |file: &str| self.input().texts.as_ref()?.get(file).map(|bytes| String::from_utf8_lossy(bytes));
        if !is_server
            && let Some(file) = self.started_source(context, stage, launch)
            && let Some(text) = text(&file)
        {
            let is_set = |name: &str| self.env_value(stage, name).is_some();
            if let Some(known) = loopback_call(&file, &text, &is_set) {
                // A file of settings counts before the default.
                let is_told = known.is_default && !self.used_settings(context, stage, launch).is_empty();
                return (!is_told).then(|| of_source(launch, known.call, known.host, (file, known.line)));
            }
        }
        self.used_settings(context, stage, launch).into_iter().find_map(|(file, key)| {
            let (host, line) = loopback_setting(&file, &text(&file)?, key)?;
            Some(of_source(launch, key.to_owned(), host, (file, line)))
        })
    }

    /// The source that a container starts.
    fn started_source(&self, context: &BuildContext, stage: &Stage, launch: &Launch<'_, 'i>) -> Option<String> {
        let scripts = self.scripts_of_manifests(launch);
        let all = scripts.iter().map(|(_, script)| script).chain([launch.script()]);
        let mut invocations = all.flat_map(Script::invocations).peekable();
        let first =
            launch.script().invocations().first().and_then(|invocation| invocation.program.map(str::to_owned))?;
        if let Some(source) = invocations.find_map(|invocation| self.source_of(context, stage, launch, &invocation)) {
            return Some(source);
        }
        let is_other = Program::of(&first).is(Kind::Interpreter) || !scripts.is_empty();
        let compiles = || self.needed_runs().any(|run| run.invocations().iter().any(|call| compiles(call).is_some()));
        if is_other || !compiles() {
            return None;
        }
        let mut mains = data::LOOPBACK_MAINS.keys().filter_map(|name| only_file(context, name));
        let main = mains.next()?;
        mains.next().is_none().then_some(main)
    }

    /// The file of the context that an interpreter is given, or what it is compiled from.
    fn source_of(
        &self,
        context: &BuildContext,
        stage: &Stage,
        launch: &Launch<'_, 'i>,
        invocation: &Invocation,
    ) -> Option<String> {
        let program = invocation.program?;
        if !Program::of(program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')).is(Kind::Interpreter) {
            return None;
        }
        let word = invocation.args.iter().filter_map(Word::value).find(|word| FileKind::of(word).is_code())?;
        let folder = installed::workdir(self, stage, launch.index);
        let place = path::join(&folder, word);
        let file = path::relative(&place, &folder)?.to_owned();
        let inner = file.split_once('/').map_or(file.as_str(), |(_, inner)| inner);
        let stem = |file: &str| file.rsplit_once('.').map_or(file.to_owned(), |(stem, _)| stem.to_owned());
        let compiled =
            [format!("src/{}.ts", stem(inner)), format!("{}.ts", stem(inner)), format!("{}.ts", stem(&file))];
        std::iter::once(file).chain(compiled).find(|file| context.find(file).is_some())
    }

    /// The settings that the program of a container reads, with the key of the address.
    fn used_settings(
        &self,
        context: &BuildContext,
        stage: &Stage,
        launch: &Launch<'_, 'i>,
    ) -> Vec<(String, &'static str)> {
        let source = self.input().file.source();
        let command = source.slice(launch.instruction.span);
        if ["0.0.0.0", "bind", "-b", "listen", "host"].iter().any(|word| command.contains(word)) {
            return Vec::new();
        }
        let base = match self.root_base(stage) {
            StageBase::Image(image) => Reference::of(image).short_name(),
            _ => "",
        };
        let starts = |program: &str| {
            let mut programs = launch.script().invocations().into_iter().filter_map(|invocation| invocation.program);
            programs.any(|known| known == program || known.strip_suffix("-server") == Some(program))
        };
        let mut settings = Vec::new();
        for row in data::LOOPBACK_SETTINGS.rows() {
            let &[file, program, key, ..] = row else { continue };
            let is_used = match program {
                "-" => self.calls_rocket(context, stage, launch),
                _ if base == program => source.text().contains(file),
                _ => starts(program),
            };
            if is_used && let Some(file) = only_file(context, file) {
                settings.push((file, key));
            }
        }
        settings
    }

    /// Whether the started source is one of Rocket.
    fn calls_rocket(&self, context: &BuildContext, stage: &Stage, launch: &Launch<'_, 'i>) -> bool {
        let source = self.started_source(context, stage, launch);
        let texts = self.input().texts.as_ref();
        let bytes = source.and_then(|file| texts?.get(&file));
        bytes.is_some_and(|bytes| String::from_utf8_lossy(bytes).contains("rocket::build("))
    }
}

/// A server that a source or a setting keeps from others.
fn of_source(launch: &Launch, server: String, host: String, (file, line): (String, usize)) -> LoopbackServer {
    let origin = LoopbackOrigin::Source { file, line };
    LoopbackServer { server, host, span: launch.instruction.head, origin, option: None }
}

/// The only file of the context with a name, apart from those of tests and of packages.
pub(super) fn only_file(context: &BuildContext, name: &str) -> Option<String> {
    let is_it = |id: &_| context.entry(*id).name == name && context.entry(*id).kind == ContextEntryKind::File;
    let paths = context.entries().filter(is_it).map(|id| context.path(id));
    let is_of_program = |path: &String| !path.contains("node_modules/") && FileKind::of(path).role().is_of_program();
    let mut paths = paths.filter(is_of_program);
    let first = paths.next()?;
    paths.next().is_none().then_some(first)
}

/// The loopback address that a setting names, and its line.
fn loopback_setting(file: &str, text: &str, key: &str) -> Option<(String, usize)> {
    let name = path::name(file);
    if key.contains('.') {
        let settings = settings_of(name, text);
        let value = setting(settings.iter(), key).filter(|value| is_loopback(value))?;
        let word = key.rsplit('.').next().unwrap_or(key);
        let line = text.lines().position(|line| line.contains(word) && line.contains(value)).unwrap_or(0);
        return Some((value.to_owned(), line + 1));
    }
    let mut first = None;
    for (index, line) in text.lines().enumerate() {
        let Some(rest) = line.trim_start().strip_prefix(key) else { continue };
        if !rest.starts_with([' ', '\t', '=', ':']) {
            continue;
        }
        let value = rest.trim_start_matches([' ', '\t', '=', ':']).split(" #").next().unwrap_or("").trim();
        let mut parts = value.split([',', ' ']).map(|part| part.trim_matches(['"', '\'', '-', '[', ']'])).peekable();
        let host = |part: &str| {
            if is_loopback(part) { Some(part.to_owned()) } else { hosts(part).first().map(|host| (*host).to_owned()) }
        };
        let known: Vec<String> = parts.by_ref().filter(|part| !part.is_empty()).filter_map(host).collect();
        if known.is_empty() || !known.iter().all(|host| is_loopback(host)) {
            return None;
        }
        first = first.or_else(|| known.into_iter().next().map(|host| (host, index + 1)));
    }
    first
}

#[cfg(test)]
mod tests {
    use super::loopback_setting;

    #[test]
    fn settings_with_a_loopback_address() {
        for (file, text, key) in [
            ("redis.conf", "# bind 0.0.0.0\nbind 127.0.0.1 -::1\nport 6379\n", "bind"),
            ("postgresql.conf", "listen_addresses = 'localhost'     # what to listen on\n", "listen_addresses"),
            ("my.cnf", "[mysqld]\nbind-address=127.0.0.1\n", "bind-address"),
            ("mongod.conf", "net:\n  port: 27017\n  bindIp: 127.0.0.1\n", "bindIp"),
            ("gunicorn.conf.py", "bind = \"127.0.0.1:8000\"\n", "bind"),
            ("puma.rb", "bind 'tcp://127.0.0.1:3000'\n", "bind"),
            ("application.properties", "server.port=8080\nserver.address=127.0.0.1\n", "server.address"),
            ("application.yml", "server:\n  address: localhost\n", "server.address"),
        ] {
            assert!(loopback_setting(file, text, key).is_some(), "{text}");
        }
        for (file, text, key) in [
            ("redis.conf", "bind 0.0.0.0\n", "bind"),
            ("redis.conf", "bind 127.0.0.1 10.0.0.1\n", "bind"),
            ("postgresql.conf", "#listen_addresses = 'localhost'\n", "listen_addresses"),
            ("gunicorn.conf.py", "bind = os.environ.get('BIND', '127.0.0.1:8000')\n", "bind"),
            ("gunicorn.conf.py", "bind = \"unix:/run/app.sock\"\n", "bind"),
            ("puma.rb", "bind \"tcp://#{ENV['HOST']}:3000\"\n", "bind"),
            ("application.yml", "server:\n  address: ${HOST}\n", "server.address"),
        ] {
            assert_eq!(loopback_setting(file, text, key), None, "{text}");
        }
    }
}
