//! The script that switches.

use super::input::{DeploymentInput, OVERRIDE};
use super::plan::DeploymentPlan;
use crate::shell::quoted_word;

/// The script with places for what the compose files say.
const SCRIPT: &str = include_str!("../../templates/deploy.sh");

/// What the script runs in the container of `HAProxy`.
pub(super) const SERVERS: &str = include_str!("../../templates/servers");

/// The image of `HAProxy`: 3.0 is maintained until 2029 (haproxy.org), and its image has bash, which the switch needs.
pub(super) const IMAGE: &str = "haproxy:3.0";

/// Fills the script. `is_merged`: the author's own file on top has what `HAProxy` needs, so that it cannot be left out.
pub(super) fn deploy_script(input: &DeploymentInput, plan: &DeploymentPlan, is_merged: bool) -> String {
    let row = |service: &super::plan::ReplacedService| {
        let ports: Vec<String> = service.ports.iter().map(|port| port.number.to_string()).collect();
        let ports = if ports.is_empty() { "-".to_owned() } else { ports.join(",") };
        let image = if service.is_built { "built" } else { "pulled" };
        let (name, group, count) = (&service.name, &service.group, service.count);
        format!("{name} {group} {ports} {count} {} {} {image}", service.start_seconds, service.drain_seconds)
    };
    let facts: Vec<String> = plan.services.iter().map(row).collect();
    let author = options(input.author_files.iter().map(String::as_str));
    let files = input.author_files.iter().map(String::as_str).filter(|file| *file != OVERRIDE);
    let files = options(files.chain([OVERRIDE]));
    let first = plan.groups().first().copied().unwrap_or_default();
    let up = vec![".."; input.folder.split('/').count()].join("/");
    let author = if is_merged { files.clone() } else { author };
    let fill = |text: String, place: &str, value: &str| text.replace(&format!("@{place}@"), value);
    let text = fill(SCRIPT.to_owned(), "facts", &facts.join("\n"));
    let text = fill(text, "first", first);
    let text = fill(text, "strategy", input.strategy.name());
    let text = fill(text, "edge_image", IMAGE);
    let text = fill(text, "author_files", &author);
    let text = fill(text, "files", &files);
    let text = fill(text, "edge", &plan.edge);
    fill(fill(text, "folder", input.folder), "up", &up)
}

/// Files as options of `docker compose`, safe in a shell.
fn options<'f>(files: impl Iterator<Item = &'f str>) -> String {
    files.map(|file| format!("-f {}", quoted_word(file))).collect::<Vec<_>>().join(" ")
}
