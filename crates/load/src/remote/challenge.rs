//! What a registry asks for before it answers (`WWW-Authenticate`, RFC 9110 §11).

/// What a registry asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Name and password with each request.
    Basic,
    /// A token that somebody else gives out.
    Bearer {
        /// Where.
        realm: String,
        /// For whom; empty where nothing is said.
        service: String,
        /// For what: `repository:library/alpine:pull`; empty where nothing is said.
        scope: String,
    },
}

impl Challenge {
    /// The first challenge of a header that is understood; a token is preferred.
    pub(super) fn read<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut challenge = None;
        for header in headers {
            let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
            if scheme.eq_ignore_ascii_case("bearer") {
                let parameters = parameters(rest);
                let value = |name: &str| {
                    let parameter =
                        parameters.iter().find(|(parameter_name, _)| parameter_name.eq_ignore_ascii_case(name));
                    parameter.map(|(_, value)| value.clone()).unwrap_or_default()
                };
                let realm = value("realm");
                if !realm.is_empty() {
                    return Some(Self::Bearer { realm, service: value("service"), scope: value("scope") });
                }
            } else if scheme.eq_ignore_ascii_case("basic") {
                challenge = Some(Self::Basic);
            }
        }
        challenge
    }
}

/// `name="value", name=value`.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    let mut rest = text.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = value(after.trim_start());
        parameters.push((name.trim().to_owned(), value));
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    parameters
}

fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            _ => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[&str], expected: &str) {
        let got = match Challenge::read(headers.iter().copied()) {
            None => "none".to_owned(),
            Some(Challenge::Basic) => "basic".to_owned(),
            Some(Challenge::Bearer { realm, service, scope }) => format!("{realm} {service} {scope}"),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn challenges_are_read() {
        check(&[], "none");
        check(&["Negotiate"], "none");
        check(&["Basic realm=\"x\""], "basic");
        check(&["basic"], "basic");
        check(
            &["Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:a/b:pull,push\""],
            "https://a/t s repository:a/b:pull,push",
        );
        check(&["Basic realm=\"x\"", "bearer realm=https://a/t , service = \"s \\\"q\\\"\""], "https://a/t s \"q\" ");
        check(&["Bearer realm=\"https://a"], "https://a  ");
        check(&["Bearer"], "none");
        check(&["Bearer ="], "none");
    }
}
