//! Rules about commands for a cluster: names, revisions and addresses that it does not know.

use std::collections::BTreeSet;

use super::constants::Constants;
use super::deployment::{has_word, mentions};
use super::flow::{FlowCommand, flows};
use super::rollback::is_of_version;
use crate::data;
use crate::finding::Findings;
use crate::inputs::WorkloadInput;
use crate::rules::WorkflowContext;
use crate::rules::workflow::cache::is_hosted;
use crate::shell::{Flag, Word, arguments};
use crate::sources::patterns;
use crate::text::{listed, path};
use crate::workflow::{Job, PipelineKind, StepScript, WorkflowPlace, expression_names};
use crate::workload::{Platform, Workload};

crate::rules::family! {
    of_workflow
    "cluster-name-outside" => cluster_name_outside;
    "kubectl-context-open" => kubectl_context_open;
    "kubectl-name-missing" => kubectl_name_missing;
    "revision-not-number" => revision_not_number;
}

/// Meanings in `data/source_patterns.tsv`.
const COMMIT: &str = "variable of a pipeline with a commit, a branch or a tag";
const CLIENT: &str = "program that asks a server";
const CLUSTER_NAME: &str = "end of a name that only pods look up";

/// Others there.
const CONTEXT: &str = "chooses the cluster, or asks which it is";
const DEPLOYMENT: &str = "word of a deployment";
const ROLLBACK: &str = "word of a rollback";

/// A deployment or a rollback in whatever cluster is chosen on the machine at the time.
fn kubectl_context_open(cx: &WorkflowContext, out: &mut Findings) {
    // A pipeline has a configuration of its own.
    let is_other = cx.workflow().kind.is_pipeline() || !mentions(cx, &["kubectl", "helm"]);
    if is_other || patterns::shows(cx.source().text(), CONTEXT) {
        return;
    }
    let is_script = cx.workflow().kind == PipelineKind::Script;
    for flow in flows(cx) {
        let name = if is_script { path::name(&cx.input.path) } else { &flow.job.id };
        if ![DEPLOYMENT, ROLLBACK].iter().any(|meaning| has_word(name, meaning)) {
            continue;
        }
        let Some(command) = flow.commands.iter().find(|command| command.host.is_none() && changes_cluster(command))
        else {
            continue;
        };
        let program = command.command.invocation.program.unwrap_or_default();
        let message = format!(
            "`{program}` works in the cluster that is chosen on the machine at the time: another terminal may have chosen another one"
        );
        let Some(finding) = cx.finding(command.script.text.place_of(command.span()), message) else { continue };
        let option = if program == "helm" { "--kube-context" } else { "--context" };
        out.push(finding.help(format!("name it in each call: `{program} {option} production …`")));
        return;
    }
}

/// Whether a command changes what runs in a cluster.
fn changes_cluster(command: &FlowCommand) -> bool {
    let invocation = &command.command.invocation;
    let verb = |program: &str| {
        let (_, operands) = arguments(program, invocation.args);
        let words: Vec<&str> = operands.iter().take(2).filter_map(|word| word.value()).collect();
        words.join(" ")
    };
    if invocation.is("helm") {
        let verb = verb("helm");
        return ["upgrade", "install", "rollback", "uninstall"].iter().any(|known| verb.starts_with(known));
    }
    let verb = if invocation.is("kubectl") { verb("kubectl") } else { String::new() };
    let is_rollout = ["rollout undo", "rollout restart", "set image"].contains(&verb.as_str());
    is_rollout || ["apply", "scale", "delete", "patch", "replace"].iter().any(|known| verb.starts_with(known))
}

/// Something that a call of kubectl names.
struct NamedObject {
    kind: &'static str,
    name: String,
    namespace: Option<String>,
    /// The containers whose images it sets.
    containers: Vec<(String, WorkflowPlace)>,
    place: WorkflowPlace,
}

/// The programs that work with a cluster.
fn is_for_cluster(command: &FlowCommand) -> bool {
    ["kubectl", "oc", "helm"].iter().any(|name| command.command.invocation.is(name))
}

