//! See `rules/secret-named-variable.md`.

use std::collections::BTreeSet;

use super::Context;
use super::secret_word::is_secret;
use crate::build::Build;
use crate::dockerfile::{Argument, Instruction, Keyword};
use crate::finding::Findings;
use crate::secret::names_secret;

super::rule!("secret-named-variable", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let secrets = build.secrets();
    let known: BTreeSet<(usize, &str)> =
        secrets.iter().map(|secret| (secret.instruction, secret.name.trim())).collect();
    let first = build.stages().first().map_or(0, |stage| stage.start);
    let global = build.input().file.instructions().iter().enumerate().take(first);
    let of_stages = build.stages().iter().flat_map(|stage| build.effective_instructions(stage));
    for (index, instruction) in global.chain(of_stages) {
        for (name, value) in pairs(build, instruction) {
            let text = match build.stage_of(index) {
                Some(stage) => build.expand(stage, index, &name.text),
                None => Some(name.text.to_string()),
            };
            let Some(text) = text else { continue };
            if cx.list("allow").contains(&text) || !is_secret(&text) || known.contains(&(index, text.as_str())) {
                continue;
            }
            let mut finding = cx.finding(name.span, format!("the name `{text}` looks like a secret"));
            finding = finding.help("pass secrets to a RUN with `--mount=type=secret`, never with ARG or ENV");
            let empty = instruction.keyword == Keyword::Env
                && value.is_some_and(|value| matches!(&*value.text, "" | "\"\"" | "''"));
            let known = names_secret(&text) && !text.to_ascii_lowercase().contains("apikey");
            if empty || !(known || is_listed_by_hadolint(&text)) {
                finding = finding.without("DL3064");
            }
            // The builder's check covers neither lines above the first FROM nor ONBUILD; hadolint covers both.
            if index < first || build.is_trigger(index) {
                finding = finding.without("SecretsUsedInArgOrEnv");
            }
            out.push(finding);
        }
    }
}

/// The variables that an ARG or ENV sets, with their values.
fn pairs<'i>(build: &Build<'i>, instruction: &'i Instruction) -> Vec<(Argument<'i>, Option<Argument<'i>>)> {
    let file = &build.input().file;
    match instruction.keyword {
        Keyword::Arg => file.args(instruction).into_iter().map(|arg| (arg.name, arg.default)).collect(),
        Keyword::Env => file.variables(instruction).into_iter().map(|pair| (pair.name, Some(pair.value))).collect(),
        _ => Vec::new(),
    }
}

/// Names without such a word that hadolint's DL3064 lists.
fn is_listed_by_hadolint(name: &str) -> bool {
    ["APPLICATION_KEY", "AWS_ACCESS_KEY_ID"].iter().any(|listed| name.eq_ignore_ascii_case(listed))
}
