//! See `rules/shellcheck.md`.

use super::{Context, find};
use crate::finding::{Code, Findings, Severity};
use crate::inputs::{ShellcheckComment, ShellcheckLevel};
use crate::shellcheck::{is_of_wrong_shell, scripts};
use crate::text::Span;

super::rule!("shellcheck", check);

/// Codes that are not the script's fault: files that it reads during the build, its first line, shells that ShellCheck
/// does not support.
const LEFT_OUT: [u16; 6] = [1071, 1090, 1091, 1128, 2148, 2187];

fn check(cx: &Context, out: &mut Findings) {
    let Some(answers) = cx.shellcheck() else { return };
    for script in scripts(cx.build()) {
        let comments = answers.get(&script.text).map_or(&[][..], Vec::as_slice);
        for comment in comments {
            let Some(code) = Code::of_shellcheck(comment.code) else { continue };
            // Codes that are aliases of other rules are found by those rules.
            if find(code.name).is_some() || LEFT_OUT.contains(&comment.code) || is_of_wrong_shell(comments, comment) {
                continue;
            }
            let Some(span) = script.place(cx.build(), comment) else { continue };
            if is_bashism(comment) && is_reported(out, span) {
                continue;
            }
            let message = comment.message.lines().next().unwrap_or_default().trim_end_matches('.');
            let mut finding = cx.finding(span, format!("{message} ({})", code.name));
            finding.severity = match comment.level {
                ShellcheckLevel::Error => Severity::Error,
                ShellcheckLevel::Warning => Severity::Warning,
                ShellcheckLevel::Info | ShellcheckLevel::Style => Severity::Info,
            };
            finding.codes.push(code);
            out.push(finding.help(format!("see https://www.shellcheck.net/wiki/{}", code.name)));
        }
    }
}

/// Whether ShellCheck says that the script's shell lacks something.
fn is_bashism(comment: &ShellcheckComment) -> bool {
    (3000..4000).contains(&comment.code)
}

/// Whether the rule on bash syntax, which runs before this one, reports the same place.
fn is_reported(out: &Findings, span: Span) -> bool {
    let mut findings = out.iter().filter(|finding| finding.rule == "bashism-in-sh");
    findings.any(|finding| finding.span.start < span.end && span.start < finding.span.end)
}
