//! What recipes, scripts, pipelines and texts for people say of how images are built and started: `docker build -f docker/web
//! ./web`, the step of a workflow that does the same, and the ports of `docker run`. Runs nothing.

mod built_names;
mod image_build;
mod published_port;

pub use self::built_names::{OWN_NAME, built_image_names};
pub use self::image_build::ImageBuild;
pub use self::published_port::{PublishedPort, published_ports};

use std::collections::BTreeMap;
use std::sync::LazyLock;

use self::image_build::{BUILDS, is_plain, replaced};
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, Word, arguments_of_command, parse};
use crate::text::{Source, path};
use crate::workflow::{self, BuildCall, Builder};

/// The build context that comes from standard input.
pub const STDIN: &str = "-";

/// Commands of one text that are read to find them.
const COMMANDS: usize = 2_000;

/// Folders that the commands of one text go to.
const FOLDERS: usize = 8;

/// Longest line, with those that continue it, and longest value of a variable, in bytes: nobody writes longer ones.
const LONGEST_LINE: usize = 4 << 10;
const LONGEST_VALUE: usize = 256;

/// The programs that make images, looked up once: every text of a repository is asked for them.
fn engines() -> &'static [&'static str] {
    static ENGINES: LazyLock<Vec<&str>> = LazyLock::new(|| ProgramOptions::programs_with("makes-image"));
    &ENGINES
}

/// The builds that a text tells of, as far as their paths are plain.
pub fn image_builds(name: &str, text: &str) -> Vec<ImageBuild> {
    let mut builds = Vec::new();
    let engines = engines();
    if !engines.iter().any(|engine| text.contains(engine)) {
        return builds;
    }
    let variables = variables(text);
    let mut folders: Vec<String> = Vec::new();
    let mut commands = 0;
    'lines: for (line, joined) in joined_text(text) {
        let whole = replaced(&joined, &variables);
        if whole.len() > LONGEST_LINE {
            continue;
        }
        let engine_at = engines.iter().filter_map(|engine| Some((whole.find(engine)?, engine)));
        let first = engine_at.min().map_or(whole.len(), |(at, _)| at);
        let entered = folder_entered(&whole[..first]).filter(|folder| !folders.contains(folder));
        if folders.len() < FOLDERS {
            folders.extend(entered);
        }
        for at in engines.iter().flat_map(|engine| whole.match_indices(engine)).map(|(at, _)| at) {
            commands += 1;
            if commands > COMMANDS || builds.len() >= BUILDS {
                break 'lines;
            }
            let begins = !whole[..at].ends_with(|c: char| c.is_alphanumeric() || "-_./".contains(c));
            let command = within_quotes(&whole, at);
            let build = if begins {
                parse(command).invocations().first().and_then(|invocation| of_command(invocation))
            } else {
                None
            };
            if let Some((mut file, context)) = build {
                if context == STDIN && file.is_none() {
                    file = piped_dockerfile(&whole[..at]);
                    if file.is_none() {
                        continue;
                    }
                }
                builds.push(ImageBuild { line, file, context, folders: folders.clone() });
            }
        }
    }
    if is_workflow(name) {
        builds.extend(pipeline_builds(name, text));
    }
    builds
}

/// The builds of a pipeline's actions, one for each leg that builds another image; those of its scripts are lines as in any
/// other text.
fn pipeline_builds(name: &str, text: &str) -> Vec<ImageBuild> {
    if !text.contains("uses:") {
        return Vec::new();
    }
    let source = Source::of(name, text);
    let workflow =
        workflow::read(name, &source, &|_| None, None).unwrap_or_else(|| workflow::read_steps(name, &source));
    let mut builds = Vec::new();
    for call in BuildCall::all(&workflow) {
        let is_known = matches!(call.builder, Builder::Action | Builder::OtherAction) && call.place.file == 0;
        if !is_known {
            continue;
        }
        for leg in call.legs.unwrap_or_default() {
            if builds.len() >= BUILDS {
                return builds;
            }
            let context = if leg.context.is_empty() { ".".to_owned() } else { leg.context };
            let file = call.file.is_some().then_some(leg.file);
            builds.push(ImageBuild { line: source.line(call.place.span.start), file, context, folders: Vec::new() });
        }
    }
    builds
}

/// Whether a file is one of a CI system, by its name.
pub fn is_workflow(name: &str) -> bool {
    path::is_yaml(name)
}

