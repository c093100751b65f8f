//! What each leg of a job builds, to be compared with the others.

use std::collections::BTreeMap;

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

/// The names of the matrix that tell the legs apart as well as these do, and have shorter values: where some of them are paths
/// of contexts and Dockerfiles, a name with plain values that differ where the paths do, else the first path that says the
/// others.
pub(super) fn short_names(job: &Job, call: &BuildCall, names: Vec<String>) -> Vec<String> {
    let legs = &job.matrix.legs;
    let values = |name: &String| -> Option<Vec<&str>> {
        legs.iter().map(|leg| leg.get(name.strip_prefix("matrix.")?).map(String::as_str)).collect()
    };
    let of_paths = [&call.context, &call.file].into_iter().flatten().flat_map(|text| expression_names(&text.text));
    let of_paths: Vec<String> = of_paths.collect();
    let is_path = |name: &String| {
        of_paths.contains(name) && values(name).is_some_and(|values| values.iter().any(|value| value.contains('/')))
    };
    let (paths, mut others): (Vec<String>, Vec<String>) = names.into_iter().partition(is_path);
    let columns: Option<Vec<Vec<&str>>> = paths.iter().map(values).collect();
    let Some(columns) = columns.filter(|columns| !columns.is_empty()) else {
        others.extend(paths);
        return others;
    };
    let wanted = groups((0..legs.len()).map(|number| columns.iter().map(|column| column[number]).collect::<Vec<_>>()));
    let is_plain = |value: &&str| value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let has_same_groups = |name: &String| values(name).is_some_and(|values| groups(values) == wanted);
    let is_short = |name: &String| values(name).is_some_and(|values| values.iter().all(is_plain));
    let is_of_tags = |name: &String| call.tags.iter().any(|tag| expression_names(&tag.text).contains(name));
    let known: Vec<String> = legs.iter().flat_map(MatrixLeg::keys).map(|key| format!("matrix.{key}")).collect();
    let short = known.into_iter().filter(|name| has_same_groups(name) && is_short(name));
    let single = || paths.iter().find(|name| has_same_groups(name)).cloned();
    match short.min_by_key(|name| (!is_of_tags(name), name.clone())).or_else(single) {
        Some(name) if !others.contains(&name) => others.push(name),
        Some(_) => {}
        None => others.extend(paths),
    }
    others
}

/// For each value the number of the first that equals it.
fn groups<T: Ord>(values: impl IntoIterator<Item = T>) -> Vec<usize> {
    let mut first = BTreeMap::new();
    values.into_iter().enumerate().map(|(number, value)| *first.entry(value).or_insert(number)).collect()
}
