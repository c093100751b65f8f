//! Debian's Java packages link manual pages into a folder that slim images lack, so that their installation fails. This
//! pass creates the folder.

use crate::build::toolchain;
use crate::build::{Reference, StageBase};
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::shell::{Manager, Verb};
use crate::text::Span;

const FOLDER: &str = "/usr/share/man/man1";

/// Makes the folder where a stage on a slim Debian installs Java.
pub(in crate::optimize) fn make(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    for stage in build.needed_stages() {
        let StageBase::Image(image) = build.root_base(stage) else { continue };
        let reference = Reference::of(image);
        let slim = reference.short_name() == "debian" && reference.tag.is_some_and(|tag| tag.ends_with("-slim"));
        if !slim || input.source().text().contains("/usr/share/man") {
            continue;
        }
        for (index, _, all) in toolchain::runs(build, stage) {
            let java = |name: &str| name.starts_with("openjdk-") || name.starts_with("default-j");
            let installs = all.iter().filter_map(crate::shell::Invocation::package_call).any(|call| {
                call.manager == Manager::Apt
                    && call.verb == Verb::Install
                    && call.packages.iter().any(|package| java(package.name.text))
            });
            let Some(code) = build.code(index).filter(|code| installs && !code.is_exec()) else { continue };
            let Some(first) = code.script.commands.first().filter(|first| first.place.scope == 0) else { continue };
            let at = code.place(input.file(), first.span).start;
            let lines = input.source().slice(build.instruction(index).span).contains('\n');
            let joint = if lines { format!(" \\{}    && ", input.newline()) } else { " && ".to_owned() };
            let edit = input.edit(Span::at(at), format!("mkdir -p {FOLDER}{joint}"));
            output.step(
                format!("creates `{FOLDER}` before Java is installed"),
                "the package links its manual pages there, and slim images lack the folder",
                vec![edit],
            );
        }
    }
}
