//! Fields of Django's models and the columns behind them (Django docs: model field reference). A default of Django is none of the
//! database: it is dropped again when the column is there, so that a program that does not know the column cannot add rows.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::change::{ColumnDefault, ColumnDefinition, ConstraintKind, IndexDefinition, SchemaChange, TableConstraint};
use super::judge::display_name;
use super::python::PythonText;
use super::python_value::{PythonNames, PythonValue};
use crate::data;

/// The models of all apps, by `app.model`.
pub(super) type DjangoModels = HashMap<String, DjangoModel>;

/// A model as the migrations so far make it.
#[derive(Clone, Debug, Default)]
pub(super) struct DjangoModel {
    pub(super) fields: HashMap<String, DjangoField>,
    pub(super) unique_together: Vec<Vec<String>>,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DjangoField {
    /// `CharField`
    class: String,
    /// What it is called with, without blanks.
    attributes: BTreeMap<String, String>,
}

/// `models.CharField(max_length=50)`
pub(super) fn field_of(source: &PythonText<'_>, names: &PythonNames<'_>, value: Range<usize>) -> Option<DjangoField> {
    let PythonValue::Call { callee, arguments } = source.value(names.resolve(source, value)) else { return None };
    if arguments.is_open {
        return None;
    }
    let class = source.word(callee.end - 1).to_owned();
    let written =
        |value: Range<usize>| -> String { value.map(|index| with_double_quotes(source.word(index))).collect() };
    let keywords = arguments.all.iter().filter_map(|argument| Some((argument.name?, argument.value.clone())));
    let mut attributes: BTreeMap<String, String> =
        keywords.map(|(name, value)| (name.to_owned(), written(value))).collect();
    let is_key = class.ends_with("ForeignKey") || class == "OneToOneField";
    if let Some(value) = arguments.positional(0)
        && is_key
    {
        attributes.insert("to".to_owned(), written(value));
    }
    Some(DjangoField { class, attributes })
}

/// A word with the quotes that another file may have around the same text: `'shop.Order'`.
fn with_double_quotes(word: &str) -> String {
    let inner = word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let inner = inner.filter(|inner| !inner.contains(['"', '\\', '\'']));
    inner.map_or_else(|| word.to_owned(), |inner| format!("\"{inner}\""))
}

impl DjangoField {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    fn is(&self, name: &str) -> bool {
        self.attribute(name) == Some("True")
    }

    /// Whether the field is a table of its own, and no column.
    pub(super) fn is_table(&self) -> bool {
        self.class.ends_with("ManyToManyField")
    }

    /// Whether its column has a name of its own.
    pub(super) fn has_column_name(&self) -> bool {
        self.attributes.contains_key("db_column")
    }

    fn is_key(&self) -> bool {
        self.class.ends_with("ForeignKey") || self.class == "OneToOneField"
    }

    fn is_unique(&self) -> bool {
        self.is("unique") || self.is("primary_key") || self.class == "OneToOneField"
    }

    fn is_nullable(&self) -> bool {
        self.is("null") || self.class == "NullBooleanField"
    }

    fn default(&self) -> ColumnDefault {
        match self.attribute("db_default") {
            _ if self.class.ends_with("AutoField") || self.class == "GeneratedField" => ColumnDefault::PerRow,
            None | Some("models.NOT_PROVIDED" | "NOT_PROVIDED" | "None") => ColumnDefault::Absent,
            Some(text) if text.contains("UUID") || text.contains("Random") => ColumnDefault::PerRow,
            Some(_) => ColumnDefault::Constant,
        }
    }

    /// The type of the column.
    fn type_text(&self) -> String {
        let text = |length: &str| format!("varchar({})", self.attribute("max_length").unwrap_or(length));
        match self.class.as_str() {
            "CharField" => self.attribute("max_length").map_or_else(|| "varchar".to_owned(), text),
            "EmailField" => text("254"),
            "URLField" => text("200"),
            "SlugField" => text("50"),
            "FileField" | "ImageField" => text("100"),
            "TextField" => "text".to_owned(),
            _ if self.is_key() => "key".to_owned(),
            class => {
                let digits = ["max_digits", "decimal_places"].iter().filter_map(|name| self.attribute(name));
                format!("{}{}", class.to_lowercase(), digits.collect::<Vec<_>>().join(","))
            }
        }
    }

