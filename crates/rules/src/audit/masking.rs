//! What the results of a run must not show, and the names that they show although a password is the same word.

use crate::build::{Build, Reference, StageBase};
use crate::compose::project::{ComposeMap, ComposePlace, ComposeProject, ComposeValue, loses_part};
use crate::finding::Mask;
use crate::inputs::{ComposeInput, Inputs};
use crate::secret;
use crate::shell::{Invocation, Word};

/// Takes the secret values of a project's services: of their variables, their command lines, their checks and the
/// arguments of their builds.
pub(super) fn add_compose(mask: &mut Mask, compose: &ComposeInput) {
    if let Some(project) = &compose.reading.project {
        add_project(mask, project);
    }
}

/// The secret values of a project, and the names in it.
pub fn project_mask(project: &ComposeProject) -> Mask {
    let mut mask = Mask::default();
    add_project(&mut mask, project);
    if !mask.is_empty() {
        add_project_names(&mut mask, project);
    }
    mask
}

fn add_project(mask: &mut Mask, project: &ComposeProject) {
    let mut hide = |values: Vec<String>| mask.add_all(&values);
    for value in &project.cut_values {
        hide(secret::hidden_of(&value.name, &value.text).into_iter().collect());
    }
    for (_, service) in project.services() {
        let arguments = service.get("build").and_then(|build| build.get("args"));
        for pairs in [service.get("environment"), arguments, service.get("labels")].into_iter().flatten() {
            for (name, entry) in pairs.as_map().into_iter().flat_map(ComposeMap::iter) {
                let Some(value) = entry.value.as_text() else { continue };
                hide(secret::hidden_of(name, value).into_iter().collect());
                hide(secret::hidden_in(value));
                // What is written has more than the value where a part is lost.
                let written = project.text(entry.value.place).unwrap_or_default().trim_matches(['"', '\'']);
                let written = written.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')).unwrap_or(written);
                if written != value && loses_part(name, written, &|_| true) {
                    hide(secret::hidden_of(name, written).into_iter().collect());
                }
                for (variable, default) in project.text(entry.value.place).into_iter().flat_map(secret::defaults) {
                    hide([name, variable].into_iter().filter_map(|name| secret::hidden_of(name, default)).collect());
                }
            }
        }
        let test = service.get("healthcheck").and_then(|check| check.get("test"));
        for words in [service.get("entrypoint"), service.get("command"), test].into_iter().flatten() {
            hide(words.as_text().map(secret::hidden_in).unwrap_or_default());
            let words = words.as_list().unwrap_or_default().iter().filter_map(ComposeValue::as_text);
            // Of a variable without a value an empty word remains.
            let words = words.map(|word| if word.is_empty() { "''" } else { word });
            hide(secret::hidden_in(&words.collect::<Vec<_>>().join(" ")));
        }
    }
}

/// Takes the names of files, services, images and stages.
pub(super) fn add_names(mask: &mut Mask, inputs: &Inputs, builds: &[Build]) {
    if mask.is_empty() {
        return;
    }
    inputs.sources.iter().for_each(|source| mask.add_name(source.name()));
    for build in builds {
        for stage in build.stages() {
            mask.add_name(stage.name.as_deref().unwrap_or_default());
            let copied = build.transfers(stage).iter().flat_map(|transfer| &transfer.sources);
            copied.filter_map(|source| source.text.as_deref()).for_each(|path| mask.add_name(path));
            let destinations = build.transfers(stage).iter().filter_map(|transfer| transfer.destination.as_deref());
            destinations.for_each(|path| mask.add_name(path));
            if let StageBase::Image(reference) = build.root_base(stage) {
                add_image(mask, reference);
            }
            for code in build.instructions(stage).filter_map(|(index, _)| build.code(index)) {
                code.script.invocations().iter().for_each(|invocation| add_command(mask, invocation));
            }
        }
    }
    for project in inputs.composes.iter().filter_map(|compose| compose.reading.project.as_deref()) {
        add_project_names(mask, project);
    }
}

fn add_project_names(mask: &mut Mask, project: &ComposeProject) {
    mask.add_name(project.model.get("name").and_then(ComposeValue::as_text).unwrap_or_default());
    for (_, service) in project.services() {
        let variables = service.get("environment").and_then(ComposeValue::as_map);
        let things = variables.into_iter().flat_map(ComposeMap::iter).filter(|(name, _)| secret::names_thing(name));
        things.filter_map(|(_, entry)| entry.value.as_text()).for_each(|value| mask.add_name(value));
    }
    for kind in ["volumes", "networks", "configs", "secrets"] {
        let resources = project.model.get(kind).and_then(ComposeValue::as_map);
        for (name, entry) in resources.into_iter().flat_map(ComposeMap::iter) {
            mask.add_name(name);
            add_place(mask, project, entry.key);
        }
    }
    let services = project.model.get("services").and_then(ComposeValue::as_map);
    for (name, entry) in services.into_iter().flat_map(ComposeMap::iter) {
        mask.add_name(name);
        add_place(mask, project, entry.key);
        for key in ["image", "container_name", "hostname"] {
            let Some(value) = entry.value.get(key) else { continue };
            add_image(mask, value.as_text().unwrap_or_default());
            add_place(mask, project, value.place);
        }
        for volume in entry.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default() {
            mask.add_name(volume.get("source").and_then(ComposeValue::as_text).unwrap_or_default());
        }
        for key in ["depends_on", "networks", "environment"] {
            let names = entry.value.get(key).and_then(ComposeValue::as_map);
            for (name, entry) in names.into_iter().flat_map(ComposeMap::iter) {
                mask.add_name(name);
                // `NAME=value` is one text.
                if key != "environment" {
                    add_place(mask, project, entry.key);
                }
            }
        }
    }
}

/// The packages that a command installs, and the owner that it sets.
fn add_command(mask: &mut Mask, invocation: &Invocation) {
    if let Some(call) = invocation.package_call() {
        // A URL may hold a password.
        let names = call.packages.iter().map(|package| package.name.text);
        names.filter(|name| !name.contains([':', '@', '='])).for_each(|name| mask.add_name(name));
    }
    if invocation.is("chown") {
        let owner = invocation.args.iter().filter_map(Word::value).find(|word| !word.starts_with('-'));
        mask.add_name(owner.unwrap_or_default());
    }
}

/// An image in all the ways that messages name it.
fn add_image(mask: &mut Mask, image: &str) {
    let reference = Reference::of(image);
    for name in [image, reference.name, reference.short_name(), reference.last_name()] {
        mask.add_name(name);
    }
    if let Some(tag) = reference.tag {
        mask.add_name(&format!("{}:{tag}", reference.short_name()));
        mask.add_name(&format!("{}:{tag}", reference.last_name()));
    }
}

fn add_place(mask: &mut Mask, project: &ComposeProject, place: Option<ComposePlace>) {
    if let Some((place, source)) = place.and_then(|place| Some((place, project.sources.get(place.file.0 as usize)?))) {
        mask.add_name_place(source, place.span);
    }
}
