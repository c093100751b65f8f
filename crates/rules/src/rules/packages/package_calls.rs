//! Rules about calls of package managers.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use crate::build::{Build, Reference, Run, Stage, StageBase, releases, stands_on};
use crate::data;
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{Findings, Safety};
use crate::rules::Context;
use crate::shell::{Command, Flag, Invocation, Manager, PackageCall, PackageSource, Script, Verb, Word};
use crate::text::Span;

crate::rules::family! {
    "apk-virtual-missing" => apk_virtual_missing;
    "packages-unsorted" => packages_unsorted;
    "package-upgrade" => package_upgrade;
    "zypper-dist-upgrade" => zypper_dist_upgrade;
    "package-unavailable" => package_unavailable;
    "unsigned-packages" => unsigned_packages;
    "apt-prompt" => |cx, out| {
        check(cx, out, &Question { managers: &[Manager::Apt], asks: changes, answered: apt_answered, setting: "apt::get::assume-yes" });
    };
    "dnf-prompt" => |cx, out| {
        let managers = &[Manager::Dnf, Manager::Microdnf];
        check(cx, out, &Question { managers, asks: dnf_asks, answered: dnf_answered, setting: "assumeyes" });
    };
    "yum-prompt" => |cx, out| {
        check(cx, out, &Question { managers: &[Manager::Yum], asks: dnf_asks, answered: dnf_answered, setting: "assumeyes" });
    };
    "zypper-prompt" => |cx, out| {
        check(cx, out, &Question { managers: &[Manager::Zypper], asks: changes, answered: needs_no_answer, setting: "" });
    };
}

fn apk_virtual_missing(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        let invocations = run.invocations();
        let calls: Vec<PackageCall> = invocations
            .iter()
            .filter_map(crate::shell::package_call)
            .filter(|call| call.manager == Manager::Apk)
            .collect();
        for (at, call) in calls.iter().enumerate() {
            if call.verb != Verb::Install || call.has(&["-t", "--virtual"]) {
                continue;
            }
            let added = |name: &str| call.packages.iter().any(|package| package.name.text == name);
            let removed = calls[at..].iter().filter(|later| later.verb == Verb::Remove);
            let count = removed.flat_map(|later| &later.packages).filter(|package| added(package.name.text)).count();
            if count < 2 {
                continue;
            }
            let span = Span::new(call.span.start, call.verb_span.end);
            let message = format!("{count} of these packages are removed by name later");
            out.push(
                cx.finding(run.place(span), message).help("use `apk add --virtual .build …` and `apk del .build`"),
            );
        }
    }
}

fn packages_unsorted(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for invocation in run.invocations() {
            let Some(call) =
                invocation.package_call().filter(|call| call.manager.is_system() && call.verb == Verb::Install)
            else {
                continue;
            };
            let Some((places, sorted)) = lines(&run, &call) else { continue };
            let span = places[0].to(places[places.len() - 1]);
            let edits = places.iter().copied().zip(sorted).collect();
            out.push(
                cx.finding(span, "the packages are not sorted: duplicates and diffs are hard to spot")
                    .help("write one package per line, in alphabetical order")
                    .edits("sort the packages", Safety::Safe, edits),
            );
        }
    }
}

/// The places of packages that have a line each, and their sorted texts; empty if they are sorted or not so simple.
fn lines(run: &Run, call: &PackageCall) -> Option<(Vec<Span>, Vec<String>)> {
    let source = run.file().source();
    let places: Vec<Span> = call.packages.iter().map(|package| run.place(package.span)).collect();
    // A comment in between may apply to the package below it or to several of them; which ones is unknown.
    let first = source.line(places.first()?.start);
    let consecutive = places.iter().zip(first..).all(|(place, line)| source.line(place.start) == line);
    if places.len() < 2 || !consecutive {
        return None;
    }
    let written: Vec<&str> = places.iter().map(|place| source.slice(*place)).collect();
    let is_alone = |place: &Span| {
        let line = source.slice(source.line_span(source.line(place.start)));
        line.trim().trim_end_matches(run.file().escape()).trim_end() == source.slice(*place)
    };
    let simple = |text: &&str| !text.contains(['$', '`', '\n', '#']);
    if !places.iter().all(is_alone) || !written.iter().all(simple) {
        return None;
    }
    let key = |text: &str| text.trim_matches(['"', '\'']).to_ascii_lowercase();
    let mut sorted: Vec<String> = written.iter().map(|text| (*text).to_owned()).collect();
    sorted.sort_by_key(|text| key(text));
    let changed = sorted.iter().zip(&written).any(|(a, b)| a != b);
    changed.then_some((places, sorted))
}

