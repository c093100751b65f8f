//! Files of the crates do not use each other in a circle, but for the few that are listed here with a reason.
//!
//! A file uses the file that defines what it imports or names by its path; a re-export leads on to the definition. The line
//! `mod …` of a parent is no use, nor is what a file only re-exports. Code under `#[cfg(test)]` does not count.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::{modules, sources};

/// Files of one circle at most.
const LARGEST: usize = 6;

/// The circles that may stay: their files below `src/` without ending, in order, and why.
const LISTED: &[(&[&str], &str)] = &[
    (
        &["build", "build/environment", "build/image", "build/script", "build/settings", "build/transfer"],
        "a build keeps what its parts work out of it",
    ),
    (
        &["rules", "rules/catalogue", "rules/context", "rules/image_rules"],
        "a rule names the check that is given the context of a rule; names are looked up in the list of all",
    ),
    (
        &[
            "shell/parser",
            "shell/parser/compound",
            "shell/parser/expansion",
            "shell/parser/list",
            "shell/parser/simple",
            "shell/parser/word",
        ],
        "a recursive grammar",
    ),
    (
        &["compose/project", "compose/project/certainty"],
        "whether a refusal is certain is tried by reading the project again with other values",
    ),
    (&["text/embedding", "text/source"], "a text may stand inside of a text"),
];

/// Re-exports of re-exports that are followed.
const DEEPEST: usize = 8;

/// A module's names from the crate's root on.
type Name<'t> = Vec<&'t str>;

/// What a `use` brings into a file.
struct Import<'t> {
    /// The name that it has there.
    name: &'t str,
    path: Vec<&'t str>,
    /// Whether others may have it from there.
    public: bool,
}

/// A file as a module.
#[derive(Default)]
struct Module<'t> {
    items: BTreeSet<&'t str>,
    children: BTreeSet<&'t str>,
    imports: Vec<Import<'t>>,
    /// Its tokens without imports.
    code: Vec<&'t str>,
}

impl<'t> Module<'t> {
    fn new(tokens: &[&'t str]) -> Self {
        let mut module = Self::default();
        let mut depth = 0;
        let mut at = 0;
        while at < tokens.len() {
            let token = tokens[at];
            match token {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth -= 1,
                _ => {}
            }
            let before = at.checked_sub(1).map_or(";", |before| tokens[before]);
            if token == "use" && matches!(before, ";" | "}" | "{" | "]" | ")" | "pub") {
                let public = matches!(before, ")" | "pub");
                at = imports(tokens, at + 1, &[], public, &mut module.imports);
                continue;
            }
            let after = |steps: usize| tokens.get(at + steps).copied().unwrap_or_default();
            if depth == 0 {
                match token {
                    "mod" if after(2) == ";" => drop(module.children.insert(after(1))),
                    "macro_rules" => drop(module.items.insert(after(2))),
                    "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "union" | "mod" => {
                        module.items.insert(after(1));
                    }
                    _ => {}
                }
            }
            module.code.push(token);
            at += 1;
        }
        module
    }
}

/// Takes the tree of a `use` in from the token at `at` on; gives where it ends.
fn imports<'t>(tokens: &[&'t str], at: usize, above: &[&'t str], public: bool, out: &mut Vec<Import<'t>>) -> usize {
    let mut path = above.to_vec();
    let mut at = at;
    loop {
        if tokens[at] == "{" {
            at += 1;
            while tokens[at] != "}" {
                at = imports(tokens, at, &path, public, out);
                if tokens[at] == "," {
                    at += 1;
                }
            }
            return at + 1;
        }
        path.push(tokens[at]);
        at += 1;
        if tokens[at] != "::" {
            break;
        }
        at += 1;
    }
    if path.len() > 1 && path.last() == Some(&"self") {
        path.pop();
    }
    let mut name = path.last().copied().unwrap_or_default();
    if tokens[at] == "as" {
        name = tokens[at + 1];
        at += 2;
    }
    out.push(Import { name, path, public });
    at
}

/// What a path leads to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target<'t> {
    /// Something that a file defines.
    Item(Name<'t>, &'t str),
    Module(Name<'t>),
}

/// All files by their modules.
struct Crate<'t>(BTreeMap<Name<'t>, Module<'t>>);

