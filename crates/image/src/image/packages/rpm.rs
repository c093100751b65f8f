//! What rpm and the managers above it write down.

mod header;
mod sqlite;

use std::collections::BTreeMap;

use serde::Deserialize;

use self::header::package;
use self::sqlite::{Cell, Database};
use super::fact::{JsonText, NameHash, PackageFactKind};

/// `rpmdb.sqlite`: a table `Packages` of numbers and headers.
pub(super) fn sqlite(bytes: &[u8]) -> PackageFactKind {
    let Some(database) = Database::new(bytes) else {
        return PackageFactKind::Unread("is not a SQLite database; its packages are unknown");
    };
    let mut records = Vec::new();
    let read = database.rows("Packages", |cells| {
        if let Some(Cell::Bytes(blob)) = cells.get(1) {
            records.extend(package(blob));
        }
    });
    if read {
        PackageFactKind::Database(records.into())
    } else {
        PackageFactKind::Unread("has no table of packages, or is damaged")
    }
}

/// Of an ndb file: a page, a slot, the unit of blobs.
const PAGE: usize = 4096;
const SLOT: usize = 16;

/// `Packages.db` (rpm's `lib/backend/ndb/rpmpkg.c`): slots that point at blobs, each in units of 16 bytes.
pub(super) fn ndb(bytes: &[u8]) -> PackageFactKind {
    let number = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?) as usize);
    let (true, Some(0), Some(pages)) = (bytes.starts_with(b"RpmP"), number(4), number(12)) else {
        return PackageFactKind::Unread("is not an ndb database of a supported version; its packages are unknown");
    };
    let mut records = Vec::new();
    // Every blob is read once: slots of a hostile file may all point at the same one.
    let mut budget = bytes.len();
    // The header takes the room of two slots.
    for slot in bytes[..pages.saturating_mul(PAGE).min(bytes.len())].chunks_exact(SLOT).skip(2) {
        let field = |at: usize| u32::from_le_bytes([slot[at], slot[at + 1], slot[at + 2], slot[at + 3]]) as usize;
        if !slot.starts_with(b"Slot") || field(4) == 0 {
            continue;
        }
        let at = field(8).saturating_mul(SLOT);
        let blob = bytes.get(at..).filter(|blob| blob.starts_with(b"BlbS")).and_then(|blob| {
            let length = u32::from_le_bytes(*blob.get(12..)?.first_chunk()?) as usize;
            blob.get(16..)?.get(..length)
        });
        if let Some(blob) = blob.filter(|blob| blob.len() <= budget) {
            budget -= blob.len();
            records.extend(package(blob));
        }
    }
    PackageFactKind::Database(records.into())
}

/// `var/lib/zypp/AutoInstalled`: names of packages that nobody named.
pub(super) fn zypp_automatic(bytes: &[u8]) -> PackageFactKind {
    let lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    PackageFactKind::Names(lines.filter(|line| !line.is_empty() && line[0] != b'#').map(NameHash::of).collect())
}

/// `packages.toml` of dnf 5: `"name.arch" = {reason = "User"}` below `[packages]`. The answer has the names that nobody
/// asked for, with their architectures.
pub(super) fn dnf_packages(bytes: &[u8]) -> Option<PackageFactKind> {
    #[derive(Deserialize)]
    struct RpmFile {
        #[serde(default)]
        packages: BTreeMap<String, Reason>,
    }
    #[derive(Deserialize)]
    struct Reason {
        #[serde(default)]
        reason: JsonText,
    }
    let file: RpmFile = toml::from_str(std::str::from_utf8(bytes).ok()?).ok()?;
    let automatic =
        file.packages.iter().filter(|(_, reason)| matches!(&*reason.reason.0, "Dependency" | "Weak Dependency"));
    Some(PackageFactKind::Names(automatic.map(|(name, _)| identity(name)).collect()))
}

fn identity(name: &str) -> NameHash {
    let (bare, architecture) = name.rsplit_once('.').unwrap_or((name, ""));
    NameHash::of(bare.as_bytes()).union(NameHash::of(architecture.as_bytes()))
}

