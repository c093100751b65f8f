//! Rules about stages, their names and who uses them.

use std::collections::HashMap;

use super::Context;
use crate::build::{EdgeKind, StageBase};
use crate::dockerfile::Arguments;
use crate::finding::{FileEdit, Findings, Fix, Safety, Target};
use crate::text::Span;

super::family! {
    "duplicate-stage-name" => duplicate_stage_name;
    "reserved-stage-name" => reserved_stage_name;
    "stage-name-case" => stage_name_case;
    "stage-by-number" => stage_by_number;
    "unreachable-stage" => unreachable_stage;
}

fn duplicate_stage_name(cx: &Context, out: &mut Findings) {
    let mut first = HashMap::new();
    for stage in cx.build().stages() {
        let (Some(name), Some(span)) = (&stage.name, stage.name_span) else { continue };
        if let Some(earlier) = first.insert(name, span) {
            let message = format!("the stage name `{name}` is already used: from here on it refers to this stage");
            let finding = cx.finding(span, message).help("give each stage a unique name");
            out.push(finding.label(earlier, "first used here"));
        }
    }
}

fn reserved_stage_name(cx: &Context, out: &mut Findings) {
    for stage in cx.build().stages() {
        let (Some(name), Some(span)) = (&stage.name, stage.name_span) else { continue };
        let what = match name.as_str() {
            "scratch" => "the empty image",
            "context" => "the build context",
            _ => continue,
        };
        let finding = cx.finding(span, format!("stage name `{name}` is reserved by the builder for {what}"));
        out.push(finding.help("rename the stage"));
    }
}

fn stage_name_case(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        let Some(Arguments::Words(words)) = build.from_of(stage).map(|from| &from.arguments) else { continue };
        let [_, _, name] = words.as_slice() else { continue };
        let written = build.input().file.str(*name);
        let lower = written.to_lowercase();
        if written == lower {
            continue;
        }
        let mut finding =
            cx.finding(name.span, format!("`{written}` has upper-case letters, but `FROM` finds only `{lower}`"));
        finding = finding.help("write the name in lower case, here and where it is used");
        let mut places: Vec<Span> = vec![name.span];
        places.extend(build.edges_to(stage).map(|edge| edge.span));
        places.sort_unstable();
        let wrong = |span: &Span| {
            let text = cx.source().slice(*span);
            text != lower && text.to_lowercase() == lower
        };
        places.retain(wrong);
        let target = Target::File(cx.file());
        let edit = |span: Span| FileEdit { target: target.clone(), span, text: lower.clone() };
        let edits: Vec<FileEdit> = places.into_iter().map(edit).collect();
        if !edits.is_empty() {
            finding.fixes.push(Fix { title: format!("rename it to `{lower}`"), safety: Safety::Safe, edits });
        }
        out.push(finding);
    }
}

fn stage_by_number(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for name in build.stages().iter().filter_map(|stage| stage.name.as_deref()) {
        *counts.entry(name).or_default() += 1;
    }
    for edge in build.edges().iter().filter(|edge| edge.kind != EdgeKind::From) {
        let StageBase::Stage(to) = edge.to else { continue };
        let written = cx.source().slice(edge.span);
        if written.parse::<usize>().is_err() {
            continue;
        }
        let stage = &build.stages()[to];
        let message = format!("stage {written} becomes a different stage when a FROM is added above");
        let Some(name) = &stage.name else {
            out.push(cx.finding(edge.span, message).help("name the stage with `AS`, and use the name"));
            continue;
        };
        let finding = cx.finding(edge.span, message).help("use the name of the stage");
        // A name that is used again later means the later stage.
        let unique = counts[name.as_str()] == 1;
        out.push(if unique { finding.safe_edit(format!("use `{name}`"), edge.span, name.clone()) } else { finding });
    }
}

fn unreachable_stage(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    // Another target needs other stages.
    let Some(last) = build.stages().last().filter(|last| build.is_needed(last)) else { return };
    for stage in &build.stages()[..last.index] {
        let used = build.edges_to(stage).next().is_some();
        // A stage with a name may be a build target.
        if stage.name.is_some() || used || build.is_needed(stage) {
            continue;
        }
        let Some(from) = build.from_of(stage) else { continue };
        let message = "nothing uses this stage, and without a name it cannot be a build target";
        out.push(cx.finding(from.head, message).help("name it with `AS` and use it, or remove it"));
    }
}
