//! The LABELs of a file, for the rules on labels.

use super::Context;
use crate::dockerfile::Keyword;
use crate::text::Span;

/// A label that an instruction sets.
pub(super) struct Label {
    /// Its name.
    pub name: String,
    /// Its value; `None` if it contains a variable.
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
        for (index, instruction) in
            build.instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Label)
        {
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
