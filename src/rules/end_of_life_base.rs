//! See `rules/end-of-life-base.md`.

use super::Context;
use crate::build::{Base, EdgeKind, Release, releases};
use crate::finding::Findings;
use crate::inputs::Date;

super::rule!("end-of-life-base", check);

fn check(cx: &Context, out: &mut Findings) {
    let Some(today) = cx.inputs().today else { return };
    for edge in cx.build().edges().iter().filter(|edge| edge.kind == EdgeKind::From) {
        let needed = cx.build().stages().get(edge.stage).is_some_and(|stage| cx.build().is_needed(stage));
        let Base::Image(image) = &edge.to else { continue };
        if !needed {
            continue;
        }
        let ended: Vec<(&Release, Date)> = releases(image)
            .into_iter()
            .filter_map(|release| release.end.filter(|end| *end < today).map(|end| (release, end)))
            .collect();
        let Some((release, _)) = ended.first() else { continue };
        let said: Vec<String> =
            ended.iter().map(|(release, end)| format!("{} ended on {end}", release.title())).collect();
        let message = format!("`{image}` gets no more security fixes: {}", said.join(", "));
        let help = match release.longest().and_then(|longest| Some((longest, longest.end?))) {
            Some((longest, end)) if end > today => {
                format!("move to a release that is maintained, such as {} (until {end})", longest.title())
            }
            _ => "move to a distribution that is maintained".to_owned(),
        };
        out.push(cx.finding(edge.span, message).help(help));
    }
}
