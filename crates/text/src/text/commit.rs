//! Names of commits.

/// The first ten characters of a commit, as people name it.
pub fn short_commit(commit: &str) -> &str {
    &commit[..commit.floor_char_boundary(10)]
}
