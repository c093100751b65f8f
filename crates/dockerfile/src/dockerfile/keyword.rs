//! The instructions' names. Knows nothing of their arguments.

use super::syntax::Keyword;

/// Every known instruction.
pub const KEYWORDS: [Keyword; 18] = [
    Keyword::Add,
    Keyword::Arg,
    Keyword::Cmd,
    Keyword::Copy,
    Keyword::Entrypoint,
    Keyword::Env,
    Keyword::Expose,
    Keyword::From,
    Keyword::Healthcheck,
    Keyword::Label,
    Keyword::Maintainer,
    Keyword::Onbuild,
    Keyword::Run,
    Keyword::Shell,
    Keyword::Stopsignal,
    Keyword::User,
    Keyword::Volume,
    Keyword::Workdir,
];

impl Keyword {
    /// The keyword that a word is, in any case.
    pub fn of(name: &str) -> Self {
        if !name.is_ascii() {
            return Self::of_unicode(name);
        }
        let candidate = match (name.len(), name.as_bytes().first().map(u8::to_ascii_uppercase)) {
            (3, Some(b'R')) => Self::Run,
            (4, Some(b'C')) => Self::Copy,
            (3, Some(b'E')) => Self::Env,
            (4, Some(b'F')) => Self::From,
            (7, Some(b'W')) => Self::Workdir,
            (3, Some(b'C')) => Self::Cmd,
            (3, Some(b'A')) if name.eq_ignore_ascii_case("ARG") => Self::Arg,
            (3, Some(b'A')) => Self::Add,
            (10, Some(b'E')) => Self::Entrypoint,
            (5, Some(b'L')) => Self::Label,
            (6, Some(b'E')) => Self::Expose,
            (4, Some(b'U')) => Self::User,
            (6, Some(b'V')) => Self::Volume,
            (11, Some(b'H')) => Self::Healthcheck,
            (5, Some(b'S')) => Self::Shell,
            (7, Some(b'O')) => Self::Onbuild,
            (10, Some(b'M')) => Self::Maintainer,
            (10, Some(b'S')) => Self::Stopsignal,
            _ => return Self::Unknown,
        };
        if name.eq_ignore_ascii_case(candidate.as_str()) { candidate } else { Self::Unknown }
    }

    /// Two characters beyond ASCII become letters of it in BuildKit's lower case: U+0130 and the Kelvin sign.
    fn of_unicode(name: &str) -> Self {
        let lower = name.replace('\u{130}', "i").replace('\u{212a}', "k");
        if lower.is_ascii() { Self::of(&lower) } else { Self::Unknown }
    }

    /// The name in capitals; empty for [`Keyword::Unknown`].
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Arg => "ARG",
            Self::Cmd => "CMD",
            Self::Copy => "COPY",
            Self::Entrypoint => "ENTRYPOINT",
            Self::Env => "ENV",
            Self::Expose => "EXPOSE",
            Self::From => "FROM",
            Self::Healthcheck => "HEALTHCHECK",
            Self::Label => "LABEL",
            Self::Maintainer => "MAINTAINER",
            Self::Onbuild => "ONBUILD",
            Self::Run => "RUN",
            Self::Shell => "SHELL",
            Self::Stopsignal => "STOPSIGNAL",
            Self::User => "USER",
            Self::Volume => "VOLUME",
            Self::Workdir => "WORKDIR",
            Self::Unknown => "",
        }
    }

    /// Whether the instruction describes the image, and does nothing to its files.
    pub const fn describes_image(self) -> bool {
        use Keyword as K;
        matches!(
            self,
            K::Label | K::Expose | K::Volume | K::Healthcheck | K::Cmd | K::Entrypoint | K::Stopsignal | K::Maintainer
        )
    }

    /// The known instruction that a misspelt name most likely means.
    pub(super) fn closest(name: &str) -> Option<Self> {
        let upper: String = name.chars().take(16).collect::<String>().to_uppercase();
        let mut best: Option<(usize, Self)> = None;
        for known in KEYWORDS {
            let distance = strsim::osa_distance(&upper, known.as_str());
            let is_near = distance <= known.as_str().len() / 3;
            if is_near && best.is_none_or(|(least, _)| distance < least) {
                best = Some((distance, known));
            }
        }
        best.map(|(_, known)| known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Keyword) {
        assert_eq!(Keyword::of(name), expected, "{name}");
    }

    #[test]
    fn names_ignore_case() {
        for known in KEYWORDS {
            check(known.as_str(), known);
            check(&known.as_str().to_lowercase(), known);
        }
        check("Wor\u{212a}dir", Keyword::Workdir);
        check("R\u{fc}N", Keyword::Unknown);
        check("RUNX", Keyword::Unknown);
        check("AXD", Keyword::Unknown);
        check("", Keyword::Unknown);
    }

    #[test]
    fn misspelt_names_have_a_neighbour() {
        assert_eq!(Keyword::closest("RUNN"), Some(Keyword::Run));
        assert_eq!(Keyword::closest("ENTRYPIONT"), Some(Keyword::Entrypoint));
        assert_eq!(Keyword::closest("FROM:"), Some(Keyword::From));
        assert_eq!(Keyword::closest("b"), None);
    }
}
