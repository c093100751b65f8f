//! Which line of a Dockerfile made which layer, and where the base image ends. From the builder's own record where an
//! image carries one, else by laying the image's history beside the Dockerfile. Says how sure it is, and why it can't
//! tell; guesses nothing silently.

mod align;
mod base;
mod entry;
mod expected;
mod fit;
mod join;
mod pattern;
mod recorded;
#[cfg(test)]
mod vectors;
mod wording;

pub use self::base::{Base, BaseHow, KnownBase, base};
pub use self::fit::fit;
pub use self::join::{origins, origins_above};
pub use self::recorded::provenance;

use crate::dockerfile::Keyword;
use crate::text::Span;

/// Where an image's layers, and the settings between them, come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// Of each layer, the lowest first.
    pub layers: Vec<Origin>,
    /// Of each entry of the history, the lowest first; those that made a layer say the same as it does.
    pub history: Vec<Origin>,
    /// Where the base image ends.
    pub base: Base,
    /// How well the given Dockerfile fits; `None` where none was given, or no history to lay beside it.
    pub fit: Option<HistoryFit>,
    /// What could not be told or is odd, each in one sentence.
    pub notices: Vec<String>,
}

/// What made a layer or a setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The instruction on one line as a Dockerfile has it: from the Dockerfile where [`Self::place`] is known, else
    /// read back from the history. `None` where nobody tells.
    pub instruction: Option<String>,
    /// Its keyword, where it is known.
    pub keyword: Option<Keyword>,
    /// Where it stands in a Dockerfile.
    pub place: Option<SourcePlace>,
    /// Why it stands nowhere.
    pub unplaced: Option<NoPlaceReason>,
}

/// A place in a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePlace {
    /// Which Dockerfile.
    pub text: DockerfileText,
    /// First line, from 1.
    pub first_line: u32,
    /// Last line, from 1.
    pub last_line: u32,
    /// The instruction in that text.
    pub span: Option<Span>,
    /// Index of the instruction in that text.
    pub instruction: Option<usize>,
    /// The title of its stage.
    pub stage: Option<String>,
    /// How it is known.
    pub how: PlaceCertainty,
    /// How sure it is.
    pub confidence: Confidence,
    /// Whether the line is an `ONBUILD`, or a FROM whose image brought one, that ran on the stage above.
    pub triggered: bool,
}

/// A Dockerfile that places refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DockerfileText {
    /// The one that was given.
    Given,
    /// That of the provenance, by its number in [`crate::image::Provenance::texts`].
    Recorded(usize),
}

/// How a place is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceCertainty {
    /// The builder recorded it.
    Provenance,
    /// The history was laid beside the Dockerfile.
    History,
}

/// How sure a place is; the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Recorded by the builder, or the history has exactly what the builder writes for the instruction.
    Exact,
    /// The text agrees as far as it is known: variables of the build, white space and first lines apart.
    Text,
    /// Only the kind of instruction and its neighbours agree.
    Kind,
}

/// Why a layer has no place in a Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlaceReason {
    /// No Dockerfile was given, and none is recorded.
    NoDockerfile,
    /// It belongs to the base image.
    Base,
    /// The given Dockerfile does not make this image.
    OtherDockerfile,
    /// The Dockerfile has no such instruction.
    NotFound,
    /// Nothing tells how it was made: it was imported or committed, or the history is missing.
    NoHistory,
    /// Several instructions were squashed to one layer.
    Squashed,
}

/// How well a Dockerfile fits an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryFit {
    /// Instructions of the stage that the history has too.
    pub agreed: usize,
    /// Instructions of the stage, those of the stages below it among them.
    pub instructions: usize,
    /// The title of the stage.
    pub stage: String,
    /// Whether that is the stage that was asked for.
    pub is_target: bool,
    /// Steps of the history behind the last that agrees: an image that is built on the Dockerfile's has some.
    pub later_steps: usize,
}

impl HistoryFit {
    /// Whether the image was probably built from that Dockerfile, or one much like it.
    pub fn belongs(&self) -> bool {
        self.agreed * 2 >= self.instructions.max(1)
    }
}
