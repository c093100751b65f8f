//! The operations of Django on models and fields (Django docs: migration operations).

use std::ops::Range;

use super::change::{ConstraintKind, IndexDefinition, SchemaChange, TableConstraint};
use super::django_fields::{DjangoField, DjangoModel, DjangoModels, added, altered, field_of};
use super::judge::display_name;
use super::python::PythonText;
use super::python_value::{PythonArguments, PythonNames, PythonValue};
use crate::data;

/// Where operations stand.
pub(super) struct ModelContext<'a, 't> {
    pub(super) source: &'a PythonText<'t>,
    pub(super) names: &'a PythonNames<'t>,
    pub(super) app: &'a str,
}

impl<'t> ModelContext<'_, 't> {
    fn string(&self, arguments: &PythonArguments<'t>, position: usize, name: &str) -> Option<String> {
        Some(self.source.string(arguments.get(position, name)?, self.names)?.value)
    }

    /// The table of the model that an argument names.
    fn table(&self, arguments: &PythonArguments<'t>, position: usize, name: &str) -> Option<String> {
        let model = self.string(arguments, position, name)?;
        Some(format!("{}.{}", self.app, model.to_lowercase()))
    }

    fn call(&self, value: Range<usize>) -> Option<(&'t str, PythonArguments<'t>)> {
        match self.source.value(self.names.resolve(self.source, value)) {
            PythonValue::Call { callee, arguments } => Some((self.source.word(callee.end - 1), arguments)),
            _ => None,
        }
    }

    fn items(&self, value: Range<usize>) -> Option<Vec<Range<usize>>> {
        match self.source.value(self.names.resolve(self.source, value)) {
            PythonValue::Items(items) => Some(items),
            _ => None,
        }
    }

    /// `models.UniqueConstraint(fields=["a"], name="b")`
    fn constraint(&self, value: Range<usize>) -> Option<TableConstraint> {
        let (callee, arguments) = self.call(value)?;
        let kind = match callee {
            "UniqueConstraint" => ConstraintKind::Unique,
            "CheckConstraint" => ConstraintKind::Check,
            "ExclusionConstraint" => ConstraintKind::Exclusion,
            _ => return None,
        };
        let name = self.string(&arguments, usize::MAX, "name");
        let fields = arguments.keyword("fields").and_then(|value| self.source.strings(value, self.names));
        let is_partial = arguments.keyword("condition").is_some() && kind == ConstraintKind::Unique;
        let columns = if is_partial { Vec::new() } else { fields.unwrap_or_default() };
        Some(TableConstraint::of(kind, name, columns))
    }

    /// The lists of fields of `unique_together`: `{("a", "b")}`, also `("a", "b")` alone.
    fn field_lists(&self, value: Range<usize>) -> Option<Vec<Vec<String>>> {
        if let Some(fields) = self.source.strings(value.clone(), self.names).filter(|fields| !fields.is_empty()) {
            return Some(vec![fields]);
        }
        if self.source.is_name(&value, "None")
            || self.call(value.clone()).is_some_and(|(callee, arguments)| callee == "set" && arguments.all.is_empty())
        {
            return Some(Vec::new());
        }
        let items = match self.call(value.clone()) {
            Some(("set", arguments)) => self.items(arguments.positional(0)?)?,
            _ => self.items(value)?,
        };
        items.into_iter().map(|item| self.source.strings(item, self.names)).collect()
    }
}

/// The changes of an operation; none where it is not read.
pub(super) fn operation(
    context: &ModelContext<'_, '_>,
    models: &mut DjangoModels,
    name: &str,
    arguments: &PythonArguments<'_>,
) -> Option<Vec<SchemaChange>> {
    if name.ends_with("Extension") {
        let (kind, name) = ("extension".to_owned(), name.trim_end_matches("Extension").to_owned());
        return Some(vec![SchemaChange::CreateObject { kind, name }]);
    }
    if data::MIGRATION_WORDS.has(name, "state-only") {
        return Some(vec![SchemaChange::harmless(format!("runs the operation {}", display_name(name)))]);
    }
    match name {
        "CreateModel" => create_model(context, models, arguments),
        "DeleteModel" => {
            let table = context.table(arguments, 0, "name")?;
            models.remove(&table);
            Some(vec![SchemaChange::DropTable { table }])
        }
        "RenameModel" => {
            let (table, to) = (context.table(arguments, 0, "old_name")?, context.table(arguments, 1, "new_name")?);
            if let Some(model) = models.remove(&table) {
                models.insert(to.clone(), model);
            }
            Some(if table == to { Vec::new() } else { vec![SchemaChange::RenameTable { table, to }] })
        }
        "AlterModelTable" => {
            let table = context.table(arguments, 0, "name")?;
            let to = context.string(arguments, 1, "table").unwrap_or_else(|| "its usual name".to_owned());
            Some(vec![SchemaChange::RenameTable { table, to }])
        }
        "AlterUniqueTogether" => unique_together(context, models, arguments),
        "AlterIndexTogether" => {
            let table = context.table(arguments, 0, "name")?;
            Some(vec![SchemaChange::harmless(format!("changes the indexes of {}", display_name(&table)))])
        }
        "AddIndex" | "AddIndexConcurrently" => {
            let table = context.table(arguments, 0, "model_name")?;
            let index = context.call(arguments.get(1, "index")?).map(|(_, arguments)| arguments);
            let index_name = index.and_then(|index| context.string(&index, usize::MAX, "name")).unwrap_or_default();
            Some(vec![index_of(table, index_name, name == "AddIndexConcurrently")])
        }
        "AddConstraint" | "AddConstraintNotValid" => {
            let table = context.table(arguments, 0, "model_name")?;
            let mut constraint = context.constraint(arguments.get(1, "constraint")?)?;
            constraint.is_validated = name == "AddConstraint";
            Some(vec![SchemaChange::AddConstraint { table, constraint }])
        }
        "RemoveConstraint" => {
            let table = context.table(arguments, 0, "model_name")?;
            let name = context.string(arguments, 1, "name")?;
            Some(vec![SchemaChange::DropConstraint { table, name, kind: None }])
        }
        "AlterOrderWithRespectTo" => Some(vec![SchemaChange::breaking("adds the column `_order` without a default")]),
        _ => field_operation(context, models, name, arguments),
    }
}

