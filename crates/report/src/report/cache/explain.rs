//! `cache explain`: a build log for people.

use crate::buildlog::{Explanation, LogForm, LogStep, LoggedBuild, StepKind, StepStatus};
use crate::report::page::{
    Block, Chart, Column, Indent, Listing, Medium, Page, Section, Table, Text, TimelineRow, Tone, code, number, path,
    plain, toned,
};
use crate::report::timeline::COMPUTED_STARTS;
use crate::report::units::{bytes, count, seconds};

/// Rows of a list without `--all`.
const ROWS: usize = 30;

/// Slowest lines, without `--all`.
const SLOWEST: usize = 5;

/// Columns of a bar.
const BAR: usize = 20;

/// Steps below this are not shown in a list of times without `--all`, in seconds.
const SHORT: f64 = 0.05;

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

    /// Whether the log says when each step began.
    fn has_logged_starts(&self) -> bool {
        self.logged.started.is_some() && self.steps().iter().all(|step| step.started.is_some())
    }

    /// Seconds from the start of the build to that of a step: as the log says, else until what the step needs ends. One
    /// clock for all steps.
    pub(super) fn start(&self, at: usize) -> Option<f64> {
        if !self.has_logged_starts() {
            return self.explanation.starts.get(at).copied();
        }
        Some(self.steps().get(at)?.started?.duration_since(self.logged.started?).as_secs_f64())
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

/// The log for people.
pub fn cache_explanation(log: &ExplainedLog, all: bool) -> Page {
    let mut page = Page::new(format!("Build log {}", log.name));
    for (at, build) in log.builds.iter().enumerate() {
        let name = match &build.logged.name {
            Some(name) => name.clone(),
            None if log.builds.len() > 1 => format!("{}, build {}", log.name, at + 1),
            None => log.name.clone(),
        };
        page.push(BuildWriter { build, all }.section(&name));
    }
    let mut remarks = Vec::new();
    if log.builds.iter().any(|build| build.logged.totals.is_some()) {
        let text =
            "Only totals are known: `docker buildx history logs REF --progress rawjson` prints the steps of a build.";
        remarks.push(plain(text));
    }
    remarks.extend(log.notices.iter().map(plain));
    let mut end = Section::default();
    end.push_list(remarks);
    page.push(end);
    page
}

struct BuildWriter<'a> {
    build: &'a ExplainedBuild,
    all: bool,
}

