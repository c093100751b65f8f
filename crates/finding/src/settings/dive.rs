//! `.dive-ci`, read as dive reads it: three rules, each with a limit of its own where the file says nothing.

use super::budget::{Bound, Budget, Limit, Measure};
use super::{SettingsProblem, amount, closest};
use crate::text::{FileId, Source, Span};
use crate::yaml::{self, NodeKind, YamlNode};

/// A rule of dive: its name in the file, the one since 0.13, and its limit where none is written.
struct Rule {
    names: [&'static str; 2],
    measure: Measure,
    default: Option<Bound>,
}

const RULES: [Rule; 3] = [
    Rule {
        names: ["lowestEfficiency", "lowest-efficiency"],
        measure: Measure::DiveEfficiency,
        default: Some(Bound::Ratio(0.9)),
    },
    Rule { names: ["highestWastedBytes", "highest-wasted-bytes"], measure: Measure::DiveWastedBytes, default: None },
    Rule {
        names: ["highestUserWastedPercent", "highest-user-wasted-percent"],
        measure: Measure::DiveUserWaste,
        default: Some(Bound::Ratio(0.1)),
    },
];

/// Reads the file: limits, and what is wrong with it.
pub fn dive(file: FileId, source: &Source) -> (Budget, Vec<SettingsProblem>) {
    let tree = yaml::read(source.text());
    let mut problems: Vec<SettingsProblem> = Vec::new();
    let error =
        |span: Span, message: String, help: Option<String>| SettingsProblem { span, error: true, message, help };
    problems.extend(tree.problems().iter().map(|problem| error(problem.span, problem.message.clone(), None)));
    let rules = tree.root().and_then(|root| root.get("rules"));
    let mut budget = Budget::default();
    for entry in tree.root().into_iter().flat_map(YamlNode::entries) {
        let key = entry.key.text().unwrap_or_default();
        if key != "rules" {
            let is_rule = RULES.iter().any(|rule| rule.names.contains(&key));
            let help = match closest(key, &["rules"]) {
                _ if is_rule => Some(format!("write `{key}` under `rules:`")),
                close => close.map(|close| format!("did you mean `{close}`?")),
            };
            let message = format!("dive reads no key `{key}`");
            problems.push(SettingsProblem { error: false, ..error(entry.key.span(), message, help) });
        }
    }
    if let Some(rules) = rules.filter(|rules| rules.kind() != Some(NodeKind::Mapping) && !rules.is_null()) {
        let help = Some("write `rules:`, and rules such as `lowestEfficiency: 0.9` under it".to_owned());
        problems.push(error(rules.span(), "`rules` must be a mapping of rule names to limits".to_owned(), help));
    }
    let names: Vec<&str> = RULES.iter().flat_map(|rule| rule.names).collect();
    for entry in rules.into_iter().flat_map(YamlNode::entries) {
        let name = entry.key.text().unwrap_or_default();
        if !names.contains(&name) {
            let help = closest(name, &names).map(|close| format!("did you mean `{close}`?"));
            problems.push(SettingsProblem {
                error: false,
                ..error(entry.key.span(), format!("dive has no rule `{name}`"), help)
            });
        }
    }
    for rule in &RULES {
        let written = rules.and_then(|rules| rule.names.iter().find_map(|name| rules.get(name)));
        let Some(value) = written else {
            let limit = |bound| Limit { measure: rule.measure.clone(), bound, place: None };
            budget.limits.extend(rule.default.map(limit));
            continue;
        };
        match limit(rule, value) {
            Ok(None) => {}
            Ok(Some(bound)) => {
                let place = Some((file, value.span()));
                budget.limits.push(Limit { measure: rule.measure.clone(), bound, place });
            }
            Err(help) => {
                let message =
                    format!("`{}` is not a valid limit for {}", value.text().unwrap_or_default(), rule.names[0]);
                problems.push(error(value.span(), message, Some(help.to_owned())));
            }
        }
    }
    (budget, problems)
}

/// The limit that is written; `None` for `disabled`.
fn limit(rule: &Rule, value: YamlNode) -> Result<Option<Bound>, &'static str> {
    let text = value.text().unwrap_or_default().trim();
    if matches!(text, "disabled" | "disable" | "off" | "false") {
        return Ok(None);
    }
    if rule.measure == Measure::DiveWastedBytes {
        let help = "use a size such as `20MB`, or `disabled`";
        return amount::bytes(text).map(|bytes| Some(Bound::Bytes(bytes))).ok_or(help);
    }
    amount::ratio(text).map(|share| Some(Bound::Ratio(share))).ok_or("use a number from 0 to 1, or `disabled`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, limits: &[(Measure, Bound)], problems: &[&str]) {
        let (budget, actual) = dive(FileId(0), &Source::of(".dive-ci", text));
        let read: Vec<_> = budget.limits.into_iter().map(|limit| (limit.measure, limit.bound)).collect();
        assert_eq!(read, limits, "{text}");
        assert_eq!(actual.into_iter().map(|problem| problem.message).collect::<Vec<_>>(), problems, "{text}");
    }

    #[test]
    fn dives_rules_have_dives_limits() {
        let efficiency = |share| (Measure::DiveEfficiency, Bound::Ratio(share));
        let user = |share| (Measure::DiveUserWaste, Bound::Ratio(share));
        let wasted = |bytes| (Measure::DiveWastedBytes, Bound::Bytes(bytes));
        check("", &[efficiency(0.9), user(0.1)], &[]);
        check(
            "rules:\n  lowestEfficiency: 0.95\n  highestWastedBytes: 20MB\n  highestUserWastedPercent: 0.20\n",
            &[efficiency(0.95), wasted(20_000_000), user(0.2)],
            &[],
        );
        check("rules:\n  lowest-efficiency: disabled\n  highest-wasted-bytes: disabled\n", &[user(0.1)], &[]);
        check(
            "rules:\n  lowestEfficiency: many\n  highestWaste: 1\n",
            &[user(0.1)],
            &["dive has no rule `highestWaste`", "`many` is not a valid limit for lowestEfficiency"],
        );
        check("rule:\n  lowestEfficiency: 0.5\n", &[efficiency(0.9), user(0.1)], &["dive reads no key `rule`"]);
        check("lowestEfficiency: 0.5\n", &[efficiency(0.9), user(0.1)], &["dive reads no key `lowestEfficiency`"]);
    }
}
