//! Adds a clean-up to a RUN: at the end of its script, or after the last use of a program that the script removes.

use crate::build::{
    BaseImage, Build, Presence, ProgramNeeds, Run, Setting, Stage, StageBase, User, installed, is_like,
};
use crate::data;
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::Finding;
use crate::rules::shared::script_end;
use crate::rules::shared::written_paths;
use crate::shell;
use crate::shell::program::{Kind, Program};
use crate::shell::{Compound, CompoundKind, Invocation, Manager, PackageCall, SeparatorKind, Verb, Word};
use crate::text::{Span, path};

/// What is to be deleted, and how.
pub(in crate::rules) struct Cleanup<'c> {
    /// The commands that delete it, joined by `&&`.
    pub(in crate::rules) commands: &'c [String],
    /// Where it is and which program reads it.
    pub(in crate::rules) cache: Cache<'c>,
}

/// The edit that adds a clean-up.
pub(in crate::rules) struct Addition {
    /// An empty span of the source.
    pub(in crate::rules) span: Span,
    /// The text to insert.
    pub(in crate::rules) text: String,
    /// Why it may change what the build does; `None` if it cannot.
    pub(in crate::rules) risk: Option<&'static str>,
}

impl Addition {
    /// Adds this edit to a finding.
    pub(in crate::rules) fn edit(self, finding: Finding, title: &str) -> Finding {
        match self.risk {
            None => finding.safe_edit(title, self.span, self.text),
            Some(why) => finding.unsafe_edit(title, why, self.span, self.text),
        }
    }
}

/// The clean-up after the calls that `fills` accepts; `None` if no edit is possible.
pub(in crate::rules) fn add(run: &Run, fills: impl Fn(&Invocation) -> bool, cleanup: &Cleanup) -> Option<Addition> {
    let user = run.build.user_at(run.stage, run.index);
    let invocations = run.invocations();
    let calls: Vec<&Invocation> = invocations.iter().filter(|invocation| fills(invocation)).collect();
    // Files that were fetched through another program, such as sudo, may not be deletable without it.
    let through = calls.iter().any(|call| !call.via.is_empty());
    if matches!(user, Setting::By(_, User::Other(_) | User::Unknown)) && is_of_system(&calls) || through {
        return None;
    }
    // The program of a call that does not run may be missing.
    let is_deletion = |command: &String| command.starts_with("rm ");
    if !cleanup.commands.iter().all(is_deletion) && calls.iter().any(|call| may_be_skipped(call)) {
        return None;
    }
    let first = calls.first()?;
    let start = invocations.iter().position(|invocation| invocation.span == first.span)?;
    let later = &invocations[start + 1..];
    let (mut loss, mut sure, mut end) = (Loss::None, true, later.len());
    // Scripts that are longer than any real one are not analysed.
    let ordinary = run.code.is_ordinary() && run.build.is_ordinary();
    for command in cleanup.commands.iter().take(if ordinary { usize::MAX } else { 0 }) {
        let path = command.split(' ').next().unwrap_or_default();
        let name = crate::text::path::name(path);
        let program = RequiredProgram::new(run, name, cleanup.cache.folders);
        for (at, invocation) in later.iter().enumerate() {
            let of_one = program.loss(invocation);
            loss = loss.max(of_one);
            if of_one > Loss::None {
                end = end.min(at);
            }
        }
        sure &= name == "rm" || is_sure(run, &calls, path);
    }
    sure &= ordinary;
    let commands = cleanup.commands.join(" && ");
    let read = ordinary && is_read_below(run, cleanup.cache);
    let risk = |shields: bool| match (read, shields) {
        (true, _) => Some("a later step may read what is deleted"),
        (false, true) => Some("a failure inside the last compound command would no longer stop the script (errexit)"),
        (false, false) => None,
    };
    if loss > Loss::None
        && sure
        && let Some(last) = last_use(&calls, &invocations[start..], end + 1)
        && let Some((span, text)) = behind_use(run, last, &commands)
        && !is_read_behind(run, last.command.span.end, cleanup.cache)
    {
        return Some(Addition { span, text, risk: risk(false) });
    }
    if !sure {
        loss = loss.max(Loss::Possible);
    }
    let (at, text) = script_end::append(run.build, run.index, run.code, &commands)?;
    let risk = match loss {
        Loss::None => risk(script_end::shields(&run.code.script)),
        Loss::Possible => Some("the program that deletes it may already be removed"),
        Loss::Certain => return None,
    };
    Some(Addition { span: Span::at(at), text, risk })
}

