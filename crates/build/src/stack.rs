//! What the services of a compose project mean: which image each runs, how it is asked whether it is ready, and what it
//! waits for. Derived from the project and the Dockerfiles beside it; judges nothing.

mod check;
mod check_request;
mod configuration;
mod evidence;
mod graph;
mod known;
mod listening;
mod packages;
mod program;
mod refused;
mod request;
mod settings;
mod sign;

pub use self::check::{CheckScript, ServiceCheck, WrittenCheck};
pub use self::check_request::{CheckRequest, check_request};
pub use self::evidence::{
    Evidence, EvidenceKind, awaited_hosts, group_servers, hosts, looked_up_hosts, nginx_statements, passed_address,
    passed_hosts, proxied_hosts, reached_hosts, server_groups,
};
pub use self::graph::{CheckTime, CheckTiming, StartGraph, StartPath, StartedService};
pub use self::known::{KnownService, known_service};
pub use self::program::ServiceProgram;
pub use self::refused::lone_start_interval;
pub use self::request::{AnswerReading, CheckQuestion, PageRequest};
pub use self::settings::{ServiceSettings, configured_test, usual_test};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use crate::build::{Build, Listening, LoopbackServer, StageBase};
use crate::compose::is_for_development;
use crate::compose::project::{ComposeMap, ComposePlace, ComposeProject, ComposeValue};
use crate::data;
use crate::inputs::{BuildInput, BuildOptions};
use crate::text::Source;

/// Services of one project that are looked at, in the order of their names.
pub const MOST_SERVICES: usize = 500;

/// A project's services.
#[derive(Debug)]
pub struct Stack<'p> {
    /// In the order of their names.
    pub services: Vec<StackService<'p>>,
}

/// A service.
#[derive(Debug)]
pub struct StackService<'p> {
    /// Its name.
    pub name: &'p str,
    /// Where its name is written.
    pub place: Option<ComposePlace>,
    /// What Compose makes of it: long forms, variables replaced.
    pub value: &'p ComposeValue,
    /// What its image is made of: its Dockerfile, or nothing but the image that it names.
    pub image: Option<BuildInput>,
    /// Whether it is built.
    pub is_built: bool,
    /// What is known of the public image that it runs or is built from.
    pub known: Option<KnownService>,
    /// How it is asked whether it is ready.
    pub check: ServiceCheck<'p>,
    /// What `entrypoint` and `command` make it run.
    pub program: ServiceProgram,
    /// Whether the entry point of its image starts what it runs, as far as can be told.
    pub runs_entry_point: bool,
    /// Whether it does its work and ends, as far as can be told.
    pub is_job: bool,
    /// What it waits for.
    pub dependencies: Vec<Dependency<'p>>,
    /// See [`StackService::package_folders`].
    package_folders: OnceLock<Vec<String>>,
}

/// A service that another one waits for.
#[derive(Clone, Copy, Debug)]
pub struct Dependency<'p> {
    /// Its name.
    pub name: &'p str,
    /// Where it is named; `None` where Compose implies it.
    pub place: Option<ComposePlace>,
    /// What is waited for.
    pub condition: &'p str,
    /// Where the condition is written; `None` in the short form.
    pub condition_place: Option<ComposePlace>,
    /// Whether it must exist.
    pub is_required: bool,
    /// Whether it follows from another key: `links`, `network_mode`, `volumes_from`.
    pub is_implied: bool,
    /// Whether Compose restarts the service with it.
    pub restarts: bool,
}

/// The conditions of a dependency (compose-spec, `depends_on`).
pub const HEALTHY: &str = "service_healthy";
/// The condition of the short form.
pub const STARTED: &str = "service_started";
/// That of services that end.
pub const COMPLETED: &str = "service_completed_successfully";

