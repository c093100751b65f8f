//! The few settings of a repository that decide how it is stored (git-config, gitrepository-layout).

use std::path::Path;

use super::folder::small_file;

/// How a repository is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StorageConfig {
    /// `extensions.objectFormat`: `sha1` if nothing is said.
    pub(super) object_format: String,
    /// `extensions.refStorage`: `files` if nothing is said.
    pub(super) ref_storage: String,
    /// Whether a remote holds objects that the clone lacks (`git clone --filter`).
    pub(super) is_partial: bool,
    /// `core.fileMode`: whether the executable bits of files on disk count.
    pub(super) file_mode: bool,
    /// `core.autocrlf`: whether line ends differ between commits and files on disk.
    pub(super) auto_crlf: bool,
    /// `remote.*.url`, in lower case.
    pub(super) remotes: Vec<String>,
}

impl StorageConfig {
    /// Reads `config` in the folder that work trees share. What cannot be read has git's default.
    pub(super) fn read(common_dir: &Path) -> Self {
        let text = small_file(&common_dir.join("config")).unwrap_or_default();
        Self::parse(&String::from_utf8_lossy(&text))
    }

    fn parse(text: &str) -> Self {
        let mut config = Self {
            object_format: "sha1".to_owned(),
            ref_storage: "files".to_owned(),
            is_partial: false,
            file_mode: cfg!(unix),
            auto_crlf: false,
            remotes: Vec::new(),
        };
        let mut section = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(header) = line.strip_prefix('[') {
                let name = header.split([']', ' ', '"']).next().unwrap_or_default();
                section = name.to_ascii_lowercase();
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, "true"));
            let value =
                value.split(['#', ';']).next().unwrap_or_default().trim().trim_matches('"').to_ascii_lowercase();
            match (section.as_str(), key.trim().to_ascii_lowercase().as_str()) {
                ("extensions", "objectformat") => config.object_format = value,
                ("extensions", "refstorage") => config.ref_storage = value,
                ("extensions", "partialclone") => config.is_partial = true,
                ("remote", "promisor") => config.is_partial |= is_true(&value),
                ("remote", "url") => config.remotes.push(value),
                ("core", "autocrlf") => config.auto_crlf = value == "input" || is_true(&value),
                ("core", "filemode") => config.file_mode = cfg!(unix) && is_true(&value),
                _ => {}
            }
        }
        config
    }
}

/// git-config: these words mean yes.
fn is_true(value: &str) -> bool {
    ["true", "yes", "on", "1"].contains(&value)
}

#[cfg(test)]
mod tests {
    use super::StorageConfig;

    #[test]
    fn sections_keys_and_comments_are_read_as_git_does() {
        let text = "[core]\n\trepositoryformatversion = 1\n\tfileMode = off # no\n[Extensions]\n\tobjectFormat = SHA256\n\
                    refStorage=reftable\n[remote \"origin\"]\n\turl = x\n\tpromisor\n";
        let config = StorageConfig::parse(text);
        assert_eq!((config.object_format.as_str(), config.ref_storage.as_str()), ("sha256", "reftable"));
        assert_eq!(config.remotes, ["x"]);
        assert!(config.is_partial && !config.file_mode);
        assert!(StorageConfig::parse("[core]\n\tautocrlf = input\n").auto_crlf && !config.auto_crlf);
        let plain = StorageConfig::parse("[core]\nbare = false\n[branch \"objectformat\"]\nobjectformat = x\n");
        assert_eq!((plain.object_format.as_str(), plain.ref_storage.as_str()), ("sha1", "files"));
        assert!(!plain.is_partial && plain.file_mode == cfg!(unix));
    }
}
