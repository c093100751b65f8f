//! `cache explain`: a build log for people.

use crate::buildlog::{Explanation, LogForm, LogStep, LoggedBuild, StepKind, StepStatus};
use crate::report::grid::{Cell, Column, Grid, cell, plain};
use crate::report::layout::{Layout, Tone, clean, wrap};
use crate::report::units::{bytes, count, hidden_rows, seconds};

/// Rows of a list without `--all`.
const ROWS: usize = 30;

/// Slowest lines, without `--all`.
const SLOWEST: usize = 5;

/// Columns of a bar, and on a narrow terminal.
const BAR: usize = 20;
const NARROW_BAR: usize = 8;

/// Columns below which a terminal is narrow.
const NARROW: usize = 70;

/// Steps below this are not shown in a list of times without `--all`, in seconds.
const SHORT: f64 = 0.05;

/// Columns to the left of a reason, in addition to the place of its step.
const REASON_INDENT: usize = 8;

/// Lines of a failed step's output.
const OUTPUT: usize = 10;

/// A log with what follows from it.
#[derive(Clone, Debug, Default)]
pub struct ExplainedLog {
    /// The log's name.
    pub name: String,
    /// Its builds.
    pub builds: Vec<ExplainedBuild>,
    /// What of it could not be read.
    pub notices: Vec<String>,
}

/// A build of a log, secrets masked.
#[derive(Clone, Debug)]
pub struct ExplainedBuild {
    /// The build.
    pub logged: LoggedBuild,
    /// What its steps say together.
    pub explanation: Explanation,
    /// The file and line of each step, where they are known.
    pub places: Vec<Option<(String, u32)>>,
    /// Why each step was not cached, where that is known.
    pub reasons: Vec<Option<String>>,
}

impl ExplainedBuild {
    pub(super) fn steps(&self) -> &[LogStep] {
        &self.logged.steps
    }

    fn place(&self, at: usize) -> String {
        self.places.get(at).and_then(Option::as_ref).map_or_else(String::new, |(file, line)| format!("{file}:{line}"))
    }

    pub(super) fn reason(&self, at: usize) -> Option<&str> {
        self.reasons.get(at).and_then(Option::as_deref)
    }

    /// Steps that can be cached, and those of them that were.
    pub(super) fn cached(&self) -> (usize, usize) {
        let cacheable = || self.steps().iter().filter(|step| step.is_cacheable());
        (cacheable().count(), cacheable().filter(|step| step.status == StepStatus::Cached).count())
    }

    /// Seconds of the steps of a kind; `None` if there are none with a time.
    pub(super) fn seconds_of(&self, kind: StepKind) -> Option<f64> {
        let steps = self.steps().iter().filter(|step| step.label.kind == kind);
        steps.filter_map(|step| step.seconds).reduce(|sum, seconds| sum + seconds)
    }

    /// Bytes of the build context that were sent; `None` if the log does not say it.
    pub(super) fn context_bytes(&self) -> Option<u64> {
        let steps = self.steps().iter().filter(|step| step.label.kind == StepKind::Context);
        let transfers = steps.flat_map(|step| &step.transfers);
        transfers.filter_map(|transfer| transfer.bytes).reduce(|sum, bytes| sum + bytes)
    }
}

/// A step as people read it: `web 2/4  RUN npm ci`.
fn title(step: &LogStep) -> String {
    let label = &step.label;
    let Some((number, of)) = label.number else {
        let name = if step.name.is_empty() { "a step whose name is not in the log" } else { &step.name };
        return name.to_owned();
    };
    let place = [&label.target, &label.platform, &label.stage].into_iter().flatten();
    let mut words: Vec<String> = place.cloned().collect();
    words.push(if of == 0 { number.to_string() } else { format!("{number}/{of}") });
    format!("{}  {}", words.join(" "), label.text)
}

