//! See `rules/docker-socket.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("docker-socket", check);

/// Programs that open a file to others.
const OPENERS: [&str; 3] = ["chmod", "chown", "setfacl"];

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    for stage in cx.shipped() {
        for (index, instruction) in build.effective_instructions(stage) {
            match instruction.keyword {
                Keyword::Volume => {
                    for path in file.list(instruction).iter().filter(|path| is_socket(&path.text)) {
                        let message =
                            "a VOLUME at the engine's socket: whoever mounts it hands the host's root account over";
                        let help = "leave it out; whoever needs it mounts it by name, and knows";
                        out.push(cx.finding(path.span, message).help(help));
                    }
                }
                Keyword::Run => {
                    let Some(code) = build.code(index) else { continue };
                    for one in code.script.invocations() {
                        let opens = one.program.is_some_and(|program| OPENERS.contains(&program));
                        if let Some(word) = one.args.iter().find(|word| opens && is_socket(word.text())) {
                            let message = "a build has no engine's socket: this opens it, at run time, to every user";
                            let help = "give the container's user the group of the host's socket (`--group-add`)";
                            out.push(cx.finding(code.place(file, word.span), message).help(help));
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

fn is_socket(path: &str) -> bool {
    matches!(path.trim_matches(['"', '\'']), "/var/run/docker.sock" | "/run/docker.sock")
}
