//! Statements of SQL as changes of a schema.

use super::alter::alter;
use super::change::{IndexDefinition, PlacedChange, SchemaChange};
use super::columns::table_parts;
use super::judge::display_name;
use super::model::MigrationVerdict;
use super::sql::{SqlCursor, SqlToken, SqlTokenKind, column_names, items, statements, tokens};
use crate::data;

/// How deep texts of SQL in blocks of SQL are read.
const DEEPEST: usize = 3;

/// The changes of a text of SQL, with offsets in it.
pub(super) fn sql_changes(text: &str) -> Vec<PlacedChange> {
    changes_of_text(text, 0)
}

fn changes_of_text(text: &str, depth: usize) -> Vec<PlacedChange> {
    let all = tokens(text);
    let mut changes = Vec::new();
    for statement in statements(&all) {
        let at = statement[0].span.start as usize;
        if let Some(block) = block(statement, depth) {
            changes.extend(block.into_iter().map(|change| PlacedChange { at, change }));
            continue;
        }
        changes.extend(statement_changes(statement, at));
    }
    changes
}

/// What a block `DO $$ BEGIN … EXCEPTION WHEN duplicate_object THEN null; END $$` does, where it has plain statements.
fn block(statement: &[SqlToken], depth: usize) -> Option<Vec<SchemaChange>> {
    let mut cursor = SqlCursor::new(statement);
    if !cursor.takes("do") || depth >= DEEPEST {
        return None;
    }
    let unread = || vec![SchemaChange::unread("runs a block of code that is not read")];
    let Some(body) = cursor.rest().iter().find(|token| token.kind == SqlTokenKind::Text) else { return Some(unread()) };
    let small = body.value.to_ascii_lowercase();
    let inner = small.trim_start().strip_prefix("begin");
    let (Some(inner), Some(end)) = (inner, small.rfind("end")) else { return Some(unread()) };
    let start = small.len() - inner.len();
    let mut body = body.value.get(start..end).unwrap_or_default();
    if let Some(at) = small.get(start..end).and_then(|text| text.find("exception")) {
        let handler: String = body[at..].split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
        if !handler.trim_end_matches(';').ends_with("then null") {
            return Some(unread());
        }
        body = &body[..at];
    }
    let inner = changes_of_text(body, depth + 1);
    Some(inner.into_iter().map(|placed| placed.change).collect())
}

/// The changes of a statement, which stands at a place.
fn statement_changes(statement: &[SqlToken], at: usize) -> Vec<PlacedChange> {
    let mut cursor = SqlCursor::new(statement);
    let word = cursor.word();
    let unread =
        || SchemaChange::unread(format!("runs a statement that is not read: {}", display_name(&beginning(statement))));
    cursor.advance();
    let changes = match word {
        "alter" => return alter(&mut cursor, at).unwrap_or_else(|| vec![PlacedChange { at, change: unread() }]),
        "drop" => drop(&mut cursor),
        "with" => return with(statement).unwrap_or_else(|| vec![PlacedChange { at, change: unread() }]),
        word if data::MIGRATION_WORDS.has(word, "harmless-statement") && !has_lock(statement) => Some(Vec::new()),
        word => change(word, statement, &mut cursor).map(|change| vec![change]),
    };
    let changes = changes.unwrap_or_else(|| vec![unread()]);
    changes.into_iter().map(|change| PlacedChange { at, change }).collect()
}

/// Whether a statement that changes nothing keeps others from writing.
fn has_lock(statement: &[SqlToken]) -> bool {
    let is_locking = matches!(statement[0].value.as_str(), "lock" | "reindex" | "cluster");
    is_locking && !has_word(statement, "concurrently")
}

/// What `WITH a AS (SELECT …)` is followed by; none where the queries before it change rows.
fn with(statement: &[SqlToken]) -> Option<Vec<PlacedChange>> {
    let is_verb = |token: &SqlToken| {
        token.kind == SqlTokenKind::Word && matches!(token.value.as_str(), "insert" | "update" | "delete" | "select")
    };
    let start = statement.iter().position(|token| token.depth == statement[0].depth && is_verb(token))?;
    let is_change = |token: &SqlToken| is_verb(token) && token.value != "select";
    let (queries, rest) = statement.split_at(start);
    let changes = || statement_changes(rest, rest[0].span.start as usize);
    (!queries.iter().any(is_change)).then(changes)
}

