//! Whether the containers of a service can be replaced by newer ones without a lost request: the findings that speak against
//! it, and what is not known.

use std::collections::BTreeSet;
use std::ops::Range;

use super::report::Report;
use super::stopped::is_for_file;
use crate::build::Reference;
use crate::compose::project::{ComposePlace, ComposeValue};
use crate::data;
use crate::finding::{Finding, Severity};
use crate::inputs::{ComposeInput, Inputs, MigrationInput, WorkflowInput};
use crate::migration::MigrationVerdict;
use crate::rules::{self, Group};
use crate::sources::patterns;
use crate::stack::{Stack, StackService};
use crate::text::{FileId, LineColumn, path};
use crate::workflow::ComposeCall;

/// What is said of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Replaceability {
    /// Nothing speaks against it.
    Yes,
    /// Something is not known.
    Unknown,
    /// Something speaks against it.
    No,
}

/// A service whose containers a deployment replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceReplacement {
    /// Its name.
    pub service: String,
    /// The compose file.
    pub file: String,
    /// Where its name is written.
    pub place: LineColumn,
    /// The findings that speak against it, by their indexes in the report, in their order.
    pub findings: Vec<usize>,
    /// The steps of migrations that take away what its old containers use.
    pub migration_steps: Vec<MigrationReason>,
    /// What is not known, one clause each.
    pub unknowns: Vec<String>,
}

/// A step of a migration that speaks against a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationReason {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// What the step does, in one clause.
    pub text: String,
}

impl ServiceReplacement {
    /// What all of it comes to.
    pub fn replaceability(&self) -> Replaceability {
        let has_no_reason = self.findings.is_empty() && self.migration_steps.is_empty();
        match (has_no_reason, self.unknowns.is_empty()) {
            (false, _) => Replaceability::No,
            (true, false) => Replaceability::Unknown,
            (true, true) => Replaceability::Yes,
        }
    }
}

/// A meaning in `data/source_patterns.tsv`.
const BACKUP: &str = "program that backs up a database";

/// Rules that are about more than deployments, and whose findings speak against a replacement too.
const OTHERS: [&str; 4] = ["shell-form-command", SHELL_AS_MAIN, "compose-migration-repeated", STOPPED_FIRST];

/// Rules on manifests that are on without being selected.
const OF_MANIFESTS: [&str; 4] =
    ["probe-differs-from-healthcheck", "manifest-secret-in-clear", "pod-host-folder", "pod-privileged"];

const SHELL_AS_MAIN: &str = "shell-as-main-process";
const STOPPED_FIRST: &str = "stop-before-start";

/// The rules that are asked, as selectors.
pub fn replacement_selectors() -> Vec<String> {
    let all = std::iter::once(Group::Deploy.name()).chain(OF_MANIFESTS).chain(OTHERS);
    all.map(str::to_owned).collect()
}

/// The services of the compose files of a run that a deployment replaces, in the order of files and names.
pub fn service_replacements(inputs: &Inputs, report: &Report) -> Vec<ServiceReplacement> {
    let mut replacements = Vec::new();
    let about: Vec<(usize, &Finding)> =
        report.findings.iter().enumerate().filter(|(_, finding)| is_about_deployments(finding)).collect();
    for compose in &inputs.composes {
        let Some(project) = &compose.reading.project else { continue };
        let stack = Stack::new(project, &compose.dockerfiles);
        let known = KnownProject::of(inputs, compose, &stack);
        for service in rules::replaced_services(compose, &stack) {
            let Some((place, file)) = service.place.and_then(|place| Some((place, compose.locate(place)?))) else {
                continue;
            };
            // Of one that another file of the run has is told there.
            if file != compose.file && inputs.composes.iter().any(|other| other.file == file) {
                continue;
            }
            let source = inputs.source(file);
            let asked_service = AskedService::of(inputs, compose, service);
            let is_of = |finding: &Finding| concerns(inputs, compose, &asked_service, finding);
            let findings: Vec<(usize, &Finding)> =
                about.iter().filter(|(_, finding)| is_of(finding)).copied().collect();
            let mut replacement = ServiceReplacement {
                service: service.name.to_owned(),
                file: source.name().to_owned(),
                place: source.line_column(place.span.start),
                findings: without_repetitions(compose, &findings),
                migration_steps: Vec::new(),
                unknowns: unknowns(inputs, compose, &known, service),
            };
            if let Some(migrations) = &inputs.migrations {
                add_migrations(migrations, build_context(inputs, compose, &known, service), &mut replacement);
            }
            replacements.push(replacement);
        }
    }
    replacements
}

