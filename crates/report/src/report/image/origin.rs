//! Where in a Dockerfile a layer was made, in JSON.

use serde::Serialize;

use crate::attribution::{Confidence, PlaceCertainty, SourcePlace};

/// A place in a Dockerfile.
#[derive(Serialize)]
pub(super) struct OriginJson<'a> {
    file: &'a str,
    line: u32,
    end_line: u32,
    stage: Option<&'a str>,
    /// `provenance`, `history`.
    how: &'static str,
    /// `exact`, `text`, `kind`.
    confidence: &'static str,
}

/// Where a layer was made.
pub(super) fn origin<'a>(name: &'a str, place: &'a SourcePlace) -> OriginJson<'a> {
    OriginJson {
        file: name,
        line: place.first_line,
        end_line: place.last_line,
        stage: place.stage.as_deref(),
        how: match place.how {
            PlaceCertainty::Provenance => "provenance",
            PlaceCertainty::History => "history",
        },
        confidence: match place.confidence {
            Confidence::Exact => "exact",
            Confidence::Text => "text",
            Confidence::Kind => "kind",
        },
    }
}
