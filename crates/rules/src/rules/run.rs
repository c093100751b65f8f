//! Runs rules.

use std::collections::{BTreeMap, BTreeSet};

use super::file_run::hide;
use super::image_rules::{ImageContext, ImageFinding};
use super::workflow::context::drop_repeated;
use super::{
    Category, Check, Context, Neighbours, Policies, Policy, Rule, Subject, builder_checks, compose_run, find,
    image_rules, is_there, known_rules, workflow_run, workload_run,
};
use crate::build::Build;
use crate::dockerfile::{Arguments, Instruction, Keyword, is_open, is_steered};
use crate::finding::{
    FileEdit, Finding, Findings, Form, SuppressedRule, Suppression, SuppressionUse, Target, suppress,
};
use crate::inputs::{BuildInput, IgnoreInput, Inputs, Need, SettingsFormat};
use crate::settings::{Pragmas, pragmas};
use crate::text::{Embedding, FileId, Span};
use rayon::prelude::*;

// Runs rules over builds: first the rules that check files, then the suppressions on their findings, last the rules
// that check the suppressions.

/// The results of the rules in all builds.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The findings to report, sorted.
    pub findings: Vec<Finding>,
    /// The findings that comments and settings suppress.
    pub hidden: Vec<Finding>,
}

/// Takes out the fixes that change a file.
fn withhold_fixes(findings: &mut [Finding], file: FileId) {
    let changes = |edit: &FileEdit| edit.target == Target::File(file);
    for finding in findings {
        finding.fixes.retain(|fix| !fix.edits.iter().any(changes));
    }
}

/// Builds that keep what rules derive from them, 25 KB each, for later steps of the run; of more than these each is derived
/// again, so that memory holds only those that are being checked.
const KEPT_BUILDS: usize = 64;

