//! See `rules/invalid-label-key.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("invalid-label-key", check);

/// Prefixes that are reserved for Docker.
const RESERVED: [&str; 3] = ["com.docker.", "io.docker.", "org.dockerproject."];

fn check(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for instruction in file.instructions() {
        let label = file.trigger(instruction).unwrap_or(instruction);
        if label.keyword != Keyword::Label {
            continue;
        }
        for pair in file.variables(label) {
            let key = pair.name.text.trim_matches(['"', '\'']);
            // The value of a variable is known only during the build.
            if key.contains('$') {
                continue;
            }
            let Some(why) = describe_mistake(key) else { continue };
            let finding = cx.finding(pair.name.span, format!("invalid label key `{key}`: {why}"));
            out.push(
                finding
                    .help("use lower-case letters, digits and single `.`, `-`, `_`, `/`, as in `org.example.some-key`"),
            );
        }
    }
}

fn describe_mistake(key: &str) -> Option<&'static str> {
    let end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if RESERVED.iter().any(|prefix| key.starts_with(prefix)) {
        return Some("this prefix is reserved for Docker");
    }
    if !key.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Some("it must start with a lower-case letter");
    }
    if !key.ends_with(end) {
        return Some("it must end with a lower-case letter or a digit");
    }
    if !key.chars().all(|c| end(c) || matches!(c, '.' | '-' | '_' | '/')) {
        return Some("only a-z, 0-9, `.`, `-`, `_` and `/` are allowed");
    }
    (key.contains("..") || key.contains("--")).then_some("separators must not be repeated")
}
