//! The comment on a pull request. It fits into what the platform takes: what does not fit is counted, and the text says
//! where it is.

use std::fmt::Write;

use super::words::{
    baseline, cause_place, change, cost, groups, has_several_builds, limit, limit_sentence, others, place, remark,
    row_limits, signed, value, verdict,
};
use crate::report::format::escape::{markdown, markdown_code, markdown_fence};
use crate::report::layout::cut;
use crate::report::units::count;
use crate::results::{Comparison, FigureRow, FindingState, Rewrite};

/// Bytes of a comment on GitHub at most: it takes 65,536 characters.
pub const GITHUB_LIMIT: usize = 65_536;

/// Bytes of a note on GitLab at most: it takes 1,000,000 characters.
pub const GITLAB_LIMIT: usize = 1_000_000;

/// Bytes that are kept free for the end.
const RESERVE: usize = 8_000;

/// Columns of a message, an instruction, a name.
const WIDEST: usize = 300;

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
    page.list("limit", sentences.iter().map(|sentence| format!("- {}\n", text(sentence))), MOST_SENTENCES);
    explain(&mut page, comparison);
    findings(&mut page, comparison);
    fixes(&mut page, comparison);
    rewrites(&mut page, &comparison.rewrites);
    if !comparison.notices.is_empty() {
        let rows = comparison.notices.iter().map(|notice| format!("- {}\n", text(notice)));
        page.folded(&count(comparison.notices.len() as u64, "note"), "", "note", &rows.collect::<Vec<_>>());
    }
    page.text.push_str(&format!("\n<sub>{}</sub>\n", text(&baseline(comparison))));
    page.text
}

/// A text of the input in one line, neutralised; cut, with a mark, if it is long.
fn text(text: &str) -> String {
    markdown(&cut(text, WIDEST))
}

fn code(text: &str) -> String {
    markdown_code(&cut(text, WIDEST))
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

    /// Adds rows as far as they fit into `room` bytes, and says how many are left out.
    fn rows(&mut self, noun: &str, rows: &[String], room: usize) {
        let end = self.text.len() + room.min(self.room());
        let mut number = 0;
        for row in rows {
            if self.text.len() + row.len() > end {
                break;
            }
            self.text.push_str(row);
            number += 1;
        }
        if number < rows.len() {
            let note = self.left_out(rows.len() - number, noun);
            self.text.push_str(&format!("\n{note}"));
        }
    }

    /// Adds a list of at most so many rows.
    fn list(&mut self, noun: &str, rows: impl Iterator<Item = String>, most: usize) {
        let rows: Vec<String> = rows.collect();
        if rows.is_empty() {
            return;
        }
        self.text.push('\n');
        let visible = rows.len().min(most);
        self.rows(noun, &rows[..visible], self.room() / 3);
        if visible < rows.len() {
            let note = self.left_out(rows.len() - visible, noun);
            self.text.push_str(&format!("\n{note}"));
        }
    }

    /// Adds rows behind a fold; they get at most half of the room.
    fn folded(&mut self, title: &str, head: &str, noun: &str, rows: &[String]) {
        self.text.push_str(&format!("\n<details><summary>{title}</summary>\n\n{head}"));
        self.rows(noun, rows, self.room() / 2);
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
    let visible = rows.len().min(MOST_ROWS);
    let hidden = rows.len() - visible;
    let room = page.room() / 2;
    page.rows("figure", &rows[..visible], room);
    if hidden > 0 {
        let note = page.left_out(hidden, "figure");
        page.text.push_str(&format!("\n{note}"));
    }
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
            let place = if place.is_empty() { place } else { format!(" ({place})") };
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
    page.list("explanation", rows.into_iter(), MOST_ROWS);
}

fn findings(page: &mut Page, comparison: &Comparison) {
    let word = if comparison.baseline.is_some() { "new finding" } else { "finding" };
    let new = &comparison.new_findings;
    if !new.is_empty() {
        let rows: Vec<String> = groups(new).into_iter().map(finding_row).collect();
        let open = rows.len().min(OPEN_FINDINGS);
        page.text.push_str(&format!("\n**{}**\n\n{FINDINGS_HEAD}", count(new.len() as u64, word)));
        let room = page.room() / 2;
        page.rows(word, &rows[..open], room);
        if open < rows.len() {
            let title = format!("{} more", rows.len() - open);
            page.folded(&title, FINDINGS_HEAD, word, &rows[open..]);
        }
    }
    let fixed = &comparison.fixed_findings;
    if !fixed.is_empty() {
        let row = |(finding, number): (&FindingState, usize)| {
            format!("- {} {}{}\n", code(&place(finding)), text(&finding.message), others(number))
        };
        let rows: Vec<String> = groups(fixed).into_iter().map(row).collect();
        page.folded(&count(fixed.len() as u64, "fixed finding"), "", "fixed finding", &rows);
    }
    if comparison.unchanged_findings > 0 {
        let unchanged = count(comparison.unchanged_findings as u64, "finding");
        page.text.push_str(&format!("\n{unchanged} of the baseline did not change.\n"));
    }
}

const FINDINGS_HEAD: &str = "| | where | finding | costs |\n|---|---|---|---|\n";

fn finding_row((finding, number): (&FindingState, usize)) -> String {
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
        others(number),
        text(&cost(finding)),
    )
}

/// The fixes of new findings as diffs. A comment in the conversation has no suggestion that a click applies: those
/// exist in reviews of changed lines only.
fn fixes(page: &mut Page, comparison: &Comparison) {
    let mut rows = Vec::new();
    for finding in &comparison.new_findings {
        let Some(fix) = &finding.fix else { continue };
        let Some((first, before, after)) = &fix.lines else { continue };
        let safety = if fix.is_safe { "safe" } else { "unsafe" };
        let command = crate::rules::find(&finding.rule).map_or_else(String::new, |rule| {
            let flag = if fix.is_safe { "" } else { " --unsafe" };
            format!(": <code>dockopt fix --write{flag} --select {}</code>", rule.name)
        });
        let removed = before.lines().map(|line| format!("-{line}\n"));
        let added = after.lines().map(|line| format!("+{line}\n"));
        let diff: String = removed.chain(added).collect();
        let place = code(&format!("{}:{first}", finding.file));
        rows.push(format!("{place} {} ({safety}){command}\n\n{}\n", text(&fix.title), fenced(&diff)));
    }
    if !rows.is_empty() {
        let details = std::mem::replace(&mut page.details, "`dockopt fix` shows all");
        page.folded(&format!("Fixes as diffs ({})", rows.len()), "", "diff", &rows);
        page.details = details;
    }
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
    let mut rows = Vec::new();
    for rewrite in rewrites {
        let verdict = rewrite.verdict.as_ref().map(|verdict| format!(" ({})", text(verdict))).unwrap_or_default();
        let mut item = format!("**{}**{verdict}\n", code(&rewrite.file));
        for pass in rewrite.passes.iter().take(MOST_SENTENCES) {
            let _ = writeln!(item, "- {}", text(pass));
        }
        if let Some(diff) = &rewrite.diff {
            let _ = write!(item, "\n{}", fenced(diff));
        }
        rows.push(item + "\n");
    }
    if !rows.is_empty() {
        page.folded("The rewrite that dockopt optimize proposes", "", "file", &rows);
    }
}
