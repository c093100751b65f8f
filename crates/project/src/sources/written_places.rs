//! The places that a source writes to.

use super::code;
use super::literals::string_literals;
use super::patterns::{self, WordPattern};
use super::values::{Evaluator, SourceValue};
use crate::manifest::{Ecosystem, FileKind};
use crate::shell::program::Program;
use crate::text::path;

/// Bytes before a call that may be what it is called on.
const RECEIVER: usize = 400;

/// The meanings of the words that sources which write have (`data/source_patterns.tsv`).
pub const MEANINGS: [&str; 6] = [
    "writes somewhere",
    "writes a file",
    "writes a folder",
    "names a written file",
    "names a written folder",
    "lets programs write",
];

/// How calls begin that start programs, of Python and of Node.js.
const STARTS: [&str; 5] = ["run(", "check_output(", "execSync(", "spawnSync(", "execFileSync("];

/// A place that is written to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WrittenPlace {
    /// A folder, absolute or below WORKDIR; empty for WORKDIR itself.
    Folder(String),
    /// A file, absolute or below WORKDIR.
    File(String),
    /// This expression, and nobody knows what it comes to.
    Unknown(String),
    /// Wherever the programs write that this call starts.
    OfPrograms(&'static str),
}

/// The places that a source names.
pub fn places(evaluator: &Evaluator<'_>, file: &str) -> Vec<WrittenPlace> {
    let text = evaluator.source(file);
    let mut reader = WriteReader { evaluator, file, kind: FileKind::of(file), text, places: Vec::new() };
    reader.calls();
    reader.read_open_calls();
    reader.settings();
    reader.databases();
    reader.somewhere();
    reader.started_programs();
    reader.places.sort();
    reader.places.dedup();
    reader.places
}

struct WriteReader<'r, 'e> {
    evaluator: &'r Evaluator<'e>,
    file: &'r str,
    kind: FileKind<'r>,
    text: &'r str,
    places: Vec<WrittenPlace>,
}

impl WriteReader<'_, '_> {
    fn calls(&mut self) {
        let meanings = [("writes a file", false), ("writes a folder", true)];
        // Most sources have none of the words: one pass shows that.
        for &(meaning, folder) in meanings.iter().filter(|(meaning, _)| patterns::shows(self.text, meaning)) {
            let words = patterns::of(meaning);
            let patterns: Vec<WordPattern> =
                words.filter(|pattern| self.is_of_language(pattern) && self.text.contains(pattern.text)).collect();
            for pattern in patterns {
                let text = self.text;
                for (at, _) in text.match_indices(pattern.text).filter(|(at, _)| begins(text, *at, pattern.text)) {
                    self.call(at, (pattern.text, pattern.argument), folder);
                }
            }
        }
        if patterns::shows(self.text, "is exported without a name") {
            for (meaning, folder) in meanings {
                self.calls_of_packages(meaning, folder);
            }
        }
    }

    /// The programs that it starts.
    fn started_programs(&mut self) {
        if !self.kind.has_code() || !patterns::shows(self.text, "lets programs write") {
            return;
        }
        let mut calls = patterns::of("lets programs write").filter(|pattern| self.is_of_language(pattern));
        if let Some(call) = calls.find(|pattern| self.text.contains(pattern.text))
            && !self.starts_only_readers()
        {
            self.places.push(WrittenPlace::OfPrograms(call.text));
        }
    }

