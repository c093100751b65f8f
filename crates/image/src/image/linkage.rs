//! How programs and libraries are linked (ELF), and where the loader looks (`ld.so.conf`). Read from files' contents
//! while they stream by; nothing is executed.

use crate::image::entry::Mode;

/// The largest program that is kept until its end; of larger ones nothing is told.
const LARGEST: u64 = 96 << 20;

/// The largest configuration of the loader.
const CONFIGURATION: u64 = 64 << 10;

/// Names of one program at most; `libreoffice` has 60.
const NAMES: usize = 1000;

/// The longest name, in bytes.
const LONGEST: usize = 4096;

/// What one file tells of linkage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkageFact {
    /// A program or library that is linked at run time.
    Linked(LoaderRequests),
    /// Folders that `ld.so.conf`, or a file beside it, names.
    Folders(Vec<String>),
}

/// What a program or library asks the loader for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoaderRequests {
    /// `DT_NEEDED`: names of libraries.
    pub needed: Vec<String>,
    /// `DT_RUNPATH`, else `DT_RPATH`: folders, `$ORIGIN` not replaced.
    pub folders: Vec<String>,
    /// The loader (`PT_INTERP`); libraries have none.
    pub loader: Option<String>,
}

impl LinkageFact {
    /// About how many bytes it takes.
    pub fn heap(&self) -> usize {
        let sum = |texts: &[String]| texts.iter().map(|text| text.len() + size_of::<String>()).sum::<usize>();
        match self {
            Self::Linked(link) => sum(&link.needed) + sum(&link.folders) + link.loader.as_ref().map_or(0, String::len),
            Self::Folders(folders) => sum(folders),
        }
    }
}

/// Keeps a file that may tell something.
#[derive(Debug)]
pub struct Watcher {
    bytes: Vec<u8>,
    kind: LinkageKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LinkageKind {
    Program,
    Configuration,
    Nothing,
}

impl Watcher {
    /// Looks at a file, by its path without a leading slash, permissions and size; `None` when it tells nothing.
    pub fn new(path: &[u8], mode: Mode, size: u64) -> Option<Self> {
        let configuration =
            path == b"etc/ld.so.conf" || path.starts_with(b"etc/ld.so.conf.d/") || path.starts_with(b"etc/ld-musl-");
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
        let library =
            || name.ends_with(b".so") || memchr::memmem::find(name, b".so.").is_some() || name.ends_with(b".node");
        let kind = match () {
            () if configuration && size <= CONFIGURATION => LinkageKind::Configuration,
            () if (mode.is_executable() || library()) && (64..=LARGEST).contains(&size) => LinkageKind::Program,
            () => return None,
        };
        Some(Self { bytes: Vec::new(), kind })
    }

    /// Takes the next piece.
    pub fn take(&mut self, piece: &[u8]) {
        if self.kind == LinkageKind::Program && self.bytes.len() < 4 && self.bytes.len() + piece.len() >= 4 {
            let start: Vec<u8> = self.bytes.iter().chain(piece).take(4).copied().collect();
            if start != b"\x7fELF" {
                (self.kind, self.bytes) = (LinkageKind::Nothing, Vec::new());
            }
        }
        if self.kind != LinkageKind::Nothing {
            self.bytes.extend_from_slice(piece);
        }
    }

    /// What the whole file tells.
    pub fn finish(self) -> Option<LinkageFact> {
        match self.kind {
            LinkageKind::Program => linked(&self.bytes).map(LinkageFact::Linked),
            LinkageKind::Configuration => Some(LinkageFact::Folders(folders(&self.bytes))),
            LinkageKind::Nothing => None,
        }
    }
}

fn folders(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| line.starts_with('/')).take(NAMES).map(str::to_owned).collect()
}

/// Numbers of a program as its header says: 32 or 64 bits, which end first.
#[derive(Clone, Copy)]
struct Numbers<'a> {
    bytes: &'a [u8],
    wide: bool,
    little: bool,
}

