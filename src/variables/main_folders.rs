//! The folders of the programs of a Go module: a build of one (`go build ./cmd/api`) holds none of the others.

use super::input::VariableInput;
use crate::build::Build;
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, FileKind};
use crate::shell::{Manager, Verb};
use crate::text::path;

/// The folders of the programs of a build context, and whether the build compiles them.
#[derive(Debug, Default)]
pub(super) struct MainFolders {
    folders: Vec<(String, bool)>,
}

impl MainFolders {
    /// The folders of the programs in a context; none where the build names none.
    pub(super) fn of(build: &Build, context: &str, input: &VariableInput) -> Self {
        let named = compiled_packages(build);
        if named.is_empty() {
            return Self::default();
        }
        let mut folders: Vec<(String, bool)> = Vec::new();
        for at in input.below(context) {
            let file = &input.files[at];
            if !FileKind::of(&file.below).is_source_of(Ecosystem::Go) {
                continue;
            }
            let Some(below) = path::relative(&file.path, context) else { continue };
            let folder = path::parent(below);
            let is_main = || file.source.text().lines().any(|line| line.trim_end() == "package main");
            if folders.last().is_none_or(|(last, _)| last != folder) && is_main() {
                let is_named = |name: &String| folder == name || folder.ends_with(&format!("/{name}"));
                folders.push((folder.to_owned(), named.iter().any(is_named)));
            }
        }
        // A name that fits no folder shows nothing.
        if folders.iter().any(|(_, is_built)| *is_built) { Self { folders } } else { Self::default() }
    }

    /// Whether a file of the context may be in the image: it lies in no folder of another program.
    pub(super) fn hold(&self, file: &str) -> bool {
        let around = self.folders.iter().filter(|(folder, _)| !folder.is_empty() && path::is_within(file, folder));
        around.max_by_key(|(folder, _)| folder.len()).is_none_or(|(_, is_built)| *is_built)
    }
}

/// The packages that `go build` and `go install` compile, without `./`.
fn compiled_packages(build: &Build) -> Vec<String> {
    let mut named: Vec<String> = Vec::new();
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        for (index, _) in build.instructions(stage).filter(|(_, known)| known.keyword == Keyword::Run) {
            let Some(code) = build.code(index) else { continue };
            for invocation in code.script.invocations() {
                let Some(call) = invocation.package_call().filter(|call| call.manager == Manager::Go) else { continue };
                if !matches!(call.verb, Verb::Build | Verb::Install) {
                    continue;
                }
                for word in invocation.args.iter().filter_map(|word| word.text().strip_prefix("./")) {
                    // All packages, or one that only the build knows.
                    if word.contains(['$', '*']) || word.contains("...") {
                        return Vec::new();
                    }
                    named.push(path::normalize(word));
                }
            }
        }
    }
    named.retain(|name| !name.is_empty());
    named
}
