//! Columns, constraints and types as `SQLAlchemy` writes them (`SQLAlchemy` docs: describing databases with `MetaData`).

use std::ops::Range;

use super::change::{ColumnDefault, ColumnDefinition, ConstraintKind, TableConstraint};
use super::columns::{checked_columns, default_of};
use super::python::PythonText;
use super::python_value::{PythonArguments, PythonNames, PythonValue};
use super::sql::tokens;

/// Whether a value is a call of a function of this name, and its arguments.
pub(super) fn call_of<'t>(source: &PythonText<'t>, value: Range<usize>) -> Option<(&'t str, PythonArguments<'t>)> {
    match source.value(value) {
        PythonValue::Call { callee, arguments } => Some((source.word(callee.end - 1), arguments)),
        _ => None,
    }
}

/// `sa.Column("a", sa.String(50), nullable=False)`, and whether it gets an index.
pub(super) fn column(
    source: &PythonText<'_>,
    names: &PythonNames<'_>,
    table: &str,
    value: Range<usize>,
) -> Option<(ColumnDefinition, bool)> {
    let (callee, arguments) = call_of(source, value)?;
    if callee != "Column" || arguments.is_open {
        return None;
    }
    let name = source.string(arguments.get(0, "name")?, names)?.value;
    let mut column = ColumnDefinition::plain(name);
    let flag = |name: &str| flag(source, names, &arguments, name);
    let is_primary = flag("primary_key")?.unwrap_or(false);
    column.is_nullable = flag("nullable")?.unwrap_or(!is_primary);
    let of = |kind| TableConstraint::of(kind, None, vec![column.name.clone()]);
    let mut constraints = Vec::new();
    if is_primary {
        constraints.push(of(ConstraintKind::PrimaryKey));
    }
    let is_indexed = flag("index")?.unwrap_or(false);
    if flag("unique")?.unwrap_or(false) {
        constraints.push(of(ConstraintKind::Unique));
    }
    let positional = arguments.all.iter().filter(|argument| argument.name.is_none()).skip(1);
    let types = arguments.keyword("type_").into_iter();
    for part in positional.map(|argument| argument.value.clone()).chain(types) {
        let inner = call_of(source, part.clone());
        match inner.as_ref().map(|(callee, arguments)| (*callee, arguments)) {
            Some(("Identity" | "Computed", _)) => column.default = ColumnDefault::PerRow,
            Some(("ForeignKey", arguments)) => {
                let mut key = of(ConstraintKind::ForeignKey);
                let referent = arguments.positional(0).and_then(|value| source.string(value, names));
                key.references = referent.and_then(|text| Some(text.value.rsplit_once('.')?.0.to_owned()));
                key.cascades = cascades(source, names, arguments);
                constraints.push(key);
            }
            Some(("CheckConstraint", arguments)) => {
                let mut check = of(ConstraintKind::Check);
                check.columns = condition_columns(source, names, arguments);
                constraints.push(check);
            }
            _ if column.type_text.is_none() => column.type_text = type_text(source, names, part),
            _ => {}
        }
    }
    for constraint in &mut constraints {
        constraint.name = Some(constraint.name_in(table));
    }
    if let Some(value) = arguments.keyword("server_default") {
        column.default = server_default(source, names, value);
    }
    column.constraints = constraints;
    Some((column, is_indexed))
}

/// An argument that is `True` or `False`; an outer none where it is something else, an inner one where it is not there.
#[allow(clippy::option_option, reason = "unknown and absent are different")]
fn flag(
    source: &PythonText<'_>,
    names: &PythonNames<'_>,
    arguments: &PythonArguments<'_>,
    name: &str,
) -> Option<Option<bool>> {
    let Some(value) = arguments.keyword(name) else { return Some(None) };
    match source.word(names.resolve(source, value).start) {
        "True" => Some(Some(true)),
        "False" => Some(Some(false)),
        "None" => Some(None),
        _ => None,
    }
}

fn cascades(source: &PythonText<'_>, names: &PythonNames<'_>, arguments: &PythonArguments<'_>) -> bool {
    let action = arguments.keyword("ondelete").and_then(|value| source.string(value, names));
    action.is_some_and(|action| action.value.eq_ignore_ascii_case("cascade"))
}

