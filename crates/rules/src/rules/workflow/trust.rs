//! Rules about what pipelines trust with secrets: hosts, actions of others, keys of clouds.

use std::collections::BTreeSet;

use super::references::texts_of;
use crate::data;
use crate::finding::{Finding, Findings};
use crate::rules::WorkflowContext;
use crate::shell::Invocation;
use crate::sources::patterns;
use crate::text::listed;
use crate::workflow::{ActionUse, Job, PipelineKind, Step, WorkflowPlace, expression_names};

crate::rules::family! {
    of_workflow
    "ssh-host-unverified" => ssh_host_unverified;
    "long-lived-cloud-key" => long_lived_cloud_key;
    "secret-for-movable-action" => secret_for_movable_action;
    "token-without-limits" => token_without_limits;
}

/// Meanings in `data/source_patterns.tsv`.
const FINGERPRINT: &str = "action that checks the key of a host only with a fingerprint";
const TRUSTED: &str = "owner of actions that the system itself trusts";
const BRANCH: &str = "name of a branch that is worked on";

/// Names that a message has room for.
const NAMED: usize = 3;

/// A connection to a host that may be another one.
fn ssh_host_unverified(cx: &WorkflowContext, out: &mut Findings) {
    if !matches!(cx.workflow().kind, PipelineKind::Github | PipelineKind::Gitlab) {
        return;
    }
    let mut places: Vec<(WorkflowPlace, String)> = Vec::new();
    for (_, step) in cx.steps() {
        if let Some((action, input)) = action_without_fingerprint(step) {
            places.push((
                action.place,
                format!("write `{input}: …` with that of the key of the host (`ssh-keygen -lf`)"),
            ));
        }
        let Some(script) = step.script.as_ref().filter(|script| script.text.text.contains("StrictHostKeyChecking"))
        else {
            continue;
        };
        let help = "write the key of the host to `~/.ssh/known_hosts` from a variable, and leave the option out";
        let calls = step.invocations();
        let calls = calls.iter().filter(|call| is_unchecked(call));
        places.extend(calls.map(|call| (script.text.place_of(call.span), help.to_owned())));
    }
    let Some((place, help)) = places.first() else { return };
    let more = match places.len() {
        1 => String::new(),
        count => format!(" ({count} connections)"),
    };
    let message = format!(
        "nothing checks the key of the host: another machine at its address gets the commands and their secrets{more}"
    );
    let Some(finding) = cx.finding(*place, message) else { return };
    out.push(finding.help(help.clone()));
}

/// The action of a step that connects to a host without its fingerprint, and the input for that.
fn action_without_fingerprint(step: &Step) -> Option<(&ActionUse, &'static str)> {
    let action = step.action.as_ref()?;
    let input = patterns::of(FINGERPRINT).find(|known| known.text.eq_ignore_ascii_case(&action.name))?.argument;
    step.input(input).is_none().then_some((action, input))
}

/// Whether a command turns the check of the host's key off.
fn is_unchecked(call: &Invocation) -> bool {
    let is_client = matches!(call.program, Some("ssh" | "scp" | "rsync" | "sftp"));
    is_client
        && call
            .args
            .iter()
            .any(|word| word.text().to_ascii_lowercase().replace(' ', "=").contains("stricthostkeychecking=no"))
}

/// A key of a cloud that stays valid.
fn long_lived_cloud_key(cx: &WorkflowContext, out: &mut Findings) {
    for (_, step) in cx.steps() {
        let Some(action) = &step.action else { continue };
        let Some(&[_, input, instead, cloud, ..]) = data::CLOUD_LOGINS.row(&action.name.to_ascii_lowercase()) else {
            continue;
        };
        let Some(key) = step.input(input).filter(|key| key.value.text.contains("secrets.")) else { continue };
        if step.input(instead).is_some() {
            continue;
        }
        let message = format!("the key for {cloud} stays valid: one that leaks works until somebody deletes it");
        let Some(finding) = cx.finding(key.value.place, message) else { continue };
        let help = format!(
            "let GitHub vouch for the run: `permissions: id-token: write`, and `{instead}` in place of the key"
        );
        out.push(finding.help(help));
        return;
    }
}

/// An action of others that gets a secret, and that a tag names.
fn secret_for_movable_action(cx: &WorkflowContext, out: &mut Findings) {
    let mut first: Option<&ActionUse> = None;
    let mut names: BTreeSet<String> = BTreeSet::new();
    for (_, step) in cx.steps() {
        let Some(action) = step.action.as_ref().filter(|action| is_movable(action)) else { continue };
        if texts_of(step).any(reads_secret) {
            first = first.or(Some(action));
            names.insert(action.name.clone());
        }
    }
    let Some(action) = first else { return };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let message = match names[..] {
        [name] => {
            format!("`{name}` gets a secret and is named by a tag: another program gets it when the tag is moved")
        }
        _ => format!(
            "{} get secrets and are named by tags: other programs get them when a tag is moved",
            listed(names.get(..NAMED).unwrap_or(&names))
        ),
    };
    let Some(finding) = cx.finding(action.place, message) else { return };
    out.push(
        finding.help(
            "name the commit of the release (`@…40 digits… # v1.2.3`): Dependabot and Renovate keep it up to date",
        ),
    );
}

/// Whether an action is one of others that a tag names.
fn is_movable(action: &ActionUse) -> bool {
    let name = action.name.to_ascii_lowercase();
    let is_commit = action.version.len() >= 40 && action.version.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_branch = patterns::words(BRANCH).any(|branch| branch == action.version);
    is_of_others(&name) && !action.version.is_empty() && !action.version.contains('$') && !is_commit && !is_branch
}

fn is_of_others(name: &str) -> bool {
    let is_trusted = patterns::words(TRUSTED).any(|owner| name.starts_with(owner));
    name.contains('/') && !is_trusted && !name.starts_with('.') && !name.contains("://")
}

/// Whether a text reads a secret that works outside of the run.
fn reads_secret(text: &str) -> bool {
    expression_names(text).iter().any(|name| name.starts_with("secrets.") && name != "secrets.GITHUB_TOKEN")
}

/// Jobs with actions of others, whose token may do what the repository lets tokens do.
fn token_without_limits(cx: &WorkflowContext, out: &mut Findings) {
    if cx.workflow().kind != PipelineKind::Github || cx.has_key(&["permissions"]) {
        return;
    }
    let uses_others = |job: &Job| {
        let mut actions = job.steps.iter().filter_map(|step| step.action.as_ref());
        actions.any(|action| is_of_others(&action.name.to_ascii_lowercase()))
    };
    let is_open = |job: &&Job| job.key("permissions").is_none() && job.calls.is_none() && uses_others(job);
    let jobs: Vec<&Job> = cx.workflow().jobs.iter().filter(is_open).collect();
    let Some(finding) = finding_of_jobs(cx, &jobs) else { return };
    out.push(finding.help(
        "write `permissions:` with `contents: read` at the top of the file, and give a job more where it needs more",
    ));
}

fn finding_of_jobs(cx: &WorkflowContext, jobs: &[&Job]) -> Option<Finding> {
    let names: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
    let subject = match names[..] {
        [] => return None,
        [name] => format!("the job `{name}` does"),
        _ if names.len() > NAMED => format!("{} jobs do", names.len()),
        _ => format!("the jobs {} do", listed(&names)),
    };
    let message = format!(
        "{subject} not say what the token may do: actions of others may do all that the repository allows, such as push"
    );
    cx.finding(jobs[0].place, message)
}
