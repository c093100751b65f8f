//! The type of a rule, the lookup of rules by name or by the code that other linters use, and what their pages announce.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{LazyLock, OnceLock};

use super::compose_context::ComposeCheck;
use super::image_rules::ImageCheck;
use super::metadata::{Metadata, body};
use super::reporter::Reporter;
use super::workflow_context::WorkflowCheck;
use super::workload_context::WorkloadCheck;
use super::{ALL, Context};
use crate::dockerfile;
use crate::dockerfile::Difference;
use crate::finding::{Findings, without_namespace};
use crate::text::Source;

/// A rule: its page and its check.
#[derive(Debug)]
pub struct Rule {
    /// Its name in kebab case, which is also that of the page and the selector.
    pub name: &'static str,
    /// The page, as in `rules/<name>.md`.
    pub page: &'static str,
    /// What checks its subject.
    pub(super) check: Check,
    /// The front matter, parsed on first use.
    metadata: OnceLock<Metadata>,
}

/// The function of a rule, by what it is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Check {
    /// A build: its Dockerfile, its ignore file, or the suppressions of its findings.
    Build(BuildCheck),
    /// A built image.
    Image(ImageCheck),
    /// A compose file.
    Compose(ComposeCheck),
    /// A pipeline.
    Workflow(WorkflowCheck),
    /// A manifest.
    Workload(WorkloadCheck),
}

/// A check of a build.
pub type BuildCheck = fn(&Context, &mut Findings);

/// Defines the rules of a file, each with its page and its check, and a test that runs the examples of the pages;
/// `of_image`, `of_compose`, `of_workflow` or `of_workload` before them for rules about built images, compose files, pipelines or
/// manifests.
macro_rules! family {
    (of_image $($rules:tt)+) => { $crate::rules::catalogue::family!(@Image $($rules)+); };
    (of_compose $($rules:tt)+) => { $crate::rules::catalogue::family!(@Compose $($rules)+); };
    (of_workflow $($rules:tt)+) => { $crate::rules::catalogue::family!(@Workflow $($rules)+); };
    (of_workload $($rules:tt)+) => { $crate::rules::catalogue::family!(@Workload $($rules)+); };
    (@$subject:ident $($name:literal => $check:expr;)+) => {
        pub(in crate::rules) static RULES: [$crate::rules::Rule; [$($name),+].len()] = [$(
            $crate::rules::Rule::new(
                $name,
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $name, ".md")),
                $crate::rules::catalogue::Check::$subject($check),
            )
        ),+];

        #[cfg(test)]
        #[test]
        fn examples_of_the_pages_hold() {
            for rule in &RULES {
                $crate::rules::test_page::check(rule);
            }
        }
    };
    ($($rules:tt)+) => { $crate::rules::catalogue::family!(@Build $($rules)+); };
}
pub(super) use family;

/// Defines the only rule of a file.
macro_rules! rule {
    ($name:literal, $check:path) => {
        $crate::rules::catalogue::family!(@Build $name => $check;);
    };
}
pub(super) use rule;

impl Rule {
    /// The same rule with another text of its page.
    #[cfg(test)]
    pub(super) fn with_page(&self, page: &'static str) -> Self {
        Self::new(self.name, page, self.check)
    }

    pub(super) const fn new(name: &'static str, page: &'static str, check: Check) -> Self {
        Self { name, page, check, metadata: OnceLock::new() }
    }

    /// Whether its check is of a build.
    pub(super) fn is_of_builds(&self) -> bool {
        matches!(self.check, Check::Build(_))
    }

    /// Checks a build, if builds are what the rule is about.
    pub(super) fn check_build(&self, context: &Context, out: &mut Findings) {
        if let Check::Build(check) = self.check {
            check(context, out);
        }
    }

    /// The front matter of the page.
    pub fn metadata(&self) -> &Metadata {
        self.metadata.get_or_init(|| Metadata::read(self.page).0)
    }

    /// What makes its findings.
    pub fn reporter(&'static self) -> Reporter {
        Reporter::new(self.name, self.metadata())
    }

    /// The page without its front matter.
    pub fn body(&self) -> &'static str {
        body(self.page)
    }

    /// Whether its fixes are safe, unsafe or of both kinds (`safe, unsafe`), as the page's examples show; empty for none.
    pub fn safety(&self) -> String {
        let fences = self.body().lines().filter_map(|line| line.strip_prefix("```"));
        let fixed = fences.map(|info| info.split(' ').collect::<Vec<_>>()).filter(|info| info.contains(&"fixed"));
        let (unsafe_ones, safe): (Vec<_>, Vec<_>) = fixed.partition(|info| info.contains(&"unsafe"));
        let words = [("safe", safe), ("unsafe", unsafe_ones)];
        words.iter().filter(|(_, lines)| !lines.is_empty()).map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
    }

    /// The web address of the page.
    pub fn url(&self) -> String {
        format!("{}/blob/main/rules/{}.md", env!("CARGO_PKG_REPOSITORY"), self.name)
    }
}

/// The rule with this name or alias, ignoring case; the first one if several rules share a code of another linter.
pub fn find(name: &str) -> Option<&'static Rule> {
    rules_named(name).first().copied()
}