impl<'t> Crate<'t> {
    fn new(files: &'t BTreeMap<String, String>) -> Self {
        let mut all = BTreeMap::new();
        let mut tests: Vec<Name> = Vec::new();
        for (path, text) in files {
            let name = match path.as_str() {
                "src/main.rs" => continue,
                "src/lib.rs" => Name::new(),
                path => path.trim_start_matches("src/").trim_end_matches(".rs").split('/').collect(),
            };
            let (tokens, modules) = without_tests(&tokens(text));
            tests.extend(modules.into_iter().map(|child| [&name[..], &[child]].concat()));
            all.insert(name, Module::new(&tokens));
        }
        all.retain(|name, _| !tests.iter().any(|test| name.starts_with(test)));
        Self(all)
    }

    /// What a path in a module leads to.
    fn find(&self, module: &Name<'t>, path: &[&'t str], depth: usize) -> Vec<Target<'t>> {
        let mut start = module.clone();
        let mut rest = path;
        while let [first, more @ ..] = rest {
            match *first {
                "crate" => start.clear(),
                "super" => drop(start.pop()),
                "self" => {}
                _ => break,
            }
            rest = more;
        }
        self.walk(start, rest, depth)
    }

    fn walk(&self, name: Name<'t>, path: &[&'t str], depth: usize) -> Vec<Target<'t>> {
        let Some(module) = self.0.get(&name) else { return Vec::new() };
        let [first, rest @ ..] = path else { return vec![Target::Module(name)] };
        let child = || [&name[..], &[*first]].concat();
        if !rest.is_empty() && module.children.contains(first) {
            return self.walk(child(), rest, depth);
        }
        let mut targets = Vec::new();
        if module.items.contains(first) {
            targets.push(Target::Item(name.clone(), first));
        }
        for import in module.imports.iter().filter(|import| import.name == *first && depth < DEEPEST) {
            // A name from outside leads nowhere.
            let is_known = |word: &str| {
                matches!(word, "crate" | "super" | "self")
                    || module.children.contains(word)
                    || module.imports.iter().any(|other| other.name == word && other.path != import.path)
            };
            if import.path.first().is_some_and(|word| is_known(word)) {
                targets.extend(self.find(&name, &[&import.path[..], rest].concat(), depth + 1));
            }
        }
        if targets.is_empty() && module.children.contains(first) {
            targets.push(Target::Module(child()));
        }
        targets
    }

    /// What each file uses of which other one.
    fn uses(&self) -> BTreeMap<&Name<'t>, BTreeMap<Name<'t>, BTreeSet<&'t str>>> {
        let mut all = BTreeMap::new();
        for (name, module) in &self.0 {
            let mut used: BTreeMap<Name, BTreeSet<&str>> = BTreeMap::new();
            for target in self.targets(name, module) {
                if let Target::Item(file, item) = target
                    && file != *name
                {
                    used.entry(file).or_default().insert(item);
                }
            }
            all.insert(name, used);
        }
        all
    }

    fn targets(&self, name: &Name<'t>, module: &Module<'t>) -> Vec<Target<'t>> {
        let mut targets = Vec::new();
        // Names of a module and of a function, too: which is meant shows where they stand.
        let mut both = BTreeSet::new();
        for import in module.imports.iter().filter(|import| !import.public) {
            let Some((last, above)) = import.path.split_last() else { continue };
            let is_module = |target: &Target| match target {
                Target::Module(parent) => self.0.get(parent).is_some_and(|parent| parent.children.contains(last)),
                Target::Item(..) => false,
            };
            if !above.is_empty() && self.find(name, above, 0).iter().any(is_module) {
                both.insert(import.name);
            } else {
                targets.extend(self.find(name, &import.path, 0));
            }
        }
        let exported: BTreeSet<&str> =
            module.imports.iter().filter(|import| import.public).map(|import| import.name).collect();
        let mut at = 0;
        while at < module.code.len() {
            let token = module.code[at];
            let before = at.checked_sub(1).map_or("", |before| module.code[before]);
            let path = path_at(&module.code, at);
            at += path.len().max(1) * 2 - 1;
            let starts = !matches!(before, "::" | "." | "mod" | "fn" | "let");
            let called = module.code.get(at) == Some(&"(");
            let is_type = token.starts_with(char::is_uppercase);
            let counts =
                path.len() > 1 || (exported.contains(token) && (is_type || called)) || (both.contains(token) && called);
            if starts && counts {
                targets.extend(self.find(name, &path, 0));
            }
        }
        targets
    }
}

