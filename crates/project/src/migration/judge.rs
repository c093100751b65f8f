//! What changes of a schema mean for the program of before them. The answers are those of `PostgreSQL` (docs: ALTER TABLE, CREATE
//! INDEX, INSERT … ON CONFLICT).

use std::collections::{HashMap, HashSet};

use super::catalog::{SchemaCatalog, refuses_rows};
use super::change::{
    ColumnDefault, ColumnDefinition, ConstraintKind, IndexDefinition, PlacedChange, SchemaChange, TableConstraint,
};
use super::constraint_names::kind_by_name;
use super::model::{MigrationStep, MigrationVerdict};
use super::widening::is_wider;
use crate::text::{Source, Span};

/// Characters of a name that a message shows.
const LONGEST_NAME: usize = 100;

/// What is said of a change.
type Outcome = (MigrationVerdict, String, Option<String>);

/// A column that the migration itself adds to an older table.
struct NewColumn {
    is_nullable: bool,
    default: ColumnDefault,
    /// The step that changed it last.
    step: usize,
    /// The step that adds it.
    added: usize,
}

/// A constraint that the migration drops.
struct DroppedConstraint {
    table: String,
    name: String,
    constraint: TableConstraint,
    step: usize,
}

/// The state of the schema within a migration.
pub(super) struct MigrationJudge<'c> {
    catalog: &'c SchemaCatalog,
    /// The number of the migration in the catalog.
    number: usize,
    tables: HashSet<String>,
    columns: HashMap<(String, String), NewColumn>,
    /// What is made here: kinds with names.
    objects: HashSet<(String, String)>,
    dropped: Vec<DroppedConstraint>,
    /// Older columns that lose NOT NULL.
    loosened: HashSet<(String, String)>,
    /// The steps that drop defaults of older columns.
    lost_defaults: HashMap<(String, String), usize>,
    /// Indexes that no other migration makes, with the steps that drop them if they are there.
    leftovers: HashMap<String, usize>,
    /// Old names of tables, with their steps.
    renamed: Vec<(String, usize)>,
    steps: Vec<MigrationStep>,
}

/// A name of an input for a message.
pub(super) fn display_name(name: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut text: String = name.chars().take(LONGEST_NAME).map(plain).collect();
    if name.chars().nth(LONGEST_NAME).is_some() {
        text.push('…');
    }
    format!("`{text}`")
}

fn column_name(table: &str, column: &str) -> String {
    display_name(&format!("{table}.{column}"))
}

fn expand(text: String) -> Outcome {
    (MigrationVerdict::Expand, text, None)
}

fn unknown(text: String) -> Outcome {
    (MigrationVerdict::Unknown, text, None)
}

fn contract(text: String) -> Outcome {
    (MigrationVerdict::Contract, text, None)
}

impl<'c> MigrationJudge<'c> {
    pub(super) fn new(catalog: &'c SchemaCatalog, number: usize) -> Self {
        let (tables, columns, objects) = (HashSet::new(), HashMap::new(), HashSet::new());
        let loosened = HashSet::new();
        let (lost_defaults, leftovers) = (HashMap::new(), HashMap::new());
        let (dropped, renamed, steps) = (Vec::new(), Vec::new(), Vec::new());
        Self { catalog, number, tables, columns, objects, dropped, loosened, lost_defaults, leftovers, renamed, steps }
    }

    /// The steps of changes.
    pub(super) fn steps(mut self, changes: &[PlacedChange], source: &Source) -> Vec<MigrationStep> {
        for PlacedChange { at, change } in changes {
            let (verdict, text, lock) = self.outcome(change);
            let span = Span::at(*at as u32);
            self.steps.push(MigrationStep { line: source.line(span.start), span, verdict, text, lock });
        }
        for ((table, column), state) in &self.columns {
            if state.is_nullable || state.default != ColumnDefault::Absent {
                continue;
            }
            let Some(step) = self.steps.get_mut(state.step) else { continue };
            step.verdict = MigrationVerdict::Contract;
            let verb = if state.step == state.added { "adds the column" } else { "leaves the new column" };
            step.text = format!(
                "{verb} {} NOT NULL without a default: rows that leave it out are refused",
                column_name(table, column)
            );
        }
        self.steps
    }

