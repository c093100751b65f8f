//! STOPSIGNAL's names and numbers.

const NAMES: [&str; 36] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL",
    "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1",
    "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
];

/// Whether Linux knows the signal: a number but 0, or a name with or without `SIG`.
pub(super) fn is_signal(text: &str) -> bool {
    if let Ok(number) = text.parse::<i64>() {
        return number != 0;
    }
    let upper = text.to_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some(more) = name.strip_prefix("RTMIN+").or_else(|| name.strip_prefix("RTMAX-")) {
        let most = if name.starts_with("RTMIN") { 15 } else { 14 };
        let is_plain = !more.starts_with('0') && more.bytes().all(|byte| byte.is_ascii_digit());
        return is_plain && more.parse::<u8>().is_ok_and(|more| more <= most);
    }
    NAMES.contains(&name)
}
