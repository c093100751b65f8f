//! `deploy plan`: for the one who carries it out and the one who approves, and as JSON.

use serde_json::{Value, json};

use super::page::{
    Block, Chart, Column, Listing, Medium, Page, Section, Table, Text, TextKind, TimelineRow, Tone, code, note, plain,
    toned,
};
use super::units::{count, seconds as duration};
use crate::release::{
    CheckState, DeploymentFacts, PLAN_SCHEMA, PlanFact, PlanRollback, PlanSeconds, PlanStep, ReleasePlan, RiskLevel,
};

/// The plan for people.
pub fn deploy_plan(facts: &DeploymentFacts, plan: &ReleasePlan) -> Page {
    let mut page = Page::new(format!("Deployment of {}", facts.project));
    let about = match (plan.is_blocked(), plan.questions.len()) {
        (true, _) => toned("not to be carried out as it is: a point of the checklist is not true", Tone::Error),
        (false, 0) => toned("nothing is open", Tone::Good),
        (false, open) => toned(count(open as u64, "open question"), Tone::Warning),
    };
    let title = toned(&facts.project, Tone::Strong).and(format!(", planned {}", facts.date));
    page.push(Section { about, ..Section::new(title) }.with(fact_table(&plan.summary)));
    page.push(Section::new("What changes").with(fact_table(&plan.changes)));
    page.push(Section::new("Risk").with(risk_table(plan)));
    let rule = "A point with [ ] is for a person to answer before the start; one with [!] forbids it.";
    page.push(Section::new("Checklist").with(plain(rule)).with(check_table(plan)));
    let mut steps =
        Section::new("Steps").with(plain("The commands are for the folder of the compose file, on the host."));
    steps.blocks.extend(step_sections(&plan.steps));
    page.push(steps);
    page.push(timeline(facts, &plan.steps));
    page.push(rollback_section(&plan.rollback));
    page.push(Section::new("Watch").with(fact_table(&plan.watch)));
    page.push(Section::new("It is good when").with(fact_table(&plan.success)));
    if !plan.questions.is_empty() {
        let rows = plan.questions.iter().map(|question| vec![plain(&question.text), plain(&question.answer)]).collect();
        let table =
            Table::new(&[Column::Wrapped, Column::Below], rows).with_quiet_head(&["question", "what answers it"]);
        page.push(Section::new("Open questions").with(table));
    }
    page.push_list(facts.left_out.iter().map(note).collect());
    page
}

/// Statements with their basis; a command below its statement.
fn fact_table(facts: &[PlanFact]) -> Table {
    let row = |fact: &PlanFact| {
        let command = fact.command.as_ref().map(|text| Text::new(text, TextKind::Command, Tone::Plain));
        let basis = if fact.basis.is_empty() { Text::default() } else { plain(format!("basis: {}", fact.basis)) };
        let text = fact.seconds.as_ref().map_or_else(|| plain(&fact.text), |seconds| plain(range(seconds)));
        vec![plain(&fact.name), text, command.unwrap_or_default(), basis.in_tone(Tone::Dim)]
    };
    let columns = [Column::Left, Column::Wrapped, Column::Below, Column::Below];
    Table::new(&columns, facts.iter().map(row).collect()).with_quiet_head(&["what", "is", "command", "basis"])
}

fn risk_table(plan: &ReleasePlan) -> Table {
    let tone = |level: RiskLevel| match level {
        RiskLevel::Low => Tone::Good,
        RiskLevel::Medium => Tone::Warning,
        RiskLevel::High => Tone::Error,
    };
    let rows = plan.risk.reasons.iter().map(|reason| {
        let basis = plain(format!("basis: {}", reason.basis)).in_tone(Tone::Dim);
        vec![toned(reason.level.name(), tone(reason.level)), plain(&reason.text), basis]
    });
    let columns = [Column::Left, Column::Wrapped, Column::Below];
    Table::new(&columns, rows.collect()).with_quiet_head(&["risk", "why", "basis"])
}

fn check_table(plan: &ReleasePlan) -> Table {
    let mark = |state: CheckState| match state {
        CheckState::Done => toned("[x]", Tone::Good),
        CheckState::Open => toned("[ ]", Tone::Warning),
        CheckState::Failed => toned("[!] not so", Tone::Error),
    };
    let rows = plan.checks.iter().map(|check| {
        vec![mark(check.state), plain(&check.text), plain(format!("basis: {}", check.basis)).in_tone(Tone::Dim)]
    });
    let columns = [Column::Left, Column::Wrapped, Column::Below];
    Table::new(&columns, rows.collect()).with_quiet_head(&["", "point", "basis"])
}

