//! Files of the build context that contain secrets: by their names, and by their content if it was read.

use super::Build;
use crate::data;
use crate::inputs::context::{BuildContext, Certainty, ClassKind, ClassMatch};
use crate::manifest::FileKind;
use crate::secret::{environment_file_holds_secret, holds_secret};
use crate::text::path;

impl Build<'_> {
    /// Whether a file or folder of the context contains secrets, judging by its name and its content. Samples, empty
    /// files and environment files without a secret do not.
    pub fn is_secret_file(&self, context: &BuildContext, class_match: &ClassMatch) -> bool {
        let path = context.path(class_match.entry);
        let by_name = class_match.class.kind == ClassKind::Secret && class_match.class.certainty < Certainty::Possible;
        // `variables.env` may be anything.
        let vague = path.strip_suffix(".env").is_some_and(|stem| !stem.is_empty() && !stem.ends_with('/'));
        let sample = vague || has_public_name(&path) || path.split('/').any(|part| part == "node_modules");
        let sample = sample || self.is_copied_as_sample(&path);
        by_name && !sample && class_match.amount.bytes > 0 && self.environment_file_holds_secret(&path) != Some(false)
    }

    /// Whether a documentation file next to an environment file, or in the root folder, says to copy it to another one:
    /// `cp .env.local .env`.
    fn is_copied_as_sample(&self, path: &str) -> bool {
        let (folder, name) = path::split(path);
        let Some(texts) = self.input().texts.as_ref() else { return false };
        if !name.starts_with(".env") {
            return false;
        }
        let beside = |file: &str| {
            let (of, _) = path::split(file);
            FileKind::of(file).is_for_people() && (of == folder || of.is_empty())
        };
        let says_so = |text: &str| {
            let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || "`\"'".contains(c)).collect();
            words.windows(3).any(|three| {
                let other = path::name(three[2]);
                matches!(three[0], "cp" | "copy")
                    && path::name(three[1]) == name
                    && other.starts_with(".env")
                    && other != name
            })
        };
        let mut texts = texts.iter().filter(|(file, _)| beside(file));
        texts.any(|(_, text)| says_so(&String::from_utf8_lossy(text)))
    }

    /// Whether an environment file (`.env`, `.env.local`, `app.env`) contains a secret; `None` for other files, and for
    /// files that were not read.
    pub fn environment_file_holds_secret(&self, path: &str) -> Option<bool> {
        let name = path::name(path);
        let is_environment = name.starts_with(".env") || name.strip_suffix(".env").is_some();
        if !is_environment {
            return None;
        }
        let text = self.context_text(path)?;
        Some(environment_file_holds_secret(name, &text))
    }

    /// Whether a file was read and contains a secret.
    pub fn file_holds_secret(&self, path: &str) -> bool {
        let holds = |text: &str| text.contains("PRIVATE KEY-----") || holds_secret(text);
        self.context_text(path).is_some_and(|text| holds(&text))
    }

    /// The beginning of a file of the context, if it was read.
    pub(super) fn context_text(&self, path: &str) -> Option<std::borrow::Cow<'_, str>> {
        let texts = self.input().texts.as_ref()?;
        texts.get(path).map(|bytes| String::from_utf8_lossy(bytes))
    }
}

/// Whether the name of a secret's file, or of a parent folder, says that it is public: `insecure_key.ppk`,
/// `test-keys/id_rsa`, `ssl-cert-snakeoil.key`. Environment files are judged by their content.
pub fn has_public_name(path: &str) -> bool {
    let (folder, name) = path::split(path);
    let says_so = |part: &str| {
        let mut words = part.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| data::SECRET_WORDS.has(&word.to_ascii_lowercase(), "shown-key"))
    };
    let is_environment = name.starts_with(".env") || name.strip_suffix(".env").is_some();
    FileKind::of(path).lies_for_show() || folder.split('/').any(says_so) || !is_environment && says_so(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_everybody_may_know() {
        for path in [
            "services/sshd/keys/insecure_key.ppk",
            "insecure-keys/id_rsa",
            "test.key",
            "certs/dummy-server.key",
            "tests/fixtures/server.key",
            "ssl-cert-snakeoil.key",
            "sample_id_rsa",
            "example.com-example.pem",
        ] {
            assert!(has_public_name(path), "{path}");
        }
        for path in ["id_rsa", "keys/server.key", "latest/id_rsa", ".env.test", "public/server.key"] {
            assert!(!has_public_name(path), "{path}");
        }
    }
}
