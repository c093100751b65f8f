//! Whether the modules that the sources ask for are there, asked of the interpreters themselves.

use std::collections::BTreeMap;

use crate::failure::Failure;
use crate::manifest::{Ecosystem, FileKind};
use crate::measure::session::Session;
use crate::measure::trial::TrialRequest;
use crate::proof::{
    Check, DeclaredConfig, ImageSide, Observation, command, is_run_by_node, node, python, python_module, script_file,
};
use crate::text::path;

/// What stands before each answer of the scripts, so that words of imported modules are not taken for one.
const MARK: &str = "dockopt-import";

/// Imports each module that is named and says how that went.
const PYTHON: &str = "import importlib,os,sys
sys.path.insert(0,os.getcwd())
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
        said='ok'
    except BaseException as error:
        said=type(error).__name__+': '+(str(error).splitlines() or [''])[0]
    print('\\ndockopt-import '+name+' '+said,flush=True)
os._exit(0)";

/// Resolves each module from the folder that is named first.
const NODE: &str = "const r=require('module').createRequire(process.argv[1]+'/x.js');
for(const n of process.argv.slice(2)){let s='ok';try{r.resolve(n)}catch(e){if(e.code==='MODULE_NOT_FOUND')s='is not found'}
console.log('\\ndockopt-import '+n+' '+s)}";

impl Session {
    /// Each module that the sources ask for, and what its import says; empty where nothing is known of the program.
    pub(in crate::measure) fn imported(
        &self,
        image: &str,
        side: &ImageSide,
        declared: &DeclaredConfig,
        sources: &Sources,
        wanted: &TrialRequest,
    ) -> Result<BTreeMap<String, String>, Failure> {
        let Some(words) = words(side, declared, sources) else { return Ok(BTreeMap::new()) };
        let (_, said) = self.run_once(image, &words, wanted)?;
        let answer = |line: &str| {
            let (name, said) = line.strip_prefix(MARK)?.trim().split_once(' ')?;
            Some((name.to_owned(), said.to_owned()))
        };
        // One that is not answered for was not found either: the interpreter may have gone.
        let names = words.iter().skip_while(|word| *word != PYTHON && *word != NODE).skip(1);
        let unanswered = |name: &String| (name.clone(), "is not answered for".to_owned());
        let unanswered_names = names.filter(|name| !name.starts_with('/')).map(unanswered);
        let mut imported: BTreeMap<String, String> = unanswered_names.collect();
        imported.extend(said.lines().filter_map(answer));
        Ok(imported)
    }
}

/// The command that asks for the modules.
fn words(side: &ImageSide, declared: &DeclaredConfig, sources: &Sources) -> Option<Vec<String>> {
    let started = command(side.config(), &declared.scripts);
    let program = path::name(started.first()?).to_owned();
    let (module, file) = (python_module(&started), script_file(&started));
    let is_node = is_run_by_node(&program);
    let mut words = if is_node { vec!["node".to_owned()] } else { interpreter(side, declared)? };
    if is_node {
        let folder = side.config().working_directory.clone().unwrap_or_else(|| "/".to_owned());
        let from = path::join(&folder, file.as_deref().map_or("", path::parent));
        let imported = node(&sources.texts, file.as_deref());
        words.extend(["-e".to_owned(), NODE.to_owned(), from]);
        words.extend(imported.modules);
        return (words.len() > 4).then_some(words);
    }
    let is_python =
        module.is_some() || file.as_deref().is_some_and(|file| FileKind::of(file).is_source_of(Ecosystem::Python));
    if !is_python {
        return None;
    }
    let imported = python(&sources.texts, module.as_deref().or(file.as_deref()));
    words.extend(["-c".to_owned(), PYTHON.to_owned()]);
    words.extend(imported.modules);
    if program != "python" && program != "python3" {
        words.extend(module);
    }
    Some(words)
}

/// The Python that the program runs on: the one beside it, else that of PATH; through the original's wrapper.
fn interpreter(side: &ImageSide, declared: &DeclaredConfig) -> Option<Vec<String>> {
    let config = side.config();
    let whole: Vec<String> = config.entrypoint.iter().chain(&config.cmd).flatten().cloned().collect();
    let text = whole.join(" ");
    for wrapper in ["poetry run", "pipenv run", "pdm run", "uv run"] {
        if text.contains(wrapper) {
            let mut words: Vec<String> = wrapper.split(' ').map(str::to_owned).collect();
            words.push("python".to_owned());
            return Some(words);
        }
    }
    let started = command(config, &declared.scripts);
    let path = started.first().and_then(|program| side.program_path(program));
    let folder = path.as_deref().map(path::parent);
    let beside = folder.into_iter().flat_map(|folder| ["python", "python3"].map(|name| path::join(folder, name)));
    let names = beside.chain(["python".to_owned(), "python3".to_owned()]);
    names.into_iter().find(|name| side.program(name).is_some()).map(|name| vec![name])
}

/// Compares what could be imported: what could before can after.
pub(super) fn check(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Check {
    if before.is_empty() {
        return Check::skipped("imports", "no modules to import were found in the sources");
    }
    if after.is_empty() {
        return Check::skipped("imports", "the rewrite starts no program that imports modules");
    }
    let mut seen = Observation::default();
    let mut fine = 0;
    for (name, was) in before {
        let is = after.get(name).map_or("was not checked", String::as_str);
        match (was == "ok", is == "ok") {
            (_, true) => fine += 1,
            (true, false) => seen.fail(format!("`{name}` cannot be imported any more: {is}")),
            (false, false) => seen.explain(format!("`{name}` cannot be imported in the original either: {was}")),
        }
    }
    if fine == 0 && before.values().all(|was| was != "ok") {
        return Check::skipped("imports", "none of the modules that the sources import is found in the original");
    }
    seen.explain(format!("{fine} modules that the sources import are found"));
    seen.check("imports")
}

/// What sources tell of a build.
#[derive(Clone, Debug, Default)]
pub(in crate::measure) struct Sources {
    /// Source files' texts by their paths in the context.
    pub texts: BTreeMap<String, String>,
}
