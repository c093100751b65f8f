//! All rules, for modules that stand below them or beside them.

use std::collections::BTreeSet;
use std::slice;

use super::{
    Context, ContractBreach, Neighbours, Policies, Policy, Selection, announced, dockerfile_breaches, find,
    known_rules, run,
};
use crate::build::Build;
use crate::finding::{Finding, Findings};
use crate::fix::{ChosenRules, RuleChoice, RuleRunner};
use crate::inputs::{Inputs, Need};
use crate::settings::{Choice, CommandLinePolicy, FactNeeds, RuleFacts, RuleNames};
use crate::text::Source;

/// All rules.
#[derive(Clone, Copy, Debug)]
pub struct AllRules;

impl RuleFacts for AllRules {
    fn names(&self) -> &'static RuleNames {
        known_rules()
    }

    fn needs(&self, inputs: &Inputs, line: &CommandLinePolicy) -> FactNeeds {
        let (policies, problems) = Policies::read(inputs, line);
        let asks = |policy: &Policy| policy.rules().iter().any(|rule| rule.metadata().needs.has(Need::Shellcheck));
        let files = inputs.settings.keys().map(|file| (*file, asks(policies.of(*file))));
        FactNeeds {
            rules: policies.needs(),
            shellcheck: files.collect(),
            shellcheck_elsewhere: asks(policies.elsewhere()),
            problems,
        }
    }
}

impl RuleRunner for AllRules {
    fn choose(&self, inputs: &Inputs, choice: RuleChoice) -> ChosenRules {
        let names = |rules: &[&str]| -> Vec<String> { rules.iter().map(|rule| (*rule).to_owned()).collect() };
        let policies = match choice {
            RuleChoice::Only(rules) => Policies::from(Selection::new(&names(rules), &[]).unwrap_or_default()),
            RuleChoice::SettingsAnd(rules) => {
                let choice = Choice { extend: names(rules), ..Choice::default() };
                Policies::read(inputs, &CommandLinePolicy { choice, ..CommandLinePolicy::default() }).0
            }
        };
        Box::new(move |inputs: &Inputs, builds: &[Build]| run(inputs, builds, &policies).findings)
    }

    fn findings_of<'i>(&self, rule: &str, inputs: &'i Inputs, build: &Build<'i>) -> Vec<Finding> {
        let Some(rule) = find(rule) else { return Vec::new() };
        let neighbours = Neighbours::new(slice::from_ref(build));
        let mut findings = Findings::new();
        rule.check_build(&Context::new(rule, inputs, &neighbours, build), &mut findings);
        findings.into_sorted()
    }

    fn breach(&self, before: &Source, after: &Source, rules: &BTreeSet<&'static str>) -> Option<String> {
        let (breaches, _) = dockerfile_breaches(before, after, &announced(rules));
        // What several announce need not be what their edits come to together: a moved RUN that also changes is another.
        let is_loss = |breach: &ContractBreach| match breach {
            ContractBreach::Refused(_) => true,
            ContractBreach::Unannounced { parts, .. } => parts.contains(&"lost"),
        };
        let counts = |breach: &&ContractBreach| rules.len() == 1 || is_loss(breach);
        breaches.iter().find(counts).map(ToString::to_string)
    }
}
