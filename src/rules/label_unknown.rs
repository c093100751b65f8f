//! See `rules/label-unknown.md`.

use super::Context;
use super::labels::labels;
use crate::finding::Findings;
use crate::settings::closest;

super::rule!("label-unknown", check);

fn check(cx: &Context, out: &mut Findings) {
    let Some(settings) = cx.settings().filter(|settings| settings.strict_labels) else { return };
    let known: Vec<&str> = settings.labels.iter().flatten().map(|(label, _)| label.as_str()).collect();
    for label in labels(cx).into_iter().filter(|label| !known.contains(&label.name.as_str())) {
        let mut finding = cx.finding(label.span, format!("label `{}` is not in the schema", label.name));
        finding.help = closest(&label.name, &known).map(|close| format!("did you mean `{close}`?"));
        out.push(finding);
    }
}
