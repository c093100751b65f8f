//! `dockopt cache`.

pub(super) mod explain;
mod folder;
pub(super) mod history;
mod log_notes;
mod named;
mod place;
mod recipe;
pub(super) mod predict;
mod renamed_dockerfile;
mod states;
mod unrecorded;
