//! Rules about calls of apt.

use std::cell::LazyCell;

use super::Context;
use super::mentions::{Mentions, configures_apt};
use super::prompts::sets;
use crate::build::{PackageSize, Run, StageBase};
use crate::finding::{Finding, Findings, Impact, ImpactKind, Safety};
use crate::shell::{
    CommandPlace, Invocation, Manager, PackageCall, SeparatorKind, Verb, program::Kind, program::Program,
};
use crate::text::Span;

super::family! {
    "apt-in-script" => apt_in_script;
    "apt-recommends" => apt_recommends;
    "apt-update-alone" => apt_update_alone;
}

fn apt_in_script(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for invocation in run.invocations().iter().filter(|invocation| invocation.is("apt") && is_direct(invocation)) {
            let finding = cx
                .finding(
                    run.place(invocation.path.span),
                    "`apt` is meant for interactive use: its output and options may change",
                )
                .help("use `apt-get` or `apt-cache` in scripts");
            let replacements = invocation.package_call().and_then(|call| replacements(&run, invocation, &call));
            out.push(finding.with(replacements, |finding, replacements| {
                finding.edits("call the program meant for scripts", Safety::Safe, replacements)
            }));
        }
    }
}

/// Whether the call is not inside a string for another shell; other linters do not look there either.
fn is_direct(invocation: &Invocation) -> bool {
    invocation.via.iter().all(|wrapper| Program::of(wrapper.program).is(Kind::Wrapper))
}

/// Replaces the program's name, and the verb if the other program calls it something else.
fn replacements(run: &Run, invocation: &Invocation, call: &crate::shell::PackageCall) -> Option<Vec<(Span, String)>> {
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
    let mut replacements = vec![(name, program.to_owned())];
    if let Some(verb) = verb {
        // One word of an exec form cannot become two.
        if source.slice(place) != call.verb_text {
            return None;
        }
        replacements.push((place, verb.to_owned()));
    }
    Some(replacements)
}

fn apt_recommends(cx: &Context, out: &mut Findings) {
    let settings = LazyCell::new(|| {
        Mentions::of(cx.build(), |instruction, text| {
            let set = text.contains("apt::install-recommends") && text.contains("apt.conf");
            set || configures_apt(instruction, text)
        })
    });
    let mut installed: Vec<&str> = Vec::new();
    for run in cx.build().shipped_runs() {
        for invocation in run.invocations() {
            let Some(call) = invocation.package_call().filter(|call| call.manager == Manager::Apt) else { continue };
            let before = installed.len();
            installed.extend(call.packages.iter().map(|package| package.name.text));
            if !takes_recommended(&call) {
                continue;
            }
            let open = invocation.args.iter().any(|word| run.may_be_option(word));
            if open || settings.mentioned_until(&run) {
                continue;
            }
            let name = format!("{} {}", call.program, call.verb_text);
            let span = Span::new(call.span.start, call.verb_span.end);
            let option = if call.program == "aptitude" { "--without-recommends" } else { "--no-install-recommends" };
            let message = format!("`{name}` also installs recommended packages");
            let finding = cx.finding(run.place(span), message).help(format!("use `{name} {option}`"));
            let finding = priced(&run, &call, &installed[..before], finding);
            let why = "the build or the program may need a recommended package; install that one by name";
            out.push(
                finding.with(run.insertion_after(call.verb_span, &call.verb_text, option), |finding, (at, text)| {
                    finding.unsafe_edit("do not install recommended packages", why, at, text)
                }),
            );
        }
    }
}

/// Adds the price: at least the size of the packages that are only recommended.
fn priced(run: &Run, call: &PackageCall, installed: &[&str], finding: Finding) -> Finding {
    let names: Vec<&str> = call.packages.iter().map(|package| package.name.text).collect();
    let size = match run.build.root_base(run.stage) {
        StageBase::Image(image) if !call.has_unknown_packages() => PackageSize::recommended(&names, installed, image),
        _ => None,
    };
    let Some((size, bytes)) = size else { return finding };
    let evidence = format!(
        "packages that only recommendations of `{}` install on Debian {}, looked up on {}",
        size.package, size.suite, size.date
    );
    finding.costs(Impact::typical(ImpactKind::DiskBytes, bytes, evidence))
}

