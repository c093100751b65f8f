//! Keeps the house in order: what a reviewer would otherwise have to say again and again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dockopt::rules::{ALL, Metadata};

/// Rooms that may touch the world.
const EFFECTFUL: [&str; 5] = ["load", "remote", "engine", "measure", "cli"];

/// Lines of a Rust file at most.
const LINES: usize = 600;

/// Words that a rule's name doesn't start with: "allow X" must read well.
const CURES: [&str; 10] =
    ["no", "prefer", "avoid", "use", "require", "ensure", "check", "disallow", "missing-no", "dont"];

/// Files that package managers write, with the addresses that they fetched from.
const LOCKS: [&str; 13] = [
    "Cargo.lock",
    "Gemfile.lock",
    "Pipfile.lock",
    "bun.lock",
    "composer.lock",
    "go.sum",
    "gradle.lockfile",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "packages.lock.json",
    "pnpm-lock.yaml",
    "poetry.lock",
    "uv.lock",
];

pub(crate) struct Text {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Text {
    /// The place in its crate: the path below `src/`.
    pub(crate) fn module(&self) -> &str {
        self.path.split_once("src/").unwrap_or_default().1
    }

    /// Whether it is of the crate that holds helpers of tests: no room, and no part of the program.
    pub(crate) fn is_of_testing(&self) -> bool {
        self.path.starts_with("crates/testing/")
    }

    /// The room: the first part below `src/`.
    fn room(&self) -> &str {
        self.module().split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// Numbered lines of what ships: tests stand at the end of a file, or in files of their own.
    pub(crate) fn shipped(&self) -> Vec<(usize, &str)> {
        if test_modules().contains(&self.path) {
            return Vec::new();
        }
        let lines: Vec<&str> = self.text.lines().collect();
        let is_test = |line: &str| line.starts_with("#[cfg(") && line.contains("test");
        let tests = lines.windows(2).position(|pair| is_test(pair[0]) && pair[1].contains("mod tests {"));
        let end = tests.unwrap_or(lines.len());
        lines[..end].iter().enumerate().map(|(index, line)| (index + 1, *line)).collect()
    }
}

/// Files that are modules under `#[cfg(test)]`, and those below them.
fn test_modules() -> &'static BTreeSet<String> {
    static FILES: std::sync::OnceLock<BTreeSet<String>> = std::sync::OnceLock::new();
    FILES.get_or_init(|| {
        let sources = sources();
        let mut roots = Vec::new();
        for source in &sources {
            let folder = match source.path.rsplit_once('/') {
                Some((folder, "lib.rs" | "main.rs")) => folder,
                _ => source.path.trim_end_matches(".rs"),
            };
            let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
            for pair in lines.windows(2).filter(|pair| pair[0].starts_with("#[cfg(") && pair[0].contains("test")) {
                let name = pair[1].split_once("mod ").and_then(|(_, name)| name.strip_suffix(';'));
                roots.extend(name.map(|name| format!("{folder}/{name}")));
            }
        }
        let tested =
            |path: &str| roots.iter().any(|root| path == format!("{root}.rs") || path.starts_with(&format!("{root}/")));
        sources.into_iter().map(|source| source.path).filter(|path| tested(path)).collect()
    })
}

/// The Rust files of all crates.
pub(crate) fn sources() -> Vec<Text> {
    let crates = fs::read_dir("crates").unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<String> = crates.map(|path| path.join("src").to_string_lossy().replace('\\', "/")).collect();
    folders.sort();
    folders.push("src".to_owned());
    folders.iter().flat_map(|folder| below(folder, "rs")).collect()
}

/// The modules of all crates in their order, each with its crate: that of the dependencies in `Cargo.toml`, then that of
/// the lines of `lib.rs`.
pub(crate) fn modules() -> Vec<(String, String)> {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let mut crates: Vec<&str> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("dockopt-")?.split_once(" = { path = \"").map(|(name, _)| name))
        .filter(|name| *name != "testing")
        .collect();
    crates.push("dockopt");
    let mut modules = Vec::new();
    for name in crates {
        let folder = if name == "dockopt" { String::new() } else { format!("crates/{name}/") };
        for line in fs::read_to_string(format!("{folder}src/lib.rs")).unwrap().lines() {
            let module = line.strip_prefix("pub mod ").and_then(|rest| rest.split_once(';'));
            modules.extend(module.map(|(module, _)| (name.to_owned(), module.to_owned())));
        }
    }
    modules
}

