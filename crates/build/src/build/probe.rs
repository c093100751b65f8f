//! HTTP requests that ask a server from inside of its container, each in words that a program of the image understands:
//! rows of `data/services.tsv` with another address.

use super::{BaseImage, Build, Presence, Programs, Reference, Stage, StageBase};
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::Ecosystem;
use crate::shell::PackageCall;

/// A program that can ask a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Python 3.
    Python,
    /// Node.js 18 or later.
    Node,
    /// Ruby.
    Ruby,
    /// Bun.
    Bun,
    /// curl.
    Curl,
    /// wget, also that of busybox.
    Wget,
    /// bash, by its own network files.
    Bash,
    /// PHP.
    Php,
    /// nc, which asks whether a port answers.
    Netcat,
}

impl Asker {
    /// The words of a request that fails for an error status. `seconds`: its time limit, where the program takes one.
    pub fn request(self, url: &str, seconds: Option<u32>) -> Vec<String> {
        let check = data::SERVICES.row(self.row()).map_or("[]", |row| row[2]);
        let words: Vec<String> = serde_json::from_str(check).unwrap_or_default();
        words.iter().map(|word| self.with_limit(with_url(word, url), seconds)).collect()
    }

    /// The row of `data/services.tsv`.
    const fn row(self) -> &'static str {
        match self {
            Self::Python => "runtime python",
            Self::Node => "runtime node",
            Self::Ruby => "runtime ruby",
            Self::Bun => "runtime bun/deno",
            Self::Php => "runtime php",
            Self::Curl => "runtime php-apache/frankenphp",
            Self::Wget | Self::Netcat => "runtime busybox/alpine",
            Self::Bash => "runtime debian/ubuntu with bash only",
        }
    }

    fn with_limit(self, word: String, seconds: Option<u32>) -> String {
        match (self, seconds) {
            (Self::Python, None) => word.replace(",timeout=3", ""),
            (Self::Python, Some(seconds)) => word.replace(",timeout=3", &format!(",timeout={seconds}")),
            (Self::Node, Some(seconds)) => {
                word.replace("').then", &format!("',{{signal:AbortSignal.timeout({seconds}000)}}).then"))
            }
            _ => word,
        }
    }

    /// The time limit in seconds of a request in a new check: that of its row.
    pub fn usual_limit(self) -> Option<u32> {
        (self == Self::Python).then_some(3)
    }

    /// The words that ask whether a port answers at all.
    pub fn connect(self, port: u16) -> Vec<String> {
        let any = format!("http://127.0.0.1:{port}/");
        let words: &[&str] = match self {
            Self::Python => {
                &["python", "-c", &format!("import socket;socket.create_connection(('127.0.0.1',{port}),2).close()")]
            }
            Self::Node | Self::Bun => &[
                self.program(),
                "-e",
                &format!(
                    "require('net').connect({port},'127.0.0.1',()=>process.exit(0)).on('error',()=>process.exit(1))"
                ),
            ],
            Self::Ruby => &["ruby", "-rsocket", "-e", &format!("TCPSocket.new('127.0.0.1',{port}).close")],
            Self::Php => &["php", "-r", &format!("exit(@fsockopen('127.0.0.1',{port}) ? 0 : 1);")],
            // busybox has both, and its wget fails where a page is missing.
            Self::Netcat | Self::Wget => &["nc", "-z", "127.0.0.1", &port.to_string()],
            Self::Curl => &["curl", "-sS", "-o", "/dev/null", &any],
            Self::Bash => &["bash", "-c", &format!("exec 3<>/dev/tcp/127.0.0.1/{port}")],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// The words of a request to the top of a server that each answer fulfils but those of a server that fails
    /// (`data/check_answers.tsv`): one that hangs gives none, although its port is open.
    pub fn request_any(self, port: u16) -> Vec<String> {
        check_answer(self.program(), port).unwrap_or_default()
    }

    /// The words of a request that nginx answers itself, whatever it passes on (`data/check_answers.tsv`); `None` where the
    /// program cannot send it.
    pub fn request_to_nginx(self, port: u16) -> Option<Vec<String>> {
        check_answer(&format!("{} nginx", self.program()), port)
    }

    /// The words of a request to the port that the variable `PORT` of the container names, else to another one; as
    /// [`Asker::request`] where the program cannot read variables.
    pub fn request_at_variable(self, port: u16, path: &str, seconds: Option<u32>) -> Vec<String> {
        let url = format!("http://127.0.0.1:{port}{path}");
        let (value, import) = match self {
            Self::Python => (format!("os.getenv('PORT','{port}')"), "import os,"),
            Self::Node | Self::Bun => (format!("(process.env.PORT||{port})"), "import "),
            Self::Ruby => (format!("ENV.fetch('PORT','{port}')"), "import "),
            _ => return self.request(&url, seconds),
        };
        let words = self.request(&url, seconds).into_iter();
        let varied = format!("'http://127.0.0.1:'+{value}+'{path}'");
        words.map(|word| word.replace(&format!("'{url}'"), &varied).replacen("import ", import, 1)).collect()
    }

    /// The program's name.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
            Self::Ruby => "ruby",
            Self::Bun => "bun",
            Self::Php => "php",
            Self::Curl => "curl",
            Self::Wget => "wget",
            Self::Bash => "bash",
            Self::Netcat => "nc",
        }
    }

    /// The program with which a container of an image can ask a server, where the image certainly has one: its own
    /// language first, which stays in a smaller image. `url`: what is requested; without one, whether a port answers is
    /// enough. `ecosystem`: that of the project, where a known server of it is started.
    pub fn of_image(build: &Build, stage: &Stage, url: Option<&str>, ecosystem: Option<Ecosystem>) -> Option<Self> {
        let reader = AskerReader { build, stage, programs: Programs::of(build, stage) };
        reader.interpreter(url, ecosystem).or_else(|| reader.other(url))
    }
}

