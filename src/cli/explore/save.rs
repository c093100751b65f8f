//! One file of an image into the current folder: never over another one, never elsewhere.

use std::path::Path;

use crate::image::Error;
use crate::image::ExtractTarget;

/// Names that Windows takes for devices, with any ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The name that a file would get: its own, where that is harmless.
pub(super) fn proposed(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let harmless = |c: char| if is_harmless(c) { c } else { '_' };
    let text: String = text.chars().map(harmless).collect();
    if check(&text).is_ok() { text } else { format!("_{}", text.trim_start_matches(['.', '-'])) }
}

fn is_harmless(c: char) -> bool {
    let mut text = [0; 4];
    let is_clean = crate::report::clean(c.encode_utf8(&mut text)) == *c.encode_utf8(&mut [0; 4]);
    is_clean && !matches!(c, '/' | '\\' | ':' | char::REPLACEMENT_CHARACTER)
}

/// Whether a name is that of a file in the current folder, and of nothing else.
pub(super) fn check(name: &str) -> Result<(), String> {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    if name.is_empty() || name.chars().all(|c| matches!(c, '.' | ' ')) {
        Err("the file name is empty".to_owned())
    } else if name.contains(['/', '\\', ':']) {
        Err("the file name must not contain `/`, `\\` or `:`".to_owned())
    } else if name.starts_with('-') {
        Err("the file name must not start with `-`".to_owned())
    } else if !name.chars().all(is_harmless) {
        Err("the file name contains invisible characters".to_owned())
    } else if DEVICES.contains(&&*stem) || port.is_some_and(|port| port.len() == 1) {
        Err(format!("`{name}` is a device name on some systems"))
    } else {
        Ok(())
    }
}

/// Writes a file under a name that no other one has: whole, or not at all.
pub(super) fn write(
    folder: &Path,
    name: &str,
    contents: impl FnOnce(&mut dyn ExtractTarget) -> Result<u64, Error>,
) -> Result<u64, String> {
    check(name)?;
    let path = folder.join(name);
    if path.symlink_metadata().is_ok() {
        return Err(format!("`{name}` already exists"));
    }
    let cannot = |error: &std::io::Error| format!("`{name}` cannot be written: {error}");
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| cannot(&error))?;
    let bytes = contents(file.as_file_mut()).map_err(|error| {
        let help = error.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{error}{help}")
    })?;
    file.as_file().set_len(bytes).map_err(|error| cannot(&error))?;
    file.persist_noclobber(&path).map_err(|error| cannot(&error.error))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for name in
            ["", ".", "..", "a/b", "..\\x", "/etc/passwd", "C:x", "-rf", "a\nb", "nul", "COM1.txt", "a\u{202e}b"]
        {
            assert!(check(name).is_err(), "{name:?}");
            assert!(check(&proposed(name.as_bytes())).is_ok() || name.is_empty(), "{name:?}");
        }
        for name in ["a", ".profile", "état.txt", "a b", "console", "..a"] {
            assert_eq!(check(name), Ok(()), "{name:?}");
            assert_eq!(proposed(name.as_bytes()), name);
        }
        assert_eq!(proposed(b"\xff\x1b[x"), "__[x");
    }

    #[test]
    fn existing_files_are_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let put = |text: &'static [u8]| {
            write(folder.path(), "a", move |file| {
                file.write_all(text).unwrap();
                Ok(2)
            })
        };
        assert_eq!(put(b"one"), Ok(2));
        assert_eq!(put(b"two"), Err("`a` already exists".to_owned()));
        let failed = Error::new(crate::image::ImageErrorKind::Missing, "gone").help("fetch it");
        assert_eq!(write(folder.path(), "b", |_| Err(failed)), Err("gone; fetch it".to_owned()));
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a"]);
        assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), b"on");
    }
}
