//! Images that would get the `.env` of the project.

use super::application::Application;
use crate::build::Transfer;
use crate::emit::input::EmitInput;
use crate::ignore::MatchedPatterns;
use crate::inputs::IgnoreInput;

/// Whether an image that is shipped takes the whole folder with `.env`.
pub(in crate::emit) fn is_copied(input: &EmitInput, application: &Application) -> bool {
    let build = &application.build;
    let Some(stage) = build.target() else { return false };
    if application.context != input.folder {
        return false;
    }
    let is_left_out = match &application.build.input().ignore {
        IgnoreInput::Present(_, ignore) => {
            ignore.matcher().decide(".env", &MatchedPatterns::default()).is_ok_and(|verdict| verdict.excluded)
        }
        IgnoreInput::Missing(_) => false,
        IgnoreInput::Unknown => true,
    };
    let mut transfers = build.chain(stage).flat_map(|stage| build.transfers(stage));
    !is_left_out && transfers.any(Transfer::is_of_whole_context)
}
