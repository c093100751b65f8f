//! One requirement: the distribution's name, and what it says of the version.

use crate::manifest::locked::version_numbers;

/// Name and the rest of a PEP 508 requirement: `a[x]>=1; marker` gives `a` and `>=1`. `None` when it begins with no
/// name.
pub(super) fn requirement(text: &str) -> Option<(String, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(text.len());
    if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let mut rest = text[end..].trim_start();
    if rest.starts_with('[') {
        rest = rest.split_once(']')?.1;
    }
    // ` ;` begins a marker; a `;` inside of a URL is not preceded by a blank.
    let marker = if rest.trim_start().starts_with('@') { " ;" } else { ";" };
    Some((normal(&text[..end]), rest.split(marker).next().unwrap_or_default().trim()))
}

/// The extras of a requirement: `x` and `y` of `a[x, y]>=1`.
pub(super) fn extras(text: &str) -> impl Iterator<Item = String> {
    let list = text.split(';').next().and_then(|text| text.split_once('['));
    let list = list.and_then(|(_, rest)| rest.split_once(']')).map_or("", |(list, _)| list);
    list.split(',').map(normal).filter(|extra| !extra.is_empty())
}

/// Whether a specifier lets pip install a release, or one after it: `>=2` does for 2.1, `<2.1`, `==2.0.3` and `~=2.0.3` do not.
pub fn admits(specifier: &str, release: &str) -> bool {
    // 2.1.0 is 2.1.
    let numbers_of = |text: &str| {
        let mut numbers = version_numbers(text);
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        numbers
    };
    let release = numbers_of(release);
    let specifier = specifier.trim_matches(|c: char| c.is_whitespace() || "()".contains(c));
    specifier.split(',').map(str::trim).all(|part| {
        let end = part.find(|c: char| !"=<>~!".contains(c)).unwrap_or(part.len());
        let text = part[end..].trim().trim_end_matches(".*");
        let numbers = numbers_of(text);
        let front = |length: usize| release.iter().take(length).copied().collect::<Vec<u64>>();
        match &part[..end] {
            "<" => numbers > release,
            "==" | "===" if part.ends_with(".*") => {
                let numbers = version_numbers(text);
                numbers >= front(numbers.len())
            }
            "<=" | "==" | "===" => numbers >= release,
            // `~=2.0.3` keeps to 2.0.
            "~=" => {
                let numbers = version_numbers(text);
                let length = numbers.len().saturating_sub(1);
                numbers[..length] >= front(length)[..]
            }
            _ => true,
        }
    })
}

/// The parts of a specifier, which stand in any order.
pub(in crate::manifest) fn specifiers(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = text.split(',').map(|part| part.split_whitespace().collect()).collect();
    parts.sort();
    parts
}

/// A distribution's name as PEP 503 compares it.
pub fn normal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.trim().chars() {
        if !matches!(c, '-' | '_' | '.') {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    out
}
