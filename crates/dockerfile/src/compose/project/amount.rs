//! Texts that stand for amounts: durations, sizes, command lines, as the Go packages behind Compose read them.

/// Nanoseconds of the units of durations (`go-str2duration`).
const UNITS: [(&str, i64); 10] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
];

/// Nanoseconds of `1m30s`, `1.5h`, `2d`.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_wrap)] // Go computes the fraction so; 18 digits at most.
pub fn duration_nanoseconds(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_i64;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let whole: i64 = if digits > 0 { rest[..digits].parse().ok()? } else { 0 };
        rest = &rest[digits..];
        let mut fraction = "";
        if let Some(after) = rest.strip_prefix('.') {
            let length = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            fraction = &after[..length];
            rest = &after[length..];
        }
        if digits == 0 && fraction.is_empty() {
            return None;
        }
        let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == &rest[..end])?;
        rest = &rest[end..];
        total = total.checked_add(whole.checked_mul(*unit)?)?;
        if !fraction.is_empty() {
            // What no longer fits adds no precision.
            let used = &fraction[..fraction.len().min(18)];
            let value = used.parse::<i64>().ok()? as f64 * (*unit as f64 / 10_f64.powi(used.len() as i32));
            total = total.checked_add(value as i64)?;
        }
    }
    Some(if negative { -total } else { total })
}

/// A duration as Go prints it: `1m30s`, `1.5s`, `1h0m0s`.
pub(super) fn duration_text(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let value = nanoseconds.unsigned_abs();
    let decimal = |value: u64, unit: u64| {
        let (whole, rest) = (value / unit, value % unit);
        if rest == 0 {
            return whole.to_string();
        }
        let width = unit.ilog10() as usize;
        format!("{whole}.{}", format!("{rest:0width$}").trim_end_matches('0'))
    };
    let text = match value {
        0 => return "0s".to_owned(),
        1..1_000 => format!("{value}ns"),
        1_000..1_000_000 => format!("{}µs", decimal(value, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", decimal(value, 1_000_000)),
        _ => {
            let minutes = value / 60_000_000_000;
            let seconds = decimal(value % 60_000_000_000, 1_000_000_000);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    };
    format!("{sign}{text}")
}

/// Bytes of `64m`, `1.5 GiB` (`units.RAMInBytes`).
#[allow(clippy::cast_possible_wrap)] // One of six units.
pub(super) fn bytes(text: &str) -> Option<i64> {
    let (number, suffix) = match text.split_once(' ') {
        Some(parts) => parts,
        None => text.split_at(text.rfind(|c: char| c.is_ascii_digit() || c == '.')? + 1),
    };
    let value = super::interpolate::number(number).filter(|value| *value >= 0.0)?;
    let suffix = suffix.to_ascii_lowercase();
    let (unit, rest) = match suffix.chars().next() {
        None | Some('b') => (0, suffix.strip_prefix('b').unwrap_or_default()),
        Some(letter) => ("kmgtp".find(letter)? + 1, &suffix[1..]),
    };
    let fits = rest.is_empty() || (unit > 0 && ["b", "ib"].contains(&rest));
    fits.then(|| (value * 1024_f64.powi(unit as i32)) as i64)
}

/// A command line as words, as `go-shellwords` splits it: what follows an operator of the shell is dropped. `None` where
/// a quote or bracket is not closed.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let mut splitter = Splitter::default();
    for c in line.chars() {
        match splitter.take(c) {
            SplitStep::Next => {}
            SplitStep::End => break,
            SplitStep::Wrong => return None,
        }
    }
    if splitter.has_word {
        splitter.words.push(std::mem::take(&mut splitter.word));
    }
    let open = splitter.is_escaped || splitter.single || splitter.double || splitter.back || splitter.dollar;
    (!open).then_some(splitter.words)
}

enum SplitStep {
    Next,
    End,
    Wrong,
}

#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // What is open, as the Go package keeps it.
struct Splitter {
    words: Vec<String>,
    word: String,
    has_word: bool,
    is_escaped: bool,
    single: bool,
    double: bool,
    back: bool,
    dollar: bool,
}

impl Splitter {
    fn take(&mut self, c: char) -> SplitStep {
        if std::mem::take(&mut self.is_escaped) {
            self.word.push(c);
            self.has_word = true;
            return SplitStep::Next;
        }
        if c == '\\' {
            if self.single {
                self.word.push(c);
            } else {
                self.is_escaped = true;
            }
            return SplitStep::Next;
        }
        if matches!(c, ' ' | '\t' | '\r' | '\n') {
            if self.single || self.double || self.back || self.dollar {
                self.word.push(c);
            } else if std::mem::take(&mut self.has_word) {
                self.words.push(std::mem::take(&mut self.word));
            }
            return SplitStep::Next;
        }
        match c {
            '`' if !self.single && !self.double && !self.dollar => self.back = !self.back,
            ')' if !self.single && !self.double && !self.back => self.dollar = !self.dollar,
            '(' if !self.single && !self.double && !self.back => {
                if self.dollar || !self.word.ends_with('$') {
                    return SplitStep::Wrong;
                }
                self.dollar = true;
                self.word.push('(');
                return SplitStep::Next;
            }
            '"' if !self.single && !self.dollar => {
                self.has_word |= self.double;
                self.double = !self.double;
                return SplitStep::Next;
            }
            '\'' if !self.double && !self.dollar => {
                self.has_word |= self.single;
                self.single = !self.single;
                return SplitStep::Next;
            }
            ';' | '&' | '|' | '<' | '>' if !(self.single || self.double || self.back || self.dollar) => {
                // A file descriptor before `>` is no word.
                if c == '>' && self.word.starts_with(|c: char| c.is_ascii_digit()) {
                    self.has_word = false;
                }
                return SplitStep::End;
            }
            _ => {}
        }
        self.has_word = true;
        self.word.push(c);
        SplitStep::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_printed() {
        let of = |text: &str| duration_nanoseconds(text).map(duration_text);
        for (text, expected) in [
            ("1m30s", "1m30s"),
            ("1.5s", "1.5s"),
            ("1d", "24h0m0s"),
            ("90s", "1m30s"),
            ("250us", "250µs"),
            ("0", "0s"),
            ("-2h", "-2h0m0s"),
            ("1.000000001s", "1.000000001s"),
        ] {
            assert_eq!(of(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "30", "1m 30s", "s", ".s", "1x", "99999999999h"] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_read() {
        for (text, expected) in [("64m", 64 << 20), ("1.5 GiB", 3 << 29), ("10", 10), ("2kb", 2048), ("3B", 3)] {
            assert_eq!(bytes(text), Some(expected), "{text}");
        }
        for text in ["", "m", "-1", "1x", "1kbb", "1bb"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn command_lines_are_split() {
        let of = |line: &str| words(line).map(|words| words.join("|"));
        assert_eq!(of("sh -c 'exec serve \"$PORT\"' x\\ y \"\"").as_deref(), Some("sh|-c|exec serve \"$PORT\"|x y|"));
        assert_eq!(of("a && b").as_deref(), Some("a"));
        assert_eq!(of("a 2>x").as_deref(), Some("a"));
        assert_eq!(of("a $(b c)d").as_deref(), Some("a|$(b c)d"));
        assert_eq!(of("a 'b"), None);
        assert_eq!(of("a (b)"), None);
    }
}
