//! Which file `measure` changes for a scenario if none is named, and a change without meaning for the program: a comment or white space at
//! its end.

use crate::build::Build;
use crate::cache::rerun;
use crate::failure::{Failure, FailureKind};
use crate::inputs::context::ContextEntryKind;
use crate::inputs::{BuildInput, Inputs};
use crate::manifest::FileKind;
use crate::text::path;

/// The files that scenarios change, from the context's root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// A source file; `None` where the build takes none, or none that a line can be added to.
    pub source: Option<String>,
    /// A file that names dependencies; `None` where the build takes none.
    pub dependency: Option<String>,
}

/// How a remark is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remark {
    /// From these characters to the line's end.
    Line(&'static str),
    /// Between both.
    Between(&'static str, &'static str),
    /// It can't be; white space at the end means nothing.
    Blank,
    /// PHP: what stands behind the last `?>` is text for the reader.
    Php,
}

impl Changes {
    /// What stands for an edited source file and for an edited list of dependencies of a build.
    pub fn of(inputs: &Inputs, build: usize) -> Self {
        let Some(input) = inputs.builds.get(build) else { return Self::default() };
        let read = Build::new(input);
        let context = input.context.as_deref();
        let projects = input.projects.as_deref().map(Vec::as_slice);
        let example = rerun(&read, context, projects).and_then(|rerun| rerun.example);
        let fetched = context.and_then(|context| Some((context, read.sent_files(context)?)));
        let takes = |path: &str| {
            let Some((context, fetched)) = &fetched else { return true };
            fetched.files.iter().any(|file| context.path(*file) == path)
        };
        let mut installs: Vec<_> = projects.unwrap_or_default().iter().flat_map(|project| &project.installs).collect();
        installs.sort_by_key(|install| install.manifest.matches('/').count());
        let files = installs.iter().flat_map(|install| std::iter::once(&install.manifest).chain(&install.lock));
        let dependency = files.filter(|path| remark(path).is_some()).find(|path| takes(path)).cloned();
        let paths =
            || fetched.iter().flat_map(|(context, fetched)| fetched.files.iter().map(|file| context.path(*file)));
        let code = || paths().filter(|path| is_code(path)).min_by_key(|path| (path.matches('/').count(), path.clone()));
        Self { source: example.filter(|path| remark(path).is_some()).or_else(code), dependency }
    }
}

/// Why a file that somebody named cannot be changed to measure a rebuild, with what to do; `None` where it can.
pub fn change_refusal(input: &BuildInput, named: &str) -> Option<Failure> {
    let root = input.context_root.as_deref().unwrap_or(".");
    let context = input.context.as_deref()?;
    let below = path::normalize(named);
    let file = |path: &str| {
        let entry = context.find(path)?;
        matches!(context.entry(entry).kind, ContextEntryKind::File).then_some(entry)
    };
    let from_here = path::relative(&below, &path::normalize(root)).filter(|path| file(path).is_some());
    if file(&below).is_none() {
        let (what, help) = match (from_here, context.find(&below), context.excluded_above(&below)) {
            (Some(path), ..) => ("does not exist in the build context", format!("did you mean `{path}`?")),
            (_, Some(_), _) => ("is not a file", "name a file in it".to_owned()),
            (_, _, Some(_)) => {
                ("is excluded by .dockerignore, so the builder never sees it", "name a file that is sent".to_owned())
            }
            _ => {
                let help = format!("`dockopt context ls {root} --all` lists the files that are sent");
                ("does not exist in the build context", help)
            }
        };
        return Some(Failure::new(FailureKind::Setup, format!("`{named}` {what} (`{root}`)"), help));
    }
    remark(&below).is_none().then(|| {
        let help = "name a text file in which a comment can be written, such as source code";
        let what = format!("`{named}` cannot be changed: no comment is known for such files");
        Failure::new(FailureKind::Setup, what, help)
    })
}

/// Whether a file is a source by its ending, and no program's settings. A picture may be what reruns a step first.
fn is_code(path: &str) -> bool {
    let kind = FileKind::of(path);
    let is_source = kind.has_code() && kind.ecosystem().is_some() && remark(path).is_some();
    is_source
        && !path::name(kind.without_ending()).contains('.')
        && !path.split('/').any(|part| part == "node_modules" || part.starts_with('.'))
}

fn remark(path: &str) -> Option<Remark> {
    Some(match FileKind::of(path).comment()? {
        "blank" => Remark::Blank,
        "<?php" => Remark::Php,
        comment => comment.split_once(' ').map_or(Remark::Line(comment), |(begin, end)| Remark::Between(begin, end)),
    })
}

/// A file's text with one more line that no other change has; `None` where nobody knows how.
pub(super) fn changed(path: &str, text: &[u8], mark: &str) -> Option<Vec<u8>> {
    if text.contains(&0) {
        return None;
    }
    let remark = remark(path)?;
    let mut changed = text.to_vec();
    if !text.is_empty() && !text.ends_with(b"\n") {
        changed.push(b'\n');
    }
    let line = match remark {
        Remark::Line(begin) => format!("{begin} {mark}\n"),
        Remark::Between(begin, end) => format!("{begin} {mark} {end}\n"),
        Remark::Blank => blanks(mark),
        Remark::Php if is_text_at_end(text) => format!("<?php // {mark} ?>\n"),
        Remark::Php => format!("// {mark}\n"),
    };
    changed.extend(line.into_bytes());
    Some(changed)
}

/// A mark as blanks and tabs: its hash (FNV-1a), one bit each.
fn blanks(mark: &str) -> String {
    let hash = mark
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    (0..64).map(|bit| if hash >> bit & 1 == 1 { '\t' } else { ' ' }).chain(['\n']).collect()
}

fn is_text_at_end(text: &[u8]) -> bool {
    let last = |mark: &[u8]| text.windows(mark.len()).rposition(|part| part == mark);
    last(b"?>") > last(b"<?")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: Option<&str>) {
        let changed = changed(path, text.as_bytes(), "mark");
        assert_eq!(changed.map(|bytes| String::from_utf8(bytes).unwrap()).as_deref(), expected, "{path}");
    }

    #[test]
    fn sources_are_told_by_their_endings() {
        for (path, expected) in [
            ("src/App.tsx", true),
            ("main.py", true),
            ("vite.config.ts", false),
            ("public/logo.svg", false),
            ("node_modules/a/index.js", false),
            (".eslintrc.js", false),
        ] {
            assert_eq!(is_code(path), expected, "{path}");
        }
    }

    #[test]
    fn a_line_means_nothing_in_its_language() {
        check("app/main.py", "x = 1", Some("x = 1\n# mark\n"));
        check("src/App.vue", "<template/>\n", Some("<template/>\n<!-- mark -->\n"));
        check("main.go", "package main\n", Some("package main\n// mark\n"));
        check("index.php", "<?php\nx();\n", Some("<?php\nx();\n// mark\n"));
        check("index.php", "<?php x(); ?>\nhello\n", Some("<?php x(); ?>\nhello\n<?php // mark ?>\n"));
        check("Gemfile", "", Some("# mark\n"));
        check("yarn.lock", "", None);
        check("logo.png", "", None);
        check("a.py", "\0", None);
        let json = changed("package.json", b"{}", "mark").unwrap();
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&json).unwrap(), serde_json::json!({}));
        assert_ne!(json, changed("package.json", b"{}", "another").unwrap());
    }
}
