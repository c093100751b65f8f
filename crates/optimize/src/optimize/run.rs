//! Runs the passes in order: each works on the output of the passes before it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::assumption::{Assumption, Support};
use super::layout;
use super::level::Level;
use super::options::Options;
use super::pass_input::{PassInput, PassOutput, PassRefusal, RewriteStep};
use super::passes::{self, Pass};
use super::protected_files;
use crate::build::{Build, StageBase, generated_line};
use crate::dockerfile::{self, Keyword};
use crate::finding::{FileEdit, Target};
use crate::fix::Change;
use crate::inputs::Evidence;
use crate::inputs::{BuildInput, Inputs};
use crate::text::{Edit, FileId, Source, Span};

/// Instructions of a Dockerfile that is rewritten. An image has 127 layers at most (overlayfs in the engine), and each pass looks
/// at all instructions again.
const INSTRUCTIONS: usize = 5_000;

/// What a level did.
#[derive(Clone, Debug)]
pub struct LevelOutcome {
    /// Which.
    pub level: Level,
    /// What was done.
    pub steps: Vec<RewriteStep>,
    /// What was left, and why.
    pub refusals: Vec<PassRefusal>,
    /// All texts after it; those of the inputs first, new files behind them.
    pub sources: Vec<Source>,
}

/// A build rewritten.
#[derive(Clone, Debug)]
pub struct Optimized {
    /// Index of the build in the inputs.
    pub build: usize,
    /// The texts before: those of the inputs, or of these what the build has to do with.
    pub before: Vec<Source>,
    /// Their ids in the inputs.
    pub files: Vec<FileId>,
    /// Every level up to the limit, the lowest first.
    pub levels: Vec<LevelOutcome>,
}

impl Optimized {
    /// The texts up to and with a level.
    pub fn sources(&self, level: Level) -> &[Source] {
        let outcome = self.levels.iter().rfind(|outcome| outcome.level <= level);
        outcome.map_or(&self.before, |outcome| &outcome.sources)
    }

    /// The texts after all.
    pub fn result(&self) -> &[Source] {
        self.sources(Level::Server)
    }

    /// The highest level that changed something.
    pub fn highest(&self) -> Option<Level> {
        self.levels.iter().rfind(|outcome| !outcome.steps.is_empty()).map(|outcome| outcome.level)
    }

    /// The files that differ from those before.
    pub fn changes(&self) -> Vec<Change> {
        self.changes_up_to(Level::Server)
    }

    /// The files that differ from those before up to and with a level.
    pub fn changes_up_to(&self, level: Level) -> Vec<Change> {
        let mut changes = Vec::new();
        for (index, source) in self.sources(level).iter().enumerate() {
            let before = self.before.get(index).map(Source::bytes);
            if before.is_some_and(|before| std::ptr::eq(before, source.bytes()) || before == source.bytes()) {
                continue;
            }
            let before = before.map(<[u8]>::to_vec);
            let name = source.name().to_owned();
            let target = match before {
                Some(_) => Target::File(self.files.get(index).copied().unwrap_or(FileId(index as u32))),
                None => Target::New(name.clone()),
            };
            changes.push(Change { target, name, before, after: source.bytes().to_vec() });
        }
        changes
    }
}

/// Rewrites the build with this index as far as the options allow.
///
/// The result is a fixpoint: rewriting it again changes nothing.
pub fn optimize(inputs: &Inputs, build: usize, evidence: &Evidence, options: &Options) -> Optimized {
    optimize_with(inputs, build, (evidence, options), None)
}

