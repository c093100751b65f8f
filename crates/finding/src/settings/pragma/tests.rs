use super::*;
use crate::finding::SuppressionReach;
use crate::text::Source;

fn known() -> RuleNames {
    let mut known = RuleNames::default();
    known.add_rule("apt-lists-kept", &["DL3009"]);
    known.add_rule("floating-base", &["DL3006", "DL3007"]);
    known.add_rule("packages-unsorted", &["tally/sort-packages"]);
    known.add_rule("secret-in-arg-or-env", &["SecretsUsedInArgOrEnv", "DL3064"]);
    known.add_word("size", vec!["apt-lists-kept"]);
    known
}

/// Each suppression as `lines: rules`, then the problems.
#[track_caller]
fn check(text: &str, expected: &[&str]) -> Pragmas {
    let source = Source::of("Dockerfile", text);
    let pragmas = pragmas(FileId(0), &crate::dockerfile::parse(&source), &known());
    let mut texts = Vec::new();
    for suppression in &pragmas.suppressions {
        let reach = match suppression.reach {
            SuppressionReach::Lines(_, first, last) if first == last => first.to_string(),
            SuppressionReach::Lines(_, first, u32::MAX) => format!("{first}-"),
            SuppressionReach::Lines(_, first, last) => format!("{first}-{last}"),
            SuppressionReach::File(_) => "file".to_owned(),
            SuppressionReach::Everything => "all".to_owned(),
        };
        let names: Vec<String> = suppression
            .named
            .iter()
            .map(|named| {
                assert_eq!(source.slice(named.span), named.text);
                format!("{}={}", named.text, named.rules.join("+"))
            })
            .collect();
        let until = suppression.until.map(|until| format!(" until {until}")).unwrap_or_default();
        let reason = if suppression.reasoned { " reasoned" } else { "" };
        texts.push(format!("{reach}: {}{until}{reason}", names.join(" ")));
    }
    texts.extend(pragmas.problems.iter().map(|problem| format!("{}: {}", source.slice(problem.span), problem.message)));
    assert_eq!(texts, expected, "{text:?}");
    pragmas
}

#[test]
fn tallys_comments_are_read_as_by_tally() {
    check("# tally ignore=hadolint/DL3006\nFROM a\n", &["2: hadolint/DL3006=floating-base"]);
    check(
        "# tally ignore=DL3006, tally/sort-packages\n\n# b\nFROM a\n",
        &["4: DL3006=floating-base tally/sort-packages=packages-unsorted"],
    );
    check("#TALLY Ignore = sort-packages;reason=why not\nFROM a\n", &["2: sort-packages=packages-unsorted reasoned"]);
    check(
        "FROM a\n# tally global ignore=buildkit/SecretsUsedInArgOrEnv\n",
        &["file: buildkit/SecretsUsedInArgOrEnv=secret-in-arg-or-env"],
    );
    check("# tally ignore=tally/max-lines\nFROM a\n", &["2: tally/max-lines="]);
    check("# tally ignore=DL3006 why\nFROM a\n", &[]);
    check("# tally ignore=DL3006 # why\nFROM a\n", &[]);
    check("# tally ignore=DL3006,\nFROM a\n", &[]);
    check("# a note: tally ignore=DL3006\nFROM a\n", &[]);
    check("# tally\nFROM a\n", &[]);
}

#[test]
fn names_of_tally_stand_in_own_comments() {
    check(
        "# dockopt ignore=tally/sort-packages,hadolint/DL3006\nFROM a\n",
        &["2: tally/sort-packages=packages-unsorted hadolint/DL3006=floating-base"],
    );
    check("# dockopt ignore=tally/max-lines\nFROM a\n", &["2: tally/max-lines="]);
}

#[test]
fn hadolints_comments_are_read_as_by_hadolint() {
    check("# hadolint ignore=DL3006\nFROM a\n", &["2: DL3006=floating-base"]);
    check("  #hadolint\tignore = DL3006 , SC2046 # why\r\nFROM a\r\n", &["2: DL3006=floating-base SC2046= reasoned"]);
    check("# hadolint ignore=DL3006 why\nFROM a\n", &[]);
    check("# hadolint ignore=DL3006,\nFROM a\n", &[]);
    check("# hadolint ignore=\nFROM a\n", &[]);
    check("# HADOLINT ignore=DL3006\nFROM a\n", &[]);
    check("# hadolint ignore=dl3006\nFROM a\n", &[]);
    check("# hadolint ignore=all\nFROM a\n", &[]);
    check("# hadolint ignore=DL3006\n\nFROM a\n", &["2: DL3006=floating-base"]);
    check("FROM a\n# hadolint global ignore=DL3006\n", &["file: DL3006=floating-base"]);
    check("FROM a\nRUN a \\\n  # hadolint ignore=DL3009\n  b\n", &[]);
    check("# hadolint stage ignore=DL3009\nFROM a\nRUN b\nFROM c\n", &["3-4: DL3009=apt-lists-kept"]);
    check("FROM a\n# hadolint stage ignore=DL3009\nRUN a\nRUN b\n", &["4-: DL3009=apt-lists-kept"]);
}

