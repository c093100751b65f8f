//! What the rules about deployments say of other programs: each claim is tried with that program.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use super::{Container, Engine, Image};

/// A network of a test, removed with its end.
struct Network<'e> {
    engine: &'e Engine,
    name: String,
}

impl Drop for Network<'_> {
    fn drop(&mut self) {
        self.engine.run(&["network", "rm", "--force", &self.name]);
    }
}

/// A compose project of a test, taken down with its end.
struct Project<'e> {
    engine: &'e Engine,
    name: String,
    folder: &'e Path,
}

impl Project<'_> {
    fn run(&self, arguments: &[&str]) -> Output {
        let folder = self.folder.to_str().unwrap();
        let mut all = vec!["compose", "--project-directory", folder];
        if !self.name.is_empty() {
            all.extend(["--project-name", &self.name]);
        }
        all.extend(arguments);
        self.engine.run(&all)
    }

    #[track_caller]
    fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        self.run(&["down", "--timeout=0", "--volumes", "--remove-orphans"]);
    }
}

fn name(what: &str) -> String {
    format!("dockopt-test-{what}-{}", std::process::id())
}

fn start<'e>(engine: &'e Engine, arguments: &[&str]) -> Container<'e> {
    let mut all = vec!["run", "--detach"];
    all.extend(arguments);
    Container { engine, id: engine.text(&all) }
}

