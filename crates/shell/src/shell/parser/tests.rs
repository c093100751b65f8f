use std::fmt::Write as _;

use super::*;
use crate::shell::script::{Command, CommandPlace, SeparatorKind};
use crate::shell::{RedirectOperator, parse};

/// One line per command: place, then `name=value` and words between `|` bars, then redirects. Dynamic words carry
/// `~`, patterns `*`.
fn check(script: &str, expected: &str) {
    let parsed = parse(script);
    let mut got = String::new();
    for command in &parsed.commands {
        writeln!(got, "{}{}", place(&parsed, &command.place), words(script, command)).unwrap();
    }
    for problem in &parsed.problems {
        writeln!(got, "! {:?} {:?}", problem.kind, &script[problem.span.range()]).unwrap();
    }
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(got.trim_end(), expected.join("\n"), "{script}");
}

fn place(script: &Script, place: &CommandPlace) -> String {
    let sign = |kind| match kind {
        SeparatorKind::And => "&&",
        SeparatorKind::Or => "||",
        SeparatorKind::Semicolon => ";",
        SeparatorKind::Newline => "/",
        SeparatorKind::Background => "&",
        SeparatorKind::Pipe => "|",
    };
    let mut out = String::new();
    for scope in script.enclosing(place) {
        if scope.kind != ScopeKind::Top {
            out.push_str(&format!("{:?} ", scope.kind).to_lowercase());
        }
    }
    if place.pipe_len > 1 {
        write!(out, "{}/{} ", place.pipe_index + 1, place.pipe_len).unwrap();
    }
    if place.negated {
        out += "not ";
    }
    if place.options.errexit {
        out += "-e ";
    }
    if place.options.pipefail {
        out += "-p ";
    }
    let before = place.before.map_or("^", |separator| sign(separator.kind));
    let after = place.after.map_or("$", |separator| sign(separator.kind));
    format!("{out}{before}{after} ")
}

fn words(source: &str, command: &Command) -> String {
    let show = |word: &crate::shell::Word| {
        let mark = if word.is_dynamic() { "~" } else { "" };
        let pattern = if word.is_pattern() { "*" } else { "" };
        if let Some(span) = word.verbatim() {
            assert_eq!(&source[span.range()], word.text());
        }
        format!("{mark}{pattern}{}", word.text())
    };
    let mut parts: Vec<String> = Vec::new();
    for assignment in &command.assignments {
        parts.push(format!("{}={}", &source[assignment.name.range()], show(&assignment.value)));
    }
    parts.extend(command.words.iter().map(show));
    for redirect in &command.redirects {
        let target = redirect.target.as_ref().map(show).unwrap_or_default();
        let operator = match redirect.operator {
            RedirectOperator::Write => ">",
            RedirectOperator::Append => ">>",
            RedirectOperator::Read => "<",
            RedirectOperator::DuplicateWrite => ">&",
            RedirectOperator::Heredoc | RedirectOperator::HeredocTabs => "<<",
            RedirectOperator::WriteBoth => "&>",
            RedirectOperator::HereString => "<<<",
            _ => "?>",
        };
        let descriptor = redirect.descriptor.map(|descriptor| descriptor.to_string()).unwrap_or_default();
        let body = redirect.body.map(|body| format!("{:?}", &source[body.range()])).unwrap_or_default();
        parts.push(format!("{descriptor}{operator}{target}{body}"));
    }
    parts.join("|")
}

#[test]
fn lists() {
    check(
        "apt-get update && apt-get install -y curl; rm -rf /x || true &",
        "
        ^&& apt-get|update
        &&; apt-get|install|-y|curl
        ;|| rm|-rf|/x
        ||& true",
    );
    check("a\n\n# c\nb # d\n", "^/ a\n// b");
    check(
        "curl x | tar xz |& cat\n! a | b",
        "
        1/3 ^| curl|x
        2/3 || tar|xz
        3/3 |/ cat
        1/2 not /| a
        2/2 not |$ b",
    );
    check("a &&\n# why\n b |\n c", "^&& a\n1/2 &&| b\n2/2 |$ c");
    check("", "");
    check(" # only", "");
    check("a \\\n  b\\\nc && \\\n d", "^&& a|bc\n&&$ d");
    check("a\r\nb c\r\n", "^/ a\n// b|c");
}

