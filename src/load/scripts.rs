//! Reads the beginnings of the files that a container starts with.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::build::Build;
use crate::inputs::BuildInput;

/// Bytes of a script that are read.
const LIMIT: u64 = 64 << 10;

/// By their paths in the context; what can't be read is left out.
pub(super) fn scripts(root: &Path, input: &BuildInput) -> BTreeMap<String, Vec<u8>> {
    let build = Build::new(input);
    let mut scripts = BTreeMap::new();
    for started in build.target().map(|stage| build.started(stage)).unwrap_or_default() {
        let path = root.join(&started.file.path);
        let Ok(file) = File::open(path) else { continue };
        let mut bytes = Vec::new();
        if file.take(LIMIT).read_to_end(&mut bytes).is_ok() {
            scripts.insert(started.file.path, bytes);
        }
    }
    scripts
}
