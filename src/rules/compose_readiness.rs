//! What the rules about compose files share: whether a check says anything, which check fits an image, and how names are
//! listed.

use super::healthcheck_always_healthy::{always_healthy, innermost};
use super::healthcheck_program_missing::route;
use super::{ComposeContext, KeyChange};
use crate::build::{Build, Programs};
use crate::compose::NewValue;
use crate::finding::{Finding, Safety};
use crate::stack::{COMPLETED, CheckScript, HEALTHY, STARTED, ServiceCheck, Stack, StackService, WrittenCheck};

/// Why another check is a risk.
const WHY_CHECK: &str = "a container that fails the new check becomes unhealthy";

/// What a check that cannot fail ends with.
pub(super) fn constant_end(check: &WrittenCheck) -> Option<String> {
    let CheckScript { script, is_exec } = check.script();
    let script = innermost(&script);
    if !script.problems.is_empty() || !script.compounds.is_empty() {
        return None;
    }
    let last = always_healthy(script, is_exec)?;
    let words: Vec<&str> = last.words.iter().map(crate::shell::Word::text).collect();
    Some(words.join(" "))
}

/// The program that a check needs and the image lacks, and the image's name in messages.
pub(super) fn lacking_program(service: &StackService, check: &WrittenCheck) -> Option<(String, String)> {
    let input = service.image.as_ref()?;
    let build = Build::new(input);
    let programs = Programs::of(&build, build.target()?);
    if check.is_shell() && programs.lacks("sh") {
        return Some(("/bin/sh".to_owned(), programs.image_name()));
    }
    let CheckScript { script, .. } = check.script();
    for invocation in script.invocations() {
        let wrapper = invocation.via.first().map(|wrapper| wrapper.program).filter(|program| programs.lacks(program));
        let lacking = wrapper.or(invocation.program).filter(|program| programs.lacks(program));
        if let (Some(program), true) = (lacking, route::needs(&script, &invocation)) {
            return Some((program.to_owned(), programs.image_name()));
        }
    }
    None
}

/// Whether a service is asked by a check that can succeed and can fail, so that waiting for it means something.
pub(super) fn can_be_awaited(service: &StackService) -> bool {
    match &service.check {
        ServiceCheck::OfImage => true,
        ServiceCheck::Written(check) => constant_end(check).is_none() && lacking_program(service, check).is_none(),
        _ => false,
    }
}

/// What is to be waited for of a service.
pub(super) fn condition(stack: &Stack, name: &str) -> &'static str {
    match stack.service(name) {
        Some(target) if target.is_one_shot() => COMPLETED,
        Some(target) if can_be_awaited(target) => HEALTHY,
        _ => STARTED,
    }
}

/// The finding with the check that fits the service's image in place of the written one.
pub(super) fn with_known_test(cx: &ComposeContext, service: &StackService, finding: Finding) -> Finding {
    let Some(words) = service.known.and_then(|known| known.test()) else { return finding };
    let is_same = service.check.written().is_some_and(|check| check.words.iter().eq(words.iter()));
    if is_same {
        return finding;
    }
    let path = vec!["services", service.name, "healthcheck", "test"];
    let change = KeyChange::Set(path, NewValue::texts(&words));
    cx.fixed(finding, "use the check that fits the image", Safety::Unsafe(WHY_CHECK.to_owned()), &[change])
}

/// The finding with a healthcheck for a service that has none, where one is known for its image.
pub(super) fn with_known_check(cx: &ComposeContext, service: &StackService, finding: Finding) -> Finding {
    let Some((known, words)) = service.known.and_then(|known| Some((known, known.test()?))) else { return finding };
    if cx.has_key(&["services", service.name, "healthcheck"]) {
        return with_known_test(cx, service, finding);
    }
    let mut entries = vec![("test".to_owned(), NewValue::texts(&words))];
    entries.extend(known.timing().map(|(name, value)| (name.to_owned(), NewValue::Inline(value.to_owned()))));
    let change = KeyChange::Set(vec!["services", service.name, "healthcheck"], NewValue::Mapping(entries));
    let title = format!("add a healthcheck to `{}`", service.name);
    cx.fixed(finding, &title, Safety::Unsafe(WHY_CHECK.to_owned()), &[change])
}

/// `` `a` ``, `` `a` and `b` ``, `` `a`, `b` and 3 more ``.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names {
        [] => String::new(),
        [name] => format!("`{name}`"),
        [rest @ .., last] if names.len() <= 3 => format!("{} and `{last}`", quoted(rest)),
        _ => format!("{} and {} more", quoted(&names[..2]), names.len() - 2),
    }
}