    fn is_new(&self, table: &str) -> bool {
        self.tables.contains(table)
    }

    fn outcome(&mut self, change: &SchemaChange) -> Outcome {
        match change {
            SchemaChange::CreateTable { table, is_optional, .. } => {
                if !is_optional || !self.catalog.is_made_elsewhere(self.number, table) {
                    self.tables.insert(table.clone());
                }
                expand(format!("makes the table {}", display_name(table)))
            }
            SchemaChange::DropTable { table } if self.tables.remove(table) => {
                expand(format!("drops the table {}, which it has made", display_name(table)))
            }
            SchemaChange::DropTable { table } => contract(format!("drops the table {}", display_name(table))),
            SchemaChange::RenameTable { table, to } => self.rename_table(table, to),
            SchemaChange::AddColumn { table, is_optional, column } => self.add_column(table, *is_optional, column),
            SchemaChange::AddConstraint { table, constraint } => self.add_constraint(table, constraint),
            SchemaChange::DropConstraint { table, name, kind } => self.drop_constraint(table, name, *kind),
            SchemaChange::CreateIndex(index) => self.create_index(index),
            SchemaChange::DropIndex { name, is_optional } => self.drop_index(name, *is_optional),
            SchemaChange::CreateView { view } => {
                for (_, step) in self.renamed.iter().filter(|(table, _)| table == view) {
                    self.steps[*step].verdict = MigrationVerdict::Unknown;
                    self.steps[*step].text.push_str(", and makes a view with the old name");
                }
                self.objects.insert(("view".to_owned(), view.clone()));
                expand(format!("makes the view {}", display_name(view)))
            }
            SchemaChange::CreateObject { kind, name } => {
                self.objects.insert((kind.clone(), name.clone()));
                expand(format!("makes the {kind} {}", display_name(name)))
            }
            SchemaChange::DropObject { kind, name } => {
                let text = format!("drops the {kind} {}", display_name(name));
                if self.objects.remove(&(kind.clone(), name.clone())) { expand(text) } else { contract(text) }
            }
            SchemaChange::RenameObject { kind, name, to } => {
                let text = format!("renames the {kind} {} to {}", display_name(name), display_name(to));
                if self.objects.remove(&(kind.clone(), name.clone())) {
                    self.objects.insert((kind.clone(), to.clone()));
                    return expand(text);
                }
                contract(text)
            }
            SchemaChange::Other { verdict, text, lock } => (*verdict, text.clone(), lock.clone()),
            _ => self.outcome_in_table(change),
        }
    }

    /// The changes of columns and rows.
    fn outcome_in_table(&mut self, change: &SchemaChange) -> Outcome {
        match change {
            SchemaChange::DropColumn { table, column } => {
                let text = format!("drops the column {}", column_name(table, column));
                let is_new = self.columns.remove(&(table.clone(), column.clone())).is_some();
                if is_new || self.is_new(table) { expand(text) } else { contract(text) }
            }
            SchemaChange::RenameColumn { table, column, to } => {
                let text = format!("renames the column {} to {}", column_name(table, column), display_name(to));
                let state = self.columns.remove(&(table.clone(), column.clone()));
                let is_new = state.is_some() || self.is_new(table);
                if let Some(state) = state {
                    self.columns.insert((table.clone(), to.clone()), state);
                }
                if is_new { expand(text) } else { contract(text) }
            }
            SchemaChange::ChangeType { table, column, from, to } => {
                self.change_type(table, column, from.as_deref(), to.as_deref())
            }
            SchemaChange::SetNotNull { table, column } => {
                let text = format!("sets NOT NULL on {}", column_name(table, column));
                let is_new = self.update_column(table, column, |state| state.is_nullable = false);
                if is_new {
                    return expand(text);
                }
                let lock = format!("blocks reads and writes of {} while all rows are checked", display_name(table));
                (MigrationVerdict::Contract, text, Some(lock))
            }
            SchemaChange::DropNotNull { table, column } => {
                self.update_column(table, column, |state| state.is_nullable = true);
                self.loosened.insert((table.clone(), column.clone()));
                expand(format!("lets {} be NULL", column_name(table, column)))
            }
            SchemaChange::SetDefault { table, column } => {
                self.update_column(table, column, |state| state.default = ColumnDefault::Constant);
                // A default that was dropped for a moment.
                if let Some(step) = self.lost_defaults.remove(&(table.clone(), column.clone())) {
                    self.steps[step].verdict = MigrationVerdict::Expand;
                }
                expand(format!("sets the default of {}", column_name(table, column)))
            }
            SchemaChange::DropDefault { table, column, is_nullable } => self.drop_default(table, column, *is_nullable),
            _ => self.outcome_of_rows(change),
        }
    }

