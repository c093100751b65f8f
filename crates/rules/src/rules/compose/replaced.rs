//! Which services of a compose file a deployment replaces, and which of them take turns.

use std::collections::BTreeSet;

use super::undeclared::is_own_code;
use crate::build::{Build, Reference};
use crate::compose::is_on_demand;
use crate::compose::project::ComposeValue;
use crate::data;
use crate::dockerfile::Keyword;
use crate::inputs::{ComposeInput, ProxyConfiguration};
use crate::rules::ComposeContext;
use crate::rules::base::bases::is_public;
use crate::stack::{Stack, StackService, fixed_addresses, known_service, proxied_hosts, reached_hosts};
use crate::text::path;

/// The services of a compose file whose containers a deployment replaces: those of the project's own programs that do not end
/// by themselves.
pub fn replaced_services<'a>(
    input: &'a ComposeInput,
    stack: &'a Stack<'a>,
) -> impl Iterator<Item = &'a StackService<'a>> {
    stack.services.iter().filter(move |service| {
        let is_proxy = input.proxies.get(service.name).is_some_and(|files| !files.is_empty());
        let is_proxy = is_proxy && !holds_program(input, service) || is_named_proxy(service);
        // Without either it adds to a service of another file.
        let is_whole = service.is_built || service.value.get("image").is_some();
        let is_left_out = service.is_job || is_proxy || is_backend(service) || is_companion(service);
        is_own_code(service)
            && is_whole
            && !is_left_out
            && (input.compose_use.deployer.is_some() || !service.is_for_developers())
            && !is_of_others(input, stack, service)
            && (!is_on_demand(service.value) || is_passed_to(input, service.name))
    })
}

pub(super) fn replaced<'a>(cx: &ComposeContext<'a>) -> impl Iterator<Item = &'a StackService<'a>> + use<'a> {
    replaced_services(cx.input, cx.stack())
}

/// Whether the image of a proxy holds what it passes requests to: `fastcgi_pass 127.0.0.1:9000`.
fn holds_program(input: &ComposeInput, service: &StackService) -> bool {
    let is_itself = |host: &str| ["127.0.0.1", "localhost", "unix"].contains(&host);
    let passes = |known: &ProxyConfiguration| {
        proxied_hosts(known.proxy, &known.source, None).iter().any(|evidence| is_itself(evidence.host))
    };
    let files = input.proxies.get(service.name).map(Vec::as_slice).unwrap_or_default();
    service.is_built && service.text("network_mode").is_none() && files.iter().any(passes)
}

/// Whether a service is called after a proxy, and its image is one to which no program is copied from another stage: its
/// configuration may be made when it starts.
fn is_named_proxy(service: &StackService) -> bool {
    let names = service.name.split(['-', '_', '.']);
    let is_called_so = names.into_iter().any(|word| data::PROXY_IMAGES.contains(word));
    is_called_so
        && service.image.as_ref().is_none_or(|input| {
            let build = Build::new(input);
            build.stages().len() == 1 && service.base_name().is_some_and(|base| is_proxy_image(&base))
        })
}

fn is_proxy_image(image: &str) -> bool {
    data::PROXY_IMAGES.contains(path::name(Reference::of(image).short_name()))
}

/// Whether a service is a server of others that keeps data, also one whose image is built with settings of the project.
fn is_backend(service: &StackService) -> bool {
    let is_configured = || {
        if !service.is_built {
            return None;
        }
        let build = Build::new(service.image.as_ref()?);
        let [stage] = build.stages() else { return None };
        let starts = build
            .instructions(stage)
            .any(|(_, instruction)| matches!(instruction.keyword, Keyword::Cmd | Keyword::Entrypoint));
        if starts {
            return None;
        }
        known_service(&service.base_name()?).map(|known| known.is_backend())
    };
    service.known.is_some_and(|known| known.is_backend()) || is_configured().unwrap_or_default()
}

/// Whether a service runs a program of others that serves those of the project (`data/companion_images.tsv`).
fn is_companion(service: &StackService) -> bool {
    let (Some(image), false) = (service.image_name(), service.is_built) else { return false };
    let name = path::name(Reference::of(image).short_name());
    let fits = |pattern: &str| match pattern.strip_prefix('*') {
        Some(end) => name.ends_with(end),
        None => name == pattern,
    };
    data::COMPANION_IMAGES.rows().any(|row| fits(row[0]))
}

/// Whether a service runs an image of Docker Hub that nothing in the repository builds, and no proxy passes requests to it.
fn is_of_others(input: &ComposeInput, stack: &Stack, service: &StackService) -> bool {
    let Some(image) = service.image_name() else { return false };
    // A first part with a dot or a port is a registry.
    let is_of_hub = !image.split('/').next().is_some_and(|first| image.contains('/') && first.contains(['.', ':']));
    is_of_hub
        && is_public(image)
        && !is_built_beside(stack, image)
        && !input.compose_use.builds_image(Reference::of(image).short_name())
        && !is_passed_to(input, service.name)
}

