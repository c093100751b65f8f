//! `ALTER …` as changes of a schema.

use super::change::IndexDefinition;
use super::change::{ColumnDefault, ConstraintKind, PlacedChange, SchemaChange};
use super::columns::{column_definition, default_of, table_constraint};
use super::judge::display_name;
use super::model::MigrationVerdict;
use super::sql::{SqlCursor, SqlToken, column_names, items, joined};
use crate::data;

/// `ALTER …`, which stands at a place; none where it is not read.
pub(super) fn alter(cursor: &mut SqlCursor<'_>, at: usize) -> Option<Vec<PlacedChange>> {
    if cursor.takes("table") {
        cursor.takes("if exists");
        cursor.takes("only");
        let table = cursor.full_name()?;
        cursor.takes_mark(b'*');
        let action = |action: &[SqlToken]| {
            let change = table_action(&table, &mut SqlCursor::new(action))?;
            Some(PlacedChange { at: action[0].span.start as usize, change })
        };
        return items(cursor.rest()).map(action).collect();
    }
    let change = if cursor.takes("type") {
        alter_type(cursor)?
    } else if cursor.takes("index") {
        cursor.takes("if exists");
        let name = cursor.full_name()?;
        let renames = cursor.takes("rename to");
        renames.then(|| SchemaChange::harmless(format!("renames the index {}", display_name(&name))))?
    } else if cursor.takes("sequence") {
        cursor.takes("if exists");
        let name = cursor.full_name()?;
        if cursor.takes("rename to") {
            SchemaChange::breaking(format!("renames the sequence {}", display_name(&name)))
        } else if cursor.takes("owned by") {
            SchemaChange::harmless(format!("ties the sequence {} to its column", display_name(&name)))
        } else {
            return None;
        }
    } else if cursor.takes("view") || cursor.takes("materialized view") {
        cursor.takes("if exists");
        let name = cursor.full_name()?;
        let renames = cursor.takes("rename to");
        renames.then(|| SchemaChange::breaking(format!("renames the view {}", display_name(&name))))?
    } else {
        return None;
    };
    Some(vec![PlacedChange { at, change }])
}

fn alter_type(cursor: &mut SqlCursor<'_>) -> Option<SchemaChange> {
    let name = cursor.full_name()?;
    if cursor.takes("add value") {
        Some(SchemaChange::harmless(format!("adds a value to the type {}", display_name(&name))))
    } else if cursor.takes("rename value") {
        Some(SchemaChange::breaking(format!("renames a value of the type {}", display_name(&name))))
    } else if cursor.takes("rename to") {
        Some(SchemaChange::RenameObject { kind: "type".to_owned(), name, to: cursor.name()? })
    } else {
        None
    }
}

/// An action of `ALTER TABLE`.
fn table_action(table: &str, cursor: &mut SqlCursor<'_>) -> Option<SchemaChange> {
    let table_name = || table.to_owned();
    let of_table =
        |verdict: MigrationVerdict, text: String| SchemaChange::OfTable { table: table_name(), verdict, text };
    if cursor.takes("add") {
        return add(table, cursor);
    }
    if cursor.takes("drop") {
        return drop(table, cursor);
    }
    if cursor.takes("alter constraint") {
        return Some(of_table(
            MigrationVerdict::Expand,
            format!("changes when a constraint of {} is checked", display_name(table)),
        ));
    }
    if cursor.takes("alter") {
        cursor.takes("column");
        return alter_column(table, cursor);
    }
    if cursor.takes("rename constraint") {
        let name = cursor.name()?;
        return Some(rename_constraint(table, &name));
    }
    if cursor.takes("rename to") || cursor.takes("rename as") {
        let to = cursor.full_name()?;
        return Some(SchemaChange::RenameTable { table: table_name(), to });
    }
    if cursor.takes("rename index") || cursor.takes("rename key") {
        return Some(SchemaChange::harmless(format!("renames an index of {}", display_name(table))));
    }
    if cursor.takes("rename") {
        cursor.takes("column");
        let column = cursor.name()?;
        let to = if cursor.takes("to") { cursor.name()? } else { return None };
        return Some(SchemaChange::RenameColumn { table: table_name(), column, to });
    }
    if cursor.takes("validate constraint") {
        let text = format!("checks all rows of {} against {}", display_name(table), display_name(&cursor.name()?));
        return Some(SchemaChange::harmless(text));
    }
    if cursor.takes("modify") {
        cursor.takes("column");
        let column = cursor.name()?;
        return Some(SchemaChange::ChangeType { table: table_name(), column, from: None, to: None });
    }
    if cursor.takes("change") {
        return change_column(table, cursor);
    }
    Some(setting_action(table, cursor))
}

/// An action that sets something of the whole table.
fn setting_action(table: &str, cursor: &mut SqlCursor<'_>) -> SchemaChange {
    let mut ahead = cursor.clone();
    if ahead.takes("set schema")
        && let Some(schema) = ahead.name()
    {
        return SchemaChange::RenameTable { table: table.to_owned(), to: format!("{schema}.{table}") };
    }
    let text = format!("changes settings of {}", display_name(table));
    if cursor.is_at_mark(b'(') || data::MIGRATION_WORDS.has(cursor.word(), "harmless-action") {
        return SchemaChange::harmless(text);
    }
    if cursor.takes("set") && (cursor.is_at_mark(b'(') || cursor.takes("logged") || cursor.takes("unlogged")) {
        return SchemaChange::harmless(text);
    }
    let text = format!("changes {} in a way that is not read", display_name(table));
    SchemaChange::OfTable { table: table.to_owned(), verdict: MigrationVerdict::Unknown, text }
}

