//! Workflows and composite actions of GitHub ("Workflow syntax for GitHub Actions", "Metadata syntax") ─► the model.

use super::expression::filled;
use super::matrix::Matrix;
use super::model::{
    ActionUse, Event, Job, PipelineKind, RepositoryFiles, Step, StepInput, StepScript, Workflow, WorkflowGap,
    WorkflowProblem,
};
use super::place::{WorkflowPlace, WorkflowText};
use super::script::ScriptText;
use crate::text::{Source, path};
use crate::yaml::{self, NodeKind, YamlNode, YamlTree};

/// Composite actions that are followed one into the other.
const DEEPEST: usize = 4;

/// Steps of one pipeline that are read, those of composite actions among them.
const STEPS: usize = 20_000;

/// Levels of a YAML file of which only the steps are read.
const LEVELS: usize = 8;

/// Jobs and events of one pipeline that are read.
const JOBS: usize = 2_000;

/// The jobs of a workflow, or the one that a composite action is.
pub(super) fn read(file: &str, source: &Source, tree: &YamlTree, files: &RepositoryFiles) -> Option<Workflow> {
    let kind = if tree.root().is_some_and(|root| root.get("runs").is_some()) {
        PipelineKind::Action
    } else {
        PipelineKind::Github
    };
    let mut reader = GithubReader {
        workflow: Workflow { problems: WorkflowProblem::of_yaml(tree), ..Workflow::new(kind, file) },
        files,
        steps: STEPS,
    };
    let Some(root) = tree.root().filter(|root| root.kind() == Some(NodeKind::Mapping)) else {
        return (!reader.workflow.problems.is_empty()).then_some(reader.workflow);
    };
    let at = FileText { number: 0, source };
    if kind == PipelineKind::Action {
        let runs = root.get("runs")?;
        let steps = runs.get("steps")?;
        let mut job = reader.job(&at, "runs", (runs.span(), runs), vec!["runs".to_owned()]);
        reader.add_steps(&at, steps, &Surroundings::default(), &["runs", "steps"], DEEPEST, &mut job.steps);
        reader.workflow.jobs.push(job);
        return Some(reader.workflow);
    }
    reader.workflow.events = root.get("on").map(|on| events(&at, on)).unwrap_or_default();
    let set_later = names_set_later(source.text());
    let variables = variables(&at, root.get("env"), &[]);
    for entry in root.get("jobs").into_iter().flat_map(YamlNode::entries).take(JOBS) {
        let Some(id) = entry.key.text() else { continue };
        let job = reader.whole_job(&at, id, (entry.key.span(), entry.value), (root, &variables, &set_later));
        reader.workflow.jobs.push(job);
    }
    reader.workflow.variables = variables;
    Some(reader.workflow)
}

/// The steps with actions anywhere in a YAML file, as one job: other systems have steps that look like GitHub's.
pub(super) fn read_steps(file: &str, source: &Source, tree: &YamlTree) -> Workflow {
    let mut workflow = Workflow::new(PipelineKind::Action, file);
    let at = FileText { number: 0, source };
    let mut job = Job::new(String::new(), WorkflowPlace::of(crate::text::Span::at(0)));
    for root in tree.documents() {
        add_loose_steps(&at, root, LEVELS, &mut job.steps);
    }
    workflow.jobs.push(job);
    workflow
}

fn add_loose_steps(at: &FileText, node: YamlNode, depth: usize, steps: &mut Vec<Step>) {
    if node.get("uses").and_then(YamlNode::text).is_some() {
        steps.extend((steps.len() < STEPS).then(|| step(at, node, &Surroundings::default(), Vec::new())));
    } else if depth > 0 {
        for below in node.items().chain(node.entries().map(|entry| entry.value)) {
            add_loose_steps(at, below, depth - 1, steps);
        }
    }
}

struct GithubReader<'r> {
    workflow: Workflow,
    files: &'r RepositoryFiles<'r>,
    /// Steps that may still be read.
    steps: usize,
}

