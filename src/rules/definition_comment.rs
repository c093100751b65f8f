//! See `rules/definition-comment.md`.

use super::Context;
use crate::dockerfile::{CheckOptions, Keyword};
use crate::finding::Findings;

super::rule!("definition-comment", check);

fn check(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    // This check is experimental in BuildKit, and off unless the file enables it.
    let is_enabled = file.check().and_then(|check| {
        CheckOptions::parse(&check.value)
            .ok()
            .map(|options| options.experimental_all || options.experimental.contains(&"InvalidDefinitionDescription"))
    });
    for instruction in file.instructions() {
        let names: Vec<String> = match instruction.keyword {
            Keyword::Arg => file.args(instruction).iter().map(|arg| arg.name.text.to_string()).collect(),
            Keyword::From => {
                file.from(instruction).and_then(|from| from.name).iter().map(|name| name.text.to_lowercase()).collect()
            }
            _ => continue,
        };
        let (Some(name), Some(comment)) = (names.first(), instruction.comments.last()) else { continue };
        let text = file.logical(*comment);
        let word = text.split(' ').next().unwrap_or_default();
        if names.iter().any(|name| name == word) {
            continue;
        }
        let message = format!("the comment above `{name}` is not its description: it does not start with `{name}`");
        let finding = cx.finding(instruction.head, message);
        let finding = finding.help(format!("start it with `# {name} `, or put a `#` line in between"));
        out.push(if is_enabled == Some(true) { finding } else { finding.without("InvalidDefinitionDescription") });
    }
}
