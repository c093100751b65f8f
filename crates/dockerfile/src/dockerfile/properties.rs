//! What holds for every input: no panic, tiles, spans in bounds, no work beyond the input's length.

use allocation_counter::measure;

use super::vectors::cases;
use super::{Arguments, File, Instruction, InstructionWord, Keyword, Stage, parse};
use crate::text::{Source, Span};
use dockopt_testing::Random;

/// Pieces that mean something to some part of the parser.
const PIECES: [&str; 36] = [
    "\n",
    "\r\n",
    "\\\n",
    "`\n",
    "\\",
    "`",
    "\"",
    "'",
    " ",
    "\t",
    "\u{a0}",
    "à",
    "ঠ",
    "日",
    "\u{feff}",
    "\u{85}",
    "<<EOF",
    "<<-\"A\"",
    "EOF\n",
    "# x\n",
    "# escape=`\n",
    "# check=skip=A b\n",
    "ONBUILD ",
    "RUN ",
    "COPY ",
    "HEALTHCHECK ",
    "ENV ",
    "[\"a\",",
    "\\u00e9\"]",
    "--mount=",
    "--",
    "=",
    "${",
    "FROM a AS b\n",
    "\0",
    "\u{fffd}",
];

fn mutate(text: &str, random: &mut Random) -> String {
    let mut out = text.to_owned();
    for _ in 0..=random.below(4) {
        let boundary = |at: usize, text: &str| text.floor_char_boundary(at);
        let at = boundary(random.below(out.len() + 1), &out);
        match random.below(3) {
            0 => out.insert_str(at, PIECES[random.below(PIECES.len())]),
            1 => {
                let end = boundary((at + random.below(8)).min(out.len()), &out).max(at);
                out.replace_range(at..end, "");
            }
            _ => out.truncate(at),
        }
    }
    out
}

fn check_all(text: &str) {
    let source = Source::of("Dockerfile", text);
    let file = parse(&source);
    let mut at = 0;
    for line in file.lines() {
        assert_eq!(line.span.start, at, "{text:?}");
        at = line.span.end;
    }
    assert_eq!(at as usize, text.len(), "{text:?}");
    let mut joined = String::new();
    for (span, _) in file.pieces() {
        joined.push_str(source.slice(span));
    }
    assert_eq!(joined, text);
    let mut end = 0;
    for instruction in file.instructions() {
        assert!(instruction.span.start >= end, "{text:?}");
        end = instruction.span.end;
        assert_eq!(instruction.start_line, source.line(instruction.span.start), "{text:?}");
        check_instruction(&file, instruction, instruction.span);
    }
    for problem in file.problems() {
        source.slice(problem.span);
    }
    file.answer(Stage::Dispatch);
}

fn check_word(file: &File, word: InstructionWord, parent: Span) {
    file.str(word);
    file.source().slice(word.span);
    assert!(parent.contains(word.span), "{:?} outside of {parent:?} in {:?}", word.span, file.source().text());
}

fn check_instruction(file: &File, instruction: &Instruction, parent: Span) {
    let span = instruction.span;
    assert!(parent.contains(span), "{span:?} outside of {parent:?} in {:?}", file.source().text());
    assert!(span.contains(instruction.head), "{instruction:?} in {:?}", file.source().text());
    check_word(file, instruction.name, span);
    check_word(file, instruction.rest, span);
    for flag in &instruction.flags {
        check_word(file, flag.word, span);
        check_word(file, flag.name, flag.word.span);
        if let Some(value) = flag.value {
            check_word(file, value, flag.word.span);
        }
    }
    for heredoc in &instruction.heredocs {
        check_word(file, heredoc.opener, span);
    }
    check_arguments(file, &instruction.arguments, span);
    let script = file.script(instruction);
    if let Some(script) = script {
        for (at, c) in script.text.char_indices() {
            file.source().slice(script.locate(file, Span::new(at as u32, (at + c.len_utf8()) as u32)));
        }
    }
    drop(file.run(instruction));
    drop(file.transfer(instruction));
    drop(file.healthcheck(instruction));
    drop(file.inline_check(instruction));
}

fn check_arguments(file: &File, arguments: &Arguments, span: Span) {
    match arguments {
        Arguments::None => {}
        Arguments::Json(elements) => elements.iter().for_each(|element| check_word(file, element.word, span)),
        Arguments::Raw(word) => check_word(file, *word, span),
        Arguments::Words(words) => words.iter().for_each(|&word| check_word(file, word, span)),
        Arguments::Pairs(pairs) => {
            for pair in pairs {
                check_word(file, pair.key, span);
                check_word(file, pair.value, span);
            }
        }
        Arguments::Healthcheck(kind, command) => {
            check_word(file, *kind, span);
            check_arguments(file, command, span);
        }
        Arguments::Trigger(trigger) => check_instruction(file, trigger, span),
    }
}

#[test]
fn mutants_are_read_without_loss() {
    let mut random = Random::new(0x9e37_79b9_7f4a_7c15);
    let inputs: Vec<String> = cases().map(|(_, input, _)| input).collect();
    for input in &inputs {
        check_all(input);
        for _ in 0..4 {
            check_all(&mutate(input, &mut random));
        }
    }
}

