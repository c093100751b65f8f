//! Maven projects with their modules.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::closure::Closure;
use super::framework::Framework;
use super::project::{DependencyScope, Ecosystem, EntryPoint, Project, Tool};
use super::tree::{ManifestTree, resolve};
use super::xml::{self, Document};
use crate::text::path;

/// The Maven projects of a context: each folder with a `pom.xml` is one.
pub(super) fn projects(tree: &mut ManifestTree) -> Vec<Project> {
    let files = tree.paths_where(|name| name == "pom.xml");
    let mut out: Vec<Project> = files.into_iter().map(|path| project(tree, path)).collect();
    super::project::join_workspaces(&mut out);
    out
}

fn project(tree: &mut ManifestTree, path: &str) -> Project {
    let mut project = Project::new(path::parent(path), Ecosystem::Java);
    project.manifests.push(path.into());
    let Some(document) = xml::read(tree, path) else { return project };
    project.name = document.text_at(&["project", "artifactId"]).map(Into::into);
    for property in ["maven.compiler.release", "java.version", "maven.compiler.source"] {
        let version = document.text_at(&["project", "properties", property]).unwrap_or_default();
        project.speaks(version, path);
    }
    for (index, _) in document.elements_named("dependency") {
        if document.is_at(index, &["project", "dependencies", "dependency"]) {
            depend(&mut project, &document, index);
        }
    }
    for (index, _) in document.elements_named("plugin").chain(document.elements_named("parent")) {
        let field = |wanted| document.fields(index).find(|(name, _)| *name == wanted).map(|(_, text)| text);
        let (group, artifact) = (field("groupId").unwrap_or_default(), field("artifactId").unwrap_or_default());
        project.frameworks.extend(Framework::of_package(Ecosystem::Java, &format!("{group}:{artifact}")));
    }
    entry_point(&mut project, &document);
    let mut closure = Closure::default();
    take_modules(tree, &mut closure, &mut project, path);
    take_parents(tree, &mut closure, path);
    closure.take_there(tree, &project.root, &[".mvn", "mvnw", "mvnw.cmd"]);
    project.installs.push(Arc::new(closure.install(Tool::Maven, path, None, None)));
    project.normalise()
}

fn depend(project: &mut Project, document: &Document, index: usize) {
    let field = |wanted| document.fields(index).find(|(name, _)| *name == wanted).map(|(_, text)| text);
    let (Some(group), Some(artifact)) = (field("groupId"), field("artifactId")) else { return };
    let scope = match field("scope") {
        Some("test") => DependencyScope::Dev,
        Some("provided" | "system" | "import") => DependencyScope::Build,
        _ if field("optional") == Some("true") => DependencyScope::Optional,
        _ => DependencyScope::Run,
    };
    project.depend(&format!("{group}:{artifact}"), scope, field("version"));
}

/// The archive that `package` makes, unless a part of its name is a property.
fn entry_point(project: &mut Project, document: &Document) {
    let text = |name| document.text_at(&["project", name]);
    let packaging = text("packaging").unwrap_or("jar");
    if packaging == "pom" {
        return;
    }
    let version = text("version").or_else(|| document.text_at(&["project", "parent", "version"]));
    let stem = match (document.text_at(&["project", "build", "finalName"]), text("artifactId"), version) {
        (Some(name), _, _) => name.to_string(),
        (None, Some(artifact), Some(version)) => format!("{artifact}-{version}"),
        _ => return,
    };
    if !stem.contains("${") {
        let name = project.name.clone().unwrap_or_default();
        project.entry_points.push(EntryPoint { name, target: format!("target/{stem}.{packaging}") });
    }
}

