//! Rules about probes that run a program in the container.

use crate::build::Programs;
use crate::data;
use crate::finding::Findings;
use crate::rules::shared::needed_commands::NeededCommands;
use crate::rules::workload_context::WorkloadContext;
use crate::shell::program::Program;
use crate::shell::{Script, from_exec};
use crate::text::{Span, path};
use crate::workload::{Container, ProbeAction, Setting};

crate::rules::family! {
    of_workload
    "exec-probe-program-missing" => exec_probe_program_missing;
    "exec-probe-needs-shell" => exec_probe_needs_shell;
    "command-needs-shell" => command_needs_shell;
    "probe-timeout-one-second" => probe_timeout_one_second;
}

/// A probe that runs a program.
struct ExecProbe<'a> {
    key: &'static str,
    words: &'a [String],
    span: Span,
    timeout: &'a Setting<i64>,
}

impl ExecProbe<'_> {
    fn script(&self) -> Script {
        let argv: Vec<(&str, Span)> = self.words.iter().map(|word| (word.as_str(), Span::at(0))).collect();
        from_exec(&argv)
    }

    fn program(&self) -> &str {
        self.words.first().map_or("", |word| path::name(word))
    }

    fn is_in_shell(&self) -> bool {
        Program::of(self.program()).is_shell()
    }
}

fn exec_probes(container: &Container) -> Vec<ExecProbe<'_>> {
    let probes = container.probes().filter_map(|(key, probe, _)| {
        let ProbeAction::Exec(Setting::Known(words, span)) = &probe.action else { return None };
        Some(ExecProbe { key, words, span: *span, timeout: &probe.timeout })
    });
    probes.collect()
}

/// The image lacks what the probe runs.
fn exec_probe_program_missing(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in cx.containers() {
        let probes = exec_probes(container);
        if probes.is_empty() {
            continue;
        }
        let Some(image) = cx.image(workload, container) else { continue };
        let build = image.build();
        let Some(stage) = build.target() else { continue };
        let programs = Programs::of(&build, stage);
        for probe in probes.iter().filter(|probe| fault(probe.words).is_none()) {
            let shell = probe.program();
            if probe.is_in_shell() && programs.lacks(shell) {
                continue;
            }
            let script = probe.script();
            let needed = NeededCommands::of(&script);
            let calls = script.invocations();
            let lacking = calls.iter().filter(|call| needed.has_program(call)).filter_map(|call| call.program);
            let Some(program) = lacking.into_iter().find(|program| programs.lacks(program)) else { continue };
            let message = format!(
                "the {} of `{}` runs `{program}`, which {} lacks, so it always fails",
                probe.key,
                container.name,
                programs.image_name()
            );
            out.push(cx.finding(probe.span, message).help(
                "write `httpGet`, `tcpSocket` or `grpc`, which need no program of the image, or run one that it has",
            ));
        }
    }
}

/// What in the words of a probe asks for a shell.
fn fault(words: &[String]) -> Option<String> {
    let first = words.first()?;
    if words.len() == 1 && first.trim().contains(' ') {
        return Some(format!("is one word, so a program called `{}` is looked for", first.trim()));
    }
    let is_shell = Program::of(path::name(first)).is_shell();
    if is_shell {
        return None;
    }
    let is_operator = |word: &&String| ["||", "&&", "|", ";"].contains(&word.as_str());
    if let Some(operator) = words.iter().find(is_operator) {
        return Some(format!("gives `{operator}` to `{}` as an argument", path::name(first)));
    }
    let variable = words[1..].iter().find_map(|word| variable(word))?;
    // Code of another language may have such words.
    let is_code =
        data::SCRIPT_INTERPRETERS.row(path::name(first)).is_some() || words.iter().any(|word| word.contains('\n'));
    let starts_shell = words.iter().any(|word| Program::of(path::name(word)).is_shell());
    (!is_code && !starts_shell).then(|| format!("gives `{variable}` to `{}` as it is written", path::name(first)))
}

/// A variable of a shell in a word: `$USER`, `${USER}`.
fn variable(word: &str) -> Option<String> {
    let (_, rest) = word.split_once('$')?;
    let name = rest.strip_prefix('{').unwrap_or(rest);
    let is_part = |c: &char| c.is_ascii_uppercase() || *c == '_' || c.is_ascii_digit();
    let name: String = name.chars().take_while(is_part).collect();
    let is_name = name.chars().next().is_some_and(|first| first.is_ascii_uppercase());
    is_name.then(|| format!("${name}"))
}

/// The command of a container has words that only a shell understands.
fn command_needs_shell(cx: &WorkloadContext, out: &mut Findings) {
    for (_, container) in cx.containers() {
        let Setting::Known(command, span) = &container.command else { continue };
        let mut words = command.clone();
        if let Setting::Known(arguments, _) = &container.arguments {
            words.extend(arguments.iter().cloned());
        }
        // `$NAME` may be for the program itself.
        let Some(fault) = fault(&words).filter(|fault| words.len() == 1 || !fault.ends_with("as it is written")) else {
            continue;
        };
        let message = format!("the command of `{}` {fault}: Kubernetes starts no shell", container.name);
        let help =
            format!("write `command: [\"/bin/sh\", \"-c\", {}]`, or each word by itself", quoted(&words.join(" ")));
        out.push(cx.finding(*span, message).help(help));
    }
}

/// Kubernetes starts a program, and no shell.
fn exec_probe_needs_shell(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in cx.containers() {
        for probe in exec_probes(container) {
            let name = &container.name;
            if let Some(fault) = fault(probe.words) {
                let line = probe.words.join(" ");
                let message = format!("the {} of `{name}` {fault}: Kubernetes starts no shell", probe.key);
                let help = format!("write `command: [\"/bin/sh\", \"-c\", {}]`, or `httpGet`", quoted(&line));
                out.push(cx.finding(probe.span, message).help(help));
                continue;
            }
            if !probe.is_in_shell() {
                continue;
            }
            let Some(image) = cx.image(workload, container) else { continue };
            let build = image.build();
            let Some(stage) = build.target() else { continue };
            let programs = Programs::of(&build, stage);
            let shell = probe.program();
            if programs.lacks(shell) {
                let message = format!(
                    "the {} of `{name}` needs `{shell}`, which {} lacks, so it always fails",
                    probe.key,
                    programs.image_name()
                );
                out.push(cx.finding(probe.span, message).help(
                    "write `httpGet`, `tcpSocket` or `grpc`, which need no program of the image, or run one without a shell",
                ));
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// An interpreter takes a good part of the second that a probe has.
fn probe_timeout_one_second(cx: &WorkloadContext, out: &mut Findings) {
    for (_, container) in cx.containers() {
        for probe in exec_probes(container) {
            if probe.timeout.value_or(1) != Some(1) {
                continue;
            }
            let script = probe.script();
            let calls = script.invocations();
            let mut programs = calls.iter().filter_map(|call| call.program);
            let Some(program) = programs.find(|program| data::SCRIPT_INTERPRETERS.row(program).is_some()) else {
                continue;
            };
            let message = format!(
                "the {} of `{}` starts `{program}` and has one second: under load the probe fails",
                probe.key, container.name
            );
            let span = probe.timeout.span().unwrap_or(probe.span);
            out.push(cx.finding(span, message).help("write `timeoutSeconds: 5`, or `httpGet`, which starts nothing"));
        }
    }
}
