//! What stands for the references of pushed images: the values of variables, and what of them is of a pull request.

use super::steps::{last_part, without_tag};
use crate::rules::WorkflowContext;
use crate::workflow::{Job, Step, StepScript, WorkflowText, expression_names};

/// Values that are others for each pull request, or each run.
const OF_REQUEST: [&str; 5] = ["pull_request", "event.number", "head_ref", "run_id", "github.ref"];

/// The action that makes tags.
const METADATA: &str = "docker/metadata-action";

/// A line of docker/metadata-action that asks for tags of pull requests.
const REQUEST_TAG: &str = "event=pr";

/// Variables of the systems that hold a name without a tag (GitLab docs: Predefined CI/CD variables; GitHub docs: github
/// context).
const TAGLESS: [&str; 4] = ["CI_REGISTRY_IMAGE", "CI_PROJECT_NAME", "CI_PROJECT_PATH", "github.repository"];

/// Where a reference is written: the numbers of its job and step.
pub(super) type ReferencePlace = (usize, usize);

/// Whether a reference is `name`, or `name:latest`; `None` where only a run knows.
pub(super) fn is_latest(reference: &str) -> Option<bool> {
    let last = last_part(reference);
    // What an expression or a variable gives may hold a tag.
    let name = without_tag(reference);
    if last.contains('@') {
        return Some(false);
    }
    match reference.get(name.len() + 1..) {
        Some(tag) if tag.contains('$') => None,
        Some(tag) => Some(tag == "latest"),
        None if variable_of(last).is_some_and(|name| TAGLESS.contains(&name)) => Some(true),
        None if last.contains('$') => None,
        None => Some(true),
    }
}

/// Puts the value of a variable that stands for a whole tag, or for the whole reference, in its place, where it has one value.
pub(super) fn put_constant(cx: &WorkflowContext, place: ReferencePlace, tag: &mut WorkflowText) {
    let name = without_tag(&tag.text).to_owned();
    if let Some(written) = tag.text.get(name.len() + 1..) {
        let value = variable_of(written).and_then(|variable| single_value(cx, place, variable));
        if let Some(value) = value.filter(|value| !value.contains('$')) {
            tag.text = format!("{name}:{value}");
        }
    } else if let Some(value) = variable_of(&tag.text).and_then(|variable| single_value(cx, place, variable))
        && is_latest(&value).is_some()
    {
        tag.text = value;
    }
}

/// The name of the variable that a text is: `$TAG`, `${TAG}`, `${{ env.TAG }}`.
fn variable_of(text: &str) -> Option<&str> {
    let inner = text.trim_matches('"').strip_prefix('$')?;
    let inner = inner.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(inner);
    let inner = inner.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(inner).trim();
    let name = inner.strip_prefix("env.").unwrap_or(inner);
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
    (is_name && !name.is_empty()).then_some(name)
}

/// The value of a variable at a step, where its definition or one line of a script sets it, and nothing else does.
fn single_value(cx: &WorkflowContext, (job, at): ReferencePlace, variable: &str) -> Option<String> {
    let job = cx.workflow().jobs.get(job)?;
    let step = job.steps.get(at)?;
    let of_step = step.variables.iter().rev().find(|(name, _)| name == variable).map(|(_, text)| text);
    let defined = of_step.or_else(|| job.variable(variable));
    let scripts = cx.steps().filter_map(|(_, step)| step.script.as_ref());
    let assigned: Vec<(&StepScript, &str)> =
        scripts.flat_map(|script| assignments(&script.text.text, variable).map(move |line| (script, line))).collect();
    match (defined, &assigned[..]) {
        (Some(defined), []) => Some(defined.text.clone()),
        (None, [(script, line)]) => {
            let is_same = |step: &Step| step.script.as_ref().is_some_and(|known| std::ptr::eq(known, *script));
            let setter = job.steps[..=at].iter().position(is_same)?;
            let is_for_others = line.contains("GITHUB_ENV");
            (is_for_others == (setter < at)).then(|| assigned_value(line, variable)).flatten()
        }
        _ => None,
    }
}

/// The texts that an output of a step is made of, as far as they are written: the lines of its script that set it, the names
/// of images that docker/metadata-action gets, the inputs of another action.
pub(super) fn texts_of_output<'j>(job: &'j Job, id: &str, output: &str) -> Vec<&'j str> {
    let mut texts = Vec::new();
    for step in job.steps.iter().filter(|step| step.id.as_deref() == Some(id)) {
        if let Some(script) = &step.script {
            texts.extend(assignments(&script.text.text, output));
        }
        let is_used = |name: &str| !is_metadata(step) || name.eq_ignore_ascii_case("images");
        let inputs = step.inputs.iter().filter(|input| is_used(&input.name));
        texts.extend(inputs.flat_map(|input| &input.lines).map(|line| line.text.as_str()));
    }
    texts
}

/// Whether a step makes tags of names of images.
pub(super) fn is_metadata(step: &Step) -> bool {
    step.uses(METADATA) || step.uses("crazy-max/ghaction-docker-meta")
}

/// The lines of a script that set a variable.
fn assignments<'s, 'v>(script: &'s str, variable: &'v str) -> impl Iterator<Item = &'s str> + use<'s, 'v> {
    script.lines().filter(move |line| {
        let places = line.match_indices(variable);
        let is_set = |(at, _): (usize, &str)| {
            let is_part = |c: char| c.is_ascii_alphanumeric() || "_$".contains(c);
            line[at + variable.len()..].starts_with('=') && !line[..at].ends_with(is_part)
        };
        places.into_iter().any(is_set)
    })
}

