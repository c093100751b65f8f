//! A plan as a compose file of its own.

use super::emission::{Emission, EmittedFile};
use super::example::example_file;
use crate::emit::input::EmitInput;
use crate::emit::plan::{ComposePlan, PlannedService};
use crate::yaml::NewValue;

/// Spaces by which the file indents.
const UNIT: usize = 2;

/// The compose file with what it needs beside it.
pub(in crate::emit) fn emission(input: &EmitInput, plan: ComposePlan) -> Emission {
    let mut files = vec![EmittedFile { path: "compose.yaml".to_owned(), text: compose_text(&plan) }];
    files.extend(files_beside(input, &plan));
    Emission { files, choices: plan.choices, notes: plan.notes, ..Emission::default() }
}

/// What is said where no service was found.
pub(in crate::emit) fn empty_emission(plan: ComposePlan) -> Emission {
    let mut notes = plan.notes;
    notes.push("no Dockerfile here builds a program: there is nothing to write a compose file from".to_owned());
    Emission { notes, ..Emission::default() }
}

/// The files that a compose file needs beside it, as far as they are not there.
pub(in crate::emit) fn files_beside(input: &EmitInput, plan: &ComposePlan) -> Vec<EmittedFile> {
    let needed = plan.files.iter().filter(|(path, _)| input.file(path).is_none()).cloned();
    let all = example_file(input, plan).into_iter().chain(needed);
    all.map(|(path, text)| EmittedFile { path, text }).collect()
}

fn compose_text(plan: &ComposePlan) -> String {
    let mut text = String::from("# `dockopt compose emit --explain` says why each line is here.\nservices:\n");
    for (at, service) in plan.services.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        text.push_str(&service_text(service));
    }
    let empty = |names: &[String]| names.iter().map(|name| (name.clone(), String::new())).collect::<Vec<_>>();
    let with = |pairs: &[(String, String)], key: &str| {
        let value =
            |(name, value): &(String, String)| (name.clone(), format!("{:UNIT$}{:UNIT$}{key}: {value}\n", "", ""));
        pairs.iter().map(value).collect::<Vec<_>>()
    };
    let (networks, volumes) = (empty(&plan.networks), empty(&plan.volumes));
    let (secrets, configs) = (with(&plan.secrets, "environment"), with(&plan.configs, "file"));
    let sections = [("networks", networks), ("volumes", volumes), ("secrets", secrets), ("configs", configs)];
    for (name, entries) in sections.into_iter().filter(|(_, entries)| !entries.is_empty()) {
        text.push_str(&format!("\n{name}:\n"));
        for (key, value) in entries {
            text.push_str(&format!("{:UNIT$}{key}:\n{value}", ""));
        }
    }
    text
}

fn service_text(service: &PlannedService) -> String {
    let mut text = format!("{:UNIT$}{}:\n", "", service.name);
    for key in &service.keys {
        if let Some(comment) = &key.comment {
            text.push_str(&format!("{:width$}# {comment}\n", "", width = 2 * UNIT));
        }
        text.push_str(&format!(
            "{:width$}{}:{}\n",
            "",
            key.name,
            key.value.block(2 * UNIT, UNIT, "\n"),
            width = 2 * UNIT
        ));
    }
    text
}

/// A service as a value.
pub(in crate::emit) fn service_value(service: &PlannedService) -> NewValue {
    NewValue::Mapping(service.keys.iter().map(|key| (key.name.to_owned(), key.value.clone())).collect())
}
