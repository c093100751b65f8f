//! URLs as Go's `net/url` reads them, as far as a source of COPY or ADD needs it. Knows no protocol.

use percent_encoding::percent_decode_str;

/// The parts of a URL that its readers ask for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Url {
    /// In lower case; empty when there is none.
    pub(super) scheme: String,
    /// Without its escapes.
    pub(super) path: String,
    /// As written, without `?`.
    pub(super) query: String,
    /// Without `#` and its escapes.
    pub(super) fragment: String,
}

impl Url {
    /// Reads a URL with an authority (`scheme://host/…`) or none of scheme and authority; `None` for one that Go
    /// refuses.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return None;
        }
        let (text, query) = text.split_once('?').unwrap_or((text, ""));
        let mut url = Self { query: query.to_owned(), fragment: unescape(fragment)?, ..Self::default() };
        let mut path = text;
        if let Some((scheme, rest)) = text.split_once("://") {
            let at = rest.find('/').unwrap_or(rest.len());
            is_authority(&rest[..at]).then_some(())?;
            url.scheme = scheme.to_ascii_lowercase();
            path = &rest[at..];
            is_scheme(scheme).then_some(())?;
        }
        url.path = unescape(path)?;
        Some(url)
    }
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// `user:password@host:port`
fn is_authority(text: &str) -> bool {
    let (user, host) = match text.rsplit_once('@') {
        Some((user, host)) => (user, host),
        None => ("", text),
    };
    let is_user = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
    user.bytes().all(is_user) && unescape(user).is_some() && is_host(host)
}

fn is_host(host: &str) -> bool {
    let port = match host.strip_prefix('[') {
        Some(inner) => {
            let Some((address, port)) = inner.rsplit_once(']') else { return false };
            let address = address.split("%25").next().unwrap_or(address);
            if address.parse::<core::net::Ipv6Addr>().is_err() {
                return false;
            }
            port
        }
        None => host.find(':').map_or("", |at| &host[at..]),
    };
    let is_port =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let is_name = |byte: u8| byte >= 0x80 || byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&byte);
    // A host escapes only bytes beyond ASCII, and `%` in an address's zone.
    let escapes = host.match_indices('%').all(|(at, _)| {
        let value = host.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        value.is_some_and(|value| value >= 0x80 || value == b'%')
    });
    is_port && host.bytes().all(is_name) && escapes
}

/// Replaces `%41`; `None` for a `%` without two hexadecimal digits.
pub(super) fn unescape(text: &str) -> Option<String> {
    for (at, _) in text.match_indices('%') {
        if !text.as_bytes().get(at + 1..at + 3)?.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
    }
    Some(percent_decode_str(text).decode_utf8_lossy().into_owned())
}

/// Keys with their values, in their order, and whether all could be read.
pub(super) fn query_pairs(query: &str) -> (Vec<(String, String)>, bool) {
    let mut pairs = Vec::new();
    let mut is_whole = true;
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let plain = |text: &str| if part.contains(';') { None } else { unescape(&text.replace('+', " ")) };
        match (plain(key), plain(value)) {
            (Some(key), Some(value)) => pairs.push((key, value)),
            _ => is_whole = false,
        }
    }
    (pairs, is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, &str, &str, &str)>) {
        let url = Url::parse(text);
        let parts = url.as_ref().map(|url| (&*url.scheme, &*url.path, &*url.query, &*url.fragment));
        assert_eq!(parts, expected, "{text}");
    }

    #[test]
    fn urls_have_parts() {
        check("HTTPS://h:1/a%20b?q=1#x%41", Some(("https", "/a b", "q=1", "xA")));
        check("https://u:p@[::1]:80", Some(("https", "", "", "")));
        check("github.com/a/b?x#y?z", Some(("", "github.com/a/b", "x", "y?z")));
        check("https://h/%2541%c3%A9%ff", Some(("https", "/%41é\u{fffd}", "", "")));
        check("https:///p", Some(("https", "/p", "", "")));
    }

    #[test]
    fn patterns_that_go_rejects_are_errors() {
        for text in [
            "https://h:x/",
            "https://[::1/p",
            "https://a b/",
            "https://h/%zz",
            "https://h/#%",
            "https://h/%",
            "https://h/%4",
            "https://h/%+f",
            "https://h/%%41",
            "https://h/%é",
            "https://h/\n",
            "https://%41/",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn queries_are_split() {
        let (pairs, is_whole) = query_pairs("a=1+2&&b&c;d=1&%zz");
        assert_eq!(pairs, [("a".to_owned(), "1 2".to_owned()), ("b".to_owned(), String::new())]);
        assert!(!is_whole);
    }
}
