//! BuildKit's verdict.
use super::syntax::File;

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

/// BuildKit's first error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Where it stops.
    pub stage: Stage,
    /// Its message.
    pub message: String,
    /// First and last line, as BuildKit counts them (errors in directives are counted from 0).
    pub lines: Option<(u32, u32)>,
}

pub(super) fn check_instructions(_file: &mut File) {}

impl File {
    /// BuildKit's first error; `None` when it accepts the file.
    pub fn verdict(&self) -> Option<Verdict> {
        if let Some(line) = self.oversize {
            let before = self.before_line(line);
            return Some(before.stop.unwrap_or_else(|| Verdict {
                stage: Stage::Parse,
                message: super::parse::oversize_message(),
                lines: Some((line, line)),
            }));
        }
        self.stop.clone()
    }
}
