//! The options for the builder's own checks: `# check=`, or the build argument that replaces it.

use super::Build;
use crate::dockerfile::CheckOptions;

/// The build argument that replaces `# check=`.
pub const CHECK_ARGUMENT: &str = "BUILDKIT_DOCKERFILE_CHECK";

impl Build<'_> {
    /// The value of [`CHECK_ARGUMENT`], if the build sets it.
    pub fn check_argument(&self) -> Option<&str> {
        self.input().options.build_arg(CHECK_ARGUMENT)
    }

    /// The effect of the options in force; options that can't be parsed are ignored.
    pub fn under_check_options<T>(&self, answer: impl Fn(&CheckOptions) -> T) -> T {
        let comment = self.input().file.check();
        let text = self.check_argument().or(comment.as_ref().map(|comment| &*comment.value)).unwrap_or_default();
        answer(&CheckOptions::parse(text).unwrap_or_default())
    }
}
