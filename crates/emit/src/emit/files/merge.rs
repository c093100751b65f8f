//! A plan into a compose file that is there: only what it lacks is added.

use std::collections::{BTreeMap, BTreeSet};

use super::addition::{dependencies, model, reason_against};
use super::emission::{Emission, EmittedFile};
use super::file_service::{dockerfile_of, plans_tasks, worker_line};
use super::hook::with_hook;
use super::render::{files_beside, service_value};
use crate::build::{Reference, WorkerLine, names_developers};
use crate::data;
use crate::emit::facts::worker::SCHEDULER;
use crate::emit::input::EmitInput;
use crate::emit::links::Project;
use crate::emit::plan::{ComposePlan, MUST_BE_SET, PlannedKey, PlannedService, ServiceRole};
use crate::emit::server_image::ServerImage;
use crate::inputs::ComposeInput;
use crate::stack::{COMPLETED, HEALTHY, STARTED, ServiceCheck, Stack, StackService, known_service};
use crate::text::{Source, joined, path, quoted_names};
use crate::yaml::{NewValue, YamlEditor};

/// The compose file with what it lacked.
pub(in crate::emit) fn emission(
    input: &EmitInput,
    existing: &ComposeInput,
    mut plan: ComposePlan,
    project: &Project,
) -> Emission {
    let source = input.inputs.source(existing.file);
    let Some(compose_project) = existing.reading.project.as_deref() else {
        let notes = vec![format!("{} cannot be read as a project, so nothing is added to it", source.name())];
        return Emission { notes, ..Emission::default() };
    };
    let stack = Stack::new(compose_project, &existing.dockerfiles);
    let programs = service_programs(input, project, &stack);
    let names = matches(&stack, &plan, &programs);
    let mut file = ExtendedFile {
        source: source.clone(),
        workers: &programs.workers,
        elsewhere: services_elsewhere(input, existing),
        notes: Vec::new(),
    };
    let added = file.extend(&stack, &plan, &names);
    let is_added = |name: &String| {
        plan.services.iter().any(|service| {
            let is_of = |key: &&PlannedKey| {
                added.contains(&service.name) || added.contains(&format!("{}.{}", service.name, key.name))
            };
            service.keys.iter().filter(is_of).any(|key| format!("{:?}", key.value).contains(name.as_str()))
        })
    };
    let volumes: Vec<String> = plan.volumes.iter().filter(|name| is_added(name)).cloned().collect();
    for volume in volumes {
        file.add_top("volumes", &volume, NewValue::Inline("{}".to_owned()));
    }
    for (section, key, pairs) in [("secrets", "environment", &plan.secrets), ("configs", "file", &plan.configs)] {
        let wanted: Vec<(String, String)> = pairs.iter().filter(|(name, _)| is_added(name)).cloned().collect();
        for (name, value) in wanted {
            let entry = NewValue::Mapping(vec![(key.to_owned(), NewValue::scalar(&value))]);
            file.add_top(section, &name, entry);
        }
    }
    // Only what new services need is still to be set.
    plan.needed.retain(|variable| {
        plan.services.iter().any(|service| {
            added.contains(&service.name)
                && !names.contains_key(&service.name)
                && matches!(service.role, ServiceRole::Backend | ServiceRole::Application)
                && format!("{service:?}").contains(&variable.name)
        })
    });
    plan.files
        .retain(|(path, _)| plan.configs.iter().any(|(name, file)| file.ends_with(path.as_str()) && is_added(name)));
    plan.notes.extend(file.notes);
    let mut files = Vec::new();
    if file.source.text() != source.text() {
        let whole = crate::emit::facts::application::absolute(input.current, source.name());
        let below = path::relative(&whole, input.folder).unwrap_or("compose.yaml").to_owned();
        files.push(EmittedFile { path: below, text: file.source.text().to_owned() });
        files.extend(files_beside(input, &plan));
    }
    Emission { files, choices: plan.choices, notes: plan.notes, ..Emission::default() }
}

/// How a compose file calls planned services.
pub(in crate::emit) fn service_names(
    input: &EmitInput,
    existing: &ComposeInput,
    plan: &ComposePlan,
    project: &Project,
) -> BTreeMap<String, String> {
    let Some(compose_project) = existing.reading.project.as_deref() else { return BTreeMap::new() };
    let stack = Stack::new(compose_project, &existing.dockerfiles);
    matches(&stack, plan, &service_programs(input, project, &stack))
}

