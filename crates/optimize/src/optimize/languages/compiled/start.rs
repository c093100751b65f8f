//! Pass `compiled-start`: a program that is compiled at every start is compiled when the image is built.

use super::image_paths;
use crate::build::{Build, Code, Stage};
use crate::dockerfile::{Arguments, Keyword};
use crate::finding::FileEdit;
use crate::manifest::{Ecosystem, FileKind, Framework, Project};
use crate::optimize::json_words::{json_list, json_words};
use crate::optimize::pass_input::{PassInput, PassOutput, refuse_if};
use crate::optimize::reason::reasons;
use crate::shell::program::Program;
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, SeparatorKind, Verb, Word, quoted_word};
use crate::text::{Span, path};

/// What a start becomes.
struct Start {
    /// The RUN that compiles; none where one does already.
    compile: Option<String>,
    /// The words that start what it makes.
    words: Vec<String>,
    /// The arguments of the call that come after them.
    rest: usize,
}

/// `go run`, `cargo run`, `mvn spring-boot:run` and `gradle bootRun` as the container's command.
pub(in crate::optimize) fn compile(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    for keyword in [Keyword::Entrypoint, Keyword::Cmd] {
        let Some((index, _)) = build.last(target, keyword) else { continue };
        let Some(code) = build.code(index) else { continue };
        let invocations = code.script.invocations();
        let Some(invocation) = invocations.last() else { continue };
        let Some(title) = title(invocation) else { continue };
        let what = format!("compiles when the image is built instead of running {title} at every start");
        if let Some(why) = reason_to_keep_command(input, target, &invocations) {
            return output.skip(why);
        }
        let Some(started) = output.ok_or_skip(start(input, target, invocation)) else { return };
        let Some(edit) = command(input, index, code, &invocations, &started) else {
            return output.skip(StartBlocker::FixedWords);
        };
        let mut edits = vec![edit];
        edits.extend(started.compile.map(|run| compile_step(input, target, index, &run)));
        output.step(what, "every start would compile again and needs the whole toolchain in the image", edits);
        return;
    }
}

/// The call's name in a sentence, where it compiles and starts.
fn title(invocation: &Invocation) -> Option<&'static str> {
    let names_task = |tasks: &[&str]| invocation.args.iter().any(|word| tasks.iter().any(|task| word.is(task)));
    let call = invocation.package_call()?;
    match invocation.program? {
        "go" if call.verb_text == "run" => Some("`go run`"),
        "cargo" if matches!(&*call.verb_text, "run" | "r") => Some("`cargo run`"),
        "mvn" | "mvnw" if names_task(&["spring-boot:run"]) => Some("`spring-boot:run`"),
        "gradle" | "gradlew" if names_task(&["bootRun", ":bootRun"]) => Some("`bootRun`"),
        "gradle" | "gradlew" if names_task(&["run", ":run"]) => Some("`gradle run`"),
        "dotnet" if matches!(&*call.verb_text, "run" | "watch") => Some("`dotnet run`"),
        _ => None,
    }
}

/// Why the container's command has to stay as it is.
fn reason_to_keep_command(input: &PassInput, target: &Stage, all: &[Invocation]) -> Option<StartBlocker> {
    let folder = image_paths::workdir(input.build, target, usize::MAX)?;
    let over = |mount: &String| mount != "/" && image_paths::overlap(&folder, mount);
    if let Some(service) = input.evidence.services.iter().find(|service| service.mounts.iter().any(over)) {
        return Some(StartBlocker::MountedSources { service: service.name.clone(), folder: folder.clone() });
    }
    let prepares = |invocation: &Invocation| {
        let after = invocation.command.place.after.map(|after| after.kind);
        let fetches = invocation.package_call().is_some_and(|call| matches!(call.verb, Verb::Download | Verb::Other));
        fetches && matches!(after, Some(SeparatorKind::And | SeparatorKind::Semicolon))
    };
    let (last, before) = all.split_last()?;
    let wrapped = !last.via.is_empty() && last.via.iter().any(|via| !matches!(via.program, "sh" | "bash" | "exec"));
    (wrapped || !before.iter().all(prepares)).then_some(StartBlocker::CommandsBefore)
}

