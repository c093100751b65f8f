//! What a program can use only as root, as far as its files show: places in root's home, which nobody else may enter, and
//! places that stay root's and that its sources or start scripts write to.

use std::collections::BTreeMap;

use super::start_writes::StartWrite;
use super::{Build, Lookup, Stage, VariableValue};
use crate::data;
use crate::dockerfile::Keyword;
use crate::inputs::context::BuildContext;
use crate::manifest::FileKind;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, PackageCall, Redirect, RedirectOperator, Verb, Word};
use crate::sources::imports::Sources;
use crate::sources::patterns::{self, WordPattern};
use crate::sources::values::Evaluator;
use crate::sources::written_places::{self, WrittenPlace};
use crate::text::path;

/// The home of root.
const HOME: &str = "/root";

/// The maximum number of sources that are searched for writes.
const MOST: usize = 1_000;

/// Something that a container of a stage can do only as root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootOnly {
    /// A path in root's home that the program may use.
    Home {
        /// The path.
        path: String,
    },
    /// A file of the context writes to a place of root's.
    Write {
        /// The file.
        file: String,
        /// The place; empty if only running the file shows it.
        place: String,
    },
    /// A folder of data that VOLUME or a mount names.
    Volume {
        /// The folder.
        path: String,
    },
    /// The command of the container writes by itself.
    Start {
        /// The command.
        command: &'static str,
        /// What it writes.
        place: &'static str,
        /// Variables and options that name another place.
        moved: Vec<&'static str>,
    },
    /// A source file calls something that only root may call.
    Call {
        /// The file.
        file: String,
    },
}

impl std::fmt::Display for RootOnly {
    /// A sentence without a full stop.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Home { path } => write!(out, "only root can enter `{path}`: move what the program needs out of it"),
            Self::Write { file, place } if place.is_empty() => {
                write!(out, "`{file}` writes files, and where is known only when it runs")
            }
            Self::Write { file, place } => write!(out, "`{file}` writes to `{place}`, which belongs to root"),
            Self::Volume { path } => write!(out, "`{path}` is for data and belongs to root: give it to the user first"),
            Self::Start { command, place, moved } => {
                let is_prepared = path::is_within(place, HOME);
                write!(out, "`{command}` {} `{place}`", if is_prepared { "uses" } else { "writes to" })?;
                if is_prepared {
                    write!(out, ", which only root can enter")?;
                } else if place.starts_with('~') {
                    write!(out, ", and the user has no home")?;
                } else {
                    write!(out, ", which belongs to root: give it to the user first")?;
                }
                match moved.first() {
                    Some(way) => write!(out, " (`{way}` names another place)"),
                    None => Ok(()),
                }
            }
            Self::Call { file } => write!(out, "`{file}` does something that only root may do"),
        }
    }
}

