//! HTTP requests that ask a server from inside of its container, each in words that a program of the image understands:
//! rows of `data/services.tsv` with another address.

use super::{BaseImage, Build, Presence, Programs, Reference, Stage, StageBase};
use crate::data;

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

    /// The program with which an image can request a URL, where its base certainly has one: its own language first.
    pub fn of_image(build: &Build, stage: &Stage, url: &str) -> Option<Self> {
        let StageBase::Image(image) = build.root_base(stage) else { return None };
        let (base, reference) = (BaseImage::of(image), Reference::of(image));
        let has = |program: &str| base.presence(program) == Presence::Has;
        let major = || reference.tag?.split(['.', '-']).next()?.parse::<u32>().ok();
        let name = reference.short_name();
        match (name, major()) {
            ("python", Some(3..)) => return Some(Self::Python),
            // Node 18 introduced fetch; before 20 it tries only the first address of `localhost`.
            ("node", Some(major)) if major >= 20 || (major >= 18 && !url.contains("localhost")) => {
                return Some(Self::Node);
            }
            ("python" | "node", _) => {}
            ("ruby", _) if has("ruby") || reference.name == "ruby" => return Some(Self::Ruby),
            _ if reference.name == "oven/bun" => return Some(Self::Bun),
            _ => {}
        }
        let programs = Programs::of(build, stage);
        let others = [(Self::Wget, "wget"), (Self::Curl, "curl"), (Self::Bash, "bash")];
        // What bash writes into the network is not encrypted.
        let can = |asker: Self| asker != Self::Bash || url.starts_with("http://");
        others
            .into_iter()
            .find(|(asker, program)| has(program) && !programs.lacks(program) && can(*asker))
            .map(|(a, _)| a)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Asker; 7] =
        [Asker::Python, Asker::Node, Asker::Ruby, Asker::Bun, Asker::Curl, Asker::Wget, Asker::Bash];

    #[test]
    fn addresses_of_the_table_become_others() {
        for asker in ALL {
            let words = asker.request("http://127.0.0.1:9001/ready", None).join(" ");
            assert!(words.contains("/ready") && words.contains("9001"), "{words}");
            assert!(!words.contains("healthz") && !words.contains("8080") && !words.contains("3000"), "{words}");
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
