//! Inputs ─► report: runs the rules, adds what is known of each build, masks.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use rayon::prelude::*;

use super::{ContextListing, Notice, ProblemReport, Report, SkippedInput, Threshold};
use super::{
    context_problems, embedded, external, history_facts, image_facts, image_findings, listing, log_facts, masking,
    overview, run_facts, shared_steps, workflows, workloads,
};
use crate::build::Build;
use crate::compose;
use crate::finding::{Finding, Findings, Mask, Safety, Severity};
use crate::fix::{self, FindingSource, FixLevel, FixOutcome, RuleRunner, has_same_bytes};
use crate::ignore::ProblemKind;
use crate::inputs::{ComposeInput, IgnoreInput, InputProblem, Inputs, Need, ProjectProblem};
use crate::rules::{self, AllRules, Policies, Rule, Subject, is_there};
use crate::settings::{self, CommandLinePolicy};
use crate::text::{FileId, Source, Span};

/// Reads the build contexts of these Dockerfiles, as far as they are worth the time.
pub type ReadContexts<'a> = dyn Fn(&Inputs, &BTreeSet<FileId>) -> Inputs + 'a;

/// Finds more in builds than rules do, who know what the rules found: indexes of builds with findings in their Dockerfiles.
pub type FindMore<'a> = dyn Fn(&[Finding]) -> Vec<(usize, Findings)> + 'a;

/// What a command asks about its inputs: the builds and the secret values in them are worked out once.
#[derive(Debug)]
pub struct InputAudit<'i> {
    inputs: &'i Inputs,
    builds: Vec<Build<'i>>,
    mask: OnceLock<Mask>,
    /// What the rules found, as it is before anything is priced or masked.
    first_findings: OnceLock<Vec<Finding>>,
}

impl<'i> InputAudit<'i> {
    /// Derives the builds of inputs.
    pub fn new(inputs: &'i Inputs) -> Self {
        Self { inputs, builds: builds(inputs), mask: OnceLock::new(), first_findings: OnceLock::new() }
    }