/// A file that is read.
struct FileText<'s> {
    number: u32,
    source: &'s Source,
}

impl FileText<'_> {
    fn place(&self, span: crate::text::Span) -> WorkflowPlace {
        WorkflowPlace { file: self.number, span }
    }

    /// A scalar as it is written.
    fn text(&self, node: YamlNode) -> Option<WorkflowText> {
        Some(WorkflowText { text: node.text()?.to_owned(), place: self.place(node.span()) })
    }

    fn script(&self, node: YamlNode) -> Option<ScriptText> {
        let written = self.source.text().get(node.span().range()).unwrap_or_default();
        // An alias stands for a text elsewhere.
        let written = if node.is_alias() { "" } else { written };
        Some(ScriptText::new(node.text()?, written, self.place(node.span())))
    }
}

/// What is known where a step stands.
#[derive(Default)]
struct Surroundings {
    variables: Vec<(String, WorkflowText)>,
    /// The names of variables that steps set while the job runs.
    set_later: Vec<String>,
    /// The inputs of the composite action.
    inputs: Option<Vec<(String, String)>>,
    /// The folder of the composite action.
    action_folder: Option<String>,
    folder: Option<WorkflowText>,
    shell: Option<WorkflowText>,
}

impl Surroundings {
    fn filled(&self, text: &str) -> String {
        if !text.contains("${{") {
            return text.to_owned();
        }
        filled(text, &|name| {
            if let Some(variable) = name.strip_prefix("env.") {
                let value = self.variables.iter().rev().find(|(known, _)| known == variable)?;
                return (!self.set_later.iter().any(|known| known == variable) && !value.1.text.contains("${{"))
                    .then(|| value.1.text.clone());
            }
            if let (Some(input), Some(inputs)) = (name.strip_prefix("inputs."), &self.inputs) {
                let value = inputs.iter().find(|(known, _)| known.eq_ignore_ascii_case(input));
                return Some(value.map(|(_, value)| value.clone()).unwrap_or_default());
            }
            match name {
                "github.workspace" => Some(".".to_owned()),
                "github.action_path" => self.action_folder.clone(),
                _ => None,
            }
        })
    }

    fn fill(&self, mut text: WorkflowText) -> WorkflowText {
        text.text = self.filled(&text.text);
        text
    }
}

