//! The comment on a pull request. It fits into what the platform takes: what does not fit is counted, and the text says
//! where it is.

use std::fmt::Write;

use super::words::{
    UNCOMPARED, baseline, cause_place, change, cost, groups, has_several_builds, limit, limit_sentence, others, place,
    remark, row_limits, signed, value, verdict,
};
use crate::report::format::escape::{markdown, markdown_code, markdown_fence};
use crate::report::layout::cut;
use crate::report::units::{count, grouped};
use crate::results::{Comparison, FigureRow, FindingState, FixState, Rewrite};

/// Bytes of a comment on GitHub at most: it takes 65,536 characters, which are never more than the bytes, whatever it counts
/// as one.
pub const GITHUB_LIMIT: usize = 65_536;

/// Bytes of a note on GitLab at most: it takes 1,000,000 characters.
pub const GITLAB_LIMIT: usize = 1_000_000;

/// Bytes that are kept free for notes on what is left out, ends of folds, and the baseline.
const RESERVE: usize = 12_000;

/// Columns of a message, an instruction, a name.
const WIDEST: usize = 300;

/// Bytes of such a text once it is neutralised. Characters without a width count here only.
const LONGEST: usize = 1_500;

/// Rows of figures.
const MOST_ROWS: usize = 60;

/// Causes of one change.
const MOST_CAUSES: usize = 5;

/// Findings that are not folded.
const OPEN_FINDINGS: usize = 15;

/// Limits and notices that are listed.
const MOST_SENTENCES: usize = 20;

/// Bytes of the diff of one fix or rewrite.
const LONGEST_DIFF: usize = 8_000;

/// What the text needs to know besides the comparison.
#[derive(Clone, Debug)]
pub struct MarkdownOptions<'a> {
    /// Bytes at most.
    pub limit: usize,
    /// A first line by which the comment is found again.
    pub marker: Option<&'a str>,
    /// Whether the exit code is 1.
    pub fails: bool,
    /// Where all details are, as Markdown.
    pub details: &'a str,
}

/// What changed, as Markdown of GitHub and GitLab.
pub fn comparison_markdown(comparison: &Comparison, options: &MarkdownOptions) -> String {
    let mut page = Page { text: String::new(), limit: options.limit.saturating_sub(RESERVE), details: options.details };
    if let Some(marker) = options.marker {
        page.text.push_str(&format!("{marker}\n"));
    }
    let mark = if options.fails { "✗" } else { "✓" };
    page.text.push_str(&format!("### {mark} dockopt: {}\n", text(&verdict(comparison))));
    figures(&mut page, comparison);
    let sentences: Vec<String> = comparison.limits.iter().filter_map(limit_sentence).collect();
    let rows = sentences.iter().map(|sentence| format!("- {}\n", text(sentence)));
    page.list("limit", sentences.len(), rows, MOST_SENTENCES);
    explain(&mut page, comparison);
    findings(&mut page, comparison);
    fixes(&mut page, comparison);
    rewrites(&mut page, &comparison.rewrites);
    if !comparison.notices.is_empty() {
        let number = comparison.notices.len();
        let rows = comparison.notices.iter().map(|notice| format!("- {}\n", text(notice)));
        page.folded(&count(number as u64, "note"), "", ("note", number), rows);
    }
    page.text.push_str(&format!("\n<sub>{}</sub>\n", text(&baseline(comparison))));
    page.text
}

/// A text of the input in one line, neutralised; cut, with a mark, if it is long.
fn text(text: &str) -> String {
    bounded(text, markdown)
}

fn code(text: &str) -> String {
    bounded(text, markdown_code)
}

/// A text cut so that both its columns and its bytes in Markdown are bounded.
fn bounded(text: &str, neutralise: fn(&str) -> String) -> String {
    let mut text = cut(text, WIDEST).into_owned();
    loop {
        let neutral = neutralise(&text);
        if neutral.len() <= LONGEST {
            return neutral;
        }
        let half = text.floor_char_boundary(text.len() / 2);
        text.truncate(half);
        text.push('…');
    }
}

/// A text that may not become too long.
struct Page<'a> {
    text: String,
    limit: usize,
    details: &'a str,
}

