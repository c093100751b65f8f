//! What a justfile defines, as far as somebody must know who adds recipes to it.

use std::collections::BTreeSet;

use super::items::JustItems;
use super::{FILLED, JustReader};
use crate::shell::shell_of_shebang;
use crate::text::{Source, path};
use crate::workflow::model::{PipelineKind, RepositoryFiles, Workflow};

/// The names and settings of a justfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JustOutline {
    /// The names that no further recipe may have: those of recipes, aliases and modules, of imported files too.
    pub names: BTreeSet<String>,
    /// Its variables.
    pub variables: BTreeSet<String>,
    /// Whether a POSIX shell, or one that reads its language, runs the lines of recipes.
    pub has_posix_shell: bool,
    /// Whether recipes run in another folder than that of the file.
    pub runs_elsewhere: bool,
    /// What of it cannot be read, so that nobody knows all of its names: a clause.
    pub problem: Option<String>,
}

/// Reads a justfile and those that it imports. `file`: its path from the top of the repository; `files`: the others.
pub fn just_outline(file: &str, source: &Source, files: &RepositoryFiles) -> JustOutline {
    let workflow = Workflow::new(PipelineKind::Just, file);
    let mut reader = JustReader { workflow, files, budget: FILLED, open: Vec::new() };
    let (mut items, mut sources) = (JustItems::default(), Vec::new());
    reader.add_items(file, source, &mut items, &mut sources);
    let place = |number: u32, at: u32| {
        let source = sources.iter().find(|(known, _)| *known == number).map(|(_, source)| source)?;
        Some(format!("{}:{}", source.name(), source.line_column(at).line))
    };
    let unread = items.unread.first().and_then(|(number, at)| Some(format!("{} is no item", place(*number, *at)?)));
    let gap = reader.workflow.gaps.first();
    let gap = gap.and_then(|gap| Some(format!("{}: {}", place(gap.place.file, gap.place.span.start)?, gap.what)));
    let names = items.recipes.iter().map(|recipe| &recipe.name);
    let names = names.chain(items.aliases.iter().map(|(name, _)| name));
    let folder = path::parent(file);
    let shell = items.settings.shell.as_deref().map(|shell| shell_of_shebang(&format!("#!{shell}")));
    JustOutline {
        names: names.chain(items.modules.iter().map(|module| &module.name)).cloned().collect(),
        variables: items.assignments.iter().map(|(name, _)| name.clone()).collect(),
        has_posix_shell: shell.is_none_or(|shell| shell.is_some_and(|shell| shell.dialect.is_parsed())),
        runs_elsewhere: items.settings.folder_from(Some(folder)).as_deref() != Some(folder),
        problem: unread.or(gap),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> JustOutline {
        let file = |name: &str| match name {
            "a.just" => Some("x := 'y'\nshared:\n    echo\n"),
            _ => None,
        };
        just_outline("justfile", &Source::of("justfile", text), &|name| Some(Source::of(name, file(name)?)))
    }

    #[test]
    fn names_are_those_of_all_items() {
        let text = "import 'a.just'\nmod m\nalias t := test\nv := `date`\nunexport P\nset quiet\nset shell := ['bash', '-uc']\ntest *args: (b 'c')\n    echo\n\n[private]\nb x:\n";
        let outline = outline(text);
        assert_eq!(outline.names.iter().map(String::as_str).collect::<Vec<_>>(), ["b", "m", "shared", "t", "test"]);
        assert_eq!(outline.variables.iter().map(String::as_str).collect::<Vec<_>>(), ["v", "x"]);
        assert!(outline.has_posix_shell && !outline.runs_elsewhere);
        assert_eq!(outline.problem, None);
    }

    #[test]
    fn settings_change_how_recipes_run() {
        for shell in ["pwsh", "nu", "python3"] {
            assert!(!outline(&format!("set shell := ['{shell}', '-c']\n")).has_posix_shell, "{shell}");
        }
        assert!(outline("set working-directory := 'x'\n").runs_elsewhere);
        assert!(!outline("set working-directory := '.'\n").runs_elsewhere);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let problem = |text: &str| outline(text).problem.unwrap_or_default();
        assert_eq!(
            problem("a := (\n"),
            "justfile:1: what follows in the justfile has a string or bracket that is not closed"
        );
        assert_eq!(problem("a:\n    b\n\nthis is no item\n"), "justfile:4 is no item");
        assert_eq!(problem("  a\n"), "justfile:1 is no item");
        assert_eq!(problem("import 'b.just'\n"), "justfile:1: `b.just` was not read");
        assert_eq!(problem("import? 'b.just'\n"), "");
    }
}