impl Build<'_> {
    /// Something for which a container of the stage has to be root; `None` if the files that were read show nothing.
    /// `has_home`: whether the user that would replace root has a home that is his.
    pub fn root_only(&self, stage: &Stage, has_home: bool) -> Option<RootOnly> {
        let home = self.path_in_root_home(stage).map(|path| RootOnly::Home { path });
        home.or_else(|| self.write_of_script(stage))
            .or_else(|| self.volume_of_root(stage))
            .or_else(|| self.write_of_command(stage, has_home))
            .or_else(|| self.write_of_source(stage))
    }

    /// What the command of the container writes where the user may not.
    fn write_of_command(&self, stage: &Stage, has_home: bool) -> Option<RootOnly> {
        let home = match self.scopes().lookup(stage.index, "HOME", usize::MAX) {
            Lookup::Defined(variable) => match &variable.value {
                VariableValue::Known(text) if !text.is_empty() => Some(text.to_string()),
                _ => None,
            },
            _ => None,
        };
        let is_closed = |place: &str| match (place.strip_prefix("~/"), &home) {
            (Some(rest), Some(home)) => self.belongs_to_root(stage, &path::join(home, rest)),
            (Some(_), None) => !has_home,
            (None, _) if path::is_within(place, HOME) => true,
            (None, _) => self.belongs_to_root(stage, place),
        };
        let mut writes = self.start_writes(stage).into_iter();
        let StartWrite { command, place, moved } = writes.find(|write| is_closed(write.place))?;
        Some(RootOnly::Start { command, place, moved })
    }

    /// A path in root's home that ENV, a mount, COPY, ADD or a command of a RUN names.
    fn path_in_root_home(&self, stage: &Stage) -> Option<String> {
        let named = self.folders_in_root_home(stage).into_iter().next();
        let named = named.or_else(|| self.started_in_root_home(stage));
        named.or_else(|| self.chain(stage).find_map(|stage| self.filled_in_root_home(stage)))
    }

    /// A path in root's home that a container of the stage starts in, gets files in, or starts something from.
    pub fn started_in_root_home(&self, stage: &Stage) -> Option<String> {
        let is_in_home = |path: &String| path::is_within(path, HOME);
        if let Some(folder) = self.workdir(stage, usize::MAX).value().filter(|folder| is_in_home(folder)) {
            return Some(folder.clone());
        }
        let brought = self.chain(stage).flat_map(|stage| {
            let transfers = self.transfers(stage).iter();
            transfers.filter_map(|transfer| {
                let folder = self.workdir(stage, transfer.index);
                Some(path::join(folder.value().map_or("/", String::as_str), transfer.destination.as_deref()?))
            })
        });
        let launch = self.launch(stage);
        let scripts = self.start_scripts(stage);
        let started = launch.iter().map(super::launch::Launch::script);
        let started =
            started.chain(scripts.iter().map(|(_, script)| script)).flat_map(dockopt_shell::shell::Script::invocations);
        let words = started.flat_map(|invocation| {
            let words = [invocation.path].into_iter().chain(invocation.args);
            words.map(|word| word.text().trim_matches(['"', '\'']).to_owned()).collect::<Vec<_>>()
        });
        brought.chain(words).find(is_in_home)
    }

    fn filled_in_root_home(&self, stage: &Stage) -> Option<String> {
        let transfers = self.transfers(stage).iter().filter_map(|transfer| transfer.destination.as_deref());
        let is_in_home = |text: &&str| path::is_within(text, HOME);
        if let Some(copied) = transfers.into_iter().find(is_in_home) {
            return Some(copied.to_owned());
        }
        for (index, instruction) in self.instructions(stage) {
            match instruction.keyword {
                Keyword::Env => {
                    let pairs = self.input().file.variables(instruction);
                    let folders = pairs.iter().flat_map(|pair| pair.value.text.split(':'));
                    let folder = folders.map(|folder| folder.trim_matches(['"', '\''])).find(is_in_home);
                    if let Some(folder) = folder.filter(|folder| path::is_below(folder, HOME)) {
                        return Some(folder.to_owned());
                    }
                }
                Keyword::Run => {
                    let Some(code) = self.code(index) else { continue };
                    let invocations = code.script.invocations();
                    let calls = || invocations.iter().filter_map(Invocation::package_call);
                    let fills = invocations.iter().find_map(file_in_root_home);
                    let fills = fills.or_else(|| calls().find_map(|call| self.yarn_packages_in_home(&call)));
                    if let Some(path) = fills
                        .or_else(|| self.downloaded_to_home(stage, self.input().file.source().slice(instruction.span)))
                    {
                        return Some(path);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// The folder that a download of a model or browser fills, unless ENV names another one.
    fn downloaded_to_home(&self, stage: &Stage, text: &str) -> Option<String> {
        let pattern = self.download_to_home(stage, text)?;
        Some(path::join(HOME, pattern.argument.split(' ').next()?))
    }

    /// The words of a text with which a model, a browser or the like is put below the home, unless ENV names another
    /// place for it.
    pub fn download_to_home(&self, stage: &Stage, text: &str) -> Option<WordPattern> {
        let is_set = |name: &str| matches!(self.scopes().lookup(stage.index, name, usize::MAX), Lookup::Defined(_));
        patterns::of("downloads to the home")
            .filter(|pattern| text.contains(pattern.text))
            .find(|pattern| !pattern.argument.split(' ').skip(1).any(is_set))
    }

    /// Where Yarn Berry keeps the packages that it does not unpack: the program reads them there.
    fn yarn_packages_in_home(&self, call: &PackageCall) -> Option<String> {
        let settings = self.input().texts.as_ref()?.get(".yarnrc.yml")?;
        let settings = String::from_utf8_lossy(settings);
        let says = |key: &str, value: &str| {
            settings.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.contains(value)))
        };
        let is_elsewhere = says("nodeLinker:", "node-modules")
            || says("enableGlobalCache:", "false")
            || ["globalFolder:", "cacheFolder:"].iter().any(|key| says(key, ""));
        let is_install = call.manager == Manager::Yarn && call.verb == Verb::Install;
        (is_install && !is_elsewhere).then(|| path::join(HOME, ".yarn/berry"))
    }

    fn volume_of_root(&self, stage: &Stage) -> Option<RootOnly> {
        let mut folders = self.written_folders(stage).into_iter();
        folders.find(|path| self.belongs_to_root(stage, path)).map(|path| RootOnly::Volume { path })
    }

    /// What a start script of the context writes to.
    fn write_of_script(&self, stage: &Stage) -> Option<RootOnly> {
        self.start_scripts(stage).into_iter().find_map(|(file, script)| {
            let invocations = script.invocations();
            let place = invocations.iter().find_map(|invocation| self.written_by(stage, invocation))?;
            Some(RootOnly::Write { file, place })
        })
    }

    /// The place that a command of a start script writes to.
    fn written_by(&self, stage: &Stage, invocation: &Invocation) -> Option<String> {
        let program = Program::of(invocation.program.unwrap_or_default());
        let operand = invocation.args.iter().rfind(|word| !word.text().starts_with('-'));
        let operand = if program.writes_files() { operand.map(Word::text) } else { None };
        let writes = |redirect: &&Redirect| {
            use RedirectOperator::{Append, Clobber, Write, WriteBoth};
            matches!(redirect.operator, Write | Append | Clobber | WriteBoth)
        };
        let redirects = invocation.command.redirects.iter().filter(writes);
        let mut places =
            operand.into_iter().chain(redirects.filter_map(|redirect| Some(redirect.target.as_ref()?.text())));
        let place =
            places.find(|place| !place.is_empty() && !place.starts_with('&') && self.belongs_to_root(stage, place))?;
        let place = place.trim_matches(['"', '\'']);
        Some(if place.contains(['$', '`', '(']) { String::new() } else { place.to_owned() })
    }

    /// What a source that the program may load writes to.
    fn write_of_source(&self, stage: &Stage) -> Option<RootOnly> {
        let context = self.input().context.as_deref()?;
        let texts = self.source_texts(context)?;
        let entries: Vec<String> = [Keyword::Entrypoint, Keyword::Cmd]
            .into_iter()
            .filter_map(|keyword| self.last(stage, keyword))
            .map(|(_, instruction)| self.input().file.source().slice(instruction.span).to_owned())
            .collect();
        let sources = Sources::new(&texts);
        let reach = sources.reachable_from(entries.iter().flat_map(|text| sources.files_started_by(text)));
        let variables = |name: &str| match self.scopes().lookup(stage.index, name, usize::MAX) {
            Lookup::Defined(variable) => match &variable.value {
                VariableValue::Known(text) if !text.is_empty() => vec![text.to_string()],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        let location = |file: &str| {
            let landing = self.stages().iter().rev().find_map(|stage| {
                self.transfers(stage).iter().rev().find_map(|transfer| self.landing(context, stage, transfer, file))
            });
            landing.map(|landing| path::parent(&landing).to_owned())
        };
        let evaluator = Evaluator::new(texts.iter().map(|(file, text)| (&**file, &**text)), &variables, &location);
        let shipped = |file: &&String| reach.may_run(file) && location(file).is_some();
        texts.keys().filter(shipped).find_map(|file| {
            let text = evaluator.source(file);
            let kind = FileKind::of(file);
            let needs_root = |pattern: WordPattern| pattern.is_of(kind) && text.contains(pattern.text);
            if patterns::shows(text, "needs root") && patterns::of("needs root").any(needs_root) {
                return Some(RootOnly::Call { file: file.clone() });
            }
            if let Some(path) = self.downloaded_to_home(stage, text) {
                return Some(RootOnly::Home { path });
            }
            let place = written_places::places(&evaluator, file).into_iter().find_map(|place| match place {
                WrittenPlace::OfPrograms(_) => None,
                WrittenPlace::Folder(path) | WrittenPlace::File(path) => {
                    self.belongs_to_root(stage, &path).then(|| if path.is_empty() { ".".to_owned() } else { path })
                }
                WrittenPlace::Unknown(expression) => {
                    Some(if is_path(&expression) { expression } else { String::new() })
                }
            })?;
            Some(RootOnly::Write { file: file.clone(), place })
        })
    }

    /// The source files of the context that were read.
    fn source_texts(&self, context: &BuildContext) -> Option<BTreeMap<String, String>> {
        let texts = self.input().texts.as_ref()?;
        let is_code = |path: &str| FileKind::of(path).is_code() && context.find(path).is_some();
        let sources = texts.iter().filter(|(path, _)| is_code(path)).take(MOST);
        Some(sources.map(|(path, text)| (path.clone(), String::from_utf8_lossy(text).into_owned())).collect())
    }

    /// Whether a place, absolute or below WORKDIR, stays root's: everybody may write to `/tmp`, and a RUN or `--chown` may
    /// give others away.
    fn belongs_to_root(&self, stage: &Stage, place: &str) -> bool {
        let place = place.trim_matches(['"', '\'']);
        let work = self.workdir(stage, usize::MAX);
        let folder = work.value().map_or("/", String::as_str);
        let full = path::join(folder, place);
        let is_open = data::SYSTEM_FOLDERS.with("open").any(|open| path::is_within(&full, open));
        !is_open && !self.chain(stage).any(|stage| self.gives_away(stage, folder, &full))
    }

    /// Whether an instruction of the stage changes the owner or the mode of a place or of a folder around it.
    fn gives_away(&self, stage: &Stage, folder: &str, place: &str) -> bool {
        let covers = |text: &str| path::is_within(place, &path::join(folder, text.trim_end_matches("/*")));
        // Packages are installed by a RUN, whoever has the folder around them and what is copied there.
        let is_installed = place.split('/').any(|part| part == "node_modules");
        let is_short = |text: &str| text.starts_with('-') && !text.starts_with("--");
        let is_recursive = |word: &Word| word.is("--recursive") || is_short(word.text()) && word.text().contains('R');
        let is_given = |invocation: &Invocation| {
            let changes = invocation.is("chown") || invocation.is("chmod") || invocation.is("install");
            changes
                && (!is_installed || invocation.args.iter().any(is_recursive))
                && invocation.args.iter().filter_map(Word::value).skip(1).any(covers)
        };
        let mut runs = self.instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Run);
        let by_run =
            runs.any(|(index, _)| self.code(index).is_some_and(|code| code.script.invocations().iter().any(is_given)));
        by_run
            || self.transfers(stage).iter().any(|transfer| {
                self.input().file.flag_argument(transfer.instruction, "chown").is_some()
                    && (!is_installed || transfer.from.is_some())
                    && transfer.destination.as_deref().is_some_and(covers)
            })
    }
}

/// A path in root's home that a command fills; one that deletes or mounts it does not.
fn file_in_root_home(invocation: &Invocation) -> Option<String> {
    let program = Program::of(invocation.program.unwrap_or_default());
    if !program.writes_files() && !program.makes_files() && !program.is(Kind::Fetches) {
        return None;
    }
    let words = invocation.args.iter().map(Word::text).map(|text| text.trim_matches(['"', '\'']));
    let mut in_home =
        words.filter(|text| path::is_below(text, HOME) || text.starts_with("~/") || text.starts_with("$HOME/"));
    // Settings of root's shell and of tools are for root alone.
    in_home.find(|text| !is_setting(text) && !invocation.is("rm")).map(str::to_owned)
}

/// Whether a reader takes a text for a path and not for a piece of a program: `/app.db`, not `base / name`.
fn is_path(text: &str) -> bool {
    text.contains(['/', '.'])
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
        && text.starts_with(['/', '.'])
}

/// Whether a path in a home is a file of settings: `~/.bashrc`, `~/.npmrc`.
fn is_setting(text: &str) -> bool {
    path::name(text).starts_with('.')
}