    fn outcome_of_rows(&mut self, change: &SchemaChange) -> Outcome {
        match change {
            SchemaChange::UpdateRows { table, columns } => {
                let is_new_column =
                    |column: &String| self.columns.contains_key(&(table.clone(), column.clone())) || self.is_new(table);
                let fills = self.is_new(table) || !columns.is_empty() && columns.iter().all(is_new_column);
                if fills {
                    expand(format!("fills new columns of {}", display_name(table)))
                } else {
                    unknown(format!("changes values of rows in {}", display_name(table)))
                }
            }
            SchemaChange::DeleteRows { table, verb } => {
                let text = format!("{verb} {}", display_name(table));
                if self.is_new(table) { expand(text) } else { contract(text) }
            }
            SchemaChange::InsertRows { table } => expand(format!("adds rows to {}", display_name(table))),
            SchemaChange::OfTable { table, verdict, text } => {
                let verdict = if self.is_new(table) { MigrationVerdict::Expand } else { *verdict };
                (verdict, text.clone(), None)
            }
            _ => unknown("is not read".to_owned()),
        }
    }

    /// Changes a column that is new here; whether there is no old one.
    fn update_column(&mut self, table: &str, column: &str, change: impl FnOnce(&mut NewColumn)) -> bool {
        let step = self.steps.len();
        let Some(state) = self.columns.get_mut(&(table.to_owned(), column.to_owned())) else {
            return self.is_new(table);
        };
        change(state);
        state.step = step;
        true
    }

    fn rename_table(&mut self, table: &str, to: &str) -> Outcome {
        let text = format!("renames the table {} to {}", display_name(table), display_name(to));
        if self.tables.remove(table) {
            self.tables.insert(to.to_owned());
            return expand(text);
        }
        self.renamed.push((table.to_owned(), self.steps.len()));
        contract(text)
    }

    fn add_column(&mut self, table: &str, is_optional: bool, column: &ColumnDefinition) -> Outcome {
        let shown_name = column_name(table, &column.name);
        let text = match column.default {
            ColumnDefault::Absent if column.is_nullable => format!("adds the column {shown_name}, which may be NULL"),
            ColumnDefault::Absent => format!("adds the column {shown_name}"),
            ColumnDefault::Constant | ColumnDefault::PerRow => format!("adds the column {shown_name} with a default"),
        };
        if self.is_new(table) {
            return expand(text);
        }
        let step = self.steps.len();
        if !is_optional || !self.catalog.has_column(self.number, table, &column.name) {
            let (is_nullable, default) = (column.is_nullable, column.default);
            let state = NewColumn { is_nullable, default, step, added: step };
            self.columns.insert((table.to_owned(), column.name.clone()), state);
        } else if refuses_rows(column) {
            return contract(format!("{text}, NOT NULL without a default"));
        }
        let lock = if column.default == ColumnDefault::PerRow {
            Some(format!("blocks reads and writes of {} while the table is rewritten", display_name(table)))
        } else if column.has(ConstraintKind::ForeignKey) {
            Some(format!("blocks writes to {} while the foreign key is checked", display_name(table)))
        } else {
            None
        };
        let has_one_value = column.default == ColumnDefault::Constant;
        let is_unread = |constraint: &TableConstraint| match constraint.kind {
            ConstraintKind::Check => constraint.columns != [column.name.clone()],
            ConstraintKind::ForeignKey => column.default != ColumnDefault::Absent,
            ConstraintKind::Exclusion => true,
            ConstraintKind::Unique | ConstraintKind::PrimaryKey => false,
        };
        let is_unique = column.has(ConstraintKind::Unique) || column.has(ConstraintKind::PrimaryKey);
        if is_unique && has_one_value {
            let text = format!("{text}, and unique: the second row that leaves it out is refused");
            return (MigrationVerdict::Contract, text, lock);
        }
        if column.constraints.iter().any(is_unread) {
            let text = format!("{text}, and a constraint that is not read");
            return (MigrationVerdict::Unknown, text, lock);
        }
        (MigrationVerdict::Expand, text, lock)
    }

