//! A service as a cluster runs it: everything that both Kubernetes and ECS are told.

use std::collections::BTreeSet;

use super::environment::{ClusterEnvironment, emptiness, unset_names};
use super::image::ClusterImage;
use super::input::ClusterInput;
use super::probe::CheckSource;
use super::security::ContainerUser;
use crate::build::{BaseImage, Build, Programs, Reference, is_command};
use crate::compose::project::{ComposePlace, ComposeValue, duration_nanoseconds};
use crate::data;
use crate::deployment::{NamedAddresses, called_ports, image_ports};
use crate::dockerfile::{CommandForm, Healthcheck, Keyword};
use crate::shell::{from_exec, parse};
use crate::stack::{CheckQuestion, CheckTiming, ServiceCheck, Stack, StackService};
use crate::text::Span;

/// Seconds that Compose gives a container to end where nothing is written.
const GRACE: u64 = 10;

/// A port of a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClusterPort {
    pub(super) number: u16,
    pub(super) is_udp: bool,
}

/// A service as a cluster runs it.
#[derive(Debug)]
pub(super) struct ClusterService<'s> {
    pub(super) service: &'s StackService<'s>,
    /// Its name in the cluster.
    pub(super) name: String,
    pub(super) image: ClusterImage,
    pub(super) environment: ClusterEnvironment,
    /// Ports that others ask.
    pub(super) ports: Vec<ClusterPort>,
    /// Whether a port of the host leads to it.
    pub(super) published: Vec<String>,
    pub(super) user: ContainerUser,
    pub(super) replicas: u64,
    /// Seconds that it gets to end, and whether the compose file says so.
    pub(super) grace: (u64, bool),
    /// Keys of the compose file that are said nowhere in the files.
    pub(super) left_out: Vec<String>,
    /// Keys that name variables which are not set, with those.
    pub(super) unset: Vec<(String, BTreeSet<String>)>,
}

