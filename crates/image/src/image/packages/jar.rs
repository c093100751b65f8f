//! Jars: what local headers of a ZIP file tell while it streams by. Jars in a jar are stored as they are by most tools,
//! so that their own headers are seen as well.

use flate2::Decompress;
use memchr::memmem;

use super::fact::{PackageFactKind, ProgramFact, word};
use super::program::inflate;
use super::result::{BundledModule, Ecosystem};
use super::stream::StreamSearch;

/// A local header (APPNOTE.TXT 4.3.7): its mark, its length without name and extra field.
const MARK: &[u8] = b"PK\x03\x04";
const HEADER: usize = 30;

/// The longest name that counts, and the longest file that is read, compressed.
const NAME: usize = 512;
const FILE: usize = 4 << 10;

/// The most parts that one jar may have.
const PARTS: usize = 20_000;

/// Finds what a jar tells of itself.
#[derive(Debug)]
pub(super) struct Lists {
    /// The file's name without its ending.
    stem: Box<[u8]>,
    started: bool,
    done: bool,
    /// Title and version of the first manifest.
    manifest: Option<(Box<str>, Box<str>)>,
    /// Group, artefact and version of Maven's properties, in order.
    maven: Vec<[Box<str>; 3]>,
    /// Names of jars inside.
    inside: Vec<BundledModule>,
}

impl StreamSearch for Lists {
    const AHEAD: usize = HEADER + 2 * NAME + FILE;

    fn look(&mut self, window: &[u8], last: bool) -> usize {
        if !self.started && (window.len() >= MARK.len() || last) {
            self.started = true;
            self.done = !window.starts_with(MARK);
        }
        let until = if last { window.len() } else { window.len().saturating_sub(Self::AHEAD) };
        for at in memmem::find_iter(window, MARK).take_while(|&at| at < until) {
            self.header(&window[at..]);
        }
        until
    }

    fn is_done(&self) -> bool {
        self.done
    }
}

impl Lists {
    /// For a jar at a path.
    pub(super) fn new(path: &[u8]) -> Self {
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let (stem, manifest, maven, inside) = (stem(name).into(), None, Vec::new(), Vec::new());
        Self { stem, started: false, done: false, manifest, maven, inside }
    }

    /// Looks at a local header and the file after it.
    fn header(&mut self, bytes: &[u8]) -> Option<()> {
        let number = |at: usize| Some(usize::from(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?)));
        let (method, name, extra) = (number(8)?, number(26)?, number(28)?);
        if name > NAME || extra > NAME {
            return None;
        }
        let (name, rest) = bytes.get(HEADER..)?.split_at_checked(name)?;
        let file = rest.get(extra..)?;
        let stored = u32::from_le_bytes(*bytes.get(18..)?.first_chunk()?) as usize;
        let text = || {
            let mut text = Vec::new();
            match method {
                0 => text.extend_from_slice(&file[..stored.min(FILE).min(file.len())]),
                8 => drop(inflate(&mut Decompress::new(false), &file[..file.len().min(FILE)], &mut text)),
                _ => {}
            }
            text
        };
        if name == b"META-INF/MANIFEST.MF" && self.manifest.is_none() {
            let text = text();
            let value = |keys: [&[u8]; 2]| keys.iter().find_map(|key| field(&text, key)).unwrap_or_default();
            self.manifest = Some((
                value([b"Implementation-Title: ", b"Bundle-SymbolicName: "]),
                value([b"Implementation-Version: ", b"Bundle-Version: "]),
            ));
        } else if name.starts_with(b"META-INF/maven/") && name.ends_with(b"/pom.properties") && self.maven.len() < PARTS
        {
            let text = text();
            let [group, artefact, version] =
                [&b"groupId="[..], b"artifactId=", b"version="].map(|key| field(&text, key).unwrap_or_default());
            if !artefact.is_empty() {
                self.maven.push([group, artefact, version]);
            }
        } else if name.ends_with(b".jar") && self.inside.len() < PARTS {
            let (name, version) = split(stem(name.rsplit(|&byte| byte == b'/').next()?));
            self.inside.push(BundledModule { name: word(name), version: word(version) });
        }
        Some(())
    }

    /// What the jar tells.
    pub(super) fn into_facts(self) -> Option<PackageFactKind> {
        if self.done || !self.started {
            return None;
        }
        let (name, version) = split(&self.stem);
        // Its own properties: those whose artefact the file is called after, not those of what it has inside.
        let index = self.maven.iter().position(|[_, artefact, _]| artefact.as_bytes() == name);
        let own_index = index.or((self.maven.len() == 1 && self.inside.is_empty()).then_some(0));
        let (title, written) = self.manifest.unwrap_or_default();
        let (name, version) = match own_index.map(|index| &self.maven[index]) {
            Some([group, artefact, version]) => (join_coordinates(group, artefact), version.clone()),
            None if !name.is_empty() && !version.is_empty() => (word(name), word(version)),
            None if !name.is_empty() => (word(name), written),
            None => (title, written),
        };
        let others = self.maven.iter().enumerate().filter(|(index, _)| Some(*index) != own_index);
        let mut parts: Vec<BundledModule> = others
            .map(|(_, [group, artefact, version])| BundledModule {
                name: join_coordinates(group, artefact),
                version: version.clone(),
            })
            .collect();
        // A jar that carries its properties is named by them.
        let named: hashbrown::HashSet<(&str, &str)> =
            self.maven.iter().map(|[_, artefact, version]| (&**artefact, &**version)).collect();
        parts.extend(self.inside.into_iter().filter(|part| !named.contains(&(&*part.name, &*part.version))));
        parts.sort();
        parts.dedup();
        Some(PackageFactKind::Program(Box::new(ProgramFact {
            ecosystem: Ecosystem::Java,
            name,
            version,
            parts: parts.into(),
        })))
    }
}