fn start(input: &PassInput, target: &Stage, invocation: &Invocation) -> Result<Start, StartBlocker> {
    match invocation.program.unwrap_or_default() {
        "go" => go(input, target, invocation),
        "cargo" => cargo(input, target, invocation),
        "mvn" | "mvnw" => maven(input, target, invocation),
        "gradle" | "gradlew" => gradle(input, target, invocation),
        _ => Err(StartBlocker::LaunchProfile),
    }
}

/// The project of an ecosystem at the folder in which the container works.
fn project<'a>(input: &PassInput<'a>, target: &Stage, ecosystem: Ecosystem) -> Option<&'a Project> {
    let context = input.context()?;
    let files = image_paths::copied_files(input.build, context, target)?;
    let folder = image_paths::workdir(input.build, target, usize::MAX)?;
    let root = image_paths::origin(&files, &folder)?;
    input.projects().iter().find(|project| project.ecosystem == ecosystem && project.root == root)
}

/// The words of arguments as they stand, where no variable decides them.
fn texts(words: &[Word]) -> Result<Vec<String>, StartBlocker> {
    let unknown = StartBlocker::BuildVariable;
    words.iter().map(|word| word.value().map(quoted_word).ok_or_else(|| unknown.clone())).collect()
}

fn go(input: &PassInput, target: &Stage, invocation: &Invocation) -> Result<Start, StartBlocker> {
    let mut at = invocation.args.iter().position(|word| word.is("run")).ok_or(StartBlocker::NotGoRun)? + 1;
    let first = at;
    while let Some(text) = invocation.args.get(at).map(Word::text).filter(|text| text.starts_with('-')) {
        refuse_if(matches!(text, "-exec" | "-C"), StartBlocker::RunFlag { text: text.to_string() })?;
        at += ProgramOptions::of("go").word_count(text);
    }
    let flags = texts(invocation.args.get(first..at).unwrap_or_default())?;
    let from = at;
    let is_file = |word: &Word| FileKind::of(word.text()).is_source_of(Ecosystem::Go);
    if invocation.args.get(at).is_some_and(is_file) {
        while invocation.args.get(at).is_some_and(is_file) {
            at += 1;
        }
    } else {
        at += 1;
    }
    let packages = texts(invocation.args.get(from..at).ok_or(StartBlocker::NoPackage)?)?;
    let package = packages.first().ok_or(StartBlocker::NoPackage)?;
    refuse_if(package.contains('@'), StartBlocker::OtherModule)?;
    let module = project(input, target, Ecosystem::Go).and_then(|project| project.name.as_deref());
    let name = go_name(package, module);
    let flags = flags.iter().map(|flag| format!("{flag} ")).collect::<Vec<_>>().concat();
    let compile = format!("go build {flags}-o /usr/local/bin/{name} {}", packages.join(" "));
    Ok(Start { compile: Some(compile), words: vec![name], rest: at })
}

/// A program's name for its package: that of its folder, else of its module.
fn go_name(package: &str, module: Option<&str>) -> String {
    let is_file = FileKind::of(package).is_source_of(Ecosystem::Go);
    let path = if is_file { path::parent(package) } else { package };
    let parts = path.split('/').rev().chain(module.unwrap_or_default().split('/').rev());
    let version =
        |part: &str| part.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    let fits = |part: &&str| {
        // Nothing is said by these, and other programs have the others.
        let plain = part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        !part.is_empty()
            && plain
            && !version(part)
            && !matches!(*part, "main" | "cmd" | "src")
            && !Program::of(part).is_known
    };
    parts.into_iter().find(fits).unwrap_or("app").to_owned()
}

