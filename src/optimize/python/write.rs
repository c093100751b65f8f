//! Writes the two stages down: the author's lines where they survive, with the comments above them.

use std::collections::BTreeSet;

use super::element::{Class, Element};
use super::evidence;
use super::install;
use super::launch;
use super::plan::{Plan, VENV};
use super::system::{self, Fate};
use crate::build::{Base, Transfer};
use crate::dockerfile::{Instruction, Keyword};
use crate::optimize::scene::Scene;
use crate::shell::{Invocation, Manager, PackageSource, Verb};
use crate::text::{Edit, Source, Span};

/// Variables that only say how to build.
const BUILD_ONLY: [&str; 7] = ["PIP_", "POETRY_", "UV_", "PDM_", "PIPENV_", "SETUPTOOLS_SCM_", "PYTHON_PIP_"];

/// Variables that only count when the program runs.
const RUN_ONLY: [&str; 6] =
    ["PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONFAULTHANDLER", "PORT", "DJANGO_SETTINGS_MODULE", "FLASK_"];

/// A line of one of the stages.
struct Line {
    text: String,
    /// Whether a blank line stands above it.
    apart: bool,
}

/// A stage in the making.
#[derive(Default)]
struct Draft {
    lines: Vec<Line>,
    /// Whether the author left a blank line since the last line that was taken.
    gap: bool,
}

impl Draft {
    fn push(&mut self, text: String) {
        let apart = std::mem::take(&mut self.gap) && !self.lines.is_empty();
        self.lines.push(Line { text, apart });
    }

    fn text(&self, newline: &str) -> String {
        let mut out = String::new();
        for line in &self.lines {
            if line.apart {
                out.push_str(newline);
            }
            out.push_str(&line.text);
            if !line.text.ends_with('\n') {
                out.push_str(newline);
            }
        }
        out
    }
}

/// The writer of a plan.
pub(super) struct Writer<'p, 'b> {
    scene: &'p Scene<'b>,
    plan: &'p Plan<'b>,
    /// What the RUNs of the build stage call, and what the container and its stage's RUNs call: texts to look words up.
    calls: (String, String),
    build: Draft,
    run: Draft,
    /// Whether the build stage runs something that is not understood, and may need any package.
    unknown: bool,
    /// Whether the run-time stage has the environments already.
    taken: bool,
}

impl<'p, 'b> Writer<'p, 'b> {
    pub(super) fn new(scene: &'p Scene<'b>, plan: &'p Plan<'b>) -> Self {
        let mut build = String::new();
        let mut run =
            scene.build.target().map(|target| evidence::commands(scene, target)).unwrap_or_default().join("\n");
        if let Some(target) = scene.build.target() {
            run.extend(evidence::scripts(scene, target).into_iter().map(|(_, text)| text));
        }
        for (index, elements) in &plan.runs {
            let whole = || scene.source().slice(scene.build.instruction(*index).span).to_owned();
            let Some(elements) = elements else {
                run.push_str(&whole());
                build.push_str(&whole());
                continue;
            };
            for element in elements {
                let text = scene.source().slice(element.span);
                match element.class {
                    Class::System | Class::Lists | Class::Removal => {}
                    Class::Tool | Class::Install | Class::Venv => build.push_str(text),
                    _ => {
                        run.push_str(text);
                        if *index < plan.installs.1 {
                            build.push_str(text);
                        }
                    }
                }
                build.push('\n');
                run.push('\n');
            }
        }
        let unknown =
            plan.runs.iter().filter(|(index, _)| **index < plan.installs.1).any(|(_, elements)| {
                elements.as_ref().is_none_or(|all| all.iter().any(|one| one.class == Class::Other))
            });
        Self { scene, plan, unknown, calls: (build, run), build: Draft::default(), run: Draft::default(), taken: false }
    }

