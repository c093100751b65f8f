use super::*;
use crate::finding::Severity;
use crate::inputs::Date;

fn known() -> RuleNames {
    let mut known = RuleNames::default();
    known.add_rule("apt-lists-kept", &["DL3009"]);
    known.add_rule("latest-base", &["DL3007"]);
    known.add_word("size", vec!["apt-lists-kept"]);
    known.add_option("apt-lists-kept", "allow", OptionKind::List);
    known.add_option("apt-lists-kept", "most", OptionKind::Number);
    known
}

fn toml(text: &str) -> Document {
    read(FileId(0), &Source::of("dockopt.toml", text), SettingsFormat::Dockopt, &known(), &Groups::new())
}

fn yaml(text: &str) -> Document {
    read(FileId(0), &Source::of(".hadolint.yaml", text), SettingsFormat::Hadolint, &known(), &Groups::new())
}

/// Problems as `place: message (help)`.
#[track_caller]
fn wrong(document: &Document, text: &str, expected: &[&str]) {
    let format_problem = |problem: &SettingsProblem| {
        let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}: {}{help}", &text[problem.span.range()], problem.message)
    };
    assert_eq!(document.problems.iter().map(format_problem).collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn every_key_is_read() {
    let document = toml(
        "extends = \"base.toml\"\nselect = [\"default\", \"DL3009\", \"ours\", \"DL9999\"]\nextend-select = \"size\"\n\
         fail-on = \"none\"\nrequire-reason = true\ninline-ignores = false\ntrusted-registries = [\"*.example\"]\n\
         [groups]\nours = [\"latest-base\"]\n[rules.ours]\nseverity = \"info\"\n\
         [rules.DL3009]\nseverity = \"error\"\nallow = [\"A\"]\nmost = 3\n[labels]\nstrict = true\nschema = { a = \"url\" }\n",
    );
    // `default` is no word of this test's list.
    assert_eq!(document.problems.len(), 1);
    let layer = &document.layer;
    assert_eq!(layer.choice.select.as_deref().unwrap(), ["DL3009", "latest-base"]);
    assert_eq!(layer.choice.extend, ["size"]);
    let severities = [("latest-base".to_owned(), Severity::Info), ("DL3009".to_owned(), Severity::Error)];
    assert_eq!(layer.severities, severities);
    assert_eq!(layer.options.len(), 2);
    assert_eq!(layer.options[1].value, OptionValue::Number(3));
    assert_eq!((layer.fail_on, layer.require_reason, layer.inline), (Some(FailOn::Never), Some(true), Some(false)));
    assert_eq!(layer.labels.as_ref().unwrap()["a"], LabelType::Url);
    assert_eq!(layer.strict_labels, Some(true));
}

#[test]
fn entries_have_the_places_of_what_is_written() {
    let text = "# before\n[[ignore]]\nrules = [\"DL3009\", \"DL9999\"]\nuntil = 2027-01-31\nreason = \"why\" # so\n\n\
                [[ignore]]\nrule = \"size\"\npath = \"a/*\"\n";
    let document = toml(text);
    wrong(&document, text, &[]);
    let [first, second] = &document.entries[..] else { panic!("{document:?}") };
    let suppression = &first.suppression;
    assert!(
        text[suppression.span.range()].starts_with("[[ignore]]") && text[suppression.span.range()].ends_with("\"why\"")
    );
    assert!(text[suppression.removal.range()].ends_with("# so\n"));
    assert_eq!((suppression.until, suppression.reasoned), (Date::parse("2027-01-31"), true));
    assert_eq!(&text[suppression.named[0].span.range()], "\"DL3009\"");
    assert_eq!(&text[suppression.named[0].removal.unwrap().range()], "\"DL3009\", ");
    assert_eq!(suppression.named[1].rules, Vec::<&str>::new());
    assert_eq!(second.suppression.named[0].rules, ["apt-lists-kept"]);
    assert_eq!(second.suppression.named[0].removal, None);
    assert!(second.paths.as_ref().unwrap()[0].matches("a/Dockerfile"));
}

#[test]
fn entries_and_names_can_be_mixed() {
    let text = "ignore = [\"DL3007\", { rule = \"DL3009\" }, { rule = \"size\" }]\n";
    let document = toml(text);
    wrong(&document, text, &[]);
    assert_eq!(document.layer.choice.ignore, ["DL3007"]);
    let removed = |index: usize| &text[document.entries[index].suppression.removal.range()];
    assert_eq!((removed(0), removed(1)), ("{ rule = \"DL3009\" }, ", ", { rule = \"size\" }"));
}

#[test]
fn problems_have_their_place_and_help() {
    let check = |text: &str, expected: &[&str]| wrong(&toml(text), text, expected);
    check("fail-no = \"error\"\n", &["fail-no: unknown key `fail-no` (did you mean `fail-on`?)"]);
    check("select = [1]\n", &["1: expected a string, found a number"]);
    check("rules = []\n", &["[]: expected a table, found a list"]);
    check("[rules.size]\nmost = 1\n", &["most: `size` has no option `most` (expected one of severity)"]);
    check("[rules.DL3009]\nmost = -1\n", &["-1: expected a whole number of 0 or more, found a number"]);
    check("[groups]\nsize = []\n", &["size: `size` is already the name of a rule, category or group"]);
    check("[labels]\nx = 1\n", &["x: unknown key `x` (expected one of schema, strict)"]);
    check(
        "paths = \"a\"\n",
        &["\"a\": `paths` must be a list of tables (write each section as `[[paths]]` with `match = [\"folder/**\"]`)"],
    );
    assert_eq!(toml("\u{feff}select = [\n").problems.len(), 1);
}

#[test]
fn hadolints_file_is_read_as_it_is() {
    let text = "ignored: [DL3009, SC2046]\noverride:\n  error: [DL3007]\n  style:\n    - DL3007\n    - DL3009\n  eror: []\n\
                trustedRegistries: docker.io\nlabel-schema: {a: semver, b: ''}\nstrict-labels: true\nno-fail: false\n\
                failure-threshold: ignore\ndisable-ignore-pragma: true\nformat: tty\nignroed: []\n";
    let document = yaml(text);
    let notes = [
        "eror: hadolint has no key `eror` (did you mean `error`?)",
        "ignroed: hadolint has no key `ignroed` (did you mean `ignored`?)",
    ];
    wrong(&document, text, &notes);
    assert!(document.firm && document.problems.iter().all(|problem| !problem.error));
    let layer = &document.layer;
    assert_eq!(layer.choice.ignore, ["DL3009"]);
    // Of two severities the worse one holds, as in hadolint.
    assert_eq!(layer.severities.last().unwrap(), &("DL3007".to_owned(), Severity::Error));
    assert_eq!(layer.fail_on, Some(FailOn::Least(Severity::Style)));
    assert_eq!((layer.inline, layer.strict_labels), (Some(false), Some(true)));
    assert_eq!(layer.trusted_registries.as_deref().unwrap(), ["docker.io"]);
    assert_eq!(layer.labels.as_ref().unwrap()["b"], LabelType::Text);
    for text in [
        "- DL3009\n",
        "ignored: {a: b}\n",
        "no-fail: maybe\n",
        "failure-threshold: high\n",
        "a: [\n",
        "label-schema: {a: b}\n",
    ] {
        assert!(yaml(text).problems.iter().any(|problem| problem.error), "{text}");
    }
    for text in ["", "---\n", "# nothing\n", "ignored:\n"] {
        assert_eq!(yaml(text).problems, [], "{text}");
    }
}

#[test]
fn later_layers_win() {
    let base = toml("fail-on = \"error\"\nrequire-reason = true\nselect = [\"DL3009\"]\n");
    let own_settings = toml(
        "fail-on = \"info\"\n[[paths]]\nmatch = \"a\"\nfail-on = \"style\"\n[[paths]]\nmatch = \"a/b\"\nfail-on = \"none\"\n\
         [[ignore]]\nrule = \"DL3009\"\npath = \"a\"\n",
    );
    let settings = |path| resolve([(&base, path), (&own_settings, path)]);
    assert_eq!(settings("Dockerfile").fail_on, FailOn::Least(Severity::Info));
    assert_eq!(settings("a/Dockerfile").fail_on, FailOn::Least(Severity::Style));
    assert_eq!(settings("a/b/Dockerfile").fail_on, FailOn::Never);
    assert!(settings("Dockerfile").require_reason && settings("Dockerfile").suppressions.is_empty());
    assert_eq!(settings("a/Dockerfile").suppressions.len(), 1);
}

#[test]
fn any_mutation_is_read() {
    let sources = [
        "extends = [\"a\"]\nignore = [\"DL3009\"]\n[rules.size]\nseverity = \"info\"\n[[paths]]\nmatch = \"é/*\"\n[[ignored]]\nuntil = 2027-01-31\n",
        "ignored: [DL3009]\noverride:\n  error: [é]\nlabel-schema: {a: url}\n",
    ];
    let letters = ["\"", "[", "]", "=", "\n", "é", "'", "#", "{", ".", "\u{feff}", "\0", ":", "-"];
    let mut seed = 3_u32;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % below
    };
    for round in 0..4_000 {
        let mut text = sources[round % 2].to_owned();
        for _ in 0..=next(3) {
            let at = text.floor_char_boundary(next(text.len()));
            let end = text.ceil_char_boundary((at + next(4)).min(text.len()));
            text.replace_range(at..end, letters[next(letters.len())]);
        }
        extends(&Source::of("dockopt.toml", &text));
        for document in [toml(&text), yaml(&text)] {
            for span in document.problems.iter().map(|problem| problem.span) {
                assert!(text.get(span.range()).is_some(), "{text:?} {span:?}");
            }
        }
    }
}