/// What checks each build and keeps what rules derive from it only where builds are few.
pub(super) fn check_builds<'i, T: Send>(
    builds: &[Build<'i>],
    check: impl Fn(&Build<'i>) -> T + Sync + Send,
) -> impl IndexedParallelIterator<Item = T> {
    let has_many = builds.len() > KEPT_BUILDS;
    builds.par_iter().map(move |build| {
        let short_lived = has_many.then(|| build.copy_unread());
        check(short_lived.as_ref().unwrap_or(build))
    })
}

/// Runs the selected rules of each build.
pub fn run<'i>(inputs: &'i Inputs, builds: &[Build<'i>], policies: &Policies) -> Outcome {
    let neighbours = Neighbours::new(builds);
    let first = |build: &Build<'i>| First::of(inputs, &neighbours, build, policies);
    let firsts: Vec<First> = check_builds(builds, first).collect();
    let mut settings = of_settings(inputs, &firsts);
    let mut jobs = Vec::new();
    for (build, first) in builds.iter().zip(firsts) {
        // An entry of the settings is reported once, with the first build that it applies to.
        let mut judged = first.judged;
        for suppression_use in
            judged.iter_mut().filter(|suppression_use| suppression_use.suppression.form == Form::Settings)
        {
            match settings.remove(&key(&suppression_use.suppression)) {
                Some(joined) => *suppression_use = joined,
                None => suppression_use.unknown.fill(true),
            }
        }
        jobs.push((build, judged, first.findings, first.hidden));
    }
    let seconds = jobs.into_par_iter().map(|(build, judged, mut findings, mut hidden)| {
        let policy = policies.of(build.input().dockerfile);
        let (unused, more) = second(inputs, &neighbours, build, policy, &judged);
        findings.extend(unused);
        hidden.extend(more);
        if build.is_generated() {
            withhold_fixes(&mut findings, build.input().dockerfile);
        }
        (findings, hidden)
    });
    let mut outcome = Outcome::default();
    let (mut findings, mut hidden) = (Findings::new(), Findings::new());
    for (kept_findings, more) in seconds.collect::<Vec<_>>() {
        for finding in kept_findings {
            findings.push(finding);
        }
        for finding in more {
            hidden.push(finding);
        }
    }
    let of_composes = compose_run::run_composes(inputs, policies);
    let of_workflows = workflow_run::run_workflows(inputs, builds, policies);
    let of_workloads = workload_run::run_workloads(inputs, policies);
    for (kept_findings, more) in [of_composes, of_workflows, of_workloads] {
        for finding in kept_findings {
            findings.push(finding);
        }
        for finding in more {
            hidden.push(finding);
        }
    }
    outcome.findings = findings.into_sorted();
    drop_repeated(&mut outcome.findings, inputs, builds);
    workflow_run::join_findings(&mut outcome.findings, inputs);
    outcome.hidden = hidden.into_sorted();
    outcome
}

/// The comments of a build's Dockerfile, as far as its settings allow them.
pub fn pragmas_of(build: &Build, policy: &Policy) -> Pragmas {
    if policy.settings.no_inline {
        return Pragmas::default();
    }
    pragmas(build.input().dockerfile, &build.input().file, known_rules())
}

/// The findings of the selected rules about images, in the order of the rules, with the severities of the settings.
pub fn check_image(context: &ImageContext<'_>, policy: &Policy) -> Vec<ImageFinding> {
    let mut findings = Vec::new();
    for rule in policy.rules().iter().filter(|rule| matches!(rule.check, Check::Image(_))) {
        let mut of_rule = image_rules::of_rule(rule, context);
        if let Some(severity) = policy.severity_of(rule.name) {
            for finding in &mut of_rule {
                finding.severity = severity;
            }
        }
        findings.extend(of_rule);
    }
    findings
}

/// What of further findings in the Dockerfile of a build is reported: those of the selected rules, with the severities of
/// the settings; then those that a suppression hides.
pub fn select_findings(
    inputs: &Inputs,
    build: &Build,
    policies: &Policies,
    mut findings: Findings,
) -> (Vec<Finding>, Vec<Finding>) {
    let policy = policies.of(build.input().dockerfile);
    findings.retain(|finding| policy.rules().iter().any(|rule| rule.name == finding.rule));
    let (kept, hidden, _) = hide(inputs, policy, findings, pragmas_of(build, policy).suppressions.iter());
    (kept, hidden)
}

/// The findings of the rules that check files, for one build.
struct First {
    findings: Vec<Finding>,
    hidden: Vec<Finding>,
    judged: Vec<SuppressionUse>,
}

impl First {
    fn of<'i>(inputs: &'i Inputs, neighbours: &Neighbours<'_, 'i>, build: &Build<'i>, policies: &Policies) -> Self {
        let policy = policies.of(build.input().dockerfile);
        let mut out = Findings::new();
        for rule in policy.rules() {
            if rule.metadata().subject != Subject::Suppressions && runs(rule, build) {
                rule.check_build(&Context::new(rule, inputs, neighbours, build).under(&policy.settings), &mut out);
            }
        }
        builder_checks::limit(build, &mut out);
        let out = limit(inputs, build, out);
        let pragmas = pragmas_of(build, policy);
        let (findings, hidden, mut judged) = hide(inputs, policy, out, pragmas.suppressions.iter());
        let unread = unread(inputs, build);
        for suppression_use in &mut judged {
            let reach = &suppression_use.suppression.reach;
            let unread_here = !reach.parts_of(build.input().dockerfile, &unread, |lines| *lines).is_empty();
            for (named, unknown) in suppression_use.suppression.named.iter().zip(&mut suppression_use.unknown) {
                let silent = |rule: &str| !knows_all(rule, build, policy);
                // hadolint runs ShellCheck with another shell and other variables.
                let foreign = named.code.is_some() && suppression_use.suppression.form != Form::Dockopt;
                let unread = unread_here || foreign && suppression_use.suppression.form != Form::Settings;
                let narrower = may_hide_more(inputs, build, &suppression_use.suppression, named);
                *unknown = unread || narrower || named.rules.is_empty() || named.rules.iter().any(|rule| silent(rule));
            }
        }
        Self { findings, hidden, judged }
    }
}

/// Whether the linter that a suppression is for may report places that the named rules do not.
fn may_hide_more(inputs: &Inputs, build: &Build, suppression: &Suppression, named: &SuppressedRule) -> bool {
    let is_foreign = match suppression.form {
        Form::Hadolint | Form::HadolintWide | Form::Tally | Form::Check => true,
        Form::Settings => {
            let mut files = inputs.settings.values().flatten();
            files.any(|file| file.file == suppression.file && file.format == SettingsFormat::Hadolint)
        }
        Form::Dockopt => false,
    };
    let codes = named.rules.iter().filter_map(|rule| find(rule)).flat_map(|rule| &rule.metadata().narrower);
    let mut codes = codes.filter(|(code, _)| is_foreign && code.eq_ignore_ascii_case(&named.text));
    let lines = |instruction: &Instruction| (instruction.start_line, instruction.start_line);
    let reached = suppression.reach.parts_of(build.input().dockerfile, build.input().file.instructions(), lines);
    // If no such instruction begins there, that linter suppresses nothing either.
    codes.any(|(_, keyword)| {
        reached.clone().any(|index| build.effective(index).keyword.as_str().eq_ignore_ascii_case(keyword))
    })
}

