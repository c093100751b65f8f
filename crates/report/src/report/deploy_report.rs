//! `deploy report`: the last deployment, the hand-over and the trends of a record, for people and as JSON.

mod json;

pub use self::json::deploy_report_json;

use super::history::sparkline;
use super::page::{
    Block, Chart, Column, Medium, Page, Section, Table, Text, TimelineMark, TimelineRow, Tone, TrendPoint, code,
    command, note, number, plain, toned,
};
use super::units::{count, grouped, percent, seconds};
use crate::buildlog::timestamp;
use crate::release::{
    CheckFacts, DeploymentOutcome, DeploymentPhase, DeploymentRecord, DeploymentReport, HandedService, PhaseTime,
    PlanVerdict, RecordLimits, SecondsBounds, ServiceBaseline, ThresholdCheck,
};
use crate::text::joined;

/// The result for people. `file`: the record as it was named.
pub fn deploy_report(report: &DeploymentReport, file: &str) -> Page {
    let mut page = Page::new("Deployment report");
    page.push(head(report));
    page.push_filled(phases(report));
    page.push_rows(Section::new("Thresholds"), thresholds(&report.checks));
    page.push(trend(report));
    for service in &report.services {
        page.push(hand_over(service, file));
    }
    let rows = report.questions.iter().map(|open| vec![plain(&open.text), plain(&open.answer)]).collect();
    let table = Table::new(&[Column::Left, Column::WrappedOrBelow], rows).with_head(&["open", "what answers it"]);
    page.push_rows(Section::new("Not in the record"), table);
    page.push_list(report.problems.iter().map(|(line, what)| note(format!("{file}:{line}: {what}"))).collect());
    page
}

/// How many, of what: `4 good deployments`.
fn basis(number: usize, phases: &[DeploymentPhase], is_rollback: bool) -> String {
    let what = match phases {
        [DeploymentPhase::Undo] => "run",
        _ if is_rollback => "good rollback",
        _ => "good deployment",
    };
    match number {
        1 => format!("1 earlier {what}"),
        number => format!("median of {number} earlier {what}s"),
    }
}

fn tone(outcome: DeploymentOutcome) -> Tone {
    match outcome {
        DeploymentOutcome::Good => Tone::Good,
        DeploymentOutcome::Idle => Tone::Dim,
        DeploymentOutcome::Failed => Tone::Error,
        DeploymentOutcome::TakenBack => Tone::Warning,
    }
}

/// Rows of a name and a value, without those that have none.
fn facts(rows: Vec<(&str, Text)>) -> Table {
    let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
    Table::new(
        &[Column::Left, Column::Wrapped],
        rows.map(|(name, value)| vec![toned(name, Tone::Dim), value]).collect(),
    )
}

/// A time to the minute, in UTC.
fn minute(time: &str) -> String {
    let time = timestamp(time).map(|time| time.strftime("%Y-%m-%d %H:%M").to_string());
    time.unwrap_or_default()
}

fn code_or_nothing(text: &str) -> Text {
    if text.is_empty() { Text::default() } else { code(text) }
}

fn names(names: &[String]) -> Text {
    Text::join(names.iter().map(code).collect(), ", ")
}