/// What services start that is no server, as their commands and the scripts behind them show.
struct ServicePrograms<'s> {
    /// Those that start a worker.
    workers: BTreeMap<&'s str, WorkerLine>,
    /// Those that plan the tasks of workers.
    schedulers: BTreeSet<&'s str>,
}

fn service_programs<'s>(input: &EmitInput, project: &Project, stack: &Stack<'s>) -> ServicePrograms<'s> {
    let lines = stack
        .services
        .iter()
        .filter_map(|service| worker_line(input, project, service).map(|line| (service.name, line)));
    let planning = stack.services.iter().filter(|service| plans_tasks(input, project, service));
    ServicePrograms { workers: lines.collect(), schedulers: planning.map(|service| service.name).collect() }
}

/// The Dockerfiles that services of other compose files of the repository build, each with a service and its file.
fn services_elsewhere(input: &EmitInput, existing: &ComposeInput) -> BTreeMap<String, (String, String)> {
    let file = |compose: &ComposeInput| input.inputs.source(compose.file).name().to_owned();
    let others = input.inputs.composes.iter().filter(|compose| {
        compose.file != existing.file && !existing.reads(compose.file) && !names_developers(&file(compose))
    });
    let services = others.flat_map(|compose| {
        let project = compose.reading.project.as_deref();
        let stack = project.map(|project| Stack::new(project, &compose.dockerfiles));
        let services = stack.into_iter().flat_map(|stack| stack.services).collect::<Vec<_>>();
        let known =
            services.into_iter().filter_map(|service| Some((dockerfile_of(&service)?, service.name.to_owned())));
        known.map(|(dockerfile, name)| (dockerfile, (name, file(compose)))).collect::<Vec<_>>()
    });
    services.collect()
}

/// The services of the file that stand for planned ones, by their planned names.
fn matches(stack: &Stack, plan: &ComposePlan, programs: &ServicePrograms) -> BTreeMap<String, String> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for planned in &plan.services {
        let is_taken = |name: &str| names.values().any(|known| known == name);
        let stands = |service: &&StackService| !is_taken(service.name) && stands_for(service, planned, plan, programs);
        let mut fits: Vec<&StackService> = stack.services.iter().filter(stands).collect();
        let is_other = |service: &StackService| service.name != planned.name;
        fits.sort_by_key(|service| {
            let is_idle = planned.role == ServiceRole::Worker && !programs.workers.contains_key(service.name);
            let is_job = planned.role == ServiceRole::Application && service.is_job;
            (is_job, is_idle, dockerfile_of(service) != planned.dockerfile, is_other(service))
        });
        if let Some(service) = fits.first() {
            names.insert(planned.name.clone(), service.name.to_owned());
        }
    }
    names
}

/// Whether a service is built from what a planned one is built from: its Dockerfile, or a variant of that.
fn is_same_build(service: &StackService, planned: &PlannedService, plan: &ComposePlan) -> bool {
    let (Some(dockerfile), Some(wanted)) = (dockerfile_of(service), &planned.dockerfile) else { return false };
    if dockerfile == *wanted {
        return true;
    }
    let context = service.value.get("build").and_then(|build| build.get("context")?.as_text());
    let known: BTreeSet<&String> = plan.services.iter().filter_map(|known| known.dockerfile.as_ref()).collect();
    let is_alone = || {
        let alike = plan.services.iter().filter(|known| known.context == planned.context);
        alike.filter_map(|known| known.dockerfile.as_ref()).all(|known| known == wanted)
    };
    let is_variant = || path::parent(&dockerfile) == path::parent(wanted) || is_alone();
    context == planned.context.as_deref() && !known.contains(&dockerfile) && is_variant()
}

