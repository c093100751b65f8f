//! Whether a step below a RUN reads the package lists that the RUN fetched with apt. In doubt the answer is unknown.

use crate::build::{Build, Code, StageBase, is_of_system};
use crate::dockerfile::Keyword;
use crate::manifest::FileKind;
use crate::shell::program::{Kind, Program, State};
use crate::shell::{Invocation, Manager, PackageCall, Verb, Word};

/// What the steps below an instruction do with the lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// No step reads the lists, or none before they are fetched again.
    #[default]
    Nothing,
    /// A step whose effect is unknown.
    Unknown,
    /// A step that reads the lists without fetching them.
    Lists,
}

/// For each instruction: what the steps below it do, in its stage and in the stages that are based on that.
pub(super) fn needs(build: &Build) -> Vec<Need> {
    let mut after = vec![Need::Nothing; build.input().file.instructions().len()];
    let mut at_end = vec![Need::Nothing; build.stages().len()];
    for stage in build.stages().iter().rev() {
        let mut need = at_end[stage.index];
        // Triggers run on top of the whole stage.
        for (_, instruction) in build.instructions_of(stage, Keyword::Onbuild) {
            need = need.max(of_trigger(build.input().file.logical(instruction.text)));
        }
        for index in stage.instructions.clone().rev() {
            after[index] = need;
            let is_run = build.instruction(index).keyword == Keyword::Run;
            need = match build.code(index) {
                Some(code) => of_script(code, is_run, need),
                None if is_run => need.max(Need::Unknown),
                None => need,
            };
        }
        if let StageBase::Stage(below) = stage.base {
            at_end[below] = at_end[below].max(need);
        }
    }
    after
}

/// The same for the text of an ONBUILD.
fn of_trigger(text: &str) -> Need {
    let words = || text.split(|c: char| !c.is_alphanumeric() && !"-_./".contains(c));
    let has = |word: &str| words().any(|word_of_script| word_of_script == word);
    if has("apt-get") || has("apt") || has("aptitude") {
        return if has("update") { Need::Nothing } else { Need::Lists };
    }
    let opaque = words().any(|word| FileKind::of(word).is_shell() || reads_lists(Program::of(word)));
    if opaque { Need::Unknown } else { Need::Nothing }
}

/// The same for a script, given the answer for the steps below it.
fn of_script(code: &Code, is_run: bool, below: Need) -> Need {
    let mut so_far = Need::Nothing;
    for invocation in code.script.invocations() {
        match apt(&invocation).map(|call| call.verb) {
            Some(Verb::Update) if fetches(&invocation) => return so_far,
            Some(Verb::Install | Verb::Upgrade | Verb::Download) => return Need::Lists,
            Some(Verb::Other) => so_far = so_far.max(Need::Unknown),
            None if is_run && may_read(&invocation) => so_far = so_far.max(Need::Unknown),
            _ => {}
        }
    }
    so_far.max(below)
}

/// A reader of the lists, or a script or tool whose effect is unknown.
fn may_read(invocation: &Invocation) -> bool {
    let Some(program) = invocation.program else { return true };
    let is_local = !is_of_system(invocation.path.text());
    let known = Program::of(program);
    let runs_file = known.is_shell() || known.state == State::Any;
    is_local || FileKind::of(program).is_shell() || reads_lists(known) || (runs_file && !invocation.args.is_empty())
}

/// Whether a program reads the lists, or runs code from another file.
fn reads_lists(program: Program) -> bool {
    program.is(Kind::Lists) || program.is(Kind::Recipes)
}

/// Whether it fetches the lists to the place where apt reads them.
pub(super) fn fetches(invocation: &Invocation) -> bool {
    let elsewhere = |word: &Word| {
        let text = word.text().to_ascii_lowercase();
        text == "--print-uris" || text.contains("dir::state") || text.contains("dir=")
    };
    apt(invocation).is_some_and(|call| call.verb == Verb::Update) && !invocation.args.iter().any(elsewhere)
}

pub(super) fn apt<'s>(invocation: &Invocation<'s>) -> Option<PackageCall<'s>> {
    invocation.call_of(&[Manager::Apt])
}