    fn change_type(&mut self, table: &str, column: &str, from: Option<&str>, to: Option<&str>) -> Outcome {
        let shown_name = column_name(table, column);
        let mut text = format!("changes the type of {shown_name}");
        if let Some(to) = to {
            text.push_str(&format!(" to {}", display_name(to)));
        }
        if self.update_column(table, column, |_| ()) {
            return expand(text);
        }
        let types = match from {
            Some(from) => vec![from],
            None => self.catalog.types(self.number, table, column),
        };
        if let Some(to) = to
            && !types.is_empty()
            && types.iter().all(|from| is_wider(from, to))
        {
            return expand(format!("widens {shown_name} to {}", display_name(to)));
        }
        let lock = format!("blocks reads and writes of {} while the table is rewritten", display_name(table));
        (MigrationVerdict::Contract, text, Some(lock))
    }

    fn drop_default(&mut self, table: &str, column: &str, is_nullable: Option<bool>) -> Outcome {
        let text = format!("drops the default of {}", column_name(table, column));
        if self.update_column(table, column, |state| state.default = ColumnDefault::Absent) {
            return expand(text);
        }
        self.lost_defaults.insert((table.to_owned(), column.to_owned()), self.steps.len());
        let is_loosened = self.loosened.contains(&(table.to_owned(), column.to_owned()));
        let is_nullable = if is_loosened { Some(true) } else { is_nullable };
        match is_nullable.or_else(|| self.catalog.is_nullable(self.number, table, column)) {
            Some(true) => expand(text),
            Some(false) => contract(format!("{text}, which is NOT NULL: rows that leave it out are refused")),
            None => unknown(format!("{text}, which may be NOT NULL")),
        }
    }

    /// Whether rows of the old program, which leave new columns out, have NULL in one of these.
    fn is_null_in_old_rows(&self, table: &str, columns: &[String]) -> bool {
        columns.iter().any(|column| {
            let state = self.columns.get(&(table.to_owned(), column.clone()));
            state.is_some_and(|state| state.is_nullable && state.default == ColumnDefault::Absent)
        })
    }

