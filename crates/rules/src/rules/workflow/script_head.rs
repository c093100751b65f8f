//! A rule about the first line of scripts.

use crate::finding::{Findings, Safety};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::text::Span;
use crate::workflow::{PipelineKind, WorkflowPlace};

crate::rules::family! {
    of_workflow
    "shebang-not-first" => shebang_not_first;
}

/// Lines of a script in which its interpreter may be named.
const HEAD: usize = 20;

/// An interpreter that is named below other comments: the kernel looks at the first two bytes of the file alone.
fn shebang_not_first(cx: &WorkflowContext, out: &mut Findings) {
    if cx.workflow().kind != PipelineKind::Script {
        return;
    }
    let text = cx.source().text();
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').take(HEAD).enumerate() {
        let end = start + line.len();
        if line.starts_with("#!") && line[2..].trim_start().starts_with('/') {
            if number > 0 {
                report(cx, text, (start, end), out);
            }
            return;
        }
        if !line.trim().is_empty() && !line.starts_with('#') {
            return;
        }
        start = end;
    }
}

fn report(cx: &WorkflowContext, text: &str, (start, end): (usize, usize), out: &mut Findings) {
    let line = text[start..end].trim_end();
    let span = |from: usize, to: usize| WorkflowPlace::of(Span::new(from as u32, to as u32));
    let message =
        format!("`{line}` is no first line: the kernel starts no interpreter for this file, and sh runs it as its own");
    let Some(finding) = cx.finding(span(start, end), message) else { return };
    let finding = finding.help("move it to the first line, above all comments");
    let moved = format!("{line}\n{}", &text[..start]);
    let why = "another shell may run the script than before";
    let change = WorkflowChange::Replace(span(0, end), moved);
    out.push(cx.fixed(finding, "move it to the first line", Safety::Unsafe(why.to_owned()), &[change]));
}
