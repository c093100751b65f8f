//! Dockerfiles: much of everything, deep everything, and what is no text.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;

use crate::dockopt::panic_message;

use super::{crowd, folder_with, is_full, run};

/// A way to make a Dockerfile of `n` of something.
type Case = (&'static str, fn(usize) -> Vec<u8>);

#[track_caller]
fn check(cases: &[Case]) {
    let n = crowd();
    let check_case = |(name, make): &Case| {
        let folder = folder_with("Dockerfile", make(n));
        // The name stands in the message of a failure.
        let folder = rename(folder, name);
        run(folder.path().join(name).as_path(), &["lint"]);
        run(folder.path().join(name).as_path(), &["fix", "--diff", "--unsafe"]);
        if is_full() {
            run(folder.path().join(name).as_path(), &["lint", "--format", "json", "--select", "all"]);
            run(folder.path().join(name).as_path(), &["audit", "."]);
        }
    };
    // What a thread of a pool says when it fails is lost: this one says it.
    let failed = |case| catch_unwind(AssertUnwindSafe(|| check_case(case))).err().map(|panic| panic_message(&*panic));
    let broken: Vec<String> = cases.par_iter().filter_map(failed).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn rename(folder: tempfile::TempDir, name: &str) -> tempfile::TempDir {
    std::fs::create_dir(folder.path().join(name)).unwrap();
    std::fs::rename(folder.path().join("Dockerfile"), folder.path().join(name).join("Dockerfile")).unwrap();
    folder
}

/// `head`, then `part` with `#` replaced by 1, 2, …
fn each(head: &str, n: usize, part: &str) -> Vec<u8> {
    let mut out = head.to_owned();
    for number in 1..=n {
        out.push_str(&part.replace("#-", &(number - 1).to_string()).replace('#', &number.to_string()));
    }
    out.into()
}

/// `head`, `part` n times, `tail`.
fn times(head: &str, part: &str, n: usize, tail: &str) -> Vec<u8> {
    format!("{head}{}{tail}", part.repeat(n)).into()
}

#[test]
fn lines_of_megabytes_end() {
    check(&[
        ("word", |n| times("FROM a\nRUN ", "x", n * 100, "\n")),
        ("words", |n| times("FROM a\nRUN ", "x ", n * 50, "\n")),
        ("keyword", |n| times("", "FOO", n * 30, "")),
        ("and", |n| times("FROM debian\nRUN true", " && echo xxxxxxxxxxxxxxxxxxxxxxxx", n, "\n")),
        ("installs", |n| times("FROM debian\nRUN ", "apt-get update; apt-get install -y curl; ", n, "\n")),
        ("continued", |n| times("FROM debian\nRUN x", " && \\\n  apt-get update && apt-get install -y a", n, "\n")),
        ("labels", |n| times("FROM a\nLABEL ", "a=b ", n * 10, "\n")),
        ("sources", |n| times("FROM a\nCOPY ", "\"a b\" c ", n, " /\n")),
        ("packages", |n| times("FROM python:3.13-slim\nRUN pip install ", "requests==2 ", n, "\n")),
        ("directive", |n| times("# ", "syntax", n * 10, "=x\nFROM a\n")),
        ("flag", |n| times("FROM a\nCOPY --", "from", n * 10, "=x a b\n")),
        ("stage", |n| times("FROM a AS ", "s", n * 10, "\nCOPY --from=t a b\n")),
        ("secrets", |n| each("FROM a\nENV", n, " SECRET_KEY#=hunter#-long")),
        ("reference", |n| times("FROM ", "a/", n * 10, "b:c\n")),
    ]);
}

#[test]
fn crowds_of_instructions_end() {
    check(&[
        ("froms", |n| times("", "FROM python:3.13\n", n, "")),
        ("apt", |n| times("FROM debian:12\n", "RUN apt-get update && apt-get install -y curl\n", n, "")),
        ("users", |n| times("FROM a\n", "USER root\nHEALTHCHECK CMD curl x\nCMD a\nENTRYPOINT b\n", n, "")),
        ("workdirs", |n| times("FROM a\n", "WORKDIR a\nCOPY a b\n", n, "")),
        ("shells", |n| times("FROM a\n", "SHELL [\"/bin/bash\", \"-c\"]\nRUN a\n", n, "")),
        ("copies", |n| times("FROM a\n", "COPY . .\nRUN pip install -r requirements.txt\n", n, "")),
        ("onbuild", |n| times("FROM a\n", "ONBUILD ", n, "RUN x\n")),
        ("unknown", |n| times("FROM a\n", "FOO bar\n", n, "")),
        ("comments", |n| times("", "# syntax=x\n# check=skip=all\n", n, "FROM a\n")),
        ("skips", |n| times("FROM a\n", "# check=skip=all\nRUN a\n", n, "")),
        ("empty", |n| times("FROM a\n", "RUN\nCOPY\nENV\n", n, "")),
        ("health", |n| times("FROM a\nHEALTHCHECK CMD ", "curl a && ", n, "true\nRUN apt-get install wget\n")),
        ("installed", |n| {
            times("FROM python:3.13-slim\n", "RUN apt-get install -y wget\n", n, "HEALTHCHECK CMD curl a\n")
        }),
        ("tokens", |n| each("FROM a\n", n, "ENV SECRET_KEY#=hunter#-long\nRUN curl https://u:hunter#@h\n")),
    ]);
}

#[test]
fn crowds_of_stages_end() {
    check(&[
        ("chain", |n| each("FROM a AS s0\n", n, "FROM s#- AS s#\n")),
        ("busy", |n| {
            each("FROM python AS s0\n", n, "FROM s#- AS s#\nRUN a\nCOPY a b\nHEALTHCHECK CMD curl a\nCMD x\n")
        }),
        ("forward", |n| each("FROM a AS s0\nCOPY --from=s1 a b\n", n, "FROM b AS s#\nCOPY --from=s1#- /a /b\n")),
        ("circle", |n| each("FROM a AS s0\n", n, "FROM b AS s#\nCOPY --from=s1 /a /b\nCOPY --from=s#- /c /d\n")),
        ("misspelt", |n| each("FROM a AS s0\n", n, "FROM b AS stage#\nCOPY --from=stag# /a /b\n")),
        ("twins", |n| times("", "FROM a AS twin\nCOPY --from=twin a b\n", n, "")),
        ("mounts", |n| each("FROM a AS s0\n", n, "FROM b AS s#\nRUN --mount=from=s#-,target=/x ls\n")),
        ("flags", |n| each("FROM a\nRUN", n, " --mount=type=cache,target=/a#")),
        ("excludes", |n| times("FROM a\nCOPY ", "--exclude=a ", n, "a b\n")),
        ("options", |n| times("FROM a\nRUN --mount=type=bind", ",target=/a", n, " ls\n")),
    ]);
}

#[test]
fn variables_that_grow_and_nest_end() {
    check(&[
        ("doubling", |n| times("FROM a\nENV A=xxxxxxxx\n", "ENV A=$A$A\n", n, "")),
        ("chained", |n| each("FROM a\nENV A0=xxxxxxxx\n", n, "ENV A#=$A#-$A#-\n")),
        ("global", |n| each("ARG A0=xxxxxxxx\n", n, "ARG A#=$A#-$A#-\n")),
        ("nested", |n| times("FROM a\nENV A=", "${a:-", n, &format!("{}\n", "}".repeat(n)))),
        ("open", |n| times("FROM ", "${a:-", n, "\n")),
        ("uses", |n| times("FROM a\nENV x=", "$A${B:-c}", n, "\nRUN echo $A\n")),
        ("globs", |n| times("FROM a\nARG A=", "a", n, &"\nENV B=${A//a*a*a*a*b/x}\nENV C=${A%%*a*a*b}".repeat(20))),
        ("replaced", |n| times("FROM a\nARG A=", "a", n, &"\nENV D=${A//a/bbbbbbbbbbbbbbbbbb}".repeat(200))),
        ("bases", |n| each("", n, "ARG B#=python:3.1#\nFROM ${B#} AS s#\n")),
    ]);
}

#[test]
fn shells_and_json_of_any_depth_end() {
    check(&[
        ("json", |n| times("FROM a\nCMD ", "[", n, "\n")),
        ("arrays", |n| times("FROM a\nCMD ", "[\"a\",", n, "\n")),
        ("objects", |n| times("FROM a\nSHELL ", "{\"a\":", n, "\n")),
        ("substituted", |n| times("FROM a\nRUN echo ", "$(", n, "\n")),
        ("backquoted", |n| times("FROM a\nRUN echo ", "`\\", n, "\n")),
        ("expanded", |n| times("FROM a\nRUN echo ", "${a:-", n, "\n")),
        ("grouped", |n| times("FROM a\nRUN ", "{ (", n, "\n")),
        ("conditions", |n| times("FROM a\nRUN ", "if ", n, "\n")),
        ("loops", |n| times("FROM a\nRUN ", "for i in a; do while x; do ", n, "\n")),
        ("cases", |n| times("FROM a\nRUN ", "case x in a) ", n, "\n")),
        ("functions", |n| times("FROM a\nRUN ", "f() { ", n, "\n")),
        ("pipes", |n| times("FROM a\nRUN ", "! a | b || < c ", n, "\n")),
        ("quotes", |n| times("FROM a\nRUN ", "'\"", n, "\nENV a=\"'\"'\"\n")),
        ("wrapped", |n| times("FROM a\nRUN ", "env x=1 timeout 5 xargs nice exec ", n, "ls\n")),
        ("shells", |n| times("FROM a\nRUN ", "sh -c 'bash -c \"", n, "\n")),
        ("arithmetic", |n| times("FROM a\nRUN ", "$((((", n, "\n")),
    ]);
}

#[test]
fn heredocs_in_any_number_end() {
    check(&[
        ("own", |n| each("FROM a\n", n, "RUN <<E#\necho\nE#\n")),
        ("together", |n| {
            let mut text = each("FROM a\nRUN", n, " <<E#");
            text.extend(each("\n", n, "E#\n"));
            text
        }),
        ("unended", |n| {
            let mut text = each("FROM a\nRUN", n, " <<E#");
            text.extend(times("\n", "x\n", n, ""));
            text
        }),
        ("copied", |n| each("FROM a\n", n, "COPY <<-\"E#\" <<F /x/\n\ta\n\tE#\nF\n")),
        ("inner", |n| times("FROM a\nRUN <<E\n", "cat <<F\nx\nF\n", n, "E\n")),
        ("lost", |n| times("FROM a\n", "RUN echo \"<<E\" 'a\n", n, "")),
    ]);
}

#[test]
fn bytes_that_are_not_text_end() {
    check(&[
        ("none", |_| Vec::new()),
        ("invalid", |n| b"FROM a\nRUN \xff\xc0\x80 \xed\xa0\x80\n".repeat(n)),
        ("only", |n| b"\xf0\x9f".repeat(n * 10)),
        ("utf16", |n| b"\xff\xfeF\0R\0".repeat(n)),
        ("nul", |n| [&b"FROM a\n"[..], &b"RUN a\0b\n".repeat(n)].concat()),
        ("late", |n| [&b"FROM a\nRUN a\n".repeat(n)[..], b"RUN a\0b\n"].concat()),
        ("cr", |n| b"FROM a\rRUN b\r".repeat(n)),
        ("crlf", |n| b"FROM a\r\nRUN b \\\r\n c\r\n".repeat(n)),
        ("boms", |n| [&b"\xef\xbb\xbf".repeat(n)[..], b"FROM a\n"].concat()),
        ("blank", |n| b" \t\n\x0b\x0c\xc2\x85\xe2\x80\xa8".repeat(n)),
        ("escapes", |n| [&b"# escape=`\nFROM a\nRUN x"[..], &b" `\n# c\n\n".repeat(n)].concat()),
        ("controls", |n| [&b"FROM a\nRUN apt-get update "[..], &b"\x1b[2J\x07\xe2\x80\xae".repeat(n)].concat()),
    ]);
}