/// Whether another service of the project is built, and its image is called so.
fn is_built_beside(stack: &Stack, image: &str) -> bool {
    let name = Reference::of(image).short_name();
    let is_it = |other: &StackService| {
        other.is_built && other.text("image").is_some_and(|built| Reference::of(built).short_name() == name)
    };
    stack.services.iter().any(is_it)
}

/// Whether a proxy of the project passes requests to a service.
pub(super) fn is_passed_to(input: &ComposeInput, service: &str) -> bool {
    !passing_proxies(input, service).is_empty()
}

/// The proxies that pass requests to a service, by their names.
pub(super) fn passing_proxies<'i>(input: &'i ComposeInput, service: &str) -> Vec<&'i str> {
    let passes = |(proxy, files): &(&String, &Vec<ProxyConfiguration>)| {
        proxy.as_str() != service && reached_hosts(files).contains(service)
    };
    input.proxies.iter().filter(passes).map(|(proxy, _)| proxy.as_str()).collect()
}

/// A word of a name that says that a service is one of two that take turns.
const COLORS: [&str; 2] = ["blue", "green"];

/// The same name with the other colour, where it has one.
pub(super) fn twin_name(name: &str) -> Option<String> {
    let [blue, green] = COLORS;
    let is_word = |color: &str| name.split(['-', '_', '.']).any(|word| word == color);
    match (is_word(blue), is_word(green)) {
        (true, false) => Some(name.replace(blue, green)),
        (false, true) => Some(name.replace(green, blue)),
        _ => None,
    }
}

/// Whether a service of the same name but for the colour runs while this one does, so that each may have a name and ports
/// of its own: they are replaced by turns. It may stand in a file of its own.
pub(super) fn has_twin(cx: &ComposeContext, service: &StackService) -> bool {
    let twin = twin_name(service.name);
    let is_twin = |name: &str| twin.as_deref() == Some(name);
    if cx.services().any(|known| is_twin(known.name) && !shares_place(known.value, service.value)) {
        return true;
    }
    let Some(twin_path) = own_path(cx.input).and_then(twin_path) else { return false };
    let others = cx.others.iter().filter(|other| own_path(other) == Some(twin_path.as_str()));
    let services = others.filter_map(|other| other.reading.project.as_ref()).flat_map(|project| project.services());
    services
        .into_iter()
        .any(|(name, value)| (name == service.name || is_twin(name)) && !shares_place(value, service.value))
}

/// The path of the file, or of the one in the folder, with the other colour: `compose.blue.yaml`, `blue/compose.yaml`.
fn twin_path(file: &str) -> Option<String> {
    let (folder, name) = path::split(file);
    let of_folder = || {
        let (above, folder_name) = path::split(folder);
        Some(path::child(&path::child(above, &twin_name(folder_name)?), name))
    };
    twin_name(name).map(|twin| path::child(folder, &twin)).or_else(of_folder)
}

/// The path of a compose file.
fn own_path(input: &ComposeInput) -> Option<&str> {
    input.files.iter().find(|(_, file)| **file == input.file).map(|(path, _)| path.as_str())
}

/// Whether services have a name, a port of the host or an address that only one of them can have.
fn shares_place(service: &ComposeValue, other: &ComposeValue) -> bool {
    let fixed = |value: &ComposeValue| {
        let name = value.get("container_name").map(ComposeValue::display);
        let ports = items(value, "ports").iter().filter_map(|port| port.get("published").map(ComposeValue::display));
        let addresses = fixed_addresses(value).map(ComposeValue::display);
        let all = name.into_iter().chain(ports).chain(addresses);
        all.filter(|text| !text.is_empty()).collect::<BTreeSet<_>>()
    };
    !fixed(service).is_disjoint(&fixed(other))
}

pub(super) fn items<'v>(value: &'v ComposeValue, key: &str) -> &'v [ComposeValue] {
    value.get(key).and_then(ComposeValue::as_list).unwrap_or_default()
}

/// The commands that a service starts.
pub fn start_words(service: &StackService) -> Vec<Vec<String>> {
    let words = |key: &str| service.words(key).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let written = [words("entrypoint"), words("command")].concat();
    if !written.is_empty() {
        return vec![written];
    }
    let Some(input) = &service.image else { return Vec::new() };
    let build = Build::new(input);
    let last = build.target().or(build.stages().last());
    last.map_or_else(Vec::new, |stage| build.start_lines(stage))
}
