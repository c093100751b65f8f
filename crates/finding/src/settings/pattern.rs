//! Globs of paths in settings, below the folder of the file that names them.

use globset::GlobSet;

use crate::text;

/// A glob as settings write it. `*` stays in one folder, `**` crosses folders; a glob without a slash means any depth,
/// and one that names a folder means all below it.
#[derive(Clone, Debug)]
pub struct SettingsPattern {
    text: String,
    glob: GlobSet,
}

impl PartialEq for SettingsPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl SettingsPattern {
    /// Reads a glob.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        let plain = text.trim_start_matches("./").trim_end_matches('/');
        let (anchored, plain) = plain.strip_prefix('/').map_or((false, plain), |rest| (true, rest));
        let glob = if anchored || plain.contains('/') { plain.to_owned() } else { format!("**/{plain}") };
        Ok(Self { text: text.to_owned(), glob: text::glob(&glob)? })
    }

    /// Whether a path below the settings' folder, written with slashes, is meant: itself or by a folder above it.
    pub fn matches(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.into_iter().any(|end| self.glob.is_match(&path[..end]))
    }

    /// Whether it can mean one path only.
    pub fn is_plain(&self) -> bool {
        self.text.contains('/') && !self.text.contains(['*', '?', '[', '{', '\\'])
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::SettingsPattern;

    #[track_caller]
    fn check(glob: &str, path: &str, expected: bool) {
        assert_eq!(SettingsPattern::new(glob).unwrap().matches(path), expected, "{glob} {path}");
    }

    #[test]
    fn globs_mean_paths_and_what_is_below_them() {
        check("*.dev.Dockerfile", "a/b/x.dev.Dockerfile", true);
        check("legacy", "services/legacy/Dockerfile", true);
        check("services/*/Dockerfile", "services/a/Dockerfile", true);
        check("services/*/Dockerfile", "services/a/b/Dockerfile", false);
        check("services/**", "services/a/b/Dockerfile", true);
        check("/Dockerfile", "a/Dockerfile", false);
        check("./a/", "a/Dockerfile", true);
        check("{a,b}/Dockerfile", "b/Dockerfile", true);
        assert!(SettingsPattern::new("a[").is_err());
        assert!(SettingsPattern::new(&format!("{}a{}", "{".repeat(300), "}".repeat(300))).is_err());
        assert!(SettingsPattern::new("a/Dockerfile").unwrap().is_plain());
        assert!(!SettingsPattern::new("Dockerfile").unwrap().is_plain());
    }
}
