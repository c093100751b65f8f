//! Settings and selection combined: for each Dockerfile the rules that run, the severities of their findings, and the
//! suppressions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use super::metadata::{Broken, Kind};
use super::{ALL, Category, Check, Group, Rule, Selection, SelectorError, Subject};
use crate::finding::{Finding, Findings, Severity};
use crate::inputs::{InputProblem, Inputs, Needs, SettingsInput};
use crate::settings::{self, CommandLinePolicy, ResolvedSettings, RuleBase, RuleNames, SettingsReader};
use crate::text::FileId;

/// The names of the rules, for reading settings.
pub fn known_rules() -> &'static RuleNames {
    static KNOWN: LazyLock<RuleNames> = LazyLock::new(|| {
        let mut known = RuleNames::default();
        for rule in ALL.iter() {
            let metadata = rule.metadata();
            known.add_rule(rule.name, &metadata.aliases);
            if metadata.has_codes() {
                known.add_shellcheck(rule.name);
            }
            metadata.options.iter().for_each(|&(name, kind)| known.add_option(rule.name, name, kind));
        }
        let names_of = |is: &dyn Fn(&Rule) -> bool| ALL.iter().filter(|rule| is(rule)).map(|rule| rule.name).collect();
        for category in Category::ALL {
            known.add_word(category.name(), names_of(&|rule| rule.metadata().category == *category));
        }
        for group in Group::ALL {
            known.add_word(group.name(), names_of(&|rule| rule.metadata().groups.contains(group)));
        }
        known.add_word("all", names_of(&|_| true));
        known.add_word("default", names_of(&|rule| rule.metadata().on_by_default()));
        known.add_word("audit", names_of(&|rule| rule.metadata().on_in_audit()));
        known
    });
    &KNOWN
}

/// The number of bytes from which a finding is costly.
const COSTLY: u64 = 50_000_000;

/// The policy for a Dockerfile.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// The words as written.
    pub settings: ResolvedSettings,
    rules: Vec<&'static Rule>,
    selection: Selection,
    severities: BTreeMap<&'static str, Severity>,
    /// Rules whose findings are reported only if they are costly.
    limited: BTreeSet<&'static str>,
    /// Rules that only `audit` runs without being asked: their findings are `info`.
    added: BTreeSet<&'static str>,
    base: RuleBase,
}

impl Policy {
    /// Adds the rules that the settings select.
    ///
    /// # Errors
    /// The first word that selects nothing.
    pub fn new(settings: ResolvedSettings) -> Result<Self, SelectorError> {
        Self::based_on(RuleBase::Default, settings)
    }

    /// As [`Policy::new`], where nothing is selected with the rules of `base`.
    ///
    /// # Errors
    /// The first word that selects nothing.
    pub fn based_on(base: RuleBase, settings: ResolvedSettings) -> Result<Self, SelectorError> {
        // Who selects rules gets those.
        let is_selected = settings.choices.iter().any(|choice| choice.select.is_some());
        let base = if is_selected { RuleBase::Default } else { base };
        let by_default = Selection::layered(&settings.choices)?;
        let selection = by_default.clone().based_on(base);
        let (rules, limited) = (selection.rules(), limited(&selection));
        let firm: BTreeSet<&str> =
            settings.firm.iter().flat_map(|word| known_rules().rules_named(word)).copied().collect();
        let rules: Vec<_> = rules.into_iter().filter(|rule| !firm.contains(rule.name)).collect();
        let mut severities = BTreeMap::new();
        for rule in &rules {
            severities.extend(severity(&settings, rule).map(|severity| (rule.name, severity)));
        }
        let is_added = |rule: &&&Rule| rule.metadata().kind != Kind::Fails && !by_default.has(rule);
        let added = rules.iter().filter(is_added).map(|rule| rule.name).collect();
        Ok(Self { settings, rules, selection, severities, limited, added, base })
    }

    /// Whether only the findings of a rule that are known to be costly are reported.
    pub fn is_limited(&self, rule: &str) -> bool {
        self.limited.contains(rule)
    }

    /// The rules that run, in the order of their names.
    pub fn rules(&self) -> &[&'static Rule] {
        &self.rules
    }

