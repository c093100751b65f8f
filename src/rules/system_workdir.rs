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
        for (index, instruction) in build.instructions(stage).filter(|(_, one)| one.keyword == Keyword::Workdir) {
            let Setting::By(_, folder) = build.workdir(stage, index + 1) else { continue };
            if data::SYSTEM_FOLDERS.has(folder.as_str(), "system") {
                let message =
                    format!("WORKDIR is a folder of the system, {folder}: what is written there is mixed with it");
                out.push(
                    cx.finding(instruction.head, message).help("work in a folder of the program's own: /app, /srv/…"),
                );
            }
        }
    }
}
