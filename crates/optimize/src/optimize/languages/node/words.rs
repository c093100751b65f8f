//! Commands of npm scripts as words, and what stands in front of the program that counts.

use crate::data;
use crate::manifest::{Ecosystem, FileKind};
use crate::shell::program::options::ProgramOptions;
use crate::shell::program::{Kind, Program};
use crate::shell::{Word, parse};
use crate::text::path;

/// Scripts that call scripts that are followed.
pub(in crate::optimize) const DEEPEST: usize = 6;

/// The commands of a script, each as its words.
pub(in crate::optimize) fn commands(script: &str) -> Vec<Vec<String>> {
    parse(script).invocations().iter().map(of).collect()
}

/// The words of an invocation, its program first.
pub(in crate::optimize) fn of(invocation: &crate::shell::Invocation) -> Vec<String> {
    std::iter::once(invocation.path).chain(invocation.args).map(Word::text).map(str::to_owned).collect()
}

/// The name of a program: without folders; `vite` for `node_modules/vite/bin/vite.js`.
pub(in crate::optimize) fn name(path: &str) -> &str {
    let name = path::name(path);
    if path.contains("node_modules/") { FileKind::of(name).source_stem(Ecosystem::Node) } else { name }
}

/// Looks through `npx`, `cross-env` and their like; `node node_modules/x/bin/x.js` is `x`.
pub(in crate::optimize) fn program(words: &[String]) -> &[String] {
    let mut words = words;
    loop {
        let value = |at: usize| words.get(at).map_or("", String::as_str);
        let skip = match (name(value(0)), value(1)) {
            ("env", _) => 1,
            ("npm" | "pnpm" | "yarn", "exec" | "dlx") | ("bun" | "npm", "x") => 2,
            ("dotenv", _) if words.iter().any(|word| word == "--") => {
                words.iter().position(|word| word == "--").unwrap_or(0)
            }
            ("node" | "nodejs", _) => match run_by_node(&words[1..]) {
                Some(at) if value(at + 1).contains("node_modules/") => at + 1,
                _ => return words,
            },
            (first, _) if Program::of(first).is(Kind::Launcher) && first != "dotenv" => 1,
            _ => return words,
        };
        let rest = &words[skip..];
        let is_program = |word: &String| {
            let assignment =
                word.split_once('=').is_some_and(|(name, _)| !name.starts_with('-') && !name.contains('/'));
            !assignment && !word.starts_with('-')
        };
        let Some(next) = rest.iter().position(is_program) else { return &[] };
        words = &rest[next..];
    }
}

/// Options of Node.js that take the next word.
pub(in crate::optimize) const MODULES: [&str; 5] = ["-r", "--require", "--import", "--loader", "--experimental-loader"];

/// Where the script stands among the arguments of `node`.
pub(in crate::optimize) fn run_by_node(args: &[String]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = args.get(at) {
        if MODULES.contains(&word.as_str()) || matches!(word.as_str(), "-C" | "--conditions" | "--env-file") {
            at += 2;
        } else if matches!(word.as_str(), "-e" | "--eval" | "-p" | "--print") {
            return None;
        } else if word.starts_with('-') {
            at += 1;
        } else {
            return Some(at);
        }
    }
    None
}

/// The package that brings a program, where it has another name.
pub(in crate::optimize) fn package_of(program: &str) -> &str {
    data::NODE_PROGRAMS.row(program).map_or(program, |row| row[1])
}

/// Packages that a program or a package loads from the project, and that it does not depend on itself.
pub(in crate::optimize) fn beside(program: &str) -> impl Iterator<Item = &'static str> + use<> {
    data::NODE_PROGRAMS.row(program).into_iter().flat_map(|row| data::words(row[2]))
}

/// The script that a package manager is told to run: `npm start`, `yarn build`, `pnpm run x`.
pub(in crate::optimize) fn script(words: &[String]) -> Option<&str> {
    let manager = name(words.first()?);
    if !matches!(manager, "npm" | "yarn" | "pnpm" | "bun") {
        return None;
    }
    let mut rest = words[1..].iter().map(String::as_str).filter(|word| !word.starts_with('-'));
    let first = rest.next()?;
    match first {
        "run" | "run-script" => rest.next(),
        "start" | "test" => Some(first),
        _ if manager == "npm" => None,
        "build" => Some(first),
        "workspace" | "workspaces" | "cache" => None,
        _ => ProgramOptions::of(manager).meaning(first).next().is_none().then_some(first),
    }
}

/// Whether a package manager is told to work elsewhere than in the current folder.
pub(in crate::optimize) fn elsewhere(words: &[String]) -> bool {
    let options = ProgramOptions::of(words.first().map_or("", |first| name(first)));
    let is_elsewhere = |word: &str| options.has(word.split('=').next().unwrap_or(word), "elsewhere");
    words[1..]
        .iter()
        .take_while(|word| *word != "--")
        .any(|word| is_elsewhere(word) || matches!(word.as_str(), "workspace" | "workspaces"))
}
