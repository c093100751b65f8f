//! Revisions of Alembic: their header, and the statements of `upgrade` and `downgrade` (Alembic docs: tutorial, operation
//! reference).

use std::collections::HashSet;
use std::ops::Range;

use super::alembic_operations::{OperationTarget, operation};
use super::change::{PlacedChange, SchemaChange};
use super::judge::display_name;
use super::model::MigrationDowngrade;
use super::parsed::ParsedMigration;
use super::python::{PythonText, PythonTokenKind};
use super::python_value::{PythonArguments, PythonNames, PythonValue};
use super::statements::sql_changes;
use crate::data;

/// How deep blocks are read.
const DEEPEST: usize = 8;

/// Reads a revision; none where the file is something else.
pub(super) fn alembic_revision(text: &str) -> Option<ParsedMigration> {
    if !text.contains("down_revision") {
        return None;
    }
    let source = PythonText::of(text);
    let mut names = PythonNames::default();
    for line in source.lines.iter().filter(|line| line.indent == 0) {
        if let Some((name, value)) = source.assignment(&line.tokens) {
            names.add(name, value);
        }
    }
    let header = |name: &str| {
        let mut top = source.lines.iter().filter(|line| line.indent == 0);
        top.find_map(|line| source.assignment(&line.tokens).filter(|(assigned, _)| *assigned == name))
    };
    let (_, revision) = header("revision")?;
    let (_, parents_value) = header("down_revision")?;
    let id = source.string(revision.clone(), &names)?.value;
    let mut migration = ParsedMigration::new(id, source.at(revision.start));
    let value = names.resolve(&source, parents_value.clone());
    match source.strings(value.clone(), &names) {
        Some(parents) => migration.parents = parents,
        None if source.is_name(&value, "None") => {}
        None => migration.has_unread_parents = true,
    }
    migration.parents_at = source.at(parents_value.start);
    if let Some((_, value)) = header("depends_on") {
        migration.depends = source.strings(value, &names).unwrap_or_default();
    }
    migration.is_branch = header("branch_labels").is_some_and(|(_, value)| !source.is_name(&value, "None"));
    let mut upgrade = RevisionReader::new(&source, names.clone());
    match function(&source, "upgrade") {
        Some(body) => upgrade.body(&body),
        None => upgrade.push(0, SchemaChange::unread("has no function `upgrade` that is read")),
    }
    migration.changes = upgrade.changes;
    let body = function(&source, "downgrade");
    migration.downgrade = downgrade(&source, body.as_ref(), migration.changes.is_empty());
    if let Some(body) = body {
        let mut reader = RevisionReader::new(&source, names);
        reader.body(&body);
        migration.reverse_changes = reader.changes;
    }
    Some(migration)
}

/// The lines of a function.
struct FunctionBody {
    /// Of the source, by their indices.
    lines: Range<usize>,
    /// What stands behind the colon on the line of `def`.
    inline: Range<usize>,
}

fn function(source: &PythonText<'_>, name: &str) -> Option<FunctionBody> {
    let is_head = |tokens: &Range<usize>| {
        let start = if source.word(tokens.start) == "async" { tokens.start + 1 } else { tokens.start };
        source.word(start) == "def" && source.word(start + 1) == name
    };
    let index = source.lines.iter().position(|line| line.indent == 0 && is_head(&line.tokens))?;
    let tokens = source.lines[index].tokens.clone();
    let colon = source.find(tokens.clone(), b':')?;
    Some(FunctionBody { lines: source.block(index), inline: colon + 1..tokens.end })
}

fn downgrade(source: &PythonText<'_>, body: Option<&FunctionBody>, does_nothing: bool) -> MigrationDowngrade {
    let Some(body) = body else { return MigrationDowngrade::Missing };
    let lines = source.lines[body.lines.clone()].iter().map(|line| line.tokens.clone());
    let all = std::iter::once(body.inline.clone()).chain(lines);
    let is_idle = |tokens: &Range<usize>| {
        let is_text = tokens.clone().all(|index| source.tokens[index].kind == PythonTokenKind::Text);
        is_text
            || matches!(source.word(tokens.start), "pass" | "return") && tokens.len() == 1
            || source.is_mark(tokens.start, b'.')
    };
    let mut steps = all.filter(|tokens| !is_idle(tokens)).peekable();
    match steps.peek() {
        None if does_nothing => MigrationDowngrade::Reverses,
        None => MigrationDowngrade::Empty,
        Some(tokens) if source.word(tokens.start) == "raise" => MigrationDowngrade::Refuses,
        Some(_) => MigrationDowngrade::Reverses,
    }
}