/// The change of a statement that begins with a word.
fn change(word: &str, statement: &[SqlToken], cursor: &mut SqlCursor<'_>) -> Option<SchemaChange> {
    match word {
        "create" => create(cursor),
        "insert" if cursor.takes("into") || cursor.takes("ignore into") => {
            let table = cursor.full_name()?;
            // An upsert changes rows that are there.
            let updates = has_word(cursor.rest(), "conflict") && has_word(cursor.rest(), "update");
            let columns = Vec::new();
            Some(if updates { SchemaChange::UpdateRows { table, columns } } else { SchemaChange::InsertRows { table } })
        }
        "update" => update(cursor),
        "delete" if cursor.takes("from") => {
            cursor.takes("only");
            cursor.full_name().map(|table| SchemaChange::DeleteRows { table, verb: "deletes rows of" })
        }
        "truncate" => {
            cursor.takes("table");
            cursor.takes("only");
            cursor.full_name().map(|table| SchemaChange::DeleteRows { table, verb: "deletes all rows of" })
        }
        "select" => select(cursor.rest()),
        "rename" if cursor.takes("table") => rename_table(cursor),
        "lock" | "reindex" | "cluster" if has_lock(statement) => Some(SchemaChange::Other {
            verdict: MigrationVerdict::Expand,
            text: format!("runs {}", display_name(&beginning(statement))),
            lock: Some("blocks writes until the migration ends".to_owned()),
        }),
        _ => None,
    }
}

pub(super) fn has_word(tokens: &[SqlToken], word: &str) -> bool {
    tokens.iter().any(|token| token.kind == SqlTokenKind::Word && token.value == word)
}

/// The first words of a statement.
fn beginning(statement: &[SqlToken]) -> String {
    let is_plain = |token: &&SqlToken| matches!(token.kind, SqlTokenKind::Word | SqlTokenKind::Name);
    let words: Vec<String> = statement
        .iter()
        .take(4)
        .take_while(is_plain)
        .map(|token| if token.kind == SqlTokenKind::Word { token.value.to_uppercase() } else { token.value.clone() })
        .collect();
    words.join(" ")
}

fn rename_table(cursor: &mut SqlCursor<'_>) -> Option<SchemaChange> {
    let table = cursor.full_name()?;
    let to = if cursor.takes("to") { cursor.full_name()? } else { return None };
    cursor.is_at_end().then_some(SchemaChange::RenameTable { table, to })
}

/// `CREATE …`
fn create(cursor: &mut SqlCursor<'_>) -> Option<SchemaChange> {
    let replaces = cursor.takes("or replace");
    let is_temporary = ["temporary", "temp"].iter().any(|word| cursor.takes(word));
    cursor.takes("unlogged");
    if cursor.takes("table") {
        return create_table(cursor);
    }
    let is_unique = cursor.takes("unique");
    if cursor.takes("index") {
        return create_index(cursor, is_unique);
    }
    cursor.takes("recursive");
    let is_materialized = cursor.takes("materialized");
    if cursor.takes("view") {
        cursor.takes("if not exists");
        let view = cursor.full_name()?;
        return Some(if replaces && !is_materialized && !is_temporary {
            let text = format!("replaces the view {}", display_name(&view));
            SchemaChange::unread(text)
        } else {
            SchemaChange::CreateView { view }
        });
    }
    let is_constraint = cursor.takes("constraint");
    if cursor.takes("trigger") {
        let text = format!("makes the trigger {}, whose code is not read", display_name(&cursor.name()?));
        let before = cursor.until(|word| word == "on");
        let table = if before.is_empty() || !cursor.takes("on") { None } else { cursor.full_name() };
        return Some(SchemaChange::OfTable { table: table?, verdict: MigrationVerdict::Unknown, text });
    }
    let kind = cursor.word();
    if is_constraint || !data::MIGRATION_WORDS.has(kind, "object") {
        return None;
    }
    cursor.advance();
    cursor.takes("if not exists");
    let name = cursor.full_name()?;
    let is_code = matches!(kind, "function" | "procedure");
    if replaces && is_code {
        return Some(SchemaChange::unread(format!(
            "makes or replaces the {kind} {}, which is not read",
            display_name(&name)
        )));
    }
    Some(SchemaChange::CreateObject { kind: kind.to_owned(), name })
}