fn cargo(input: &PassInput, target: &Stage, invocation: &Invocation) -> Result<Start, StartBlocker> {
    let project = project(input, target, Ecosystem::Rust).ok_or(StartBlocker::NoCargoManifest)?;
    let begin =
        invocation.args.iter().position(|word| word.is("run") || word.is("r")).ok_or(StartBlocker::NotCargoRun)? + 1;
    let end = invocation.args.iter().position(|word| word.is("--")).unwrap_or(invocation.args.len());
    let flags = texts(invocation.args.get(begin..end).unwrap_or_default())?;
    let value =
        |names: &[&str]| flags.iter().position(|flag| names.contains(&flag.as_str())).and_then(|at| flags.get(at + 1));
    let moves = |flag: &str| ProgramOptions::of("cargo").has(flag, "elsewhere");
    if let Some(flag) = flags.iter().find(|flag| moves(flag)) {
        return Err(StartBlocker::TargetFlag { flag: flag.clone() });
    }
    let name = match (value(&["--bin"]), project.entry_points.as_slice()) {
        (Some(name), _) => name.clone(),
        (None, [only]) => only.name.clone(),
        _ => return Err(StartBlocker::SeveralPrograms),
    };
    refuse_if(project.workspace.is_some(), StartBlocker::WorkspaceTarget)?;
    let release = flags.iter().any(|flag| flag == "--release" || flag == "-r");
    let folder = if release { "release" } else { "debug" };
    let built = crate::build::toolchain::runs(input.build, target).any(|(_, _, all)| {
        all.iter().filter(|invocation| invocation.is("cargo")).any(|invocation| {
            let has_word = |names: &[&str]| invocation.args.iter().any(|word| names.contains(&word.text()));
            let other = invocation.args.iter().any(|word| moves(word.text())) || has_word(&["--bin", "--features"]);
            has_word(&["build", "b"]) && has_word(&["--release", "-r"]) == release && !other
        })
    });
    let flags = flags.iter().map(|flag| format!(" {flag}")).collect::<Vec<_>>().concat();
    let compile = (!built).then(|| format!("cargo build{flags}"));
    Ok(Start { compile, words: vec![format!("./target/{folder}/{name}")], rest: (end + 1).min(invocation.args.len()) })
}

fn maven(input: &PassInput, target: &Stage, invocation: &Invocation) -> Result<Start, StartBlocker> {
    let project = project(input, target, Ecosystem::Java).ok_or(StartBlocker::NoPom)?;
    let pom = format!("{}pom.xml", if project.root.is_empty() { String::new() } else { format!("{}/", project.root) });
    let text = input.evidence.texts.get(&pom).map(String::as_str).unwrap_or_default();
    let repackaged = text.contains("spring-boot-maven-plugin")
        && (text.contains("spring-boot-starter-parent") || text.contains("repackage"));
    refuse_if(!project.frameworks.contains(&Framework::SpringBoot) || !repackaged, StartBlocker::NoExecutableArchive)?;
    if text.contains("<jvmArguments>") || text.contains("<systemPropertyVariables>") {
        return Err(StartBlocker::PomRunSettings);
    }
    let [entry] = project.entry_points.as_slice() else { return Err(StartBlocker::UnknownArchiveName) };
    let mut words = vec!["java".to_owned(), "-jar".to_owned(), entry.target.clone()];
    for word in invocation.args {
        let text = word.value().ok_or(StartBlocker::RunVariable)?;
        if matches!(text, "spring-boot:run" | "clean" | "package" | "install")
            || ProgramOptions::of("mvn").has(text, "prepares")
        {
            continue;
        }
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        match name {
            "-Dspring-boot.run.profiles" => words.push(format!("--spring.profiles.active={value}")),
            "-Dspring-boot.run.arguments" => words.extend(value.split([' ', ',']).map(str::to_owned)),
            "-Dspring-boot.run.jvmArguments" => {
                words.splice(1..1, value.split_whitespace().map(str::to_owned));
            }
            _ => return Err(StartBlocker::ArchiveOption { text: text.to_string() }),
        }
    }
    let program = call_of(invocation);
    let packaged = packages(input.build, target, &["package", "install", "verify", "deploy"]);
    let offline = invocation.args.iter().any(|word| word.is("-o") || word.is("--offline"));
    let compile = (!packaged).then(|| format!("{program}{} -B -DskipTests package", if offline { " -o" } else { "" }));
    Ok(Start { compile, words, rest: invocation.args.len() })
}