impl StackService<'_> {
    /// Whether its check reports healthy whatever it does.
    pub fn check_tells_nothing(&self) -> bool {
        match &self.check {
            ServiceCheck::Written(check) => check.tells_nothing(),
            ServiceCheck::OfImage => self.image.as_ref().is_some_and(|image| Build::new(image).check_tells_nothing()),
            ServiceCheck::Missing | ServiceCheck::Off(_) | ServiceCheck::Unknown => false,
        }
    }
}

impl<'p> Stack<'p> {
    /// The services of a project; `dockerfiles`: those of its services, by name.
    pub fn new(project: &'p ComposeProject, dockerfiles: &BTreeMap<String, Source>) -> Self {
        let services = project.model.get("services").and_then(ComposeValue::as_map);
        let entries = services.into_iter().flat_map(ComposeMap::iter).take(MOST_SERVICES);
        let services =
            entries.map(|(name, entry)| StackService::new(name, entry.key, &entry.value, dockerfiles.get(name)));
        let mut services: Vec<_> = services.collect();
        let awaited = services.iter().flat_map(|service| &service.dependencies);
        let awaited: BTreeSet<&str> =
            awaited.filter(|dependency| dependency.condition == COMPLETED).map(|dependency| dependency.name).collect();
        for service in &mut services {
            service.is_job |= awaited.contains(service.name);
        }
        Self { services }
    }

    /// The service with a name.
    pub fn service(&self, name: &str) -> Option<&StackService<'p>> {
        let index = self.services.binary_search_by(|service| service.name.cmp(name)).ok()?;
        self.services.get(index)
    }

    /// Whether a service waits for another one, maybe through others; `more`: dependencies that are not written, from and
    /// to.
    pub fn waits_for(&self, service: &StackService, name: &str, more: &[(&str, &str)]) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![service.name];
        while let Some(next) = open.pop() {
            if !seen.insert(next) {
                continue;
            }
            let written = self.service(next).into_iter().flat_map(|service| &service.dependencies);
            let written = written.map(|dependency| dependency.name);
            let further = written.chain(more.iter().filter(|(from, _)| *from == next).map(|(_, to)| *to));
            for other in further {
                if other == name {
                    return true;
                }
                open.push(other);
            }
        }
        false
    }

    /// The services that one waits for, maybe through others.
    pub fn awaited_by(&self, name: &str) -> BTreeSet<&'p str> {
        let mut awaited = BTreeSet::new();
        let mut open: Vec<&StackService> = self.service(name).into_iter().collect();
        while let Some(next) = open.pop() {
            let new = next.dependencies.iter().filter(|dependency| awaited.insert(dependency.name));
            open.extend(new.filter_map(|dependency| self.service(dependency.name)));
        }
        awaited
    }

    /// Whether a service can reach another one by its name: they have a network in common.
    pub fn reaches(&self, service: &StackService, target: &StackService) -> bool {
        self.networks(service).zip(self.networks(target)).is_some_and(|(a, b)| !a.is_disjoint(&b))
    }

    /// The networks that a service is on; `None` on that of the host.
    fn networks(&self, service: &StackService<'p>) -> Option<BTreeSet<&'p str>> {
        let value = match service.text("network_mode") {
            None => service.value,
            // It shares the other one's networks.
            Some(mode) => self.service(mode.strip_prefix("service:")?)?.value,
        };
        let networks = value.get("networks").and_then(ComposeValue::as_map).into_iter().flat_map(ComposeMap::iter);
        Some(networks.map(|(name, _)| name).collect())
    }

    /// Whether another service is started wherever a service is: its profiles are all those of the service and more, or none.
    pub fn is_started_with(service: &StackService, target: &StackService) -> bool {
        let (profiles, others) = (service.profiles(), target.profiles());
        others.is_empty() || !profiles.is_empty() && profiles.iter().all(|profile| others.contains(profile))
    }

    /// The services that wait for one, with what they wait for.
    pub fn dependents<'s>(&'s self, name: &'s str) -> impl Iterator<Item = (&'s StackService<'p>, Dependency<'p>)> {
        self.services.iter().flat_map(move |service| {
            service
                .dependencies
                .iter()
                .filter(move |dependency| dependency.name == name)
                .map(move |known| (service, *known))
        })
    }
}

