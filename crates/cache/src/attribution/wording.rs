//! An instruction of a Dockerfile in the words in which builders put it into the history.

use super::Confidence;
use super::entry::HistoryEntry;
use super::pattern::{GapPattern, squeezed};
use crate::build::{Build, Setting, Stage};
use crate::dockerfile::quote::go_quote;
use crate::dockerfile::{Argument, CommandForm, File, Healthcheck, Instruction, Keyword, ScriptKind};

/// How builders write an instruction.
pub(super) enum Wording {
    /// RUN.
    Run(RunWording),
    /// Any other.
    Other(OtherWording),
}

/// An instruction at its place: variables hold what they hold for the instruction with index `at`.
struct InstructionPlace<'b, 'a> {
    build: &'b Build<'a>,
    stage: &'b Stage,
    index: usize,
}

pub(super) fn wording(build: &Build<'_>, stage: &Stage, at: usize, instruction: &Instruction) -> Wording {
    let file = &build.input().file;
    let place = InstructionPlace { build, stage, index: at };
    if instruction.keyword == Keyword::Run {
        return Wording::Run(place.run(file, instruction));
    }
    let mut other = match instruction.keyword {
        Keyword::Copy | Keyword::Add => place.transfer(file, instruction),
        Keyword::Env | Keyword::Label => place.pairs(file, instruction),
        Keyword::Arg => place.args(file, instruction),
        Keyword::Workdir => place.workdir(file, instruction),
        Keyword::Expose => place.expose(file, instruction),
        Keyword::Volume => place.list(file, instruction),
        Keyword::Cmd | Keyword::Entrypoint | Keyword::Shell => place.command(file, instruction),
        Keyword::Healthcheck => InstructionPlace::healthcheck(file, instruction),
        Keyword::Onbuild => OtherWording::default(),
        _ => place.operand(file, instruction),
    };
    // buildah and kaniko write what stands in the Dockerfile.
    let source = squeezed(file.logical(instruction.text));
    let keyword = instruction.name.text.len() as usize;
    other.squeezed.extend(source.get(keyword..).map(str::to_owned));
    Wording::Other(other)
}

impl InstructionPlace<'_, '_> {
    fn expand(&self, argument: &Argument<'_>) -> Option<String> {
        self.build.scopes().expand(self.stage.index, self.index, &argument.text)
    }

    /// The shell that commands get, as BuildKit writes it.
    fn shell(&self) -> String {
        let file = &self.build.input().file;
        let before = |stage: &Stage, end: usize| {
            let mut range = stage.instructions.start..stage.instructions.end.min(end);
            range.rfind(|&index| self.build.instruction(index).keyword == Keyword::Shell)
        };
        let mut end = self.index;
        for stage in self.build.chain(self.stage).take(LONGEST_CHAIN) {
            if let Some(index) = before(stage, end)
                && let Some(CommandForm::Exec(words)) = file.command(self.build.instruction(index))
            {
                return join_words(&words);
            }
            end = usize::MAX;
        }
        "/bin/sh -c".to_owned()
    }

    fn run(&self, file: &File, instruction: &Instruction) -> RunWording {
        match (file.command(instruction), file.script(instruction)) {
            (Some(CommandForm::Exec(words)), _) => run(None, join_words(&words), None),
            (Some(CommandForm::Shell(written)), Some(script)) => {
                let heredoc = instruction.heredocs.first();
                let summary = heredoc.map(|_| {
                    let first = script.text.lines().next().unwrap_or_default();
                    let mut summary = GapPattern::default();
                    summary.push_hole();
                    summary.push(&format!("{} ({}", written.text, first.trim_end()));
                    summary.push_hole();
                    summary.push(")");
                    summary
                });
                let command = match (script.kind, heredoc) {
                    // The script is mounted as a file.
                    (ScriptKind::Interpreter(_), Some(heredoc)) => format!("/dev/pipes/{}", heredoc.name),
                    _ => script.text.into_owned(),
                };
                run(Some(self.shell()), command, summary)
            }
            _ => run(None, String::new(), None),
        }
    }

    /// Of the flags `--parents`, `--chown` and `--chmod` alone are written; heredocs by their names.
    fn transfer(&self, file: &File, instruction: &Instruction) -> OtherWording {
        let Some(parts) = file.transfer(instruction) else { return OtherWording::default() };
        let mut exact = GapPattern::default();
        if parts.parents == Some(true) {
            exact.push("--parents ");
        }
        for (flag, value) in [("--chown=", &parts.chown), ("--chmod=", &parts.chmod)] {
            if let Some(value) = value {
                exact.push(flag);
                exact.push_known(self.expand(value).as_deref());
                exact.push(" ");
            }
        }
        for source in &parts.sources {
            exact.push_known(self.expand(source).as_deref());
            exact.push(" ");
        }
        for heredoc in &parts.heredocs {
            let name = heredoc.opener.text.trim_start_matches(['<', '-']);
            exact.push(&format!("<<{} ", heredoc.heredoc.map_or(name, |heredoc| &heredoc.name)));
        }
        let destination = self.expand(&parts.destination);
        exact.push_known(destination.as_deref());
        let mut destinations = vec![GapPattern::of(&*parts.destination.text)];
        let mut known = GapPattern::default();
        known.push_known(destination.as_deref());
        destinations.push(known);
        OtherWording { exact, destinations, ..OtherWording::default() }
    }

