//! Whether the user of the rewrite may write what the original wrote.

use crate::engine::ChangeKind;
use crate::failure::Failure;
use crate::measure::session::Session;
use crate::measure::trial::ContainerTrial;
use crate::proof::{Check, Observation};

/// Paths that are tried at most.
const TRIED: usize = 60;

impl Session {
    /// Compares what the original's container wrote with what the rewrite's may write.
    pub(super) fn writes(&self, before: &ContainerTrial<'_>, after: &ContainerTrial<'_>) -> Result<Check, Failure> {
        let written = before.written_paths();
        let wanted: Vec<(&String, &ChangeKind)> = written.iter().filter(|(path, _)| before.counts(path)).collect();
        if wanted.is_empty() {
            return Ok(Check::skipped("writes", "the original wrote nothing to compare"));
        }
        let user = after.config.user.clone().unwrap_or_default();
        if matches!(user.split(':').next().unwrap_or_default(), "" | "0" | "root") {
            return Ok(Check::of(
                "writes",
                Ok(format!("runs as root, which can write all {} paths that the original wrote", wanted.len())),
            ));
        }
        let mut seen = Observation::default();
        let also = after.written_paths();
        for (path, kind) in wanted.into_iter().take(TRIED) {
            if also.contains_key(path) {
                seen.explain(format!("both write `{path}`"));
                continue;
            }
            let script = match kind {
                ChangeKind::Changed => "test -w \"$1\"",
                // The nearest folder that there is.
                _ => "p=$1; while [ ! -e \"$p\" ]; do p=${p%/*}; [ -n \"$p\" ] || p=/; done; test -w \"$p\"",
            };
            match after.exec(self, &["/bin/sh", "-c", script, "sh", path])? {
                Some((0, _)) => seen.explain(format!("`{path}`, which the original writes, is writable")),
                Some((1, _)) => {
                    seen.fail(format!("`{path}`, which the original writes, is not writable by `{user}`"));
                }
                Some((code, output)) => {
                    let output = output.lines().next().unwrap_or_default().to_owned();
                    seen.explain(format!("`{path}`: not known if it is writable ({code}: {output})"));
                }
                None => return Ok(Check::skipped("writes", "the container of the rewrite is not running")),
            }
        }
        Ok(seen.check("writes"))
    }
}