/// As [`optimize`]; `ignore`: the output of the level of that name, where it is known already.
pub(super) fn optimize_with(
    inputs: &Inputs,
    build: usize,
    (evidence, options): (&Evidence, &Options),
    ignore: Option<&PassOutput>,
) -> Optimized {
    let files = (0..inputs.sources.len() as u32).map(FileId).collect();
    let mut done = Optimized { build, before: inputs.sources.clone(), files, levels: Vec::new() };
    let Some(build_input) = inputs.builds.get(build).filter(|build_input| unwritable(build_input).is_none()) else {
        return done;
    };
    let rewrite = Rewrite { index: build, author: &build_input.file, evidence, options, ignore };
    let mut now = inputs.sources.clone();
    // Under the texts of now; read again only where a pass changed one.
    let mut input: Cow<Inputs> = Cow::Borrowed(inputs);
    let clone = clone(inputs, build, evidence);
    for level in Level::ALL.into_iter().filter(|level| options.level.allows(*level)) {
        // What lies in the folder decides what is kept out; what is written must be there for everybody.
        if let Some(clone) = clone.as_ref()
            && level == Level::Order
        {
            input = Cow::Owned(clone.with_sources(&now));
        }
        let mut outcome = LevelOutcome { level, steps: Vec::new(), refusals: Vec::new(), sources: Vec::new() };
        let passes = passes::PASSES.iter().filter(|pass| pass.info.level == level && runs(pass, options));
        let passes: Vec<&Pass> = passes.collect();
        let mut at = 0;
        while at < passes.len() {
            let (count, next) = rewrite.run_until_change(&passes[at..], &input, &mut now, &mut outcome);
            at += count;
            input = next.map_or(input, Cow::Owned);
        }
        outcome.sources.clone_from(&now);
        done.levels.push(outcome);
    }
    done
}

/// What stays the same in all passes over a build.
struct Rewrite<'r> {
    /// The index of the build.
    index: usize,
    /// The Dockerfile as its author wrote it.
    author: &'r dockerfile::File,
    evidence: &'r Evidence,
    options: &'r Options,
    /// What the passes of the level `ignore` say, where it is known.
    ignore: Option<&'r PassOutput>,
}

impl Rewrite<'_> {
    /// Runs passes until one changes a text: how many ran, and the inputs under the new texts. They all read one build.
    fn run_until_change(
        &self,
        passes: &[&Pass],
        inputs: &Inputs,
        now: &mut Vec<Source>,
        outcome: &mut LevelOutcome,
    ) -> (usize, Option<Inputs>) {
        let (evidence, options) = (self.evidence, self.options);
        let Some(build_input) = inputs.builds.get(self.index) else { return (passes.len(), None) };
        let build = Build::new(build_input);
        let built_projects = &OnceCell::new();
        for (at, pass) in passes.iter().enumerate() {
            let (id, title) = (pass.info.id, pass.info.title);
            if let Some(why) = options.left_out.get(id)
                && !options.only.contains(id)
            {
                outcome.refusals.push(PassRefusal::whole(id, title, why));
                continue;
            }
            let known = if pass.info.level == Level::Ignore { self.ignore.cloned() } else { None };
            let output = known.unwrap_or_else(|| {
                let mut output = PassOutput::default();
                let author = self.author;
                let pass_input = PassInput { inputs, build: &build, author, evidence, options, built_projects };
                (pass.run)(&pass_input, &mut output);
                output
            });
            let output = mirrored(pass, for_others(pass, output, &build), &build);
            let output = supported(pass, output, evidence);
            let (before, steps) = (now.clone(), outcome.steps.len());
            if !take(pass, output, (build_input.dockerfile, self.author), now, outcome) {
                continue;
            }
            let next = inputs.with_sources(now);
            if let Some(why) = find_loss(&build, &next, self.index) {
                *now = before;
                outcome.steps.truncate(steps);
                outcome.refusals.push(PassRefusal::whole(id, title, why));
                continue;
            }
            let Some(source) = layout::tidied(self.author, &build_input.file, &next, self.index) else {
                return (at + 1, Some(next));
            };
            now[build_input.dockerfile.0 as usize] = source;
            return (at + 1, Some(next.with_sources(now)));
        }
        (passes.len(), None)
    }
}

/// What a pass took away that has to stay.
fn find_loss(before: &Build, after: &Inputs, index: usize) -> Option<String> {
    let after = after.builds.get(index)?;
    let projects = after.projects.as_deref().map_or(&[][..], Vec::as_slice);
    protected_files::find_loss(before, &Build::new(after), projects)
}