    fn add_constraint(&mut self, table: &str, constraint: &TableConstraint) -> Outcome {
        let kind = match constraint.kind {
            ConstraintKind::Unique => "unique constraint",
            ConstraintKind::PrimaryKey => "primary key",
            ConstraintKind::ForeignKey => "foreign key",
            ConstraintKind::Check => "check",
            ConstraintKind::Exclusion => "exclusion constraint",
        };
        let name = constraint.name.as_deref().map(|name| format!(" {}", display_name(name))).unwrap_or_default();
        let text = format!("adds the {kind}{name} to {}", display_name(table));
        if self.is_new(table) {
            return expand(text);
        }
        let lock = (constraint.is_validated && !constraint.uses_index).then(|| match constraint.kind {
            ConstraintKind::ForeignKey => {
                format!("blocks writes to {} while all rows are checked", display_name(table))
            }
            ConstraintKind::Check => {
                format!("blocks reads and writes of {} while all rows are checked", display_name(table))
            }
            _ => format!("blocks reads and writes of {} while the index is built", display_name(table)),
        });
        let is_new_column = |column: &String| self.columns.contains_key(&(table.to_owned(), column.clone()));
        let is_of_new = !constraint.columns.is_empty() && constraint.columns.iter().all(is_new_column);
        let verdict = match constraint.kind {
            ConstraintKind::Unique if constraint.uses_index => MigrationVerdict::Expand,
            ConstraintKind::Unique | ConstraintKind::ForeignKey
                if self.is_null_in_old_rows(table, &constraint.columns) =>
            {
                MigrationVerdict::Expand
            }
            ConstraintKind::Check if is_of_new => MigrationVerdict::Expand,
            ConstraintKind::Unique | ConstraintKind::PrimaryKey if self.replaces_unique(table, &constraint.columns) => {
                MigrationVerdict::Expand
            }
            ConstraintKind::ForeignKey | ConstraintKind::Check => self.replaced_verdict(table, constraint),
            _ => MigrationVerdict::Contract,
        };
        match verdict {
            MigrationVerdict::Contract => (verdict, format!("{text}: rows that break it are refused"), lock),
            MigrationVerdict::Unknown => (verdict, format!("{text} in place of another one"), lock),
            MigrationVerdict::Expand => (verdict, text, lock),
        }
    }

    /// What a constraint means that may stand for a dropped one of its kind.
    fn replaced_verdict(&self, table: &str, constraint: &TableConstraint) -> MigrationVerdict {
        let is_same = |dropped: &&DroppedConstraint| {
            dropped.table == table
                && dropped.constraint.kind == constraint.kind
                && (dropped.constraint.columns == constraint.columns && !constraint.columns.is_empty()
                    || dropped.name == constraint.name_in(table))
        };
        let Some(dropped) = self.dropped.iter().find(is_same) else { return MigrationVerdict::Contract };
        let is_same_key = constraint.kind == ConstraintKind::ForeignKey
            && !constraint.columns.is_empty()
            && dropped.constraint.columns == constraint.columns
            && dropped.constraint.references.is_some()
            && dropped.constraint.references == constraint.references;
        let goes_on = constraint.cascades || !dropped.constraint.cascades;
        if is_same_key && goes_on { MigrationVerdict::Expand } else { MigrationVerdict::Unknown }
    }

    /// Whether rows are unique in these columns as before; the dropped constraint then is of no concern.
    fn replaces_unique(&mut self, table: &str, columns: &[String]) -> bool {
        let is_unique = |constraint: &TableConstraint| {
            matches!(constraint.kind, ConstraintKind::Unique | ConstraintKind::PrimaryKey)
        };
        let mut is_weaker = false;
        for dropped in &self.dropped {
            let before = &dropped.constraint.columns;
            if dropped.table != table || !is_unique(&dropped.constraint) || before.is_empty() {
                continue;
            }
            if before == columns && dropped.constraint.kind == ConstraintKind::Unique {
                let step = &mut self.steps[dropped.step];
                step.verdict = MigrationVerdict::Expand;
                step.text = format!("drops {}, whose columns stay unique", display_name(&dropped.name));
                is_weaker = true;
            }
            is_weaker |= before.iter().all(|column| columns.contains(column))
                && dropped.constraint.kind == ConstraintKind::Unique;
        }
        is_weaker
    }

