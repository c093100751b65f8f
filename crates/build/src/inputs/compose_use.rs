//! How a repository uses a compose file and the images in it, as the texts around the file say.

use std::collections::BTreeSet;

use crate::data;
use crate::recipe;
use crate::sources::patterns;
use crate::text::path;

/// What the texts around a compose file say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComposeUse {
    /// The text that deploys the file to a swarm.
    pub stack_deployer: Option<String>,
    /// The text that starts the file's services and lets a proxy read its configuration again.
    pub proxy_reloader: Option<String>,
    /// The images that the texts build, without tags; `*` where a variable stands in the name, and [`recipe::OWN_NAME`] for the
    /// name of the repository.
    pub built_images: BTreeSet<String>,
    /// The script that deploys the file, so that what it says of developers does not count.
    pub deployer: Option<String>,
    /// The services whose files give php-fpm time to end its requests.
    pub patient_services: BTreeSet<String>,
    /// The name of the repository's folder.
    pub repository: String,
    /// The addresses that the texts ask again and again, and fail without an answer, with `*` for what a variable holds:
    /// `backend-*:3000`.
    pub polled_addresses: BTreeSet<String>,
}

/// Whether a script replaces containers, and behind that has a proxy look their names up again.
fn reloads_proxy(text: &str) -> bool {
    let lines = || text.lines().filter(|line| !line.trim_start().starts_with('#')).enumerate();
    let starts = |line: &str| {
        let is_detached = || line.contains(" -d") || line.contains("--detach");
        line.contains(" up ") || line.contains("docker run") && is_detached()
    };
    let first = lines().find(|(_, line)| starts(line)).map(|(at, _)| at);
    let reloads = |line: &str| data::PROXY_RELOADS.rows().any(|row| line.contains(row[0]));
    // A function may stand in front of what calls it.
    let is_in_function =
        || text.lines().any(|line| line.contains("() {") || line.trim_start().starts_with("function "));
    first.is_some_and(|first| lines().any(|(at, line)| reloads(line) && (at >= first || is_in_function())))
}

/// What a text says of compose files around it, whichever they are.
#[derive(Clone, Debug)]
pub struct ScriptUse {
    /// Its name.
    name: String,
    /// Its lines that deploy to a swarm.
    stack_lines: Vec<String>,
    /// Whether it starts services and lets a proxy read its configuration again.
    is_reloader: bool,
    built_images: BTreeSet<String>,
    polled_addresses: BTreeSet<String>,
}

impl ScriptUse {
    /// Reads a text.
    pub fn of(name: &str, text: &str) -> Self {
        let stack_lines = text.lines().filter(|line| patterns::shows(line, "deploys to a swarm"));
        Self {
            name: name.to_owned(),
            stack_lines: stack_lines.map(str::to_owned).collect(),
            is_reloader: reloads_proxy(text),
            built_images: recipe::built_image_names(text),
            polled_addresses: polled_addresses(text),
        }
    }
}

