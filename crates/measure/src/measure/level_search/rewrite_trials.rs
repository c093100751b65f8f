//! Builds rewrites and compares them with the original.

use super::floor::{self, ProofInput};
use super::start_hints;
use crate::build::Build;
use crate::failure::{Failure, FailureKind};
use crate::inputs::Inputs;
use crate::measure::build::{BuiltImage, Mode};
use crate::measure::change::Changes;
use crate::measure::equivalence::{Original, Sources};
use crate::measure::plan::MeasurePlan;
use crate::measure::scenario::Series;
use crate::measure::session::Session;
use crate::measure::trial::TrialRequest;
use crate::optimize::{Level, LevelOutcome, Optimized, unread_once_compiled};
use crate::proof::{
    Check, DeclaredConfig, Figures, Proof, Scenario, Size, TriedLevels, compare_rebuilds, compare_sizes,
};
use crate::sources::patterns;
use crate::text::Source;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct RewriteRequest {
    /// What containers are asked.
    pub wanted: TrialRequest,
    /// A stage that is built in both as a test.
    pub test_target: Option<String>,
    /// How often each scenario is built; 0: the figures of builds are left out.
    pub rounds: usize,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct ProvedRewrite {
    /// Figures and checks.
    pub proof: Proof,
    /// The rewrite that holds; `None` where none does, or the original is good as it is.
    pub optimized: Option<Optimized>,
}

/// Builds rewrites and compares them with the original.
pub(super) struct RewriteTrials<'s, 'g> {
    session: &'s Session,
    pub(super) ground: &'g ProofInput<'g>,
    demand: &'g RewriteRequest,
    pub(super) sources: Sources,
    /// What is asked of both sides.
    wanted: TrialRequest,
    /// That of the original.
    size: Size,
    say: &'g dyn Fn(&str),
}

impl<'s, 'g> RewriteTrials<'s, 'g> {
    pub(super) fn new(
        session: &'s Session,
        ground: &'g ProofInput<'g>,
        demand: &'g RewriteRequest,
        say: &'g dyn Fn(&str),
    ) -> Self {
        Self {
            session,
            ground,
            demand,
            sources: Sources { texts: ground.evidence.texts.clone() },
            wanted: TrialRequest::default(),
            size: Size::default(),
            say,
        }
    }

    pub(super) fn proof(&self) -> Proof {
        let version = self.session.engine().version();
        let inputs = self.ground.inputs;
        let source = inputs.builds.get(self.ground.build).map(|build| inputs.source(build.dockerfile));
        Proof {
            dockerfile: source.map(|source| source.name().to_owned()).unwrap_or_default(),
            inputs: self.ground.digests(),
            engine: format!("{} {}", version.name, version.version).trim().to_owned(),
            ..Proof::default()
        }
    }

    pub(super) fn declared(&self, sources: &[Source], levels: &[LevelOutcome]) -> DeclaredConfig {
        let after: Inputs = self.ground.inputs.with_sources(sources);
        let mut declared = DeclaredConfig::of(self.ground.inputs, &after, self.ground.build);
        declared.built_in = unread_once_compiled(&self.ground.evidence.texts, declared.brought.values());
        let steps = levels.iter().flat_map(|outcome| &outcome.steps);
        declared.compiles_start = steps.clone().any(|step| step.pass == "compiled-start");
        declared.bundles_sites = steps.clone().any(|step| step.pass == "client-stages");
        declared.traces_files = steps.clone().any(|step| step.pass == "next-standalone");
        declared.serves_files = steps.clone().any(|step| matches!(step.pass, "site-stages" | "static-site"));
        declared.steps = steps.map(|step| format!("{}: {}", step.what, step.why)).collect();
        declared.replaces_server = declared.serves_files
            || levels.iter().any(|outcome| outcome.level == Level::Server && !outcome.steps.is_empty());
        declared
    }

    fn plan(&self, sources: &[Source]) -> Result<MeasurePlan, Failure> {
        MeasurePlan::of(self.ground.inputs, self.ground.build, sources).ok_or_else(|| {
            let what = "the Dockerfile has no folder to use as the build context".to_owned();
            Failure::new(FailureKind::Setup, what, "pass a file or folder instead of standard input")
        })
    }

    fn build(&self, sources: &[Source], mode: Mode, name: &str) -> Result<BuiltImage, Failure> {
        let project = self.session.project(&self.plan(sources)?)?;
        self.session.build(&project, mode, &self.session.tag(name))
    }

    /// Builds and starts the original; `None`, said in the proof, where it does not build.
    pub(super) fn original(
        &mut self,
        declared: &DeclaredConfig,
        proof: &mut Proof,
    ) -> Result<Option<Original<'s>>, Failure> {
        (self.say)("building the original");
        let built = match self.build(&self.ground.inputs.sources, Mode::Cold, "original") {
            Ok(built) => built,
            Err(failure) if failure.is_of_dockerfile() => {
                proof.original = Some(failure_text(&failure));
                proof.advice = start_hints::targets(self.ground);
                self.close(proof);
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        };
        (self.say)("checking the original");
        self.wanted = self.looked();
        self.size = self.session.disk_size(&built.tag)?;
        let session = self.session;
        let mut trial = session.trial(&built.tag, &self.wanted, None)?;
        let mut start = trial.start(&self.wanted);
        let service = if start.fault().is_some() { start_hints::as_service(self.ground, &self.wanted) } else { None };
        if let Some((description, wanted)) = service {
            (self.say)(&format!("starting the original as {description}"));
            let other = session.trial(&built.tag, &wanted, None)?;
            let second = other.start(&wanted);
            // Where both fail, the one that fails later tells more.
            if second.fault().is_none()
                || second.unset.len() < start.unset.len()
                || wanted.command != self.wanted.command
            {
                proof.started_as = Some(description);
                (trial, start, self.wanted) = (other, second, wanted);
            }
        }
        if let Some(fault) = start.fault() {
            proof.advice = start_hints::advice(self.ground, &start);
            // Tests of the user's own prove what a start does not show.
            proof.broken_start = self.wanted.runs.is_empty().then_some(fault);
        }
        session.original(&built.tag, (trial, &self.wanted), declared, &self.sources).map(Some)
    }

    /// What is asked of both sides, with what sources and command tell.
    fn looked(&self) -> TrialRequest {
        let mut wanted = self.demand.wanted.clone();
        let texts = || self.sources.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        wanted.paths = crate::proof::routes(texts());
        wanted.variables = start_hints::variables(self.ground);
        wanted.starts_server = self.ground.inputs.builds.get(self.ground.build).is_some_and(|input| {
            let build = Build::new(input);
            build.target().is_some_and(|target| build.listening(target).is_some())
        });
        wanted.serves = wanted.starts_server || texts().any(|(_, text)| patterns::shows(text, "opens a port"));
        wanted
    }

    /// Builds a rewrite and compares it; with its size, where it builds.
    pub(super) fn try_rewrite(
        &self,
        original: &Original<'_>,
        levels: &[LevelOutcome],
        sources: &[Source],
        count: usize,
    ) -> Result<(TriedLevels, Size), Failure> {
        let changed: Vec<Level> =
            levels.iter().filter(|outcome| !outcome.steps.is_empty()).map(|outcome| outcome.level).collect();
        let named = changed.iter().map(|level| level.number().to_string()).collect::<Vec<_>>().join(", ");
        let of = if named.is_empty() { String::new() } else { format!(" (levels {named})") };
        (self.say)(&format!("building rewrite {count}{of}"));
        let image = format!("rewrite-{count}");
        let mut tried = TriedLevels { levels: changed, failure: None, checks: Vec::new(), left_out: Vec::new(), image };
        let built = match self.build(sources, Mode::Cached, &tried.image) {
            Ok(built) => built,
            Err(failure) if failure.is_of_dockerfile() => {
                tried.failure = Some(failure_text(&failure));
                return Ok((tried, Size::default()));
            }
            Err(failure) => return Err(failure),
        };
        (self.say)(&format!("comparing rewrite {count}"));
        let declared = self.declared(sources, levels);
        let all = levels.is_empty();
        let size = self.session.disk_size(&built.tag)?;
        tried.checks = self.session.equivalence(original, &built.tag, &declared, (&self.wanted, &self.sources), all)?;
        tried.checks.push(compare_sizes(self.size.disk, size.disk));
        tried.checks.extend(self.test_stage(sources)?);
        Ok((tried, size))
    }

    /// Whether the stage that tests builds in both.
    fn test_stage(&self, sources: &[Source]) -> Result<Option<Check>, Failure> {
        let Some(target) = &self.demand.test_target else { return Ok(None) };
        let build = |sources: &[Source], name: &str| {
            let project = self.session.project(&self.plan(sources)?)?.with_target(target);
            match self.session.build(&project, Mode::Cached, &self.session.tag(name)) {
                Ok(_) => Ok(None),
                Err(failure) if failure.is_of_dockerfile() => Ok(Some(failure.what)),
                Err(failure) => Err(failure),
            }
        };
        let (before, after) = (build(&self.ground.inputs.sources, "test-before")?, build(sources, "test-after")?);
        Ok(Some(match (before, after) {
            (_, None) => Check::of("test target", Ok(format!("stage `{target}` builds"))),
            (None, Some(why)) => Check::of("test target", Err(format!("stage `{target}` no longer builds: {why}"))),
            (Some(was), Some(_)) => Check::unproved(
                "test target",
                format!("stage `{target}` builds neither in the original nor in the rewrite: {was}"),
            ),
        }))
    }

    /// The sizes of the original, and of a rewrite where it holds.
    pub(super) fn show_sizes(&self, rewrite: Option<&Size>, proof: &mut Proof) {
        let figures = |size: &Size| Figures { size: size.clone(), ..Figures::default() };
        (proof.before, proof.after) = (Some(figures(&self.size)), rewrite.map(figures));
    }

    /// The times of the original and of a rewrite that is proved, and what it can't go below. One that is slower to rebuild
    /// does not hold.
    pub(super) fn measure(
        &self,
        (tried, size): (&mut TriedLevels, &Size),
        sources: &[Source],
        proof: &mut Proof,
    ) -> Result<(), Failure> {
        if !tried.proves() {
            return Ok(());
        }
        if self.demand.rounds > 0 {
            let plans = [self.plan(&self.ground.inputs.sources)?, self.plan(sources)?];
            let scenarios = vec![Scenario::Cold, Scenario::Unchanged, Scenario::Source, Scenario::Dependency];
            let changes = Changes::of(self.ground.inputs, self.ground.build);
            let series = Series { scenarios, rounds: self.demand.rounds, changes };
            let plans = [("before", &plans[0]), ("after", &plans[1])];
            let mut measured = self.session.measure(&plans, &series, self.say)?.into_iter();
            proof.before = measured.next().map(|measured| measured.figures);
            proof.after = measured.next().map(|measured| measured.figures);
            let both = proof.before.as_ref().zip(proof.after.as_ref());
            tried.checks.extend(both.and_then(|(before, after)| compare_rebuilds(before, after)));
        }
        if tried.proves() {
            let image = self.session.side(&self.session.tag(&tried.image))?;
            let inputs = self.ground.inputs.with_sources(sources);
            proof.floor = floor::floor(self.session, (&inputs, self.ground.build), &image, size.disk)?;
        }
        Ok(())
    }

    pub(super) fn close(&self, proof: &mut Proof) {
        proof.commands = self.session.commands();
        proof.left_in_cache = self.session.left_in_cache();
        let hide = |text: &mut String| *text = self.session.mask(text);
        proof.original.iter_mut().chain(&mut proof.started_as).chain(&mut proof.broken_start).for_each(hide);
        proof.rejected.iter_mut().for_each(|rejected| hide(&mut rejected.reason));
        for tried in &mut proof.tried {
            tried.failure.iter_mut().for_each(hide);
            tried.checks.iter_mut().flat_map(|check| &mut check.details).for_each(hide);
        }
    }
}

/// A failure with the last words of its step.
fn failure_text(failure: &Failure) -> String {
    let last = telling_lines(&failure.log).join("; ");
    if last.is_empty() { failure.what.clone() } else { format!("{}: {last}", failure.what) }
}

/// The lines that tell why a step failed: what npm calls errors begins with the cause, others end with it.
fn telling_lines(log: &[String]) -> Vec<&str> {
    let of_npm = |line: &&str| line.starts_with("npm error ") || line.starts_with("npm ERR! ");
    let noise = ["npm notice", "A complete log of this run", "[notice]"];
    let lines = log.iter().map(|line| line.trim()).filter(|line| noise.iter().all(|part| !line.contains(part)));
    let lines: Vec<&str> =
        lines.filter(|line| !line.is_empty() && !matches!(*line, "npm error" | "npm ERR!")).collect();
    let lines_of_npm: Vec<&str> = lines.iter().copied().filter(of_npm).take(3).collect();
    if lines_of_npm.is_empty() { lines[lines.len().saturating_sub(3)..].to_vec() } else { lines_of_npm }
}

#[cfg(test)]
mod tests {
    use super::telling_lines;

    #[test]
    fn the_cause_is_told() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let npm = "npm warn x\nnpm error code ERESOLVE\nnpm error\nnpm error While resolving: a@1\nnpm notice New \
                   version\nnpm error A complete log of this run can be found in: /x";
        assert_eq!(telling_lines(&lines(npm)), ["npm error code ERESOLVE", "npm error While resolving: a@1"]);
        assert_eq!(telling_lines(&lines("a\nb\nERROR: no match\n\n[notice] new pip")), ["a", "b", "ERROR: no match"]);
    }
}
