//! Options of BuildKit's checks: the `check` directive's value, and comments above an instruction. Knows no check.

use super::directive::match_assignment;
use super::quote::go_quote;
use super::syntax::{File, Instruction};

/// What `check=` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions<'a> {
    /// `skip=all`.
    pub skip_all: bool,
    /// `skip=A,B`: the checks' names.
    pub skip: Vec<&'a str>,
    /// `experimental=all`.
    pub experimental_all: bool,
    /// `experimental=A,B`.
    pub experimental: Vec<&'a str>,
    /// `error=true`: a warning fails the build.
    pub error: bool,
}

impl<'a> CheckOptions<'a> {
    /// Reads the directive's value, which [`File::check`] has cut at the first space.
    ///
    /// # Errors
    /// BuildKit's message.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let mut options = Self::default();
        if text.trim().is_empty() {
            return Ok(options);
        }
        for part in text.trim().splitn(3, ';') {
            let Some((key, value)) = part.split_once('=') else {
                return Err(format!("invalid check option {}", go_quote(part)));
            };
            let value = value.trim();
            match key.trim() {
                "skip" if value == "all" => options.skip_all = true,
                "skip" => options.skip = names(value),
                "experimental" if value == "all" => options.experimental_all = true,
                "experimental" => options.experimental = names(value),
                "error" => {
                    options.error = parse_bool(value).ok_or_else(|| {
                        let (part, value) = (go_quote(part), go_quote(value));
                        format!(
                            "failed to parse check option {part}: strconv.ParseBool: parsing {value}: invalid syntax"
                        )
                    })?;
                }
                key => return Err(format!("invalid check option {}", go_quote(key))),
            }
        }
        Ok(options)
    }
}

impl File {
    /// The checks that a comment above an instruction skips (`# check=skip=A,B`). The first such comment counts, up to
    /// its first space; bad options are ignored, as in BuildKit.
    pub fn inline_check(&self, instruction: &Instruction) -> Option<CheckOptions<'_>> {
        for &comment in &instruction.comments {
            let text = self.logical(comment);
            let Some((name, value)) = match_assignment(text) else { continue };
            if name.eq_ignore_ascii_case("check") {
                let value = &text[value];
                return CheckOptions::parse(value.split_once(' ').map_or(value, |(first, _)| first)).ok();
            }
        }
        None
    }
}

fn names(list: &str) -> Vec<&str> {
    list.split(',').map(str::trim).collect()
}

/// Go's `strconv.ParseBool`.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Source;

    fn check(comments: &str, expected: Option<&[&str]>) {
        let file = crate::dockerfile::parse(&Source::of("Dockerfile", &format!("FROM a\n{comments}\nRUN b\n")));
        let rules = file.inline_check(&file.instructions()[1]).map(|options| options.skip);
        assert_eq!(rules.as_deref(), expected, "{comments:?}");
    }

    #[test]
    fn comments_above_an_instruction_skip_checks() {
        check("# check=skip=A,B why", Some(&["A", "B"]));
        check("# why\n\n# Check = skip=A\n# check=skip=B", Some(&["A"]));
        check("# check=skip=A, B", Some(&["A", ""]));
        check("# check=skip=A\n#", None);
        check("  # check=skip=A", None);
        check("# check=foo=A\n# check=skip=B", None);
        check("# check = skip = A", None);
    }

    #[test]
    fn bad_options_have_buildkits_message() {
        let message = |text| CheckOptions::parse(text).unwrap_err();
        assert_eq!(message("skip"), "invalid check option \"skip\"");
        assert_eq!(message("foo=bar"), "invalid check option \"foo\"");
        assert!(message("error=maybe").ends_with("strconv.ParseBool: parsing \"maybe\": invalid syntax"));
        assert!(CheckOptions::parse("skip=all;error=true").unwrap().error);
    }
}
