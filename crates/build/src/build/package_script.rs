//! Which script of which package.json a call of a package manager runs.

use super::built_projects::{is_named, selected_names};
use crate::data;
use crate::manifest::Project;
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, Word};
use crate::text::path;

/// A call that runs a script of package.json: `npm run dev -w @shop/api -- --host`, `yarn workspace api start`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptCall<'w> {
    /// The script.
    pub name: &'w str,
    /// What the script gets.
    pub arguments: Vec<&'w str>,
    /// The packages that the call selects; none selects all.
    packages: Vec<String>,
    /// The folder that the call goes to.
    folder: Option<&'w str>,
}

impl<'w> ScriptCall<'w> {
    /// The script that a call runs; `None` where it is no call of npm, Yarn, pnpm or Bun, or has no word for a script.
    pub fn of(invocation: &Invocation<'w>) -> Option<Self> {
        let program = invocation.program.filter(|program| ["npm", "yarn", "pnpm", "bun"].contains(program))?;
        let words: Vec<&'w str> = invocation.args.iter().map(Word::text).collect();
        let is_npm = program == "npm";
        let options = ProgramOptions::of(program);
        let selects = |option: &str| data::WORKSPACE_SELECTORS.rows().any(|row| row[0] == program && row[2] == option);
        let (mut name, mut arguments, mut folder) = (None, Vec::new(), None);
        let mut rest = words.iter().copied();
        while let Some(word) = rest.next() {
            match (word, name) {
                ("--", Some(_)) => arguments.extend(rest.by_ref()),
                // npm takes options in front of `--` for itself, the others pass on what stands behind the script.
                (option, known) if option.starts_with('-') && (is_npm || known.is_none()) => {
                    let (name, value) =
                        option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
                    let takes_next = value.is_none() && (selects(name) || options.takes_value(name));
                    let value = value.or_else(|| if takes_next { rest.next() } else { None });
                    if options.has(name, "folder") {
                        folder = value;
                    }
                }
                ("run" | "run-script", None) => {}
                ("workspace", None) if program == "yarn" => _ = rest.next(),
                (word, None) => name = Some(word),
                (word, Some(_)) => arguments.push(word),
            }
        }
        let command: Vec<String> = std::iter::once(program).chain(words).map(str::to_owned).collect();
        Some(Self { name: name?, arguments, packages: selected_names(&command), folder })
    }

    /// Whether it runs the script of a project.
    pub fn is_of(&self, project: &Project) -> bool {
        let is_there = |folder: &str| path::ends_with(&path::normalize(folder), &project.root);
        (self.packages.is_empty() || self.packages.iter().any(|name| is_named(project, name)))
            && self.folder.is_none_or(is_there)
    }

    /// The script as a project has it.
    pub fn script<'p>(&self, project: &'p Project) -> Option<&'p str> {
        if self.is_of(project) { project.script(self.name) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::ScriptCall;
    use crate::shell::parse;

    #[test]
    fn calls_name_a_script_and_what_it_gets() {
        for (text, expected) in [
            ("npm start", "start  "),
            ("npm run dev -- --host 0.0.0.0", "dev --host 0.0.0.0 "),
            ("npm run dev -w @shop/api", "dev  @shop/api"),
            ("npm --workspace=api run dev", "dev  api"),
            ("npm --prefix apps/api start", "start   apps/api"),
            ("npm --prefix=apps/api --loglevel error start", "start   apps/api"),
            ("yarn workspace api dev --port 3000", "dev --port 3000 api"),
            ("yarn dev", "dev  "),
            ("pnpm --filter ./apps/api run start", "start  apps/api"),
            ("pnpm -C apps/api start --x", "start --x  apps/api"),
            ("bun run --cwd apps/api dev", "dev   apps/api"),
        ] {
            let script = parse(text);
            let call = ScriptCall::of(&script.invocations()[0]).unwrap();
            let shown = format!("{} {} {}", call.name, call.arguments.join(" "), call.packages.join(" "));
            let shown = call.folder.map_or(shown.clone(), |folder| format!("{shown} {folder}"));
            assert_eq!(shown, expected, "{text}");
        }
        for text in ["node index.js", "npm", "npx vite"] {
            let script = parse(text);
            assert_eq!(ScriptCall::of(&script.invocations()[0]), None, "{text}");
        }
    }
}
