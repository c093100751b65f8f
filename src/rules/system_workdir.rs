//! See `rules/system-workdir.md`.

use super::Context;
use crate::build::Setting;
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("system-workdir", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, instruction) in
            build.instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Workdir)
        {
            let Setting::By(_, folder) = build.workdir(stage, index + 1) else { continue };
            if data::SYSTEM_FOLDERS.has(folder.as_str(), "system") {
                let message =
                    format!("WORKDIR is the system folder {folder}: files written there are mixed with the system's");
                out.push(cx.finding(instruction.head, message).help("use a separate folder: /app, /srv/…"));
            }
        }
    }
}