fn index_of(table: String, name: String, is_concurrent: bool) -> SchemaChange {
    let (columns, is_unique, is_partial) = (Vec::new(), false, false);
    SchemaChange::CreateIndex(IndexDefinition { name, table, columns, is_unique, is_concurrent, is_partial })
}

fn create_model(
    context: &ModelContext<'_, '_>,
    models: &mut DjangoModels,
    arguments: &PythonArguments<'_>,
) -> Option<Vec<SchemaChange>> {
    let table = context.table(arguments, 0, "name")?;
    let mut model = DjangoModel::default();
    let (mut columns, mut constraints) = (Vec::new(), Vec::new());
    for item in context.items(arguments.get(1, "fields")?)? {
        let parts = context.items(item)?;
        let [name, field] = parts.as_slice() else { return None };
        let name = context.source.string(name.clone(), context.names)?.value;
        let Some(field) = field_of(context.source, context.names, field.clone()) else { continue };
        columns.extend(field.column(&table, &name));
        model.fields.insert(name, field);
    }
    let options = arguments.get(2, "options").and_then(|value| context.items(value)).unwrap_or_default();
    for option in options {
        let Some(colon) = context.source.find(option.clone(), b':') else { continue };
        let key = context.source.string(option.start..colon, context.names).unwrap_or_default().value;
        let value = colon + 1..option.end;
        if key == "constraints" {
            let items = context.items(value).unwrap_or_default();
            constraints.extend(items.into_iter().filter_map(|item| context.constraint(item)));
        } else if key == "unique_together" {
            model.unique_together = context.field_lists(value).unwrap_or_default();
            constraints.extend(model.unique_together.iter().map(|list| together(list)));
        }
    }
    models.insert(table.clone(), model);
    Some(vec![SchemaChange::CreateTable { table, is_optional: false, columns, constraints }])
}

/// The constraint of a list of `unique_together`, under a name that tells its fields.
fn together(fields: &[String]) -> TableConstraint {
    let name = format!("unique_together ({})", fields.join(", "));
    TableConstraint::of(ConstraintKind::Unique, Some(name), fields.to_vec())
}

fn unique_together(
    context: &ModelContext<'_, '_>,
    models: &mut DjangoModels,
    arguments: &PythonArguments<'_>,
) -> Option<Vec<SchemaChange>> {
    let table = context.table(arguments, 0, "name")?;
    let lists = context.field_lists(arguments.get(1, "unique_together")?)?;
    let model = models.entry(table.clone()).or_default();
    let before = std::mem::replace(&mut model.unique_together, lists.clone());
    let removed = before.iter().filter(|list| !lists.contains(list)).map(|list| {
        let name = together(list).name_in(&table);
        SchemaChange::DropConstraint { table: table.clone(), name, kind: Some(ConstraintKind::Unique) }
    });
    let new = lists.iter().filter(|list| !before.contains(list));
    let new = new.map(|list| SchemaChange::AddConstraint { table: table.clone(), constraint: together(list) });
    let changes: Vec<SchemaChange> = removed.chain(new).collect();
    if changes.is_empty() && lists.is_empty() {
        // What it takes away is in no migration that is there.
        let name = "unique_together".to_owned();
        return Some(vec![SchemaChange::DropConstraint { table, name, kind: Some(ConstraintKind::Unique) }]);
    }
    Some(changes)
}

fn field_operation(
    context: &ModelContext<'_, '_>,
    models: &mut DjangoModels,
    name: &str,
    arguments: &PythonArguments<'_>,
) -> Option<Vec<SchemaChange>> {
    let table = context.table(arguments, 0, "model_name")?;
    if name == "RenameField" {
        let (column, to) = (context.string(arguments, 1, "old_name")?, context.string(arguments, 2, "new_name")?);
        let model = models.entry(table.clone()).or_default();
        let field = model.fields.remove(&column);
        let keeps_column = field.as_ref().is_some_and(DjangoField::has_column_name);
        model.fields.extend(field.map(|field| (to.clone(), field)));
        if keeps_column {
            return Some(vec![SchemaChange::harmless(format!(
                "renames a field of {}, not its column",
                display_name(&table)
            ))]);
        }
        return Some(vec![SchemaChange::RenameColumn { table, column, to }]);
    }
    let field_name = context.string(arguments, 1, "name")?;
    let model = models.entry(table.clone()).or_default();
    match name {
        "RemoveField" => {
            let is_table = model.fields.remove(&field_name).is_some_and(|field| field.is_table());
            Some(vec![if is_table {
                SchemaChange::DropTable { table: format!("{table}.{field_name}") }
            } else {
                SchemaChange::DropColumn { table, column: field_name }
            }])
        }
        "AddField" => {
            let field = field_of(context.source, context.names, arguments.get(2, "field")?)?;
            let change = added(&table, &field_name, &field);
            model.fields.insert(field_name, field);
            Some(change)
        }
        "AlterField" => {
            let field = field_of(context.source, context.names, arguments.get(2, "field")?)?;
            let before = model.fields.insert(field_name.clone(), field.clone());
            Some(altered(&table, &field_name, before.as_ref(), &field))
        }
        _ => None,
    }
}
