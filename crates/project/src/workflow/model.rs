//! What a pipeline is: jobs with steps, each text with its place. Written down by the readers of the systems; decides nothing.

use std::sync::OnceLock;

use super::command_variables::with_commands;
use super::matrix::Matrix;
use super::place::{WorkflowPlace, WorkflowText};
use super::script::ScriptText;
use crate::shell::{self, Flag, Word};
use crate::text::{Source, path};
use crate::yaml::YamlTree;

/// The texts of a repository, by their paths from its top.
pub type RepositoryFiles<'f> = dyn Fn(&str) -> Option<Source> + 'f;

/// The system that runs a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PipelineKind {
    /// A workflow of GitHub.
    Github,
    /// A composite action of GitHub.
    Action,
    /// A pipeline of GitLab.
    Gitlab,
    /// A justfile.
    Just,
    /// A makefile.
    Make,
    /// A shell script.
    Script,
}

impl PipelineKind {
    /// Whether a machine starts it that is new each time, as the hosted runners of GitHub and GitLab are.
    pub fn is_pipeline(self) -> bool {
        matches!(self, Self::Github | Self::Action | Self::Gitlab)
    }
}

/// A pipeline as read.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// What runs it.
    pub kind: PipelineKind,
    /// Paths of the files that it is read from, as seen from the top of the repository, its own first.
    pub files: Vec<String>,
    /// What starts it; empty where the system has no such list.
    pub events: Vec<Event>,
    /// Its variables.
    pub variables: Vec<(String, WorkflowText)>,
    /// Its jobs, in order.
    pub jobs: Vec<Job>,
    /// What of it is not known, so that nothing is said of it.
    pub gaps: Vec<WorkflowGap>,
    /// What is wrong with its text.
    pub problems: Vec<WorkflowProblem>,
}

impl Workflow {
    /// A pipeline of which nothing is known but its file.
    pub fn new(kind: PipelineKind, file: &str) -> Self {
        Self {
            kind,
            files: vec![file.to_owned()],
            events: Vec::new(),
            variables: Vec::new(),
            jobs: Vec::new(),
            gaps: Vec::new(),
            problems: Vec::new(),
        }
    }
}

/// Something that is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkflowGap {
    /// Where it is written.
    pub place: WorkflowPlace,
    /// What, in one clause: `the matrix of the job "build" comes from an expression`.
    pub what: String,
}

/// Something wrong, in one sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowProblem {
    /// Where.
    pub place: WorkflowPlace,
    /// What is wrong.
    pub message: String,
}

impl WorkflowProblem {
    /// What is wrong with the pipeline's own file as YAML.
    pub(super) fn of_yaml(tree: &YamlTree) -> Vec<Self> {
        let problem = |problem: &crate::yaml::YamlProblem| Self {
            place: WorkflowPlace::of(problem.span),
            message: problem.message.clone(),
        };
        tree.problems().iter().map(problem).collect()
    }
}

/// What starts a workflow: `push`, `pull_request`, `schedule`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Where the name is written.
    pub place: WorkflowPlace,
    /// The lists under it, such as `branches`, `tags` and `paths`, by their keys.
    pub filters: Vec<(String, Vec<WorkflowText>)>,
}

