//! Decides whether a stage that compiles and ships is split, and collects what its text needs.

use super::split_blocker::SplitBlocker;
use std::collections::{BTreeMap, BTreeSet};

use super::commands::{self, CommandFate, RunCommands};
use super::product::{self, Product, Products, StartedPaths};
use super::runtime::Toolchain;
use super::runtime_files::{self, CopiedItem};
use super::{image_paths, java, packages, started_programs};
use crate::build::toolchain::{self, Language};
use crate::build::{Stage, StageBase, service};
use crate::data;
use crate::dockerfile::Keyword;
use crate::optimize::pass_input::PassInput;
use crate::shell::parse;
use crate::shell::program::Program;
use crate::text::path;

/// What goes from the stage that builds to the one that ships.
pub(super) struct TransferPlan<'a> {
    /// The stage that becomes the image.
    pub target: &'a Stage,
    /// It and those that it stands on, the lowest first.
    pub chain: Vec<&'a Stage>,
    /// What is compiled.
    pub language: Language,
    /// The RUNs of the chain.
    pub runs: BTreeMap<usize, RunCommands>,
    /// What the build makes and the image needs, with where it goes.
    pub products: Vec<(Product, String)>,
    /// Files of the context that the image needs.
    pub items: Vec<CopiedItem>,
    /// The folder that goes whole, where not all that is written in it is known.
    pub whole: Option<String>,
    /// Index of the last RUN that makes something.
    pub last: usize,
}

impl<'a> TransferPlan<'a> {
    /// The stage that stands on the image.
    pub(super) fn root(&self) -> &'a Stage {
        self.chain.first().copied().unwrap_or(self.target)
    }

    /// Reads the build; `None` where nothing is compiled that ships, or something else starts.
    pub(super) fn of(input: &PassInput<'a>) -> Result<Option<Self>, SplitBlocker> {
        let build = input.build;
        let Some(target) = build.target().filter(|target| build.ships(target)) else { return Ok(None) };
        // The last stage may be named for its building, as where the file once had another.
        let builds = service::is_named_for_step(target) && !service::is_for_developers(build, target);
        let application =
            toolchain::is_application(build, target) || (builds && toolchain::starts_program(build, target));
        if !build.is_ordinary() || !application {
            return Ok(None);
        }
        let StageBase::Image(image) = build.root_base(target) else { return Ok(None) };
        let mut chain: Vec<&Stage> = build.chain(target).collect();
        chain.reverse();
        let mut runs = BTreeMap::new();
        for stage in &chain {
            for (index, instruction) in build.instructions(stage) {
                match instruction.keyword {
                    Keyword::Run => {
                        let is_wanted = |name: &str| match name {
                            packages::JAVA_FOLDER => java::names_system_libraries(input, target),
                            name => started_programs::is_wanted(input, target, name),
                        };
                        let run = commands::read(build, stage, index, &is_wanted);
                        let run = run.ok_or(SplitBlocker::UnsupportedShell)?;
                        runs.insert(index, run);
                    }
                    Keyword::Onbuild => return Err(SplitBlocker::Onbuild),
                    _ => {}
                }
            }
        }
        let Some(language) = language(image, &runs) else { return Ok(None) };
        let started = started_by_container(input, target);
        if !is_ours(language, &started) || runs.values().any(|run| run.compiles().is_some() && run.removes) {
            return Ok(None);
        }
        let mut plan =
            Self { target, chain, language, runs, products: Vec::new(), items: Vec::new(), whole: None, last: 0 };
        plan.fill(input, &started)?;
        Ok(Some(plan))
    }

    fn fill(&mut self, input: &PassInput, started: &StartedPaths) -> Result<(), SplitBlocker> {
        let build = input.build;
        let files = input.context().and_then(|context| image_paths::copied_files(build, context, self.target));
        let products = Products::of(build, &self.chain, input.projects(), files.as_ref());
        let empty = BTreeMap::new();
        let known = files.as_ref().unwrap_or(&empty);
        let workdir = image_paths::workdir(build, self.target, usize::MAX).unwrap_or_else(|| "/".into());
        let first_copy = self.first_copy(input);
        let needed = self.needed_products(&products, started, known, input)?;
        if products.unnamed && !started.paths.iter().any(|path| path.starts_with("/go/bin/")) {
            return Err(SplitBlocker::UnknownGoPrograms);
        }
        let unknown = self.runs.values().find(|run| run.has(&CommandFate::Unknown) && run.index > first_copy);
        if let Some(run) = unknown {
            let line = build.instruction(run.index).start_line;
            return Err(SplitBlocker::UnknownOutput { line });
        }
        let works =
            self.runs.values().any(|run| run.has(&CommandFate::Works) || (!run.separable && run.compiles().is_some()));
        let nothing = needed.is_empty() || started.unknown;
        let items =
            runtime_files::remaining_items(known, &input.evidence.texts, self.language, &started.paths, &workdir);
        self.last = self.last_made(&products);
        self.products = needed.into_iter().map(|product| destination(product, started)).collect();
        if let Some(items) = items
            && files.is_some()
            && !works
            && !nothing
        {
            self.items = items;
        } else if data::SYSTEM_FOLDERS.has(&workdir, "holds-system") {
            return Err(SplitBlocker::NeedsSystemFolder);
        } else {
            self.whole = Some(workdir);
        }
        // What lies in a folder that is copied goes with it.
        let folders: Vec<String> = self
            .products
            .iter()
            .filter(|(product, _)| product.folder)
            .map(|(product, _)| product.path.clone())
            .collect();
        let whole = self.whole.clone();
        let inside = |path: &str| {
            let in_folder = folders.iter().any(|folder| folder != path && path::is_within(path, folder));
            in_folder || whole.as_ref().is_some_and(|whole| path::is_within(path, whole))
        };
        self.products.retain(|(product, to)| !inside(&product.path) || *to != product.path);
        self.items.retain(|item| !inside(&item.path));
        Ok(())
    }

    /// Index of the first COPY from the context.
    fn first_copy(&self, input: &PassInput) -> usize {
        let transfers = self.chain.iter().flat_map(|stage| input.build.transfers(stage));
        transfers.filter(|transfer| transfer.from.is_none()).map(|transfer| transfer.index).min().unwrap_or(usize::MAX)
    }

    fn last_made(&self, products: &Products) -> usize {
        let compiled = self.runs.values().filter(|run| run.compiles().is_some() || run.has(&CommandFate::Works));
        compiled.map(|run| run.index).chain(products.last).max().unwrap_or(self.target.start)
    }

    /// What the image needs of what the build makes.
    fn needed_products(
        &self,
        products: &Products,
        started: &StartedPaths,
        files: &BTreeMap<String, String>,
        input: &PassInput,
    ) -> Result<BTreeSet<Product>, SplitBlocker> {
        let mut needed: BTreeSet<Product> =
            products.iter().filter(|product| !path::is_within(&product.path, "/tmp")).cloned().collect();
        let is_of_image = |path: &str| data::SYSTEM_FOLDERS.with("image").any(|folder| path::is_within(path, folder));
        for path in &started.paths {
            let is_product = products.iter().any(|product| path::is_within(path, &product.path));
            // Programs of images lie elsewhere, those of projects often there.
            let is_source_path = path::is_within(path, "/usr/src");
            if is_product || files.contains_key(path) || !is_source_path && is_of_image(path) {
                continue;
            }
            let name = path::name(path);
            let below = format!("{path}/");
            let from_context = files.range(below.clone()..).next().is_some_and(|(file, _)| file.starts_with(&below));
            let folder = self.language == Language::Java && !name.contains('.') && !name.contains('*');
            if !from_context {
                needed.insert(self.with_neighbours(input, Product { path: path.clone(), folder })?);
            }
        }
        Ok(needed)
    }

    /// What starts, with the files beside it that belong to it.
    fn with_neighbours(&self, input: &PassInput, product: Product) -> Result<Product, SplitBlocker> {
        let (folder, name) = path::split(&product.path);
        let above = match self.language {
            // `dotnet` reads `App.runtimeconfig.json`, `App.deps.json` and all libraries from there.
            Language::DotNet => folder,
            // Scripts of distributions by Gradle and Maven take the archives from a folder beside `bin`.
            Language::Java if path::name(folder) == "bin" && !name.ends_with(".jar") => path::parent(folder),
            Language::Java if !product.folder && (name == "quarkus-run.jar" || !java::stands_alone(input)) => folder,
            _ => return Ok(product),
        };
        if !data::SYSTEM_FOLDERS.has(above, "holds-system") {
            return Ok(Product { path: above.to_owned(), folder: true });
        }
        match self.language {
            Language::DotNet => {
                Err(SplitBlocker::NeighboursInSystemFolder { name: name.to_string(), above: above.to_string() })
            }
            _ => Ok(product),
        }
    }
}

