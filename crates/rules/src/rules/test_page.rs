//! Runs the examples on a rule's page, and checks what every rule must fulfil. `BLESS=1` writes the results into the
//! pages.
#![cfg(test)]

mod edited;
mod fixes;
mod helps;
mod image;
mod inputs;
mod parse;
mod toy;
mod toy_edits;
mod variants;

use super::{Fixability, Metadata, Rule, Subject};
use crate::finding::Finding;
use crate::text::{FileId, Source};
use parse::Example;
use std::collections::BTreeSet;

/// Fails if the page is not correct.
#[track_caller]
pub(super) fn check(rule: &'static Rule) {
    let mut outcome = run(rule);
    if std::env::var_os("BLESS").is_some() && outcome.blessed != rule.page {
        let path = format!("{}/rules/{}.md", env!("CARGO_MANIFEST_DIR"), rule.name);
        std::fs::write(path, &outcome.blessed).unwrap();
        // What the new text does not repair is still wrong.
        let page: &'static str = Box::leak(std::mem::take(&mut outcome.blessed).into_boxed_str());
        outcome = run(Box::leak(Box::new(rule.with_page(page))));
    }
    let hint = "BLESS=1 rewrites the fences `findings` and `fixed`";
    assert!(outcome.failures.is_empty(), "\n{}\n{hint}", outcome.failures.join("\n"));
}

/// The result of a run over a page.
struct PageOutcome {
    failures: Vec<String>,
    blessed: String,
}

fn run(rule: &'static Rule) -> PageOutcome {
    let (metadata, mut failures) = Metadata::read(rule.page);
    let (examples, problems) = parse::examples(rule.page);
    failures.extend(problems);
    if !rule.page.contains(&format!("\n---\n# {}\n", rule.name)) {
        failures.push(format!("the page's title must be `# {}`", rule.name));
    }
    for (good, section) in [(false, "Bad"), (true, "Good")] {
        if !examples.iter().any(|example| example.good == good) {
            failures.push(format!("no example under *{section}*"));
        }
    }
    let mut runner =
        Runner { rule, metadata, failures, blesses: Vec::new(), with_fix: 0, without_fix: 0, used: BTreeSet::new() };
    for example in &examples {
        runner.example(example);
    }
    runner.fixability();
    runner.announcements();
    let failures = runner.failures.iter().map(|failure| format!("rules/{}.md:{failure}", rule.name)).collect();
    PageOutcome { failures, blessed: blessed(rule.page, runner.blesses) }
}

/// The page with parts replaced.
fn blessed(page: &str, mut blesses: Vec<Bless>) -> String {
    blesses.sort();
    let mut text = page.to_owned();
    for bless in blesses.into_iter().rev() {
        text.replace_range(bless.at..bless.at + bless.len, &bless.text);
    }
    text
}

/// The text that should be at a position of the page.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Bless {
    at: usize,
    len: usize,
    text: String,
}

struct Runner {
    rule: &'static Rule,
    metadata: Metadata,
    failures: Vec<String>,
    blesses: Vec<Bless>,
    with_fix: usize,
    without_fix: usize,
    /// Words of `changes` that an example showed.
    used: BTreeSet<&'static str>,
}

impl Runner {
    fn fail(&mut self, line: usize, what: impl std::fmt::Display) {
        self.failures.push(format!("{line}: {what}"));
    }

    fn example(&mut self, example: &Example) {
        if self.metadata.subject == Subject::Image {
            let got = image::format_findings(self.rule, example);
            return self.compare(example, &got);
        }
        let sources: Vec<Source> = example.files.iter().map(|(path, text)| Source::of(path, text)).collect();
        let findings = inputs::findings(self.rule, &sources, &example.listing);
        for finding in &findings {
            self.check_finding(example, &sources, finding);
        }
        let got = format_findings(&sources, &findings);
        self.compare(example, &got);
        variants::check(self, example, &got);
        fixes::check(self, example, &sources, &findings);
    }

    /// Compares the findings with the page.
    fn compare(&mut self, example: &Example, got: &str) {
        match example.findings {
            Some(fence) if fence.body != got => {
                self.fail(fence.line, format_args!("expected\n{}got\n{got}", fence.body));
                self.blesses.push(Bless { at: fence.at, len: fence.body.len(), text: got.to_owned() });
            }
            _ => {}
        }
        if example.good && !got.is_empty() {
            self.fail(example.line, format_args!("expected no findings under *Good*, got\n{got}"));
        }
    }

    /// Checks that apply to every finding of every rule.
    fn check_finding(&mut self, example: &Example, sources: &[Source], finding: &Finding) {
        let line = example.line;
        if finding.rule != self.rule.name {
            self.fail(line, format_args!("the finding is of another rule: `{}`", finding.rule));
        }
        // The severity of another program's findings is that program's.
        if finding.severity > self.metadata.severity && !self.metadata.has_codes() {
            self.fail(line, "the finding's severity is above the page's");
        }
        if finding.message.is_empty() || finding.message.ends_with('.') || finding.message.contains('\n') {
            self.fail(line, format_args!("a message must be one sentence without a full stop: `{}`", finding.message));
        }
        for span in finding.labels.iter().map(|label| label.span).chain([finding.span]) {
            let inside = sources.get(finding.file.0 as usize).and_then(|source| source.text().get(span.range()));
            if inside.is_none() {
                self.fail(line, format_args!("{span:?} cuts a character or is outside the file"));
            }
        }
        if finding.impact.iter().any(|impact| impact.evidence.is_empty()) {
            self.fail(line, "a figure needs its evidence");
        }
        if finding.fixes.is_empty() {
            self.without_fix += 1;
        } else {
            self.with_fix += 1;
        }
    }

    /// Whether the page's `fix:` is true over its examples.
    fn fixability(&mut self) {
        let (with, without) = (self.with_fix, self.without_fix);
        let wrong = match self.metadata.fix {
            Fixability::Always => without > 0 || with == 0,
            Fixability::Sometimes => without == 0 || with == 0,
            Fixability::Never => with > 0,
        };
        if wrong {
            let says = self.metadata.fix.name();
            self.fail(1, format_args!("`fix: {says}`, but {with} findings have a fix and {without} have none"));
        }
    }

    /// Whether an example shows each change that the page lists.
    fn announcements(&mut self) {
        for word in self.metadata.changes.clone() {
            if !self.used.contains(word) {
                self.fail(1, format_args!("`changes` lists `{word}`, but no example's fix does that"));
            }
        }
    }
}

/// Findings as written in pages: `line:column-line:column message`, with the path first for other files.
fn format_findings(sources: &[Source], findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let FileId(index) = finding.file;
        let Some(source) = sources.get(index as usize) else { continue };
        if source.name() != "Dockerfile" {
            text.push_str(&format!("{}:", source.name()));
        }
        let (start, end) = (source.line_column(finding.span.start), source.line_column(finding.span.end));
        let place = format!("{}:{}-{}:{}", start.line, start.column, end.line, end.column);
        text.push_str(&format!("{place} {}\n", finding.message));
    }
    text
}
