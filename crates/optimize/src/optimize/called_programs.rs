//! Programs of full images that the sources of a Node or Ruby project start, or that one of its packages starts; and
//! what steps do to its manifest.

use std::collections::BTreeSet;

use super::pass_input::PassInput;
use super::reached_sources::LazyReach;
use crate::build::SlimImage;
use crate::data;
use crate::manifest::{DependencyScope, Ecosystem, FileKind};
use crate::shell::{Invocation, Package, PackageSource, Verb, Word, parse};
use crate::sources::patterns;

/// The programs that sources of a language start, and what its packages start: where a container is `shipped`, those that
/// it may come to, else all.
pub(super) fn programs(input: &PassInput, language: Ecosystem, shipped: bool) -> BTreeSet<&'static str> {
    let mut programs = started_programs(input, language, shipped);
    if shipped {
        let needed = names(input, language).into_iter().flat_map(|name| needed_by(name, language));
        programs.extend(needed.filter(|program| *program != BROWSER));
    }
    programs
}

/// The programs of the system that a tool calls when it is started like this: `ps` of `nest start --watch`.
pub(super) fn called_by_tool(invocation: &Invocation) -> impl Iterator<Item = &'static str> {
    let words = || invocation.args.iter().map(Word::text);
    let tool = match invocation.program {
        Some("npx" | "bunx") => words().find(|word| !word.starts_with('-')),
        program => program,
    };
    let has_word =
        |row: data::Row| row[1] == "-" || data::words(row[1]).any(|wanted| words().any(|word| word == wanted));
    let row = tool.and_then(|tool| data::TOOL_CALLS.row(tool)).filter(|row| has_word(row));
    row.into_iter().flat_map(|row| data::words(row[2]))
}

/// A package that starts a browser which nothing here installs as a package of the distribution.
pub(super) fn browser(input: &PassInput, language: Ecosystem) -> Option<&'static str> {
    let starts = |name: &&str| needed_by(name, language).any(|program| program == BROWSER);
    if installs_browser(input) {
        return None;
    }
    let name = names(input, language).into_iter().find(starts)?;
    data::PACKAGE_PROGRAMS.row(name).map(|row| row[0])
}

/// What stands for any browser, of whose libraries the full image has some.
const BROWSER: &str = "browser";

/// Programs of the system without which a package does nothing.
fn needed_by(name: &str, language: Ecosystem) -> impl Iterator<Item = &'static str> {
    let row = data::PACKAGE_PROGRAMS.row(name).filter(|row| Ecosystem::of(row[1]) == Some(language));
    row.into_iter().flat_map(|row| data::words(row[2]))
}

/// Names of packages that are installed to run: of Node the direct ones.
fn names<'a>(input: &PassInput<'a>, language: Ecosystem) -> BTreeSet<&'a str> {
    let projects = input.projects_of(language);
    let direct = projects
        .clone()
        .flat_map(|project| &project.dependencies)
        .filter(|dependency| dependency.scope != DependencyScope::Dev);
    let mut names: BTreeSet<&str> = direct.map(|dependency| dependency.name.as_str()).collect();
    if language == Ecosystem::Ruby {
        let installs = projects.flat_map(|project| &project.installs);
        let locked = installs.filter_map(|install| install.locked.as_ref());
        names.extend(locked.flat_map(|locked| locked.packages.keys()).map(String::as_str));
    }
    names
}

/// Whether a RUN installs a browser with all that it depends on.
fn installs_browser(input: &PassInput) -> bool {
    let is_browser = |package: &Package| {
        let names = ["chromium", "google-chrome", "firefox"];
        package.source == PackageSource::Index && names.iter().any(|start| package.name.text.starts_with(start))
    };
    let mut invocations = input.build.stages().iter().flat_map(|stage| input.build.called(stage));
    invocations.any(|invocation| {
        let call = invocation.package_call().filter(|call| call.manager.is_system() && call.verb == Verb::Install);
        invocation.args.iter().any(|word| matches!(word.text(), "--with-deps" | "install-deps"))
            || call.is_some_and(|call| call.packages.iter().any(is_browser))
    })
}

fn started_programs(input: &PassInput, language: Ecosystem, ships: bool) -> BTreeSet<&'static str> {
    let mut called = BTreeSet::new();
    let ruby = language == Ecosystem::Ruby;
    let starters = patterns::words_in(if ruby { "Ruby" } else { "JavaScript" }, "starts programs");
    let reach = LazyReach::new(input);
    let programs: Vec<&'static str> = SlimImage::called_by_name().chain(["python3"]).collect();
    for (path, text) in input.evidence.holding(&starters) {
        if FileKind::of(path).is_source_of(language) && (!ships || reach.may_run(path)) {
            called.extend(programs.iter().filter(|program| calls(text, program, ruby)));
        }
    }
    called
}

