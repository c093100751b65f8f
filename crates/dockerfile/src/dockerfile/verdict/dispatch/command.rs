//! What BuildKit refuses when it carries out a stage's instructions, variables expanded.

use std::rc::Rc;

use super::environment::Environment;
use super::git::{GitSource, is_http};
use super::mode::check_mode;
use super::mount::{Mount, read_mount};
use super::port::check_port;
use super::reference::check_digest;
use super::refusal::Refusal;
use super::signal::is_signal;
use super::state::{DispatchCommand, Stages};
use crate::dockerfile::check::parse_bool;
use crate::dockerfile::expand::{ExpandError, Lex, process_word, process_words};
use crate::dockerfile::quote::go_quote;
use crate::dockerfile::syntax::{File, Instruction, Keyword};
use crate::dockerfile::view::Transfer;
use crate::text::path;

/// What a stage hands to one that stands on it.
#[derive(Clone)]
struct StageResult {
    variables: Rc<Environment>,
    workdir: String,
}

/// The stage that is being carried out.
struct Running<'r> {
    variables: Environment,
    workdir: String,
    globals: &'r Environment,
    lex: Lex,
}

/// Carries out every stage in order.
pub(super) fn run(stages: &mut Stages<'_>, globals: &Environment, lex: Lex) -> Result<(), Refusal> {
    let mut done: Vec<StageResult> = Vec::with_capacity(stages.states.len());
    for index in 0..stages.states.len() {
        stages.states[index].is_dispatched = true;
        let base = stages.states[index].base.and_then(|base| done.get(base));
        let mut running = base.map_or_else(|| Running::new(globals, lex), |base| Running::after(base, globals, lex));
        for (command, sources) in &stages.states[index].commands {
            let result = running
                .check_sources(stages, index, command, sources)
                .and_then(|()| running.dispatch(command.file, command.instruction))
                .and_then(|()| running.check_mounts(stages, command, sources));
            result.map_err(|message| Refusal::new(message).at(Some(command.lines)))?;
        }
        done.push(StageResult { variables: Rc::new(running.variables), workdir: running.workdir });
    }
    Ok(())
}

impl<'r> Running<'r> {
    /// A stage on an image, of which nothing is known.
    fn new(globals: &'r Environment, lex: Lex) -> Self {
        let mut variables = Environment::default();
        variables.set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
        Self { variables, workdir: "/".to_owned(), globals, lex }
    }

    /// A stage on another one.
    fn after(base: &StageResult, globals: &'r Environment, lex: Lex) -> Self {
        Self { variables: Environment::inherit(&base.variables), workdir: base.workdir.clone(), globals, lex }
    }

    fn expand(&self, word: &str) -> Result<String, ExpandError> {
        process_word(word, &self.variables, self.lex).map(|expanded| expanded.text)
    }

    /// COPY from a stage that is carried out later.
    fn check_sources(
        &self,
        stages: &Stages<'_>,
        index: usize,
        command: &DispatchCommand<'_>,
        sources: &[Option<usize>],
    ) -> Result<(), String> {
        let DispatchCommand { file, instruction, .. } = command;
        let [Some(source)] = sources else { return Ok(()) };
        if instruction.keyword != Keyword::Copy || stages.states[*source].is_dispatched {
            return Ok(());
        }
        // BuildKit expands the words before it looks.
        self.transfer(file, instruction)?;
        let from = file.flag_argument(instruction, "from").map(|from| from.text.into_owned()).unwrap_or_default();
        let name = &stages.states[index].name;
        Err(format!(
            "cannot copy from stage {}, it needs to be defined before current stage {}",
            go_quote(&from),
            go_quote(name)
        ))
    }

    fn dispatch(&mut self, file: &File, instruction: &Instruction) -> Result<(), String> {
        match instruction.keyword {
            Keyword::Env | Keyword::Label => {
                let mut pairs = Vec::new();
                for pair in file.variables(instruction) {
                    let key = self.expand(&pair.name.text).map_err(|error| error.to_string())?;
                    pairs.push((key, self.expand(&pair.value.text).map_err(|error| error.to_string())?));
                }
                if instruction.keyword == Keyword::Env {
                    for (key, value) in pairs {
                        self.variables.set(&key, value);
                    }
                }
                Ok(())
            }
            Keyword::Arg => self.arg(file, instruction),
            Keyword::Copy | Keyword::Add => self.copy(file, instruction),
            Keyword::Workdir => {
                if let Some(path) = file.operand(instruction) {
                    let path = self.expand(&path.text).map_err(|error| error.to_string())?;
                    let folder = path::join(&self.workdir, &path);
                    // No folder has a longer path, and each WORKDIR would make it longer.
                    if folder.len() <= path::LONGEST {
                        self.workdir = folder;
                    }
                }
                Ok(())
            }
            Keyword::User => {
                let Some(user) = file.operand(instruction) else { return Ok(()) };
                self.expand(&user.text).map(drop).map_err(|error| error.to_string())
            }
            Keyword::Stopsignal => {
                let Some(signal) = file.operand(instruction) else { return Ok(()) };
                let signal = self.expand(&signal.text).map_err(|error| error.to_string())?;
                if is_signal(&signal) { Ok(()) } else { Err(format!("invalid signal: {signal}")) }
            }
            Keyword::Volume => self.volume(file, instruction),
            Keyword::Expose => self.expose(file, instruction),
            _ => Ok(()),
        }
    }

    fn arg(&mut self, file: &File, instruction: &Instruction) -> Result<(), String> {
        use crate::dockerfile::expand::Variables as _;
        for arg in file.args(instruction) {
            let name = &*arg.name.text;
            let value = match arg.default {
                Some(default) => Some(self.expand(&default.text).map_err(|error| error.to_string())?),
                None => self.globals.get(name).map(str::to_owned),
            };
            if let Some(value) = value {
                self.variables.set(name, value);
            }
        }
        Ok(())
    }

