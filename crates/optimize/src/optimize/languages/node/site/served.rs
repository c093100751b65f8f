//! What a container serves: the program, the folder, the port, and what it answers where no file has the path's name.

use super::blocker::SiteBlocker;
use super::{hashed, vite};
use crate::build::{BaseImage, FoundVariable, Presence, Stage, StageBase, installed};
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::Project;
use crate::optimize::languages::node::output;
use crate::optimize::languages::node::{started_project, words};
use crate::optimize::pass_input::{PassInput, refuse_if};
use crate::optimize::plan::is_builder;
use crate::shell::program::options::ProgramOptions;
use crate::text::path;

/// What a program serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServedKind {
    /// What a bundler built, by its configuration.
    Preview,
    /// A folder.
    Files,
    /// Sources.
    Development,
}

/// What is served, and how.
#[derive(Debug)]
pub(super) struct Site {
    /// The command, as messages name it: `vite preview`.
    pub(super) command: &'static str,
    /// What kind of server it is.
    pub(super) kind: ServedKind,
    /// The folder in the image.
    pub(super) folder: String,
    /// Where it listens, as far as the files say.
    pub(super) port: u16,
    /// The variable that names another port when the container starts: platforms set it.
    pub(super) port_variable: Option<String>,
    /// What is tried behind the path itself: words of `file_servers.tsv`.
    pub(super) tries: Vec<&'static str>,
    /// Whether paths without a file get the first page.
    pub(super) fallback: bool,
    /// The page for what is not there.
    pub(super) missing: Option<&'static str>,
    /// The folder of the site's address, with slashes at both ends; `None` where it is the root.
    pub(super) base: Option<String>,
    /// Beginnings of paths that it hands on to an address of the container itself, where nothing else listens.
    pub(super) dead: Vec<(String, String)>,
    /// A regular expression for paths of files whose names change with their contents.
    pub(super) hashed: Option<String>,
    /// The script of package.json that builds it, where no RUN does.
    pub(super) build: Option<&'static str>,
    /// The program's own name, under which it may be installed for all.
    pub(super) program: &'static str,
    /// How it answers methods besides GET and HEAD, where not with 405.
    pub(super) others: Option<&'static str>,
    /// Whether it redirects `/about.html` to `/about`.
    pub(super) redirects_pages: bool,
}

