//! One requirement: the distribution's name, and what it says of the version.

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
