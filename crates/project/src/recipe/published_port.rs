//! The ports that scripts and texts for people publish when they start a container: `docker run -p 8080:80 web`.

use super::image_build::replaced;
use super::{COMMANDS, engines, joined_text, variables, within_quotes};
use crate::shell::{Word, parse};

/// A port of the host for one of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedPort {
    /// The line of the command, from 1.
    pub line: u32,
    /// The port of the host.
    pub host: u16,
    /// The port of the container.
    pub container: u16,
}

/// The ports that the commands of a text publish, as far as both are plain numbers.
pub fn published_ports(text: &str) -> Vec<PublishedPort> {
    let mut ports = Vec::new();
    if !engines().iter().any(|engine| text.contains(engine)) || !text.contains("run") {
        return ports;
    }
    let (variables, mut commands) = (variables(text), 0);
    for (line, joined) in joined_text(text) {
        let whole = replaced(&joined, &variables);
        for at in engines().iter().flat_map(|engine| whole.match_indices(engine)).map(|(at, _)| at) {
            commands += 1;
            if commands > COMMANDS {
                return ports;
            }
            let command = parse(within_quotes(&whole, at));
            let invocations = command.invocations();
            let Some(invocation) = invocations.first() else { continue };
            let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();
            let is_start = matches!(words.as_slice(), ["run" | "create", ..] | ["container", "run" | "create", ..]);
            if is_start {
                ports.extend(mappings(&words).map(|(host, container)| PublishedPort { line, host, container }));
            }
        }
    }
    ports
}

/// The ports of the host and of the container behind `-p` and `--publish`.
fn mappings<'w>(words: &'w [&str]) -> impl Iterator<Item = (u16, u16)> + 'w {
    let value = |(at, word): (usize, &&'w str)| match *word {
        "-p" | "--publish" => words.get(at + 1).copied(),
        word => word.strip_prefix("--publish=").or_else(|| word.strip_prefix("-p")),
    };
    words.iter().enumerate().filter_map(value).filter_map(|mapping| {
        let (rest, container) = mapping.rsplit_once(':')?;
        let host = rest.rsplit(':').next().unwrap_or(rest).parse().ok().filter(|host| *host > 0)?;
        Some((host, container.split('/').next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_commands_that_start_are_read() {
        let check = |text: &str, expected: &[(u32, u16, u16)]| {
            let ports: Vec<_> =
                published_ports(text).iter().map(|port| (port.line, port.host, port.container)).collect();
            assert_eq!(ports, expected, "{text}");
        };
        check("Build it.\n\n    docker run --rm -p 8080:80 web\n", &[(3, 8080, 80)]);
        check("PORT=9000\ndocker run -d \\\n  --publish=127.0.0.1:${PORT}:3000/tcp web\n", &[(2, 9000, 3000)]);
        check("run:\n\tpodman run -p81:80 -p 82:443 web\n", &[(2, 81, 80), (2, 82, 443)]);
        check("Then `docker container run -p 5000:5000 api`.\n", &[(1, 5000, 5000)]);
        for text in ["docker build -p 1:2 .\n", "docker run -p 80 web\n", "docker run -p $A:80 web\n", "mkdir -p 1:2\n"]
        {
            check(text, &[]);
        }
        let many = "docker run -p 1:2 web ".repeat(50_000);
        assert!(published_ports(&many).len() <= COMMANDS);
    }
}
