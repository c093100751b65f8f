//! See `rules/compose-check-always-healthy.md`.

use super::ComposeContext;
use super::compose_check_edit::RawTest;
use super::compose_readiness::{constant_end, with_known_test, with_test};
use super::healthcheck_always_healthy::{SELF, SELF_HELP, SELF_TITLE, bracketed, shell_search};
use crate::finding::Findings;
use crate::stack::{CheckScript, StackService, WrittenCheck};

super::compose_rule!("compose-check-always-healthy", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        let Some(end) = constant_end(check) else {
            check_search(cx, service, check, out);
            continue;
        };
        let message = format!("the check of `{}` ends with `{end}`, so it always reports healthy", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let finding = finding.help("check that the service answers or does its work, or remove the check");
        let finding = with_known_test(cx, service, finding);
        let failing = if finding.fixes.is_empty() && !finding.notes.iter().any(|note| note.starts_with("not fixed")) {
            RawTest::of(cx, service).and_then(|test| test.with_failure())
        } else {
            None
        };
        out.push(match failing {
            Some(test) => with_test(cx, service, finding, &test, "let the check fail"),
            None => finding,
        });
    }
}

/// Reports a check that finds its own shell.
fn check_search(cx: &ComposeContext, service: &StackService, check: &WrittenCheck, out: &mut Findings) {
    let CheckScript { script, is_exec } = check.script();
    let Some(pattern) = shell_search(&script, is_exec) else { return };
    let message = format!("the check of `{}` finds its own shell: {SELF}", service.name);
    let Some(finding) = cx.finding(check.place, message) else { return };
    let finding = finding.help(SELF_HELP);
    if service.known.is_some_and(|known| known.check.is_some()) {
        out.push(with_known_test(cx, service, finding));
        return;
    }
    let quoted = |quote: char, text: &str| format!("{quote}{text}{quote}");
    let changed = RawTest::of(cx, service).and_then(|test| {
        let text = pattern.text();
        let new = quoted('\'', &bracketed(text));
        let mut olds = [quoted('\'', text), quoted('"', text), text.to_owned()].into_iter();
        olds.find_map(|old| test.with_text(&old, &new))
    });
    out.push(match changed {
        Some(test) => with_test(cx, service, finding, &test, SELF_TITLE),
        None => finding,
    });
}
