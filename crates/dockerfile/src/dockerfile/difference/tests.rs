use super::*;
use crate::text::Source;

fn parse(text: &str) -> File {
    crate::dockerfile::parse(&Source::of("Dockerfile", text))
}

#[track_caller]
fn check(before: &str, after: &str, expected: &[&str]) {
    let words: Vec<String> =
        parse(before).differences(&parse(after)).iter().map(|difference| difference.kind.word()).collect();
    assert_eq!(words, expected, "{before}\n->\n{after}");
}

#[test]
fn layout_is_not_a_difference() {
    check("FROM a\nRUN b && \\\n  c\n", "FROM   a\r\n\r\n  RUN b && \\\r\n  c", &[]);
    check("FROM a\nCOPY b c\n", "FROM a\nCOPY  b \\\n c\n", &[]);
}

#[test]
fn instructions_change_come_and_go() {
    check("FROM a\nRUN b\nRUN c\n", "FROM a\nRUN B\nRUN C\n", &["run", "run"]);
    check("FROM a\nRUN b\nRUN c\n", "FROM a\nRUN b && c\n", &["run", "-run"]);
    check("FROM a\nRUN b\nCMD c\n", "FROM a\nRUN b\nUSER u\nCMD c\n", &["+user"]);
    check("FROM a\nCMD b\nCMD c\n", "FROM a\nCMD c\n", &["-cmd"]);
    check("FROM a\nMAINTAINER b\nRUN c\n", "FROM a\nLABEL maintainer=b\nRUN c\n", &["-maintainer", "+label"]);
    check("FROM a\nUSER u\nRUN b\n", "FROM a\nRUN b\nUSER u\n", &["-user", "+user"]);
    check("FROM a\nADD x y\n", "FROM a\nCOPY --link x y\n", &["-add", "+copy"]);
    check("FROM a\nCOPPY x y\n", "FROM a\nCOPY x y\n", &["-unknown", "+copy"]);
}

#[test]
fn a_removed_instruction_keeps_the_other_pairs() {
    let before = "FROM a\nCOPY x y\nRUN chmod +x y\n# install\nRUN apt-get install z\n";
    let after = "FROM a\nCOPY --chmod=755 x y\n# install\nRUN apt-get install --yes z\n";
    check(before, after, &["copy", "-run", "run"]);
    check(after, before, &["copy", "+run", "run"]);
    check("FROM a\nRUN b c\nRUN d e\n", "FROM a\nRUN b --x c\nRUN y\nRUN d --x e\n", &["run", "+run", "run"]);
}

#[test]
fn the_parts_are_reported() {
    let parts = |before: &str, after: &str| {
        let differences = parse(before).differences(&parse(after));
        assert_eq!(differences.len(), 1, "{differences:?}");
        (differences[0].kind.word(), differences[0].parts.clone())
    };
    assert_eq!(parts("FROM a\nCMD b", "FROM a\nCMD [\"b\"]"), ("cmd".into(), vec!["form"]));
    assert_eq!(parts("FROM a\nCOPY b c", "FROM a\nCOPY --link b c"), ("copy".into(), vec!["flags"]));
    assert_eq!(parts("FROM a\nrun b", "FROM a\nRUN b"), ("keyword".into(), vec!["keyword"]));
    assert_eq!(parts("FROM a\nRUN <<E\nb\nE", "FROM a\nRUN <<E\nc\nE"), ("run".into(), vec!["heredocs"]));
    assert_eq!(parts("FROM a\nONBUILD RUN b", "FROM a\nONBUILD RUN c"), ("run".into(), vec!["arguments"]));
    assert_eq!(parts("FROM a\nONBUILD RUN b", "FROM a\nONBUILD CMD b"), ("onbuild".into(), vec!["keyword"]));
}

