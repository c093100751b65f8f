//! Results of `optimize`: what it proposes, and what it proved.

use super::result::{ReadResult, Rewrite, document};
use crate::wire::{OptimizeJson, ProofJson, ProvedJson};

pub(super) fn optimize(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let read: OptimizeJson = document(text)?;
    let mut rewrites: Vec<Rewrite> = Vec::new();
    for change in read.changes {
        rewrites.push(Rewrite { file: change.file, diff: Some(change.diff), ..Rewrite::default() });
    }
    for build in read.builds {
        let steps = build.levels.into_iter().flat_map(|level| level.steps).map(|step| step.what);
        if let Some(rewrite) = rewrites.iter_mut().find(|rewrite| rewrite.file == build.dockerfile) {
            rewrite.passes.extend(steps);
        }
    }
    Ok(ReadResult { rewrites, ..ReadResult::default() })
}

pub(super) fn proof(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let read: ProofJson = document(text)?;
    let rewrite = |build: ProvedJson| {
        let reason = build.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        let verdict = Some(format!("{}{reason}", build.verdict.replace('_', " ")));
        Rewrite { file: build.dockerfile, verdict, ..Rewrite::default() }
    };
    Ok(ReadResult { rewrites: read.builds.into_iter().map(rewrite).collect(), ..ReadResult::default() })
}
