//! The programs that really run: wrappers, `sh -c`, `eval` and folders looked through.

use super::argument::{Flag, arguments};
use super::parser::{self, SpanOrigin};
use super::script::{Command, CommandPlace, Scope, ScopeKind, Script, ShellOptions};
use super::word::Word;
use super::wrapper::{StartedCommand, read_wrapper};
use crate::text::{Span, path};

/// Scripts in scripts in scripts that are read.
const MAX_NESTED: u32 = 4;
/// Wrappers around wrappers that are looked through.
const MAX_WRAPPERS: usize = 16;

/// A program with its arguments.
#[derive(Clone, Debug)]
pub struct Invocation<'s> {
    /// The program's name without its folder; none when an expansion decides it.
    pub program: Option<&'s str>,
    /// The word that names it.
    pub path: &'s Word,
    /// The words after it.
    pub args: &'s [Word],
    /// The programs that run it (`sudo`, `env`, `sh` of `sh -c`), outermost first.
    pub via: Vec<Wrapper<'s>>,
    /// From the program's name to its last argument.
    pub span: Span,
    /// The command it stands in.
    pub command: &'s Command,
    /// The script that holds [`Self::command`]: the one that was read, or one given to `sh -c` in it.
    pub script: &'s Script,
    /// Index of the command in the script that was read, even when a nested script holds this one.
    pub outer: u32,
}

/// A program that runs another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrapper<'s> {
    /// Its name without folder.
    pub program: &'s str,
    /// The word that names it.
    pub span: Span,
    /// Its options and operands, up to the program it runs.
    pub args: &'s [Word],
}

impl<'s> Invocation<'s> {
    /// Whether this program runs.
    pub fn is(&self, program: &str) -> bool {
        self.program == Some(program)
    }

    /// The argument that is `name` or starts with `name=`, before any `--`.
    pub fn flag(&self, name: &str) -> Option<&'s Word> {
        let before_end = self.args.iter().take_while(|word| !word.is("--"));
        let matches =
            |word: &&Word| word.text().strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('='));
        before_end.into_iter().find(matches)
    }

    /// Its options and operands, by what is known of the program.
    pub fn arguments(&self) -> (Vec<Flag<'s>>, Vec<&'s Word>) {
        arguments(self.program.unwrap_or_default(), self.args)
    }

    /// Whether it is run through `wrapper`.
    pub fn is_via(&self, wrapper: &str) -> bool {
        self.via.iter().any(|wrapper_call| wrapper_call.program == wrapper)
    }
}

impl Script {
    /// Every program that is run, wrappers and `sh -c` looked through, in source order.
    pub fn invocations(&self) -> Vec<Invocation<'_>> {
        let mut invocations = Vec::new();
        collect(self, None, &[], &mut invocations);
        invocations
    }
}

/// Calls itself once per nested script; [`MAX_NESTED`] bounds that.
fn collect<'s>(script: &'s Script, outer: Option<u32>, via: &[Wrapper<'s>], out: &mut Vec<Invocation<'s>>) {
    let mut nested = script.nested.iter().peekable();
    for (index, command) in script.commands.iter().enumerate() {
        let outer = outer.unwrap_or(index as u32);
        let inner = nested.next_if(|(at, _)| *at as usize == index).map(|(_, script)| script);
        let mut via = via.to_vec();
        let words = if script.plain.get(index) == Some(&true) {
            &command.words[..]
        } else {
            let Some(resolved) = resolve(command) else { continue };
            via.extend(resolved.via);
            resolved.words
        };
        if let Some(inner) = inner.filter(|inner| !inner.commands.is_empty()) {
            let program = words[0].value().map(path::name).unwrap_or_default();
            via.push(Wrapper { program, span: words[0].span, args: &words[1..] });
            collect(inner, Some(outer), &via, out);
            continue;
        }
        let span = words[0].span.to(words[words.len() - 1].span);
        let program = words[0].value().map(path::name);
        out.push(Invocation { program, path: &words[0], args: &words[1..], via, span, command, script, outer });
    }
}

struct ResolvedInvocation<'s> {
    via: Vec<Wrapper<'s>>,
    /// The innermost command; not empty.
    words: &'s [Word],
    started: StartedCommand,
}