    /// Whether all programs that it starts are named, and write nothing: `subprocess.run(["git", "--version"])`.
    fn starts_only_readers(&self) -> bool {
        let mut calls = 0;
        let starts = STARTS.iter().flat_map(|start| self.text.match_indices(start)).filter(|(at, start)| {
            let before = self.text[..*at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_') && !start.is_empty()
        });
        for (at, start) in starts {
            let Some(list) = code::bracketed(&self.text[at + start.len() - 1..]) else { return false };
            calls += 1;
            let texts = string_literals(self.file, list);
            let mut words = texts.iter().flat_map(|literal| literal.text.split_whitespace());
            let Some(program) = words.next() else { return false };
            if !Program::of(path::name(program)).writes_nothing() && !words.any(|word| word == "--version") {
                return false;
            }
        }
        calls > 0
    }

    /// Calls of what a package of Node.js exports without a name, which each source names as it likes.
    fn calls_of_packages(&mut self, meaning: &str, folder: bool) {
        let text = self.text;
        for package in patterns::of("is exported without a name").filter(|package| text.contains(package.text)) {
            let Some(pattern) = patterns::of(meaning).find(|pattern| pattern.text == package.argument) else {
                continue;
            };
            for name in names_of_import(text, package.text).into_iter().filter(|name| *name != pattern.text) {
                for at in code::words(text, name).filter(|at| text[at + name.len()..].starts_with('(')) {
                    self.call(at, (name, pattern.argument), folder);
                }
            }
        }
    }

    /// Whether a word may stand in this file for what it means: those of Python mean something else in other languages.
    fn is_of_language(&self, pattern: &WordPattern) -> bool {
        let is_python = self.kind.ecosystem() == Some(Ecosystem::Python);
        !self.kind.is_code() || pattern.language == "-" || (pattern.language == "Python") == is_python
    }

    /// What a call, or a setting with such a word in it, writes to.
    fn call(&mut self, at: usize, (word, argument): (&str, &'static str), folder: bool) {
        let text = self.text;
        let rest = &text[at..];
        // `FileHandler(`, `.save(path`, `np.savez(`
        let inside = word.find('(').or_else(|| {
            let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
            let end = word.len() + rest[word.len()..].find(|c| !name(c))?;
            rest[end..].starts_with('(').then_some(end)
        });
        let list = inside.and_then(|open| code::bracketed(&rest[open..]));
        let (key, default) = argument.split_once('|').unwrap_or((argument, ""));
        let expression = match (key, list) {
            ("receiver", _) => {
                let receiver = receiver(&text[..at]);
                if patterns::words("has functions for paths").any(|word| word == receiver) {
                    return;
                }
                Some(receiver)
            }
            ("-", Some(list)) => code::arguments(list).first().map(|part| unnamed(part)),
            ("2", Some(list)) => code::arguments(list).get(1).map(|part| unnamed(part)),
            ("-" | "2", None) => return,
            (key, Some(list)) => value_of_key(list, key).or_else(|| {
                let first = *code::arguments(list).first()?;
                (!default.is_empty() && !first.contains(['{', '='])).then_some(first)
            }),
            (key, None) => match code::enclosing_braces(text, at).and_then(|list| value_of_key(list, key)) {
                Some(expression) => Some(expression),
                None => return self.member(key, folder),
            },
        };
        let Some(expression) = expression.filter(|expression| !expression.is_empty()) else {
            if default == "." {
                self.places.push(WrittenPlace::Folder(String::new()));
            }
            return;
        };
        // `destination: (request, file, done) => done(null, "uploads")`
        let expression = match expression.split_once("(null,") {
            Some((_, rest)) if expression.contains(['{', '>']) => code::expression(rest),
            _ => expression,
        };
        if folder && self.makes_it_by_itself(&rest[..rest.floor_char_boundary(400 + list.map_or(0, str::len))]) {
            return self.places.push(WrittenPlace::Unknown(shortened(expression)));
        }
        self.put(at, expression, folder);
    }

    /// Whether a call that makes a folder fails where that is there already.
    fn makes_it_by_itself(&self, call: &str) -> bool {
        let plain = call.starts_with("os.mkdir(") || call.starts_with("mkdirSync(") || call.starts_with("mkdir(");
        let line = call.split([';', '\n']).next().unwrap_or_default();
        plain && !line.contains("recursive") && !self.text.contains("xist")
    }

    fn put(&mut self, at: usize, expression: &str, folder: bool) {
        let value = match self.evaluator.value(self.file, at, expression) {
            Some(values) => values.into_iter().filter_map(|value| place(value, folder)).collect(),
            None => vec![WrittenPlace::Unknown(shortened(expression))],
        };
        self.places.extend(value);
    }

    /// What a setting is given, wherever it is set.
    fn member(&mut self, name: &str, folder: bool) {
        let values = self.evaluator.member_of(self.file, name).into_iter().flatten();
        self.places.extend(values.filter_map(|value| place(value, folder)));
    }

    /// `open(path, "w")`, `File.open(path, 'a')`, `fopen($path, 'wb')`.
    fn read_open_calls(&mut self) {
        for (at, word) in self.text.match_indices("open(").filter(|(at, word)| begins(self.text, *at, word)) {
            let Some(list) = code::bracketed(&self.text[at + word.len() - 1..]) else { continue };
            let arguments = code::arguments(list);
            if let Some(first) = arguments.first()
                && arguments[1..].iter().any(|part| is_writing_mode(part))
            {
                self.put(at, unnamed(first), false);
            }
        }
    }

    /// `filename: logs/app.log`, `'filename': 'app.log'`, `MEDIA_ROOT = BASE / "media"`.
    fn settings(&mut self) {
        for key in patterns::words("names a written file").filter(|key| self.text.contains(key)) {
            let lines = self.text.lines().filter_map(|line| setting(line.split_once(key)?.1));
            self.places.extend(lines.collect::<Vec<_>>());
        }
        // Who only reads such a setting, as what serves the files, does not write there.
        for key in patterns::words("names a written folder").filter(|key| is_given(self.text, key)) {
            match self.evaluator.member_of(self.file, key) {
                Some(values) => self.places.extend(values.into_iter().filter_map(|value| place(value, true))),
                None => self.places.push(WrittenPlace::Unknown(key.to_owned())),
            }
        }
    }

    /// Addresses of `SQLite`'s files: `sqlite:./app.db`, `sqlite:////data/app.db`.
    fn databases(&mut self) {
        for (at, _) in self.text.match_indices("sqlite") {
            let rest = &self.text[at + 6..];
            let scheme = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '+')).unwrap_or(0);
            let Some(address) = rest[scheme..].strip_prefix(':') else { continue };
            let line = self.text[..at].rfind('\n').map_or(0, |at| at + 1);
            let start = self.text[line..at].rfind(['"', '\'', '`']).map(|quote| line + quote);
            let known = start.map(|start| {
                let prefix = self.text[line..start].ends_with(['f', 'F']);
                code::expression(&self.text[start - usize::from(prefix)..])
            });
            let known = if address.starts_with(":memory") { None } else { known };
            let Some(expression) = known else {
                let address = address.split(['"', '\'', '`', ' ', '?', '\n']).next().unwrap_or_default();
                self.places.extend(database(SourceValue::Text(format!("sqlite:{address}"))));
                continue;
            };
            match self.evaluator.value(self.file, at, expression) {
                Some(values) => self.places.extend(values.into_iter().filter_map(database)),
                None => self.places.push(WrittenPlace::Unknown(shortened(expression))),
            }
        }
    }