    /// The edit that makes two stages of one.
    pub(super) fn edits(mut self) -> (Span, String) {
        let scene = self.scene;
        let stage = self.plan.stage;
        let newline = scene.newline();
        let mut end = scene.passage(stage.from).end;
        let start = scene.passage(stage.from).start;
        self.from();
        let mut made = false;
        for (index, instruction) in scene.build.instructions(stage) {
            let passage = scene.passage(index);
            let between = scene.source().slice(Span::new(end, passage.start.max(end)));
            if between.contains('\n') {
                self.run.gap = true;
                self.build.gap = true;
            }
            // Comments that stand alone belong to the stage that the image is made of.
            if !between.trim().is_empty() {
                self.run.push(between.trim_matches(['\r', '\n']).to_owned());
                self.run.gap = true;
            }
            end = passage.end.max(end);
            if !made && self.begins_install(index, instruction) {
                self.environment();
                made = true;
            }
            self.instruction(index, instruction);
        }
        let mut text = self.build.text(newline);
        text.push_str(newline);
        text.push_str(&self.run.text(newline));
        if !scene.source().slice(Span::new(start, end)).ends_with('\n') {
            let kept = text.trim_end_matches(['\r', '\n']).len();
            text.truncate(kept);
        }
        (Span::new(start, end), text)
    }

    /// Both FROMs; the comments above the one there was stay at the top.
    fn from(&mut self) {
        let (scene, stage) = (self.scene, self.plan.stage);
        let from = scene.build.instruction(stage.from);
        let whole = scene.source().slice(from.span).trim_end().to_owned();
        let passage = scene.passage(stage.from);
        let comments = scene.source().slice(Span::new(passage.start, from.span.start));
        let head = match scene.file().from(from) {
            Some(parts) => {
                let named = parts.image.span.end;
                scene.source().slice(Span::new(from.span.start, named)).to_owned()
            }
            None => whole.clone(),
        };
        self.build.push(format!("{comments}{head} AS {}", build_name(scene)));
        self.run.push(whole);
    }

    /// Whether the environment has to be there before this instruction.
    fn begins_install(&self, index: usize, instruction: &Instruction) -> bool {
        let copies = matches!(instruction.keyword, Keyword::Copy | Keyword::Add) && self.in_build(index, instruction);
        index == self.plan.installs.0 || (copies && !self.is_tool_copy(index))
    }

    fn environment(&mut self) {
        if !self.plan.makes {
            return;
        }
        let site = if self.plan.sees_base { "--system-site-packages " } else { "" };
        let gap = self.build.gap;
        self.build.push(format!("RUN python -m venv --without-pip {site}{VENV}"));
        if self.plan.told {
            self.build.push(format!("ENV VIRTUAL_ENV={VENV}"));
        }
        if self.needs_path() {
            self.build.push(format!("ENV PATH={VENV}/bin:$PATH"));
        }
        self.build.gap = gap && self.build.lines.len() > 3;
    }

    /// Whether something in the build stage starts Python with the dependencies.
    fn needs_path(&self) -> bool {
        let mut installs = self.plan.of_class(Class::Install);
        installs.any(|(_, one)| one.invocations.iter().any(|call| call.args.iter().any(|word| word.is("spacy"))))
    }

    fn instruction(&mut self, index: usize, instruction: &Instruction) {
        let scene = self.scene;
        let whole = scene.passage_text(index);
        match instruction.keyword {
            Keyword::Run => self.run_instruction(index, instruction, whole),
            Keyword::Env => self.variables(index, instruction, whole),
            Keyword::Copy | Keyword::Add => self.transfer(index, instruction, whole),
            Keyword::Workdir | Keyword::Shell | Keyword::Arg => {
                if index < self.plan.installs.1 {
                    let bare = scene.source().slice(instruction.span).to_owned();
                    self.build.push(bare);
                }
                self.run.push(whole);
            }
            Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => {
                let edits = launch::unwrapped(scene, index).unwrap_or_default();
                self.run.push(edited(scene, scene.passage(index), &edits).unwrap_or(whole));
            }
            _ => self.run.push(whole),
        }
    }

    fn run_instruction(&mut self, index: usize, instruction: &Instruction, whole: String) {
        let before = index <= self.plan.installs.1;
        let Some(Some(elements)) = self.plan.runs.get(&index) else {
            if before {
                self.build.push(self.scene.source().slice(instruction.span).to_owned());
            }
            self.run.push(whole);
            return;
        };
        let places = |class: Class| self.places(class, before, elements);
        let build: Vec<String> = self.parts(elements, &|element| places(element.class).0, true);
        let run: Vec<String> = self.parts(elements, &|element| places(element.class).1, false);
        let comments = self.comments(index, instruction);
        let installs = elements.iter().any(|one| one.class == Class::Install);
        if !build.is_empty() {
            let own = if run.is_empty() { comments.as_str() } else { "" };
            let text = self.joined(instruction, &build, elements, true);
            self.build.push(format!("{own}{text}"));
        }
        if installs && index == self.plan.installs.0 {
            self.take_over();
        }
        if !run.is_empty() {
            let text = self.joined(instruction, &run, elements, false);
            self.run.push(format!("{comments}{text}"));
        }
    }

