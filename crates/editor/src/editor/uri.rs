//! Addresses of files (`file://`) as clients write them, and paths.

use std::path::{Path, PathBuf};

use gen_lsp_types::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stays as it is in a path, as VS Code and Neovim write it.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const SCHEME: &str = "file://";

/// The path of a file's address; `None` for other schemes (`untitled:`, `git:`) and other hosts.
pub fn path_of(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.0.strip_prefix(SCHEME)?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let text = percent_decode_str(path).decode_utf8().ok()?;
    if !text.starts_with('/') || text.contains('\0') {
        return None;
    }
    // `/c:/x` is a path of Windows.
    let is_drive = cfg!(windows) && text.as_bytes().get(2) == Some(&b':');
    Some(PathBuf::from(if is_drive { &text[1..] } else { &*text }))
}

/// The address of an absolute path.
pub fn uri_of(path: &Path) -> Uri {
    let text = path.to_string_lossy().replace('\\', "/");
    let slash = if text.starts_with('/') { "" } else { "/" };
    Uri(format!("{SCHEME}{slash}{}", utf8_percent_encode(&text, KEPT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_paths() {
        for (uri, path) in [
            ("file:///a/Dockerfile", Some("/a/Dockerfile")),
            ("file://localhost/a", Some("/a")),
            ("file:///a%20b/%C3%A9%23", Some("/a b/é#")),
            ("file:///c%3A/x", Some(if cfg!(windows) { "c:/x" } else { "/c:/x" })),
            ("untitled:Untitled-1", None),
            ("file://server/share", None),
            ("file:///a%00", None),
            ("file:///%ff", None),
        ] {
            assert_eq!(path_of(&Uri(uri.to_owned())), path.map(PathBuf::from), "{uri}");
        }
    }

    #[test]
    fn paths_come_back() {
        for path in ["/a/b c/Dockerfile", "/é/日#?%/x.dockerfile", "/a+b/@c"] {
            assert_eq!(path_of(&uri_of(Path::new(path))), Some(PathBuf::from(path)));
        }
    }
}