impl<'p> StackService<'p> {
    fn new(name: &'p str, place: Option<ComposePlace>, value: &'p ComposeValue, dockerfile: Option<&Source>) -> Self {
        let is_built = value.get("build").is_some();
        // Of an image that another compose file builds, the Dockerfile is known, too.
        let image = match dockerfile {
            Some(_) => built_image(value, dockerfile),
            None if is_built => None,
            None => named_image(value),
        };
        let known = image.as_ref().and_then(base_of).and_then(|base| known_service(&base));
        let check = check::of(value, is_built, image.as_ref(), known);
        let known = known.or_else(|| sign::of(value, image.as_ref()));
        let program = program::of(value, known);
        let runs_entry_point = program::runs_entry_point(value, known);
        let dependencies =
            value.get("depends_on").and_then(ComposeValue::as_map).into_iter().flat_map(ComposeMap::iter);
        let dependencies = dependencies.map(|(name, entry)| {
            let condition = entry.value.as_map().and_then(|map| map.entry("condition"));
            Dependency {
                name,
                place: entry.key,
                condition: condition.and_then(|entry| entry.value.as_text()).unwrap_or(STARTED),
                // What the short form stands for has its place.
                condition_place: condition
                    .filter(|known| known.key != entry.key)
                    .and_then(|known| known.key.and(known.value.place)),
                is_required: entry.value.get("required").and_then(ComposeValue::as_bool) != Some(false),
                is_implied: entry.value.get("restart").is_some_and(|restart| restart.place == entry.key),
                restarts: entry.value.get("restart").and_then(ComposeValue::as_bool) == Some(true),
            }
        });
        let dependencies = dependencies.collect();
        let is_job = program::is_job(name, value, program, known);
        Self {
            name,
            place,
            value,
            image,
            is_built,
            known,
            check,
            program,
            runs_entry_point,
            is_job,
            dependencies,
            package_folders: OnceLock::new(),
        }
    }