pub(crate) fn below(folder: &str, ending: &str) -> Vec<Text> {
    let mut files = Vec::new();
    collect(Path::new(folder), &mut files);
    files.sort();
    let wanted = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == ending));
    let read = |path: PathBuf| Text {
        text: fs::read_to_string(&path).unwrap(),
        path: path.to_string_lossy().replace('\\', "/"),
    };
    wanted.map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

#[track_caller]
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What of a line is code: comments and texts may name anything.
fn code_of(line: &str) -> String {
    let mut code = String::new();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted => drop(chars.next()),
            // A character, which may be a quote; a lifetime has no second mark.
            '\'' if !quoted => {
                let mut ahead = chars.clone();
                let escaped = ahead.next() == Some('\\');
                let closes = if escaped { ahead.nth(1) } else { ahead.next() };
                if escaped || closes == Some('\'') {
                    let mut before = ' ';
                    for c in chars.by_ref() {
                        if c == '\'' && before != '\\' {
                            break;
                        }
                        before = if before == '\\' { ' ' } else { c };
                    }
                }
            }
            '"' => quoted = !quoted,
            '/' if !quoted && chars.peek() == Some(&'/') => break,
            _ if !quoted => code.push(c),
            _ => {}
        }
    }
    code
}

#[test]
fn code_is_distinguished_from_text() {
    for (line, code) in [
        ("a(\"crate::x\") // crate::y", "a() "),
        ("find('\"').map(crate::x) // y", "find().map(crate::x) "),
        ("['\\'', b'\\\\', '\\u{1b}', '\"'] crate::x \"z\"", "[, b, , ] crate::x "),
        ("fn f<'a>(x: &'a str, y: &'static str)", "fn f<a>(x: &a str, y: &static str)"),
    ] {
        assert_eq!(code_of(line), code, "{line}");
    }
}

#[test]
fn modules_use_only_modules_above_them() {
    let order: Vec<String> = modules().into_iter().map(|(_, module)| module).collect();
    let place = |name: &str| order.iter().position(|known| known == name);
    let mut wrong = Vec::new();
    let mut rooms = BTreeSet::new();
    for file in sources() {
        if !file.is_of_testing() {
            rooms.insert(file.room().to_owned());
        }
        for (number, line) in file.text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
            let code = code_of(line);
            // These would let a forbidden use slip past the scan below.
            for hidden in ["crate::{", "super::super", "pub use crate::", "use crate as", "self::super"] {
                if code.contains(hidden) {
                    wrong.push(format!("{}:{number}: write the full path instead of `{hidden}`", file.path));
                }
            }
            let Some(position) = place(file.room()) else { continue };
            // In a room's root file the module above is the crate.
            let above = if file.module().contains('/') { "crate::" } else { "super::" };
            for (at, word) in code.match_indices("crate::").chain(code.match_indices(above)) {
                let rest = &code[at + word.len()..];
                let used: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if place(&used).is_some_and(|used| position < used) {
                    let room = file.room();
                    wrong.push(format!("{}:{number}: `{room}` comes before `{used}`", file.path));
                }
            }
        }
    }
    rooms.retain(|room| !["lib", "main"].contains(&room.as_str()));
    assert_eq!(rooms, order.iter().cloned().collect(), "modules in folders and lines of lib.rs");
    none(&wrong);
}

