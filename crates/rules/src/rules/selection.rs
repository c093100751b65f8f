//! Which rules run: `--select` and `--ignore` by name, alias, category, group, `all` or `default`. The more specific
//! selector wins; between equals, `--ignore` does.

use std::collections::HashMap;
use std::fmt;

use super::{Category, Group, Metadata, Rule};
use crate::finding::{Code, without_namespace};
use crate::settings::{Choice, RuleBase, closest};

/// Which rules run: layers of choices, with the lowest precedence first. Without any: all stable rules that are not a
/// matter of taste.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Which rules run where no choice selects any.
    base: RuleBase,
    layers: Vec<ChoiceLayer>,
}

/// A parsed choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ChoiceLayer {
    select: Option<Vec<Selector>>,
    extend: Vec<Selector>,
    ignore: Vec<Selector>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Selector {
    All,
    Default,
    Audit,
    Category(Category),
    Group(Group),
    Rule(&'static str),
    /// A code of the rule of ShellCheck's findings.
    Code(&'static str),
}

/// A word that selects nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorError {
    /// The word.
    pub word: String,
    /// The closest known word.
    pub suggestion: Option<String>,
}

impl fmt::Display for SelectorError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "unknown rule, category or group `{}`", self.word)
    }
}

impl std::error::Error for SelectorError {}

impl Selection {
    /// The selection that `--select` and `--ignore` ask for; an empty `select` means the default.
    ///
    /// # Errors
    /// The first word that selects nothing.
    pub fn new(select: &[String], ignore: &[String]) -> Result<Self, SelectorError> {
        Self::layered(&[Choice::of(select, ignore)])
    }

    /// The selection of several choices, with the lowest precedence first. The last `select` counts; the more specific
    /// selector wins, between equals the later one, and within a choice `ignore`.
    ///
    /// # Errors
    /// The first word that selects nothing.
    pub fn layered(choices: &[Choice]) -> Result<Self, SelectorError> {
        Self::select_from(&super::ALL, super::all_by_name, choices)
    }

    /// The same choices above another set of rules.
    #[must_use]
    pub fn based_on(self, base: RuleBase) -> Self {
        Self { base, ..self }
    }

    /// `by_name` is asked only if there is a word.
    fn select_from<'n>(
        rules: &[&'static Rule],
        by_name: impl Fn() -> &'n HashMap<String, Vec<&'static Rule>>,
        choices: &[Choice],
    ) -> Result<Self, SelectorError> {
        let read = |words: &[String]| {
            let read: Result<Vec<_>, _> = words.iter().map(|word| Selector::read(rules, by_name(), word)).collect();
            Ok(read?.into_iter().flatten().collect())
        };
        let mut layers = Vec::new();
        for choice in choices {
            let select = choice.select.as_deref().map(read).transpose()?;
            layers.push(ChoiceLayer { select, extend: read(&choice.extend)?, ignore: read(&choice.ignore)? });
        }
        Ok(Self { base: RuleBase::default(), layers })
    }

    /// Whether a rule runs: a rule with codes runs if at least one of them is selected.
    pub fn has(&self, rule: &Rule) -> bool {
        let metadata = rule.metadata();
        let all = Selector::Rule(rule.name).rank(rule, metadata);
        self.decides(rule, |selector, ignored| match selector {
            Selector::Code(_) => {
                if !ignored && metadata.has_codes() {
                    all
                } else {
                    None
                }
            }
            other => other.rank(rule, metadata),
        })
    }

    /// Whether findings with this code are reported, for a rule that has codes.
    pub fn has_code(&self, rule: &Rule, code: &str) -> bool {
        let metadata = rule.metadata();
        let closest = Selector::Rule(rule.name).rank(rule, metadata).map(|rank| rank + 1);
        self.decides(rule, |selector, _| match selector {
            Selector::Code(known) => {
                if known == code {
                    closest
                } else {
                    None
                }
            }
            other => other.rank(rule, metadata),
        })
    }

