//! See `rules/end-of-life-base.md`.

use super::Context;
use crate::build::{Base, EdgeKind, Release, releases};
use crate::finding::{Finding, Findings, Label};
use crate::inputs::Date;

super::rule!("end-of-life-base", check);

fn check(cx: &Context, out: &mut Findings) {
    let Some(today) = cx.inputs().today else { return };
    // Bases of one release are told once.
    let mut found: Vec<(Vec<&Release>, Finding)> = Vec::new();
    for edge in cx.build().edges().iter().filter(|edge| edge.kind == EdgeKind::From) {
        let needed = cx.build().stages().get(edge.stage).is_some_and(|stage| cx.build().is_needed(stage));
        let Base::Image(image) = &edge.to else { continue };
        let ended: Vec<&Release> =
            releases(image).into_iter().filter(|release| release.end.is_some_and(|end| end < today)).collect();
        if !needed || ended.is_empty() {
            continue;
        }
        if let Some((_, first)) = found.iter_mut().find(|(releases, _)| *releases == ended) {
            let text = "and this one".to_owned();
            first.labels.push(Label { span: edge.span, text });
            continue;
        }
        let finding = cx.finding(edge.span, message(image, &ended)).help(help(ended[0], today));
        found.push((ended, finding));
    }
    for (_, finding) in found {
        out.push(finding);
    }
}

fn message(image: &str, ended: &[&Release]) -> String {
    let said = ended.iter().filter_map(|release| Some(format!("{} ended on {}", release.title(), release.end?)));
    format!("`{image}` gets no more security fixes: {}", said.collect::<Vec<_>>().join(", "))
}

fn help(release: &Release, today: Date) -> String {
    match release.longest().and_then(|longest| Some((longest, longest.end?))) {
        Some((longest, end)) if end > today => {
            format!("move to a release that is maintained, such as {} (until {end})", longest.title())
        }
        _ => "move to a release that is maintained".to_owned(),
    }
}