#[test]
fn the_map_names_every_module() {
    let map = fs::read_to_string("src/lib.rs").unwrap();
    let rows: Vec<(String, String)> = map.lines().filter_map(row).collect();
    let modules = modules();
    assert_eq!(rows, modules, "the map in src/lib.rs, and the modules of all crates in their order");
    for (name_of_crate, module) in &modules {
        let line = map.lines().find(|line| line.starts_with(&format!("pub use dockopt_{name_of_crate}::")));
        let words = |line: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == module);
        assert!(name_of_crate == "dockopt" || line.is_some_and(words), "src/lib.rs re-exports `{module}`");
    }
}

/// Crate and module of a row of the map.
fn row(line: &str) -> Option<(String, String)> {
    let (name_of_crate, rest) = line.strip_prefix("//! | `")?.split_once("` | [`")?;
    Some((name_of_crate.to_owned(), rest.split_once("`]")?.0.to_owned()))
}

#[test]
fn passes_use_no_other_pass() {
    let list = fs::read_to_string("crates/optimize/src/optimize/passes.rs").unwrap();
    let languages = ["compiled", "node", "python", "ruby_php"];
    // `node::site::in_stages` is the pass `languages/node/site`, `slim::runtime` is `slim`.
    let functions = list.split("=>").skip(1).map(|rest| rest.trim_start().split([';', ' ']).next().unwrap_or_default());
    let modules = functions.filter_map(|path| path.rsplit_once("::")).map(|(module, _)| module.replace("::", "/"));
    // What runs again after other passes is for all of them.
    let shared = ["cache_mounts", "dependency_files", "dev_dependencies"];
    let passes: BTreeSet<String> =
        modules.filter(|module| !languages.contains(&module.as_str()) && !shared.contains(&module.as_str())).collect();
    assert!(passes.contains("node/site") && passes.contains("slim") && passes.len() > 15, "{passes:?}");
    let mut wrong = Vec::new();
    for file in below("crates/optimize/src/optimize", "rs") {
        let place = file.module().trim_start_matches("optimize/").trim_start_matches("languages/");
        let folder = place.split(['/', '.']).next().unwrap_or_default();
        for (number, line) in file.shipped().into_iter().filter(|_| folder != "passes") {
            let code = code_of(line);
            for pass in passes.iter().filter(|pass| pass.split('/').next() != Some(folder)) {
                let is_used = match pass.split_once('/') {
                    Some((first, _)) if languages.contains(&first) => code.contains(&pass.replace('/', "::")),
                    _ => names_module(
                        &code,
                        file.module().matches('/').count() == 1,
                        pass.split('/').next().unwrap_or_default(),
                    ),
                };
                if is_used {
                    wrong.push(format!("{}:{number}: it uses another pass, `{pass}`", file.path));
                }
            }
        }
    }
    none(&wrong);
}

/// Whether a line imports a module of `optimize`, or names one by its whole path; `is_beside`: its file stands beside it.
fn names_module(code: &str, is_beside: bool, module: &str) -> bool {
    let starts = if is_beside { &["use super::", "optimize::"][..] } else { &["optimize::"] };
    let mut starts = starts.iter().flat_map(|start| code.split(start).skip(1));
    starts.any(|rest| {
        let names = match rest.strip_prefix('{') {
            Some(group) => group.split(',').collect(),
            None => vec![rest],
        };
        let is_end = |c: char| !c.is_alphanumeric() && c != '_';
        names.iter().any(|name| name.trim().split(is_end).next() == Some(module))
    })
}

#[test]
fn only_effectful_modules_do_io() {
    let world = ["std::fs", "std::process", "std::env", "std::time", "std::net", "std::io::std", "std::thread"];
    // These would let one of them slip past.
    let hiding = ["std::{", "std::*", "std as ", "use std;"];
    let printing = ["println!", "print!(", "eprint", "dbg!"];
    let mut wrong = Vec::new();
    for file in sources() {
        if EFFECTFUL.contains(&file.room()) || file.path == "src/main.rs" || file.is_of_testing() {
            continue;
        }
        for (number, line) in file.shipped() {
            let code = code_of(line);
            for word in world.iter().chain(&printing).chain(&hiding).filter(|word| code.contains(**word)) {
                wrong.push(format!("{}:{number}: a pure room names `{word}`", file.path));
            }
        }
    }
    none(&wrong);
}

