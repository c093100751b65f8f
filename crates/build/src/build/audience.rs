//! Whether an image is only for development, tests or examples, so that it is not pulled to run a service: its size and
//! the user that it runs as do not matter then.

use super::{Build, Stage};
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, FileRole};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Word};
use crate::text::path;

impl Build<'_> {
    /// Whether the folder of the Dockerfile, its name, the comment at its top, the stage's name or the command shows
    /// that the stage is only for development, tests or examples.
    pub fn is_for_developers_only(&self, stage: &Stage) -> bool {
        *self.for_developers_only[stage.index].get_or_init(|| is_marked_for_developers(self, stage))
    }
}

fn is_marked_for_developers(build: &Build, stage: &Stage) -> bool {
    is_called_for_developers(build, stage)
        || command_says_so(build, stage)
        || build.start_scripts(stage).iter().any(|(_, script)| script.invocations().last().is_some_and(runs_such_script))
        // An image that builds system packages is run once and thrown away.
        || build.installs_any(stage, "packaging")
}

/// Whether names or comments say so, whatever the command is.
pub(super) fn is_called_for_developers(build: &Build, stage: &Stage) -> bool {
    let place = build.input().place.replace('\\', "/");
    let (folder, name) = path::split(&place);
    folder.split('/').any(|name| says_so(name) || holds_tests(name))
        || words(name).any(says_so)
        || stage.name.as_deref().is_some_and(|name| words(name).any(|word| says_so(word) || is_for_files(word)))
            && !ships_as_dev(build, stage)
        || is_built_for_developers(build)
        || top_comment(build.input().file.source().text()).any(comment_says_so)
}

/// Whether the file makes no other image, so that the stage ships whatever its name is: each other stage is one on the
/// way to it. One that the build names with `--target` ships too.
pub fn is_only_image(build: &Build, stage: &Stage) -> bool {
    let is_target = build.target().is_some_and(|target| target.index == stage.index);
    is_target && (build.input().options.target.is_some() || build.stages().iter().all(|stage| build.is_needed(stage)))
}

/// Whether a stage that is named for its developers, such as `dev`, ships all the same: the file makes no other image, and
/// the container does not start a server for development.
pub(super) fn ships_as_dev(build: &Build, stage: &Stage) -> bool {
    let is_dev = |word: &str| data::NAME_WORDS.has(&word.to_ascii_lowercase(), "build-stage");
    stage.name.as_deref().is_some_and(|name| words(name).all(is_dev))
        && build.input().options.target.is_none()
        && is_only_image(build, stage)
        && build.launch(stage).is_some()
        && build.development_server(stage).is_none()
}

/// Whether all services of compose files that build it are named for developers: `server-dev`.
fn is_built_for_developers(build: &Build) -> bool {
    let services = &build.input().services;
    !services.is_empty() && services.iter().all(|name| words(name).any(says_so))
}

/// Whether a stage's name says that it only provides files: `artifacts`, `export`.
fn is_for_files(word: &str) -> bool {
    data::NAME_WORDS.has(&word.to_ascii_lowercase(), "artifact-stage")
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// Whether a path or a name has a word that says that something is for development, tests or examples.
pub fn names_developers(text: &str) -> bool {
    words(text).any(says_so) || text.split('/').any(says_so)
}

/// Whether the name of a folder, or a word of another name, says so.
fn says_so(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let role = FileRole::of_folder(&word);
    data::NAME_WORDS.has(&word, "developers-only") || matches!(role, Some(FileRole::Test | FileRole::Example))
}

/// Whether the last word of a folder's name is that of a folder of tests: `clt_tests`.
fn holds_tests(folder: &str) -> bool {
    let last = words(folder).last().map(str::to_ascii_lowercase);
    last.is_some_and(|word| matches!(FileRole::of_folder(&word), Some(FileRole::Test)))
}

/// The lines of the comment above the first instruction.
fn top_comment(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with('#'));
    lines.map(|line| line.trim_start_matches('#'))
}

/// `for development only`, `only for local testing`, `not for production`, `do not use in production`.
fn comment_says_so(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    lower.split(['.', ',', ':', ';', '!']).any(|clause| {
        let words: Vec<&str> = clause.split_whitespace().map(|word| word.trim_matches(['(', ')', '*', '"'])).collect();
        words.iter().enumerate().any(|(at, word)| match *word {
            "only" => is_only_for(&words[..at], &words[at + 1..]),
            "not" | "never" | "don't" => is_for_production(&words[at + 1..]),
            _ => false,
        })
    })
}

/// Whether the words around an `only` say that it is for development or tests.
fn is_only_for(before: &[&str], behind: &[&str]) -> bool {
    let purpose = behind.iter().skip(1).take(3).any(|word| says_so(word));
    behind.first() == Some(&"for") && purpose || before.iter().rev().take(2).any(|word| says_so(word))
}

/// `[use this image] in production`, `for production`.
fn is_for_production(words: &[&str]) -> bool {
    words.windows(2).take(6).any(|pair| matches!(pair[0], "for" | "in") && pair[1] == "production")
}

/// Whether a container of the stage only stays open for people, or runs a script for development or tests.
fn command_says_so(build: &Build, stage: &Stage) -> bool {
    [Keyword::Entrypoint, Keyword::Cmd].into_iter().any(|keyword| {
        let code = build.last(stage, keyword).and_then(|(index, _)| build.code(index));
        let Some(code) = code else { return false };
        let invocations = code.script.invocations();
        matches!(invocations.as_slice(), [invocation] if waits(invocation))
            || invocations.last().is_some_and(|last| runs_such_script(last) || runs_tests(last))
    })
}

