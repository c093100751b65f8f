//! `dockopt cache`.

pub(super) mod history;
mod place;
pub(super) mod predict;
