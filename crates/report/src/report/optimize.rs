//! A rewrite as a page and as JSON: the plan with its reasons, the changes, and a summary.

mod savings;

use std::iter;

use serde::Serialize;

use self::savings::step_text;
use super::layout::clean;
use super::page::{Block, Column, Medium, Page, Section, Table, Text, Tone, code, plain, toned};
use super::patch::diff_sections;
use super::units::count;
use super::{RerunCount, StepComparison, fixed, json};
use crate::audit::Report;
use crate::finding::Mask;
use crate::fix::Change;
use crate::optimize::{
    Assumption, BuildPlan, Level, LevelLimit, LevelOutcome, Optimized, PassInfo, PassRefusal, PlannedProject,
    RewriteStep, Support, passes,
};
use crate::wire::{Head, list, object};

pub use self::savings::RewriteHistory;

/// A build and what becomes of it.
#[derive(Clone, Debug)]
pub struct Rewrite {
    /// The Dockerfile as the user would type it.
    pub dockerfile: String,
    /// What it starts from.
    pub plan: BuildPlan,
    /// Why nothing of it can be changed, in one sentence without a full stop.
    pub refused: Option<String>,
    /// The levels.
    pub optimized: Optimized,
    /// What they save over the last commits; `None` where nobody looked, or there is no history.
    pub history: Option<RewriteHistory>,
}

impl Rewrite {
    fn steps(&self) -> usize {
        self.optimized.levels.iter().map(|outcome| outcome.steps.len()).sum()
    }

    /// What steps assume and sources do not settle.
    fn open(&self) -> impl Iterator<Item = (&RewriteStep, &Assumption)> {
        let steps = self.optimized.levels.iter().flat_map(|outcome| &outcome.steps);
        let all = steps.flat_map(|step| step.assumptions.iter().map(move |assumption| (step, assumption)));
        all.filter(|(_, assumption)| assumption.support == Support::Open)
    }

    fn refusals(&self) -> impl Iterator<Item = &PassRefusal> {
        self.optimized.levels.iter().flat_map(|outcome| &outcome.refusals)
    }
}

/// What would be done to each build and why, level by level.
pub fn plan(rewrites: &[Rewrite], limit: LevelLimit, mask: &Mask, has_passes: bool) -> Page {
    let mut page = Page::new("Rewrite");
    page.blocks.extend(rewrites.iter().map(|rewrite| section(rewrite, limit, mask).into()));
    if has_passes {
        page.push(passes_section());
    }
    page
}

/// A plan with a summary before it, and the changes of the files behind it.
pub fn rewrite(mut plan: Page, rewrites: &[Rewrite], changes: &[Change], mask: &Mask, written: bool) -> Page {
    let lines = rewrites.iter().map(|rewrite| done(rewrite, mask)).chain([changed_files(changes.len(), written)]);
    plan.blocks.insert(0, Block::List(lines.map(plain).collect()));
    plan.blocks.extend(diff_sections(changes, mask));
    plan
}

/// `backend/Dockerfile   Python 3.13 (pip), Flask`, and the plan below it.
fn section(rewrite: &Rewrite, limit: LevelLimit, mask: &Mask) -> Section {
    let titles: Vec<String> = rewrite.plan.projects.iter().map(title).collect();
    let title = toned(&rewrite.dockerfile, Tone::Strong);
    let mut section = Section { about: mask.apply(&titles.join("; ")).into(), ..Section::new(title) };
    if let Some(why) = &rewrite.refused {
        return section.with(plain(format!("nothing changes: {}", mask.apply(why))));
    }
    section.push(Table::new(&[Column::Left, Column::Wrapped], starts_from(&rewrite.plan, mask)));
    let mut others = Vec::new();
    for outcome in &rewrite.optimized.levels {
        let (number, title) = (outcome.level.number(), outcome.level.title());
        let savings = rewrite.history.iter().flat_map(|history| history.sentences(outcome.level, mask));
        let savings: Vec<Vec<Text>> = savings.map(|text| vec![plain("git history"), plain(text)]).collect();
        if outcome.steps.is_empty() && outcome.refusals.is_empty() && savings.is_empty() {
            others.push(toned(format!("{number}  {title}: nothing to do"), Tone::Dim));
        } else {
            section.push(level_section(outcome, savings, mask));
        }
    }
    others.extend(Level::ALL.into_iter().filter(|level| !limit.allows(*level)).map(|above| {
        toned(format!("{number}  {}: needs `--level {number}`", above.title(), number = above.number()), Tone::Dim)
    }));
    others.extend(rewrite.history.iter().map(|history| toned(history.scope(), Tone::Dim)));
    if !others.is_empty() {
        section.push(Section::default().with(Block::List(others)));
    }
    section
}