/// Looks for the programs of an image.
struct AskerReader<'r, 'i> {
    build: &'r Build<'i>,
    stage: &'r Stage,
    programs: Programs<'r, 'i>,
}

impl<'r> AskerReader<'r, '_> {
    fn base(&self) -> Option<(BaseImage<'r>, Reference<'r>)> {
        match self.build.root_base(self.stage) {
            StageBase::Image(image) => Some((BaseImage::of(image), Reference::of(image))),
            _ => None,
        }
    }

    fn base_has(&self, program: &str) -> bool {
        self.base().is_some_and(|(base, _)| base.presence(program) == Presence::Has)
    }

    /// Whether the base has a program, or a step installs it.
    fn has(&self, program: &str) -> bool {
        (self.base_has(program) || installs(self.build, self.stage, program)) && !self.programs.lacks(program)
    }

    fn interpreter(&self, url: Option<&str>, ecosystem: Option<Ecosystem>) -> Option<Asker> {
        let base = self.base();
        let is_named = |name: &str| base.is_some_and(|(_, reference)| reference.short_name() == name);
        let major: Option<u32> = base.and_then(|(_, reference)| reference.tag?.split(['.', '-']).next()?.parse().ok());
        let is_recent = |program: &str, first: u32| !is_named(program) || major.is_none_or(|major| major >= first);
        // Node 18 introduced fetch; before 20 it tries only the first address of `localhost`.
        let node = if url.is_some_and(|url| url.contains("localhost")) { 20 } else { 18 };
        let server = self.build.listening(self.stage);
        let is_started = |known: Ecosystem| {
            ecosystem == Some(known) && server.as_ref().is_some_and(|server| server.ecosystem == Some(known))
        };
        let rows = [
            (Asker::Python, Some(Ecosystem::Python), 3),
            (Asker::Node, Some(Ecosystem::Node), node),
            (Asker::Ruby, Some(Ecosystem::Ruby), 0),
            (Asker::Bun, None, 0),
            (Asker::Php, None, 0),
        ];
        let mut askers = rows.into_iter().filter(|(asker, known, first)| {
            let program = asker.program();
            (self.base_has(program)
                || known.is_some_and(is_started)
                || *asker == Asker::Python && self.base_brings_python())
                && !self.programs.lacks(program)
                && is_recent(program, *first)
        });
        askers.next().map(|(asker, ..)| asker)
    }

    /// Whether a step calls Python, and no step installs it: the base has it then, whatever image that is.
    fn base_brings_python(&self) -> bool {
        let is_lacking = self.base().is_none_or(|(base, _)| base.presence("python") == Presence::Lacks);
        let stages = || self.build.chain(self.stage);
        let calls = |name: &str| matches!(name, "pip" | "python");
        let is_python = |call: &PackageCall| {
            call.manager.is_system() && call.packages.iter().any(|package| package.name.text.starts_with("py"))
        };
        let installs_it = |stage: &Stage| {
            self.build.called(stage).any(|known| known.package_call().is_some_and(|call| is_python(&call)))
        };
        !is_lacking
            && stages().any(|stage| self.build.called(stage).any(|known| known.program.is_some_and(calls)))
            && !stages().any(installs_it)
    }

    fn other(&self, url: Option<&str>) -> Option<Asker> {
        let base = self.base();
        // All images of Alpine have busybox, and only later ones curl.
        let is_alpine = base.is_some_and(|(base, reference)| {
            reference.name.contains("alpine")
                || reference.tag.is_some_and(|tag| tag.contains("alpine"))
                || base.presence("apk") == Presence::Has
        });
        let others = match (url.is_some(), is_alpine) {
            (true, false) => [Asker::Curl, Asker::Wget, Asker::Bash],
            (true, true) => [Asker::Wget, Asker::Curl, Asker::Bash],
            (false, _) => [Asker::Bash, Asker::Netcat, Asker::Curl],
        };
        let is_lacking = |asker: Asker| base.is_some_and(|(base, _)| base.presence(asker.program()) == Presence::Lacks);
        let is_in_busybox = |asker: Asker| is_alpine && matches!(asker, Asker::Wget | Asker::Netcat);
        // What bash writes into the network is not encrypted.
        let can = |asker: Asker| asker != Asker::Bash || url.is_none_or(|url| url.starts_with("http://"));
        let is_there = |asker: &Asker| {
            self.has(asker.program())
                || is_in_busybox(*asker) && !is_lacking(*asker) && !self.programs.lacks(asker.program())
        };
        others.into_iter().find(|asker| is_there(asker) && can(*asker))
    }
}