/// The indexes of findings, where a file on top and the one below it say the same of a service only that on top.
fn without_repetitions(compose: &ComposeInput, findings: &[(usize, &Finding)]) -> Vec<usize> {
    let is_on_top = |other: &Finding, finding: &Finding| {
        (other.rule, &other.message) == (finding.rule, &finding.message)
            && other.file == compose.file
            && finding.file != compose.file
    };
    let is_said_twice = |finding: &Finding| findings.iter().any(|(_, other)| is_on_top(other, finding));
    findings.iter().filter(|(_, finding)| !is_said_twice(finding)).map(|(index, _)| *index).collect()
}

/// The folder that the image of a service is built from, by itself or by another service that has the same image.
fn build_context<'i>(
    inputs: &'i Inputs,
    compose: &'i ComposeInput,
    known: &KnownProject,
    service: &StackService<'i>,
) -> Option<&'i str> {
    let context = |value: &'i ComposeValue| value.get("build")?.get("context")?.as_text();
    if service.is_built {
        return context(service.value);
    }
    let image = Reference::of(known.chosen_image(service)?);
    let is_same = |value: &ComposeValue| {
        let other = value.get("image").and_then(ComposeValue::as_text).map(Reference::of);
        other.is_some_and(|other| (other.short_name(), other.tag) == (image.short_name(), image.tag))
    };
    let projects = std::iter::once(compose).chain(&inputs.composes).filter_map(|it| it.reading.project.as_ref());
    let mut services = projects.flat_map(|project| project.services()).map(|(_, value)| value);
    services.find(|value| value.get("build").is_some() && is_same(value)).and_then(context)
}

/// Adds what the migrations of the next deployment mean for a service: those in its build context.
fn add_migrations(migrations: &MigrationInput, context: Option<&str>, replacement: &mut ServiceReplacement) {
    let holds = |file: &str| context.is_some_and(|context| path::is_within(&migrations.full_path(file), context));
    for migration in migrations.new_migrations().into_iter().filter(|migration| holds(&migration.path)) {
        let file = &migration.path;
        for step in migration.steps.iter().filter(|step| step.verdict == MigrationVerdict::Contract) {
            let (path, line, text) = (file.clone(), step.line, step.text.clone());
            replacement.migration_steps.push(MigrationReason { path, line, text });
        }
        let mut unknown = migration.steps.iter().filter(|step| step.verdict == MigrationVerdict::Unknown);
        if let Some(first) = unknown.next() {
            let more = match unknown.count() {
                0 => String::new(),
                more => format!(", and {more} more steps"),
            };
            let (line, text) = (first.line, &first.text);
            replacement
                .unknowns
                .push(format!("whether its old containers work on after `{file}`, line {line}: {text}{more}"));
        }
    }
    for problem in migrations.history.problems.iter().filter(|problem| holds(&problem.path)) {
        let (file, line, message) = (&problem.path, problem.line, &problem.message);
        replacement.unknowns.push(format!("which migrations run: `{file}`, line {line}: {message}"));
    }
}

/// Whether a script, recipe or pipeline of the run names a program that backs up a database.
pub fn has_database_backup(inputs: &Inputs) -> bool {
    let scripts = inputs.workflows.iter().flat_map(|input| input.workflow.jobs.iter().flat_map(|job| &job.steps));
    let texts: Vec<&str> =
        scripts.filter_map(|step| step.script.as_ref()).map(|script| script.text.for_shell()).collect();
    patterns::words(BACKUP).any(|program| texts.iter().any(|text| text.contains(program)))
}

