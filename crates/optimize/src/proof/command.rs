//! The command of a container in a normal form, so that two ways to write it can be compared.

use std::collections::BTreeMap;

use crate::image::Config;
use crate::manifest::{Ecosystem, FileKind};
use crate::shell;
use crate::shell::program::options::ProgramOptions;
use crate::shell::program::{Kind, Program};
use crate::text::path;

/// Wrappers in wrappers that are looked through.
const DEEPEST: usize = 8;

/// The words that a container starts with: ENTRYPOINT and CMD joined; shells that only start one program, `exec`, process
/// reapers, and the wrappers of package managers taken off. `scripts` are those of package.json.
pub fn command(config: &Config, scripts: &BTreeMap<String, String>) -> Vec<String> {
    let mut words = config.entrypoint.clone().unwrap_or_default();
    // ENTRYPOINT in shell form takes no words of CMD.
    if shell_text(&words).is_none() || words.len() != 3 {
        words.extend(config.cmd.clone().unwrap_or_default());
    }
    // That of node's images runs what it is given.
    let of_node = config.env.iter().any(|(name, _)| name == "NODE_VERSION");
    if of_node && words.len() > 1 && words[0] == "docker-entrypoint.sh" && !words[1].starts_with('-') {
        words.remove(0);
    }
    for _ in 0..DEEPEST {
        let Some(inner) = unwrapped(&words, scripts) else { break };
        words = inner;
    }
    if let Some(first) = words.first_mut() {
        let name = path::name(first);
        // A script of the project is meant by its path, a program by its name.
        let installed = ["/bin/", "/sbin/", "/.bin/"].iter().any(|folder| first.contains(folder));
        if installed && !name.is_empty() {
            *first = name.to_owned();
        }
    }
    words
}

/// The text of `sh -c TEXT`.
fn shell_text(words: &[String]) -> Option<&str> {
    let [shell, flag, text, ..] = words else { return None };
    let name = path::name(shell);
    let is_shell = Program::of(name).is_shell();
    (is_shell && flag.starts_with('-') && !flag.starts_with("--") && flag.ends_with('c')).then_some(text)
}

/// A shell's text without the `exec` that lets the shell step aside for its last command: what is run is the same.
fn without_exec(text: &str) -> String {
    let text = text.trim();
    let script = shell::parse(text);
    // A trap is kept only by a shell that stays.
    let traps = script.commands.iter().any(|command| command.name().is_some_and(|name| name.is("trap")));
    let last = if traps { None } else { script.commands.iter().rfind(|command| script.is_last(command)) };
    let exec = last.filter(|command| command.place.pipe_len == 1 && command.name().is_some_and(|name| name.is("exec")));
    let cut = exec.and_then(|command| {
        let [exec, program, ..] = &command.words[..] else { return None };
        let (from, to) = (exec.span.start as usize, program.span.start as usize);
        (!program.text().starts_with('-')).then(|| text.get(..from).zip(text.get(to..)))?
    });
    cut.map_or_else(|| text.to_owned(), |(before, after)| format!("{before}{after}"))
}

/// What is started by what starts; `None` where nothing is taken off.
fn unwrapped(words: &[String], scripts: &BTreeMap<String, String>) -> Option<Vec<String>> {
    let name = |word: &String| path::name(word).to_owned();
    if let Some(text) = shell_text(words) {
        return plain(text).or_else(|| {
            let shell = name(&words[0]);
            // These are the same to a script: POSIX's shell under its names.
            let shell = if matches!(&*shell, "ash" | "dash") { "sh".to_owned() } else { shell };
            let script: Vec<String> =
                [shell, words[1].clone(), without_exec(text)].into_iter().chain(words[3..].iter().cloned()).collect();
            (script != words).then_some(script)
        });
    }
    let first = name(words.first()?);
    let second = words.get(1).map(String::as_str);
    let rest = |from: usize| words.get(from..).map(<[String]>::to_vec).filter(|rest| !rest.is_empty());
    let program = Program::of(&first);
    let is_init = program.is(Kind::Init) && program.is(Kind::Wrapper);
    match (&*first, second) {
        (_, Some("--")) if is_init => rest(2),
        ("bundle", Some("exec")) => rest(2),
        // Their scripts are of pyproject.toml and Pipfile.
        ("poetry" | "pipenv" | "pdm" | "hatch" | "rye", Some("run")) => match scripts.get(words.get(2)?) {
            Some(_) => script(&words[1..], scripts),
            None => rest(2),
        },
        (program, Some(next)) if (is_init || matches!(program, "exec" | "npx" | "bunx")) && !next.starts_with('-') => {
            rest(1)
        }
        ("uv", Some("run")) => {
            let uv = ProgramOptions::of("uv");
            let mut at = 2;
            while let Some(word) =
                words.get(at).filter(|word| uv.has(word.split('=').next().unwrap_or(word), "prepares"))
            {
                at += uv.word_count(word);
            }
            let mut inner = rest(at)?;
            // It runs scripts and modules with the project's Python.
            if FileKind::of(&inner[0]).is_source_of(Ecosystem::Python) || matches!(&*inner[0], "-m" | "--module") {
                inner.insert(0, "python".to_owned());
            }
            Some(inner)
        }
        ("python" | "python3", Some("-m")) => {
            let program = words.get(2).filter(|module| Program::of(module).is_python_server())?;
            Some(std::iter::once(program.clone()).chain(words[3..].iter().cloned()).collect())
        }
        ("npm" | "yarn" | "pnpm" | "bun", Some(_)) => script(words, scripts),
        _ => None,
    }
}