#[test]
fn words_and_quotes() {
    check(r#"echo a'b c'"d $X" \$Y "a\"b\n" $'x\ty\u00e9' $"l" ''"#, "^$ echo|~ab cd $X|$Y|a\"b\\n|x\tyé|l|");
    check(
        "rm -rf /var/lib/apt/lists/* /var/{log,cache} ~/x a{b} {} '*' file.?",
        "^$ rm|-rf|*/var/lib/apt/lists/*|*/var/{log,cache}|*~/x|a{b}|{}|*|*file.?",
    );
    check("a=1 b+=$X c= PATH=\"/a:$PATH\" cmd d=2", "^$ a=1|b=~$X|c=|PATH=~/a:$PATH|cmd|d=2");
    check(
        "x=$(date -u) y=(1 $(two) \"3 4\") z[0]=q",
        "
        ^$ x=~$()|y=~(…)|z[0]=q
        substitution ^$ date|-u
        substitution ^$ two",
    );
    check(
        "echo ${V:-a b} ${V#*'}'} \"${V:-'}\" ${#V} ${V:+$(x)} $$ $1 $",
        "
        ^$ echo|~${V:-a b}|~${V#*'}'}|~${V:-'}|~${#V}|~${V:+$(x)}|~$$|~$1|$
        substitution ^$ x",
    );
    check(
        "echo $((1 << 2)) $((a*(b+$(c)))) \"`d \"e\"`\" $( (f) )",
        "
        ^$ echo|~$((…))|~$((…))|~$()|~$()
        substitution ^$ c
        substitution ^$ d|e
        subshell substitution ^$ f",
    );
    check("echo a#b #c", "^$ echo|a#b");
    check(
        "ls @(a|b) *.!(c) && cat <(sort a) > >(tee b)",
        "
        ^&& ls|*@(a|b)|**.!(c)
        &&$ cat|~<()|>~>()
        substitution ^$ sort|a
        substitution ^$ tee|b",
    );
}

#[test]
fn redirects() {
    check(">a cmd 2>&1 <b 3>>c &>d e2>f >|g <<<\"h i\" 2>&-", "^$ cmd|e2|>a|2>&1|<b|3>>c|&>d|>f|?>g|<<<h i|2>&-");
    check("{ a; } > b 2>c && (d) >>e", "group ^; a\nsubshell ^$ d");
    check(": > /dev/null", "^$ :|>/dev/null");
    check("> f", "^$ >f");
}

#[test]
fn heredocs() {
    check(
        "cat <<EOF > f && b\nx $(y z) `w`\nEOF\nc",
        "
        ^&& cat|<<EOF\"x $(y z) `w`\\n\"|>f
        &&/ b
        substitution ^$ y|z
        substitution ^$ w
        /$ c",
    );
    check("cat <<'A' <<-\tB\n$(no)\nA\n\tq\n\tB\nc", "^/ cat|<<A\"$(no)\\n\"|<<B\"\\tq\\n\"\n/$ c");
    check(
        "x=$(cat <<E\nbody\nE\n) && y",
        "
        ^&& x=~$()
        substitution ^/ cat|<<E\"body\\n\"
        &&$ y",
    );
    check("cat <<E\nnever", "^/ cat|<<E\"never\"\n! Unterminated \"<<E\"");
    check("a <<A | b <<B\n1\nA\n2\nB\nc", "1/2 ^| a|<<A\"1\\n\"\n2/2 |/ b|<<B\"2\\n\"\n/$ c");
    check(
        "cat <<E\n\\$(no) $((1)) ${x:-$(yes)}\nE",
        "^/ cat|<<E\"\\\\$(no) $((1)) ${x:-$(yes)}\\n\"\nsubstitution ^$ yes",
    );
}

#[test]
fn compounds() {
    check(
        "if [ -f a ]; then b; elif ! c; then d; else e; fi && f",
        "
        condition ^; [|-f|a|]
        branch ^; b
        condition not ^; c
        branch ^; d
        branch ^; e
        &&$ f",
    );
    check(
        "for i in a $(b) \"c d\"; do echo $i; done; for x do y; done\nfor ((i=0;i<$(n);i++)); do z; done",
        "
        substitution ^$ b
        loop ^; echo|~$i
        loop ^; y
        substitution ^$ n
        loop ^; z",
    );
    check(
        "while read l; do a; done < f | b; until c; do d; done",
        "
        condition ^; read|l
        loop ^; a
        2/2 |; b
        condition ^; c
        loop ^; d",
    );
    check(
        "case \"$(uname -m)\" in x86_64|amd64) a=1 ;; (arm*) b;; *) c; d ;; esac; e",
        "
        substitution ^$ uname|-m
        branch ^$ a=1
        branch ^$ b
        branch ^; c
        branch ;$ d
        ;$ e",
    );
}

#[test]
fn compounds_inside_and_around() {
    check("x=$(case $y in a) b;; esac)", "^$ x=~$()\nbranch substitution ^$ b");
    check(
        "f() { a; }; function g { b; }\nfunction h() (c); f",
        "
        group function ^; a
        group function ^; b
        subshell function ^$ c
        ;$ f",
    );
    check(
        "[[ $a == b* && ( c < d ) ]] && e; (( x = 1 )) || f; [[ a =~ ^(b|c)$ ]]",
        "
        ^&& [[|~$a|==|*b*|&&|(|c|<|d|)|]]
        &&; e
        ||; f
        ;$ [[|a|=~|^(b|c)$|]]",
    );
    check(
        "( a && (b) ) ; { { c; } }",
        "
        subshell ^&& a
        subshell subshell ^$ b
        group group ^; c",
    );
    check("time { a; }; time -p b", "group ^; a\n;$ time|-p|b");
    check("export A=b C; unset d; declare -a x=(1 2)", "^; export|A=b|C\n;; unset|d\n;$ declare|-a|~x=(…)");
}

#[test]
fn options_follow_the_text() {
    check(
        "set -eux -o pipefail; a | b; (set +e; c); d; set +o pipefail; e; f() { set +e; g; }; h",
        "
        ^; set|-eux|-o|pipefail
        1/2 -e -p ;| a
        2/2 -e -p |; b
        subshell -e -p ^; set|+e
        subshell -p ;$ c
        -e -p ;; d
        -e -p ;; set|+o|pipefail
        -e ;; e
        group function -e ^; set|+e
        group function ;; g
        -e ;$ h",
    );
}

#[test]
fn broken_scripts_go_on() {
    check("a 'b", "^$ a|b\n! Unterminated \"'\"");
    check("a \"b $(c", "^$ a|~b $()\nsubstitution ^$ c\n! Unterminated \"$\"\n! Unterminated \"\\\"\"");
    check("a && ; b", "^&& a\n&&$ b\n! Unexpected \";\"");
    check("a ) b; done; c", "^$ a\n^; b\n;$ c\n! Unexpected \")\"\n! Unexpected \"done\"");
    check("if a; then b", "condition ^; a\nbranch ^$ b\n! Unterminated \"i\"");
    check("( if a; then b ) && c", "condition subshell ^; a\nbranch subshell ^$ b\n&&$ c\n! Unterminated \"i\"");
    check("a &&", "^&& a\n! Unexpected \"\"");
    check("{ a", "group ^$ a\n! Unterminated \"{\"");
    check("a >", "^$ a|>\n! Unexpected \">\"");
}
