//! Which of two versions is the later one.

use std::cmp::Ordering;

/// As dpkg compares versions (deb-version(7)): an epoch, then words and numbers in turn, `~` before everything. Serves for
/// the other managers' versions too, which are numbers with points.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (left_epoch, left) = epoch(left);
    let (right_epoch, right) = epoch(right);
    left_epoch.cmp(&right_epoch).then_with(|| parts(left.as_bytes(), right.as_bytes()))
}

fn epoch(version: &str) -> (u64, &str) {
    let parsed = version.split_once(':').and_then(|(epoch, rest)| Some((epoch.parse().ok()?, rest)));
    parsed.unwrap_or((0, version))
}

fn parts(mut left: &[u8], mut right: &[u8]) -> Ordering {
    while !left.is_empty() || !right.is_empty() {
        let word = |text: &[u8]| text.iter().position(u8::is_ascii_digit).unwrap_or(text.len());
        let (a, b) = (left.split_at(word(left)), right.split_at(word(right)));
        let words = words(a.0, b.0);
        if words != Ordering::Equal {
            return words;
        }
        let digits = |text: &[u8]| text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
        let (c, d) = (a.1.split_at(digits(a.1)), b.1.split_at(digits(b.1)));
        let numbers = number(c.0).cmp(&number(d.0));
        if numbers != Ordering::Equal {
            return numbers;
        }
        (left, right) = (c.1, d.1);
    }
    Ordering::Equal
}

/// Of any length: how many digits, then which.
fn number(digits: &[u8]) -> (usize, &[u8]) {
    let start = digits.iter().position(|&digit| digit != b'0').unwrap_or(digits.len());
    (digits.len() - start, &digits[start..])
}

fn words(left: &[u8], right: &[u8]) -> Ordering {
    let order = |byte: Option<&u8>| match byte {
        Some(b'~') => -1_i32,
        None => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    };
    let most = left.len().max(right.len());
    (0..most)
        .map(|at| order(left.get(at)).cmp(&order(right.get(at))))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_versions_are_later() {
        for (left, right) in [
            ("1.9", "1.10"),
            ("1.0~rc1", "1.0"),
            ("1.0", "1.0-1"),
            ("2.0", "1:0.1"),
            ("1.0a", "1.0b"),
            ("9", "100000000000000000000000000"),
            ("", "1"),
            ("1.2.3-r0", "1.2.3-r1"),
            ("5.3.8+really", "5.3.9"),
        ] {
            assert_eq!(compare(left, right), Ordering::Less, "{left} {right}");
            assert_eq!(compare(right, left), Ordering::Greater, "{left} {right}");
        }
        assert_eq!(compare("1.01", "1.1"), Ordering::Equal);
    }
}
