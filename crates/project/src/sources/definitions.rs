//! Where source files define the value of a name: constants, properties, parameters.

use super::code::{arguments, bracketed, expression, last_name, words};
use super::patterns;
use crate::manifest::{Ecosystem, FileKind};

/// A position in a source file.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodePlace<'t> {
    /// The path of the source file.
    pub file: &'t str,
    /// Its text, with comments blanked out.
    pub text: &'t str,
    /// The offset.
    pub at: usize,
}

impl<'t> CodePlace<'t> {
    /// The line up to the position.
    fn line_before(self) -> &'t str {
        let start = self.text[..self.at].rfind('\n').map_or(0, |at| at + 1);
        &self.text[start..self.at]
    }
}

/// The values of a name, with the positions of their expressions.
pub(super) type GivenValues<'t> = Vec<(CodePlace<'t>, &'t str)>;

/// A parameter of the function around a position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter<'t> {
    /// The function's name; `None` if it has none.
    pub function: Option<&'t str>,
    /// Its index, from 0.
    pub index: usize,
    /// Its own name.
    pub name: &'t str,
    /// Its default value.
    pub default: Option<&'t str>,
}

/// The meaning of a name at a position.
pub(super) enum NameBinding<'t> {
    /// One of these values.
    Given(GivenValues<'t>),
    /// An argument of a caller.
    Parameter(Parameter<'t>),
    /// A variable of a loop or a block.
    Inner,
    /// Not defined in the source file.
    Nothing,
}

/// The argument that a mention of a function passes for one of its parameters.
pub(super) enum PassedValue<'t> {
    /// This expression.
    Argument(&'t str),
    /// None: it is the definition, or exports the name.
    Nothing,
    /// Unknown: other code decides.
    Anything,
}

/// The argument that the function's name at a position passes for one of its parameters.
pub(super) fn passed_values<'t>(place: CodePlace<'t>, function: &str, parameter: &Parameter) -> PassedValue<'t> {
    let rest = &place.text[place.at + function.len()..];
    let before = place.line_before().trim_end();
    let line = rest.split('\n').next().unwrap_or_default();
    let list = if rest.starts_with('(') { bracketed(rest) } else { None };
    let Some(list) = list else {
        let moved = ["import", "export", "require", "__all__"].iter().any(|word| before.contains(word));
        let named =
            moved || before.is_empty() || before.ends_with(['{', ',']) || rest.trim_start().starts_with(['=', ':']);
        return if named { PassedValue::Nothing } else { PassedValue::Anything };
    };
    let behind = rest[list.len() + 2..].trim_start();
    let python = FileKind::of(place.file).ecosystem() == Some(Ecosystem::Python);
    let opens = behind.starts_with('{') || behind.starts_with(':') && line.trim_end().ends_with('{');
    let defines = ["def", "function", "func", "fn"].iter().any(|word| before.ends_with(word));
    if defines || !python && opens {
        return PassedValue::Nothing;
    }
    let arguments = arguments(list);
    let named = arguments.iter().find_map(|part| {
        let value = part.strip_prefix(parameter.name)?.trim_start().strip_prefix('=')?;
        (!value.starts_with('=')).then_some(value)
    });
    let placed = || arguments.get(parameter.index).copied().filter(|part| !is_named(part));
    match (named.or_else(placed), parameter.default) {
        (Some(value), _) => PassedValue::Argument(value),
        (None, Some(_)) => PassedValue::Nothing,
        (None, None) => PassedValue::Anything,
    }
}

/// Whether an argument names its parameter: `name=value`.
fn is_named(part: &str) -> bool {
    part.split_once('=').is_some_and(|(name, value)| {
        name.trim().chars().all(|c| c.is_alphanumeric() || c == '_') && !value.starts_with(['=', '>'])
    })
}

/// The meaning of a plain name at a position of its own source file.
pub(super) fn bound<'t>(place: CodePlace<'t>, name: &str) -> NameBinding<'t> {
    if let Some(inner) = of_blocks(place, name) {
        return inner;
    }
    let values: GivenValues = values_of_name(place, name, false)
        .into_iter()
        .filter(|(definition, _)| is_visible(place.text, definition.at, place.at))
        .collect();
    if values.is_empty() { NameBinding::Nothing } else { NameBinding::Given(values) }
}

/// The values of a name at the outermost level of a source file, where other files may see it.
pub(super) fn exported<'t>(place: CodePlace<'t>, name: &str) -> GivenValues<'t> {
    let is_seen = |definition: &CodePlace| {
        let line = definition.line_before();
        let first = line.split_whitespace().next().unwrap_or_default();
        !line.starts_with([' ', '\t']) || ["export", "public", "static", "pub"].contains(&first)
    };
    values_of_name(place, name, false).into_iter().filter(|(definition, _)| is_seen(definition)).collect()
}

