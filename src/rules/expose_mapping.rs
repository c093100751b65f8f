//! See `rules/expose-mapping.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("expose-mapping", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, instruction) in build.effective_instructions(stage).filter(|(_, i)| i.keyword == Keyword::Expose) {
            for written in build.input().file.list(instruction) {
                let Some(ports) = build.expand(stage, index, &written.text) else { continue };
                let Some(port) = ports.split_whitespace().find(|port| port.contains(':')) else { continue };
                let container_port = port.rsplit(':').next().unwrap_or_default();
                let message =
                    format!("`{port}` only exposes {container_port}: an image cannot choose a host port or address");
                let finding = cx
                    .finding_at(index, written.span, message)
                    .help("publish the port when the container starts (`-p`)");
                let plain = written.text == port;
                out.push(if plain {
                    finding.safe_edit("keep the container's port", written.span, container_port)
                } else {
                    finding
                });
            }
        }
    }
}
