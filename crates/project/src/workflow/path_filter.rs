//! `paths:` of a workflow ("Filter pattern cheat sheet" of GitHub's documentation), as far as dockopt writes it: names, `*`
//! within a name, `**`, and `!` in front.

/// The patterns of a filter, in order; the last that fits a path decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathFilter {
    /// As they are written.
    pub patterns: Vec<String>,
}

impl PathFilter {
    /// Whether a path passes.
    pub fn takes(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        let last = self.patterns.iter().rev().find(|pattern| {
            let pattern = pattern.strip_prefix('!').unwrap_or(pattern);
            fits(&pattern.split('/').collect::<Vec<_>>(), &parts)
        });
        last.is_some_and(|pattern| !pattern.starts_with('!'))
    }

    /// Adds a pattern, unless it is there.
    pub fn add(&mut self, pattern: impl Into<String>) {
        let pattern = pattern.into();
        if !self.patterns.contains(&pattern) {
            self.patterns.push(pattern);
        }
    }

    /// A name as the pattern that takes it, and as few others as can be: characters that patterns give a meaning are not
    /// written.
    pub fn name(name: &str) -> String {
        let is_special = |c: char| "*?+[]!\\".contains(c) || c.is_control();
        match name.find(is_special) {
            None => name.to_owned(),
            Some(at) => {
                let end = name.rfind(is_special).map_or("", |last| &name[name.ceil_char_boundary(last + 1)..]);
                format!("{}*{end}", &name[..at])
            }
        }
    }

    /// The same for each name of a path.
    pub fn path(path: &str) -> String {
        path.split('/').map(Self::name).collect::<Vec<_>>().join("/")
    }
}

/// Whether the parts of a pattern fit those of a path.
fn fits(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        // At the end, something below.
        (["**"], path) => !path.is_empty(),
        (["**", rest @ ..], path) => (0..=path.len()).any(|at| fits(rest, &path[at..])),
        ([part, pattern @ ..], [name, path @ ..]) => fits_name(part, name) && fits(pattern, path),
        _ => false,
    }
}

/// Whether a part with `*` fits a name.
fn fits_name(part: &str, name: &str) -> bool {
    let Some((start, rest)) = part.split_once('*') else { return part == name };
    let Some(mut left) = name.strip_prefix(start) else { return false };
    let mut middles: Vec<&str> = rest.split('*').collect();
    let end = middles.pop().unwrap_or_default();
    for middle in middles {
        let Some(at) = left.find(middle) else { return false };
        left = &left[at + middle.len()..];
    }
    left.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &[&str], path: &str, expected: bool) {
        let filter = PathFilter { patterns: patterns.iter().map(|text| (*text).to_owned()).collect() };
        assert_eq!(filter.takes(path), expected, "{patterns:?} {path}");
    }

    #[test]
    fn the_last_pattern_decides() {
        check(&["**"], "a/b", true);
        check(&["**", "!docs/**"], "docs/a/b.md", false);
        check(&["**", "!docs/**"], "docs", true);
        check(&["**", "!**/*.md", "README.md"], "README.md", true);
        check(&["**", "!**/*.md", "README.md"], "a/README.md", false);
        check(&["src/**"], "src", false);
        check(&["src/**"], "src/a/b", true);
        check(&["*.json"], "a.json", true);
        check(&["*.json"], "b/a.json", false);
        check(&["a/*b*c"], "a/xbyc", true);
        check(&["a/*b*c"], "a/xb", false);
        check(&["!a"], "a", false);
        check(&[], "a", false);
    }

    #[test]
    fn names_with_special_characters_are_taken() {
        for (name, expected) in
            [("a.txt", "a.txt"), ("[id].ts", "*.ts"), ("+page", "*page"), ("a[ü]b", "a*b"), ("a?", "a*")]
        {
            assert_eq!(PathFilter::name(name), expected);
            check(&[&PathFilter::name(name)], name, true);
        }
    }

    #[test]
    fn many_stars_end() {
        check(&["**/**/**/**/**/x"], &["a"; 20].join("/"), false);
    }
}