    /// What it is about.
    pub fn inputs(&self) -> &'i Inputs {
        self.inputs
    }

    /// The secret values in the inputs.
    pub fn mask(&self) -> &Mask {
        self.mask.get_or_init(|| mask_of(self.inputs, &self.builds))
    }

    /// The same, where nothing else is asked.
    pub fn into_mask(self) -> Mask {
        self.mask.into_inner().unwrap_or_else(|| mask_of(self.inputs, &self.builds))
    }

    /// What rules find in the builds.
    pub fn lint(&self, policies: &Policies) -> Report {
        self.lint_confirmed(policies, None)
    }

    /// As [`InputAudit::lint`], without the findings that the build contexts disprove.
    pub fn lint_confirmed(&self, policies: &Policies, contexts: Option<&ReadContexts>) -> Report {
        let mut report = self.report(policies, false);
        let mut outcome = rules::run(self.inputs, &self.builds, policies);
        if let Some(contexts) = contexts {
            confirm(&mut outcome.findings, self.inputs, &self.builds, policies, contexts);
        }
        self.add_findings(&mut report, outcome, policies);
        external::add(&mut report, self.inputs, self.mask());
        remove_duplicate_problems(&mut report);
        report
    }

    /// What is wrong with the inputs, and what the rules lack; no findings.
    pub fn problems(&self, policies: &Policies) -> Report {
        self.report(policies, false)
    }

    /// What rules and other linters find in the pipelines; nothing of the Dockerfiles and compose files around them.
    pub fn check_workflows(&self, policies: &Policies) -> Report {
        let policies = &policies.only(Subject::Workflow);
        let (inputs, mask) = (self.inputs, self.mask());
        let mut report = Report { skipped: workflows::gaps(inputs, mask), ..self.report(policies, false) };
        let files: BTreeSet<&str> =
            inputs.workflows.iter().map(|workflow| inputs.source(workflow.file).name()).collect();
        report.problems.retain(|problem| files.contains(&*problem.file) || problem.code == "settings");
        report.notices.clear();
        self.add_findings(&mut report, rules::run(inputs, &self.builds, policies), policies);
        external::add(&mut report, inputs, mask);
        report
    }

    fn workflow_problems(&self, policies: &Policies) -> Vec<ProblemReport> {
        let workflows = self.inputs.workflows.iter();
        workflows.flat_map(|workflow| workflows::problems(self.inputs, workflow, policies, self.mask())).collect()
    }

    /// The whole product: what costs what, per build.
    pub fn audit(&self, policies: &Policies) -> Report {
        self.audit_with(policies, &|_| Vec::new())
    }

    /// As [`InputAudit::audit`], with what `find_more` finds in builds: their indexes and the findings.
    pub fn audit_with(&self, policies: &Policies, find_more: &FindMore) -> Report {
        let (inputs, builds, mask) = (self.inputs, &self.builds, self.mask());
        let mut report = self.report(policies, true);
        let mut outcome = rules::run(inputs, builds, policies);
        self.first_findings.get_or_init(|| outcome.findings.clone());
        history_facts::drop_seldom(&mut outcome.findings, inputs);
        let more = find_more(&outcome.findings);
        add_findings_of_builds(&mut outcome, inputs, builds, policies, more);
        self.add_findings(&mut report, outcome, policies);
        remove_duplicate_problems(&mut report);
        report.shared_steps = shared_steps::shared_steps(builds, &report.findings);
        report.builds = builds.par_iter().map(|build| overview::build(inputs, build, &report.findings, mask)).collect();
        report
    }

    /// How many fixes are applied: the safe ones, and all. What an audit found before serves as the first look.
    pub fn count_fixes(&self, policies: &Policies) -> (usize, usize) {
        let inputs = self.inputs;
        let known = self.first_findings.get_or_init(|| rules::run(inputs, &self.builds, policies).findings);
        // An audit may have more rules than those whose fixes count.
        let is_of = |finding: &&Finding| policies.of(finding.file).rules().iter().any(|rule| rule.name == finding.rule);
        let first: Vec<Finding> = known.iter().filter(is_of).cloned().collect();
        let count = |level| {
            let source = RuleFindings { inputs, policies, first: Some(&first) };
            fix::fix(&inputs.sources, level, source).applied.len()
        };
        rayon::join(|| count(FixLevel::Safe), || count(FixLevel::Unsafe))
    }

    /// The Dockerfiles with a HEALTHCHECK that a rule finds wrong.
    pub fn faulty_checks(&self) -> BTreeSet<FileId> {
        let policies = Policies::default().about_checks();
        let findings = rules::run(self.inputs, &self.builds, &policies).findings;
        findings.into_iter().map(|finding| finding.file).collect()
    }

    /// Where a compose file has checks of services that never succeed, as rules find.
    pub fn failing_checks(&self, compose: FileId) -> Vec<Span> {
        let policies = Policies::read(self.inputs, &CommandLinePolicy::default()).0.about_checks();
        let findings = rules::run(self.inputs, &self.builds, &policies).findings;
        findings.into_iter().filter(|finding| finding.file == compose).map(|finding| finding.span).collect()
    }

    /// What the builder is sent, per build; the folder itself where no Dockerfile takes anything from it.
    pub fn contexts(&self) -> Vec<ContextListing> {
        let (inputs, mask) = (self.inputs, self.mask());
        let of_builds: Vec<_> = self.builds.par_iter().map(|build| listing::of_build(inputs, build, mask)).collect();
        let mut listings: Vec<_> = of_builds.into_iter().flatten().collect();
        if listings.is_empty() {
            listings.extend(inputs.folder.as_ref().map(listing::of_folder));
        }
        listings
    }

    /// What makes the builder refuse a context that could not be looked at.
    pub fn refusals(&self) -> Vec<ProblemReport> {
        let blind = self.builds.iter().filter(|build| build.input().context.is_none() && build.uses_context());
        let mut refusals: Vec<_> =
            blind.flat_map(|build| context_problems::of_build(self.inputs, build, self.mask())).collect();
        refusals.retain(|problem| problem.error);
        deduplicate(&mut refusals);
        refusals
    }

    /// What is known without the rules; `looked`: contexts were looked at, as far as they let.
    fn report(&self, policies: &Policies, looked: bool) -> Report {
        let (inputs, builds, mask) = (self.inputs, &self.builds, self.mask());
        let mut problems: Vec<ProblemReport> =
            inputs.problems.iter().map(|problem| input_problem(problem, mask)).collect();
        let of_builds: Vec<_> = builds.par_iter().map(|build| overview::problems(inputs, build, mask)).collect();
        problems.extend(of_builds.into_iter().flatten());
        problems.extend(builds.iter().flat_map(|build| pragmas(build, policies, mask)));
        problems.extend(inputs.composes.iter().flat_map(|compose| compose_problems(inputs, compose, policies, mask)));
        problems.extend(self.workflow_problems(policies));
        deduplicate(&mut problems);
        Report {
            root: inputs.root.clone(),
            sources: inputs.sources.par_iter().map(|source| mask.source(source.host())).collect(),
            skipped: skipped(inputs, builds, policies, looked)
                .into_iter()
                .chain(workflows::gaps(inputs, mask))
                .chain(workloads::gaps(inputs))
                .collect(),
            rules_off: policies.rules_off(inputs),
            thresholds: thresholds(inputs, builds, policies),
            problems,
            notices: inputs.notices.iter().map(|text| Notice { text: mask.apply(text) }).collect(),
            ..Report::default()
        }
    }

    /// Adds what the rules found.
    fn add_findings(&self, report: &mut Report, mut outcome: rules::Outcome, policies: &Policies) {
        let (inputs, builds, mask) = (self.inputs, &self.builds, self.mask());
        image_facts::price(&mut outcome.findings, inputs);
        add_image_findings(report, &mut outcome, inputs, builds, policies);
        history_facts::price(&mut outcome.findings, inputs);
        log_facts::price(&mut outcome.findings, inputs);
        run_facts::price(&mut outcome.findings, inputs);
        let mask_findings = |findings: Vec<Finding>| {
            let shown_findings = embedded::ShownFindings::new(&findings, &inputs.sources);
            findings.into_par_iter().map(|finding| masked(shown_findings.finding(finding), mask)).collect()
        };
        report.findings = mask_findings(outcome.findings);
        report.suppressed = mask_findings(outcome.hidden);
    }
}