    /// Libraries that write by themselves.
    fn somewhere(&mut self) {
        let mut unknown = None;
        let words =
            if patterns::shows(self.text, "writes somewhere") { Some(patterns::of("writes somewhere")) } else { None };
        let words = words.into_iter().flatten();
        let patterns: Vec<WordPattern> =
            words.filter(|pattern| self.is_of_language(pattern) && self.names(pattern.text)).collect();
        for pattern in patterns {
            match pattern.argument {
                "." => self.places.push(WrittenPlace::Folder(String::new())),
                "!" => self.places.push(WrittenPlace::Unknown(shortened(pattern.text))),
                _ => unknown = Some(pattern.text),
            }
        }
        if self.text.contains("pyrogram") && self.text.contains("Client(") {
            self.places.push(WrittenPlace::Folder(String::new()));
        }
        if let Some(pattern) = unknown
            && self.places.is_empty()
        {
            // The schema of Prisma says in another line where its file is: `url = env("DATABASE_URL")`.
            let url =
                |line: &'_ str| Some(line.trim().strip_prefix("url")?.trim().strip_prefix('=')?.trim().to_owned());
            let url = if pattern.starts_with("provider") { self.text.lines().find_map(url) } else { None };
            self.places.push(WrittenPlace::Unknown(shortened(url.as_deref().unwrap_or(pattern))));
        }
    }

