//! Whether what an image starts is a service that could do without root: the question behind `root-user` and `last-user-root`. In doubt it
//! is none: tools, CI images and bases run as root for good reasons.

use crate::build::{Build, Stage};
use crate::dockerfile::{Arguments, Keyword};
use crate::shell::Invocation;

/// Programs that start as root and hand their work to a user of their own, or that can do nothing as another user.
const NEED_ROOT: &[&str] = &[
    "nginx",
    "httpd",
    "httpd-foreground",
    "apache2",
    "apache2ctl",
    "apachectl",
    "apache2-foreground",
    "php-fpm",
    "sshd",
    "cron",
    "crond",
    "anacron",
    "supercronic",
    "supervisord",
    "s6-svscan",
    "runsvdir",
    "init",
    "systemd",
    "dockerd",
    "containerd",
    "buildkitd",
    "named",
    "unbound",
    "dnsmasq",
    "postfix",
    "dovecot",
    "exim",
    "smbd",
    "nmbd",
    "mysqld",
    "mysqld_safe",
    "mariadbd",
    "postgres",
    "vsftpd",
    "proftpd",
    "rpcbind",
    "openvpn",
    "wg-quick",
    "haproxy",
    "keepalived",
    "squid",
    "rsyslogd",
    "iptables",
    "tincd",
    "pptpd",
    "xl2tpd",
    "in.tftpd",
];

/// Programs that start a service of the image's language, given something to run.
const RUNTIMES: &[&str] = &[
    "uvicorn",
    "gunicorn",
    "hypercorn",
    "daphne",
    "granian",
    "waitress-serve",
    "fastapi",
    "flask",
    "celery",
    "taskiq",
    "streamlit",
    "node",
    "nodejs",
    "npm",
    "yarn",
    "pnpm",
    "bun",
    "deno",
    "pm2-runtime",
    "nodemon",
    "tsx",
    "next",
    "java",
    "dotnet",
    "puma",
    "unicorn",
    "rails",
    "rackup",
    "bundle",
    "php",
    "uv",
    "poetry",
    "pipenv",
    "catalina.sh",
];

/// Programs that only keep a container open for people.
const IDLE: &[&str] = &["bash", "sh", "zsh", "ash", "fish", "sleep", "tail", "true", "cat"];

/// Words of names that say that a file or stage is for developers, not for running.
const DEVELOPMENT: &[&str] = &[
    "dev",
    "devel",
    "development",
    "devcontainer",
    "devcontainers",
    "gitpod",
    "envs",
    "test",
    "tests",
    "testing",
    "e2e",
    "ci",
    "lint",
    "debug",
    "local",
    "cypress",
    "playwright",
    "docs",
    "builder",
    "build",
    "base",
];

/// Whether the stage is a service that runs as whoever USER says.
pub(in crate::rules) fn is_service(build: &Build, stage: &Stage) -> bool {
    if is_development(build, stage) {
        return false;
    }
    let start = Start::of(build, stage);
    // What only its base starts is a shell or an interpreter for people: a base or a build's own container.
    let Some(program) = start.program.as_deref() else { return false };
    if start.programs.iter().any(|program| needs_root(program)) || IDLE.contains(&program) || start.asks_for_help {
        return false;
    }
    let listens = build.last(stage, Keyword::Expose).is_some() || build.last(stage, Keyword::Healthcheck).is_some();
    listens || (start.arguments > 0 && is_runtime(program)) || start.is_own_program
}

/// Whether the stage may be one: nothing says that it is for developers, needs root, or is a tool or a shell for people.
pub(crate) fn may_serve(build: &Build, stage: &Stage) -> bool {
    let start = Start::of(build, stage);
    let idle = start.program.as_deref().is_some_and(|program| IDLE.contains(&program)) && !start.is_script;
    !is_development(build, stage)
        && !idle
        && !start.asks_for_help
        && !start.programs.iter().any(|program| needs_root(program))
}

/// What a container of the stage starts.
#[derive(Default)]
struct Start {
    /// The last path component of the first program.
    program: Option<String>,
    /// Those of all programs.
    programs: Vec<String>,
    /// Words behind the first program, those of CMD behind ENTRYPOINT among them.
    arguments: usize,
    /// Whether it only prints how it is to be called, and so is a tool.
    asks_for_help: bool,
    /// Whether a shell is given a script: `bash start.sh`.
    is_script: bool,
    /// Whether CMD alone names a program that the build put there.
    is_own_program: bool,
}

impl Start {
    fn of(build: &Build, stage: &Stage) -> Self {
        let mut start = Self::default();
        for keyword in [Keyword::Entrypoint, Keyword::Cmd] {
            let Some((index, instruction)) = build.last(stage, keyword) else { continue };
            let Some(code) = build.code(index) else { continue };
            let invocations = code.script.invocations();
            start.asks_for_help |= invocations.iter().any(asks_for_help);
            // The words of CMD are the arguments of an ENTRYPOINT.
            if keyword == Keyword::Cmd && start.program.is_some() {
                if let Arguments::Json(words) = &instruction.arguments {
                    start.arguments += words.len();
                    start.asks_for_help |= words.iter().any(|word| is_help(&word.value));
                    start.programs.extend(words.first().map(|word| last(&word.value).to_owned()));
                }
                continue;
            }
            for invocation in &invocations {
                let path = invocation.path.value().unwrap_or_default();
                if start.program.is_none() && !path.is_empty() {
                    start.program = Some(last(path).to_owned());
                    start.arguments = invocation.args.len();
                    let script = invocation.args.iter().any(|one| !one.text().starts_with('-'));
                    start.is_script = script && last(path).ends_with("sh");
                    start.is_own_program = keyword == Keyword::Cmd && is_own(path);
                }
                start.programs.push(last(path).to_owned());
            }
        }
        start
    }
}

/// Whether names say that the stage is for developers.
pub(crate) fn is_development(build: &Build, stage: &Stage) -> bool {
    let path = build.input().file.source().name().to_ascii_lowercase();
    let file = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let words = |name: &str| name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| DEVELOPMENT.contains(&word));
    path.contains(".devcontainer/") || words(file) || stage.name.as_deref().is_some_and(words)
}

fn needs_root(program: &str) -> bool {
    // `php-fpm8.3`, `nginx-debug`.
    NEED_ROOT.contains(&program) || program.starts_with("php-fpm") || program.starts_with("nginx")
}

fn is_runtime(program: &str) -> bool {
    RUNTIMES.contains(&program) || program.starts_with("python") || program.starts_with("pypy")
}

/// A path to a program, no script, outside of the folders of the distribution.
fn is_own(path: &str) -> bool {
    let system = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"];
    path.contains('/') && path.strip_suffix(".sh").is_none() && !system.iter().any(|folder| path.starts_with(folder))
}

fn asks_for_help(invocation: &Invocation) -> bool {
    invocation.args.iter().filter_map(|word| word.value()).any(is_help)
}

fn is_help(word: &str) -> bool {
    matches!(word, "--help" | "-h" | "help" | "--version" | "-?")
}

fn last(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}
