//! Commands of package managers that ask for confirmation, which a build cannot answer: the rules on `-y`.

use super::mentions::{Mentions, configures_apt};
use std::cell::LazyCell;

use super::Context;
use crate::finding::Findings;
use crate::shell::{Command, Flag, Invocation, Manager, PackageCall, Script, Verb, Word};
use crate::text::Span;

super::family! {
    "apt-prompt" => |cx, out| {
        check(cx, out, &Question { managers: &[Manager::Apt], asks: changes, answered: apt_answered, setting: "apt::get::assume-yes" });
    };
    "dnf-prompt" => |cx, out| {
        let managers = &[Manager::Dnf, Manager::Microdnf];
        check(cx, out, &Question { managers, asks: dnf_asks, answered: dnf_answered, setting: "assumeyes" });
    };
    "yum-prompt" => |cx, out| {
        check(cx, out, &Question { managers: &[Manager::Yum], asks: dnf_asks, answered: dnf_answered, setting: "assumeyes" });
    };
    "zypper-prompt" => |cx, out| {
        check(cx, out, &Question { managers: &[Manager::Zypper], asks: changes, answered: needs_no_answer, setting: "" });
    };
}

/// What a rule looks for.
struct Question {
    /// The package managers.
    managers: &'static [Manager],
    /// Whether the call asks for confirmation if no option answers.
    asks: fn(&PackageCall) -> bool,
    /// Whether one of its options answers.
    answered: fn(&PackageCall) -> bool,
    /// The line of a configuration file that answers, in lower case; empty if there is none.
    setting: &'static str,
}

fn check(cx: &Context, out: &mut Findings, question: &Question) {
    let settings = LazyCell::new(|| {
        Mentions::of(cx.build(), |instruction, text| {
            let set = !question.setting.is_empty() && text.contains(question.setting) && text.contains(".conf");
            set || configures_apt(instruction, text)
        })
    });
    for run in cx.build().all_runs() {
        for invocation in run.invocations() {
            let Some(call) = invocation.call_of(question.managers).filter(|call| (question.asks)(call)) else {
                continue;
            };
            let open = invocation.args.iter().any(|word: &Word| run.may_be_option(word));
            if (question.answered)(&call) || open || settings.mentioned_until(&run) {
                continue;
            }
            if is_confirmed(&run.code.script, &invocation) {
                continue;
            }
            let name = format!("{} {}", call.program, call.verb_text);
            let span = Span::new(call.span.start, call.verb_span.end);
            let piped = invocation.command.place.pipe_index > 0;
            let end = if piped { "and a pipe may not answer it" } else { "which a build cannot answer" };
            // apt does not ask if it installs only the named packages.
            let some =
                call.manager == Manager::Apt && call.verb == Verb::Install && !call.verb_text.contains("build-dep");
            let when = if some { " if it installs dependencies" } else { "" };
            let message = format!("`{name}` asks for confirmation{when}, {end}");
            let mut finding = cx.finding(run.place(span), message).help(format!("`{name} -y`"));
            let verb = call.verb_text.rsplit(' ').next().unwrap_or_default();
            let last = Span::new(call.verb_span.end.saturating_sub(verb.len() as u32), call.verb_span.end);
            let last = if call.verb_text.contains(' ') { last } else { call.verb_span };
            if let Some((at, text)) = run.insertion_after(last, verb, "-y") {
                finding = finding.safe_edit("answer with `-y`", at, text);
            }
            out.push(finding);
        }
    }
}

/// Whether `yes |` confirms what a command asks for. With pipefail the pipe fails, because nobody reads all of its output.
fn is_confirmed(script: &Script, invocation: &Invocation) -> bool {
    let place = &invocation.command.place;
    if place.pipe_index == 0 || place.options.pipefail {
        return false;
    }
    let Some(at) = script.commands.iter().position(|command| command.span == invocation.command.span) else {
        return false;
    };
    let before = script.commands[..at].iter().rev().take(1);
    let is_first = |command: &&Command| command.place.scope == place.scope && command.place.pipe_len == place.pipe_len;
    before.filter(is_first).any(|command| {
        let answers = command.words.get(1).and_then(Word::value).is_none_or(|answer| answer.eq_ignore_ascii_case("y"));
        command.name().is_some_and(|name| name.is("yes")) && answers
    })
}

/// How often a switch of one letter or its long form is given.
fn count(call: &PackageCall, names: &[&str]) -> usize {
    call.flags.iter().filter(|flag| names.contains(&&*flag.name)).count()
}

/// Whether an option `NAME=VALUE` turns a setting on: `-o APT::Get::Assume-Yes=true`, `--setopt=assumeyes=1`.
pub(super) fn sets(call: &PackageCall, options: &[&str], name: &str, values: &[&str]) -> bool {
    call.flags.iter().filter(|flag| options.contains(&&*flag.name)).any(|flag| {
        let text = flag.value.map(|value| value.text.trim_matches(['"', '\'']).to_ascii_lowercase());
        let text = text.as_deref().and_then(|text| text.split_once('='));
        text.is_some_and(|(key, value)| {
            let key = key.trim();
            (key == name || key.ends_with(&format!(".{name}")))
                && values.contains(&value.trim().trim_matches(['"', '\'']))
        })
    })
}

/// Whether a command of yum or dnf changes packages, and so asks.
fn dnf_asks(call: &PackageCall) -> bool {
    let module = call.verb_text == "module"
        && call
            .operands
            .first()
            .is_some_and(|word| matches!(word.text(), "enable" | "disable" | "reset" | "switch-to"));
    module || changes(call)
}

/// Whether an option of yum or dnf answers.
fn dnf_answered(call: &PackageCall) -> bool {
    needs_no_answer(call) || sets(call, &["--setopt"], "assumeyes", &["1", "true", "yes", "on"])
}

/// Whether a command changes packages.
fn changes(call: &PackageCall) -> bool {
    matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Remove)
}

/// Whether an option answers, or the command does nothing that has to be confirmed.
fn needs_no_answer(call: &PackageCall) -> bool {
    call.says("answers") || call.says("simulates")
}

/// Whether an option of apt answers: twice quiet means yes.
fn apt_answered(call: &PackageCall) -> bool {
    let quiet = ["-q", "--quiet"];
    let level = |flag: &Flag| {
        quiet.contains(&&*flag.name)
            && flag.value.is_some_and(|value| value.text.parse().is_ok_and(|level: u8| level > 1))
    };
    needs_no_answer(call)
        || count(call, &quiet) > 1
        || call.flags.iter().any(level)
        || sets(call, &["-o", "--option"], "apt::get::assume-yes", &["true", "1", "yes", "on"])
}
