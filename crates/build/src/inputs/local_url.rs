//! The URLs in the text of a check that mean the container itself.

/// A URL of the container itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalUrl<'t> {
    /// Whether it asks over TLS.
    pub is_https: bool,
    /// The port; `None` where a variable names it.
    pub port: Option<u16>,
    /// The path from its first `/` on, without what is behind `?`; empty where there is none.
    pub path: &'t str,
}

/// The URLs in a text whose host is the container itself, in their order.
pub fn local_urls(text: &str) -> impl Iterator<Item = LocalUrl<'_>> {
    const SEPARATOR: &str = "://";
    text.match_indices(SEPARATOR).filter_map(move |(at, _)| {
        let rest = &text[at + SEPARATOR.len()..];
        let is_end = |c: char| c.is_whitespace() || "'\"`?#);|,\\".contains(c);
        let url = rest.split(is_end).next().unwrap_or_default();
        let (authority, path) = url.split_at(url.find('/').unwrap_or(url.len()));
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        let is_https = text[..at].ends_with("https");
        let usual = if is_https { 443 } else { 80 };
        let port = if port.is_empty() { Some(usual) } else { port.parse().ok() };
        ["localhost", "127.0.0.1", "0.0.0.0"].contains(&host).then_some(LocalUrl { is_https, port, path })
    })
}
