//! What continuous integration and other programs put before each line of a log.

use memchr::memchr;

/// Bytes of a name before ` | `.
const NAME: usize = 80;

/// A line without what stands before it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BareLine<'a> {
    /// The time before it.
    pub clock: Option<&'a [u8]>,
    /// The rest.
    pub text: &'a [u8],
}

/// Removes a byte order mark, times and marks of GitHub, GitLab and Jenkins, and a carriage return at the end.
pub(super) fn strip(line: &[u8]) -> BareLine<'_> {
    let mut bare = BareLine { clock: None, text: trim_end(line) };
    for _ in 0..4 {
        let rest = strip_once(bare.text);
        let Some((clock, text)) = rest else { break };
        bare = BareLine { clock: clock.or(bare.clock), text };
    }
    if bare.text.first() != Some(&b'#') {
        bare.text = last_overwrite(bare.text);
    }
    bare
}

fn strip_once(line: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    if let Some(rest) = line.strip_prefix(b"\xef\xbb\xbf") {
        return Some((None, rest));
    }
    match line.first()? {
        b'0'..=b'9' => {
            let (clock, rest) = clock(line)?;
            let rest = gitlab_mark(rest.strip_prefix(b" ")?);
            Some((Some(clock), rest))
        }
        b'[' => {
            let (clock, rest) = clock(&line[1..])?;
            Some((Some(clock), rest.strip_prefix(b"] ")?))
        }
        b'#' | b' ' | b'{' => None,
        _ => {
            // `gh run view --log`: job, step and line, with tabs between.
            let job = memchr(b'\t', &line[..line.len().min(2 * NAME)])?;
            let step = job + 1 + memchr(b'\t', &line[job + 1..line.len().min(4 * NAME)])?;
            let rest = &line[step + 1..];
            let rest = rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest);
            clock(rest).map(|_| (None, rest))
        }
    }
}

/// A time of RFC 3339 in UTC at the start of a line: `2026-11-20T07:02:13.1235462Z`.
fn clock(line: &[u8]) -> Option<(&[u8], &[u8])> {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let head = line.get(..SHAPE.len())?;
    let fits = |(byte, shape): (&u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == shape };
    if !head.iter().zip(SHAPE).all(fits) {
        return None;
    }
    let mut end = SHAPE.len();
    if line.get(end) == Some(&b'.') {
        end += 1 + line[end + 1..].iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
    }
    (line.get(end) == Some(&b'Z')).then(|| line.split_at(end + 1))
}

/// GitLab's number and name of a stream: `01O `, `01E+`.
fn gitlab_mark(rest: &[u8]) -> &[u8] {
    match rest {
        [a, b, b'O' | b'E', b' ' | b'+', rest @ ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => rest,
        _ => rest,
    }
}

/// The name before ` | `, as compose and act write it, and the rest.
pub(super) fn stream_name(line: &[u8]) -> Option<(&[u8], &[u8])> {
    if line.first().is_none_or(|byte| matches!(byte, b' ' | b'#' | b'{')) {
        return None;
    }
    let bar = memchr(b'|', &line[..line.len().min(NAME)])?;
    let name = line[..bar].trim_ascii_end();
    let rest = &line[bar + 1..];
    (name.len() < bar).then(|| (name, rest.strip_prefix(b" ").unwrap_or(rest)))
}

/// What another program puts before every line: of one length and shape, in which all digits count as one.
#[derive(Debug, Default)]
pub(super) struct UnknownPrefix {
    shape: Option<Vec<u8>>,
}

impl UnknownPrefix {
    /// The line without the prefix, which is learned from the first line of a build.
    pub(super) fn strip<'a>(&mut self, line: &'a [u8], is_first: impl Fn(&[u8]) -> bool) -> &'a [u8] {
        if self.shape.is_none() {
            let head = &line[..line.len().min(NAME)];
            let mut starts = memchr::memchr_iter(b'#', head).filter(|start| *start > 0);
            if let Some(start) = starts.find(|start| is_first(&line[*start..])) {
                self.shape = Some(shape(&line[..start]));
            }
        }
        let Some(expected) = &self.shape else { return line };
        let is_prefixed = line.get(..expected.len()).is_some_and(|prefix| shape(prefix) == *expected);
        if is_prefixed { &line[expected.len()..] } else { line }
    }
}

