//! What the rules on labels share: the LABELs of a file, and the types that the settings give to them.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::settings::LabelType;
use crate::text::Span;

/// A label that an instruction sets.
pub(super) struct Label {
    /// Its name.
    pub name: String,
    /// Its value; `None` where a variable decides.
    pub value: Option<String>,
    /// Name and value.
    pub span: Span,
}

/// The labels of all stages, in the order of the file.
pub(super) fn labels(cx: &Context) -> Vec<Label> {
    let build = cx.build();
    let file = &build.input().file;
    let mut labels = Vec::new();
    for stage in build.stages() {
        for (index, instruction) in build.instructions(stage).filter(|(_, one)| one.keyword == Keyword::Label) {
            let known = |text: &str| {
                let plain = !text.contains('$');
                plain.then(|| build.scopes().expand(stage.index, index, text)).flatten()
            };
            for pair in file.variables(instruction) {
                let name = known(&pair.name.text).unwrap_or_else(|| pair.name.text.clone().into_owned());
                labels.push(Label { name, value: known(&pair.value.text), span: pair.span });
            }
        }
    }
    labels
}

/// Tells labels of a type whose value is none of it.
pub(super) fn check_type(cx: &Context, out: &mut Findings, kind: LabelType, what: &str, is: fn(&str) -> bool) {
    let Some(schema) = cx.settings().and_then(|settings| settings.labels.as_ref()) else { return };
    for label in labels(cx) {
        let Some(value) = label.value.filter(|_| schema.get(&label.name) == Some(&kind)) else { continue };
        if !is(&value) {
            out.push(cx.finding(label.span, format!("the value of label `{}` is not {what}", label.name)));
        }
    }
}