    /// Whether a text has a word, and a quoted one not as a key: `require("level")`, not `{"level": "info"}`. In a manifest,
    /// packages are keys.
    fn names(&self, word: &str) -> bool {
        let is_key = |at: usize| self.text[at + word.len()..].trim_start().starts_with(':');
        let may_be_key = !word.starts_with(['"', '\'']) || path::name(self.file) == "package.json";
        self.text.match_indices(word).any(|(at, _)| may_be_key || !is_key(at))
    }
}

/// Whether a word that begins with a small letter is not the end of a longer one.
fn begins(text: &str, at: usize, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    !(word.starts_with(|c: char| c.is_ascii_lowercase()) && text[..at].ends_with(inside))
}

/// The maximum number of bytes before the name of a package in its import.
const LONGEST_IMPORT: usize = 200;

/// The maximum number of imports of a package in a source.
const MOST_IMPORTS: usize = 100;

/// The names under which a source knows a package: `const X = require("package")`, `import X from "package"`.
fn names_of_import<'t>(text: &'t str, package: &str) -> Vec<&'t str> {
    let quoted = text
        .match_indices(package)
        .filter(|(at, _)| text[..*at].ends_with(['"', '\'']) && text[at + package.len()..].starts_with(['"', '\'']));
    let names = quoted.take(MOST_IMPORTS).filter_map(|(at, _)| {
        let before = &text[text.ceil_char_boundary(at.saturating_sub(LONGEST_IMPORT))..at - 1];
        let line = before.rsplit('\n').next().unwrap_or_default();
        let front = line
            .strip_suffix("require(")
            .map_or_else(|| line.trim_end().strip_suffix("from"), |front| front.trim_end().strip_suffix('='))?;
        let name = front.trim_end().rsplit(' ').next().unwrap_or_default();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
        is_name.then_some(name)
    });
    names.collect()
}

/// What stands right before a dot: `base / "x"` in brackets, a name, a call.
fn receiver(before: &str) -> &str {
    let bytes = before.as_bytes();
    let (mut start, mut depth) = (before.len(), 0_usize);
    while start > 0 && before.len() - start < RECEIVER {
        match bytes[start - 1] {
            b')' | b']' => depth += 1,
            b'(' | b'[' if depth == 0 => break,
            b'(' | b'[' => depth -= 1,
            byte if depth == 0 && !(byte.is_ascii_alphanumeric() || b"_.$?".contains(&byte)) => break,
            _ => {}
        }
        start -= 1;
    }
    before.get(start..).unwrap_or_default()
}

/// The value of a positional argument, or of one that is written with its name.
fn unnamed(part: &str) -> &str {
    let named = part.split_once('=').filter(|(name, value)| {
        name.trim().chars().all(|c| c.is_alphanumeric() || c == '_') && !value.starts_with(['=', '>'])
    });
    named.map_or(part, |(_, value)| value.trim())
}

/// The value under a key: `key=value`, `key: value`, `{ key: value }`.
fn value_of_key<'t>(list: &'t str, key: &str) -> Option<&'t str> {
    let offset = code::words(list, key).find_map(|at| {
        let rest = list[at + key.len()..].trim_start_matches(['"', '\'']).trim_start();
        let value = rest.strip_prefix(['=', ':'])?;
        Some(code::expression(value))
    });
    offset.filter(|value| !value.is_empty())
}

/// Whether a text gives the key a value.
fn is_given(text: &str, key: &str) -> bool {
    code::words(text, key).any(|at| {
        let rest = text[at + key.len()..].trim_start_matches(['"', '\'', ']']).trim_start();
        rest.starts_with(['=', ':']) && !rest.starts_with("==")
    })
}

fn is_writing_mode(part: &str) -> bool {
    let mode = unnamed(part).trim_matches(['"', '\'']);
    let quoted = part.contains(['"', '\'']);
    quoted && mode.len() <= 3 && (mode.starts_with(['w', 'a', 'x']) || mode.starts_with('r') && mode.contains('+'))
}

/// The place of a value; none for what is no file.
fn place(value: SourceValue, folder: bool) -> Option<WrittenPlace> {
    match value {
        SourceValue::Stream => None,
        SourceValue::Text(text) if matches!(text.as_str(), ":memory:" | "/dev/null" | "") => None,
        SourceValue::Text(text) if folder => Some(WrittenPlace::Folder(text)),
        SourceValue::Text(text) => Some(file(&text)),
        SourceValue::Start(text) => Some(folder_of_file(&(text + "x"))),
    }
}