/// What is known of a project for all of its services.
struct KnownProject<'i> {
    /// Where variables without a value stand.
    unset: BTreeSet<(FileId, u32)>,
    /// The names of images that services of the run build.
    built_images: BTreeSet<&'i str>,
    /// The proxies whose configuration was not read.
    unread_proxies: Vec<&'i str>,
}

impl<'i> KnownProject<'i> {
    fn of(inputs: &'i Inputs, compose: &'i ComposeInput, stack: &Stack<'i>) -> Self {
        let projects = inputs.composes.iter().filter_map(|other| other.reading.project.as_ref());
        let services = projects.flat_map(|project| project.services()).map(|(_, value)| value);
        let built = services.filter_map(|value| value.get("build").and(value.get("image"))?.as_text());
        let unread = stack.services.iter().filter(|other| is_unread_proxy(compose, other));
        Self {
            unset: compose.reading.project.as_ref().map(|project| project.unset_starts()).unwrap_or_default(),
            built_images: built.map(|image| Reference::of(image).short_name()).collect(),
            unread_proxies: unread.map(|proxy| proxy.name).collect(),
        }
    }

    /// The image of a service, where no variable without a value stands in it.
    fn chosen_image<'p>(&self, service: &StackService<'p>) -> Option<&'p str> {
        let is_unset = |value: &ComposeValue| value.holds_place(&|place| self.unset.contains(&place.start()));
        if service.value.get("image").is_some_and(is_unset) { None } else { service.image_name() }
    }
}

/// A service that findings are held against.
struct AskedService<'a, 'p> {
    service: &'a StackService<'p>,
    /// Its name as messages have it.
    quoted: String,
    /// The file and the stretch of it that its keys stand in.
    block: Option<(FileId, Range<u32>)>,
}

impl<'a, 'p> AskedService<'a, 'p> {
    fn of(inputs: &Inputs, compose: &ComposeInput, service: &'a StackService<'p>) -> Self {
        let place = service.place.and_then(|place| Some((place, compose.locate(place)?)));
        let block_of = |(place, file): (ComposePlace, FileId)| {
            (file, place.span.start..end_of_block(inputs.source(file).text(), place))
        };
        Self { service, quoted: format!("`{}`", service.name), block: place.map(block_of) }
    }

    /// Whether a finding names it: in its message, or in the notes of one that is about more than a message has room for.
    fn is_named_in(&self, finding: &Finding) -> bool {
        let notes = || finding.notes.iter().any(|note| note.contains(&self.quoted));
        let has_list = ["compose-proxy-address-kept", STOPPED_FIRST].contains(&finding.rule);
        finding.message.contains(&self.quoted) || has_list && notes()
    }

    /// Whether a finding is written among its keys.
    fn has(&self, finding: &Finding) -> bool {
        self.block.as_ref().is_some_and(|(file, block)| *file == finding.file && block.contains(&finding.span.start))
    }
}

/// Whether a finding may speak against a replacement.
fn is_about_deployments(finding: &Finding) -> bool {
    let is_deploy = |rule: &'static rules::Rule| rule.metadata().groups.contains(&Group::Deploy);
    rules::find(finding.rule).is_some_and(is_deploy) || OTHERS.contains(&finding.rule)
}

/// Whether a finding is about a service: written there, in its Dockerfile, or in a text that deploys it.
fn concerns(inputs: &Inputs, compose: &ComposeInput, asked_service: &AskedService, finding: &Finding) -> bool {
    let service = asked_service.service;
    // A file on top of another one has what that one says.
    if compose.parts.contains(&finding.file) || compose.reading.files.contains(&Some(finding.file)) {
        let is_about = asked_service.has(finding) || asked_service.is_named_in(finding);
        return is_about && !is_taken_out(service, finding);
    }
    // Compose knows Dockerfiles by their full paths.
    let text = inputs.source(finding.file).text();
    if service.image.as_ref().is_some_and(|input| service.is_built && input.file.source().text() == text) {
        return !is_overridden(service, finding, text);
    }
    let of_file = |workflow: &&WorkflowInput| workflow.parts.contains(&Some(finding.file));
    let Some(workflow) = inputs.workflows.iter().find(of_file) else { return false };
    if finding.rule == STOPPED_FIRST {
        return is_stopped(inputs, compose, workflow, asked_service, finding);
    }
    deploys(compose, service, workflow)
}

