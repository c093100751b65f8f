//! The wildcards of workspace lists: `*` and `?` inside a part, `**` over parts, `{a,b}`.

/// More alternatives than this are not looked at.
const MOST_ALTERNATIVES: usize = 64;

/// More patterns of one list than these are not looked at.
pub(super) const MOST_PATTERNS: usize = 1000;

/// Longer patterns match nothing.
const LONGEST: usize = 1024;

/// Whether `path` (parts joined by `/`) matches. Time is at most pattern × path.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    if pattern.len() > LONGEST {
        return false;
    }
    alternatives(pattern).iter().any(|pattern| {
        let pattern: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        greedy(&pattern, &path, |part| *part == "**", |part, name| part_matches(part, name))
    })
}

/// Whether the pattern has anything to expand.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '{', '['])
}

fn part_matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    greedy(&pattern, &name, |c| *c == '*', |p, c| *p == '?' || p == c)
}

/// The one-star-back-tracking match, over parts or characters.
fn greedy<T, U>(pattern: &[T], text: &[U], star: impl Fn(&T) -> bool, same: impl Fn(&T, &U) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p).is_some_and(&star) {
            back = Some((p, t));
            p += 1;
        } else if pattern.get(p).is_some_and(|part| same(part, &text[t])) {
            p += 1;
            t += 1;
        } else if let Some((star_p, star_t)) = back {
            back = Some((star_p, star_t + 1));
            p = star_p + 1;
            t = star_t + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(star)
}

/// The pattern with each `{a,b}` written out.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut waiting = vec![pattern.to_string()];
    while let Some(text) = waiting.pop() {
        // The innermost pair: the first `}` and the last `{` before it.
        let pair = text.find('}').and_then(|close| text[..close].rfind('{').map(|open| (open, close)));
        let Some((open, close)) = pair.filter(|_| done.len() + waiting.len() < MOST_ALTERNATIVES) else {
            done.push(text);
            continue;
        };
        for choice in text[open + 1..close].split(',').take(MOST_ALTERNATIVES) {
            waiting.push(format!("{}{choice}{}", &text[..open], &text[close + 1..]));
        }
    }
    done
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_the_workspace_lists_have_them() {
        let check = |pattern: &str, path: &str, expected| {
            assert_eq!(super::matches(pattern, path), expected, "{pattern} {path}");
        };
        check("packages/*", "packages/a", true);
        check("./packages/*/", "packages/a", true);
        check("packages/*", "packages/a/b", false);
        check("packages/**", "packages/a/b", true);
        check("**/app-?", "x/y/app-1", true);
        check("{apps,libs}/*", "libs/a", true);
        check("{apps,l{i,o}bs}/*", "lobs/a", true);
        check("{apps", "{apps", true);
        check(&"*a".repeat(500), &"a".repeat(4000), true);
        check(&"{a,b}".repeat(200), "x", false);
    }
}
