//! A clean-up that is added to the end of a RUN of root.

use super::runs::Run;
use super::script_end;
use crate::build::{Setting, User};
use crate::shell::Invocation;
use crate::text::Span;

/// `SCRIPT && command`, where the RUN may delete what belongs to root, as far as USER tells. `made` are the calls whose
/// traces it removes: who made them through another program may not delete them without it.
pub(super) fn append(run: &Run, made: impl Fn(&Invocation) -> bool, command: &str) -> Option<(Span, String)> {
    let user = run.build.user_at(run.stage, run.index);
    let through = |one: &Invocation| made(one) && !one.via.is_empty();
    if matches!(user, Setting::By(_, User::Other(_) | User::Unknown)) || run.invocations().iter().any(through) {
        return None;
    }
    let (at, text) = script_end::append(run.build, run.index, run.code, command)?;
    Some((Span::at(at), text))
}
