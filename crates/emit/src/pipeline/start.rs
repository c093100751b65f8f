//! How an image is started before it gets a tag: with what it needs of a compose file, by itself, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use super::database::client_servers;
use super::image::RepositoryImage;
use super::input::PipelineInput;
use super::plan::{ImageStart, PipelinePlan};
use super::preparation::required_names;
use super::start_files::StartStack;
use crate::build::{Build, Reference, StageBase};
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::data;
use crate::dockerfile::{Healthcheck, Instruction, Keyword};
use crate::manifest::FileKind;
use crate::stack::{CheckTiming, ServiceCheck, StackService, known_service, proxied_hosts};
use crate::text::{joined, path, quoted_names};

/// Seconds that a start gets where no check says more.
const SHORTEST: u64 = 60;

/// How well services stand for an image; the first is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum StartFit {
    /// They run it, and not for their developers.
    Production,
    /// They run it for their developers.
    Developers,
    /// They run another stage of its Dockerfile, and set nothing that the image has.
    OtherStage,
    /// They run it, and their file is named for developers.
    DeveloperFile,
}

/// How an image of the repository is started.
pub(super) fn image_start(
    input: &PipelineInput,
    stacks: &[StartStack],
    image: &RepositoryImage,
    plan: &mut PipelinePlan,
) -> ImageStart {
    let fits = stacks.iter().filter_map(|stack| Some((fit(input, image, stack)?, stack)));
    match fits.min_by_key(|((fit, _), _)| *fit) {
        Some(((_, services), stack)) => start_with(input, image, stack, &services, plan),
        None => start_alone(input, stacks, image, plan),
    }
}

/// The services of compose files that an image may be started as.
fn fit<'t, 's>(
    input: &PipelineInput,
    image: &RepositoryImage,
    start: &'t StartStack<'s>,
) -> Option<(StartFit, Vec<&'t StackService<'s>>)> {
    let built = start.stack.services.iter().filter(|service| is_built_from(input, image, service));
    let built: Vec<&StackService> = built.collect();
    let same = built.iter().copied().filter(|service| has_same_options(image, service));
    let by_name = start.stack.services.iter().filter(|service| names_image(input, image, service));
    let same: Vec<&StackService> = same.chain(by_name).collect();
    let deployed: Vec<&StackService> = same.iter().copied().filter(|service| !service.is_for_developers()).collect();
    let is_plain = |service: &&&StackService| {
        let is_set = |key: &str| service.value.get(key).is_some_and(|value| !value.is_null());
        !["command", "entrypoint", "healthcheck"].into_iter().any(is_set)
    };
    if start.files.is_for_developers {
        return (!same.is_empty()).then_some((StartFit::DeveloperFile, same));
    }
    if !deployed.is_empty() {
        return Some((StartFit::Production, deployed));
    }
    if !same.is_empty() {
        return Some((StartFit::Developers, same));
    }
    let other: Vec<&StackService> = built.iter().filter(is_plain).copied().take(1).collect();
    (!other.is_empty()).then_some((StartFit::OtherStage, other))
}

/// The start of an image as services of a compose file.
fn start_with(
    input: &PipelineInput,
    image: &RepositoryImage,
    stack: &StartStack,
    services: &[&StackService],
    plan: &mut PipelinePlan,
) -> ImageStart {
    let timing = services.iter().map(|service| CheckTiming::of(service));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few minutes, and not negative")]
    let seconds = timing.map(|timing| (timing.start_period + timing.notice()).min(3_600.0).ceil() as u64).max();
    let hides = |service: &&&StackService| hides_image(input, image, service);
    let names_of = |services: &[&StackService]| services.iter().map(|service| service.name.to_owned()).collect();
    let start = ImageStart {
        compose: stack.files.files.clone(),
        services: names_of(services),
        needs: proxied_services(stack, services),
        unmounted: services.iter().filter(hides).map(|service| service.name.to_owned()).collect(),
        unchecked: constant_checks(image, services, plan),
        seconds: seconds.unwrap_or_default().max(SHORTEST),
    };
    if !start.unmounted.is_empty() {
        let why = format!(
            "without the volumes of {}: sources of the machine would hide those of the image",
            joined(&quoted_names(&start.unmounted))
        );
        plan.choose("images", &format!("{}: UNMOUNTED", image.name), why, None);
    }
    if !start.needs.is_empty() {
        let why =
            format!("{} first: the proxy looks their addresses up when it starts", joined(&quoted_names(&start.needs)));
        plan.choose("images", &format!("{}: NEEDS", image.name), why, None);
    }
    let why = format!(
        "as {} of {}, with what {} there",
        joined(&quoted_names(&start.services)),
        joined(&start.compose),
        if services.len() == 1 { "it needs" } else { "they need" }
    );
    plan.choose("images", &format!("{}: Start", image.name), why, None);
    start
}

