//! What the command of a container writes by itself, whatever the program in it does (`data/start_writes.tsv`).

use super::package_script::ScriptCall;
use super::{Build, Lookup, Stage};
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::FileKind;
use crate::shell::{Script, from_exec, parse};
use crate::text::{Span, path};

/// How deep scripts of package.json that run other ones are followed.
const DEEPEST: usize = 4;

/// A command that writes a file or folder when a container starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartWrite {
    /// The command, as the table has it.
    pub command: &'static str,
    /// What it writes: `~/.cache/uv`, `dist`; below `/root`, what a RUN prepared there as root.
    pub place: &'static str,
    /// Variables and options that name another place.
    pub moved: Vec<&'static str>,
}

impl Build<'_> {
    /// The words of the commands of ENTRYPOINT and CMD, of the compose services that run the image, of start scripts, and
    /// of the scripts of package.json that they run.
    pub fn start_lines(&self, stage: &Stage) -> Vec<Vec<String>> {
        let mut lines = Vec::new();
        for (index, _) in
            [Keyword::Entrypoint, Keyword::Cmd].into_iter().filter_map(|keyword| self.last(stage, keyword))
        {
            if let Some(code) = self.code(index) {
                self.add_lines(&code.script, 0, &mut lines);
            }
        }
        for words in &self.input().options.run.commands {
            let script = from_exec(&words.iter().map(|word| (&**word, Span::at(0))).collect::<Vec<_>>());
            self.add_lines(&script, 0, &mut lines);
        }
        for (_, script) in self.start_scripts(stage) {
            self.add_lines(&script, 0, &mut lines);
        }
        lines
    }

    /// The commands that a container of the stage starts and that write below the working folder or the home of their
    /// user.
    pub fn start_writes(&self, stage: &Stage) -> Vec<StartWrite> {
        let mut lines = self.start_lines(stage);
        let runs = self.run_texts(stage);
        let mut writes = Vec::new();
        if self.calls_corepack(stage) && lines.iter().any(|line| is_command(line, "pnpm") || is_command(line, "yarn")) {
            lines.push(vec!["corepack".to_owned()]);
        }
        for row in data::START_WRITES.rows() {
            let &[command, place, moved, off, ..] = row else { continue };
            let is_open = |line: &Vec<String>| {
                let mut ways = data::words(moved).chain(data::words(off)).filter(|way| *way != "-");
                !ways.any(|way| self.is_way_out(stage, line, &runs, way))
            };
            let is_prepared = || runs.iter().any(|run| run.contains(command.split(' ').next().unwrap_or(command)));
            if lines.iter().any(|line| is_command(line, command) && is_open(line))
                && (!place.starts_with('/') || is_prepared())
            {
                let moved = data::words(moved).filter(|way| *way != "-").collect();
                writes.push(StartWrite { command, place, moved });
            }
        }
        writes
    }

    /// Whether a command has one of the table's ways to write elsewhere or not at all: an option of its line, a file of
    /// the context, a word of a RUN, or a variable.
    fn is_way_out(&self, stage: &Stage, line: &[String], runs: &[&str], way: &str) -> bool {
        if way.starts_with('-') {
            return line.iter().any(|word| word.split('=').next() == Some(way));
        }
        if let Some(file) = way.strip_prefix("file:") {
            return self.input().context.as_deref().is_some_and(|context| context.find(file).is_some());
        }
        let word = way.strip_prefix("run:").unwrap_or(way);
        runs.iter().any(|run| run.contains(word))
            || matches!(self.scopes().lookup(stage.index, word, usize::MAX), Lookup::Defined(_))
    }

    /// The texts of the RUN instructions that a stage is made with.
    fn run_texts(&self, stage: &Stage) -> Vec<&str> {
        let source = self.input().file.source();
        let all = self.chain(stage).flat_map(|stage| self.instructions(stage));
        all.filter(|(_, it)| it.keyword == Keyword::Run).map(|(_, run)| source.slice(run.span)).collect()
    }

    /// Whether a step of the stage enables corepack, which fetches pnpm and yarn to the home of who calls them.
    fn calls_corepack(&self, stage: &Stage) -> bool {
        let runs = self.chain(stage).flat_map(|stage| self.instructions(stage));
        let codes = runs.filter(|(_, run)| run.keyword == Keyword::Run).filter_map(|(index, _)| self.code(index));
        codes.into_iter().any(|code| code.script.invocations().iter().any(|invocation| invocation.is("corepack")))
    }

    fn add_lines(&self, script: &Script, depth: usize, lines: &mut Vec<Vec<String>>) {
        for invocation in script.invocations() {
            let line: Vec<String> = invocation.command.words.iter().map(|word| word.text().to_owned()).collect();
            if !lines.contains(&line) {
                lines.push(line);
            }
            if depth == DEEPEST {
                continue;
            }
            let Some(call) = ScriptCall::of(&invocation) else { continue };
            let projects = self.input().projects.as_deref().into_iter().flatten();
            for command in projects.filter_map(|project| call.script(project)) {
                self.add_lines(&parse(command), depth + 1, lines);
            }
        }
    }
}

/// Whether a command line has the words of a command in their order, the first as a program. In `python server.py serve` the
/// last word is an argument of a source, no program.
pub fn is_command<S: AsRef<str>>(line: &[S], command: &str) -> bool {
    let mut wanted = command.split(' ');
    let Some(program) = wanted.next() else { return false };
    // Most words do not end like it, which is told at once.
    let is_program = |word: &str| word.trim_end_matches('/').ends_with(program) && path::name(word) == program;
    let Some(at) = line.iter().position(|word| is_program(word.as_ref())) else { return false };
    let is_option = |index: usize| line[index].as_ref().starts_with('-');
    let is_source = |index: usize| {
        FileKind::of(line[index].as_ref()).ecosystem().is_some()
            && !is_option(index)
            && (index == 0 || !is_option(index - 1))
    };
    if (0..at).any(is_source) {
        return false;
    }
    let mut words = line[at + 1..].iter().map(AsRef::as_ref);
    wanted.all(|next| words.any(|word| word == next))
}

#[cfg(test)]
mod tests {
    use super::is_command;

    #[test]
    fn commands_are_found_by_their_words() {
        let line = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(is_command(&line("tini -- /bin/uv --quiet run main.py"), "uv run"));
        assert!(is_command(&line("nest start api --watch"), "nest start --watch"));
        assert!(is_command(&line("node -r ./otel.js node_modules/.bin/vite preview"), "vite preview"));
        for other in ["nest start api", "uv sync", "run uv", "echo", "python server.py uv run"] {
            assert!(!is_command(&line(other), "uv run") && !is_command(&line(other), "nest start --watch"), "{other}");
        }
    }
}
