//! A rule about recipes, targets and scripts of packages that a command starts and that are not there.

use super::checked_out::RepositorySteps;
use super::justfile::with_names;
use crate::finding::{Finding, Findings};
use crate::inputs::WorkflowInput;
use crate::rules::WorkflowContext;
use crate::shell::Word;
use crate::text::path;
use crate::workflow::{Job, PipelineKind, StepCommand, WorkflowText};
use crate::yaml::{self, YamlNode};

crate::rules::family! {
    of_workflow
    "called-recipe-missing" => called_recipe_missing;
}

/// Names that a help has.
const NAMED: usize = 12;

const PACKAGE: &str = "package.json";

/// What runs recipes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runner {
    Just,
    Make,
    Package,
}

/// A recipe that a command starts.
struct CalledRecipe<'s> {
    runner: Runner,
    /// The word that names it.
    word: &'s Word,
    /// The folder where its file is looked for.
    folder: String,
}

/// A recipe, a target or a script of a package that its file lacks.
fn called_recipe_missing(cx: &WorkflowContext, out: &mut Findings) {
    let mut steps = RepositorySteps::new(cx);
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        for (at, step) in job.steps.iter().enumerate() {
            let Some(script) = &step.script else { continue };
            for command in StepCommand::all(step) {
                let Some(called) = CalledRecipe::of(&command) else { continue };
                if !steps.has(number, at) {
                    continue;
                }
                let name = script.text_of(called.word);
                if let Some(finding) = missing_recipe(cx, &called, &name) {
                    out.push(finding);
                }
            }
        }
        if cx.workflow().kind == PipelineKind::Just
            && let Some(finding) = missing_needs(cx, job)
        {
            out.push(finding);
        }
    }
}

impl<'s> CalledRecipe<'s> {
    /// The recipe that a command starts, where its first words say so.
    fn of(command: &StepCommand<'s>) -> Option<Self> {
        let invocation = &command.invocation;
        let args = invocation.args;
        let folder = command.path(".");
        let is_name = |word: &Word| word.value().is_some_and(is_recipe_name);
        match invocation.program? {
            "just" => {
                let word = args.first().filter(|word| is_name(word))?;
                Some(Self { runner: Runner::Just, word, folder: folder? })
            }
            "make" | "gmake" => {
                let (folder, rest) = match args {
                    [option, named, rest @ ..] if option.is("-C") => (command.path(named.value()?)?, rest),
                    _ => (folder?, args),
                };
                let word = rest.first().filter(|word| is_name(word))?;
                Some(Self { runner: Runner::Make, word, folder })
            }
            // `pnpm` and `npm` run scripts alone; `yarn run` and `bun run` start programs of packages, too.
            "npm" | "pnpm" => {
                let [verb, word, rest @ ..] = args else { return None };
                let before_end = rest.iter().take_while(|word| !word.is("--"));
                let is_plain = before_end.into_iter().all(|word| !word.text().starts_with('-'));
                let is_run = verb.is("run") || verb.is("run-script");
                (is_run && is_plain && is_name(word)).then_some(())?;
                Some(Self { runner: Runner::Package, word, folder: folder? })
            }
            _ => None,
        }
    }
}

fn is_recipe_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-:./".contains(&byte);
    !text.is_empty() && !text.starts_with(['-', '.', '/']) && text.bytes().all(is_part)
}

/// A finding about a recipe that its file lacks, where all of that file is known.
fn missing_recipe(cx: &WorkflowContext, called: &CalledRecipe, name: &WorkflowText) -> Option<Finding> {
    let file = match called.runner {
        Runner::Just => nearest(cx, &called.folder, &|file| path::name(file).trim_start_matches('.') == "justfile"),
        Runner::Make => nearest_in(cx, &called.folder, &|file| path::name(file) == "makefile"),
        Runner::Package => nearest(cx, &called.folder, &|file| path::name(file) == PACKAGE),
    }?;
    let names = match called.runner {
        Runner::Just => recipes_of(input_of(cx, &file)?),
        Runner::Make => targets_of(input_of(cx, &file)?),
        Runner::Package => scripts_of(cx, &file),
    }?;
    let is_known = match called.runner {
        Runner::Just => {
            let module = format!("{}::", name.text);
            names.iter().any(|known| *known == name.text || known.starts_with(&module))
        }
        Runner::Make => names.contains(&name.text) || may_be_made(cx, &file, name),
        Runner::Package => {
            let is_default =
                name.text == "start" && cx.repository().has(&path::child(path::parent(&file), "server.js"));
            names.contains(&name.text) || is_default || matches!(&*name.text, "env" | "restart")
        }
    };
    if is_known {
        return None;
    }
    let (what, plural) = match called.runner {
        Runner::Just => ("recipe", "recipes"),
        Runner::Make => ("target", "targets"),
        Runner::Package => ("script", "scripts"),
    };
    let message = format!("`{file}` has no {what} `{}`: the command fails", name.text);
    let finding = cx.finding(name.place, message)?;
    let names: Vec<&str> = names.iter().map(String::as_str).take(NAMED).collect();
    Some(with_names(finding, &format!("the {plural} are"), &names))
}

