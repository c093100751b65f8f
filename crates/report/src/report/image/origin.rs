//! Where in a Dockerfile a layer was made, in JSON.

use crate::attribution::{Confidence, PlaceCertainty, SourcePlace};
use crate::wire::{OnlyWritten, OriginJson};

/// Where a layer was made.
pub(super) fn origin((file, place): (&str, &SourcePlace)) -> OriginJson {
    OriginJson {
        file: file.to_owned(),
        line: place.first_line,
        end_line: OnlyWritten(place.last_line),
        stage: OnlyWritten(place.stage.clone()),
        how: OnlyWritten(match place.how {
            PlaceCertainty::Provenance => "provenance",
            PlaceCertainty::History => "history",
        }),
        confidence: OnlyWritten(match place.confidence {
            Confidence::Exact => "exact",
            Confidence::Text => "text",
            Confidence::Kind => "kind",
        }),
    }
}