impl Event {
    /// A list under it; `None` where it is not written.
    pub fn filter(&self, key: &str) -> Option<&[WorkflowText]> {
        self.filters.iter().find(|(known, _)| known == key).map(|(_, texts)| &texts[..])
    }
}

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name in the file.
    pub id: String,
    /// Where that is written.
    pub place: WorkflowPlace,
    /// The keys that lead to it from the top of its file.
    pub path: Vec<String>,
    /// The stage that it belongs to, where the system has stages.
    pub stage: Option<WorkflowText>,
    /// The jobs that it waits for.
    pub needs: Vec<String>,
    /// When it runs.
    pub condition: Option<WorkflowText>,
    /// The labels of the machine that it runs on; empty where they are not known.
    pub runners: Vec<WorkflowText>,
    /// Its legs.
    pub matrix: Matrix,
    /// The image that it runs in.
    pub image: Option<WorkflowText>,
    /// The images of the services beside it.
    pub services: Vec<WorkflowText>,
    /// Its variables, those of the pipeline among them, which it may replace.
    pub variables: Vec<(String, WorkflowText)>,
    /// The keys of its mapping with their places.
    pub keys: Vec<(String, WorkflowPlace)>,
    /// The workflow that does its work elsewhere.
    pub calls: Option<WorkflowText>,
    /// What it does, in order.
    pub steps: Vec<Step>,
    /// Whether a part of it may stand in a file that was not read: a key that it lacks, or a step.
    pub is_partial: bool,
    /// What it has as a recipe of a justfile or a makefile.
    pub recipe: Option<Recipe>,
}

/// What a recipe of a justfile or a makefile has beyond its commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// Its parameters.
    pub parameters: Vec<RecipeParameter>,
    /// The comment that belongs to it, lines with their ends.
    pub comment: String,
    /// Its attributes: `private`, `confirm`.
    pub attributes: Vec<String>,
    /// Other names of it.
    pub aliases: Vec<String>,
}

/// A parameter of a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeParameter {
    /// Its name.
    pub name: String,
    /// Where that is written.
    pub place: WorkflowPlace,
    /// Whether the recipe may use it.
    pub is_used: bool,
}

impl Job {
    /// A job of which nothing is known but its name.
    pub fn new(id: String, place: WorkflowPlace) -> Self {
        Self {
            id,
            place,
            path: Vec::new(),
            needs: Vec::new(),
            condition: None,
            runners: Vec::new(),
            matrix: Matrix::default(),
            image: None,
            services: Vec::new(),
            variables: Vec::new(),
            keys: Vec::new(),
            calls: None,
            steps: Vec::new(),
            stage: None,
            is_partial: false,
            recipe: None,
        }
    }

    /// Where a key of it is written.
    pub fn key(&self, name: &str) -> Option<WorkflowPlace> {
        self.keys.iter().find(|(known, _)| known == name).map(|(_, place)| *place)
    }

    /// The value of one of its variables.
    pub fn variable(&self, name: &str) -> Option<&WorkflowText> {
        self.variables.iter().rev().find(|(known, _)| known == name).map(|(_, text)| text)
    }
}

/// A step: an action with its inputs, or a script.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it is written.
    pub place: WorkflowPlace,
    /// The keys that lead to it from the top of its file, the numbers of lists among them.
    pub path: Vec<String>,
    /// What others call it; in a pipeline of GitLab the key of the job that it stands under.
    pub id: Option<String>,
    /// What people read.
    pub name: Option<WorkflowText>,
    /// When it runs.
    pub condition: Option<WorkflowText>,
    /// The action that does its work.
    pub action: Option<ActionUse>,
    /// The inputs of the action.
    pub inputs: Vec<StepInput>,
    /// The commands that it runs.
    pub script: Option<StepScript>,
    /// The folder that it runs in, as seen from the top of the repository; `None` for that.
    pub folder: Option<WorkflowText>,
    /// The shell that runs the commands, where one is named.
    pub shell: Option<WorkflowText>,
    /// Its own variables.
    pub variables: Vec<(String, WorkflowText)>,
}

impl Step {
    /// A step that runs commands.
    pub fn of_script(place: WorkflowPlace, script: ScriptText) -> Self {
        Self {
            place,
            path: Vec::new(),
            id: None,
            name: None,
            condition: None,
            action: None,
            inputs: Vec::new(),
            script: Some(StepScript::new(script)),
            folder: None,
            shell: None,
            variables: Vec::new(),
        }
    }

    /// An input of its action that is not empty.
    pub fn input(&self, name: &str) -> Option<&StepInput> {
        self.inputs.iter().find(|input| input.name.eq_ignore_ascii_case(name) && !input.value.text.is_empty())
    }

