//! Builds by scenario: repeated, paired, alternating, so that what the machine does besides meets all alike.

use super::build::{BuiltImage, Mode};
use super::change::{Changes, changed};
use super::copy::Project;
use super::plan::MeasurePlan;
use super::session::Session;
use super::size::ImageSize;
use crate::failure::Failure;
use crate::proof::{Figures, Scenario};

/// What is built, and how often.
#[derive(Clone, Debug)]
pub struct Series {
    /// The scenarios; a cold build is always made.
    pub scenarios: Vec<Scenario>,
    /// How often each is built.
    pub rounds: usize,
    /// The files that are changed.
    pub changes: Changes,
}

/// A build measured, or why it was not.
#[derive(Clone, Debug)]
pub struct ScenarioResult {
    /// What it was called: `before`, `after`.
    pub name: String,
    /// The figures; those of builds that worked where a later one failed.
    pub figures: Figures,
    /// The image of the last cold build, while the session lives; `None` where there is none.
    pub image: Option<BuiltImage>,
    /// Why it was measured no further.
    pub failure: Option<Failure>,
}

impl ScenarioResult {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), figures: Figures::default(), image: None, failure: None }
    }
}

/// One of the builds that are compared.
struct Subject<'p> {
    plan: &'p MeasurePlan,
    project: Option<Project>,
    /// Layers of the image before its source was changed.
    layers: Vec<String>,
    /// The image after that change. It weighs what the other does but for the line, and to weigh one takes long.
    changed: Option<String>,
    measured: ScenarioResult,
}

impl Session {
    /// Builds all plans in every scenario, in turns. A Dockerfile that fails is measured no further; the others are.
    /// `say` is told what begins.
    ///
    /// # Errors
    /// What is no Dockerfile's fault: the engine is lost, somebody wants it to end, there is no room.
    pub fn measure(
        &self,
        plans: &[(&str, &MeasurePlan)],
        series: &Series,
        say: &dyn Fn(&str),
    ) -> Result<Vec<ScenarioResult>, Failure> {
        let mut subjects: Vec<Subject> = plans
            .iter()
            .map(|(name, plan)| Subject {
                plan,
                project: None,
                layers: Vec::new(),
                changed: None,
                measured: ScenarioResult::new(name),
            })
            .collect();
        for round in 0..series.rounds.max(1) {
            for scenario in [Scenario::Cold, Scenario::Unchanged, Scenario::Source, Scenario::Dependency] {
                if scenario != Scenario::Cold && !series.scenarios.contains(&scenario) {
                    continue;
                }
                self.in_turns(&mut subjects, scenario, (round, series), say)?;
            }
        }
        for subject in subjects.iter_mut().filter(|subject| subject.measured.image.is_some()) {
            say(&format!("measuring the image {}", subject.measured.name));
            self.weigh(subject)?;
        }
        Ok(subjects.into_iter().map(|subject| subject.measured).collect())
    }

    fn in_turns(
        &self,
        subjects: &mut [Subject],
        scenario: Scenario,
        (round, series): (usize, &Series),
        say: &dyn Fn(&str),
    ) -> Result<(), Failure> {
        let count = subjects.len();
        for turn in 0..count {
            // Who is first in one round is last in the next.
            let index = if round % 2 == 0 { turn } else { count - 1 - turn };
            let subject = &mut subjects[index];
            if subject.measured.failure.is_some() {
                continue;
            }
            let of =
                if series.rounds > 1 { format!(", round {} of {}", round + 1, series.rounds) } else { String::new() };
            say(&format!("building {}: {}{of}", subject.measured.name, scenario.name()));
            match self.run_scenario(subject, scenario, &series.changes) {
                Err(failure) if failure.is_of_dockerfile() => subject.measured.failure = Some(failure),
                done => done?,
            }
        }
        Ok(())
    }

    fn run_scenario(&self, subject: &mut Subject, scenario: Scenario, changes: &Changes) -> Result<(), Failure> {
        if scenario == Scenario::Cold {
            match &mut subject.project {
                Some(project) => project.renew(&self.series())?,
                None => subject.project = Some(self.project(subject.plan)?),
            }
        }
        let Some(project) = &mut subject.project else { return Ok(()) };
        let file = match scenario {
            Scenario::Source => changes.source.as_ref(),
            Scenario::Dependency => changes.dependency.as_ref(),
            _ => None,
        };
        if let Some(path) = file {
            let text = project.read(path).and_then(|text| changed(path, &text, &format!("dockopt {}", project.series)));
            // Where the file is not sent there is nothing to change.
            let Some(text) = text else { return Ok(()) };
            project.change(path, &text)?;
        } else if matches!(scenario, Scenario::Source | Scenario::Dependency) {
            return Ok(());
        }
        let name = &subject.measured.name;
        let tag =
            self.tag(&if scenario == Scenario::Cold { name.clone() } else { format!("{name}-{}", scenario.name()) });
        let mode = if scenario == Scenario::Cold { Mode::Cold } else { Mode::Cached };
        let built = self.build(project, mode, &tag)?;
        subject.measured.figures.runs.push((scenario, built.run.clone()));
        if scenario == Scenario::Cold {
            subject.layers = self.engine.find(&tag, None)?.map(|image| image.diff_ids).unwrap_or_default();
            subject.measured.image = Some(built);
        } else if scenario == Scenario::Source {
            subject.changed = Some(tag);
        }
        Ok(())
    }

    /// What the last image and the images below it weigh.
    fn weigh(&self, subject: &mut Subject) -> Result<(), Failure> {
        let Some(image) = &subject.measured.image else { return Ok(()) };
        let Some(image_size) = self.image_size(subject.changed.as_ref().unwrap_or(&image.tag))? else { return Ok(()) };
        let size = &mut subject.measured.figures.size;
        size.upload = subject.changed.as_ref().map(|_| image_size.bytes_beyond(&subject.layers));
        (size.disk, size.pull, size.layers) = (image_size.disk, Some(image_size.pull()), image_size.layers.len());
        let Some(bases) = &subject.plan.bases else { return Ok(()) };
        let mut pulled: Option<Vec<ImageSize>> = Some(Vec::new());
        for base in bases {
            let base_size = self.image_size(base)?;
            pulled = pulled.zip(base_size).map(|(mut all, size)| {
                all.push(size);
                all
            });
        }
        size.base_pull = pulled.map(|all| {
            let mut layers: Vec<_> = all.into_iter().flat_map(|size| size.layers).collect();
            layers.sort_by(|a, b| a.diff_id.cmp(&b.diff_id));
            layers.dedup_by(|a, b| a.diff_id == b.diff_id);
            layers.iter().map(|layer| layer.pull).sum()
        });
        Ok(())
    }
}
