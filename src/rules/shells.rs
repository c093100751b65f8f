//! What is known of a stage's shells, and the SHELL that rules propose.

use super::lines;
use super::runs::Run;
use crate::build::{Base, BaseImage, Presence, Reference, Setting, is_suite};
use crate::data;
use crate::finding::Finding;
use crate::shell::Dialect;
use crate::text::Span;

/// What /bin/sh of an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sh {
    /// Of Debian and Ubuntu: POSIX and nothing else.
    Dash,
    /// Of Alpine and busybox: some of bash, also `-o pipefail`.
    Ash,
    /// Of Fedora, Red Hat, SUSE, Arch.
    Bash,
    /// Not known.
    Unknown,
}

/// What /bin/sh is in the stage of a RUN.
pub(super) fn sh_of(run: &Run) -> Sh {
    let Base::Image(text) = run.build.root_base(run.stage) else { return Sh::Unknown };
    let reference = Reference::of(text);
    let (name, tag) = (reference.short_name(), reference.tag.unwrap_or_default());
    let words = || tag.split(['-', '.', '_']);
    let last = reference.last_name();
    if matches!(last, "alpine" | "busybox") || words().any(|word| word.starts_with("alpine")) || tag.contains("alpine")
    {
        return Sh::Ash;
    }
    if matches!(name, "debian" | "ubuntu")
        || words().any(|word| word == "slim" || is_suite(word))
        || tag.contains("ubuntu")
        || tag.contains("debian")
    {
        return Sh::Dash;
    }
    if data::IMAGE_FAMILIES.has(last, "bash")
        || name.starts_with("redhat/")
        || name.contains("/ubi")
        || name.starts_with("opensuse/")
    {
        return Sh::Bash;
    }
    // Official images without a word on their system stand on Debian where they are known to have bash.
    match BaseImage::of(text).presence("bash") {
        Presence::Has => Sh::Dash,
        Presence::Lacks | Presence::Unknown => Sh::Unknown,
    }
}

/// Whether the shell of a RUN's script is the builder's own `/bin/sh -c`.
pub(super) fn is_default(run: &Run) -> bool {
    matches!(run.build.shell(run.stage, run.index), Setting::Default(shell) if shell.dialect == Dialect::Posix)
}

/// With the edit that puts a SHELL in front of a RUN.
pub(super) fn with_shell(run: &Run, before: usize, shell: &str, title: &str, finding: Finding) -> Finding {
    let source = run.file().source();
    let at = lines::above(source, run.build.instruction(before));
    let newline = lines::line_end(source);
    let why = "every RUN below, and a CMD or ENTRYPOINT in shell form, is run by that shell then";
    finding.unsafe_edit(title, why, Span::at(at), format!("SHELL {shell}{newline}"))
}