fn stands_for(
    service: &StackService,
    planned: &PlannedService,
    plan: &ComposePlan,
    programs: &ServicePrograms,
) -> bool {
    let is_same_build = is_same_build(service, planned, plan);
    let command = service.words("command").join(" ");
    let migrates = data::MIGRATIONS.keys().any(|key| command.contains(key));
    let works = programs.workers.contains_key(service.name);
    match planned.role {
        ServiceRole::Backend => {
            let host = |name: &str| ServerImage::of_service(name).map(ServerImage::protocol);
            let planned_host =
                planned.image.as_deref().and_then(crate::stack::known_service).and_then(|known| host(known.name));
            service.name == planned.name
                || planned_host.is_some() && service.known.and_then(|known| host(known.name)) == planned_host
        }
        ServiceRole::Migration => migrates || service.is_job && is_same_build || service.name == planned.name,
        ServiceRole::Worker if planned.name.split('-').any(|word| word == SCHEDULER) => {
            programs.schedulers.contains(service.name) && is_same_build || service.name == planned.name
        }
        ServiceRole::Worker => {
            (works || service.name.contains("worker")) && (is_same_build || service.name == planned.name)
        }
        ServiceRole::Application => {
            let has_worker =
                |known: &PlannedService| known.role == ServiceRole::Worker && known.dockerfile == planned.dockerfile;
            let is_worker = works || service.name.contains("worker") && plan.services.iter().any(has_worker);
            // A job that starts what its image does is that program.
            let is_other_job = service.is_job && !(command.is_empty() && service.words("entrypoint").is_empty());
            is_same_build && !migrates && !is_worker && !is_other_job
        }
        ServiceRole::Proxy => {
            service.base_name().is_some_and(|image| data::PROXY_IMAGES.contains(Reference::of(&image).short_name()))
                || service.name == planned.name
        }
    }
}

/// Whether whatever starts a service starts another one too: Compose refuses to wait for what no profile turns on.
fn starts_with(service: &StackService, target: &StackService) -> bool {
    let (profiles, target_profiles) = (service.profiles(), target.profiles());
    target_profiles.is_empty()
        || !profiles.is_empty() && profiles.iter().all(|profile| target_profiles.contains(profile))
}

/// A compose file that is added to.
struct ExtendedFile<'w> {
    source: Source,
    /// The services that start a worker.
    workers: &'w BTreeMap<&'w str, WorkerLine>,
    /// The Dockerfiles that services of other files build.
    elsewhere: BTreeMap<String, (String, String)>,
    notes: Vec<String>,
}