    /// A text of it that is not empty.
    pub fn text(&self, key: &str) -> Option<&'p str> {
        self.value.get(key)?.as_text().filter(|text| !text.is_empty())
    }

    /// The image that it runs, where it is not built.
    pub fn image_name(&self) -> Option<&'p str> {
        if self.is_built { None } else { self.text("image") }
    }

    /// The profiles that start it; none where it is always started.
    pub fn profiles(&self) -> Vec<&'p str> {
        program::words(self.value, "profiles")
    }

    /// The image that it runs, or that its final stage is built from outside of the Dockerfile.
    pub fn base_name(&self) -> Option<String> {
        self.image.as_ref().and_then(base_of)
    }

    /// Its restart policy: `no` where none is written.
    pub fn restart(&self) -> &'p str {
        self.text("restart").unwrap_or("no")
    }

    /// The words of a list of it: `command`, `entrypoint`.
    pub fn words(&self, key: &str) -> Vec<&'p str> {
        program::words(self.value, key)
    }

    /// Whether its image sets it up before it starts for the first time; `when`: variables and folders of a row of
    /// `data/setup_clients.tsv`.
    pub fn is_set_up(&self, when: &'static str) -> bool {
        if !self.runs_entry_point {
            return false;
        }
        let variables = self.value.get("environment").and_then(ComposeValue::as_map);
        let is_set = |name: &str| {
            let mut set = variables.into_iter().flat_map(ComposeMap::iter).filter(|(known, _)| *known == name);
            // Nothing is what an unset variable of Compose leaves.
            set.any(|(_, entry)| entry.value.as_text() != Some(""))
        };
        let dockerfile = self.image.as_ref().map_or("", |input| input.file.source().text());
        let says = |word: &str| self.is_built && dockerfile.contains(word);
        when == "-"
            || data::words(when).any(|word| {
                says(word) || if word.starts_with('/') { sign::mounts(self.value, word) } else { is_set(word) }
            })
    }

    /// The single known server that it starts, with its address as far as it is known.
    pub fn listening(&self) -> Option<Listening> {
        listening::listening(self.value, self.image.as_ref()?)
    }

    /// The server that it starts and that only its own container reaches.
    pub fn loopback_server(&self) -> Option<LoopbackServer> {
        listening::loopback_server(self.value, self.image.as_ref()?)
    }

    /// Its image with what it sets instead of it, as a build.
    pub fn started(&self) -> Option<BuildInput> {
        listening::as_started(self.value, self.image.as_ref()?)
    }

    /// Whether the server that it starts listens on `::1` and on 127.0.0.1, as far as is known of it.
    pub fn is_dual_stack(&self) -> bool {
        listening::is_dual_stack(self.value, self.image.as_ref(), self.image_name())
    }

    /// What somebody has to do at the first start before it is ready: `vault operator unseal`.
    pub fn manual_start(&self) -> Option<&'static str> {
        listening::manual_start(self.value, self.image.as_ref())
    }

    /// Whether it starts a program that serves files or pages.
    pub fn serves_pages(&self) -> bool {
        listening::serves_pages(self.value, self.image.as_ref())
    }

    /// Whether its developers work on what it runs: its variables say so, or it starts a server for developers and folders of
    /// the host are mounted into it.
    pub fn is_for_developers(&self) -> bool {
        let volumes = self.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
        let is_bind = |volume: &ComposeValue| volume.get("type").and_then(ComposeValue::as_text) == Some("bind");
        is_for_development(self.value)
            || volumes.iter().any(is_bind) && listening::serves_developers(self.value, self.image.as_ref())
    }

    /// The folders of its image that the packages of its project are installed into.
    pub fn package_folders(&self) -> &[String] {
        self.package_folders.get_or_init(|| self.image.as_ref().map(packages::package_folders).unwrap_or_default())
    }

    /// Whether it may install packages before it starts: by its command, or by a script.
    pub fn may_install(&self) -> bool {
        packages::may_install(self.value, self.image.as_ref())
    }

    /// Whether its restart policy starts it again after it has ended well.
    pub fn is_restarted(&self) -> bool {
        ["always", "unless-stopped"].contains(&self.restart())
    }
}

/// What a service is built from.
fn built_image(value: &ComposeValue, dockerfile: Option<&Source>) -> Option<BuildInput> {
    let target = value.get("build").and_then(|build| build.get("target")).and_then(ComposeValue::as_text);
    let options = BuildOptions { target: target.map(str::to_owned), ..BuildOptions::default() };
    Some(BuildInput::new(dockerfile?, options))
}

/// The image that a service names, as a build that adds nothing to it.
fn named_image(value: &ComposeValue) -> Option<BuildInput> {
    let image = value.get("image").and_then(ComposeValue::as_text).filter(|image| is_reference(image))?;
    Some(BuildInput::new(&Source::of("Dockerfile", &format!("FROM {image}\n")), BuildOptions::default()))
}

/// Whether a text may stand behind FROM as it is.
fn is_reference(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@+".contains(c);
    !text.is_empty() && text.chars().all(is_plain) && !text.starts_with('-')
}

/// The image outside of the Dockerfile that the final stage is built from.
fn base_of(input: &BuildInput) -> Option<String> {
    let build = Build::new(input);
    match build.root_base(build.target()?) {
        StageBase::Image(reference) => Some(reference.clone()),
        _ => None,
    }
}

/// The addresses that a service has in its networks whatever is replaced.
pub fn fixed_addresses(service: &ComposeValue) -> impl Iterator<Item = &ComposeValue> {
    let networks = service.get("networks").and_then(ComposeValue::as_map).into_iter().flat_map(ComposeMap::iter);
    networks.flat_map(|(_, entry)| ["ipv4_address", "ipv6_address"].into_iter().filter_map(|key| entry.value.get(key)))
}
