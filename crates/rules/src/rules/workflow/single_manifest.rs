//! A rule about images for platforms that take a single manifest.

use std::collections::BTreeSet;

use super::runners::has_containerd;
use super::steps::{ImagePush, pushes, verbatim};
use crate::build::{Build, StageBase};
use crate::finding::{Findings, Safety};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::text::Span;
use crate::workflow::{BuildCall, Builder, Step, WorkflowPlace};
use crate::yaml::NewValue;

crate::rules::family! {
    of_workflow
    "index-for-single-manifest" => index_for_single_manifest;
}

/// How references of AWS's images for Lambda begin.
const LAMBDA_BASES: &str = "public.ecr.aws/lambda/";

/// Lambda takes an image of one manifest, and attestations make an index of it.
fn index_for_single_manifest(cx: &WorkflowContext, out: &mut Findings) {
    if !cx.workflow().kind.is_pipeline() {
        return;
    }
    let updates_lambda = cx.steps().any(|(_, step)| is_lambda(step));
    let mut places: BTreeSet<WorkflowPlace> = BTreeSet::new();
    for push in pushes(cx) {
        let Some(call) = push.call.or_else(|| build_of_push(cx, &push)) else { continue };
        let is_single = call.provenance.is_none() && call.platforms.len() <= 1;
        if !is_single || !makes_index(cx, call) || !(updates_lambda || is_of_lambda(cx, call)) {
            continue;
        }
        if !places.insert(call.place) {
            continue;
        }
        let message = "the pushed image is an index, as attestations are on by default: Lambda takes a single manifest";
        let Some(finding) = cx.finding(call.place, message) else { continue };
        let step = cx.step(call);
        let title = "push a single manifest";
        out.push(if call.command.is_none() {
            let change =
                WorkflowChange::Set(step.path_to(&["with", "provenance"]), NewValue::Inline("false".to_owned()));
            cx.fixed(finding.help("write `provenance: false`"), title, Safety::Safe, &[change])
        } else {
            let finding = finding.help("write `--provenance=false`");
            match without_provenance(call, step) {
                Some(change) => cx.fixed(finding, title, Safety::Safe, &[change]),
                None => finding,
            }
        });
    }
}

/// Whether a step gives an image to Lambda.
fn is_lambda(step: &Step) -> bool {
    step.invocations().iter().any(|call| {
        let has = |text: &str| call.args.iter().any(|word| word.text().starts_with(text));
        call.is("aws") && has("lambda") && (has("--image-uri") || has("ImageUri="))
    })
}

/// Whether an image is made for Lambda: it is based on one of its images.
fn is_of_lambda(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let is_base = |base: &StageBase| matches!(base, StageBase::Image(image) if image.starts_with(LAMBDA_BASES));
    let is_shipped = |build: &Build| build.needed_stages().any(|stage| build.ships(stage) && is_base(&stage.base));
    cx.builds_of(call).iter().any(|(_, build)| is_shipped(build))
}

/// Whether a build adds attestations, which make an index of its image: a builder of its own does, and that of an engine with
/// containerd's store.
fn makes_index(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let (job, step) = (cx.job(call), cx.step(call));
    let is_off = |name: &str| job.variable(name).is_some() || step.variables.iter().any(|(known, _)| known == name);
    let has_builder = || job.steps.iter().any(|step| step.uses("docker/setup-buildx-action"));
    let is_attested = match call.builder {
        Builder::Action | Builder::Buildx => has_builder() || has_containerd(cx.workflow(), job),
        Builder::Docker => has_containerd(cx.workflow(), job),
        _ => false,
    };
    is_attested && !is_off("BUILDX_NO_DEFAULT_ATTESTATIONS")
}

/// The build before `docker push` in its job that makes the image.
fn build_of_push<'a>(cx: &WorkflowContext<'a, '_>, push: &ImagePush) -> Option<&'a BuildCall> {
    let is_of_push = |call: &&BuildCall| {
        let mut tags = call.tags.iter().filter(|tag| push.tags.iter().any(|pushed| pushed.text == tag.text));
        call.step <= push.step && tags.next().is_some()
    };
    cx.calls_of_job(push.job).iter().rfind(is_of_push)
}

/// The option of a command that leaves attestations out.
fn without_provenance(call: &BuildCall, step: &Step) -> Option<WorkflowChange<'static>> {
    let script = step.script.as_ref()?;
    let text = script.text.slice(call.command?.range());
    let start = ["docker buildx build", "docker build"].into_iter().find(|start| text.starts_with(start))?;
    let end = call.command?.start + start.len() as u32;
    let place = verbatim(script, Span::new(end - 1, end))?;
    let place = WorkflowPlace { span: Span::at(place.span.end), ..place };
    Some(WorkflowChange::Replace(place, " --provenance=false".to_owned()))
}