/// Applies the fixes of the selected rules to a fixpoint.
pub fn fix(inputs: &Inputs, policies: &Policies, level: FixLevel) -> FixOutcome {
    let mut outcome = fix::fix(&inputs.sources, level, RuleFindings { inputs, policies, first: None });
    embedded::write(&mut outcome, &inputs.sources);
    outcome
}

/// The rules as [`fix::fix`] asks them.
struct RuleFindings<'a> {
    inputs: &'a Inputs,
    policies: &'a Policies,
    /// What is found before anything changes, where that is known.
    first: Option<&'a [Finding]>,
}

impl FindingSource for RuleFindings<'_> {
    fn findings(&mut self, sources: &[Source]) -> Vec<Finding> {
        match self.first {
            Some(first) if is_unchanged(self.inputs, sources) => first.to_vec(),
            _ => check(self.inputs, sources, self.policies),
        }
    }

    fn refuses(&self, file: FileId, before: &Source, after: &Source, rules: &BTreeSet<&'static str>) -> Option<String> {
        if self.inputs.workflows.iter().any(|workflow| workflow.parts.contains(&Some(file))) {
            return rules::workflow_breach(before, after, &rules::announced(rules));
        }
        let mut composes = self.inputs.composes.iter().filter(|compose| compose.reads(file)).peekable();
        if composes.peek().is_some() {
            return composes.find_map(|compose| compose_refusal(self.inputs, compose, file, (before, after), rules));
        }
        if !self.inputs.builds.iter().any(|build| build.dockerfile == file) {
            return None;
        }
        if before.embedding().is_some()
            && compose::write(before.host(), self.inputs.source(file), after.text()).is_none()
        {
            return Some("the result cannot be embedded in this file without changing it".to_owned());
        }
        AllRules.breach(before, after, rules)
    }

    fn accepts(&self, now: &[Source], next: &[Source], rules: &BTreeSet<&'static str>) -> BTreeSet<FileId> {
        // All sources are compared: without a compose file nothing would be accepted.
        if self.inputs.composes.is_empty() {
            return BTreeSet::new();
        }
        let is_changed = |index: usize| now.get(index).zip(next.get(index)).is_some_and(|(a, b)| !has_same_bytes(a, b));
        let changed: Vec<FileId> =
            (0..now.len()).filter(|index| is_changed(*index)).map(|index| FileId(index as u32)).collect();
        let is_of_workflow =
            |file: FileId| self.inputs.workflows.iter().any(|workflow| workflow.parts.contains(&Some(file)));
        let (mut accepted, mut refused) = (BTreeSet::new(), BTreeSet::new());
        for compose in &self.inputs.composes {
            let files: Vec<FileId> = changed.iter().copied().filter(|file| compose.reads(*file)).collect();
            if files.is_empty() {
                continue;
            }
            let read = |sources: &[Source]| compose.with_sources(&self.inputs.sources, sources);
            let is_refused = rules::compose_breach(&read(now), &read(next), &rules::announced(rules)).is_some();
            if is_refused { &mut refused } else { &mut accepted }.extend(files);
        }
        accepted.retain(|file| !refused.contains(file) && !is_of_workflow(*file));
        accepted
    }
}