/// The inputs that a clean clone has; `None` where it lacks nothing.
fn clone(inputs: &Inputs, build: usize, evidence: &Evidence) -> Option<Inputs> {
    let cloned = evidence.cloned.as_ref()?;
    let mut inputs = inputs.with_sources(&inputs.sources);
    let build_input = inputs.builds.get_mut(build)?;
    build_input.context = Some(Arc::clone(&cloned.context));
    if cloned.projects.is_some() {
        build_input.projects.clone_from(&cloned.projects);
    }
    Some(inputs)
}

/// What is done to an image that has triggers for those that build on it: nobody sees what they need of its stages, its
/// base and its user.
fn for_others(pass: &Pass, output: PassOutput, build: &Build) -> PassOutput {
    let hidden = matches!(pass.info.level, Level::Stages | Level::Slim) || pass.info.id == "non-root";
    if !hidden || output.edits.is_empty() {
        return output;
    }
    let triggers =
        |target| build.chain(target).any(|stage| build.instructions_of(stage, Keyword::Onbuild).next().is_some());
    if !build.target().is_some_and(triggers) {
        return output;
    }
    let mut refused = PassOutput::default();
    refused.skip("its ONBUILD instructions run in images that are not known here");
    refused
}

/// Another base image is none that a named context of the build brings: `node:22=docker-image://mirror/node:22`.
fn mirrored(pass: &Pass, output: PassOutput, build: &Build) -> PassOutput {
    let options = &build.input().options;
    let named = build.stages().iter().find_map(|stage| match &stage.base {
        StageBase::Image(name) if options.named_context(name).is_some() => Some(name),
        _ => None,
    });
    let (Level::Slim, Some(name), false) = (pass.info.level, named, output.edits.is_empty()) else { return output };
    let mut refused = PassOutput::default();
    refused.skip(format!("`--build-context` replaces `{name}`, and names no other base image in its place"));
    refused
}

/// The steps with what they assume. Without a container that showed it, one is left out whose assumption has no support.
fn supported(pass: &Pass, mut output: PassOutput, evidence: &Evidence) -> PassOutput {
    let (what, support) = pass.assumes;
    for step in output.steps.iter_mut().filter(|step| step.assumptions.is_empty()) {
        step.assumptions.push(Assumption { what: what.to_owned(), support, why: String::new() });
    }
    let is_missing = |assumption: &Assumption| assumption.support == Support::Missing;
    if evidence.observed.is_some() {
        let all = output.steps.iter_mut().flat_map(|step| &mut step.assumptions);
        all.filter(|assumption| is_missing(assumption)).for_each(|assumption| assumption.support = Support::Observed);
        return output;
    }
    if !output.steps.iter().flat_map(|step| &step.assumptions).any(is_missing) {
        return output;
    }
    let mut refused = PassOutput { refusals: output.refusals, ..PassOutput::default() };
    for step in output.steps {
        let missing = step.assumptions.iter().find(|assumption| is_missing(assumption));
        let why = missing.map_or_else(String::new, |assumption| {
            let why = if assumption.why.is_empty() {
                format!("nothing shows that {}", assumption.what)
            } else {
                assumption.why.clone()
            };
            format!("{why}; `--verify` can prove that {}", assumption.what)
        });
        refused.refuse(format!("leaves out a step ({})", step.what), why);
    }
    refused
}