    fn pairs(&self, file: &File, instruction: &Instruction) -> OtherWording {
        let (mut exact, mut names) = (GapPattern::default(), GapPattern::default());
        for (number, pair) in file.variables(instruction).iter().enumerate() {
            let name = self.expand(&pair.name);
            for pattern in [&mut exact, &mut names] {
                pattern.push(if number > 0 { " " } else { "" });
                pattern.push_known(name.as_deref());
                pattern.push("=");
            }
            exact.push_known(self.expand(&pair.value).as_deref());
            names.push_hole();
        }
        OtherWording { exact, looser: vec![names], ..OtherWording::default() }
    }

    /// `ARG A=1 B`: with the build's value where it has one.
    fn args(&self, file: &File, instruction: &Instruction) -> OtherWording {
        let (mut exact, mut names) = (GapPattern::default(), GapPattern::default());
        for (number, arg) in file.args(instruction).iter().enumerate() {
            for pattern in [&mut exact, &mut names] {
                pattern.push(if number > 0 { " " } else { "" });
                pattern.push(&arg.name.text);
            }
            let build_arg = self.build.input().options.build_arg(&arg.name.text);
            match (build_arg, &arg.default) {
                (Some(value), _) => exact.push(&format!("={value}")),
                (None, Some(default)) => {
                    exact.push("=");
                    exact.push_known(self.expand(default).as_deref());
                }
                (None, None) => {}
            }
            names.push_hole();
        }
        OtherWording { exact, looser: vec![names], ..OtherWording::default() }
    }

    fn workdir(&self, file: &File, instruction: &Instruction) -> OtherWording {
        let Some(written) = file.operand(instruction) else { return OtherWording::default() };
        let written = self.expand(&written);
        let mut looser = GapPattern::default();
        if written.as_deref().is_some_and(|folder| !folder.starts_with('/')) {
            looser.push_hole();
        }
        looser.push_known(written.as_deref().map(|folder| folder.trim_start_matches("./").trim_end_matches('/')));
        let exact = match self.build.workdir(self.stage, self.index.saturating_add(1)) {
            Setting::By(_, folder) => GapPattern::of(clean(&folder)),
            _ => looser.clone(),
        };
        OtherWording { exact, looser: vec![looser], ..OtherWording::default() }
    }

    fn expose(&self, file: &File, instruction: &Instruction) -> OtherWording {
        let words: Option<Vec<String>> = file.list(instruction).iter().map(|port| self.expand(port)).collect();
        let text = words.unwrap_or_default().join(" ");
        OtherWording {
            exact: GapPattern::of(format!("[{}]", ports(&text).join(" "))),
            ports: ports(&text),
            ..OtherWording::default()
        }
    }

    fn list(&self, file: &File, instruction: &Instruction) -> OtherWording {
        let mut exact = GapPattern::of("[");
        for (number, word) in file.list(instruction).iter().enumerate() {
            exact.push(if number > 0 { " " } else { "" });
            exact.push_known(self.expand(word).as_deref());
        }
        exact.push("]");
        OtherWording { exact, ..OtherWording::default() }
    }

    /// CMD and ENTRYPOINT write Go's `%q`, SHELL `%v`.
    fn command(&self, file: &File, instruction: &Instruction) -> OtherWording {
        let words: Vec<String> = match file.command(instruction) {
            Some(CommandForm::Exec(words)) => words.iter().map(|word| word.text.to_string()).collect(),
            Some(CommandForm::Shell(text)) => {
                let script = file.script(instruction).map_or(text.text, |script| script.text);
                self.shell().split(' ').map(str::to_owned).chain([script.into_owned()]).collect()
            }
            None => Vec::new(),
        };
        let texts: Vec<String> = if instruction.keyword == Keyword::Shell {
            words
        } else {
            words.iter().map(|word| go_quote(word)).collect()
        };
        let exact = format!("[{}]", texts.join(" "));
        OtherWording { squeezed: vec![squeezed(&exact)], exact: GapPattern::of(exact), ..OtherWording::default() }
    }