#[test]
fn wire_types_live_in_report_and_wire_only() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| !["report", "wire"].contains(&file.room())) {
        for (number, line) in file.shipped() {
            if line.contains("derive(") && line.contains("Serialize") && !line.contains("Deserialize") {
                wrong.push(format!("{}:{number}: `Serialize` is derived in `report` and `wire` only", file.path));
            }
        }
    }
    none(&wrong);
}

#[test]
fn files_are_short_and_open_with_what_they_are() {
    let mut wrong = Vec::new();
    // Projects of the suite are other people's programs.
    let is_ours = |file: &&Text| !file.path.starts_with("tests/projects/");
    for file in sources().iter().chain(below("tests", "rs").iter().filter(is_ours)) {
        let lines = file.text.lines().count();
        if lines > LINES {
            wrong.push(format!("{}: {lines} lines, {LINES} at most", file.path));
        }
        if !file.text.starts_with("//! ") && !test_modules().contains(&file.path) {
            wrong.push(format!("{}: the first line tells what the module owns (`//! …`)", file.path));
        }
        if file.path.ends_with("/mod.rs") {
            wrong.push(format!("{}: a module is `name.rs`", file.path));
        }
        let name = file.path.rsplit('/').next().unwrap_or_default();
        if ["utils.rs", "util.rs", "common.rs", "helpers.rs", "misc.rs", "types.rs"].contains(&name) {
            wrong.push(format!("{}: name it after what it owns", file.path));
        }
    }
    none(&wrong);
}

#[test]
fn no_finding_is_left_for_a_second_run() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("#[ig", "nore"), concat!("should", "_panic")];
    let mut wrong = Vec::new();
    for file in sources().iter().chain(&below("tests", "rs")) {
        for (index, line) in file.text.lines().enumerate() {
            for mark in marks.iter().filter(|mark| line.contains(**mark)) {
                wrong.push(format!("{}:{}: `{mark}`", file.path, index + 1));
            }
        }
    }
    none(&wrong);
}

#[test]
fn rules_and_pages_agree() {
    let mut pages = BTreeSet::new();
    for page in below("rules", "md") {
        pages.insert(page.path.trim_start_matches("rules/").trim_end_matches(".md").to_owned());
    }
    let files = below("crates/rules/src/rules", "rs");
    let families: Vec<&Text> = files.iter().filter(|file| file.text.contains("crate::rules::family! {")).collect();
    let rules: Vec<String> = ALL.iter().map(|rule| rule.name.to_owned()).collect();
    assert!(rules.windows(2).all(|pair| pair[0] != pair[1]), "a rule is named once in crates/rules/src/rules.rs");
    assert_eq!(pages, rules.iter().cloned().collect(), "pages in rules/ and rules in crates/rules/src/rules.rs");
    for rule in ALL.iter() {
        let name = format!("/{}.rs", rule.name.replace('-', "_"));
        let is_of_family = families.iter().any(|file| file.text.contains(&format!("\"{}\" =>", rule.name)));
        let head = format!("//! See `rules/{}.md`", rule.name);
        let is_alone = files.iter().any(|file| file.path.ends_with(&name) && file.text.starts_with(&head));
        assert!(is_of_family || is_alone, "{}: no family has it, and no file `{name}` starts with `{head}`", rule.name);
    }
}

#[test]
fn rules_are_named_after_what_they_find() {
    let mut wrong = Vec::new();
    for rule in ALL.iter() {
        let problems = Metadata::read(rule.page).1;
        wrong.extend(problems.iter().map(|problem| format!("rules/{}.md: {problem}", rule.name)));
        let kebab = rule.name.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
        let first = rule.name.split('-').next().unwrap_or_default();
        if !kebab || CURES.contains(&first) {
            wrong.push(format!("rules/{}.md: \"allow {}\" must read well", rule.name, rule.name));
        }
    }
    none(&wrong);
}

