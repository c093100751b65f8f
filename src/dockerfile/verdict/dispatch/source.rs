//! Sources of COPY and ADD that are no paths, and modes.

/// Whether BuildKit takes a source for a Git repository. `github.com/…` without scheme is a path.
pub(super) fn is_git(source: &str) -> bool {
    if source.starts_with("git://") || source.starts_with("ssh://") {
        return true;
    }
    if let Some(rest) = source.strip_prefix("http://").or_else(|| source.strip_prefix("https://")) {
        let path = rest.split(['#', '?']).next().unwrap_or(rest);
        return path.contains('/') && path.strip_suffix(".git").is_some();
    }
    is_scp_like(source)
}

/// `user@host:path`
fn is_scp_like(source: &str) -> bool {
    let Some((user, rest)) = source.split_once('@') else { return false };
    let Some((host, _)) = rest.split_once(':') else { return false };
    let is_name = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || more.contains(c))
    };
    is_name(user, "") && is_name(host, ".")
}

/// Whether BuildKit downloads a source.
pub(super) fn is_http(source: &str) -> bool {
    (source.starts_with("http://") || source.starts_with("https://")) && !is_git(source)
}

/// Checks `--chmod`: octal up to 07777, or symbolic as chmod takes it.
pub(super) fn check_mode(mode: &str) -> Result<(), String> {
    let not_octal = || format!("invalid chmod parameter: '{mode}'. it should be octal string and between 0 and 07777");
    if mode.starts_with(|c: char| c.is_ascii_digit()) || mode.is_empty() {
        let is_fit = u32::from_str_radix(mode, 8).is_ok_and(|bits| bits <= 0o7777);
        return if is_fit { Ok(()) } else { Err(not_octal()) };
    }
    if mode.split(',').all(is_symbolic) { Ok(()) } else { Err(format!("invalid mode: {mode}")) }
}

/// `[ugoa]*([-+=]([rwxXst]*|[ugo]))+`
fn is_symbolic(clause: &str) -> bool {
    let actions = clause.trim_start_matches(['u', 'g', 'o', 'a']);
    if !actions.starts_with(['-', '+', '=']) {
        return false;
    }
    let fits = |action: &str| matches!(action, "u" | "g" | "o") || action.bytes().all(|byte| b"rwxXst".contains(&byte));
    actions.split(['-', '+', '=']).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_and_http_are_told_apart() {
        for git in ["git://h/p", "ssh://h/p", "https://h/p.git", "https://h/p.git#main:dir", "git@h.x:p.git"] {
            assert!(is_git(git) && !is_http(git), "{git}");
        }
        for path in ["github.com/a/b", "a@b", "./x.git", "https://h/p"] {
            assert!(!is_git(path), "{path}");
        }
        assert!(is_http("https://h/p"));
    }

    #[test]
    fn modes_are_octal_or_symbolic() {
        for mode in ["755", "07777", "u=rwX,go=rX", "+x", "a-w+x", "g=u"] {
            assert_eq!(check_mode(mode), Ok(()), "{mode}");
        }
        for mode in ["99999", "17777", "8", "u", "rwx", "u=rz"] {
            assert!(check_mode(mode).is_err(), "{mode}");
        }
    }
}
