//! Why Composer's packages are not installed in a separate stage.

use crate::optimize::reason::reasons;

reasons! {
    /// Why Composer's packages are not installed in a separate stage.
    pub(super) ComposerBlocker {
        RunsAtStart: "the container runs Composer at start-up";
        RunDoesMore: "a RUN calls Composer and also does something else";
        UnsupportedShell: "the shell of the install is not supported";
        CustomFolder: "Composer installs into a custom folder";
        UnknownWorkingFolder: "the working folder is not known";
    }
}
