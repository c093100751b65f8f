//! The programs that really run.
use super::script::Script;

/// x
pub struct Invocation<'s>(&'s Script);
/// x
pub struct Wrapper;

pub(super) fn of_script(script: &Script) -> Vec<Invocation<'_>> { vec![Invocation(script)] }
pub(super) fn with_nested(script: Script) -> Script { script }
pub(super) fn base_name(path: &str) -> &str { path.rsplit('/').next().unwrap_or(path) }