    /// Whether an action of this name does its work: `docker/login-action`.
    pub fn uses(&self, action: &str) -> bool {
        self.action.as_ref().is_some_and(|known| known.name.eq_ignore_ascii_case(action))
    }

    /// Whether a shell runs the commands that reads them as [`shell::parse`] does.
    pub(super) fn is_posix(&self) -> bool {
        let shell = self.shell.as_ref().map_or("bash", |shell| shell.text.split_whitespace().next().unwrap_or("bash"));
        matches!(path::name(shell), "bash" | "sh" | "dash" | "zsh" | "ash")
    }

    /// The programs that its script runs; empty where a shell reads it that is not known here.
    pub fn invocations(&self) -> Vec<shell::Invocation<'_>> {
        match &self.script {
            Some(script) if self.is_posix() => script.commands().invocations(),
            _ => Vec::new(),
        }
    }

    /// The keys that lead to it, and one below.
    pub fn path_to<'s>(&'s self, below: &[&'s str]) -> Vec<&'s str> {
        self.path.iter().map(String::as_str).chain(below.iter().copied()).collect()
    }
}

/// An input of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepInput {
    /// Its name as written.
    pub name: String,
    /// Where that is written.
    pub key: WorkflowPlace,
    /// Its value without white space around.
    pub value: WorkflowText,
    /// The lines of its value that are not blank.
    pub lines: Vec<WorkflowText>,
    /// Its value as a script.
    pub script: ScriptText,
}

/// An action that a step uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionUse {
    /// Its repository, with the folder in it: `docker/build-push-action`.
    pub name: String,
    /// What stands behind `@`: a tag, a branch, a commit; empty for one of the same repository.
    pub version: String,
    /// Where it is written.
    pub place: WorkflowPlace,
}

impl ActionUse {
    /// The first number of its version (`v6.2` is 6); `None` for commits and branches.
    pub fn major(&self) -> Option<u32> {
        let version = self.version.strip_prefix(['v', 'V']).unwrap_or(&self.version);
        let is_commit = version.len() == 40 && version.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_commit { None } else { version.split('.').next()?.parse().ok() }
    }
}

/// The commands of a step.
#[derive(Clone, Debug)]
pub struct StepScript {
    /// Their text, and where it is written.
    pub text: ScriptText,
    /// The folder of the file that it is, as seen from the top of the repository; `None` where it stands in another file.
    pub file_folder: Option<String>,
    parsed: OnceLock<shell::Script>,
}

impl StepScript {
    /// A script; variables that hold the command of Docker are read as what they hold.
    pub fn new(text: ScriptText) -> Self {
        Self { text: with_commands(text), file_folder: None, parsed: OnceLock::new() }
    }

    /// The commands as a POSIX shell reads them; expressions of the system are variables in it.
    pub fn commands(&self) -> &shell::Script {
        self.parsed.get_or_init(|| shell::parse(self.text.for_shell()))
    }

    /// A word of it, expressions as they are written.
    pub fn text_of(&self, word: &Word) -> WorkflowText {
        let text = if word.is_dynamic() {
            self.text.slice(word.span.range()).trim_matches(['"', '\'']).to_owned()
        } else {
            word.text().to_owned()
        };
        WorkflowText { text, place: self.text.place_of(word.span) }
    }

    /// The value of an option of it, expressions as they are written.
    pub fn value_of(&self, flag: &Flag) -> Option<WorkflowText> {
        let value = flag.value.as_ref()?;
        let text = if value.dynamic {
            self.text.slice(value.span.range()).trim_matches(['"', '\'']).to_owned()
        } else {
            value.text.to_owned()
        };
        Some(WorkflowText { text, place: self.text.place_of(value.span) })
    }

    /// What an option that is on or off says.
    pub(super) fn is_on(&self, flag: &Flag) -> Option<bool> {
        self.value_of(flag).map_or(Some(true), |value| value.as_bool())
    }
}