/// The log as text.
pub fn cache_explanation(log: &ExplainedLog, layout: Layout, all: bool) -> String {
    let mut out = String::new();
    for (at, build) in log.builds.iter().enumerate() {
        if at > 0 && build.logged.totals.is_none() {
            out.push('\n');
        }
        let name = match &build.logged.name {
            Some(name) => name.clone(),
            None if log.builds.len() > 1 => format!("{}, build {}", log.name, at + 1),
            None => log.name.clone(),
        };
        let mut page = Page { out: &mut out, build, layout, all };
        page.head(&name);
        if !build.logged.steps.is_empty() {
            page.failure();
            page.misses();
            page.timeline();
            page.critical_path();
            page.slowest();
            page.pulled();
            page.warnings();
        }
    }
    if log.builds.iter().any(|build| build.logged.totals.is_some()) {
        let text =
            "Only totals are known: `docker buildx history logs REF --progress rawjson` prints the steps of a build.";
        out.push('\n');
        for line in wrap(text, layout.columns()) {
            out.push_str(&format!("{line}\n"));
        }
    }
    for notice in &log.notices {
        for line in wrap(&clean(notice), layout.columns()) {
            out.push_str(&format!("\n{line}\n"));
        }
    }
    out
}

struct Page<'a> {
    out: &'a mut String,
    build: &'a ExplainedBuild,
    layout: Layout,
    all: bool,
}