/// Why nobody can write another text in the place of a build's Dockerfile, in one sentence without a full stop.
pub fn unwritable(build_input: &BuildInput) -> Option<String> {
    if let Some(template) = build_input.template {
        return Some(format!("it is {}, and the rendered Dockerfile is not known", template.title()));
    }
    if let Some(line) = generated_line(&build_input.file) {
        return Some(format!("line {line} says that a program writes it: change what it is made from"));
    }
    let instructions = build_input.file.instructions();
    if instructions.len() > INSTRUCTIONS {
        return Some(format!("it has more than {INSTRUCTIONS} instructions: split it into several files"));
    }
    if !instructions.is_empty() && instructions.iter().all(|instruction| instruction.keyword != Keyword::From) {
        return Some("it has no FROM, and the file that includes it is not known".to_owned());
    }
    if let Some(verdict) = build_input.file.verdict() {
        // What decides may be a build argument that has no default.
        let is_plain = !build_input.file.source().text().contains('$') || build_input.file.refusal().is_some();
        if is_plain {
            return Some(format!("the builder rejects it: {}", verdict.message));
        }
    }
    let embedding = build_input.file.source().embedding()?;
    (!embedding.is_writable()).then(|| "it is embedded in another file and cannot be written".to_owned())
}

fn runs(pass: &Pass, options: &Options) -> bool {
    let info = &pass.info;
    (options.only.is_empty() || options.only.contains(info.id)) && !options.skip.contains(info.id)
}

/// Applies what a pass says, unless the builder would refuse the result and did not refuse what was there. Whether
/// something changed.
fn take(
    pass: &Pass,
    output: PassOutput,
    (dockerfile, author): (FileId, &dockerfile::File),
    now: &mut Vec<Source>,
    outcome: &mut LevelOutcome,
) -> bool {
    let id = pass.info.id;
    for refusal in output.refusals {
        let what = if refusal.is_whole { pass.info.title.to_owned() } else { refusal.what };
        outcome.refusals.push(PassRefusal { pass: id, what, ..refusal });
    }
    if output.edits.is_empty() {
        return false;
    }
    let Some(next) = apply(&output.edits, now) else {
        outcome.refusals.push(PassRefusal::whole(id, pass.info.title, "its edits overlap"));
        return false;
    };
    let dockerfile = dockerfile.0 as usize;
    let worse = dockerfile::parse(&now[dockerfile]).worse(&dockerfile::parse(&next[dockerfile]));
    if let Some(why) = worse {
        outcome.refusals.push(PassRefusal::whole(id, pass.info.title, why));
        return false;
    }
    let line = author_line(author.source(), &now[dockerfile], &output.edits, FileId(dockerfile as u32));
    *now = next;
    outcome.steps.extend(output.steps.into_iter().map(|step| RewriteStep { pass: id, line, ..step }));
    true
}

/// The number of the first line that edits change, in the file as its author wrote it.
fn author_line(author: &Source, now: &Source, edits: &[FileEdit], dockerfile: FileId) -> Option<u32> {
    let of_dockerfile = edits.iter().filter(|edit| edit.target == Target::File(dockerfile));
    let start = of_dockerfile.map(|edit| edit.span.start).min()?;
    let text = now.slice(now.line_span(now.line(start)));
    let same = author.text().lines().position(|line| line == text && !line.trim().is_empty())?;
    Some(same as u32 + 1)
}

fn apply(edits: &[FileEdit], sources: &[Source]) -> Option<Vec<Source>> {
    let mut by_target: BTreeMap<&Target, Vec<Edit>> = BTreeMap::new();
    for edit in edits {
        let edits = by_target.entry(&edit.target).or_default();
        // What is put at the same place stands there in the order of its making.
        match edits.iter_mut().find(|other| other.span == edit.span && edit.span.is_empty()) {
            Some(other) => other.text.push_str(&edit.text),
            None => edits.push(Edit { span: edit.span, text: edit.text.clone() }),
        }
    }
    let mut now = sources.to_vec();
    for (target, edits) in by_target {
        match target {
            Target::File(FileId(index)) => {
                let slot = now.get_mut(*index as usize)?;
                *slot = slot.with_bytes(crate::text::apply(slot, &edits).ok()?).ok()?;
            }
            Target::New(name) => {
                let empty = Source::of(name, "");
                let whole = edits.iter().all(|edit| edit.span == Span::at(0));
                if !whole {
                    return None;
                }
                now.push(empty.with_bytes(crate::text::apply(&empty, &edits).ok()?).ok()?);
            }
        }
    }
    Some(now)
}