fn join_coordinates(group: &str, artefact: &str) -> Box<str> {
    if group.is_empty() { artefact.into() } else { format!("{group}:{artefact}").into() }
}

/// The rest of the line that begins with a key.
fn field(text: &[u8], key: &[u8]) -> Option<Box<str>> {
    text.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(key)).map(|rest| {
        let end = rest.iter().position(|&byte| byte == b';').unwrap_or(rest.len());
        word(&rest[..end])
    })
}

fn stem(name: &[u8]) -> &[u8] {
    name.iter().rposition(|&byte| byte == b'.').map_or(name, |dot| &name[..dot])
}

/// `name-1.2.3` as Maven names files: the version begins after the first dash before a digit.
fn split(stem: &[u8]) -> (&[u8], &[u8]) {
    let dash = stem.windows(2).position(|pair| pair[0] == b'-' && pair[1].is_ascii_digit());
    dash.map_or((stem, &b""[..]), |dash| (&stem[..dash], &stem[dash + 1..]))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::image::packages::stream::Stream;

    fn member(name: &str, contents: &[u8], compress: bool) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(contents).unwrap();
        let body = if compress { encoder.finish().unwrap() } else { contents.to_vec() };
        // Sizes of compressed members stand after them, as the jar tool writes it.
        let size = if compress { 0 } else { body.len() as u32 };
        let mut bytes = [MARK, &[20, 0, 8, 0, if compress { 8 } else { 0 }, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
        bytes.extend([size.to_le_bytes(), size.to_le_bytes()].concat());
        bytes.extend([(name.len() as u16).to_le_bytes(), [0, 0]].concat());
        [&bytes, name.as_bytes(), &body].concat()
    }

    #[track_caller]
    fn check(path: &str, jar: &[u8], expected: &str) {
        for piece in [1, 1000, 1 << 20] {
            let mut stream = Stream::new(Lists::new(path.as_bytes()));
            jar.chunks(piece).for_each(|piece| stream.take(piece));
            let Some(PackageFactKind::Program(program)) = stream.finish().into_facts() else { panic!() };
            let parts: Vec<String> =
                program.parts.iter().map(|part| format!("{} {}", part.name, part.version)).collect();
            assert_eq!(format!("{} {}: {}", program.name, program.version, parts.join(", ")), expected, "{piece}");
        }
    }

    #[test]
    fn a_jar_names_itself_and_what_is_inside() {
        let manifest = member("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\nImplementation-Version: 7\r\n", true);
        let properties = |group: &str, name: &str, version: &str| {
            let text = format!("version={version}\ngroupId={group}\nartifactId={name}\n");
            member(&format!("META-INF/maven/{group}/{name}/pom.properties"), text.as_bytes(), true)
        };
        check("app.jar", &manifest, "app 7: ");
        check("x/y-core-1.2.jar", &manifest, "y-core 1.2: ");
        let nested = properties("org.z", "z", "3");
        let fat = [
            manifest,
            properties("com.x", "app", "1.0"),
            member("BOOT-INF/lib/z-3.jar", &nested, false),
            member("BOOT-INF/lib/w-2.0.jar", &vec![0; 20_000], false),
        ];
        check("app.jar", &fat.concat(), "com.x:app 1.0: org.z:z 3, w 2.0");
    }
}