impl ExtendedFile<'_> {
    /// Adds what the file lacks of a plan; returns the names of new services, and `service.key` for new keys of others.
    fn extend(&mut self, stack: &Stack, plan: &ComposePlan, names: &BTreeMap<String, String>) -> BTreeSet<String> {
        let (mut added, mut refused): (BTreeSet<String>, BTreeSet<String>) = (BTreeSet::new(), BTreeSet::new());
        // Servers last: they are added for those that need them.
        let mut order: Vec<&PlannedService> =
            plan.services.iter().filter(|service| !names.contains_key(&service.name)).collect();
        order.sort_by_key(|service| service.role == ServiceRole::Backend);
        let mut reasons: BTreeMap<&str, String> = BTreeMap::new();
        for service in &order {
            let why = self
                .reason_elsewhere(service)
                .or_else(|| reason_against(&self.source, stack, (plan, service), names, &reasons));
            if let Some(why) = why {
                self.notes.push(format!("`{}` was not added: {why}", service.name));
                refused.insert(service.name.clone());
                reasons.insert(&service.name, why);
            }
        }
        for service in
            plan.services.iter().filter(|known| !names.contains_key(&known.name) && !refused.contains(&known.name))
        {
            let model = model(plan, service, names);
            self.append(&without(service, &refused), names, model);
            added.insert(service.name.clone());
        }
        for service in &plan.services {
            if let Some(name) = names.get(&service.name) {
                self.complete(stack, name, &without(service, &refused), names, &mut added);
            }
        }
        added
    }

    /// Why a program is there already: a service of another compose file is built from its Dockerfile.
    fn reason_elsewhere(&self, service: &PlannedService) -> Option<String> {
        if service.role != ServiceRole::Application {
            return None;
        }
        let (name, file) = self.elsewhere.get(service.dockerfile.as_ref()?)?;
        Some(format!("`{name}` of {file} is built from its Dockerfile"))
    }

    /// Adds a key; says so where that is not possible.
    fn add(&mut self, path: &[&str], value: &NewValue) -> bool {
        let editor = YamlEditor::new(&self.source);
        if editor.has(path) {
            return false;
        }
        match editor.set(path, value) {
            Ok(edit) => {
                let Ok(bytes) = crate::text::apply(&self.source, &[edit]) else { return false };
                self.source = Source::of(self.source.name(), &String::from_utf8_lossy(&bytes));
                true
            }
            Err(why) => {
                self.notes.push(format!("`{}` was not added: {why}", path.join(".")));
                false
            }
        }
    }

    fn add_top(&mut self, section: &str, name: &str, value: NewValue) {
        let editor = YamlEditor::new(&self.source);
        if editor.has(&[section]) {
            self.add(&[section, name], &value);
        } else {
            self.add(&[section], &NewValue::Mapping(vec![(name.to_owned(), value)]));
        }
    }

    /// Adds what a service lacks: a check, and what it waits for.
    fn complete(
        &mut self,
        stack: &Stack,
        name: &str,
        planned: &PlannedService,
        names: &BTreeMap<String, String>,
        added: &mut BTreeSet<String>,
    ) {
        let Some(service) = stack.service(name) else { return };
        let mut note = |key: &str| {
            added.insert(format!("{}.{key}", planned.name));
        };
        for key in self.add_check(service, planned) {
            note(key);
        }
        let missing: Vec<(String, &'static str)> = dependencies(planned, names)
            .into_iter()
            .filter(|(other, _)| other != name && !stack.waits_for(service, other, &[]))
            .filter(|(other, _)| {
                stack.service(other).is_none_or(|target| {
                    !stack.waits_for(target, name, &[])
                        && stack.reaches(service, target)
                        && starts_with(service, target)
                })
            })
            .collect();
        let condition =
            |known: &str| NewValue::Mapping(vec![("condition".to_owned(), NewValue::Inline(known.to_owned()))]);
        let is_short = service
            .dependencies
            .iter()
            .any(|known| known.place.is_some() && known.condition_place.is_none() && !known.is_implied);
        if missing.is_empty() {
            return;
        }
        if is_short {
            let others: Vec<&String> = missing.iter().map(|(other, _)| other).collect();
            self.notes.push(format!(
                "`{name}` should wait for {}: `dockopt compose fix --unsafe` rewrites its short list first",
                joined(&quoted_names(&others))
            ));
            return;
        }
        let path = ["services", name, "depends_on"];
        let has_key = YamlEditor::new(&self.source).has(&path);
        if !has_key && service.dependencies.iter().any(|known| !known.is_implied) {
            self.notes.push(format!("`{name}` takes `depends_on` from elsewhere, where nothing is added"));
            return;
        }
        if has_key {
            for (other, known) in &missing {
                if self.add(&[&path[..], &[other.as_str()]].concat(), &condition(self.possible(stack, other, known))) {
                    note("depends_on");
                }
            }
        } else {
            let entries =
                missing.iter().map(|(other, known)| (other.clone(), condition(self.possible(stack, other, known))));
            if self.add(&path, &NewValue::Mapping(entries.collect())) {
                note("depends_on");
            }
        }
    }

    /// Adds the check that a service lacks, a hook of its worker with it; returns the keys that are new.
    fn add_check(&mut self, service: &StackService, planned: &PlannedService) -> Vec<&'static str> {
        if let Some(source) = with_hook(&self.source, service, planned) {
            self.source = source;
            return vec!["healthcheck", "configs"];
        }
        let (ServiceCheck::Missing, Some(check)) = (&service.check, planned.key("healthcheck")) else {
            return Vec::new();
        };
        let line = self.workers.get(service.name);
        let is_fit = is_enabled(&check.value)
            && has_planned_check(service, planned)
            && (runs_as_planned(service, planned)
                || line.is_some_and(|line| line.is_asked_by(&format!("{:?}", check.value))));
        let is_added = is_fit && self.add(&["services", service.name, "healthcheck"], &check.value);
        if is_added { vec!["healthcheck"] } else { Vec::new() }
    }

    /// What can be waited for of a service of the file, as it stands now.
    fn possible(&self, stack: &Stack, name: &str, condition: &'static str) -> &'static str {
        let Some(target) = stack.service(name) else { return condition };
        let has_check =
            !target.check.is_absent() || YamlEditor::new(&self.source).has(&["services", name, "healthcheck"]);
        match condition {
            HEALTHY if !has_check => STARTED,
            COMPLETED if target.is_restarted() => STARTED,
            _ => condition,
        }
    }

    /// Adds a service; `like`: one of the file that is built from the same folder, whose variables and networks it takes.
    fn append(&mut self, planned: &PlannedService, names: &BTreeMap<String, String>, like: Option<&str>) {
        let mut service = planned.clone();
        service.keys.retain(|key| key.name != "networks");
        if let Some(like) = like {
            service.keys.retain(|known| known.name != "environment");
            for name in LIKE {
                let Some(text) = written(&self.source, like, name) else { continue };
                let at = service.keys.iter().position(|key| key.name == "depends_on").unwrap_or(service.keys.len());
                service.keys.insert(at, PlannedKey { name, value: NewValue::Block(text), comment: None });
            }
        }
        let condition =
            |known: &str| NewValue::Mapping(vec![("condition".to_owned(), NewValue::Inline(known.to_owned()))]);
        let entries: Vec<(String, NewValue)> =
            dependencies(&service, names).into_iter().map(|(other, known)| (other, condition(known))).collect();
        if let Some(key) = service.keys.iter_mut().find(|key| key.name == "depends_on") {
            key.value = NewValue::Mapping(entries);
        }
        self.add(&["services", &service.name.clone()], &unforced(service_value(&service)));
    }
}

