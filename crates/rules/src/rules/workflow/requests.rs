//! Runs for pull requests and merge requests: which conditions let them through, and what they push on GitLab.

use std::collections::BTreeSet;

use super::references::{is_latest, put_constant};
use super::steps::{pushes, without_tag};
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::workflow::{Job, PipelineKind, Step};
use crate::yaml::{self, YamlNode, YamlTree};

/// Variables of GitLab that tell runs for merge requests from others, by the starts of their names.
const QUESTIONS: [&str; 4] = ["CI_COMMIT_", "CI_MERGE_REQUEST", "CI_PIPELINE_SOURCE", "CI_DEFAULT_BRANCH"];

/// Whether a condition of a job or a step of GitHub is true for pull requests, as far as it is a plain one.
pub(super) fn admits_pull_requests(condition: &str) -> bool {
    let text = condition.trim();
    let text = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(text);
    // Of what stands in brackets, nothing is known here.
    if text.replace("()", "").contains('(') {
        return false;
    }
    let is_open = |term: &str| {
        let words: String = term.chars().filter(|c| !c.is_whitespace()).collect();
        let name =
            |operator: &str| words.strip_prefix("github.event_name").and_then(|rest| rest.strip_prefix(operator));
        matches!(&*words, "always()" | "success()" | "!cancelled()" | "true")
            || name("==") == Some("'pull_request'")
            || name("!=").is_some_and(|value| value.starts_with('\'') && value != "'pull_request'")
            || words.starts_with("github.repository==") && !words.contains("github.event.")
            || words.starts_with("github.repository_owner==")
    };
    text.split("||").any(|terms| terms.split("&&").all(is_open))
}

/// A merge request is not merged: a tag that does not name it leads to the image of the default branch otherwise.
pub(super) fn pushed_on_merge_request(cx: &WorkflowContext, out: &mut Findings) {
    let text = cx.source().text();
    let names_requests = ["merge_request", "CI_MERGE_REQUEST"].iter().any(|word| text.contains(word));
    if cx.workflow().kind != PipelineKind::Gitlab || !names_requests {
        return;
    }
    let tree = yaml::read(text);
    let mut steps = BTreeSet::new();
    for mut push in pushes(cx) {
        let place = (push.job, push.step);
        let job = &cx.workflow().jobs[push.job];
        if job.is_partial || push.place.file != 0 || asks(&job.steps[push.step]) || !runs_for_requests(&tree, job) {
            continue;
        }
        push.tags.iter_mut().for_each(|tag| put_constant(cx, place, tag));
        let is_constant = |text: &str| {
            is_latest(text).is_some()
                && !text.contains(['@'])
                && !["CI_COMMIT", "CI_MERGE"].iter().any(|word| without_tag(text).contains(word))
        };
        let Some(tag) = push.tags.iter().find(|tag| is_constant(&tag.text)) else { continue };
        if tag.text.contains("localhost") || !steps.insert(place) {
            continue;
        }
        let name = if without_tag(&tag.text) == tag.text { format!("{}:latest", tag.text) } else { tag.text.clone() };
        let message = format!("the image is pushed for merge requests too: code that is not merged becomes `{name}`");
        let Some(finding) = cx.finding(push.place, message) else { continue };
        out.push(finding.help(
            "push that tag in a job of its own, with the rule `if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH`; a merge request \
             may push `$CI_COMMIT_REF_SLUG` or `$CI_COMMIT_SHA`",
        ));
    }
}

/// Whether a script asks for what it runs.
pub(super) fn asks(step: &Step) -> bool {
    step.script.as_ref().is_some_and(|script| {
        let is_question = |word: &str| {
            QUESTIONS.iter().any(|question| word.starts_with(question))
                && !["CI_COMMIT_SHA", "CI_COMMIT_SHORT_SHA"].iter().any(|name| word.starts_with(name))
        };
        let mut words = script.text.text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        words.any(is_question)
    })
}