impl Page<'_> {
    fn title(&mut self, text: &str) {
        self.out.push_str(&format!("\n{}\n", self.layout.paint(Tone::Strong, text)));
    }

    fn lines(&mut self, text: &str, indent: usize) {
        for line in wrap(&clean(text), self.layout.columns().saturating_sub(indent)) {
            self.out.push_str(&format!("{:indent$}{line}\n", ""));
        }
    }

    fn rows(&mut self, columns: &[Column], rows: &[Vec<Cell>], limit: usize) {
        let shown = if self.all { rows.len() } else { rows.len().min(limit) };
        let grid = Grid { columns, head: &[], rows: &rows[..shown], indent: 2 };
        self.out.push_str(&grid.write(self.layout));
        self.out.push_str(&hidden_rows(rows.len(), shown, 2));
    }

    fn head(&mut self, name: &str) {
        let logged = &self.build.logged;
        let time = logged.seconds.map_or_else(String::new, |time| format!(", {}", seconds(time)));
        let file = logged.dockerfile.as_ref().map_or_else(String::new, |file| format!(" of {file}"));
        let head = format!("{}: {} log{file}{time}", clean(name), logged.form.name());
        for line in wrap(&clean(&head), self.layout.columns()) {
            self.out.push_str(&format!("{}\n", self.layout.paint(Tone::Strong, &line)));
        }
        if let Some(totals) = logged.totals {
            let text =
                format!("{} of {} cached, the builder's own among them", totals.cached, count(totals.total, "step"));
            self.lines(&text, 2);
        }
        if logged.is_check {
            self.lines("the Dockerfile was only checked (`--check`); nothing was built", 2);
        }
        if logged.is_truncated() {
            self.lines("the log ends before the build did; figures are partial", 2);
        }
        if logged.steps.is_empty() {
            return;
        }
        let (cacheable, cached) = self.build.cached();
        let (missed, spent) = self.missed();
        let mut rows = Vec::new();
        let mut row = |title: &str, text: String| rows.push(vec![plain(title), plain(text)]);
        if cacheable > 0 {
            row("cached", format!("{cached} of {}", count(cacheable as u64, "step")));
            let time = spent.map_or_else(String::new, |time| format!(", {}", seconds(time)));
            row("rerun", format!("{}{time}", count(missed as u64, "step")));
        }
        let time = |kind| self.build.seconds_of(kind).map(seconds);
        let context = [self.build.context_bytes().map(bytes), time(StepKind::Context)];
        let context: Vec<String> = context.into_iter().flatten().collect();
        if !context.is_empty() {
            row("build context", context.join(" in "));
        }
        for (title, kind) in [
            ("export", StepKind::Export),
            ("cache import", StepKind::CacheImport),
            ("cache export", StepKind::CacheExport),
        ] {
            if let Some(time) = time(kind) {
                row(title, time);
            }
        }
        self.rows(&[Column::Left, Column::Words], &rows, usize::MAX);
    }

    /// The number of steps that reran, and their seconds.
    fn missed(&self) -> (usize, Option<f64>) {
        let steps = self.build.explanation.causes.keys().map(|at| &self.build.steps()[*at]);
        (steps.clone().count(), steps.filter_map(|step| step.seconds).reduce(|sum, time| sum + time))
    }

    fn failure(&mut self) {
        let Some(error) = &self.build.logged.error else { return };
        self.title("Failed");
        if let Some((file, line)) = &error.place {
            self.lines(&format!("{file}:{line}"), 2);
        }
        self.lines(&error.message, 2);
        if let Some(step) = self.build.logged.failed_step() {
            if step.label.is_instruction() {
                self.lines(&format!("at {}", title(step)), 2);
            }
            let tail = step.output.tail();
            let lines: Vec<&str> = tail.lines().filter(|line| !line.trim().is_empty()).collect();
            for line in &lines[lines.len().saturating_sub(OUTPUT)..] {
                self.lines(line.trim_end(), 4);
            }
        }
    }

    fn misses(&mut self) {
        let causes = &self.build.explanation.causes;
        let (cacheable, cached) = self.build.cached();
        if causes.is_empty() {
            return;
        }
        self.title("Cache misses");
        if cached == 0 && causes.len() == cacheable {
            self.lines("no step was cached: this was a first build, or the cache was not used or not found", 2);
        }
        let mut rows = Vec::new();
        for first in causes.iter().filter(|(at, cause)| at == cause).map(|(at, _)| *at) {
            let step = &self.build.steps()[first];
            let reason = self.build.reason(first).unwrap_or("nothing before it was missed");
            rows.push(vec![plain(self.build.place(first)), cell(title(step), Tone::Plain)]);
            let room =
                self.layout.columns().saturating_sub(REASON_INDENT + self.build.place(first).len()).max(NARROW / 2);
            let lines = wrap(&clean(reason), room);
            rows.extend(lines.iter().map(|line| vec![plain(""), cell(format!("  {line}"), Tone::Dim)]));
            let after: Vec<&LogStep> = causes
                .iter()
                .filter(|(at, cause)| **cause == first && **at != first)
                .map(|(at, _)| &self.build.steps()[*at])
                .collect();
            let time = after.iter().filter_map(|step| step.seconds).reduce(|sum, time| sum + time);
            let time = time.map_or_else(String::new, |time| format!(", {}", seconds(time)));
            if !after.is_empty() {
                let text = format!("  {} reran because of it{time}", count(after.len() as u64, "later step"));
                rows.push(vec![plain(""), cell(text, Tone::Dim)]);
            }
        }
        self.rows(&[Column::Path, Column::Words], &rows, 3 * ROWS);
    }

    fn timeline(&mut self) {
        let steps = self.build.steps();
        let logged = &self.build.logged;
        let start = if steps.iter().all(|step| step.started.is_some()) { logged.started } else { None };
        let total = if start.is_some() { logged.seconds } else { None };
        let longest = steps.iter().filter_map(|step| step.seconds).fold(0.0, f64::max);
        let scale = total.unwrap_or(longest).max(1e-9);
        let mut order: Vec<usize> = (0..steps.len()).collect();
        if start.is_some() {
            order.sort_by_key(|at| steps[*at].started);
        }
        let is_worth = |step: &LogStep| {
            step.seconds.is_some_and(|time| time >= SHORT)
                || matches!(step.status, StepStatus::Error | StepStatus::Canceled | StepStatus::Unfinished)
                || step.is_missed()
        };
        let shown: Vec<usize> = order.into_iter().filter(|at| self.all || is_worth(&steps[*at])).collect();
        if shown.is_empty() {
            return;
        }
        let width = if self.layout.columns() < NARROW { NARROW_BAR } else { BAR };
        let rows: Vec<Vec<Cell>> = shown
            .iter()
            .map(|at| {
                let step = &steps[*at];
                let from = start.zip(step.started).map_or(0.0, |(from, to)| to.duration_since(from).as_secs_f64());
                vec![
                    plain(step.seconds.map_or_else(|| "–".to_owned(), seconds)),
                    cell(step.status.as_str(), tone(step.status)),
                    plain(bar(from / scale, step.seconds.unwrap_or(0.0) / scale, width)),
                    plain(title(step)),
                ]
            })
            .collect();
        self.title("Timeline");
        self.rows(&[Column::Right, Column::Left, Column::Left, Column::Words], &rows, ROWS);
        let hidden = steps.len() - shown.len();
        if hidden > 0 {
            self.lines(&format!("{} below {SHORT} s not shown (--all)", count(hidden as u64, "step")), 2);
        }
        if start.is_none() && longest > 0.0 {
            self.lines("the log has no start times: all bars begin at the left", 2);
        }
    }

    fn critical_path(&mut self) {
        let path = &self.build.explanation.critical_path;
        if path.steps.is_empty() || path.seconds < SHORT {
            return;
        }
        let total = self.build.logged.seconds.map_or_else(String::new, |total| format!(" of {}", seconds(total)));
        self.title(&format!("Critical path: {}{total}", seconds(path.seconds)));
        let steps = self.build.steps();
        let is_worth = |at: &&usize| self.all || steps[**at].seconds.is_some_and(|time| time >= SHORT);
        let row = |at: &usize| {
            let time = steps[*at].seconds.map_or_else(|| "–".to_owned(), seconds);
            vec![plain(time), plain(self.build.place(*at)), plain(title(&steps[*at]))]
        };
        let rows: Vec<Vec<Cell>> = path.steps.iter().filter(is_worth).map(row).collect();
        self.rows(&[Column::Right, Column::Path, Column::Words], &rows, ROWS);
        let is_linear = matches!(self.build.logged.form, LogForm::Legacy | LogForm::Buildah);
        if !path.is_exact && !is_linear {
            let text = "from the order of steps in their stages and from --from: this form of log has no graph or no \
                        start times";
            self.lines(text, 2);
        }
    }

    fn slowest(&mut self) {
        let steps = self.build.steps();
        let mut order: Vec<usize> = (0..steps.len()).collect();
        order.retain(|at| {
            let step = &steps[*at];
            step.label.is_instruction() && step.seconds.is_some_and(|time| time >= SHORT)
        });
        order.sort_by(|a, b| steps[*b].seconds.unwrap_or(0.0).total_cmp(&steps[*a].seconds.unwrap_or(0.0)));
        if order.is_empty() {
            return;
        }
        let limit = if self.all { order.len() } else { SLOWEST };
        self.title("Slowest lines");
        let mut rows = Vec::new();
        for at in order.iter().take(limit) {
            let step = &steps[*at];
            let time = step.seconds.map_or_else(String::new, seconds);
            rows.push(vec![plain(time), plain(self.build.place(*at)), plain(title(step))]);
            for pause in &step.output.pauses {
                let after = match pause.after.as_str() {
                    "" => "before its first line".to_owned(),
                    line => format!("after `{line}`"),
                };
                let text = format!("  nothing printed for {} {after}", seconds(pause.seconds));
                rows.push(vec![plain(""), plain(""), cell(text, Tone::Dim)]);
            }
        }
        self.rows(&[Column::Right, Column::Path, Column::Words], &rows, usize::MAX);
        self.out.push_str(&hidden_rows(order.len(), order.len().min(limit), 2));
    }

    fn pulled(&mut self) {
        let steps = self.build.steps();
        let is_pulled = |at: &usize| steps[*at].status == StepStatus::Cached && steps[*at].pulled_bytes() > 0;
        let rows: Vec<Vec<Cell>> = (0..steps.len())
            .filter(is_pulled)
            .map(|at| {
                let step = &steps[at];
                let of_transfers = || step.transfers.iter().filter_map(|transfer| transfer.seconds).sum();
                let time = seconds(step.seconds.unwrap_or_else(of_transfers));
                vec![plain(time), plain(bytes(step.pulled_bytes())), plain(title(step))]
            })
            .collect();
        if !rows.is_empty() {
            self.title("Cached steps whose layers were pulled");
            self.rows(&[Column::Right, Column::Right, Column::Words], &rows, ROWS);
        }
    }

    fn warnings(&mut self) {
        let warnings = self.build.steps().iter().flat_map(|step| &step.warnings);
        let rows: Vec<Vec<Cell>> = warnings.map(|text| vec![plain(text)]).collect();
        if !rows.is_empty() {
            self.title("Warnings of the builder");
            self.rows(&[Column::Words], &rows, ROWS);
        }
    }
}