#[test]
fn comments_and_directives_are_looked_at() {
    check("FROM a\n# x\nRUN b\n", "FROM a\nRUN b\n", &["comment"]);
    check("FROM a\nRUN b \\\n# x\n c\n", "FROM a\nRUN b \\\n c\n", &["comment"]);
    check("FROM a\n# x\nRUN b\n", "FROM a\n# x\nUSER u\nRUN b\n", &["+user", "comment"]);
    check("FROM a\n# x\nRUN b\n", "FROM a\nUSER u\n# x\nRUN b\n", &["+user"]);
    check("FROM a\n# x\n\nRUN b\n", "FROM a\n# x\n\nUSER u\nRUN b\n", &["+user"]);
    check("FROM a\n# x\n\nARG b\n", "FROM a\n# x\n\nUSER u\nARG b\n", &["+user", "comment"]);
    check("FROM a\n# x\n\nRUN b\nARG c\n", "FROM a\n# x\n\nARG c\n", &["-run"]);
    check("FROM a\n# x\nCMD b\n# y\nCMD c\n", "FROM a\n# x\n# y\nCMD c\n", &["-cmd"]);
    check("FROM a\n", "# syntax=docker/dockerfile:1\nFROM a\n", &["directive"]);
    check("# escape=`\nFROM a\n", "FROM a\n", &["directive"]);
}

#[test]
fn words_of_the_outer_instruction_count_for_its_trigger() {
    let kind = DifferenceKind::Triggered(Keyword::Run);
    assert!(kind.is_announced_by("run") && kind.is_announced_by("onbuild") && !kind.is_announced_by("+run"));
    assert!(DifferenceKind::Spelled(Keyword::From).is_announced_by("from"));
}

#[track_caller]
fn check_worse(before: &str, after: &str, expected: Option<&str>) {
    let worse = parse(before).worse(&parse(after));
    assert_eq!(worse.is_some(), expected.is_some(), "{worse:?}");
    assert!(worse.unwrap_or_default().contains(expected.unwrap_or_default()));
}

#[test]
fn a_new_error_is_worse_and_an_uncovered_one_is_not() {
    check_worse("FROM a\nCOPY b c\n", "FROM a\nCOPY b c\nUSER u\n", None);
    check_worse("FROM a\nCOPY b c\n", "FROM a\nCOPY b\n", Some("at least two arguments"));
    check_worse("FROM a\nCOPY b\n", "FROM a\nRUN x\nCOPY b\n", None);
    check_worse("FROM a\nCOPY b\n", "FROM a\nCOPY b\nCOPY b\n", Some("at least two arguments"));
    check_worse("FROM a\n", "FROM a\nCOPY --from=${x:} b c\n", Some(""));
    check_worse("FROM a AS B.{\n", "FROM a AS b.{\n", None);
    // The stages are only put together when every instruction is right.
    check_worse("FROM a\nCOPPY x y\nFROM $x\n", "FROM a\nCOPY x y\nFROM $x\n", None);
    check_worse("FROM a\n", "FROM a\nFROM $x\n", Some("base name"));
}

#[test]
fn a_long_list_of_changes_takes_no_long_time() {
    let many = |word: &str| format!("FROM a\n{}", format!("RUN {word}\n").repeat(20_000));
    assert_eq!(parse(&many("a")).differences(&parse(&many("b"))).len(), 20_000);
    let fewer = format!("FROM a\n{}", "RUN b\n".repeat(10_000));
    assert_eq!(parse(&many("a")).differences(&parse(&fewer)).len(), 20_000);
}

#[test]
fn one_that_moves_past_others_that_change_is_what_comes_and_goes() {
    let before = "FROM a\nCOPY --from=b /x /y\nONBUILD RUN apt-get install -y git\nRUN pip install -r r.txt\n";
    let after = "FROM a\nONBUILD RUN apt-get install --no-install-recommends -y git\n\
        RUN --mount=type=cache,target=/c pip install -r r.txt\nCOPY --from=b /x /y\n";
    let words: Vec<String> =
        parse(before).differences(&parse(after)).iter().map(|difference| difference.kind.word()).collect();
    assert_eq!(words, ["-copy", "run", "run", "+copy"]);
}