/// The rule with this name, or all rules with this alias, ignoring case.
pub fn rules_named(name: &str) -> &'static [&'static Rule] {
    all_by_name().get(without_namespace(&name.to_ascii_lowercase())).map_or(&[], Vec::as_slice)
}

/// The rules whose findings a pass of `optimize` removes, as their pages say.
pub fn rules_of_pass(pass: &str) -> &'static [&'static str] {
    static BY_PASS: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
        let mut known: HashMap<&str, Vec<&str>> = HashMap::new();
        for rule in ALL.iter() {
            for pass in &rule.metadata().passes {
                known.entry(pass).or_default().push(rule.name);
            }
        }
        known
    });
    BY_PASS.get(pass).map_or(&[], Vec::as_slice)
}

/// All rules by their names and aliases.
pub(super) fn all_by_name() -> &'static HashMap<String, Vec<&'static Rule>> {
    static KNOWN: LazyLock<HashMap<String, Vec<&'static Rule>>> = LazyLock::new(|| by_name(&ALL));
    &KNOWN
}

/// Rules by their names and aliases in lower case. A name belongs to its rule, even if it is an alias of another one.
pub(super) fn by_name(rules: &[&'static Rule]) -> HashMap<String, Vec<&'static Rule>> {
    let mut known: HashMap<String, Vec<&'static Rule>> = HashMap::new();
    for rule in rules {
        for alias in &rule.metadata().aliases {
            known.entry(alias.to_ascii_lowercase()).or_default().push(rule);
        }
    }
    known.extend(rules.iter().map(|rule| (rule.name.to_ascii_lowercase(), vec![*rule])));
    known
}

/// The changes that the pages of these rules announce for their edits.
pub fn announced<'r>(rules: impl IntoIterator<Item = &'r &'static str>) -> Vec<&'static str> {
    let known = rules.into_iter().filter_map(|name| find(name));
    known.flat_map(|rule| rule.metadata().changes.iter().copied()).collect()
}

// Compares what edits did to a file with what the pages of their rules announce (`changes:`).

/// Why an edited file is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContractBreach {
    /// The builder refuses the file, and did not before; its message.
    Refused(String),
    /// A part of the file changed that no rule announces.
    Unannounced {
        /// The word that would announce it: `run`, `+user`.
        word: String,
        /// The line in the old text, or else in the new text.
        line: u32,
        /// The parts of the instruction that changed, or what happened to the comment.
        parts: Vec<&'static str>,
    },
}

/// What is wrong with an edited Dockerfile, and which announced changes it contains.
pub fn dockerfile_breaches(
    before: &Source,
    after: &Source,
    announced: &[&'static str],
) -> (Vec<ContractBreach>, BTreeSet<&'static str>) {
    let (old, new) = (dockerfile::parse(before), dockerfile::parse(after));
    let mut breaches: Vec<ContractBreach> = old.worse(&new).map(ContractBreach::Refused).into_iter().collect();
    let mut used = BTreeSet::new();
    for difference in old.differences(&new) {
        match announced.iter().find(|word| difference.kind.is_announced_by(word)) {
            Some(word) => drop(used.insert(*word)),
            None => breaches.push(ContractBreach::of(difference)),
        }
    }
    (breaches, used)
}

impl ContractBreach {
    fn of(difference: Difference) -> Self {
        let line = difference.before.or(difference.after).unwrap_or(1);
        Self::Unannounced { word: difference.kind.word(), line, parts: difference.parts }
    }
}

impl fmt::Display for ContractBreach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(message) => write!(out, "the builder would refuse the file: {message}"),
            Self::Unannounced { word, line, .. } => {
                write!(out, "line {line} would change in a way that no rule announces (`{word}`)")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::selection;
    use std::collections::BTreeSet;

    /// Codes of other linters that are shared by several rules, each for a part of what the code covers.
    const SHARED: [&str; 15] = [
        "CKV_DOCKER_7",
        "DF001",
        "DF061",
        "DL3006",
        "DL3007",
        "DL3025",
        "DL3029",
        "DL3064",
        "DS-0001",
        "FromPlatformFlagConstDisallowed",
        "JSONArgsRecommended",
        "MultipleInstructionsDisallowed",
        "SecretsUsedInArgOrEnv",
        "UndefinedVar",
        "tally/secrets-in-code",
    ];

    #[test]
    fn pages_are_complete_and_names_are_unique_and_sorted() {
        let mut names = BTreeSet::new();
        for rule in ALL.iter() {
            let (metadata, problems) = Metadata::read(rule.page);
            assert!(problems.is_empty(), "rules/{}.md: {problems:?}", rule.name);
            for name in metadata.aliases.iter().copied().chain([rule.name]) {
                let fresh = names.insert(name.to_ascii_lowercase()) || SHARED.contains(&name);
                assert!(fresh, "rules/{}.md: `{name}` is taken", rule.name);
                assert!(!selection::is_reserved(name), "rules/{}.md: `{name}` is a category or a group", rule.name);
            }
        }
    }
}
