//! See `rules/bashism-in-sh.md`.

use super::Context;
use super::shells;
use crate::build::{Sh, Stage};
use crate::finding::Findings;
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, CompoundKind, Expansion, ExpansionKind, RedirectOperator, Script, Word};
use crate::text::Span;

super::rule!("bashism-in-sh", check);

/// Variables that bash sets itself.
const VARIABLES: [&str; 5] = ["RANDOM", "EUID", "PIPESTATUS", "BASH_SOURCE", "FUNCNAME"];

fn check(cx: &Context, out: &mut Findings) {
    for stage in cx.build().stages() {
        of_stage(cx, stage, out);
    }
}

fn of_stage(cx: &Context, stage: &Stage, out: &mut Findings) {
    let mut first: Option<usize> = None;
    for run in cx.build().runs(stage) {
        // `ln -sf bash /bin/sh`, `dpkg-reconfigure dash`: from here on sh may be bash.
        if run.invocations().iter().any(|invocation| changes_sh(invocation.args)) {
            return;
        }
        let sh = shells::sh_of(&run) == Sh::Dash && shells::is_default(&run);
        let named = run.code.text().is_some_and(|text| text.starts_with("#!"));
        if !(sh && !named && !run.code.is_exec()) {
            continue;
        }
        let Some(Bashism { span, what, code }) = bashism(&run.code.script) else {
            continue;
        };
        let mut finding = cx
            .finding(run.place(span), format!("this RUN uses dash, which {what}"))
            .help("put `SHELL [\"/bin/bash\", \"-c\"]` above it, or use POSIX syntax");
        // ShellCheck has a code for each.
        finding.codes.retain(|known| !known.name.starts_with("SC") || code == Some(known.name));
        let title = "run it with bash";
        out.push(finding.when(shells::is_default(&run), |finding| {
            let at = *first.get_or_insert(run.index);
            shells::with_shell(&run, at, r#"["/bin/bash", "-c"]"#, title, finding)
        }));
    }
}

fn changes_sh(args: &[Word]) -> bool {
    args.iter().any(|word| matches!(word.text(), "/bin/sh" | "/usr/bin/sh" | "dash"))
}

/// Syntax that dash does not have or reads differently.
struct Bashism {
    span: Span,
    /// Completes the sentence "this RUN uses dash, which …".
    what: String,
    /// ShellCheck's code, where it reports it.
    code: Option<&'static str>,
}

impl Bashism {
    fn new(span: Span, what: impl Into<String>, code: &'static str) -> Self {
        Self { span, what: what.into(), code: Some(code) }
    }

    /// A bashism that ShellCheck does not report for dash.
    fn beyond_shellcheck(span: Span, what: impl Into<String>) -> Self {
        Self { span, what: what.into(), code: None }
    }
}

/// The first bashism of a script; scripts for other shells are not checked.
fn bashism(script: &Script) -> Option<Bashism> {
    let commands = script.commands.iter().find_map(of_command);
    let compound = || {
        let arithmetic = script.compounds.iter().find(|compound| compound.kind == CompoundKind::Arithmetic);
        arithmetic.map(|arithmetic| Bashism::new(arithmetic.span, "has no `((`", "SC3006"))
    };
    commands.or_else(compound)
}

fn of_command(command: &Command) -> Option<Bashism> {
    let array = command
        .assignments
        .iter()
        .find(|assignment| assignment.value.expansions().iter().any(|e| e.kind == ExpansionKind::Array));
    if let Some(expansion) = array {
        return Some(Bashism::new(expansion.span, "has no arrays", "SC3030"));
    }
    for redirect in &command.redirects {
        let background = "runs the command in the background at `&>` and empties the file";
        return Some(match redirect.operator {
            RedirectOperator::WriteBoth => Bashism::new(redirect.span, background, "SC3020"),
            RedirectOperator::AppendBoth => Bashism::beyond_shellcheck(redirect.span, background),
            RedirectOperator::HereString => Bashism::new(redirect.span, "has no `<<<`", "SC3011"),
            _ => continue,
        });
    }
    let name = command.name()?;
    let text = name.value().unwrap_or_default();
    if text == "[[" {
        return Some(Bashism::new(name.span, "has no `[[`: the test always fails", "SC3010"));
    }
    if Program::of(text).is(Kind::Bash) {
        let code = match text {
            "source" => "SC3046",
            "let" => "SC3039",
            _ => "SC3044",
        };
        return Some(Bashism::new(name.span, format!("has no `{text}`"), code));
    }
    if matches!(text, "[" | "test")
        && let Some(word) = command.words.iter().find(|word| word.is("==") && !word.is_quoted())
    {
        let what = "has no `==`: the test always fails";
        return Some(if text == "[" {
            Bashism::new(word.span, what, "SC3014")
        } else {
            Bashism::beyond_shellcheck(word.span, what)
        });
    }
    if text == "echo"
        && let Some(word) = command.words.get(1).filter(|word| matches!(word.text(), "-e" | "-ne" | "-en" | "-E"))
    {
        return Some(Bashism::new(word.span, format!("prints `{}` as text", word.text()), "SC3036"));
    }
    if text == "set" && command.words.iter().any(|word| word.is("pipefail")) {
        return Some(Bashism::beyond_shellcheck(command.span, "does not support pipefail, so this fails"));
    }
    command.words.iter().find_map(of_word)
}

fn of_word(word: &Word) -> Option<Bashism> {
    if let Some(array_use) = word.expansions().iter().find(|expansion| {
        let text = word.text().get(expansion.within.range()).unwrap_or_default();
        expansion.kind == ExpansionKind::Command && (text.starts_with("<(") || text.starts_with(">("))
    }) {
        return Some(Bashism::new(array_use.span, "has no `<(`", "SC3001"));
    }
    let expands_to = |expansion: &&Expansion| match &expansion.kind {
        ExpansionKind::Variable(name) => VARIABLES.contains(&&**name),
        _ => false,
    };
    if let Some(expansion) = word.expansions().iter().find(expands_to) {
        let text = word.text().get(expansion.within.range()).unwrap_or_default();
        // `${RANDOM:-1}` has a value anyway.
        if !text.contains(['-', '+', '=']) {
            return Some(Bashism::new(expansion.span, format!("does not set `{text}`"), "SC3028"));
        }
    }
    let brace = word.is_pattern() && !word.is_quoted() && has_braces(word.text());
    brace.then(|| Bashism::new(word.span, format!("does not expand the braces of `{}`", word.text()), "SC3009"))
}

/// Whether a word contains `{a,b}` or `{1..3}`; `{}` and `${x}` do not count.
fn has_braces(text: &str) -> bool {
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let inner = &rest[open + 1..];
        let dollar = rest[..open].ends_with('$');
        let Some(close) = inner.find('}') else { return false };
        let list = inner[..close].contains(',') || inner[..close].contains("..");
        if list && !dollar && !inner[..close].contains(['$', ' ']) {
            return true;
        }
        rest = &inner[close + 1..];
    }
    false
}
