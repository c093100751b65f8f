//! `--chmod`: octal up to 07777, or symbolic as BSD's chmod takes it.

/// Checks a mode; the error is BuildKit's text.
pub(super) fn check_mode(mode: &str) -> Result<(), String> {
    if mode.starts_with(|c: char| c.is_ascii_digit()) {
        let is_fit = u32::from_str_radix(mode, 8).is_ok_and(|bits| bits <= 0o7777);
        let not_octal =
            || format!("invalid chmod parameter: '{mode}'. it should be octal string and between 0 and 07777");
        return is_fit.then_some(()).ok_or_else(not_octal);
    }
    if mode.split(',').all(is_symbolic) { Ok(()) } else { Err("invalid syntax".to_owned()) }
}

/// `[ugoa]*([-+=][rwxXstugo]*)+`
fn is_symbolic(clause: &str) -> bool {
    let actions = clause.trim_start_matches(['u', 'g', 'o', 'a']);
    actions.starts_with(['-', '+', '=']) && actions.bytes().all(|byte| b"-+=rwxXstugo".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal_or_symbolic() {
        for mode in ["755", "07777", "u=rwX,go=rX", "+x", "a-w+x", "g=u", "u=gr", "u++x", "="] {
            assert_eq!(check_mode(mode), Ok(()), "{mode}");
        }
        for mode in ["99999", "17777", "8", "u", "rwx", "u=rz", "u+x,", "+5", "-1", ","] {
            assert!(check_mode(mode).is_err(), "{mode}");
        }
    }
}
