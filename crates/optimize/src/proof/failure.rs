//! The class of a failure by the output of a program, so that two failures can be compared.

use std::sync::LazyLock;

use regex::Regex;

/// Characters of a failure that are kept.
const LONGEST: usize = 200;

/// The failure that the last words of a program tell: an exception with its first words, or the last line; numbers,
/// addresses and times left out.
pub fn failure_class(words: &str) -> String {
    static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?m)^\s*(?:[\w.]+: )?((?:[A-Za-z_][\w]*(?:\.|::))*(?:[A-Z]\w*)?(?:Error|Exception|Exit|Warning|NotFound|NotInstalled|Configured)\b(?:: .*)?)$").ok()
    });
    let named =
        NAMED.as_ref().and_then(|named| named.captures_iter(words).last().map(|captures| captures[1].to_owned()));
    let last = || words.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned();
    stable_part(&named.unwrap_or_else(last))
}

/// Words that say that something may not be written or read.
pub fn denials(words: &str) -> Vec<String> {
    let marks =
        ["Permission denied", "EACCES", "EROFS", "Read-only file system", "PermissionError", "Operation not permitted"];
    let denied = words.lines().filter(|line| marks.iter().any(|mark| line.contains(mark)));
    let mut lines: Vec<String> = denied.map(stable_part).collect();
    lines.dedup();
    lines
}

/// A line without what differs from one run to the next.
fn stable_part(line: &str) -> String {
    let mut out = String::new();
    let mut number = false;
    for c in line.trim().chars().take(LONGEST) {
        if c.is_ascii_digit() {
            if !number {
                out.push('#');
            }
            number = true;
        } else {
            out.push(c);
            number = false;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_is_named() {
        let python = "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in <module>\n    import x\nModuleNotFoundError: No module named 'x'\n";
        assert_eq!(failure_class(python), "ModuleNotFoundError: No module named 'x'");
        let django = "django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.\n";
        assert_eq!(
            failure_class(django),
            "django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty."
        );
        let node = "node:internal:1148\n  throw err;\n\nError: Cannot find module 'express'\nRequire stack:\n- /app/server.js\n    at Module._resolve (node:internal:1145:15)\n\nNode.js v22.1.0\n";
        assert_eq!(failure_class(node), "Error: Cannot find module 'express'");
        assert_eq!(failure_class("connection to 10.0.0.1:5432 failed\n\n"), "connection to #.#.#.#:# failed");
        assert_eq!(denials("a\nopen '/app/x.log': EACCES 13\n"), ["open '/app/x.log': EACCES #"]);
    }
}