/// A row of `file_servers.tsv`.
struct FileServer {
    command: &'static str,
    program: &'static str,
    kind: ServedKind,
    options: &'static str,
    variable: &'static str,
    port: &'static str,
    folder: &'static str,
    single: &'static str,
    tries: [&'static str; 2],
    missing: Option<&'static str>,
    others: Option<&'static str>,
    redirects_pages: bool,
}

impl FileServer {
    /// The server that words start, and the words behind its name.
    fn of(all: &[String]) -> Option<(Self, &[String])> {
        let first = words::name(all.first()?);
        let first = first.split_at_checked(1).and_then(|(_, rest)| rest.find('@')).map_or(first, |at| &first[..=at]);
        let operand = all.get(1).filter(|word| !word.starts_with('-'));
        let whole = operand.map(|operand| format!("{first} {operand}"));
        let (row, rest) = match whole.and_then(|whole| data::FILE_SERVERS.row(&whole)) {
            Some(row) => (row, &all[2..]),
            None => (data::FILE_SERVERS.row(first)?, &all[1..]),
        };
        let &[command, kind, options, variable, port, folder, single, tries, single_tries, missing, others, pages, ..] =
            row
        else {
            return None;
        };
        let kind = match kind {
            "preview" => ServedKind::Preview,
            "files" => ServedKind::Files,
            _ => ServedKind::Development,
        };
        // `vite build` is no server.
        if kind == ServedKind::Development && rest.first().is_some_and(|word| !word.starts_with('-')) {
            return None;
        }
        let program = command.split(' ').next().unwrap_or(command);
        let value = |word: &'static str| (word != "-").then_some(word);
        let (missing, others, redirects_pages) = (value(missing), value(others), value(pages).is_some());
        let tries = [tries, single_tries];
        let server = Self {
            command,
            program,
            kind,
            options,
            variable,
            port,
            folder,
            single,
            tries,
            missing,
            others,
            redirects_pages,
        };
        Some((server, rest))
    }
}

/// What the stage's container serves; `None` where it is no server of files, an error where another one would not do the
/// same.
pub(super) fn read(input: &PassInput, stage: &Stage) -> Result<Option<Site>, SiteBlocker> {
    let build = input.build;
    let Some(launch) = build.launch(stage) else { return Ok(None) };
    let project = started_project::project(input, stage, launch.index);
    let script = launch.script();
    let invoked: Vec<Vec<String>> = script.invocations().iter().map(words::of).collect();
    let commands: Vec<Vec<String>> =
        invoked.iter().flat_map(|words| started_project::commands(project, words)).collect();
    let mut servers = commands.iter().filter_map(|words| FileServer::of(words).map(|server| (words, server)));
    let Some((words, (server, args))) = servers.next_back() else { return Ok(None) };
    if !runs_node(input, stage) {
        return Ok(None);
    }
    if commands.len() > 1 || !script.problems.is_empty() {
        return Err(SiteBlocker::StartsOthers { command: server.command.to_string() });
    }
    if project.is_none() && server.kind != ServedKind::Files {
        return Err(SiteBlocker::UnknownProject { command: server.command.to_string() });
    }
    if build.stage_of(launch.index).map(|stage_of| stage_of.index) != Some(stage.index) {
        return Err(SiteBlocker::InheritedCommand);
    }
    let known = ProgramOptions::of(server.program);
    if let Some(word) = args.iter().find(|word| known.has(word.split('=').next().unwrap_or(word), "serves-more")) {
        return Err(SiteBlocker::ServerOption { word: word.clone(), command: server.command.to_string() });
    }
    if let Some(name) = of_own_server(project)
        && server.kind != ServedKind::Files
    {
        return Err(SiteBlocker::AddsServer { name: name.to_string(), command: server.command.to_string() });
    }
    let reader = ServerReader { input, stage, project, server: &server, words, args, index: launch.index };
    let site = reader.site()?;
    reader.check(&site)?;
    Ok(Some(site))
}

/// Whether its programs may be those of npm's packages; another program may be called `serve` too.
fn runs_node(input: &PassInput, stage: &Stage) -> bool {
    let StageBase::Image(image) = input.build.root_base(stage) else { return false };
    BaseImage::of(image).presence("node") == Presence::Has || BaseImage::of(image).presence("bun") == Presence::Has
}

/// A package of the project that has a server of its own behind the bundler's.
fn of_own_server(project: Option<&Project>) -> Option<&str> {
    let names = project?.dependencies.iter().map(|dependency| dependency.name.as_str());
    names.into_iter().find(|name| data::NODE_PACKAGES.has(name, "previews"))
}

struct ServerReader<'r, 'a> {
    input: &'r PassInput<'a>,
    stage: &'r Stage,
    project: Option<&'a Project>,
    server: &'r FileServer,
    /// The command.
    words: &'r [String],
    /// What stands behind the program's name.
    args: &'r [String],
    /// The instruction that starts it.
    index: usize,
}

impl ServerReader<'_, '_> {
    fn site(&self) -> Result<Site, SiteBlocker> {
        let server = self.server;
        let settings = match (server.program, self.project) {
            ("vite", Some(project)) => {
                vite::read(self.input, project, self.args, server.kind == ServedKind::Development)?
            }
            _ => vite::ViteSettings::default(),
        };
        let mut singles = data::words(server.single);
        let single = settings.fallback
            && (server.single == "always" || singles.any(|option| self.args.iter().any(|word| word == option)));
        let workdir = installed::workdir(self.input.build, self.stage, self.index);
        let folder = match &settings.folder {
            Some(folder) => folder.clone(),
            None if server.kind == ServedKind::Files => self.operand().unwrap_or(server.folder).to_owned(),
            None => self.bundler_output()?,
        };
        let (port, port_variable) = self.port(settings.port)?;
        Ok(Site {
            command: server.command,
            kind: server.kind,
            folder: path::join(&workdir, &folder),
            port,
            port_variable,
            tries: data::words(server.tries[usize::from(single)]).collect(),
            fallback: single,
            missing: if single { None } else { server.missing },
            base: settings.base,
            dead: settings.dead,
            hashed: self.project.and_then(|project| hashed::pattern(self.input, project)),
            build: self.script_to_build()?,
            program: server.program,
            others: server.others,
            redirects_pages: server.redirects_pages,
        })
    }

