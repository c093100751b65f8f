use crate::dockerfile::{ProblemKind, parse};
use crate::text::Source;

/// The problems as `kind: text under the span`.
fn check(text: &str, expected: &[&str]) {
    let source = Source::of("Dockerfile", text);
    let file = parse(&source);
    let mut texts = Vec::new();
    for problem in file.problems() {
        assert!(
            problem.kind != ProblemKind::Error || expected.iter().any(|line| line.starts_with("error")),
            "{problem:?}"
        );
        texts.push(format!("{}: {}", problem.kind.as_str(), source.slice(problem.span)));
    }
    assert_eq!(texts, expected, "{text:?}");
}

#[test]
fn heredocs() {
    check("FROM a\nRUN cat <<EOF>/x\nb\n", &["heredoc-name: <<EOF>/x"]);
    check("FROM a\nRUN echo $((1 << 2))\nCMD x\n", &["heredoc-shift: << 2))"]);
    check("FROM a\nRUN cat <<EOF # don't\nRUN b\nEOF\n", &["heredoc-lost: <<EOF", "error: EOF"]);
    check("FROM a\nRUN echo \"${x^^}\" >> f && cat <<< \"${y^^}\"\n", &[]);
    check("FROM a\nRUN cat <<EOF ${x^^}\n", &[]);
}

#[test]
fn exec_forms() {
    check("FROM a\nCMD ['b', 'c']\n", &["exec-form: ['b', 'c']"]);
    check("FROM a\nENTRYPOINT [\"b\",]\n", &["exec-form: [\"b\",]"]);
    check("FROM a\nCMD [\"b\"] # c\n", &["exec-form: [\"b\"] # c"]);
    check("FROM a\nCMD [nginx, -g]\n", &["exec-form: [nginx, -g]"]);
    check("FROM a\nHEALTHCHECK CMD [ \"b\", 'c' ]\n", &["exec-form: [ \"b\", 'c' ]"]);
    check("FROM a\nCOPY [\"b\" \"c\"]\n", &["exec-form: [\"b\" \"c\"]"]);
    check(
        "FROM a\nRUN [ -f x ] && y\nRUN [[ -f x ]]\nRUN [ \"$a\" = \"b\" ]\nRUN [ \"$a\" ] || c\nCOPY [a-z]*.x /\n",
        &[],
    );
}

#[test]
fn words() {
    check("FROM a\nCOPY \"b c\" d\n", &["split-word: \"b c\""]);
    check("FROM a\nCOPY b\\ c d\n", &["split-word: b\\"]);
    check("FROM a\nCOPY \"b\" 'c' /d\n", &[]);
    check("FROM a\nCOPY --chown=é b c\n", &["flag-beyond-ascii: --chown=é"]);
    check("FROM a\nRUN -- --foo b\n", &["bare-dashes: --"]);
}

#[test]
fn continuations() {
    check("FROM a\nRUN b \\\n# c\nCMD d\n", &["continuation-swallows: CMD"]);
    check("FROM a\nRUN b \\\n\nCMD d\n", &["continuation-swallows: CMD"]);
    check("FROM a\nWORKDIR C:\\app\\\nRUN b\n", &["windows-path: \\"]);
    check("FROM a\nRUN b \\\u{a0}\nRUN c\n", &["continuation-blank: \\\u{a0}"]);
    check("FROM a\nRUN echo \"b \\\nFROM c\" \\\n  && d\nRUN e \\\n  COPY f\nRUN g \\\nRUNNER=x h\n", &[]);
    check("FROM a\nRUN echo 'SELECT *\\n\\\nFROM t' > q\n", &[]);
}

#[test]
fn directives() {
    check(" # syntax=a/b\n # escape=`\nFROM a\n", &["directive-indented: # syntax=a/b"]);
    check("# sytax=docker/dockerfile:1\nFROM a\n", &["directive-misspelt: # sytax=docker/dockerfile:1"]);
    check(
        "# about\n# syntax=docker/dockerfile:1\n# escape=`\nFROM a\n",
        &["directive-late: # syntax=docker/dockerfile:1", "directive-late: # escape=`"],
    );
    check("# check=skip=A, B\nFROM a\n", &["check-cut:  B"]);
    check(
        "# check=skip=A;error=true\nFROM a\n# check=skip=A reason, more\nRUN b\n# checks=all\n# syntax = see docs\nRUN c\n",
        &[],
    );
    check("#!/usr/bin/env x\n# syntax=docker/dockerfile:1\nFROM a\n", &[]);
}
