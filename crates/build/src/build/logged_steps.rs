//! Which instructions the steps of a build log are.

use std::collections::BTreeMap;

use super::step_choice::{StepTraits, logged_targets};
use super::{Build, Stage, StageBase};
use crate::buildlog::{BuildLog, LogForm, LogStep, LoggedBuild, LoggedSeconds, StepKind, StepSeconds};
use crate::dockerfile::Keyword;

/// Characters of an instruction that are compared with the log, which may cut the rest.
const COMPARED: usize = 24;

impl Build<'_> {
    /// The index of the instruction that each step of a log is; `None` for the builder's own steps, and for those that
    /// this Dockerfile does not have.
    pub fn logged_steps(&self, logged: &LoggedBuild) -> Vec<Option<usize>> {
        logged.steps.iter().map(|step| self.logged_step(logged.form, step)).collect()
    }

    /// Seconds of each instruction that a log saw run, by its first line. Of several builds the last one that ran it
    /// counts, for one with a cache mount the last that found it filled; of several platforms or targets that it may be of
    /// the slowest.
    pub fn logged_seconds(&self, log: &BuildLog) -> BTreeMap<u32, StepSeconds> {
        let mut all: BTreeMap<usize, LoggedSeconds> = BTreeMap::new();
        for logged in &log.builds {
            let mut steps: BTreeMap<usize, Vec<&LogStep>> = BTreeMap::new();
            for (step, index) in logged.steps.iter().zip(self.logged_steps(logged)) {
                if let Some(index) = index {
                    steps.entry(index).or_default().push(step);
                }
            }
            let targets =
                logged_targets(logged, &self.input().services, |step| self.logged_step(logged.form, step).is_some());
            for (index, steps) in steps {
                let platform = self.input().options.platform.as_deref();
                let first = &steps[0].label;
                let (stage, number) = (first.stage.as_deref(), first.number);
                let traits = StepTraits { targets: &targets, platform, stage, number };
                if let Some(time) = traits.seconds(&steps) {
                    all.entry(index).or_default().add(time, logged.is_rebuild);
                }
            }
        }
        let seconds = all.into_iter().map(|(index, logged)| {
            let instruction = self.instruction(index);
            let mounts = self.input().file.mounts(instruction);
            (instruction.start_line, logged.in_rebuild(mounts.iter().any(|mount| mount.kind() == "cache")))
        });
        seconds.collect()
    }

    fn logged_step(&self, form: LogForm, step: &LogStep) -> Option<usize> {
        let StepKind::Instruction(keyword) = step.label.kind else { return None };
        let (number, of) = step.label.number?;
        let index = match form {
            LogForm::Legacy => Some((number as usize).checked_sub(1)?),
            LogForm::Buildah => {
                let stage = self.stage_of_label(step.label.stage.as_deref())?;
                Some(stage.start + (number as usize).checked_sub(1)?)
            }
            _ => self.printed_step(self.stage_of_label(step.label.stage.as_deref())?, number, of),
        }?;
        let instruction = self.input().file.instructions().get(index)?;
        let is_same = instruction.keyword == keyword
            && (keyword == Keyword::From || has_same_text(&self.one_line(instruction), &step.label.text));
        is_same.then_some(index)
    }

    /// The stage that a log names; the only one if it names none.
    fn stage_of_label(&self, name: Option<&str>) -> Option<&Stage> {
        match name {
            None => match self.stages() {
                [only] => Some(only),
                _ => None,
            },
            Some(name) => self.stages().iter().find(|stage| stage.title().eq_ignore_ascii_case(name)),
        }
    }

    /// The step with a printed number. `WORKDIR /` counts in the number of steps, but is not printed.
    fn printed_step(&self, stage: &Stage, number: u32, of: u32) -> Option<usize> {
        let steps = self.steps(stage);
        let is_printed = |index: usize| {
            let instruction = self.instruction(index);
            instruction.keyword != Keyword::Workdir || self.one_line(instruction).split(' ').nth(1) != Some("/")
        };
        let mut printed = steps.iter().filter(|step| is_printed(step.index));
        let step = printed.nth((number as usize).checked_sub(1)?)?;
        (step.of == of).then_some(step.index)
    }

    /// The title of the stage that another one is built on, by its title.
    pub fn base_stage(&self, title: &str) -> Option<String> {
        let stage = self.stages().iter().find(|stage| stage.title().eq_ignore_ascii_case(title))?;
        match stage.base {
            StageBase::Stage(base) => Some(self.stages()[base].title()),
            _ => None,
        }
    }
}

/// Whether an instruction may be what a log prints: the builder expands variables, cuts heredocs and long lines.
fn has_same_text(instruction: &str, printed: &str) -> bool {
    let fold =
        |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(COMPARED).collect::<String>();
    let plain_part = |text: &str| text.find(['$', '<', '\\', '…']).map_or(text.len(), |at| at);
    let (instruction, printed) = (fold(instruction), fold(printed));
    let compared = plain_part(&instruction).min(plain_part(&printed));
    let keyword = instruction.find(' ').unwrap_or(0);
    match (instruction.get(keyword..compared), printed.get(printed.find(' ').unwrap_or(0)..)) {
        (Some(instruction), Some(printed)) => {
            let length = instruction.len().min(printed.len());
            instruction.get(..length) == printed.get(..length)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compared_as_far_as_both_are_plain() {
        for (instruction, printed, expected) in [
            ("RUN make all", "RUN make all", true),
            ("run make all", "RUN make all", true),
            ("RUN make all", "RUN make install", false),
            ("COPY ${SRC} /x", "COPY src /x", true),
            ("RUN <<EOF", "RUN <<EOF (echo x...)", true),
            ("ENV A=1", "ENV B=1", false),
        ] {
            assert_eq!(has_same_text(instruction, printed), expected, "{instruction} {printed}");
        }
    }
}