/// `node tests/test.js`
fn runs_tests(invocation: &Invocation) -> bool {
    let is_test = |folder: &str| FileRole::of_folder(&folder.to_ascii_lowercase()) == Some(FileRole::Test);
    let is_interpreter = invocation.program.is_some_and(|program| Program::of(program).is(Kind::Interpreter));
    let script = invocation.args.iter().map(Word::text).find(|text| !text.starts_with('-'));
    is_interpreter && script.is_some_and(|script| path::parent(script).split('/').any(is_test))
}

/// `tail -f /dev/null`, `sleep infinity`.
fn waits(invocation: &Invocation) -> bool {
    let forever = |text: &str| text == "/dev/null" || text == "infinity";
    invocation.program.is_some_and(|program| Program::of(program).is(Kind::Idle))
        && invocation.args.iter().any(|word| forever(word.text()))
}

/// `npm run dev`, `yarn dev`, `pnpm test`.
fn runs_such_script(invocation: &Invocation) -> bool {
    let is_node =
        invocation.package_call().is_some_and(|call| Ecosystem::of_manager(call.manager) == Some(Ecosystem::Node));
    let mut plain = invocation.args.iter().map(Word::text).filter(|text| !text.starts_with('-')).take(2);
    let script = match plain.next() {
        Some("run" | "run-script") => plain.next(),
        first => first,
    };
    let name = script.and_then(|script| script.split(':').next());
    is_node && name.is_some_and(says_so)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::tests::input;
    use crate::inputs::BuildOptions;

    fn is_so(place: &str, text: &str) -> bool {
        let mut input = input(text, BuildOptions::default());
        place.clone_into(&mut input.place);
        let build = Build::new(&input);
        build.is_for_developers_only(build.target().unwrap())
    }

    #[test]
    fn places_tell() {
        let text = "FROM a\nCMD [\"server\"]\n";
        for place in [
            ".devcontainer/Dockerfile",
            "Dockerfile.dev",
            "Dockerfile.test",
            "api.dev.Dockerfile",
            "docker/dev/Dockerfile",
            "tests/Dockerfile",
            "e2e/Dockerfile",
            "examples/go/Dockerfile",
            "archive/2019/Dockerfile",
            ".codesandbox/Dockerfile",
            "clt_tests/dind/Dockerfile",
            "Dockerfile-tilt",
        ] {
            assert!(is_so(place, text), "{place}");
        }
        for place in [
            "Dockerfile",
            "Dockerfile.base",
            "build/Dockerfile",
            "api/Dockerfile.prod",
            "latest/Dockerfile",
            "docs/Dockerfile",
        ] {
            assert!(!is_so(place, text), "{place}");
        }
    }

    #[test]
    fn comments_at_the_top_tell() {
        for line in [
            "For development only.",
            "This image is only for local testing",
            "testing purposes only",
            "NOT for production!",
            "Do not use this in production",
            "not intended for production use",
        ] {
            assert!(is_so("Dockerfile", &format!("# syntax=docker/dockerfile:1\n# {line}\nFROM a\n")), "{line}");
            assert!(!is_so("Dockerfile", &format!("FROM a\n# {line}\n")), "{line}");
        }
        for line in [
            "For production only",
            "The only image",
            "Does not install dev packages: for production",
            "Only tests need it",
        ] {
            assert!(!is_so("Dockerfile", &format!("# {line}\nFROM a\n")), "{line}");
        }
    }

    #[test]
    fn commands_tell() {
        for command in [
            "[\"tail\", \"-f\", \"/dev/null\"]",
            "tail -f /dev/null",
            "[\"sleep\", \"infinity\"]",
            "[\"npm\", \"run\", \"dev\"]",
            "yarn dev --host",
            "npm install && npm run dev",
            "pnpm run test:e2e",
        ] {
            assert!(is_so("Dockerfile", &format!("FROM a\nCMD {command}\n")), "{command}");
        }
        for command in [
            "service nginx start && tail -f /dev/null",
            "tail -f /var/log/a",
            "npm start",
            "npm run build",
            "bash",
            "dev",
        ] {
            assert!(!is_so("Dockerfile", &format!("FROM a\nCMD {command}\n")), "{command}");
        }
        assert!(is_so("Dockerfile", "FROM a AS base\nFROM base AS dev\n"));
        assert!(is_so("Dockerfile", "FROM a AS upload-artifact\n") && is_so("Dockerfile", "FROM a AS export\n"));
        assert!(!is_so("upload/Dockerfile", "FROM a\n") && !is_so("Dockerfile", "FROM a AS exporter\n"));
        assert!(is_so("Dockerfile", "FROM fedora AS a\nRUN dnf install -y rpm-build make\nFROM a\n"));
        assert!(is_so("Dockerfile", "FROM debian\nRUN apt-get install -y devscripts\nCMD [\"/build.sh\"]\n"));
        assert!(!is_so("Dockerfile", "FROM debian\nRUN apt-get install -y build-essential\n"));
        assert!(!is_so("Dockerfile", "FROM a AS dev\nFROM a AS base\nCMD x\n"));
    }
}
