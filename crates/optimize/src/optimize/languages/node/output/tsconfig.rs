//! What a `tsconfig.json` says of what the compiler writes, with the configurations that it extends.

use serde_json::Value;

use crate::manifest::parse_jsonc;
use crate::text::path;

/// Configurations that extend each other are followed so far.
const DEEPEST: usize = 8;

/// What the compiler writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Emit {
    Nothing,
    /// Declarations of types only.
    Declarations,
    /// All into this folder, relative to the project.
    Folder(String),
    /// Each file beside its source.
    BesideSources,
    /// A configuration that is not known decides.
    Unknown,
}

/// The members of a configuration that decide what is written; paths are relative to the project.
#[derive(Debug, Default)]
pub(super) struct TsConfig {
    no_emit: Option<bool>,
    declarations_only: Option<bool>,
    out_dir: Option<String>,
    /// Whether it names sources: it has them by default.
    has_sources: Option<bool>,
    /// Whether it extends a configuration that is not known.
    extends_unknown: bool,
    /// The configurations that `tsc --build` compiles first.
    pub(super) references: Vec<String>,
}

impl TsConfig {
    /// Reads a configuration and those that it extends; `None` where it is not there or broken.
    ///
    /// Source: TypeScript's reference of `tsconfig.json` (`extends`, `references`, `${configDir}`).
    pub(super) fn read<'t>(path: &str, text: &impl Fn(&str) -> Option<&'t str>) -> Option<Self> {
        Self::read_for(path, path::parent(path), text, 0)
    }

    /// `leaf` is the folder of the configuration that the compiler was given.
    fn read_for<'t>(path: &str, leaf: &str, text: &impl Fn(&str) -> Option<&'t str>, depth: usize) -> Option<Self> {
        let value = parse_jsonc(text(path)?).filter(Value::is_object)?;
        let folder = path::parent(path);
        let mut config = Self::default();
        let bases: Vec<&str> = match value.get("extends") {
            Some(Value::Array(bases)) => bases.iter().filter_map(Value::as_str).collect(),
            base => base.and_then(Value::as_str).into_iter().collect(),
        };
        for base in bases {
            let base = Self::base(folder, base, |path| {
                (depth < DEEPEST).then(|| Self::read_for(path, leaf, text, depth + 1))?
            });
            match base {
                Some(base) => config.replace(base),
                None => config.extends_unknown = true,
            }
        }
        // References are not inherited.
        config.references = value
            .get("references")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|reference| Some(path::join(folder, reference.get("path")?.as_str()?)))
            .collect();
        let option = |name: &str| value.get("compilerOptions").and_then(|options| options.get(name));
        let flag = |name: &str| option(name).and_then(Value::as_bool);
        let out_dir =
            option("outDir").and_then(Value::as_str).map(|out_dir| match out_dir.strip_prefix("${configDir}") {
                Some(rest) => path::join(leaf, rest.trim_start_matches('/')),
                None => path::join(folder, out_dir),
            });
        let is_empty = |name: &str| value.get(name).map(|list| list.as_array().is_some_and(Vec::is_empty));
        let has_sources = match (is_empty("files"), is_empty("include")) {
            (None, None) => None,
            (files, include) => Some(files == Some(false) || include == Some(false)),
        };
        config.replace(Self {
            no_emit: flag("noEmit"),
            declarations_only: flag("emitDeclarationOnly"),
            out_dir,
            has_sources,
            ..Self::default()
        });
        Some(config)
    }

    /// A configuration that another one in this folder extends; a package's lies in `node_modules`, which is not read.
    fn base(folder: &str, name: &str, read: impl Fn(&str) -> Option<Self>) -> Option<Self> {
        if !name.starts_with(['.', '/']) {
            return None;
        }
        let path = path::join(folder, name);
        read(&path).or_else(|| read(&format!("{path}.json")))
    }

    /// Takes over what a later configuration says.
    fn replace(&mut self, later: Self) {
        self.no_emit = later.no_emit.or(self.no_emit);
        self.declarations_only = later.declarations_only.or(self.declarations_only);
        self.out_dir = later.out_dir.or(self.out_dir.take());
        self.has_sources = later.has_sources.or(self.has_sources);
        self.extends_unknown |= later.extends_unknown;
    }

    /// What compiling it writes.
    pub(super) fn output(&self) -> Emit {
        if self.no_emit == Some(true) || self.has_sources == Some(false) {
            return Emit::Nothing;
        }
        if self.declarations_only == Some(true) {
            return Emit::Declarations;
        }
        match &self.out_dir {
            Some(folder) => Emit::Folder(folder.clone()),
            None if self.extends_unknown => Emit::Unknown,
            None => Emit::BesideSources,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_of_compilers_is_found() {
        let files = [
            ("base.json", r#"{"compilerOptions": {"outDir": "build", "noEmit": true}}"#),
            ("web/base.json", r#"{"compilerOptions": {"outDir": "${configDir}/out"}}"#),
            ("loop.json", r#"{"extends": "./loop.json"}"#),
        ];
        let check = |path: &str, config: &str, expected: Emit| {
            let find = |name: &str| {
                let known = files.iter().find(|(file, _)| *file == name).map(|(_, text)| *text);
                if name == path { Some(config) } else { known }
            };
            let output = TsConfig::read(path, &find).map_or(Emit::Unknown, |config| config.output());
            assert_eq!(output, expected, "{config}");
        };
        let folder = |folder: &str| Emit::Folder(folder.to_owned());
        let inits = "{\n  \"compilerOptions\": {\n    // \"noEmit\": true, /* Disable emitting files. */\n    \"outDir\": \"./dist\", /* x */\n  },\n}";
        check("tsconfig.json", inits, folder("dist"));
        check("tsconfig.json", "{\"compilerOptions\": {\"noEmit\": true}}", Emit::Nothing);
        check("tsconfig.json", "{\"compilerOptions\": {\"noEmit\": true, \"noEmitOnError\": false}}", Emit::Nothing);
        check("tsconfig.json", "{\"compilerOptions\": {\"noEmitOnError\": true}}", Emit::BesideSources);
        check("tsconfig.json", "{\"extends\": \"./base\"}", Emit::Nothing);
        check("tsconfig.json", "{\"extends\": \"./base\", \"compilerOptions\": {\"noEmit\": false}}", folder("build"));
        check("web/tsconfig.json", "{\"extends\": \"./base.json\"}", folder("web/out"));
        check("api/tsconfig.json", "{\"extends\": [\"../web/base.json\"]}", folder("api/out"));
        check("tsconfig.json", "{\"extends\": \"@tsconfig/node22/tsconfig.json\"}", Emit::Unknown);
        check(
            "tsconfig.json",
            "{\"extends\": \"@tsconfig/node22/tsconfig.json\", \"compilerOptions\": {\"outDir\": \"x\"}}",
            folder("x"),
        );
        check("tsconfig.json", "{\"files\": [], \"references\": [{\"path\": \"./a\"}]}", Emit::Nothing);
        check("tsconfig.json", "{\"compilerOptions\": {\"emitDeclarationOnly\": true}}", Emit::Declarations);
        check("tsconfig.json", "{\"extends\": \"./loop\"}", Emit::Unknown);
        check("tsconfig.json", "not JSON", Emit::Unknown);
    }
}