impl Numbers<'_> {
    fn at(&self, offset: usize, length: usize) -> Option<u64> {
        let bytes = self.bytes.get(offset..offset.checked_add(length)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    }

    /// A number of the size of an address.
    fn word(&self, offset: usize) -> Option<u64> {
        self.at(offset, self.width())
    }

    const fn width(&self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    fn text(&self, offset: u64) -> Option<String> {
        let bytes = self.bytes.get(usize::try_from(offset).ok()?..)?;
        let end = memchr::memchr(0, &bytes[..bytes.len().min(LONGEST)])?;
        Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }
}

/// A part of the file (program header): type, offset, address, bytes.
struct Segment {
    kind: u64,
    offset: u64,
    address: u64,
    bytes: u64,
}

/// What an ELF file asks for; `None` where it is none, is linked at build time, or lies.
fn linked(bytes: &[u8]) -> Option<LoaderRequests> {
    let numbers = Numbers { bytes, wide: *bytes.get(4)? == 2, little: *bytes.get(5)? == 1 };
    let segments = segments(&numbers)?;
    let dynamic = segments.iter().find(|segment| segment.kind == 2)?;
    let width = numbers.width();
    let start = usize::try_from(dynamic.offset).ok()?;
    let count = usize::try_from(dynamic.bytes).ok()?.min(bytes.len()) / (2 * width);
    let pair =
        |index: usize| Some((numbers.word(start + 2 * index * width)?, numbers.word(start + (2 * index + 1) * width)?));
    let pairs: Vec<(u64, u64)> = (0..count).map_while(pair).take_while(|(tag, _)| *tag != 0).collect();
    let names = pairs.iter().find(|(tag, _)| *tag == 5)?.1;
    let holder = segments
        .iter()
        .find(|segment| segment.kind == 1 && segment.address <= names && names - segment.address < segment.bytes)?;
    let names = names - holder.address + holder.offset;
    let text = |value: u64| numbers.text(names.checked_add(value)?);
    let of = |wanted: u64| pairs.iter().filter(move |(tag, _)| *tag == wanted).map(|(_, value)| *value);
    let paths = of(29).next().or_else(|| of(15).next()).and_then(text).unwrap_or_default();
    let loader = segments.iter().find(|segment| segment.kind == 3).and_then(|segment| numbers.text(segment.offset));
    Some(LoaderRequests {
        needed: of(1).take(NAMES).filter_map(text).collect(),
        folders: paths.split(':').filter(|path| !path.is_empty()).take(NAMES).map(str::to_owned).collect(),
        loader,
    })
}

fn segments(numbers: &Numbers<'_>) -> Option<Vec<Segment>> {
    let (offset, size, count) = if numbers.wide {
        (numbers.at(32, 8)?, numbers.at(54, 2)?, numbers.at(56, 2)?)
    } else {
        (numbers.at(28, 4)?, numbers.at(42, 2)?, numbers.at(44, 2)?)
    };
    let segment = |index: u64| {
        let at = usize::try_from(offset.checked_add(index * size)?).ok()?;
        let [file, address, bytes] = if numbers.wide { [8, 16, 32] } else { [4, 8, 16] };
        Some(Segment {
            kind: numbers.at(at, 4)?,
            offset: numbers.word(at.checked_add(file)?)?,
            address: numbers.word(at.checked_add(address)?)?,
            bytes: numbers.word(at.checked_add(bytes)?)?,
        })
    };
    Some((0..count).map_while(segment).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact_of_file(path: &str, bytes: &[u8]) -> Option<LinkageFact> {
        let mut watcher = Watcher::new(path.as_bytes(), Mode(0o755), bytes.len() as u64)?;
        bytes.chunks(3).for_each(|piece| watcher.take(piece));
        watcher.finish()
    }

    /// A library that needs `libx.so.1` and looks beside itself.
    fn library() -> Vec<u8> {
        let mut bytes = vec![0; 64 + 2 * 56];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        let mut put = |at: usize, value: u64, length: usize| {
            bytes[at..at + length].copy_from_slice(&value.to_le_bytes()[..length]);
        };
        put(32, 64, 8);
        put(54, 56, 2);
        put(56, 2, 2);
        // Everything is loaded at 0x1000; the dynamic section follows the headers, its names follow that.
        let dynamic = 64 + 2 * 56_u64;
        put(64, 1, 4);
        put(64 + 16, 0x1000, 8);
        put(64 + 32, 4096, 8);
        put(120, 2, 4);
        put(120 + 8, dynamic, 8);
        put(120 + 32, 64, 8);
        let names = dynamic + 64;
        for (tag, value) in [(1, 1), (5, 0x1000 + names), (29, 11), (0_u64, 0_u64)] {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(b"\0libx.so.1\0$ORIGIN/../lib:/opt/lib\0");
        bytes
    }

    #[test]
    fn a_library_tells_what_it_needs() {
        let Some(LinkageFact::Linked(linked)) = fact_of_file("usr/lib/libapp.so", &library()) else {
            panic!("it tells nothing")
        };
        assert_eq!(linked.needed, ["libx.so.1"]);
        assert_eq!(linked.folders, ["$ORIGIN/../lib", "/opt/lib"]);
        assert_eq!(linked.loader, None);
    }

    #[test]
    fn lies_do_no_harm() {
        let whole = library();
        for end in 0..whole.len() {
            let _ = linked(&whole[..end]);
        }
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 0xff;
            let _ = linked(&bent);
        }
        assert_eq!(fact_of_file("bin/x", &[b'#'; 100]), None);
        assert_eq!(fact_of_file("bin/x", b"\x7fELF"), None);
    }

    #[test]
    fn the_loaders_folders_are_read() {
        let text = b"# libc default configuration\n/usr/local/lib\ninclude /etc/ld.so.conf.d/*.conf\n";
        assert_eq!(
            fact_of_file("etc/ld.so.conf.d/libc.conf", text),
            Some(LinkageFact::Folders(vec!["/usr/local/lib".into()]))
        );
    }
}