/// The path that begins with a token: `a::b::c` without its generics.
fn path_at<'t>(code: &[&'t str], at: usize) -> Vec<&'t str> {
    let is_word =
        |at: usize| code.get(at).is_some_and(|token| token.starts_with(|c: char| c.is_alphabetic() || c == '_'));
    let mut path = Vec::new();
    let mut at = at;
    while is_word(at) {
        path.push(code[at]);
        if code.get(at + 1) != Some(&"::") {
            break;
        }
        at += 2;
    }
    path
}

/// The tokens of a text: words, `::` and single marks, texts and characters emptied, comments left out.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = quoted(rest) {
            tokens.push("\"\"");
            length
        } else {
            let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let length = match first {
                ':' if rest.starts_with("::") => 2,
                // A lifetime.
                '\'' => 1 + rest[1..].find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len() - 1),
                _ => word.max(first.len_utf8()),
            };
            tokens.push(&rest[..length]);
            length
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the text or character that the source begins with.
fn quoted(source: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        let after = source.strip_prefix(prefix).unwrap_or_default();
        after.starts_with('"') || (prefix.ends_with('r') && after.trim_start_matches('#').starts_with('"'))
    });
    if let Some(prefix) = prefix {
        let after = &source[prefix.len()..];
        if prefix.ends_with('r') {
            let hashes = after.len() - after.trim_start_matches('#').len();
            let end = format!("\"{}", "#".repeat(hashes));
            let from = prefix.len() + hashes + 1;
            return Some(source[from..].find(&end).map_or(source.len(), |at| from + at + end.len()));
        }
        return Some(prefix.len() + closed(after, '"'));
    }
    let after = source.strip_prefix("b'").or_else(|| source.strip_prefix('\''))?;
    let mut chars = after.chars();
    // A lifetime has no second mark.
    let is_character = chars.next() == Some('\\') || chars.next() == Some('\'');
    let prefix = source.len() - after.len() - 1;
    is_character.then(|| prefix + closed(&source[prefix..], '\''))
}

/// The length up to the mark that closes what the first one opens.
fn closed(source: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in source.char_indices().skip(1) {
        if c == mark && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    source.len()
}

/// The tokens outside of `#[cfg(test)]`, and the modules that stand under it.
fn without_tests<'t>(tokens: &[&'t str]) -> (Vec<&'t str>, Vec<&'t str>) {
    let mut kept_tokens = Vec::new();
    let mut modules = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at..].starts_with(&["#", "[", "cfg", "(", "test", ")", "]"]) {
            kept_tokens.push(tokens[at]);
            at += 1;
            continue;
        }
        let start = at;
        at += 7;
        let mut depth = 0;
        while at < tokens.len() {
            match tokens[at] {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" if depth == 0 => break,
                "}" | ")" | "]" => depth -= 1,
                _ => {}
            }
            at += 1;
            if depth == 0 && matches!(tokens[at - 1], "}" | ";" | ",") {
                break;
            }
        }
        if let [.., "mod", name, ";"] = tokens[start..at] {
            modules.push(name);
        }
    }
    (kept_tokens, modules)
}

/// A circle: its files below `src/` without ending, and what of it each uses.
struct Circle {
    files: Vec<String>,
    uses: Vec<String>,
}

/// The circles of a source tree, by path and text.
fn circles(files: &BTreeMap<String, String>) -> Vec<Circle> {
    let all = Crate::new(files);
    let uses = all.uses();
    let mut reached: BTreeMap<&Name, BTreeSet<&Name>> = BTreeMap::new();
    for name in uses.keys() {
        let mut seen = BTreeSet::new();
        let mut todo = vec![*name];
        while let Some(file) = todo.pop() {
            todo.extend(uses.get(file).into_iter().flat_map(BTreeMap::keys).filter(|next| seen.insert(*next)));
        }
        reached.insert(name, seen);
    }
    let mut circles = Vec::new();
    let mut known = BTreeSet::new();
    for (name, below) in &reached {
        if !below.contains(name) || known.contains(name) {
            continue;
        }
        let members: Vec<&Name> = below.iter().copied().filter(|other| reached[other].contains(name)).collect();
        known.extend(members.iter().copied());
        let mut lines = Vec::new();
        for member in &members {
            for (other, items) in uses[member].iter().filter(|(other, _)| members.contains(other)) {
                let items: Vec<&str> = items.iter().copied().collect();
                lines.push(format!("{} uses {} of {}", member.join("/"), items.join(", "), other.join("/")));
            }
        }
        circles.push(Circle { files: members.iter().map(|member| member.join("/")).collect(), uses: lines });
    }
    circles
}