/// `history.sqlite` of dnf 4: the newest reason of each package, 1 for a dependency and 4 for a weak one (libdnf's
/// `TransactionItemReason`).
pub(super) fn dnf_history(bytes: &[u8]) -> Option<PackageFactKind> {
    let database = Database::new(bytes)?;
    let mut packages = BTreeMap::new();
    database.rows("rpm", |cells| {
        if let [Cell::Number(item), Cell::Bytes(name), rest @ ..] = cells
            && let Some(Cell::Bytes(architecture)) = rest.get(3)
        {
            packages.insert(*item, NameHash::of(name).union(NameHash::of(architecture)));
        }
    });
    let mut reasons = BTreeMap::new();
    database.rows("trans_item", |cells| {
        if let (Some(Cell::Number(item)), Some(Cell::Number(reason))) = (cells.get(2), cells.get(5))
            && let Some(name) = packages.get(item)
        {
            reasons.insert(*name, *reason);
        }
    });
    let automatic = reasons.into_iter().filter(|(_, reason)| matches!(reason, 1 | 4)).map(|(name, _)| name);
    Some(PackageFactKind::Names(automatic.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQLITE: &[u8] = include_bytes!("../../../../../tests/vectors/packages/rpmdb.sqlite");
    const NDB: &[u8] = include_bytes!("../../../../../tests/vectors/packages/Packages.db");

    #[track_caller]
    fn check(fact: &PackageFactKind) {
        let PackageFactKind::Database(records) = fact else { panic!("{fact:?}") };
        let mut texts: Vec<String> =
            records.iter().map(|record| format!("{} {}", record.name, record.version)).collect();
        texts.sort();
        assert_eq!(texts, ["app 1.2-1", "helper 2:0.3-1", "tool 7-1"]);
        let app = records.iter().find(|record| &*record.name == "app").unwrap();
        assert!(app.needs.iter().any(|need| need.name == NameHash::of(b"helper")));
        assert!(app.provides.contains(&NameHash::of(b"app")) && !app.needs_files.is_empty());
        let mut paths = crate::image::path::Paths::default();
        let known = [&b"usr/bin/app"[..], b"usr/share/app/data"].map(|path| paths.intern(path).unwrap());
        let mut walked = Vec::new();
        let step = |at, name: &[u8]| paths.child(at, name);
        app.files.walk(crate::image::PathId::ROOT, &paths, step, |path| walked.push(path));
        assert_eq!(walked, known);
    }

    #[test]
    fn both_databases_are_read() {
        check(&sqlite(SQLITE));
        check(&ndb(NDB));
    }

    #[test]
    fn tables_have_inner_pages() {
        let mut rows = 0;
        let read = Database::new(SQLITE).unwrap().rows("numbers", |cells| {
            rows += 1;
            let [Cell::Number(id), Cell::Bytes(text), Cell::Number(long)] = cells else { panic!("{cells:?}") };
            assert_eq!((*id, *text), (3 * rows, format!("row {rows}").as_bytes()));
            assert_eq!(*long, if rows % 2 == 1 { -rows } else { rows << 40 });
        });
        assert!(read && rows == 400);
        assert!(!Database::new(SQLITE).unwrap().rows("none", |_| {}));
    }

    #[test]
    fn lies_do_no_harm() {
        for (whole, read) in [(SQLITE, sqlite as fn(&[u8]) -> PackageFactKind), (NDB, ndb)] {
            for at in (0..whole.len()).step_by(7) {
                let mut changed = whole.to_vec();
                changed[at] ^= 1 << (at % 8);
                changed[at / 2] = changed[at];
                let _ = read(&changed);
                let _ = read(&whole[..at]);
            }
        }
    }

    #[test]
    fn reasons_are_read() {
        let toml = b"version = \"1.0\"\n[packages]\n\"a.noarch\" = {reason = \"User\"}\n\"b.x86_64\" = {reason = \"Dependency\"}\n";
        assert_eq!(dnf_packages(toml), Some(PackageFactKind::Names([identity("b.x86_64")].into())));
        assert_eq!(zypp_automatic(b"# made by zypp\nb\n"), PackageFactKind::Names([NameHash::of(b"b")].into()));
    }
}