    /// Whether parts of a class stand in the build stage and in the run-time stage.
    fn places(&self, class: Class, before: bool, elements: &[Element]) -> (bool, bool) {
        let has = |wanted: Class| elements.iter().any(|one| one.class == wanted);
        match class {
            Class::Install | Class::Venv => (true, false),
            Class::Tool => (before, !self.plan.kept_tools.is_empty()),
            Class::System => (before, true),
            Class::Removal => (false, !has(Class::Install) && !before),
            Class::Lists => (before && has(Class::System), has(Class::System)),
            Class::Cleaning => (before && has(Class::Install), !has(Class::Install) && !has(Class::Tool)),
            Class::Account => (false, true),
            Class::Setting => (before, true),
            Class::Other => (before, true),
        }
    }

    /// The texts of the parts that stand in a stage; none where only settings and lists would be left.
    fn parts(&self, elements: &[Element], stands: &dyn Fn(&Element) -> bool, build: bool) -> Vec<String> {
        let mut texts = Vec::new();
        let mut systems = 0;
        let mut real = 0;
        for element in elements.iter().filter(|one| stands(one)) {
            let text = match element.class {
                Class::System => self.system(element, build),
                Class::Install | Class::Tool if build => Some(install::into(self.scene, self.plan, element)),
                _ => Some(self.scene.source().slice(element.span).to_owned()),
            };
            let Some(text) = text else { continue };
            systems += usize::from(element.class == Class::System);
            real += usize::from(!matches!(element.class, Class::Setting | Class::Lists | Class::Cleaning));
            texts.push((element.class, text));
        }
        let cleans = elements.iter().all(|one| matches!(one.class, Class::Cleaning | Class::Lists | Class::Setting));
        if real == 0 && (build || !cleans) {
            return Vec::new();
        }
        let kept = texts.into_iter().filter(|(class, _)| *class != Class::Lists || systems > 0 || cleans);
        kept.map(|(_, text)| text).collect()
    }

    /// An install of system packages with those that its stage needs.
    fn system(&self, element: &Element, build: bool) -> Option<String> {
        let (scene, plan) = (self.scene, self.plan);
        let mut edits = Vec::new();
        let mut left = 0;
        let removed_again = plan.of_class(Class::Removal).next().is_some() && !build;
        for one in &element.invocations {
            let Some(call) = one.package_call().filter(|call| call.verb == Verb::Install) else { continue };
            for package in &call.packages {
                let name = package.name.text;
                let fate = if package.name.dynamic || package.source != PackageSource::Index {
                    Fate::Stays
                } else if build {
                    let serves = self.unknown || system::serves_build(scene, name, &self.calls.0);
                    let there = !self.unknown && system::is_in_base(scene, plan.stage, name);
                    if serves && !there { Fate::Stays } else { Fate::Goes }
                } else if removed_again && call.manager == Manager::Apk && call.has(&["--virtual", "-t"]) {
                    Fate::Goes
                } else {
                    system::fate_at_run_time(scene, plan.stage, name, &self.calls.0, &self.calls.1)
                };
                match fate {
                    Fate::Stays => left += 1,
                    Fate::Goes => edits.extend(without(scene, element, one, package.span)),
                    Fate::Becomes(text) => {
                        left += 1;
                        let span = self.place(element, package.span);
                        edits.push(Edit { span, text });
                    }
                }
            }
        }
        (left > 0).then(|| edited(scene, element.span, &edits)).flatten()
    }

    fn place(&self, element: &Element, span: Span) -> Span {
        install::place(self.scene, element, span)
    }