impl BuildWriter<'_> {
    fn section(&self, name: &str) -> Section {
        let mut section = self.head(name);
        if !self.build.logged.steps.is_empty() {
            let parts = [self.failure(), self.misses(), self.timeline(), self.critical_path(), self.slowest()];
            section.blocks.extend(parts.into_iter().flatten().map(Block::Section));
            section.push_rows(Section::new("Cached steps whose layers were pulled"), self.pulled());
            section.push_rows(Section::new("Warnings of the builder"), self.warnings());
        }
        section
    }

    fn limited(&self, columns: &[Column], mut rows: Vec<Vec<Text>>, limit: usize) -> Table {
        let all = rows.len();
        rows.truncate(if self.all { all } else { limit });
        Table::new(columns, rows).of(all)
    }

    fn head(&self, name: &str) -> Section {
        let logged = &self.build.logged;
        let time = logged.seconds.map_or_else(String::new, |time| format!(", {}", seconds(time)));
        let file = logged.dockerfile.as_ref().map_or_else(String::new, |file| format!(" of {file}"));
        let title = format!("{name}: {} log{file}{time}", logged.form.name());
        let mut section = Section { indent: Indent::Blocks, ..Section::new(title) };
        let mut facts = Vec::new();
        if let Some(totals) = logged.totals {
            let steps = count(totals.total, "step");
            facts.push(plain(format!("{} of {steps} cached, the builder's own among them", totals.cached)));
        }
        if logged.is_check {
            facts.push(plain("the Dockerfile was only checked (`--check`); nothing was built"));
        }
        if logged.is_truncated() {
            facts.push(plain("the log ends before the build did; figures are partial"));
        }
        section.push_list(facts);
        section.push(self.sums());
        section
    }

    fn sums(&self) -> Table {
        let (cacheable, cached) = self.build.cached();
        let (missed, spent) = self.missed();
        let mut rows = Vec::new();
        let mut row = |title: &str, text: String| rows.push(vec![plain(title), number(text)]);
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
        Table::new(&[Column::Left, Column::Words], rows)
    }

    /// The number of steps that reran, and their seconds.
    fn missed(&self) -> (usize, Option<f64>) {
        let steps = self.build.explanation.causes.keys().map(|at| &self.build.steps()[*at]);
        (steps.clone().count(), steps.filter_map(|step| step.seconds).reduce(|sum, time| sum + time))
    }

    fn failure(&self) -> Option<Section> {
        let error = self.build.logged.error.as_ref()?;
        let mut section = Section::new(toned("Failed", Tone::Error));
        if let Some((file, line)) = &error.place {
            section.push(path(format!("{file}:{line}")));
        }
        section.push(plain(&error.message));
        if let Some(step) = self.build.logged.failed_step() {
            if step.label.is_instruction() {
                section.push(plain("at ").and_code(title(step)));
            }
            let tail = step.output.tail();
            let lines: Vec<&str> = tail.lines().filter(|line| !line.trim().is_empty()).collect();
            let lines = &lines[lines.len().saturating_sub(OUTPUT)..];
            let lines: Vec<String> = lines.iter().map(|line| line.trim_end().to_owned()).collect();
            if !lines.is_empty() {
                section.push(Listing { lines, ..Listing::default() });
            }
        }
        Some(section)
    }

    fn misses(&self) -> Option<Section> {
        let causes = &self.build.explanation.causes;
        let (cacheable, cached) = self.build.cached();
        let mut section = Section::new("Cache misses");
        if cached == 0 && causes.len() == cacheable {
            section.push(plain("no step was cached: this was a first build, or the cache was not used or not found"));
        }
        let row = |first: usize| {
            let step = &self.build.steps()[first];
            let reason = self.build.reason(first).unwrap_or("nothing before it was missed");
            let after: Vec<&LogStep> = causes
                .iter()
                .filter(|(at, cause)| **cause == first && **at != first)
                .map(|(at, _)| &self.build.steps()[*at])
                .collect();
            let time = after.iter().filter_map(|step| step.seconds).reduce(|sum, time| sum + time);
            let time = time.map_or_else(String::new, |time| format!(", {}", seconds(time)));
            let later = match after.len() {
                0 => String::new(),
                number => format!("{} reran because of it{time}", count(number as u64, "later step")),
            };
            vec![path(self.build.place(first)), code(title(step)), toned(reason, Tone::Dim), toned(later, Tone::Dim)]
        };
        let rows = causes.iter().filter(|(at, cause)| at == cause).map(|(at, _)| row(*at)).collect();
        let columns = [Column::Path, Column::Words, Column::Below, Column::Below];
        section.push(self.limited(&columns, rows, ROWS).with_quiet_head(&[
            "line",
            "first miss",
            "why",
            "what follows",
        ]));
        (!causes.is_empty()).then_some(section)
    }

    /// The steps that the times are shown of.
    fn timed_steps(&self) -> Vec<usize> {
        let steps = self.build.steps();
        let mut order: Vec<usize> = (0..steps.len()).collect();
        if self.build.has_logged_starts() {
            order.sort_by_key(|at| steps[*at].started);
        }
        let is_worth = |step: &LogStep| {
            step.seconds.is_some_and(|time| time >= SHORT)
                || matches!(step.status, StepStatus::Error | StepStatus::Canceled | StepStatus::Unfinished)
                || step.is_missed()
        };
        order.retain(|at| self.all || is_worth(&steps[*at]));
        order
    }

    fn timeline(&self) -> Option<Section> {
        let steps = self.build.steps();
        let shown = self.timed_steps();
        if shown.is_empty() {
            return None;
        }
        let start = |at: usize| self.build.start(at).unwrap_or(0.0);
        let has_starts = self.build.has_logged_starts();
        let ends = steps.iter().enumerate().filter_map(|(at, step)| Some(start(at) + step.seconds?));
        let end = ends.fold(0.0, f64::max);
        let all = if has_starts { self.build.logged.seconds } else { None };
        let scale = all.unwrap_or(end).max(1e-9);
        let row = |at: &usize| {
            let step = &steps[*at];
            let bar = bar(start(*at) / scale, step.seconds.unwrap_or(0.0) / scale);
            vec![
                number(step.seconds.map_or_else(|| "–".to_owned(), seconds)),
                toned(step.status.as_str(), tone(step.status)),
                plain(bar),
                code(title(step)),
            ]
        };
        let rows: Vec<Vec<Text>> = shown.iter().map(row).collect();
        let without_bars = rows.iter().map(|row| [&row[..2], &row[3..]].concat()).collect();
        let columns = [Column::Right, Column::Left, Column::Left, Column::Words];
        let table = self.limited(&columns, rows, ROWS);
        let names = self.limited(&[Column::Right, Column::Left, Column::Words], without_bars, ROWS);
        let mut section = Section::new("Timeline");
        section.push(Block::Only(&[Medium::Terminal], vec![table.into()]));
        section.push(Block::Only(&[Medium::Markdown], vec![names.with_head(&["time", "", "step"]).into()]));
        section.push(Block::Only(&[Medium::Html], self.chart(&shown)));
        let hidden = steps.len() - shown.len();
        if hidden > 0 {
            let text = format!("{} below {SHORT} s not shown (--all)", count(hidden as u64, "step"));
            section.push(plain(text));
        }
        if !has_starts && end > 0.0 {
            section.push(Block::Only(&[Medium::Terminal, Medium::Html], vec![plain(COMPUTED_STARTS).into()]));
        }
        Some(section)
    }

    /// The steps as bars; those that the build waited for are marked.
    fn chart(&self, shown: &[usize]) -> Vec<Block> {
        let limit = if self.all { usize::MAX } else { ROWS };
        let critical_path = &self.build.explanation.critical_path;
        let row = |at: &usize| {
            let step = &self.build.steps()[*at];
            TimelineRow {
                name: title(step),
                start: self.build.start(*at).unwrap_or(0.0),
                seconds: step.seconds.unwrap_or(0.0),
                is_critical: critical_path.steps.contains(at),
                note: if step.status == StepStatus::Done { String::new() } else { step.status.as_str().to_owned() },
                ..TimelineRow::default()
            }
        };
        let rows = shown.iter().take(limit).map(row).collect();
        let mut blocks = vec![Chart::Timeline { name: "Steps of the build".to_owned(), rows }.into()];
        if shown.len() > limit {
            blocks.push(plain(format!("… {} more (`--all`)", shown.len() - limit)).into());
        }
        blocks
    }

    fn critical_path(&self) -> Option<Section> {
        let critical = &self.build.explanation.critical_path;
        if critical.steps.is_empty() || critical.seconds < SHORT {
            return None;
        }
        let total = self.build.logged.seconds.map_or_else(String::new, |total| format!(" of {}", seconds(total)));
        let steps = self.build.steps();
        let is_worth = |at: &&usize| self.all || steps[**at].seconds.is_some_and(|time| time >= SHORT);
        let row = |at: &usize| self.timed_row(*at);
        let rows = critical.steps.iter().filter(is_worth).map(row).collect();
        let table = self.limited(&[Column::Right, Column::Path, Column::Words], rows, ROWS);
        let mut section = Section::new(format!("Critical path: {}{total}", seconds(critical.seconds)));
        section.push(table.with_quiet_head(&["time", "line", "step"]));
        let is_linear = matches!(self.build.logged.form, LogForm::Legacy | LogForm::Buildah);
        if !critical.is_exact && !is_linear {
            let text = "from the order of steps in their stages and from --from: this form of log has no graph or no \
                        start times";
            section.push(plain(text));
        }
        Some(section)
    }

    /// How long a step took, where it is, what it is.
    fn timed_row(&self, at: usize) -> Vec<Text> {
        let step = &self.build.steps()[at];
        let time = step.seconds.map_or_else(|| "–".to_owned(), seconds);
        vec![number(time), path(self.build.place(at)), code(title(step))]
    }

    fn slowest(&self) -> Option<Section> {
        let steps = self.build.steps();
        let mut order: Vec<usize> = (0..steps.len()).collect();
        order.retain(|at| {
            let step = &steps[*at];
            step.label.is_instruction() && step.seconds.is_some_and(|time| time >= SHORT)
        });
        order.sort_by(|a, b| steps[*b].seconds.unwrap_or(0.0).total_cmp(&steps[*a].seconds.unwrap_or(0.0)));
        let row = |at: &usize| {
            let pauses = steps[*at].output.pauses.iter().map(|pause| {
                let after = match pause.after.as_str() {
                    "" => "before its first line".to_owned(),
                    line => format!("after `{line}`"),
                };
                format!("nothing printed for {} {after}", seconds(pause.seconds))
            });
            let pauses = toned(pauses.collect::<Vec<_>>().join("; "), Tone::Dim);
            self.timed_row(*at).into_iter().chain([pauses]).collect()
        };
        let rows = order.iter().map(row).collect();
        let columns = [Column::Right, Column::Path, Column::Words, Column::Below];
        let table = self.limited(&columns, rows, SLOWEST).with_quiet_head(&["time", "line", "step", "pauses"]);
        (!order.is_empty()).then(|| Section::new("Slowest lines").with(table))
    }

    fn pulled(&self) -> Table {
        let steps = self.build.steps();
        let is_pulled = |step: &&LogStep| step.status == StepStatus::Cached && step.pulled_bytes() > 0;
        let row = |step: &LogStep| {
            let of_transfers = || step.transfers.iter().filter_map(|transfer| transfer.seconds).sum();
            let time = seconds(step.seconds.unwrap_or_else(of_transfers));
            vec![number(time), number(bytes(step.pulled_bytes())), code(title(step))]
        };
        let rows = steps.iter().filter(is_pulled).map(row).collect();
        self.limited(&[Column::Right, Column::Right, Column::Words], rows, ROWS)
    }

    fn warnings(&self) -> Table {
        let warnings = self.build.steps().iter().flat_map(|step| &step.warnings);
        self.limited(&[Column::Wrapped], warnings.map(|text| vec![plain(text)]).collect(), ROWS)
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

/// A bar, from one part of the whole on: `    ██████`.
fn bar(from: f64, length: f64) -> String {
    let columns = |part: f64| {
        #[allow(clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "between 0 and the columns of a bar")]
        let columns = (part.clamp(0.0, 1.0) * BAR as f64).round() as usize;
        columns.min(BAR)
    };
    let start = columns(from).min(BAR - 1);
    let end = columns(from + length).max(start + usize::from(length > 0.0));
    format!("{}{}", " ".repeat(start), "█".repeat(end.saturating_sub(start)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buildlog;
    use crate::report::layout::Layout;

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
        cache_explanation(&log, false)
            .write(Medium::Terminal, Layout { width: Some(width), colour: false, links: false })
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
        assert_eq!(bar(0.0, 1.0), "█".repeat(20));
        assert_eq!(bar(0.5, 0.25), format!("{}{}", " ".repeat(10), "█".repeat(5)));
        assert_eq!(bar(1.0, 0.001), format!("{}█", " ".repeat(19)));
        assert_eq!(bar(f64::NAN, 0.0).trim(), "");
        assert_eq!(bar(7.0, 9.0).chars().count(), 20);
    }
}
