//! Files of SQL that tools run one after the other: Prisma, golang-migrate, sqlx, Flyway, dbmate, goose, sql-migrate, numbered
//! files.

use std::collections::BTreeMap;
use std::ops::Range;

use super::change::PlacedChange;
use super::model::{MigrationDowngrade, MigrationFormat};
use super::parsed::ParsedMigration;
use super::statements::sql_changes;
use crate::data;
use crate::text::path;

/// A file of SQL with what orders it.
pub(super) struct ScriptMigration {
    pub(super) format: MigrationFormat,
    pub(super) parsed: ParsedMigration,
    /// The folder whose files run one after the other.
    pub(super) folder: String,
    /// The parts of its version; those that always run again come last.
    pub(super) version: Vec<u128>,
    /// Whether two of one version are refused.
    pub(super) is_versioned: bool,
}

/// The name of a file: what its tool reads from it.
struct ScriptName {
    format: MigrationFormat,
    id: String,
    folder: String,
    version: Vec<u128>,
    is_versioned: bool,
}

/// Reads a file of SQL; none where it is no migration. Files of the way back belong to others.
pub(super) fn script_migration(place: &str, text: &str, files: &BTreeMap<&str, &str>) -> Option<ScriptMigration> {
    let sections = sections(text);
    if is_way_back(place, files) {
        return None;
    }
    let ScriptName { format, id, folder, version, is_versioned } = script_name(place, sections.is_some())?;
    let mut parsed = ParsedMigration::new(id, 0);
    match (sections, place.strip_suffix(".up.sql")) {
        (Some((up, down)), _) => {
            parsed.changes = changes(text, up);
            parsed.reverse_changes = down.clone().map(|down| changes(text, down)).unwrap_or_default();
            parsed.downgrade = downgrade(down.is_some(), &parsed);
        }
        (None, Some(stem)) => {
            parsed.changes = sql_changes(text);
            let down = files.get(format!("{stem}.down.sql").as_str());
            parsed.reverse_changes = down.map(|down| sql_changes(down)).unwrap_or_default();
            parsed.downgrade = downgrade(down.is_some(), &parsed);
        }
        (None, None) => parsed.changes = sql_changes(text),
    }
    Some(ScriptMigration { format, parsed, folder, version, is_versioned })
}

/// Whether a file undoes the one of the same name without the last word: `7_users_rollback.sql` beside `7_users.sql`.
fn is_way_back(place: &str, files: &BTreeMap<&str, &str>) -> bool {
    let Some(stem) = place.strip_suffix(".sql") else { return false };
    let fronts = ["down", "undo", "rollback"].into_iter().filter_map(|word| stem.strip_suffix(word));
    let fronts = fronts.filter_map(|front| front.strip_suffix(['_', '-', '.']));
    fronts
        .into_iter()
        .any(|front| [".sql", ".up.sql"].iter().any(|end| files.contains_key(format!("{front}{end}").as_str())))
}

fn downgrade(is_there: bool, parsed: &ParsedMigration) -> MigrationDowngrade {
    match (is_there, parsed.reverse_changes.is_empty(), parsed.changes.is_empty()) {
        (false, ..) => MigrationDowngrade::Missing,
        (true, true, false) => MigrationDowngrade::Empty,
        _ => MigrationDowngrade::Reverses,
    }
}

fn changes(text: &str, part: Range<usize>) -> Vec<PlacedChange> {
    let placed = sql_changes(&text[part.clone()]).into_iter();
    placed.map(|placed| PlacedChange { at: placed.at + part.start, change: placed.change }).collect()
}

