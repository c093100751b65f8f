//! What is done in containers of the image besides what it starts: by compose files, and by recipes and pipelines.

use crate::optimize::reason::reasons;

use super::words;
use crate::build::{Reference, Stage};
use crate::optimize::pass_input::PassInput;
use crate::shell::program::Program;
use crate::text::path;

/// Programs that start containers.
const ENGINES: [&str; 3] = ["docker", "podman", "docker-compose"];

reasons! {
    /// What a project does in containers of an image, other than starting it.
    pub(in crate::optimize) ContainerUse {
        ServiceStarts { service: String, command: String }: "service `{service}` starts `{command}` in the image";
        ServiceRepeats { service: String, command: String }:
            "service `{service}` starts `{command}` in the image, and would also start it in the new image";
        ServiceMounts { service: String, path: String }: "service `{service}` mounts `{path}`";
        Recipe { file: String, call: RecipeCall }: "`{file}` {call}";
    }
}

reasons! {
    /// What a command of a recipe or pipeline does in a container.
    pub(in crate::optimize) RecipeCall {
        Mounts { folders: String }: "mounts `{folders}` into the container";
        Runs { command: String }: "runs `{command}` in the container";
    }
}

/// The first such use; `None` where none is known.
pub(in crate::optimize) fn in_containers(input: &PassInput, stage: &Stage) -> Option<ContainerUse> {
    for service in input.services_of(stage) {
        if let Some(command) = service.entrypoint.as_ref().or(service.command.as_ref()) {
            let (name, command) = (service.name.clone(), command.clone());
            return Some(if input.repeats_command(stage, service) {
                ContainerUse::ServiceRepeats { service: name, command }
            } else {
                ContainerUse::ServiceStarts { service: name, command }
            });
        }
        if let Some(path) = service.mounts.iter().find(|path| !path.starts_with("/etc/") && *path != "/tmp") {
            return Some(ContainerUse::ServiceMounts { service: service.name.clone(), path: path.clone() });
        }
    }
    by_recipes(input)
}

/// A command of a recipe or pipeline that runs something in the image, or mounts a folder into it.
fn by_recipes(input: &PassInput) -> Option<ContainerUse> {
    let services: Vec<&str> = input.evidence.services.iter().map(|service| service.name.as_str()).collect();
    let images: Vec<&str> = input.evidence.image_names.iter().map(|name| Reference::of(name).name).collect();
    for (file, text) in &input.evidence.recipes {
        for line in text.lines() {
            let engines = ENGINES.iter().filter_map(|engine| line.find(engine));
            let Some(command) = engines.min().and_then(|at| line.get(at..)) else { continue };
            for words in words::commands(command) {
                if let Some(call) = run_in(&words, &services, &images) {
                    return Some(ContainerUse::Recipe { file: file.clone(), call });
                }
            }
        }
    }
    None
}

/// What a command does in a container of a service or an image.
fn run_in(words: &[String], services: &[&str], images: &[&str]) -> Option<RecipeCall> {
    if !ENGINES.contains(&path::name(words.first()?)) {
        return None;
    }
    let verb = words.iter().position(|word| matches!(word.as_str(), "run" | "exec"))?;
    let is_compose = words[..verb].iter().any(|word| word.ends_with("compose"));
    let is_own = |word: &String| {
        services.contains(&word.as_str()) || (!is_compose && images.contains(&Reference::of(word).name))
    };
    let at = words.iter().skip(verb + 1).position(is_own)? + verb + 1;
    let mounted = words[verb..at].windows(2).find(|pair| matches!(pair[0].as_str(), "-v" | "--volume" | "--mount"));
    if let Some([_, folders]) = mounted {
        return Some(RecipeCall::Mounts { folders: folders.clone() });
    }
    let program = words.get(at + 1)?;
    (!Program::of(path::name(program)).is_shell()).then(|| RecipeCall::Runs { command: words[at + 1..].join(" ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_recipes_are_distinguished() {
        let run = |text: &str| {
            let words = words::commands(text).remove(0);
            run_in(&words, &["web"], &["shop/web"])
        };
        for (text, expected) in [
            ("docker compose run --rm web npm test", Some("runs `npm test` in the container")),
            ("docker-compose exec -T web npx playwright test", Some("runs `npx playwright test` in the container")),
            ("docker run -v $PWD:/app shop/web:dev", Some("mounts `$PWD:/app` into the container")),
            ("podman run --rm shop/web:1 node scripts/seed.js", Some("runs `node scripts/seed.js` in the container")),
            ("docker compose exec web sh", None),
            ("docker compose run --rm api alembic upgrade head", None),
            ("docker run -p 80:80 shop/web", None),
            ("docker run node:22 npm test", None),
            ("docker compose up -d web", None),
        ] {
            assert_eq!(run(text).map(|call| call.to_string()).as_deref(), expected, "{text}");
        }
    }
}