impl GithubReader<'_> {
    fn whole_job(
        &mut self,
        at: &FileText,
        id: &str,
        (key, node): (crate::text::Span, YamlNode),
        (root, variables_above, set_later): (YamlNode, &[(String, WorkflowText)], &[String]),
    ) -> Job {
        let mut job = self.job(at, id, (key, node), vec!["jobs".to_owned(), id.to_owned()]);
        job.variables = variables(at, node.get("env"), variables_above);
        let default = |key: &str| {
            let of = |node: YamlNode<'_>| at.text(node.get("defaults")?.get("run")?.get(key)?);
            of(node).or_else(|| of(root))
        };
        let around = Surroundings {
            variables: job.variables.clone(),
            set_later: set_later.to_vec(),
            folder: default("working-directory"),
            shell: default("shell"),
            ..Surroundings::default()
        };
        if let Some(steps) = node.get("steps") {
            self.add_steps(at, steps, &around, &["jobs", id, "steps"], DEEPEST, &mut job.steps);
        }
        job
    }

    fn job(&mut self, at: &FileText, id: &str, (key, node): (crate::text::Span, YamlNode), path: Vec<String>) -> Job {
        let texts = |key: &str| node.get(key).map(|node| texts(at, node)).unwrap_or_default();
        let matrix = Matrix::read(node.get("strategy").and_then(|strategy| strategy.get("matrix")));
        let calls = node.get("uses").and_then(|uses| at.text(uses));
        let mut gap = |what: String| self.workflow.gaps.push(WorkflowGap { place: at.place(key), what });
        if matrix.is_open {
            gap(format!("the matrix of the job `{id}` is not known before it runs, or has more than 256 legs"));
        }
        if let Some(calls) = calls.as_ref().filter(|calls| !calls.text.starts_with("./")) {
            gap(format!("the job `{id}` is a workflow of another repository (`{}`)", calls.text));
        }
        let image = |node: YamlNode<'_>| at.text(node).or_else(|| at.text(node.get("image")?));
        let runs_on = node.get("runs-on");
        let labels = runs_on.and_then(|node| node.get("labels")).or(runs_on);
        Job {
            id: id.to_owned(),
            place: at.place(key),
            path,
            stage: None,
            needs: texts("needs").into_iter().map(|text| text.text).collect(),
            condition: node.get("if").and_then(|node| at.text(node)),
            runners: labels.map(|node| self::texts(at, node)).unwrap_or_default(),
            matrix,
            image: node.get("container").and_then(image),
            services: node
                .get("services")
                .into_iter()
                .flat_map(YamlNode::entries)
                .filter_map(|entry| image(entry.value))
                .collect(),
            variables: Vec::new(),
            keys: node
                .entries()
                .filter_map(|entry| Some((entry.key.text()?.to_owned(), at.place(entry.key.span()))))
                .collect(),
            calls,
            steps: Vec::new(),
            is_partial: false,
            recipe: None,
        }
    }

    fn add_steps(
        &mut self,
        at: &FileText,
        steps: YamlNode,
        around: &Surroundings,
        path: &[&str],
        depth: usize,
        out: &mut Vec<Step>,
    ) {
        for (number, node) in steps.items().enumerate() {
            if self.steps == 0 {
                return;
            }
            self.steps -= 1;
            let path = path.iter().map(|key| (*key).to_owned()).chain([number.to_string()]).collect();
            let step = step(at, node, around, path);
            let local = step.action.as_ref().filter(|action| action.name.starts_with("./")).cloned();
            let inputs: Vec<_> =
                step.inputs.iter().map(|input| (input.name.clone(), input.value.text.clone())).collect();
            out.push(step);
            if let Some(action) = local {
                self.add_action(&action, inputs, around, depth, out);
            }
        }
    }

    /// Adds the steps of a composite action of the same repository.
    fn add_action(
        &mut self,
        action: &ActionUse,
        mut inputs: Vec<(String, String)>,
        around: &Surroundings,
        depth: usize,
        out: &mut Vec<Step>,
    ) {
        let folder = path::normalize(&action.name);
        let mut gap = |what: String| self.workflow.gaps.push(WorkflowGap { place: action.place, what });
        if depth == 0 {
            gap(format!("the action `{}` uses others in {DEEPEST} levels", action.name));
            return;
        }
        let names = ["action.yml", "action.yaml"].map(|name| path::child(&folder, name));
        let Some((file, source)) =
            names.into_iter().find_map(|file| Some(((self.files)(&file)?, file)).map(|(source, file)| (file, source)))
        else {
            gap(format!("the action `{}` was not read", action.name));
            return;
        };
        let tree = yaml::read(source.text());
        let Some(root) = tree.root() else { return };
        let number = self.workflow.files.iter().position(|known| *known == file).unwrap_or_else(|| {
            self.workflow.files.push(file);
            self.workflow.files.len() - 1
        });
        let at = FileText { number: number as u32, source: &source };
        for entry in root.get("inputs").into_iter().flat_map(YamlNode::entries) {
            let Some(name) = entry.key.text() else { continue };
            if inputs.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                continue;
            }
            if let Some(default) = entry.value.get("default").and_then(YamlNode::text) {
                inputs.push((name.to_owned(), default.to_owned()));
            }
        }
        let inner = Surroundings {
            variables: around.variables.clone(),
            set_later: around.set_later.clone(),
            inputs: Some(inputs),
            action_folder: Some(folder),
            ..Surroundings::default()
        };
        if let Some(steps) = root.get("runs").and_then(|runs| runs.get("steps")) {
            self.add_steps(&at, steps, &inner, &["runs", "steps"], depth - 1, out);
        }
    }
}

