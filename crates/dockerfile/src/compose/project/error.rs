//! Why Compose refuses a project.

use super::value::{ComposePlace, ComposeValue};

/// Why a project is refused: what is wrong, where, and what to do.
#[derive(Clone, Debug)]
pub struct ProjectError {
    /// Where; `None` where no file is to blame.
    pub place: Option<ComposePlace>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Whether the text is refused whatever its variables hold.
    pub is_of_form: bool,
}

impl ProjectError {
    /// An error at a place.
    pub fn at(place: Option<ComposePlace>, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), help: None, is_of_form: false }
    }

    /// Where the form of a text is wrong, its variables cannot help.
    #[must_use]
    pub(super) fn of_form(mut self) -> Self {
        self.is_of_form = true;
        self
    }

    /// Whether another one says the same of the same place.
    pub(super) fn equals(&self, other: &Self) -> bool {
        self.place == other.place && self.message == other.message
    }

    /// With what to do.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Something that Compose refuses, and that reading went on without.
#[derive(Clone, Debug)]
pub struct ProjectGap {
    /// Of which kind.
    pub kind: GapKind,
    /// What Compose says to it.
    pub error: ProjectError,
    /// Whether it is missing whatever the variables without a value hold.
    pub is_certain: bool,
}

/// What is missing in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GapKind {
    /// The value of a required variable.
    Variable,
    /// An environment file of a service.
    EnvironmentFile,
    /// A file that is included or extended.
    File,
    /// A file that lies on another machine.
    RemoteFile,
    /// What a service names: another service, a network, a volume; or its own image.
    Reference,
    /// A value that was left out.
    Value,
}

impl ComposeValue {
    /// An error about this value.
    pub(super) fn error(&self, message: impl Into<String>) -> ProjectError {
        ProjectError::at(self.place, message)
    }
}

/// Why reading stops: Compose refuses the project, or files are needed first.
#[derive(Debug)]
pub(super) enum Stop {
    Refused(Box<ProjectError>),
    Needs,
}

impl From<ProjectError> for Stop {
    fn from(error: ProjectError) -> Self {
        Self::Refused(Box::new(error))
    }
}