/// First and last lines of the parts that no rule can check: scripts that are not for a POSIX-like shell or that could
/// not be parsed completely, and the whole of a file that a program generates or completes.
fn unread(inputs: &Inputs, build: &Build) -> Vec<(u32, u32)> {
    let input = build.input();
    let source = inputs.source(input.dockerfile);
    if input.template.is_some() || source.embedding().is_some_and(|embedding| !embedding.open.is_empty()) {
        return vec![(0, u32::MAX)];
    }
    let is_unread = |index: usize| {
        let is_script = match build.effective(index).keyword {
            Keyword::Run | Keyword::Cmd | Keyword::Entrypoint => true,
            Keyword::Healthcheck => matches!(build.effective(index).arguments, Arguments::Healthcheck(..)),
            _ => false,
        };
        is_script && build.code(index).is_none_or(|code| !code.script.problems.is_empty())
    };
    let instructions = input.file.instructions().iter().enumerate().filter(|(index, _)| is_unread(*index));
    instructions.map(|(_, instruction)| (instruction.start_line, instruction.end_line)).collect()
}

fn runs(rule: &Rule, build: &Build) -> bool {
    rule.metadata().needs.iter().all(|need| is_there(build.input(), need))
}

/// Whether a rule ran with all inputs that it needs; otherwise, no finding proves nothing.
fn knows_all(name: &str, build: &Build, policy: &Policy) -> bool {
    let is_told = |rule: &&&Rule| rule.name == name && !policy.is_limited(name);
    let Some(rule) = policy.rules().iter().find(is_told) else { return false };
    let metadata = rule.metadata();
    let wanted_needs = metadata.needs.union(metadata.wants);
    let has = |need| is_there(build.input(), need) || (!build.uses_context() && is_of_context(need));
    // Those of compose files and images know nothing of a Dockerfile.
    rule.is_of_builds()
        && metadata.subject != Subject::Suppressions
        && runs(rule, build)
        && wanted_needs.iter().all(has)
}

const fn is_of_context(need: Need) -> bool {
    matches!(need, Need::ContextNames | Need::ContextBytes | Need::ContextTexts | Need::Projects)
}

/// The findings of the rules that check suppressions; they can be suppressed too.
fn second<'i>(
    inputs: &'i Inputs,
    neighbours: &Neighbours<'_, 'i>,
    build: &Build<'i>,
    policy: &Policy,
    judged: &[SuppressionUse],
) -> (Vec<Finding>, Vec<Finding>) {
    let mut out = Findings::new();
    for rule in policy.rules().iter().filter(|rule| rule.metadata().subject == Subject::Suppressions) {
        let context = Context::new(rule, inputs, neighbours, build).under(&policy.settings).judging(judged);
        rule.check_build(&context, &mut out);
    }
    let mut again: Vec<SuppressionUse> =
        judged.iter().map(|judged| SuppressionUse::new(&judged.suppression, inputs.today)).collect();
    suppress(policy.judge(out), &mut again, &inputs.sources)
}

type Key = (FileId, Span);

fn key(suppression: &Suppression) -> Key {
    (suppression.file, suppression.span)
}