    /// The findings to report, with the severities of the settings.
    pub fn judge(&self, findings: Findings) -> Vec<Finding> {
        let mut findings = findings.into_sorted();
        let is_cheap = |finding: &Finding| self.is_limited(finding.rule) && finding.bytes() < COSTLY;
        findings.retain(|finding| self.base == RuleBase::Audit || !is_cheap(finding));
        findings.retain(|finding| self.reports(finding));
        for finding in &mut findings {
            let is_unasked = self.added.contains(finding.rule) || is_cheap(finding);
            let unasked = if is_unasked { Severity::Info } else { finding.severity };
            finding.severity = self.severity(finding).unwrap_or(unasked.min(finding.severity));
        }
        findings
    }

    /// The severity of a finding if the settings set one: the code's takes precedence over the rule's.
    pub fn severity(&self, finding: &Finding) -> Option<Severity> {
        let of_code = code_of(finding).and_then(|code| {
            let mut words = self.settings.severities.iter().rev();
            words.find(|(word, _)| word.eq_ignore_ascii_case(code)).map(|(_, severity)| *severity)
        });
        of_code.or_else(|| self.severity_of(finding.rule))
    }

    /// The severity of a rule's findings if the settings set one.
    pub fn severity_of(&self, rule: &str) -> Option<Severity> {
        self.severities.get(rule).copied()
    }

    /// Whether a finding is reported: not if its code is ignored.
    pub fn reports(&self, finding: &Finding) -> bool {
        let Some(code) = code_of(finding) else { return true };
        let firm = self.settings.firm.iter().any(|word| word.eq_ignore_ascii_case(code));
        !firm && super::find(finding.rule).is_none_or(|rule| self.selection.has_code(rule, code))
    }
}

/// The code of a finding that another program found.
fn code_of(finding: &Finding) -> Option<&'static str> {
    let has_codes = super::find(finding.rule).is_some_and(|rule| rule.metadata().has_codes());
    if has_codes { finding.codes.first().map(|code| code.name) } else { None }
}

fn limited(selection: &Selection) -> BTreeSet<&'static str> {
    ALL.iter().filter(|rule| selection.is_limited(rule)).map(|rule| rule.name).collect()
}

/// The severity of the most specific word; of equally specific words, the last one.
fn severity(settings: &ResolvedSettings, rule: &Rule) -> Option<Severity> {
    let mut best: Option<(usize, Severity)> = None;
    for (word, severity) in &settings.severities {
        let Some(named) = known_rules().rules(word).filter(|rules| rules.contains(&rule.name)) else { continue };
        // The fewer rules a word selects, the more specific it is.
        if best.is_none_or(|(count, _)| named.len() <= count) {
            best = Some((named.len(), *severity));
        }
    }
    best.map(|(_, severity)| severity)
}

/// The policies for the builds of a run.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    default: Arc<Policy>,
    of: BTreeMap<FileId, Arc<Policy>>,
    /// The options of the command line.
    line: CommandLinePolicy,
}

impl From<Selection> for Policies {
    fn from(selection: Selection) -> Self {
        let limited = limited(&selection);
        Policy { rules: selection.rules(), limited, selection, ..Policy::default() }.into()
    }
}

impl From<Policy> for Policies {
    fn from(policy: Policy) -> Self {
        Self { default: Arc::new(policy), ..Self::default() }
    }
}

impl Policies {
    /// Reads the settings of the inputs. Words of the command line must already be checked.
    pub fn read(inputs: &Inputs, line: &CommandLinePolicy) -> (Self, Vec<InputProblem>) {
        let reader = SettingsReader::new(inputs, known_rules());
        let mut policies = Self { line: line.clone(), ..Self::default() };
        let mut same: BTreeMap<Vec<(FileId, Vec<bool>)>, Arc<Policy>> = BTreeMap::new();
        policies.default = Arc::new(policy(&reader, &[], line));
        for (dockerfile, files) in &inputs.settings {
            let key: Vec<_> = files.iter().map(|file| (file.file, reader.document(file).reaches(&file.path))).collect();
            let policy = same.entry(key).or_insert_with(|| Arc::new(policy(&reader, files, line)));
            policies.of.insert(*dockerfile, Arc::clone(policy));
        }
        (policies, reader.problems)
    }

