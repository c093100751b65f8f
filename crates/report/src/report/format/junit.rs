//! `JUnit`'s XML: a suite per file, a case per finding; a file without any passes.

use super::ReportRun;
use super::escape::xml;
use super::github::remedy;
use super::item::{ReportItem, files, items};
use crate::finding::Severity;

/// How many there are of what.
#[derive(Clone, Copy, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn of(items: &[ReportItem]) -> Self {
        let errors = items.iter().filter(|item| is_error(item)).count();
        Self { tests: items.len().max(1), failures: items.len() - errors, errors, skipped: 0 }
    }

    fn attributes(self) -> String {
        let Self { tests, failures, errors, skipped } = self;
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
    }
}

/// What can't be built is an error; the rest, a failure.
fn is_error(item: &ReportItem) -> bool {
    item.is_problem() && item.severity == Severity::Error
}

pub(super) fn write(run: &ReportRun) -> String {
    let items = items(run.report);
    let mut body = String::new();
    let mut all = Counts::default();
    let mut rest = &items[..];
    for file in files(run.report) {
        let (items, others) = rest.split_at(rest.iter().take_while(|item| item.file == file).count());
        rest = others;
        let counts = Counts::of(items);
        all.tests += counts.tests;
        all.failures += counts.failures;
        all.errors += counts.errors;
        let name = xml(file);
        body.push_str(&format!("  <testsuite name=\"{name}\" {}>\n", counts.attributes()));
        if items.is_empty() {
            body.push_str(&format!("    <testcase name=\"no findings\" classname=\"{name}\"/>\n"));
        }
        body.extend(items.iter().map(case));
        body.push_str("  </testsuite>\n");
    }
    let skipped = &run.report.skipped;
    if !skipped.is_empty() {
        let counts = Counts { tests: skipped.len(), skipped: skipped.len(), ..Counts::default() };
        all.tests += counts.tests;
        all.skipped += counts.skipped;
        body.push_str(&format!("  <testsuite name=\"skipped\" {}>\n", counts.attributes()));
        for skip in skipped {
            let (name, why) = (xml(&skip.what), xml(&format!("{}{}", skip.why, remedy(&skip.remedy))));
            body.push_str(&format!(
                "    <testcase name=\"{name}\" classname=\"skipped\">\n      <skipped message=\"{why}\"/>\n    </testcase>\n"
            ));
        }
        body.push_str("  </testsuite>\n");
    }
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    format!("{head}<testsuites name=\"dockopt {}\" {}>\n{body}</testsuites>\n", xml(run.command), all.attributes())
}

fn case(item: &ReportItem) -> String {
    let tag = if is_error(item) { "error" } else { "failure" };
    let (file, rule, line) = (xml(item.file), xml(item.rule), item.start.line);
    let text = item.paragraphs().iter().map(|part| xml(part) + "\n").collect::<String>();
    format!(
        "    <testcase name=\"{rule} {line}:{}\" classname=\"{file}\" file=\"{file}\" line=\"{line}\">\n      \
         <{tag} type=\"{}\" message=\"{}\">{text}</{tag}>\n    </testcase>\n",
        item.start.column,
        item.severity.name(),
        xml(&item.message)
    )
}
