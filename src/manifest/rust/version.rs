//! Versions as cargo compares them with what a manifest asks for.

type Version = [u64; 3];

/// Whether a version answers a requirement (`1.2`, `~1.2.3`, `>=1, <2`, `1.*`); `None` where either is none of the plain
/// ones.
pub(super) fn answers(requirement: &str, version: &str) -> Option<bool> {
    // What stands behind `+` is never compared; versions before a release follow rules of their own.
    let (version, _) = version.split_once('+').unwrap_or((version, ""));
    let (parts, [major, minor, patch]) = plain(version)?;
    let version = (parts == 3).then_some([major, minor, patch])?;
    let mut fits = true;
    for part in requirement.split(',').map(str::trim) {
        let (low, high) = range(part)?;
        fits &= low <= version && high.is_none_or(|high| version < high);
    }
    Some(fits)
}

/// How many numbers there are, and the numbers; those that are missing are 0.
fn plain(text: &str) -> Option<(usize, Version)> {
    let mut version = [0; 3];
    let mut count = 0;
    for part in text.split('.') {
        *version.get_mut(count)? = part.parse().ok()?;
        count += 1;
    }
    Some((count, version))
}

/// From the first version that fits to the first one that no longer does.
fn range(text: &str) -> Option<(Version, Option<Version>)> {
    let at = text.find(|c: char| c.is_ascii_digit() || c == '*').unwrap_or(text.len());
    let (operator, rest) = text.split_at(at);
    let (rest, _) = rest.split_once('+').unwrap_or((rest, ""));
    let rest = rest.trim();
    let operator = operator.trim();
    if matches!(rest, "*" | "*.*" | "*.*.*") {
        return operator.is_empty().then_some(([0; 3], None));
    }
    let cut = rest.trim_end_matches(".*");
    let (count, low) = plain(cut)?;
    // The first version behind all that begin with the numbers up to `at`.
    let behind = |at: usize| {
        let mut next = low;
        next[at] += 1;
        next[at + 1..].fill(0);
        next
    };
    let last = count.checked_sub(1)?;
    let wild = cut.len() < rest.len();
    Some(match operator {
        "" if wild => (low, Some(behind(last))),
        "" | "^" => {
            let first = low[..count].iter().position(|number| *number > 0).unwrap_or(last);
            (low, Some(behind(first)))
        }
        "~" => (low, Some(behind(last.min(1)))),
        "=" => (low, Some(behind(last))),
        ">=" => (low, None),
        ">" => (behind(last), None),
        "<" => ([0; 3], Some(low)),
        "<=" => ([0; 3], Some(behind(last))),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_answer_requirements() {
        for (requirement, version, expected) in [
            ("1", "1.9.3", Some(true)),
            ("1.2.3", "1.2.2", Some(false)),
            ("1.2.3", "2.0.0", Some(false)),
            ("0.4", "0.4.20", Some(true)),
            ("0.4", "0.5.0", Some(false)),
            ("0.0.3", "0.0.4", Some(false)),
            ("0", "0.9.0", Some(true)),
            ("0.0", "0.1.0", Some(false)),
            ("^1.2", "1.3.0+zstd", Some(true)),
            ("~1.2", "1.3.0", Some(false)),
            ("~1", "1.3.0", Some(true)),
            ("=1.2", "1.2.9", Some(true)),
            ("=1.2.3", "1.2.4", Some(false)),
            (">=1.0, <2", "1.7.0", Some(true)),
            (">=1.0, <2", "2.0.0", Some(false)),
            (">1.2", "1.2.9", Some(false)),
            ("<=1.2", "1.2.9", Some(true)),
            ("1.*", "1.5.0", Some(true)),
            ("1.2.*", "1.3.0", Some(false)),
            ("*", "7.0.0", Some(true)),
            ("1", "1.0.0-rc.1", None),
            ("1.0.0-rc.1", "1.0.0", None),
            ("latest", "1.0.0", None),
        ] {
            assert_eq!(answers(requirement, version), expected, "{requirement} {version}");
        }
    }
}