    /// Whether the most specific selector selects; `rank` gives how specific a selector is, and receives whether it
    /// ignores.
    fn decides(&self, rule: &Rule, rank: impl Fn(Selector, bool) -> Option<u8>) -> bool {
        let metadata = rule.metadata();
        let rank = |selectors: &[Selector], ignored: bool| {
            selectors.iter().filter_map(|selector| rank(*selector, ignored)).max()
        };
        let last = self.layers.iter().rposition(|layer| layer.select.is_some());
        let mut best = match last {
            None => Selector::of_base(self.base).rank(rule, metadata).map(|rank| (rank, 0, false)),
            Some(_) => None,
        };
        for (index, layer) in self.layers.iter().enumerate() {
            let selectors = if last == Some(index) { layer.select.as_deref() } else { None };
            let selected = selectors.and_then(|selectors| rank(selectors, false)).max(rank(&layer.extend, false));
            best = best.max(selected.map(|rank| (rank, index, false)));
            best = best.max(rank(&layer.ignore, true).map(|rank| (rank, index, true)));
        }
        best.is_some_and(|(_, _, ignored)| !ignored)
    }

    /// Whether a rule reports only costly findings, because it was not selected explicitly.
    pub fn is_limited(&self, rule: &Rule) -> bool {
        if rule.metadata().status != super::Status::Costly {
            return false;
        }
        let is_explicit = |selector: &Selector| matches!(selector, Selector::All | Selector::Rule(_));
        let wide = |selectors: &[Selector]| {
            selectors.iter().any(|selector| is_explicit(selector) && selector.rank(rule, rule.metadata()).is_some())
        };
        let last = self.layers.iter().rposition(|layer| layer.select.is_some());
        let mut layers = self.layers.iter().enumerate();
        !layers.any(|(index, layer)| {
            wide(&layer.extend) || (last == Some(index) && layer.select.as_deref().is_some_and(wide))
        })
    }

    /// The rules that run, in the order of their names.
    pub fn rules(&self) -> Vec<&'static Rule> {
        super::ALL.iter().copied().filter(|rule| self.has(rule)).collect()
    }
}

impl Selector {
    const fn of_base(base: RuleBase) -> Self {
        match base {
            RuleBase::Default => Self::Default,
            RuleBase::Audit => Self::Audit,
        }
    }