/// A Deployment, or a container of one, that the manifests call otherwise.
fn kubectl_name_missing(cx: &WorkflowContext, out: &mut Findings) {
    let workloads = &cx.inputs.workloads;
    // What other programs write has names that are not known here.
    let is_known = !workloads.files.is_empty() && workloads.templates.is_empty() && !workloads.renames;
    if !is_known || !mentions(cx, &["kubectl"]) {
        return;
    }
    let mut seen: BTreeSet<(&str, String)> = BTreeSet::new();
    for flow in flows(cx) {
        let is_call = |command: &&FlowCommand| command.command.invocation.is("kubectl") && !command.is_asked();
        for command in flow.commands.iter().filter(is_call) {
            let Some(object) = named_object(flow.job, command) else { continue };
            if seen.insert((object.kind, object.name.clone()))
                && let Some(problem) = problem_of(cx, &object)
                && let Some(finding) = cx.finding(problem.place, problem.message)
            {
                out.push(finding.help(problem.help));
            }
        }
    }
}

/// What is wrong with a name.
struct NameProblem {
    place: WorkflowPlace,
    message: String,
    help: String,
}

fn problem_of(cx: &WorkflowContext, object: &NamedObject) -> Option<NameProblem> {
    let files = cx.inputs.workloads.files.iter();
    let of_file = |input| -> Vec<(&WorkloadInput, &Workload)> { workloads_of(input, object.kind) };
    let all: Vec<(&WorkloadInput, &Workload)> = files.flat_map(of_file).collect();
    let kind = object.kind;
    let is_it = |(_, workload): &&(&WorkloadInput, &Workload)| workload.name.as_deref() == Some(&object.name);
    let known: Vec<&Workload> = all.iter().filter(is_it).map(|(_, workload)| *workload).collect();
    if known.is_empty() {
        let (input, other) = all.iter().find(|(_, workload)| is_alike(workload, &object.name))?;
        if all.iter().any(|(_, workload)| workload.name.is_none()) {
            return None;
        }
        let name = other.name.as_deref()?;
        let source = cx.inputs.source(input.file);
        let line = source.line(other.span.start);
        return Some(NameProblem {
            place: object.place,
            message: format!(
                "no manifest has a {kind} `{}`: the one of {}:{line} is `{name}`, and kubectl ends with NotFound",
                object.name,
                source.name()
            ),
            help: format!("write `{name}`, or give the {kind} the name `{}`", object.name),
        });
    }
    let namespaces: Option<BTreeSet<&String>> = known.iter().map(|workload| workload.namespace.as_ref()).collect();
    if let (Some(namespace), Some(namespaces)) = (&object.namespace, namespaces)
        && !namespaces.contains(namespace)
    {
        let names = listed(&namespaces.into_iter().map(String::as_str).collect::<Vec<_>>());
        return Some(NameProblem {
            place: object.place,
            message: format!(
                "the {kind} `{}` is in the namespace {names}, and kubectl looks in `{namespace}`: NotFound",
                object.name
            ),
            help: "name the namespace that the manifest has".to_owned(),
        });
    }
    let has = |workload: &Workload, name: &str| {
        let mut containers = workload.containers.iter().chain(&workload.init_containers);
        containers.any(|container| container.name == name)
    };
    let is_missing = |name: &str| name != "*" && !known.iter().any(|workload| has(workload, name));
    let (name, place) = object.containers.iter().find(|(name, _)| is_missing(name))?;
    let names: BTreeSet<&str> =
        known.iter().flat_map(|workload| &workload.containers).map(|container| container.name.as_str()).collect();
    let names = listed(&names.into_iter().collect::<Vec<_>>());
    Some(NameProblem {
        place: *place,
        message: format!(
            "the {kind} `{}` has no container `{name}`: kubectl sets no image, and ends with an error",
            object.name
        ),
        help: format!("its containers are {names}"),
    })
}

/// The workloads of a kind in a file.
fn workloads_of<'a>(input: &'a WorkloadInput, kind: &str) -> Vec<(&'a WorkloadInput, &'a Workload)> {
    let all = input.content.workloads.iter();
    let of_kind = all.filter(|workload| workload.platform == Platform::Kubernetes && workload.kind == kind);
    of_kind.map(|workload| (input, workload)).collect()
}

/// Whether a name may be meant for a workload: words of it, its container or a label of its pods.
fn is_alike(workload: &Workload, name: &str) -> bool {
    let words = |text: &str| -> BTreeSet<String> { text.split('-').map(str::to_owned).collect() };
    let defined = workload.name.as_deref().map(words).unwrap_or_default();
    let wanted = words(name);
    // `cert-manager-webhook` is no `webhook` of this project.
    wanted.is_subset(&defined)
        || defined.len() > 1 && defined.is_subset(&wanted)
        || workload.containers.iter().any(|container| container.name == name)
        || workload.labels.values().any(|value| value == name)
}