fn step(at: &FileText, node: YamlNode, around: &Surroundings, path: Vec<String>) -> Step {
    let text = |key: &str| Some(around.fill(at.text(node.get(key)?)?));
    let inputs = node.get("with").into_iter().flat_map(YamlNode::entries);
    let action = node.get("uses").and_then(|uses| {
        let text = at.text(uses)?;
        let (name, version) = text.text.split_once('@').unwrap_or((&text.text, ""));
        Some(ActionUse { name: name.to_owned(), version: version.to_owned(), place: text.place })
    });
    Step {
        place: at.place(node.entries().next().map_or(node.span(), |entry| entry.key.span())),
        path,
        id: node.get("id").and_then(YamlNode::text).map(str::to_owned),
        name: text("name"),
        condition: text("if"),
        inputs: inputs.filter_map(|entry| input(at, entry.key, entry.value, around)).collect(),
        action,
        script: node.get("run").and_then(|run| at.script(run)).map(StepScript::new),
        folder: text("working-directory").or_else(|| around.folder.clone()),
        shell: text("shell").or_else(|| around.shell.clone()),
        variables: variables(at, node.get("env"), &[]),
    }
}

fn input(at: &FileText, key: YamlNode, value: YamlNode, around: &Surroundings) -> Option<StepInput> {
    let script = at.script(value)?;
    let mut start = 0;
    let mut lines = Vec::new();
    for line in script.text.split_inclusive('\n') {
        let text = line.trim();
        let from = (start + line.len() - line.trim_start().len()) as u32;
        start += line.len();
        if !text.is_empty() {
            let span = crate::text::Span::new(from, from + text.len() as u32);
            lines.push(WorkflowText { text: around.filled(text), place: script.place_of(span) });
        }
    }
    Some(StepInput {
        name: key.text()?.to_owned(),
        key: at.place(key.span()),
        value: around.fill(WorkflowText { text: script.text.trim().to_owned(), place: script.place }),
        lines,
        script,
    })
}

/// The texts of a list, or the one that stands there.
fn texts(at: &FileText, node: YamlNode) -> Vec<WorkflowText> {
    match node.text() {
        Some(_) => at.text(node).filter(|text| !text.text.is_empty()).into_iter().collect(),
        None => node.items().filter_map(|item| at.text(item)).collect(),
    }
}

fn events(at: &FileText, on: YamlNode) -> Vec<Event> {
    if on.kind() != Some(NodeKind::Mapping) {
        let named = texts(at, on).into_iter();
        return named.map(|text| Event { name: text.text, place: text.place, filters: Vec::new() }).collect();
    }
    let event = |entry: yaml::YamlEntry| {
        let filters = entry.value.entries().filter(|entry| entry.value.kind() != Some(NodeKind::Mapping));
        let filters = filters.filter_map(|entry| Some((entry.key.text()?.to_owned(), texts(at, entry.value))));
        Some(Event {
            name: entry.key.text()?.to_owned(),
            place: at.place(entry.key.span()),
            filters: filters.collect(),
        })
    };
    on.entries().take(JOBS).filter_map(event).collect()
}

/// Variables over those above.
fn variables(at: &FileText, node: Option<YamlNode>, above: &[(String, WorkflowText)]) -> Vec<(String, WorkflowText)> {
    let mut variables = above.to_vec();
    for entry in node.into_iter().flat_map(YamlNode::entries) {
        let Some((name, text)) = entry.key.text().zip(at.text(entry.value)) else { continue };
        let around = Surroundings { variables: variables.clone(), ..Surroundings::default() };
        variables.push((name.to_owned(), around.fill(text)));
    }
    variables
}

/// The names that scripts write to `$GITHUB_ENV`, so that later steps have another value.
fn names_set_later(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in text.lines().filter(|line| line.contains("GITHUB_ENV")) {
        for (at, _) in line.match_indices('=') {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let name = line[..at].rsplit(|c: char| !is_name(c)).next().unwrap_or_default();
            names.extend((!name.is_empty()).then(|| name.to_owned()));
        }
    }
    names
}
