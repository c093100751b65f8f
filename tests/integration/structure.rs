//! What fixing may do to a Dockerfile: what the pages of the applied rules announce. Everything else stays byte for byte.

use dockopt::dockerfile::{DifferenceKind, File, Keyword};
use dockopt::fix::FixOutcome;
use dockopt::rules;
use similar::{ChangeTag, TextDiff};

/// What is wrong with a Dockerfile after fixing.
pub(crate) fn check(before: &File, after: &File, outcome: &FixOutcome) -> Result<(), String> {
    if let Some(message) = before.worse(after) {
        return Err(format!("the builder refuses it: {message}"));
    }
    let announced = rules::announced(outcome.applied.iter().map(|applied| &applied.finding.rule));
    let differences = before.differences(after);
    // Where steps of two stages move, the lines between them may be taken for what moved.
    let has_same_stages = texts_of(before, Keyword::From) == texts_of(after, Keyword::From);
    for difference in &differences {
        // What one rule moves and another one changes is one that goes and one that comes.
        let moved = match difference.kind {
            DifferenceKind::Added(Keyword::From) | DifferenceKind::Removed(Keyword::From) if has_same_stages => true,
            DifferenceKind::Added(keyword) | DifferenceKind::Removed(keyword) => {
                let count = |kind| differences.iter().filter(|difference| difference.kind == kind).count();
                count(DifferenceKind::Added(keyword)) == count(DifferenceKind::Removed(keyword))
                    && announced.iter().any(|word| DifferenceKind::Changed(keyword).is_announced_by(word))
            }
            _ => false,
        };
        if !moved && !announced.iter().any(|word| difference.kind.is_announced_by(word)) {
            return Err(format!("{difference:?} is not announced"));
        }
    }
    let was: Vec<u32> = differences
        .iter()
        .filter_map(|difference| Some((difference.kind, difference.before?)))
        .flat_map(lines(before))
        .collect();
    let is: Vec<u32> = differences
        .iter()
        .filter_map(|difference| Some((difference.kind, difference.after?)))
        .flat_map(lines(after))
        .collect();
    let (old, new) = (before.source().text(), after.source().text());
    let (old_lines, new_lines): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    for change in TextDiff::from_slices(&old_lines, &new_lines).iter_all_changes() {
        let (line, covered) = match change.tag() {
            ChangeTag::Equal => continue,
            ChangeTag::Delete => (change.old_index(), &was),
            ChangeTag::Insert => (change.new_index(), &is),
        };
        let known = line.is_some_and(|line| covered.contains(&(line as u32 + 1)));
        let moved = old_lines.contains(&change.value()) && new_lines.contains(&change.value());
        if !known && !moved && !change.value().trim().is_empty() {
            return Err(format!("line {line:?} {:?} belongs to no difference", change.value()));
        }
    }
    let bare = |text: &str| text.matches('\n').count() - text.matches("\r\n").count();
    if old.contains("\r\n") && bare(old) == 0 && bare(new) > 0 {
        return Err("a line ends with LF among CR LF".to_owned());
    }
    Ok(())
}

/// The instructions of a kind, as they stand.
fn texts_of(file: &File, keyword: Keyword) -> Vec<&str> {
    let instructions = file.instructions().iter().filter(|instruction| instruction.keyword == keyword);
    instructions.map(|instruction| file.source().slice(instruction.span)).collect()
}

/// The lines of the instruction that a difference is about, or the one line.
fn lines(file: &File) -> impl Fn((DifferenceKind, u32)) -> std::ops::RangeInclusive<u32> + '_ {
    |(kind, line)| match kind {
        DifferenceKind::Comment | DifferenceKind::Directive => line..=line,
        _ => {
            let instruction = file.instructions().iter().find(|instruction| instruction.start_line == line);
            line..=instruction.map_or(line, |instruction| instruction.end_line)
        }
    }
}