/// Reads the statements of a function.
struct RevisionReader<'s, 't> {
    source: &'s PythonText<'t>,
    names: PythonNames<'t>,
    /// The tables of `with op.batch_alter_table("a") as batch_op`, by the name of the variable.
    batches: Vec<(&'t str, Option<String>)>,
    /// The functions of the file.
    functions: HashSet<&'t str>,
    changes: Vec<PlacedChange>,
}

impl<'s, 't> RevisionReader<'s, 't> {
    fn new(source: &'s PythonText<'t>, names: PythonNames<'t>) -> Self {
        let definitions = source.lines.iter().map(|line| line.tokens.start);
        let functions = definitions.filter(|start| source.word(*start) == "def").map(|start| source.word(start + 1));
        Self { source, names, batches: Vec::new(), functions: functions.collect(), changes: Vec::new() }
    }

    fn push(&mut self, at: usize, change: SchemaChange) {
        self.changes.push(PlacedChange { at, change });
    }

    fn body(&mut self, body: &FunctionBody) {
        self.statement(body.inline.clone());
        self.lines(body.lines.clone(), 0);
    }

    fn lines(&mut self, lines: Range<usize>, depth: usize) {
        let mut index = lines.start;
        while index < lines.end {
            let tokens = self.source.lines[index].tokens.clone();
            let block = self.source.block(index);
            let at = self.source.at(tokens.start);
            let word = self.source.word(tokens.start);
            index = block.end.max(index + 1);
            match word {
                "return" => {
                    if tokens.len() > 1 {
                        self.statement(tokens.start + 1..tokens.end);
                    }
                    return;
                }
                "with" if depth < DEEPEST && self.with(&tokens) => self.lines(block, depth + 1),
                "with" => self.push(at, SchemaChange::unread("runs a block that is not read")),
                "if" | "match" => self.push(at, SchemaChange::unread("runs steps only under a condition")),
                "for" | "while" => self.push(at, SchemaChange::unread("runs steps in a loop")),
                "try" => self.push(at, SchemaChange::unread("runs steps that may fail")),
                // What belongs to a statement above, and definitions, which run nothing.
                "@" => {}
                word if data::MIGRATION_WORDS.has(word, "runs-nothing") => {}
                _ => self.statement(tokens),
            }
        }
    }

    /// The head of a block; whether it is read.
    fn with(&mut self, tokens: &Range<usize>) -> bool {
        let end = if self.source.is_mark(tokens.end - 1, b':') { tokens.end - 1 } else { return false };
        let value = tokens.start + 1..end;
        let binding = value.clone().find(|index| self.source.word(*index) == "as");
        let value = value.start..binding.unwrap_or(value.end);
        let PythonValue::Call { callee, arguments } = self.source.value(value) else { return false };
        let callee_end = self.source.word(callee.end.saturating_sub(1));
        match (callee_end, binding) {
            ("autocommit_block", _) => true,
            ("batch_alter_table", Some(binding)) => {
                let table = self.table(&arguments, "table_name");
                self.batches.push((self.source.word(binding + 1), table));
                true
            }
            _ => false,
        }
    }

    /// The first argument as the name of a table, with its schema.
    fn table(&self, arguments: &PythonArguments<'t>, name: &str) -> Option<String> {
        OperationTarget { source: self.source, names: &self.names, arguments }.table(0, name)
    }

    /// A statement on a line.
    fn statement(&mut self, tokens: Range<usize>) {
        let source = self.source;
        let at = source.at(tokens.start);
        let is_text = tokens.clone().all(|index| source.tokens[index].kind == PythonTokenKind::Text);
        let first = source.word(tokens.start);
        let is_idle =
            matches!(first, "pass" | "import" | "from" | "global" | "del") || source.is_mark(tokens.start, b'.');
        if is_text || is_idle {
            return;
        }
        if let Some((name, value)) = source.assignment(&tokens) {
            self.assigned(name, value);
            return;
        }
        match source.value(tokens) {
            PythonValue::Call { callee, arguments } => self.call(at, callee, &arguments),
            _ => self.push(at, SchemaChange::unread("runs a statement that is not read")),
        }
    }

    /// A value that is given a name: making it does nothing, unless it has operations, SQL, or a function that gets the
    /// connection.
    fn assigned(&mut self, name: &'t str, value: Range<usize>) {
        let at = self.source.at(value.start);
        if let PythonValue::Call { callee, arguments } = self.source.value(value.clone()) {
            let is_of_op = self.source.word(callee.start) == "op" && callee.len() == 3;
            if is_of_op {
                self.call(at, callee, &arguments);
            } else {
                self.steps_within(value.clone());
                if self.gets_connection(&callee, &arguments) {
                    let text = format!("calls {}, which is not read", display_name(self.source.word(callee.end - 1)));
                    self.push(at, SchemaChange::unread(text));
                }
            }
        } else {
            self.steps_within(value.clone());
        }
        self.names.add(name, value);
    }

