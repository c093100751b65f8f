//! Scripts as ShellCheck reads them, and places of its comments in the source.
#![allow(clippy::unwrap_used)] // Every function here serves a test.

use super::*;
use crate::inputs::{BuildInput, BuildOptions, ShellcheckLevel};
use crate::text::Source;

fn input(text: &str) -> BuildInput {
    BuildInput::new(&Source::of("Dockerfile", text), BuildOptions::default())
}

/// Every `$x` of every script, as ShellCheck would place it, is a `$x` of the source; returns how many there are.
#[track_caller]
fn check_places(text: &str) -> usize {
    let input = input(text);
    let build = Build::new(&input);
    let mut count = 0;
    for script in scripts(&build) {
        for (index, line) in script.text.lines().enumerate() {
            for (at, word) in line.match_indices("$x") {
                let column = line[..at].chars().count() as u32 + 1;
                let line = index as u32 + 1;
                let end_column = column + word.len() as u32;
                let message = String::new();
                let level = ShellcheckLevel::Warning;
                let comment =
                    ShellcheckComment { line, column, end_line: line, end_column, code: 2154, level, message };
                let place = script.place(&build, &comment).unwrap();
                assert_eq!(input.file.source().slice(place), "$x", "{text}");
                count += 1;
            }
        }
    }
    count
}

#[test]
fn comments_are_placed_next_to_the_script() {
    let text = "FROM debian:12\nRUN ä $x \\\n  # why $x\n\n\t&& \"$x\"\\\n$x\nRUN <<-EOF\n\tö $x\n\t\t$x\n\tEOF\nONBUILD RUN --mount=type=tmpfs,target=/x $x\n";
    assert_eq!(check_places(text), 6);
    assert_eq!(check_places(&text.replace('\n', "\r\n")), 6);
    // The heredoc is part of the command's text, and the script of the shell that reads it.
    assert_eq!(check_places("FROM debian:12\nRUN $x; bash <<EOF && cat <<A\n$x\nEOF\n$x\nA\nRUN $x"), 5);
    assert_eq!(check_places("FROM debian:12\nRUN <<EOF\n#!/bin/bash -e\n$x\nEOF\nRUN [\"sh\", \"-c\", \"$x\"]\n"), 1);
    assert_eq!(
        check_places("FROM debian:12\nSHELL [\"pwsh\", \"-c\"]\nRUN $x\nRUN <<EOF\n#!/usr/bin/python3\n$x\nEOF\n"),
        0
    );
    assert_eq!(check_places("# escape=`\nFROM debian:12\nRUN a `\n && $x\n"), 1);
}

#[track_caller]
fn check_head(text: &str, expected: &str) {
    let input = input(text);
    let build = Build::new(&input);
    let script = scripts(&build).pop().unwrap();
    let head: Vec<&str> = script.text.lines().take(script.before as usize).collect();
    let proxies = |word: &&str| !word.to_ascii_lowercase().contains("_proxy=");
    let head = head.iter().map(|line| line.split(' ').filter(proxies).collect::<Vec<_>>().join(" "));
    assert_eq!(head.collect::<Vec<_>>().join("\n"), expected, "{text}");
}

#[test]
fn a_script_is_read_by_the_shell_of_its_stage() {
    check_head("FROM alpine\nRUN x", "#!/bin/ash\nexport");
    check_head("FROM fedora\nRUN x", "#!/bin/bash\nexport");
    check_head("FROM example.org/own\nRUN x", "#!/bin/sh\nexport");
    check_head("FROM debian:12\nSHELL [\"/bin/bash\", \"-eo\", \"pipefail\", \"-c\"]\nRUN x", "#!/bin/bash -e\nexport");
    check_head("FROM debian:12\n# hadolint shell=bash\nRUN x", "#!/bin/bash\nexport");
    check_head("FROM debian:12\nRUN <<EOF\n#!/bin/ksh\nx\nEOF", "#!/bin/ksh\nexport");
}

#[test]
fn variables_of_the_file_are_known_where_they_are_defined() {
    let text = "ARG g=1\nFROM debian:12 AS a\nENV e=1 f=2\nARG l\nARG m=1 n\nRUN x\nFROM a\nRUN y\nENV later=1\n";
    check_head(&text[..text.find("FROM a\n").unwrap()], "#!/bin/dash\nexport e=1 f=1 l=1 m=1 n=1");
    // A stage takes over the arguments of the one that it stands on, too.
    check_head(text, "#!/bin/dash\nexport e=1 f=1 l=1 m=1 n=1");
    check_head("FROM debian:12 AS a\nENV e=1\nARG l\nFROM debian:12\nRUN x", "#!/bin/dash\nexport");
}

#[test]
fn directives_of_comments_come_along() {
    let above = "FROM debian:12\n# shellcheck disable=SC1\n\n# why\n# shellcheck disable=SC2\nRUN x \\\n  #shellcheck disable=SC3\n y";
    check_head(above, "#!/bin/dash\n# shellcheck disable=SC2\n# shellcheck disable=SC3\nexport");
}

#[test]
fn invalid_answers_are_errors() {
    assert!(read_answers(b"").is_err());
    assert!(read_answers(b"{}").is_err());
    assert!(read_answers(br#"{"comments":[{"file":"0"}]}"#).is_err());
    assert!(read_answers(br#"{"comments":[]}"#).unwrap().is_empty());
}