/// A prefix with `0` for each digit.
fn shape(prefix: &[u8]) -> Vec<u8> {
    prefix.iter().map(|byte| if byte.is_ascii_digit() { b'0' } else { *byte }).collect()
}

/// What a terminal shows of a line that is overwritten from its start.
fn last_overwrite(line: &[u8]) -> &[u8] {
    match memchr::memrchr(b'\r', line) {
        Some(at) => &line[at + 1..],
        None => line,
    }
}

fn trim_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |at| at + 1);
    &line[..end]
}

/// Removes escape sequences of terminals.
pub(super) fn without_escapes(line: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if memchr(0x1b, line).is_none() {
        return line.into();
    }
    let mut text = Vec::with_capacity(line.len());
    let mut at = 0;
    while let Some(byte) = line.get(at) {
        at += 1;
        if *byte != 0x1b {
            text.push(*byte);
        } else if line.get(at) == Some(&b'[') {
            let parameters = line[at + 1..].iter().take_while(|byte| (0x20..0x40).contains(*byte)).count();
            at += 2 + parameters;
        } else {
            at += 1;
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str) -> String {
        String::from_utf8_lossy(strip(line.as_bytes()).text).into_owned()
    }

    #[test]
    fn unknown_prefixes_are_learned_from_the_first_line() {
        let is_first = |line: &[u8]| line.starts_with(b"#1 [internal] ");
        for prefix in ["Step #0: ", "[INFO] ", "2026-11-22 10:00:00,123 INFO  ", "Nov 22 10:00:01 ", "10:00:01  "] {
            let mut unknown = UnknownPrefix::default();
            let strip = |unknown: &mut UnknownPrefix, text: &str| {
                let line = format!("{prefix}{text}");
                String::from_utf8_lossy(unknown.strip(line.as_bytes(), is_first)).into_owned()
            };
            assert_eq!(strip(&mut unknown, "before"), format!("{prefix}before"));
            assert_eq!(strip(&mut unknown, "#1 [internal] load"), "#1 [internal] load", "{prefix}");
            assert_eq!(strip(&mut unknown, "#1 DONE 0.1s"), "#1 DONE 0.1s", "{prefix}");
            assert_eq!(unknown.strip(b"other", is_first), b"other");
        }
    }

    #[test]
    fn prefixes_of_ci_are_removed() {
        for line in [
            "#1 DONE 0.1s",
            "\u{feff}#1 DONE 0.1s\r",
            "2026-11-20T07:02:13.1235462Z #1 DONE 0.1s",
            "2026-11-20T07:02:13Z #1 DONE 0.1s",
            "2026-11-20T07:02:13.163456Z 01O #1 DONE 0.1s",
            "2026-11-20T07:02:13.163456Z 01E+#1 DONE 0.1s",
            "[2026-11-20T07:02:13.163Z] #1 DONE 0.1s",
            "build\tRun docker\t\u{feff}2026-11-20T07:02:13.1235462Z #1 DONE 0.1s",
        ] {
            assert_eq!(text(line), "#1 DONE 0.1s", "{line}");
        }
        for line in ["2026-11-20 07:02:13 x", "2026-11-20T07:02:13.5x y", "#1 0.5 2026-11-20T07:02:13Z x", "", "2", "["]
        {
            assert_eq!(text(line), line);
        }
        assert_eq!(strip(b"2026-11-20T07:02:13Z #1 x").clock, Some(&b"2026-11-20T07:02:13Z"[..]));
        assert_eq!(text("Sending 1kB\rSending 2kB\r\r"), "Sending 2kB");
    }

    #[test]
    fn streams_have_names() {
        assert_eq!(stream_name(b"[ci/build]   | #0 x"), Some((&b"[ci/build]"[..], &b"#0 x"[..])));
        assert_eq!(stream_name(b"api-1  | #0 x"), Some((&b"api-1"[..], &b"#0 x"[..])));
        assert_eq!(stream_name(b"   1 | >>> FROM x"), None);
        assert_eq!(stream_name(b"a|b"), None);
    }

    #[test]
    fn escapes_are_removed() {
        assert_eq!(&*without_escapes(b"\x1b[?25l\x1b[34m => a\x1b[0m\x1b[K"), b" => a");
        assert_eq!(&*without_escapes(b"a\x1b"), b"a");
        assert_eq!(&*without_escapes(b"a\x1b["), b"a");
    }
}
