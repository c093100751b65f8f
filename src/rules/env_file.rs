//! Files with the settings of an environment: whether a secret stands in one. Serves the rules on secrets that are sent
//! or copied.

use super::Context;
use crate::build::holds_secret;

/// Whether settings of an environment hold a secret; `None` for other files, and for those that nobody looked into.
pub(super) fn holds(cx: &Context, path: &str) -> Option<bool> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let settings = name.starts_with(".env") || name.strip_suffix(".env").is_some();
    let bytes = cx.text_of(path).filter(|_| settings)?;
    Some(holds_secret(&String::from_utf8_lossy(bytes)))
}
