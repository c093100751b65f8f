//! All migrations of a project together.

use std::collections::{BTreeMap, HashMap};

use super::alembic::alembic_revision;
use super::catalog::SchemaCatalog;
use super::change::{PlacedChange, SchemaChange};
use super::django::{app_of, django_changes, django_header};
use super::django_fields::DjangoModels;
use super::graph::{NodeGroups, heads, names, ordered};
use super::judge::{MigrationJudge, display_name};
use super::model::{Migration, MigrationFormat, MigrationHistory, MigrationProblem, MigrationStep, MigrationVerdict};
use super::parsed::ParsedMigration;
use super::scripts::{ScriptMigration, script_migration};
use super::sql::has_backticks;
use crate::manifest::FileKind;
use crate::text::{Source, path};

/// Files that are read.
const MOST_FILES: usize = 20_000;

/// Bytes of a file that are read; a larger one is not known.
const LARGEST_FILE: usize = 1 << 20;

/// A file with what it says.
struct HistoryEntry<'t> {
    path: &'t str,
    text: &'t str,
    format: MigrationFormat,
    parsed: ParsedMigration,
    /// The folder whose migrations belong together.
    folder: String,
    version: Vec<u128>,
    is_versioned: bool,
}

/// Reads the migrations among files, each with its path and its text. Files that are none are passed over.
pub fn read_migrations(files: &[(&str, &str)]) -> MigrationHistory {
    let texts: BTreeMap<&str, &str> = files.iter().copied().take(MOST_FILES).collect();
    let mut entries: Vec<HistoryEntry<'_>> =
        texts.iter().filter_map(|(path, text)| entry(path, text, &texts)).collect();
    entries.sort_by(|first, second| {
        (&first.folder, &first.version, first.path).cmp(&(&second.folder, &second.version, second.path))
    });
    let mut problems = Vec::new();
    let links = links(&mut entries, &mut problems);
    let groups = groups(&entries, &links.parents);
    head_problems(&entries, &links.parents, &groups, &mut problems);
    let order = ordered(&links.all);
    for circle in &order.circles {
        let ids = circle.iter().map(|node| entries[*node].parsed.id.as_str());
        let message = format!("runs after itself: {}", names(ids.collect::<Vec<_>>().into_iter()));
        problems.push(problem(&entries[circle[0]], entries[circle[0]].parsed.parents_at, message));
    }
    let mut models = DjangoModels::new();
    for node in &order.nodes {
        let entry = &mut entries[*node];
        if entry.format == MigrationFormat::Django {
            django_changes(entry.path, entry.text, &mut models, &mut entry.parsed);
        }
    }
    let catalogs = catalogs(&entries, &groups);
    let migrations = order.nodes.iter().map(|node| judged(&entries[*node], *node, &catalogs[&groups[*node]])).collect();
    problems.sort();
    MigrationHistory { migrations, problems }
}

/// What a file says; none where it is no migration.
fn entry<'t>(place: &'t str, text: &'t str, files: &BTreeMap<&str, &str>) -> Option<HistoryEntry<'t>> {
    let language = FileKind::of(place).language();
    let is_large = text.len() > LARGEST_FILE;
    let read = if is_large { "" } else { text };
    let (version, is_versioned) = (Vec::new(), false);
    let folder = path::parent(place).to_owned();
    let entry =
        |format, parsed| HistoryEntry { path: place, text: read, format, parsed, folder, version, is_versioned };
    if language == "Python" {
        if let Some(parsed) = django_header(place, read) {
            return Some(entry(MigrationFormat::Django, parsed));
        }
        return alembic_revision(read).map(|parsed| entry(MigrationFormat::Alembic, parsed));
    }
    if language != "SQL" {
        return None;
    }
    let ScriptMigration { format, mut parsed, folder, version, is_versioned } = script_migration(place, read, files)?;
    if is_large {
        let change = SchemaChange::unread("is larger than 1 MB and not read");
        parsed.changes.push(PlacedChange { at: 0, change });
    }
    Some(HistoryEntry { path: place, text: read, format, parsed, folder, version, is_versioned })
}

fn problem(entry: &HistoryEntry<'_>, at: usize, message: String) -> MigrationProblem {
    let line = Source::of(entry.path, entry.text).line(at as u32);
    MigrationProblem { path: entry.path.to_owned(), line, message }
}

