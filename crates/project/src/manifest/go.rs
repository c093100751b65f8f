//! Go modules and workspaces.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::closure::Closure;
use super::locked::{LockEntry, LockedPackages};
use super::project::{DependencyScope, Ecosystem, EntryPoint, Install, Project, Tool};
use super::tree::{ManifestTree, resolve};
use super::words::{unquote, without_comment};
use crate::text::path;

/// A directive of go.mod or go.work with its arguments; `indirect` as the comment says.
struct Directive<'t> {
    verb: &'t str,
    arguments: Vec<&'t str>,
    indirect: bool,
}

/// The Go projects of a context: each folder with a `go.mod` or `go.work` is one.
pub(super) fn projects(tree: &mut ManifestTree) -> Vec<Project> {
    let files = tree.paths_where(|name| matches!(name, "go.mod" | "go.work"));
    let roots: BTreeSet<&str> = files.into_iter().map(path::parent).collect();
    let mut out: Vec<Project> = roots.into_iter().map(|root| project(tree, root)).collect();
    super::project::join_workspaces(&mut out);
    out
}

fn project(tree: &mut ManifestTree, root: &str) -> Project {
    let mut project = Project::new(root, Ecosystem::Go);
    let mut closure = Closure::default();
    let module = path::child(root, "go.mod");
    let has_module = tree.has(&module);
    if has_module {
        let locked = read_module(tree, &mut project, &mut closure, &module);
        let sum = Some(path::child(root, "go.sum")).filter(|sum| tree.has(sum));
        closure.take_there(tree, root, &["vendor"]);
        let install: Install = closure.install(Tool::Go, &module, sum, locked);
        project.installs.push(Arc::new(install));
    }
    let work = path::child(root, "go.work");
    if tree.has(&work) {
        let install = read_workspace(tree, &mut project, &work);
        project.installs.insert(0, Arc::new(install));
    }
    if tree.has(&path::child(root, "main.go")) {
        let module = project.name.as_deref().unwrap_or_default();
        let name = path::name(module).to_string();
        project.entry_points.push(EntryPoint { name, target: ".".into() });
    }
    let commands = path::child(root, "cmd");
    for (name, is_folder) in tree.children(&commands) {
        if is_folder && tree.has(&path::child(&commands, &format!("{name}/main.go"))) {
            project.entry_points.push(EntryPoint { name: name.into(), target: format!("./cmd/{name}") });
        }
    }
    project.normalise()
}

fn read_module(
    tree: &mut ManifestTree,
    project: &mut Project,
    closure: &mut Closure,
    path: &str,
) -> Option<LockedPackages> {
    project.manifests.push(path.into());
    let text = tree.text(path)?;
    let mut entries = Vec::new();
    for Directive { verb, arguments, indirect } in directives(text) {
        match (verb, arguments.as_slice()) {
            ("module", [name, ..]) => project.name = Some((*name).into()),
            ("go" | "toolchain", [version, ..]) => project.speaks(version.trim_start_matches("go"), path),
            ("require", [name, version, ..]) => {
                if !indirect {
                    project.depend(name, DependencyScope::Run, Some(version));
                }
                let version = Some((*version).into());
                entries.push(LockEntry { name: (*name).into(), version, ..LockEntry::default() });
            }
            ("replace", arguments) => take_replaced(tree, closure, &project.root, arguments),
            _ => {}
        }
    }
    Some(LockedPackages::new(entries, None))
}

/// `go.work` and the modules that it uses, each with its `go.mod` and `go.sum`.
fn read_workspace(tree: &mut ManifestTree, project: &mut Project, path: &str) -> Install {
    project.manifests.push(path.into());
    let mut closure = Closure::default();
    let mut seen = BTreeSet::new();
    let text = tree.text(path).unwrap_or_default();
    for Directive { verb, arguments, .. } in directives(text) {
        match (verb, arguments.as_slice()) {
            ("go", [version, ..]) => project.speaks(version, path),
            ("use", [folder, ..]) => {
                let module = format!("{folder}/go.mod");
                let taken_files = closure.take(tree, &project.root, &module);
                if taken_files.is_some_and(|path| seen.insert(path)) {
                    let member = resolve(&project.root, folder).unwrap_or_default();
                    closure.take_there(tree, &member, &["go.sum"]);
                    take_replaced_of(tree, &mut closure, &member);
                    if member != project.root {
                        project.members.push(member);
                    }
                }
            }
            ("replace", arguments) => take_replaced(tree, &mut closure, &project.root, arguments),
            _ => {}
        }
    }
    closure.take_there(tree, &project.root, &["vendor"]);
    let sum = Some(path::child(&project.root, "go.work.sum")).filter(|sum| tree.has(sum));
    closure.install(Tool::Go, path, sum, None)
}