/// The Dockerfile and the context of a command that builds an image.
fn of_command(invocation: &Invocation) -> Option<(Option<String>, String)> {
    let engine = ProgramOptions::of(invocation.program?);
    let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();
    let verb = words.iter().position(|word| !word.starts_with('-'))?;
    let pair = words.get(verb..verb + 2).map(|pair| pair.join(" "));
    let arguments = match pair {
        Some(pair) if engine.has(&pair, "makes-image") => 2,
        _ if engine.has(words[verb], "makes-image") => 1,
        _ => return None,
    };
    // All engines take the options of docker.
    let (flags, operands) = arguments_of_command("docker", "build", &invocation.args[verb + arguments..]);
    let plain = |text: &str, dynamic: bool| (!dynamic && is_plain(text)).then(|| text.to_owned());
    // Behind the context, a variable has more options.
    let is_variable = |word: &&&Word| word.is_dynamic() && word.text().starts_with('$');
    let behind = operands.iter().rev().take_while(is_variable).count().min(operands.len().saturating_sub(1));
    let context = operands[..operands.len() - behind].last()?;
    let context = if context.text() == STDIN { STDIN.to_owned() } else { plain(context.text(), context.is_dynamic())? };
    let file = flags.iter().rfind(|flag| matches!(&*flag.name, "-f" | "--file"));
    let file = match file {
        Some(file) => Some(file.value.and_then(|value| plain(value.text, value.dynamic))?),
        None => None,
    };
    Some((file, context))
}

/// The Dockerfile that the commands before a pipe name.
fn piped_dockerfile(before: &str) -> Option<String> {
    let (commands, _) = before.rsplit_once('|')?;
    let mut words = commands.split_whitespace().rev().map(|word| word.trim_matches(['"', '\'']));
    words.find(|word| is_plain(word) && path::name(word).contains("Dockerfile")).map(str::to_owned)
}