    fn volume(&self, file: &File, instruction: &Instruction) -> Result<(), String> {
        let mut volumes = Vec::new();
        for volume in file.list(instruction) {
            volumes.push(self.expand(volume.text.trim()).map_err(|error| error.to_string())?);
        }
        if volumes.iter().any(String::is_empty) {
            return Err("VOLUME specified can not be an empty string".to_owned());
        }
        Ok(())
    }

    /// Ports in the order of their texts, as BuildKit sorts them.
    fn expose(&self, file: &File, instruction: &Instruction) -> Result<(), String> {
        let mut words = file.list(instruction);
        words.sort_by(|a, b| a.text.cmp(&b.text));
        let mut ports = Vec::new();
        for word in words {
            ports.extend(process_words(&word.text, &self.variables, self.lex).map_err(|error| error.to_string())?);
        }
        ports.iter().try_for_each(|port| check_port(port))
    }

    /// COPY's and ADD's values expanded: mode, checksum, sources.
    fn transfer(&self, file: &File, instruction: &Instruction) -> Result<(String, String, Vec<String>), String> {
        let Some(transfer) = file.transfer(instruction) else { return Ok(Default::default()) };
        let text = |argument: Option<&crate::dockerfile::Argument<'_>>| match argument {
            Some(argument) => self.expand(&argument.text).map_err(|error| error.to_string()),
            None => Ok(String::new()),
        };
        text(transfer.chown.as_ref())?;
        let mode = text(transfer.chmod.as_ref())?;
        let checksum = text(transfer.checksum.as_ref())?;
        let mut sources = Vec::new();
        for source in &transfer.sources {
            sources.push(text(Some(source))?);
        }
        text(Some(&transfer.destination))?;
        self.check_bodies(file, &transfer)?;
        Ok((mode, checksum, sources))
    }

    fn check_bodies(&self, file: &File, transfer: &Transfer<'_>) -> Result<(), String> {
        for heredoc in transfer.heredocs.iter().filter_map(|source| source.heredoc).filter(|heredoc| heredoc.expand) {
            process_word(&file.heredoc_text(heredoc), &self.variables, Lex::heredoc_body())
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn copy(&self, file: &File, instruction: &Instruction) -> Result<(), String> {
        let (mode, checksum, sources) = self.transfer(file, instruction)?;
        if !mode.is_empty() {
            check_mode(&mode)?;
        }
        if !checksum.is_empty() {
            let [source] = sources.as_slice() else {
                return Err("checksum can't be specified for multiple sources".to_owned());
            };
            if !is_http(source) && !matches!(GitSource::parse(source), Some(Ok(_))) {
                return Err("checksum requires HTTP(S) or Git sources".to_owned());
            }
        }
        let is_copy = instruction.keyword == Keyword::Copy;
        let flag = file.flag_argument(instruction, "keep-git-dir");
        let mut remote = Remote { checksum, keep: flag.map(|flag| parse_bool(&flag.text).unwrap_or(true)) };
        for source in &sources {
            match GitSource::parse(source) {
                Some(Err(error)) => return Err(error),
                Some(Ok(git)) if !git.is_path_too => {
                    if is_copy {
                        return Err("source can't be a git ref for COPY".to_owned());
                    }
                    remote.agree(git)?;
                }
                _ if is_http(source) => {
                    if is_copy {
                        return Err("source can't be a URL for COPY".to_owned());
                    }
                    if !remote.checksum.is_empty() {
                        check_digest(&remote.checksum)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// RUN's mounts with their variables expanded, then its devices.
    fn check_mounts(
        &self,
        stages: &Stages<'_>,
        command: &DispatchCommand<'_>,
        sources: &[Option<usize>],
    ) -> Result<(), String> {
        let DispatchCommand { file, instruction, .. } = command;
        if instruction.keyword != Keyword::Run {
            return Ok(());
        }
        let mut mounts: Vec<Mount> = Vec::new();
        for value in file.flag_arguments(instruction, "mount") {
            mounts.push(read_mount(&value.text, &|word| self.expand(word).map_err(|error| error.to_string()))?);
        }
        for (at, mount) in mounts.iter().enumerate() {
            if !mount.from.is_empty()
                && let Some(source) = sources.get(at).copied().flatten()
                && !stages.states[source].is_dispatched
            {
                let (from, target) = (go_quote(&mount.from), go_quote(&mount.target));
                return Err(format!(
                    "cannot mount from stage {from} to {target}, stage needs to be defined before current command"
                ));
            }
            mount.check(&self.workdir)?;
        }
        if file.flag_argument(instruction, "device").is_some() {
            return Err("device feature is only supported in Dockerfile frontend 1.14.0-labs or later".to_owned());
        }
        Ok(())
    }
}

/// What ADD's flags say of its remote sources; BuildKit lets a repository's query change it for those behind.
struct Remote {
    checksum: String,
    keep: Option<bool>,
}

impl Remote {
    fn agree(&mut self, git: GitSource) -> Result<(), String> {
        if self.keep.is_some() && git.keep_git_dir.is_some() && self.keep != git.keep_git_dir {
            return Err("inconsistent keep-git-dir configuration".to_owned());
        }
        self.keep = git.keep_git_dir.or(self.keep);
        if git.checksum.is_empty() {
            return Ok(());
        }
        if !self.checksum.is_empty() && self.checksum != git.checksum {
            let (checksum, other) = (go_quote(&self.checksum), go_quote(&git.checksum));
            return Err(format!("checksum mismatch {checksum} != {other}"));
        }
        self.checksum = git.checksum;
        Ok(())
    }
}
