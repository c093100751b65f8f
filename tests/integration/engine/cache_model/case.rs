//! Random pairs of builds: a Dockerfile with its context, and the same after a change.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::change::CHANGES;
use crate::mutation::Random;

/// A file of a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CaseFile {
    File { content: String, mode: u32 },
    Folder { mode: u32 },
    Link(String),
}

/// One state of a build.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) lines: Vec<String>,
    pub(super) files: BTreeMap<String, CaseFile>,
    pub(super) args: BTreeMap<String, String>,
    pub(super) flags: Vec<String>,
    /// The files of the named context `lib`.
    pub(super) lib: BTreeMap<String, CaseFile>,
    /// Files that are written again with the same content.
    pub(super) touched: Vec<String>,
}

/// A pair of builds.
pub(super) struct Case {
    pub(super) change: &'static str,
    pub(super) before: State,
    pub(super) after: State,
    /// Whether the first state is built once more at the end, and judged then.
    pub(super) returns: bool,
}

impl State {
    pub(super) fn dockerfile(&self) -> String {
        self.lines.join("\n") + "\n"
    }

    pub(super) fn write(&mut self, path: &str, content: &str) {
        self.files.insert(path.to_owned(), CaseFile::File { content: content.to_owned(), mode: 0o644 });
    }

    pub(super) fn write_lib(&mut self, path: &str, content: &str) {
        self.lib.insert(path.to_owned(), CaseFile::File { content: content.to_owned(), mode: 0o644 });
    }

    /// Adds a line at a random place of the last stage, below its first two lines.
    pub(super) fn insert(&mut self, random: &mut Random, line: &str) {
        let start = self.lines.iter().rposition(|line| line.starts_with("FROM")).unwrap_or(0) + 2;
        let at = start + random.below(self.lines.len() + 1 - start);
        self.lines.insert(at, line.to_owned());
    }

    pub(super) fn append(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    pub(super) fn replace(&mut self, old: &str, new: &str) {
        self.lines.iter_mut().for_each(|line| *line = line.replace(old, new));
    }

    /// The state as `dockopt debug vectors cache` reads it.
    pub(super) fn json(&self, side: &str, into: &mut serde_json::Map<String, Value>) {
        let files = |files: &BTreeMap<String, CaseFile>| -> Value {
            let values = files.iter().map(|(path, file)| {
                let value = match file {
                    CaseFile::File { content, mode } => json!({ "content": content, "mode": format!("{mode:o}") }),
                    CaseFile::Folder { mode } => json!({ "dir": true, "mode": format!("{mode:o}") }),
                    CaseFile::Link(target) => json!({ "link": target }),
                };
                (path.clone(), value)
            });
            values.collect()
        };
        into.insert(format!("context_{side}"), files(&self.files));
        into.insert(format!("named_{side}"), json!({ "lib": files(&self.lib) }));
        into.insert(format!("dockerfile_{side}"), self.dockerfile().into());
        into.insert(format!("args_{side}"), json!(self.args));
        into.insert(format!("flags_{side}"), json!(self.flags));
    }
}

/// What a seed gives: each change in turn, on random builds.
pub(super) fn case(seed: usize, nonce: &str) -> Case {
    let mut random = Random::new(seed);
    let (change, apply) = CHANGES[seed % CHANGES.len()];
    let mut before = base(&mut random, nonce);
    let after = apply(&mut before, &mut random, nonce);
    Case { change, before, after, returns: change == "back to an earlier state" }
}

fn base(random: &mut Random, nonce: &str) -> State {
    let mut state = State::default();
    for (path, content) in [
        ("a", "alpha"),
        ("b", "bravo"),
        ("one.txt", "1"),
        ("two.txt", "2"),
        ("d/x", "x"),
        ("d/sub/y", "y"),
        ("src/main.py", "main"),
        ("src/lib/z.py", "z"),
        ("notes.md", "notes"),
        ("pkg/p.json", "{}"),
    ] {
        state.write(path, &format!("{content} {nonce}\n"));
    }
    state.files.insert("l".to_owned(), CaseFile::Link("a".to_owned()));
    for (path, content) in [("x", "lib x"), ("d/y", "lib y"), ("notes.md", "lib notes"), (".dockerignore", "**/*.md")] {
        state.write_lib(path, &format!("{content} {nonce}\n").replace(&format!(".md {nonce}"), ".md"));
    }
    if random.below(2) == 0 {
        state.lines.push("FROM debian:trixie-slim AS b".to_owned());
        state.lines.push(format!("WORKDIR /{nonce}/b"));
        fill(&mut state, random, nonce, 2);
        state.append(&format!("RUN mkdir -p /out && echo {nonce} > /out/f && cut -c1 /etc/hostname > /out/g"));
    }
    let has_builder = !state.lines.is_empty();
    state.lines.push("FROM debian:trixie-slim".to_owned());
    state.lines.push(format!("WORKDIR /{nonce}/w"));
    fill(&mut state, random, nonce, 3);
    if has_builder {
        state.append(match random.below(3) {
            0 => "COPY --from=b /out /out",
            1 => "RUN --mount=type=bind,from=b,source=/out,target=/m cat /m/f",
            _ => "COPY --from=b --chown=1 /out/f /out/f",
        });
    }
    if random.below(2) == 0 {
        state.append("RUN echo end");
    }
    state
}

/// Adds random instructions to the stage at the end.
fn fill(state: &mut State, random: &mut Random, nonce: &str, count: usize) {
    for _ in 0..count + random.below(3) {
        let line = LINES[random.below(LINES.len())].replace("NONCE", nonce);
        state.lines.push(line);
    }
}

/// Instructions that build on any Debian image, whatever is above them.
pub(super) const LINES: &[&str] = &[
    "COPY a /c/a",
    "COPY ./b c/",
    "COPY a b /ab/",
    "COPY d /c/d",
    "COPY d/ /c/e/",
    "COPY src /c/src",
    "COPY . /all",
    "COPY *.txt /txt/",
    "COPY */p.json /p/",
    "COPY l /c/l",
    "COPY --chown=1:1 a /o/a",
    "COPY --chmod=755 b /m/b",
    "COPY --link a /linked/a",
    "COPY [\"a\", \"/json/a\"]",
    "COPY <<EOF /here\nhello NONCE\nEOF",
    "ADD one.txt /add/",
    "RUN echo NONCE run > /run-1",
    "RUN echo NONCE && \\\n    echo two",
    "RUN [\"/bin/sh\", \"-c\", \"echo NONCE exec\"]",
    "RUN <<EOF\necho NONCE script\nEOF",
    "RUN <<EOF\n#!/bin/sh\necho NONCE shebang\nEOF",
    "RUN --mount=type=cache,target=/cache echo NONCE cache",
    "RUN --mount=type=bind,source=src,target=/m cat /m/main.py",
    "RUN --mount=type=tmpfs,target=/t echo NONCE tmpfs",
    "RUN --mount=type=secret,id=s echo NONCE secret",
    "COPY --from=lib d /lib/d",
    "COPY --from=lib . /lib/all",
    "RUN --mount=type=bind,from=lib,source=x,target=/m/x cat /m/x",
    "RUN --network=none echo NONCE net",
    "ENV MODE=NONCE",
    "ARG KIND=NONCE",
    "ARG EMPTY",
    "LABEL kind=NONCE",
    "EXPOSE 80",
    "VOLUME /v",
    "CMD [\"true\"]",
    "WORKDIR sub",
    "USER root",
    "SHELL [\"/bin/sh\", \"-ec\"]",
];