/// A constraint that keeps its meaning: only an upsert may name it.
fn rename_constraint(table: &str, name: &str) -> SchemaChange {
    let text = format!("renames the constraint {}", display_name(name));
    let kind = super::constraint_names::kind_by_name(name);
    let verdict = match kind {
        Some(ConstraintKind::ForeignKey | ConstraintKind::Check | ConstraintKind::PrimaryKey) => {
            MigrationVerdict::Expand
        }
        _ => MigrationVerdict::Unknown,
    };
    SchemaChange::OfTable { table: table.to_owned(), verdict, text }
}

/// `ADD …`
fn add(table: &str, cursor: &mut SqlCursor<'_>) -> Option<SchemaChange> {
    let table_name = table.to_owned();
    if let Some(mut constraint) = table_constraint(cursor) {
        // A primary key with an index sets NOT NULL alone.
        constraint.is_validated |= constraint.kind == ConstraintKind::PrimaryKey;
        return Some(SchemaChange::AddConstraint { table: table_name, constraint });
    }
    if cursor.takes("index") || cursor.takes("key") {
        let name = if cursor.is_at_mark(b'(') { String::new() } else { cursor.name()? };
        let columns = cursor.group().and_then(column_names).unwrap_or_default();
        let (is_unique, is_concurrent, is_partial) = (false, false, false);
        return Some(SchemaChange::CreateIndex(IndexDefinition {
            name,
            table: table_name,
            columns,
            is_unique,
            is_concurrent,
            is_partial,
        }));
    }
    cursor.takes("column");
    let is_optional = cursor.takes("if not exists");
    let column = column_definition(table, cursor)?;
    Some(SchemaChange::AddColumn { table: table_name, is_optional, column })
}

/// `DROP …`
fn drop(table: &str, cursor: &mut SqlCursor<'_>) -> Option<SchemaChange> {
    let table = table.to_owned();
    if cursor.takes("constraint") {
        cursor.takes("if exists");
        let name = cursor.name()?;
        return Some(SchemaChange::DropConstraint { table, name, kind: None });
    }
    if cursor.takes("foreign key") {
        let (name, kind) = (cursor.name()?, Some(ConstraintKind::ForeignKey));
        return Some(SchemaChange::DropConstraint { table, name, kind });
    }
    if cursor.takes("primary key") {
        let name = format!("{table}_pkey");
        return Some(SchemaChange::DropConstraint { table, name, kind: Some(ConstraintKind::PrimaryKey) });
    }
    if cursor.takes("index") || cursor.takes("key") {
        return Some(SchemaChange::DropIndex { name: cursor.name()?, is_optional: false });
    }
    cursor.takes("column");
    cursor.takes("if exists");
    Some(SchemaChange::DropColumn { table, column: cursor.name()? })
}

/// `ALTER COLUMN …`
fn alter_column(table: &str, cursor: &mut SqlCursor<'_>) -> Option<SchemaChange> {
    let (table, column) = (table.to_owned(), cursor.name()?);
    let place = display_name(&format!("{table}.{column}"));
    if cursor.takes("set not null") {
        Some(SchemaChange::SetNotNull { table, column })
    } else if cursor.takes("drop not null") {
        Some(SchemaChange::DropNotNull { table, column })
    } else if cursor.takes("set default") {
        Some(match default_of(cursor.rest()) {
            ColumnDefault::Absent => SchemaChange::DropDefault { table, column, is_nullable: None },
            ColumnDefault::Constant | ColumnDefault::PerRow => SchemaChange::SetDefault { table, column },
        })
    } else if cursor.takes("drop default") {
        Some(SchemaChange::DropDefault { table, column, is_nullable: None })
    } else if cursor.takes("type") || cursor.takes("set data type") {
        let to = joined(cursor.until(|word| matches!(word, "using" | "collate")));
        Some(SchemaChange::ChangeType { table, column, from: None, to: Some(to) })
    } else if cursor.takes("add generated by default") {
        Some(SchemaChange::SetDefault { table, column })
    } else if cursor.takes("add generated") {
        Some(SchemaChange::breaking(format!("lets no program write {place}, which is always generated")))
    } else if cursor.takes("drop identity") {
        Some(SchemaChange::breaking(format!("drops the values that {place} gets by itself")))
    } else if ["set statistics", "set storage", "set compression"].iter().any(|words| cursor.takes(words)) {
        Some(SchemaChange::harmless(format!("changes how {place} is stored")))
    } else {
        None
    }
}

/// `CHANGE old new …` of `MySQL`.
fn change_column(table: &str, cursor: &mut SqlCursor<'_>) -> Option<SchemaChange> {
    cursor.takes("column");
    let (column, to) = (cursor.name()?, cursor.name()?);
    let table = table.to_owned();
    Some(if column == to {
        SchemaChange::ChangeType { table, column, from: None, to: None }
    } else {
        SchemaChange::RenameColumn { table, column, to }
    })
}