/// The words that a toolchain, which compiles and starts, hands on to the program that it starts; `None` where the
/// command starts no toolchain.
pub(super) fn handed_on(words: &[String]) -> Option<Vec<String>> {
    let first = words.first().map(|word| path::name(word))?;
    let has = |names: &[&str]| words[1..].iter().any(|word| names.contains(&word.as_str()));
    let from = |at: usize| words.get(at..).unwrap_or_default().to_vec();
    match first {
        "go" if has(&["run"]) => {
            let mut at = 2;
            while let Some(flag) = words.get(at).filter(|word| word.starts_with('-')) {
                at += ProgramOptions::of("go").word_count(flag);
            }
            let files = words.iter().skip(at).take_while(|word| FileKind::of(word).is_source_of(Ecosystem::Go)).count();
            Some(from(at + files.max(1)))
        }
        "cargo" if has(&["run", "r"]) => {
            Some(words.iter().position(|word| word == "--").map_or_else(Vec::new, |at| from(at + 1)))
        }
        "mvn" | "mvnw" if has(&["spring-boot:run"]) => {
            let profiles = words.iter().filter_map(|word| word.strip_prefix("-Dspring-boot.run.profiles="));
            Some(profiles.map(|names| format!("--spring.profiles.active={names}")).collect())
        }
        "gradle" | "gradlew" if has(&["run", ":run", "bootRun", ":bootRun"]) => Some(Vec::new()),
        _ => None,
    }
}

/// The words behind the program: `app WORDS`, `java -jar FILE WORDS`.
pub(super) fn arguments(words: &[String]) -> &[String] {
    let archive = words.first().is_some_and(|word| word == "java") && words.get(1).is_some_and(|word| word == "-jar");
    words.get(if archive { 3 } else { 1 }..).unwrap_or_default()
}

/// What `npm start`, `npm run NAME -- WORDS` and their like run.
fn script(words: &[String], scripts: &BTreeMap<String, String>) -> Option<Vec<String>> {
    let mut words = words[1..].iter().filter(|word| !matches!(word.as_str(), "--silent" | "-s" | "--if-present"));
    let name = match words.next()?.as_str() {
        "run" | "run-script" => words.next()?,
        name => name,
    };
    let text = scripts.get(name)?;
    let rest: Vec<String> = words.filter(|word| *word != "--").cloned().collect();
    match plain(text) {
        Some(mut inner) => {
            inner.extend(rest);
            Some(inner)
        }
        None if rest.is_empty() => Some(vec!["sh".into(), "-c".into(), text.trim().to_owned()]),
        None => Some(vec!["sh".into(), "-c".into(), format!("{} {}", text.trim(), rest.join(" "))]),
    }
}