impl ComposeUse {
    /// What texts say of a compose file; `file`: its name.
    pub fn of<'t>(file: &str, texts: impl IntoIterator<Item = &'t ScriptUse>) -> Self {
        let mut compose_use = Self::default();
        for text in texts {
            let deploys = |line: &String| line.contains(path::name(file));
            if compose_use.stack_deployer.is_none() && text.stack_lines.iter().any(deploys) {
                compose_use.stack_deployer = Some(text.name.clone());
            }
            if compose_use.proxy_reloader.is_none() && text.is_reloader {
                compose_use.proxy_reloader = Some(text.name.clone());
            }
            compose_use.built_images.extend(text.built_images.iter().cloned());
            compose_use.polled_addresses.extend(text.polled_addresses.iter().cloned());
        }
        compose_use
    }

    /// Whether a text builds an image, by its name without a tag: a variable may stand for a part of it.
    pub fn builds_image(&self, name: &str) -> bool {
        let is_it = |built: &String| {
            let built: Vec<&str> = built.split('/').collect();
            let parts: Vec<&str> = name.split('/').collect();
            self.is_built_as(&built, &parts)
        };
        self.built_images.contains(name) || self.built_images.iter().any(is_it)
    }

    /// Whether the parts of a name are those of an image that is built; a variable alone stands for one part or more.
    fn is_built_as(&self, built: &[&str], parts: &[&str]) -> bool {
        match (built, parts) {
            ([], []) => true,
            (["*", rest @ ..], [_, parts @ ..]) => (0..=parts.len()).any(|at| self.is_built_as(rest, &parts[at..])),
            ([first, rest @ ..], [part, parts @ ..]) => {
                let is_same = match first.split_once(recipe::OWN_NAME) {
                    Some((start, end)) => part
                        .strip_prefix(start)
                        .and_then(|part| part.strip_suffix(end))
                        .is_some_and(|name| self.is_called(name)),
                    None => fits(first, part),
                };
                is_same && self.is_built_as(rest, parts)
            }
            _ => false,
        }
    }

    /// Whether the repository is called so: its folder may have the owner or a branch in its name.
    fn is_called(&self, name: &str) -> bool {
        let folder = self.repository.to_ascii_lowercase();
        let is_end = |rest: &str| rest.is_empty() || !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        let is_start = |rest: &str| rest.is_empty() || !rest.ends_with(|c: char| c.is_ascii_alphanumeric());
        !name.is_empty()
            && (folder.strip_prefix(name).is_some_and(is_end) || folder.strip_suffix(name).is_some_and(is_start))
    }

    /// Whether a text waits until a service answers: by its name, or by a port of the host that it takes.
    pub fn waits_for(&self, service: &str, ports: &[String]) -> bool {
        self.polled_addresses.iter().any(|address| {
            let (host, port) = address.split_once(':').unwrap_or((address, ""));
            let is_of_host = data::words(LOOPBACK).any(|known| known == host);
            // What is nothing but a variable may be any service.
            let is_named = !host.trim_matches('*').is_empty() && fits(host, service);
            if is_of_host { ports.iter().any(|known| fits(port, known)) } else { is_named }
        })
    }
}

/// The names under which a host reaches itself.
const LOOPBACK: &str = "localhost 127.0.0.1 0.0.0.0";

/// Lines behind a loop in which a script may fail for want of an answer.
const BEHIND: usize = 6;

/// Whether a text is what a pattern with one `*` at most says.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end),
    }
}

/// The addresses that loops of a script ask, which ends with a failure where none answers.
fn polled_addresses(text: &str) -> BTreeSet<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.starts_with('#')).collect();
    let starts = |line: &str| ["for ", "while ", "until "].iter().any(|word| line.starts_with(word));
    let fails = |line: &&str| {
        let words: Vec<&str> = line.split([' ', ';', '}', '{', ')']).filter(|word| !word.is_empty()).collect();
        words.windows(2).any(|pair| matches!(pair[0], "exit" | "return") && pair[1] != "0")
    };
    let mut addresses = BTreeSet::new();
    for (at, _) in lines.iter().enumerate().filter(|(_, line)| starts(line)) {
        let length = lines[at..].iter().position(|line| line.split([' ', ';']).any(|word| word == "done"));
        let Some(end) = length.map(|length| at + length) else { continue };
        let behind = &lines[at..lines.len().min(end + 1 + BEHIND)];
        if behind.iter().any(fails) {
            addresses.extend(lines[at..=end].iter().flat_map(|line| asked_addresses(line)));
        }
    }
    addresses
}