/// Whether a finding says that a service is stopped before its new version starts. What is no more than information does not count,
/// and of several compose files nobody knows which one a script on another machine means that names none.
fn is_stopped(
    inputs: &Inputs,
    compose: &ComposeInput,
    workflow: &WorkflowInput,
    asked_service: &AskedService,
    finding: &Finding,
) -> bool {
    let is_of_all = finding.message.starts_with("all services");
    let is_meant = || {
        is_for_file(inputs, compose, workflow, finding)
            .unwrap_or_else(|| inputs.composes.len() == 1 || !workflow.compose_calls.is_empty())
    };
    finding.severity > Severity::Info && (is_of_all || asked_service.is_named_in(finding)) && is_meant()
}

/// Whether a service does not run what a finding is about: its own command replaces CMD. `text`: that of the Dockerfile.
fn is_overridden(service: &StackService, finding: &Finding, text: &str) -> bool {
    let before = text.get(..finding.span.start as usize).unwrap_or_default().to_ascii_uppercase();
    let is_of_cmd = match finding.rule {
        "shell-form-command" => finding.message.starts_with("CMD "),
        SHELL_AS_MAIN => before.rfind("\nCMD") > before.rfind("\nENTRYPOINT"),
        _ => return false,
    };
    let has_entrypoint = !service.words("entrypoint").is_empty();
    has_entrypoint || is_of_cmd && !service.words("command").is_empty()
}

/// Whether a file on top takes out the key that a finding is about: `ports: !reset []`.
fn is_taken_out(service: &StackService, finding: &Finding) -> bool {
    let key = match finding.rule {
        "compose-port-fixed" => "ports",
        "compose-name-fixed" if finding.message.contains("container name") => "container_name",
        _ => return false,
    };
    service.value.get(key).is_none_or(|value| value.as_list().is_some_and(<[_]>::is_empty))
}

/// Where the block of a key ends: at the next line that is not indented deeper.
fn end_of_block(text: &str, key: ComposePlace) -> u32 {
    let start = key.span.start as usize;
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let indent = start - line;
    let mut end = start;
    for (number, line) in text[line..].split_inclusive('\n').enumerate() {
        let is_blank = line.trim().is_empty() || line.trim_start().starts_with('#');
        let deeper = line.len() - line.trim_start_matches(' ').len() > indent;
        if number > 0 && !is_blank && !deeper {
            break;
        }
        end = end.max(line.as_ptr() as usize - text.as_ptr() as usize + line.len());
    }
    end as u32
}

/// Whether a script, recipe or pipeline starts the services of a compose file: this one, or all of them.
fn deploys(compose: &ComposeInput, service: &StackService, workflow: &WorkflowInput) -> bool {
    let paths = compose.request.paths();
    let is_of_file =
        |file: &Option<String>| file.as_ref().is_none_or(|file| paths.iter().any(|known| path::ends_with(known, file)));
    // What a container runs that is made for it, or what runs in one that is there, says nothing about what is started.
    let starts = |call: &&ComposeCall| !["run", "exec"].contains(&call.command.as_str());
    let calls = workflow.compose_calls.iter().filter(starts);
    let of_compose = calls.filter(|call| call.files.is_empty() || call.files.iter().any(|(_, file)| is_of_file(file)));
    let mut services = of_compose.flat_map(|call| &call.services).peekable();
    services.peek().is_none() || services.any(|named| named.text == service.name)
}