/// The place of a database by its address.
fn database(value: SourceValue) -> Option<WrittenPlace> {
    let (text, open) = match value {
        SourceValue::Text(text) => (text, false),
        SourceValue::Start(text) => (text, true),
        SourceValue::Stream => return None,
    };
    let (_, rest) = text.split_once("sqlite")?;
    let address = rest.split_once(':').map_or("", |(_, address)| address);
    let file = address.strip_prefix("///").or_else(|| address.strip_prefix("//")).unwrap_or(address);
    let file = file.split('?').next().unwrap_or_default();
    if open && file.is_empty() {
        return Some(WrittenPlace::Unknown(text));
    }
    place(if open { SourceValue::Start(file.to_owned()) } else { SourceValue::Text(file.to_owned()) }, false)
}

/// The folder of the file that a setting names: `filename: logs/app.log`, `'filename': 'app.log'`.
fn setting(rest: &str) -> Option<WrittenPlace> {
    let value = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix([':', '='])?.trim_start();
    let value = value.trim_start_matches(['"', '\'', '`']).split(['"', '\'', '`', ' ', ',', '}', ')']).next()?;
    let value = value.trim_end();
    let written = patterns::words("ending of a written file").any(|ending| value.ends_with(ending));
    (written && !value.contains(['{', '$', '%', '('])).then(|| file(value))
}

fn file(path: &str) -> WrittenPlace {
    let path = path.trim_start_matches("./");
    match path::parent(path) {
        "/" => WrittenPlace::Unknown(path.to_owned()),
        _ => WrittenPlace::File(path.to_owned()),
    }
}

fn folder_of_file(path: &str) -> WrittenPlace {
    match path::parent(path.trim_start_matches("./")) {
        "/" => WrittenPlace::Unknown(path.to_owned()),
        parent => WrittenPlace::Folder(parent.to_owned()),
    }
}

