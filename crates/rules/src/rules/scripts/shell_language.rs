//! Rules about the language of a shell.

use crate::build::{Lookup, Run, Setting, Sh, Stage};
use crate::finding::{Code, Finding, Findings, Severity};
use crate::inputs::{ShellcheckComment, ShellcheckLevel};
use crate::rules::shared::script_end;
use crate::rules::{Context, find};
use crate::shell::program::{Kind, Program};
use crate::shell::{
    Command, CompoundKind, Dialect, Expansion, ExpansionKind, Redirect, RedirectOperator, Script, Word,
};
use crate::shellcheck::{is_of_wrong_shell, scripts};
use crate::text::Span;

crate::rules::family! {
    "bashism-in-sh" => bashism_in_sh;
    "unquoted-substitution" => unquoted_substitution;
    "unquoted-variable" => unquoted_variable;
    "shellcheck" => shellcheck;
}

/// Variables that bash sets itself.
const VARIABLES: [&str; 5] = ["RANDOM", "EUID", "PIPESTATUS", "BASH_SOURCE", "FUNCNAME"];

fn bashism_in_sh(cx: &Context, out: &mut Findings) {
    for stage in cx.build().stages() {
        of_stage(cx, stage, out);
    }
}

fn of_stage(cx: &Context, stage: &Stage, out: &mut Findings) {
    let mut first: Option<usize> = None;
    for run in cx.build().scripts(stage) {
        // `ln -sf bash /bin/sh`, `dpkg-reconfigure dash`: from here on sh may be bash.
        if run.invocations().iter().any(|invocation| changes_sh(invocation.args)) {
            return;
        }
        let named = run.code.text().is_some_and(|text| text.starts_with("#!"));
        if named || run.code.is_exec() || !is_default(&run) {
            continue;
        }
        let Some((Bashism { span, what, code }, shell)) = bashism_for(&run.code.script, sh_of(&run)) else { continue };
        let name = run.instruction.keyword.as_str();
        let mut finding = cx.finding(run.place(span), format!("this {name} uses {shell}, which {what}"));
        if shell != "dash" {
            finding.codes.clear();
            out.push(finding.help("use a program that opens connections, such as `nc` or `wget`"));
            continue;
        }
        finding = finding.help("put `SHELL [\"/bin/bash\", \"-c\"]` above it, or use POSIX syntax");
        // ShellCheck has a code for each.
        finding.codes.retain(|known| !known.name.starts_with("SC") || code == Some(known.name));
        let title = "run it with bash";
        out.push(finding.when(is_default(&run), |finding| {
            let at = *first.get_or_insert(run.index);
            with_shell(&run, at, r#"["/bin/bash", "-c"]"#, title, finding)
        }));
    }
}

fn changes_sh(args: &[Word]) -> bool {
    args.iter().any(|word| matches!(word.text(), "/bin/sh" | "/usr/bin/sh" | "dash"))
}

/// Syntax that dash does not have or reads differently.
pub(in crate::rules) struct Bashism {
    span: Span,
    /// Completes the sentence "this RUN uses dash, which …".
    pub(in crate::rules) what: String,
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

/// What a script has that the shell of an image lacks, and the name of that shell.
pub(in crate::rules) fn bashism_for(script: &Script, sh: Sh) -> Option<(Bashism, &'static str)> {
    match sh {
        Sh::Dash => Some((bashism(script)?, "dash")),
        Sh::Ash => Some((script.commands.iter().find_map(connection)?, "ash")),
        Sh::Bash | Sh::Unknown => None,
    }
}

/// A connection that only bash opens by a redirect.
fn connection(command: &Command) -> Option<Bashism> {
    let is_connection = |text: &str| text.starts_with("/dev/tcp/") || text.starts_with("/dev/udp/");
    let of_redirect = |redirect: &Redirect| {
        let target = redirect.target.as_ref().filter(|target| is_connection(target.text()))?;
        let name: String = target.text().split('/').take(3).collect::<Vec<_>>().join("/");
        Some(Bashism::new(target.span, format!("has no `{name}`: no connection is opened"), "SC3025"))
    };
    command.redirects.iter().find_map(of_redirect)
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
    if let Some(bashism) = connection(command) {
        return Some(bashism);
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

/// The unquoted expansions in arguments and targets of redirects, for each script of a RUN, with their words.
pub(in crate::rules) fn unquoted<'a>(run: &Run<'a, '_>) -> Vec<(&'a Word, &'a Expansion)> {
    let mut unquoted = Vec::new();
    if !run.code.is_exec() {
        of_script(&run.code.script, &mut unquoted);
    }
    unquoted
}

fn of_script<'a>(script: &'a Script, unquoted: &mut Vec<(&'a Word, &'a Expansion)>) {
    for command in &script.commands {
        let redirects = command
            .redirects
            .iter()
            .filter(|redirect| redirect.body.is_none())
            .filter_map(|redirect| redirect.target.as_ref());
        for word in arguments(command).iter().chain(redirects) {
            unquoted.extend(
                word.expansions().iter().filter(|expansion| !expansion.quoted).map(|expansion| (word, expansion)),
            );
        }
    }
}

/// The arguments that the shell splits: not those of `[[`, and not the assignments of `export`.
fn arguments(command: &Command) -> &[Word] {
    let name = command.name().and_then(Word::value).unwrap_or_default();
    if Program::of(name).is(Kind::Declares) { &[] } else { command.words.get(1..).unwrap_or_default() }
}

fn unquoted_substitution(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_scripts() {
        for (_, expansion) in unquoted(&run) {
            // Backticks and `<(` are not covered.
            let place = run.place(expansion.span);
            if expansion.kind != ExpansionKind::Command || !run.file().source().slice(place).starts_with("$(") {
                continue;
            }
            let message = "the unquoted output is split into words, and globs in it are expanded";
            out.push(cx.finding(place, message).help("add double quotes, unless it is a list"));
        }
    }
}

/// Shell variables whose values are numbers.
const NUMBERS: [&str; 12] = ["?", "#", "$", "!", "-", "RANDOM", "UID", "EUID", "PPID", "SECONDS", "LINENO", "OPTIND"];

fn unquoted_variable(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_scripts() {
        for (_, expansion) in unquoted(&run) {
            let ExpansionKind::Variable(name) = &expansion.kind else { continue };
            if NUMBERS.contains(&&**name) || name.starts_with('#') || is_one_word(&run, name, expansion.span.start) {
                continue;
            }
            let message = format!("unquoted `{name}` is split into words, and globs in it are expanded");
            out.push(
                cx.finding(run.place(expansion.span), message).help("add double quotes, unless it contains a list"),
            );
        }
    }
}

/// Whether its value is known to be a single word, as set by the file or by the script.
fn is_one_word(run: &Run, name: &str, at: u32) -> bool {
    let Some(assigned) = run.assigned(name, at) else {
        let scopes = run.build.scopes();
        return matches!(scopes.lookup_run(run.stage.index, name, run.index), Lookup::Defined(_));
    };
    let splits = |c: char| c.is_whitespace() || matches!(c, '*' | '?' | '[');
    let number = |expansion: &crate::shell::Expansion| expansion.kind == ExpansionKind::Arithmetic;
    !assigned.value.text().contains(splits) && assigned.value.expansions().iter().all(number)
}

// What is known about a stage's shells, and the SHELL that rules suggest.

/// What /bin/sh is in the stage of a RUN.
pub(in crate::rules) fn sh_of(run: &Run) -> Sh {
    run.build.system_shell(run.stage)
}

/// Whether the shell of a RUN's script is the builder's own `/bin/sh -c`.
pub(in crate::rules) fn is_default(run: &Run) -> bool {
    matches!(run.build.shell(run.stage, run.index), Setting::Default(shell) if shell.dialect == Dialect::Posix)
}

/// Adds the fix that puts a SHELL before a RUN.
pub(in crate::rules) fn with_shell(run: &Run, before: usize, shell: &str, title: &str, finding: Finding) -> Finding {
    let source = run.file().source();
    let at = crate::dockerfile::start_with_comments(source, run.build.instruction(before));
    let newline = script_end::line_end(source);
    let why = "every RUN below, and a CMD or ENTRYPOINT in shell form, then runs in that shell";
    finding.unsafe_edit(title, why, Span::at(at), format!("SHELL {shell}{newline}"))
}

/// Codes that are not the script's fault: files that it reads during the build, its first line, shells that ShellCheck
/// does not support.
const LEFT_OUT: [u16; 6] = [1071, 1090, 1091, 1128, 2148, 2187];

fn shellcheck(cx: &Context, out: &mut Findings) {
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