fn create_table(cursor: &mut SqlCursor<'_>) -> Option<SchemaChange> {
    let is_optional = cursor.takes("if not exists");
    let table = cursor.full_name()?;
    let (columns, constraints) = match cursor.group() {
        Some(group) => table_parts(&table, group),
        // `CREATE TABLE a AS SELECT …`, `PARTITION OF …`
        None if cursor.takes("partition of") => {
            let text = format!("makes the partition {}", display_name(&table));
            return Some(SchemaChange::harmless(text));
        }
        None if cursor.is_at_end() => return None,
        None => (Vec::new(), Vec::new()),
    };
    Some(SchemaChange::CreateTable { table, is_optional, columns, constraints })
}

fn create_index(cursor: &mut SqlCursor<'_>, is_unique: bool) -> Option<SchemaChange> {
    let is_concurrent = cursor.takes("concurrently");
    cursor.takes("if not exists");
    let name = if cursor.word() == "on" { String::new() } else { cursor.full_name()? };
    if !cursor.takes("on") {
        return None;
    }
    cursor.takes("only");
    let table = cursor.full_name()?;
    if cursor.takes("using") {
        cursor.name()?;
    }
    let columns = cursor.group().and_then(column_names).unwrap_or_default();
    let is_partial = has_word(cursor.rest(), "where");
    let refuses_nulls = has_word(cursor.rest(), "distinct");
    let columns = if refuses_nulls { Vec::new() } else { columns };
    Some(SchemaChange::CreateIndex(IndexDefinition { name, table, columns, is_unique, is_concurrent, is_partial }))
}

/// `UPDATE a SET b = c, (d, e) = …`
fn update(cursor: &mut SqlCursor<'_>) -> Option<SchemaChange> {
    cursor.takes("only");
    let table = cursor.full_name()?;
    if cursor.word() != "set" {
        cursor.until(|word| word == "set");
    }
    if cursor.word() != "set" {
        return Some(SchemaChange::UpdateRows { table, columns: Vec::new() });
    }
    cursor.advance();
    let assignments = cursor.until(|word| matches!(word, "where" | "from" | "returning"));
    let columns: Option<Vec<String>> = items(assignments)
        .map(|item| {
            let mut cursor = SqlCursor::new(item);
            let name = cursor.name()?;
            cursor.is_at_mark(b'=').then_some(name)
        })
        .collect();
    Some(SchemaChange::UpdateRows { table, columns: columns.unwrap_or_default() })
}

/// A query: its functions may do anything.
fn select(tokens: &[SqlToken]) -> Option<SchemaChange> {
    let calls = tokens.windows(2).filter(|pair| {
        pair[0].kind == SqlTokenKind::Word
            && pair[1].kind == SqlTokenKind::Mark(b'(')
            && !data::MIGRATION_WORDS.has(&pair[0].value, "harmless-call")
    });
    let reads = calls.count() == 0 && !has_word(tokens, "into");
    reads.then(|| SchemaChange::harmless("reads"))
}

/// `DROP …`
fn drop(cursor: &mut SqlCursor<'_>) -> Option<Vec<SchemaChange>> {
    let kind = if cursor.takes("materialized view") {
        "materialized view"
    } else {
        let kind = cursor.word();
        cursor.advance();
        kind
    };
    cursor.takes("concurrently");
    let is_optional = cursor.takes("if exists");
    if matches!(kind, "trigger" | "policy" | "rule") {
        return None;
    }
    let is_known = matches!(kind, "table" | "index") || data::MIGRATION_WORDS.has(kind, "dropped-object");
    if !is_known {
        return None;
    }
    let mut changes = Vec::new();
    loop {
        let name = cursor.full_name()?;
        changes.push(match kind {
            "table" => SchemaChange::DropTable { table: name },
            "index" => SchemaChange::DropIndex { name, is_optional },
            kind => SchemaChange::DropObject { kind: kind.to_owned(), name },
        });
        cursor.group();
        if !cursor.takes_mark(b',') {
            return Some(changes);
        }
    }
}