/// A section for each command, with its parts below it.
fn step_sections(steps: &[PlanStep]) -> Vec<Block> {
    let mut sections: Vec<(Section, Vec<Vec<Text>>)> = Vec::new();
    for step in steps {
        match sections.last_mut() {
            Some((_, parts)) if step.number.contains('.') => parts.push(part_row(step)),
            _ => sections.push((step_section(step), Vec::new())),
        }
    }
    let head = ["", "part", "takes", "limit", "basis", "if it fails"];
    let columns = [Column::Right, Column::Wrapped, Column::Left, Column::Left, Column::Below, Column::Below];
    let finish = |(mut section, parts): (Section, Vec<Vec<Text>>)| {
        if !parts.is_empty() {
            section.push(Table::new(&columns, parts).with_quiet_head(&head));
        }
        section.into()
    };
    sections.into_iter().map(finish).collect()
}

fn step_section(step: &PlanStep) -> Section {
    let mut section = Section::new(toned(format!("{}. {}", step.number, step.title), Tone::Strong));
    if let Some(command) = &step.command {
        section.push(Listing { caption: Text::default(), lines: vec![command.clone()], is_verbatim: true });
    }
    let mut lines: Vec<Text> = step.note.iter().map(plain).collect();
    if let Some(seconds) = &step.seconds {
        lines.push(plain(format!("takes {}", range(seconds))).and_dim(format!(" ({})", seconds.basis)));
    }
    lines.push(plain("back: ").and(&step.rollback));
    section.push_list(lines);
    section
}

fn part_row(step: &PlanStep) -> Vec<Text> {
    let seconds = step.seconds.as_ref();
    let basis = seconds.map(|seconds| plain(format!("basis: {}", seconds.basis)).in_tone(Tone::Dim));
    vec![
        plain(&step.number),
        plain(&step.title),
        seconds.map_or_else(|| toned("not known", Tone::Warning), |seconds| plain(range(seconds))),
        seconds
            .and_then(|seconds| seconds.limit)
            .map(|limit| plain(format!("given up after {}", duration(limit))))
            .unwrap_or_default(),
        basis.unwrap_or_default(),
        plain(format!("back: {}", step.rollback)),
    ]
}

/// `12 s to 20 s`, `at least 12 s`.
fn range(seconds: &PlanSeconds) -> String {
    match seconds.at_most {
        Some(most) => format!("{} to {}", duration(seconds.at_least), duration(most)),
        None => format!("at least {}", duration(seconds.at_least)),
    }
}

/// When each part begins and ends, from the call of the first command that has a time.
fn timeline(facts: &DeploymentFacts, steps: &[PlanStep]) -> Section {
    let mut section = Section::new("Timeline");
    let (mut earliest, mut latest) = (0.0, Some(0.0));
    let mut rows = Vec::new();
    let mut bars = Vec::new();
    for step in steps.iter().filter(|step| step.seconds.is_some() || !step.phases.is_empty()) {
        let at = |time: Option<f64>| time.map_or("?".to_owned(), |time| format!("+{}", duration(time)));
        let begin = format!("{} to {}", at(Some(earliest)), at(latest));
        rows.push(vec![plain(begin), plain(&step.number), plain(&step.title)]);
        let (least, most) = step.seconds.as_ref().map_or((0.0, None), |seconds| (seconds.at_least, seconds.at_most));
        let end = latest.zip(most).map(|(latest, most)| latest + most);
        if let (Some(end), Some(_)) = (end, latest) {
            let name = format!("{} {}", step.number, step.title);
            bars.push(TimelineRow { name, start: earliest, seconds: end - earliest, ..TimelineRow::default() });
        }
        (earliest, latest) = (earliest + least, end);
    }
    let begin = facts.begin.as_deref().unwrap_or("the call of the command");
    rows.push(vec![plain(format!("+{}", duration(earliest))), Text::default(), plain("the end, at the earliest")]);
    section.push(plain(format!("From {begin} on: the earliest and the latest begin of each part.")));
    if !bars.is_empty() {
        let name = "When each part runs, at the earliest and at the latest".to_owned();
        section.push(Block::Only(&[Medium::Html], vec![Chart::Timeline { name, rows: bars }.into()]));
    }
    let columns = [Column::Left, Column::Right, Column::Wrapped];
    section.with(Table::new(&columns, rows).with_quiet_head(&["begins", "step", "what"]))
}