/// Whether a call may not run: behind `||`, or in a branch.
fn may_be_skipped(call: &Invocation) -> bool {
    let is_branch = |compound: &Compound| {
        use CompoundKind::{Case, Function, If, Loop};
        matches!(compound.kind, If | Case | Loop | Function)
            && compound.span.range().contains(&(call.command.span.start as usize))
    };
    call.command.place.before.is_some_and(|separator| separator.kind == SeparatorKind::Or)
        || call.script.compounds.iter().any(is_branch)
}

/// The last call of a package manager before its program may be removed; `None` if another call follows.
fn last_use<'l, 's>(uses: &[&Invocation], all: &'l [Invocation<'s>], end: usize) -> Option<&'l Invocation<'s>> {
    let managers: Vec<Manager> =
        uses.iter().filter_map(|invocation| invocation.package_call()).map(|call| call.manager).collect();
    let is_use = |invocation: &Invocation| {
        let call = invocation.package_call();
        call.is_some_and(|call| managers.contains(&call.manager) && !matches!(call.verb, Verb::Remove | Verb::Clean))
    };
    let (before, after) = all.split_at(end.min(all.len()));
    if after.iter().any(is_use) { None } else { before.iter().rfind(|invocation| is_use(invocation)) }
}

/// Whether a call is one of a package manager that only root may run; with any other, the user owns the fetched files.
fn is_of_system(uses: &[&Invocation]) -> bool {
    uses.iter().any(|invocation| invocation.package_call().is_none_or(|call| call.manager.is_system()))
}

/// Inserts the commands after a command of a list that is joined only by `&&`, or only by `;` and newlines.
fn behind_use(run: &Run, last: &Invocation, commands: &str) -> Option<(Span, String)> {
    let script = &run.code.script;
    let place = &last.command.place;
    let places = || {
        script
            .commands
            .iter()
            .map(|command| &command.place)
            .chain(script.compounds.iter().map(|compound| &compound.place))
    };
    let either = |separator: Option<crate::shell::Separator>| {
        separator.is_some_and(|separator| matches!(separator.kind, SeparatorKind::Or | SeparatorKind::Background))
    };
    let plain = place.scope == 0 && place.pipe_len == 1 && !place.negated && last.command.redirects.is_empty();
    if run.code.is_exec()
        || !plain
        || !script.problems.is_empty()
        || places().any(|place| place.scope == 0 && (either(place.before) || either(place.after)))
    {
        return None;
    }
    let at = run.place(Span::at(last.command.span.end)).start;
    let text = match (place.before.map(|before| before.kind), place.after?.kind) {
        (_, SeparatorKind::And) => format!("{}&& {commands}", script_end::separator(run.build, run.index, at)),
        // Joined with `&&`, a failure would no longer stop the script; joined with `;`, it would run after a failure.
        (Some(SeparatorKind::And), _) => return None,
        (_, SeparatorKind::Semicolon | SeparatorKind::Newline) => format!("; {}", commands.replace(" && ", "; ")),
        _ => return None,
    };
    Some((Span::at(at), text))
}

// Whether something reads the cache of a package manager: later in the same RUN, in a later RUN, through a copy from the
// stage, or when a container starts.

/// The cache of a package manager.
#[derive(Clone, Copy)]
pub(in crate::rules) struct Cache<'c> {
    /// Its folders, as far as they are known.
    pub(in crate::rules) folders: &'c [&'c str],
    /// The program that reads the cache when it runs offline; empty if the caller finds the readers itself.
    pub(in crate::rules) program: &'c str,
}

