//! Steps ─► what they run on another machine: the commands behind `ssh HOST`, as words or in a here-document, and the
//! scripts of actions that do the same.

use super::model::{Step, StepScript, Workflow};
use super::place::WorkflowText;
use super::script::ScriptText;
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, Word, shell_of};
use crate::sources::patterns;
use crate::text::Span;

/// Meaning in `data/source_patterns.tsv`.
const ACTION: &str = "action that runs commands on another machine";

/// Scripts of one pipeline that are read.
const SCRIPTS: usize = 1_000;

/// Commands that another machine runs.
#[derive(Clone, Debug)]
pub struct RemoteScript {
    /// The number of its job in [`Workflow::jobs`].
    pub job: usize,
    /// The number of its step in the job.
    pub step: usize,
    /// Where its `ssh` begins in the text of the step; `None` for an action.
    pub start: Option<u32>,
    /// The machine as it is written; empty for an action.
    pub host: String,
    /// The commands; in which folder they start, nobody knows.
    pub commands: Step,
}

impl RemoteScript {
    /// The remote scripts of a pipeline, in order.
    pub fn all(workflow: &Workflow) -> Vec<Self> {
        let mut scripts = Vec::new();
        for (job, known) in workflow.jobs.iter().enumerate() {
            for (step, known) in known.steps.iter().enumerate() {
                let of_action = Self::of_action(known).into_iter();
                let of_commands = || known.script.iter().flat_map(|script| Self::of_script(known, script));
                for remote in of_action.chain(of_commands()) {
                    scripts.push(Self { job, step, ..remote });
                    if scripts.len() >= SCRIPTS {
                        return scripts;
                    }
                }
            }
        }
        scripts
    }

    fn of_action(step: &Step) -> Option<Self> {
        let action = step.action.as_ref()?;
        let pattern = patterns::of(ACTION).find(|pattern| pattern.text.eq_ignore_ascii_case(&action.name))?;
        let script = &step.input(pattern.argument)?.script;
        Some(Self::new(None, String::new(), script.clone()))
    }

    fn of_script(step: &Step, script: &StepScript) -> Vec<Self> {
        if !script.text.text.contains("ssh") {
            return Vec::new();
        }
        let calls = step.invocations().into_iter().filter(|invocation| invocation.is("ssh"));
        calls.filter_map(|call| Self::of_call(script, &call)).collect()
    }

    /// What `ssh` runs elsewhere; `None` where only a run knows.
    fn of_call(script: &StepScript, call: &Invocation) -> Option<Self> {
        let options = ProgramOptions::of("ssh");
        let mut at = 0;
        while let Some(word) = call.args.get(at).filter(|word| word.text().starts_with('-')) {
            at += options.word_count(word.text());
        }
        let host = script.text_of(call.args.get(at)?).text;
        let words = call.args.get(at + 1..).unwrap_or_default();
        let reads_input = match words {
            [] => true,
            [first, rest @ ..] => {
                let name = first.value().unwrap_or_default();
                let is_shell = name != "docker" && shell_of(&[name]).dialect.is_parsed() && name.ends_with("sh");
                is_shell && rest.iter().all(|word| word.text().starts_with('-') && !word.text().contains('c'))
                    || rest.is_empty() && matches!(first.value(), Some("bash -s" | "sh -s" | "bash -se" | "bash -es"))
            }
        };
        let pieces = if reads_input { input(script, call)? } else { joined(script, words)? };
        Some(Self::new(Some(call.span.start), host, script.text.of_pieces(&pieces)))
    }

    fn new(start: Option<u32>, host: String, text: ScriptText) -> Self {
        let place = text.place;
        let step = Step::of_script(place, text);
        Self { job: 0, step: 0, start, host, commands: Step { folder: Some(WorkflowText::unknown(place)), ..step } }
    }
}

/// The here-document that a call reads, without the marks that its own shell takes away.
fn input(script: &StepScript, call: &Invocation) -> Option<Vec<Span>> {
    let redirects = call.command.redirects.iter().rev();
    let redirect = redirects
        .into_iter()
        .find(|redirect| redirect.body.is_some() && matches!(redirect.descriptor, None | Some(0)))?;
    let body = redirect.body?;
    if redirect.target.as_ref()?.is_quoted() {
        return Some(vec![body]);
    }
    let mut pieces = Vec::new();
    push_unescaped(script, body, b"$`\\", &mut pieces);
    Some(pieces)
}

/// Words with blanks between them, without their quotes.
fn joined(script: &StepScript, words: &[Word]) -> Option<Vec<Span>> {
    let mut pieces: Vec<Span> = Vec::new();
    for word in words {
        if !pieces.is_empty() {
            let blank = Span::new(word.span.start.checked_sub(1)?, word.span.start);
            pieces.extend(matches!(script.text.slice(blank.range()), " " | "\t").then_some(blank));
            pieces.last().filter(|last| **last == blank)?;
        }
        push_unquoted(script, word.span, &mut pieces);
    }
    Some(pieces)
}

