//! See `rules/compose-check-variable-unescaped.md`.

use super::ComposeContext;
use crate::compose::project::ComposePlace;
use crate::finding::{Findings, Safety};
use crate::stack::StackService;

super::compose_rule!("compose-check-variable-unescaped", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        for (place, name) in lost_variables(cx, service) {
            let message = format!(
                "`${name}` in the check of `{}` is replaced before the container starts, by nothing: the variable \
                 is set in the container only",
                service.name
            );
            let Some(finding) = cx.finding(Some(place), message) else { continue };
            let finding = finding.help(format!("write `$${name}`"));
            let text = cx.text_at(Some(place)).map(|text| escaped(text, name));
            out.push(match text {
                Some(text) => {
                    let why = "the check asks with the value of the variable, which it did not before".to_owned();
                    cx.replaced(finding, "double the `$`", Safety::Unsafe(why), Some(place), &text)
                }
                None => finding,
            });
        }
    }
}

/// The variables of a container that Compose replaces by nothing in its check, and where.
pub(super) fn lost_variables<'a>(cx: &ComposeContext<'a>, service: &StackService<'a>) -> Vec<(ComposePlace, &'a str)> {
    let mut lost = Vec::new();
    let (Some(check), Some(variables)) = (service.check.written(), service.value.get("environment")) else {
        return lost;
    };
    for place in check.places.iter().copied().flatten() {
        let unset = cx.project().unset.iter().filter(|unset| unset.place == Some(place));
        for name in unset.map(|unset| unset.name.as_str()) {
            // One that the file also takes from outside is meant to be replaced.
            let is_given = variables.get(name).is_some_and(|value| !value.is_null());
            if is_given && !is_used_elsewhere(cx, name) && !lost.contains(&(place, name)) {
                lost.push((place, name));
            }
        }
    }
    lost
}

/// Whether the project uses a variable of Compose outside of checks.
fn is_used_elsewhere(cx: &ComposeContext, name: &str) -> bool {
    let in_check =
        |place| cx.services().any(|service| service.check.written().is_some_and(|check| check.places.contains(&place)));
    cx.project().unset.iter().any(|unset| unset.name == name && !in_check(unset.place))
}

/// A text with the `$` of a variable doubled, where that is not done yet.
fn escaped(text: &str, name: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let behind = &from[1..];
        if let Some(after) = behind.strip_prefix('$') {
            out.push_str("$$");
            rest = after;
            continue;
        }
        let inside = behind.strip_prefix('{').unwrap_or(behind);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_it = inside.strip_prefix(name).is_some_and(|after| !after.starts_with(is_name));
        out.push_str(if is_it { "$$" } else { "$" });
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn only_the_variable_is_escaped() {
        assert_eq!(escaped("a $A ${A:-b} $$A $AB ${B} $(A)", "A"), "a $$A $${A:-b} $$A $AB ${B} $(A)");
    }
}
