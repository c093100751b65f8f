//! How likely a file is edited often, by its name. Used to choose an example of a source change; decides nothing.

use crate::data;
use crate::manifest::{ContentKind, FileKind, FileRole};
use crate::text::path;

/// From the most likely to the least likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// The entry point of the program: `main.go`, `app.py`, `server.js`.
    Main,
    /// Other code.
    Code,
    /// Code that rarely changes: settings, scripts, empty modules, markup, declarations.
    Aside,
    /// Tests, examples, generated code, files in hidden folders.
    Around,
    /// Data and settings.
    Other,
    /// Texts, licences, environments.
    Text,
}

impl Likeness {
    /// Judged only by the name; the path can only make it less likely.
    pub fn of_name(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        let kind = FileKind::of(&lower);
        let text =
            matches!(kind.nature(), ContentKind::Documentation | ContentKind::Lock) || kind.language() == "Dotenv";
        let text = text || [".env", "license", "readme"].iter().any(|start| lower.starts_with(start));
        if text || lower.strip_suffix(".example").is_some() {
            return Self::Text;
        }
        if !kind.has_code() {
            let beside = matches!(
                kind.nature(),
                ContentKind::Shell | ContentKind::Markup | ContentKind::Style | ContentKind::Schema
            );
            return if beside { Self::Aside } else { Self::Other };
        }
        let stem = kind.without_ending();
        match kind.named_role() {
            Some(FileRole::Test | FileRole::Generated | FileRole::Vendored) => return Self::Around,
            Some(FileRole::Development) => return Self::Aside,
            _ => {}
        }
        let settings = ["config", "conf", "setup"];
        let mut rest = stem.split(['.', '_', '-']).skip(1);
        let setting = rest.any(|word| settings.contains(&word)) || settings.contains(&stem) || stem == "manage";
        if setting || stem.starts_with('.') || stem.starts_with("__") || stem.ends_with("file") {
            return Self::Aside;
        }
        if data::NAME_WORDS.has(stem, "entry-point") { Self::Main } else { Self::Code }
    }

    /// Judged by the whole path.
    pub fn of_path(path: &str) -> Self {
        let (folders, name) = path::split(path);
        let likelihood = Self::of_name(name);
        let hidden = folders.split('/').any(|folder| folder.starts_with('.'));
        let around = hidden || FileKind::of(path).folder_role().is_some_and(|role| !role.may_be_written_by_builds());
        // The index file of a component's folder is not an entry point.
        let stem = name.split('.').next().unwrap_or(name);
        let likelihood = if likelihood == Self::Main && stem.eq_ignore_ascii_case("index") && folders.contains('/') {
            Self::Aside
        } else {
            likelihood
        };
        if likelihood < Self::Around && around { Self::Around } else { likelihood }
    }

    /// Whether people edit such a file often: code, and what stands beside it, not tests, data and texts.
    pub fn is_often_edited(self) -> bool {
        self <= Self::Aside
    }

    /// Whether it is the program's code.
    pub fn is_program(self) -> bool {
        self <= Self::Code
    }
}

#[cfg(test)]
mod tests {
    use super::Likeness::{self, Around, Aside, Code, Main, Other, Text};
    use crate::text::path;

    fn check(path: &str, expected: Likeness) {
        assert_eq!(Likeness::of_path(path), expected, "{path}");
        assert!(Likeness::of_name(path::name(path)) <= expected, "{path}");
    }

    #[test]
    fn code_comes_before_what_stands_around_it() {
        check("src/main.go", Main);
        check("app/app.py", Main);
        check("src/index.ts", Main);
        check("src/view.tsx", Code);
        check("src/components/button/index.tsx", Aside);
        check("app/__init__.py", Aside);
        check("babel.config.js", Aside);
        check("src/types.d.ts", Aside);
        check("public/index.html", Aside);
        check("entrypoint.sh", Aside);
        check("cypress/e2e/api.cy.ts", Around);
        check("tests/main.py", Around);
        check("pkg/server_test.go", Around);
        check("api/demo.pb.go", Around);
        check(".storybook/main.ts", Around);
        check("nginx.conf", Other);
        check("README.md", Text);
        check("test.env", Text);
    }
}
