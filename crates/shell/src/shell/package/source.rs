//! What a call reads besides its command line: requirement files, folders, manifests and lock files.

use super::call::{Input, InputKind, LockUse, PackageCall, PackageSource};
use super::{Manager, Verb};
use crate::shell::argument::ArgumentValue;
use crate::text::Span;

pub(super) fn add_inputs(call: &mut PackageCall<'_>) {
    let mut inputs = Vec::new();
    for flag in &call.flags {
        if let (Some(path), Some(kind)) = (flag.value, kind_of(call.manager, &call.verb_text, &flag.name)) {
            inputs.push(Input { kind, path });
        }
    }
    for package in call.packages.iter().filter(|package| package.source == PackageSource::Path) {
        if call.verb != Verb::Remove {
            inputs.push(Input { kind: InputKind::Package, path: without_extras(package.name) });
        }
    }
    let operands_are_inputs = call.manager == Manager::Dotnet && matches!(call.verb, Verb::Install | Verb::Build);
    let requirements = call.manager == Manager::Uv && matches!(&*call.verb_text, "pip sync" | "pip compile");
    for word in &call.operands {
        if operands_are_inputs && !is_switch(word.text()) {
            inputs.push(Input { kind: InputKind::Manifest, path: ArgumentValue::whole(word) });
        } else if requirements {
            inputs.push(Input { kind: InputKind::Requirements, path: ArgumentValue::whole(word) });
        }
    }
    call.inputs = inputs;
}

/// `.[dev]` is the folder `.`.
fn without_extras(name: ArgumentValue<'_>) -> ArgumentValue<'_> {
    let Some(len) = name.text.find('[') else { return name };
    if !name.text.ends_with(']') || name.dynamic {
        return name;
    }
    let exact = name.span.len() as usize == name.text.len();
    let span = if exact { Span::new(name.span.start, name.span.start + len as u32) } else { name.span };
    ArgumentValue { text: &name.text[..len], span, ..name }
}

/// `/p:Name=value`, a switch for `MSBuild`.
fn is_switch(text: &str) -> bool {
    text.starts_with('/') && text.contains(':')
}

/// What an option's value is.
fn kind_of(manager: Manager, verb: &str, flag: &str) -> Option<InputKind> {
    let kind = manager.options().meaning(flag).find_map(InputKind::of)?;
    // `uv run -c` is no file of constraints.
    (flag != "-c" || verb != "run").then_some(kind)
}

/// What the call does with a lock file; none when it installs nothing or only what it names.
#[expect(clippy::match_same_arms, reason = "rows go by manager, not by result")]
pub(super) fn lock_use(call: &PackageCall<'_>) -> Option<LockUse> {
    use LockUse::{Ignored, Preferred, Required};
    use Manager as M;
    if !call.packages.is_empty() || !matches!(call.verb, Verb::Install | Verb::Download | Verb::Build) {
        let files = call.inputs.iter().any(|input| input.kind == InputKind::Requirements);
        return (files && call.verb == Verb::Install).then_some(Ignored);
    }
    let required_with = |flags: &[&str]| Some(if call.has(flags) { Required } else { Preferred });
    if call.manager.options().has(&call.verb_text, "locked") {
        return Some(Required);
    }
    match call.manager {
        M::Npm if call.has(&["--no-package-lock"]) => Some(Ignored),
        M::Npm if call.verb == Verb::Install && !call.has(&["-g", "--global"]) => Some(Preferred),
        M::Yarn if call.has(&["--no-lockfile"]) => Some(Ignored),
        M::Yarn if call.verb == Verb::Install => required_with(&["--frozen-lockfile", "--immutable"]),
        M::Pnpm if call.verb == Verb::Download => Some(Required),
        M::Pnpm | M::Bun if call.verb == Verb::Install => required_with(&["--frozen-lockfile"]),
        M::Uv if call.verb_text == "sync" => required_with(&["--locked", "--frozen"]),
        M::Uv if call.verb == Verb::Install && !call.inputs.is_empty() => Some(Ignored),
        M::Poetry if call.verb == Verb::Install => Some(Preferred),
        M::Pipenv if call.verb_text == "sync" => Some(Required),
        M::Pipenv if call.verb == Verb::Install => required_with(&["--deploy", "--ignore-pipfile"]),
        M::Pdm if call.verb_text == "sync" => Some(Required),
        M::Pdm if call.verb == Verb::Install => required_with(&["--frozen-lockfile", "--no-lock", "--check"]),
        M::Bundle if call.verb != Verb::Build => required_with(&["--frozen", "--deployment"]),
        M::Composer if call.verb == Verb::Install => Some(Preferred),
        M::Cargo => required_with(&["--locked", "--frozen"]),
        M::Go if call.verb == Verb::Download || call.verb == Verb::Build => Some(Required),
        M::Dotnet if call.verb == Verb::Install => Some(if call.has(&["--locked-mode"]) { Required } else { Ignored }),
        M::Dotnet | M::Maven | M::Gradle if call.verb != Verb::Other => Some(Ignored),
        M::Pip if !call.inputs.is_empty() => Some(Ignored),
        M::Conda if !call.inputs.is_empty() => Some(Ignored),
        _ => None,
    }
}
