//! One entry of `volumes`, short or long.

use crate::yaml::YamlNode;

/// A mount of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The volume or the host's path, as written.
    pub source: Option<String>,
    /// The path in the container.
    pub target: String,
    /// Whether it is a folder or file of the host.
    pub is_bound: bool,
    /// Whether the container may only read it.
    pub is_read_only: bool,
}

impl Mount {
    /// The mount that an entry says.
    pub fn of(item: YamlNode) -> Option<Self> {
        if let Some(short) = item.text() {
            let parts = outside_braces(short);
            let (source, target) = match parts[..] {
                [target] => (None, target),
                [source, target, ..] => (Some(source), target),
                [] => return None,
            };
            let is_read_only = parts.get(2).is_some_and(|mode| mode.split(',').any(|option| option == "ro"));
            let is_bound = source.is_some_and(|source| source.starts_with(['.', '/', '~', '$']));
            return Some(Self { source: source.map(str::to_owned), target: target.to_owned(), is_bound, is_read_only });
        }
        let text = |key: &str| item.get(key).and_then(YamlNode::text);
        let is_read_only = text("read_only").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let source = text("source").map(str::to_owned);
        Some(Self { source, target: text("target")?.to_owned(), is_bound: text("type") == Some("bind"), is_read_only })
    }
}

/// The parts between colons, those inside of `${…}` left alone.
fn outside_braces(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_u32);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_write_a_mount_are_read() {
        let check = |line: &str, expected: Option<(Option<&str>, &str, bool, bool)>| {
            let tree = crate::yaml::read(line);
            let mount = tree.documents().next().and_then(Mount::of);
            let text = mount
                .as_ref()
                .map(|mount| (mount.source.as_deref(), &*mount.target, mount.is_bound, mount.is_read_only));
            assert_eq!(text, expected, "{line}");
        };
        check("data:/data\n", Some((Some("data"), "/data", false, false)));
        check("./a:/a:ro\n", Some((Some("./a"), "/a", true, true)));
        check("${DIR:-./a}:/a:rw,z\n", Some((Some("${DIR:-./a}"), "/a", true, false)));
        check("/cache\n", Some((None, "/cache", false, false)));
        check("{type: bind, source: ./x, target: /x, read_only: true}\n", Some((Some("./x"), "/x", true, true)));
        check("{type: volume, source: x, target: /x}\n", Some((Some("x"), "/x", false, false)));
        check("{type: tmpfs}\n", None);
    }
}
