//! How much a file's name looks like what people edit all day. Chooses the example of a source change; decides nothing.

/// From the likeliest to the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Where the program starts: `main.go`, `app.py`, `server.js`.
    Main,
    /// Other code.
    Code,
    /// Code that seldom changes: settings, scripts, empty modules, markup, declarations.
    Aside,
    /// Tests, examples, generated code, what lies in hidden folders.
    Around,
    /// Data and settings.
    Other,
    /// Texts, licences, environments.
    Text,
}

/// Endings of files that people edit most.
const CODE: &[&str] = &[
    "py", "ts", "tsx", "js", "jsx", "mjs", "cjs", "vue", "svelte", "go", "rs", "java", "kt", "cs", "fs", "rb", "php",
    "c", "cc", "cpp", "h", "hpp", "swift", "scala", "ex", "exs", "erl", "hs", "dart",
];

/// Endings of what is code only beside other code.
const MARKUP: &[&str] = &["sh", "sql", "html", "css", "scss", "erb", "proto", "graphql", "bat"];

/// Where programs start.
const MAIN: &[&str] = &["main", "app", "server", "index", "program", "application"];

/// Folders of what the program does without.
const AROUND: &[&str] = &[
    "test",
    "tests",
    "__tests__",
    "spec",
    "specs",
    "testing",
    "testdata",
    "fixtures",
    "__mocks__",
    "mocks",
    "e2e",
    "cypress",
    "playwright",
    "docs",
    "doc",
    "examples",
    "example",
    "benches",
    "benchmarks",
    "migrations",
    "alembic",
    "scripts",
    "generated",
    "genproto",
];

impl Likeness {
    /// By the name alone; the path can only make it less likely.
    pub fn of_name(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        let (stem, ending) = lower.rsplit_once('.').unwrap_or((&lower, ""));
        let text = ["md", "rst", "txt", "adoc", "env", "example", "lock"].contains(&ending);
        if text || lower.starts_with(".env") || lower.starts_with("license") || lower.starts_with("readme") {
            return Self::Text;
        }
        if MARKUP.contains(&ending) {
            return Self::Aside;
        }
        if !CODE.contains(&ending) {
            return Self::Other;
        }
        let made = ["pb", "pb2", "g", "generated", "gen", "min"];
        let around = ["test", "tests", "spec", "stories"];
        let words: Vec<&str> = stem.split(['.', '_', '-']).collect();
        let any = |list: &[&str]| words.iter().skip(1).any(|word| list.contains(word));
        if any(&made) || any(&around) || matches!(words.first(), Some(&"test" | &"conftest")) {
            return Self::Around;
        }
        let setting = any(&["config", "conf", "setup", "d"]) || stem == "config" || stem == "setup" || stem == "manage";
        if setting || stem.starts_with('.') || stem.starts_with("__") || stem.ends_with("file") {
            return Self::Aside;
        }
        if MAIN.contains(&stem) { Self::Main } else { Self::Code }
    }

    /// By the whole path.
    pub fn of_path(path: &str) -> Self {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let own = Self::of_name(name);
        let around = |folder: &str| {
            let lower = folder.to_ascii_lowercase();
            folder.starts_with('.') || AROUND.contains(&lower.as_str()) || lower.ends_with("tests")
        };
        // A barrel of a component's folder starts nothing.
        let stem = name.split('.').next().unwrap_or(name);
        let own = if own == Self::Main && stem.eq_ignore_ascii_case("index") && folders.contains('/') {
            Self::Aside
        } else {
            own
        };
        if own < Self::Around && folders.split('/').any(around) { Self::Around } else { own }
    }

    /// Whether it is the program's code.
    pub fn is_program(self) -> bool {
        self <= Self::Code
    }
}

#[cfg(test)]
mod tests {
    use super::Likeness::{self, Around, Aside, Code, Main, Other, Text};

    fn check(path: &str, expected: Likeness) {
        assert_eq!(Likeness::of_path(path), expected, "{path}");
        assert!(Likeness::of_name(path.rsplit('/').next().unwrap()) <= expected, "{path}");
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
