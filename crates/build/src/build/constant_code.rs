//! Code of a healthcheck in a language (`python -c`, `node -e`) that ends with exit code 0 whatever the container does.

use crate::data;
use crate::shell::Invocation;

/// Whether a command is an interpreter with code that asks nothing and cannot fail.
pub(super) fn is_constant_code(invocation: &Invocation) -> bool {
    written_code(invocation).is_some_and(|(language, code)| is_constant(language, code))
}

/// The code that an interpreter is given, and its language.
fn written_code<'s>(invocation: &Invocation<'s>) -> Option<(&'static str, &'s str)> {
    let (language, options) = language(invocation.program?)?;
    let at = invocation.args.iter().position(|word| data::words(options).any(|option| word.is(option)))?;
    // A shell may put anything in.
    let code = invocation.args.get(at + 1)?.value()?;
    invocation.args.get(at + 2).is_none().then_some((language, code))
}

/// The language of an interpreter, and the options behind which code stands.
fn language(program: &str) -> Option<(&'static str, &'static str)> {
    let name = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let row = data::CODE_INTERPRETERS.row(name)?;
    Some((row[1], row[2]))
}

/// Whether all statements up to the one that exits are known to succeed.
fn is_constant(language: &'static str, code: &str) -> bool {
    let Some(bare) = without_texts(code) else { return false };
    let exits = format!("{language} exits");
    let statements = bare.split([';', '\n']).map(str::trim).filter(|statement| !statement.is_empty());
    let mut is_any = false;
    let mut names = Vec::new();
    for statement in statements {
        let squeezed = squeeze(statement);
        let mut rows = data::CONSTANT_STATEMENTS.rows().filter(|row| squeeze(row[0]) == squeezed);
        match rows.find(|row| row[1] == language || row[1] == exits) {
            Some(row) if row[1] == exits => return true,
            Some(_) => is_any = true,
            None if language == "python" && only_imports(statement, &mut names) => is_any = true,
            None => return false,
        }
    }
    is_any
}

/// Whether a statement of Python imports modules of libraries, or prints a version of one of `names`: that a library is
/// installed says nothing of a server. A module of the project may do anything when it is imported.
fn only_imports<'c>(statement: &'c str, names: &mut Vec<&'c str>) -> bool {
    let top = |module: &'c str| module.trim().split('.').next().unwrap_or_default();
    let is_library = |module: &str| data::PYTHON_MODULES.row(module).is_some();
    if let Some(list) = statement.strip_prefix("import ") {
        let items: Vec<(&str, &str)> =
            list.split(',').map(|item| item.split_once(" as ").unwrap_or((item, item))).collect();
        names.extend(items.iter().map(|(_, name)| top(name)));
        return items.iter().all(|(module, _)| is_library(top(module)));
    }
    if let Some((module, list)) = statement.strip_prefix("from ").and_then(|rest| rest.split_once(" import ")) {
        names.extend(list.split(',').map(str::trim));
        return is_library(top(module));
    }
    let printed = statement.strip_prefix("print(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(statement);
    let is_plain = printed.chars().all(|c| c.is_ascii_alphanumeric() || "._()".contains(c));
    let first = printed.split(['.', '(']).next().unwrap_or_default();
    is_plain && names.contains(&first) && (printed.to_ascii_lowercase().contains("version") || printed == first)
}

/// The code with all texts in quotes empty and in single quotes; `None` where one does not end, or holds code.
fn without_texts(code: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = code;
    while let Some(start) = rest.find(['"', '\'', '`']) {
        let quote = rest[start..].chars().next()?;
        let inside = &rest[start + 1..];
        let end = inside.find(quote)?;
        if inside[..end].contains(['\\', '$', '{', '#']) {
            return None;
        }
        out.push_str(&rest[..start]);
        out.push_str("''");
        rest = &inside[end + 1..];
    }
    out.push_str(rest);
    Some(out)
}

/// A statement without blanks that say nothing.
fn squeeze(statement: &str) -> String {
    let mut out = String::new();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut chars = statement.chars().peekable();
    while let Some(c) = chars.next() {
        let parts = out.chars().next_back().is_some_and(is_word) && chars.peek().copied().is_some_and(is_word);
        if c != ' ' || parts {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::parse;

    #[test]
    fn code_that_cannot_fail() {
        let is_it = |line: &str| is_constant_code(&parse(line).invocations()[0]);
        for line in [
            "python -c 'import sys; sys.exit(0)'",
            "python3 -c \"print('ok')\"",
            "python3.12 -c 'import os; os._exit(0); check()'",
            "python -c 'import sys;print(\"healthy\");exit( 0 )'",
            "node -e 'process.exit(0)'",
            "node -e \"console.log('up'); process.exit()\"",
            "bun -e 'process.exit(0)'",
            "deno eval 'Deno.exit(0)'",
            "ruby -e 'exit 0'",
            "ruby -e \"puts 'ok'\"",
            "php -r 'exit(0);'",
            "php -r \"echo 'ok';\"",
            "perl -e 'exit 0'",
            "python -c 'import django; print(django.get_version())'",
            "python -c 'import requests'",
            "python3 -c 'from fastapi import FastAPI'",
            "python -c 'import flask as web; print(web.__version__)'",
        ] {
            assert!(is_it(line), "{line}");
        }
        for line in [
            "python -c 'import app'",
            "python -c 'import sys; sys.exit(1)'",
            "python -c 'import sys; sys.exit(check())'",
            "python -c \"print(open('/tmp/ready').read())\"",
            "python -c \"import urllib.request; urllib.request.urlopen('http://localhost:8000')\"",
            "python -c 'raise SystemExit(1)'",
            "python -c \"$CODE\"",
            "node -e 'process.exit(1)'",
            "node -e \"require('http').get('http://localhost', r => process.exit(0))\"",
            "node check.js",
            "ruby -e 'exit 1'",
            "ruby -e \"puts `curl localhost`\"",
            "php -r 'exit(1);'",
            "python -c ''",
            "python -c 'import django; django.setup()'",
            "python -c 'import requests, app'",
            "python -c 'from app.main import version; print(version)'",
            "python -c 'import requests; print(requests.get)'",
        ] {
            assert!(!is_it(line), "{line}");
        }
    }
}