/// The check of a service, as far as it can be read.
pub(super) enum KnownCheck<'c> {
    /// Its commands, and where they are written.
    Read(Box<CheckSource<'c>>, Option<ComposePlace>),
    /// There is none, or it is turned off.
    Absent(&'static str),
    /// There may be one, which no file shows.
    Unread,
}

impl<'s> ClusterService<'s> {
    /// `tool`: the role of the keys that are said in the files.
    pub(super) fn of(
        input: &ClusterInput,
        (stack, addresses): (&'s Stack<'s>, &NamedAddresses),
        service: &'s StackService<'s>,
        name: &str,
        tool: &'static str,
    ) -> Self {
        let number = |value: Option<&ComposeValue>| value.and_then(|value| value.display().parse().ok());
        let replicas = number(service.value.get("deploy").and_then(|deploy| deploy.get("replicas")));
        let grace = service.value.get("stop_grace_period").and_then(|value| duration_nanoseconds(&value.display()));
        let grace =
            grace.and_then(|nanoseconds| u64::try_from(nanoseconds).ok()).map(|all| all.div_ceil(1_000_000_000));
        let keys = || service.value.as_map().into_iter().flat_map(crate::compose::project::ComposeMap::iter);
        let is_left_out = |key: &str| {
            !data::CLUSTER_KEYS.has(key, tool) && !data::CLUSTER_KEYS.has(key, "silent") && !key.starts_with("x-")
        };
        let left_out = keys().filter(|(key, entry)| is_left_out(key) && !is_nothing(&entry.value));
        // Of variables each is said for itself.
        let written = keys().filter(|(key, _)| data::CLUSTER_KEYS.has(key, tool) && *key != "environment");
        let unset = written.map(|(key, entry)| (key.to_owned(), unset_names(input.project, &entry.value)));
        Self {
            service,
            name: name.to_owned(),
            image: ClusterImage::of(input.project, stack, service),
            environment: ClusterEnvironment::of(input.project, service),
            ports: ports(input, addresses, service),
            published: published(service),
            user: ContainerUser::of(service),
            replicas: replicas.or(number(service.value.get("scale"))).unwrap_or(1),
            grace: (grace.unwrap_or(GRACE), grace.is_some()),
            left_out: left_out.map(|(key, _)| format!("`{key}`")).collect(),
            unset: unset.filter(|(_, names)| !names.is_empty()).collect(),
        }
    }

    /// What is empty in the files, as a variable is not set that the compose file names: a clause each.
    pub(super) fn unset_notes(&self) -> Vec<String> {
        let remedy = "set it in the shell or in `.env`, or write a default";
        let note = |what: String, unset: &BTreeSet<String>| format!("{what}: {}; {remedy}", emptiness(unset));
        let keys = self.unset.iter().map(|(key, unset)| note(format!("`{key}` of the compose file"), unset));
        let variables = self.environment.unset.iter();
        variables.map(|(name, unset)| note(format!("the variable `{name}`"), unset)).chain(keys).collect()
    }

    /// Whether its image is one of Windows.
    pub(super) fn is_windows(service: &StackService) -> bool {
        let names_it = service.text("platform").is_some_and(|platform| platform.starts_with("windows"));
        names_it || service.base_name().is_some_and(|base| BaseImage::of(&base).is_windows())
    }

    /// The words that the compose file puts in place of the image's, as a manifest has them: entry point and arguments.
    pub(super) fn words(&self, key: &str) -> Vec<String> {
        self.service.words(key).into_iter().map(str::to_owned).collect()
    }

    /// Whether a program is known to be in its image.
    pub(super) fn has_program(&self, program: &str) -> bool {
        let build = self.service.image.as_ref().map(Build::new);
        let stage = build.as_ref().and_then(|build| Some((build, build.target()?)));
        stage.is_some_and(|(build, stage)| !Programs::of(build, stage).lacks(program))
    }
}

/// Whether a value says nothing: Compose fills some keys in.
fn is_nothing(value: &ComposeValue) -> bool {
    value.is_null()
        || value.as_list().is_some_and(<[ComposeValue]>::is_empty)
        || value.as_map().is_some_and(crate::compose::project::ComposeMap::is_empty)
        || value.as_bool() == Some(false)
        || value.as_text() == Some("")
}

/// The check of a service. `build`: that of its image, which the programs are read from.
pub(super) fn known_check<'c>(service: &'c StackService<'c>, build: Option<&'c Build<'c>>) -> KnownCheck<'c> {
    let target = build.and_then(|build| Some((build, build.target()?)));
    let shell = target
        .and_then(|(build, stage)| {
            let (_, instruction) = build.last(stage, Keyword::Shell)?;
            match build.input().file.command(instruction)? {
                CommandForm::Exec(words) => Some(words.iter().map(|word| word.text.to_string()).collect()),
                CommandForm::Shell(_) => None,
            }
        })
        .unwrap_or_else(|| vec!["/bin/sh".to_owned(), "-c".to_owned()]);
    let source = |words: Vec<String>, is_shell: bool| {
        let pairs: Vec<(&str, Span)> = words.iter().map(|word| (word.as_str(), Span::at(0))).collect();
        let script = if is_shell { parse(&words.join(" ")) } else { from_exec(&pairs) };
        Box::new(CheckSource {
            service: service.name,
            script,
            shell: if is_shell { shell.clone() } else { Vec::new() },
            words,
            timing: CheckTiming::of(service),
            is_slow: is_slow(service, target.map(|(build, stage)| build.start_lines(stage))),
            programs: target.map(|(build, stage)| Programs::of(build, stage)),
        })
    };
    match &service.check {
        ServiceCheck::Written(check) => {
            let words = check.words[1..].iter().map(|word| (*word).to_owned()).collect();
            KnownCheck::Read(source(words, check.is_shell()), check.place)
        }
        ServiceCheck::Missing => KnownCheck::Absent("neither the compose file nor its image has a check"),
        ServiceCheck::Off(_) => KnownCheck::Absent("its check is turned off"),
        ServiceCheck::Unknown => KnownCheck::Unread,
        ServiceCheck::OfImage => {
            let command = target.and_then(|(build, stage)| {
                let (_, instruction) = build.last(stage, Keyword::Healthcheck)?;
                match build.input().file.healthcheck(instruction)? {
                    Healthcheck::Command { command, .. } => command,
                    Healthcheck::None => None,
                }
            });
            match command {
                Some(CommandForm::Exec(words)) => {
                    let words = words.iter().map(|word| word.text.to_string()).collect();
                    KnownCheck::Read(source(words, false), None)
                }
                Some(CommandForm::Shell(line)) => {
                    KnownCheck::Read(source(vec![line.text.trim().to_owned()], true), None)
                }
                None => KnownCheck::Unread,
            }
        }
    }
}

/// Whether it starts a virtual machine of Java.
fn is_slow(service: &StackService, image: Option<Vec<Vec<String>>>) -> bool {
    let words: Vec<&str> = service.words("entrypoint").into_iter().chain(service.words("command")).collect();
    let base = service.base_name().is_some_and(|base| {
        let name = Reference::of(&base).short_name().to_owned();
        data::JAVA_RUNTIMES.rows().any(|row| row[0] == name || row[2] == name)
    });
    is_command(&words, "java") || base || image.is_some_and(|lines| lines.iter().any(|line| is_command(line, "java")))
}

/// The ports that others ask: those that are published or exposed in the compose file, that proxies and variables of others name,
/// that its server listens on, and those of its image where the compose file starts nothing else in it.
fn ports(input: &ClusterInput, addresses: &NamedAddresses, service: &StackService) -> Vec<ClusterPort> {
    let list = |key: &str| service.value.get(key).and_then(ComposeValue::as_list).unwrap_or_default();
    let mut ports: BTreeSet<ClusterPort> = BTreeSet::new();
    let mut add = |text: &str, is_udp: bool| {
        if let Some(number) = text.parse().ok().filter(|number| *number > 0) {
            ports.insert(ClusterPort { number, is_udp });
        }
    };
    for item in list("ports") {
        let text = |key: &str| item.get(key).map(ComposeValue::display).unwrap_or_default();
        add(&text("target"), text("protocol") == "udp");
    }
    for item in list("expose") {
        let text = item.display();
        let (number, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
        add(number, protocol == "udp");
    }
    let listening = service.listening().and_then(|listening| Some(listening.port?.0));
    let is_of_image = service.words("entrypoint").is_empty() && service.words("command").is_empty();
    let of_image = if is_of_image { image_ports(service) } else { Vec::new() };
    let called = called_ports(input.compose, addresses, service)
        .into_iter()
        .chain(listening)
        .chain(of_image)
        .chain(asked_port(service));
    for number in called {
        add(&number.to_string(), false);
    }
    ports.into_iter().collect()
}

/// The port of its own container that a check asks.
fn asked_port(service: &StackService) -> Option<u16> {
    let build = service.image.as_ref().map(Build::new);
    let KnownCheck::Read(source, _) = known_check(service, build.as_ref()) else { return None };
    match source.question() {
        CheckQuestion::Page(page) if page.is_own(service.name) => Some(page.port),
        CheckQuestion::Port(port) | CheckQuestion::Grpc { port, .. } => Some(port),
        _ => None,
    }
}

/// The ports of the host that lead to a service: `80`, `127.0.0.1:9000`.
fn published(service: &StackService) -> Vec<String> {
    let items = service.value.get("ports").and_then(ComposeValue::as_list).unwrap_or_default();
    let text =
        |item: &ComposeValue, key: &str| item.get(key).map(ComposeValue::display).filter(|text| !text.is_empty());
    let port = |item: &ComposeValue| {
        let number = text(item, "published")?;
        Some(text(item, "host_ip").map_or(number.clone(), |address| format!("{address}:{number}")))
    };
    items.iter().filter_map(port).collect()
}
