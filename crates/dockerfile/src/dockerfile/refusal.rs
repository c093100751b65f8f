//! BuildKit's first error: where it stops, and what it says.

/// BuildKit reads no physical line with more bytes, its LF not counted.
pub(super) const MAX_LINE: usize = 65_535;

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

/// BuildKit's message for a line that is too long.
pub(super) fn oversize_message() -> String {
    format!("dockerfile line greater than max allowed size of {MAX_LINE}")
}