/// The words of a text that starts one program and needs no shell for it.
pub fn plain(text: &str) -> Option<Vec<String>> {
    let script = shell::parse(text);
    let [command] = &script.commands[..] else { return None };
    let bare = command.assignments.is_empty() && command.redirects.is_empty() && script.problems.is_empty();
    let fixed_text = |word: &shell::Word| if word.is_pattern() { None } else { word.value().map(str::to_owned) };
    let words: Option<Vec<String>> = command.words.iter().map(fixed_text).collect();
    words.filter(|words| bare && !words.is_empty() && !text.trim_end().ends_with('&'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(entrypoint: &[&str], cmd: &[&str], expected: &str) {
        let words_of =
            |words: &[&str]| (!words.is_empty()).then(|| words.iter().map(|&word| word.to_owned()).collect());
        let env = vec![("NODE_VERSION".to_owned(), "22".to_owned())];
        let config = Config { entrypoint: words_of(entrypoint), cmd: words_of(cmd), env, ..Config::default() };
        let pairs =
            [("start", "node server.js"), ("serve", "NODE_ENV=production node x.js"), ("preview", "vite preview")];
        let scripts = pairs.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        assert_eq!(command(&config, &scripts).join(" "), expected);
    }

    #[test]
    fn two_ways_to_write_a_command_become_one() {
        let uvicorn = "uvicorn app:app --port 8000";
        check(&[], &["uvicorn", "app:app", "--port", "8000"], uvicorn);
        check(&[], &["/bin/sh", "-c", "uvicorn app:app --port 8000"], uvicorn);
        check(&[], &["/bin/sh", "-c", "exec uvicorn app:app --port 8000"], uvicorn);
        check(&[], &["poetry", "run", "uvicorn", "app:app", "--port", "8000"], uvicorn);
        check(&[], &["uv", "run", "--frozen", "uvicorn", "app:app", "--port", "8000"], uvicorn);
        check(&[], &["uv", "run", "main.py"], "python main.py");
        check(&[], &["uv", "run", "-m", "uvicorn", "app:app", "--port", "8000"], uvicorn);
        check(&["python", "-m", "uvicorn"], &["app:app", "--port", "8000"], uvicorn);
        check(&["/app/.venv/bin/uvicorn"], &["app:app", "--port", "8000"], uvicorn);
        check(&["node_modules/.bin/vite"], &["preview"], "vite preview");
        check(&["tini", "--"], &["uvicorn", "app:app", "--port", "8000"], uvicorn);
        check(&["docker-entrypoint.sh"], &["npm", "start"], "node server.js");
        check(
            &["docker-entrypoint.sh"],
            &["/bin/sh", "-c", "npm run preview -- --port 4173"],
            "vite preview --port 4173",
        );
        check(&[], &["npm", "run", "serve"], "sh -c NODE_ENV=production node x.js");
        check(&[], &["npm", "run", "other"], "npm run other");
        check(&[], &["pdm", "run", "preview", "--host"], "vite preview --host");
    }

    #[test]
    fn toolchains_hand_words_on() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for (text, expected) in [
            ("go run . -port 9000", Some("-port 9000")),
            ("go run -tags prod main.go routes.go serve", Some("serve")),
            ("/usr/local/go/bin/go run ./cmd/api", Some("")),
            ("cargo run --release -- --port 1", Some("--port 1")),
            ("cargo run --release", Some("")),
            ("./mvnw spring-boot:run -Dspring-boot.run.profiles=prod", Some("--spring.profiles.active=prod")),
            ("./gradlew bootRun", Some("")),
            ("go version", None),
            ("app run", None),
        ] {
            assert_eq!(handed_on(&words(text)), expected.map(words), "{text}");
        }
        assert_eq!(arguments(&words("java -jar a.jar --x")), ["--x"]);
        assert_eq!(arguments(&words("app -port 9000")), ["-port", "9000"]);
    }

    #[test]
    fn commands_that_need_a_shell_keep_it() {
        check(&[], &["/bin/sh", "-c", "exec a --port $PORT"], "sh -c a --port $PORT");
        check(&[], &["sh", "-c", "a --port $PORT"], "sh -c a --port $PORT");
        check(&[], &["/bin/sh", "-c", "a && b"], "sh -c a && b");
        check(&[], &["/bin/sh", "-c", "a && exec b"], "sh -c a && b");
        check(&[], &["/bin/sh", "-c", "exec a || b"], "sh -c exec a || b");
        check(&[], &["/bin/sh", "-c", "while x; do exec b; done"], "sh -c while x; do exec b; done");
        check(&[], &["/bin/sh", "-c", "trap c EXIT; exec b"], "sh -c trap c EXIT; exec b");
        check(&[], &["bash", "-c", "a $1 && b", "x", "y"], "bash -c a $1 && b x y");
        check(&["/bin/sh", "-c", "a"], &["b"], "a");
        check(&["./start.sh"], &["serve"], "./start.sh serve");
    }
}