/// What a call names, where that is known.
fn named_object(job: &Job, command: &FlowCommand) -> Option<NamedObject> {
    let script = command.script;
    let constants = Constants::of(job, script);
    let (flags, operands) = arguments("kubectl", command.command.invocation.args);
    let filled = |word: &Word| constants.filled(&script.text_of(word).text);
    let verb = operands.first()?.value()?;
    let skipped = match verb {
        "create" | "run" | "delete" | "expose" => return None,
        "rollout" | "set" => 2,
        _ => 1,
    };
    let [first, rest @ ..] = operands.get(skipped..)? else { return None };
    let text = filled(first)?;
    let (kind, name, rest) = match text.split_once('/') {
        Some((kind, name)) => (kind_of(kind)?, name.to_owned(), rest),
        None => (kind_of(&text)?, filled(rest.first()?)?, &rest[1..]),
    };
    let is_image = verb == "set" && operands.get(1).is_some_and(|word| word.is("image"));
    let container = |word: &&Word| {
        let text = script.text_of(word);
        let (name, _) = text.text.split_once('=')?;
        Some((constants.filled(name)?, text.place))
    };
    let containers = if is_image { rest.iter().filter_map(container).collect() } else { Vec::new() };
    let of_namespace = flags.iter().find(|flag| matches!(&*flag.name, "-n" | "--namespace"));
    let namespace = match of_namespace {
        Some(flag) => Some(constants.filled(&script.value_of(flag)?.text)?),
        None => None,
    };
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    let place = script.text.place_of(first.span);
    (is_name(&name) && !name.is_empty()).then_some(NamedObject { kind, name, namespace, containers, place })
}

/// The kind that kubectl takes a word for: `deploy`, `deployments.apps`.
fn kind_of(word: &str) -> Option<&'static str> {
    let word = word.split('.').next().unwrap_or(word).to_ascii_lowercase();
    let word = match &*word {
        "deploy" => "deployment",
        "sts" => "statefulset",
        "ds" => "daemonset",
        word => word.strip_suffix('s').unwrap_or(word),
    };
    data::WORKLOAD_KINDS.keys().find(|kind| kind.eq_ignore_ascii_case(word))
}

/// A version, a commit or a tag where the cluster wants the number of a rollout.
fn revision_not_number(cx: &WorkflowContext, out: &mut Findings) {
    if !mentions(cx, &["--to-revision", "helm"]) {
        return;
    }
    let mut places: Vec<WorkflowPlace> = Vec::new();
    for flow in flows(cx) {
        for command in &flow.commands {
            let Some((text, place, what)) = revision(command) else { continue };
            let constants = Constants::of(flow.job, command.script);
            let message = match constants.filled(&text) {
                Some(value) if is_word(&value) => format!("{what}, and `{value}` is not a number: the command fails"),
                None if holds_version(flow.job, command.script, &text) => {
                    format!("{what}, and `{text}` holds a version: the command fails")
                }
                _ => continue,
            };
            if places.contains(&place) {
                continue;
            }
            places.push(place);
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help(
                "look the number of the version up (`kubectl rollout history`, `helm history`), or deploy the image of that version again",
            ));
        }
    }
}

/// The revision that a command goes back to, as it is written, and what it should be.
fn revision(command: &FlowCommand) -> Option<(String, WorkflowPlace, &'static str)> {
    let (invocation, script) = (&command.command.invocation, command.script);
    if invocation.is("helm") {
        let (_, operands) = arguments("helm", invocation.args);
        let [verb, _, revision, ..] = operands[..] else { return None };
        let text = script.text_of(revision);
        let what = "`helm rollback` takes the number of a revision";
        return verb.is("rollback").then_some((text.text, text.place, what));
    }
    if !invocation.is("kubectl") {
        return None;
    }
    let (flags, operands) = arguments("kubectl", invocation.args);
    let is_undo = matches!(operands[..], [rollout, undo, ..] if rollout.is("rollout") && undo.is("undo"));
    if !is_undo {
        return None;
    }
    let flag: &Flag = flags.iter().find(|flag| flag.name == "--to-revision")?;
    let text = script.value_of(flag)?;
    Some((text.text, text.place, "`--to-revision` takes the number that the cluster gave a rollout"))
}

