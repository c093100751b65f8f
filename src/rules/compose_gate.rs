//! What a service waits for: which condition fits a service that others need, and the changes that write it. A check that
//! another rule reports is no gate.

use super::compose_check_answer;
use super::compose_check_command::is_misread;
use super::compose_check_command::lost_variables;
use super::compose_check_command::missing_module;
use super::compose_check_command::unnamed_path;
use super::compose_readiness::{check_to_add, constant_end, lacking_program, patient_check, program_lacking_in};
use super::healthcheck_always_healthy::{always_healthy, shell_search};
use super::{ComposeContext, KeyChange};
use crate::build::Build;
use crate::compose::NewValue;
use crate::compose::project::is_service_name;
use crate::dockerfile::Keyword;
use crate::stack::{
    COMPLETED, CheckScript, Dependency, HEALTHY, STARTED, ServiceCheck, StackService, WrittenCheck, hosts,
};

/// What is wrong with the check of a service, so that waiting for it means nothing or never ends; without a subject.
fn check_fault(cx: &ComposeContext, service: &StackService) -> Option<String> {
    let lacks = |(program, image): (String, String)| format!("calls `{program}`, which {image} lacks");
    let Some(check) = service.check.written() else { return image_check_fault(service) };
    if let Some(end) = constant_end(check) {
        return Some(format!("ends with `{end}`, so it always reports healthy"));
    }
    let CheckScript { script, is_exec } = check.script();
    if shell_search(&script, is_exec).is_some() {
        return Some("finds its own shell, so it always reports healthy".to_owned());
    }
    if is_misread(check) {
        return Some("is not what its words look like".to_owned());
    }
    if let Some((_, name)) = lost_variables(cx, service).first() {
        return Some(format!("uses `${name}`, which Compose replaces by nothing"));
    }
    lacking_program(service, check)
        .map(lacks)
        .or_else(|| missing_module(cx, service, check).map(|(module, _)| format!("imports the missing `{module}`")))
        .or_else(|| compose_check_answer::fault(cx, service))
        .or_else(|| unnamed_path(cx, service).map(|path| format!("asks for `/{path}`, which no source file names")))
}

/// What is wrong with the HEALTHCHECK of a service's Dockerfile.
fn image_check_fault(service: &StackService) -> Option<String> {
    let (ServiceCheck::OfImage, Some(input)) = (&service.check, &service.image) else { return None };
    let build = Build::new(input);
    let (index, _) = build.last(build.target()?, Keyword::Healthcheck)?;
    let code = build.code(index)?;
    let script = code.script.innermost();
    let is_plain = script.problems.is_empty() && script.compounds.is_empty();
    if is_plain
        && (always_healthy(script, code.is_exec()).is_some() || shell_search(&code.script, code.is_exec()).is_some())
    {
        return Some("always reports healthy".to_owned());
    }
    let (program, image) = program_lacking_in(&build, &code.script, !code.is_exec())?;
    Some(format!("calls `{program}`, which {image} lacks"))
}

/// Whether a service is asked by a check that can succeed and can fail, so that waiting for it means something.
fn can_be_awaited(cx: &ComposeContext, service: &StackService) -> bool {
    matches!(service.check, ServiceCheck::OfImage | ServiceCheck::Written(_))
        && service.manual_start().is_none()
        && check_fault(cx, service).is_none()
}

/// What is to be waited for of a service.
pub(super) fn condition(cx: &ComposeContext, name: &str) -> &'static str {
    match cx.stack().service(name) {
        // One that is started again has no end to wait for.
        Some(target) if target.is_job && target.is_restarted() => STARTED,
        Some(target) if target.is_job => COMPLETED,
        Some(target) if can_be_awaited(cx, target) => HEALTHY,
        _ => STARTED,
    }
}

