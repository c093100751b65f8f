//! Findings, prices, fixes and names in the texts of an editor, in the terms of the Language Server Protocol. Knows texts and
//! what was found in them; reads no file and speaks with no client.

mod action;
mod completion;
mod diagnostic;
mod document;
mod edit;
mod folding;
mod hover;
mod lens;
mod line_facts;
mod outline;
mod position;
mod symbol;
mod uri;

pub use self::action::{ActionKinds, ActionSite, actions};
pub use self::completion::completions;
pub use self::diagnostic::diagnostics;
pub use self::document::{DocumentKind, EditorText};
pub use self::edit::{ClientEdits, OpenVersion, OpenVersions, changes_edit, document_edit};
pub use self::folding::foldings;
pub use self::hover::hover;
pub use self::lens::lenses;
pub use self::outline::outline;
pub use self::position::{PositionEncoding, TextLines};
pub use self::symbol::{Symbol, SymbolKind, rename_error, symbol_at};
pub use self::uri::{path_of, uri_of};

use crate::audit::Report;
use crate::finding::Mask;
use crate::inputs::Inputs;
use crate::rules::Policies;
use crate::text::FileId;

/// What is known of a document: all that was read for it, and what was found.
#[derive(Debug)]
pub struct Analysis {
    /// What was read.
    pub inputs: Inputs,
    /// The rules that ran.
    pub policies: Policies,
    /// What they found; secrets are masked.
    pub report: Report,
    /// The secret values in what was read.
    pub mask: Mask,
}

impl Analysis {
    /// The sources of a file with this name; a compose file has one for itself and one for each Dockerfile in it.
    pub fn files<'a>(&'a self, name: &'a str) -> impl Iterator<Item = FileId> + use<'a> {
        let named = self.report.sources.iter().enumerate().filter(move |(_, source)| source.name() == name);
        named.map(|(index, _)| FileId(index as u32))
    }
}