fn title(project: &PlannedProject) -> String {
    let version = project.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let tool = project.tool.map(|tool| format!(" ({tool})")).unwrap_or_default();
    let mut title = format!("{}{version}{tool}", project.ecosystem.name());
    for framework in project.frameworks.iter().take(3) {
        title.push_str(&format!(", {framework}"));
    }
    if !project.root.is_empty() {
        title.push_str(&format!(" in {}", project.root));
    }
    title
}

/// What the rewrite starts from.
fn starts_from(plan: &BuildPlan, mask: &Mask) -> Vec<Vec<Text>> {
    let base = plan.base.as_ref().map(|base| match &plan.slim {
        Some(slim) => format!("{base}; slim variant: {slim}"),
        None => base.clone(),
    });
    let inputs = |project: &PlannedProject| {
        let folders = project.folders.iter().map(|folder| format!("{folder}/"));
        let inputs: Vec<String> = project.files.iter().cloned().chain(folders).collect();
        let open = &project.open;
        let open = if open.is_empty() { String::new() } else { format!(" (possibly also {})", open.join(", ")) };
        format!("{}{open}", inputs.join(", "))
    };
    let ports: Vec<String> = plan.ports.iter().map(u16::to_string).collect();
    let ports = (!ports.is_empty()).then(|| format!("port {}", ports.join(", ")));
    let run_time: Vec<String> = plan.starts.iter().cloned().chain(ports).collect();
    let dependencies = plan.projects.iter().map(|project| ("dependencies", inputs(project)));
    let rows = iter::once(("base", base.unwrap_or_default())).chain(dependencies).chain([
        ("build", plan.builds.join("; ")),
        ("run time", run_time.join("; ")),
        ("compose", plan.services.join("; ")),
    ]);
    let rows = rows.filter(|(_, text)| !text.is_empty());
    rows.map(|(name, text)| vec![plain(name), plain(mask.apply(&text))]).collect()
}

/// What is done at a level and why: beside each other, on a terminal below each other.
fn level_section(outcome: &LevelOutcome, savings: Vec<Vec<Text>>, mask: &Mask) -> Section {
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    let mut add = |pass: &str, what: Text, why: String, assumptions: Vec<Text>| {
        let why = toned(why, Tone::Dim);
        let assumes = assumptions.iter().map(|text| Text::from("assumes: ").or_tone(text.parts[0].tone).and_text(text));
        let texts = [what.clone(), why.clone()].into_iter().chain(assumes).filter(|text| !text.is_empty());
        let names = iter::once(code(pass)).chain(iter::repeat(Text::default()));
        lines.extend(names.zip(texts).map(|(name, text)| vec![name, text]));
        let assumptions = assumptions
            .iter()
            .enumerate()
            .fold(Text::default(), |all, (number, text)| all.and(if number > 0 { "; " } else { "" }).and_text(text));
        rows.push(vec![code(pass), what, why, assumptions]);
    };
    for step in &outcome.steps {
        let assumption = |assumption: &Assumption| {
            let tone = if assumption.support == Support::Open { Tone::Warning } else { Tone::Dim };
            toned(mask.apply(&format_assumption(assumption)), tone)
        };
        let assumptions = step.assumptions.iter().map(assumption).collect();
        add(step.pass, toned(mask.apply(&step.what), Tone::Good), mask.apply(&step.why), assumptions);
    }
    for refusal in &outcome.refusals {
        let (what, why) = (mask.apply(&refusal.what), mask.apply(&refusal.why));
        let (what, why) = if refusal.is_whole { (format!("skipped: {why}"), String::new()) } else { (what, why) };
        add(refusal.pass, toned(what, Tone::Warning), why, Vec::new());
    }
    lines.extend(savings.iter().cloned());
    rows.extend(savings);
    let lines = Table::new(&[Column::Left, Column::Wrapped], lines);
    let columns = [Column::Left, Column::Words, Column::Words, Column::Words];
    let rows = Table::new(&columns, rows).with_head(&["pass", "change", "reason", "assumes"]);
    Section::new(format!("{}  {}", outcome.level.number(), outcome.level.title()))
        .with(Block::Only(&[Medium::Terminal], vec![lines.into()]))
        .with(Block::Only(&[Medium::Markdown, Medium::Html], vec![rows.into()]))
}