impl Page<'_> {
    fn room(&self) -> usize {
        self.limit.saturating_sub(self.text.len())
    }

    fn left_out(&self, number: usize, noun: &str) -> String {
        format!("… {} not shown; {}\n", count(number as u64, noun), self.details)
    }

    /// Adds rows as far as they fit into `room` bytes, and says how many of `count` are left out. Rows that do not fit are
    /// not even written: there may be very many.
    fn rows(&mut self, (noun, count): (&str, usize), rows: impl Iterator<Item = String>, room: usize) {
        let end = self.text.len() + room.min(self.room());
        let mut number = 0;
        for row in rows {
            if self.text.len() + row.len() > end {
                break;
            }
            self.text.push_str(&row);
            number += 1;
        }
        if number < count {
            let note = self.left_out(count - number, noun);
            self.text.push_str(&format!("\n{note}"));
        }
    }

    /// Adds a list of at most `most` of `count` rows.
    fn list(&mut self, noun: &str, count: usize, rows: impl Iterator<Item = String>, most: usize) {
        if count > 0 {
            self.text.push('\n');
            self.rows((noun, count), rows.take(most), self.room() / 3);
        }
    }

    /// Adds rows behind a fold; they get at most half of the room.
    fn folded(&mut self, title: &str, head: &str, counted: (&str, usize), rows: impl Iterator<Item = String>) {
        self.text.push_str(&format!("\n<details><summary>{title}</summary>\n\n{head}"));
        self.rows(counted, rows, self.room() / 2);
        self.text.push_str("\n</details>\n");
    }
}

/// The table.
fn figures(page: &mut Page, comparison: &Comparison) {
    let Some(first) = comparison.rows.first() else { return };
    let several = has_several_builds(comparison);
    let has_before = comparison.baseline.is_some();
    let has_limits = comparison.rows.iter().any(|row| row_limits(comparison, row).next().is_some());
    let mut heads = vec![if several { "build".to_owned() } else { code(&first.build) }];
    let mut line = "|---|".to_owned();
    if several {
        heads.push(String::new());
        line.push_str("---|");
    }
    if has_before {
        heads.extend(["before", "after", "change"].map(str::to_owned));
        line.push_str("--:|--:|---|");
    } else {
        heads.push(String::new());
        line.push_str("--:|");
    }
    if has_limits {
        heads.push("budget".to_owned());
        line.push_str("---|");
    }
    page.text.push_str(&format!("\n| {} |\n{line}\n", heads.join(" | ")));
    let mut rows = Vec::new();
    let mut build = None;
    for row in &comparison.rows {
        let mut cells = Vec::new();
        if several {
            // A build is named once.
            let name = if build == Some(&row.build) { String::new() } else { code(&row.build) };
            build = Some(&row.build);
            cells.push(name);
        }
        cells.push(row.kind.title().to_owned());
        if has_before {
            cells.push(row.before.as_ref().map_or_else(|| "–".to_owned(), value));
        }
        cells.push(value(&row.after));
        if has_before {
            cells.push(change_cell(row));
        }
        if has_limits {
            let limits: Vec<String> = row_limits(comparison, row).map(|check| text(&limit(check))).collect();
            cells.push(limits.join("<br>"));
        }
        rows.push(format!("| {} |\n", cells.join(" | ")));
    }
    let room = page.room() / 2;
    page.rows(("figure", rows.len()), rows.into_iter().take(MOST_ROWS), room);
}

fn change_cell(row: &FigureRow) -> String {
    let remark = remark(row);
    let change = change(row);
    if remark.is_empty() { change } else { format!("{change}<br><sub>{remark}</sub>") }
}

/// Which lines caused what, and where the build cache was left.
fn explain(page: &mut Page, comparison: &Comparison) {
    let several = has_several_builds(comparison);
    let mut rows = Vec::new();
    for row in comparison.rows.iter().filter(|row| !row.causes.is_empty()) {
        let of = if several { format!(" of {}", code(&row.build)) } else { String::new() };
        let unit = row.kind.unit();
        let change = row.before.as_ref().map_or(0.0, |before| row.after.value - before.value);
        let mut item = format!("- **{}{of} {}**\n", row.kind.title(), signed(unit, change));
        for cause in row.causes.iter().take(MOST_CAUSES) {
            let place = cause_place(cause);
            let place = if place.is_empty() { place } else { format!(" ({})", text(&place)) };
            let _ = writeln!(item, "  - {} {}{place}", signed(unit, cause.change), code(&cause.instruction));
        }
        let hidden: Vec<f64> = row.causes.iter().skip(MOST_CAUSES).map(|cause| cause.change).collect();
        if !hidden.is_empty() {
            let sum = signed(unit, hidden.iter().sum());
            let _ = writeln!(item, "  - {sum} by {}", count(hidden.len() as u64, "further line"));
        }
        rows.push(item);
    }
    for build in &comparison.state.builds {
        let of = if several { format!(" of {}", code(build.name())) } else { String::new() };
        if let Some(miss) = build.misses.first() {
            let line = miss.line.map(|line| format!(" (line {line})")).unwrap_or_default();
            rows.push(format!("- **first step{of} that reruns** {}{line}: {}\n", code(&miss.name), text(&miss.reason)));
        }
    }
    page.list("explanation", rows.len(), rows.into_iter(), MOST_ROWS);
}