fn tone(status: StepStatus) -> Tone {
    match status {
        StepStatus::Cached => Tone::Good,
        StepStatus::Done => Tone::Plain,
        StepStatus::Error => Tone::Error,
        StepStatus::Canceled | StepStatus::Unfinished => Tone::Warning,
    }
}

/// A bar of at most `width` columns, from one part of the whole on: `    ██████`.
fn bar(from: f64, length: f64, width: usize) -> String {
    let columns = |part: f64| {
        #[allow(clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "between 0 and the columns of a bar")]
        let columns = (part.clamp(0.0, 1.0) * width as f64).round() as usize;
        columns.min(width)
    };
    let start = columns(from).min(width - 1);
    let end = columns(from + length).max(start + usize::from(length > 0.0));
    format!("{}{}", " ".repeat(start), "█".repeat(end.saturating_sub(start)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buildlog;

    fn page(text: &[u8], width: usize) -> String {
        let log = buildlog::read(text).unwrap();
        let build = |logged: LoggedBuild| {
            let explanation = buildlog::explain(&logged, &|_| None);
            let places = vec![Some(("Dockerfile".to_owned(), 7)); logged.steps.len()];
            ExplainedBuild { reasons: vec![None; logged.steps.len()], logged, explanation, places }
        };
        let log = ExplainedLog {
            name: "a.log".to_owned(),
            builds: log.builds.into_iter().map(build).collect(),
            notices: log.notices,
        };
        cache_explanation(&log, Layout { width: Some(width), colour: false, links: false }, false)
    }

    #[test]
    fn pages_fit_their_columns() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/build_logs");
        let mut pages = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let Ok(log) = buildlog::read(&bytes) else { continue };
            for width in [60, 80, 120] {
                let text = page(&bytes, width);
                let wide = text.lines().find(|line| crate::report::layout::width(line) > width);
                assert_eq!(wide, None, "{text}");
                pages += usize::from(!text.is_empty() && !log.builds.is_empty());
            }
        }
        assert!(pages > 100, "{pages}");
    }

    #[test]
    fn a_miss_and_what_follows_are_told_apart() {
        let text = page(
            b"#1 [1/3] FROM x\n#1 DONE 0.0s\n#2 [2/3] COPY f .\n#2 DONE 0.1s\n#3 [3/3] RUN y\n#3 0.1 a\n#3 DONE 2.0s\n",
            80,
        );
        for part in [
            "cached  0 of 2 steps",
            "2/3  COPY f .",
            "1 later step reran because of it, 2 s",
            "nothing printed for 1.9 s",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn bars_lie_in_their_columns() {
        assert_eq!(bar(0.0, 1.0, BAR), "█".repeat(20));
        assert_eq!(bar(0.5, 0.25, BAR), format!("{}{}", " ".repeat(10), "█".repeat(5)));
        assert_eq!(bar(1.0, 0.001, BAR), format!("{}█", " ".repeat(19)));
        assert_eq!(bar(f64::NAN, 0.0, BAR).trim(), "");
        assert_eq!(bar(7.0, 9.0, BAR).chars().count(), 20);
    }
}