/// The services whose check cannot fail; says of each service that has none that can.
fn constant_checks(image: &RepositoryImage, services: &[&StackService], plan: &mut PipelinePlan) -> Vec<String> {
    let mut constant = Vec::new();
    // How a job ends says whether it did its work.
    for service in services.iter().filter(|service| !service.is_job) {
        let is_image = service.name == image.name;
        let name =
            if is_image { format!("`{}`", image.name) } else { format!("`{}` of `{}`", service.name, image.name) };
        if service.check_tells_nothing() {
            constant.push(service.name.to_owned());
            plan.constant.push(name);
        } else if !matches!(service.check, ServiceCheck::Written(_) | ServiceCheck::OfImage) {
            plan.unchecked.push(name);
        }
    }
    constant
}

/// Services that proxies look up when they start, and that Compose does not start with them.
fn proxied_services(stack: &StartStack, services: &[&StackService]) -> Vec<String> {
    let mut needs = BTreeSet::new();
    for service in services {
        let configurations = stack.files.proxies.get(service.name).map(Vec::as_slice).unwrap_or_default();
        let hosts = configurations.iter().filter(|configuration| configuration.proxy == "nginx");
        for host in hosts.flat_map(|configuration| proxied_hosts(configuration.proxy, &configuration.source, None)) {
            let Some(target) = stack.stack.service(host.host) else { continue };
            let is_among = services.iter().any(|known| known.name == target.name);
            if !is_among && !stack.stack.waits_for(service, target.name, &[]) {
                needs.insert(target.name.to_owned());
            }
        }
    }
    needs.into_iter().collect()
}

/// The start of an image that no compose file runs: by itself, unless it certainly needs what nothing here gives it.
fn start_alone(
    input: &PipelineInput,
    stacks: &[StartStack],
    image: &RepositoryImage,
    plan: &mut PipelinePlan,
) -> ImageStart {
    let key = format!("{}: Start", image.name);
    if let Some(why) = certain_need(input, stacks, image) {
        plan.choose("images", &key, format!("not started: {why}"), None);
        plan.notes.push(format!(
            "`{}` is built and not started: {why}; a compose file that builds {} as it is published would be used",
            image.name, image.dockerfile
        ));
        return ImageStart::default();
    }
    let build = Build::new(&input.inputs.builds[image.build]);
    plan.choose("images", &key, "by itself, as no service of a compose file runs it", None);
    let name = format!("`{}`", image.name);
    if build.check_tells_nothing() {
        plan.constant.push(name);
        return ImageStart { seconds: SHORTEST, unchecked: vec![image.name.clone()], ..ImageStart::default() };
    }
    let check = build.target().and_then(|stage| build.last(stage, Keyword::Healthcheck));
    let is_check = |check: &Instruction| build.input().file.healthcheck(check) != Some(Healthcheck::None);
    if !check.is_some_and(|(_, check)| is_check(check)) {
        plan.unchecked.push(name);
    }
    ImageStart { seconds: SHORTEST, ..ImageStart::default() }
}

/// What an image certainly lacks when it is started by itself.
fn certain_need(input: &PipelineInput, stacks: &[StartStack], image: &RepositoryImage) -> Option<String> {
    let is_given = |service: &&StackService| {
        ["environment", "env_file", "depends_on"].into_iter().any(|key| match service.value.get(key) {
            Some(value) => {
                value.as_map().is_some_and(|map| map.iter().next().is_some())
                    || value.as_list().is_some_and(|list| !list.is_empty())
            }
            None => false,
        })
    };
    for start in stacks {
        let mut services = start.stack.services.iter().filter(|service| is_built_from(input, image, service));
        if let Some(service) = services.find(is_given) {
            let file = joined(&start.files.files);
            return Some(format!("`{}` of {file} gets variables or servers there", service.name));
        }
    }
    if let Some((script, variable)) = required_variable(input, image) {
        return Some(format!("{script} ends where `{variable}` is not set"));
    }
    let (package, kind) = server_client(input, image)?;
    Some(format!("its program talks to {kind} (`{package}` is among its packages), and nothing here starts one"))
}

/// A package of an image's project that talks to a server of the project's own, and the kind of server.
fn server_client(input: &PipelineInput, image: &RepositoryImage) -> Option<(&'static str, &'static str)> {
    let projects = input.projects.iter().filter(|project| project.root == image.folder());
    projects.flat_map(client_servers).next()
}

/// A variable without which the script of an image's entry point ends, and the script.
fn required_variable(input: &PipelineInput, image: &RepositoryImage) -> Option<(String, String)> {
    let build = Build::new(&input.inputs.builds[image.build]);
    let stage = build.target()?;
    let dockerfile = build.input().file.source().text();
    let commands = [Keyword::Entrypoint, Keyword::Cmd].into_iter().filter_map(|keyword| build.last(stage, keyword));
    let is_end = |c: char| c.is_whitespace() || "[],\"'".contains(c);
    let words = commands.flat_map(|(_, instruction)| build.input().file.str(instruction.rest).split(is_end));
    let started: BTreeSet<&str> = words.map(path::name).filter(|name| FileKind::of(name).is_shell()).collect();
    let context = if image.context == "." { "" } else { &image.context };
    let is_near = |file: &str| context.is_empty() || path::covers(context, file);
    let scripts = input.files.iter().filter(|file| is_near(file) && started.contains(path::name(file)));
    scripts.filter_map(|file| Some((file, (input.text_of)(file)?))).find_map(|(file, text)| {
        let is_set =
            |name: &String| dockerfile.lines().any(|line| line.contains("ENV") && line.contains(name.as_str()));
        Some((file.clone(), required_names(&text).into_iter().find(|name| !is_set(name))?))
    })
}

