//! Whether a named command of a manifest checks: it ends by itself, and changes no file.

/// What commands have that write what they find.
const REWRITES: [&str; 5] = ["--fix", "--write", "--apply", "--in-place", "-w"];

/// What npm writes for a project without tests.
const PLACEHOLDER: &str = "no test specified";

/// Whether a command does something, ends by itself and leaves the files as they are.
pub(super) fn is_check(command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    let is_writer = |word: &&str| REWRITES.contains(word) || word.ends_with(":fix") || word.ends_with(":write");
    let is_placeholder = words.is_empty() || command.contains(PLACEHOLDER);
    !is_placeholder && !words.iter().any(is_writer) && !watches(command, &words) && !needs_browser(&words)
}

/// Whether a command starts browsers, which have to be installed, and asks an application that has to run.
fn needs_browser(words: &[&str]) -> bool {
    words.iter().any(|word| matches!(*word, "playwright" | "cypress"))
}

/// Whether a command waits for changes of files, at least in a terminal.
fn watches(command: &str, words: &[&str]) -> bool {
    let stays = |word: &&str| {
        let word = word.trim_end_matches("=true");
        matches!(word, "--watch" | "--watchAll" | "nodemon") || word == "watch" || word.ends_with(":watch")
    };
    let is_once = words.iter().any(|word| matches!(*word, "--run" | "CI=true" | "CI=1"))
        || command.contains("watch=false")
        || command.contains("watchAll=false")
        || command.contains("no-watch");
    let after = |program: &str| {
        let at = words.iter().position(|word| *word == program)?;
        Some(words.get(at + 1).copied().unwrap_or_default())
    };
    // These watch unless they are told otherwise.
    let is_open = after("vitest").is_some_and(|next| next.is_empty() || next.starts_with('-') || next.starts_with('&'))
        || after("react-scripts") == Some("test")
        || after("ng") == Some("test");
    words.iter().any(stays) || is_open && !is_once
}

#[cfg(test)]
mod tests {
    use super::is_check;

    #[test]
    fn commands_that_check_are_told_from_others() {
        for command in [
            "vitest run",
            "vitest --run",
            "CI=true react-scripts test",
            "ng test --watch=false",
            "tsc --noEmit",
            "eslint .",
            "prettier --check .",
            "turbo run lint",
            "jest --watchAll=false",
            "vitest related src/a.ts",
        ] {
            assert!(is_check(command), "{command}");
        }
        for command in [
            "",
            " ",
            "vitest",
            "vitest --coverage",
            "react-scripts test",
            "ng test",
            "tsc -w",
            "tsc --watch",
            "jest --watchAll",
            "eslint . --fix",
            "prettier --write .",
            "prettier -w .",
            "npm run lint:fix",
            "npm run test:watch",
            "echo \"Error: no test specified\" && exit 1",
            "nodemon test.js",
            "playwright test",
            "npx cypress run",
        ] {
            assert!(!is_check(command), "{command}");
        }
    }
}