/// A recipe of a justfile that needs one which is not there.
fn missing_needs(cx: &WorkflowContext, job: &Job) -> Option<Finding> {
    let names = recipes_of(cx.input)?;
    let is_missing = |need: &&String| is_recipe_name(need) && !names.contains(need);
    let need = job.needs.iter().find(is_missing)?;
    // The name in a module has that module before it.
    if job.id.contains(':') || need.contains(':') {
        return None;
    }
    let message =
        format!("`{}` needs the recipe `{need}`, which is not there: just runs no recipe of the file", job.id);
    let finding = cx.finding(job.place, message)?;
    let names: Vec<&str> = names.iter().map(String::as_str).take(NAMED).collect();
    Some(with_names(finding, "the recipes are", &names))
}

/// The file of this kind in a folder, or the nearest above.
fn nearest(cx: &WorkflowContext, folder: &str, is_it: &dyn Fn(&str) -> bool) -> Option<String> {
    let mut folder = folder;
    loop {
        let file = nearest_in(cx, folder, is_it);
        if file.is_some() || folder.is_empty() {
            return file;
        }
        folder = path::parent(folder);
    }
}

/// The only file of this kind in a folder of the repository.
fn nearest_in(cx: &WorkflowContext, folder: &str, is_it: &dyn Fn(&str) -> bool) -> Option<String> {
    let names = ["Makefile", "makefile", "GNUmakefile", "justfile", "Justfile", ".justfile", PACKAGE];
    let files = names.iter().map(|name| path::child(folder, name)).filter(|file| cx.repository().has(file));
    let mut files = files.filter(|file| is_it(&file.to_ascii_lowercase().replace("gnumakefile", "makefile")));
    let first = files.next()?;
    files.next().is_none().then_some(first)
}

fn input_of<'a>(cx: &WorkflowContext<'a, '_>, file: &str) -> Option<&'a WorkflowInput> {
    cx.inputs.workflows.iter().find(|input| input.path == file)
}

/// The names of all recipes of a justfile; `None` where there may be others.
fn recipes_of(input: &WorkflowInput) -> Option<Vec<String>> {
    let workflow = &input.workflow;
    let is_whole = workflow.gaps.is_empty() && workflow.problems.is_empty();
    let has_fallback = input.repository.texts.get(&input.path).is_some_and(|source| source.text().contains("fallback"));
    (is_whole && !has_fallback && !workflow.jobs.is_empty()).then(|| names_of(&workflow.jobs))
}

fn names_of(jobs: &[Job]) -> Vec<String> {
    let aliases = |job: &Job| job.recipe.iter().flat_map(|recipe| recipe.aliases.clone()).collect::<Vec<_>>();
    jobs.iter().flat_map(|job| std::iter::once(job.id.clone()).chain(aliases(job))).collect()
}

/// The targets of a makefile; `None` where a pattern, a variable or another file may add some.
fn targets_of(input: &WorkflowInput) -> Option<Vec<String>> {
    let workflow = &input.workflow;
    let names = names_of(&workflow.jobs);
    let is_open = |name: &String| name.contains(['%', '$', '*', '\\']);
    (workflow.gaps.is_empty() && !names.is_empty() && !names.iter().any(is_open)).then_some(names)
}

/// Whether a target may be there without a rule of its own: it is declared, a file, or made by a rule that make brings.
fn may_be_made(cx: &WorkflowContext, file: &str, name: &WorkflowText) -> bool {
    let repository = cx.repository();
    let folder = path::parent(file);
    let place = path::child(folder, &name.text);
    let begins = format!("{place}.");
    let is_implicit = repository.below(folder).any(|known| known.starts_with(&begins));
    let text = input_of(cx, file).map_or("", |input| cx.inputs.source(input.file).text());
    let is_declared = |line: &str| {
        let is_special = line.starts_with('.') && line.split_whitespace().any(|word| word == name.text);
        is_special || line.contains("$(eval") || line.starts_with("define ") || line.starts_with(".DEFAULT")
    };
    is_implicit || repository.has(&place) || repository.has_folder(&place) || text.lines().any(is_declared)
}

/// The scripts of a package; `None` where its file cannot be read.
fn scripts_of(cx: &WorkflowContext, file: &str) -> Option<Vec<String>> {
    let tree = yaml::read(cx.repository().texts.get(file)?.text());
    if !tree.problems().is_empty() {
        return None;
    }
    let scripts = tree.root()?.get("scripts");
    let entries = scripts.into_iter().flat_map(YamlNode::entries);
    Some(entries.filter_map(|entry| entry.key.text().map(str::to_owned)).collect())
}
