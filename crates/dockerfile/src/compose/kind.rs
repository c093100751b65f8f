//! Which files are Compose's.

use crate::text::{Source, path};
use crate::yaml::{self, YamlNode};

/// Files that Compose takes where none is named, the first that exists (compose-go, `cli/options.go`).
pub const MAIN_FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// Files that Compose puts on top of the one that it finds, the first that exists (compose-go, `DefaultOverrideFileNames`).
pub const OVERRIDE_FILES: [&str; 4] =
    ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// Whether Compose takes a file of this name without being asked, on its own.
pub fn is_main_file(name: &str) -> bool {
    path::is_compose(name)
        && path::name(name).matches('.').count() == 1
        && !path::name(name).trim_start_matches("docker-").contains('-')
}

/// Whether a YAML file with any name is one of Compose's: it has services with an image or a build.
pub fn holds_services(source: &Source) -> bool {
    let is_yaml = [".yaml", ".yml"].iter().any(|end| source.name().ends_with(end));
    if !is_yaml || !source.text().contains("services") {
        return false;
    }
    let tree = yaml::read(source.text());
    let services = tree.root().and_then(|root| root.get("services"));
    let is_service = |service: YamlNode| ["image", "build", "extends"].iter().any(|key| service.get(key).is_some());
    services.is_some_and(|services| services.entries().any(|entry| is_service(entry.value)))
}