fn resolve(command: &Command) -> Option<ResolvedInvocation<'_>> {
    let mut words = command.words.as_slice();
    let mut via = Vec::new();
    words.first()?;
    loop {
        let started = read_wrapper(words);
        let StartedCommand::Command(from, to) = started else {
            return Some(ResolvedInvocation { via, words, started });
        };
        if via.len() >= MAX_WRAPPERS {
            return Some(ResolvedInvocation { via, words, started: StartedCommand::Program });
        }
        let program = words[0].value().map(path::name).unwrap_or_default();
        via.push(Wrapper { program, span: words[0].span, args: &words[1..from] });
        words = &words[from..to];
    }
}

/// A text and where it starts; none when spans into it have no exact place.
type PlacedText<'t> = Option<(&'t str, u32)>;

/// Reads the scripts that the commands of `script` give to other shells.
pub(super) fn with_nested(script: Script, whole: PlacedText<'_>) -> Script {
    nested_below(script, whole, 0)
}

/// Calls itself once per level; [`MAX_NESTED`] bounds that.
fn nested_below(mut script: Script, whole: PlacedText<'_>, depth: u32) -> Script {
    script.before_or = Script::groups_before_or(&script.compounds);
    script.folder_changes = Script::indices_of_folder_changes(&script.commands);
    if depth >= MAX_NESTED {
        return script;
    }
    script.plain = vec![false; script.commands.len()];
    for (index, command) in script.commands.iter().enumerate() {
        let Some(resolved) = resolve(command) else { continue };
        script.plain[index] = resolved.via.is_empty() && matches!(resolved.started, StartedCommand::Program);
        let inner = match resolved.started {
            StartedCommand::Script(at, options) => {
                let word = &resolved.words[at];
                let start = word.verbatim().map(|span| span.start);
                let origin = start.map_or(SpanOrigin::Inside(word.span), SpanOrigin::At);
                let inner = parser::parse(word.text(), origin, options);
                nested_below(inner, start.map(|start| (word.text(), start)), depth + 1)
            }
            StartedCommand::Joined(from) => {
                let words = &resolved.words[from..];
                let texts: Vec<&str> = words.iter().map(Word::text).collect();
                let span = words[0].span.to(words[words.len() - 1].span);
                let inner = parser::parse(&texts.join(" "), SpanOrigin::Inside(span), command.place.options);
                nested_below(inner, None, depth + 1)
            }
            StartedCommand::Input(options) => {
                let Some((text, start, expands)) = input(command, whole) else { continue };
                let mut inner = parser::parse(text, SpanOrigin::At(start), options);
                if expands {
                    leave_substitutions(&mut inner);
                }
                nested_below(inner, Some((text, start)), depth + 1)
            }
            StartedCommand::Program | StartedCommand::Command(..) => continue,
        };
        script.nested.push((index as u32, inner));
    }
    script
}

/// The here-document that is a command's input, where it starts, and whether the outer shell expands it.
fn input<'t>(command: &Command, whole: PlacedText<'t>) -> Option<(&'t str, u32, bool)> {
    let (text, start) = whole?;
    let redirect = command
        .redirects
        .iter()
        .rev()
        .find(|redirect| redirect.body.is_some() && matches!(redirect.descriptor, None | Some(0)))?;
    let body = redirect.body?;
    let text = text.get((body.start - start) as usize..(body.end - start) as usize)?;
    Some((text, body.start, !redirect.target.as_ref()?.is_quoted()))
}

/// Substitutions in an expanded here-document are run by the outer shell, which has them among its own commands.
fn leave_substitutions(script: &mut Script) {
    let commands = std::mem::take(&mut script.commands);
    let is_own =
        |command: &Command| script.enclosing(&command.place).all(|scope| scope.kind != ScopeKind::Substitution);
    script.commands = commands.into_iter().filter(is_own).collect();
}