fn package_upgrade(cx: &Context, out: &mut Findings) {
    // A stage based on an upgraded stage has little left to upgrade.
    let mut upgraded = false;
    for run in cx.build().shipped_runs() {
        if upgraded || is_explained(&run) {
            continue;
        }
        // With a base pinned by digest, this is how patches are applied.
        let pinned = |base: &StageBase| matches!(base, StageBase::Image(text) if Reference::of(text).digest.is_some());
        if pinned(cx.build().root_base(run.stage)) {
            continue;
        }
        for invocation in run.invocations() {
            let Some(call) = invocation.package_call().filter(upgrades_all) else { continue };
            let span = Span::new(call.span.start, call.verb_span.end);
            let name = format!("{} {}", call.program, call.verb_text);
            let message = format!(
                "`{name}` stores every upgraded package a second time, and its result depends on the day of the build"
            );
            out.push(cx.finding(run.place(span), message).help("use a newer base image (`docker build --pull`)"));
            upgraded = true;
        }
    }
}

/// Whether a comment right above says that the upgrade is for its patches.
fn is_explained(run: &Run) -> bool {
    let comments = run.instruction.comments.iter().map(|comment| run.file().logical(*comment).to_ascii_lowercase());
    comments.into_iter().any(|comment| {
        comment.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| data::NAME_WORDS.has(word, "security-patch"))
    })
}

fn upgrades_all(call: &PackageCall) -> bool {
    // `zypper dup` has its own rule.
    let is_meant = match call.manager {
        Manager::Zypper => matches!(&*call.verb_text, "update" | "up"),
        Manager::Pacman => false,
        manager => manager.is_system(),
    };
    is_meant
        && call.verb == Verb::Upgrade
        && call.packages.is_empty()
        && !["part", "simulates", "downloads"].iter().any(|meaning| call.says(meaning))
}

fn zypper_dist_upgrade(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for call in run.invocations().iter().filter_map(|invocation| invocation.call_of(&[Manager::Zypper])) {
            if !matches!(&*call.verb_text, "dist-upgrade" | "dup") {
                continue;
            }
            let span = Span::new(call.span.start, call.verb_span.end);
            let message = "this changes the whole base system to the current state of the repositories";
            out.push(cx.finding(run.place(span), message).help("use a newer base image"));
        }
    }
}

fn package_unavailable(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    // Of each stage that has a RUN, what all of them ask: its suite, unless its packages may come from elsewhere.
    let mut suites: BTreeMap<usize, Option<&str>> = BTreeMap::new();
    for Run { stage, index, code, .. } in cx.build().ordinary_runs() {
        let known = suites.entry(stage.index);
        let known = known.or_insert_with(|| suite(build, stage).filter(|_| !changes_sources(build, stage)));
        let Some(suite) = *known else { continue };
        let text = build.input().file.logical(build.instruction(index).text);
        // An attempt may fail: `apt-get install a || apt-get install b`.
        if text.contains("||") || !code.script.compounds.is_empty() {
            continue;
        }
        for invocation in code.script.invocations() {
            let Some(call) = invocation.package_call() else { continue };
            let installs = call.manager == Manager::Apt && call.verb == Verb::Install;
            if !installs || call.has(&["-t", "--target-release", "--default-release", "--ignore-missing", "-m"]) {
                continue;
            }
            let plain = call
                .packages
                .iter()
                .filter(|package| !package.absent && !package.name.dynamic && package.source == PackageSource::Index);
            for package in plain {
                let Some(cells) = data::ABSENT_PACKAGES.row(package.name.text) else { continue };
                let &[name, suites, instead, date, ..] = cells else { continue };
                if !data::words(suites).any(|known| known == suite) {
                    continue;
                }
                let message =
                    format!("Debian {suite}, on which this stage is based, has no package `{name}`: the install fails");
                let finding = cx.finding(code.place(&build.input().file, package.span), message);
                let finding = finding.help(match instead {
                    "-" => format!("use another package (packages of {date})"),
                    instead => format!("install `{instead}`"),
                });
                out.push(finding);
            }
        }
    }
}