#[test]
fn budgets_are_read() {
    let text = "[budget]\nmax-size = \"400 MB\"\nmax-layers = 20\nmin-efficiency = 0.95\nmax-growth = [\"3 %\", \"5 MB\"]\n\
                forbid-paths = [\"**/.git\"]\nforbid-secrets = true\nignore = [\"var/log\"]\nignore-base = true\n\
                baseline = \"base.json\"\n[budget.max-category]\napt-lists = 0\n[budget.max-package]\n\"lib*-dev\" = \"1 kB\"\n\
                [[budget.images]]\nmatch = \"*/api\"\nmax-size = 100\n";
    let document = toml(text);
    wrong(&document, text, &[]);
    let limits: Vec<_> = document.budget.limits.iter().map(|limit| (&limit.measure, limit.bound)).collect();
    assert_eq!(limits.len(), 9);
    assert_eq!(limits[0], (&Measure::Size, Bound::Bytes(400_000_000)));
    assert_eq!((limits[3].1, limits[4].1), (Bound::Ratio(0.03), Bound::Bytes(5_000_000)));
    assert!(limits.contains(&(&Measure::Package("lib*-dev".to_owned()), Bound::Bytes(1_000))));
    assert_eq!(document.budget.baseline.as_deref(), Some("base.json"));
    assert!(document.budgets[0].images[0].matches("registry/api"));
    let mut all = document.budget.clone();
    all.extend(document.budgets[0].budget.clone());
    assert_eq!(all.limits.iter().filter(|limit| limit.measure == Measure::Size).count(), 1);
    assert_eq!(all.limits.len(), 9);
}

#[test]
fn invalid_budgets_are_reported() {
    let text = "[budget]\nmax-sise = 1\nmax-size = \"big\"\nmax-waste-ratio = 5\nmax-category = { apt-list = 0 }\n\
                [[budget.images]]\nmax-layers = -1\n";
    wrong(
        &toml(text),
        text,
        &[
            "max-sise: unknown key `max-sise` (did you mean `max-size`?)",
            "\"big\": `big` is not a size in bytes (use a whole number of bytes, or a string such as \"400 MB\" or \"64 MiB\")",
            "5: `5` is not a share (use a number from 0 to 1, or a string such as \"5 %\")",
            "apt-list: unknown category `apt-list` (did you mean `apt-lists`?)",
            "[[budget.images]]: the section does not select any images (add `match = [\"*/backend\"]`)",
            "-1: expected a whole number of 0 or more, found a number",
        ],
    );
}
