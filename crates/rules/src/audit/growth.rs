//! The work on a Dockerfile grows as the file does, whatever it is full of: counted as the bytes that are allocated.

use std::sync::Arc;

use super::InputAudit;
use crate::inputs::context::ContextBuilder;
use crate::inputs::{BuildInput, BuildOptions, Inputs};
use crate::rules::Policies;
use crate::text::Source;

/// A Dockerfile that holds `part` n times, with `#` replaced by 1, 2, … and `#-` by 0, 1, …
struct Shape {
    name: &'static str,
    head: &'static str,
    part: &'static str,
    tail: &'static str,
}

const fn shape(name: &'static str, head: &'static str, part: &'static str, tail: &'static str) -> Shape {
    Shape { name, head, part, tail }
}

/// Those that grew faster once.
const SHAPES: [Shape; 17] = [
    shape("copies", "FROM debian:12\n", "COPY a# /b/\n", ""),
    shape("copies of all", "FROM debian:12\n", "COPY . .\n", ""),
    shape("copies and installs", "FROM node:22\n", "COPY a# /b/\nRUN npm ci\n", ""),
    shape("owners", "FROM debian:12\n", "COPY a# /a#\nRUN chown -R u /a#\n", ""),
    shape("folders", "FROM debian:12\n", "WORKDIR folder#\n", ""),
    shape("commands in folders", "FROM debian:12\nRUN ", "cd folder# && ", "make\n"),
    shape("chain of variables", "FROM debian:12\nENV A0=a\n", "ENV A#=$A#-\n", ""),
    shape("undefined variables", "FROM debian:12\nENV ", "A#=$B# ", "\n"),
    shape("undefined variables among many", "FROM debian:12\n", "ENV A#=$B#x\n", ""),
    shape("one variable again", "FROM debian:12\nENV ", "A=b# ", "\n"),
    shape("continued commands", "FROM debian:12\n", "RUN make \\\n a#\n", ""),
    shape("arguments", "FROM debian:12\nARG ", "A#=b ", "\n"),
    shape("passwords", "FROM debian:12\nRUN echo ", "password=abc#xyz ", "\n"),
    shape("subshells", "FROM debian:12\nRUN ", "(cd /a# && make); ", "\n"),
    shape("conditions", "FROM debian:12\nRUN ", "if a#; then b; else c; fi; ", "\n"),
    shape("functions", "FROM debian:12\nRUN ", "f#() { a; }; f#; ", "\n"),
    shape("stages", "FROM debian:12 AS s0\n", "FROM debian:12 AS s#\nCOPY --from=s#- /a /b\n", ""),
];

fn allocated(shape: &Shape, count: usize) -> u64 {
    let mut text = shape.head.to_owned();
    for number in 1..=count {
        text += &shape.part.replace("#-", &(number - 1).to_string()).replace('#', &number.to_string());
    }
    text += shape.tail;
    // Rules run in parallel: what is counted is the work of one thread.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let audit = || {
        let mut inputs = Inputs::default();
        let source = Source::of("Dockerfile", &text);
        inputs.add(source.clone());
        let mut input = BuildInput::new(&source, BuildOptions::default());
        input.context = Some(Arc::new(ContextBuilder::new(".").finish()));
        inputs.builds.push(input);
        drop(InputAudit::new(&inputs).audit(&Policies::default()));
    };
    pool.install(|| allocation_counter::measure(audit).bytes_total)
}

#[test]
fn twice_the_dockerfile_is_twice_the_work() {
    let mut wrong = Vec::new();
    for shape in &SHAPES {
        // What is worked out once a run is not counted.
        allocated(shape, 10);
        let (half, whole) = (allocated(shape, 500), allocated(shape, 1_000));
        if whole > half * 5 / 2 {
            wrong.push(format!("{}: {half} bytes, then {whole}", shape.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