    /// A RUN of these parts; as written where none is missing.
    fn joined(&self, instruction: &Instruction, parts: &[String], elements: &[Element], build: bool) -> String {
        let scene = self.scene;
        let source = scene.source();
        if parts.len() == elements.len() {
            let mut edits: Vec<Edit> = Vec::new();
            for (part, element) in parts.iter().zip(elements) {
                if source.slice(element.span) != part {
                    edits.push(Edit { span: element.span, text: part.clone() });
                }
            }
            if let Some(text) = edited(scene, instruction.span, &edits) {
                return text;
            }
        }
        let installs = elements.iter().any(|one| one.class == Class::Install);
        let flags: Vec<&str> = instruction
            .flags
            .iter()
            .map(|flag| source.slice(flag.word.span))
            .filter(|flag| self.wants_mount(flag, build, installs, elements))
            .collect();
        let newline = scene.newline();
        let head: String = flags.iter().map(|flag| format!("{flag} \\{newline}    ")).collect();
        format!("RUN {head}{}", parts.join(&format!(" \\{newline}    && ")))
    }

    /// Whether a flag of a RUN is of use for the half of it that stands in a stage.
    fn wants_mount(&self, flag: &str, build: bool, installs: bool, elements: &[Element]) -> bool {
        let systems = elements.iter().any(|one| one.class == Class::System);
        let apt = flag.contains("/var/cache/ap") || flag.contains("/var/lib/apt");
        if !flag.starts_with("--mount") {
            return true;
        }
        if build { installs || (apt && systems) } else { apt && systems || !(installs && flag.contains("type=cache")) }
    }

    /// What the run-time stage takes from the build stage.
    fn take_over(&mut self) {
        let plan = self.plan;
        if std::mem::replace(&mut self.taken, true) {
            return;
        }
        let name = build_name(self.scene);
        let gap = self.run.gap;
        let author = plan.of_class(Class::Venv).next().is_some();
        let lacking: Vec<String> = plan.venvs.iter().filter(|_| !author).map(|venv| format!("{venv}/bin")).collect();
        let set = self.sets_path(&lacking);
        let inside = |venv: &str| plan.whole.as_ref().is_some_and(|whole| venv.starts_with(&format!("{whole}/")));
        for venv in plan.venvs.iter().chain(&plan.whole).filter(|path| !inside(path)) {
            self.run.push(format!("COPY --from={name} {venv} {venv}"));
        }
        if !lacking.is_empty() && !set {
            self.run.push(format!("ENV PATH={}:$PATH", lacking.join(":")));
        }
        if plan.kept_tools.contains(&Manager::Uv) {
            self.run.push("ENV UV_NO_SYNC=1".to_owned());
        } else if !plan.kept_tools.is_empty() {
            self.run.push(format!("ENV VIRTUAL_ENV={VENV}"));
        }
        self.run.gap = gap;
    }

    /// Whether the author's own ENV puts all of these folders on PATH.
    fn sets_path(&self, folders: &[String]) -> bool {
        let scopes = self.scene.build.scopes();
        let found = scopes.lookup(self.plan.stage.index, "PATH", usize::MAX);
        let crate::build::Lookup::Defined(definition) = found else { return false };
        let texts =
            definition.instruction.map(|index| self.scene.source().slice(self.scene.build.instruction(index).span));
        let known = match &definition.value {
            crate::build::Value::Known(value) => value.to_string(),
            _ => texts.unwrap_or_default().to_owned(),
        };
        folders.iter().all(|folder| known.contains(folder.as_str()))
    }

    fn variables(&mut self, index: usize, instruction: &Instruction, whole: String) {
        let scene = self.scene;
        let pairs = scene.file().variables(instruction);
        let begins = |name: &str, known: &[&str]| {
            known.iter().any(|one| name == *one || (one.ends_with('_') && name.starts_with(one)))
        };
        let legacy = pairs.iter().any(|pair| pair.legacy);
        let keep = |known: &[&str]| -> Option<String> {
            let going: Vec<usize> = (0..pairs.len()).filter(|at| begins(&pairs[*at].name.text, known)).collect();
            if going.len() == pairs.len() {
                return None;
            }
            if going.is_empty() || legacy {
                return Some(scene.source().slice(instruction.span).to_owned());
            }
            let spans: Vec<Span> = pairs.iter().map(|pair| pair.span).collect();
            let edits: Vec<Edit> = going.iter().map(|at| without_pair(&spans, *at, &going)).collect();
            edited(scene, instruction.span, &edits)
        };
        if index < self.plan.installs.1 {
            if let Some(text) = keep(&RUN_ONLY) {
                self.build.push(text);
            }
        }
        let kept = if self.plan.kept_tools.is_empty() { keep(&BUILD_ONLY) } else { Some(whole.clone()) };
        let Some(text) = kept else { return };
        if self.plan.kept_tools.is_empty() && text != scene.source().slice(instruction.span) {
            self.run.push(format!("{}{text}", self.comments(index, instruction)));
        } else {
            self.run.push(whole);
        }
    }