/// An assumption, with what supports it or leaves it open.
fn format_assumption(assumption: &Assumption) -> String {
    let Assumption { what, support, why } = assumption;
    match support {
        Support::Sources => what.clone(),
        Support::Observed => format!("{what} (a container confirmed it)"),
        Support::Open | Support::Missing if why.is_empty() => {
            format!("{what} (the sources do not show it for certain)")
        }
        Support::Open | Support::Missing => format!("{what} (uncertain: {why})"),
    }
}

/// All passes by level, as `--only` and `--skip` take them.
fn passes_section() -> Section {
    let row = |PassInfo { id, level, title }| vec![plain(level.number().to_string()), code(id), plain(title)];
    let table = Table::new(&[Column::Left, Column::Left, Column::Wrapped], passes().map(row).collect());
    Section::new("Passes, for --only and --skip").with(table)
}

/// A few lines: what was or would be done, what was skipped and why, and the next command.
pub fn rewrite_summary(rewrites: &[Rewrite], files: usize, mask: &Mask, written: bool) -> String {
    let mut out = String::new();
    for rewrite in rewrites {
        out.push_str(&format!("{}\n", clean(&done(rewrite, mask))));
        let name = &rewrite.dockerfile;
        for PassRefusal { pass, what, why, is_whole } in rewrite.refusals() {
            let (what, why) = (mask.apply(what), mask.apply(why));
            let why = if *is_whole { format!("`{pass}` is skipped: {why}") } else { format!("{what}: {why} [{pass}]") };
            out.push_str(&clean(&format!("{name}: {why}")));
            out.push('\n');
        }
    }
    for rewrite in rewrites {
        for (step, assumption) in rewrite.open() {
            let text = mask.apply(&format_assumption(assumption));
            out.push_str(&clean(&format!("{}: `{}` assumes that {text}", rewrite.dockerfile, step.pass)));
            out.push('\n');
        }
    }
    let next = if files > 0 && !written { ", see the reasons with `--plan`" } else { "" };
    out + &format!("{}{next}\n", changed_files(files, written))
}

/// What is done to a build, in one line.
fn done(rewrite: &Rewrite, mask: &Mask) -> String {
    let changed = rewrite.optimized.levels.iter().filter(|outcome| !outcome.steps.is_empty());
    let levels: Vec<u8> = changed.map(|outcome| outcome.level.number()).collect();
    let done = match (&rewrite.refused, rewrite.steps()) {
        (Some(why), _) => format!("nothing changes: {}", mask.apply(why)),
        (None, 0) => "nothing to improve".to_owned(),
        (None, steps) => format!("{} at {}", count(steps as u64, "change"), levels_text(&levels)),
    };
    format!("{}: {done}", rewrite.dockerfile)
}

fn changed_files(files: usize, written: bool) -> String {
    match (count(files as u64, "file"), written) {
        _ if files == 0 => "nothing to change".to_owned(),
        (files, true) => format!("changed {files}"),
        (files, false) => format!("would change {files}; apply with `--write`"),
    }
}

