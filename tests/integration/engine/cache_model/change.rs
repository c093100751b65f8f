//! Every kind of change between the two builds of a case.

use super::case::{CaseFile, State};
use crate::mutation::Random;

pub(super) type Change = fn(&mut State, &mut Random, &str) -> State;

/// A change of a file that one of the lines copies, or that none does.
fn edit(before: &State, path: &str, nonce: &str) -> State {
    let mut after = before.clone();
    after.write(path, &format!("edited {nonce}\n"));
    after
}

/// A change of a file of the named context.
fn edit_lib(before: &State, path: &str, content: &str) -> State {
    let mut after = before.clone();
    after.write_lib(path, content);
    after
}

/// Adds a line to both states, and replaces a text in the second.
fn reword(before: &mut State, random: &mut Random, line: &str, old: &str, new: &str) -> State {
    before.insert(random, line);
    before.append("RUN echo last");
    let mut after = before.clone();
    after.replace(old, new);
    after
}

/// Inserts a line into the second state.
fn inserted(before: &mut State, random: &mut Random, line: &str) -> State {
    before.append("RUN echo last");
    let mut after = before.clone();
    after.insert(random, line);
    after
}

/// Every kind of change, by the row of the cache model that it tries.
pub(super) const CHANGES: &[(&str, Change)] = &[
    ("content of a file", |before, random, nonce| {
        let paths = ["a", "b", "one.txt", "d/sub/y", "src/main.py", "notes.md", "pkg/p.json"];
        edit(before, paths[random.below(paths.len())], nonce)
    }),
    ("content of a file that a bind mount shows", |before, random, nonce| {
        before.insert(random, "RUN --mount=type=bind,source=src,target=/mnt ls /mnt");
        edit(before, "src/lib/z.py", nonce)
    }),
    ("content outside a bind mount", |before, random, nonce| {
        before.insert(random, "RUN --mount=type=bind,source=src,target=/mnt ls /mnt");
        edit(before, "notes.md", nonce)
    }),
    ("nothing but times", |before, _, _| {
        let mut after = before.clone();
        after.touched = ["a", "src/main.py"].map(str::to_owned).to_vec();
        after
    }),
    ("nothing", |before, _, _| before.clone()),
    ("a new file in a copied folder", |before, random, nonce| {
        before.insert(random, "COPY d /copied");
        edit(before, "d/new", nonce)
    }),
    ("a file is gone", |before, random, _| {
        before.insert(random, "COPY d /copied");
        let mut after = before.clone();
        after.files.remove("d/x");
        after.write("d/other", "other");
        after
    }),
    ("a file is renamed", |before, random, _| {
        before.insert(random, "COPY src /copied");
        let mut after = before.clone();
        let file = after.files.remove("src/lib/z.py").unwrap();
        after.files.insert("src/lib/y.py".to_owned(), file);
        after
    }),
    ("mode of a file", |before, random, _| {
        before.insert(random, "COPY a /copied/");
        let mut after = before.clone();
        let modes = [0o755, 0o600, 0o664];
        if let Some(CaseFile::File { mode, .. }) = after.files.get_mut("a") {
            *mode = modes[random.below(modes.len())];
        }
        after
    }),
    ("an empty folder is new", |before, random, _| {
        before.insert(random, "COPY d /copied");
        let mut after = before.clone();
        after.files.insert("d/empty".to_owned(), CaseFile::Folder { mode: 0o755 });
        after
    }),
    ("another target of a copied link", |before, random, _| {
        before.insert(random, "COPY l /copied/l");
        let mut after = before.clone();
        after.files.insert("l".to_owned(), CaseFile::Link("b".to_owned()));
        after
    }),
    ("another target of a link in a folder", |before, random, _| {
        before.files.insert("d/link".to_owned(), CaseFile::Link("x".to_owned()));
        before.insert(random, "COPY d /copied");
        let mut after = before.clone();
        after.files.insert("d/link".to_owned(), CaseFile::Link("sub/y".to_owned()));
        after
    }),
    ("a new match of a pattern", |before, random, nonce| {
        before.insert(random, "COPY *.txt /matched/");
        edit(before, "three.txt", nonce)
    }),
    ("a change that a pattern does not match", |before, random, nonce| {
        before.lines.retain(|line| line != "COPY . /all");
        before.insert(random, "COPY *.txt /matched/");
        edit(before, "notes.md", nonce)
    }),
    ("an ignored file", |before, random, nonce| {
        before.write(".dockerignore", "*.md\n.dockerignore\n");
        before.insert(random, "COPY . /copied");
        edit(before, "notes.md", nonce)
    }),
    ("an exception of the ignore file", |before, random, nonce| {
        before.write(".dockerignore", "src\n!src/lib\n");
        before.insert(random, "COPY . /copied");
        before.lines.retain(|line| !line.contains("source=src"));
        before.lines.retain(|line| !line.contains("COPY src"));
        edit(before, ["src/lib/z.py", "src/main.py"][random.below(2)], nonce)
    }),
    ("a comment in the ignore file", |before, random, _| {
        before.write(".dockerignore", "*.log\n");
        before.insert(random, "COPY . /copied");
        let mut after = before.clone();
        after.write(".dockerignore", "# comment\n*.log\n");
        after
    }),
    ("a pattern in the ignore file", |before, random, _| {
        before.write(".dockerignore", ".dockerignore\n");
        before.insert(random, "COPY . /copied");
        let mut after = before.clone();
        after.write(".dockerignore", ".dockerignore\n*.md\n");
        after
    }),
    ("the Dockerfile's own ignore file", |before, random, _| {
        before.insert(random, "COPY . /copied");
        let mut after = before.clone();
        after.write("Dockerfile.dockerignore", "*.md\nDockerfile.dockerignore\n");
        after
    }),
    ("a comment in the Dockerfile", |before, random, _| {
        let mut after = before.clone();
        after.insert(random, "# comment");
        after
    }),
    ("the command", |before, random, nonce| reword(before, random, &format!("RUN echo {nonce} old"), "old", "new")),
    ("blanks in the command", |before, random, nonce| {
        reword(before, random, &format!("RUN echo {nonce} old"), " old", "  old")
    }),
    ("blanks before the command", |before, random, nonce| {
        reword(before, random, &format!("RUN echo {nonce} old"), "RUN echo", "RUN   echo")
    }),
    ("indentation of a continued line", |before, random, nonce| {
        reword(before, random, &format!("RUN echo {nonce} && \\\n    true old"), "    true old", "  true old")
    }),
    ("a comment in a continued command", |before, random, nonce| {
        let line = format!("RUN echo {nonce} && \\\n    true old");
        reword(before, random, &line, "    true old", "# comment\n    true old")
    }),
    ("exec form that spells the shell form", |before, random, nonce| {
        let (old, new) =
            (format!("RUN echo {nonce} form"), format!("RUN [\"/bin/sh\", \"-c\", \"echo {nonce} form\"]"));
        before.lines.retain(|line| !line.starts_with("SHELL"));
        reword(before, random, &old, &old, &new)
    }),
    ("the body of a script", |before, random, nonce| {
        reword(before, random, &format!("RUN <<EOF\necho {nonce} old\nEOF"), "old", "new")
    }),
    ("the delimiter of a script", |before, random, nonce| {
        let (old, new) = (format!("RUN <<EOF\necho {nonce} s\nEOF"), format!("RUN <<END\necho {nonce} s\nEND"));
        reword(before, random, &old, &old, &new)
    }),
    ("the delimiter of a command's here-document", |before, random, nonce| {
        let old = format!("RUN cat <<EOF > /x\n{nonce}\nEOF");
        reword(before, random, &old, &old, &old.replace("EOF", "END"))
    }),
    ("the body of a copied here-document", |before, random, nonce| {
        reword(before, random, &format!("COPY <<EOF /doc\n{nonce} old\nEOF"), "old", "new")
    }),
    ("a variable in a copied here-document", |before, random, nonce| {
        before.lines.retain(|line| !line.starts_with("ENV"));
        before.append("ENV TEXT=old");
        reword(before, random, "RUN true", "TEXT=old", "TEXT=new")
            .with_end(&format!("COPY <<EOF /doc\n{nonce} $TEXT\nEOF"), before)
    }),
    ("the value of ENV", |before, random, nonce| reword(before, random, &format!("ENV OWN={nonce}old"), "old", "new")),
    ("an ENV is new", |before, random, nonce| inserted(before, random, &format!("ENV FRESH={nonce}"))),
    ("the order of ENV", |before, random, nonce| {
        let (old, new) = (format!("ENV A={nonce}\nENV B=2"), format!("ENV B=2\nENV A={nonce}"));
        reword(before, random, &old, &old, &new)
    }),
    ("ENV lines joined", |before, random, nonce| {
        let (old, new) = (format!("ENV A={nonce}\nENV B=2"), format!("ENV A={nonce} B=2"));
        reword(before, random, &old, &old, &new)
    }),
    ("the default of ARG", |before, random, nonce| {
        reword(before, random, &format!("ARG OWN={nonce}old"), "old", "new")
    }),
    ("a build argument", |before, random, nonce| {
        before.insert(random, "ARG GIVEN");
        before.append("RUN echo last");
        before.args.insert("GIVEN".to_owned(), "1".to_owned());
        let mut after = before.clone();
        after.args.insert("GIVEN".to_owned(), nonce.to_owned());
        after
    }),
    ("a build argument that is not declared", |before, random, nonce| {
        before.insert(random, "RUN echo last");
        let mut after = before.clone();
        after.args.insert("OTHER".to_owned(), nonce.to_owned());
        after
    }),
    ("an ARG without value", |before, random, _| inserted(before, random, "ARG NOTHING")),
    ("a global ARG", |before, _, nonce| {
        before.lines.insert(0, "ARG GLOBAL=1".to_owned());
        before.append("ARG GLOBAL");
        before.append("RUN echo last");
        let mut after = before.clone();
        after.args.insert("GLOBAL".to_owned(), nonce.to_owned());
        after
    }),
    ("a variable in a destination", |before, random, nonce| {
        before.append("ARG PLACE=/one");
        before.append("COPY a $PLACE/");
        before.append("RUN echo last");
        let mut after = before.clone();
        after.args.insert("PLACE".to_owned(), format!("/{nonce}"));
        _ = random;
        after
    }),
    ("a proxy that is not declared", |before, random, nonce| {
        before.insert(random, "RUN echo last");
        let mut after = before.clone();
        after.args.insert("HTTP_PROXY".to_owned(), format!("http://{nonce}.invalid"));
        after
    }),
    ("SOURCE_DATE_EPOCH", |before, _, nonce| {
        before.args.insert("SOURCE_DATE_EPOCH".to_owned(), "1000".to_owned());
        let mut after = before.clone();
        after.args.insert("SOURCE_DATE_EPOCH".to_owned(), "2000".to_owned());
        _ = nonce;
        after
    }),
    ("a LABEL", |before, random, nonce| reword(before, random, &format!("LABEL own={nonce}old"), "old", "new")),
    ("EXPOSE, VOLUME, CMD, STOPSIGNAL, HEALTHCHECK", |before, random, _| {
        let lines = ["EXPOSE 81", "VOLUME /w", "CMD [\"false\"]", "STOPSIGNAL SIGINT", "HEALTHCHECK CMD true"];
        let line = lines[random.below(lines.len())];
        inserted(before, random, line)
    }),
    ("a USER is new", |before, _, _| {
        before.append("RUN echo last");
        let mut after = before.clone();
        let at = after.lines.len() - 1;
        after.lines.insert(at, "USER daemon".to_owned());
        after
    }),
    ("a WORKDIR is new", |before, random, nonce| inserted(before, random, &format!("WORKDIR /{nonce}/new"))),
    ("WORKDIR of the root", |before, _, _| {
        before.append("WORKDIR /");
        before.append("RUN echo last");
        let mut after = before.clone();
        let at = after.lines.len() - 1;
        after.lines.insert(at, "WORKDIR /".to_owned());
        after
    }),
    ("another SHELL", |before, random, _| inserted(before, random, "SHELL [\"/bin/bash\", \"-c\"]")),
    ("two lines swapped", |before, _, nonce| {
        before.append(&format!("RUN echo {nonce} first"));
        before.append("COPY b /last/b");
        let mut after = before.clone();
        let last = after.lines.len() - 1;
        after.lines.swap(last - 1, last);
        after
    }),
    ("a line is gone", |before, _, nonce| {
        before.append(&format!("RUN echo {nonce} first"));
        before.append("COPY b /last/b");
        let mut after = before.clone();
        let at = after.lines.len() - 2;
        after.lines.remove(at);
        after
    }),
    ("a line twice", |before, _, nonce| {
        before.append(&format!("RUN echo {nonce} twice"));
        let mut after = before.clone();
        after.append(&format!("RUN echo {nonce} twice"));
        after
    }),
    ("a line on top", |before, random, nonce| inserted(before, random, &format!("RUN echo {nonce} on top"))),
    ("the destination of COPY", |before, random, _| {
        reword(before, random, "COPY a /dest/old", "/dest/old", ["/dest/new", "/dest/old/"][random_of(before, 2)])
    }),
    ("the spelling of a source", |before, random, _| reword(before, random, "COPY a /dest/a", "COPY a", "COPY ./a")),
    ("letter case of an instruction", |before, random, _| reword(before, random, "COPY a /dest/a", "COPY a", "copy a")),
    ("the order of sources", |before, random, _| reword(before, random, "COPY a b /dest/", "a b", "b a")),
    ("a source of another folder", |before, random, nonce| {
        before.write("p/same", nonce);
        before.write("q/same", nonce);
        reword(before, random, "COPY p/same /dest/", "p/same", "q/same")
    }),
    ("ADD for COPY", |before, random, _| reword(before, random, "COPY a /dest/a", "COPY a /dest", "ADD a /dest")),
    ("--chown", |before, random, _| reword(before, random, "COPY --chown=1:1 a /dest/a", "chown=1:1", "chown=2")),
    ("--chmod spelled otherwise", |before, random, _| {
        reword(before, random, "COPY --chmod=755 a /dest/a", "chmod=755", "chmod=0755")
    }),
    ("--chmod", |before, random, _| reword(before, random, "COPY --chmod=755 a /dest/a", "chmod=755", "chmod=700")),
    ("above a linked copy", |before, _, nonce| {
        before.append(&format!("RUN echo {nonce} above"));
        before.append("COPY --link a /dest/a");
        let mut after = before.clone();
        after.replace("above", "other");
        after
    }),
    ("--exclude", |before, random, nonce| {
        before.insert(random, "COPY --exclude=*.md . /dest/");
        edit(before, ["notes.md", "a"][random.below(2)], nonce)
    }),
    ("--parents", |before, random, nonce| {
        before.insert(random, "COPY --parents src/*/z.py /dest/");
        edit(before, ["src/lib/z.py", "src/main.py", "src/new/z.py"][random.below(3)], nonce)
    }),
    ("the target of a cache mount", |before, random, nonce| {
        reword(
            before,
            random,
            &format!("RUN --mount=type=cache,target=/old echo {nonce}"),
            "target=/old",
            "target=/new",
        )
    }),
    ("the id of a cache mount", |before, random, nonce| {
        let line = format!("RUN --mount=type=cache,id=old,target=/c echo {nonce}");
        reword(before, random, &line, "id=old", "id=new")
    }),
    ("sharing of a cache mount", |before, random, nonce| {
        let line = format!("RUN --mount=type=cache,target=/c echo {nonce} sharing");
        reword(before, random, &line, "target=/c echo", "target=/c,sharing=locked echo")
    }),
    ("the order of mounts", |before, random, nonce| {
        let (one, two) = ("--mount=type=cache,target=/c1", "--mount=type=tmpfs,target=/c2");
        let old = format!("RUN {one} {two} echo {nonce}");
        reword(before, random, &old, &old, &format!("RUN {two} {one} echo {nonce}"))
    }),
    ("the size of a tmpfs", |before, random, nonce| {
        reword(before, random, &format!("RUN --mount=type=tmpfs,target=/t,size=1m echo {nonce}"), "size=1m", "size=2m")
    }),
    ("the target of a secret", |before, random, nonce| {
        let line = format!("RUN --mount=type=secret,id=s echo {nonce} target");
        reword(before, random, &line, "id=s echo", "id=s,target=/s echo")
    }),
    ("a bind mount that may be written", |before, random, nonce| {
        let line = format!("RUN --mount=type=bind,source=d,target=/mnt echo {nonce} rw");
        reword(before, random, &line, "target=/mnt echo", "target=/mnt,rw echo")
    }),
    ("an agent's mount", |before, random, nonce| {
        reword(before, random, &format!("RUN echo {nonce} agent"), "RUN echo", "RUN --mount=type=ssh echo")
    }),
    ("--network", |before, random, nonce| {
        reword(before, random, &format!("RUN echo {nonce} network"), "RUN echo", "RUN --network=none echo")
    }),
    ("--add-host", |before, random, _| {
        before.insert(random, "RUN echo last");
        let mut after = before.clone();
        after.flags = vec!["--add-host".to_owned(), "h:10.0.0.1".to_owned()];
        after
    }),
    ("--shm-size", |before, random, _| {
        before.insert(random, "RUN echo last");
        let mut after = before.clone();
        after.flags = vec!["--shm-size".to_owned(), "128m".to_owned()];
        after
    }),
    ("--no-cache", |before, _, _| {
        let mut after = before.clone();
        after.flags = vec!["--no-cache".to_owned()];
        after
    }),
    ("--no-cache-filter", |before, _, nonce| {
        for line in [
            "FROM debian:trixie-slim AS forced".to_owned(),
            format!("RUN echo {nonce} forced"),
            "FROM forced AS above".to_owned(),
            format!("WORKDIR /{nonce}/above"),
            "COPY a /above".to_owned(),
            "COPY --link a /linked/above".to_owned(),
        ] {
            before.append(&line);
        }
        let mut after = before.clone();
        after.flags = vec!["--no-cache-filter".to_owned(), "forced".to_owned()];
        after
    }),
    ("--target", |before, _, nonce| {
        before.append("FROM debian:trixie-slim AS other");
        before.append(&format!("RUN echo {nonce} other"));
        let mut after = before.clone();
        after.flags = vec!["--target".to_owned(), "other".to_owned()];
        after
    }),
    ("a stage that is not needed", |before, _, nonce| {
        before.lines.insert(0, format!("RUN echo {nonce} unused"));
        before.lines.insert(0, "FROM debian:trixie-slim AS unused".to_owned());
        let mut after = before.clone();
        after.replace("unused", "unneeded");
        after
    }),
    ("the name of a stage", |before, _, _| {
        let mut after = before.clone();
        after.replace("AS b", "AS builder");
        after.replace("from=b", "from=builder");
        after
    }),
    ("the base image", |before, _, _| {
        let mut after = before.clone();
        let last = after.lines.iter().rposition(|line| line.starts_with("FROM")).unwrap();
        "FROM python:3.13-slim".clone_into(&mut after.lines[last]);
        after
    }),
    ("a stage that copies only", |before, random, nonce| {
        before.lines.insert(0, "COPY d /kept".to_owned());
        before.lines.insert(0, "COPY src /work".to_owned());
        before.lines.insert(0, format!("WORKDIR /{nonce}/files"));
        before.lines.insert(0, "FROM debian:trixie-slim AS files".to_owned());
        before.append(["COPY --from=files /kept /dest", "COPY --from=files /work /dest"][random.below(2)]);
        edit(before, "src/main.py", nonce)
    }),
    ("a file of a named context", |before, random, nonce| {
        before.insert(random, "COPY --from=lib . /named");
        edit_lib(before, ["x", "d/y", "d/new"][random.below(3)], &format!("edited {nonce}"))
    }),
    ("a file that a mount of a named context shows", |before, random, nonce| {
        before.insert(random, "RUN --mount=type=bind,from=lib,source=d,target=/mnt ls /mnt");
        edit_lib(before, ["d/y", "x"][random.below(2)], &format!("edited {nonce}"))
    }),
    ("a file that a named context leaves out", |before, random, nonce| {
        before.insert(random, "COPY --from=lib . /named");
        edit_lib(before, "notes.md", &format!("edited {nonce}"))
    }),
    ("the ignore file of a named context", |before, random, _| {
        before.insert(random, "COPY --from=lib . /named");
        edit_lib(before, ".dockerignore", ["**/*.md\nd\n", "# comment\n**/*.md\n"][random.below(2)])
    }),
    ("the Dockerfile's own ignore file and a named context", |before, random, _| {
        before.insert(random, "COPY --from=lib . /named");
        let mut after = before.clone();
        after.write("Dockerfile.dockerignore", "x\nDockerfile.dockerignore\n");
        after
    }),
    ("mode of a file of a named context", |before, random, _| {
        before.insert(random, "COPY --from=lib d /named");
        let mut after = before.clone();
        if let Some(CaseFile::File { mode, .. }) = after.lib.get_mut("d/y") {
            *mode = 0o600;
        }
        after
    }),
    ("a stage on a named context", |before, random, nonce| {
        for line in [format!("FROM lib AS on\nWORKDIR /{nonce}"), "COPY a /made/a".to_owned()] {
            before.append(&line);
        }
        before.append(&format!("FROM debian:trixie-slim\nWORKDIR /{nonce}/last"));
        before.append(["COPY --from=on /d /named", "COPY --from=on /made /named"][random.below(2)]);
        match random.below(3) {
            0 => before.clone(),
            1 => edit(before, "a", nonce),
            _ => edit_lib(before, ["d/y", "x"][random.below(2)], &format!("edited {nonce}")),
        }
    }),
    ("a stage that a named context replaces", |before, random, nonce| {
        before.lines.insert(0, format!("FROM debian:trixie-slim AS lib\nRUN echo {nonce} replaced"));
        before.append("COPY --from=lib /d /named");
        edit_lib(before, ["d/y", "x"][random.below(2)], &format!("edited {nonce}"))
    }),
    ("back to an earlier state", |before, _, nonce| edit(before, "src/main.py", nonce)),
];

/// A number below `limit` that the state gives.
fn random_of(state: &State, limit: usize) -> usize {
    state.lines.len() % limit
}

impl State {
    /// Adds a line to the end of both states.
    fn with_end(mut self, line: &str, before: &mut Self) -> Self {
        before.append(line);
        self.append(line);
        self
    }
}
