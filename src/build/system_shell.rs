//! What /bin/sh of an image is.

use super::{Base, BaseImage, Build, Presence, Reference, Stage, is_suite};
use crate::data;

/// What /bin/sh of an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sh {
    /// Of Debian and Ubuntu: POSIX and nothing else.
    Dash,
    /// Of Alpine and busybox: some of bash, also `-o pipefail`.
    Ash,
    /// Of Fedora, Red Hat, SUSE, Arch.
    Bash,
    /// Not known.
    Unknown,
}

impl Build<'_> {
    /// What /bin/sh is in a stage.
    pub fn system_shell(&self, stage: &Stage) -> Sh {
        let Base::Image(text) = self.root_base(stage) else { return Sh::Unknown };
        let reference = Reference::of(text);
        let (name, tag) = (reference.short_name(), reference.tag.unwrap_or_default());
        let words = || tag.split(['-', '.', '_']);
        let last = reference.last_name();
        if matches!(last, "alpine" | "busybox")
            || words().any(|word| word.starts_with("alpine"))
            || tag.contains("alpine")
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
}
