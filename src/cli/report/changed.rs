//! Which lines a pull request changed, by the base commit and the files as they are: annotations are shown at these alone.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

use crate::dockerfile;
use crate::load::git::{ObjectId, Repository};
use crate::load::read_source;
use crate::results::FindingState;
use crate::text::diff::numbers;
use crate::text::{Source, path};

/// Bytes of a file that is compared.
const LIMIT: u64 = 4 << 20;

/// How long two texts are compared; the answer is a coarser one then.
const LONGEST: Duration = Duration::from_secs(5);

/// Files that are compared; findings in others stay.
const MOST_FILES: usize = 1_000;

/// Leaves findings whose line, or whose instruction, was changed since a commit. Without git, or where the commit or a file
/// cannot be read, the comparison of findings alone decides, and they stay.
pub(super) fn keep_changed_lines(
    findings: &mut Vec<FindingState>,
    repository: Option<&Repository>,
    base: Option<&str>,
) {
    let Some(mut files) = repository.zip(base).and_then(|(repository, base)| ComparedFiles::new(repository, base))
    else {
        return;
    };
    findings.retain(|finding| files.is_changed(finding));
}

/// The files of the work tree, compared with those of a commit.
struct ComparedFiles<'r> {
    repository: &'r Repository,
    tree: ObjectId,
    /// The current folder, from the top of the repository.
    folder: String,
    known: HashMap<String, Option<ChangedFile>>,
}

impl<'r> ComparedFiles<'r> {
    fn new(repository: &'r Repository, base: &str) -> Option<Self> {
        let commit = repository.resolve(base).and_then(|id| repository.commit(id)).ok()?;
        let top = repository.work_tree()?.canonicalize().ok()?;
        let here = Path::new(".").canonicalize().ok()?;
        let folder = path::normalize(&here.strip_prefix(top).ok()?.to_string_lossy());
        Some(Self { repository, tree: commit.tree, folder, known: HashMap::new() })
    }

    /// Whether a finding is about what was changed. One that has no line is about no line that was.
    fn is_changed(&mut self, finding: &FindingState) -> bool {
        let Some(line) = finding.instruction_line() else { return false };
        if !self.known.contains_key(&finding.file) {
            let compared = if self.known.len() < MOST_FILES { self.compare(&finding.file) } else { None };
            self.known.insert(finding.file.clone(), compared);
        }
        self.known.get(&finding.file).and_then(Option::as_ref).is_none_or(|file| file.is_changed(line))
    }

    fn compare(&self, name: &str) -> Option<ChangedFile> {
        let new = read_source(Path::new(name), LIMIT).ok()?;
        let place = path::normalize(&path::child(&self.folder, name));
        let entry = self.repository.entry_at(self.tree, &place).ok()?;
        let old = match entry {
            Some(entry) => self.repository.blob(entry.id, usize::try_from(LIMIT).ok()?).ok()?,
            None => Vec::new(),
        };
        Some(ChangedFile::new(&String::from_utf8_lossy(&old), &new))
    }
}

/// What of a file was changed; lines are counted from 1.
struct ChangedFile {
    /// Lines that are new.
    lines: Vec<bool>,
    /// Lines above which others were removed.
    gaps: Vec<bool>,
    /// The first and the last line of each instruction, if the file is a Dockerfile.
    instructions: Vec<(u32, u32)>,
}

impl ChangedFile {
    fn new(old: &str, new: &Source) -> Self {
        let (old_lines, new_lines): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.text().lines().collect());
        let mut file = Self {
            lines: vec![false; new_lines.len() + 2],
            gaps: vec![false; new_lines.len() + 2],
            instructions: Vec::new(),
        };
        let deadline = Instant::now().checked_add(LONGEST);
        let (old_numbers, new_numbers) = numbers(&old_lines, &new_lines);
        for op in capture_diff_slices_deadline(Algorithm::Myers, &old_numbers, &new_numbers, deadline) {
            let range = op.new_range();
            match op.tag() {
                DiffTag::Equal => {}
                DiffTag::Delete => file.gaps[range.start + 1] = true,
                DiffTag::Insert | DiffTag::Replace => file.lines[range.start + 1..=range.end].fill(true),
            }
        }
        let parsed = dockerfile::parse(new);
        file.instructions =
            parsed.instructions().iter().map(|instruction| (instruction.start_line, instruction.end_line)).collect();
        file
    }

    /// Whether a line, or another one of the instruction that begins there, was changed.
    fn is_changed(&self, line: u32) -> bool {
        let last = self.instructions.iter().find(|(first, _)| *first == line).map_or(line, |(_, last)| *last);
        let is_new = |line: u32| self.lines.get(line as usize).copied().unwrap_or_default();
        let is_gap = |line: u32| self.gaps.get(line as usize).copied().unwrap_or_default();
        (line..=last).any(is_new) || (line + 1..=last).any(is_gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_an_instruction_belong_together() {
        let old = "FROM a\nRUN x \\\n  y \\\n  z\nRUN w\nUSER u\n";
        let changed = |new: &str| -> Vec<u32> {
            let file = ChangedFile::new(old, &Source::of("Dockerfile", new));
            (1..=7).filter(|line| file.is_changed(*line)).collect()
        };
        assert_eq!(changed(old), [0_u32; 0]);
        assert_eq!(changed(&old.replace("  z", "  v")), [2, 4], "the instruction begins at line 2");
        assert_eq!(changed(&old.replace("  y \\\n", "")), [2], "a line in it was removed");
        assert_eq!(changed(&old.replace("RUN w\n", "")), [0_u32; 0], "another instruction was removed");
        assert_eq!(changed(&old.replace("USER u\n", "USER u\nUSER v\n")), [7]);
    }
}
