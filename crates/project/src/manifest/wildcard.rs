//! The wildcards of workspace lists.

use globset::{GlobSet, escape};

use crate::text::glob;

/// More patterns of one list than these are not looked at.
pub(super) const MOST_PATTERNS: usize = 1000;

/// The patterns of a list. An invalid pattern means the folder of that name.
pub(super) struct Patterns(Vec<GlobSet>);

impl Patterns {
    /// Those that are too long match nothing.
    pub(super) fn new<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Self {
        let mut globs = Vec::new();
        for pattern in patterns.into_iter().take(MOST_PATTERNS) {
            let parts = pattern.split('/').filter(|part| !part.is_empty() && *part != ".");
            let pattern: String = parts.flat_map(|part| [part, "/"]).collect();
            globs.extend(glob(&format!("{pattern}x")).or_else(|_| glob(&format!("{}x", escape(&pattern)))));
        }
        Self(globs)
    }

    /// Whether a folder (parts joined by `/`) is meant.
    pub(super) fn matches(&self, folder: &str) -> bool {
        // Of a file in it, as the tools look for one: so `packages/**` means `packages` too.
        let file = if folder.is_empty() { "x".to_owned() } else { format!("{folder}/x") };
        self.0.iter().any(|glob| glob.is_match(&file))
    }
}

/// Whether the pattern has anything to expand.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '{', '['])
}

#[cfg(test)]
mod tests {
    use super::Patterns;

    #[test]
    fn members_follow_the_workspace_lists() {
        let check = |pattern: &str, path: &str, expected| {
            assert_eq!(Patterns::new([pattern]).matches(path), expected, "{pattern} {path}");
        };
        check("packages/*", "packages/a", true);
        check("./packages/*/", "packages/a", true);
        check("packages/*", "packages/a/b", false);
        check("packages/**", "packages/a/b", true);
        check("packages/**", "packages", true);
        check("packages", "packages/a", false);
        check("**", "", true);
        check("*", "", false);
        check("**/app-?", "x/y/app-1", true);
        check("app-[0-9]", "app-1", true);
        check("{apps,libs}/*", "libs/a", true);
        check("{apps,l{i,o}bs}/*", "lobs/a", true);
        check("{apps", "{apps", true);
        check(&"*a".repeat(500), &"a".repeat(4000), true);
        check(&"{a,b}".repeat(200), "x", false);
        assert!(Patterns::new(["a", "b/*"]).matches("b/c"));
        assert!(!Patterns::new([]).matches("a"));
    }
}
