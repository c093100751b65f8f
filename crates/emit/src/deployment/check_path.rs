//! The paths that health checks ask.

/// The paths of the addresses in a text: `/health` of `curl -f http://localhost:8000/health`.
pub fn check_paths(text: &str) -> Vec<String> {
    let is_host = |c: char| !c.is_whitespace() && !"\"'\\/".contains(c);
    let is_path = |c: char| c.is_ascii_alphanumeric() || "_./~%-".contains(c);
    let starts = ["http://", "https://"]
        .into_iter()
        .flat_map(|scheme| text.match_indices(scheme).map(move |(at, _)| at + scheme.len()));
    let mut starts: Vec<usize> = starts.collect();
    starts.sort_unstable();
    let path = |start: usize| {
        let rest = &text[start..];
        let host = rest.find(|c| !is_host(c)).unwrap_or(rest.len());
        let path = rest[host..].strip_prefix('/').filter(|_| host > 0)?;
        let end = path.find(|c| !is_path(c)).unwrap_or(path.len());
        Some(format!("/{}", &path[..end]))
    };
    starts.into_iter().filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_behind_hosts() {
        let text = r#"["CMD", "sh", "-c", "curl http://a:1/health?x=1 || wget 'https://b/' -O- ; curl http://c"]"#;
        assert_eq!(check_paths(text), ["/health", "/"]);
        assert_eq!(check_paths("http:///x https://ä/é"), ["/"]);
    }
}