/// How a build tool is called: `./mvnw`, `sh gradlew`.
fn call_of(invocation: &Invocation) -> String {
    match invocation.via.last().filter(|via| via.args.is_empty() && is_shell(via.program)) {
        Some(shell) => format!("{} {}", shell.program, invocation.path.text()),
        None => invocation.path.text().to_owned(),
    }
}

fn is_shell(program: &str) -> bool {
    Program::of(program).is_shell()
}

/// Whether a RUN calls one of the tasks.
fn packages(build: &Build, target: &Stage, tasks: &[&str]) -> bool {
    crate::build::toolchain::runs(build, target).any(|(_, _, all)| {
        all.iter()
            .filter(|invocation| matches!(invocation.program, Some("mvn" | "mvnw" | "gradle" | "gradlew")))
            .any(|invocation| invocation.args.iter().any(|word| tasks.iter().any(|task| word.is(task))))
    })
}

fn gradle(input: &PassInput, target: &Stage, invocation: &Invocation) -> Result<Start, StartBlocker> {
    let project = project(input, target, Ecosystem::Java).ok_or(StartBlocker::NoGradleBuild)?;
    let name = project.name.as_deref().ok_or(StartBlocker::UnknownProjectName)?;
    let prepares = |text: &str| ProgramOptions::of("gradle").has(text.split('=').next().unwrap_or(text), "prepares");
    let task = invocation
        .args
        .iter()
        .map(Word::text)
        .find(|text| matches!(*text, "bootRun" | ":bootRun" | "run" | ":run"))
        .unwrap_or("run");
    let mut arguments: Vec<String> = Vec::new();
    for word in invocation.args.iter().filter(|word| word.text() != task && !prepares(word.text())) {
        let text = word.value().ok_or(StartBlocker::RunVariable)?;
        match text.strip_prefix("--args=").filter(|rest| !rest.contains(['\'', '"'])) {
            Some(rest) => arguments.extend(rest.split_whitespace().map(str::to_owned)),
            None => return Err(StartBlocker::ProgramOption { text: text.to_string() }),
        }
    }
    let program = call_of(invocation);
    let offline = if invocation.args.iter().any(|word| word.is("--offline")) { " --offline" } else { "" };
    if task.ends_with("bootRun") {
        let texts = project.manifests.iter().filter_map(|path| input.evidence.texts.get(path));
        let version = texts.flat_map(|text| text.lines()).find_map(version_line);
        let suffix = version.map(|version| format!("-{version}")).unwrap_or_default();
        let jar = format!("build/libs/{name}{suffix}.jar");
        let built = packages(input.build, target, &["build", "bootJar", "assemble"]);
        let compile = (!built).then(|| format!("{program}{offline} --no-daemon bootJar"));
        let words = ["java".into(), "-jar".into(), jar].into_iter().chain(arguments).collect();
        return Ok(Start { compile, words, rest: invocation.args.len() });
    }
    let built = packages(input.build, target, &["installDist"]);
    let compile = (!built).then(|| format!("{program}{offline} --no-daemon installDist"));
    let words = [format!("build/install/{name}/bin/{name}")].into_iter().chain(arguments).collect();
    Ok(Start { compile, words, rest: invocation.args.len() })
}

/// `version = '0.0.1-SNAPSHOT'`, `version '1.0'`.
fn version_line(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("version")?.trim_start().trim_start_matches('=').trim();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split(quote).next()
}

/// The step that compiles, below all that it reads.
fn compile_step(input: &PassInput, target: &Stage, before: usize, run: &str) -> FileEdit {
    let steps = input.build.instructions(target).filter(|(_, instruction)| {
        matches!(instruction.keyword, Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir | Keyword::User)
    });
    let last = steps.map(|(index, _)| index).filter(|at| *at < before).last().unwrap_or(target.start);
    input.edit(Span::at(input.instruction_span(last).end), format!("RUN {run}\n").replace('\n', input.newline()))
}