/// The hosts and ports of URLs in a line, with `*` for the variables in them.
fn asked_addresses(line: &str) -> Vec<String> {
    let urls = line.split("http://").skip(1).chain(line.split("https://").skip(1));
    let is_end = |c: char| c.is_whitespace() || "/\"'`|;?".contains(c);
    let authority = |rest: &str| {
        let mut address = String::new();
        let mut rest = rest.split(is_end).next().unwrap_or_default();
        while let Some((before, behind)) = rest.split_once('$') {
            address.push_str(before);
            address.push('*');
            rest = match behind.strip_prefix('{') {
                Some(inner) => inner.split_once('}').map_or("", |(_, rest)| rest),
                None => behind.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_'),
            };
        }
        address.push_str(rest.trim_end_matches(')'));
        address
    };
    urls.map(authority).filter(|address| !address.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn waits(text: &str, service: &str, ports: &[&str]) -> bool {
        let ports: Vec<String> = ports.iter().map(|port| (*port).to_owned()).collect();
        ComposeUse::of("compose.yaml", [&ScriptUse::of("deploy.sh", text)]).waits_for(service, &ports)
    }

    #[test]
    fn images_behind_the_variable_of_a_user_are_known() {
        let text = "- uses: docker/build-push-action@v6\n  with:\n    tags: ${{ secrets.HUB_USER }}/api:latest\n";
        let compose_use = ComposeUse::of("compose.yaml", [&ScriptUse::of("ci.yml", text)]);
        assert!(compose_use.builds_image("acme/api"));
        assert!(!compose_use.builds_image("acme/my-api") && !compose_use.builds_image("api"));
    }

    #[test]
    fn images_with_variables_in_their_names_are_known() {
        let builds = |tags: &str, image: &str| {
            let text = format!(
                "env:\n  NAME: ${{{{ github.repository }}}}\njobs:\n  - uses: docker/metadata-action@v5\n    with:\n      images: {tags}\n  - uses: docker/build-push-action@v6\n"
            );
            let compose_use = ComposeUse::of("compose.yaml", [&ScriptUse::of("ci.yml", &text)]);
            ComposeUse { repository: "acme-shop".to_owned(), ..compose_use }.builds_image(image)
        };
        assert!(builds("ghcr.io/acme/app-${{ matrix.component }}", "ghcr.io/acme/app-api"));
        assert!(!builds("ghcr.io/acme/app-${{ matrix.component }}", "ghcr.io/acme/tool"));
        assert!(!builds("ghcr.io/acme/${{ matrix.component }}", "ghcr.io/acme/tool"));
        assert!(builds("ghcr.io/${{ github.repository_owner }}/api", "ghcr.io/acme/api"));
        assert!(builds("ghcr.io/${{ github.repository }}", "ghcr.io/acme/shop"));
        assert!(builds("ghcr.io/${{ github.repository }}-api", "ghcr.io/acme/shop-api"));
        assert!(builds("ghcr.io/${{ github.repository }}/api", "ghcr.io/acme/shop/api"));
        assert!(builds("ghcr.io/${{ env.NAME }}", "ghcr.io/acme/shop"));
        assert!(!builds("ghcr.io/${{ github.repository }}", "ghcr.io/other/tool"));
    }

    #[test]
    fn a_proxy_is_reloaded_behind_the_new_version() {
        let reloads = |text: &str| ScriptUse::of("deploy.sh", text).is_reloader;
        assert!(reloads("docker compose up -d api\ndocker compose exec nginx nginx -s reload\n"));
        assert!(reloads("switch() {\n  nginx -s reload\n}\ndocker run -d --name api-green acme/api\nswitch\n"));
        // A new certificate is no new version.
        assert!(!reloads("docker run --rm certbot/certbot renew\ndocker compose exec nginx nginx -s reload\n"));
        assert!(!reloads("docker compose exec nginx nginx -s reload\ndocker compose up -d api\n"));
    }

    #[test]
    fn loops_that_wait_for_a_service_are_known() {
        let text = "docker compose up -d backend-$NEXT\nfor i in $(seq 1 30); do\n  S=$(curl -s \"http://backend-$NEXT:3000/health\" || echo 000)\n  \
                    [ \"$S\" = 200 ] && break\n  [ $i -eq 30 ] && exit 1\n  sleep 2\ndone\n";
        assert!(waits(text, "backend-blue", &[]) && waits(text, "backend-green", &[]));
        assert!(!waits(text, "worker", &[]) && !waits(text, "frontend-blue", &[]));
        // A loop that passes waits for nothing.
        assert!(!waits(&text.replace("exit 1", "exit 0"), "backend-blue", &[]));
        assert!(!waits(&text.replace("for i in $(seq 1 30); do", "").replace("done", ""), "backend-blue", &[]));
        let text = "until curl -fs http://localhost:${PORT}/health; do\n  n=$((n+1))\n  if [ $n -gt 9 ]; then return 1; fi\ndone\n";
        assert!(waits(text, "api", &["8001"]) && !waits(text, "api", &[]));
        let text = "while ! wget -q http://127.0.0.1:8001/; do sleep 1; done\nok || { echo failed; exit 1; }\n";
        assert!(waits(text, "api", &["8001"]) && !waits(text, "api", &["8002"]));
    }
}