fn take_replaced_of(tree: &mut ManifestTree, closure: &mut Closure, folder: &str) {
    let text = tree.text(&path::child(folder, "go.mod")).unwrap_or_default();
    for directive in directives(text).iter().filter(|directive| directive.verb == "replace") {
        take_replaced(tree, closure, folder, &directive.arguments);
    }
}

/// `replace a => ./b`: only the other module's `go.mod` is read to download.
fn take_replaced(tree: &ManifestTree, closure: &mut Closure, folder: &str, arguments: &[&str]) {
    let target = arguments.iter().skip_while(|word| **word != "=>").nth(1);
    if let Some(target) = target.filter(|target| target.starts_with('.') || target.starts_with('/')) {
        closure.take(tree, folder, &format!("{target}/go.mod"));
    }
}

/// The directives, those of blocks one by one.
fn directives(text: &str) -> Vec<Directive<'_>> {
    let mut out = Vec::new();
    let mut block = None;
    for line in text.lines() {
        let indirect = line.split_once("//").is_some_and(|(_, comment)| comment.trim_start().starts_with("indirect"));
        let mut words = without_comment(line, "//").split_whitespace().map(unquote);
        let Some(first) = words.next() else { continue };
        let rest: Vec<&str> = words.collect();
        match (block, rest.as_slice()) {
            (Some(_), _) if first == ")" => block = None,
            (Some(verb), _) => {
                let arguments = std::iter::once(first).chain(rest).collect();
                out.push(Directive { verb, arguments, indirect });
            }
            (None, ["("]) => block = Some(first),
            (None, _) => out.push(Directive { verb: first, arguments: rest, indirect }),
        }
    }
    out
}

/// Systems besides Linux that the names of files and build constraints choose (`go help buildconstraint`).
const OTHER_SYSTEMS: [&str; 12] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "illumos",
    "ios",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
];

/// Whether a source of Go calls C when it is compiled for Linux.
pub fn calls_c(path: &str, text: &str) -> bool {
    let stem = path.strip_suffix(".go").unwrap_or(path);
    let other_name = OTHER_SYSTEMS.iter().any(|system| stem.rsplit(['_', '/']).take(2).any(|part| part == *system));
    let constraint = text.lines().find_map(|line| line.strip_prefix("//go:build ")).unwrap_or_default();
    let words = || constraint.split(|c: char| !c.is_ascii_alphanumeric() && c != '!');
    let left_out = words().any(|word| matches!(word, "ignore" | "!linux"))
        || words().any(|word| OTHER_SYSTEMS.contains(&word)) && !words().any(|word| word == "linux");
    let is_test = stem.strip_suffix("_test").is_some();
    let imports = || text.lines().any(|line| line.trim().trim_start_matches("import").trim_start() == "\"C\"");
    !(other_name || left_out || is_test) && imports()
}

#[cfg(test)]
mod tests {
    use crate::manifest::tests::check;

    #[test]
    fn modules_and_workspaces() {
        check(
            r#"
-- go.work --
go 1.22
use (
	./api
	./lib // shared
	./gone
)
-- api/go.mod --
module example.com/api

go 1.22
toolchain go1.22.3
require (
	github.com/go-chi/chi/v5 v5.1.0
	github.com/x/y v1.0.0 // indirect
)
require example.com/lib v0.0.0
replace example.com/lib => ../lib
-- api/go.sum --
-- api/cmd/server/main.go --
-- lib/go.mod --
module example.com/lib
-- vendored/go.mod --
module "example.com/v"
-- vendored/vendor/modules.txt --
-- vendored/main.go --
"#,
            "
            [] Go -
            language: 1.22
            members: api, lib
            go -: api/go.mod api/go.sum go.work lib/go.mod
            missing: gone/go.mod
            [api] Go example.com/api
            language: 1.22, 1.22.3
            uses: chi
            needs: example.com/lib=v0.0.0, github.com/go-chi/chi/v5=v5.1.0
            programs: server=./cmd/server
            of []
            [lib] Go example.com/lib
            of []
            [vendored] Go example.com/v
            programs: v=.
            go 0: vendored/go.mod
            folders: vendored/vendor
            ",
        );
    }
}