/// Whether a later instruction may read the cache.
pub(in crate::rules) fn is_read_below(run: &Run, cache: Cache) -> bool {
    let folders = cache.folders;
    let (build, filled) = (run.build, run.stage.index);
    // A stage that copies a whole other stage has its files, too.
    let mut holds = vec![false; build.stages().len()];
    for stage in build.stages() {
        let is_based_on = match stage.base {
            StageBase::Stage(below) => holds.get(below).copied().unwrap_or(false),
            _ => false,
        };
        let reads_cache =
            |from: &Option<StageBase>| matches!(from, Some(StageBase::Stage(at)) if holds.get(*at) == Some(&true));
        let mut whole = false;
        for transfer in build.transfers(stage).iter().filter(|transfer| reads_cache(&transfer.from)) {
            for source in &transfer.sources {
                let text = source.text.as_deref().unwrap_or_default();
                whole |= text == "/";
                if folders.iter().any(|folder| path::covers(text, folder) || path::covers(folder, text)) {
                    return true;
                }
            }
        }
        holds[stage.index] = stage.index == filled || is_based_on || whole;
        let mounted =
            || build.instructions(stage).any(|(_, instruction)| is_mounted(build, instruction, &holds, folders));
        let start = if stage.index == filled { run.index + 1 } else { 0 };
        let reads =
            |(index, instruction): (usize, &Instruction)| index >= start && is_reader(build, index, instruction, cache);
        if mounted() || (holds[stage.index] && build.instructions(stage).any(reads)) {
            return true;
        }
    }
    false
}

/// Whether a command after a position in the script of the RUN may read the cache.
pub(in crate::rules) fn is_read_behind(run: &Run, at: u32, cache: Cache) -> bool {
    let invocations = run.invocations();
    let later: Vec<&Invocation> = invocations.iter().filter(|invocation| invocation.span.start >= at).collect();
    // A variable that is set before the position also applies after it.
    let offline = !later.is_empty() && is_offline(run.file().source().slice(run.instruction.span), cache.program);
    offline || later.iter().any(|instruction| names(instruction, cache.folders))
}

/// Whether a text runs a program, or one that is installed with it, offline.
fn is_offline(text: &str, program: &str) -> bool {
    let text = text.to_ascii_lowercase().replace("prefer-offline", "");
    let called = text.contains(program) || (program == "npm" && text.contains("npx"));
    if program.is_empty() || !called {
        return false;
    }
    let of_dnf = ["dnf -c ", "yum -c ", "-y -c ", "--no-refresh"].iter().any(|words| text.contains(words));
    of_dnf || data::OFFLINE_WORDS.keys().any(|word| text.contains(word))
}

/// Whether an instruction may read one of the folders, or makes later ones run offline.
fn is_reader(build: &Build, index: usize, instruction: &Instruction, cache: Cache) -> bool {
    if is_offline(build.input().file.source().slice(instruction.span), cache.program) {
        return true;
    }
    let Some(code) = build.code(index) else { return false };
    code.script.invocations().iter().any(|invocation| names(invocation, cache.folders))
}

/// Whether a program gets one of the folders as an argument, except to delete it.
fn names(invocation: &Invocation, folders: &[&str]) -> bool {
    if invocation.program.is_some_and(|program| Program::of(program).is(Kind::NoContent)) {
        return false;
    }
    folders.iter().any(|folder| {
        // `~/.cache` contains `/root/.cache/pip`, whatever the home folder is.
        let known = folder.split('/').find(|part| part.starts_with('.')).unwrap_or(folder);
        invocation.args.iter().any(|word| word.text().contains(known) || path::covers(word.text(), folder))
    })
}

/// Whether a RUN mounts one of the folders from a stage that contains them.
fn is_mounted(build: &Build, instruction: &Instruction, holds: &[bool], folders: &[&str]) -> bool {
    if instruction.keyword != Keyword::Run {
        return false;
    }
    let of_stage = |name: &str| {
        let named = |stage: &&Stage| {
            stage.name.as_deref().is_some_and(|stage_name| stage_name.eq_ignore_ascii_case(name))
                || stage.index.to_string() == name
        };
        build.stages().iter().find(named).is_some_and(|stage| holds.get(stage.index) == Some(&true))
    };
    build.input().file.mounts(instruction).iter().any(|mount| {
        let source = mount.source().unwrap_or("/");
        let source = format!("/{}", source.trim_matches('/'));
        mount.from().is_some_and(of_stage)
            && folders
                .iter()
                .any(|folder| source == "/" || path::covers(&source, folder) || path::covers(folder, &source))
    })
}

