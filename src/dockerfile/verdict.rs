//! BuildKit's verdict on a file: its first error, with the lines it names. The problems list every error; this module
//! knows which one comes first.

mod argument;
mod csv;
mod dispatch;
mod duration;
mod flag;
mod instruction;
mod mount;

pub(super) use self::csv::split_fields;
pub use self::dispatch::platform::platform;
use super::syntax::{File, Keyword, Problem, ProblemKind};
use crate::text::Span;

/// Where in its work BuildKit stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Reading lines and instructions' forms.
    Parse,
    /// Looking at each instruction's flags and arguments.
    Instruction,
    /// Putting the stages together.
    Dispatch,
}

impl Stage {
    /// Its name in the vectors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Instruction => "instruction",
            Self::Dispatch => "dispatch",
        }
    }
}

/// BuildKit's first error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Where it stops.
    pub stage: Stage,
    /// Its message.
    pub message: String,
    /// First and last line, as BuildKit counts them (errors in directives are counted from 0); `None` when it names
    /// no line.
    pub lines: Option<(u32, u32)>,
}

/// What BuildKit refuses in an instruction.
pub(super) struct Issue {
    kind: ProblemKind,
    span: Span,
    message: String,
    help: Option<String>,
}

impl Issue {
    fn new(span: Span, message: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Error, span, message: message.into(), help: None }
    }

    fn kind(mut self, kind: ProblemKind) -> Self {
        self.kind = kind;
        self
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// "did you mean" with the known name that is closest, if one is near.
    fn nearest(self, name: &str, known: &[&str]) -> Self {
        // Longer than any known name: it may be megabytes.
        if name.len() > 64 {
            return self;
        }
        let best = known.iter().map(|known| (strsim::osa_distance(name, known), known)).min();
        match best {
            Some((distance, known)) if distance <= 1 + known.len() / 4 => self.help(format!("did you mean `{known}`?")),
            _ => self,
        }
    }
}

impl File {
    /// BuildKit's first error in reading the file and its instructions; `None` when it goes on to the stages.
    pub fn refusal(&self) -> Option<Verdict> {
        if let Some(line) = self.oversize {
            let before = self.before_line(line);
            return Some(before.stop.unwrap_or_else(|| Verdict {
                stage: Stage::Parse,
                message: super::parse::oversize_message(),
                lines: Some((line, line)),
            }));
        }
        self.stop.clone().or_else(|| self.refused.clone())
    }

    /// The FROMs that name no image while no build argument is given, by the index of the instruction, with what their
    /// variables make of it (BuildKit's `InvalidDefaultArgInFrom`).
    pub fn default_bases(&self) -> Vec<(usize, String)> {
        dispatch::default_bases(self)
    }

    /// BuildKit's first error; `None` when it accepts the file, as far as that can be told without images, context and
    /// build arguments. Beyond [`File::refusal`] it puts the stages together, which costs more than parsing.
    pub fn verdict(&self) -> Option<Verdict> {
        self.refusal().or_else(|| dispatch::judge(self))
    }
}

/// Looks at every instruction as BuildKit's second stage does, notes all problems and the first verdict.
pub(super) fn check_instructions(file: &mut File) {
    let mut issues = Vec::new();
    let mut problems = Vec::new();
    let mut refused: Option<Verdict> = None;
    let mut has_stage = false;
    for instruction in &file.instructions {
        instruction::check(file, instruction, &mut issues);
        let mut message = issues.first().map(|issue: &Issue| {
            format!("dockerfile parse error on line {}: {}", instruction.start_line, issue.message)
        });
        if instruction.keyword == Keyword::From {
            has_stage = true;
        } else if !has_stage && !matches!(instruction.keyword, Keyword::Arg | Keyword::Unknown) {
            issues.push(
                Issue::new(instruction.name.span, "no build stage in current context")
                    .kind(ProblemKind::BeforeFrom)
                    .help("only ARG may stand before the first FROM"),
            );
            message.get_or_insert_with(|| "no build stage in current context".to_owned());
            // One problem for the whole head of the file.
            has_stage = true;
        }
        if let Some(message) = message {
            let lines = Some((instruction.start_line, instruction.end_line));
            refused.get_or_insert(Verdict { stage: Stage::Instruction, message, lines });
        }
        for issue in issues.drain(..) {
            let Issue { kind, span, message, help } = issue;
            problems.push(Problem { kind, span, message, help });
        }
    }
    file.problems.append(&mut problems);
    file.refused = refused;
}
