//! See `rules/docker-socket.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("docker-socket", check);

/// Programs that give other users access to a file.
const OPENERS: [&str; 3] = ["chmod", "chown", "setfacl"];

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    for (index, instruction) in cx.shipped().flat_map(|stage| build.effective_instructions(stage)) {
        match instruction.keyword {
            Keyword::Volume => {
                for path in file.list(instruction).iter().filter(|path| is_socket(&path.text)) {
                    let message = "VOLUME at the Docker socket: mounting the socket there gives the container root access to the host";
                    let help = "remove it; if the socket is needed, mount it explicitly when the container starts";
                    out.push(cx.finding(path.span, message).help(help));
                }
            }
            Keyword::Run => {
                let Some(code) = build.code(index) else { continue };
                for invocation in code.script.invocations() {
                    let opens = invocation.program.is_some_and(|program| OPENERS.contains(&program));
                    if let Some(word) = invocation.args.iter().find(|word| opens && is_socket(word.text())) {
                        let message = "this opens the Docker socket to every user at run time; a build has no socket";
                        let help = "add the container's user to the group of the host's socket (`--group-add`)";
                        out.push(cx.finding(code.place(file, word.span), message).help(help));
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_socket(path: &str) -> bool {
    matches!(path.trim_matches(['"', '\'']), "/var/run/docker.sock" | "/run/docker.sock")
}
