//! What repairs the new findings: one command, and a few diffs as examples.

use super::comparison::Comparison;
use super::state::{FindingState, FixState};

/// Diffs that are shown.
const MOST_DIFFS: usize = 3;

/// The fixes of new findings.
#[derive(Clone, Debug)]
pub struct FixOffer<'a> {
    /// Findings with a fix that cannot change what the image does.
    pub safe: usize,
    /// Findings with a fix that may.
    pub unsafe_fixes: usize,
    /// The first diffs.
    pub diffs: Vec<(&'a FindingState, &'a FixState)>,
}

impl FixOffer<'_> {
    /// The command that applies them, and how many it fixes: "`dockopt fix --write` fixes 12 of the new findings".
    pub fn sentence(&self) -> String {
        let findings = |number: usize| if number == 1 { "1 finding".to_owned() } else { format!("{number} findings") };
        match (self.safe, self.unsafe_fixes) {
            (0, number) => {
                format!("`dockopt fix --write --unsafe` fixes {}, and may change what the image does", findings(number))
            }
            (safe, 0) => format!("`dockopt fix --write` fixes {}", findings(safe)),
            (safe, number) => {
                format!(
                    "`dockopt fix --write` fixes {}; with `--unsafe`, {number} more, which may change what the image does",
                    findings(safe)
                )
            }
        }
    }

    /// How many diffs are not shown.
    pub const fn hidden(&self) -> usize {
        (self.safe + self.unsafe_fixes).saturating_sub(self.diffs.len())
    }
}

impl Comparison {
    /// What repairs the new findings; `None` if nothing does.
    pub fn fix_offer(&self) -> Option<FixOffer<'_>> {
        let fixes = self.new_findings.iter().filter_map(|finding| Some((finding, finding.fix.as_ref()?)));
        let (mut safe, mut unsafe_fixes, mut diffs) = (0, 0, Vec::new());
        for (finding, fix) in fixes {
            let count = if fix.is_safe { &mut safe } else { &mut unsafe_fixes };
            *count += 1;
            if fix.lines.is_some() && diffs.len() < MOST_DIFFS {
                diffs.push((finding, fix));
            }
        }
        (safe + unsafe_fixes > 0).then_some(FixOffer { safe, unsafe_fixes, diffs })
    }
}