    /// The SQL and the operations inside of a value: `conn.execute("…").fetchall()`.
    fn steps_within(&mut self, value: Range<usize>) {
        for index in value.clone() {
            let word = self.source.word(index);
            let is_method = self.source.is_mark(index + 1, b'(') && index > value.start;
            if is_method && matches!(word, "execute" | "exec_driver_sql") {
                let arguments = self.source.arguments(index + 2..self.source.tokens[index + 1].pair.max(index + 2));
                self.execute(&arguments);
            } else if word == "op" && self.source.is_mark(index + 1, b'.') && !self.is_idle(index + 2) {
                self.push(self.source.at(index), SchemaChange::unread("runs an operation inside of a value"));
            }
        }
    }

    /// Whether a method of `op` changes nothing.
    fn is_idle(&self, index: usize) -> bool {
        matches!(self.source.word(index), "get_bind" | "get_context" | "f" | "inline_literal" | "execute")
    }

    /// Whether a function of the file is called, or one that may use the connection.
    fn gets_connection(&self, callee: &Range<usize>, arguments: &PythonArguments<'t>) -> bool {
        let function = self.source.word(callee.end - 1);
        if callee.len() == 1 && self.functions.contains(function) {
            return true;
        }
        let is_connection = |value: &Range<usize>| {
            let value = self.names.resolve(self.source, value.clone());
            value.len() > 2 && self.source.word(value.start) == "op" && self.source.word(value.start + 2) == "get_bind"
        };
        let is_reader = matches!(function, "inspect" | "from_engine" | "Session" | "execute");
        !is_reader && arguments.all.iter().any(|argument| is_connection(&argument.value))
    }

    fn call(&mut self, at: usize, callee: Range<usize>, arguments: &PythonArguments<'t>) {
        let source = self.source;
        let method = source.word(callee.end.saturating_sub(1));
        let object = callee.start..callee.end.saturating_sub(2);
        let object_name = source.dotted(object.clone()).unwrap_or_default();
        let target = OperationTarget { source, names: &self.names, arguments };
        let batch = self.batches.iter().rev().find(|(name, _)| *name == object_name);
        let is_execute = matches!(method, "execute" | "exec_driver_sql" | "scalar");
        let changes = if is_execute {
            self.execute(arguments);
            return;
        } else if let Some((_, table)) = batch {
            match table {
                Some(table) => operation(&target, method, Some(table)),
                None => None,
            }
        } else if object_name == "op" {
            operation(&target, method, None)
        } else if matches!(method, "create" | "drop") {
            self.enum_change(&object, method == "create").map(|change| vec![change])
        } else if data::MIGRATION_WORDS.has(method, "harmless-method") {
            Some(Vec::new())
        } else {
            None
        };
        let name = source.dotted(callee).unwrap_or_else(|| method.to_owned());
        let unread =
            || vec![SchemaChange::unread(format!("calls {}, which is not read", display_name(&format!("{name}()"))))];
        for change in changes.unwrap_or_else(unread) {
            self.push(at, change);
        }
    }

    /// `op.execute("…")`
    fn execute(&mut self, arguments: &PythonArguments<'t>) {
        let value = arguments.all.first().map(|argument| argument.value.clone());
        let at = value.as_ref().map_or(0, |value| self.source.at(value.start));
        let Some(text) = value.and_then(|value| self.source.string(value, &self.names)) else {
            self.push(at, SchemaChange::unread("runs SQL that is put together when it runs"));
            return;
        };
        for PlacedChange { at, change } in sql_changes(&text.value) {
            self.push(text.place(at), change);
        }
    }

    /// `sa.Enum("a", name="b").create(bind)`
    fn enum_change(&self, object: &Range<usize>, creates: bool) -> Option<SchemaChange> {
        let value = self.names.resolve(self.source, object.clone());
        let PythonValue::Call { callee, arguments } = self.source.value(value) else { return None };
        if !self.source.word(callee.end - 1).eq_ignore_ascii_case("enum") {
            return None;
        }
        let name = arguments.keyword("name").and_then(|value| self.source.string(value, &self.names))?.value;
        let kind = "type".to_owned();
        Some(if creates { SchemaChange::CreateObject { kind, name } } else { SchemaChange::DropObject { kind, name } })
    }
}