/// The pieces of a word that its shell leaves.
fn push_unquoted(script: &StepScript, span: Span, pieces: &mut Vec<Span>) {
    let text = script.text.for_shell().as_bytes();
    let end = (span.end as usize).min(text.len());
    let mut at = span.start as usize;
    let mut start = at;
    let mut push = |from: usize, to: usize| pieces.extend((from < to).then(|| Span::new(from as u32, to as u32)));
    while at < end {
        match text[at] {
            b'\'' => {
                push(start, at);
                let close = text[at + 1..end].iter().position(|byte| *byte == b'\'').map_or(end, |len| at + 1 + len);
                push(at + 1, close);
                at = close + 1;
                start = at;
            }
            b'"' => {
                push(start, at);
                let close = closing_quote(&text[..end], at + 1);
                for piece in unescaped(text, Span::new(at as u32 + 1, close as u32), b"$`\\\"") {
                    push(piece.start as usize, piece.end as usize);
                }
                at = close + 1;
                start = at;
            }
            b'\\' => {
                push(start, at);
                start = at + 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
    push(start, end);
}

/// Where a double quote closes.
fn closing_quote(text: &[u8], from: usize) -> usize {
    let mut at = from;
    let mut depth = 0_usize;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 1,
            b'$' if text.get(at + 1) == Some(&b'(') => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b'"' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

fn push_unescaped(script: &StepScript, span: Span, escaped: &[u8], pieces: &mut Vec<Span>) {
    pieces.extend(unescaped(script.text.for_shell().as_bytes(), span, escaped));
}

/// A part of a text without the backslashes before these bytes.
fn unescaped(text: &[u8], span: Span, escaped: &[u8]) -> Vec<Span> {
    let (mut pieces, mut start) = (Vec::new(), span.start);
    let mut at = span.start;
    while at < span.end {
        let is_mark = text.get(at as usize) == Some(&b'\\')
            && text.get(at as usize + 1).is_some_and(|next| escaped.contains(next));
        if is_mark {
            pieces.extend((start < at).then(|| Span::new(start, at)));
            start = at + 1;
            at += 1;
        }
        at += 1;
    }
    pieces.extend((start < span.end).then(|| Span::new(start, span.end)));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Source;
    use crate::workflow::read;

    #[track_caller]
    fn check(file: &str, text: &str, expected: &[(&str, &[&str])]) {
        let workflow = read(file, &Source::of(file, text), &|_| None, None).unwrap();
        let remote = RemoteScript::all(&workflow);
        let read: Vec<_> = remote
            .iter()
            .map(|remote| {
                let script = remote.commands.script.as_ref().unwrap();
                let commands = remote.commands.invocations();
                let written =
                    commands.iter().map(|command| text[script.text.place_of(command.span).span.range()].to_owned());
                (remote.host.clone(), written.collect::<Vec<_>>())
            })
            .collect();
        let read: Vec<_> =
            read.iter().map(|(host, texts)| (&**host, texts.iter().map(String::as_str).collect::<Vec<_>>())).collect();
        let expected: Vec<_> = expected.iter().map(|(host, texts)| (*host, texts.to_vec())).collect();
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn commands_of_other_machines_are_read() {
        check("a.sh", "ssh -p 22 web docker ps -a\n", &[("web", &["docker ps -a"])]);
        check("a.sh", "ssh web 'cd /a && docker ps; b \"c d\"'\n", &[("web", &["cd /a", "docker ps", "b \"c d\""])]);
        check("a.sh", "ssh web \"a \\$(b) \\\"$C\\\"\nd\"\n", &[("web", &["a \\$(b) \\\"$C\\\"", "b", "d"])]);
        check(
            "a.sh",
            "ssh web <<'E'\na $X\nb\nE\nssh web bash -s <<E\nc \\$Y\nE\n",
            &[("web", &["a $X", "b"]), ("web", &["c \\$Y"])],
        );
        check("a.sh", "ssh web 'bash -s' < x.sh\nssh web\n", &[]);
        check("justfile", "host := 'h'\nup:\n  ssh {{host}} \"docker run {{x}}\"\n", &[("h", &["docker run {{x}}"])]);
    }

    #[test]
    fn scripts_of_actions_are_read() {
        check(
            ".github/workflows/a.yml",
            "jobs:\n  a:\n    steps:\n      - uses: appleboy/ssh-action@v1\n        with:\n          script: |\n            \
             docker pull ${{ x.y }}\n            if a; then\n              b c\n            fi\n      - run: |\n          ssh h \
             <<EOF\n            d e\n          EOF\n",
            &[("", &["docker pull ${{ x.y }}", "a", "b c"]), ("h", &["d e"])],
        );
    }
}
