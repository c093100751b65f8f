//! `dockopt cache`.

pub(super) mod explain;
pub(super) mod history;
mod place;
pub(super) mod predict;
mod states;