/// The release of Debian that a stage is based on, if its base is Debian's own or an official image on it.
fn suite(build: &Build, stage: &Stage) -> Option<&'static str> {
    let StageBase::Image(image) = build.root_base(stage) else { return None };
    let name = crate::build::Reference::of(image).short_name();
    if name.contains('/') && !name.starts_with("library/") {
        return None;
    }
    let named = releases(image).into_iter().find(|release| release.product == "debian").map(|release| release.name);
    named.or_else(|| stands_on(image))
}

/// Whether a step of the stage may add package sources, or copies files that do.
fn changes_sources(build: &Build, stage: &Stage) -> bool {
    let signs = ["sources.list", "apt-repository", "/etc/apt", "backports", "dpkg"];
    build.chain(stage).any(|stage| {
        build.instructions(stage).any(|(_, instruction)| {
            let text = build.input().file.logical(instruction.text);
            signs.iter().any(|sign| text.contains(sign))
        })
    })
}

fn unsigned_packages(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for invocation in run.invocations() {
            let option = switch(&invocation);
            let Some(span) = option.or_else(|| source(&invocation)) else { continue };
            let place = run.place(span);
            let message = "package signatures are not checked: anyone who can alter the download gets root here";
            let finding = cx.finding(place, message).help("add the key of the repository to the package manager");
            let why = "packages whose signature can't be checked are then rejected";
            let edit = option.and_then(|span| option_removal(&run, &invocation, span));
            out.push(
                finding.with(edit, |finding, (place, text)| finding.unsafe_edit("check signatures", why, place, text)),
            );
        }
    }
}

/// The option that turns the check off.
fn switch(invocation: &Invocation) -> Option<Span> {
    use Manager::{Apk, Apt, Dnf, Microdnf, Yum, Zypper};
    if invocation.is("rpm") {
        let off = |word: &&Word| matches!(word.text(), "--nosignature" | "--nogpg" | "--noverify");
        return invocation.args.iter().find(off).map(|word| word.span);
    }
    let call = invocation.call_of(&[Apt, Apk, Dnf, Yum, Microdnf, Zypper])?;
    // `apk index` and `apk verify` install nothing, and with `--no-network` only files of the build are installed.
    let is_local = call.manager == Manager::Apk && (call.verb == Verb::Other || call.has(&["--no-network"]));
    if is_local || installs_files(&call) {
        return None;
    }
    let names: &[&str] = match call.manager {
        Manager::Apt => &["--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories"],
        Manager::Apk => &["--allow-untrusted"],
        Manager::Dnf | Manager::Yum | Manager::Microdnf => &["--nogpgcheck", "--no-gpgchecks", "--no-gpgcheck"],
        Manager::Zypper => &["--no-gpg-checks", "--no-gpgcheck", "--no-gpgcheck-strict", "--allow-unsigned-rpm"],
        _ => return None,
    };
    if let Some(flag) = call.flag(names) {
        return Some(flag.span);
    }
    let on = ["true", "1", "yes", "on"];
    let off = ["false", "0", "no", "off"];
    let set = match call.manager {
        Manager::Apt => ["apt::get::allowunauthenticated", "acquire::allowinsecurerepositories"]
            .iter()
            .any(|name| sets(&call, &["-o", "--option"], name, &on)),
        _ => sets(&call, &["--setopt"], "gpgcheck", &off),
    };
    let options = ["-o", "--option", "--setopt"];
    let is_option = |text: &str| {
        ["authenticated", "insecure", "gpgcheck"].iter().any(|part| text.to_ascii_lowercase().contains(part))
    };
    let flag = || {
        call.flags.iter().find(|flag| options.contains(&&*flag.name) && flag.value.is_some_and(|v| is_option(v.text)))
    };
    if set { flag().map(|flag| flag.span) } else { None }
}

/// Whether only files are installed: files created in this build have no signature.
fn installs_files(call: &PackageCall) -> bool {
    let local = |package: &crate::shell::Package| package.source == PackageSource::Path;
    call.verb == Verb::Install && !call.packages.is_empty() && call.packages.iter().all(local)
}