    /// `&{["CMD" "x"] "10s" "0s" "0s" "0s" '\x03'}`; the old builder has no quotes. The times are not compared.
    fn healthcheck(file: &File, instruction: &Instruction) -> OtherWording {
        let words: Vec<String> = match file.healthcheck(instruction) {
            Some(Healthcheck::Command { command: Some(CommandForm::Exec(words)), .. }) => {
                let texts = words.iter().map(|word| word.text.to_string());
                ["CMD".to_owned()].into_iter().chain(texts).collect()
            }
            Some(Healthcheck::Command { command: Some(CommandForm::Shell(text)), .. }) => {
                let script = file.script(instruction).map_or(text.text, |script| script.text);
                vec!["CMD-SHELL".to_owned(), script.into_owned()]
            }
            Some(Healthcheck::None) => vec!["NONE".to_owned()],
            _ => return OtherWording::default(),
        };
        let quoted: Vec<String> = words.iter().map(|word| go_quote(word)).collect();
        let patterns = [quoted, words].map(|words| {
            let mut pattern = GapPattern::of(format!("&{{[{}] ", words.join(" ")));
            pattern.push_hole();
            pattern
        });
        OtherWording { looser: patterns.into(), ..OtherWording::default() }
    }

    fn operand(&self, file: &File, instruction: &Instruction) -> OtherWording {
        let mut exact = GapPattern::default();
        exact.push_known(file.operand(instruction).and_then(|argument| self.expand(&argument)).as_deref());
        OtherWording { exact, ..OtherWording::default() }
    }
}

/// Stages of a chain that are looked at for a SHELL; no real one has as many.
const LONGEST_CHAIN: usize = 256;

fn join_words(words: &[Argument<'_>]) -> String {
    words.iter().map(|word| &*word.text).collect::<Vec<_>>().join(" ")
}

/// A path as Go's `path.Clean` leaves it; `..` is left alone.
fn clean(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    format!("/{}", parts.join("/"))
}

/// How builders write a RUN.
pub(super) struct RunWording {
    /// The shell with its options; `None` in exec form.
    pub(super) shell: Option<String>,
    /// What it runs.
    pub(super) command: String,
    /// That without blanks and the like.
    pub(super) squeezed: String,
    /// As older builders shorten heredocs: `<<EOF (first line...)`.
    pub(super) summary: Option<GapPattern>,
}

impl RunWording {
    pub(super) fn agreement(&self, entry: &HistoryEntry) -> Confidence {
        if let Some(head) = entry.text.strip_suffix(&*self.command) {
            let shell = self.shell.as_deref().unwrap_or_default();
            if head.trim_end() == shell || head.is_empty() {
                return Confidence::Exact;
            }
            if head.ends_with(char::is_whitespace) {
                return Confidence::Text;
            }
        }
        let is_like = !self.squeezed.is_empty() && entry.squeezed.ends_with(&self.squeezed)
            || self.summary.as_ref().is_some_and(|summary| summary.matches(&entry.text));
        if is_like { Confidence::Text } else { Confidence::Kind }
    }
}

/// How builders write the other instructions.
#[derive(Default)]
pub(super) struct OtherWording {
    /// As BuildKit writes it.
    pub(super) exact: GapPattern,
    /// Further wordings.
    pub(super) looser: Vec<GapPattern>,
    /// Wordings without blanks, quotes and the like.
    pub(super) squeezed: Vec<String>,
    /// Where COPY and ADD go to: the old builder writes what they take as a hash.
    pub(super) destinations: Vec<GapPattern>,
    /// Ports of EXPOSE, sorted; the order in the history is any.
    pub(super) ports: Vec<String>,
}

impl OtherWording {
    /// `file:c0ffee in /app/`
    pub(super) fn goes_to(&self, text: &str) -> bool {
        let Some((_, destination)) = text.rsplit_once(" in ") else { return false };
        self.destinations.iter().any(|pattern| pattern.matches(destination.trim_end()))
    }

    pub(super) fn has_ports(&self, text: &str) -> bool {
        !self.ports.is_empty() && ports(text) == self.ports
    }
}

/// The ports in `[8000/tcp 53/udp]`, `8000 53/udp` and `map[8000/tcp:{}]`, sorted.
pub(super) fn ports(text: &str) -> Vec<String> {
    let bare = text.strip_prefix("map").unwrap_or(text).replace(":{}", "");
    let mut ports: Vec<String> = bare
        .split(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | ','))
        .filter(|port| !port.is_empty())
        .map(|port| if port.contains('/') { port.to_lowercase() } else { format!("{port}/tcp") })
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// A command as [`RunWording`] compares it.
pub(super) fn run(shell: Option<String>, command: String, summary: Option<GapPattern>) -> RunWording {
    RunWording { shell, squeezed: squeezed(&command), command, summary }
}