/// How many kinds of change a rewrite has: `level 3`, `levels 0 to 5`, `levels 0, 1, 4`.
fn levels_text(levels: &[u8]) -> String {
    match levels {
        [level] => format!("level {level}"),
        [first, .., last] if usize::from(last - first) + 1 == levels.len() => format!("levels {first} to {last}"),
        _ => format!("levels {}", levels.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// The result for programs, as `schemas/optimize.schema.json` describes it. `report`: what is wrong with the inputs.
pub fn optimize_json(
    report: &Report,
    rewrites: &[Rewrite],
    changes: &[Change],
    level: LevelLimit,
    mask: &Mask,
    written: bool,
) -> String {
    let pass = |pass: PassInfo| object! { id: pass.id, rung: pass.level.number(), title: pass.title };
    json::pretty(&object! {
        #[serde(flatten)]
        head: Head::new("dockopt.optimize/1", &report.root),
        written,
        level: level.to_string(),
        builds: list(rewrites, |rewrite| build(rewrite, mask)),
        changes: fixed::changes(changes, mask),
        passes: list(passes(), pass),
        problems: json::problems(&report.problems),
    })
}

/// What a pass did or left, and why.
fn remark(pass: &'static str, what: &str, why: &str, mask: &Mask) -> impl Serialize {
    object! { pass, what: mask.apply(what), why: mask.apply(why) }
}

/// What a level changes for the last commits, compared with the level below it.
fn level_history(history: &RewriteHistory, level: Level, mask: &Mask) -> Option<impl Serialize> {
    let compared = history.levels.get(&level)?;
    let reruns = |count: RerunCount| object! { reruns: count.reruns, may_rerun: count.may_rerun };
    let step = |step: &StepComparison| {
        object! {
            step: step_text(step, mask),
            builds: step.builds,
            before: reruns(step.before),
            after: reruns(step.after),
        }
    };
    let steps = list(&compared.steps, step);
    Some(object! { builds: compared.builds, steps, saved_seconds: compared.saved_seconds })
}

fn step(step: &RewriteStep, mask: &Mask) -> impl Serialize {
    let assumption = |assumption: &Assumption| {
        object! {
            what: mask.apply(&assumption.what),
            support: assumption.support.name(),
            why: Some(mask.apply(&assumption.why)).filter(|why| !why.is_empty()),
        }
    };
    object! {
        #[serde(flatten)]
        remark: remark(step.pass, &step.what, &step.why, mask),
        assumptions: list(&step.assumptions, assumption),
    }
}

fn build(rewrite: &Rewrite, mask: &Mask) -> impl Serialize {
    let texts = |texts: &[String]| list(texts, |text| mask.apply(text));
    let plan = &rewrite.plan;
    let projects = list(&plan.projects, |project| {
        object! {
            root: &project.root,
            ecosystem: project.ecosystem.name(),
            tool: project.tool,
            version: project.version.as_deref(),
            frameworks: &project.frameworks,
            files: &project.files,
            folders: &project.folders,
            open: &project.open,
        }
    });
    let levels = list(&rewrite.optimized.levels, |outcome| {
        object! {
            #[serde(rename = "rung")]
            number: outcome.level.number(),
            title: outcome.level.title(),
            steps: list(&outcome.steps, |level_step| step(level_step, mask)),
            refusals: list(&outcome.refusals, |refusal| remark(refusal.pass, &refusal.what, &refusal.why, mask)),
            history: rewrite.history.as_ref().and_then(|history| level_history(history, outcome.level, mask)),
        }
    });
    object! {
        dockerfile: &rewrite.dockerfile,
        refused: rewrite.refused.as_deref().map(|why| mask.apply(why)),
        highest: rewrite.optimized.highest().map(Level::number),
        plan: object! {
            base: plan.base.as_deref().map(|base| mask.apply(base)),
            slim: plan.slim.as_deref().map(|slim| mask.apply(slim)),
            projects,
            builds: texts(&plan.builds),
            starts: texts(&plan.starts),
            ports: &plan.ports,
            services: texts(&plan.services),
        },
        rungs: levels,
        history: rewrite.history.as_ref().map(|history| {
            object! { commits: history.commits, builds: history.builds }
        }),
    }
}