/// `echo "deb [trusted=yes] …" > /etc/apt/sources.list`
fn source(invocation: &Invocation) -> Option<Span> {
    let writes = matches!(invocation.program, Some("echo" | "printf" | "sed" | "add-apt-repository" | "tee"));
    let trusts = |word: &&Word| {
        // Files in the image do not come from the network.
        let text: String = word.text().lines().filter(|line| !line.contains("] file:")).collect::<Vec<_>>().join("\n");
        (text.contains("[trusted=yes") || text.contains(" trusted=yes")) && text.contains("deb")
            || text.lines().any(|line| matches!(line.trim(), "gpgcheck=0" | "gpgcheck = 0"))
    };
    if writes { invocation.args.iter().find(trusts).map(|word| word.span) } else { None }
}

// Commands of package managers that ask for confirmation, which a build cannot answer: the rules on `-y`.

/// What a rule looks for.
struct Question {
    /// The package managers.
    managers: &'static [Manager],
    /// Whether the call asks for confirmation if no option answers.
    asks: fn(&PackageCall) -> bool,
    /// Whether one of its options answers.
    answered: fn(&PackageCall) -> bool,
    /// The line of a configuration file that answers, in lower case; empty if no file can.
    setting: &'static str,
}

fn check(cx: &Context, out: &mut Findings, question: &Question) {
    let settings = LazyCell::new(|| {
        Mentions::of(cx.build(), |instruction, text| {
            let set = !question.setting.is_empty() && text.contains(question.setting) && text.contains(".conf");
            set || configures_apt(instruction, text)
        })
    });
    for run in cx.build().all_runs() {
        for invocation in run.invocations() {
            let Some(call) = invocation.call_of(question.managers).filter(|call| (question.asks)(call)) else {
                continue;
            };
            let open = invocation.args.iter().any(|word: &Word| run.may_be_option(word));
            if (question.answered)(&call) || open || settings.mentioned_until(&run) {
                continue;
            }
            if is_confirmed(&run.code.script, &invocation) {
                continue;
            }
            let name = format!("{} {}", call.program, call.verb_text);
            let span = Span::new(call.span.start, call.verb_span.end);
            let piped = invocation.command.place.pipe_index > 0;
            let end = if piped { "and a pipe may not answer it" } else { "which a build cannot answer" };
            // apt does not ask if it installs only the named packages.
            let some =
                call.manager == Manager::Apt && call.verb == Verb::Install && !call.verb_text.contains("build-dep");
            let when = if some { " if it installs dependencies" } else { "" };
            let message = format!("`{name}` asks for confirmation{when}, {end}");
            let mut finding = cx.finding(run.place(span), message).help(format!("`{name} -y`"));
            let verb = call.verb_text.rsplit(' ').next().unwrap_or_default();
            let last = Span::new(call.verb_span.end.saturating_sub(verb.len() as u32), call.verb_span.end);
            let last = if call.verb_text.contains(' ') { last } else { call.verb_span };
            if let Some((at, text)) = run.insertion_after(last, verb, "-y") {
                finding = finding.safe_edit("answer with `-y`", at, text);
            }
            out.push(finding);
        }
    }
}

/// Whether `yes |` confirms what a command asks for. With pipefail the pipe fails, because nobody reads all of its output.
fn is_confirmed(script: &Script, invocation: &Invocation) -> bool {
    let place = &invocation.command.place;
    if place.pipe_index == 0 || place.options.pipefail {
        return false;
    }
    let Some(at) = script.commands.iter().position(|command| command.span == invocation.command.span) else {
        return false;
    };
    let before = script.commands[..at].iter().rev().take(1);
    let is_first = |command: &&Command| command.place.scope == place.scope && command.place.pipe_len == place.pipe_len;
    before.filter(is_first).any(|command| {
        let answers = command.words.get(1).and_then(Word::value).is_none_or(|answer| answer.eq_ignore_ascii_case("y"));
        command.name().is_some_and(|name| name.is("yes")) && answers
    })
}

/// How often a switch of one letter or its long form is given.
fn count(call: &PackageCall, names: &[&str]) -> usize {
    call.flags.iter().filter(|flag| names.contains(&&*flag.name)).count()
}

/// Whether an option `NAME=VALUE` turns a setting on: `-o APT::Get::Assume-Yes=true`, `--setopt=assumeyes=1`.
pub(in crate::rules) fn sets(call: &PackageCall, options: &[&str], name: &str, values: &[&str]) -> bool {
    call.flags.iter().filter(|flag| options.contains(&&*flag.name)).any(|flag| {
        let text = flag.value.map(|value| value.text.trim_matches(['"', '\'']).to_ascii_lowercase());
        let text = text.as_deref().and_then(|text| text.split_once('='));
        text.is_some_and(|(key, value)| {
            let key = key.trim();
            (key == name || key.ends_with(&format!(".{name}")))
                && values.contains(&value.trim().trim_matches(['"', '\'']))
        })
    })
}

