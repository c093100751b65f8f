//! Paths are taken apart and put together in `crates/text/src/text/path.rs` alone.

use crate::tidy::{Text, sources};

/// Code that takes a path apart by hand.
const SHAPES: [&str; 5] =
    ["rsplit('/')", "rsplit_once('/')", "rsplitn(2, '/')", ".split('/').next_back()", ".split('/').last()"];

/// Names of functions that `text::path` has under these or other names.
const FUNCTIONS: [&str; 12] = [
    "join",
    "join_path",
    "join_paths",
    "joined",
    "parent",
    "is_below",
    "is_within",
    "in_folder",
    "folder_of",
    "name_of",
    "base_name",
    "file_name",
];

/// Files that may hold such code, and why.
const EXCEPTIONS: [(&str, &str); 5] = [
    ("crates/cache/src/arrange/state.rs", "a text cut off before a pattern: a slash at its end counts"),
    ("crates/rules/src/audit/context_problems.rs", "a root stays as it was written"),
    ("crates/rules/src/rules/files/copies.rs", "a target of COPY: a slash at its end counts"),
    ("crates/rules/src/rules/packages/verification.rs", "a URL"),
    ("crates/rules/src/rules/shared/written_paths.rs", "a URL"),
];

/// Lines of a file that take a path apart or put one together by hand.
fn path_algebra(file: &Text) -> Vec<String> {
    let lines = file.shipped();
    let mut lines_found = Vec::new();
    for (at, (number, line)) in lines.iter().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        let rest: String = lines[at..].iter().take(4).flat_map(|(_, line)| [line.trim(), " "]).collect();
        if SHAPES.iter().any(|shape| line.contains(shape)) || has_folder_prefix(line) || defines_function(line, &rest) {
            lines_found.push(format!("{}:{number}: use text::path: {}", file.path, line.trim()));
        }
    }
    lines_found
}

/// `path.starts_with(&format!("{folder}/"))`: the name of one variable and a slash.
fn has_folder_prefix(line: &str) -> bool {
    ["starts_with(&format!(\"{", "strip_prefix(&format!(\"{"].iter().any(|start| {
        let rest = line.split_once(start).and_then(|(_, rest)| rest.split_once('}'));
        rest.is_some_and(|(_, rest)| rest.starts_with("/\""))
    })
}

/// A function with one of the names whose parameters are texts. `rest`: the line and some below it.
fn defines_function(line: &str, rest: &str) -> bool {
    FUNCTIONS.iter().any(|name| {
        let start = format!("fn {name}(");
        if !line.contains(&start) {
            return false;
        }
        let parameters = rest.split_once(&start).and_then(|(_, rest)| rest.split_once(')')).unwrap_or_default().0;
        let mut parameters = parameters.split(',').map(str::trim).filter(|parameter| !parameter.is_empty()).peekable();
        parameters.peek().is_some() && parameters.all(|parameter| parameter.ends_with(": &str"))
    })
}

#[test]
fn only_the_path_module_takes_paths_apart() {
    let mut wrong = Vec::new();
    let mut unused: Vec<&str> = EXCEPTIONS.iter().map(|(path, _)| *path).collect();
    for file in sources().iter().filter(|file| file.module() != "text/path.rs") {
        let lines_found = path_algebra(file);
        if !EXCEPTIONS.iter().any(|(path, _)| *path == file.path) {
            wrong.extend(lines_found);
        } else if !lines_found.is_empty() {
            unused.retain(|path| *path != file.path);
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(unused.is_empty(), "exceptions that nothing needs: {unused:?}");
}

#[test]
fn path_algebra_is_found() {
    for planted in [
        "let name = path.rsplit('/').next();",
        "        .rsplit_once('/')",
        "let folder = path.rsplitn(2, '/').nth(1);",
        "let name = path.split('/').next_back();",
        "let name = path.split('/').last();",
        "path == folder || path.starts_with(&format!(\"{folder}/\"))",
        "let rest = path.strip_prefix(&format!(\"{}/\", folder))?;",
        "fn join(folder: &str, path: &str) -> String {",
        "pub(super) fn joined(folder: &str, path: &str) -> String {",
        "fn parent(path: &str) -> &str {",
        "fn is_below(path: &str, folder: &str) -> bool {",
        "fn is_within(\n    path: &str,\n    folder: &str,\n) -> bool {",
        "fn folder_of(path: &str) -> &str {",
        "fn name_of(path: &str) -> &str {",
    ] {
        let file = Text { path: "src/planted.rs".to_owned(), text: format!("//! Planted.\n\n{planted}\n") };
        assert_eq!(path_algebra(&file).len(), 1, "{planted}");
    }
    for allowed in [
        "// path.rsplit('/')",
        "let parts = path.split('/').rev();",
        "if path.starts_with(&format!(\"{name}: \")) {",
        "fn join(&mut self, other: &str) {",
        "fn joined(words: &[Argument<'_>]) -> String {",
        "fn name_of(command: &Command) -> &str {",
        "fn parent(stage: &Stage) -> Option<usize> {",
        "#[cfg(test)]\nmod tests {\n    fn name(path: &str) -> &str { path.rsplit('/').next().unwrap() }\n}",
    ] {
        let file = Text { path: "src/planted.rs".to_owned(), text: format!("//! Planted.\n\n{allowed}\n") };
        assert_eq!(path_algebra(&file), Vec::<String>::new(), "{allowed}");
    }
}
