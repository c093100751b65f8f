//! All rules, in folders by family. To add one: a page in `rules/`, and a check in the file of its topic, or in a new one
//! that its family names. What several rules need is in `shared`.
//! Owns the catalogue, what pages say about their rules, and selection; decides nothing about a Dockerfile itself.

mod base;
mod builder_checks;
mod catalogue;
mod compose;
mod compose_context;
mod compose_run;
mod context;
mod files;
mod image_rules;
mod metadata;
mod packages;
mod policy;
mod rule_runner;
mod run;
mod scripts;
mod selection;
mod shared;
mod start;
#[cfg(test)]
mod test_page;
mod values;

use std::sync::LazyLock;

pub use self::builder_checks::{Violations, violations};
pub use self::catalogue::{ContractBreach, dockerfile_breaches};
pub use self::catalogue::{Rule, announced, find, rules_named};
use self::catalogue::{all_by_name, family, rule};
pub use self::compose_context::{ComposeCheck, ComposeContext, KeyChange};
pub use self::compose_run::{compose_breach, pragmas_of_compose};
pub use self::context::Context;
pub use self::context::Neighbours;
pub use self::image_rules::rule_of_waste;
pub use self::image_rules::{ImageCheck, ImageContext, ImageCost, ImageFinding};
pub use self::image_rules::{contents_of, rule_of_contents};
pub use self::image_rules::{image_rule_of_category, rule_of_category};
pub use self::metadata::{Category, Confidence, Fixability, Group, Metadata, Status, Subject, is_there};
pub use self::policy::{Policies, Policy, known_rules};
pub use self::rule_runner::AllRules;
pub use self::run::{Outcome, check_image, pragmas_of, run, select_findings};
pub use self::run::{confirm, unconfirmed};
pub use self::selection::{Selection, SelectorError, suggest};

/// All rules, in the order of their names.
pub static ALL: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let mut all: Vec<&Rule> = FAMILIES.iter().copied().flatten().copied().flatten().collect();
    all.sort_unstable_by_key(|rule| rule.name);
    all
});

/// The rules by family, then by file.
static FAMILIES: &[&[&[Rule]]] = &[
    base::FAMILIES,
    compose::FAMILIES,
    files::FAMILIES,
    packages::FAMILIES,
    scripts::FAMILIES,
    start::FAMILIES,
    values::FAMILIES,
    &[&image_rules::RULES],
];