/// Why fixes of these rules may not make this of a file that a compose project is read from.
fn compose_refusal(
    inputs: &Inputs,
    compose: &ComposeInput,
    file: FileId,
    (before, after): (&Source, &Source),
    rules: &BTreeSet<&'static str>,
) -> Option<String> {
    let mut sources = inputs.sources.clone();
    let mut read = |source: &Source| {
        sources[file.0 as usize] = source.clone();
        compose.with_sources(&inputs.sources, &sources)
    };
    let (before, after) = (read(before), read(after));
    rules::compose_breach(&before, &after, &rules::announced(rules))
}

/// What rules find when the inputs' files read so; for fixing to a fixpoint. Files behind those of the inputs are new.
pub fn check(inputs: &Inputs, sources: &[Source], policies: &Policies) -> Vec<Finding> {
    let unchanged = is_unchanged(inputs, sources);
    let now = if unchanged { Cow::Borrowed(inputs) } else { Cow::Owned(inputs.with_sources(sources)) };
    let changed = if unchanged { None } else { policies.reload(inputs, &now) };
    rules::run(&now, &builds(&now), changed.as_ref().unwrap_or(policies)).findings
}

/// Whether the files read as those of the inputs. Of copies of one text, the texts are not compared.
fn is_unchanged(inputs: &Inputs, sources: &[Source]) -> bool {
    sources.len() == inputs.sources.len()
        && sources.iter().zip(&inputs.sources).all(|(now, then)| now.shared_text() == then.shared_text())
}

/// What is wrong with an input, as reports say it.
pub fn input_problem(problem: &InputProblem, mask: &Mask) -> ProblemReport {
    ProblemReport {
        unread: problem.fatal,
        code: problem.code,
        codes: Vec::new(),
        file: problem.file.clone(),
        place: problem.place,
        error: problem.fatal,
        fails: false,
        message: mask.apply(&problem.message),
        help: problem.help.clone(),
    }
}

/// Several builds may share a .dockerignore and a context: what is wrong with them is said once.
fn deduplicate(problems: &mut Vec<ProblemReport>) {
    let mut seen = BTreeSet::new();
    problems.retain(|problem| seen.insert((problem.file.clone(), problem.place, problem.message.clone())));
}

fn builds(inputs: &Inputs) -> Vec<Build<'_>> {
    inputs.builds.par_iter().map(Build::new).collect()
}

fn mask_of(inputs: &Inputs, builds: &[Build]) -> Mask {
    let hidden: Vec<Vec<_>> = builds.par_iter().map(Build::hidden).collect();
    let mut mask = Mask::default();
    for value in hidden.iter().flatten() {
        mask.add(value);
    }
    for (_, document) in settings::documents(inputs, rules::known_rules()).0 {
        let layers = document.sections.iter().map(|section| &section.layer).chain([&document.layer]);
        layers.flat_map(|layer| &layer.public_values).for_each(|value| mask.add_public(value));
    }
    inputs.composes.iter().for_each(|compose| masking::add_compose(&mut mask, compose));
    for manifest in &inputs.workloads.files {
        mask.add_all(&manifest.content.hidden);
    }
    masking::add_names(&mut mask, inputs, builds);
    mask
}

/// Takes out the problems that a finding of the same place says, too.
fn remove_duplicate_problems(report: &mut Report) {
    let Report { problems, findings, sources, .. } = report;
    let mut errors: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
        errors.entry(sources[finding.file.0 as usize].name()).or_default().push(finding);
    }
    problems.retain(|problem| {
        let Some(place) = problem.place else { return true };
        if problem.codes.is_empty() {
            return true;
        }
        !errors.get(&*problem.file).into_iter().flatten().any(|finding| {
            let source = &sources[finding.file.0 as usize];
            let is_same = finding.instruction_line == Some(place.line) || source.line(finding.span.start) == place.line;
            let is_disabled = |rule: &Rule| rule.metadata().aliases.iter().any(|alias| problem.codes.contains(alias));
            is_same && rules::find(finding.rule).is_some_and(is_disabled)
        })
    });
}

