//! A cache of a build: `type=gha,scope=web,mode=max`, as BuildKit reads it (docs.docker.com/build/cache/backends).

use super::place::WorkflowText;

/// A place that a build's cache is read from or written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheEntry {
    /// As it is written.
    pub text: WorkflowText,
    /// Its fields, names in small letters; a reference alone is `ref` of the type `registry`.
    fields: Vec<(String, String)>,
}

impl CacheEntry {
    /// Reads one.
    pub fn read(text: WorkflowText) -> Self {
        let bare = text.text.trim();
        let fields = if bare.contains('=') && !bare.starts_with("${{") {
            let pairs = fields(bare).into_iter().map(|field| match field.split_once('=') {
                Some((name, value)) => (name.trim().to_ascii_lowercase(), value.trim().to_owned()),
                None => (field.trim().to_ascii_lowercase(), String::new()),
            });
            pairs.collect()
        } else {
            vec![("type".to_owned(), "registry".to_owned()), ("ref".to_owned(), bare.to_owned())]
        };
        Self { text, fields }
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Its type: `gha`, `registry`, `inline`, `local`, `s3`; empty where only a run knows.
    pub fn kind(&self) -> &str {
        let kind = self.get("type").unwrap_or_default();
        if self.text.text.trim_start().starts_with("${{") || kind.contains('$') { "" } else { kind }
    }

    /// Whether a value of it is left for a run to fill in.
    pub fn is_open(&self) -> bool {
        self.text.constant().is_none()
    }

    /// Whether all that the build makes goes into it, and not the layers of the result alone.
    pub fn has_all_stages(&self) -> bool {
        self.get("mode") == Some("max")
    }
}

/// The fields of a line of CSV; commas in quotes and expressions belong to them.
pub(super) fn fields(line: &str) -> Vec<&str> {
    let (mut fields, mut start, mut quoted, mut depth) = (Vec::new(), 0, false, 0_usize);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b',' if !quoted && depth == 0 => {
                fields.push(line[start..at].trim_matches('"'));
                start = at + 1;
            }
            _ => {}
        }
    }
    fields.push(line[start..].trim_matches('"'));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;
    use crate::workflow::WorkflowPlace;

    fn read(text: &str) -> CacheEntry {
        CacheEntry::read(WorkflowText { text: text.to_owned(), place: WorkflowPlace::of(Span::at(0)) })
    }

    #[test]
    fn fields_are_read_as_buildkit_does() {
        let entry = read("type=registry,ref=a/b:cache,mode=max");
        assert_eq!((entry.kind(), entry.get("ref"), entry.has_all_stages()), ("registry", Some("a/b:cache"), true));
        assert_eq!((read("a/b:cache").kind(), read("a/b:cache").get("ref")), ("registry", Some("a/b:cache")));
        assert_eq!(
            read("type=gha,scope=${{ format('{0},{1}', a, b) }}").get("scope"),
            Some("${{ format('{0},{1}', a, b) }}")
        );
        assert_eq!(read("${{ inputs.cache }}").kind(), "");
        assert!(read("type=gha,scope=${{ matrix.a }}").is_open());
        assert_eq!(read("type=local,\"dest=a,b\"").get("dest"), Some("a,b"));
    }
}
