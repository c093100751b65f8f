//! See `rules/compose-version-obsolete.md`.

use super::{ComposeContext, KeyChange};
use crate::finding::{Findings, Safety};

super::compose_rule!("compose-version-obsolete", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for place in &cx.project().versions {
        let message = "Compose ignores `version`, and warns about it";
        let Some(finding) = cx.finding(Some(*place), message) else { continue };
        let finding = finding.help("remove it: the features that can be used depend on the installed Compose alone");
        out.push(cx.fixed(finding, "remove `version`", Safety::Safe, &[KeyChange::Remove(vec!["version"])]));
    }
}