/// Where a product goes: to its own place, or to where a name without a folder finds it on every image.
fn destination(product: Product, started: &StartedPaths) -> (Product, String) {
    let (folder, name) = path::split(&product.path);
    let toolchain = ["/go/bin", "/usr/local/cargo/bin", "/root/.cargo/bin", "/root/go/bin"].contains(&folder);
    let named = toolchain && !started.paths.contains(&product.path);
    let to = if named { format!("/usr/local/bin/{name}") } else { product.path.clone() };
    (product, to)
}

/// The language: what the image brings, else what is compiled.
fn language(image: &str, runs: &BTreeMap<usize, RunCommands>) -> Option<Language> {
    let compiled: Vec<Language> = runs.values().filter_map(RunCommands::compiles).collect();
    let worked = runs.values().any(|run| run.has(&CommandFate::Works));
    Toolchain::of(image)?;
    match Language::of_image(image) {
        Some(language) => (compiled.contains(&language) || worked).then_some(language),
        None => compiled.into_iter().max_by_key(|language| *language != Language::C),
    }
}

/// Whether what starts is what the language makes.
fn is_ours(language: Language, started: &StartedPaths) -> bool {
    let other = |name: &String| {
        use crate::shell::program::Language;
        let program = Program::of(name);
        let language =
            matches!(program.language, Some(Language::Python | Language::Node | Language::Ruby | Language::Php));
        language || name == "nginx" || name == "supervisord"
    };
    let java = started.names.contains("java") || language != Language::Java;
    let dotnet = started.names.contains("dotnet") || language != Language::DotNet || !started.paths.is_empty();
    !started.names.iter().any(other) && (java || !started.paths.is_empty()) && dotnet
}

/// What a container starts: what the file says, and the scripts of the context that it starts with.
fn started_by_container(input: &PassInput, target: &Stage) -> StartedPaths {
    let build = input.build;
    let mut started = StartedPaths::default();
    let folder = image_paths::workdir(build, target, usize::MAX).unwrap_or_else(|| "/".into());
    for code in input.codes_of(target, &[Keyword::Entrypoint, Keyword::Cmd]) {
        started.join(product::started_paths(&code.script, &folder));
    }
    if let Some(launch) = build.launch(target) {
        started.join(product::started_paths(launch.script(), &folder));
    }
    let commands = input.evidence.services.iter().filter_map(|service| service.command.as_deref());
    for text in commands.chain(input.start_texts(target).into_iter().map(|(_, text)| text)) {
        started.join(product::started_paths(&parse(text), &folder));
    }
    started
}
