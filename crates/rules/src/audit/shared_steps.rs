//! Findings about a step that several builds have: the builder runs it once, and its layer is stored once.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::build::{Build, Stage, StageBase};
use crate::dockerfile::Keyword;
use crate::finding::{Finding, ImpactKind};
use crate::inputs::IgnoreInput;

/// Instructions above a step that are compared.
const INSTRUCTIONS: usize = 200;

/// Stages below each other that are compared.
const STAGES: usize = 20;

/// Findings that are compared.
const FINDINGS: usize = 1_000;

/// For findings about a step that an earlier finding by the same rule is about too, the index of that one: another build
/// has the same step on the same base image, so `BuildKit` reuses the layer.
pub(super) fn shared_steps(builds: &[Build], findings: &[Finding]) -> BTreeMap<usize, usize> {
    let mut shared = BTreeMap::new();
    if builds.len() < 2 {
        return shared;
    }
    let is_stored = |finding: &Finding| {
        let kinds = finding.impact.iter().map(|impact| impact.kind);
        kinds.into_iter().any(|kind| matches!(kind, ImpactKind::DiskBytes | ImpactKind::PullBytes))
    };
    let stored = findings.iter().enumerate().filter(|(_, finding)| is_stored(finding)).take(FINDINGS);
    let mut first: BTreeMap<(&str, u64), usize> = BTreeMap::new();
    for (index, finding) in stored {
        let Some(step) = builds.iter().find_map(|build| step_hash(build, finding)) else { continue };
        match first.get(&(finding.rule, step)) {
            Some(known) if findings[*known].file != finding.file => {
                shared.insert(index, *known);
            }
            Some(_) => {}
            None => {
                first.insert((finding.rule, step), index);
            }
        }
    }
    shared
}

/// What the cache key of a finding's step consists of; `None` where that cannot be told without building.
fn step_hash(build: &Build, finding: &Finding) -> Option<u64> {
    let input = build.input();
    if input.dockerfile != finding.file || input.template.is_some() {
        return None;
    }
    let line = finding.instruction_line?;
    let stages = build.stages();
    let has_line = |stage: &&Stage| {
        let instructions = build.instructions(stage).map(|(_, instruction)| instruction);
        instructions.chain(build.from_of(stage)).any(|instruction| instruction.start_line == line)
    };
    let stage = stages.iter().find(has_line)?;
    let mut hasher = DefaultHasher::new();
    (&input.options.build_args, &input.options.platform).hash(&mut hasher);
    hash_stage(build, stage, Some(line), STAGES, &mut hasher)?;
    Some(hasher.finish())
}

/// The instructions of a stage, those of the stages below it included, to the one on a line.
fn hash_stage(build: &Build, stage: &Stage, line: Option<u32>, depth: usize, hasher: &mut DefaultHasher) -> Option<()> {
    match &stage.base {
        StageBase::Image(image) => image.hash(hasher),
        StageBase::Scratch => "scratch".hash(hasher),
        StageBase::Stage(base) => hash_stage(build, build.stages().get(*base)?, None, depth.checked_sub(1)?, hasher)?,
        StageBase::Context(_) | StageBase::Unknown(_) => return None,
    }
    let is_above = |start: u32| line.is_none_or(|line| start <= line);
    let instructions = build.instructions(stage).map(|(_, instruction)| instruction);
    for (count, instruction) in instructions.filter(|instruction| is_above(instruction.start_line)).enumerate() {
        if count == INSTRUCTIONS {
            return None;
        }
        let text = build.input().file.logical(instruction.text);
        // What other stages and contexts give is not compared.
        if text.contains("--from=") || text.contains("type=bind") {
            return None;
        }
        if matches!(instruction.keyword, Keyword::Copy | Keyword::Add) {
            let input = build.input();
            let ignore = match input.ignore {
                IgnoreInput::Present(file, _) => Some(file.0),
                _ => None,
            };
            (input.context_root.as_ref()?, ignore).hash(hasher);
        }
        text.hash(hasher);
    }
    Some(())
}
