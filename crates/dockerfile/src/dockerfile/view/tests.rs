use super::*;
use crate::dockerfile::parse;
use crate::text::Source;

fn with<T>(text: &str, look: impl Fn(&File, &Instruction) -> T) -> T {
    let file = parse(&Source::of("Dockerfile", text));
    look(&file, &file.instructions()[0])
}

fn text_of(file: &File, argument: &Argument<'_>) -> String {
    format!("{}@{}", argument.text, file.source().slice(argument.span))
}

#[test]
fn from_has_image_platform_and_name() {
    with("FROM --platform=$BUILDPLATFORM a:1 as B\n", |file, instruction| {
        let from = file.from(instruction).unwrap();
        assert_eq!(text_of(file, &from.image), "a:1@a:1");
        assert_eq!(from.platform.unwrap().text, "$BUILDPLATFORM");
        assert_eq!(from.name.unwrap().text, "B");
    });
    with("FROM a b c\n", |file, instruction| assert_eq!(file.from(instruction).unwrap().name, None));
}

#[test]
fn copy_has_sources_and_destination() {
    with("COPY --from=x --link --exclude=\"*.md\" --exclude=b [\"a\\u0041\", \"/d\"]\n", |file, instruction| {
        let copy = file.transfer(instruction).unwrap();
        assert_eq!(text_of(file, &copy.sources[0]), "aA@\"a\\u0041\"");
        assert_eq!(text_of(file, &copy.destination), "/d@\"/d\"");
        assert_eq!(text_of(file, &copy.exclude[0]), "*.md@\"*.md\"");
        assert_eq!((copy.link, copy.parents, copy.exclude.len()), (Some(true), None, 2));
    });
    with("ADD --link=false a <<A \\\n <<B /d\n1\nA\n2\nB\n", |file, instruction| {
        let add = file.transfer(instruction).unwrap();
        let bodies: Vec<&str> =
            add.heredocs.iter().map(|source| file.source().slice(source.heredoc.unwrap().body)).collect();
        assert_eq!((add.sources.len(), add.link, bodies), (1, Some(false), vec!["1\n", "2\n"]));
    });
}

#[test]
fn mounts_have_fields_with_places() {
    let text = "RUN --mount=type=cache,Target=/c,sharing=locked \\\n  --mount=type=secret,id=k,required a\n";
    with(text, |file, instruction| {
        let mounts = file.run(instruction).unwrap().mounts;
        assert_eq!((&*mounts[0].kind(), mounts[0].target(), mounts[0].is_readonly()), ("cache", Some("/c"), false));
        assert_eq!(file.source().slice(mounts[0].fields[1].span), "Target=/c");
        assert_eq!(file.source().slice(mounts[1].fields[1].span), "id=k");
        assert!(mounts[1].is_required() && mounts[1].is_readonly());
    });
    with("RUN --mount=\"target=/a b\",rw a\n", |file, instruction| {
        let mounts = file.run(instruction).unwrap().mounts;
        assert_eq!((mounts[0].target(), mounts[0].is_readonly()), (Some("/a b"), false));
    });
}

#[test]
fn pairs_and_args_are_split() {
    with("ENV A=1 \\\n  B=\"x y\" C=\n", |file, instruction| {
        let texts: Vec<String> = file.variables(instruction).iter().map(|pair| text_of(file, &pair.value)).collect();
        assert_eq!(texts, ["1@1", "\"x y\"@\"x y\"", "@"]);
    });
    with("ARG A B=c=d\n", |file, instruction| {
        let args = file.args(instruction);
        assert_eq!((&*args[0].name.text, &args[0].default), ("A", &None));
        assert_eq!((&*args[1].name.text, &*args[1].default.as_ref().unwrap().text), ("B", "c=d"));
    });
}

#[test]
fn healthchecks_have_a_form() {
    with("HEALTHCHECK --interval=5s CMD curl -f x || exit 1\n", |file, instruction| {
        let Some(Healthcheck::Command { command: Some(CommandForm::Shell(text)), interval, .. }) =
            file.healthcheck(instruction)
        else {
            panic!("shell form");
        };
        assert_eq!((&*text.text, &*interval.unwrap().text), ("curl -f x || exit 1", "5s"));
        assert_eq!(file.script(instruction).unwrap().text, "curl -f x || exit 1");
    });
    with("HEALTHCHECK none\n", |file, instruction| assert_eq!(file.healthcheck(instruction), Some(Healthcheck::None)));
}

/// The source under a piece of the script's text.
fn check_script(dockerfile: &str, expected: &str, kind: ScriptKind<'_>, pieces: &[(&str, &str)]) {
    with(dockerfile, |file, instruction| {
        let script = file.script(instruction).unwrap();
        assert_eq!((&*script.text, script.kind), (expected, kind));
        for (piece, source) in pieces {
            let at = script.text.find(piece).unwrap() as u32;
            let span = script.locate(file, Span::new(at, at + piece.len() as u32));
            assert_eq!(file.source().slice(span), *source);
        }
    });
}

#[test]
fn scripts_map_back_to_the_source() {
    let shell = ScriptKind::Shell;
    check_script(
        "RUN a \\\n# c\n  && b\n",
        "a   && b",
        shell,
        &[("a", "a"), ("&& b", "&& b"), ("a   &&", "a \\\n# c\n  &&")],
    );
    check_script("RUN <<-EOF\n\ta\n\t\tb\n\tEOF\n", "a\nb\n", shell, &[("b", "b"), ("a\nb", "a\n\t\tb")]);
    check_script(
        "RUN <<EOF\n#!/usr/bin/env python3\nx\nEOF\n",
        "#!/usr/bin/env python3\nx\n",
        ScriptKind::Interpreter("/usr/bin/env python3"),
        &[("x", "x")],
    );
    check_script(
        "RUN python3 - <<EOF >x && \\\n y\nprint(1)\nEOF\n",
        "python3 - <<EOF >x &&  y\nprint(1)\nEOF",
        shell,
        &[("print(1)", "print(1)"), ("y", "y"), ("\nEOF", "\nEOF")],
    );
}