    fn transfer(&mut self, index: usize, instruction: &Instruction, whole: String) {
        let scene = self.scene;
        let in_build = self.in_build(index, instruction);
        if in_build {
            let flags = instruction.flags.iter().filter(|flag| scene.file().flag_name(flag) == "chown");
            let edits: Vec<Edit> = flags
                .map(|flag| Edit { span: Span::new(flag.word.span.start, flag.word.span.end + 1), text: String::new() })
                .collect();
            let text = edited(scene, instruction.span, &edits);
            self.build.push(text.unwrap_or_else(|| scene.source().slice(instruction.span).to_owned()));
        }
        let tool = self.is_tool_copy(index) && self.plan.kept_tools.is_empty();
        if !tool && !(in_build && (self.is_covered(index) || self.is_in_whole(index))) {
            // What changes with every commit stands below what does not.
            if in_build && !self.is_tool_copy(index) {
                self.take_over();
            }
            self.run.push(whole);
            return;
        }
        let comments = self.comments(index, instruction);
        if let Some(last) = self.build.lines.last_mut() {
            last.text.insert_str(0, &comments);
        }
    }

    /// Whether a COPY into the build stage goes to the folder that is copied from there as a whole.
    fn is_in_whole(&self, index: usize) -> bool {
        let Some(whole) = &self.plan.whole else { return false };
        let transfers = self.scene.build.transfers(self.plan.stage);
        let to = transfers.iter().find(|one| one.index == index).and_then(|one| one.destination.clone());
        let workdir = self.scene.build.workdir(self.plan.stage, index).value().cloned().unwrap_or_default();
        let to = to.map(|to| if to.starts_with('/') { to } else { workdir });
        to.is_some_and(|to| {
            to.trim_end_matches('/') == whole.trim_end_matches('/') || to.starts_with(&format!("{whole}/"))
        })
    }

    /// Whether a COPY or ADD has to be in the build stage.
    fn in_build(&self, index: usize, _: &Instruction) -> bool {
        if index > self.plan.installs.1 {
            return false;
        }
        let transfers = self.scene.build.transfers(self.plan.stage);
        let Some(transfer) = transfers.iter().find(|one| one.index == index) else { return true };
        if is_tool_copy(transfer) {
            return true;
        }
        if transfer.from.is_some() {
            let destination = transfer.destination.as_deref().unwrap_or_default();
            return self.calls.0.contains(destination);
        }
        let workdir = self.scene.build.workdir(self.plan.stage, index).value().cloned().unwrap_or_default();
        let destination = transfer.destination.as_deref().unwrap_or_default();
        let inside = !destination.starts_with('/') || destination.starts_with(&workdir);
        let single = transfer.sources.len() == 1 && !transfer.sources[0].is_everything();
        let named = transfer.sources.iter().filter_map(|source| source.text.as_deref()).any(|source| {
            let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or(source);
            self.calls.0.contains(name)
        });
        inside || !single || named
    }

    fn is_tool_copy(&self, index: usize) -> bool {
        self.scene.build.transfers(self.plan.stage).iter().any(|one| one.index == index && is_tool_copy(one))
    }

    /// Whether a later COPY of the run-time stage brings the same files to the same place.
    fn is_covered(&self, index: usize) -> bool {
        let (scene, stage) = (self.scene, self.plan.stage);
        let transfers = scene.build.transfers(stage);
        let Some(own) = transfers.iter().find(|one| one.index == index) else { return false };
        let folder = |one: &Transfer| {
            let workdir = scene.build.workdir(stage, one.index).value().cloned()?;
            let to = one.destination.as_deref()?.trim_start_matches("./").trim_end_matches(['/', '.']);
            Some(if to.starts_with('/') { to.to_owned() } else { format!("{}/{to}", workdir.trim_end_matches('/')) })
        };
        if own.from.is_some() || own.sources.iter().any(crate::build::Source::is_remote) {
            return false;
        }
        let Some(mut place) = folder(own) else { return false };
        if place.starts_with("/tmp") {
            return true;
        }
        let mut later = transfers.iter().filter(|one| one.index > index && one.from.is_none());
        later.any(|one| {
            let everything = one.sources.iter().any(crate::build::Source::is_everything) && one.exclude.is_empty();
            let Some(to) = folder(one).filter(|_| !one.parents) else { return false };
            let texts = |one: &Transfer| one.sources.iter().map(|source| source.text.clone()).collect::<BTreeSet<_>>();
            if to == place && texts(own).is_subset(&texts(one)) && one.exclude.is_empty() {
                return true;
            }
            everything
                && own.sources.iter().all(|source| {
                    let Some(text) = source.text.as_deref() else { return false };
                    let text = text.trim_start_matches("./").trim_end_matches('/');
                    let parent = text.rsplit_once('/').map_or("", |(parent, _)| parent);
                    let file = format!("{}/{text}", to.trim_end_matches('/'));
                    let expected = format!("{}/{parent}", to.trim_end_matches('/'));
                    place = place.trim_end_matches('/').to_owned();
                    place == expected.trim_end_matches('/') || place == file
                })
        })
    }

