//! Go's `filepath.Match` on Linux: the wildcards of COPY and ADD sources, and the syntax check of every ignore
//! pattern. `*` and `?` stop at `/`, a class does not; there is no `**`.

use std::fmt;

/// The pattern is malformed: an open class, an empty or one-sided range, a final `\`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPattern;

impl fmt::Display for BadPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("syntax error in pattern")
    }
}

impl std::error::Error for BadPattern {}

/// Whether a COPY source is taken as a pattern: an unescaped `*`, `?` or `[`.
pub fn has_wildcard(source: &str) -> bool {
    let mut bytes = source.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => _ = bytes.next(),
            b'*' | b'?' | b'[' => return true,
            _ => {}
        }
    }
    false
}

/// Whether `name` as a whole matches `pattern`.
///
/// A star takes the first place where the text up to the next star fits and never reconsiders, so the time is
/// bounded by the product of both lengths, and the rare differences from a backtracking matcher are Go's own.
///
/// # Errors
/// When the pattern is malformed up to the star behind the place where the match fails; see [`check`] for the rest.
pub fn path_match(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let mut pattern = pattern.as_bytes();
    let mut name = name.as_bytes();
    while !pattern.is_empty() {
        let (star, chunk, rest) = next_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Ok(!name.contains(&b'/'));
        }
        match place(star, chunk, name, pattern.is_empty())? {
            Some(after) => name = after,
            None => return Ok(false),
        }
    }
    Ok(name.is_empty())
}

/// Whether the pattern is well-formed to its end, as Go's `path.Match` finds out whatever the name. The builder asks this
/// one first about a COPY source, so such a source fails the build.
///
/// # Errors
/// When it is not.
pub fn check(pattern: &str) -> Result<(), BadPattern> {
    let mut pattern = pattern.as_bytes();
    while !pattern.is_empty() {
        let (_, chunk, rest) = next_chunk(pattern);
        chunk_match(chunk, b"")?;
        pattern = rest;
    }
    Ok(())
}

/// What remains of `name` after the chunk, at the first place where it fits.
fn place<'n>(star: bool, chunk: &[u8], name: &'n [u8], last: bool) -> Result<Option<&'n [u8]>, BadPattern> {
    let mut at = 0;
    loop {
        if let Some(after) = chunk_match(chunk, &name[at..])?.filter(|after| after.is_empty() || !last) {
            return Ok(Some(after));
        }
        if !star || at == name.len() || name[at] == b'/' {
            return Ok(None);
        }
        at += 1;
    }
}

/// Splits off leading stars and the text up to the next star.
fn next_chunk(pattern: &[u8]) -> (bool, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|byte| **byte == b'*').count();
    let rest = &pattern[stars..];
    let mut in_class = false;
    let mut at = 0;
    while at < rest.len() {
        match rest[at] {
            b'\\' if at + 1 < rest.len() => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => break,
            _ => {}
        }
        at += 1;
    }
    (stars > 0, &rest[..at], &rest[at..])
}

/// Matches a chunk at the start of `name`; the rest of `name` if it fits. The chunk is always read to its end, so that
/// a malformed one is found.
fn chunk_match<'n>(mut chunk: &[u8], mut name: &'n [u8]) -> Result<Option<&'n [u8]>, BadPattern> {
    let mut failed = false;
    while let Some((&first, after)) = chunk.split_first() {
        failed |= name.is_empty();
        match first {
            b'[' => {
                let (rune, width) = if failed { (0, 0) } else { rune(name) };
                name = &name[width..];
                let fits;
                (fits, chunk) = class_match(after, rune)?;
                failed |= !fits;
            }
            b'?' => {
                if !failed {
                    failed = name[0] == b'/';
                    name = &name[rune(name).1..];
                }
                chunk = after;
            }
            _ => {
                let literal = if first == b'\\' { after } else { chunk };
                let (&byte, after) = literal.split_first().ok_or(BadPattern)?;
                if !failed {
                    failed = byte != name[0];
                    name = &name[1..];
                }
                chunk = after;
            }
        }
    }
    Ok((!failed).then_some(name))
}

/// Reads a class after its `[`: whether it takes `rune`, and what follows it.
fn class_match(mut class: &[u8], rune: u32) -> Result<(bool, &[u8]), BadPattern> {
    let negated = class.first() == Some(&b'^');
    class = &class[usize::from(negated)..];
    let mut is_match = false;
    let mut empty = true;
    loop {
        if let Some((b']', after)) = class.split_first()
            && !empty
        {
            return Ok((is_match != negated, after));
        }
        let (low, after) = class_rune(class)?;
        class = after;
        let mut high = low;
        if class[0] == b'-' {
            (high, class) = class_rune(&class[1..])?;
        }
        is_match |= low <= rune && rune <= high;
        empty = false;
    }
}