#[test]
fn own_comments_hold_for_the_instruction_below() {
    check("# dockopt ignore=DL3006,size\n# more\nFROM a\n", &["3: DL3006=floating-base size=apt-lists-kept"]);
    check(
        "FROM a\n# dockopt ignore=apt-lists-kept until=2027-01-31 reason: mirror, see docs\nRUN b\n",
        &["3: apt-lists-kept=apt-lists-kept until 2027-01-31 reasoned"],
    );
    check("FROM a\n# dockopt ignore=DL9999\n\nRUN b\n", &["0: DL9999="]);
    check("# dockopt ignore-file=floating-base reason:\nFROM a\n", &["all: floating-base=floating-base"]);
    check("# dockopt: ignore=apt-lists-kept\nFROM a\n", &["2: apt-lists-kept=apt-lists-kept"]);
    check("# dockopt is great = good\nFROM a\n", &[]);
    check("# dockopt: see https://example.com/?a=b\nFROM a\n", &[]);
    check("# dockoptignore=a\nFROM a\n", &[]);
}

#[test]
fn own_comments_that_hide_nothing_are_reported() {
    check("# dockopt ignroe=DL3006\nFROM a\n", &["ignroe: unknown comment `dockopt ignroe=`"]);
    check("# dockopt ignore=apt-list\nFROM a\n", &["apt-list: unknown rule, category or group `apt-list`"]);
    check("# dockopt ignore=\nFROM a\n", &["# dockopt ignore=: the comment does not name a rule"]);
    for bare in ["# dockopt ignore", "# dockopt ignore DL3006 until=2027-01-01", "# dockopt: ignore-file DL3006"] {
        check(&format!("{bare}\nFROM a\n"), &[&format!("{bare}: the comment does not name a rule")]);
    }
    check("# dockopt ignore=DL3006 until=soon\nFROM a\n", &["until=soon: `soon` is not a date"]);
    check("# dockopt ignore=DL3006 because\nFROM a\n", &["2: DL3006=floating-base", "because: unexpected `because`"]);
    check(
        "FROM a\n# dockopt ignore-file=DL3006\n",
        &["# dockopt ignore-file=DL3006: `ignore-file` must come before the first instruction"],
    );
    let inner = "FROM a\nRUN b \\\n # dockopt ignore=DL3006\n c\n";
    check(inner, &["# dockopt ignore=DL3006: a comment inside an instruction cannot hide findings"]);
}

#[test]
fn the_builders_comments_are_read_as_by_the_builder() {
    let secrets = "SecretsUsedInArgOrEnv=secret-in-arg-or-env reasoned";
    let all = "all=secret-in-arg-or-env reasoned";
    check("# check=skip=SecretsUsedInArgOrEnv;error=true\nFROM a\n", &[&format!("file: {secrets}")]);
    check("# check=skip=all\nFROM a\n", &[&format!("file: {all}")]);
    check("FROM a\n# why\n# check=skip=SecretsUsedInArgOrEnv for now\nENV B=c\n", &[&format!("4: {secrets}")]);
    check("# check=skip=DL3006\nFROM a\n", &["file: DL3006= reasoned"]);
    check("# check=error=true\nFROM a\n", &[]);
}

#[test]
fn removals_keep_the_other_entries() {
    let removed = |text: &str| {
        let source = Source::of("Dockerfile", text);
        let result = pragmas(FileId(0), &crate::dockerfile::parse(&source), &known());
        let mut out = text.to_owned();
        out.replace_range(result.suppressions[0].removal.range(), "");
        out
    };
    assert_eq!(removed("# check=skip=all\nFROM a\n"), "FROM a\n");
    assert_eq!(removed("# check=skip=all;error=true\nFROM a\n"), "# check=error=true\nFROM a\n");
    assert_eq!(removed("# check=error=true;skip=A,B\nFROM a\n"), "# check=error=true\nFROM a\n");
    assert_eq!(removed("FROM a\n# check=skip=A x\nRUN b\n"), "FROM a\nRUN b\n");
    assert_eq!(removed("FROM a\n  # hadolint ignore=DL3006\r\nRUN b\n"), "FROM a\nRUN b\n");
}
