//! What each leg of a job builds, to be compared with the others.

use super::references::texts_of_output;
use super::steps::{last_part, without_tag};
use crate::rules::WorkflowContext;
use crate::text::path;
use crate::workflow::{BuildCall, Job, MatrixLeg, WorkflowText, expression_names, text_in_leg};

/// Context, Dockerfile and stage of a leg, and what else makes its layers: platforms, machine, arguments, and texts that name
/// the image.
pub(super) type BuiltLeg = ([String; 3], [String; 4]);

/// What each leg of a job builds by a call; `None` where that is not known.
pub(super) fn legs(cx: &WorkflowContext, call: &BuildCall) -> Option<Vec<BuiltLeg>> {
    let job = cx.job(call);
    let same = |text: &str| vec![text.to_owned(); job.matrix.legs.len().max(1)];
    let texts = |text: &str| if text.contains("matrix.") { job.matrix.texts(text) } else { Some(same(text)) };
    // Where an expression looks a path up, the texts that name the image tell legs apart.
    let single = |text: &Option<WorkflowText>| {
        let text = text.as_ref().map_or("", |text| &text.text);
        let is_looked_up = !job.matrix.is_open && text.contains("[matrix.");
        texts(text).or_else(|| is_looked_up.then(|| same(text)))
    };
    let joined = |texts: Vec<&str>| texts.join("\n");
    let (contexts, files, targets) = (single(&call.context)?, single(&call.file)?, single(&call.target)?);
    let platforms = texts(&joined(call.platforms.iter().map(|text| text.text.as_str()).collect()))?;
    let runners = texts(&joined(job.runners.iter().map(|text| text.text.as_str()).collect()))?;
    let arguments = texts(&joined(call.arguments.iter().filter_map(|argument| argument.value.as_deref()).collect()))?;
    let names = names_of_legs(job, call);
    let leg = |number: usize| {
        let context = path::normalize(contexts.get(number)?);
        let context = if context == "." { String::new() } else { context };
        let file = files.get(number).filter(|file| !file.is_empty());
        let file = file.map_or_else(|| path::child(&context, "Dockerfile"), |file| path::normalize(file));
        let machine = if runners.get(number)?.contains("arm") { "arm" } else { "" };
        let name = names.get(number).cloned().unwrap_or_default();
        let leg = [platforms.get(number)?.clone(), machine.to_owned(), arguments.get(number)?.clone(), name];
        Some(([context, file, targets.get(number)?.clone()], leg))
    };
    (0..contexts.len()).map(leg).collect()
}

/// For each leg, the values of the matrix that choose the image: in the last parts of its names, and in what makes the outputs
/// of steps that its names, its context and its Dockerfile are.
fn names_of_legs(job: &Job, call: &BuildCall) -> Vec<String> {
    let names = call.tags.iter().map(|tag| last_part(without_tag(&tag.text)));
    let paths = [&call.context, &call.file].into_iter().flatten().map(|text| text.text.as_str());
    let mut texts: Vec<String> = names.clone().map(str::to_owned).collect();
    for output in names.chain(paths).flat_map(expression_names) {
        let mut parts = output.split('.');
        let (Some("steps"), Some(id), Some(_), Some(name)) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        texts.extend(texts_of_output(job, id, name).into_iter().map(|text| last_part(text).to_owned()));
    }
    texts.retain(|text| text.contains("matrix."));
    let of_leg = |leg: &MatrixLeg| texts.iter().map(|text| text_in_leg(text, leg)).collect::<Vec<_>>().join("\n");
    job.matrix.legs.iter().map(of_leg).collect()
}