    /// An error where the site is not what a build made, or has rules of its own.
    fn check(&self, site: &Site) -> Result<(), SiteBlocker> {
        let workdir = installed::workdir(self.input.build, self.stage, self.index);
        if site.folder == workdir || site.folder == "/" || site.folder.starts_with("/?") {
            return Err(SiteBlocker::ServesProject);
        }
        let rules = |path: &str| matches!(path::name(path), "serve.json" | "now.json");
        let context = self.input.context();
        if site.program == "serve"
            && context.is_some_and(|context| context.entries().any(|id| rules(context.entry(id).name)))
        {
            return Err(SiteBlocker::ServeRules);
        }
        refuse_if(self.input.build.last(self.stage, Keyword::Volume).is_some(), SiteBlocker::Volume)?;
        if self.args.iter().any(|word| word == "-c" || word.starts_with("--config")) && site.program == "serve" {
            return Err(SiteBlocker::OtherServeRules);
        }
        Ok(())
    }

    /// The first word that is no option and no value of one.
    fn operand(&self) -> Option<&str> {
        let options = ProgramOptions::of(self.server.program);
        let mut rest = self.args.iter();
        while let Some(word) = rest.next() {
            if options.takes_value(word) {
                rest.next();
            } else if !word.starts_with('-') {
                return Some(word);
            }
        }
        None
    }

    /// The folder that the bundler writes.
    fn bundler_output(&self) -> Result<String, SiteBlocker> {
        let unknown = || SiteBlocker::UnknownOutput;
        let project = self.project.ok_or_else(unknown)?;
        let words = [self.server.program, "build"].map(str::to_owned).to_vec();
        let output = output::of(self.input, project, &[words]);
        let mut paths = output.paths.iter();
        match (paths.next(), paths.next(), output.open) {
            (Some(folder), None, None) => Ok(folder.clone()),
            (_, _, Some(why)) => Err(SiteBlocker::Output { why }),
            _ => Err(unknown()),
        }
    }

    /// The script that builds the site, where no RUN builds anything.
    fn script_to_build(&self) -> Result<Option<&'static str>, SiteBlocker> {
        const BUILD: &str = "build";
        let build = self.input.build;
        if build.needed_runs().any(|run| !run.is_trigger() && run.invocations().iter().any(is_builder)) {
            return Ok(None);
        }
        refuse_if(self.server.kind != ServedKind::Development, SiteBlocker::NoBuild)?;
        let scripted = self.project.is_some_and(|project| project.script(BUILD).is_some());
        if scripted { Ok(Some(BUILD)) } else { Err(SiteBlocker::NoBuildScript) }
    }