fn takes_recommended(call: &PackageCall) -> bool {
    let without = ["--no-install-recommends", "--without-recommends", "-R"];
    call.verb == Verb::Install
        && call.verb_text == "install"
        && !call.says("simulates")
        && !call.has(&without)
        && !sets(call, &["-o", "--option"], "apt::install-recommends", &["false", "0", "no", "off"])
}

const LISTS: [&str; 1] = ["/var/lib/apt/lists"];

fn apt_update_alone(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        let mut alone: Option<(Run, Span)> = None;
        for run in build.runs(stage).filter(|run| !run.is_trigger() && !run.is_mounted(&LISTS)) {
            let invocations = run.invocations();
            let verb = |invocation: &Invocation| invocation.call_of(&[Manager::Apt]).map(|call| call.verb);
            let installs = |invocation: &&Invocation| {
                matches!(verb(invocation), Some(Verb::Install | Verb::Upgrade | Verb::Download))
            };
            let update = invocations.iter().rfind(|invocation| verb(invocation) == Some(Verb::Update));
            match (update, invocations.iter().find(installs)) {
                // A later command of the RUN may install packages in a way that is not recognised.
                (Some(update), None) => alone = ends_there(&invocations, update).then_some((run, update.span)),
                (Some(_), Some(_)) => alone = None,
                (None, Some(install)) => {
                    let Some((earlier, span)) = alone.take() else { continue };
                    let place = earlier.place(span);
                    let message = "the package lists are fetched in a separate step: once it is cached, installs use outdated lists";
                    let finding = cx
                        .finding(place, message)
                        .label(run.place(install.span), "this installs from them")
                        .help("update and install in one RUN");
                    out.push(finding.with(joined_edits(&earlier, span, &run, install), |finding, joined_edits| {
                        finding.edits("update in the RUN that installs", Safety::Safe, joined_edits)
                    }));
                }
                (None, None) => {}
            }
        }
    }
}

/// Whether only trivial commands follow the update.
fn ends_there(all: &[Invocation], update: &Invocation) -> bool {
    let later = all.iter().skip_while(|invocation| invocation.span != update.span).skip(1);
    later.into_iter().all(|invocation| {
        invocation.package_call().is_some_and(|call| call.verb == Verb::Clean)
            || matches!(invocation.program, Some("rm" | "echo" | "true" | "mkdir" | "set"))
    })
}

/// Moves the update to the front of the install, if its RUN does nothing else and is directly above the other one.
fn joined_edits(update: &Run, span: Span, install: &Run, first: &Invocation) -> Option<Vec<(Span, String)>> {
    let (file, script) = (update.file(), &install.code.script);
    let alone = update.code.script.commands.len() == 1 && update.code.script.problems.is_empty();
    let plain =
        |run: &Run| run.instruction.flags.is_empty() && run.instruction.heredocs.is_empty() && !run.code.is_exec();
    let lead = script.commands.first()?;
    // If the update fails, `&&` skips the commands after it only if they are one chain.
    let is_chain = |place: &CommandPlace| {
        let after = place.after.map(|after| after.kind);
        place.scope != 0 || matches!(after, None | Some(SeparatorKind::And | SeparatorKind::Pipe))
    };
    let chain = script.commands.iter().map(|command| &command.place).all(is_chain)
        && script.compounds.iter().map(|compound| &compound.place).all(is_chain);
    if !alone || !plain(update) || !plain(install) || install.index != update.index + 1 || !chain {
        return None;
    }
    let in_first = lead.place.scope == 0 && first.command.span.start >= lead.span.start && script.problems.is_empty();
    let source = file.source();
    let update_text = source.slice(update.place(span));
    let whole = update.code.script.commands[0].span;
    let run_text = source.slice(update.instruction.span);
    if !in_first || update_text.contains('\n') || run_text.contains('\n') || whole != span {
        return None;
    }
    // Removes the whole line; comments above it stay.
    let lines = Span::new(
        source.line_span(update.instruction.start_line).start,
        source.line_span(update.instruction.end_line + 1).start,
    );
    let at = install.place(lead.span).start;
    Some(vec![(lines, String::new()), (Span::at(at), format!("{update_text} && "))])
}
