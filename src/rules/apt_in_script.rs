//! See `rules/apt-in-script.md`.

use super::Context;
use crate::build::Run;
use crate::finding::{Findings, Safety};
use crate::shell::Invocation;
use crate::shell::program::{Kind, Program};
use crate::text::Span;

super::rule!("apt-in-script", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for invocation in run.invocations().iter().filter(|invocation| invocation.is("apt") && is_direct(invocation)) {
            let finding = cx
                .finding(
                    run.place(invocation.path.span),
                    "`apt` is meant for interactive use: its output and options may change",
                )
                .help("use `apt-get` or `apt-cache` in scripts");
            let edits = invocation.package_call().and_then(|call| edits(&run, invocation, &call));
            out.push(match edits {
                Some(edits) => finding.edits("call the program meant for scripts", Safety::Safe, edits),
                None => finding,
            });
        }
    }
}

/// Whether the call is not inside a string for another shell; other linters do not look there either.
fn is_direct(invocation: &Invocation) -> bool {
    invocation.via.iter().all(|wrapper| Program::of(wrapper.program).is(Kind::Wrapper))
}

/// Replaces the program's name, and the verb if the other program calls it something else.
fn edits(run: &Run, invocation: &Invocation, call: &crate::shell::PackageCall) -> Option<Vec<(Span, String)>> {
    let (program, verb) = match &*call.verb_text {
        "install" | "reinstall" | "update" | "remove" | "purge" | "autoremove" | "clean" | "autoclean" | "download"
        | "source" | "build-dep" | "satisfy" => ("apt-get", None),
        "full-upgrade" => ("apt-get", Some("dist-upgrade")),
        // `apt upgrade` may install new packages, but removes none.
        "upgrade" => ("apt-get", Some("upgrade --with-new-pkgs")),
        "search" | "show" | "policy" | "depends" | "rdepends" | "showsrc" => ("apt-cache", None),
        _ => return None,
    };
    let path = invocation.path.verbatim()?;
    let name = run.place(Span::new(path.end - "apt".len() as u32, path.end));
    let place = run.place(call.verb_span);
    let source = run.file().source();
    if source.slice(name) != "apt" {
        return None;
    }
    let mut edits = vec![(name, program.to_owned())];
    if let Some(verb) = verb {
        // One word of an exec form cannot become two.
        if source.slice(place) != call.verb_text {
            return None;
        }
        edits.push((place, verb.to_owned()));
    }
    Some(edits)
}
