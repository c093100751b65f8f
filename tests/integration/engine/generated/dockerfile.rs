//! Dockerfiles that really run, written from a seed: package tools that fetch, that are removed, that read their cache
//! later, in all the ways in which a shell joins commands.

use crate::mutation::Random;

/// A Dockerfile of one of [`TOOLS`] kinds, in turn.
pub(super) fn dockerfile(seed: usize) -> String {
    let mut random = Random::new(seed);
    let tool = TOOLS[seed % TOOLS.len()];
    let mut text = format!("FROM {}\n", one_of(&mut random, tool.bases));
    for line in tool.setup {
        text.push_str(line);
        text.push('\n');
    }
    if random.below(2) == 0 {
        text.push_str("ARG KIND=generated\n");
    }
    text.push_str("WORKDIR /generated\n");
    if random.below(2) == 0 {
        text.push_str(&addition(&mut random));
    }
    if seed.is_multiple_of(TOOLS.len()) && random.below(5) == 0 {
        text.push_str("RUN chown -R node /generated\nUSER node\n");
    }
    let mut commands: Vec<&str> = one_of(&mut random, tool.fetches).to_vec();
    commands.extend_from_slice(one_of(&mut random, tool.ends));
    text.push_str(&run(&mut random, &commands));
    if random.below(3) == 0 {
        text.push_str("ENV MODE=generated\n");
    }
    let later = one_of(&mut random, tool.later);
    if !later.is_empty() {
        text.push_str(&run(&mut random, later));
    }
    match random.below(4) {
        0 => text.push_str("USER nobody\nRUN cd /generated && ls >/dev/null\n"),
        1 => text.push_str("ONBUILD RUN echo generated\nCMD [\"sh\", \"-c\", \"ls /generated\"]\n"),
        2 => {
            text.insert_str(text.find('\n').unwrap(), " AS first");
            text.push_str("FROM first AS second\nRUN echo generated | tee /generated/second\n");
        }
        _ => {}
    }
    text
}

