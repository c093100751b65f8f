//! See `rules/expose-protocol-case.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("expose-protocol-case", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, instruction) in build.effective_instructions(stage).filter(|(_, i)| i.keyword == Keyword::Expose) {
            for written in build.input().file.list(instruction) {
                let Some(ports) = build.expand(stage, index, &written.text) else { continue };
                let capital =
                    |port: &&str| port.split_once('/').is_some_and(|(_, protocol)| protocol != protocol.to_lowercase());
                let Some(port) = ports.split_whitespace().find(capital) else { continue };
                let finding =
                    cx.finding_at(index, written.span, format!("the protocol in `{port}` is not in lower case"));
                let finding = finding.help("write it in lower case");
                out.push(if written.text == port {
                    finding.safe_edit("write it in lower case", written.span, port.to_lowercase())
                } else {
                    finding
                });
            }
        }
    }
}
