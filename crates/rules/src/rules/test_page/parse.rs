//! A page ─► its examples. The fences under *Bad* and *Good* are inputs and expected results; all others are prose.
//!
//! An example begins with the first fence after the expected results of the previous one: `dockerfile`, or any fence
//! with `path=…`. It ends with `findings` and the `fixed` fences after that. Under *Good* there are no expected results,
//! so each `dockerfile` fence without a path begins an example.

use crate::text::path::is_compose;
use crate::workflow::pipeline_kind;

/// Where manifests of examples lie.
const MANIFESTS: &str = "deploy/";

/// An example with its expected results.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Example<'a> {
    /// Line of its first fence in the page, from 1.
    pub line: usize,
    /// Whether it is under *Good*.
    pub good: bool,
    /// Path and text of its files; the Dockerfile is called `Dockerfile` unless the fence says otherwise.
    pub files: Vec<(&'a str, &'a str)>,
    /// Further files of the context: size in bytes and path. A path that ends with `/` is an empty folder.
    pub listing: Vec<(u64, &'a str)>,
    /// The expected findings.
    pub findings: Option<FencedBlock<'a>>,
    /// The files after the safe fixes, and after all fixes.
    pub fixed: Vec<FixedFile<'a>>,
}

/// A file after fixing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FixedFile<'a> {
    /// Its path.
    pub path: &'a str,
    /// Whether unsafe fixes are applied too.
    pub risky: bool,
    /// Its text.
    pub fence: FencedBlock<'a>,
}

/// A fenced block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct FencedBlock<'a> {
    /// The text after the three backticks.
    pub info: &'a str,
    /// The text between the fences, including line endings.
    pub body: &'a str,
    /// Offset of the body in the page.
    pub at: usize,
    /// Line of the opening fence in the page, from 1.
    pub line: usize,
}

/// The examples of a page; anything that is not a valid example is a problem.
pub(super) fn examples(page: &str) -> (Vec<Example<'_>>, Vec<String>) {
    let mut reader = PageReader::default();
    let mut section = "";
    let mut fence: Option<FencedBlock> = None;
    let mut at = 0;
    for (index, line) in page.split_inclusive('\n').enumerate() {
        let content = line.trim_end();
        if let Some(open) = fence {
            if content == "```" {
                let fence_read = FencedBlock { body: &page[open.at..at], ..open };
                reader.take(section, fence_read);
                fence = None;
            }
        } else if let Some(info) = content.strip_prefix("```") {
            fence = Some(FencedBlock { info, body: "", at: at + line.len(), line: index + 1 });
        } else if let Some(title) = content.strip_prefix("## ") {
            reader.finish();
            section = title;
        }
        at += line.len();
    }
    if let Some(open) = fence {
        reader.problems.push(format!("{}: the fence is not closed", open.line));
    }
    reader.finish();
    (reader.examples, reader.problems)
}

#[derive(Default)]
struct PageReader<'a> {
    examples: Vec<Example<'a>>,
    now: Option<Example<'a>>,
    problems: Vec<String>,
}

impl<'a> PageReader<'a> {
    fn finish(&mut self) {
        if let Some(example) = self.now.take() {
            if !example.good && example.findings.is_none() {
                self.problems.push(format!("{}: an example under Bad needs a fence `findings`", example.line));
            }
            self.examples.push(example);
        }
    }

    fn take(&mut self, section: &str, fence: FencedBlock<'a>) {
        let good = section == "Good";
        if !good && section != "Bad" {
            return;
        }
        let mut words = fence.info.split_whitespace();
        let kind = words.next().unwrap_or_default();
        let (mut path, mut fixed, mut risky) = (None, false, false);
        for word in words {
            match word {
                "fixed" => fixed = true,
                "unsafe" => risky = true,
                _ if word.starts_with("path=") => path = word.strip_prefix("path="),
                _ => self.problems.push(format!("{}: unknown word `{word}` after the fence", fence.line)),
            }
        }
        match (kind, path) {
            ("findings", None) => match &mut self.now {
                Some(example) if example.findings.is_none() && !example.files.is_empty() => {
                    example.findings = Some(fence);
                }
                _ => self.problems.push(format!("{}: `findings` must follow the files of an example", fence.line)),
            },
            (_, _) if fixed => self.take_fixed(kind, path, risky, fence),
            ("context", None) => self.take_listing(good, fence),
            ("dockerfile", None) => self.take_file(good, "Dockerfile", !self.has_pipeline(), fence),
            (_, Some(path)) => {
                let is_again = self.now.as_ref().is_some_and(|example| example.files.iter().any(|file| file.0 == path));
                let begins = if self.has_pipeline() { is_again } else { is_compose(path) };
                self.take_file(good, path, begins, fence);
            }
            ("image", None) => self.take_file(good, "image", true, fence),
            ("log" | "git", None) => {
                self.problems.push(format!("{}: `{kind}` fences are not supported", fence.line));
            }
            _ => self.problems.push(format!(
                "{}: unknown fence `{kind}`; known are dockerfile, context, findings, and any with `path=`",
                fence.line
            )),
        }
    }

