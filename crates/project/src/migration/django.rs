//! Migrations of Django (Django docs: migration operations, writing migrations). Names of tables are `app.model`, as Django writes them:
//! the tables themselves may have other names.

use std::ops::Range;

use super::change::{PlacedChange, SchemaChange};
use super::django_fields::DjangoModels;
use super::django_operations::{ModelContext, operation};
use super::judge::display_name;
use super::model::MigrationDowngrade;
use super::parsed::ParsedMigration;
use super::python::PythonText;
use super::python_value::{PythonArguments, PythonNames, PythonValue};
use super::statements::sql_changes;
use crate::text::path;

/// How deep operations stand in operations.
const DEEPEST: usize = 4;

/// The label of the app of a migration: the folder above `migrations`.
pub(super) fn app_of(place: &str) -> &str {
    path::name(path::parent(path::parent(place)))
}

/// Reads what a migration is based on; none where the file is something else.
pub(super) fn django_header(place: &str, text: &str) -> Option<ParsedMigration> {
    let stem = path::name(place).strip_suffix(".py")?;
    if path::name(path::parent(place)) != "migrations" || !text.contains("class Migration") {
        return None;
    }
    let source = PythonText::of(text);
    let class = class_line(&source)?;
    let app = app_of(place);
    let at = source.at(source.lines[class].tokens.start);
    let mut migration = ParsedMigration::new(format!("{app}.{stem}"), at);
    let names = PythonNames::default();
    if let Some(value) = attribute(&source, class, "dependencies") {
        migration.parents_at = source.at(value.start);
        match source.value(value) {
            PythonValue::Items(items) => {
                let pairs = items.into_iter().filter_map(|item| pair(&source, &names, item));
                migration.parents.extend(pairs);
            }
            _ => migration.has_unread_parents = true,
        }
    }
    if let Some(PythonValue::Items(items)) = attribute(&source, class, "replaces").map(|value| source.value(value)) {
        migration.replaces = items.into_iter().filter_map(|item| pair(&source, &names, item)).collect();
    }
    Some(migration)
}

/// `("app", "0001_initial")`
fn pair(source: &PythonText<'_>, names: &PythonNames<'_>, item: Range<usize>) -> Option<String> {
    match source.strings(item, names)?.as_slice() {
        [app, name] => Some(format!("{app}.{name}")),
        _ => None,
    }
}

fn class_line(source: &PythonText<'_>) -> Option<usize> {
    let is_class =
        |tokens: &Range<usize>| source.word(tokens.start) == "class" && source.word(tokens.start + 1) == "Migration";
    source.lines.iter().position(|line| line.indent == 0 && is_class(&line.tokens))
}

/// The value of an attribute of the class.
fn attribute(source: &PythonText<'_>, class: usize, name: &str) -> Option<Range<usize>> {
    let mut lines = source.lines[source.block(class)].iter();
    lines.find_map(|line| source.assignment(&line.tokens).filter(|(known, _)| *known == name)).map(|(_, value)| value)
}

/// The changes of a migration, based on the models of those before it.
pub(super) fn django_changes(place: &str, text: &str, models: &mut DjangoModels, migration: &mut ParsedMigration) {
    let source = PythonText::of(text);
    let Some(class) = class_line(&source) else { return };
    let mut names = PythonNames::default();
    for line in source.lines.iter().filter(|line| line.indent == 0) {
        if let Some((name, value)) = source.assignment(&line.tokens) {
            names.add(name, value);
        }
    }
    let app = app_of(place);
    let mut reader =
        OperationsReader { source: &source, names, app, models, changes: Vec::new(), reverse: ReverseSteps::default() };
    let lines = &source.lines[source.block(class)];
    let is_of_operations = |tokens: &Range<usize>| source.word(tokens.start) == "operations";
    let mut all = lines.iter().filter(|line| is_of_operations(&line.tokens));
    if let Some(line) = all.next() {
        match source.assignment(&line.tokens) {
            Some((_, value)) => reader.operations(value, true, 0),
            None => reader.unread(line.tokens.start, "makes its operations when it runs"),
        }
    }
    for line in all {
        reader.unread(line.tokens.start, "makes its operations when it runs");
    }
    migration.downgrade = reader.reverse.downgrade();
    migration.changes = reader.changes;
}

/// How many operations have a way back.
#[derive(Default)]
struct ReverseSteps {
    reversible: usize,
    /// With a way back that does nothing.
    idle: usize,
    irreversible: usize,
}