/// The files of all crates as those of one, whose root declares all modules.
fn read() -> BTreeMap<String, String> {
    let root: Vec<String> = modules().into_iter().map(|(_, module)| format!("pub mod {module};")).collect();
    let all = sources().into_iter().filter(|source| !source.is_of_testing());
    let all = all.map(|source| (format!("src/{}", source.module()), source.text));
    let mut files: BTreeMap<String, String> = all.collect();
    files.insert("src/lib.rs".to_owned(), root.join("\n"));
    files
}

#[test]
fn files_use_each_other_in_no_circle() {
    let files = read();
    let circles = circles(&files);
    let mut wrong = Vec::new();
    for circle in &circles {
        if circle.files.len() > LARGEST {
            wrong.push(format!(
                "{} files use each other, {LARGEST} at most:\n  {}",
                circle.files.len(),
                circle.uses.join("\n  ")
            ));
        } else if !LISTED.iter().any(|(files, _)| circle.files == *files) {
            wrong.push(format!("files use each other:\n  {}", circle.uses.join("\n  ")));
        }
    }
    for (files, _) in LISTED {
        if !circles.iter().any(|circle| circle.files == *files) {
            wrong.push(format!("take it off the list, it is no circle any more: {}", files.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn circles_are_seen() {
    let check = |texts: &[(&str, &str)], expected: &[&str]| {
        let files = texts.iter().map(|(path, text)| (format!("src/{path}.rs"), (*text).to_owned())).collect();
        let circles_found: Vec<String> = circles(&files).iter().map(|circle| circle.files.join(" ")).collect();
        assert_eq!(circles_found, expected, "{texts:?}");
    };
    let root = ("lib", "pub mod a; pub mod b;");
    check(&[root, ("a", "use crate::b::f; pub fn g() {}"), ("b", "pub fn f() { crate::a::g(); }")], &["a b"]);
    // A parent and its child.
    check(
        &[root, ("a", "mod c; pub struct S; fn f() { c::g(); }"), ("a/c", "use super::S; pub fn g() {}")],
        &["a a/c"],
    );
    // Through re-exports, under another name, in a tree of names.
    let ends = [root, ("a", "mod c; pub use self::c::F as G;"), ("b", "use crate::a::{self, G}; pub fn h() {}")];
    check(&[&ends[..], &[("a/c", "pub struct F; fn f() { crate::b::h() }")]].concat(), &["a/c b"]);
    // A module and a function of one name.
    let both = ("a", "mod g; pub use self::g::g; pub fn f() {}");
    check(
        &[root, both, ("a/g", "pub fn g() { crate::b::h() }"), ("b", "use crate::a::g; pub fn h() { g() }")],
        &["a/g b"],
    );
    check(&[root, both, ("a/g", "pub fn g() { crate::b::h() }"), ("b", "use crate::a; pub fn h() {}")], &[]);
    // Neither a line of modules, nor a re-export, nor a test, nor a text, nor a comment is a use.
    check(&[root, ("a", "mod c; pub use self::c::f; pub fn g() {}"), ("a/c", "pub fn f() { super::g() }")], &[]);
    let test = "#[cfg(test)] mod tests { use crate::b::f; } #[cfg(test)] mod t; pub fn g() {}";
    check(&[root, ("a", test), ("a/t", "use crate::b::f;"), ("b", "pub fn f() { crate::a::g() }")], &[]);
    let quoted = "const A: &str = \"crate::b::f \\\" crate::b::f\"; // crate::b::f\npub fn g<'a>() { ('\"', '\\'', r#\"crate::b::f\"#); }";
    check(&[root, ("a", quoted), ("b", "pub fn f() { crate::a::g() }")], &[]);
    // A method is no use of the file that defines it.
    check(
        &[root, ("a", "pub struct S; impl S { pub fn f(&self) {} }"), ("b", "pub fn f(s: &crate::a::S) { s.f() }")],
        &[],
    );
}