/// Removes what the build contexts disprove.
fn confirm(
    findings: &mut Vec<Finding>,
    inputs: &Inputs,
    known_builds: &[Build],
    policies: &Policies,
    contexts: &ReadContexts,
) {
    let files = rules::unconfirmed(inputs, known_builds, findings);
    if !files.is_empty() {
        let inputs = contexts(inputs, &files);
        rules::confirm(&inputs, &builds(&inputs), policies, findings);
    }
}

/// As [`check`], without the findings that the build contexts disprove.
pub(super) fn check_confirmed(
    inputs: &Inputs,
    sources: &[Source],
    policies: &Policies,
    contexts: &ReadContexts,
) -> Vec<Finding> {
    let mut findings = check(inputs, sources, policies);
    let now = inputs.with_sources(sources);
    confirm(&mut findings, &now, &builds(&now), policies, contexts);
    findings
}

/// Adds what images show and no rule says, and takes out what they disprove.
fn add_image_findings<'i>(
    report: &mut Report,
    outcome: &mut rules::Outcome,
    inputs: &'i Inputs,
    builds: &[Build<'i>],
    policies: &Policies,
) {
    if inputs.measured.is_empty() {
        return;
    }
    let notices = image_findings::drop_disproved(&mut outcome.findings, inputs, builds);
    report.notices.extend(notices.into_iter().map(|text| Notice { text }));
    // What a comment hides is said there already.
    let known: Vec<Finding> = outcome.findings.iter().chain(&outcome.hidden).cloned().collect();
    let mut files = BTreeSet::new();
    let mut more = Vec::new();
    for (index, build) in builds.iter().enumerate().filter(|(_, build)| files.insert(build.input().dockerfile)) {
        more.push((index, image_findings::uncovered(&known, inputs, build)));
    }
    add_findings_of_builds(outcome, inputs, builds, policies, more);
}

/// Adds further findings in Dockerfiles of builds: those of the selected rules, which a comment may hide.
fn add_findings_of_builds<'i>(
    outcome: &mut rules::Outcome,
    inputs: &'i Inputs,
    builds: &[Build<'i>],
    policies: &Policies,
    of_builds: Vec<(usize, Findings)>,
) {
    if of_builds.is_empty() {
        return;
    }
    let mut findings = Findings::new();
    for (index, more) in of_builds {
        let Some(build) = builds.get(index) else { continue };
        let (more, hidden) = rules::select_findings(inputs, build, policies, more);
        for finding in more {
            findings.push(finding);
        }
        outcome.hidden.extend(hidden);
    }
    for finding in std::mem::take(&mut outcome.findings) {
        findings.push(finding);
    }
    outcome.findings = findings.into_sorted();
}

/// Rules that lacked a fact; `looked`: contexts were looked at, as far as they let.
fn skipped<'i>(inputs: &Inputs, builds: &[Build<'i>], policies: &Policies, looked: bool) -> Vec<SkippedInput> {
    let mut skipped = Vec::new();
    let builds: Vec<&Build> = builds.iter().filter(|build| build.uses_context()).collect();
    for rule in policies.rules(inputs) {
        let needs = rule.metadata().needs;
        if rule.metadata().subject == Subject::Workflow && inputs.workflows.is_empty() {
            continue;
        }
        let missing =
            |build: &&Build<'i>| Some((needs.iter().find(|need| !is_there(build.input(), *need))?, build.input()));
        // Where one build has the fact, the rule did its work; what is wrong with another is said there.
        let lacking: Option<Vec<_>> = builds.iter().map(missing).collect();
        let Some((need, input)) = lacking.and_then(|lacking| lacking.into_iter().next()) else { continue };
        let refused = matches!(&input.ignore, IgnoreInput::Present(_, ignore) if ignore.problems.iter().any(|problem| {
            problem.kind.is_refusal() || problem.kind == ProblemKind::Uncompilable
        }));
        let (why, remedy) = match need {
            Need::ContextNames | Need::ContextBytes | Need::ContextTexts | Need::Projects if refused => {
                ("needs the build context", "fix .dockerignore")
            }
            Need::ContextNames | Need::ContextBytes | Need::ContextTexts | Need::Projects if looked => {
                ("needs the build context", "use a Dockerfile in a readable folder")
            }
            Need::ContextNames | Need::ContextBytes | Need::ContextTexts => {
                ("needs the build context", "run `dockopt audit`")
            }
            Need::Projects => ("needs the project's manifests", "run `dockopt audit`"),
            Need::Git => ("needs what git records", "run `dockopt audit`"),
            Need::Image => ("needs a built image", "build the image first"),
            Need::BaseImage => ("needs the base image", "pull the base image first"),
            Need::Shellcheck => ("needs ShellCheck", "run `dockopt lint` or `dockopt audit`"),
            Need::Buildlog => ("needs a build log", "build with `--progress=plain` and keep the log"),
        };
        skipped.push(SkippedInput { what: rule.name.to_owned(), why: why.to_owned(), remedy: remedy.to_owned() });
    }
    skipped
}