fn findings(page: &mut Page, comparison: &Comparison) {
    let word = if comparison.baseline.is_some() { "new finding" } else { "finding" };
    let new = &comparison.new_findings;
    if !new.is_empty() {
        let groups = groups(new);
        let (open, folded) = groups.split_at(groups.len().min(OPEN_FINDINGS));
        page.text.push_str(&format!("\n**{}**\n\n{FINDINGS_HEAD}", count(new.len() as u64, word)));
        let room = page.room() / 2;
        page.rows((word, open.len()), open.iter().map(finding_row), room);
        if !folded.is_empty() {
            let title = format!("{} more", grouped(folded.len() as u64));
            page.folded(&title, FINDINGS_HEAD, (word, folded.len()), folded.iter().map(finding_row));
        }
    }
    let fixed = &comparison.fixed_findings;
    if !fixed.is_empty() {
        let groups = groups(fixed);
        let title = count(fixed.len() as u64, "fixed finding");
        page.folded(&title, "", ("fixed finding", groups.len()), groups.iter().map(finding_line));
    }
    let uncompared = &comparison.uncompared_findings;
    if !uncompared.is_empty() {
        let groups = groups(uncompared);
        let title = format!("{} {UNCOMPARED}", count(uncompared.len() as u64, "finding"));
        page.folded(&title, "", ("finding", groups.len()), groups.iter().map(finding_line));
    }
    if comparison.unchanged_findings > 0 {
        let unchanged = count(comparison.unchanged_findings as u64, "finding");
        page.text.push_str(&format!("\n{unchanged} of the baseline did not change.\n"));
    }
}

const FINDINGS_HEAD: &str = "| | where | finding | costs |\n|---|---|---|---|\n";

fn finding_line((finding, number): &(&FindingState, usize)) -> String {
    format!("- {} {}{}\n", code(&place(finding)), text(&finding.message), others(*number))
}

fn finding_row((finding, number): &(&FindingState, usize)) -> String {
    let rule = match crate::rules::find(&finding.rule) {
        Some(rule) => format!("[{}]({})", rule.name, rule.url()),
        None => code(&finding.rule),
    };
    let help = finding.help.as_ref().map(|help| format!("<br>{}", text(help))).unwrap_or_default();
    format!(
        "| {} | {} | {}{} ({rule}){help} | {} |\n",
        finding.severity().name(),
        code(&place(finding)),
        text(&finding.message),
        others(*number),
        text(&cost(finding)),
    )
}

/// The command that fixes new findings, with a few diffs as examples. A comment in the conversation has no suggestion that
/// a click applies: those exist in reviews of changed lines only.
fn fixes(page: &mut Page, comparison: &Comparison) {
    let Some(offer) = comparison.fix_offer() else { return };
    page.text.push_str(&format!("\n{}.\n", text(&offer.sentence())));
    if !offer.diffs.is_empty() {
        let details = std::mem::replace(&mut page.details, "`dockopt fix` shows all");
        let rows = offer.diffs.iter().map(|(finding, fix)| fix_row(finding, fix));
        let number = offer.diffs.len() + offer.hidden();
        page.folded(&format!("Fixes as diffs ({number})"), "", ("diff", number), rows);
        page.details = details;
    }
}

fn fix_row(finding: &FindingState, fix: &FixState) -> String {
    let Some((first, before, after)) = &fix.lines else { return String::new() };
    let safety = if fix.is_safe { "safe" } else { "unsafe" };
    let command = crate::rules::find(&finding.rule).map_or_else(String::new, |rule| {
        let flag = if fix.is_safe { "" } else { " --unsafe" };
        format!(": <code>dockopt fix --write{flag} --select {}</code>", rule.name)
    });
    let removed = before.lines().map(|line| format!("-{line}\n"));
    let added = after.lines().map(|line| format!("+{line}\n"));
    let diff: String = removed.chain(added).collect();
    let place = code(&format!("{}:{first}", finding.file));
    format!("{place} {} ({safety}){command}\n\n{}\n", text(&fix.title), fenced(&diff))
}

/// A diff in a block; its end is counted if it is long.
fn fenced(diff: &str) -> String {
    let end = if diff.len() <= LONGEST_DIFF {
        diff.len()
    } else {
        diff[..diff.floor_char_boundary(LONGEST_DIFF)].rfind('\n').map_or(0, |at| at + 1)
    };
    let rest = diff[end..].lines().count();
    let note =
        if rest > 0 { format!("\n… {} of the diff not shown\n", count(rest as u64, "line")) } else { String::new() };
    format!("{}{note}", markdown_fence("diff", &diff[..end]))
}