/// A value without variables that must be set: a file that Compose accepts stays one.
fn unforced(value: NewValue) -> NewValue {
    match value {
        NewValue::Mapping(entries) => {
            NewValue::Mapping(entries.into_iter().map(|(key, value)| (key, unforced(value))).collect())
        }
        NewValue::Inline(text) => NewValue::Inline(text.replace(MUST_BE_SET, "}")),
        NewValue::Block(_) | NewValue::List(_) => value,
    }
}

/// A service that does not wait for some others.
fn without(service: &PlannedService, others: &BTreeSet<String>) -> PlannedService {
    let mut service = service.clone();
    service.dependencies.retain(|(name, _)| !others.contains(name));
    if service.dependencies.is_empty() {
        service.keys.retain(|key| key.name != "depends_on");
    }
    service
}

/// Keys that a new service has from one that is built from the same folder.
const LIKE: [&str; 3] = ["environment", "env_file", "networks"];

/// Whether a service of the file starts what its image does, on the port that was planned with.
fn runs_as_planned(service: &StackService, planned: &PlannedService) -> bool {
    let has_stage = service.value.get("build").and_then(|build| build.get("target")).is_some();
    let is_changed = has_stage || !service.words("command").is_empty() || !service.words("entrypoint").is_empty();
    match planned.role {
        ServiceRole::Backend => service.program.is_server(),
        ServiceRole::Worker => false,
        _ => !is_changed,
    }
}

/// Whether the image that a server of the file has is asked as the planned one is.
fn has_planned_check(service: &StackService, planned: &PlannedService) -> bool {
    let Some(image) = planned.image.as_deref() else { return true };
    let check_of = |image: &str| known_service(image).and_then(|known| known.check);
    planned.role != ServiceRole::Backend || service.base_name().is_none_or(|name| check_of(&name) == check_of(image))
}

fn is_enabled(check: &NewValue) -> bool {
    matches!(check, NewValue::Mapping(entries) if entries.iter().any(|(key, _)| key == "test"))
}

/// What is written behind a key of a service: an alias for what has an anchor.
fn written(source: &Source, service: &str, key: &str) -> Option<String> {
    let editor = YamlEditor::new(source);
    let span = editor.keys(&["services", service]).into_iter().find(|(name, _)| *name == key)?.1;
    let text = source.slice(span);
    let (_, value) = text.split_once(':')?;
    let trimmed = value.trim_start_matches(' ');
    if let Some(anchored) = trimmed.strip_prefix('&') {
        let name: String = anchored.chars().take_while(|c| !c.is_whitespace()).collect();
        return Some(format!(" *{name}"));
    }
    Some(value.trim_end().to_owned())
}