/// Whether the written check of a service asks another one by its name, or one that waits for that: neither of both would
/// ever be ready if it waited for the check.
pub(super) fn check_asks(cx: &ComposeContext, target: &StackService, other: &StackService) -> bool {
    let text = target.check.written().map(WrittenCheck::text).unwrap_or_default();
    let hosts = text.split(['\'', '"', ' ']).flat_map(|word| hosts("", word));
    let mut services = hosts.filter_map(|host| cx.stack().service(host)).filter(|service| service.name != target.name);
    services.any(|service| service.name == other.name || cx.stack().waits_for(service, other.name, &[]))
}

/// Why nothing can be written yet that waits for a service: once its check works, a condition that waits for its start
/// would look like a decision.
fn unready(cx: &ComposeContext, target: &StackService) -> Option<String> {
    if target.is_job {
        return None;
    }
    if let Some(step) = target.manual_start() {
        return Some(format!("`{}` is ready only after {step}, which nobody does while `up` waits", target.name));
    }
    let fault = check_fault(cx, target)?;
    Some(format!("the check of `{}` {fault}: repair it first", target.name))
}

/// Whether a service has, or can be given, something that others can wait for.
pub(super) fn can_wait<'a>(cx: &ComposeContext<'a>, target: &StackService<'a>) -> bool {
    condition(cx, target.name) != STARTED || check_to_add(cx, target).is_ok()
}

/// The changes after which a service waits until all that it names in the short form, and `more`, is ready: conditions,
/// and healthchecks for those that have none yet.
pub(super) fn awaited<'a>(
    cx: &ComposeContext<'a>,
    service: &StackService<'a>,
    more: Option<&'a str>,
) -> Vec<KeyChange<'a>> {
    let mut written: Vec<&Dependency> = service
        .dependencies
        .iter()
        .filter(|dependency| !dependency.is_implied && cx.text_at(dependency.place).is_some())
        .collect();
    // In the order of the file.
    written.sort_by_key(|dependency| dependency.place.map(|place| place.span));
    let is_long = written.iter().any(|dependency| dependency.condition_place.is_some());
    // What Compose implies stays implied, unless something is to be waited for.
    let implied = service.dependencies.iter().filter(|dependency| dependency.is_implied);
    let implied = implied.filter(|dependency| condition(cx, dependency.name) != STARTED);
    let (mut checks, mut entries) = (Vec::new(), Vec::new());
    if is_long {
        written.clear();
    }
    let names = written.into_iter().chain(implied).map(|known| (known.name, known.restarts));
    for (name, restarts) in names.chain(more.map(|name| (name, false))) {
        if let Some(why) = cx.stack().service(name).and_then(|target| unready(cx, target)) {
            return vec![KeyChange::Impossible(why)];
        }
        let asks_back = cx.stack().service(name).is_some_and(|target| check_asks(cx, target, service));
        let mut condition = if asks_back { STARTED } else { condition(cx, name) };
        if condition == HEALTHY {
            match cx.stack().service(name).map(|target| patient_check(cx, target)) {
                Some(Ok(change)) => checks.extend(change),
                Some(Err(why)) => return vec![KeyChange::Impossible(why)],
                None => {}
            }
        }
        if condition == STARTED
            && !asks_back
            && let Some(change) = cx.stack().service(name).and_then(|target| check_to_add(cx, target).ok())
        {
            condition = HEALTHY;
            checks.push(change);
        }
        let mut keys = vec![("condition".to_owned(), NewValue::Inline(condition.to_owned()))];
        keys.extend(restarts.then(|| ("restart".to_owned(), NewValue::Inline("true".to_owned()))));
        entries.push((name, NewValue::Mapping(keys)));
    }
    // Compose takes any text in the short form.
    if let Some((name, _)) = entries.iter().find(|(name, _)| !is_service_name(name)) {
        return vec![KeyChange::Impossible(format!("`{name}`, which it depends on, cannot be the name of a service"))];
    }
    let path = vec!["services", service.name, "depends_on"];
    if is_long {
        let below = |name| path.iter().copied().chain([name]).collect();
        checks.extend(entries.into_iter().map(|(name, value)| KeyChange::Set(below(name), value)));
    } else {
        let entries = entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        checks.push(KeyChange::Set(path, NewValue::Mapping(entries)));
    }
    checks
}