/// The migrations that each is based on, by their numbers.
struct MigrationLinks {
    parents: Vec<Vec<usize>>,
    /// With those that only have to run before.
    all: Vec<Vec<usize>>,
}

fn links(entries: &mut [HistoryEntry<'_>], problems: &mut Vec<MigrationProblem>) -> MigrationLinks {
    for node in 1..entries.len() {
        let (before, after) = entries.split_at_mut(node);
        let (before, after) = (&before[node - 1], &mut after[0]);
        let is_script =
            |entry: &HistoryEntry<'_>| matches!(entry.format, MigrationFormat::Prisma | MigrationFormat::Sql);
        if !is_script(after) || !is_script(before) || before.folder != after.folder {
            continue;
        }
        after.parsed.parents = vec![before.parsed.id.clone()];
        if after.is_versioned && before.is_versioned && before.version == after.version {
            let message = format!("has the version of {}", display_name(path::name(before.path)));
            problems.push(problem(after, 0, message));
        }
    }
    let mut by_id: HashMap<(MigrationFormat, &str), Vec<usize>> = HashMap::new();
    for (node, entry) in entries.iter().enumerate() {
        let ids = std::iter::once(&entry.parsed.id).chain(&entry.parsed.replaces);
        for id in ids {
            by_id.entry((entry.format, id)).or_default().push(node);
        }
    }
    let mut links = MigrationLinks { parents: Vec::new(), all: Vec::new() };
    for (node, entry) in entries.iter().enumerate() {
        let same_id = &by_id[&(entry.format, entry.parsed.id.as_str())];
        let is_repeated = |other: &&usize| {
            **other < node && entries[**other].folder == entry.folder && entries[**other].parsed.id == entry.parsed.id
        };
        if entry.format == MigrationFormat::Alembic
            && let Some(other) = same_id.iter().find(is_repeated)
        {
            let other = display_name(path::name(entries[*other].path));
            let message = format!("has the revision {} of {other}", display_name(&entry.parsed.id));
            problems.push(problem(entry, entry.parsed.id_at, message));
        }
        if entry.parsed.has_unread_parents {
            problems.push(problem(entry, entry.parsed.parents_at, "says in code which revision it follows".to_owned()));
        }
        let parents = match entry.format {
            MigrationFormat::Prisma | MigrationFormat::Sql => {
                Vec::from_iter((!entry.parsed.parents.is_empty()).then(|| node - 1))
            }
            _ => resolved(entries, &by_id, node, &entry.parsed.parents, problems),
        };
        let mut all = parents.clone();
        all.extend(resolved(entries, &by_id, node, &entry.parsed.depends, &mut Vec::new()));
        all.sort_unstable();
        all.dedup();
        links.parents.push(parents);
        links.all.push(all);
    }
    links
}

/// The numbers of ids: of several with one id that in the same folder, or the nearest.
fn resolved(
    entries: &[HistoryEntry<'_>],
    by_id: &HashMap<(MigrationFormat, &str), Vec<usize>>,
    node: usize,
    ids: &[String],
    problems: &mut Vec<MigrationProblem>,
) -> Vec<usize> {
    let entry = &entries[node];
    let common = |other: usize| {
        let parts = entry.folder.split('/').zip(entries[other].folder.split('/'));
        parts.take_while(|(first, second)| first == second).count()
    };
    let mut nodes = Vec::new();
    for id in ids {
        let all = by_id.get(&(entry.format, id.as_str())).map_or(&[][..], Vec::as_slice);
        // A migration that stands for others does not follow itself.
        let others = all.iter().copied().filter(|other| *other != node || entries[*other].parsed.id == *id);
        if let Some(other) = others.max_by_key(|other| (common(*other), entries[*other].parsed.id == *id)) {
            nodes.push(other);
        } else if is_expected(entries, entry, id) {
            let message = format!("follows {}, which is in no file", display_name(id));
            problems.push(problem(entry, entry.parsed.parents_at, message));
        }
    }
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

/// Whether an id has to be there: apps of Django may be those of packages.
fn is_expected(entries: &[HistoryEntry<'_>], entry: &HistoryEntry<'_>, id: &str) -> bool {
    if entry.format != MigrationFormat::Django {
        return true;
    }
    let Some((app, name)) = id.split_once('.') else { return false };
    app == app_of(entry.path)
        && !name.starts_with("__")
        && !entries.iter().any(|other| other.parsed.replaces.iter().any(|replaced| replaced == id))
}

/// A number for each group of migrations that share a database, as far as their files tell.
fn groups(entries: &[HistoryEntry<'_>], parents: &[Vec<usize>]) -> Vec<usize> {
    let mut groups = NodeGroups::new(entries.len());
    let mut folders: HashMap<(MigrationFormat, &str), usize> = HashMap::new();
    for (node, entry) in entries.iter().enumerate() {
        let first = *folders.entry((entry.format, entry.folder.as_str())).or_insert(node);
        groups.join(first, node);
        for parent in &parents[node] {
            groups.join(*parent, node);
        }
    }
    (0..entries.len()).map(|node| groups.of(node)).collect()
}

/// Several migrations that none follows.
fn head_problems(
    entries: &[HistoryEntry<'_>],
    parents: &[Vec<usize>],
    groups: &[usize],
    problems: &mut Vec<MigrationProblem>,
) {
    // Apps of Django have a head each.
    let mut apps: HashMap<&str, usize> = HashMap::new();
    let of_app = |node: usize| match entries[node].format {
        MigrationFormat::Django => *apps.entry(entries[node].folder.as_str()).or_insert(node),
        _ => groups[node],
    };
    let places: Vec<usize> = (0..entries.len()).map(of_app).collect();
    let inside: Vec<Vec<usize>> = parents
        .iter()
        .enumerate()
        .map(|(node, all)| all.iter().copied().filter(|parent| places[*parent] == places[node]).collect())
        .collect();
    let mut replaced: Vec<&str> = entries.iter().flat_map(|entry| &entry.parsed.replaces).map(String::as_str).collect();
    replaced.sort_unstable();
    let mut branched: Vec<usize> = (0..entries.len()).filter(|node| entries[*node].parsed.is_branch).collect();
    branched = branched.iter().map(|node| places[*node]).collect();
    branched.sort_unstable();
    for (group, mut heads) in heads(&inside, &places) {
        heads.retain(|head| replaced.binary_search(&entries[*head].parsed.id.as_str()).is_err());
        let [_, .., last] = heads[..] else { continue };
        if branched.binary_search(&group).is_ok() {
            continue;
        }
        let ids: Vec<&str> = heads.iter().map(|head| entries[*head].parsed.id.as_str()).collect();
        let message = format!("is one of several last migrations: {}", names(ids.into_iter()));
        problems.push(problem(&entries[last], entries[last].parsed.id_at, message));
    }
}

/// What the migrations of each group say of its schema.
fn catalogs(entries: &[HistoryEntry<'_>], groups: &[usize]) -> HashMap<usize, SchemaCatalog> {
    let mut catalogs: HashMap<usize, SchemaCatalog> = HashMap::new();
    for (node, entry) in entries.iter().enumerate() {
        let catalog = catalogs.entry(groups[node]).or_default();
        for placed in &entry.parsed.changes {
            catalog.add(node, &placed.change);
        }
        // What the way back makes was there before.
        for placed in &entry.parsed.reverse_changes {
            catalog.add(entries.len() + node, &placed.change);
        }
    }
    catalogs
}

fn judged(entry: &HistoryEntry<'_>, number: usize, catalog: &SchemaCatalog) -> Migration {
    let source = Source::of(entry.path, entry.text);
    let parsed = &entry.parsed;
    let mut steps = MigrationJudge::new(catalog, number).steps(&parsed.changes, &source);
    // MySQL builds indexes while others write.
    if matches!(entry.format, MigrationFormat::Sql | MigrationFormat::Prisma) && has_backticks(entry.text) {
        for step in &mut steps {
            step.lock = None;
        }
    }
    let verdict = |step: &MigrationStep| step.verdict;
    Migration {
        path: entry.path.to_owned(),
        format: entry.format,
        id: parsed.id.clone(),
        parents: parsed.parents.clone(),
        verdict: steps.iter().map(verdict).max().unwrap_or(MigrationVerdict::Expand),
        steps,
        downgrade: parsed.downgrade,
    }
}