/// Files that git knows; an unpacked crate has no git, and nothing to check then.
fn tracked() -> Vec<String> {
    let listed = std::process::Command::new("git").args(["ls-files", "-z"]).output();
    let Some(listed) = listed.ok().filter(|listed| listed.status.success()) else { return Vec::new() };
    String::from_utf8_lossy(&listed.stdout).split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect()
}

#[test]
fn no_file_names_a_machine() {
    // Written in two halves, so that this file does not name them either. Vectors and lock files hold what the real
    // programs wrote.
    let marks = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/.cargo"),
        concat!("/Us", "ers/"),
        concat!("/wo", "rk/"),
        concat!("registry.npm", "js.org"),
        concat!("files.python", "hosted.org"),
        concat!("static.crates", ".io"),
        concat!("proxy.go", "lang.org"),
    ];
    // The first are homes that images have too.
    let homes = 2;
    let mut wrong = Vec::new();
    for path in tracked() {
        let name = path.rsplit('/').next().unwrap_or_default();
        let written = LOCKS.contains(&name) || path.starts_with("tests/vectors/");
        let Some(text) = fs::read_to_string(&path).ok().filter(|_| !written) else { continue };
        // What rules, tables, code and tests of engines know of are folders of images.
        let of_images = ["rules/", "data/", "src/", "crates/", "tests/integration/engine/"]
            .iter()
            .any(|folder| path.starts_with(folder));
        let marks = if of_images { &marks[homes..] } else { &marks };
        for (index, line) in text.lines().enumerate() {
            for mark in marks.iter().filter(|mark| line.contains(**mark)) {
                wrong.push(format!("{path}:{}: `{mark}`", index + 1));
            }
        }
    }
    none(&wrong);
}

#[test]
fn scripts_read_their_pipes_to_the_end() {
    // With `pipefail`, what writes into a pipe that `head` has closed ends the script: with code 141, and only where the
    // text is longer than the pipe holds.
    let mut wrong = Vec::new();
    for path in tracked() {
        let text = fs::read_to_string(&path).unwrap_or_default();
        if !text.starts_with("#!") || !text.contains("pipefail") {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            if line.split('|').skip(1).any(|command| command.trim_start().starts_with("head")) {
                wrong.push(format!("{path}:{}: `sed -n 1,20p` reads all", index + 1));
            }
        }
    }
    none(&wrong);
}

#[test]
fn every_fixture_is_used() {
    let tests: String = below("tests", "rs").into_iter().chain(sources()).map(|file| file.text).collect();
    let mut wrong = Vec::new();
    let Ok(fixtures) = fs::read_dir("fixtures") else { return };
    for path in fixtures.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let used = [format!("fixtures/{name}\""), format!("fixtures/{name}/"), format!(".dir(\"{name}\")")];
        if !used.iter().any(|used| tests.contains(used)) {
            wrong.push(format!("fixtures/{name} is used by no test"));
        }
    }
    none(&wrong);
}

#[test]
fn architecture_names_files_that_exist() {
    let text = fs::read_to_string("ARCHITECTURE.md").unwrap();
    let modules = modules();
    let mut count = 0;
    let mut wrong = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for name in line.split('`').skip(1).step_by(2) {
            let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
            let is_file = name.contains('/') && (matches!(ending, Some("rs" | "tsv")) || name.ends_with('/'));
            if !is_file || name.contains(['<', ' ', ':']) || name.starts_with('/') {
                continue;
            }
            count += 1;
            let module = |(name_of_crate, module): &(String, String)| {
                name.starts_with(module.as_str())
                    && Path::new("crates").join(name_of_crate).join("src").join(name).exists()
            };
            if !Path::new(name).exists() && !Path::new("src").join(name).exists() && !modules.iter().any(module) {
                wrong.push(format!("ARCHITECTURE.md:{}: `{name}` does not exist", index + 1));
            }
        }
    }
    assert!(count > 40, "{count} files are named: where are the others?");
    none(&wrong);
}
