//! See `rules/healthcheck-program-missing.md`.

use crate::build::{Build, Code, Programs, Stage, Transfer, translated_check};
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{Finding, Findings};
use crate::manifest::{Ecosystem, Project};
use crate::rules::Context;
use crate::rules::shared::needed_commands::NeededCommands;
use crate::shell::{Invocation, Manager, Verb, Wrapper};
use crate::text::Span;

crate::rules::rule!("healthcheck-program-missing", healthcheck_program_missing);

fn healthcheck_program_missing(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some((index, instruction)) = build.last(stage, Keyword::Healthcheck) else { return };
    let Some(code) = build.code(index) else { return };
    let image = Programs::of(build, stage);
    if !code.is_exec() && image.lacks("sh") {
        let message = format!("the healthcheck needs `/bin/sh`, which {} lacks", image.image_name());
        out.push(
            cx.finding(instruction.head, message).help("use the exec form with a program that the image contains"),
        );
        return;
    }
    let file = &build.input().file;
    let never = |what: &str| format!("{what}, so it always fails");
    let needed = NeededCommands::of(&code.script);
    for invocation in code.script.invocations() {
        if let Some(wrapper) = lacking_wrapper(&image, (code, &needed), &invocation) {
            let message =
                never(&format!("the healthcheck calls `{}`, which {} lacks", wrapper.program, image.image_name()));
            out.push(cx.finding(code.place(file, wrapper.span), message).help(help(wrapper.program)));
            return;
        }
        let Some(program) = invocation.program else { continue };
        if !needed.has_program(&invocation) {
            continue;
        }
        if image.lacks(program) {
            let message = never(&format!("the healthcheck calls `{program}`, which {} lacks", image.image_name()));
            let finding = cx.finding(code.place(file, invocation.path.span), message).help(help(program));
            out.push(edited(build, stage, instruction, code, finding));
            // The rest of the check is never reached.
            return;
        }
        if let Some((module, word)) =
            first_missing_module((build, cx.projects().unwrap_or_default()), stage, &invocation)
        {
            let message = never(&format!("the healthcheck imports `{module}`, which is not installed"));
            out.push(cx.finding(code.place(file, word), message).help(help_for_module(program)));
            return;
        }
    }
}

/// The program that starts another one and is not in the image: `bash` in `bash -c '…'`. Programs that are nested deeper
/// are not checked.
fn lacking_wrapper<'s>(
    image: &Programs,
    (code, needed): (&'s Code, &NeededCommands),
    invocation: &Invocation<'s>,
) -> Option<Wrapper<'s>> {
    let command = code.script.commands.get(invocation.outer as usize)?;
    let first = invocation.via.first()?;
    (image.lacks(first.program) && needed.has(command)).then_some(*first)
}

fn help(program: &str) -> String {
    match program {
        "curl" | "wget" => {
            format!("probe with a program that the image has (its language can open a URL), or install `{program}`")
        }
        _ => format!("probe with a program that the image has, or install `{program}` in the final stage"),
    }
}

/// Adds an edit that uses the language of the image, if the whole check is one simple request.
fn edited(build: &Build, stage: &Stage, instruction: &Instruction, code: &Code, finding: Finding) -> Finding {
    let Some((span, text, is_equal)) = translated_check(build, stage, instruction, code) else { return finding };
    if is_equal {
        return finding.safe_edit("request the same URL with the image's own language", span, text);
    }
    let why = "a container that fails the new check becomes unhealthy";
    finding.unsafe_edit("request the same URL with a program of the image", why, span, text)
}

// Whether a check imports a module that the image does not install.

