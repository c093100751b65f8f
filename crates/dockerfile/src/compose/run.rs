//! How a project runs containers of the images that it builds.

use std::collections::BTreeSet;

use super::project::{ComposeMap, ComposeProject, ComposeValue};

/// Services of one project that are looked at.
const SERVICES: usize = 200;

/// How a service runs its container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceRun {
    /// The service.
    pub service: String,
    /// The compose file, as the user would type it.
    pub file: String,
    /// `entrypoint`.
    pub entrypoint: Option<Vec<String>>,
    /// `command`.
    pub command: Option<Vec<String>>,
    /// `working_dir`.
    pub workdir: Option<String>,
    /// `environment` and environment files; `None` is what only the user's shell has.
    pub environment: Vec<(String, Option<String>)>,
    /// Services of images beside it: name and image.
    pub companions: Vec<(String, String)>,
    /// Whether it publishes a port.
    pub is_published: bool,
}

/// How the services with these names run their containers. `file`: the compose file, as messages call it.
pub fn runs(project: &ComposeProject, names: &BTreeSet<String>, file: &str) -> Vec<ServiceRun> {
    let image = |service: &ComposeValue| Some(service.get("image")?.as_text()?.to_owned());
    let beside = project.services().filter(|(_, service)| service.get("build").is_none());
    let companions: Vec<(String, String)> =
        beside.filter_map(|(name, service)| Some((name.to_owned(), image(service)?))).collect();
    let services = project.services().filter(|(name, _)| names.contains(*name)).take(SERVICES);
    services.map(|(name, service)| run(name, service, file, &companions)).collect()
}

fn run(name: &str, service: &ComposeValue, file: &str, companions: &[(String, String)]) -> ServiceRun {
    let text = |value: &ComposeValue| value.as_text().map(str::to_owned);
    let words = |key: &str| {
        let words: Vec<String> = service.get(key)?.as_list()?.iter().filter_map(text).collect();
        (!words.is_empty()).then_some(words)
    };
    let environment = service.get("environment").and_then(ComposeValue::as_map).into_iter().flat_map(ComposeMap::iter);
    ServiceRun {
        service: name.to_owned(),
        file: file.to_owned(),
        entrypoint: words("entrypoint"),
        command: words("command"),
        workdir: service.get("working_dir").and_then(text),
        environment: environment.map(|(name, entry)| (name.to_owned(), text(&entry.value))).collect(),
        companions: companions.to_vec(),
        is_published: service.get("ports").is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::project::{ProjectFile, ProjectFiles, ProjectRequest, Reading, project};
    use crate::text::Source;

    #[test]
    fn command_and_environment_are_read() {
        let text = "x-env: &env {A: '${A:-1}', B: two}\nservices:\n  web:\n    build: .\n    command: sh -c 'exec serve \"$$PORT\"'\n    \
                    working_dir: /srv\n    environment:\n      <<: *env\n      B: ${B:-three}\n      SHELL_ONLY:\n    ports: ['80:80']\n  \
                    worker:\n    build: .\n    entrypoint: [run, \"a b\"]\n    environment: [C=$A, D]\n  db:\n    image: postgres:${V:-17}\n";
        let request = ProjectRequest {
            files: vec!["/p/compose.yaml".to_owned()],
            folder: "/p".to_owned(),
            ..ProjectRequest::default()
        };
        let mut files = ProjectFiles::default();
        files.insert("/p/compose.yaml", ProjectFile::Text(Source::of("compose.yaml", text)));
        files.insert("/p/.env", ProjectFile::Missing);
        let Reading::Read(project) = project(&request, &files) else { panic!("it is a project") };
        let all = runs(&project, &["web", "worker"].map(str::to_owned).into(), "compose.yaml");
        let web = &all[0];
        assert_eq!(web.command.as_deref().unwrap(), ["sh", "-c", "exec serve \"$PORT\""]);
        let value = |value: &str| Some(value.to_owned());
        let expected = [("A", value("1")), ("B", value("three")), ("SHELL_ONLY", None)];
        assert_eq!(web.environment, expected.map(|(name, value)| (name.to_owned(), value)));
        assert!(web.is_published);
        assert_eq!(web.companions, [("db".to_owned(), "postgres:17".to_owned())]);
        assert_eq!(all[1].entrypoint.as_deref().unwrap(), ["run", "a b"]);
        assert_eq!(all[1].environment, [("C".to_owned(), value("")), ("D".to_owned(), None)]);
    }
}
