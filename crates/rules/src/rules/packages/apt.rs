//! Rules about apt.

use std::cell::LazyCell;

use crate::build::{Build, Code, PackageLists, PackageSize, Run, Stage, StageBase, is_of_system};
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings, Impact, ImpactKind, Safety};
use crate::manifest::FileKind;
use crate::rules::Context;
use crate::rules::packages::package_calls::{Mentions, configures_apt, sets};
use crate::rules::shared::cleanup;
use crate::rules::shared::cleanup::Cache;
use crate::rules::shared::cleanup::Cleanup;
use crate::rules::shared::script_end;
use crate::shell::program::{Kind, Program, State};
use crate::shell::{CommandPlace, Invocation, Manager, PackageCall, SeparatorKind, Verb, Word};
use crate::text::{Span, path};

crate::rules::family! {
    "apt-in-script" => apt_in_script;
    "apt-recommends" => apt_recommends;
    "apt-update-alone" => apt_update_alone;
    "apt-lists-kept" => apt_lists_kept;
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
    // Those of a known size, each once: few, however long the file is.
    let mut installed: Vec<&str> = Vec::new();
    for run in cx.build().shipped_runs() {
        for invocation in run.invocations() {
            let Some(call) = invocation.package_call().filter(|call| call.manager == Manager::Apt) else { continue };
            let before = installed.len();
            for name in call.packages.iter().map(|package| package.name.text) {
                if PackageSize::is_known(name) && !installed.contains(&name) {
                    installed.push(name);
                }
            }
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

fn apt_update_alone(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        let mut alone: Option<(Run, Span)> = None;
        for run in build.runs(stage).filter(|run| !run.is_trigger() && !run.is_mounted(&[LISTS])) {
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

const LISTS: &str = "/var/lib/apt/lists";

fn apt_lists_kept(cx: &Context, out: &mut Findings) {
    if cx.is_for_developers_only() {
        return;
    }
    let build = cx.build();
    let mut later = None;
    // The next update finds the lists of an earlier layer unchanged, so they cost space only once.
    let mut paid = false;
    let shipped: Vec<&Stage> = cx.shipped().collect();
    for stage in shipped.into_iter().rev() {
        // The mirror has no packages for this release; `end-of-life-base` reports that.
        if build.lacks_packages(stage) {
            continue;
        }
        for run in build.runs(stage).filter(|run| !run.is_mounted(&[LISTS])) {
            // The layer of a trigger belongs to the image that is built on this one.
            let is_trigger = run.is_trigger();
            let Some(span) = find_kept_lists(&run) else {
                paid &= is_trigger || !run.invocations().iter().any(removes_lists);
                continue;
            };
            let later = later.get_or_insert_with(|| lists_needed(build))[run.index];
            let finding = cx.finding(run.place(span), "the package lists fetched here stay in the layer");
            let finding = finding.help(help(&run, later));
            let finding = if paid { finding } else { with_price(build, stage, finding) };
            paid |= !is_trigger;
            out.push(edited(&run, later, finding));
        }
    }
}

fn help(run: &Run, later: Need) -> &'static str {
    match (later, installs(run)) {
        // The later RUN needs the lists: it fails if they are deleted, or are only in a cache mount of this RUN.
        (Need::Lists, true) => {
            "update, install and clean up in one RUN, together with the installs of a later RUN that has no `update`"
        }
        (_, true) => "delete them in the same RUN, or keep them in a cache mount",
        (Need::Lists, false) => "update, install and clean up in one RUN: a later RUN reads these lists",
        (_, false) => "update, install and clean up in one RUN, or keep the lists in a cache mount",
    }
}

/// The command of a script that fetches lists that the script does not delete.
fn find_kept_lists(run: &Run) -> Option<Span> {
    let invocations = run.invocations();
    let at = invocations.iter().rposition(fetches)?;
    let cleans =
        invocations[at..].iter().any(|invocation| removes_lists(invocation) || removes_by_name(run, invocation));
    // A trap runs at the end, wherever it was set.
    let trapped = invocations
        .iter()
        .any(|invocation| invocation.is("trap") && invocation.args.first().is_some_and(|word| cleans_in(word.text())));
    (!cleans && !trapped && !is_cleaned_by_script(run, invocations[at].span)).then_some(invocations[at].span)
}

/// Whether a script of the context that is called behind a command deletes the lists.
fn is_cleaned_by_script(run: &Run, fetch: Span) -> bool {
    let scripts = run.build.called_scripts(run.stage, run.index, fetch.start);
    scripts.iter().any(|script| script.invocations().iter().any(removes_lists))
}

/// Whether the same RUN also installs packages, so that it can delete the lists.
fn installs(run: &Run) -> bool {
    let verbs = [Verb::Install, Verb::Upgrade, Verb::Download];
    run.invocations().iter().filter_map(apt).any(|call| verbs.contains(&call.verb))
}

fn cleans_in(text: &str) -> bool {
    (text.contains("rm ") && text.contains("apt")) || text.contains("dist-clean") || text.contains("distclean")
}

/// `rm -rf "$LISTS"`, where the script or a variable of the file holds the folder.
fn removes_by_name(run: &Run, invocation: &Invocation) -> bool {
    let deletes = invocation.program.is_some_and(|program| Program::of(program).is(Kind::Deletes));
    if !deletes || !invocation.args.iter().any(Word::is_dynamic) {
        return false;
    }
    let file = run.file();
    let variables = file.instructions().iter().filter(|i| matches!(i.keyword, Keyword::Env | Keyword::Arg));
    let holds = |text: &str| text.contains("/var/lib/apt");
    run.code.text().is_some_and(holds) || variables.into_iter().any(|variable| holds(file.logical(variable.text)))
}

/// `rm -rf /var/lib/apt/lists/*`, `find /var/lib/apt/lists -delete`, `apt-get dist-clean`.
fn removes_lists(invocation: &Invocation) -> bool {
    let names_lists = || {
        invocation.args.iter().filter_map(|word| word.value()).any(|text| {
            let folder = text.trim_end_matches(['*', '/']);
            let braces = text.contains('{') && text.contains("lists");
            text.starts_with('/') && (path::covers(folder, LISTS) || folder.starts_with(LISTS) || braces)
        })
    };
    match invocation.program {
        Some("rm") => names_lists(),
        Some("find") => names_lists() && invocation.args.iter().any(|word| word.is("-delete") || word.is("rm")),
        Some("apt-get" | "apt") => invocation.args.iter().any(|word| word.is("dist-clean") || word.is("distclean")),
        _ => false,
    }
}

fn with_price(build: &Build, stage: &Stage, finding: Finding) -> Finding {
    let StageBase::Image(reference) = build.root_base(stage) else { return finding };
    let known = PackageLists::of(reference).map(|lists| (lists, ""));
    let Some((lists, least)) = known.or_else(|| Some((PackageLists::shortest(reference)?, "at least "))) else {
        return finding;
    };
    let evidence =
        format!("{least}the lists that apt-get update leaves on Debian {}, measured {}", lists.suite, lists.date);
    finding.costs(Impact::typical(ImpactKind::DiskBytes, lists.disk_bytes, &*evidence)).costs(Impact::typical(
        ImpactKind::PullBytes,
        lists.pull_bytes,
        evidence,
    ))
}

fn edited(run: &Run, later: Need, finding: Finding) -> Finding {
    let doubt = match later {
        Need::Lists => return finding,
        Need::Unknown => Some("a later step may read the lists"),
        Need::Nothing => None,
    };
    let commands = [format!("rm -rf {LISTS}/*")];
    let cleanup = Cleanup { commands: &commands, cache: Cache { folders: &[LISTS], program: "" } };
    let Some(mut addition) = cleanup::add(run, fetches, &cleanup) else { return finding };
    let mut title = "delete the lists in the same RUN";
    if let Some(step) = only_fetches(run) {
        if run.is_trigger() {
            return finding;
        }
        title = "remove the RUN: it does nothing else";
        (addition.span, addition.text) = (step, String::new());
    }
    addition.risk = doubt.or(addition.risk);
    addition.edit(finding, title)
}

/// The lines of a RUN that fetches the lists and does nothing else.
fn only_fetches(run: &Run) -> Option<Span> {
    let instruction = run.build.instruction(run.index);
    let [command] = &run.code.script.commands[..] else { return None };
    let one_line = !run.file().source().slice(instruction.head).contains('\n') && instruction.heredocs.is_empty();
    let alone = one_line && command.redirects.is_empty() && run.invocations().len() == 1;
    if alone { script_end::removable_lines(run.file(), instruction) } else { None }
}

// Whether a step below a RUN reads the package lists that the RUN fetched with apt. In doubt the answer is unknown.

/// What the steps below an instruction do with the lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rules) enum Need {
    /// No step reads the lists, or none before they are fetched again.
    #[default]
    Nothing,
    /// A step whose effect is unknown.
    Unknown,
    /// A step that reads the lists without fetching them.
    Lists,
}

/// For each instruction: what the steps below it do, in its stage and in the stages that are based on that.
pub(in crate::rules) fn lists_needed(build: &Build) -> Vec<Need> {
    let mut after = vec![Need::Nothing; build.input().file.instructions().len()];
    let mut at_end = vec![Need::Nothing; build.stages().len()];
    for stage in build.stages().iter().rev() {
        let mut need = at_end[stage.index];
        // Triggers run on top of the whole stage.
        for (_, instruction) in build.instructions_of(stage, Keyword::Onbuild) {
            need = need.max(of_trigger(build.input().file.logical(instruction.text)));
        }
        for index in stage.instructions.clone().rev() {
            after[index] = need;
            let is_run = build.instruction(index).keyword == Keyword::Run;
            need = match build.code(index) {
                Some(code) => of_script(code, is_run, need),
                None if is_run => need.max(Need::Unknown),
                None => need,
            };
        }
        if let StageBase::Stage(below) = stage.base {
            at_end[below] = at_end[below].max(need);
        }
    }
    after
}

/// The same for the text of an ONBUILD.
fn of_trigger(text: &str) -> Need {
    let words = || text.split(|c: char| !c.is_alphanumeric() && !"-_./".contains(c));
    let has = |word: &str| words().any(|word_of_script| word_of_script == word);
    if has("apt-get") || has("apt") || has("aptitude") {
        return if has("update") { Need::Nothing } else { Need::Lists };
    }
    let opaque = words().any(|word| FileKind::of(word).is_shell() || reads_lists(Program::of(word)));
    if opaque { Need::Unknown } else { Need::Nothing }
}

/// The same for a script, given the answer for the steps below it.
fn of_script(code: &Code, is_run: bool, below: Need) -> Need {
    let mut so_far = Need::Nothing;
    for invocation in code.script.invocations() {
        match apt(&invocation).map(|call| call.verb) {
            Some(Verb::Update) if fetches(&invocation) => return so_far,
            Some(Verb::Install | Verb::Upgrade | Verb::Download) => return Need::Lists,
            Some(Verb::Other) => so_far = so_far.max(Need::Unknown),
            None if is_run && may_read(&invocation) => so_far = so_far.max(Need::Unknown),
            _ => {}
        }
    }
    so_far.max(below)
}

/// A reader of the lists, or a script or tool whose effect is unknown.
fn may_read(invocation: &Invocation) -> bool {
    let Some(program) = invocation.program else { return true };
    let is_local = !is_of_system(invocation.path.text());
    let known = Program::of(program);
    let runs_file = known.is_shell() || known.state == State::Any;
    is_local || FileKind::of(program).is_shell() || reads_lists(known) || (runs_file && !invocation.args.is_empty())
}

/// Whether a program reads the lists, or runs code from another file.
fn reads_lists(program: Program) -> bool {
    program.is(Kind::Lists) || program.is(Kind::Recipes)
}

/// Whether it fetches the lists to the place where apt reads them.
pub(in crate::rules) fn fetches(invocation: &Invocation) -> bool {
    let elsewhere = |word: &Word| {
        let text = word.text().to_ascii_lowercase();
        text == "--print-uris" || text.contains("dir::state") || text.contains("dir=")
    };
    apt(invocation).is_some_and(|call| call.verb == Verb::Update) && !invocation.args.iter().any(elsewhere)
}

pub(in crate::rules) fn apt<'s>(invocation: &Invocation<'s>) -> Option<PackageCall<'s>> {
    invocation.call_of(&[Manager::Apt])
}