/// The value in `NAME=value`, `export NAME=value` and `echo "NAME=value" >> $GITHUB_ENV`; `None` where a command makes it.
fn assigned_value(line: &str, variable: &str) -> Option<String> {
    let line = line.trim();
    let line = ["export ", "echo "].iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
    let line = line.split(" >>").next()?.split(">>").next()?.trim();
    let value = line.trim_matches(['"', '\'']).strip_prefix(variable)?.strip_prefix('=')?.trim_matches(['"', '\'']);
    let is_plain = !value.is_empty() && !value.contains(['`', ';', '&', '|']) && !value.contains("$(");
    // Expressions have blanks.
    let is_word = !value.contains(' ') || value.contains("${{");
    (is_plain && is_word).then(|| value.to_owned())
}

/// Whether a reference names a pull request or a run: by itself, or through variables and outputs.
pub(super) fn is_of_request(cx: &WorkflowContext, place: ReferencePlace, text: &str) -> bool {
    let has = |text: &str| OF_REQUEST.iter().any(|word| text.contains(word));
    has(text) || texts_behind(cx, place, text).into_iter().any(|text| has(text) || text.contains(REQUEST_TAG))
}

/// The texts that give the variables and outputs in a reference their values.
fn texts_behind<'a>(cx: &WorkflowContext<'a, '_>, (job, at): ReferencePlace, text: &str) -> Vec<&'a str> {
    let jobs = &cx.workflow().jobs;
    let (Some(job), Some(step)) = (jobs.get(job), jobs.get(job).and_then(|job| job.steps.get(at))) else {
        return Vec::new();
    };
    let mut texts = Vec::new();
    let variables = || step.variables.iter().chain(&job.variables);
    let names = expression_names(text);
    let in_shell = text.split('$').skip(1).map(|rest| {
        let rest = rest.trim_start_matches('{');
        rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default()
    });
    let wanted = names.iter().filter_map(|name| name.strip_prefix("env.")).chain(in_shell);
    for name in wanted.filter(|name| !name.is_empty()) {
        texts.extend(variables().filter(|(known, _)| known == name).map(|(_, text)| text.text.as_str()));
        for script in job.steps.iter().filter_map(|step| step.script.as_ref()) {
            texts.extend(assignments(&script.text.text, name));
        }
    }
    for name in &names {
        let mut parts = name.split('.');
        match (parts.next(), parts.next()) {
            (Some("steps"), Some(id)) => {
                for step in job.steps.iter().filter(|step| step.id.as_deref() == Some(id)) {
                    // Conditions in its lines choose tags, and are none.
                    let is_listed = |text: &&str| !step.uses(METADATA) || text.contains(REQUEST_TAG);
                    texts.extend(
                        texts_of(step)
                            .filter(is_listed)
                            .map(|text| if step.uses(METADATA) { REQUEST_TAG } else { text }),
                    );
                }
            }
            (Some("needs"), Some(id)) => {
                let steps = jobs.iter().filter(|job| job.id == id).flat_map(|job| &job.steps);
                texts.extend(steps.filter(|step| step.id.is_some()).flat_map(texts_of));
            }
            _ => {}
        }
    }
    texts
}

/// The script, the inputs and the variables of a step.
pub(super) fn texts_of(step: &Step) -> impl Iterator<Item = &str> {
    let script = step.script.iter().map(|script| script.text.text.as_str());
    let inputs = step.inputs.iter().map(|input| input.value.text.as_str());
    script.chain(inputs).chain(step.variables.iter().map(|(_, text)| text.text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_the_systems_hold_no_tag() {
        for (reference, expected) in [
            ("$CI_REGISTRY_IMAGE", Some(true)),
            ("$CI_REGISTRY/${CI_REGISTRY_IMAGE}", Some(true)),
            ("ghcr.io/${{ github.repository }}", Some(true)),
            ("ghcr.io/${{ github.repository }}:latest", Some(true)),
            ("$IMAGE", None),
            ("$CI_REGISTRY_IMAGE:$TAG", None),
            ("$CI_REGISTRY_IMAGE/web:1", Some(false)),
            ("a/b@sha256:1", Some(false)),
        ] {
            assert_eq!(is_latest(reference), expected, "{reference}");
        }
    }

    #[test]
    fn a_value_is_read_from_its_only_assignment() {
        for (line, expected) in [
            ("echo \"TAG=${{ secrets.REPO }}:latest\" >> $GITHUB_ENV", Some("${{ secrets.REPO }}:latest")),
            ("echo TAG=latest >> \"$GITHUB_ENV\"", Some("latest")),
            ("TAG=latest", Some("latest")),
            ("export TAG='latest'", Some("latest")),
            ("TAG=$(git rev-parse HEAD)", None),
            ("TAG=a; docker push x", None),
            ("TAG=a docker push x", None),
        ] {
            assert_eq!(assigned_value(line, "TAG").as_deref(), expected, "{line}");
        }
        assert_eq!(assignments("MY_TAG=a\nTAG=b\necho $TAG=c\n", "TAG").collect::<Vec<_>>(), ["TAG=b"]);
    }
}
