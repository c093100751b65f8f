//! What `RubyGems` and Bundler write down.

use super::fact::{NameHash, Need, PackageFactKind, Record, word};

/// `specifications/*.gemspec`, as `RubyGems` writes it.
pub(super) fn gemspec(bytes: &[u8]) -> Option<PackageFactKind> {
    let mut record = Record::default();
    let mut needs = Vec::new();
    for line in bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
        let after = |what: &[u8]| memchr::memmem::find(line, what).map(|at| &line[at + what.len()..]);
        if let Some(rest) = line.strip_prefix(b"s.name = ").and_then(quoted) {
            record.name = word(rest);
        } else if let Some(rest) = line.strip_prefix(b"s.version = ").and_then(quoted) {
            record.version = word(rest);
        } else if let Some(rest) = after(b"add_runtime_dependency(%q<").or_else(|| after(b"add_dependency(%q<")) {
            needs.extend(rest.split(|&byte| byte == b'>').next().map(Need::of));
        }
    }
    // `s.specification_version` guards write each dependency twice.
    needs.dedup();
    record.needs = needs.into();
    (!record.name.is_empty()).then(|| PackageFactKind::Metadata(Box::new(record)))
}

/// What stands in the first quotes.
fn quoted(text: &[u8]) -> Option<&[u8]> {
    text.split(|byte| matches!(byte, b'"' | b'\'')).nth(1)
}

/// `Gemfile.lock`: the names below `DEPENDENCIES`.
pub(super) fn lock(bytes: &[u8]) -> PackageFactKind {
    let lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let direct_lines =
        lines.skip_while(|line| *line != b"DEPENDENCIES").skip(1).take_while(|line| line.starts_with(b"  "));
    PackageFactKind::Names(direct_lines.map(|line| NameHash::of(name(line.trim_ascii_start()))).collect())
}

fn name(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| matches!(byte, b' ' | b'!' | b'(')).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gemspecs_are_read() {
        let text = b"# -*- encoding: utf-8 -*-\n# stub: rack 3.1 ruby lib\nGem::Specification.new do |s|\n  s.name = \"rackup\".freeze\n\
            s.version = \"2.1.0\".freeze\n  s.add_runtime_dependency(%q<rack>.freeze, [\">= 3\".freeze])\n\
            s.add_development_dependency(%q<rake>.freeze, [\">= 0\"])\nend\n";
        let Some(PackageFactKind::Metadata(record)) = gemspec(text) else { panic!() };
        assert_eq!((&*record.name, &*record.version), ("rackup", "2.1.0"));
        assert_eq!(*record.needs, [Need::of(b"rack")]);
        let lock_text =
            lock(b"GEM\n  specs:\n    a (1)\n\nDEPENDENCIES\n  rack (~> 3)\n  own!\n\nBUNDLED WITH\n   2.5\n");
        assert_eq!(lock_text, PackageFactKind::Names([NameHash::of(b"rack"), NameHash::of(b"own")].into()));
    }
}
