//! Files that may hold secrets: whether one stands in them. Serves the rules on secrets that are sent
//! or copied.

use super::Context;
use crate::secret::holds_secret;
use crate::text::path;

/// Whether settings of an environment hold a secret; `None` for other files, and for those that nobody looked into.
pub(super) fn holds(cx: &Context, path: &str) -> Option<bool> {
    let name = path::name(path);
    let settings = name.starts_with(".env") || name.strip_suffix(".env").is_some();
    let bytes = cx.text_of(path).filter(|_| settings)?;
    Some(holds_secret(&String::from_utf8_lossy(bytes)))
}

/// Whether a file was looked into and a secret stands in it.
pub(super) fn is_proven(cx: &Context, path: &str) -> bool {
    let holds = |text: &str| text.contains("PRIVATE KEY-----") || holds_secret(text);
    cx.text_of(path).is_some_and(|bytes| holds(&String::from_utf8_lossy(bytes)))
}
