//! All rules. To add one: a page in `rules/`, a module and two lines here. Owns the catalogue, what pages say about
//! their rules, and selection; decides nothing about a Dockerfile itself.

mod add_local_file;
mod add_url_unverified;
mod apt_lists_kept;
mod cache_mount_unlocked;
mod cache_mount_unused;
mod cmd_ignored;
mod compiler_cache_kept;
mod composer_cache_kept;
mod docker_socket;
mod end_of_life_base;
mod exposed_port_unused;
mod floating_base;
mod full_base;
mod gem_cache_kept;
mod healthcheck_always_healthy;
mod healthcheck_program_missing;
mod inline_suppression;
mod label_empty;
mod label_missing;
mod label_not_email;
mod label_not_hash;
mod label_not_rfc3339;
mod label_not_semver;
mod label_not_spdx;
mod label_not_url;
mod label_unknown;
mod libc_mismatch;
mod loopback_only;
mod npm_as_main_process;
mod npm_cache_kept;
mod pip_cache_kept;
mod python_cache_kept;
mod python_minor_mismatch;
mod root_user;
mod secret_in_arg_or_env;
mod shell_as_main_process;
mod shell_form_command;
mod sources_before_dependencies;
mod ssh_port_exposed;
mod stop_signal_kills;
mod supplementary_groups_dropped;
mod unexplained_suppression;
mod untrusted_registry;
mod unused_suppression;
mod useless_context;
mod user_without_passwd;
mod world_writable;
mod yarn_cache_kept;

mod announced;
mod context;
mod kept_cache;
mod labels;
mod foreign;
mod metadata;
#[cfg(test)]
mod page;
mod script_end;
mod policy;
mod run;
mod selection;
mod toolchain;

pub use self::announced::{Breach, dockerfile_breaches};
pub use self::context::Context;
pub use self::metadata::{Category, Confidence, Fixability, Group, Metadata, Status, Subject};
pub use self::policy::{Line, Policies, Policy, known};
pub use self::run::{Outcome, is_there, pragmas_of, run};
pub use self::selection::{Selection, SelectorError, suggest};

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use crate::finding::Findings;

/// All rules, in the order of their names.
pub static ALL: &[&Rule] = &[
    &add_local_file::RULE,
    &add_url_unverified::RULE,
    &apt_lists_kept::RULE,
    &cache_mount_unlocked::RULE,
    &cache_mount_unused::RULE,
    &cmd_ignored::RULE,
    &compiler_cache_kept::RULE,
    &composer_cache_kept::RULE,
    &docker_socket::RULE,
    &end_of_life_base::RULE,
    &exposed_port_unused::RULE,
    &floating_base::RULE,
    &full_base::RULE,
    &gem_cache_kept::RULE,
    &healthcheck_always_healthy::RULE,
    &healthcheck_program_missing::RULE,
    &inline_suppression::RULE,
    &label_empty::RULE,
    &label_missing::RULE,
    &label_not_email::RULE,
    &label_not_hash::RULE,
    &label_not_rfc3339::RULE,
    &label_not_semver::RULE,
    &label_not_spdx::RULE,
    &label_not_url::RULE,
    &label_unknown::RULE,
    &libc_mismatch::RULE,
    &loopback_only::RULE,
    &npm_as_main_process::RULE,
    &npm_cache_kept::RULE,
    &pip_cache_kept::RULE,
    &python_cache_kept::RULE,
    &python_minor_mismatch::RULE,
    &root_user::RULE,
    &secret_in_arg_or_env::RULE,
    &shell_as_main_process::RULE,
    &shell_form_command::RULE,
    &sources_before_dependencies::RULE,
    &ssh_port_exposed::RULE,
    &stop_signal_kills::RULE,
    &supplementary_groups_dropped::RULE,
    &unexplained_suppression::RULE,
    &untrusted_registry::RULE,
    &unused_suppression::RULE,
    &useless_context::RULE,
    &user_without_passwd::RULE,
    &world_writable::RULE,
    &yarn_cache_kept::RULE,
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
    /// The front matter, read when first asked for.
    metadata: OnceLock<Metadata>,
}

/// Ties a check to its page, and makes the page's examples a test of the rule's module.
macro_rules! rule {
    ($name:literal, $check:path) => {
        pub(super) static RULE: $crate::rules::Rule = $crate::rules::Rule::new(
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $name, ".md")),
            $check,
        );

        #[cfg(test)]
        #[test]
        fn examples_of_the_page_hold() {
            $crate::rules::page::check(&RULE);
        }
    };
}
use rule;

impl Rule {
    const fn new(name: &'static str, page: &'static str, check: fn(&Context, &mut Findings)) -> Self {
        Self { name, page, check, metadata: OnceLock::new() }
    }

    /// What the page's front matter says.
    pub fn metadata(&self) -> &Metadata {
        self.metadata.get_or_init(|| Metadata::read(self.page).0)
    }

    /// The page without its front matter.
    pub fn body(&self) -> &'static str {
        metadata::body(self.page)
    }

    /// Whether its fixes are safe, unsafe or of both kinds (`safe, unsafe`), as the page's examples show; empty for none.
    pub fn safety(&self) -> String {
        let fences = self.body().lines().filter_map(|line| line.strip_prefix("```"));
        let fixed = fences.map(|info| info.split(' ').collect::<Vec<_>>()).filter(|info| info.contains(&"fixed"));
        let (unsafe_ones, safe): (Vec<_>, Vec<_>) = fixed.partition(|info| info.contains(&"unsafe"));
        let words = [("safe", safe), ("unsafe", unsafe_ones)];
        words.iter().filter(|(_, found)| !found.is_empty()).map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
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
pub fn named(name: &str) -> &'static [&'static Rule] {
    static KNOWN: LazyLock<HashMap<String, Vec<&'static Rule>>> = LazyLock::new(|| by_name(ALL));
    KNOWN.get(&name.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
}

/// Rules by their names and aliases in lower case; a rule's own name is its alone.
fn by_name(rules: &[&'static Rule]) -> HashMap<String, Vec<&'static Rule>> {
    let mut known: HashMap<String, Vec<&'static Rule>> = HashMap::new();
    for rule in rules {
        for alias in &rule.metadata().aliases {
            known.entry(alias.to_ascii_lowercase()).or_default().push(rule);
        }
    }
    known.extend(rules.iter().map(|rule| (rule.name.to_ascii_lowercase(), vec![*rule])));
    known
}

/// What the pages of these rules announce that their edits change.
pub fn announced<'r>(rules: impl IntoIterator<Item = &'r &'static str>) -> Vec<&'static str> {
    let known = rules.into_iter().filter_map(|name| find(name));
    known.flat_map(|rule| rule.metadata().changes.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Foreign codes that several rules answer for together, each for a part.
    const SHARED: [&str; 6] =
        ["DL3006", "DL3025", "DL3048", "JSONArgsRecommended", "MultipleInstructionsDisallowed", "UndefinedVar"];

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
