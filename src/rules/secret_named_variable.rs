//! See `rules/secret-named-variable.md`.

use std::collections::BTreeSet;

use super::Context;
use super::secret_word::is_secret;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::secret::names_secret;

super::rule!("secret-named-variable", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    let secrets = build.secrets();
    let known: BTreeSet<(usize, &str)> = secrets.iter().map(|one| (one.instruction, one.name.trim())).collect();
    for stage in build.stages() {
        for (index, instruction) in build.instructions(stage) {
            let pairs: Vec<_> = match instruction.keyword {
                Keyword::Arg => file.args(instruction).into_iter().map(|arg| (arg.name, arg.default)).collect(),
                Keyword::Env => {
                    file.variables(instruction).into_iter().map(|pair| (pair.name, Some(pair.value))).collect()
                }
                _ => continue,
            };
            for (name, value) in pairs {
                let Some(text) = build.expand(stage, index, &name.text) else { continue };
                if cx.list("allow").contains(&text) || !is_secret(&text) || known.contains(&(index, text.as_str())) {
                    continue;
                }
                let finding = cx.finding(name.span, format!("`{text}` sounds like a secret"));
                let finding = finding.help("give secrets to a RUN with `--mount=type=secret`, never with ARG or ENV");
                let empty = instruction.keyword == Keyword::Env
                    && value.is_some_and(|value| matches!(&*value.text, "" | "\"\"" | "''"));
                let lower = text.to_ascii_lowercase();
                let ours = lower.contains("apikey") || empty || !names_secret(&text);
                out.push(if ours { finding.without("DL3064") } else { finding });
            }
        }
    }
}