/// A tool and what people do with it.
#[derive(Clone, Copy)]
struct Tool {
    bases: &'static [&'static str],
    setup: &'static [&'static str],
    /// What fetches; each list is run in order.
    fetches: &'static [&'static [&'static str]],
    /// What the same RUN does behind that.
    ends: &'static [&'static [&'static str]],
    /// A later RUN; none where empty.
    later: &'static [&'static [&'static str]],
}

const TOOLS: [Tool; 4] = [NODE, PYTHON, DEBIAN, UV];

const NODE: Tool = Tool {
    bases: &["node:22-slim", "node:22-slim", "node:22"],
    setup: &["COPY package.json /generated/"],
    fetches: &[
        &["npm install ms@2.1.3"],
        &["npm install --no-audit --no-fund"],
        &["npm install -g ms@2.1.3", "npm install ms@2.1.3"],
        &["mkdir -p /tmp/generated", "cd /tmp/generated", "npm install ms@2.1.3"],
        &["PATH=/usr/local/bin:$PATH npm install ms@2.1.3"],
    ],
    ends: &[
        &[],
        &["ls"],
        &["npm uninstall -g npm"],
        &["rm -rf /usr/local/lib/node_modules/npm"],
        &["rm -rf /usr/local/lib/node_modules/*"],
        &["rm -f /usr/local/bin/npm /usr/local/bin/npx"],
        &["rm -f $(command -v npm)"],
        &["mv /usr/local/bin/npm /usr/local/bin/generated"],
        &["find /usr/local/lib/node_modules -maxdepth 1 -name npm -exec rm -rf {} +"],
        &["rm -rf $(pwd)/package.json", "rm -rf /tmp/generated"],
        &["rm -rf node_modules", "npm ci --offline"],
        &["mv /usr/bin/rm /usr/bin/generated"],
        &["rm -f /usr/local/bin/node"],
    ],
    later: &[
        &[],
        &["cd /generated", "rm -rf node_modules", "npm install ms@2.1.3 --offline --no-audit"],
        &["cp -r /root/.npm /opt/generated"],
        &["npm_config_offline=true npm install ms@2.1.3"],
        &["test -d /root/.npm/_cacache"],
    ],
};

const PYTHON: Tool = Tool {
    bases: &["python:3.13-slim", "python:3.13-slim", "python:3.13"],
    setup: &[],
    fetches: &[
        &["pip install six==1.17.0"],
        &["python -m pip install six==1.17.0 iniconfig==2.1.0"],
        &["pip download -d /generated/wheels six==1.17.0", "pip install --no-index --find-links /generated/wheels six"],
        &["python -m venv /opt/venv", "/opt/venv/bin/pip install six==1.17.0"],
        &["pip install --upgrade six==1.17.0", "pip cache dir"],
    ],
    ends: &[
        &[],
        &["pip uninstall -y pip"],
        &["apt-get purge -y python3-pip"],
        &["rm -rf /usr/local/lib/python3.13/dist-packages/pip"],
        &["rm -f $(command -v pip) /usr/local/bin/pip3"],
        &["python -c 'import sys'"],
        &["find / -xdev -name __pycache__ -exec rm -rf {} +"],
    ],
    later: &[&[], &["pip list"], &["test -e /root/.cache/pip"], &["cp -r /root/.cache /opt/generated"]],
};

const DEBIAN: Tool = Tool {
    bases: &["debian:trixie-slim"],
    setup: &[],
    fetches: &[
        &["apt-get update", "apt-get install -y --no-install-recommends ed"],
        &["apt-get update", "DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ed"],
        &["apt-get update"],
    ],
    ends: &[
        &[],
        &["apt-get purge -y ed"],
        &["dpkg --purge ed"],
        &["apt-get clean"],
        &["mv /usr/bin/rm /usr/bin/generated"],
        &["apt-cache policy ed"],
        &["rm -rf /var/lib/apt/lists/*"],
    ],
    later: &[
        &[],
        &["apt-get install -y --no-install-recommends ed"],
        &["apt-cache show ed"],
        &["test -n \"$(ls /var/lib/apt/lists)\""],
        &["sh -c 'apt-get install -y --no-install-recommends ed'"],
    ],
};

const UV: Tool = Tool {
    bases: &["python:3.13-slim"],
    setup: &["COPY --from=ghcr.io/astral-sh/uv:latest /uv /usr/local/bin/"],
    fetches: &[
        &["uv pip install --system iniconfig==2.1.0"],
        &["uv pip install --system --link-mode=symlink iniconfig==2.1.0"],
        &["uv init --bare --name generated .", "uv add iniconfig==2.1.0"],
        &["uv venv /opt/venv", "VIRTUAL_ENV=/opt/venv uv pip install iniconfig==2.1.0"],
    ],
    ends: &[
        &[],
        &["rm /usr/local/bin/uv"],
        &["python -c 'import sys'"],
        &["uv pip install --system --offline --reinstall iniconfig==2.1.0"],
    ],
    later: &[
        &[],
        &["uv pip install --system --offline --reinstall iniconfig==2.1.0"],
        &["UV_OFFLINE=1 uv pip install --system --reinstall iniconfig==2.1.0"],
        &["python -c 'import iniconfig'"],
        &["cp -r /root/.cache/uv /opt/generated"],
    ],
};

fn one_of<T: Copy>(random: &mut Random, all: &[T]) -> T {
    all[random.below(all.len())]
}

/// A RUN of commands that all have to work, joined in one of the ways people do.
fn run(random: &mut Random, commands: &[&str]) -> String {
    let (and, semicolon) = (commands.join(" && "), commands.join("; "));
    match random.below(12) {
        0 | 1 => format!("RUN {and}\n"),
        2 => format!("RUN {}\n", commands.join(" \\\n    && ")),
        3 => format!("RUN set -ex; {semicolon}\n"),
        4 => format!("RUN <<EOF\nset -e\n{}\nEOF\n", commands.join("\n")),
        5 => format!("RUN if [ -d /generated ]; then {and}; fi\n"),
        6 => format!("RUN ({and})\n"),
        7 => format!("RUN {and} || exit 1; echo generated\n"),
        8 => format!("RUN set -e; for number in 1; do {semicolon}; done\n"),
        9 => format!("RUN {{ {and}; }} | tee /generated.log\n"),
        10 => format!("RUN --mount=type=cache,target=/var/cache/generated {and}\n"),
        _ => format!("RUN echo generated; {semicolon}\n"),
    }
}

/// An ADD of something whose name does not say what it is, and a look at it.
fn addition(random: &mut Random) -> String {
    let add = |from: &str, to: &str, check: &str| format!("ADD {from} {to}\nRUN test -e {check}\n");
    match random.below(8) {
        7 => "ARG FILE=bundle\nADD $FILE /opt/\nRUN test -f /opt/inside.txt\n".to_owned(),
        5 => "COPY folder /opt/folder\nRUN chmod 700 /opt/folder\n".to_owned(),
        6 => "RUN cd /opt && ls && cd - && ls\nWORKDIR /generated\n".to_owned(),
        0 => add("bundle", "/opt/", "/opt/inside.txt"),
        1 => add("data.bin", "/opt/", "/opt/inside.txt"),
        2 => add("notes.txt", "/opt/", "/opt/notes.txt"),
        3 => add("folder", "/opt/", "/opt/bundle"),
        _ => add("notes.txt bundle", "/opt/", "/opt/inside.txt"),
    }
}
