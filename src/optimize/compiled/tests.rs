use crate::optimize::Rung;
use crate::optimize::sketch::{climbed, rewritten};

fn check(dockerfile: &str, files: &[(&str, &str)], expected: &str) {
    let got = rewritten(dockerfile, files, Rung::Stages);
    let said = climbed(dockerfile, files, Rung::Stages);
    assert_eq!(got, expected, "\n{got}\n{:?}", said.rungs.last().map(|rung| (&rung.steps, &rung.refusals)));
}

const GO: [(&str, &str); 3] = [
    ("go.mod", "module example.com/shop\n\ngo 1.22\n"),
    ("main.go", "package main\n\nfunc main() {}\n"),
    ("README.md", "# Shop\n"),
];

#[test]
fn a_go_program_ships_without_its_toolchain() {
    check(
        "FROM golang:1.22\nWORKDIR /app\nCOPY . .\nRUN go build -o server .\n\n# The port.\nEXPOSE 8080\nCMD [\"./server\"]\n",
        &GO,
        "",
    );
}