    /// The same policies after an edit; `inputs` are the inputs with the new texts.
    #[must_use]
    pub fn reload(&self, before: &Inputs, inputs: &Inputs) -> Option<Self> {
        let mut files = before.settings.values().flatten().map(|file| file.file);
        let changed = files.any(|file| before.source(file).text() != inputs.source(file).text());
        changed.then(|| Self::read(inputs, &self.line).0)
    }

    /// The same policies with the rules of one subject alone.
    #[must_use]
    pub fn only(&self, subject: Subject) -> Self {
        self.with_rules(&|rule| rule.metadata().subject == subject)
    }

    /// The same policies without the rules that check pipelines, compose files and manifests.
    #[must_use]
    pub fn for_builds(&self) -> Self {
        self.with_rules(&|rule| matches!(rule.check, Check::Build(_) | Check::Image(_)))
    }

    /// The same policies with the rules alone whose findings say that a healthcheck is never right.
    #[must_use]
    pub fn about_checks(&self) -> Self {
        self.with_rules(&|rule| rule.metadata().breaks == Some(Broken::Healthcheck))
    }

    fn with_rules(&self, is_kept: &dyn Fn(&Rule) -> bool) -> Self {
        let keep = |policy: &Arc<Policy>| {
            let mut policy = (**policy).clone();
            policy.rules.retain(|rule| is_kept(rule));
            Arc::new(policy)
        };
        let of = self.of.iter().map(|(file, policy)| (*file, keep(policy))).collect();
        Self { default: keep(&self.default), of, line: self.line.clone() }
    }

    /// The policy for a Dockerfile.
    pub fn of(&self, dockerfile: FileId) -> &Policy {
        self.of.get(&dockerfile).unwrap_or(&self.default)
    }

    /// The policies for the Dockerfiles, compose files and pipelines of the inputs, each once.
    pub fn all<'a>(&'a self, inputs: &'a Inputs) -> impl Iterator<Item = &'a Policy> {
        let mut seen = BTreeSet::new();
        let composes = inputs.composes.iter().map(|compose| compose.file);
        let workflows = inputs.workflows.iter().map(|workflow| workflow.file);
        let files = inputs.builds.iter().map(|build| build.dockerfile).chain(composes).chain(workflows);
        files.map(|file| self.of(file)).filter(move |policy| seen.insert(std::ptr::from_ref::<Policy>(*policy)))
    }

    /// The policy for files without settings of their own.
    pub(super) fn elsewhere(&self) -> &Policy {
        &self.default
    }

    /// The inputs that the rules need.
    pub(super) fn needs(&self) -> Needs {
        let rules = self.of.values().chain([&self.default]).flat_map(|policy| policy.rules());
        rules.fold(Needs::NONE, |needs, rule| needs.union(rule.metadata().needs).union(rule.metadata().wants))
    }

    /// The rules that run for any of the builds.
    pub fn rules(&self, inputs: &Inputs) -> Vec<&'static Rule> {
        let names = self.names(inputs);
        ALL.iter().copied().filter(|rule| names.contains(rule.name)).collect()
    }

    fn names(&self, inputs: &Inputs) -> BTreeSet<&'static str> {
        self.all(inputs).flat_map(Policy::rules).map(|rule| rule.name).collect()
    }

    /// The names of the rules that run for none of the builds.
    pub fn rules_off(&self, inputs: &Inputs) -> Vec<&'static str> {
        let names = self.names(inputs);
        ALL.iter().map(|rule| rule.name).filter(|name| !names.contains(name)).collect()
    }
}

/// The policy that files of settings and the command line make.
fn policy(reader: &SettingsReader, files: &[SettingsInput], line: &CommandLinePolicy) -> Policy {
    let mut settings = settings::resolve(files.iter().map(|file| (reader.document(file), file.path.as_str())));
    settings.choices.push(line.choice.clone());
    settings.fail_on = line.fail_on.unwrap_or(settings.fail_on);
    // The words of files were checked when the files were read, those of the command line before that.
    Policy::based_on(line.base, settings).unwrap_or_default()
}
