//! Whether a named command of a manifest checks: it ends by itself, changes no file, and needs no browser; what it runs by the
//! names of other scripts is looked through.

use super::forward::{Forward, Selection};
use crate::data;
use crate::manifest::Project;
use crate::text::path;

/// What npm writes for a project without tests.
const PLACEHOLDER: &str = "no test specified";

/// How many scripts are gone through from one to the next.
const DEEPEST: usize = 4;

/// Why a script is no check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptFault {
    /// It does nothing.
    Empty,
    /// It changes files.
    Writes,
    /// It waits for changes of files.
    Watches,
    /// It starts browsers, which have to be installed, and asks an application that has to run.
    Browser,
}

impl ScriptFault {
    /// As a clause about the script.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Empty => "does nothing",
            Self::Writes => "changes files",
            Self::Watches => "waits for changes of files",
            Self::Browser => "needs browsers and an application that runs",
        }
    }
}

/// The scripts of a package.json.
struct Package {
    name: String,
    /// Its folder from the root of the workspace.
    folder: String,
    scripts: Vec<(String, String)>,
}

/// The packages of a project and of the members of its workspace.
pub(super) struct Packages(Vec<Package>);

impl Packages {
    /// Those of a project, itself first.
    pub(super) fn of(project: &Project, text_of: &dyn Fn(&str) -> Option<String>) -> Self {
        let scripts = project.scripts.iter().map(|script| (script.name.clone(), script.command.clone()));
        let first = Package {
            name: project.name.clone().unwrap_or_default(),
            folder: String::new(),
            scripts: scripts.collect(),
        };
        let member = |folder: &String| {
            let text = text_of(&path::child(folder, "package.json"))?;
            let package: serde_json::Value = serde_json::from_str(&text).ok()?;
            let scripts = package.get("scripts").and_then(|scripts| scripts.as_object());
            let scripts = scripts.into_iter().flatten();
            let scripts = scripts.filter_map(|(name, script)| Some((name.clone(), script.as_str()?.to_owned())));
            let name = package.get("name").and_then(|name| name.as_str()).unwrap_or_default().to_owned();
            let folder = path::seen_from(folder, &project.root);
            Some(Package { name, folder, scripts: scripts.collect() })
        };
        Self(std::iter::once(first).chain(project.members.iter().filter_map(member)).collect())
    }

    /// Why a command of the project is no check; nothing where it is one.
    pub(super) fn fault(&self, command: &str) -> Option<ScriptFault> {
        self.fault_in(0, command, DEEPEST)
    }

    fn fault_in(&self, package: usize, command: &str, depth: usize) -> Option<ScriptFault> {
        if let Some(fault) = own_fault(command) {
            return Some(fault);
        }
        if depth == 0 {
            return None;
        }
        Forward::all(command).iter().find_map(|forward| {
            let mut scripts = self.forwarded(package, forward);
            scripts.find_map(|(package, command)| self.fault_in(package, command, depth - 1))
        })
    }

    /// The commands that a script runs by name, each with its package.
    fn forwarded<'p>(&'p self, package: usize, forward: &'p Forward) -> impl Iterator<Item = (usize, &'p str)> {
        let is_meant = move |at: usize, other: &Package| match forward.selection {
            Selection::Same => at == package,
            _ => at > 0 && forward.selection.takes(&other.name, &other.folder),
        };
        let packages = self.0.iter().enumerate().filter(move |(at, other)| is_meant(*at, other));
        packages.flat_map(move |(at, other)| {
            let scripts = other.scripts.iter().filter(|(name, _)| forward.names(name));
            scripts.map(move |(_, command)| (at, command.as_str()))
        })
    }

    /// Whether a command of the root does its work in the folder of a member too: it runs a script of it, or nothing but
    /// programs, which go through all folders below.
    pub(super) fn reaches(&self, command: &str, folder: &str) -> bool {
        self.reaches_from(0, command, folder, DEEPEST)
    }

    fn reaches_from(&self, package: usize, command: &str, folder: &str, depth: usize) -> bool {
        let forwards = Forward::all(command);
        let is_there = |forward: &Forward| {
            self.forwarded(package, forward).any(|(at, command)| {
                self.0[at].folder == folder
                    || at == package && depth > 0 && self.reaches_from(at, command, folder, depth - 1)
            })
        };
        let runs_programs = !forwards.iter().any(|forward| self.forwarded(package, forward).next().is_some());
        package == 0 && runs_programs || forwards.iter().any(is_there)
    }
}

