//! The truth of the zoo, held against the engine: what it loads and exports is what the model says, and what it refuses is
//! marked so. Nothing of the program runs here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;

use sha2::{Digest, Sha256};

use super::Engine;
use crate::image::zoo::model::{Model, clean};
use crate::image::zoo::{self, Case, Input, Zoo};
use crate::tier::cases;

/// What every container has.
const OWN: [&str; 12] = [
    ".dockerenv",
    "dev",
    "dev/console",
    "dev/pts",
    "dev/shm",
    "etc",
    "etc/hostname",
    "etc/hosts",
    "etc/mtab",
    "etc/resolv.conf",
    "proc",
    "sys",
];

/// Archives that are always loaded.
const ALWAYS: usize = 24;

#[test]
fn the_engine_makes_of_the_zoo_what_its_maker_says() {
    let Some(engine) = Engine::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    let only = std::env::var("DOCKOPT_CASE").ok();
    let zoo = Zoo::all();
    let all: Vec<&Case> = zoo.0.iter().collect();
    let some = if only.is_some() { all } else { cases(all, ALWAYS) };
    let (mut wrong, mut tried, mut loaded) = (Vec::new(), 0, 0);
    for case in some.into_iter().filter(|case| only.as_deref().is_none_or(|only| case.name == only)) {
        let Input::Archive(bytes) = &case.input else { continue };
        if case.engine == zoo::Engine::Unasked {
            continue;
        }
        let path = folder.path().join("image.tar");
        fs::write(&path, bytes).unwrap();
        tried += 1;
        let outcome = load(&engine, path.to_str().unwrap(), case);
        loaded += usize::from(outcome.is_ok());
        let answer = match &outcome {
            Err(_) => zoo::Engine::Refuses,
            Ok(differences) if differences.is_empty() => zoo::Engine::Loads,
            Ok(_) => zoo::Engine::Differs,
        };
        // An engine that is asked for less may take what is damaged where it does not look.
        if answer != case.engine && !(case.fails && outcome.is_ok()) {
            wrong.push(format!("{}: {:?} expected, but {answer:?}: {outcome:?}", case.name, case.engine));
        }
    }
    writeln!(std::io::stdout(), "{tried} archives of the zoo: the engine loads {loaded}").unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the exported tree differs from the model's; the engine's error when it does not load.
fn load(engine: &Engine, path: &str, case: &Case) -> Result<Vec<String>, String> {
    let output = engine.run(&["load", "--input", path]);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let image =
        stdout.lines().find_map(|line| line.strip_prefix("Loaded image: ").or(line.strip_prefix("Loaded image ID: ")));
    let Some(image) = image.filter(|_| output.status.success()) else {
        return Err(format!("{stdout}{}", String::from_utf8_lossy(&output.stderr)).trim().to_owned());
    };
    let result = exported(engine, image, case);
    engine.run(&["image", "rm", "--force", image]);
    result
}

fn exported(engine: &Engine, image: &str, case: &Case) -> Result<Vec<String>, String> {
    let created = engine.run(&["create", "--network", "none", image, "x"]);
    let container = String::from_utf8_lossy(&created.stdout).trim().to_owned();
    if !created.status.success() {
        return Err(String::from_utf8_lossy(&created.stderr).trim().to_owned());
    }
    let tar = engine.run(&["export", &container]).stdout;
    engine.run(&["rm", "--force", &container]);
    let model = case.images.first().and_then(|image| image.model.as_ref());
    Ok(model.map_or_else(Vec::new, |model| compare(model, &read(&tar))))
}

/// A member as the engine exports it.
#[derive(Debug, Default)]
struct Member {
    path: Vec<u8>,
    kind: u8,
    mode: u32,
    owner: (u64, u64),
    mtime: i64,
    link: Vec<u8>,
    device: (u64, u64),
    body: Vec<u8>,
    xattrs: BTreeMap<String, Vec<u8>>,
}

fn compare(model: &Model, members: &[Member]) -> Vec<String> {
    let (expected, mut wrong) = (model.listing(), Vec::new());
    let mut groups: BTreeMap<&[u8], BTreeSet<Vec<u8>>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for member in members {
        let name = String::from_utf8_lossy(&member.path).into_owned();
        if member.kind == b'1' {
            groups.entry(&member.link).or_insert_with(|| [member.link.clone()].into()).insert(member.path.clone());
        }
        let Some(node) = expected.get(&member.path) else {
            let is_ours = member.kind == b'5' && model.implies(&member.path);
            if !is_ours && !OWN.contains(&name.as_str()) {
                wrong.push(format!("{name}: not expected"));
            }
            continue;
        };
        seen.insert(member.path.clone());
        let mut same = |what: &str, is_same: bool| {
            if !is_same {
                wrong.push(format!("{name}: {what}: {node:?}, but {member:?}"));
            }
        };
        same("mode", node.mode == member.mode);
        same("owner", (node.uid, node.gid) == member.owner);
        if member.kind == b'1' {
            continue;
        }
        same("kind", node.kind == member.kind);
        // The engine puts files into some folders.
        same("time", node.kind == b'5' || node.mtime == member.mtime);
        same("size", node.apparent == member.body.len() as u64);
        let content: [u8; 32] = Sha256::digest(&member.body).into();
        same("contents", node.kind != b'0' || node.apparent != node.size || node.content == content);
        same("target", node.target == member.link);
        same("device", node.device == member.device);
        // The engine exports capabilities, and no attributes of users.
        let capability = "security.capability";
        same("capability", node.xattrs.get(capability) == member.xattrs.get(capability));
    }
    let missing = expected.keys().filter(|path| !seen.contains(*path));
    wrong.extend(missing.map(|path| format!("{}: missing", String::from_utf8_lossy(path))));
    let groups: BTreeSet<Vec<Vec<u8>>> = groups.into_values().map(|names| names.into_iter().collect()).collect();
    if groups != model.groups() {
        wrong.push(format!("hard links: {:?}, but {groups:?}", model.groups()));
    }
    wrong
}

/// The members of an archive as Go writes it.
fn read(tar: &[u8]) -> Vec<Member> {
    let (mut members, mut records, mut at) = (Vec::new(), BTreeMap::new(), 0);
    while tar.get(at..at + 512).is_some_and(|head| head.iter().any(|&byte| byte != 0)) {
        let head = &tar[at..at + 512];
        let text =
            |from: usize, length: usize| head[from..from + length].split(|&byte| byte == 0).next().unwrap().to_vec();
        let number = |from: usize, length: usize| {
            if head[from] & 0x80 != 0 {
                return head[from + length - 8..from + length].iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
            }
            let digits = String::from_utf8(text(from, length)).unwrap();
            u64::from_str_radix(digits.trim(), 8).unwrap_or(0)
        };
        let record = |key: &str, otherwise: u64| {
            let value = records.get(key).map(|value: &Vec<u8>| String::from_utf8(value.clone()).unwrap());
            value.map_or(otherwise, |text| text.split('.').next().unwrap().parse::<i64>().unwrap().cast_unsigned())
        };
        let size = record("size", number(124, 12)) as usize;
        let body = tar[at + 512..at + 512 + size].to_vec();
        at += 512 + size.next_multiple_of(512);
        if head[156] == b'x' {
            records = pax(&body);
            continue;
        }
        let (prefix, name) = (text(345, 155), text(0, 100));
        let name = if prefix.is_empty() { name } else { [prefix, name].join(&b'/') };
        let named = |key: &str, otherwise: Vec<u8>| records.get(key).cloned().unwrap_or(otherwise);
        let kind = head[156];
        let link = named("linkpath", text(157, 100));
        members.push(Member {
            path: clean(&named("path", name)),
            kind,
            mode: number(100, 8) as u32,
            owner: (record("uid", number(108, 8)), record("gid", number(116, 8))),
            mtime: record("mtime", number(136, 12)).cast_signed(),
            link: if kind == b'1' { clean(&link) } else { link },
            device: if matches!(kind, b'3' | b'4') { (number(329, 8), number(337, 8)) } else { (0, 0) },
            body,
            xattrs: records
                .iter()
                .filter_map(|(k, v)| Some((k.strip_prefix("SCHILY.xattr.")?.to_owned(), v.clone())))
                .collect(),
        });
        records = BTreeMap::new();
    }
    members.retain(|member| !member.path.is_empty());
    members
}

fn pax(mut body: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut records = BTreeMap::new();
    while !body.is_empty() {
        let space = body.iter().position(|&byte| byte == b' ').unwrap();
        let length: usize = String::from_utf8(body[..space].to_vec()).unwrap().parse().unwrap();
        let record = &body[space + 1..length - 1];
        let equals = record.iter().position(|&byte| byte == b'=').unwrap();
        records.insert(String::from_utf8(record[..equals].to_vec()).unwrap(), record[equals + 1..].to_vec());
        body = &body[length..];
    }
    records
}
