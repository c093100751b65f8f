//! `dockopt cache`.

pub(super) mod explain;
mod folder;
pub(super) mod history;
mod place;
pub(super) mod predict;
mod states;