    /// Whether the example is one of pipelines or manifests, which other files belong to.
    fn has_pipeline(&self) -> bool {
        let is_meant = |path: &str| pipeline_kind(path).is_some() || path.starts_with(MANIFESTS);
        let is_pipeline = |example: &Example| example.files.first().is_some_and(|(path, _)| is_meant(path));
        self.now.as_ref().is_some_and(is_pipeline)
    }

    fn example(&mut self, good: bool, begins: bool, line: usize) -> &mut Example<'a> {
        let ended = self.now.as_ref().is_some_and(|example| match &example.findings {
            Some(_) => true,
            None => begins && good && !example.files.is_empty(),
        });
        if ended {
            self.finish();
        }
        self.now.get_or_insert_with(|| Example { line, good, ..Example::default() })
    }

    fn take_file(&mut self, good: bool, path: &'a str, begins: bool, fence: FencedBlock<'a>) {
        let example = self.example(good, begins, fence.line);
        if example.files.iter().any(|file| file.0 == path) {
            self.problems.push(format!("{}: `{path}` is given twice; is a fence `findings` missing?", fence.line));
            return;
        }
        example.files.push((path, fence.body));
    }

    fn take_fixed(&mut self, kind: &str, path: Option<&'a str>, risky: bool, fence: FencedBlock<'a>) {
        let path = match path {
            None if kind == "dockerfile" => "Dockerfile",
            None => return self.problems.push(format!("{}: which file? `path=` is missing", fence.line)),
            Some(path) => path,
        };
        match &mut self.now {
            Some(example) if example.findings.is_some() => example.fixed.push(FixedFile { path, risky, fence }),
            _ => self.problems.push(format!("{}: a `fixed` fence must follow `findings`", fence.line)),
        }
    }

    fn take_listing(&mut self, good: bool, fence: FencedBlock<'a>) {
        let mut listing = Vec::new();
        for (index, line) in fence.body.lines().enumerate() {
            let entry = line.split_once(' ').and_then(|(size, path)| Some((size_of(size)?, path.trim())));
            match entry {
                Some((size, path)) if !path.is_empty() => listing.push((size, path)),
                _ => self.problems.push(format!("{}: `{line}` is not `size path`", fence.line + index + 1)),
            }
        }
        self.example(good, false, fence.line).listing.extend(listing);
    }
}

/// `1200`, `3kB`, `184MB`, `2GB`.
fn size_of(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "B" => 1,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_a_list_of_examples() {
        let page = "---\nx\n---\n# r\n```dockerfile\nprose\n```\n## Bad\n```dockerfile\nFROM a\n```\n\
            ```context\n12 src/a.py\n3MB node_modules/x\n```\n```text path=.dockerignore\n.git\n```\n\
            ```findings\n1:1-1:5 m\n```\n```dockerfile fixed\nFROM b\n```\n```text path=x fixed unsafe\ny\n```\n\
            ```dockerfile\nFROM c\n```\n```findings\n```\n## Good\n```dockerfile\nFROM d\n```\n\
            ```text path=p\n```\n```dockerfile\nFROM e\n```\n## When not\n```sh\nls\n```\n";
        let (examples, problems) = examples(page);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(examples.len(), 4);
        assert_eq!(examples[0].files, [("Dockerfile", "FROM a\n"), (".dockerignore", ".git\n")]);
        assert_eq!(examples[0].listing, [(12, "src/a.py"), (3_000_000, "node_modules/x")]);
        assert_eq!(examples[0].findings.unwrap().body, "1:1-1:5 m\n");
        assert_eq!((examples[0].line, examples[0].fixed.len(), examples[0].fixed[1].risky), (9, 2, true));
        assert_eq!(examples[1].findings.unwrap().body, "");
        assert_eq!(examples[2].files, [("Dockerfile", "FROM d\n"), ("p", "")]);
        assert!(examples[3].good);
    }

    #[track_caller]
    fn check_problem(fences: &str, expected: &str) {
        let page = format!("---\n---\n## Bad\n{fences}");
        let (_, problems) = examples(&page);
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{problems:?}");
    }

    #[test]
    fn invalid_examples_are_problems() {
        check_problem("```dockerfile\nFROM a\n```\n", "needs a fence `findings`");
        check_problem("```findings\n```\n", "must follow");
        check_problem("```dockerfile\nFROM a\n```\n```log\n```\n", "not supported");
        check_problem("```toml\n```\n", "unknown fence `toml`");
        check_problem("```dockerfile fixt\n```\n", "unknown word `fixt`");
        check_problem("```dockerfile\n```\n```dockerfile\n```\n", "given twice");
        check_problem("```dockerfile fixed\n```\n", "must follow `findings`");
        check_problem("```context\nbig x\n```\n", "is not `size path`");
        check_problem("```dockerfile\n", "not closed");
    }
}