/// Entries of settings over all builds that they apply to: a single use is enough, and if one build can't decide, the
/// entry is not judged.
fn of_settings(inputs: &Inputs, firsts: &[First]) -> BTreeMap<Key, SuppressionUse> {
    let mut joined: BTreeMap<Key, SuppressionUse> = BTreeMap::new();
    for suppression_use in firsts
        .iter()
        .flat_map(|first| &first.judged)
        .filter(|suppression_use| suppression_use.suppression.form == Form::Settings)
    {
        let known = joined.entry(key(&suppression_use.suppression)).or_insert_with(|| SuppressionUse {
            used: vec![false; suppression_use.used.len()],
            unknown: vec![false; suppression_use.unknown.len()],
            ..suppression_use.clone()
        });
        for index in 0..suppression_use.used.len() {
            known.used[index] |= suppression_use.used[index];
            known.unknown[index] |= suppression_use.unknown[index];
        }
    }
    let whole = |judged: &SuppressionUse| {
        let mut files = inputs.settings.values().flatten();
        files.any(|file| file.file == judged.suppression.file && file.whole)
    };
    for suppression_use in joined.values_mut() {
        if !suppression_use.suppression.exact && !whole(suppression_use) {
            suppression_use.unknown.fill(true);
        }
    }
    joined
}

// Findings in a template: those that are true however it is rendered.

/// Removes findings that depend on an instruction which the template generates, and findings about a combination of
/// optional parts. Fixes are for Dockerfiles only.
pub(super) fn limit(inputs: &Inputs, build: &Build, findings: Findings) -> Findings {
    let input = build.input();
    let original = inputs.source(input.dockerfile);
    if let Some(embedding) = original.embedding().filter(|embedding| !embedding.is_writable()) {
        return limit_embedded(input, embedding, findings);
    }
    if input.template.is_none() {
        return findings;
    }
    let steered = is_steered(original);
    let mut findings_of_host = Findings::new();
    for mut finding in findings.into_sorted() {
        let instruction_at =
            |line: u32| input.file.instructions().iter().find(|instruction| instruction.start_line == line);
        let open = finding
            .instruction_line
            .and_then(instruction_at)
            .is_some_and(|instruction| is_open(original, &input.file, instruction.span));
        let category = find(finding.rule).map(|rule| rule.metadata().category);
        if finding.file != input.dockerfile || !(open || (steered && category == Some(Category::Correctness))) {
            finding.fixes.clear();
            findings_of_host.push(finding);
        }
    }
    findings_of_host
}

/// The same for a Dockerfile that is embedded in another file, which inserts text into it or in which it can't be
/// edited.
fn limit_embedded(input: &BuildInput, embedding: &Embedding, findings: Findings) -> Findings {
    let mut findings_of_host = Findings::new();
    for mut finding in findings.into_sorted() {
        if finding.file == input.dockerfile {
            let line = finding.instruction_line.unwrap_or_else(|| input.file.source().line(finding.span.start));
            let instruction = input.file.instructions().iter().find(|instruction| instruction.start_line == line);
            let end = instruction.map_or(line, |instruction| instruction.end_line);
            if embedding.open.iter().any(|open| (line..=end).contains(open)) {
                continue;
            }
        }
        finding.fixes.clear();
        findings_of_host.push(finding);
    }
    findings_of_host
}

// Findings of the Dockerfile alone that its build context may disprove. `lint` looks there only where it found one.

/// A rule and the line of an instruction.
type FindingPlace = (&'static str, Option<u32>);

/// The Dockerfiles with findings that their build contexts, which nobody has looked at, may disprove.
pub fn unconfirmed(inputs: &Inputs, builds: &[Build], findings: &[Finding]) -> BTreeSet<FileId> {
    let unseen: BTreeSet<FileId> = builds
        .iter()
        .filter(|build| {
            let input = build.input();
            input.context.is_none()
                && input.context_root.is_some()
                && !matches!(input.ignore, IgnoreInput::Unknown)
                && (build.uses_context() || build.takes_named_source())
        })
        .map(|build| build.input().dockerfile)
        .collect();
    let is_unconfirmed = |finding: &&Finding| unseen.contains(&finding.file) && depends_on_context(finding.rule);
    let built: BTreeSet<FileId> = inputs.builds.iter().map(|input| input.dockerfile).collect();
    let files = findings.iter().filter(is_unconfirmed).map(|finding| finding.file);
    files.filter(|file| built.contains(file)).collect()
}

/// Replaces findings by what the rules find in builds whose contexts are known, and removes those that they do not repeat.
pub fn confirm<'i>(inputs: &'i Inputs, builds: &[Build<'i>], policies: &Policies, findings: &mut Vec<Finding>) {
    let neighbours = Neighbours::new(builds);
    let mut rules: BTreeMap<FileId, BTreeSet<&'static str>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| depends_on_context(finding.rule)) {
        rules.entry(finding.file).or_default().insert(finding.rule);
    }
    let of_build = |build: &Build<'i>| {
        let file = build.input().dockerfile;
        let policy = policies.of(file);
        let mut out = Findings::new();
        for rule in rules.get(&file).into_iter().flatten().filter_map(|name| find(name)) {
            rule.check_build(&Context::new(rule, inputs, &neighbours, build).under(&policy.settings), &mut out);
        }
        (file, build.input().context.is_some().then(|| policy.judge(out)))
    };
    // A Dockerfile that is built in several ways keeps what is found in one of them.
    let mut confirmed: BTreeMap<FileId, Option<BTreeMap<FindingPlace, Vec<Finding>>>> = BTreeMap::new();
    for (file, of_build) in check_builds(builds, of_build).collect::<Vec<_>>() {
        let known = confirmed.entry(file).or_insert_with(|| Some(BTreeMap::new()));
        match (known.as_mut(), of_build) {
            (Some(known), Some(of_build)) => {
                for finding in of_build.into_iter().rev() {
                    known.entry(place_of(&finding)).or_default().push(finding);
                }
            }
            _ => *known = None,
        }
    }
    findings.retain_mut(|finding| match confirmed.get_mut(&finding.file) {
        Some(Some(known)) if depends_on_context(finding.rule) => {
            let confirmed = known.get_mut(&place_of(finding)).and_then(Vec::pop);
            confirmed.map(|confirmed| replace(finding, confirmed)).is_some()
        }
        _ => true,
    });
}