// Whether a script removes a program: with a package manager, or by deleting its files or its working directory.

/// Whether a program was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rules) enum Loss {
    /// It still exists.
    None,
    /// It is known only during the build.
    Possible,
    /// It was removed.
    Certain,
}

/// Folders that contain no programs.
const DATA_FOLDERS: [&str; 5] = ["/tmp/", "/var/", "/root/.", "/usr/share/doc", "/usr/share/man"];

/// Whether a program that commands of a RUN use exists, whichever of these commands ran.
pub(in crate::rules) fn is_sure(run: &Run, uses: &[&Invocation], program: &str) -> bool {
    let script = &run.code.script;
    // Another shell may have had other settings.
    let moved = |invocation: &Invocation| invocation.command.assignments.iter().any(|set| &*set.name_text == "PATH");
    let is_alone = |invocation: &Invocation| invocation.via.is_empty() && !moved(invocation);
    let first =
        |invocation: &Invocation| invocation.command.place.before.is_none_or(|before| before.kind != SeparatorKind::Or);
    let tested = |invocation: &Invocation| {
        let before = script.commands.iter().take_while(|command| command.span.start < invocation.command.span.start);
        before.last().is_some_and(|command| {
            let name = command.name().map(Word::text).unwrap_or_default();
            shell::program::Program::of(name).is(Kind::Condition)
                && command.place.after.is_some_and(|after| after.kind == SeparatorKind::And)
        })
    };
    // The last command ran only if the commands before it did.
    let to_end = |invocation: &Invocation| {
        let behind = script.commands.iter().filter(|other| other.span.start > invocation.command.span.start);
        let mut places = behind.map(|other| &other.place).filter(|place| place.scope == 0);
        places.all(|place| place.before.is_none_or(|before| before.kind == SeparatorKind::And))
    };
    let plain = |invocation: &Invocation| {
        let named = invocation.command.place.scope == 0 && invocation.path.text() == program;
        named && is_alone(invocation) && first(invocation) && (!tested(invocation) || to_end(invocation))
    };
    uses.iter().any(|invocation| plain(invocation)) || is_of_base(run, program)
}

/// Whether the base image is known to contain it.
fn is_of_base(run: &Run, program: &str) -> bool {
    match run.build.root_base(run.stage) {
        StageBase::Image(reference) => BaseImage::of(reference).presence(program) == Presence::Has,
        _ => false,
    }
}

/// A program that has to run at the end of a RUN.
pub(in crate::rules) struct RequiredProgram<'l, 'a, 'i> {
    run: &'l Run<'a, 'i>,
    name: &'l str,
    needs: ProgramNeeds,
    /// Folders that may be deleted.
    folders: &'l [&'l str],
}

