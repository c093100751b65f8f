//! `dockopt cache`.

pub(super) mod history;
