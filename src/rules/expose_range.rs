//! See `rules/expose-range.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("expose-range", check);

/// The highest port.
const HIGHEST: u64 = 65_535;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, instruction) in build.effective_instructions(stage).filter(|(_, i)| i.keyword == Keyword::Expose) {
            for written in build.input().file.list(instruction) {
                let Some(ports) = build.expand(stage, index, &written.text) else { continue };
                for port in ports.split_whitespace() {
                    let Some(why) = describe_mistake(port) else { continue };
                    let mut finding = cx.finding_at(index, written.span, format!("{why}: the builder refuses it"));
                    if written.text.contains('$') {
                        finding = finding.without("DL3011");
                    }
                    out.push(finding.help("use ports from 0 to 65535, and ranges from low to high"));
                }
            }
        }
    }
}

fn describe_mistake(port: &str) -> Option<String> {
    let container = port.rsplit(':').next().unwrap_or(port);
    let range = container.split('/').next().unwrap_or(container);
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number that does not fit is above the highest port.
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let (first, last) = (number(first)?, number(last)?);
    match (first > HIGHEST || last > HIGHEST, first > last) {
        (true, _) => Some(format!("`{range}` is above the highest port, 65535")),
        (false, true) => Some(format!("`{range}` ends before it starts")),
        (false, false) => None,
    }
}
