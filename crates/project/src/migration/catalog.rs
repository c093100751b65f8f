//! What all migrations together say of the objects of a schema: which indexes are unique, which columns are required. It does not
//! depend on the order; where two migrations disagree the worse counts.

use std::collections::HashMap;

use super::change::{ColumnDefault, ColumnDefinition, ConstraintKind, SchemaChange, TableConstraint};

/// Values that are remembered of one column or constraint.
const MOST: usize = 8;

/// What is known of a column, each with the number of the migration that says it.
#[derive(Default)]
struct ColumnFacts {
    /// Whether it may be NULL.
    nullable: Vec<(usize, bool)>,
    types: Vec<(usize, String)>,
}

/// An index as a migration makes it.
pub(super) struct CatalogIndex {
    number: usize,
    pub(super) table: String,
    /// Empty where it is of expressions, or about some rows only.
    pub(super) columns: Vec<String>,
    pub(super) is_unique: bool,
}

/// The objects of a schema.
#[derive(Default)]
pub(super) struct SchemaCatalog {
    columns: HashMap<(String, String), ColumnFacts>,
    /// By table and name.
    constraints: HashMap<(String, String), Vec<(usize, TableConstraint)>>,
    indexes: HashMap<String, Vec<CatalogIndex>>,
    /// The first migration that makes a table.
    tables: HashMap<String, usize>,
}

/// Remembers a value, if there is room.
fn remember<T>(all: &mut Vec<T>, value: T) {
    if all.len() < MOST {
        all.push(value);
    }
}

impl SchemaCatalog {
    /// Takes in a change of the migration with this number.
    pub(super) fn add(&mut self, number: usize, change: &SchemaChange) {
        match change {
            SchemaChange::CreateTable { table, columns, constraints, .. } => {
                self.tables.entry(table.clone()).or_insert(number);
                for column in columns {
                    self.add_column(number, table, column);
                }
                for constraint in constraints {
                    self.add_constraint(number, table, constraint);
                }
            }
            SchemaChange::AddColumn { table, column, .. } => self.add_column(number, table, column),
            SchemaChange::ChangeType { table, column, to: Some(to), .. } => self.add_type(number, table, column, to),
            SchemaChange::SetNotNull { table, column } => self.add_nullable(number, table, column, false),
            SchemaChange::DropNotNull { table, column } => self.add_nullable(number, table, column, true),
            SchemaChange::AddConstraint { table, constraint } => self.add_constraint(number, table, constraint),
            SchemaChange::CreateIndex(index) if !index.name.is_empty() => {
                let columns = if index.is_partial { Vec::new() } else { index.columns.clone() };
                let (table, is_unique) = (index.table.clone(), index.is_unique);
                let all = self.indexes.entry(index.name.clone()).or_default();
                remember(all, CatalogIndex { number, table, columns, is_unique });
            }
            _ => {}
        }
    }

    fn column(&mut self, table: &str, column: &str) -> &mut ColumnFacts {
        self.columns.entry((table.to_owned(), column.to_owned())).or_default()
    }

    fn add_nullable(&mut self, number: usize, table: &str, column: &str, is_nullable: bool) {
        remember(&mut self.column(table, column).nullable, (number, is_nullable));
    }

    fn add_type(&mut self, number: usize, table: &str, column: &str, type_text: &str) {
        remember(&mut self.column(table, column).types, (number, type_text.to_owned()));
    }

    fn add_column(&mut self, number: usize, table: &str, column: &ColumnDefinition) {
        self.add_nullable(number, table, &column.name, column.is_nullable);
        if let Some(type_text) = &column.type_text {
            self.add_type(number, table, &column.name, type_text);
        }
        for constraint in &column.constraints {
            self.add_constraint(number, table, constraint);
        }
    }

    fn add_constraint(&mut self, number: usize, table: &str, constraint: &TableConstraint) {
        if constraint.kind == ConstraintKind::PrimaryKey {
            for column in &constraint.columns {
                self.add_nullable(number, table, column, false);
            }
        }
        let all = self.constraints.entry((table.to_owned(), constraint.name_in(table))).or_default();
        remember(all, (number, constraint.clone()));
    }

    /// Whether a column may be NULL, where all other migrations agree.
    pub(super) fn is_nullable(&self, number: usize, table: &str, column: &str) -> Option<bool> {
        let facts = self.columns.get(&(table.to_owned(), column.to_owned()))?;
        let mut others = facts.nullable.iter().filter(|(other, _)| *other != number).map(|(_, is)| *is);
        let first = others.next()?;
        others.all(|other| other == first).then_some(first)
    }

    /// The types that other migrations give a column.
    pub(super) fn types(&self, number: usize, table: &str, column: &str) -> Vec<&str> {
        let facts = self.columns.get(&(table.to_owned(), column.to_owned()));
        let types = facts.into_iter().flat_map(|facts| &facts.types);
        types.filter(|(other, _)| *other != number).map(|(_, type_text)| type_text.as_str()).collect()
    }

    /// The constraints that other migrations make under a name.
    pub(super) fn constraints(&self, number: usize, table: &str, name: &str) -> Vec<&TableConstraint> {
        let all = self.constraints.get(&(table.to_owned(), name.to_owned())).into_iter().flatten();
        all.filter(|(other, _)| *other != number).map(|(_, constraint)| constraint).collect()
    }

    /// An index that other migrations make; of several the unique one.
    pub(super) fn index(&self, number: usize, name: &str) -> Option<&CatalogIndex> {
        let all = self.indexes.get(name)?.iter();
        all.filter(|index| index.number != number).max_by_key(|index| index.is_unique)
    }

    /// Whether another migration makes a table.
    pub(super) fn is_made_elsewhere(&self, number: usize, table: &str) -> bool {
        self.tables.get(table).is_some_and(|first| *first != number)
    }

    /// Whether another migration makes a column.
    pub(super) fn has_column(&self, number: usize, table: &str, column: &str) -> bool {
        !self.types(number, table, column).is_empty()
    }
}

/// The default that fits no column, so that a row without it is refused.
pub(super) fn refuses_rows(column: &ColumnDefinition) -> bool {
    !column.is_nullable && column.default == ColumnDefault::Absent
}