    fn drop_constraint(&mut self, table: &str, name: &str, kind: Option<ConstraintKind>) -> Outcome {
        let text = format!("drops the constraint {} of {}", display_name(name), display_name(table));
        let catalogued = self.catalog.constraints(self.number, table, name);
        let step = self.steps.len();
        let mut kinds: Vec<ConstraintKind> = match kind {
            Some(kind) => vec![kind],
            None => catalogued.iter().map(|constraint| constraint.kind).collect(),
        };
        kinds.extend(if kinds.is_empty() { kind_by_name(name) } else { None });
        let dropped = |constraint: TableConstraint| {
            let (table, name) = (table.to_owned(), name.to_owned());
            DroppedConstraint { table, name, constraint, step }
        };
        let is_same = |first: &TableConstraint, other: &TableConstraint| {
            (first.kind, &first.columns, &first.references) == (other.kind, &other.columns, &other.references)
        };
        if let [first, rest @ ..] = catalogued.as_slice()
            && rest.iter().all(|constraint| is_same(first, constraint))
        {
            let mut constraint = (*first).clone();
            constraint.cascades |= rest.iter().any(|other| other.cascades);
            self.dropped.push(dropped(constraint));
        } else {
            self.dropped.extend(kinds.first().map(|kind| dropped(TableConstraint::of(*kind, None, Vec::new()))));
        }
        let is_unique = |kind: &ConstraintKind| matches!(kind, ConstraintKind::Unique | ConstraintKind::PrimaryKey);
        if self.is_new(table) {
            expand(text)
        } else if kinds.is_empty() {
            unknown(format!("{text}, which may be unique and an upsert need it"))
        } else if kinds.iter().any(is_unique) {
            contract(format!("{text}, which is unique: an upsert that names its columns fails"))
        } else {
            expand(text)
        }
    }

    fn create_index(&mut self, index: &IndexDefinition) -> Outcome {
        let name = if index.name.is_empty() { String::new() } else { format!(" {}", display_name(&index.name)) };
        let kind = if index.is_unique { "unique index" } else { "index" };
        let text = format!("makes the {kind}{name} on {}", display_name(&index.table));
        self.objects.insert(("index".to_owned(), index.name.clone()));
        // What no migration makes, and is made next, can only be there from an earlier try.
        if let Some(step) = self.leftovers.remove(&index.name) {
            self.steps[step].verdict = MigrationVerdict::Expand;
            self.steps[step].text =
                format!("drops what an earlier try left of the index {}", display_name(&index.name));
        }
        if self.is_new(&index.table) {
            return expand(text);
        }
        let lock = format!("blocks writes to {} while the index is built", display_name(&index.table));
        let lock = (!index.is_concurrent).then_some(lock);
        let has_own_values = |column: &String| {
            let state = self.columns.get(&(index.table.clone(), column.clone()));
            state.is_some_and(|state| state.default == ColumnDefault::PerRow)
        };
        let is_free = !index.is_unique
            || self.is_null_in_old_rows(&index.table, &index.columns)
            || index.columns.iter().any(has_own_values)
            || !index.is_partial && self.replaces_unique(&index.table, &index.columns);
        if is_free {
            return (MigrationVerdict::Expand, text, lock);
        }
        (MigrationVerdict::Contract, format!("{text}: rows with equal values are refused"), lock)
    }

    fn drop_index(&mut self, name: &str, is_optional: bool) -> Outcome {
        let text = format!("drops the index {}", display_name(name));
        if self.objects.remove(&("index".to_owned(), name.to_owned())) {
            return expand(text);
        }
        let catalogued = self.catalog.index(self.number, name);
        if let Some(index) = catalogued.filter(|index| index.is_unique) {
            let constraint = TableConstraint::of(ConstraintKind::Unique, None, index.columns.clone());
            let (table, name, step) = (index.table.clone(), name.to_owned(), self.steps.len());
            self.dropped.push(DroppedConstraint { table, name, constraint, step });
        }
        if catalogued.is_some_and(|index| self.is_new(&index.table)) {
            return expand(text);
        }
        let by_name =
            || kind_by_name(name).map(|kind| kind != ConstraintKind::Check && kind != ConstraintKind::ForeignKey);
        match catalogued.map(|index| index.is_unique).or_else(by_name) {
            Some(false) => expand(text),
            Some(true) => contract(format!("{text}, which is unique: an upsert that names its columns fails")),
            None => {
                if is_optional {
                    self.leftovers.insert(name.to_owned(), self.steps.len());
                }
                unknown(format!("{text}, which may be unique and an upsert need it"))
            }
        }
    }
}