impl ReverseSteps {
    fn downgrade(&self) -> MigrationDowngrade {
        if self.irreversible > 0 {
            MigrationDowngrade::Missing
        } else if self.reversible == 0 && self.idle > 0 {
            MigrationDowngrade::Empty
        } else {
            MigrationDowngrade::Reverses
        }
    }
}

/// Reads lists of operations.
struct OperationsReader<'a, 't> {
    source: &'a PythonText<'t>,
    names: PythonNames<'t>,
    app: &'a str,
    models: &'a mut DjangoModels,
    changes: Vec<PlacedChange>,
    reverse: ReverseSteps,
}

impl<'t> OperationsReader<'_, 't> {
    fn unread(&mut self, token: usize, text: &str) {
        self.changes.push(PlacedChange { at: self.source.at(token), change: SchemaChange::unread(text) });
    }

    /// A list of operations, which change the database or only what Django thinks of it.
    fn operations(&mut self, value: Range<usize>, is_of_database: bool, depth: usize) {
        let start = value.start;
        let value = self.names.resolve(self.source, value);
        let (PythonValue::Items(items), true) = (self.source.value(value), depth < DEEPEST) else {
            self.unread(start, "makes its operations when it runs");
            return;
        };
        for item in items {
            let token = item.start;
            let PythonValue::Call { callee, arguments } = self.source.value(item) else {
                self.unread(token, "makes an operation when it runs");
                continue;
            };
            let name = self.source.word(callee.end - 1);
            if name == "SeparateDatabaseAndState" {
                if let Some(value) = arguments.get(0, "database_operations") {
                    // Django's own picture comes from the others.
                    self.operations(value, is_of_database, depth + 1);
                }
                if let Some(value) = arguments.get(1, "state_operations") {
                    self.operations(value, false, depth + 1);
                }
                continue;
            }
            let unread =
                || vec![SchemaChange::unread(format!("runs the operation {}, which is not read", display_name(name)))];
            let (before, at) = (self.changes.len(), self.source.at(token));
            let changes = match name {
                "RunSQL" => self.run_sql(&arguments),
                "RunPython" => self.run_python(&arguments),
                _ => {
                    self.reverse.reversible += usize::from(is_of_database);
                    let context = ModelContext { source: self.source, names: &self.names, app: self.app };
                    operation(&context, self.models, name, &arguments).unwrap_or_else(unread)
                }
            };
            if is_of_database {
                self.changes.extend(changes.into_iter().map(|change| PlacedChange { at, change }));
            } else {
                self.changes.truncate(before);
            }
        }
    }

    fn run_python(&mut self, arguments: &PythonArguments<'t>) -> Vec<SchemaChange> {
        let is_idle = |value: &Range<usize>| self.source.word(value.end - 1) == "noop";
        let code = arguments.get(0, "code");
        match arguments.get(1, "reverse_code") {
            None => self.reverse.irreversible += 1,
            Some(value) if is_idle(&value) => self.reverse.idle += 1,
            Some(_) => self.reverse.reversible += 1,
        }
        match code {
            Some(value) if is_idle(&value) => Vec::new(),
            Some(value) => {
                let name = self.source.dotted(value).unwrap_or_default();
                vec![SchemaChange::unread(format!("runs the Python function {}", display_name(&name)))]
            }
            None => vec![SchemaChange::unread("runs Python code")],
        }
    }

    /// The changes are pushed with their own places.
    fn run_sql(&mut self, arguments: &PythonArguments<'t>) -> Vec<SchemaChange> {
        let is_idle = |value: &Range<usize>| self.source.word(value.end - 1) == "noop";
        match arguments.get(1, "reverse_sql") {
            None => self.reverse.irreversible += 1,
            Some(value) if is_idle(&value) => self.reverse.idle += 1,
            Some(_) => self.reverse.reversible += 1,
        }
        let Some(value) = arguments.get(0, "sql") else { return vec![SchemaChange::unread("runs SQL")] };
        if is_idle(&value) {
            return Vec::new();
        }
        let value = self.names.resolve(self.source, value);
        let parts = match self.source.value(value.clone()) {
            PythonValue::Items(items) => items,
            _ => vec![value],
        };
        for part in parts {
            // `("…", [parameters])`
            let part = match self.source.value(part.clone()) {
                PythonValue::Items(pair) => pair.first().cloned().unwrap_or(part),
                _ => part,
            };
            let Some(text) = self.source.string(part, &self.names) else {
                return vec![SchemaChange::unread("runs SQL that is put together when it runs")];
            };
            for PlacedChange { at, change } in sql_changes(&text.value) {
                self.changes.push(PlacedChange { at: text.place(at), change });
            }
        }
        Vec::new()
    }
}
