//! A rewrite as text and JSON: the plan with its reasons, and the summary of a diff.

mod savings;

use serde::Serialize;

use self::savings::step_text;
use super::layout::{Layout, Tone, clean, pad, push, width, wrap};
use super::units::count;
use super::{RerunCount, StepComparison, fixed, json};
use crate::audit::Report;
use crate::finding::Mask;
use crate::fix::Change;
use crate::optimize::{
    Assumption, BuildPlan, Level, LevelLimit, LevelOutcome, Optimized, PassInfo, PlannedProject, RewriteStep, Support,
    passes,
};
use crate::wire::{Head, list, object};

pub use self::savings::RewriteHistory;

/// Columns of a pass's name in the plan.
const PASS: usize = 24;

/// With fewer columns for a text, it stands below its name.
const NARROW: usize = 24;

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

    fn refusals(&self) -> impl Iterator<Item = &crate::optimize::PassRefusal> {
        self.optimized.levels.iter().flat_map(|outcome| &outcome.refusals)
    }
}

/// What would be done to each build and why, level by level.
pub fn plan(rewrites: &[Rewrite], limit: LevelLimit, mask: &Mask, layout: Layout) -> String {
    let mut out = String::new();
    for rewrite in rewrites {
        heading(&mut out, rewrite, mask, layout);
        if let Some(why) = &rewrite.refused {
            line(&mut out, 2, "nothing changes: ", &mask.apply(why), Tone::Plain, layout);
            out.push('\n');
            continue;
        }
        starts_from(&mut out, &rewrite.plan, mask, layout);
        out.push('\n');
        for outcome in &rewrite.optimized.levels {
            write_level(&mut out, outcome, mask, layout);
            for text in rewrite.history.iter().flat_map(|history| history.sentences(outcome.level, mask)) {
                line(&mut out, 5, &pad("git history", PASS), &text, Tone::Plain, layout);
            }
        }
        for above in Level::ALL.into_iter().filter(|level| !limit.allows(*level)) {
            let text = format!("{number}  {}: needs `--level {number}`", above.title(), number = above.number());
            push(&mut out, &text, 2, layout, Tone::Dim);
        }
        if let Some(history) = &rewrite.history {
            line(&mut out, 1, "", &history.scope(), Tone::Dim, layout);
        }
        out.push('\n');
    }
    out
}