    /// What a word selects: several rules if a foreign code is split among them.
    fn read(
        rules: &[&'static Rule],
        by_name: &HashMap<String, Vec<&'static Rule>>,
        word: &str,
    ) -> Result<Vec<Self>, SelectorError> {
        let word = word.trim();
        let is = |name: &str| name.eq_ignore_ascii_case(word);
        if is("all") {
            return Ok(vec![Self::All]);
        }
        if is("default") {
            return Ok(vec![Self::Default]);
        }
        if is("audit") {
            return Ok(vec![Self::Audit]);
        }
        if let Some(category) = Category::ALL.iter().find(|category| is(category.name())) {
            return Ok(vec![Self::Category(*category)]);
        }
        if let Some(group) = Group::ALL.iter().find(|group| is(group.name())) {
            return Ok(vec![Self::Group(*group)]);
        }
        let code = without_namespace(word);
        match (by_name.get(&code.to_ascii_lowercase()), Code::shellcheck(code)) {
            (Some(named), _) => Ok(named.iter().map(|rule| Self::Rule(rule.name)).collect()),
            (None, Some(code)) => Ok(vec![Self::Code(code.name)]),
            (None, None) => Err(SelectorError { word: word.into(), suggestion: closest(word, &words(rules)) }),
        }
    }

    /// How specific it is if it selects the rule.
    fn rank(self, rule: &Rule, metadata: &Metadata) -> Option<u8> {
        // A preview rule runs only if selected by name or by `all`: its findings are not yet trusted.
        let stable = metadata.status != super::Status::Preview && !metadata.has_codes();
        let (rank, selects) = match self {
            // A rule that runs another program runs only if selected by name.
            Self::All => (1, !metadata.has_codes()),
            Self::Default => (1, metadata.on_by_default()),
            Self::Audit => (1, metadata.on_in_audit()),
            Self::Category(category) => (2, stable && metadata.category == category),
            Self::Group(group) => (2, stable && metadata.groups.contains(&group)),
            Self::Rule(name) => (3, rule.name == name),
            Self::Code(_) => (3, false),
        };
        selects.then_some(rank)
    }
}

/// The rule name or alias that is closest to a mistyped word.
pub fn suggest(name: &str) -> Option<String> {
    closest(name, &names(&super::ALL))
}

/// Whether a rule must not have this name.
#[cfg(test)]
pub(super) fn is_reserved(name: &str) -> bool {
    words(&[]).iter().any(|word| word.eq_ignore_ascii_case(name))
}

fn names(rules: &[&'static Rule]) -> Vec<&'static str> {
    rules.iter().flat_map(|rule| rule.metadata().aliases.iter().copied().chain([rule.name])).collect()
}

fn words(rules: &[&'static Rule]) -> Vec<&'static str> {
    let mut words = names(rules);
    words.extend(Category::ALL.iter().map(|category| category.name()));
    words.extend(Group::ALL.iter().map(|group| group.name()));
    words.extend(["all", "default", "audit"]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Findings;
    use crate::rules::Check;
    use crate::rules::Context;
    use crate::rules::catalogue::by_name;

    fn silent(_: &Context, _: &mut Findings) {}

    fn rule(name: &'static str, category: &str, groups: &str, status: &str, alias: &str) -> &'static Rule {
        let page = format!(
            "---\nsummary: s\nseverity: warning\ncategory: {category}\nkind: costs\ngroups: [{groups}]\nconfidence: high\n\
             basis: computed\nsubject: dockerfile\nneeds: []\nfix: never\nstatus: {status}\nsince: 0.1.0\n\
             aliases: [{alias}]\n---\n"
        );
        Box::leak(Box::new(Rule::new(name, page.leak(), Check::Build(silent))))
    }

    fn catalogue() -> Vec<&'static Rule> {
        vec![
            rule("apt-lists-kept", "size", "", "stable", "DL3009"),
            rule("keyword-case", "style", "", "stable", "ConsistentInstructionCasing"),
            rule("new-idea", "size", "", "preview", ""),
            rule("recommended", "size", "", "costly", "DL3015"),
            rule("shell-form", "style", "", "stable", "DL3025"),
            rule("shell-form-command", "runtime", "", "stable", "DL3025"),
            rule("unpinned-package", "reproducibility", "pinning", "stable", "DL3008"),
        ]
    }

    fn select_from(rules: &[&'static Rule], choices: &[Choice]) -> Result<Selection, SelectorError> {
        let known = by_name(rules);
        Selection::select_from(rules, || &known, choices)
    }

    #[track_caller]
    fn check(select: &[&str], ignore: &[&str], expected: &[&str]) {
        let rules = catalogue();
        let names = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let selection = select_from(&rules, &[Choice::of(&names(select), &names(ignore))]).unwrap();
        let on: Vec<&str> = rules.iter().filter(|rule| selection.has(rule)).map(|rule| rule.name).collect();
        assert_eq!(on, expected);
    }

    #[test]
    fn rules_are_selected() {
        check(&[], &[], &["apt-lists-kept", "recommended", "shell-form-command"]);
        check(&[], &["dl3009"], &["recommended", "shell-form-command"]);
        check(&["dl3025"], &[], &["shell-form", "shell-form-command"]);
        check(&["default"], &["DL3025"], &["apt-lists-kept", "recommended"]);
        check(&["default", "style"], &["runtime"], &["apt-lists-kept", "keyword-case", "recommended", "shell-form"]);
        check(&["size"], &[], &["apt-lists-kept", "recommended"]);
        check(&["new-idea"], &[], &["new-idea"]);
        check(&["pinning"], &[], &["unpinned-package"]);
        check(&["consistentinstructioncasing"], &[], &["keyword-case"]);
        check(&["all"], &["size", "DL3025"], &["keyword-case", "new-idea", "unpinned-package"]);
        check(&["all", "DL3009"], &["size", "style", "runtime"], &["apt-lists-kept", "new-idea", "unpinned-package"]);
        check(&["DL3009"], &["apt-lists-kept"], &[]);
        check(&["all"], &["all"], &[]);
    }

    #[test]
    fn a_costly_rule_is_limited_until_it_is_asked_for() {
        let rules = catalogue();
        let rule = rules.iter().find(|rule| rule.name == "recommended").unwrap();
        let is_limited = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            select_from(&rules, &[Choice::of(&words, &[])]).unwrap().is_limited(rule)
        };
        assert!(is_limited(&[]) && is_limited(&["size"]) && is_limited(&["default", "apt-lists-kept"]));
        assert!(!is_limited(&["all"]) && !is_limited(&["recommended"]) && !is_limited(&["default", "DL3015"]));
    }

    #[test]
    fn a_typo_is_met_with_the_closest_word() {
        let rules = catalogue();
        let error = |word: &str| select_from(&rules, &[Choice::of(&[word.to_owned()], &[])]).unwrap_err().suggestion;
        assert_eq!(error("apt-list-kept"), Some("apt-lists-kept".into()));
        assert_eq!(error("DL3090"), Some("DL3009".into()));
        assert_eq!(error("stile"), Some("style".into()));
        assert_eq!(error("quux"), None);
        assert_eq!(error(&"a".repeat(100_000)), None);
    }
}