/// What a command does by itself that a check must not.
fn own_fault(command: &str) -> Option<ScriptFault> {
    let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    match () {
        () if words.is_empty() || command.contains(PLACEHOLDER) => Some(ScriptFault::Empty),
        () if watches(command, &words) => Some(ScriptFault::Watches),
        () if does(&words, "writes") || words.iter().any(|word| word.ends_with(":fix") || word.ends_with(":write")) => {
            Some(ScriptFault::Writes)
        }
        () if does(&words, "browser") => Some(ScriptFault::Browser),
        () => None,
    }
}

/// Whether one of the commands does something (`data/script_commands.tsv`).
fn does(words: &[&str], what: &str) -> bool {
    let mut commands = words.split(|word| matches!(*word, "&&" | "||" | ";" | "&" | "|"));
    commands.any(|command| {
        // `-w` and `--filter` of those name projects.
        let is_forward = !Forward::all(&command.join(" ")).is_empty();
        let mut rows = data::SCRIPT_COMMANDS.rows().filter(|row| row[1] == what);
        rows.any(|row| {
            let wanted: Vec<&str> = row[0].split(' ').collect();
            let is_it = |at: &[&str]| path::name(at[0]) == wanted[0] && at[1..] == wanted[1..];
            let is_there = command.windows(wanted.len()).any(is_it) && !(is_forward && row[0] == "-w");
            is_there && !data::words(row[2]).any(|option| command.contains(&option))
        })
    })
}

/// Whether a command waits for changes of files, at least in a terminal.
fn watches(command: &str, words: &[&str]) -> bool {
    let stays = |word: &&str| {
        let word = word.trim_end_matches("=true");
        matches!(word, "--watch" | "--watchAll" | "nodemon") || word == "watch" || word.ends_with(":watch")
    };
    let is_once = words.iter().any(|word| matches!(*word, "--run" | "CI=true" | "CI=1"))
        || command.contains("watch=false")
        || command.contains("watchAll=false")
        || command.contains("no-watch");
    let after = |program: &str| {
        let at = words.iter().position(|word| *word == program)?;
        Some(words.get(at + 1).copied().unwrap_or_default())
    };
    // These watch unless they are told otherwise.
    let is_open = after("vitest").is_some_and(|next| next.is_empty() || next.starts_with('-') || next.starts_with('&'))
        || after("react-scripts") == Some("test")
        || after("ng") == Some("test");
    words.iter().any(stays) || is_open && !is_once
}

#[cfg(test)]
mod tests {
    use super::own_fault;

    #[test]
    fn commands_that_check_are_told_from_others() {
        for command in [
            "vitest run",
            "vitest --run",
            "CI=true react-scripts test",
            "ng test --watch=false",
            "tsc --noEmit",
            "eslint .",
            "prettier --check .",
            "turbo run lint",
            "jest --watchAll=false",
            "vitest related src/a.ts",
            "vue-cli-service lint --no-fix",
            "npm run test -w api",
            "black --check .",
            "eslint . --fix-dry-run",
        ] {
            assert!(own_fault(command).is_none(), "{command}");
        }
        for command in [
            "",
            " ",
            "vitest",
            "vitest --coverage",
            "react-scripts test",
            "ng test",
            "tsc -w",
            "tsc --watch",
            "jest --watchAll",
            "eslint . --fix",
            "prettier --write .",
            "prettier -w .",
            "npm run lint:fix",
            "npm run test:watch",
            "echo \"Error: no test specified\" && exit 1",
            "nodemon test.js",
            "playwright test",
            "npx cypress run",
            "biome check --write --unsafe ./",
            "vue-cli-service lint",
            "ng e2e",
            "ruff format && mypy .",
        ] {
            assert!(own_fault(command).is_some(), "{command}");
        }
    }
}