/// `backend/Dockerfile   Python 3.13 (pip), Flask`.
fn heading(out: &mut String, rewrite: &Rewrite, mask: &Mask, layout: Layout) {
    let titles: Vec<String> = rewrite.plan.projects.iter().map(title).collect();
    out.push_str(&layout.paint(Tone::Strong, &clean(&rewrite.dockerfile)));
    if !titles.is_empty() {
        out.push_str(&format!("   {}", clean(&mask.apply(&titles.join("; ")))));
    }
    out.push('\n');
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

fn starts_from(out: &mut String, plan: &BuildPlan, mask: &Mask, layout: Layout) {
    let mut row = |name: &str, values: &[String]| {
        if !values.is_empty() {
            let text = mask.apply(&values.join("; "));
            line(out, 2, &pad(name, 14), &text, Tone::Plain, layout);
        }
    };
    let base = plan.base.as_ref().map(|base| match &plan.slim {
        Some(slim) => format!("{base}; slim variant: {slim}"),
        None => base.clone(),
    });
    row("base", &base.into_iter().collect::<Vec<_>>());
    for project in &plan.projects {
        let mut inputs = project.files.clone();
        inputs.extend(project.folders.iter().map(|folder| format!("{folder}/")));
        let mut text = inputs.join(", ");
        if !project.open.is_empty() {
            text.push_str(&format!(" (possibly also {})", project.open.join(", ")));
        }
        row("dependencies", &[text].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>());
    }
    row("build", &plan.builds);
    let ports: Vec<String> = plan.ports.iter().map(u16::to_string).collect();
    let ports = (!ports.is_empty()).then(|| format!("port {}", ports.join(", ")));
    row("run time", &plan.starts.iter().cloned().chain(ports).collect::<Vec<_>>());
    row("compose", &plan.services);
}

fn write_level(out: &mut String, outcome: &LevelOutcome, mask: &Mask, layout: Layout) {
    let head = format!("{}  {}", outcome.level.number(), outcome.level.title());
    if outcome.steps.is_empty() && outcome.refusals.is_empty() {
        push(out, &format!("{head}: nothing to do"), 2, layout, Tone::Dim);
        return;
    }
    push(out, &head, 2, layout, Tone::Strong);
    for step in &outcome.steps {
        line(out, 5, &pad(step.pass, PASS), &mask.apply(&step.what), Tone::Good, layout);
        line(out, 5, &pad("", PASS), &mask.apply(&step.why), Tone::Dim, layout);
        for assumption in &step.assumptions {
            let text = format!("assumes: {}", mask.apply(&format_assumption(assumption)));
            let tone = if assumption.support == Support::Open { Tone::Warning } else { Tone::Dim };
            line(out, 5, &pad("", PASS), &text, tone, layout);
        }
    }
    for refusal in &outcome.refusals {
        let (what, why) = (mask.apply(&refusal.what), mask.apply(&refusal.why));
        if refusal.is_whole {
            line(out, 5, &pad(refusal.pass, PASS), &format!("skipped: {why}"), Tone::Warning, layout);
            continue;
        }
        line(out, 5, &pad(refusal.pass, PASS), &what, Tone::Warning, layout);
        line(out, 5, &pad("", PASS), &why, Tone::Dim, layout);
    }
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

/// A text after its name, wrapped; further lines are aligned with the first.
fn line(out: &mut String, indent: usize, name: &str, text: &str, tone: Tone, layout: Layout) {
    let column = indent + width(name);
    let room = layout.columns().saturating_sub(column + 1);
    if room < NARROW {
        // Beside its name it has no room.
        if !name.trim().is_empty() {
            out.push_str(&format!("{}{}\n", " ".repeat(indent), name.trim_end()));
        }
        for part in wrap(&clean(text), layout.columns().saturating_sub(indent + 2)) {
            out.push_str(&format!("{}{}\n", " ".repeat(indent + 2), layout.paint(tone, &part)));
        }
        return;
    }
    for (number, part) in wrap(&clean(text), room).iter().enumerate() {
        let before = if number == 0 { format!("{}{name} ", " ".repeat(indent)) } else { " ".repeat(column + 1) };
        out.push_str(&format!("{before}{}\n", layout.paint(tone, part)));
    }
}

/// All passes by level, as `--only` and `--skip` take them.
pub fn passes_text(layout: Layout) -> String {
    let mut out = layout.paint(Tone::Strong, "Passes, for --only and --skip") + "\n";
    for PassInfo { id, level, title } in passes() {
        let name = format!("{}  {}", level.number(), pad(id, PASS));
        line(&mut out, 2, &name, title, Tone::Plain, layout);
    }
    out
}

/// A few lines: what was or would be done, what was skipped and why, and the next command.
pub fn rewrite_summary(rewrites: &[Rewrite], files: usize, mask: &Mask, written: bool) -> String {
    let mut out = String::new();
    for rewrite in rewrites {
        let name = clean(&rewrite.dockerfile);
        let changed = rewrite.optimized.levels.iter().filter(|outcome| !outcome.steps.is_empty());
        let levels: Vec<u8> = changed.map(|outcome| outcome.level.number()).collect();
        let done = match (&rewrite.refused, rewrite.steps()) {
            (Some(why), _) => format!("nothing changes: {}", clean(&mask.apply(why))),
            (None, 0) => "nothing to improve".to_owned(),
            (None, steps) => format!("{} at {}", count(steps as u64, "change"), levels_text(&levels)),
        };
        out.push_str(&format!("{name}: {done}\n"));
        for refusal in rewrite.refusals() {
            let (what, why) = (mask.apply(&refusal.what), mask.apply(&refusal.why));
            let (what, why) = (clean(&what), clean(&why));
            let pass = refusal.pass;
            if refusal.is_whole {
                out.push_str(&format!("{name}: `{pass}` is skipped: {why}\n"));
            } else {
                out.push_str(&format!("{name}: {what}: {why} [{pass}]\n"));
            }
        }
    }
    for rewrite in rewrites {
        let name = clean(&rewrite.dockerfile);
        for (step, assumption) in rewrite.open() {
            let text = mask.apply(&format_assumption(assumption));
            out.push_str(&format!("{name}: `{}` assumes that {}\n", step.pass, clean(&text)));
        }
    }
    let files = count(files as u64, "file");
    out.push_str(&match (files.starts_with("0 "), written) {
        (true, _) => "nothing to change\n".to_owned(),
        (false, true) => format!("changed {files}\n"),
        (false, false) => format!("would change {files}; apply with `--write`, see the reasons with `--plan`\n"),
    });
    out
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
