//! `measure`: what builds took and what images weigh, one beside the other.

use std::iter;

use serde::Serialize;

use super::json;
use super::page::{self, Block, Column, Medium, Page, Section, Table, TextKind, Tone, plain, toned};
use super::units::{bytes, seconds};
use crate::proof::{BuildRun, Figures, MeasuredBuild, Measurement, Scenario};
use crate::wire::{Head, list, object};

/// One figure of all builds.
pub(super) struct FigureRow {
    /// What it is.
    pub title: String,
    /// Of each build; `None` where it is not known.
    pub values: Vec<Option<f64>>,
    /// Whether each is an upper bound; none is if this is empty.
    bounds: Vec<bool>,
    /// How it is written.
    unit: fn(f64) -> String,
}

impl FigureRow {
    /// As people read it.
    pub(super) fn format_value(&self, index: usize) -> String {
        let at_most = if self.bounds.get(index) == Some(&true) { "≤ " } else { "" };
        let value = self.values.get(index).copied().flatten();
        value.map_or_else(|| "–".to_owned(), |value| format!("{at_most}{}", (self.unit)(value)))
    }

    /// From the first to the last: `−79 %`; empty where one is not known or the first is nothing.
    pub(super) fn change(&self) -> String {
        let (Some(Some(first)), Some(Some(last))) = (self.values.first(), self.values.last()) else {
            return String::new();
        };
        if self.values.len() < 2 || *first <= 0.0 || self.bounds.contains(&true) {
            return String::new();
        }
        let percent = ((last / first - 1.0) * 100.0).round();
        match percent {
            _ if percent < 0.0 => format!("−{} %", -percent),
            _ if percent > 0.0 => format!("+{percent} %"),
            _ => "±0 %".to_owned(),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn number(value: u64) -> f64 {
    value as f64
}

#[allow(clippy::cast_sign_loss, reason = "made from bytes")]
fn of_bytes(value: f64) -> String {
    bytes(value as u64)
}

fn of_count(value: f64) -> String {
    format!("{value}")
}

/// The rows of some builds; those that no build tells are left out.
pub(super) fn rows(all: &[&Figures], source: Option<&str>, dependency: Option<&str>) -> Vec<FigureRow> {
    let wall = |run: &BuildRun| Some(run.seconds);
    let cpu = |run: &BuildRun| run.cpu_seconds;
    let took = |title: String, scenario: Scenario, of: &dyn Fn(&BuildRun) -> Option<f64>| FigureRow {
        title,
        values: all.iter().map(|figures| figures.median(scenario, of)).collect(),
        bounds: Vec::new(),
        unit: seconds,
    };
    let line = |file: Option<&str>, otherwise: &str| {
        file.map_or_else(|| format!(", {otherwise}"), |file| format!(", a line in {file}"))
    };
    let size = |title: &str, of: fn(&Figures) -> Option<u64>, unit: fn(f64) -> String| FigureRow {
        title: title.to_owned(),
        values: all.iter().map(|figures| of(figures).map(number)).collect(),
        bounds: Vec::new(),
        unit,
    };
    let disk_bytes = |figures: &Figures| (figures.size.layers > 0).then_some(figures.size.disk);
    let layers = |figures: &Figures| (figures.size.layers > 0).then_some(figures.size.layers as u64);
    let predicted = |scenario: Scenario| FigureRow {
        title: "  predicted by the cache model".to_owned(),
        values: all.iter().map(|figures| Some(figures.predicted(scenario)?.seconds)).collect(),
        bounds: all.iter().map(|figures| figures.predicted(scenario).is_some_and(|known| known.is_at_most)).collect(),
        unit: seconds,
    };
    let mut rows = vec![
        took("cold build".to_owned(), Scenario::Cold, &wall),
        took("  CPU of its steps".to_owned(), Scenario::Cold, &cpu),
        took("rebuild, nothing changed".to_owned(), Scenario::Unchanged, &wall),
        took(format!("rebuild{}", line(source, "a source line")), Scenario::Source, &wall),
        predicted(Scenario::Source),
        took("  CPU of its steps".to_owned(), Scenario::Source, &cpu),
        took(format!("rebuild{}", line(dependency, "a dependency")), Scenario::Dependency, &wall),
        predicted(Scenario::Dependency),
        took("  CPU of its steps".to_owned(), Scenario::Dependency, &cpu),
        size("image on disk", disk_bytes, of_bytes),
        size("image to pull", |figures| figures.size.pull, of_bytes),
        size("pushed after a source change", |figures| figures.size.upload, of_bytes),
        size("base images pulled for a build", |figures| figures.size.base_pull, of_bytes),
        size("layers", layers, of_count),
    ];
    rows.retain(|row| row.values.iter().any(Option::is_some));
    rows
}

fn table(result: &Measurement) -> Vec<FigureRow> {
    let all: Vec<&Figures> = result.builds.iter().map(|build| &build.figures).collect();
    rows(&all, result.source.as_deref(), result.dependency.as_deref())
}

/// What stands below the figures, one sentence each.
fn remarks(result: &Measurement) -> Vec<String> {
    let mut all = Vec::new();
    if result.rounds > 1 {
        all.push(format!("Each build ran {} times; the medians are shown.", result.rounds));
    }
    if result.source.is_none() {
        all.push("No source file was found to change; set one with --source.".to_owned());
    }
    if result.dependency.is_none() {
        all.push("No dependency list was found to change; set one with --dependency.".to_owned());
    }
    let none =
        |of: fn(&BuildRun) -> bool| result.builds.iter().flat_map(|build| &build.figures.runs).all(|(_, run)| of(run));
    if none(|run| run.cpu_seconds.is_none()) {
        all.push("The engine does not report the CPU time of steps.".to_owned());
    }
    if result.builds.iter().flat_map(|build| &build.figures.predicted).any(|(_, known)| known.is_at_most) {
        all.push(
            "≤: the steps that rerun keep files in cache mounts, which only the cold build found empty; two rounds give the time \
             with filled ones."
                .to_owned(),
        );
    }
    all.push(
        "The size to pull is the sum of the layers, estimated as gzip where the engine stores them uncompressed."
            .to_owned(),
    );
    all.push(match result.left_in_cache {
        Some(growth) => {
            format!("The build cache may have grown by up to {}; `docker builder prune` empties it.", bytes(growth))
        }
        None => "The engine does not report the size of the build cache.".to_owned(),
    });
    all
}

/// A row for each figure: its title, its values of so many builds, the change.
pub(super) fn figure_table(rows: &[FigureRow], count: usize, head: &[&str]) -> Table {
    let mut columns = vec![Column::Right; count + 2];
    columns[0] = Column::Words;
    let cells = rows.iter().map(|row| {
        let values = (0..count).map(|index| page::number(row.format_value(index)));
        iter::once(plain(&row.title)).chain(values).chain([page::number(row.change())]).collect()
    });
    Table::new(&columns, cells.collect()).with_head(head)
}

/// The figures of builds, side by side.
pub fn measure(result: &Measurement) -> Page {
    let rows = table(result);
    let count = result.builds.len();
    let names = result.builds.iter().map(|build| build.name.as_str());
    let head: Vec<&str> = if count > 1 { iter::once("").chain(names).chain(["change"]).collect() } else { Vec::new() };
    let table = figure_table(&rows, count, &head);
    let mut page = Page::new("Measured builds");
    match result.builds.as_slice() {
        [build] => page.push(Section::new(toned(&build.dockerfile, Tone::Strong)).with(table)),
        builds => {
            let line = |build: &MeasuredBuild| {
                toned(format!("{}: ", build.name), Tone::Strong).with(&build.dockerfile, TextKind::Path, Tone::Strong)
            };
            page.push(Block::List(builds.iter().map(line).collect()));
            page.push(table);
        }
    }
    // A terminal shows them as errors.
    let faults = result.builds.iter().filter_map(|build| {
        let fault = build.fault.as_ref()?;
        Some(toned(&build.name, Tone::Strong).and(format!(": {}", fault.what)).into())
    });
    page.push(Block::Only(&[Medium::Markdown, Medium::Html], faults.collect()));
    page.push(Block::List(remarks(result).iter().map(plain).collect()));
    page
}

/// Figures for programs.
pub(super) fn wire_figures(figures: &Figures) -> impl Serialize {
    let size = &figures.size;
    object! {
        runs: list(&figures.runs, |(scenario, run)| {
            object! {
                scenario: scenario.name(),
                seconds: run.seconds,
                cpu_seconds: run.cpu_seconds,
                cached_steps: run.cached,
                steps: list(&run.steps, |(name, seconds)| object! { name, seconds }),
            }
        }),
        image: (size.layers > 0).then_some(object! {
            disk_bytes: size.disk,
            pull_bytes: size.pull,
            layers: size.layers,
            upload_bytes: size.upload,
            base_pull_bytes: size.base_pull,
        }),
        predicted: list(&figures.predicted, |(scenario, known)| {
            object! { scenario: scenario.name(), seconds: known.seconds, at_most: known.is_at_most }
        }),
    }
}

/// The figures for programs, as `schemas/measure.schema.json` describes them.
pub fn measure_json(result: &Measurement) -> String {
    json::pretty(&object! {
        #[serde(flatten)]
        head: Head::new("dockopt.measure/1", &result.root),
        engine: &result.engine,
        rounds: result.rounds,
        source: result.source.as_deref(),
        dependency: result.dependency.as_deref(),
        builds: list(&result.builds, |build| {
            object! {
                name: &build.name,
                dockerfile: &build.dockerfile,
                #[serde(flatten)]
                figures: wire_figures(&build.figures),
                failure: build.fault.as_ref().map(|fault| {
                    object! { message: &fault.what, help: &fault.help, log: &fault.log }
                }),
            }
        }),
        commands: &result.commands,
        left_in_cache_bytes: result.left_in_cache,
        not_removed: &result.leftovers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::{Fault, Size};
    use crate::report::Layout;

    fn build(name: &str, seconds: f64, cpu: Option<f64>, disk: u64) -> MeasuredBuild {
        let run = |seconds| BuildRun { seconds, cpu_seconds: cpu, ..BuildRun::default() };
        let runs = vec![
            (Scenario::Cold, run(seconds)),
            (Scenario::Cold, run(seconds + 2.0)),
            (Scenario::Source, run(seconds / 2.0)),
        ];
        let size = Size { disk, layers: 5, ..Size::default() };
        MeasuredBuild {
            name: name.into(),
            dockerfile: format!("{name}/Dockerfile"),
            figures: Figures { runs, size, predicted: Vec::new() },
            fault: None,
        }
    }

    #[test]
    fn two_builds_are_shown_side_by_side() {
        let mut result = Measurement {
            builds: vec![build("before", 100.0, Some(60.0), 1_200_000_000), build("after", 20.0, None, 300_000_000)],
            source: Some("src/a|b.py".into()),
            rounds: 2,
            ..Measurement::default()
        };
        let text = measure(&result).write(Medium::Terminal, Layout::PLAIN);
        let expected = "\
before: before/Dockerfile
after: after/Dockerfile
                                    before   after  change
  cold build                   1 min 41 s    21 s   −79 %
    CPU of its steps                1 min       –
  rebuild, a line in src/a|b.py      50 s    10 s   −80 %
    CPU of its steps                1 min       –
  image on disk                    1.2 GB  300 MB   −75 %
  layers                                5       5    ±0 %
";
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed(&text).starts_with(&squeezed(expected)), "{text}");
        assert!(text.contains("Each build ran 2 times") && text.contains("No dependency list"), "{text}");
        result.builds[1].fault = Some(Fault { what: "it fails at `x`".into(), ..Fault::default() });
        let text = measure(&result).write(Medium::Markdown, Layout::PLAIN);
        assert!(text.contains("| image on disk | 1.2 GB | 300 MB | −75 % |"), "{text}");
        assert!(text.contains("src/a&#124;b.py") && text.contains("**after**: it fails at"), "{text}");
    }

    #[test]
    fn unknown_values_are_omitted() {
        let result = Measurement { builds: vec![MeasuredBuild::default()], ..Measurement::default() };
        assert!(table(&result).is_empty());
        assert!(measure(&result).write(Medium::Terminal, Layout::PLAIN).contains("does not report the CPU time"));
    }
}