/// Hostile inputs of so many parts; with many, quadratic time would be minutes.
fn hostile(many: usize) -> Vec<(&'static str, String)> {
    vec![
        ("long line", format!("FROM a\nRUN {}\n", "x ".repeat(50 * many))),
        ("long flags", format!("FROM a\nRUN {}x\n", "--mount=type=cache,target=/c ".repeat(many))),
        ("stages", "FROM a AS b\n".repeat(many)),
        ("continuations", format!("FROM a\nRUN a{}", " \\\n b".repeat(many))),
        ("pairs", format!("FROM a\nENV a=b{}", " \\\n  c=d".repeat(many))),
        ("inner comments", format!("FROM a\nRUN a \\\n{}", "# c\n\n".repeat(many))),
        ("heredocs in a line", format!("FROM a\nRUN{}\n{}", " <<E".repeat(many), "E\n".repeat(many))),
        ("heredocs in a file", format!("FROM a\n{}", "RUN <<E\nx\nE\n".repeat(many))),
        ("open heredocs", format!("FROM a\n{}", "RUN <<E\n".repeat(many))),
        (
            "open heredocs of other names",
            (0..many).flat_map(|n| ["RUN <<E".to_owned(), n.to_string(), "\nx\n".to_owned()]).collect(),
        ),
        ("lost heredocs", "RUN <<E don't\n".repeat(many)),
        ("quotes", format!("FROM a\nRUN <<E {}\n", "\"'".repeat(many))),
        ("braces", format!("FROM a\nRUN <<E {}\n", "${a:-".repeat(many / 5))),
        ("nested JSON", format!("FROM a\nCMD {}\n", "[".repeat(many))),
        ("triggers", format!("FROM a\n{}RUN a\n", "ONBUILD ".repeat(many))),
        ("swallowed", format!("FROM a\nRUN '{}", " \\\nFROM a".repeat(many))),
        ("comments", "# check=skip=A, b\n".repeat(many)),
        ("unknown flags", format!("FROM a\nCOPY {}a b\n", "--x ".repeat(many))),
        ("unknown", "x y\n".repeat(many)),
        ("indented", format!("FROM a\n{}RUN a\n", "\u{a0}# x\n".repeat(many))),
    ]
}

#[test]
fn hostile_inputs_take_no_quadratic_work() {
    let read = |text: &str| {
        let source = Source::of("Dockerfile", text);
        measure(|| {
            let file = parse(&source);
            file.pieces().for_each(drop);
            file.answer(Stage::Dispatch);
        })
    };
    let size = if std::env::var_os("DOCKOPT_FULL").is_some_and(|value| !value.is_empty()) { 50_000 } else { 10_000 };
    for ((name, half), (_, whole)) in hostile(size).iter().zip(&hostile(2 * size)) {
        let (half, whole) = (read(half), read(whole));
        let grown = whole.bytes_total < half.bytes_total * 3 && whole.count_total < half.count_total * 2 + 100;
        assert!(grown, "{name}: twice the input allocates {whole:?}, not {half:?}");
    }
}

/// Instructions and start lines by the peer, which reads less: `None` when it refuses the file.
fn peer(text: &str) -> Option<Vec<(Keyword, u32)>> {
    let source = Source::of("Dockerfile", text);
    let parsed = parse_dockerfile::parse(text).ok()?;
    let mut out = Vec::new();
    for instruction in &parsed.instructions {
        use parse_dockerfile::Instruction as I;
        let (keyword, span) = match instruction {
            I::Add(i) => (Keyword::Add, &i.add.span),
            I::Arg(i) => (Keyword::Arg, &i.arg.span),
            I::Cmd(i) => (Keyword::Cmd, &i.cmd.span),
            I::Copy(i) => (Keyword::Copy, &i.copy.span),
            I::Entrypoint(i) => (Keyword::Entrypoint, &i.entrypoint.span),
            I::Env(i) => (Keyword::Env, &i.env.span),
            I::Expose(i) => (Keyword::Expose, &i.expose.span),
            I::From(i) => (Keyword::From, &i.from.span),
            I::Healthcheck(i) => (Keyword::Healthcheck, &i.healthcheck.span),
            I::Label(i) => (Keyword::Label, &i.label.span),
            I::Maintainer(i) => (Keyword::Maintainer, &i.maintainer.span),
            I::Onbuild(i) => (Keyword::Onbuild, &i.onbuild.span),
            I::Run(i) => (Keyword::Run, &i.run.span),
            I::Shell(i) => (Keyword::Shell, &i.shell.span),
            I::Stopsignal(i) => (Keyword::Stopsignal, &i.stopsignal.span),
            I::User(i) => (Keyword::User, &i.user.span),
            I::Volume(i) => (Keyword::Volume, &i.volume.span),
            I::Workdir(i) => (Keyword::Workdir, &i.workdir.span),
            _ => return None,
        };
        out.push((keyword, source.line(span.start as u32)));
    }
    Some(out)
}

/// What parse-dockerfile is known to read otherwise than BuildKit.
fn is_known_gap(text: &str) -> bool {
    let odd = ["<<", "\\\\\n", "``\n", "ONBUILD", "onbuild", "escape", "\u{feff}", "\\\r", "\\ ", "\\\t", "`"];
    odd.iter().any(|odd| text.contains(odd))
}

#[test]
fn the_peer_finds_the_same_instructions() {
    let (mut same, mut all) = (0, 0);
    for (id, input, expected) in cases() {
        let is_accepted = expected["error"].is_null();
        let Some(theirs) = peer(&input) else { continue };
        if !is_accepted || is_known_gap(&input) {
            continue;
        }
        let file = parse(&Source::of("Dockerfile", &input));
        let keywords: Vec<(Keyword, u32)> = file.instructions().iter().map(|i| (i.keyword, i.start_line)).collect();
        all += 1;
        same += usize::from(keywords == theirs);
        assert_eq!(keywords, theirs, "{id}: {input:?}");
    }
    println!("parse-dockerfile: {same} of {all}");
    assert!(all > 200, "{all}");
}
