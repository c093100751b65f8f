//! Package managers: what a program that runs asks one of them for. The tables of programs, verbs and options are the
//! only knowledge here; nothing is looked up anywhere.

mod call;
mod manager;
mod source;
mod spec;
mod verb;

use std::borrow::Cow;

use super::argument::{Argument, Arguments, Flag};
use super::{Invocation, Word};

pub use self::call::{Input, InputKind, LockUse, Package, PackageCall, PackageSource, Version};
pub use self::manager::Manager;
pub use self::verb::Verb;

impl<'s> Invocation<'s> {
    /// The package manager that it is.
    pub fn manager(&self) -> Option<Manager> {
        manager::manager_of(self.program?, self.args).map(|(manager, _)| manager)
    }

    /// What it asks a package manager for; none when it is none.
    pub fn package_call(&self) -> Option<PackageCall<'s>> {
        package_call(self)
    }

    /// What it asks one of these managers for; a call of another one is not read.
    pub fn call_of(&self, managers: &[Manager]) -> Option<PackageCall<'s>> {
        self.manager().filter(|manager| managers.contains(manager)).and_then(|_| package_call(self))
    }
}

/// What `invocation` asks a package manager for; none when its program is none.
pub fn package_call<'s>(invocation: &Invocation<'s>) -> Option<PackageCall<'s>> {
    let program = invocation.program?;
    let (manager, args) = manager::manager_of(program, invocation.args)?;
    let mut call = PackageCall {
        manager,
        program,
        verb: Verb::Other,
        verb_text: Cow::Borrowed(""),
        verb_span: invocation.path.span,
        packages: Vec::new(),
        operands: Vec::new(),
        flags: Vec::new(),
        inputs: Vec::new(),
        lock: None,
        span: invocation.span,
    };
    let (entry, operands) = read(&mut call, args);
    call.verb = entry.verb;
    // `gem install x -- --with-y`: the rest is for the compiler.
    let end = args.iter().position(|word| manager == Manager::Gem && word.is("--")).unwrap_or(args.len());
    for at in operands {
        let word = &args[at];
        if !entry.packages || at > end {
            call.operands.push(word);
            continue;
        }
        call.packages.push(spec::package(manager, word));
    }
    spec::apply_version_flag(&mut call);
    source::add_inputs(&mut call);
    call.lock = source::lock_use(&call);
    Some(call)
}

/// Reads options and verb; gives the verb's entry and the indices of the operands after it.
fn read<'s>(call: &mut PackageCall<'s>, args: &'s [Word]) -> (verb::VerbEntry, Vec<usize>) {
    let manager = call.manager;
    let mut entry = None;
    let mut operands = Vec::new();
    let options = manager.options();
    let mut arguments = Arguments::new(args, options);
    while let Some(argument) = arguments.next() {
        let at = match argument {
            Argument::Flag(flag) => {
                call.flags.push(flag);
                continue;
            }
            Argument::Operand(at) => at,
        };
        // Switches that may be given a word: `--audit false`, `--self-contained true`.
        if matches!(manager, Manager::Npm | Manager::Dotnet)
            && matches!(args[at].text(), "true" | "false")
            && !call.flags.is_empty()
        {
            continue;
        }
        if entry.is_some() || !takes_verb(call) {
            operands.push(at);
            continue;
        }
        let word = &args[at];
        // `cargo +nightly build`
        if manager == Manager::Cargo && word.text().starts_with('+') {
            continue;
        }
        add_verb_word(call, word);
        arguments.set_options(options.of_command(&call.verb_text));
        let has_second = options.has_second(&call.verb_text);
        entry = verb::entry(manager, &call.verb_text);
        if has_second && let Some(second) = args.get(at + 1) {
            let both = format!("{} {}", call.verb_text, second.text());
            if let Some(known) = verb::entry(manager, &both) {
                arguments.next();
                add_verb_word(call, second);
                arguments.set_options(options.of_command(&call.verb_text));
                entry = Some(known);
            }
        }
        entry = entry.or(Some(verb::VerbEntry { verb: Verb::Other, packages: false }));
    }
    if call.manager == Manager::Pacman {
        return (pacman(&call.flags), operands);
    }
    if matches!(manager, Manager::Maven | Manager::Gradle) {
        return (verb::VerbEntry { verb: goals(manager, args, &operands), packages: false }, operands);
    }
    let asks_only = call.has(&["--version", "--help", "-v"]);
    let without =
        if asks_only { verb::VerbEntry { verb: Verb::Other, packages: false } } else { verb::without_verb(manager) };
    (entry.unwrap_or(without), operands)
}

fn takes_verb(call: &PackageCall<'_>) -> bool {
    !matches!(call.manager, Manager::Pacman | Manager::Maven | Manager::Gradle)
}

fn add_verb_word<'s>(call: &mut PackageCall<'s>, word: &'s Word) {
    if call.verb_text.is_empty() {
        call.verb_span = word.span;
        call.verb_text = word.text().into();
    } else {
        call.verb_span = call.verb_span.to(word.span);
        call.verb_text = format!("{} {}", call.verb_text, word.text()).into();
    }
}

/// pacman's verbs are options: `-Syu`, `-Rns`, `-Sc`.
fn pacman(flags: &[Flag<'_>]) -> verb::VerbEntry {
    let has = |names: [&str; 2]| flags.iter().any(|flag| names.contains(&&*flag.name));
    let (verb, packages) = if has(["-S", "--sync"]) {
        if has(["-c", "--clean"]) {
            (Verb::Clean, false)
        } else if has(["-u", "--sysupgrade"]) {
            (Verb::Upgrade, true)
        } else {
            (Verb::Install, true)
        }
    } else if has(["-U", "--upgrade"]) {
        (Verb::Install, true)
    } else if has(["-R", "--remove"]) {
        (Verb::Remove, true)
    } else {
        (Verb::Other, false)
    };
    verb::VerbEntry { verb, packages }
}

/// The strongest of Maven's goals or Gradle's tasks: a build, else a download, else cleaning.
fn goals(manager: Manager, args: &[Word], operands: &[usize]) -> Verb {
    let mut verb = Verb::Other;
    for at in operands {
        let goal = args[*at].text();
        let goal = goal.rsplit(':').next().unwrap_or(goal);
        // Tasks of Gradle's Java plugins have the names of Maven's goals.
        let known = verb::entry(manager, goal).or_else(|| verb::entry(Manager::Maven, goal));
        match known.map(|entry| entry.verb) {
            Some(Verb::Clean) if verb != Verb::Other => {}
            Some(known @ (Verb::Build | Verb::Run)) => return known,
            Some(known) => verb = known,
            None if manager == Manager::Gradle && !args[*at].is_dynamic() => return Verb::Build,
            None => {}
        }
    }
    verb
}

#[cfg(test)]
mod tests;