/// The values of a member or key of this name, anywhere in a source file: `self.folder = …`, `folder: …`, `"folder":
/// …`.
pub(super) fn members<'t>(place: CodePlace<'t>, name: &str) -> GivenValues<'t> {
    values_of_name(place, name, true)
}

/// All values of a name in a source file, or also of members.
fn values_of_name<'t>(place: CodePlace<'t>, name: &str, members: bool) -> GivenValues<'t> {
    let mut values = Vec::new();
    for at in words(place.text, name) {
        if place.text[..at].ends_with('.') && !members {
            continue;
        }
        let value = assigned(place, at + name.len(), members).map(expression).filter(|value| !value.is_empty());
        values.extend(value.map(|value| (CodePlace { at, ..place }, value)));
    }
    values
}

/// The text from the start of the value that is assigned to the name that ends here.
fn assigned(place: CodePlace<'_>, end: usize, members: bool) -> Option<&str> {
    let rest = &place.text[end..];
    let bare = rest.trim_start_matches(['"', '\'']);
    let quoted = bare.len() != rest.len();
    let rest = bare.trim_start_matches(']').trim_start_matches([' ', '\t']);
    if let Some(value) = rest.strip_prefix(":=") {
        return Some(value);
    }
    let is_value = |text: &&str| !text.starts_with(['=', '>', '~']);
    if let Some(value) = rest.strip_prefix('=') {
        return Some(value).filter(is_value);
    }
    let value = rest.strip_prefix(':').filter(|rest| !rest.starts_with(':'))?;
    let typed = expression(value);
    // `name: type = value`
    if let Some((_, value)) = typed.split_once(" = ").filter(|(before, _)| !before.contains(['(', '"', '\''])) {
        return Some(value);
    }
    let kind = FileKind::of(place.file);
    let is_type = kind.language() == "TypeScript" && typed.chars().all(|c| c.is_alphanumeric() || "<>[]| ".contains(c));
    let is_property = quoted || kind.ecosystem() == Some(Ecosystem::Node) && !is_type;
    if members && is_property { Some(value) } else { None }
}

/// The number of blanks before the first word.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether a definition at one position is visible at another: at the outermost level, or in a block around both.
fn is_visible(text: &str, defined: usize, used: usize) -> bool {
    let start = text[..defined].rfind('\n').map_or(0, |at| at + 1);
    let indentation = indent(&text[start..]).min(defined - start);
    if indentation == 0 {
        return true;
    }
    let inside =
        |line: &str| line.trim().is_empty() || indent(line) >= indentation || line.trim_start().starts_with([')', ']']);
    defined < used && text[start..used].lines().all(inside)
}

/// The meaning of a name in the function, loop or block around a position.
fn of_blocks<'t>(place: CodePlace<'t>, name: &str) -> Option<NameBinding<'t>> {
    let line = place.line_before();
    if let Some(at) = line.rfind("=>").filter(|at| words(&line[..*at], name).next().is_some()) {
        return Some(parameter(&line[..at + 2], name).map_or(NameBinding::Inner, NameBinding::Parameter));
    }
    let mut level = indent(line);
    let mut end = place.at - line.len();
    while level > 0 && end > 0 {
        let start = place.text[..end - 1].rfind('\n').map_or(0, |at| at + 1);
        let line = &place.text[start..end - 1];
        let (indentation, mut from) = (indent(line), start);
        if line.trim().is_empty() || indentation >= level {
            end = start;
            continue;
        }
        // Parameters may be on lines above.
        while place.text[from..end].matches(')').count() > place.text[from..end].matches('(').count() && from > 0 {
            from = place.text[..from - 1].rfind('\n').map_or(0, |at| at + 1);
        }
        let header = &place.text[from..end - 1];
        let header_level = indent(header);
        if words(header, name).next().is_some() {
            if is_function(header)
                && let Some(mut parameter) = parameter(header, name)
            {
                if matches!(parameter.function, Some("constructor" | "__init__")) {
                    parameter.function = class_around(place.text, from);
                }
                return Some(NameBinding::Parameter(parameter));
            }
            if let Some(value) = block_subject(header, name) {
                return Some(NameBinding::Given(vec![(CodePlace { at: from, ..place }, value)]));
            }
            if is_inner(header, name) {
                return Some(NameBinding::Inner);
            }
        }
        (level, end) = (header_level, from);
    }
    None
}

/// Whether a line opens a function: `def f(a):`, `function f(a) {`, `(a) => {`, `f(a) {`.
fn is_function(header: &str) -> bool {
    let first = header.trim_start().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let opens = header.trim_end().ends_with(['{', ':']) || header.contains("=>");
    opens && header.contains('(') && patterns::words("opens a block of no function").all(|word| word != first)
}