fn rollback_section(rollback: &PlanRollback) -> Section {
    let tone = match rollback.is_possible {
        Some(true) => Tone::Good,
        Some(false) => Tone::Error,
        None => Tone::Warning,
    };
    let mut section = Section { about: toned(rollback.verdict(), tone), ..Section::new("Rollback") };
    section.push(Listing { caption: Text::default(), lines: rollback.commands.clone(), is_verbatim: true });
    let mut rows =
        vec![("why", plain(&rollback.reason)), ("until when", plain(&rollback.until)), ("data", plain(&rollback.data))];
    if let Some(seconds) = &rollback.seconds {
        rows.insert(0, ("takes", plain(range(seconds)).and_dim(format!(" ({})", seconds.basis))));
    }
    let rows = rows.into_iter().map(|(name, text)| vec![plain(name), text]).collect();
    section.push(Table::new(&[Column::Left, Column::Wrapped], rows));
    let rows = rollback
        .triggers
        .iter()
        .map(|trigger| vec![plain(&trigger.what), plain(&trigger.by), code_or_words(&trigger.action)]);
    let columns = [Column::Wrapped, Column::Left, Column::Below];
    section.push(Table::new(&columns, rows.collect()).with_head(&["when", "goes back", "how"]));
    section
}

/// A command as one, other words as they are.
fn code_or_words(action: &str) -> Text {
    let is_command = ["sh ", "docker "].iter().any(|start| action.starts_with(start));
    if is_command { code(action) } else { plain(action) }
}

/// The plan as JSON, as `schemas/deploy-plan.schema.json` describes it.
pub fn deploy_plan_json(facts: &DeploymentFacts, plan: &ReleasePlan) -> String {
    let list = |facts: &[PlanFact]| facts.iter().map(fact_json).collect::<Vec<_>>();
    let rollback = &plan.rollback;
    let result = json!({
        "schema": PLAN_SCHEMA,
        "dockopt": env!("CARGO_PKG_VERSION"),
        "is_blocked": plan.is_blocked(),
        "summary": list(&plan.summary),
        "changes": list(&plan.changes),
        "risk": {
            "level": plan.risk.level.name(),
            "reasons": plan.risk.reasons.iter().map(|reason| json!({
                "level": reason.level.name(), "text": reason.text, "basis": reason.basis,
            })).collect::<Vec<_>>(),
        },
        "checklist": plan.checks.iter().map(|check| json!({
            "text": check.text, "state": check.state.name(), "basis": check.basis,
        })).collect::<Vec<_>>(),
        "steps": plan.steps.iter().map(step_json).collect::<Vec<_>>(),
        "rollback": {
            "is_possible": rollback.is_possible,
            "reason": rollback.reason,
            "commands": rollback.commands,
            "seconds": rollback.seconds.as_ref().map(seconds_json),
            "until": rollback.until,
            "data": rollback.data,
            "triggers": rollback.triggers.iter().map(|trigger| json!({
                "what": trigger.what, "by": trigger.by, "action": trigger.action,
            })).collect::<Vec<_>>(),
        },
        "watch": list(&plan.watch),
        "success": list(&plan.success),
        "questions": plan.questions.iter().map(|question| json!({
            "text": question.text, "answer": question.answer,
        })).collect::<Vec<_>>(),
        "facts": facts,
    });
    format!("{result:#}\n")
}

fn fact_json(fact: &PlanFact) -> Value {
    json!({"name": fact.name, "text": fact.text, "command": fact.command, "basis": fact.basis})
}

fn seconds_json(seconds: &PlanSeconds) -> Value {
    json!({"at_least": seconds.at_least, "at_most": seconds.at_most, "limit": seconds.limit, "basis": seconds.basis})
}

fn step_json(step: &PlanStep) -> Value {
    json!({
        "number": step.number,
        "title": step.title,
        "command": step.command,
        "phases": step.phases.iter().map(|phase| phase.name()).collect::<Vec<_>>(),
        "seconds": step.seconds.as_ref().map(seconds_json),
        "rollback": step.rollback,
        "note": step.note,
    })
}