/// Lines with what continues them, by the number of the first; those that are too long are left out.
fn joined_text(text: &str) -> Vec<(u32, String)> {
    let mut joined: Vec<(u32, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in text.lines().enumerate() {
        let (line, more) = line.trim_end().strip_suffix('\\').map_or((line, false), |line| (line, true));
        match joined.last_mut() {
            Some((_, whole)) if goes_on => {
                whole.push(' ');
                whole.push_str(line);
            }
            _ => joined.push((number as u32 + 1, line.to_owned())),
        }
        goes_on = more;
    }
    joined.retain(|(_, line)| line.len() <= LONGEST_LINE);
    joined
}

/// Variables that the text sets once, to a plain word.
fn variables(text: &str) -> BTreeMap<&str, &str> {
    let mut known: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        let Some((name, value)) = line.split_once('=') else { continue };
        let name = name.trim_end_matches([':', '?']).trim().trim_start_matches("export ").trim();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let value = value.trim().trim_matches(['"', '\'']);
        let plain = (1..=LONGEST_VALUE).contains(&value.len())
            && !value.contains(|c: char| c.is_whitespace() || "$`(".contains(c));
        known.entry(name).and_modify(|known| *known = None).or_insert(plain.then_some(value));
    }
    known.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The folder that a line goes to: `cd web`, `working-directory: web`.
fn folder_entered(line: &str) -> Option<String> {
    let mut words = line.split(|c: char| c.is_whitespace() || "&;()\"'@-".contains(c)).filter(|word| !word.is_empty());
    let folder = match line.split_once("working-directory:") {
        Some((_, folder)) => folder.trim().trim_matches(['"', '\'']),
        None => words.by_ref().skip_while(|word| *word != "cd").nth(1)?,
    };
    is_plain(folder).then(|| path::normalize(folder))
}

/// The text from a place, up to the quote that closes what the place lies in.
fn within_quotes(line: &str, at: usize) -> &str {
    let (before, rest) = line.split_at(at);
    let open = ['"', '\'', '`'].into_iter().find(|quote| before.matches(*quote).count() % 2 == 1);
    let end = open.and_then(|quote| rest.find(quote)).unwrap_or(rest.len());
    &rest[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str, expected: &[(u32, Option<&str>, &str)]) {
        let builds = image_builds(name, text);
        let builds: Vec<_> =
            builds.iter().map(|build| (build.line, build.file.as_deref(), build.context.as_str())).collect();
        assert_eq!(builds, expected, "{text}");
    }

    #[test]
    fn commands_that_build_are_read() {
        let makefile = "IMAGE := web\nDIR = web\nbuild:\n\t@docker build -f docker/$(IMAGE).Dockerfile \\\n\t  -t $(NAME):$(shell date) \\\n\t  ./$(DIR)\n";
        check("Makefile", makefile, &[(4, Some("docker/web.Dockerfile"), "./web")]);
        check("build.sh", "podman build -t a:1 --build-arg A=b . && docker push a:1\n", &[(1, None, ".")]);
        check(
            "package.json",
            "{\"scripts\": {\"docker\": \"docker buildx build --push -t a . -f b/Dockerfile\"}}",
            &[(1, Some("b/Dockerfile"), ".")],
        );
        check("README.md", "Run `docker build --tag=a web`, then `docker run a`.\n", &[(1, None, "web")]);
        check(
            "ci.yml",
            "steps:\n  - run: docker image build --file x/Dockerfile ${{ github.workspace }}\n",
            &[(2, Some("x/Dockerfile"), ".")],
        );
        for text in [
            "docker build -t a $(CONTEXT)\n",
            "docker build https://x/y.git\n",
            "docker build - < Dockerfile\n",
            "docker run -t a .\n",
            "docker compose build web\n",
            "docker build -f $(FILE) .\n",
            "cd /docker build .\n",
        ] {
            check("Makefile", text, &[]);
        }
    }

    #[test]
    fn steps_with_the_action_are_read() {
        let step = |with: &str| {
            format!(
                "jobs:\n  a:\n    strategy: {{matrix: {{folder: [web, api]}}}}\n    steps:\n      - uses: actions/checkout@v4\n      - uses: docker/build-push-action@v6\n        with:\n          push: true\n{with}"
            )
        };
        let check = |with: &str, expected: &[(u32, Option<&str>, &str)]| check("ci.yml", &step(with), expected);
        check("", &[(6, None, ".")]);
        check("          context: web\n", &[(6, None, "web")]);
        check(
            "          context: .\n          file: docker/web/Dockerfile\n",
            &[(6, Some("docker/web/Dockerfile"), ".")],
        );
        check("          context: ${{ matrix.folder }}\n", &[(6, None, "api"), (6, None, "web")]);
        check("          context: ${{ inputs.folder }}\n", &[]);
        check("          context: \"{{defaultContext}}:web\"\n", &[(6, None, "web")]);
        check("          context: ${{ github.workspace }}/api\n", &[(6, None, "api")]);
        assert!(image_builds("ci.yml", "jobs: {}\n").is_empty());
        let other = "steps:\n- uses: ./.github/actions/build-image\n  with:\n    dockerfile-path: api/Dockerfile\n    build-context: api\n- uses: actions/cache@v4\n  with: {path: a}\n";
        self::check("other.yml", other, &[(2, Some("api/Dockerfile"), "api")]);
    }

    #[test]
    fn hostile_texts_take_no_long_time() {
        let many = |line: &dyn Fn(usize) -> String| (0..20_000).map(line).collect::<Vec<_>>().concat();
        let variables = many(&|number| format!("A{number}=b\n$(A{number}) ${{A{number}}} docker\n"));
        assert!(image_builds("Makefile", &variables).is_empty());
        let folders = many(&|number| format!("cd a{number}\n"));
        let builds = image_builds("a.sh", &format!("{folders}{}", "docker build .\n".repeat(1_000)));
        assert_eq!((builds.len(), builds[0].folders.len()), (BUILDS, FOLDERS));
        assert!(
            image_builds("a.sh", &format!("A={}\n{}", "b".repeat(100_000), "docker ${A} ".repeat(50_000))).is_empty()
        );
        let steps = many(&|_| "  - uses: docker/build-push-action@v6\n".to_owned());
        assert!(image_builds("a.yml", &format!("steps:\n{steps}")).len() <= BUILDS);
    }

    #[test]
    fn folders_of_commands_are_recognized() {
        let folders = |text: &str| image_builds("a.sh", text).remove(0).folders;
        assert_eq!(folders("cd web && docker build .\n"), ["web"]);
        assert_eq!(folders("cd \"$(dirname \"$0\")/..\"\ndocker build .\n"), [""; 0]);
        assert_eq!(folders("(cd ./api; npm ci)\ndocker build .\n"), ["api"]);
    }
}