/// The expression that a block binds to the name: `with open(path) as name:`.
fn block_subject<'t>(header: &'t str, name: &str) -> Option<&'t str> {
    let inside = header.trim().strip_suffix(':')?.trim_start_matches("async ").strip_prefix("with ")?;
    let mut all = arguments(inside).into_iter().filter_map(|argument| argument.rsplit_once(" as "));
    all.find(|(_, parameter_name)| parameter_name.trim() == name).map(|(value, _)| value)
}

/// Whether a loop or a block gives the name a value: `for a in b`, `with b as a`, `catch (a)`.
fn is_inner(header: &str, name: &str) -> bool {
    words(header, name).any(|at| {
        let before = header[..at].trim_end().trim_end_matches(['(', '[', '{', ',']).trim_end();
        let looped =
            header.trim_start().starts_with("for") && !header[..at].contains(" in ") && !header[..at].contains(" of ");
        looped || before.ends_with(" as") || before.ends_with("catch")
    })
}

/// The parameter with this name in a function's head.
fn parameter<'t>(header: &'t str, name: &str) -> Option<Parameter<'t>> {
    for (open, _) in header.match_indices('(') {
        let Some(list) = bracketed(&header[open..]) else { continue };
        let list = arguments(list);
        let default = list.iter().enumerate().find_map(|(index, parameter)| {
            let parameter = parameter.trim_start_matches(['*', '.', '{']).trim_start();
            let rest = parameter.strip_prefix(name)?;
            let whole = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
            whole.then_some((index, &parameter[..name.len()], rest))
        });
        let Some((index, name, rest)) = default else { continue };
        let is_method = list.first().is_some_and(|first| matches!(*first, "self" | "cls" | "&self" | "&mut self"));
        let default = rest.split_once('=').map(|(_, value)| value.trim()).filter(|value| !value.starts_with('>'));
        let function = function_name(&header[..open]);
        return Some(Parameter { function, index: index - usize::from(is_method && index > 0), name, default });
    }
    None
}

/// What a function without parameters returns: `function f() { return a }`, `const f = () => a`, `def f(): return a`. Nothing
/// where a file defines it twice.
pub(super) fn returned_values<'t>(place: CodePlace<'t>, name: &str) -> GivenValues<'t> {
    let text = place.text;
    let bodies: Vec<(usize, &str)> = words(text, name).filter_map(|at| body_of(text, at, name)).collect();
    let [(start, body)] = bodies[..] else { return Vec::new() };
    // An arrow before a plain expression.
    if !body.starts_with(['{', '\n']) {
        return vec![(CodePlace { at: start, ..place }, expression(body))];
    }
    let returns = words(body, "return").map(|at| at + "return".len());
    let values = returns.map(|at| (CodePlace { at: start + at, ..place }, expression(&body[at..])));
    values.filter(|(_, value)| !value.is_empty()).collect()
}

/// The body of the function that a name at a place is defined as, with its offset: from its brace on, what stands behind the
/// arrow, or the lines of Python.
fn body_of<'t>(text: &'t str, at: usize, name: &str) -> Option<(usize, &'t str)> {
    let before = text[..at].trim_end();
    let behind = at + name.len();
    let rest = &text[behind..];
    let line = rest.lines().next().unwrap_or_default();
    let offset = |part: &str| text.len() - part.len();
    if before.ends_with("def") && rest.starts_with("()") {
        let level = text[..at].rsplit('\n').next().unwrap_or_default();
        let level = level.len() - level.trim_start().len();
        let start = behind + line.len();
        let is_outside = |line: &str| !line.trim().is_empty() && line.len() - line.trim_start().len() <= level;
        let inside = text[start..].split_inclusive('\n').enumerate();
        let length = inside.take_while(|(index, line)| *index == 0 || !is_outside(line)).map(|(_, line)| line.len());
        return Some((start, &text[start..start + length.sum::<usize>()]));
    }
    let braced = |rest: &'t str| {
        let open = rest.find('{')?;
        let inner = bracketed(&rest[open..])?;
        Some((offset(rest) + open, &rest[open..open + inner.len() + 2]))
    };
    if before.ends_with("function") && rest.starts_with("()") && line.contains('{') {
        return braced(rest);
    }
    let value = rest.trim_start().strip_prefix('=')?.trim_start().strip_prefix("()")?;
    let (_, arrow) = value.split_once("=>").filter(|(types, _)| !types.contains([';', '\n', '(']))?;
    let arrow = arrow.trim_start();
    if arrow.starts_with('{') { braced(arrow) } else { Some((offset(arrow), arrow)) }
}