/// The container's command with other words in front.
fn command(input: &PassInput, index: usize, code: &Code, all: &[Invocation], start: &Start) -> Option<FileEdit> {
    let file = input.file();
    let invocation = all.last()?;
    let first = all.first()?;
    // `sh gradlew`: the shell that reads the tool's script goes with it.
    let shell = first.via.iter().find(|via| via.args.is_empty() && is_shell(via.program));
    let begin = code.place(file, shell.map_or(first.span, |via| via.span)).start;
    let end = match start.rest {
        0 => code.place(file, invocation.path.span).end,
        rest => code.place(file, invocation.args.get(rest - 1)?.span).end,
    };
    if let Arguments::Json(words) = &input.build.instruction(index).arguments {
        let first = words.iter().find(|word| word.word.span.start <= begin && begin < word.word.span.end)?;
        let last = words.iter().find(|word| word.word.span.start < end && end <= word.word.span.end)?;
        let text = json_words(&start.words);
        // Words of `sh -c` are one element; alone in it, they need no shell.
        if first.word.span == last.word.span && words.len() > 1 && !invocation.via.is_empty() {
            let (shell, whole) =
                (words.first()?, words.len() == 3 && all.len() == 1 && start.rest == invocation.args.len());
            return whole.then(|| input.edit(shell.word.span.to(last.word.span), text));
        }
        return Some(input.edit(Span::new(first.word.span.start, last.word.span.end), text));
    }
    if let Some(edit) = exec_form(input, index, begin, code, invocation, start) {
        return Some(edit);
    }
    let words: Vec<String> = start.words.iter().map(|word| quoted_word(word)).collect();
    Some(input.edit(Span::new(begin, end), words.join(" ")))
}

/// The whole command in exec form, where it needs no shell and the base certainly has no ENTRYPOINT: what the rule
/// `shell-form-command` would write in the next run.
fn exec_form(
    input: &PassInput,
    index: usize,
    begin: u32,
    code: &Code,
    invocation: &Invocation,
    start: &Start,
) -> Option<FileEdit> {
    let (build, instruction) = (input.build, input.build.instruction(index));
    let Arguments::Raw(word) = &instruction.arguments else { return None };
    let target = build.target()?;
    let has_entrypoint = build.last(target, Keyword::Entrypoint).is_some()
        || !build.has_bare_base(target)
        || instruction.keyword != Keyword::Cmd;
    let last = invocation.args.last().map_or(invocation.path.span, |word| word.span);
    let is_whole = word.span.start == begin && code.place(input.file(), last).end == word.span.end;
    let is_path = start.words.first().is_none_or(|program| program.contains('/'));
    if has_entrypoint || !is_whole || is_path {
        return None;
    }
    let rest: Option<Vec<&str>> = invocation.args[start.rest..].iter().map(Word::value).collect();
    let words = start.words.iter().map(String::as_str).chain(rest?).collect::<Vec<_>>();
    Some(input.edit(word.span, json_list(&words)))
}

reasons! {
    /// Why a container keeps compiling at every start.
    pub(super) StartBlocker {
        FixedWords: "the words of its command cannot be replaced";
        MountedSources { service: String, folder: String }:
            "service `{service}` mounts over `{folder}`, so sources can change";
        CommandsBefore: "other commands run before it";
        LaunchProfile: "the command depends on a launch profile";
        BuildVariable: "an environment variable changes what is compiled";
        NotGoRun: "the command is not `go run`";
        RunFlag { text: String }: "`{text}` changes how the program runs";
        NoPackage: "`go run` names no package";
        OtherModule: "`go run` starts a program of another module";
        NoCargoManifest: "its Cargo.toml was not found";
        NotCargoRun: "the command is not `cargo run`";
        TargetFlag { flag: String }: "`{flag}` changes the path of the executable";
        SeveralPrograms: "the package has several programs, and it is not known which one starts";
        WorkspaceTarget: "the workspace sets the path of the executable";
        NoPom: "its pom.xml was not found";
        NoExecutableArchive: "its pom.xml builds no executable archive";
        PomRunSettings: "its pom.xml sets how the program runs";
        UnknownArchiveName: "its pom.xml does not set the name of the archive";
        RunVariable: "an environment variable changes how the program runs";
        ArchiveOption { text: String }: "the archive does not support the option `{text}`";
        NoGradleBuild: "its Gradle build file was not found";
        UnknownProjectName: "its Gradle settings do not set the project name";
        ProgramOption { text: String }: "the program does not support the option `{text}`";
    }
}