/// What is not known of a service.
fn unknowns(inputs: &Inputs, compose: &ComposeInput, known: &KnownProject, service: &StackService) -> Vec<String> {
    let mut unknowns = Vec::new();
    let nobody = "nobody knows whether its program ends its requests when it is told to stop";
    if service.is_built && service.image.is_none() {
        unknowns.push(format!("{}: {nobody}", unread_build(compose, service)));
    } else if !has_known_image(inputs, compose, known, service) {
        let image = known.chosen_image(service).map_or_else(String::new, |image| format!(" (`{image}`)"));
        unknowns.push(format!("its image{image} is not built here: {nobody}"));
        if service.check.is_absent() {
            unknowns.push("whether its image has a healthcheck".to_owned());
        }
    }
    unknowns.extend(abrupt_program(compose, service));
    let publishes = service.value.get("ports").and_then(ComposeValue::as_list).is_some_and(|ports| !ports.is_empty());
    if !publishes && service.listening().is_some() {
        unknowns.extend(known.unread_proxies.iter().map(|proxy| {
            format!("the configuration of `{proxy}` was not read: nobody knows how requests come from there")
        }));
    }
    unknowns
}

/// What is said of a program that breaks its requests off unless a file that may not be there says otherwise: without
/// `process_control_timeout`, php-fpm ends its children at once (php.net: php-fpm.conf, 0 where none is written).
fn abrupt_program(compose: &ComposeInput, service: &StackService) -> Option<String> {
    let words: Vec<String> = rules::start_words(service).concat();
    let base = if words.is_empty() { service.base_name().unwrap_or_default() } else { String::new() };
    let image = Reference::of(&base);
    let is_image = image.short_name() == "php" && image.tag.is_some_and(|tag| tag.contains("fpm"));
    let is_fpm = is_image || words.iter().any(|word| path::name(word).starts_with("php-fpm"));
    let is_patient = compose.compose_use.patient_services.contains(service.name);
    (is_fpm && service.is_built && !is_patient).then(|| {
        "whether it ends its requests when it is told to stop: php-fpm breaks them off unless `process_control_timeout` is set, \
         and no file of its image that was read sets it"
            .to_owned()
    })
}

/// Why the Dockerfile of a service is not known, in one clause.
fn unread_build(compose: &ComposeInput, service: &StackService) -> String {
    if let Some(missing) = compose.missing_dockerfiles.get(service.name) {
        return format!("its Dockerfile (`{}`) is not there", missing.path);
    }
    let project = compose.reading.project.as_ref();
    let context = service.value.get("build").and_then(|build| build.get("context")?.as_text());
    let folder = project.zip(context).and_then(|(project, context)| path::relative(context, &project.folder));
    match (folder, context) {
        (Some(folder), _) if !folder.is_empty() && folder != "." => {
            format!("its build folder (`{folder}`) is not there, or has no Dockerfile")
        }
        (None, Some(context)) if !context.starts_with('/') => {
            format!("it is built from a place that was not read (`{context}`)")
        }
        _ => "its Dockerfile was not read".to_owned(),
    }
}

/// The name of an image as it is written, where a variable without a value is no more than its tag.
fn written_name<'i>(inputs: &'i Inputs, compose: &ComposeInput, service: &StackService) -> Option<&'i str> {
    let place = service.value.get("image")?.place?;
    let text = inputs.source(compose.locate(place)?).text().get(place.span.range())?;
    let (name, tag) = text.trim_matches(['"', '\'']).rsplit_once(":$").filter(|(name, _)| !name.contains('$'))?;
    tag.starts_with('{').then_some(name)
}

/// Whether the image of a service is built here: by itself, by another service of a project of the run, or by a script.
fn has_known_image(inputs: &Inputs, compose: &ComposeInput, known: &KnownProject, service: &StackService) -> bool {
    if service.is_built {
        return service.image.is_some();
    }
    let Some(image) = known.chosen_image(service).or_else(|| written_name(inputs, compose, service)) else {
        return false;
    };
    let name = Reference::of(image).short_name();
    known.built_images.contains(name) || compose.compose_use.builds_image(name)
}

/// Whether a service is a proxy whose configuration is not in the repository, or is made when it starts.
fn is_unread_proxy(compose: &ComposeInput, service: &StackService) -> bool {
    let is_proxy = |image: String| data::PROXY_IMAGES.contains(Reference::of(&image).short_name());
    service.base_name().is_some_and(is_proxy) && compose.proxies.get(service.name).is_none_or(Vec::is_empty)
}
