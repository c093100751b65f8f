//! All rules. To add one: a page in `rules/`, a module and two lines here. Owns the catalogue, what pages say about
//! their rules, and selection; decides nothing about a Dockerfile itself.

mod apk_cache_kept;
mod apk_unpinned;
mod apk_virtual_missing;
mod apt_in_script;
mod apt_lists_kept;
mod apt_prompt;
mod apt_recommends;
mod apt_unpinned;
mod apt_update_alone;
mod bashism_in_sh;
mod cd_in_run;
mod cd_unchecked;
mod consecutive_runs;
mod curl_without_fail;
mod dnf_cache_kept;
mod dnf_prompt;
mod dnf_unpinned;
mod download_run_unverified;
mod download_without_retry;
mod floating_base;
mod healthcheck_program_missing;
mod heredoc_without_errexit;
mod package_upgrade;
mod packages_unsorted;
mod password_in_layer;
mod pipefail_off;
mod pointless_command;
mod rm_of_unset_variable;
mod root_user;
mod secret_in_arg_or_env;
mod sh_relinked;
mod shell_form_command;
mod sources_before_dependencies;
mod sudo;
mod tls_verification_off;
mod unquoted_substitution;
mod unquoted_variable;
mod unsigned_packages;
mod useless_context;
mod useradd_high_uid;
mod wget_and_curl;
mod wget_progress;
mod yum_cache_kept;
mod yum_prompt;
mod yum_unpinned;
mod zypper_cache_kept;
mod zypper_dist_upgrade;
mod zypper_prompt;
mod zypper_unpinned;

mod appended;
mod context;
mod download;
mod metadata;
mod package_cache;
#[cfg(test)]
mod page;
mod pinning;
mod question;
mod removal;
mod runs;
mod selection;
mod shells;
mod splitting;

pub use self::context::Context;
pub use self::metadata::{Category, Confidence, Fixability, Group, Metadata, Status, Subject};
pub use self::selection::{Selection, SelectorError, suggest};

use crate::finding::Findings;

/// All rules, in the order of their names.
pub static ALL: &[&Rule] = &[
    &apk_cache_kept::RULE,
    &apk_unpinned::RULE,
    &apk_virtual_missing::RULE,
    &apt_in_script::RULE,
    &apt_lists_kept::RULE,
    &apt_prompt::RULE,
    &apt_recommends::RULE,
    &apt_unpinned::RULE,
    &apt_update_alone::RULE,
    &bashism_in_sh::RULE,
    &cd_in_run::RULE,
    &cd_unchecked::RULE,
    &consecutive_runs::RULE,
    &curl_without_fail::RULE,
    &dnf_cache_kept::RULE,
    &dnf_prompt::RULE,
    &dnf_unpinned::RULE,
    &download_run_unverified::RULE,
    &download_without_retry::RULE,
    &floating_base::RULE,
    &healthcheck_program_missing::RULE,
    &heredoc_without_errexit::RULE,
    &package_upgrade::RULE,
    &packages_unsorted::RULE,
    &password_in_layer::RULE,
    &pipefail_off::RULE,
    &pointless_command::RULE,
    &rm_of_unset_variable::RULE,
    &root_user::RULE,
    &secret_in_arg_or_env::RULE,
    &sh_relinked::RULE,
    &shell_form_command::RULE,
    &sources_before_dependencies::RULE,
    &sudo::RULE,
    &tls_verification_off::RULE,
    &unquoted_substitution::RULE,
    &unquoted_variable::RULE,
    &unsigned_packages::RULE,
    &useless_context::RULE,
    &useradd_high_uid::RULE,
    &wget_and_curl::RULE,
    &wget_progress::RULE,
    &yum_cache_kept::RULE,
    &yum_prompt::RULE,
    &yum_unpinned::RULE,
    &zypper_cache_kept::RULE,
    &zypper_dist_upgrade::RULE,
    &zypper_prompt::RULE,
    &zypper_unpinned::RULE,
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

/// The rule with this name or alias, in any case.
pub fn find(name: &str) -> Option<&'static Rule> {
    find_in(ALL, name)
}

fn find_in(rules: &[&'static Rule], name: &str) -> Option<&'static Rule> {
    let named = rules.iter().find(|rule| rule.name.eq_ignore_ascii_case(name));
    let known = named.or_else(|| {
        rules.iter().find(|rule| rule.metadata().aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name)))
    });
    known.copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn pages_are_complete_and_names_are_unique_and_sorted() {
        let mut names = BTreeSet::new();
        for rule in ALL {
            let (metadata, problems) = Metadata::read(rule.page);
            assert!(problems.is_empty(), "rules/{}.md: {problems:?}", rule.name);
            for name in metadata.aliases.iter().copied().chain([rule.name]) {
                assert!(names.insert(name.to_ascii_lowercase()), "rules/{}.md: `{name}` is taken", rule.name);
                assert!(!selection::is_reserved(name), "rules/{}.md: `{name}` is a category or a group", rule.name);
            }
        }
        assert!(ALL.is_sorted_by(|a, b| a.name < b.name), "the list in src/rules.rs is sorted by name");
    }
}