/// The status that a port answers with in a container; `000` where nothing answers in time.
fn answer(container: &Container, port: u16) -> String {
    let url = format!("http://127.0.0.1:{port}/");
    let curl = ["curl", "--silent", "--output", "/dev/null", "--max-time", "5", "--write-out", "%{http_code}", &url];
    let output = container.engine.run(&[&["exec", &*container.id][..], &curl].concat());
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// As [`answer`]; asked until it is 200, or half a minute is over.
fn answer_in_time(container: &Container, port: u16) -> String {
    let started = Instant::now();
    loop {
        let status = answer(container, port);
        if status == "200" || started.elapsed() > Duration::from_secs(30) {
            return status;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

const PROXIES: &str = "FROM nginx:1.30\n\
    RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends haproxy caddy && rm -rf /var/lib/apt/lists/*\n\
    RUN printf 'server {\\n  listen 81;\\n  location / { proxy_pass http://api; }\\n}\\n' >/etc/nginx/conf.d/kept.conf\n\
    RUN printf 'server {\\n  listen 82;\\n  resolver 127.0.0.11 valid=1s;\\n  location / { set $to app; proxy_pass http://$to; }\\n}\\n' \
        >/etc/nginx/conf.d/again.conf\n\
    RUN printf 'defaults\\n  mode http\\n  timeout connect 2s\\n  timeout client 9s\\n  timeout server 9s\\n\
resolvers docker\\n  nameserver dns 127.0.0.11:53\\n  hold valid 1s\\n\
frontend a\\n  bind :83\\n  default_backend kept\\nbackend kept\\n  server a api:80 check inter 500ms\\n\
frontend b\\n  bind :84\\n  default_backend again\\nbackend again\\n  server b api:80 check inter 500ms resolvers docker init-addr last,libc,none\\n' \
        >/haproxy.cfg\n\
    RUN printf ':85\\nreverse_proxy api:80\\n' >/Caddyfile\n\
    CMD haproxy -D -f /haproxy.cfg && (caddy run --config /Caddyfile --adapter caddyfile &) && exec nginx -g 'daemon off;'\n";

/// `compose-proxy-address-kept` (a name in a variable is looked up again only where no other `proxy_pass` has it, which makes
/// it a group of servers): nginx and `HAProxy` keep the address of a name, unless they are told to ask again; Caddy
/// asks by itself; a reload helps.
#[test]
fn proxies_keep_addresses() {
    let Some(engine) = Engine::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Dockerfile"), PROXIES).unwrap();
    let (image, _) = engine.image(folder.path());
    let network = Network { engine: &engine, name: name("proxies") };
    // Addresses that differ for sure: the engine gives the next container one that has just become free.
    engine.text(&["network", "create", "--subnet=10.213.77.0/24", &network.name]);
    let backend = |address: &str| {
        start(
            &engine,
            &["--network", &network.name, "--network-alias=api", "--network-alias=app", "--ip", address, "nginx:1.30"],
        )
    };
    let old = backend("10.213.77.10");
    let proxy = start(&engine, &["--network", &network.name, &image.tag]);
    for port in 81..=85 {
        assert_eq!(answer_in_time(&proxy, port), "200", "port {port}");
    }
    let new = backend("10.213.77.20");
    drop(old);
    assert!(new.runs());
    for port in [82, 84, 85] {
        assert_eq!(answer_in_time(&proxy, port), "200", "port {port}");
    }
    for port in [81, 83] {
        assert_ne!(answer(&proxy, port), "200", "port {port}");
    }
    engine.text(&["exec", &proxy.id, "nginx", "-s", "reload"]);
    assert_eq!(answer_in_time(&proxy, 81), "200");
    drop((proxy, new));
}

/// `mounted-file-replaced`: `sed -i` makes a new file, and the container keeps the old one; in a folder it sees the new one.
#[test]
fn a_mounted_file_stays_the_old_one() {
    let Some(engine) = Engine::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.conf");
    std::fs::write(&file, "port 8000\n").unwrap();
    let mounts = [format!("{}:/file.conf:ro", file.display()), format!("{}:/folder:ro", folder.path().display())];
    let container =
        start(&engine, &["--volume", &mounts[0], "--volume", &mounts[1], "debian:trixie-slim", "sleep", "300"]);
    let sed = Command::new("sed").args(["-i", "s/8000/8001/"]).arg(&file).status().unwrap();
    assert!(sed.success());
    let read = |path: &str| engine.text(&["exec", &container.id, "cat", path]);
    assert_eq!((read("/file.conf").as_str(), read("/folder/app.conf").as_str()), ("port 8000", "port 8001"));
}

/// `prune-after-deploy`: an image whose tag another one took is deleted, one with a tag of its own is kept.
#[test]
fn a_prune_deletes_what_has_no_tag() {
    let Some(engine) = Engine::find() else { return };
    let label = format!("dockopt.prune={}", std::process::id());
    let tag = format!("dockopt-test:prune-{}", std::process::id());
    let kept = Image { engine: &engine, tag: format!("{tag}-kept") };
    let folder = tempfile::tempdir().unwrap();
    let build = |version: u8| {
        let text = format!("FROM debian:trixie-slim\nLABEL {label}\nRUN echo {version} >/version\n");
        std::fs::write(folder.path().join("Dockerfile"), text).unwrap();
        let built = engine.build(folder.path(), &["--tag", &tag]);
        assert!(built.ok, "{}", built.log);
        engine.text(&["image", "inspect", "--format={{.Id}}", &tag])
    };
    let ids = [1, 2, 3].map(|version| {
        let id = build(version);
        if version == 2 {
            engine.text(&["tag", &tag, &kept.tag]);
        }
        id
    });
    let newest = Image { engine: &engine, tag };
    engine.text(&["image", "prune", "--force", "--filter", &format!("label={label}")]);
    let exists = |id: &String| engine.run(&["image", "inspect", id]).status.success();
    assert_eq!(ids.each_ref().map(exists), [false, true, true]);
    drop((newest, kept));
}

fn compose_file(folder: &Path, file: &str, service: &str) {
    let text = format!("services:\n  api:\n    image: nginx:1.30\n{service}");
    std::fs::write(folder.join(file), text).unwrap();
}

/// `projects-share-name`: two files of one folder are one project, so that green takes the place of blue.
#[test]
fn files_of_one_folder_are_one_project() {
    let Some(engine) = Engine::find() else { return };
    let folder = tempfile::Builder::new().prefix("dockopt-test-").tempdir().unwrap();
    for color in ["blue", "green"] {
        compose_file(folder.path(), &format!("{color}.yaml"), &format!("    environment: {{COLOR: {color}}}\n"));
    }
    let file = |color: &str| folder.path().join(format!("{color}.yaml")).display().to_string();
    let up = |name: &str, color: &str| {
        let project = Project { engine: &engine, name: name.to_owned(), folder: folder.path() };
        project.text(&["--file", &file(color), "up", "--detach", "--timeout=1"]);
        let ids = project.text(&["--file", &file(color), "ps", "--quiet"]);
        (project, ids)
    };
    let runs = |id: &str| engine.run(&["inspect", id]).status.success();
    let (shared, blue) = up("", "blue");
    let (_again, green) = up("", "green");
    assert!(blue != green && !runs(&blue) && runs(&green), "{blue} {green}");
    shared.run(&["--file", &file("green"), "down", "--timeout=0"]);
    let (one, other) = (name("blue"), name("green"));
    let (_one, blue) = up(&one, "blue");
    let (_other, green) = up(&other, "green");
    assert!(blue != green && runs(&blue) && runs(&green), "{blue} {green}");
}

/// `compose-port-fixed` and `compose-name-fixed`: no second container starts; `compose-update-config-ignored`: the old one
/// goes before the new one comes.
#[test]
fn what_one_container_takes_a_second_one_cannot_have() {
    let Some(engine) = Engine::find() else { return };
    let folder = tempfile::Builder::new().prefix("dockopt-test-").tempdir().unwrap();
    let project = Project { engine: &engine, name: name("second"), folder: folder.path() };
    let file = folder.path().join("compose.yaml").display().to_string();
    let scale = |service: &str| {
        compose_file(folder.path(), "compose.yaml", service);
        project.run(&["--file", &file, "down", "--timeout=0"]);
        let up = project.run(&["--file", &file, "up", "--detach", "--scale=api=2"]);
        (up.status.success(), String::from_utf8_lossy(&up.stderr).into_owned())
    };
    assert!(scale("").0);
    let (ok, error) = scale("    ports: [\"127.0.0.1:38417:80\"]\n");
    assert!(!ok && error.contains("port is already allocated"), "{error}");
    let (ok, error) = scale(&format!("    container_name: {}\n", name("fixed")));
    assert!(!ok && error.contains("requires each container to have a unique name"), "{error}");

    let ordered = "    deploy: {update_config: {order: start-first}}\n    stop_grace_period: 1s\n";
    assert!(scale(ordered).0);
    compose_file(folder.path(), "compose.yaml", &format!("{ordered}    environment: {{VERSION: \"2\"}}\n"));
    project.text(&["--file", &file, "up", "--detach", "--scale=api=1"]);
    let since = engine.text(&["info", "--format={{.SystemTime}}"]);
    compose_file(folder.path(), "compose.yaml", &format!("{ordered}    environment: {{VERSION: \"3\"}}\n"));
    project.text(&["--file", &file, "up", "--detach", "--scale=api=1"]);
    let until = engine.text(&["info", "--format={{.SystemTime}}"]);
    let label = format!("label=com.docker.compose.project={}", project.name);
    let events = engine.text(&[
        "events",
        "--since",
        &since,
        "--until",
        &until,
        "--filter",
        &label,
        "--filter=event=die",
        "--filter=event=start",
        "--format={{.Action}}",
    ]);
    assert_eq!(events.lines().collect::<Vec<_>>(), ["die", "start"]);
}

/// `shell-form-command` and `compose-shell-keeps-signal`: a shell that waits for its program passes no signal on.
#[test]
fn a_shell_passes_no_signal_on() {
    let Some(engine) = Engine::find() else { return };
    let code = |script: &str| {
        let container = start(&engine, &["--entrypoint=sh", "nginx:1.30", "-c", script]);
        std::thread::sleep(Duration::from_secs(1));
        engine.text(&["stop", "--signal=TERM", "--timeout=2", &container.id]);
        engine.text(&["inspect", "--format={{.State.ExitCode}}", &container.id])
    };
    assert_eq!(code("nginx -g 'daemon off;'; true"), "137");
    assert_eq!(code("true; exec nginx -g 'daemon off;'"), "0");
}

/// `compose-watch-data-unreadable`: the watcher gives up at a folder that it may not read, also where it is ignored.
#[test]
fn watching_gives_up_at_folders_of_others() {
    let Some(engine) = Engine::find() else { return };
    let socket = Path::new("/run/docker.sock");
    let group = std::fs::metadata(socket).map(|file| std::os::unix::fs::MetadataExt::gid(&file));
    let (Ok(group), true) = (group, Command::new("id").arg("-u").output().unwrap().stdout == b"0\n") else {
        super::left_out("it needs root and the engine's socket");
        return;
    };
    let folder = tempfile::Builder::new().prefix("dockopt-test-").tempdir().unwrap();
    let write = |file: &str, text: &str| std::fs::write(folder.path().join(file), text).unwrap();
    write("Dockerfile", "FROM nginx:1.30\n");
    write(".dockerignore", "data\n");
    write(
        "compose.yaml",
        "services:\n  api:\n    build: .\n    develop:\n      watch:\n        - {action: sync, path: ., target: /srv, ignore: [data/]}\n",
    );
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let project = Project { engine: &engine, name: name("watch"), folder: folder.path() };
    let file = folder.path().join("compose.yaml").display().to_string();
    project.text(&["--file", &file, "up", "--detach", "--build"]);
    let tag = Image { engine: &engine, tag: format!("{}-api", project.name) };
    let watch = || {
        let mut command = Command::new("timeout");
        command.args(["10", "setpriv", "--reuid=65534", &format!("--regid={group}"), "--clear-groups"]);
        command.args([&engine.client, "compose", "--project-name", &project.name, "--file", &file, "watch", "--no-up"]);
        let output = command.env("HOME", folder.path()).output().unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    std::os::unix::fs::chown(folder.path(), Some(65534), None).unwrap();
    let (code, text) = watch();
    assert_eq!(code, Some(124), "{text}");
    let data = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(folder.path().join("data"), data).unwrap();
    let (code, text) = watch();
    assert!(code != Some(124) && text.contains("permission denied"), "{code:?} {text}");
    drop(tag);
}