/// The folder of the machine that gives services the sources which the image of a language has not.
pub(super) fn mounted_sources(
    input: &PipelineInput,
    stacks: &[StartStack],
    image: &RepositoryImage,
    takes: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let build = Build::new(&input.inputs.builds[image.build]);
    let runs_sources = matches!(build.target().map(|stage| build.root_base(stage)),
        Some(StageBase::Image(base)) if data::SOURCE_IMAGES.contains(Reference::of(base).short_name()));
    let is_program = |file: &&String| FileKind::of(file).has_code() && !FileKind::of(file).is_shell();
    if !runs_sources || input.files.iter().filter(is_program).any(|file| takes(file)) {
        return None;
    }
    let services = stacks.iter().flat_map(|start| &start.stack.services);
    services.filter(|service| is_built_from(input, image, service)).find_map(|service| {
        bind_mounts(service).into_iter().find_map(|source| {
            let below = path::relative(&source, input.folder)?;
            let mut files = input.files.iter().filter(is_program);
            files.any(|file| below.is_empty() || path::covers(below, file)).then(|| below.to_owned())
        })
    })
}

/// The folders and files of the machine that a service mounts, absolute.
fn bind_mounts(service: &StackService) -> Vec<String> {
    let volumes = service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
    let text = |volume: &ComposeValue, key: &str| volume.get(key).map(ComposeValue::display).unwrap_or_default();
    volumes.iter().filter(|volume| text(volume, "type") == "bind").map(|volume| text(volume, "source")).collect()
}

/// Whether a service mounts sources of the build context over what the image has.
fn hides_image(input: &PipelineInput, image: &RepositoryImage, service: &StackService) -> bool {
    let context = path::join(input.folder, &image.context);
    bind_mounts(service).iter().any(|source| {
        // A folder of sources, and not a file of settings.
        let is_folder = !path::name(source).contains('.');
        is_folder && path::covers(&context, source) && (*source == context || has_sources(input, source))
    })
}

fn has_sources(input: &PipelineInput, folder: &str) -> bool {
    let Some(folder) = path::relative(folder, input.folder) else { return false };
    input.files.iter().any(|file| path::is_below(file, folder) && FileKind::of(file).has_code())
}

/// Whether a service is built from the Dockerfile and the context of an image.
fn is_built_from(input: &PipelineInput, image: &RepositoryImage, service: &StackService) -> bool {
    let Some(build) = service.value.get("build") else { return false };
    let text = |key: &str| build.get(key).map(ComposeValue::display);
    let context = path::normalize(&text("context").unwrap_or_default());
    let file = path::join(&context, &text("dockerfile").unwrap_or_else(|| "Dockerfile".to_owned()));
    let here = |place: &str| path::normalize(&path::child(input.folder, place.trim_start_matches("./")));
    let folder = if image.context == "." { path::normalize(input.folder) } else { here(&image.context) };
    context == folder && path::normalize(&file) == here(&image.dockerfile)
}

/// Whether a service takes an image of this repository by its name: `shop/shop-api` or `acme/api` of the repository `shop`.
fn names_image(input: &PipelineInput, image: &RepositoryImage, service: &StackService) -> bool {
    let Some(text) = service.image_name() else { return false };
    let reference = Reference::of(text);
    let (namespace, name) = (path::name(path::parent(reference.name)), path::name(reference.name));
    let (name, repository) = (name.to_ascii_lowercase(), path::name(input.folder).to_ascii_lowercase());
    let Some(front) = name.strip_suffix(&image.name) else { return false };
    let front = front.trim_end_matches(['-', '_', '.']);
    !namespace.is_empty()
        && known_service(text).is_none()
        && (front.is_empty() || front == repository || front == namespace.to_ascii_lowercase())
}

/// Whether a service builds the stage of an image with its arguments.
fn has_same_options(image: &RepositoryImage, service: &StackService) -> bool {
    let Some(build) = service.value.get("build") else { return false };
    let args = build.get("args").and_then(ComposeValue::as_map);
    let args = args.into_iter().flat_map(ComposeMap::iter).filter(|(_, entry)| !entry.value.is_null());
    let args: BTreeMap<String, String> = args.map(|(name, entry)| (name.to_owned(), entry.value.display())).collect();
    let has_same_args = image.arguments.iter().all(|(name, value)| args.get(name) == Some(value));
    build.get("target").map(ComposeValue::display) == image.target && has_same_args
}