/// Whether a text is a word that is not a number.
fn is_word(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    is_plain && !text.is_empty() && !text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is a variable with a version, which somebody gives to the script.
fn holds_version(job: &Job, script: &StepScript, text: &str) -> bool {
    let is_commit = |name: &str| patterns::words(COMMIT).any(|known| known == name);
    let is_version = |name: &str| is_of_version(name) && !name.to_ascii_uppercase().contains("REV");
    let expressions = expression_names(text);
    if !expressions.is_empty() {
        let is_given = |name: &str| name.starts_with("inputs.") || name.starts_with("github.event.inputs.");
        return expressions.iter().any(|name| is_commit(name) || is_given(name) && is_version(name));
    }
    let inner = text.trim_matches(['$', '{', '}', '"', ' ']);
    let name = inner.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    let parameters = job.recipe.iter().flat_map(|recipe| &recipe.parameters);
    let is_parameter = parameters.into_iter().any(|parameter| parameter.name == name);
    let commands = script.commands().commands.iter().filter(|command| command.words.is_empty());
    let assignments = commands.flat_map(|command| &command.assignments);
    let mut values = assignments.filter(|known| &*known.name_text == name).map(|known| known.value.span).peekable();
    let is_argument = |text: &str| {
        let rest = text.trim_start_matches(['"', '$', '{']);
        rest.starts_with(|c: char| c.is_ascii_digit() && c != '0') && text.contains('$')
    };
    let is_given = values.peek().is_some() && values.all(|span| is_argument(script.text.slice(span.range())));
    is_commit(name) || (is_parameter || is_given) && is_version(name)
}

/// A name of the cluster's own DNS that is asked from a machine outside.
fn cluster_name_outside(cx: &WorkflowContext, out: &mut Findings) {
    if !mentions(cx, &[".svc"]) {
        return;
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for flow in flows(cx) {
        // A script that calls kubectl runs where people and pipelines are; a runner of one's own may be a pod.
        let is_outside = match cx.workflow().kind {
            PipelineKind::Github => is_hosted(cx.workflow(), flow.job),
            PipelineKind::Gitlab | PipelineKind::Action => false,
            _ => flow.commands.iter().any(is_for_cluster),
        };
        if !is_outside || is_connected(cx) {
            continue;
        }
        for command in flow.commands.iter().filter(|known| known.host.is_none()) {
            let Some((name, place)) = asked_name(flow.job, command).filter(|(name, _)| seen.insert(name.clone()))
            else {
                continue;
            };
            let message = format!("only pods can look up `{name}`: asked from outside of the cluster, this fails");
            let Some(mut finding) = cx.finding(place, message) else { continue };
            let service = name.split('.').next().unwrap_or_default();
            let mut services = cx.inputs.workloads.files.iter().flat_map(|file| &file.content.services);
            if !cx.inputs.workloads.files.is_empty() && !services.any(|known| known.name == service) {
                finding.notes.push(format!("no manifest has a Service `{service}`"));
            }
            out.push(finding.help(
                "ask in the cluster (`kubectl run check --rm -i --restart=Never --image=curlimages/curl -- -f URL`), through `kubectl port-forward`, or by the public address",
            ));
        }
    }
}

/// Whether something brings the names of the cluster to the machine.
fn is_connected(cx: &WorkflowContext) -> bool {
    let text = cx.source().text();
    ["telepresence", "kubefwd", "mirrord"].iter().any(|program| text.contains(program))
}

/// The host with a name of a cluster that a client asks.
fn asked_name(job: &Job, command: &FlowCommand) -> Option<(String, WorkflowPlace)> {
    let (invocation, script) = (&command.command.invocation, command.script);
    let program = invocation.program.filter(|name| patterns::words(CLIENT).any(|known| known == *name))?;
    let is_inside = ["kubectl", "oc", "docker", "ssh"].iter().any(|name| invocation.is_via(name));
    let has_proxy =
        invocation.args.iter().any(|word| matches!(word.text(), "--resolve" | "--proxy" | "-x" | "--connect-to"));
    if is_inside || has_proxy || program.is_empty() {
        return None;
    }
    let constants = Constants::of(job, script);
    let name = |word: &Word| {
        let text = script.text_of(word).text;
        let text = constants.filled(&text).unwrap_or(text);
        let rest = text.split_once("://").map_or(&*text, |(_, rest)| rest);
        let host = rest.split(['/', ':', '?']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or(host);
        let is_it = patterns::words(CLUSTER_NAME).any(|end| host.ends_with(end) && host.len() > end.len());
        is_it.then(|| (host.to_owned(), script.text.place_of(word.span)))
    };
    // What is sent may hold any address.
    let (_, operands) = arguments(program, invocation.args);
    operands.into_iter().find_map(name)
}
