//! Rules about names in .dockerignore that leave out too little, or too much.

use crate::build::{Build, Run};
use crate::data;
use crate::finding::{FileEdit, Findings, Fix, Safety, Target};
use crate::ignore::MatchedPatterns;
use crate::inputs::IgnoreInput;
use crate::rules::Context;
use crate::shell::{Manager, PackageCall};
use crate::text::{Span, path};

crate::rules::family! {
    "ignore-pattern-of-one-env-file" => ignore_pattern_of_one_env_file;
    "ignored-readme-needed" => ignored_readme_needed;
}

/// Names that files with variables have next to `.env`.
const OTHERS: [&str; 2] = [".env.local", ".env.production"];

/// `.env` alone: the next file of its kind is copied into the image.
fn ignore_pattern_of_one_env_file(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let IgnoreInput::Present(file, ignore) = cx.ignore() else { return };
    if ignore.error().is_some() || !ships_whole_context(build) {
        return;
    }
    let matcher = ignore.matcher();
    let decide = |name: &str| matcher.decide(name, &MatchedPatterns::default()).ok();
    let Some(verdict) = decide(".env").filter(|verdict| verdict.excluded) else { return };
    let is_copied = |name: &&str| decide(name).is_some_and(|verdict| !verdict.excluded);
    let Some(pattern) = verdict.decided_by.and_then(|at| ignore.patterns.get(at)) else { return };
    if !OTHERS.iter().all(is_copied) || ignore.patterns.iter().any(|pattern| pattern.negated) {
        return;
    }
    let source = cx.inputs().source(*file);
    let text = source.slice(pattern.span);
    if path::name(text) != ".env" || !source.is_exact(pattern.span) {
        return;
    }
    let [first, second] = OTHERS;
    let message = format!(
        "`{text}` leaves out this file alone: `{first}` or `{second}` would be copied into the image with their secrets"
    );
    let mut finding = cx.finding_in(*file, pattern.span, message);
    let edit = FileEdit { target: Target::File(*file), span: Span::at(pattern.span.end), text: "*".to_owned() };
    let safety = Safety::Unsafe("a file such as `.env.example` may be needed in the image".to_owned());
    finding.fixes.push(Fix { title: "leave out all of them".to_owned(), safety, edits: vec![edit] });
    out.push(finding.help("write `**/.env*`"));
}

/// Whether the final image gets all of the context.
fn ships_whole_context(build: &Build) -> bool {
    let Some(target) = build.target() else { return false };
    let mut transfers = build.chain(target).flat_map(|stage| build.transfers(stage));
    transfers.any(crate::build::Transfer::is_of_whole_context)
}

/// A readme that the project's manifest names, and that a pattern such as `*.md` leaves out: the project cannot be built.
fn ignored_readme_needed(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let IgnoreInput::Present(file, ignore) = cx.ignore() else { return };
    let Some(text) = cx.text_of("pyproject.toml").map(String::from_utf8_lossy) else { return };
    let needs_it = data::README_BACKENDS.keys().any(|backend| text.contains(backend));
    let (Some(readme), true) = (named_readme(&text), needs_it && ignore.error().is_none()) else { return };
    let verdict = ignore.matcher().decide(&readme, &MatchedPatterns::default());
    let Some(verdict) = verdict.ok().filter(|verdict| verdict.excluded) else { return };
    let Some(pattern) = verdict.decided_by.and_then(|at| ignore.patterns.get(at)) else { return };
    let Some(install) = build.needed_runs().find_map(|run| project_install(&run)) else { return };
    let source = cx.inputs().source(*file);
    let message = format!(
        "`{}` leaves out `{readme}`, which `pyproject.toml` names as its readme: `{install}` fails without it",
        source.slice(pattern.span)
    );
    let help = format!("write `!{readme}` behind it, or leave `readme` out of the manifest");
    out.push(cx.finding_in(*file, pattern.span, message).help(help));
}

/// The file that `readme = "README.md"` or `readme = {file = "README.md", …}` names.
fn named_readme(text: &str) -> Option<String> {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| line.strip_prefix("readme").is_some_and(|rest| rest.trim_start().starts_with('=')))?;
    let value = match line.split_once("file") {
        Some((_, behind)) => behind,
        None => line,
    };
    let quoted = value.split(['"', '\'']).nth(1)?;
    let has_text = line.split(['{', ',']).any(|part| part.trim_start().starts_with("text"));
    (!quoted.is_empty() && !has_text).then(|| quoted.trim_start_matches("./").to_owned())
}

/// The command of a step that builds and installs the project of the context's top folder.
fn project_install(run: &Run) -> Option<String> {
    let installs = |call: &PackageCall| match (call.manager, &*call.verb_text) {
        (Manager::Uv, "sync") => !call.has(&["--no-install-project", "--no-install-workspace"]),
        (Manager::Poetry, "install" | "sync") => !call.has(&["--no-root"]),
        (Manager::Pdm, "install" | "sync") => !call.has(&["--no-self"]),
        (Manager::Pip | Manager::Uv, _) => call.inputs.iter().any(|input| {
            let path = input.path.text;
            matches!(path, "." | "./") || path.starts_with(".[")
        }),
        _ => false,
    };
    let calls = run.invocations().into_iter().filter_map(|invocation| invocation.package_call());
    calls.into_iter().find(installs).map(|call| call.title())
}

#[cfg(test)]
mod tests {
    use super::named_readme;

    #[test]
    fn readmes_are_read() {
        let readme = |text: &str| named_readme(text);
        assert_eq!(readme("[project]\nreadme = \"README.md\"\n").as_deref(), Some("README.md"));
        assert_eq!(readme("readme = {file = './docs/A.md', content-type = \"x\"}").as_deref(), Some("docs/A.md"));
        for text in ["readme = {text = \"hello\"}", "name = \"readme\"", "readme-x = \"A.md\"", "readme ="] {
            assert_eq!(readme(text), None, "{text}");
        }
    }
}
