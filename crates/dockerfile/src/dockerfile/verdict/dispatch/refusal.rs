//! What BuildKit's last stage stops with.

/// What BuildKit refuses, and the lines that it names.
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) lines: Option<(u32, u32)>,
}

impl Refusal {
    /// Without lines.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), lines: None }
    }

    /// Names an instruction's lines, unless lines are named already.
    pub(super) fn at(mut self, lines: Option<(u32, u32)>) -> Self {
        self.lines = self.lines.or(lines);
        self
    }
}
