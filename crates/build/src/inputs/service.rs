//! What compose projects say about the containers that run an image. Where a value could be a secret, only its name is
//! kept.

use std::collections::BTreeSet;

use crate::compose::project::{ComposeEntry, ComposeMap, ComposeProject, ComposeValue};

/// A compose service, as far as it decides what the image must keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The compose file, as the user would type it.
    pub file: String,
    /// The stage that is built for it; `None` where it is the last, or not written here.
    pub target: Option<String>,
    /// `entrypoint`, as one shell text; `None` where the image's holds.
    pub entrypoint: Option<String>,
    /// `command`, as one shell text; `None` where the image's holds.
    pub command: Option<String>,
    /// Names of the variables that it gives, also by environment files.
    pub environment: BTreeSet<String>,
    /// Those of `environment` whose value is written there and looks like no secret: `PORT` with `8000`.
    pub values: Vec<(String, String)>,
    /// Container paths of its mounts.
    pub mounts: Vec<String>,
    /// Those of the mounts that a container can't write to.
    pub read_only_mounts: BTreeSet<String>,
    /// Those of the mounts that are folders or files of the host: host path as written or seen from the project's folder, container path.
    pub bound: Vec<(String, String)>,
    /// The test of its healthcheck, as one shell text.
    pub healthcheck: Option<String>,
    /// `user`.
    pub user: Option<String>,
    /// `working_dir`.
    pub workdir: Option<String>,
    /// `network_mode`.
    pub network: Option<String>,
    /// Whether its root file system can't be written.
    pub read_only: bool,
}

impl Service {
    /// What a project says of one of its services. `file`: the compose file, as the user would type it.
    pub fn of(project: &ComposeProject, name: &str, value: &ComposeValue, file: &str) -> Self {
        let text = |key: &str| value.get(key)?.as_text().filter(|text| !text.is_empty()).map(str::to_owned);
        let target = value.get("build").and_then(|build| build.get("target")?.as_text());
        let mut service = Self {
            name: name.to_owned(),
            file: file.to_owned(),
            target: target.filter(|target| !target.is_empty()).map(str::to_owned),
            entrypoint: shell_text(&words(value, "entrypoint")),
            command: shell_text(&words(value, "command")),
            healthcheck: value.get("healthcheck").and_then(healthcheck),
            user: text("user"),
            workdir: text("working_dir"),
            network: text("network_mode"),
            read_only: value.get("read_only").and_then(ComposeValue::as_bool) == Some(true),
            ..Self::default()
        };
        service.read_environment(project, value);
        for volume in value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default() {
            service.read_volume(project, volume);
        }
        let tmpfs = words(value, "tmpfs").into_iter();
        service.mounts.extend(tmpfs.map(|path| path.split(':').next().unwrap_or(path).to_owned()));
        service
    }

    fn read_environment(&mut self, project: &ComposeProject, value: &ComposeValue) {
        let files = value.get("env_file").and_then(ComposeValue::as_list).unwrap_or_default();
        let is_of_file = |entry: &ComposeEntry| {
            entry.key.is_some() && files.iter().any(|file| file.place == entry.key && file.place == entry.value.place)
        };
        // What a variable gives may be another value elsewhere.
        let is_literal = |entry: &ComposeEntry, text: &str| {
            let written = project.text(entry.value.place).unwrap_or_default();
            !written.contains('$') && (written.contains(text) || written.starts_with('*')) || is_of_file(entry)
        };
        let environment = value.get("environment").and_then(ComposeValue::as_map);
        for (name, entry) in environment.into_iter().flat_map(ComposeMap::iter) {
            self.environment.insert(name.to_owned());
            let text = entry.value.as_text().filter(|text| !text.contains('$') && is_literal(entry, text));
            if let Some(text) = text
                && !crate::secret::holds_secret(text)
                && !crate::secret::names_secret(name)
            {
                self.values.push((name.to_owned(), text.to_owned()));
            }
        }
    }

    fn read_volume(&mut self, project: &ComposeProject, volume: &ComposeValue) {
        let text = |key: &str| volume.get(key).and_then(ComposeValue::as_text);
        let Some(target) = text("target") else { return };
        self.mounts.push(target.to_owned());
        if volume.get("read_only").and_then(ComposeValue::as_bool) == Some(true) {
            self.read_only_mounts.insert(target.to_owned());
        }
        let Some(source) = text("source") else { return };
        // A variable that is not set mostly stands for a path.
        if text("type") == Some("bind") || source.starts_with('$') {
            self.bound.push((host_path(project, volume, source), target.to_owned()));
        }
    }
}

