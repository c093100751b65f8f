//! .NET projects and solutions.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::closure::Closure;
use super::file_kind::{ContentKind, FileKind};
use super::framework::Framework;
use super::json;
use super::locked::{LockEntry, LockedPackages};
use super::project::{DependencyScope, Ecosystem, EntryPoint, Project, Tool};
use super::tree::{ManifestTree, ancestors};
use super::words::quoted;
use super::xml;
use crate::text::path;

/// Files that restoring reads from a project's folder and those around it.
const SETTINGS: [&str; 8] = [
    "global.json",
    "NuGet.config",
    "NuGet.Config",
    "nuget.config",
    "Directory.Build.props",
    "Directory.Build.targets",
    "Directory.Packages.props",
    "Directory.Build.rsp",
];

fn is_project(name: &str) -> bool {
    FileKind::of(name).nature() == ContentKind::Project
}

fn is_solution(name: &str) -> bool {
    FileKind::of(name).nature() == ContentKind::Solution
}

/// The .NET projects of a context: each folder with a project file or a solution is one.
pub(super) fn projects(tree: &mut ManifestTree) -> Vec<Project> {
    let mut roots: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in tree.paths_where(|name| is_project(name) || is_solution(name)) {
        roots.entry(path::parent(path)).or_default().push(path);
    }
    let mut out = Vec::new();
    let mut references = References::default();
    for (root, files) in roots {
        out.push(project(tree, &mut references, root, &files));
    }
    out
}

fn project(tree: &mut ManifestTree, references: &mut References, root: &str, files: &[&str]) -> Project {
    let mut project = Project::new(root, Ecosystem::DotNet);
    for path in files {
        project.manifests.push((*path).into());
    }
    // A solution restores more than a project file: the solution is the usual argument.
    let (solutions, projects): (Vec<&str>, Vec<&str>) = files.iter().partition(|path| is_solution(path));
    for path in &projects {
        describe(tree, &mut project, path);
    }
    for path in solutions.iter().chain(&projects) {
        let mut closure = Closure::default();
        let named = if is_solution(path) { solution(tree, &mut closure, path) } else { vec![(*path).to_string()] };
        if is_solution(path) {
            let folders = named.iter().map(|path| path::parent(path).to_string());
            project.members.extend(folders.filter(|folder| folder != root));
        }
        take_projects(tree, &mut closure, references, named);
        let lock = path::child(root, "packages.lock.json");
        let lock = Some(lock).filter(|lock| !is_solution(path) && tree.has(lock));
        let locked = lock.as_deref().and_then(|lock| locked(tree, lock));
        project.installs.push(Arc::new(closure.install(Tool::DotNet, path, lock, locked)));
    }
    for folder in ancestors(root) {
        let path = path::child(folder, "global.json");
        if tree.has(&path) {
            let plain = tree.text(&path).map(json::plain_json).unwrap_or_default();
            let settings: Option<serde_json::Value> = json::read(tree, &path, &plain);
            let version = settings.as_ref().and_then(|settings| settings.get("sdk")?.get("version")?.as_str());
            project.speaks(version.unwrap_or_default(), &path);
            break;
        }
    }
    project.normalise()
}

/// Reads one project file: packages, target, program.
fn describe(tree: &mut ManifestTree, project: &mut Project, path: &str) {
    let Some(document) = xml::read(tree, path) else { return };
    let stem = path::name(path).rsplit_once('.').map_or("", |(stem, _)| stem);
    let property =
        |name| document.elements_named(name).map(|(_, element)| element.text()).find(|text| !text.is_empty());
    let assembly = property("AssemblyName").filter(|name| !name.contains("$(")).unwrap_or(stem);
    project.name.get_or_insert_with(|| assembly.into());
    let sdk = document.elements.first().and_then(|element| element.attribute("Sdk")).unwrap_or_default();
    let sdk = sdk.split('/').next().unwrap_or_default();
    let framework = Framework::of_package(Ecosystem::DotNet, &format!("sdk:{sdk}"));
    project.frameworks.extend(framework);
    for name in ["TargetFramework", "TargetFrameworks"] {
        project.speaks(property(name).unwrap_or_default(), path);
    }
    for (_, element) in document.elements_named("FrameworkReference") {
        let name = element.attribute("Include").unwrap_or_default();
        project.frameworks.extend(Framework::of_package(Ecosystem::DotNet, &name));
    }
    for (index, element) in document.elements_named("PackageReference") {
        let Some(name) = element.attribute("Include") else { continue };
        // Written as attribute or as element.
        let field = |wanted| {
            let inside = || document.fields(index).find(|(name, _)| *name == wanted).map(|(_, text)| text.into());
            element.attribute(wanted).or_else(inside)
        };
        let scope = if field("PrivateAssets").as_deref() == Some("all") {
            DependencyScope::Build
        } else {
            DependencyScope::Run
        };
        project.depend(&name, scope, field("Version").as_deref());
    }
    // The web and worker kits make programs without being asked.
    if framework.is_some() || property("OutputType").is_some_and(|kind| kind.eq_ignore_ascii_case("exe")) {
        project.entry_points.push(EntryPoint { name: assembly.into(), target: format!("{assembly}.dll") });
    }
}

/// The project files that a solution names; those that are not there are missing.
fn solution(tree: &mut ManifestTree, closure: &mut Closure, path: &str) -> Vec<String> {
    let Some(text) = tree.text(path) else { return Vec::new() };
    let mut named: Vec<Cow<str>> = Vec::new();
    let document;
    if path.ends_with(".slnx") {
        document = xml::read(tree, path);
        for (_, element) in document.iter().flat_map(|document| document.elements_named("Project")) {
            named.extend(element.attribute("Path"));
        }
    } else {
        for line in text.lines().filter(|line| line.trim_start().starts_with("Project(")) {
            // The kind, the name, the path, the identity.
            named.extend(quoted(line).get(2).map(|path| Cow::Borrowed(*path)));
        }
    }
    named.retain(|path| is_project(path));
    named.iter().filter_map(|named| closure.take(tree, path::parent(path), named)).collect()
}

