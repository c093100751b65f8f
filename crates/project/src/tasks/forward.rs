//! Scripts that run other scripts: `npm run build`, `pnpm --filter web test`, `turbo run lint`.

use crate::data;
use crate::text::path;

/// A named script that a command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Forward {
    /// The projects whose script it is.
    pub(super) selection: Selection,
    /// Its name; `*` stands for any characters.
    pub(super) name: String,
}

/// The projects of a workspace that a command works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// The one whose script has the command.
    Same,
    /// Those that these names or folders stand for.
    Named(Vec<String>),
    /// All members that have the script.
    All,
}

impl Forward {
    /// The scripts that a line of a shell runs by their names.
    pub(super) fn all(line: &str) -> Vec<Self> {
        let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
        let commands = words.split(|word| matches!(*word, "&&" | "||" | ";" | "&" | "|"));
        commands.flat_map(of_command).collect()
    }

    /// Whether a script has the name.
    pub(super) fn names(&self, script: &str) -> bool {
        fits(&self.name, script)
    }
}

impl Selection {
    /// Whether a member is meant, by its name and its folder from the root of the workspace.
    pub(super) fn takes(&self, name: &str, folder: &str) -> bool {
        let Self::Named(selectors) = self else { return *self == Self::All };
        selectors.iter().any(|selector| {
            let plain = selector.trim_matches(['.', '^', '{', '}']).trim_start_matches('/');
            selector.starts_with('!') || fits(plain, name) || fits(plain, folder) || plain == path::name(name)
        })
    }
}

/// Whether a name fits a pattern with at most one `*`.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => {
            name.starts_with(start) && name.ends_with(end.trim_start_matches('*')) && name.len() >= start.len()
        }
        None => pattern == name,
    }
}

fn of_command(words: &[&str]) -> Vec<Forward> {
    let is_front =
        |word: &&&str| word.contains('=') && !word.starts_with('-') || matches!(**word, "cross-env" | "npx" | "exec");
    let front = words.iter().take_while(is_front).count();
    let Some((program, rest)) = words[front..].split_first() else { return Vec::new() };
    let program = path::name(program);
    match program {
        "npm" | "pnpm" | "yarn" | "bun" => of_manager(program, rest).into_iter().collect(),
        "turbo" | "lerna" => {
            let (selection, names) = selection_and_words(program, rest);
            let selection = if selection == Selection::Same { Selection::All } else { selection };
            let names = names.into_iter().filter(|name| *name != "run");
            names.map(|name| Forward { selection: selection.clone(), name: name.to_owned() }).collect()
        }
        "run-s" | "run-p" | "npm-run-all" | "npm-run-all2" => {
            let names = rest.iter().filter(|word| !word.starts_with('-'));
            names.map(|name| Forward { selection: Selection::Same, name: (*name).to_owned() }).collect()
        }
        _ => Vec::new(),
    }
}

/// The script that a package manager runs.
fn of_manager(program: &str, rest: &[&str]) -> Option<Forward> {
    let (mut selection, words) = selection_and_words(program, rest);
    let mut words = words.into_iter().peekable();
    if program == "yarn" && words.peek() == Some(&"workspace") {
        words.next();
        selection = Selection::Named(vec![words.next()?.to_owned()]);
    } else if program == "yarn" && words.peek() == Some(&"workspaces") {
        words.next();
        words.next_if_eq(&"foreach");
        selection = Selection::All;
    }
    let is_run = words.next_if(|word| matches!(*word, "run" | "run-script")).is_some();
    let name = words.next()?;
    // The runner of Bun, and programs of packages.
    let is_other = program == "bun" && !is_run && selection == Selection::Same;
    let is_program = !is_run && matches!(name, "exec" | "dlx" | "x");
    let is_of_npm = program != "npm" || is_run || matches!(name, "test" | "t" | "start");
    let name = if program == "npm" && name == "t" { "test" } else { name };
    (!is_other && !is_program && is_of_npm).then(|| Forward { selection, name: name.to_owned() })
}

/// The projects that options select (`data/workspace_selectors.tsv`), and the words that are no options, up to `--`.
fn selection_and_words<'w>(program: &str, rest: &[&'w str]) -> (Selection, Vec<&'w str>) {
    let rows = || data::WORKSPACE_SELECTORS.rows().filter(|row| row[0] == program && row[2].starts_with('-'));
    let (mut named, mut is_all, mut words) = (Vec::new(), false, Vec::new());
    let mut rest = rest.iter().take_while(|word| **word != "--");
    while let Some(word) = rest.next() {
        let (option, value) = word.split_once('=').map_or((*word, None), |(option, value)| (option, Some(value)));
        if rows().any(|row| row[2] == option) {
            named.extend(value.or_else(|| rest.next().copied()).map(str::to_owned));
        } else if matches!(option, "-r" | "--recursive" | "--workspaces" | "-ws") {
            is_all = true;
        } else if !word.starts_with('-') {
            words.push(*word);
        }
    }
    let selection = match named.as_slice() {
        _ if is_all => Selection::All,
        [] => Selection::Same,
        _ => Selection::Named(named),
    };
    (selection, words)
}