/// The host's path of a mount: as it is written, or as seen from the project's folder.
fn host_path(project: &ComposeProject, volume: &ComposeValue, source: &str) -> String {
    let written = project.text(volume.place).unwrap_or_default();
    let is_end = |c: char| c.is_whitespace() || "'\":,{}".contains(c);
    if written.split(is_end).any(|word| word == source) {
        return source.to_owned();
    }
    let near = project.near_path(source);
    // Compose puts the home folder below the project's where it is not known.
    let is_whole = near == "." || near.starts_with("..") || near.starts_with(['~', '$']);
    if is_whole { near } else { format!("./{near}") }
}

fn words<'p>(service: &'p ComposeValue, key: &str) -> Vec<&'p str> {
    let items = service.get(key).and_then(ComposeValue::as_list).unwrap_or_default();
    items.iter().filter_map(ComposeValue::as_text).collect()
}

/// The words of a command as one shell text.
fn shell_text(words: &[&str]) -> Option<String> {
    let quoted = |word: &&str| {
        let is_plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+".contains(c);
        if !word.is_empty() && word.chars().all(is_plain) {
            (*word).to_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    (!words.is_empty()).then(|| words.iter().map(quoted).collect::<Vec<_>>().join(" "))
}

fn healthcheck(check: &ComposeValue) -> Option<String> {
    if check.get("disable").and_then(ComposeValue::as_bool) == Some(true) {
        return None;
    }
    match words(check, "test").split_first()? {
        (&"CMD-SHELL", rest) => rest.first().map(|text| (*text).to_owned()),
        (&"CMD", rest) => shell_text(rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::project::{Leniency, ProjectFile, ProjectFiles, ProjectNeed, ProjectRequest, Reading, project};
    use crate::text::Source;

    /// The services of a project with these files in its folder.
    fn services_of(files: &[(&str, &str)]) -> Vec<Service> {
        let request = ProjectRequest {
            files: vec!["/p/compose.yaml".to_owned()],
            folder: "/p".to_owned(),
            leniency: Leniency::Omissions,
            ..ProjectRequest::default()
        };
        let mut known = ProjectFiles::default();
        for (name, text) in files {
            known.insert(&format!("/p/{name}"), ProjectFile::Text(Source::of(name, text)));
        }
        loop {
            match project(&request, &known) {
                Reading::Read(project) => {
                    let services = project.services();
                    return services.map(|(name, value)| Service::of(&project, name, value, "compose.yaml")).collect();
                }
                Reading::Refused { .. } => return Vec::new(),
                Reading::Needs(needs) => {
                    for need in needs {
                        match need {
                            ProjectNeed::File(path) => known.insert(&path, ProjectFile::Missing),
                            ProjectNeed::Link(path) => known.insert_link(&path, path.clone()),
                        }
                    }
                }
            }
        }
    }

    fn services(text: &str) -> Vec<Service> {
        services_of(&[("compose.yaml", text)])
    }

    fn pair(a: &str, b: &str) -> (String, String) {
        (a.to_owned(), b.to_owned())
    }

    #[test]
    fn short_and_long_forms_say_the_same() {
        let short = services(
            "services:\n  web:\n    build: .\n    command: uvicorn app:app --port 8000\n    environment: [PORT=8000, TOKEN=abc, HOME_URL]\n    \
             env_file: .env\n    volumes: ['./src:/app/src:ro', 'data:/data', /cache]\n    ports: ['${P:-80}:8000', '9000-9001:9000-9001/tcp']\n",
        );
        let long = services(
            "services:\n  web:\n    build: {context: .}\n    command: [uvicorn, 'app:app', --port, '8000']\n    environment:\n      PORT: 8000\n      \
             TOKEN: abc\n      HOME_URL:\n    env_file: [{path: .env}]\n    volumes:\n      - {type: bind, source: ./src, target: /app/src, read_only: true}\n      \
             - {type: volume, source: data, target: /data}\n      - {type: tmpfs, target: /cache}\n    ports: [{target: 8000}, 9000, 9001]\n",
        );
        assert_eq!(short, long);
        let service = &short[0];
        assert_eq!(service.command.as_deref(), Some("uvicorn app:app --port 8000"));
        assert_eq!(service.values, [pair("PORT", "8000")]);
        assert_eq!(service.environment.len(), 3);
        assert_eq!(service.mounts, ["/app/src", "/data", "/cache"]);
        assert_eq!(service.read_only_mounts.iter().collect::<Vec<_>>(), ["/app/src"]);
        assert_eq!(service.bound, [pair("./src", "/app/src")]);
    }

    #[test]
    fn merge_keys_and_extended_services_count() {
        let text = "x-base: &base\n  user: '1000'\n  environment: &env\n    A: 1\nservices:\n  web:\n    <<: *base\n    build: .\n    environment:\n      \
                    <<: *env\n      B: 2\n  worker:\n    extends: web\n    command: celery -A app worker\n    environment: {C: 3}\n";
        let all = services(text);
        let names = |at: usize| all[at].environment.iter().cloned().collect::<String>();
        assert_eq!((names(0), names(1)), ("AB".to_owned(), "ABC".to_owned()));
        assert_eq!(all[1].user.as_deref(), Some("1000"));
    }

    #[test]
    fn other_files_of_the_project_count() {
        let text = "services:\n  web:\n    extends: {file: base.yaml, service: base}\n    build: {context: ., target: '${STAGE:-dev}'}\n    \
                    env_file: [web.env, missing.env]\n    environment: {PORT: '${PORT:-80}', MODE: }\n";
        let base = "services:\n  base:\n    read_only: true\n    volumes: ['../src:/app', '${DATA}:/data', '/etc/x:/x', '~/y:/y']\n";
        let files = [
            ("compose.yaml", text),
            ("base.yaml", base),
            ("web.env", "LEVEL=2\nTOKEN=x\n"),
            (".env", "STAGE=prod\nMODE=a\n"),
        ];
        let web = &services_of(&files)[0];
        assert_eq!((web.target.as_deref(), web.read_only), (Some("prod"), true));
        assert_eq!(web.environment.iter().collect::<Vec<_>>(), ["LEVEL", "MODE", "PORT", "TOKEN"]);
        // The others may be set in the shell.
        assert_eq!(web.values, [pair("LEVEL", "2")]);
        assert_eq!(
            web.bound,
            [pair("../src", "/app"), pair("${DATA}", "/data"), pair("/etc/x", "/x"), pair("~/y", "/y")]
        );
    }

    #[test]
    fn tests_of_healthchecks_are_shell_texts() {
        let of = |test: &str| {
            let all = services(&format!("services:\n  a:\n    image: b\n    healthcheck:\n      test: {test}\n"));
            all[0].healthcheck.clone()
        };
        assert_eq!(of("curl -f http://localhost || exit 1").as_deref(), Some("curl -f http://localhost || exit 1"));
        assert_eq!(of("[CMD, pg_isready, -U, 'a b']").as_deref(), Some("pg_isready -U 'a b'"));
        assert_eq!(of("[CMD-SHELL, 'echo $$X']").as_deref(), Some("echo $X"));
        assert_eq!(of("[NONE]"), None);
    }

    #[test]
    fn what_compose_refuses_is_left_out() {
        let check = |written: &str| {
            let text = format!("services:\n  a:\n    build: .\n    command: serve --port ${{PORT}}\n{written}");
            let all = services(&text);
            let first = all.iter().find(|service| service.name == "a").map(|service| service.command.as_deref());
            assert_eq!(first, Some(Some("serve --port '${PORT}'")), "{text}");
        };
        for written in [
            "    unknown: 1\n",
            "    ports: {x: 1}\n",
            "    ports: ['${PORT}:x']\n    cpus: many\n    volumes: [5, ':']\n",
            "    extends: missing\n",
            "    depends_on: [missing]\n    image: ${IMAGE:?}\n",
            "    label_file: missing\n",
            "    user: me\n    user: me\n",
            "    environment: [A=1, *b]\n",
            "  b: 5\n  c: [a]\n",
            "  b:\n    extends: b\n",
            "volumes: 5\nunknown: 5\n5: a\n",
            "    environment: {A: '${B'}\n",
            "    labels: {\n",
        ] {
            check(written);
        }
        let files = [("compose.yaml", "services:\n  a:\n    image: b\n    env_file: a.env\n"), ("a.env", "A=\"\n")];
        assert_eq!(services_of(&files).len(), 1);
        let unknown = |count: usize| {
            let lines: Vec<_> = (0..count).map(|index| format!("    unknown{index}: 1\n")).collect();
            lines.concat()
        };
        check(&unknown(30));
        assert_eq!(services(&format!("services:\n  a:\n    image: b\n{}", unknown(31))), []);
    }

    #[test]
    fn odd_files_have_no_service() {
        for text in ["", "services:", "services: [a]", "services:\n  a: 5", "a: *b", "\u{0}", "- a"] {
            assert_eq!(services(text), [], "{text}");
        }
    }
}