/// The steps forward and the way back of a file with both: `-- +goose Up`, `-- migrate:down`.
fn sections(text: &str) -> Option<(Range<usize>, Option<Range<usize>>)> {
    let signs = || data::MIGRATION_FILES.rows().map(|row| row[2]).filter(|sign| *sign != "-");
    let (mut up, mut down, mut at) = (None, None, 0);
    for line in text.split_inclusive('\n') {
        let words: Vec<String> = line.split_whitespace().take(3).map(str::to_ascii_lowercase).collect();
        let words = words.join(" ");
        let is = |direction: &str| {
            signs().filter_map(|sign| sign.strip_suffix("up")).any(|front| {
                let rest = words.strip_prefix(front).and_then(|rest| rest.strip_prefix(direction));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
        };
        if !words.starts_with("--") {
            at += line.len();
            continue;
        }
        if is("up") && up.is_none() {
            up = Some((at, at + line.len()));
        } else if is("down") && down.is_none() {
            down = Some((at, at + line.len()));
        }
        at += line.len();
    }
    let (up_line, up) = up?;
    Some(match down {
        Some((end, start)) if end >= up => (up..end, Some(start..text.len())),
        Some((_, start)) => (up..text.len(), Some(start..up_line)),
        None => (up..text.len(), None),
    })
}

fn script_name(place: &str, has_sections: bool) -> Option<ScriptName> {
    let (folder, name) = path::split(place);
    let folder = folder.to_owned();
    let stem = name.strip_suffix(".sql")?;
    if stem == "migration" && path::name(path::parent(&folder)) == "migrations" {
        let (id, folder) = (path::name(&folder).to_owned(), path::parent(&folder).to_owned());
        let version = vec![number(&id)];
        return Some(ScriptName { format: MigrationFormat::Prisma, id, folder, version, is_versioned: false });
    }
    let goes_back = [".down", ".undo"].iter().any(|end| stem.strip_suffix(end).is_some());
    if goes_back {
        return None;
    }
    let format = MigrationFormat::Sql;
    let is_versioned = true;
    // Flyway: `V1_2__users.sql`, `R__views.sql`.
    if let Some((front, rest)) = stem.split_once("__")
        && !rest.is_empty()
    {
        if front == "R" {
            let (id, version) = (stem.to_owned(), vec![u128::MAX]);
            return Some(ScriptName { format, id, folder, version, is_versioned: false });
        }
        if let Some(digits) = front.strip_prefix('V').filter(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))
        {
            let version = digits.split(['.', '_']).map(number).collect();
            return Some(ScriptName { format, id: digits.replace('_', "."), folder, version, is_versioned });
        }
    }
    let is_numbered = stem.starts_with(|c: char| c.is_ascii_digit());
    let version = vec![number(stem)];
    let digits = stem.len() - stem.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    // `7a_users` is no version of golang-migrate: it wants a number and `_`.
    let has_number = is_numbered && !stem[digits..].starts_with(|c: char| c.is_ascii_alphabetic());
    let id = if has_number { stem[..digits].to_owned() } else { stem.to_owned() };
    if has_sections || stem.strip_suffix(".up").is_some() {
        // `1_users.mysql.up.sql` has others beside it.
        let is_versioned = has_number && !stem.trim_end_matches(".up").contains('.');
        return Some(ScriptName { format, id, folder, version, is_versioned });
    }
    let is_of_migrations = |part: &str| part.contains("migrat") || part == "drizzle";
    let is_numbered_step = is_numbered && folder.to_ascii_lowercase().split('/').any(is_of_migrations);
    is_numbered_step.then(|| ScriptName { format, id: stem.to_owned(), folder, version, is_versioned: false })
}

/// The number that a text begins with.
fn number(text: &str) -> u128 {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    text[..digits].parse().unwrap_or(u128::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_tools() {
        let of = |place: &str| script_name(place, false).map(|name| (name.format, name.id));
        for (place, expected) in [
            ("prisma/migrations/2024_init/migration.sql", Some((MigrationFormat::Prisma, "2024_init"))),
            ("db/3_a.up.sql", Some((MigrationFormat::Sql, "3"))),
            ("db/3_a.down.sql", None),
            ("V1_2__a.sql", Some((MigrationFormat::Sql, "1.2"))),
            ("R__a.sql", Some((MigrationFormat::Sql, "R__a"))),
            ("db/migrations/002_a.sql", Some((MigrationFormat::Sql, "002_a"))),
            ("db/queries/002_a.sql", None),
            ("db/migrations/schema.sql", None),
            ("migration.sql", None),
        ] {
            assert_eq!(of(place), expected.map(|(format, id)| (format, id.to_owned())), "{place}");
        }
    }

    #[test]
    fn the_way_back_is_beside_the_way_forward() {
        let files =
            ["m/7_users.sql", "m/7_users_rollback.sql", "m/8_scale_down.sql"].map(|name| (name, "DROP TABLE a;"));
        let files = BTreeMap::from(files);
        assert!(is_way_back("m/7_users_rollback.sql", &files));
        assert!(!is_way_back("m/8_scale_down.sql", &files) && !is_way_back("m/7_users.sql", &files));
    }

    #[test]
    fn sections_are_split() {
        let of =
            |text: &'static str| sections(text).map(|(up, down)| (text[up].trim(), down.map(|down| text[down].trim())));
        assert_eq!(of("-- +goose Up\na;\n-- +goose Down\nb;\n"), Some(("a;", Some("b;"))));
        assert_eq!(of("--  migrate:up transaction:false\na;\n"), Some(("a;", None)));
        assert_eq!(of("-- migrate:upper\na;\n"), None);
        assert_eq!(of("-- +migrate Down\nb;\n-- +migrate Up\na;"), Some(("a;", Some("b;"))));
    }
}