impl<'l, 'a, 'i> RequiredProgram<'l, 'a, 'i> {
    pub(in crate::rules) fn new(run: &'l Run<'a, 'i>, name: &'l str, folders: &'l [&'l str]) -> Self {
        Self { run, name, needs: ProgramNeeds::of(name.strip_suffix(".phar").unwrap_or(name)), folders }
    }

    /// Whether a command removes it.
    pub(in crate::rules) fn loss(&self, invocation: &Invocation) -> Loss {
        let loss = self.of_command(invocation);
        // `rm` itself is not removed by accident.
        if self.name == "rm" && loss == Loss::Possible { Loss::None } else { loss }
    }

    fn of_command(&self, invocation: &Invocation) -> Loss {
        if let Some(call) = invocation.package_call().filter(|call| call.verb == Verb::Remove) {
            return match call.manager.is_system() {
                true if is_of_base(self.run, self.name) => Loss::None,
                true => self.of_system(invocation, &call),
                false => self.of_language(&call),
            };
        }
        let has = |words: &[&str]| invocation.args.iter().any(|word| words.contains(&word.text()));
        match invocation.program {
            Some("rm" | "rmdir" | "unlink" | "shred" | "mv") => self.of_files(invocation),
            Some("find") if has(&["-delete", "-exec", "-execdir"]) => self.of_search(invocation),
            Some("dpkg") if has(&["-r", "-P", "--remove", "--purge"]) => self.of_names(invocation),
            Some("rpm") if has(&["-e", "--erase", "-ev"]) => self.of_names(invocation),
            Some("corepack") if has(&["disable"]) && self.needs.programs.contains(&"corepack") => Loss::Certain,
            _ => Loss::None,
        }
    }

    /// Packages of the distribution.
    fn of_system(&self, invocation: &Invocation, call: &PackageCall) -> Loss {
        let span = invocation.span.start;
        let mut loss = if invocation.is_via("xargs") { Loss::Possible } else { Loss::None };
        for package in &call.packages {
            let name = package.name.text;
            if package.name.dynamic {
                let Some(value) = self.run.value_of(name, span) else {
                    loss = loss.max(if self.needs.is_of_system { Loss::None } else { Loss::Possible });
                    continue;
                };
                if value.split_whitespace().any(|name| self.is_needed(name)) {
                    return Loss::Certain;
                }
            } else if call.manager == Manager::Apk && name.starts_with('.') {
                loss = loss.max(self.of_virtual(name));
            } else if self.is_needed(name) {
                return Loss::Certain;
            }
        }
        let by_itself = matches!(call.manager, Manager::Apk | Manager::Dnf | Manager::Yum | Manager::Zypper)
            || call.verb_text.starts_with("auto")
            || call.has(&["--auto-remove", "--autoremove"]);
        if by_itself && !self.stays() { loss.max(Loss::Possible) } else { loss }
    }

    /// Whether a package manager does not remove it as an unused dependency.
    fn stays(&self) -> bool {
        if self.needs.is_of_system {
            return true;
        }
        let build = self.run.build;
        let installs = |call: &PackageCall| call.packages.iter().any(|package| package.name.text == self.name);
        let mut stages = build.chain(self.run.stage);
        stages.any(|stage| {
            let copied = build.transfers(stage).iter().any(|transfer| {
                transfer.destination.as_deref().is_some_and(|to| path::name(to) == self.name)
                    || transfer
                        .sources
                        .iter()
                        .any(|source| source.text.as_deref().is_some_and(|text| path::name(text) == self.name))
            });
            let mut runs = build.runs(stage);
            copied
                || runs.any(|run| {
                    let mut calls = run.invocations().into_iter().filter_map(|invocation| invocation.package_call());
                    calls.any(|call| call.verb == Verb::Install && installs(&call))
                })
        })
    }

    /// The packages that `apk add --virtual` grouped under a name.
    fn of_virtual(&self, name: &str) -> Loss {
        let build = self.run.build;
        let mut loss = Loss::Possible;
        for run in build.chain(self.run.stage).flat_map(|stage| build.runs(stage)) {
            for call in run.invocations().iter().filter_map(Invocation::package_call) {
                let group = call.flag(&["--virtual", "-t"]).and_then(|flag| flag.value);
                if call.manager != Manager::Apk || group.is_none_or(|value| value.text != name) {
                    continue;
                }
                if call.packages.iter().any(|package| self.is_needed(package.name.text)) {
                    return Loss::Certain;
                }
                if !call.has_unknown_packages() {
                    loss = Loss::None;
                }
            }
        }
        loss
    }

    /// Packages of a language: `npm uninstall -g npm`, `pip uninstall poetry`.
    fn of_language(&self, call: &PackageCall) -> Loss {
        let named =
            call.packages.iter().any(|package| package.name.text == self.name || self.is_needed(package.name.text));
        if named { Loss::Certain } else { Loss::None }
    }

    /// Packages in the words of `dpkg` and `rpm`.
    fn of_names(&self, invocation: &Invocation) -> Loss {
        if invocation.args.iter().any(|word| self.is_needed(word.text())) {
            return Loss::Certain;
        }
        let open = invocation.is_via("xargs") || invocation.args.iter().any(Word::is_dynamic);
        if open { Loss::Possible } else { Loss::None }
    }

    fn is_needed(&self, package: &str) -> bool {
        let pattern = package.trim_end_matches('^');
        self.needs.packages.iter().any(|glob| is_like(glob, pattern) || is_like(pattern, glob))
    }

    /// Files that are deleted or moved.
    fn of_files(&self, invocation: &Invocation) -> Loss {
        if invocation.is_via("xargs") {
            return Loss::Possible;
        }
        let operands = invocation.args.iter().filter(|word| !word.text().starts_with('-'));
        operands.map(|word| self.of_path(invocation, word)).max().unwrap_or(Loss::None)
    }

    fn of_path(&self, invocation: &Invocation, word: &Word) -> Loss {
        let mut text = word.text().to_owned();
        if word.is_dynamic() {
            let start = text.find('$').or_else(|| text.find('`')).unwrap_or(0);
            let home = ["$HOME/", "${HOME}/"].iter().find_map(|home| text.strip_prefix(home));
            let known = self.run.value_of(&text, invocation.span.start);
            if let Some(value) = known {
                text = value;
            } else if let Some(below) = home {
                text = format!("/root/{below}");
            } else if DATA_FOLDERS.iter().any(|folder| text[..start].starts_with(folder)) {
                return Loss::None;
            } else {
                return Loss::Possible;
            }
        }
        if let Some(below) = text.strip_prefix("~/") {
            text = format!("/root/{below}");
        }
        let Some(folder) = installed::folder_of(self.run.build, (self.run.stage, self.run.index), invocation) else {
            return if text.starts_with('/') { self.of_place(&text, None) } else { Loss::None };
        };
        self.of_place(&path::join(&folder, &text), Some(&folder))
    }

    /// An absolute path, maybe a pattern.
    fn of_place(&self, path: &str, folder: Option<&str>) -> Loss {
        // A WORKDIR that only the base image sets is not a pattern.
        let path = &*path.strip_prefix("/?").map_or_else(|| path.to_owned(), |rest| format!("/-{rest}"));
        if self.folders.iter().any(|folder| path::covers(folder, path)) {
            return Loss::None;
        }
        let programs = || self.needs.programs.iter().copied().chain([self.name]);
        let is_program = |name: &str| {
            let stem = name.strip_suffix(".phar").or_else(|| name.strip_suffix("-cli.js")).unwrap_or(name);
            programs().any(|program| stem == program || name == program)
        };
        let of_name = |name: &str| !written_paths::is_archive(name) && is_program(name);
        let whole = path.split(['*', '?', '[', '{']).next().unwrap_or(path);
        let open = whole.len() < path.len();
        let places = data::SYSTEM_FOLDERS
            .with("programs")
            .flat_map(|folder| programs().map(move |name| format!("{folder}/{name}")));
        let of_data = DATA_FOLDERS.iter().any(|folder| path.starts_with(folder));
        if path == "/" || (!of_data && path.split('/').any(of_name)) {
            return Loss::Certain;
        }
        for place in places {
            if open && place.starts_with(whole) {
                let all = whole.strip_suffix('/').is_some_and(|folder| data::SYSTEM_FOLDERS.has(folder, "programs"));
                return if all { Loss::Certain } else { Loss::Possible };
            }
            if !open && path::covers(path, &place) {
                return Loss::Certain;
            }
        }
        // Most programs do not start in a deleted folder.
        let gone = folder.is_some_and(|folder| !open && path::covers(path, folder));
        if gone && self.name != "rm" { Loss::Possible } else { Loss::None }
    }

    /// `find /usr/local -name '*.pyc' -delete`
    fn of_search(&self, invocation: &Invocation) -> Loss {
        let starts = invocation.args.iter().take_while(|word| !word.text().starts_with(['-', '(', '!', '\\']));
        let mut loss = Loss::None;
        for word in starts {
            if self.of_path(invocation, word) > Loss::None {
                loss = Loss::Possible;
            }
        }
        // A search by name does not match a program with another name.
        let pairs = invocation.args.windows(2).filter(|pair| pair[0].is("-name"));
        let names: Vec<&str> = pairs.map(|pair| pair[1].text()).collect();
        let other = !names.is_empty() && !names.iter().any(|name| is_like(name, self.name));
        if other { Loss::None } else { loss }
    }
}