/// The script of an exec form, as `["python", "app.py"]` or `["sh", "-c", "…"]`: one command of these words.
///
/// A span as long as its text, or two bytes longer (the quotes), is taken for a word without escapes, so that a script
/// in it keeps exact spans.
pub fn from_exec(words: &[(&str, Span)]) -> Script {
    let (Some((_, first)), Some((_, last))) = (words.first(), words.last()) else { return Script::default() };
    let span = first.to(*last);
    let place = CommandPlace {
        scope: 0,
        before: None,
        after: None,
        pipe_index: 0,
        pipe_len: 1,
        negated: false,
        options: ShellOptions::default(),
    };
    let words = words.iter().map(|(text, span)| Word::fixed(text, *span)).collect();
    let command = Command { span, words, assignments: Vec::new(), redirects: Vec::new(), place };
    let top = Scope { kind: ScopeKind::Top, span, parent: None, last_end: Some(span.end) };
    with_nested(Script { commands: vec![command], scopes: vec![top], ..Script::default() }, None)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::shell::parse;

    fn render(source: &str, invocations: &[Invocation<'_>]) -> String {
        let mut got = String::new();
        for invocation in invocations {
            for wrapper in &invocation.via {
                write!(got, "{}> ", wrapper.program).unwrap();
            }
            let args: Vec<&str> = invocation.args.iter().map(Word::text).collect();
            let program = invocation.program.unwrap_or("?");
            writeln!(got, "{program}[{}] {}", args.join("|"), &source[invocation.span.range()]).unwrap();
        }
        got
    }

    fn check(script: &str, expected: &str) {
        let parsed = parse(script);
        let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(render(script, &parsed.invocations()).trim_end(), expected.join("\n"), "{script}");
    }

    #[test]
    fn wrappers_are_looked_through() {
        check(
            "sudo -u app -E A=b /usr/bin/apt-get -y install x && env -u Y Z=1 timeout -k 5 10s nice -n 3 cmd a",
            "sudo> apt-get[-y|install|x] /usr/bin/apt-get -y install x
             env> timeout> nice> cmd[a] cmd a",
        );
        check(
            "find / -name x | xargs -r -n 1 rm -f; find . -exec chmod +x {} +",
            "find[/|-name|x] find / -name x
             xargs> rm[-f] rm -f
             find> chmod[+x|{}] chmod +x {}",
        );
        check(
            "command -v curl; exec \"$@\"; xargs; nohup -- a; tini -g -- b; gosu www c",
            "command[-v|curl] command -v curl
             exec> ?[] \"$@\"
             xargs[] xargs
             nohup> a[] a
             tini> b[] b
             gosu> c[] c",
        );
    }

    #[test]
    fn scripts_in_scripts_keep_their_places() {
        check("bash -ec 'apk add x && b' ; c", "bash> apk[add|x] apk add x\nbash> b[] b\nc[] c");
        check("sh -c \"a $X; b\"", "sh> a[$X] a $X\nsh> b[] b");
        check("sh -c \"a \\\"q\\\"\"", "sh> a[q] \"a \\\"q\\\"\"");
        check("eval 'a b'; eval a b", "eval> a[b] a b\neval> a[b] a b");
        check(
            "su - app -s /bin/sh -c 'x y'; bash -o pipefail -c 'z'; bash run.sh -c q; sh -s -- -c",
            "su> x[y] x y
             bash> z[] z
             bash[run.sh|-c|q] bash run.sh -c q
             sh[-s|--|-c] sh -s -- -c",
        );
        check("bash -e <<'E' && c\na $(b)\nE\n", "bash> a[$()] a $(b)\nbash> b[] b\nc[] c");
        check("sh <<E\na $(b)\nE\n", "sh> a[$()] a $(b)\nb[] b");
        check("<<E bash\nset -x\nE\n", "bash> set[-x] set -x");
        check("bash x.sh <<E\na\nE\n", "bash[x.sh] bash x.sh");
        check("sh -c 'bash -c \"sudo a\"'", "sh> bash> sudo> a[] a");
        check("sh -c \"$(cat x)\"", "sh> ?[] \"$(cat x)\"\ncat[x] cat x");
    }

    #[test]
    fn options_reach_nested_scripts() {
        let parsed = parse("bash -o pipefail -ec 'a | b'");
        let invocations = parsed.invocations();
        assert!(invocations.iter().all(|invocation| invocation.command.place.options.pipefail && invocation.command.place.options.errexit));
        assert_eq!(invocations[1].command.place.pipe_index, 1);
        assert_eq!(invocations[1].outer, 0);
    }

    #[test]
    fn exec_form() {
        let source = r#"["/bin/sh", "-c", "pip install x"]"#;
        let span = |text: &str| {
            let start = source.find(&format!("\"{text}\"")).unwrap() as u32;
            Span::new(start, start + text.len() as u32 + 2)
        };
        let words = ["/bin/sh", "-c", "pip install x"].map(|text| (text, span(text)));
        let script = from_exec(&words);
        assert_eq!(render(source, &script.invocations()), "sh> pip[install|x] pip install x\n");
        let script = from_exec(&[("python", Span::new(0, 8)), ("a b", Span::new(10, 15))]);
        let invocations = script.invocations();
        assert!(invocations[0].is("python") && invocations[0].args[0].is("a b"));
        assert!(from_exec(&[]).invocations().is_empty());
    }
}
