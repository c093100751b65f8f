//! Rules about variables, secrets, labels and comments.

pub(super) mod comments;
pub(super) mod labels;
pub(super) mod secrets;
pub(super) mod variables;
