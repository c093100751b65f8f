//! Variants of an example: other line endings, no final newline, wrapped in ONBUILD.

use super::parse::Example;
use super::{Runner, edited, format_findings, inputs};
use crate::fix::{FixLevel, fix};
use crate::text::Source;
use crate::text::path::is_compose;

/// Instructions that are allowed after ONBUILD.
const TRIGGERS: [&str; 15] = [
    "ADD ",
    "CMD ",
    "COPY ",
    "ENTRYPOINT ",
    "ENV ",
    "EXPOSE ",
    "HEALTHCHECK ",
    "LABEL ",
    "RUN ",
    "SHELL ",
    "STOPSIGNAL ",
    "USER ",
    "VOLUME ",
    "WORKDIR ",
    "ARG ",
];

pub(super) fn check(runner: &mut Runner, example: &Example, got: &str) {
    for (name, findings) in [
        ("CR LF", findings_of_variant(runner, example, crlf)),
        ("no final newline", findings_of_variant(runner, example, open)),
    ] {
        if findings != got {
            runner.fail(example.line, format_args!("with {name} expected\n{got}got\n{findings}"));
        }
    }
    // Only the end of the last instruction's span may differ.
    let goes_on = |text: &str| inputs::dangling(text).unwrap_or_else(|| text.to_owned());
    let loosely = |findings: &str| findings.lines().map(without_end).collect::<Vec<_>>().join("\n");
    let going_on = findings_of_variant(runner, example, goes_on);
    if loosely(&going_on) != loosely(got) {
        runner.fail(example.line, format_args!("with a continuation on the last line expected\n{got}got\n{going_on}"));
    }
    // It may find anything or nothing there, if it returns and breaks nothing.
    let wrapped = sources(example, onbuild);
    for level in [FixLevel::Safe, FixLevel::Unsafe] {
        let outcome = fix(&wrapped, level, |now: &[Source]| inputs::findings(runner.rule, now, &example.listing));
        for change in &outcome.changes {
            edited::check(runner, example, change, "after ONBUILD the fixes");
        }
    }
}

/// Without the final newline.
pub(super) fn open(text: &str) -> String {
    text.strip_suffix('\n').unwrap_or(text).to_owned()
}

/// `2:1-2:9 message` without the second position.
fn without_end(line: &str) -> String {
    let (place, message) = line.split_once(' ').unwrap_or((line, ""));
    format!("{} {message}", place.split_once('-').map_or(place, |(start, _)| start))
}

fn findings_of_variant(runner: &Runner, example: &Example, rewrite: impl Fn(&str) -> String) -> String {
    let sources = sources(example, rewrite);
    format_findings(&sources, &inputs::findings(runner.rule, &sources, &example.listing))
}

/// The example's files, the Dockerfiles, compose files and pipelines rewritten; scripts are copied as they are.
pub(super) fn sources(example: &Example, rewrite: impl Fn(&str) -> String) -> Vec<Source> {
    let mut sources = Vec::new();
    for (path, text) in &example.files {
        let is_script = matches!(path.rsplit_once('.'), Some((_, "sh")));
        let is_subject = inputs::is_dockerfile(path) || is_compose(path) || inputs::is_pipeline(path) && !is_script;
        let text = if is_subject { rewrite(text) } else { (*text).to_owned() };
        sources.push(Source::of(path, &text));
    }
    sources
}

/// With CR LF at the end of each line.
pub(super) fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

fn onbuild(text: &str) -> String {
    let mut wrapped = String::new();
    for line in text.split_inclusive('\n') {
        if TRIGGERS.iter().any(|trigger| line.starts_with(trigger)) {
            wrapped.push_str("ONBUILD ");
        }
        wrapped.push_str(line);
    }
    wrapped
}