/// Takes the files of all modules, also of modules' modules.
fn take_modules(tree: &mut ManifestTree, closure: &mut Closure, project: &mut Project, path: &str) {
    let mut seen = BTreeSet::from([path.to_string()]);
    let mut waiting = vec![path.to_string()];
    while let Some(path) = waiting.pop() {
        if !tree.step() {
            closure.open("there are too many modules");
            break;
        }
        let Some(document) = xml::read(tree, &path) else { continue };
        let modules = document.elements_named("module").filter(|(_, element)| {
            element.parent.and_then(|parent| document.elements.get(parent)).is_some_and(|up| up.name() == "modules")
        });
        for (_, element) in modules {
            let folder = path::parent(&path);
            let file = if path::name(element.text()).ends_with(".xml") { String::new() } else { "/pom.xml".into() };
            let Some(module) = closure.take(tree, folder, &format!("{}{file}", element.text())) else { continue };
            if seen.insert(module.clone()) {
                project.members.push(path::parent(&module).to_string());
                waiting.push(module);
            }
        }
        local_files(tree, closure, &document, &path);
    }
}

/// Archives that a manifest names in the project itself.
fn local_files(tree: &ManifestTree, closure: &mut Closure, document: &Document, path: &str) {
    for (_, element) in document.elements_named("systemPath").chain(document.elements_named("url")) {
        for start in ["${project.basedir}/", "${basedir}/", "file://${project.basedir}/", "file://${basedir}/"] {
            if let Some(file) = element.text().strip_prefix(start) {
                closure.take(tree, path::parent(path), file);
            }
        }
    }
}

/// Takes the chain of parents that lie in the context.
fn take_parents(tree: &mut ManifestTree, closure: &mut Closure, path: &str) {
    let mut path = path.to_string();
    let mut seen = BTreeSet::new();
    while seen.insert(path.clone()) {
        let Some(document) = xml::read(tree, &path) else { return };
        let is_parent = |index| document.is_at(index, &["project", "parent"]);
        let Some((index, _)) = document.elements_named("parent").find(|(index, _)| is_parent(*index)) else { return };
        let relative_path = document.fields(index).find(|(name, _)| *name == "relativePath").map(|(_, text)| text);
        // An empty element says: only from the repository.
        let relative = relative_path.unwrap_or("../pom.xml");
        let file = if relative.ends_with(".xml") { relative.into() } else { format!("{relative}/pom.xml") };
        let Ok(parent) = resolve(path::parent(&path), &file) else { return };
        if relative.is_empty() || !tree.has(&parent) {
            return;
        }
        closure.add(parent.as_str());
        path = parent;
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::tests::check;

    #[test]
    fn modules_and_parents() {
        check(
            r#"
-- pom.xml --
<project><artifactId>all</artifactId><packaging>pom</packaging><modules><module>api</module><module>gone</module></modules>
<properties><java.version>21</java.version></properties></project>
-- mvnw --
-- .mvn/wrapper/maven-wrapper.properties --
-- api/pom.xml --
<!-- c --><project xmlns="x"><parent><groupId>g</groupId><artifactId>all</artifactId><version>1.0</version></parent>
<artifactId>api</artifactId>
<dependencies>
 <dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId></dependency>
 <dependency><groupId>org.junit</groupId><artifactId>junit</artifactId><version>5</version><scope>test</scope></dependency>
</dependencies></project>
-- broken/pom.xml --
<project><artifactId>x</project>
-- entities/pom.xml --
<project><artifactId><![CDATA[shop]]></artifactId><build><finalName>a&amp;b</finalName></build></project>
"#,
            "
            [] Java all
            language: 21
            members: api
            mvn -: api/pom.xml mvnw pom.xml
            folders: .mvn
            missing: gone/pom.xml
            [api] Java api
            uses: Spring Boot
            needs: dev org.junit:junit, org.springframework.boot:spring-boot-starter-web
            programs: api=target/api-1.0.jar
            of []
            [broken] Java x
            mvn -: broken/pom.xml
            [entities] Java shop
            programs: shop=target/a&b.jar
            mvn -: entities/pom.xml
            ! broken/pom.xml@22: ill-formed document: expected `</artifactId>`, but `</project>` was found
            ",
        );
    }
}