/// One end of a range; something must follow it.
fn class_rune(class: &[u8]) -> Result<(u32, &[u8]), BadPattern> {
    let class = match class.first() {
        None | Some(b'-' | b']') => return Err(BadPattern),
        Some(b'\\') => &class[1..],
        Some(_) => class,
    };
    if class.is_empty() {
        return Err(BadPattern);
    }
    let (value, width) = rune(class);
    let after = &class[width..];
    let broken = value == u32::from(char::REPLACEMENT_CHARACTER) && width == 1;
    if broken || after.is_empty() { Err(BadPattern) } else { Ok((value, after)) }
}

/// The first character and its width; U+FFFD and one byte where the text is cut inside a character.
fn rune(text: &[u8]) -> (u32, usize) {
    let width = match text[0] {
        0..0x80 => return (u32::from(text[0]), 1),
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    };
    let decoded = text.get(..width).and_then(|bytes| std::str::from_utf8(bytes).ok());
    match decoded.and_then(|text| text.chars().next()) {
        Some(letter) => (u32::from(letter), width),
        None => (u32::from(char::REPLACEMENT_CHARACTER), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str, expected: Result<bool, BadPattern>) {
        assert_eq!(path_match(pattern, name), expected, "{pattern:?} on {name:?}");
    }

    #[test]
    fn names_match_as_go_says() {
        let yes = [
            ("abc", "abc"),
            ("*", "abc"),
            ("*c", "abc"),
            ("a*", "a"),
            ("a*", "abc"),
            ("a*/b", "abc/b"),
            ("a*b*c*d*e*/f", "axbxcxdxe/f"),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f"),
            ("a*b?c*x", "abxbbxdbxebxczzx"),
            ("ab[c]", "abc"),
            ("ab[b-d]", "abc"),
            ("ab[^e-g]", "abc"),
            ("a\\*b", "a*b"),
            ("a?b", "a☺b"),
            ("a[^a]b", "a☺b"),
            ("[a-ζ]*", "α"),
            ("[\\]a]", "]"),
            ("[\\-]", "-"),
            ("[x\\-]", "x"),
            ("[x\\-]", "-"),
            ("[\\-x]", "x"),
            ("*x", "xxx"),
            ("a[^b]c", "a/c"),
            ("*??", "日"),
            ("", ""),
            ("[*]", "*"),
        ];
        for (pattern, name) in yes {
            matches(pattern, name, Ok(true));
        }
        let no = [
            ("a*", "ab/c"),
            ("a*/b", "a/c/b"),
            ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f"),
            ("a*b?c*x", "abxbbxdbxebxczzy"),
            ("ab[e-g]", "abc"),
            ("ab[^c]", "abc"),
            ("a\\*b", "ab"),
            ("a???b", "a☺b"),
            ("*[a-ζ]", "A"),
            ("a?b", "a/b"),
            ("a*b", "a/b"),
            ("[x\\-]", "z"),
            ("[!a]", "b"),
            ("[b-a]", "a"),
            ("{a,b}", "a"),
            ("a/", "a"),
        ];
        for (pattern, name) in no {
            matches(pattern, name, Ok(false));
        }
    }

    #[test]
    fn malformed_patterns_are_errors_where_go_meets_them() {
        let bad =
            ["[]a]", "[-]", "[x-]", "[-x]", "[^-x]", "[", "[^", "[^bc", "a[", "\\", "[a-b-c]", "a\\", "x*[", "[\\"];
        for pattern in bad {
            assert_eq!(check(pattern), Err(BadPattern), "{pattern:?}");
        }
        matches("a[", "b", Err(BadPattern));
        matches("x*[", "x", Err(BadPattern));
        matches("x*[", "a", Ok(false));
        assert_eq!(check("a*[^b]\\*"), Ok(()));
    }

    #[test]
    fn escaped_wildcards_are_names() {
        assert!(has_wildcard("a*") && has_wildcard("a[[]b") && has_wildcard("\\\\?"));
        assert!(!has_wildcard("a\\*b\\[c") && !has_wildcard("a]") && !has_wildcard("\\"));
    }

    #[test]
    fn time_is_bounded_by_the_product_of_the_lengths() {
        let name = "a".repeat(4000);
        matches(&format!("{}b", "*a".repeat(2000)), &name, Ok(false));
        matches(&format!("{}b", "*a?".repeat(1000)), &name, Ok(false));
    }
}
