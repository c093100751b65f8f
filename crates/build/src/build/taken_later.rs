//! Files of the context that a build takes by name after a COPY brought them into a stage: `COPY . .` in one stage,
//! `COPY --from=builder /app/.env .env` in the next. A line of .dockerignore for such a file makes the build fail.

use super::{Build, Stage, StageBase, absolute};
use crate::dockerfile::Keyword;
use crate::ignore::Matcher;
use crate::inputs::context::{BuildContext, ClassKind, ContextEntryKind, classify};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, RedirectOperator, Word};
use crate::text::path;

/// A file of the context, and what takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenFile {
    /// Its path in the context.
    pub path: String,
    /// The line of the instruction that takes it.
    pub line: u32,
    /// The keyword of the instruction.
    pub keyword: Keyword,
}

impl Build<'_> {
    /// The file or folder, excluded by a pattern of .dockerignore, that a step takes by its name.
    pub fn taken_by_name(&self, context: &BuildContext, pattern: &str) -> Option<TakenFile> {
        let matcher = Matcher::new([pattern]).ok()?;
        let is_excluded = |path: &str| matcher.matches_only(path).is_ok_and(|(excluded, _)| excluded);
        self.taken_files(context).into_iter().find(|file| is_excluded(&file.path))
    }

    /// All files and folders that steps take by their names, out of the context or of stages.
    fn taken_files(&self, context: &BuildContext) -> Vec<TakenFile> {
        let mut files = Vec::new();
        for stage in self.stages() {
            for transfer in self.transfers(stage) {
                // Also what a clean clone lacks: the build then needs a file of the developer's machine.
                if transfer.from.is_none() {
                    let sources = transfer.sources.iter().filter_map(|source| source.text.as_deref());
                    let paths = sources.map(|source| source.trim_start_matches("./").trim_matches('/').to_owned());
                    let (line, keyword) = (transfer.instruction.start_line, transfer.instruction.keyword);
                    files.extend(paths.map(|path| TakenFile { path, line, keyword }));
                    continue;
                }
                let Some(StageBase::Stage(from)) = transfer.from else { continue };
                let Some(from) = self.stages().get(from) else { continue };
                let sources = transfer.sources.iter().filter_map(|source| source.text.as_deref());
                let full = sources.map(|source| path::join("/", source));
                let instruction = transfer.instruction;
                files.extend(full.filter_map(|full| {
                    let path = self.origin_of(context, from, &full)?;
                    Some(TakenFile { path, line: instruction.start_line, keyword: instruction.keyword })
                }));
            }
            for (index, instruction) in self.instructions(stage) {
                if !matches!(instruction.keyword, Keyword::Run | Keyword::Cmd | Keyword::Entrypoint) {
                    continue;
                }
                let Some(code) = self.code(index) else { continue };
                for word in code.script.invocations().iter().flat_map(read_words) {
                    let folder = self.workdir(stage, index);
                    let full = absolute(&word, folder.value().map(String::as_str));
                    let Some(path) = full.and_then(|full| self.origin_of(context, stage, &full)) else { continue };
                    files.push(TakenFile { path, line: instruction.start_line, keyword: instruction.keyword });
                }
            }
        }
        files
    }

    /// The file of the context that a COPY of a stage, or of those below it, puts at a path. Files that the
    /// build creates there (installed packages, results) do not count.
    fn origin_of(&self, context: &BuildContext, stage: &Stage, full: &str) -> Option<String> {
        for below in self.chain(stage) {
            for transfer in self.transfers(below).iter().filter(|transfer| transfer.from.is_none()) {
                let Some(to) = transfer.destination.as_deref() else { continue };
                let folder = self.workdir(below, transfer.index);
                let Some(to) = absolute(to, folder.value().map(String::as_str)) else { continue };
                let Some(rest) = path::relative(full, &to) else { continue };
                for source in transfer.sources.iter().filter_map(|source| source.text.as_deref()) {
                    let source = source.trim_start_matches("./").trim_matches('/');
                    let source = if source == "." { "" } else { source };
                    let candidate = path::join(source, rest);
                    let Some(id) = context.find(&candidate) else { continue };
                    if candidate.is_empty() {
                        continue;
                    }
                    // What a COPY names is looked at elsewhere.
                    let is_named = candidate == source;
                    let is_file = context.entry(id).kind == ContextEntryKind::File;
                    let is_made = classify(context).iter().any(|known| {
                        let kinds = [
                            ClassKind::Dependencies,
                            ClassKind::Bytecode,
                            ClassKind::ToolCache,
                            ClassKind::BuildOutput,
                        ];
                        kinds.contains(&known.class.kind) && (known.entry == id || context.is_below(id, known.entry))
                    });
                    let is_history = candidate == ".git" || candidate.starts_with(".git/");
                    if !is_named && !is_made && (is_file || is_history) {
                        return Some(candidate);
                    }
                }
            }
        }
        None
    }
}

/// The words of a command that may name files which it reads: not the target of a copy, nor what `rm -f` deletes.
fn read_words(invocation: &Invocation) -> Vec<String> {
    let program = invocation.program.map_or(Program::UNKNOWN, Program::of);
    let mut words: Vec<&str> = invocation.args.iter().map(Word::text).collect();
    if program.is(Kind::Copies) && words.len() > 1 {
        words.pop();
    }
    if invocation.is("touch")
        || invocation.is("rm") && words.iter().any(|word| word.starts_with('-') && word.contains('f'))
    {
        words.clear();
    }
    let reads = invocation.command.redirects.iter().filter(|redirect| redirect.operator == RedirectOperator::Read);
    words.extend(reads.filter_map(|redirect| Some(redirect.target.as_ref()?.text())));
    let clean = |word: &str| word.rsplit('=').next().unwrap_or_default().trim_matches(['"', '\'']).to_owned();
    let is_path = |word: &String| !word.is_empty() && !word.starts_with('-') && word != "." && !word.contains('$');
    words.into_iter().map(clean).filter(is_path).collect()
}