/// Whether a step of the image names a program as a package.
pub fn installs(build: &Build, stage: &Stage, program: &str) -> bool {
    build.chain(stage).any(|stage| {
        build.instructions_of(stage, Keyword::Run).any(|(index, _)| {
            let names = |call: &PackageCall| call.packages.iter().any(|package| package.name.text == program);
            build.code(index).is_some_and(|code| code.has_package_call(names))
        })
    })
}

/// A word of a check with another address.
fn with_url(word: &str, url: &str) -> String {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = authority.split_once('/').unwrap_or((authority, ""));
    let (host, port) = host.split_once(':').unwrap_or((host, "80"));
    let raw = word
        .replace("/dev/tcp/127.0.0.1/8080", &format!("/dev/tcp/{host}/{port}"))
        .replace("GET /healthz", &format!("GET /{path}"));
    let Some((before, rest)) = raw.split_once("http://127.0.0.1") else { return raw };
    let end = rest.find(['\'', '"', ')']).unwrap_or(rest.len());
    format!("{before}{url}{}", &rest[end..])
}

/// The words of a row of `data/check_answers.tsv`.
fn check_answer(program: &str, port: u16) -> Option<Vec<String>> {
    let words: Vec<String> = serde_json::from_str(data::CHECK_ANSWERS.row(program)?[1]).ok()?;
    Some(words.iter().map(|word| word.replace("{port}", &port.to_string())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Asker; 8] =
        [Asker::Python, Asker::Node, Asker::Ruby, Asker::Bun, Asker::Php, Asker::Curl, Asker::Wget, Asker::Bash];

    #[test]
    fn addresses_of_the_table_become_others() {
        for asker in ALL {
            let words = asker.request("http://127.0.0.1:9001/ready", None).join(" ");
            assert!(words.contains("/ready") && words.contains("9001"), "{words}");
            assert!(!words.contains("healthz") && !words.contains("8080") && !words.contains("3000"), "{words}");
            assert!(asker.connect(9001).join(" ").contains("9001"));
            assert!(asker.request_any(9001).join(" ").contains("9001"));
            let words = asker.request_at_variable(9001, "/ready", Some(3)).join(" ");
            let varies = matches!(asker, Asker::Python | Asker::Node | Asker::Ruby | Asker::Bun);
            assert!(words.contains("/ready") && words.contains("9001") && words.contains("PORT") == varies, "{words}");
        }
    }

    #[test]
    fn time_limits_stay() {
        let url = "http://127.0.0.1:1/";
        assert!(Asker::Python.request(url, Some(7)).join(" ").contains("',timeout=7)"));
        assert!(!Asker::Python.request(url, None).join(" ").contains("timeout"));
        assert!(
            Asker::Node
                .request(url, Some(7))
                .join(" ")
                .contains("'http://127.0.0.1:1/',{signal:AbortSignal.timeout(7000)})")
        );
    }
}
