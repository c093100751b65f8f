//! BuildKit's verdict on a file: its first error, with the lines it names. The problems list every error; this module
//! knows which one comes first.

mod argument;
mod csv;
mod dispatch;
mod duration;
mod flag;
mod instruction;
mod issue;
mod mount;

pub(super) use self::csv::split_fields;
pub use self::dispatch::platform::{platform, platform_error};
pub use self::flag::known_flags;
pub(super) use self::instruction::check_instructions;
use super::refusal::{Stage, Verdict, oversize_message};
use super::syntax::File;

impl File {
    /// BuildKit's first error in reading the file and its instructions; `None` when it goes on to the stages.
    pub fn refusal(&self) -> Option<Verdict> {
        if let Some(line) = self.oversize {
            let before = self.before_line(line);
            return Some(before.stop.unwrap_or_else(|| Verdict {
                stage: Stage::Parse,
                message: oversize_message(),
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
