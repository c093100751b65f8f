//! Globs of paths, bounded: what is wrong with a pattern is an answer, however it is nested.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Bytes of a pattern.
const LONGEST: usize = 1024;

/// Levels of `{a,b}` in each other; the compiler is recursive.
const DEEPEST: usize = 50;

/// Compiles a glob whose `*`, `?` and `[…]` stay in one folder, whose `**` crosses folders, and whose `{a,b}` are
/// alternatives.
///
/// # Errors
/// What is wrong with it.
pub fn glob(pattern: &str) -> Result<GlobSet, String> {
    if pattern.len() > LONGEST {
        return Err(format!("longer than {LONGEST} bytes"));
    }
    let mut depth = 0_usize;
    for byte in pattern.bytes() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!("nested deeper than {DEEPEST}"));
        }
    }
    let glob = GlobBuilder::new(pattern).literal_separator(true).build().map_err(|error| error.kind().to_string())?;
    // A matcher of one glob would panic where the expression behind it gets too large.
    GlobSetBuilder::new().add(glob).build().map_err(|error| error.kind().to_string())
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn hostile_patterns_are_errors() {
        for levels in [51, 100, 300, 500] {
            let nested = format!("{}a{}", "{".repeat(levels), "}".repeat(levels));
            assert_eq!(glob(&nested).err().as_deref(), Some("nested deeper than 50"), "{levels}");
        }
        assert!(glob(&format!("{}a{}", "{".repeat(50), "}".repeat(50))).unwrap().is_match("a"));
        assert_eq!(glob(&"a".repeat(1025)).err().as_deref(), Some("longer than 1024 bytes"));
        assert!(glob(&"*a".repeat(500)).unwrap().is_match("a".repeat(4000)));
        assert!(!glob(&"{a,b}".repeat(200)).unwrap().is_match("x"));
        assert!(glob("{a").is_err());
    }
}