/// The first words of an expression.
fn shortened(expression: &str) -> String {
    let line = expression.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn check_in(file: &str, text: &str, expected: &[&str]) {
        let variables = |_: &str| Vec::new();
        let folder = |_: &str| Some("/app".to_owned());
        let evaluator = Evaluator::new([(file, text)].into_iter(), &variables, &folder);
        let paths: BTreeSet<String> = places(&evaluator, file)
            .into_iter()
            .map(|place| match place {
                WrittenPlace::Folder(path) => format!("/{path}").replacen("//", "/", 1),
                WrittenPlace::File(path) => format!("/{}", path::parent(&path)).replacen("//", "/", 1),
                WrittenPlace::Unknown(_) => "?".to_owned(),
                WrittenPlace::OfPrograms(_) => "programs".to_owned(),
            })
            .collect();
        assert_eq!(paths, expected.iter().map(|expected| (*expected).to_owned()).collect(), "{text}");
    }

    fn check(text: &str, expected: &[&str]) {
        check_in("a.py", text, expected);
    }

    #[test]
    fn exports_have_the_name_that_a_source_gives_them() {
        let rotate = "const winstonDaily = require('winston-daily-rotate-file');\n";
        check_in("a.js", &format!("{rotate}new winstonDaily({{ dirname: 'logs' }})"), &["/logs"]);
        check_in("a.ts", "import Sqlite from \"better-sqlite3\"\nconst db = new Sqlite('data/a.db')", &["/data"]);
        check_in("a.ts", "import { x } from 'multer'\nx({ dest: 'a' })", &[]);
    }

    #[test]
    fn functions_under_other_names_write_anywhere() {
        check_in("a.js", "const { writeFileSync: w } = require('fs')\nw('data/a', 1)", &["?"]);
        check_in("a.mjs", "import { mkdirSync as m } from 'fs'\nm('data/b')", &["?"]);
        check("from os import makedirs\nmakedirs('data', exist_ok=True)", &["/data"]);
        check("import sqlite3 as s\ns.connect('db/a.db')", &["?"]);
        check("from sqlite3 import connect\nconnect('db/a.db')", &["?"]);
        check("from logging.handlers import TimedRotatingFileHandler as T\nT('logs/a.log')", &["?"]);
        check("from redis import connect\nconnect('db/a.db')", &[]);
        check("request.files['f'].save('uploads/a.png')", &["/uploads"]);
        check_in("a.js", "new DatabaseSync('./data/x.sqlite')", &["/data"]);
    }

    #[test]
    fn programs_write_where_they_like() {
        check_in("a.js", "require('child_process').execSync('mkdir data')", &["programs"]);
        check("import subprocess\nsubprocess.run(['mkdir', 'data'])", &["programs"]);
        check("import os\nos.path.join('a')", &[]);
        check("import subprocess\nsubprocess.run([\"git\", \"--version\"], check=True)", &[]);
        check_in("a.js", "require('child_process').execSync('cat /etc/os-release')", &[]);
        check("import subprocess\nsubprocess.run(words)", &["programs"]);
    }

    #[test]
    fn words_of_other_languages_and_keys_are_no_writes() {
        check("return {\"level\": level, \"lowdb\": 1}", &[]);
        check_in("a.js", "log({ \"level\": 1 })", &[]);
        check_in("a.js", "const { Level } = require(\"level\")", &["?"]);
        check_in("package.json", "{\"dependencies\": {\"level\": \"8\"}}", &["?"]);
        check("await self.outbox.save(feed)", &[]);
        check("image.save(f\"{folder}/a.png\")", &["?"]);
    }

    #[test]
    fn python_writes_are_reported() {
        check("logging.FileHandler('app.main.log')", &["/"]);
        check("with open(\"data/x.json\", \"w\") as f:", &["/data"]);
        check("open(path, 'a')", &["?"]);
        check("open('config.toml')", &[]);
        check("open('config.toml', encoding='utf-8')", &[]);
        check("engine = create_engine(\"sqlite:///./app.db\")", &["/"]);
        check("URL = 'sqlite+aiosqlite:////data/app.db'", &["/data"]);
        check("URL = 'sqlite:///:memory:'", &[]);
        check("URL = 'sqlite:///' + os.path.join(base, 'a.db')", &["?"]);
        check("URL = f'sqlite:///{DB}'\nDB = '/data/a.db'", &["/data"]);
        check("os.makedirs('uploads', exist_ok=True)", &["/uploads"]);
        check("os.makedirs(DIR, exist_ok=True)\nDIR = os.getenv('DIR', '/var/lib/x')", &["/var/lib/x"]);
        check("os.mkdir('/data')", &["?"]);
        check("if not os.path.exists(D):\n    os.mkdir(D)\nD = '/data'", &["/data"]);
        check("DATA = Path('/data')\nDATA.mkdir(exist_ok=True)\n(DATA / 'x.json').write_text(y)", &["/data"]);
        check("Path(x).write_text(y)", &["?"]);
        check("sqlite3.connect(':memory:')", &[]);
        let validators = "AUTH_PASSWORD_VALIDATORS = [{'NAME': 'django.contrib.auth.CommonPasswordValidator'}]";
        let database = |name: &str| {
            format!(
                "DATABASES = {{'default': {{'NAME': {name}, 'ENGINE': 'django.db.backends.sqlite3'}}}}\n{validators}"
            )
        };
        check(&database("':memory:'"), &[]);
        check(&database("'data/app.db'"), &["/data"]);
        check("from pyrogram import Client\nClient('me').run()", &["/"]);
        check("client = TelegramClient('session', 1, 'x')", &["/"]);
        check("chromadb.PersistentClient(path='./db')", &["/", "/./db"]);
        check("joblib.dump(model, 'm.pkl')", &["/"]);
        check("joblib.dump(model, path)", &["?"]);
        check("torch.save(model, '/models/m.pt')", &["/models"]);
        check("cv2.imwrite('out/o.jpg', image)", &["/out"]);
        check("open('../history.json', 'w')", &["/.."]);
        check("create_engine('sqlite://')", &[]);
        check("accesslog = \"logs/access.log\"", &["/logs"]);
        check("shutil.copy(a, '/data/b')", &["/data"]);
        check("logger.add(sys.stderr)", &[]);
        check("with open('up/a', 'wb') as buffer:\n    shutil.copyfileobj(file.file, buffer)", &["/up"]);
        check("frame.to_csv(buffer)\nbuffer = io.StringIO()", &[]);
        check("MEDIA_ROOT = BASE_DIR / 'media'\nBASE_DIR = Path(__file__).parent", &["/app/media"]);
        check("MEDIA_ROOT = env('MEDIA')", &["?"]);
        check("urlpatterns += static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT)", &[]);
        check("return send_from_directory(app.config['UPLOAD_FOLDER'], name)", &[]);
        check("app.config.update(UPLOAD_FOLDER='/up')", &["/up"]);
        check("app.config['UPLOAD_FOLDER'] = '/up'", &["/up"]);
        check("f.save(os.path.join(app.config['UPLOAD_FOLDER'], name))\napp.config['UPLOAD_FOLDER'] = '/up'", &["/up"]);
    }

    #[test]
    fn writes_of_node_are_reported() {
        let check = |text: &str, expected: &[&str]| check_in("a.js", text, expected);
        check("fs.writeFileSync(file, text)", &["?"]);
        check("const file = path.join('/data', 'x')\nfs.writeFileSync(file, text)", &["/data"]);
        check("if (!fs.existsSync(D)) fs.mkdirSync(D)\nconst D = '/data'", &["/data"]);
        check("await mkdir(DIR, { recursive: true })\nconst DIR = process.env.DIR || '/data'", &["/data"]);
        check("fs.mkdirSync('/data')", &["?"]);
        check("new winston.transports.File({filename: \"logs/app.log\"})", &["/logs"]);
        check("new transports.File({ filename: path.join(L, 'a.log') })\nconst L = '/var/log/app'", &["/var/log/app"]);
        check("new Sequelize({dialect:'sqlite',storage:'database.sqlite'})", &["/"]);
        check("connection: { filename: './dev.sqlite3' },", &["/"]);
        check("  'filename': 'logs/app.log',", &["/logs"]);
        check("filename: (req, file, done) => done(null, 'x.log')", &[]);
        check("useMultiFileAuthState('auth_info')", &["/auth_info"]);
        check("new Client({authStrategy: new LocalAuth()})", &["/"]);
        check("new LocalAuth({ dataPath: '/data/auth' })", &["/data/auth"]);
        check("new Sequelize('sqlite:./a.db')", &["/"]);
        check("new Sequelize('sqlite::memory:')", &[]);
        check("multer({ dest: '/uploads' })", &["/uploads"]);
        check("multer.diskStorage({ destination: (q, f, cb) => { cb(null, '/up') } })", &["/up"]);
        check("multer({ storage: multer.memoryStorage() })", &[]);
        check("const Database = require('better-sqlite3')\nconst db = new Database('/data/a.db')", &["/data"]);
        check("const db = require('better-sqlite3')(name)", &["?"]);
    }

    #[test]
    fn writes_of_others_are_reported() {
        check_in("a.go", "gorm.Open(sqlite.Open(\"test.db\"), &gorm.Config{})", &["/"]);
        check_in("a.go", "db, _ := sql.Open(\"sqlite\", \"./data/app.db\")", &["/data"]);
        check_in("a.go", "os.MkdirAll(filepath.Join(dir, \"x\"), 0o755)\nvar dir = \"/data\"", &["/data/x"]);
        check_in("a.rs", "std::fs::create_dir_all(\"uploads\")?;", &["/uploads"]);
        check_in("A.java", "Files.createDirectories(Paths.get(\"uploads\"));", &["/uploads"]);
        check_in("A.java", "new File(\"uploads\").mkdirs();", &["/uploads"]);
        check_in("a.properties", "spring.datasource.url=jdbc:h2:file:./data/demo", &["/"]);
        check_in("a.properties", "spring.datasource.url=jdbc:sqlite:app.db", &["/"]);
        check_in("a.properties", "logging.file.name=logs/app.log", &["/logs"]);
        check_in("a.yml", "    filename: logs/app.log", &["/logs"]);
        check_in("a.yml", "logging:\n  file:\n    name: /var/log/b.log", &["?"]);
        check_in("a.rb", "File.write('/data/x', y)", &["/data"]);
        check_in("a.php", "file_put_contents('/data/x', $y);", &["/data"]);
    }
}