/// The first module that `python -c` or `node -e` imports and that is certainly missing, with its position.
pub(in crate::rules) fn first_missing_module(
    (build, projects): (&Build, &[Project]),
    stage: &Stage,
    invocation: &Invocation,
) -> Option<(String, Span)> {
    let program = invocation.program?;
    let (ecosystem, option) = match program {
        _ if program.starts_with("python") => (Ecosystem::Python, "-c"),
        "node" | "nodejs" => (Ecosystem::Node, "-e"),
        _ => return None,
    };
    let at = invocation.args.iter().position(|word| word.is(option))?;
    let word = invocation.args.get(at + 1)?;
    let text = word.value()?;
    let modules = if ecosystem == Ecosystem::Python { python_imports(text) } else { node_requires(text) };
    let module = modules.into_iter().find(|module| is_missing((build, projects), stage, ecosystem, module))?;
    let place = text.find(&module).map_or(word.span, |at| word.part(at, at + module.len()));
    Some((module, place))
}

pub(in crate::rules) fn help_for_module(program: &str) -> &'static str {
    if program.starts_with("python") {
        "use the standard library: `urllib.request.urlopen(…)` raises for an error status"
    } else {
        "use Node's built-in `fetch(…)`"
    }
}

fn is_missing((build, projects): (&Build, &[Project]), stage: &Stage, ecosystem: Ecosystem, module: &str) -> bool {
    let candidates: Vec<&Project> = projects.iter().filter(|project| project.ecosystem == ecosystem).collect();
    // If the context has several projects, it is not known which one the image contains.
    let [project] = candidates.as_slice() else { return false };
    let Some(install) = project.install() else { return false };
    project.installs_module(install, module, true) == Some(false) && !may_be_installed_elsewhere(build, stage, module)
}

/// Whether another step may install it: another install, or a copy from a stage or image.
fn may_be_installed_elsewhere(build: &Build, stage: &Stage, module: &str) -> bool {
    build.chain(stage).any(|stage| {
        let copied = build.transfers(stage).iter().any(|transfer: &Transfer| {
            transfer.from.is_some()
                && transfer.sources.iter().any(|source| {
                    source.text.as_ref().is_none_or(|t| t.contains("python") || t.contains("node_modules"))
                })
        });
        copied
            || build.instructions_of(stage, Keyword::Run).any(|(index, _)| {
                let Some(code) = build.code(index) else { return true };
                code.has_package_call(|call| {
                    let language = !matches!(call.manager, Manager::Apt | Manager::Apk | Manager::Dnf | Manager::Yum);
                    let named = |name: &str| {
                        name.to_ascii_lowercase()
                            .replace(['_', '-', '.'], "")
                            .contains(&module.to_ascii_lowercase().replace(['_', '-', '.'], ""))
                    };
                    matches!(call.verb, Verb::Install)
                        && (call
                            .packages
                            .iter()
                            .any(|package| named(package.name.text) || (language && package.name.dynamic))
                            || (call.manager == Manager::Pip && !call.inputs.is_empty()))
                })
            })
    })
}

/// Top-level modules of `import a.b as c, d` and `from x import y`.
fn python_imports(text: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for statement in text.split([';', '\n']) {
        let statement = statement.trim();
        let names = if let Some(names) = statement.strip_prefix("import ") {
            names
        } else if let Some(rest) = statement.strip_prefix("from ") {
            rest.split_whitespace().next().unwrap_or_default()
        } else {
            continue;
        };
        for name in names.split(',') {
            let name = name.split_whitespace().next().unwrap_or_default();
            let top = name.split('.').next().unwrap_or_default();
            if !top.is_empty() && top.chars().all(|c| c.is_alphanumeric() || c == '_') {
                modules.push(top.to_owned());
            }
        }
    }
    modules
}

/// Modules of `require('x')`.
fn node_requires(text: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for (at, call) in text.match_indices("require(") {
        let rest = &text[at + call.len()..];
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '\'' | '"' | '`')) else { continue };
        if let Some((name, _)) = rest[1..].split_once(quote) {
            modules.push(name.to_owned());
        }
    }
    modules
}

// Whether a check can succeed only if one of its commands succeeds. The answer is no if it is not known.

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_found() {
        assert_eq!(python_imports("import os, requests as r; from a.b import c\nx = 1"), ["os", "requests", "a"]);
        assert_eq!(node_requires("require('http').get(require(\"axios\"))"), ["http", "axios"]);
    }
}