    /// The column, if it has one.
    pub(super) fn column(&self, table: &str, name: &str) -> Option<ColumnDefinition> {
        if self.is_table() || self.class.ends_with("Manager") || self.class.ends_with("Relation") {
            return None;
        }
        let mut column = ColumnDefinition::plain(name.to_owned());
        column.type_text = Some(self.type_text());
        column.is_nullable = self.is_nullable();
        column.default = self.default();
        let of = |kind| TableConstraint::of(kind, None, vec![name.to_owned()]);
        if self.is("primary_key") {
            column.constraints.push(of(ConstraintKind::PrimaryKey));
        } else if self.is_unique() {
            column.constraints.push(of(ConstraintKind::Unique));
        }
        if self.is_key() && self.attribute("db_constraint") != Some("False") {
            column.constraints.push(of(ConstraintKind::ForeignKey));
        }
        for constraint in &mut column.constraints {
            constraint.name = Some(constraint.name_in(table));
        }
        Some(column)
    }
}

/// The changes of a field that is added.
pub(super) fn added(table: &str, name: &str, field: &DjangoField) -> Vec<SchemaChange> {
    let own_table = || SchemaChange::CreateTable {
        table: format!("{table}.{name}"),
        is_optional: false,
        columns: Vec::new(),
        constraints: Vec::new(),
    };
    if field.is_table() {
        return vec![own_table()];
    }
    let column = field.column(table, name);
    column
        .map(|column| SchemaChange::AddColumn { table: table.to_owned(), is_optional: false, column })
        .into_iter()
        .collect()
}

/// The changes of a field that becomes another one.
pub(super) fn altered(table: &str, name: &str, before: Option<&DjangoField>, after: &DjangoField) -> Vec<SchemaChange> {
    let place = display_name(&format!("{table}.{name}"));
    let Some(before) = before else {
        return vec![SchemaChange::unread(format!(
            "changes the field {place}, whose earlier form is in no migration here"
        ))];
    };
    let has_other_nature = before.is_table() != after.is_table() || before.is("primary_key") != after.is("primary_key");
    // The names of models are compared in small letters.
    let differs = |attribute: &&String| {
        let value = |field: &DjangoField| field.attribute(attribute).map(str::to_lowercase);
        value(before) != value(after)
    };
    let all = before.attributes.keys().chain(after.attributes.keys());
    let mut attributes: Vec<&String> = all.filter(differs).collect();
    attributes.retain(|attribute| !data::MIGRATION_WORDS.has(attribute, "outside-database"));
    attributes.sort_unstable();
    attributes.dedup();
    let is_read = |attribute: &str| data::MIGRATION_WORDS.has(attribute, "read-attribute");
    if let Some(attribute) = attributes.iter().find(|attribute| !is_read(attribute) || after.is_table()) {
        return vec![SchemaChange::unread(format!(
            "changes {} of the field {place}, which is not read",
            display_name(attribute)
        ))];
    }
    if has_other_nature {
        return vec![SchemaChange::unread(format!("changes what the field {place} is"))];
    }
    let mut changes = column_changes(table, name, before, after);
    changes.extend(key_changes(table, name, before, after));
    if changes.is_empty() {
        changes.push(SchemaChange::harmless(format!("changes nothing of {place} in the database")));
    }
    changes
}

/// Changes of the column itself.
fn column_changes(table_name: &str, name: &str, before: &DjangoField, after: &DjangoField) -> Vec<SchemaChange> {
    let (table, column) = (|| table_name.to_owned(), || name.to_owned());
    let mut changes = Vec::new();
    if before.attribute("db_column") != after.attribute("db_column") {
        let to = after.attribute("db_column").unwrap_or(name).trim_matches(['"', '\'']).to_owned();
        changes.push(SchemaChange::RenameColumn { table: table(), column: column(), to });
    }
    let (from, to) = (before.type_text(), after.type_text());
    if from != to {
        let (from, to) = (Some(from), Some(to));
        changes.push(SchemaChange::ChangeType { table: table(), column: column(), from, to });
    }
    match (before.is_nullable(), after.is_nullable()) {
        (true, false) => changes.push(SchemaChange::SetNotNull { table: table(), column: column() }),
        (false, true) => changes.push(SchemaChange::DropNotNull { table: table(), column: column() }),
        _ => {}
    }
    match (before.default(), after.default()) {
        (ColumnDefault::Absent, ColumnDefault::Absent) => {}
        (_, ColumnDefault::Absent) => {
            let is_nullable = Some(after.is_nullable());
            changes.push(SchemaChange::DropDefault { table: table(), column: column(), is_nullable });
        }
        _ if before.attribute("db_default") != after.attribute("db_default") => {
            changes.push(SchemaChange::SetDefault { table: table(), column: column() });
        }
        _ => {}
    }
    changes
}

/// Changes of constraints and indexes.
fn key_changes(table_name: &str, name: &str, before: &DjangoField, after: &DjangoField) -> Vec<SchemaChange> {
    let table = || table_name.to_owned();
    let mut changes = Vec::new();
    let of = |kind| TableConstraint::of(kind, None, vec![name.to_owned()]);
    match (before.is_unique(), after.is_unique()) {
        (false, true) => {
            changes.push(SchemaChange::AddConstraint { table: table(), constraint: of(ConstraintKind::Unique) });
        }
        (true, false) => {
            let constraint_name = of(ConstraintKind::Unique).name_in(table_name);
            let kind = Some(ConstraintKind::Unique);
            changes.push(SchemaChange::DropConstraint { table: table(), name: constraint_name, kind });
        }
        _ => {}
    }
    let target = |field: &DjangoField| {
        let is_checked = field.is_key() && field.attribute("db_constraint") != Some("False");
        if is_checked { field.attribute("to").map(str::to_lowercase) } else { None }
    };
    if let Some(to) = target(after).filter(|to| target(before).as_ref() != Some(to)) {
        let mut constraint = of(ConstraintKind::ForeignKey);
        constraint.references = Some(to);
        changes.push(SchemaChange::AddConstraint { table: table(), constraint });
    }
    let has_index = |field: &DjangoField| field.is("db_index") && !field.is_key();
    match (has_index(before), has_index(after)) {
        (false, true) => {
            let (is_unique, is_concurrent, is_partial) = (false, false, false);
            let (index_name, columns) = (String::new(), vec![name.to_owned()]);
            changes.push(SchemaChange::CreateIndex(IndexDefinition {
                name: index_name,
                table: table(),
                columns,
                is_unique,
                is_concurrent,
                is_partial,
            }));
        }
        (true, false) => {
            let place = display_name(&format!("{table_name}.{name}"));
            changes.push(SchemaChange::harmless(format!("drops the index of {place}")));
        }
        _ => {}
    }
    changes
}