/// The class around a position: calling its name creates an instance.
fn class_around(text: &str, end: usize) -> Option<&str> {
    let line = text[..end].lines().rev().find(|line| {
        let line = line.trim_start().trim_start_matches("export ").trim_start_matches("default ");
        line.starts_with("class ")
    })?;
    let name = line.split("class ").nth(1)?;
    name.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().filter(|name| !name.is_empty())
}

/// The name before a list of parameters: `def f`, `const f = async`, `f`.
fn function_name(before: &str) -> Option<&str> {
    let before = before.trim_end();
    let before = before.strip_suffix("function").unwrap_or(before).trim_end();
    let before = before.strip_suffix("async").unwrap_or(before).trim_end();
    let before = before.strip_suffix(['=', ':']).unwrap_or(before);
    Some(last_name(before.trim_end())).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values_of(file: &str, text: &str, name: &str) -> String {
        let at = text.find("HERE").unwrap();
        match bound(CodePlace { file, text, at }, name) {
            NameBinding::Given(values) => values.iter().map(|(_, value)| *value).collect::<Vec<_>>().join(" | "),
            NameBinding::Parameter(parameter) => {
                let default = parameter.default.map(|default| format!(" {default}")).unwrap_or_default();
                format!("{} {}{default}", parameter.function.unwrap_or("?"), parameter.index)
            }
            NameBinding::Inner => "inner".to_owned(),
            NameBinding::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn names_are_bound() {
        for (file, text, name, expected) in [
            ("a.py", "A = '/data'\ndef f():\n    HERE", "A", "'/data'"),
            ("a.py", "def g():\n    a = '/x'\ndef f():\n    HERE", "a", "nothing"),
            ("a.py", "def f():\n    a = '/x'\n    if b:\n        HERE", "a", "'/x'"),
            ("a.py", "A: str = '/data'\nHERE", "A", "'/data'"),
            ("a.py", "def save(x, path):\n    HERE", "path", "save 1"),
            (
                "a.py",
                "class A:\n    def save(\n        self,\n        path: str,\n    ):\n        HERE",
                "path",
                "save 0",
            ),
            ("a.py", "for name in names:\n    HERE", "name", "inner"),
            ("a.py", "with x() as name:\n    HERE", "name", "x()"),
            ("a.py", "with a() as b, x(1, 2) as name:\n    HERE", "name", "x(1, 2)"),
            ("a.py", "class A:\n    def __init__(self, path='/x'):\n        HERE", "path", "A 0 '/x'"),
            ("a.js", "export class A {\n  constructor(dir) {\n    HERE\n  }\n}", "dir", "A 0"),
            ("a.py", "A = 1\nfor x in A:\n    HERE", "A", "1"),
            ("a.js", "const dir = a ||\n  '/x'\nHERE", "dir", "a ||\n  '/x'"),
            ("a.js", "const save = async (dir) => {\n  HERE\n}", "dir", "save 0"),
            ("a.js", "function save (dir, x) {\n  HERE\n}", "x", "save 1"),
            ("a.js", "const dir = '/x'\nif (!exists(dir)) {\n  HERE\n}", "dir", "'/x'"),
            ("a.js", "all.forEach((dir) => HERE", "dir", "? 0"),
            ("a.ts", "const dir: string = '/x'\nHERE", "dir", "'/x'"),
            ("a.go", "dir := \"/x\"\nHERE", "dir", "\"/x\""),
            ("a.js", "if (dir == '/x') HERE", "dir", "nothing"),
        ] {
            assert_eq!(values_of(file, text, name), expected, "{text}");
        }
    }

    #[test]
    fn members_and_exports_are_found() {
        let values = |file: &str, text: &str, name: &str, of: fn(CodePlace<'static>, &str) -> GivenValues<'static>| {
            let place = CodePlace { file: file.to_owned().leak(), text: text.to_owned().leak(), at: 0 };
            of(place, name).iter().map(|(_, value)| *value).collect::<Vec<_>>().join(" | ")
        };
        assert_eq!(values("a.js", "export default { dir: '/x', b: 1 }", "dir", members), "'/x'");
        assert_eq!(values("a.py", "app.config['DIR'] = '/x'", "DIR", members), "'/x'");
        assert_eq!(values("a.py", "{'DIR': '/x'}", "DIR", members), "'/x'");
        assert_eq!(values("a.py", "class A:\n    dir: str = '/x'", "dir", members), "'/x'");
        assert_eq!(values("a.ts", "interface A { dir: string }", "dir", members), "");
        assert_eq!(values("a.js", "export const DIR = '/x'\n  const DIR = 1", "DIR", exported), "'/x'");
        assert_eq!(values("a.py", "DIR = '/x'\ndef f():\n    DIR = 1", "DIR", exported), "'/x'");
    }
}