/// Whether a text that a function is given to start holds a call of the program.
fn calls(text: &str, program: &str, ruby: bool) -> bool {
    /// Bytes before the program that are looked at.
    const BEFORE: usize = 240;
    text.match_indices(program).any(|(at, _)| {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if text[..at].ends_with(word) || text[at + program.len()..].starts_with(word) {
            return false;
        }
        let from = (at.saturating_sub(BEFORE)..=at).find(|from| text.is_char_boundary(*from)).unwrap_or(at);
        ['"', '\'', '`', '(', '{', '['].into_iter().any(|quote| {
            let Some(open) = text[from..at].rfind(quote).map(|open| from + open) else { return false };
            let (before, close) = match quote {
                '(' | '{' | '[' => match text[..open].strip_suffix("%x") {
                    Some(_) if ruby => ("`", [')', '}', ']']),
                    _ => return false,
                },
                _ => (&text[..open], [quote; 3]),
            };
            let inside = &text[open + 1..];
            let inside = inside.find(close).map_or(inside, |end| &inside[..end]);
            let is_call = before == "`" || ruby && quote == '`' || is_started(before, quote, inside == program);
            is_call
                && (quote == '`' || !inside.contains('\n') || before == "`")
                && parse(inside).invocations().iter().any(|invocation| invocation.program == Some(program))
        })
    })
}

/// Whether a quoted text behind this is given to a function that starts programs. `alone`: it is nothing but a name.
fn is_started(before: &str, quote: char, alone: bool) -> bool {
    let before = before.trim_end();
    let last = |text: &str| {
        let mut names = text.trim_end().rsplit(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '$')));
        names.next().unwrap_or_default().to_ascii_lowercase()
    };
    let starts = |name: &str| {
        patterns::shows(name, "is in the name of what starts programs")
            || patterns::words("names what starts programs").any(|word| word == name)
    };
    if quote == '`' && before.ends_with('$') || alone && (before.ends_with("||") || before.ends_with("??")) {
        return true;
    }
    match before.strip_suffix(['(', '=', ':']) {
        Some(rest) if before.ends_with('(') => starts(&last(rest)),
        Some(rest) => ["cmd", "command"].iter().any(|part| last(rest).contains(part)),
        // Ruby calls without brackets.
        None => patterns::words_in("Ruby", "starts programs").contains(&&*last(before)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_distinguished_from_other_texts() {
        for (text, program, expected) in [
            ("spawn(\"python3\", [\"x.py\"])", "python3", true),
            ("const py = process.env.PYTHON || 'python3'", "python3", true),
            ("execSync('git rev-parse HEAD')", "git", true),
            ("cp.exec(`cd ${dir} && git pull`, done)", "git", true),
            ("await $`git status`", "git", true),
            ("const cmd = `convert ${a.b} -resize 10 ${c}`", "convert", true),
            ("execFileSync(\n  'git', ['log'])", "git", true),
            ("upload.single('file')", "file", false),
            ("console.log('git is needed')", "git", false),
            ("exec('echo git')", "git", false),
            ("exec('./git-x')", "git", false),
            ("import a from 'git'", "git", false),
        ] {
            assert_eq!(calls(text, program, false), expected, "{text}");
        }
        for (text, program, expected) in [
            ("sha = `git rev-parse HEAD`", "git", true),
            ("x = %x(git log)", "git", true),
            ("system \"convert a.png b.jpg\"", "convert", true),
            ("Open3.capture3('unzip', '-l', path)", "unzip", true),
            ("gem 'git'", "git", false),
            ("puts 'git'", "git", false),
        ] {
            assert_eq!(calls(text, program, true), expected, "{text}");
        }
    }

    #[test]
    fn programs_of_sources_and_packages_are_installed_on_slim() {
        use crate::optimize::Level;
        use crate::optimize::test_inputs::rewritten;
        let node = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD [\"node\", \"a.js\"]\n";
        let with = |name: &str| format!(r#"{{"name": "a", "dependencies": {{"{name}": "1"}}}}"#);
        let of = |dependency: &str, path: &str, source: &str| {
            rewritten(node, &[("package.json", &with(dependency)), (path, source)], Level::Slim)
        };
        let spawns = "require('child_process').spawn('python3', ['x.py'])";
        assert!(of("express", "a.js", spawns).contains("recommends python3 "));
        assert!(of("simple-git", "a.js", "").contains("recommends ca-certificates git "));
        assert!(!of("express", "a.js", "").contains("apt-get"));
        assert!(of("puppeteer", "a.js", "").starts_with("FROM node:22\n"));
        let chromium = node.replace("WORKDIR", "RUN apt-get update && apt-get install -y chromium\nWORKDIR");
        let files = [("package.json", &*with("puppeteer")), ("a.js", "")];
        assert!(rewritten(&chromium, &files, Level::Slim).starts_with("FROM node:22-slim\n"));
        let ruby = "FROM ruby:3.3\nCOPY . .\nRUN bundle install\nCMD [\"ruby\", \"a.rb\"]\n";
        let lock = "GEM\n  specs:\n    mini_magick (5.0)\n\nDEPENDENCIES\n  mini_magick\n";
        let files = [("Gemfile", "gem 'mini_magick'\n"), ("Gemfile.lock", lock), ("a.rb", "")];
        let text = rewritten(ruby, &files, Level::Slim);
        assert!(text.contains("FROM ruby:3.3-slim\n") && text.contains(" imagemagick "), "{text}");
    }
}
