//! See `rules/rm-of-unset-variable.md`.

use super::Context;
use crate::build::Run;
use crate::data;
use crate::finding::Findings;
use crate::shell::{ExpansionKind, Invocation, Word};

super::rule!("rm-of-unset-variable", check);

/// The maximum size of a script that is checked, in bytes.
const LONGEST: usize = 64 << 10;

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        // No real script is that long, and each variable is searched for in all of it.
        if run.code.text().is_none_or(|text| text.len() > LONGEST) {
            continue;
        }
        for invocation in run
            .invocations()
            .iter()
            .filter(|invocation| is_recursive(invocation) && !invocation.command.place.options.nounset)
        {
            for word in invocation.args.iter().filter(|word| is_risky(&run, word)) {
                let text = word.text();
                let rest = &text[text.find('/').unwrap_or(0)..];
                let message = format!("this deletes `{rest}` if the variable is empty");
                out.push(
                    cx.finding(run.place(word.span), message)
                        .help("write `${NAME:?}`, which stops the script if it is empty"),
                );
            }
        }
    }
}

fn is_recursive(invocation: &Invocation) -> bool {
    let letters = |word: &Word| {
        let text = word.text();
        text == "--recursive" || text.starts_with('-') && !text.starts_with("--") && text.contains(['r', 'R'])
    };
    invocation.is("rm") && invocation.args.iter().any(letters)
}

/// `"$DIR/"*`, `"$DIR/usr"`, if nothing shows that DIR has a value.
fn is_risky(run: &Run, word: &Word) -> bool {
    let [expansion] = word.expansions() else { return false };
    let ExpansionKind::Variable(name) = &expansion.kind else { return false };
    let text = word.text();
    let written = text.get(expansion.within.range()).unwrap_or_default();
    let Some(rest) = text.get(expansion.within.end as usize..).filter(|rest| rest.starts_with('/')) else {
        return false;
    };
    let path = rest.trim_matches('/').trim_end_matches('*').trim_end_matches('/');
    let guarded = [":?", ":-", ":="].iter().any(|mark| written.contains(mark));
    let known = run.value_of(&format!("${name}"), word.span.start).is_some_and(|value| !value.is_empty());
    let looped = name.bytes().all(|byte| byte.is_ascii_lowercase()) && is_set_otherwise(run, name);
    expansion.within.start == 0
        && expansion.quoted
        && (path.is_empty() || data::SYSTEM_FOLDERS.has(&format!("/{path}"), "root"))
        && !(guarded || known || looped)
}

/// Set by `for`, `read` or a substitution.
fn is_set_otherwise(run: &Run, name: &str) -> bool {
    let text = run.code.text().unwrap_or_default();
    [format!("for {name} "), format!("read {name}"), format!("{name}=")].iter().any(|set| text.contains(set.as_str()))
}
