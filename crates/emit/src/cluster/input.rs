//! What the files of a cluster are made of.

use std::collections::BTreeMap;

use crate::compose::project::{ComposePlace, ComposeProject};
use crate::inputs::ComposeInput;

/// What the files of a cluster are made of.
#[derive(Clone, Copy)]
pub struct ClusterInput<'i> {
    /// The compose file with what is known of its services.
    pub compose: &'i ComposeInput,
    /// The project.
    pub project: &'i ComposeProject,
    /// The application services that are written.
    pub services: &'i [String],
    /// The folder of the files, as seen from the project's folder.
    pub folder: &'i str,
    /// Files of the host that services mount, by absolute path; those above 1 MiB, and those that are no text, are left out.
    pub files: &'i BTreeMap<String, String>,
    /// The files that are there, by their paths as seen from the project's folder.
    pub existing: &'i BTreeMap<String, String>,
}

/// The first line of a file that may be written again.
pub(super) fn header(tool: &str) -> String {
    format!(
        "# Written by dockopt (`deploy emit --for {tool}`): it may be written again, and keeps the digests of images.\n"
    )
}

impl ClusterInput<'_> {
    /// A place in the compose file, for people.
    pub(super) fn shown_place(&self, place: Option<ComposePlace>) -> Option<String> {
        let place = place?;
        let source = self.project.sources.get(place.file.0 as usize)?;
        Some(format!("{}:{}", source.name(), source.line(place.span.start)))
    }
}