/// What project files need; each file is read once, as the projects of a monorepo refer to the same ones.
#[derive(Default)]
struct References {
    of: BTreeMap<String, ProjectReferences>,
}

/// What one project file names.
struct ProjectReferences {
    /// Other project files.
    projects: Vec<String>,
    /// Itself, imports, and settings in its folder and those around it.
    closure: Closure,
}

impl References {
    fn of(&mut self, tree: &mut ManifestTree, path: &str) -> &ProjectReferences {
        if !self.of.contains_key(path) {
            self.of.insert(path.into(), read_project(tree, path));
        }
        &self.of[path]
    }
}

fn read_project(tree: &mut ManifestTree, path: &str) -> ProjectReferences {
    let folder = path::parent(path);
    let mut closure = Closure::default();
    let mut projects = Vec::new();
    closure.add(path);
    closure.take_there(tree, folder, &["packages.lock.json", "packages.config"]);
    for folder in ancestors(folder) {
        closure.take_there(tree, folder, &SETTINGS);
    }
    let Some(document) = xml::read(tree, path) else { return ProjectReferences { projects, closure } };
    for (_, element) in document.elements_named("ProjectReference") {
        let Some(other) = element.attribute("Include") else { continue };
        if other.contains("$(") {
            closure.open(format!("`{path}` refers to `{other}`"));
        } else {
            projects.extend(closure.take(tree, folder, &other));
        }
    }
    for (_, element) in document.elements_named("Import").filter(|(_, element)| element.attribute("Sdk").is_none()) {
        let file = element.attribute("Project").unwrap_or_default();
        let file = file.replace("$(MSBuildThisFileDirectory)", "./");
        if file.contains("$(") {
            closure.open(format!("`{path}` imports `{file}`"));
        } else if !file.is_empty() {
            closure.take(tree, folder, &file);
        }
    }
    ProjectReferences { projects, closure }
}

/// Takes the project files, all that they refer to, and what each needs.
fn take_projects(tree: &mut ManifestTree, closure: &mut Closure, references: &mut References, named: Vec<String>) {
    let mut seen: BTreeSet<String> = named.iter().cloned().collect();
    let mut waiting = named;
    while let Some(path) = waiting.pop() {
        if !tree.step() {
            closure.open("the projects have too many references");
            return;
        }
        let named = references.of(tree, &path);
        closure.join(&named.closure);
        for other in &named.projects {
            if !seen.contains(other) {
                seen.insert(other.clone());
                waiting.push(other.clone());
            }
        }
    }
}

fn locked(tree: &mut ManifestTree, path: &str) -> Option<LockedPackages> {
    let object = json::object(tree, path)?;
    let mut entries = Vec::new();
    for (_, packages) in json::members(&object, "dependencies") {
        for (name, package) in packages.as_object().into_iter().flatten() {
            let version = package.get("resolved").and_then(|version| version.as_str()).map(Into::into);
            entries.push(LockEntry { name: name.clone(), version, ..LockEntry::default() });
        }
    }
    Some(LockedPackages::new(entries, None))
}

#[cfg(test)]
mod tests {
    use crate::manifest::tests::check;

    #[test]
    fn solutions_and_references() {
        check(
            r#"
-- Shop.sln --
Microsoft Visual Studio Solution File
Project("{FAE0}") = "Api", "src\Api\Api.csproj", "{1}"
EndProject
Project("{2150}") = "Solution Items", "Solution Items", "{2}"
-- global.json --
{ /* pin */ "sdk": { "version": "8.0.100" } }
-- Directory.Packages.props --
-- src/Directory.Build.props --
-- src/Api/Api.csproj --
<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup>
<ItemGroup><PackageReference Include="Npgsql" Version="8.0.1" /><PackageReference Include="Analyzer"><PrivateAssets>all</PrivateAssets></PackageReference>
<ProjectReference Include="..\Core\Core.fsproj" /><ProjectReference Include="$(X)\Y.csproj" /></ItemGroup></Project>
-- src/Api/packages.lock.json --
{"version": 1, "dependencies": {"net8.0": {"Npgsql": {"type": "Direct", "resolved": "8.0.3"}}}}
-- src/Core/Core.fsproj --
<Project Sdk="Microsoft.NET.Sdk"></Project>
"#,
            "
            [] .NET -
            language: 8.0.100
            members: src/Api
            dotnet -: Directory.Packages.props Shop.sln global.json src/Api/Api.csproj src/Api/packages.lock.json src/Core/Core.fsproj src/Directory.Build.props
            open: `src/Api/Api.csproj` refers to `$(X)\\Y.csproj`
            [src/Api] .NET Api
            language: net8.0, 8.0.100
            uses: ASP.NET Core
            needs: build Analyzer, Npgsql=8.0.3
            programs: Api=Api.dll
            dotnet 1: Directory.Packages.props global.json src/Api/Api.csproj src/Api/packages.lock.json src/Core/Core.fsproj src/Directory.Build.props
            open: `src/Api/Api.csproj` refers to `$(X)\\Y.csproj`
            [src/Core] .NET Core
            language: 8.0.100
            dotnet -: Directory.Packages.props global.json src/Core/Core.fsproj src/Directory.Build.props
            ",
        );
    }
}