fn replace(finding: &mut Finding, confirmed: Finding) {
    // Whoever took the fixes away had a reason that no context changes.
    let fixes = if finding.fixes.is_empty() { Vec::new() } else { confirmed.fixes };
    *finding = Finding { fixes, ..confirmed };
}

fn place_of(finding: &Finding) -> FindingPlace {
    (finding.rule, finding.instruction_line)
}

/// Whether a rule can do without the build context, and is more precise with it.
fn depends_on_context(rule: &str) -> bool {
    find(rule).is_some_and(|rule| rule.metadata().wants.context())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::BuildOptions;
    use crate::settings::CommandLinePolicy;
    use crate::text::Source;

    /// A file of many scripts and few findings.
    fn inputs(count: u32) -> Inputs {
        let runs = "RUN set -e; for part in a b c; do make -C \"$part\" && ./check $part; done\n".repeat(20);
        let text = format!(
            "FROM debian:13-slim\nWORKDIR /srv\n{runs}RUN apt-get update && apt-get install -y make\nUSER 1000\nCMD [\"/srv/app\"]\n"
        );
        let mut inputs = Inputs::default();
        for number in 0..count {
            let source = Source::of(&format!("{number}/Dockerfile"), &text);
            let mut input = BuildInput::new(&source, BuildOptions::default());
            input.dockerfile = inputs.add(source);
            inputs.builds.push(input);
        }
        inputs
    }

    /// The findings of the last build, and the most bytes that checking all builds took.
    fn check(count: u32) -> (Vec<String>, u64) {
        let inputs = inputs(count);
        let builds: Vec<Build> = inputs.builds.iter().map(Build::new).collect();
        let (policies, _) = Policies::read(&inputs, &CommandLinePolicy::default());
        let mut outcome = Outcome::default();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let allocations = pool.install(|| allocation_counter::measure(|| outcome = run(&inputs, &builds, &policies)));
        let last = outcome.findings.iter().filter(|finding| finding.file.0 + 1 == count);
        (last.map(|finding| format!("{} {:?}", finding.rule, finding.span)).collect(), allocations.bytes_max)
    }

    /// What rules derive from a build is dropped once it is checked.
    #[test]
    fn memory_holds_the_findings_of_all_builds_and_the_scripts_of_few() {
        let few = KEPT_BUILDS as u32;
        let (findings, all_kept) = check(few);
        assert!(!findings.is_empty());
        assert_eq!(check(few + 1).0, findings);
        // Tables are read by now.
        let of_each = |from: u32, to: u32| (check(to).1 - check(from).1) / u64::from(to - from);
        let (kept, dropped) = (of_each(few / 2, few), of_each(2 * few, 4 * few));
        assert!(dropped * 4 < kept, "{dropped} bytes of each build; {kept} where all is kept, {all_kept} in all");
    }
}
