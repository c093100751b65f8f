//! The output of a build: files and folders that the programs of its script write.

mod tools;
mod tsconfig;
mod unknown;

pub(super) use self::unknown::UnknownOutput;
use std::collections::BTreeSet;

use super::words;
use crate::manifest::Project;
use crate::optimize::pass_input::PassInput;
use crate::sources::object_literals::inner;
use crate::text::path;

/// What a build writes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Output {
    /// Files and folders, relative to the project's folder.
    pub(super) paths: BTreeSet<String>,
    /// Those outside of that folder, relative to it.
    pub(super) outer: BTreeSet<String>,
    /// Folders that a bundler empties before it writes.
    pub(super) emptied: BTreeSet<String>,
    /// Why there may be more; none where that is all.
    pub(super) open: Option<UnknownOutput>,
    /// Whether it writes into what was installed.
    pub(super) into_modules: bool,
    /// The bundler that made a site or server, by its program's name.
    pub(super) bundler: Option<&'static str>,
}

impl Output {
    fn add_path(&mut self, path: &str) {
        match inner(path) {
            Some(path) => _ = self.paths.insert(path),
            None if path.starts_with("../") && !path.contains(['*', '$', '\\', '"', ' ']) => {
                self.outer.insert(path.to_owned());
            }
            None => self.opens(UnknownOutput::OutsideProject { path: path.to_string() }),
        }
    }

    fn opens(&mut self, why: UnknownOutput) {
        self.open.get_or_insert(why);
    }

    fn holds(&self, path: &str) -> bool {
        let Some(path) = inner(path) else { return false };
        self.paths.iter().any(|outer| path::is_within(&path, outer))
    }
}

/// What the commands write into the project's folder, in which they run.
pub(super) fn of(input: &PassInput, project: &Project, commands: &[Vec<String>]) -> Output {
    let mut out = output_of_commands(input, project, commands);
    if let Some(path) = out.outer.first() {
        let why = UnknownOutput::OutsideProject { path: path.clone() };
        out.opens(why);
    }
    out
}

/// What the commands write, wherever it lies.
pub(super) fn output_of_commands(input: &PassInput, project: &Project, commands: &[Vec<String>]) -> Output {
    let mut reader = OutputReader { input, project, out: Output::default(), copies: Vec::new() };
    for command in commands {
        reader.command(command, 0);
    }
    let OutputReader { mut out, copies, .. } = reader;
    for target in copies {
        if !out.holds(&target) {
            out.opens(UnknownOutput::AlsoWritten { target: target.clone() });
        }
    }
    out
}

struct OutputReader<'s, 'a> {
    input: &'s PassInput<'a>,
    project: &'s Project,
    out: Output,
    /// Where files are copied to; they have to lie in what a program writes.
    copies: Vec<String>,
}

impl<'a> OutputReader<'_, 'a> {
    /// A file of the project.
    fn text(&self, path: &str) -> Option<&'a str> {
        let path = path::join(&self.project.root, path);
        self.input.evidence.texts.get(&path).map(String::as_str)
    }

    /// Whether the context has it.
    fn has(&self, path: &str) -> bool {
        let path = path::join(&self.project.root, path);
        self.input.context().is_some_and(|context| context.find(&path).is_some())
    }

    fn command(&mut self, words: &[String], depth: usize) {
        let words = words::program(words);
        let Some(first) = words.first() else { return };
        if depth > words::DEEPEST {
            return self.out.opens(UnknownOutput::RecursiveScripts);
        }
        if let Some(script) = words::script(words) {
            if words::elsewhere(words) {
                return self.out.opens(UnknownOutput::RunsElsewhere { command: words.join(" ").clone() });
            }
            let script = script.to_owned();
            return self.script(&script, words, depth);
        }
        match words::name(first) {
            program @ ("run-s" | "run-p" | "npm-run-all" | "npm-run-all2") => {
                let mut names = words[1..].iter().filter(|word| !word.starts_with('-'));
                if names.clone().any(|name| name.contains('*')) {
                    return self.out.opens(UnknownOutput::ScriptPattern { program: program.to_string() });
                }
                names.by_ref().for_each(|name| self.script(name, words, depth));
            }
            "cd" | "pushd" => self.out.opens(UnknownOutput::ChangesFolder),
            program => self.tool(program, &words[1..]),
        }
    }

    /// A script of package.json, with the hooks around it.
    fn script(&mut self, name: &str, words: &[String], depth: usize) {
        let Some(command) = self.project.script(name) else {
            // `yarn tsc` runs the program.
            let at = words.iter().position(|word| word == name).unwrap_or(0);
            return match words.get(at..) {
                Some(rest) if at > 0 && words.first().is_some_and(|first| first != "npm") => {
                    let rest = rest.to_vec();
                    self.tool(&rest[0], &rest[1..]);
                }
                _ => self.out.opens(UnknownOutput::NoScript { name: name.to_string() }),
            };
        };
        let hooks =
            [self.project.script(&format!("pre{name}")), Some(command), self.project.script(&format!("post{name}"))];
        let mut all: Vec<Vec<String>> = hooks[..1].iter().flatten().flat_map(|text| words::commands(text)).collect();
        let mut commands = words::commands(command);
        // What follows the name is given to the script's last command.
        if let (Some(last), Some(at)) = (commands.last_mut(), words.iter().position(|word| word == name)) {
            last.extend(words[at + 1..].iter().filter(|word| *word != "--").cloned());
        }
        all.append(&mut commands);
        all.extend(hooks[2..].iter().flatten().flat_map(|text| words::commands(text)));
        for command in all {
            self.command(&command, depth + 1);
        }
    }
}
