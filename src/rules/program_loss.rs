//! Whether a script removes a program: with a package manager, or by deleting its files or its working directory.

use super::written_paths;
use crate::build::{BaseImage, Presence, ProgramNeeds, Run, StageBase, installed, is_like};
use crate::data;
use crate::shell::program::Kind;
use crate::shell::{self, Invocation, Manager, PackageCall, SeparatorKind, Verb, Word};
use crate::text::path;

/// Whether a program was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Loss {
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
pub(super) fn is_sure(run: &Run, uses: &[&Invocation], program: &str) -> bool {
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
pub(super) struct RequiredProgram<'l, 'a, 'i> {
    run: &'l Run<'a, 'i>,
    name: &'l str,
    needs: ProgramNeeds,
    /// Folders that may be deleted.
    folders: &'l [&'l str],
}

impl<'l, 'a, 'i> RequiredProgram<'l, 'a, 'i> {
    pub(super) fn new(run: &'l Run<'a, 'i>, name: &'l str, folders: &'l [&'l str]) -> Self {
        Self { run, name, needs: ProgramNeeds::of(name.strip_suffix(".phar").unwrap_or(name)), folders }
    }

    /// Whether a command removes it.
    pub(super) fn loss(&self, invocation: &Invocation) -> Loss {
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