/// Whether a job of GitLab runs in pipelines of merge requests. One without rules runs in each pipeline that `workflow:
/// rules` lets through (gitlab-org/gitlab, `entry/processable.rb`); without those, in none of a merge request.
fn runs_for_requests(tree: &YamlTree, job: &Job) -> bool {
    let Some(root) = tree.root() else { return false };
    let of_pipeline = root.get("workflow").and_then(|workflow| workflow.get("rules"));
    if of_pipeline.is_some_and(|rules| !admits_merge_requests(rules)) {
        return false;
    }
    let written = |key: &str| {
        let at = job.key(key).filter(|place| place.file == 0)?.span.start;
        let mut entries = root.entries().flat_map(|entry| entry.value.entries());
        entries.find(|entry| entry.key.span().start == at).map(|entry| entry.value)
    };
    match ["rules", "only", "except", "when"].iter().find(|key| job.key(key).is_some()) {
        Some(&"rules") => written("rules").is_some_and(admits_merge_requests),
        Some(&"only") => {
            let names = |only: YamlNode| {
                only.text() == Some("merge_requests") || only.items().any(|item| item.text() == Some("merge_requests"))
            };
            written("only").is_some_and(names)
        }
        Some(_) => false,
        None => of_pipeline.is_some(),
    }
}

/// Whether rules let pipelines of merge requests through, by themselves and for each merge request.
fn admits_merge_requests(rules: YamlNode) -> bool {
    for rule in rules.items() {
        let when = rule.get("when").and_then(YamlNode::text);
        let is_held = matches!(when, Some("never" | "manual" | "delayed"));
        let Some(condition) = rule.get("if") else { return rule.entries().next().is_some() && !is_held };
        let is_for_requests = condition.text().is_some_and(is_for_merge_requests);
        if is_for_requests || when == Some("never") {
            return is_for_requests && !is_held;
        }
    }
    false
}

/// Whether a condition is true for each merge request.
fn is_for_merge_requests(condition: &str) -> bool {
    condition.split("||").any(|term| {
        let words: String = term.chars().filter(|c| !c.is_whitespace()).collect();
        matches!(
            &*words.replace('\'', "\""),
            "$CI_PIPELINE_SOURCE==\"merge_request_event\"" | "$CI_MERGE_REQUEST_ID" | "$CI_MERGE_REQUEST_IID"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_conditions_tell_whether_pull_requests_pass() {
        for (condition, expected) in [
            ("github.event_name == 'push' || github.event_name == 'pull_request'", true),
            ("${{ github.event_name=='pull_request' || github.ref == 'refs/heads/main' }}", true),
            ("always()", true),
            ("!cancelled() && github.event_name != 'schedule'", true),
            ("github.repository == 'a/b'", true),
            ("github.event_name == 'push'", false),
            ("github.event_name != 'pull_request'", false),
            ("github.event_name == 'pull_request' && github.event.pull_request.merged", false),
            ("x && (a || github.event_name == 'pull_request' || b)", false),
            ("github.ref == 'refs/heads/main'", false),
            ("failure()", false),
            ("", false),
        ] {
            assert_eq!(admits_pull_requests(condition), expected, "{condition}");
        }
    }

    #[test]
    fn rules_tell_whether_merge_requests_pass() {
        for (rules, expected) in [
            ("- if: $CI_COMMIT_BRANCH == \"main\"\n- if: $CI_MERGE_REQUEST_ID\n", true),
            ("- if: $CI_PIPELINE_SOURCE == 'merge_request_event' || $CI_COMMIT_TAG\n", true),
            ("- if: $CI_PIPELINE_SOURCE == \"merge_request_event\"\n  changes: [Dockerfile]\n", true),
            ("- when: always\n", true),
            ("- if: $CI_MERGE_REQUEST_ID\n  when: never\n- when: always\n", false),
            ("- if: $CI_MERGE_REQUEST_ID\n  when: manual\n", false),
            ("- if: $CI_COMMIT_BRANCH != \"main\"\n  when: never\n- when: always\n", false),
            ("- if: $CI_MERGE_REQUEST_ID && $CI_COMMIT_TAG\n", false),
            ("- if: $CI_COMMIT_BRANCH\n", false),
            ("- !reference [.rules, main]\n", false),
            ("[]\n", false),
        ] {
            let tree = yaml::read(rules);
            assert_eq!(tree.root().is_some_and(admits_merge_requests), expected, "{rules}");
        }
    }
}
