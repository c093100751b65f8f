//! All rules. To add one: a page in `rules/`, a module and two lines here. Owns the catalogue, what pages say about
//! their rules, and selection; decides nothing about a Dockerfile itself.

mod apt_lists_kept;
mod constant_platform;
mod definition_comment;
mod duplicate_label;
mod duplicate_stage_name;
mod empty_continuation;
mod env_self_reference;
mod expose_mapping;
mod expose_protocol_case;
mod expose_range;
mod floating_base;
mod from_as_case;
mod healthcheck_program_missing;
mod ignored_copy_source;
mod instruction_case;
mod invalid_base_default;
mod invalid_label_key;
mod latest_base;
mod legacy_key_value;
mod lost_arg;
mod maintainer_instruction;
mod many_sources_without_slash;
mod missing_command;
mod multiple_cmd;
mod multiple_entrypoint;
mod multiple_healthcheck;
mod named_user;
mod redundant_platform;
mod relative_copy_destination;
mod relative_workdir;
mod reserved_stage_name;
mod root_user;
mod secret_in_arg_or_env;
mod secret_named_variable;
mod shell_form;
mod shell_form_command;
mod shell_in_scratch;
mod sources_before_dependencies;
mod stage_by_number;
mod stage_name_case;
mod undeclared_base_arg;
mod undefined_variable;
mod unknown_copy_source;
mod unreachable_stage;
mod untagged_base;
mod unversioned_own_base;
mod useless_context;
mod variable_of_base;

mod base_version;
mod context;
mod lines;
mod metadata;
mod once;
#[cfg(test)]
mod page;
mod secret_word;
mod selection;

pub use self::context::Context;
pub use self::metadata::{Category, Confidence, Fixability, Group, Metadata, Status, Subject};
pub use self::selection::{Selection, SelectorError, suggest};

use crate::finding::Findings;

/// All rules, in the order of their names.
pub static ALL: &[&Rule] = &[
    &apt_lists_kept::RULE,
    &constant_platform::RULE,
    &definition_comment::RULE,
    &duplicate_label::RULE,
    &duplicate_stage_name::RULE,
    &empty_continuation::RULE,
    &env_self_reference::RULE,
    &expose_mapping::RULE,
    &expose_protocol_case::RULE,
    &expose_range::RULE,
    &floating_base::RULE,
    &from_as_case::RULE,
    &healthcheck_program_missing::RULE,
    &ignored_copy_source::RULE,
    &instruction_case::RULE,
    &invalid_base_default::RULE,
    &invalid_label_key::RULE,
    &latest_base::RULE,
    &legacy_key_value::RULE,
    &lost_arg::RULE,
    &maintainer_instruction::RULE,
    &many_sources_without_slash::RULE,
    &missing_command::RULE,
    &multiple_cmd::RULE,
    &multiple_entrypoint::RULE,
    &multiple_healthcheck::RULE,
    &named_user::RULE,
    &redundant_platform::RULE,
    &relative_copy_destination::RULE,
    &relative_workdir::RULE,
    &reserved_stage_name::RULE,
    &root_user::RULE,
    &secret_in_arg_or_env::RULE,
    &secret_named_variable::RULE,
    &shell_form::RULE,
    &shell_form_command::RULE,
    &shell_in_scratch::RULE,
    &sources_before_dependencies::RULE,
    &stage_by_number::RULE,
    &stage_name_case::RULE,
    &undeclared_base_arg::RULE,
    &undefined_variable::RULE,
    &unknown_copy_source::RULE,
    &unreachable_stage::RULE,
    &untagged_base::RULE,
    &unversioned_own_base::RULE,
    &useless_context::RULE,
    &variable_of_base::RULE,
];

/// A rule: its page and its check.
#[derive(Debug)]
pub struct Rule {
    /// Its name in kebab case; names the page, the module and the selector.
    pub name: &'static str,
    /// The page, as in `rules/<name>.md`.
    pub page: &'static str,
    /// Looks at one build and says what it finds.
    pub check: fn(&Context, &mut Findings),
}

/// Ties a check to its page, and makes the page's examples a test of the rule's module.
macro_rules! rule {
    ($name:literal, $check:path) => {
        pub(super) static RULE: $crate::rules::Rule = $crate::rules::Rule {
            name: $name,
            page: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $name, ".md")),
            check: $check,
        };

        #[cfg(test)]
        #[test]
        fn examples_of_the_page_hold() {
            $crate::rules::page::check(&RULE);
        }
    };
}
use rule;

impl Rule {
    /// What the page's front matter says.
    pub fn metadata(&self) -> Metadata {
        Metadata::read(self.page).0
    }

    /// The page without its front matter.
    pub fn body(&self) -> &'static str {
        metadata::body(self.page)
    }

    /// Where people read the page.
    pub fn url(&self) -> String {
        format!("{}/blob/main/rules/{}.md", env!("CARGO_PKG_REPOSITORY"), self.name)
    }
}

/// The rule with this name or alias, in any case; the first one where several share a foreign code.
pub fn find(name: &str) -> Option<&'static Rule> {
    named(name).first().copied()
}

/// The rule with this name, or all rules with this alias, in any case.
pub fn named(name: &str) -> Vec<&'static Rule> {
    named_in(ALL, name)
}

fn named_in(rules: &[&'static Rule], name: &str) -> Vec<&'static Rule> {
    if let Some(rule) = rules.iter().find(|rule| rule.name.eq_ignore_ascii_case(name)) {
        return vec![rule];
    }
    let has = |rule: &&Rule| rule.metadata().aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name));
    rules.iter().copied().filter(has).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Foreign codes that several rules answer for together, each for a part.
    const SHARED: [&str; 11] = [
        "CKV_DOCKER_7",
        "DF001",
        "DL3006",
        "DL3007",
        "DL3025",
        "DL3064",
        "DS-0001",
        "JSONArgsRecommended",
        "MultipleInstructionsDisallowed",
        "SecretsUsedInArgOrEnv",
        "UndefinedVar",
    ];

    #[test]
    fn pages_are_complete_and_names_are_unique_and_sorted() {
        let mut names = BTreeSet::new();
        for rule in ALL {
            let (metadata, problems) = Metadata::read(rule.page);
            assert!(problems.is_empty(), "rules/{}.md: {problems:?}", rule.name);
            for name in metadata.aliases.iter().copied().chain([rule.name]) {
                let fresh = names.insert(name.to_ascii_lowercase()) || SHARED.contains(&name);
                assert!(fresh, "rules/{}.md: `{name}` is taken", rule.name);
                assert!(!selection::is_reserved(name), "rules/{}.md: `{name}` is a category or a group", rule.name);
            }
        }
        assert!(ALL.is_sorted_by(|a, b| a.name < b.name), "the list in src/rules.rs is sorted by name");
    }
}
