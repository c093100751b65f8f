//! Which services may be added to a compose file that is there.

use std::collections::BTreeMap;

use crate::compose::project::ComposeValue;
use crate::emit::plan::{ComposePlan, PlannedService, ServiceRole};
use crate::sources::code::words;
use crate::stack::{Stack, StackService};
use crate::text::{Source, path};
use crate::yaml::YamlEditor;

/// The service of the file that is built from the same Dockerfile.
pub(in crate::emit) fn model<'n>(
    plan: &ComposePlan,
    service: &PlannedService,
    names: &'n BTreeMap<String, String>,
) -> Option<&'n str> {
    let is_alike = |known: &&PlannedService| known.dockerfile.is_some() && known.dockerfile == service.dockerfile;
    plan.services.iter().filter(is_alike).find_map(|known| names.get(&known.name)).map(String::as_str)
}

/// Why a service cannot be added to a file: what it would need from others is not known, or something else may already
/// be it.
pub(in crate::emit) fn reason_against(
    source: &Source,
    stack: &Stack,
    (plan, service): (&ComposePlan, &PlannedService),
    names: &BTreeMap<String, String>,
    refused: &BTreeMap<&str, String>,
) -> Option<String> {
    let others = dependencies(service, names);
    let profiled =
        others.iter().filter_map(|(name, _)| stack.service(name)).find(|target| !target.profiles().is_empty());
    if let Some(target) = profiled {
        return Some(format!("it would wait for `{}`, which only a profile starts", target.name));
    }
    if service.role == ServiceRole::Backend {
        return reason_against_backend(stack, (plan, service), names, refused);
    }
    let Some(model) = model(plan, service, names) else {
        return reason_against_new(stack, service);
    };
    let editor = YamlEditor::new(source);
    if ["<<", "extends"].iter().any(|key| editor.has(&["services", model, key])) {
        return Some("what it would need comes from a merge key or `extends`".to_owned());
    }
    let known = stack.service(model)?;
    let home = known.place?.file;
    if known.value.holds_place(&|place| place.file != home) {
        return Some(format!("`{model}`, whose variables it would need, stands in several files"));
    }
    let has_variables = known.value.get("environment").is_some() || known.value.get("env_file").is_some();
    (!has_variables).then(|| format!("the variables of `{model}`, which it would need, are set elsewhere"))
}

/// Why a program that no service of the file builds is not added.
fn reason_against_new(stack: &Stack, service: &PlannedService) -> Option<String> {
    if service.role != ServiceRole::Application {
        return Some("no service of the file is built from its folder".to_owned());
    }
    if let Some(output) = &service.output {
        return Some(format!("its image cannot be built before another build writes `{output}`"));
    }
    if let Some(why) = reason_by_image(stack, service) {
        return Some(why);
    }
    let published = |known: &StackService| -> Vec<String> {
        let ports = known.value.get("ports").and_then(ComposeValue::as_list).unwrap_or_default();
        ports.iter().filter_map(|port| port.get("published").map(ComposeValue::display)).collect()
    };
    let wanted = service.key("ports").map(|key| format!("{:?}", key.value)).unwrap_or_default();
    let clash =
        stack.services.iter().find(|known| published(known).iter().any(|port| wanted.contains(&format!("{port}:"))));
    clash.map(|clash| format!("`{}` publishes its port", clash.name))
}

/// Why a program may be there already: a service runs an image that nobody here knows, most likely the one with its name.
fn reason_by_image(stack: &Stack, service: &PlannedService) -> Option<String> {
    let image = |known: &StackService| known.value.get("image").map(ComposeValue::display).unwrap_or_default();
    let unknown = || stack.services.iter().filter(|known| !known.is_built && known.known.is_none());
    let folder = service.context.as_deref().map(path::name).unwrap_or_default();
    let has_word = |text: &str, name: &str| !name.is_empty() && words(text, name).next().is_some();
    let is_like = |known: &StackService, name: &str| has_word(known.name, name) || has_word(&image(known), name);
    let named = |name: &str| unknown().find(|known| is_like(known, name));
    if let Some(known) = named(&service.name).or_else(|| named(folder)) {
        let image = image(known);
        return Some(format!(
            "`{}` runs the image `{image}`, which may have been built from its Dockerfile",
            known.name
        ));
    }
    let first = unknown().next()?;
    let image = image(first);
    Some(match unknown().count() {
        1 => format!("`{}` runs the image `{image}`, and nothing shows what that was built from", first.name),
        count => format!(
            "{count} services run images of which nothing shows what they were built from, such as `{image}` of `{}`",
            first.name
        ),
    })
}

/// Why a server is not added: no service of the file is led to it.
fn reason_against_backend(
    stack: &Stack,
    (plan, backend): (&ComposePlan, &PlannedService),
    names: &BTreeMap<String, String>,
    refused: &BTreeMap<&str, String>,
) -> Option<String> {
    let needs = |service: &&PlannedService| service.dependencies.iter().any(|(name, _)| *name == backend.name);
    let is_led = |service: &PlannedService| match names.get(&service.name) {
        Some(name) => stack.service(name).is_some_and(|known| names_host(known, &backend.name)),
        None => !refused.contains_key(service.name.as_str()),
    };
    let users: Vec<&PlannedService> = plan.services.iter().filter(needs).collect();
    if users.iter().any(|service| is_led(service)) {
        return None;
    }
    let user = users.iter().find_map(|service| names.get(&service.name));
    Some(match user {
        Some(user) => format!("no variable of `{user}` leads to it"),
        None => "no service of the file needs it".to_owned(),
    })
}

/// Whether a variable of a service has the name of another one.
fn names_host(service: &StackService, host: &str) -> bool {
    let Some(environment) = service.value.get("environment").and_then(ComposeValue::as_map) else { return false };
    environment.iter().any(|(_, entry)| words(&entry.value.display(), host).next().is_some())
}

/// What a planned service waits for, by the names of the file.
pub(in crate::emit) fn dependencies(
    planned: &PlannedService,
    names: &BTreeMap<String, String>,
) -> Vec<(String, &'static str)> {
    planned.dependencies.iter().map(|(name, known)| (names.get(name).unwrap_or(name).clone(), *known)).collect()
}