/// What was deployed, and what became of it.
fn head(report: &DeploymentReport) -> Section {
    let last = &report.last;
    let about = toned(report.outcome().name(), tone(report.outcome())).and(format!(": {}", last.result));
    let how = [last.command.as_deref(), last.strategy.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let probe = last.probe.as_ref().map(|probe| toned(probe, Tone::Error)).unwrap_or_default();
    let table = facts(vec![
        ("ended", plain(format!("{} UTC", minute(&last.time)))),
        ("took", number(seconds(last.seconds))),
        ("how", plain(how)),
        ("from", code_or_nothing(&last.from)),
        ("to", code_or_nothing(&last.to)),
        ("image", code_or_nothing(last.image.as_deref().unwrap_or_default())),
        ("old containers", names(last.old_containers.as_deref().unwrap_or_default())),
        ("new containers", names(&last.containers)),
        ("exit code", plain(last.exit.to_string())),
        ("its check said", probe),
    ]);
    Section { about, ..Section::new(toned(&last.service, Tone::Strong)) }.with(table)
}

/// The phases of the last deployment: a picture, and rows.
fn phases(report: &DeploymentReport) -> Section {
    let mut section = Section::new("Phases");
    let is_known = |time: &&PhaseTime| time.phases.len() == 1;
    if !report.phases.iter().any(|time| is_known(&time)) {
        return section;
    }
    let mut start = 0.0;
    let mut bars = Vec::new();
    for time in report.phases.iter().filter(is_known) {
        let ([phase], Some(seconds)) = (&time.phases[..], time.seconds) else { continue };
        let mark = if *phase == DeploymentPhase::Undo { TimelineMark::Failed } else { TimelineMark::Usual };
        bars.push(TimelineRow { name: phase.name().to_owned(), start, seconds, mark, ..TimelineRow::default() });
        start += seconds;
    }
    section.push(Chart::Timeline { name: "Phases of the deployment".to_owned(), rows: bars });
    let rows = report.phases.iter().map(|time| phase_row(time, report.last.is_rollback())).collect();
    let columns = [Column::Left, Column::Right, Column::Right, Column::WrappedOrBelow, Column::Right, Column::Left];
    section.with(Table::new(&columns, rows).with_head(&["phase", "took", "usual", "of", "plan", ""]))
}

fn phase_row(time: &PhaseTime, is_rollback: bool) -> Vec<Text> {
    let took = time.seconds.map_or_else(|| toned("not reached", Tone::Dim), |time| number(seconds(time)));
    let usual = time.earlier.map(|(median, _)| number(seconds(median))).unwrap_or_default();
    let of =
        time.earlier.map(|(_, number)| toned(basis(number, &time.phases, is_rollback), Tone::Dim)).unwrap_or_default();
    let plan = time.bounds.map(|bounds| number(range(bounds))).unwrap_or_default();
    let verdict = match time.verdict() {
        Some(PlanVerdict::Slower) => toned("slower", Tone::Warning),
        Some(verdict) => plain(verdict.name()),
        None if time.is_cut && !time.phases.is_empty() => toned("failed in it", Tone::Error),
        None => Text::default(),
    };
    let names: Vec<&str> = time.phases.iter().map(|phase| phase.name()).collect();
    let name = if names.is_empty() { toned("all", Tone::Strong) } else { plain(joined(&names)) };
    vec![name, took, usual, of, plan, verdict]
}

/// `1 to 9 s`, `10 s or more`.
fn range(bounds: SecondsBounds) -> String {
    match bounds.most {
        Some(most) => format!("{} to {}", seconds(bounds.least), seconds(most)),
        None => format!("{} or more", seconds(bounds.least)),
    }
}

fn milliseconds(number: u64) -> String {
    format!("{} ms", grouped(number))
}

/// What was counted at each share, and how far that is from the limits.
fn thresholds(checks: &[ThresholdCheck]) -> Table {
    let row = |check: &ThresholdCheck| {
        let (share, limits) = (check.share, check.limits);
        let is_crossed = check.has_too_many_errors() || check.is_too_slow();
        let state = match check.error_percent() {
            _ if is_crossed => toned("crossed", Tone::Error),
            None => toned("no request came: nothing is known", Tone::Warning),
            Some(_) => toned("kept", Tone::Good),
        };
        let in_tone = |text: String, is_over: bool| toned(text, if is_over { Tone::Error } else { Tone::Plain });
        let errors = check.error_percent().map_or("-".to_owned(), |share| format!("{share:.2} %"));
        vec![
            plain(format!("{} %", share.percent)),
            plain(grouped(share.requests)),
            in_tone(format!("{} ({errors})", grouped(share.errors)), check.has_too_many_errors()),
            plain(format!("{} %", limits.errors)),
            in_tone(milliseconds(share.milliseconds), check.is_too_slow()),
            plain(milliseconds(limits.milliseconds)),
            state,
        ]
    };
    let mut columns = [Column::Right; 7];
    columns[6] = Column::WrappedOrBelow;
    let head = ["share", "requests", "errors", "limit", "time", "limit", ""];
    Table::new(&columns, checks.iter().map(row).collect()).with_head(&head)
}

/// The last runs: what they tell together, a row for each, and pictures.
fn trend(report: &DeploymentReport) -> Section {
    let runs = &report.trend.runs;
    let figures = figures(report);
    let lines = figures.iter().map(|(name, values)| vec![plain(name), plain(sparkline(values))]).collect();
    let lines = Table::new(&[Column::Left, Column::Path], lines);
    let mut section = Section::new("Deployments").with(Block::List(trend_lines(report)));
    if !lines.rows.is_empty() {
        // A browser shows them as pictures.
        section.push(Block::Only(&[Medium::Terminal, Medium::Markdown], vec![lines.into()]));
    }
    let row = |(record, outcome): &(DeploymentRecord, DeploymentOutcome)| {
        vec![
            plain(minute(&record.time)),
            plain(&record.service),
            plain(record.command.as_deref().unwrap_or_default()),
            code_or_nothing(&record.to),
            number(seconds(record.seconds)),
            toned(outcome.name(), tone(*outcome)),
            toned(if record.is_good() { "" } else { &record.result }, Tone::Dim),
        ]
    };
    let columns =
        [Column::Left, Column::Left, Column::Left, Column::Path, Column::Right, Column::Left, Column::WrappedOrBelow];
    let head = ["ended (UTC)", "service", "command", "to", "took", "outcome", "why"];
    section.push(Table::new(&columns, runs.iter().rev().map(row).collect()).with_head(&head));
    for (name, values) in figures {
        let points = runs.iter().zip(&values).map(|((record, _), value)| TrendPoint {
            name: minute(&record.time),
            value: *value,
            text: value.map(|value| figure_text(&name, value)).unwrap_or_default(),
        });
        let points = points.collect();
        section.push(Chart::Trend { name, points });
    }
    section
}

fn figure_text(name: &str, value: f64) -> String {
    if name.starts_with("errors") { format!("{value:.2} %") } else { seconds(value) }
}

/// Figures over the runs that had something to do; those with fewer than two values are left out.
fn figures(report: &DeploymentReport) -> Vec<(String, Vec<Option<f64>>)> {
    let mut figures = Vec::new();
    for service in &report.services {
        let name = &service.facts.name;
        let mut add = |what: &str, value: &dyn Fn(&DeploymentRecord) -> Option<f64>| {
            let values = report.trend.runs.iter().map(|(record, _)| {
                Some(record).filter(|record| record.service == *name && !record.is_idle()).and_then(value)
            });
            let values: Vec<Option<f64>> = values.collect();
            if values.iter().flatten().count() > 1 {
                figures.push((format!("{what} of {name}"), values));
            }
        };
        add("time", &|record| Some(record.seconds));
        add("start", &|record| record.phase_seconds(DeploymentPhase::Start));
        add("errors", &|record| {
            let check = ThresholdCheck { share: *record.watched.last()?, limits: record.limits? };
            check.error_percent()
        });
    }
    figures
}

/// How often, how many failed, how long until the next good one; and small pictures.
fn trend_lines(report: &DeploymentReport) -> Vec<Text> {
    let trend = &report.trend;
    let busy = trend.runs.len() - trend.count(DeploymentOutcome::Idle);
    let often = trend.per_week.map_or_else(
        || "less than a week of them says nothing about weeks".to_owned(),
        |rate| format!("{rate:.1} a week"),
    );
    let mut lines =
        vec![number(count(busy as u64, "deployment")).and(format!(" within {}: {often}", days(trend.span)))];
    let (failed, brought) = trend.failures();
    if brought > 0 {
        #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
        let share = failed as f64 / brought as f64;
        let taken_back = trend.count(DeploymentOutcome::TakenBack);
        let why =
            format!(" did not stay ({failed} of {brought}: {} failed, {taken_back} taken back)", failed - taken_back);
        lines.push(number(percent(share)).and(why));
    }
    if let Some((median, number_of)) = trend.recovery_seconds() {
        let of = if number_of == 1 { "1 failure".to_owned() } else { format!("median of {number_of} failures") };
        lines.push(number(days(median)).and(format!(" from a failure to the next good deployment ({of})")));
    }
    for open in trend.recoveries.iter().filter(|recovery| recovery.good.is_none()) {
        let record = &trend.runs[open.failure].0;
        lines.push(toned(
            format!("{} has not been deployed since it failed on {}", record.service, minute(&record.time)),
            Tone::Warning,
        ));
    }
    let idle = trend.count(DeploymentOutcome::Idle);
    if idle > 0 {
        lines.push(plain(format!("{} had nothing to do", count(idle as u64, "run"))));
    }
    lines
}

/// A duration of any length: `3.5 days`, `2 h`.
fn days(time: f64) -> String {
    const DAY: f64 = 86_400.0;
    if time < 2.0 * DAY { seconds(time) } else { format!("{} days", (time / DAY * 10.0).round() / 10.0) }
}

/// A service for someone who takes over.
fn hand_over(service: &HandedService, file: &str) -> Section {
    let facts_of = &service.facts;
    let known = |text: String| if service.is_known { plain(text) } else { Text::default() };
    let timing = facts_of.check.as_ref().map(timing).unwrap_or_default();
    let endpoints = if facts_of.addresses.is_empty() && service.is_known {
        toned("none that is published on the host", Tone::Dim)
    } else {
        names(&facts_of.addresses)
    };
    let ports: Vec<String> = facts_of.ports.iter().map(u16::to_string).collect();
    let (image, since) = service.image.clone().unwrap_or_default();
    let since = if since.is_empty() { Text::default() } else { plain(format!(" since {}", minute(&since))) };
    let image = if image.is_empty() { Text::default() } else { code(image).and_text(&since) };
    let back = service.rollback_command(file).zip(service.rollback_image.as_ref());
    let back = back.map(|(line, image)| command(line).and(" goes back to ").and_code(image));
    let table = facts(vec![
        ("in service", image),
        ("addresses", endpoints),
        ("ports of containers", plain(ports.join(", "))),
        ("containers", known(facts_of.count.to_string())),
        ("check asks for", code_or_nothing(facts_of.check_path.as_deref().unwrap_or_default())),
        (
            "check runs",
            code_or_nothing(facts_of.check.as_ref().and_then(|check| check.command.as_deref()).unwrap_or_default()),
        ),
        ("check timing", plain(timing)),
        ("start", known(format!("{} at most", seconds_of(facts_of.start_limit)))),
        ("drain", known(format!("{} at most for requests to end", seconds_of(facts_of.drain_limit)))),
        ("usual", service.baseline.as_ref().map(baseline).unwrap_or_default()),
        ("too much", service.limits.as_ref().map(limits).unwrap_or_default()),
        ("back", back.unwrap_or_default()),
    ]);
    Section::new(format!("Hand-over of {}", facts_of.name)).with(table)
}

#[allow(clippy::cast_precision_loss, reason = "seconds that people write")]
fn seconds_of(number: u64) -> String {
    seconds(number as f64)
}

fn timing(timing: &CheckFacts) -> String {
    let start = if timing.start_period > 0.0 {
        format!("; failures of the first {} do not count", seconds(timing.start_period))
    } else {
        String::new()
    };
    format!(
        "every {}, at most {} each; unhealthy after {} failures, within {}{start}",
        seconds(timing.interval),
        seconds(timing.timeout),
        timing.retries,
        seconds(timing.notice()),
    )
}

fn baseline(base: &ServiceBaseline) -> Text {
    let share = base.share;
    let watched = base.seconds.map(|time| format!(" in {}", seconds_of(time))).unwrap_or_default();
    plain(format!(
        "{}{watched}, {}, about {}; counted on {}",
        count(share.requests, "request"),
        count(share.errors, "error"),
        milliseconds(share.milliseconds),
        minute(&base.time),
    ))
}

fn limits(limits: &RecordLimits) -> Text {
    plain(format!(
        "more than {} % errors, or more than {} on average within {}",
        limits.errors,
        milliseconds(limits.milliseconds),
        seconds_of(limits.watch),
    ))
}

#[cfg(test)]
mod tests;