/// Whether a command of yum or dnf changes packages, and so asks.
fn dnf_asks(call: &PackageCall) -> bool {
    let module = call.verb_text == "module"
        && call
            .operands
            .first()
            .is_some_and(|word| matches!(word.text(), "enable" | "disable" | "reset" | "switch-to"));
    module || changes(call)
}

/// Whether an option of yum or dnf answers.
fn dnf_answered(call: &PackageCall) -> bool {
    needs_no_answer(call) || sets(call, &["--setopt"], "assumeyes", &["1", "true", "yes", "on"])
}

/// Whether a command changes packages.
fn changes(call: &PackageCall) -> bool {
    matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Remove)
}

/// Whether an option answers, or the command does nothing that has to be confirmed.
fn needs_no_answer(call: &PackageCall) -> bool {
    call.says("answers") || call.says("simulates")
}

/// Whether an option of apt answers: twice quiet means yes.
fn apt_answered(call: &PackageCall) -> bool {
    let quiet = ["-q", "--quiet"];
    let level = |flag: &Flag| {
        quiet.contains(&&*flag.name)
            && flag.value.is_some_and(|value| value.text.parse().is_ok_and(|level: u8| level > 1))
    };
    needs_no_answer(call)
        || count(call, &quiet) > 1
        || call.flags.iter().any(level)
        || sets(call, &["-o", "--option"], "apt::get::assume-yes", &["true", "1", "yes", "on"])
}

// The deletion of an option from a command, with the blanks before it.

/// Removes the words of a span from an invocation; `None` in exec form, where commas would have to be removed too, and
/// if only part of a word would be removed.
pub(in crate::rules) fn option_removal(run: &Run, invocation: &Invocation, span: Span) -> Option<(Span, String)> {
    let at = invocation.args.iter().position(|word| word.span.start == span.start)?;
    invocation.args.iter().find(|word| word.span.end == span.end)?;
    if run.code.is_exec() {
        return None;
    }
    let before = at.checked_sub(1).map_or(invocation.path.span.end, |index| invocation.args[index].span.end);
    // In a script inside quotes for another shell, all words have the same position.
    if before > span.start {
        return None;
    }
    let (place, gap) = (run.place(span), run.place(Span::new(before, span.start)));
    let blank = run.file().source().slice(gap).chars().all(|c| c == ' ' || c == '\t');
    let start = if blank { gap.start } else { return None };
    (start < place.start && gap.end == place.start).then(|| (Span::new(start, place.end), String::new()))
}

// From which instruction on a file mentions something.

/// From which instruction on something was mentioned in a stage or in a stage that it is based on.
pub(in crate::rules) struct Mentions {
    /// For each stage the index of the first instruction; `usize::MAX` without any.
    first: Vec<usize>,
}

impl Mentions {
    /// For instructions whose source, in lower case, satisfies `holds`.
    pub(in crate::rules) fn of(build: &Build, holds: impl Fn(&Instruction, &str) -> bool) -> Self {
        let source = build.input().file.source();
        let mut first: Vec<usize> = Vec::new();
        for stage in build.stages() {
            let below = match stage.base {
                StageBase::Stage(parent) => first.get(parent).is_some_and(|index| *index != usize::MAX),
                _ => false,
            };
            let is_own = || {
                build
                    .instructions(stage)
                    .find(|(_, instruction)| holds(instruction, &source.slice(instruction.span).to_ascii_lowercase()))
            };
            first.push(if below { 0 } else { is_own().map_or(usize::MAX, |(index, _)| index) });
        }
        Self { first }
    }

    /// Whether it was mentioned up to and including a RUN.
    pub(in crate::rules) fn mentioned_until(&self, run: &Run) -> bool {
        self.first.get(run.stage.index).is_some_and(|first| *first <= run.index)
    }
}

/// Whether an instruction puts files into apt's configuration folder.
pub(in crate::rules) fn configures_apt(instruction: &Instruction, text: &str) -> bool {
    matches!(instruction.keyword, Keyword::Copy | Keyword::Add) && text.contains("/etc/apt/apt.conf")
}
