//! Build logs in every form that builders write: which steps a build had, what each took, and what was cached. Read in
//! one pass with bounded memory: of what steps print only the end is kept.

mod archive;
mod document;
mod explanation;
mod foreign;
mod legacy;
mod lines;
mod logged_build;
mod measurement;
mod output;
mod plain;
mod prefix;
mod protobuf;
mod rawjson;
mod record;
mod spans;
mod step_name;
mod step_seconds;
mod terminal;
mod trailer;
#[cfg(test)]
mod tests;
mod vertices;

pub use self::explanation::{CriticalPath, Explanation, StageSummary, explain};
pub use self::foreign::NotABuildLog;
use self::logged_build::DOCUMENT;
pub use self::logged_build::{
    BuildError, BuildLog, LogForm, LogStep, LogTransfer, LoggedBuild, StepStatus, StepTotals, timestamp,
};
pub use self::measurement::{MeasurementFile, MeasurementFileBuild, MeasurementFileRun, MeasurementFileStep};
pub use self::output::{Output, Pause};
pub use self::rawjson::StatusLog;
pub use self::step_name::{StepKind, StepLabel};
pub use self::step_seconds::{LoggedSeconds, StepSeconds, total_seconds};
pub use self::trailer::builder_message;

/// Reads a log piece by piece.
#[derive(Debug, Default)]
pub struct Reader {
    state: ReaderState,
}

#[derive(Debug, Default)]
enum ReaderState {
    /// Fewer than two bytes so far.
    #[default]
    Empty,
    Start(u8),
    Lines(Box<lines::Lines>),
    Archive(Vec<u8>),
    /// An archive beyond the bound.
    Oversize,
}

impl Reader {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        match &mut self.state {
            ReaderState::Lines(lines) => lines.push(bytes),
            ReaderState::Archive(all) if all.len() + bytes.len() > DOCUMENT => self.state = ReaderState::Oversize,
            ReaderState::Archive(all) => all.extend_from_slice(bytes),
            ReaderState::Oversize => {}
            ReaderState::Empty => match bytes {
                [] => {}
                [byte] => self.state = ReaderState::Start(*byte),
                _ => self.begin(bytes),
            },
            ReaderState::Start(first) => {
                let all = [&[*first], bytes].concat();
                self.begin(&all);
            }
        }
    }

    fn begin(&mut self, bytes: &[u8]) {
        self.state = if bytes.starts_with(&archive::MAGIC) {
            ReaderState::Archive(Vec::new())
        } else {
            ReaderState::Lines(Box::default())
        };
        self.push(bytes);
    }

    /// What the log says.
    ///
    /// # Errors
    /// When it is no build log; [`NotABuildLog`] says what it is instead.
    pub fn finish(self) -> Result<BuildLog, NotABuildLog> {
        match self.state {
            ReaderState::Empty => Box::<lines::Lines>::default().finish(),
            ReaderState::Start(byte) => {
                let mut lines = Box::<lines::Lines>::default();
                lines.push(&[byte]);
                lines.finish()
            }
            ReaderState::Lines(lines) => lines.finish(),
            ReaderState::Archive(bytes) => archive::read(&bytes),
            ReaderState::Oversize => Err(NotABuildLog::oversize()),
        }
    }
}

/// Reads a whole log.
///
/// # Errors
/// When it is no build log; [`NotABuildLog`] says what it is instead.
pub fn read(bytes: &[u8]) -> Result<BuildLog, NotABuildLog> {
    let mut reader = Reader::default();
    reader.push(bytes);
    reader.finish()
}