fn condition_columns(source: &PythonText<'_>, names: &PythonNames<'_>, arguments: &PythonArguments<'_>) -> Vec<String> {
    let condition = arguments.get(0, "sqltext").and_then(|value| source.string(value, names));
    condition.map(|condition| checked_columns(&tokens(&condition.value))).unwrap_or_default()
}

/// `server_default="x"`, `sa.text("now()")`, `sa.func.now()`, `None`.
fn server_default(source: &PythonText<'_>, names: &PythonNames<'_>, value: Range<usize>) -> ColumnDefault {
    let value = names.resolve(source, value);
    if source.is_name(&value, "None") {
        return ColumnDefault::Absent;
    }
    let called = call_of(source, value.clone());
    match called {
        Some(("text", arguments)) => {
            let text = arguments.positional(0).and_then(|value| source.string(value, names));
            text.map_or(ColumnDefault::Constant, |text| default_of(&tokens(&text.value)))
        }
        Some((function, _)) => default_of(&tokens(function)),
        None => ColumnDefault::Constant,
    }
}

/// `sa.UniqueConstraint("a", "b", name="c")` and its like in `create_table`.
pub(super) fn table_constraint(
    source: &PythonText<'_>,
    names: &PythonNames<'_>,
    value: Range<usize>,
) -> Option<TableConstraint> {
    let (callee, arguments) = call_of(source, value)?;
    let name = arguments.keyword("name").and_then(|value| source.string(value, names)).map(|text| text.value);
    let positional = arguments.all.iter().filter(|argument| argument.name.is_none());
    let columns = || positional.map(|argument| Some(source.string(argument.value.clone(), names)?.value));
    match callee {
        "UniqueConstraint" | "PrimaryKeyConstraint" => {
            let kind = if callee == "UniqueConstraint" { ConstraintKind::Unique } else { ConstraintKind::PrimaryKey };
            let columns = columns().collect::<Option<Vec<String>>>().unwrap_or_default();
            Some(TableConstraint::of(kind, name, columns))
        }
        "CheckConstraint" => {
            let columns = condition_columns(source, names, &arguments);
            Some(TableConstraint::of(ConstraintKind::Check, name, columns))
        }
        "ForeignKeyConstraint" => {
            let columns = arguments.get(0, "columns").and_then(|value| source.strings(value, names));
            let mut key = TableConstraint::of(ConstraintKind::ForeignKey, name, columns.unwrap_or_default());
            let referents = arguments.get(1, "refcolumns").and_then(|value| source.strings(value, names));
            let first = referents.and_then(|referents| referents.into_iter().next());
            key.references = first.and_then(|first| Some(first.rsplit_once('.')?.0.to_owned()));
            key.cascades = cascades(source, names, &arguments);
            Some(key)
        }
        _ => None,
    }
}

/// A type in the words of SQL: `varchar(50)`, `text`, `integer`; those of other names as they are written.
pub(super) fn type_text(source: &PythonText<'_>, names: &PythonNames<'_>, value: Range<usize>) -> Option<String> {
    let value = names.resolve(source, value);
    let (name, length) = match source.value(value.clone()) {
        PythonValue::Name(name) => (name.rsplit('.').next()?.to_owned(), None),
        PythonValue::Call { callee, arguments } => {
            let name = source.word(callee.end - 1).to_owned();
            (name, arguments.get(0, "length").map(|value| written(source, value)))
        }
        _ => return Some(written(source, value)),
    };
    Some(match (name.to_ascii_lowercase().as_str(), length) {
        ("string" | "unicode" | "varchar" | "autostring", Some(length)) if length != "None" => {
            format!("varchar({length})")
        }
        ("string" | "unicode" | "varchar" | "autostring", _) => "varchar".to_owned(),
        ("text" | "unicodetext", _) => "text".to_owned(),
        (name, None) => name.to_owned(),
        _ => written(source, value),
    })
}

/// Tokens without blanks.
fn written(source: &PythonText<'_>, value: Range<usize>) -> String {
    value.map(|index| source.word(index)).collect()
}