fn rewrites(page: &mut Page, rewrites: &[Rewrite]) {
    if !rewrites.is_empty() {
        let title = "The rewrite that dockopt optimize proposes";
        page.folded(title, "", ("file", rewrites.len()), rewrites.iter().map(rewrite_row));
    }
}

fn rewrite_row(rewrite: &Rewrite) -> String {
    let verdict = rewrite.verdict.as_ref().map(|verdict| format!(" ({})", text(verdict))).unwrap_or_default();
    let mut item = format!("**{}**{verdict}\n", code(&rewrite.file));
    for pass in rewrite.passes.iter().take(MOST_SENTENCES) {
        let _ = writeln!(item, "- {}", text(pass));
    }
    if let Some(surplus) = rewrite.passes.len().checked_sub(MOST_SENTENCES).filter(|surplus| *surplus > 0) {
        let _ = writeln!(item, "- … {}", count(surplus as u64, "further change"));
    }
    if let Some(diff) = &rewrite.diff {
        let _ = write!(item, "\n{}", fenced(diff));
    }
    item + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{BaselineOrigin, ComparisonOptions, ProjectState, compare, read_result};
    use dockopt_testing::Random;

    /// Texts that take much room, or none on a screen.
    fn hostile(random: &mut Random) -> String {
        let parts = ["\u{200b}", "\u{301}", "&", "<b>", "|", "\n", "😀", "\u{202e}", "x", "`", "FROM a ", "\u{0}"];
        let part = parts[random.below(parts.len())];
        part.repeat(random.below(6_000) / part.len() + 1)
    }

    fn result(random: &mut Random) -> ProjectState {
        let text = |random: &mut Random| serde_json::to_string(&hostile(random)).unwrap();
        let findings: Vec<String> = (0..random.below(40))
            .map(|index| {
                format!(
                    r#"{{"rule": {}, "severity": "error", "file": {}, "span": {{"start": {{"line": {index}, "column": 1}}}},
                        "message": {}, "help": {}, "fingerprint": "{}", "fixes": [{{"title": {}, "safety": "safe",
                        "lines": {{"first": 1, "before": {}, "after": "x"}}}}]}}"#,
                    text(random), text(random), text(random), text(random), random.below(80), text(random), text(random),
                )
            })
            .collect();
        let lint = format!(
            r#"{{"schema": "dockopt.lint/1", "findings": [{}], "problems": [{{"file": {}, "error": true, "message": {}}}]}}"#,
            findings.join(","),
            text(random),
            text(random),
        );
        let runs: Vec<String> = (0..random.below(8))
            .map(|_| {
                format!(
                    r#"{{"dockerfile": {}, "name": "x", "runs": [{{"scenario": "cold", "seconds": {}, "steps": []}}],
                "image": {{"disk_bytes": {}, "pull_bytes": 5}}, "failure": {{"message": {}}}}}"#,
                    text(random),
                    random.below(900),
                    random.below(1 << 40),
                    text(random)
                )
            })
            .collect();
        let measure = format!(r#"{{"schema": "dockopt.measure/1", "builds": [{}]}}"#, runs.join(","));
        let states = [lint, measure].map(|text| read_result(text.as_bytes()).unwrap());
        crate::results::join(states.into_iter().map(|read| read.after))
    }

    #[test]
    fn a_comment_never_exceeds_its_limit() {
        let mut random = Random::new(65_536);
        let mut longest = 0;
        for round in 0..12 {
            let (before, after) = (result(&mut random), result(&mut random));
            let budget = |_: Option<&crate::results::BuildState>| Default::default();
            let before = (round % 4 > 0).then_some(&before);
            let mut comparison = compare(after, before, budget, &ComparisonOptions::default());
            comparison.notices = (0..random.below(50)).map(|_| hostile(&mut random)).collect();
            comparison.failed_builds.push(hostile(&mut random));
            comparison.baseline =
                before.map(|_| BaselineOrigin { files: vec![hostile(&mut random)], ..BaselineOrigin::default() });
            let rewrite = Rewrite {
                file: hostile(&mut random),
                passes: vec![hostile(&mut random); 30],
                diff: Some(hostile(&mut random)),
                verdict: Some(hostile(&mut random)),
            };
            comparison.rewrites = vec![rewrite; random.below(4)];
            let details = format!("the [job](https://ci.example/{}) has all", "x".repeat(470));
            let marker = format!("<!-- dockopt report: {} -->", "x".repeat(100));
            let options =
                MarkdownOptions { limit: GITHUB_LIMIT, marker: Some(&marker), fails: true, details: &details };
            let comment = comparison_markdown(&comparison, &options);
            longest = longest.max(comment.len());
            assert!(comment.len() <= GITHUB_LIMIT, "{} bytes in round {round}", comment.len());
        }
        assert!(longest > GITHUB_LIMIT / 2, "the test has too little to say: {longest} bytes");
    }
}