    /// Where it listens: by its options, by variables, by its configuration, or always; with the variable that says so.
    fn port(&self, configured: Option<u16>) -> Result<(u16, Option<String>), SiteBlocker> {
        let server = self.server;
        let row = data::SERVER_PORTS.row(server.command);
        let options = row.into_iter().flat_map(|row| [row[1], row[2]]).chain([server.options]);
        let variable = row.map_or(server.variable, |row| row[4]);
        let mut values = Vec::new();
        for name in options.flat_map(data::words) {
            values.extend(self.option_values(name));
        }
        // The same place said twice: a script and the arguments that are added to it.
        values.dedup();
        refuse_if(values.len() > 1, SiteBlocker::SeveralAddresses)?;
        let value = values.pop();
        let (variable, otherwise) = match value.as_deref() {
            Some(text) => {
                let last = port_of_address(text);
                match last.strip_prefix('$') {
                    Some(rest) => variable_of(rest, server.port)
                        .ok_or_else(|| SiteBlocker::UnknownPort { text: text.to_string() })?,
                    None => return Ok((number_of(last)?, None)),
                }
            }
            None => (variable, configured.map_or_else(|| server.port.to_owned(), |port| port.to_string())),
        };
        let value = self.variable(variable)?.unwrap_or(otherwise);
        let is_variable = !matches!(variable, "" | "-");
        Ok((number_of(&value)?, is_variable.then(|| variable.to_owned())))
    }

    /// The values of an option.
    fn option_values(&self, name: &str) -> Vec<String> {
        let mut values = Vec::new();
        for (at, word) in self.args.iter().enumerate() {
            let Some(rest) = word.strip_prefix(name) else { continue };
            let short = name.len() == 2 && rest.starts_with(|c: char| c.is_ascii_digit() || c == '$');
            match rest.strip_prefix('=') {
                Some(value) => values.push(value.to_owned()),
                None if rest.is_empty() => values.extend(self.args.get(at + 1).cloned()),
                None if short => values.push(rest.to_owned()),
                None => {}
            }
        }
        values
    }

    /// A variable of the container: by the command, by compose, by the image.
    fn variable(&self, name: &str) -> Result<Option<String>, SiteBlocker> {
        if name.is_empty() || name == "-" {
            return Ok(None);
        }
        let assigned = format!("{name}=");
        let texts = self.project.into_iter().flat_map(|project| &project.scripts).map(|script| script.command.as_str());
        let texts = texts.filter(|text| text.contains(self.server.program));
        let launch = self.input.source().slice(self.input.build.instruction(self.index).span);
        if texts.chain([launch]).any(|text| text.contains(&assigned)) || self.words.is_empty() {
            return Err(SiteBlocker::CommandSetsVariable { name: name.to_string() });
        }
        let mut values: Vec<Option<&str>> = Vec::new();
        for service in &self.input.evidence.services {
            values.push(service.values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()));
        }
        values.dedup();
        // Of services that say several things, or what nobody knows, each says it when it starts.
        if let [Some(value)] = values[..] {
            return Ok(Some(value.to_owned()));
        }
        match self.input.build.env_value(self.stage, name) {
            Some(FoundVariable::Text(text)) => Ok(Some(text)),
            Some(FoundVariable::Unknown) => Err(SiteBlocker::UnknownVariable { name: name.to_string() }),
            None => Ok(None),
        }
    }
}

/// The port of an address, or the variable that stands for it: `8080` of `tcp://0.0.0.0:8080`, `${PORT:-3000}`.
fn port_of_address(text: &str) -> &str {
    let mut colons = text.rmatch_indices(':').filter(|(at, _)| !text[at + 1..].starts_with('-'));
    colons.next().map_or(text, |(at, _)| &text[at + 1..])
}

/// The name behind a `$`, and what stands for it where it is not set: `PORT`, `{PORT}`, `{PORT:-3000}`.
fn variable_of<'t>(rest: &'t str, usual: &str) -> Option<(&'t str, String)> {
    let inner = rest.strip_prefix('{').map_or(Some(rest), |inner| inner.strip_suffix('}'))?;
    let (name, otherwise) = inner.split_once(":-").or_else(|| inner.split_once('-')).unwrap_or((inner, usual));
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| (name, otherwise.to_owned()))
}

fn number_of(text: &str) -> Result<u16, SiteBlocker> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| SiteBlocker::UnknownPort { text: text.to_string() })
}