    /// The comments right above an instruction.
    fn comments(&self, index: usize, instruction: &Instruction) -> String {
        let passage = self.scene.passage(index);
        let end = instruction.span.start.max(passage.start);
        self.scene.source().slice(Span::new(passage.start, end)).to_owned()
    }
}

/// Whether a value of PATH only adds root's own folders, where tools and `pip install --user` put programs.
fn is_path_of_tools(value: &str) -> bool {
    let mut parts = value.trim_matches(['"', '\'']).split(':');
    let own = ["/root/.local/bin", "~/.local/bin", "$HOME/.local/bin", "/root/.poetry/bin", "/root/.cargo/bin"];
    parts.all(|part| own.contains(&part) || matches!(part, "$PATH" | "${PATH}"))
}

/// Whether a COPY brings a program that installs: `COPY --from=ghcr.io/astral-sh/uv /uv /bin/`.
pub(super) fn is_tool_copy(transfer: &Transfer) -> bool {
    let Some(Base::Image(image)) = &transfer.from else { return false };
    let tool = |text: &str| matches!(text.rsplit('/').next().unwrap_or(text), "uv" | "uvx" | "poetry" | "pdm");
    image.contains("astral-sh/uv") || transfer.sources.iter().all(|one| one.text.as_deref().is_some_and(tool))
}

/// A name for the build stage that is free.
pub(super) fn build_name(scene: &Scene) -> &'static str {
    let used: BTreeSet<&str> = scene.build.stages().iter().filter_map(|stage| stage.name.as_deref()).collect();
    let names = ["build", "dependencies", "python-build", "python-dependencies", "dockopt-build"];
    names.into_iter().find(|name| !used.contains(name)).unwrap_or("dockopt-python-build")
}

/// The deletion of a package from an install, with the blanks before it.
fn without(scene: &Scene, element: &Element, one: &Invocation, span: Span) -> Option<Edit> {
    let at = one.args.iter().position(|word| word.span.start == span.start)?;
    let before = at.checked_sub(1).map_or(one.path.span, |index| one.args[index].span);
    let start = install::place(scene, element, before).end;
    let end = install::place(scene, element, span).end;
    Some(Edit { span: Span::new(start, end), text: String::new() })
}

/// The deletion of a pair of ENV with the blanks on one side of it.
fn without_pair(spans: &[Span], at: usize, going: &[usize]) -> Edit {
    let kept_before = (0..at).rev().find(|one| !going.contains(one));
    let span = match (kept_before, spans.get(at + 1)) {
        (Some(_), _) => Span::new(spans[at - 1].end, spans[at].end),
        (None, Some(next)) => Span::new(spans[at].start, next.start),
        (None, None) => spans[at],
    };
    Edit { span, text: String::new() }
}

/// A piece of the Dockerfile with edits inside of it; `None` where they do not fit.
pub(super) fn edited(scene: &Scene, span: Span, edits: &[Edit]) -> Option<String> {
    let source = scene.source();
    if edits.iter().any(|edit| !span.contains(edit.span)) {
        return None;
    }
    let piece = Source::of("Dockerfile", source.slice(span));
    let shifted: Vec<Edit> = edits
        .iter()
        .map(|edit| Edit {
            span: Span::new(edit.span.start - span.start, edit.span.end - span.start),
            text: edit.text.clone(),
        })
        .collect();
    String::from_utf8(crate::text::apply(&piece, &shifted).ok()?).ok()
}