/// From which severity on findings of each file count; the strictest of the builds that share it.
fn thresholds(inputs: &Inputs, builds: &[Build], policies: &Policies) -> BTreeMap<FileId, Threshold> {
    let mut thresholds: BTreeMap<FileId, Threshold> = BTreeMap::new();
    for build in builds {
        let input = build.input();
        let threshold = Threshold { fail_on: policies.of(input.dockerfile).settings.fail_on };
        thresholds.insert(input.dockerfile, threshold);
        let ignore = match &input.ignore {
            IgnoreInput::Present(file, _) => Some(*file),
            _ => None,
        };
        let settings = inputs.settings.get(&input.dockerfile).into_iter().flatten().map(|file| file.file);
        for file in settings.chain(ignore) {
            let known = thresholds.entry(file).or_insert(threshold);
            known.fail_on = known.fail_on.stricter(threshold.fail_on);
        }
    }
    for workflow in &inputs.workflows {
        thresholds.insert(workflow.file, Threshold { fail_on: policies.of(workflow.file).settings.fail_on });
    }
    for compose in &inputs.composes {
        thresholds.insert(compose.file, Threshold { fail_on: policies.of(compose.file).settings.fail_on });
    }
    thresholds
}

/// Comments that are meant to hide something and don't.
fn pragmas(build: &Build, policies: &Policies, mask: &Mask) -> Vec<ProblemReport> {
    let source = build.input().file.source();
    let pragmas = rules::pragmas_of(build, policies.of(build.input().dockerfile));
    pragmas.problems.into_iter().map(|problem| ProblemReport::of_pragma(problem, source, mask)).collect()
}

/// What Compose refuses in a compose file, what is missing, and comments that hide nothing.
fn compose_problems(inputs: &Inputs, compose: &ComposeInput, policies: &Policies, mask: &Mask) -> Vec<ProblemReport> {
    let is_known = |problem: &&ProjectProblem| {
        inputs.problems.iter().any(|known| known.file == problem.file && known.place == problem.place)
    };
    let report = |problem: &ProjectProblem| ProblemReport {
        code: "compose-file",
        file: problem.file.clone(),
        place: problem.place,
        error: problem.is_error,
        message: mask.apply(&problem.message),
        help: problem.help.as_deref().map(|help| mask.apply(help)),
        ..ProblemReport::default()
    };
    let mut problems: Vec<_> =
        compose.reading.problems.iter().filter(|problem| !is_known(problem)).map(report).collect();
    let source = inputs.source(compose.file);
    let pragmas = rules::pragmas_of_file(inputs, compose.file, policies.of(compose.file));
    problems.extend(pragmas.problems.into_iter().map(|problem| ProblemReport::of_pragma(problem, source, mask)));
    problems
}

fn masked(mut finding: Finding, mask: &Mask) -> Finding {
    finding.message = mask.apply(&finding.message);
    finding.help = finding.help.map(|help| mask.apply(&help));
    for note in &mut finding.notes {
        *note = mask.apply(note);
    }
    for label in &mut finding.labels {
        label.text = mask.apply(&label.text);
    }
    for impact in &mut finding.impact {
        impact.evidence = mask.apply(&impact.evidence);
    }
    for fix in &mut finding.fixes {
        fix.title = mask.apply(&fix.title);
        if let Safety::Unsafe(why) = &mut fix.safety {
            *why = mask.apply(why);
        }
        // An edit with stars in it would write them into the file: the fix stays named, and `dockopt fix` applies it.
        if fix.edits.iter().any(|edit| mask.hides(&edit.text)) {
            fix.edits.clear();
            finding.notes.push(format!(
                "the edit is not shown, because a secret is in it; `dockopt fix` applies it: {}",
                fix.title
            ));
        }
    }
    finding
}
