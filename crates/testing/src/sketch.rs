//! Images for tests, written down in lines. Layers are parted by empty lines, the lowest first.
//!
//! `100644 0:0 1234 usr/bin/x` is a file: mode, owner and group, bytes, path. Its contents are told apart by the word after `=`, else by path and
//! size; ` == text` gives them whole. A path that ends with `/` is a directory, `path -> target` a symbolic link, `path => other` a hard link; a name
//! `.wh.x` is a whiteout. Lines `USER x`, `EXPOSE 80/tcp`, `ENV A=b`, `LABEL a=b`, `CMD x`, `HISTORY text`, `EMPTY text` fill the config.

use crate::image::{EntryKind, Image, Layer, LayerEntry, Mode, Watch};
use crate::text::path;

/// The image that a text tells.
///
/// # Panics
/// When a line is none of the above.
pub fn sketch(text: &str) -> Image {
    let mut image = Image { reference: "sketch".to_owned(), ..Image::default() };
    let mut fresh = true;
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            fresh = true;
        } else if !configures(&mut image, line) {
            if std::mem::take(&mut fresh) {
                image.layers.push(Layer { tar_bytes: Some(0), ..Layer::default() });
            }
            add(&mut image, line);
        }
    }
    for layer in &mut image.layers {
        let bytes: u64 = layer.entries.iter().map(|entry| 512 + entry.size.next_multiple_of(512)).sum();
        layer.tar_bytes = Some(bytes);
        layer.blob_bytes = bytes;
    }
    image
}

fn configures(image: &mut Image, line: &str) -> bool {
    let Some((word, rest)) = line.split_once(' ') else { return false };
    let pair = || rest.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())).unwrap();
    let history = |empty_layer| crate::image::History {
        created_by: Some(rest.to_owned()),
        empty_layer,
        ..crate::image::History::default()
    };
    match word {
        "USER" => image.config.user = Some(rest.to_owned()),
        "ENV" => image.config.env.push(pair()),
        "LABEL" => drop(image.config.labels.insert(pair().0, pair().1)),
        "CMD" => image.config.cmd = Some(rest.split(' ').map(str::to_owned).collect()),
        "HEALTHCHECK" => image.config.healthcheck = Some(rest.split(' ').map(str::to_owned).collect()),
        "EXPOSE" => image.config.exposed_ports.push(rest.to_owned()),
        "CREATED" => image.config.created = Some(rest.to_owned()),
        "HISTORY" => image.config.history.push(history(false)),
        "EMPTY" => image.config.history.push(history(true)),
        _ => return false,
    }
    true
}

fn add(image: &mut Image, line: &str) {
    let mut words = line.splitn(4, ' ');
    let (Some(mode), Some(ids), Some(size), Some(name)) = (words.next(), words.next(), words.next(), words.next())
    else {
        panic!("`{line}` has no mode, owner, size and path");
    };
    let mode = Mode(u32::from_str_radix(mode, 8).unwrap() as u16 & 0o7777);
    let (uid, gid) = ids.split_once(':').map(|(u, g)| (u.parse().unwrap(), g.parse().unwrap())).unwrap();
    let size: u64 = size.parse().unwrap();
    let layer = image.layers.last_mut().unwrap();
    let index = layer.entries.len() as u32;
    let (name, text) = name.split_once(" == ").map_or((name, None), |(name, text)| (name, Some(text)));
    let (name, digest) = name.split_once(" = ").map_or((name, None), |(name, digest)| (name, Some(digest)));
    let (name, target) = name.split_once(" -> ").map_or((name, None), |(name, to)| (name, Some(to)));
    let (name, other) = name.split_once(" => ").map_or((name, None), |(name, to)| (name, Some(to)));
    let (folder, last) = path::split(name);
    let (kind, path) = match (target, other, last.strip_prefix(".wh.")) {
        (Some(_), ..) => (EntryKind::Symlink, name.to_owned()),
        (_, Some(_), _) => (EntryKind::Hardlink, name.to_owned()),
        (.., Some(".wh..opq")) => (EntryKind::Opaque, folder.to_owned()),
        (.., Some(gone)) => (EntryKind::Whiteout, format!("{folder}/{gone}")),
        _ if name.ends_with('/') => (EntryKind::Directory, name.to_owned()),
        _ => (EntryKind::File, name.to_owned()),
    };
    let path = image.paths.intern(path.as_bytes()).unwrap();
    let original = other.map_or(path, |to| image.paths.intern(to.as_bytes()).unwrap());
    if let Some(target) = target {
        layer.targets.insert(index, target.as_bytes().into());
    }
    if let Some(mut watch) = text.and_then(|text| Watch::new(name.as_bytes(), mode, text.len() as u64)) {
        watch.take(text.unwrap_or_default().as_bytes());
        layer.facts.extend(watch.finish().into_iter().map(|fact| (index, fact)));
    }
    let digest = digest.or(text);
    let contents = digest.map_or_else(|| format!("{name} {size}"), str::to_owned);
    let content = match kind {
        EntryKind::File => twox_hash::XxHash3_128::oneshot(contents.as_bytes()),
        EntryKind::Symlink => twox_hash::XxHash3_128::oneshot(target.unwrap_or_default().as_bytes()),
        _ => 0,
    };
    let size = if kind == EntryKind::File { size } else { 0 };
    let compressed = 512 + size.next_multiple_of(512);
    layer.entries.push(LayerEntry { path, kind, mode, uid, gid, mtime: 0, size, compressed, content, link: original });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_layers() {
        let image = sketch(
            "USER app\n\n40755 0:0 0 usr/\n100644 0:0 10 usr/x = one\n120777 0:0 0 y -> usr/x\n100644 0:0 0 z => usr/x\n\n\
             0 0:0 0 usr/.wh.x\n0 0:0 0 usr/.wh..wh..opq",
        );
        let kinds: Vec<Vec<EntryKind>> =
            image.layers.iter().map(|layer| layer.entries.iter().map(|entry| entry.kind).collect()).collect();
        let first = vec![EntryKind::Directory, EntryKind::File, EntryKind::Symlink, EntryKind::Hardlink];
        assert_eq!(kinds, [first, vec![EntryKind::Whiteout, EntryKind::Opaque]]);
        assert_eq!(image.layers[0].file_bytes(), 10);
        assert_eq!(image.layers[1].entries[0].path, image.layers[0].entries[1].path);
        assert_eq!(image.config.user.as_deref(), Some("app"));
    }
}
