//! See `rules/useradd-high-uid.md`.

use super::Context;
use crate::build::Run;
use crate::finding::Findings;
use crate::shell::ArgumentValue;

super::rule!("useradd-high-uid", check);

/// The number of digits from which a UID is high.
const LONG_NUMBER: usize = 6;

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for invocation in run.invocations().iter().filter(|invocation| invocation.is("useradd")) {
            let (flags, _) = invocation.arguments();
            let flag_named = |names: [&str; 2]| flags.iter().find(|flag| names.contains(&&*flag.name));
            let value = flag_named(["-u", "--uid"]).and_then(|flag| flag.value);
            let Some(value) = value.filter(|value| is_high(&run, value)) else { continue };
            if flag_named(["-l", "--no-log-init"]).is_some() {
                continue;
            }
            let message = format!("UID {} makes the lastlog and faillog files huge", value.text);
            let finding =
                cx.finding(run.place(value.span), message).help("use `useradd -l`, which does not write them");
            let name = invocation.path.value().unwrap_or_default();
            out.push(match run.insertion_after(invocation.path.span, name, "-l") {
                Some((at, text)) => finding.safe_edit("do not write the log files", at, text),
                None => finding,
            });
        }
    }
}

/// Whether the number is high; a variable does not count.
fn is_high(run: &Run, value: &ArgumentValue) -> bool {
    let known = if value.dynamic { run.value_of(value.text, value.span.start) } else { Some(value.text.to_owned()) };
    known.is_some_and(|text| text.len() >= LONG_NUMBER && text.bytes().all(|byte| byte.is_ascii_digit()))
}
