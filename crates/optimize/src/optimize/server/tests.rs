//! Servers for development and previews, replaced.

use crate::optimize::test_inputs::project;
use crate::optimize::{LevelLimit, Options, optimize};

fn check(dockerfile: &str, files: &[(&str, &str)], present: &[&str]) {
    let (inputs, evidence) = project(dockerfile, files);
    let done =
        optimize(&inputs, 0, &evidence, &Options { level: LevelLimit::Max, ..Options::new(&crate::rules::AllRules) });
    let text = done.result()[0].text();
    for part in present {
        assert!(text.contains(part), "`{part}` lacks in\n{text}\n{:#?}", done.levels.last());
    }
}

#[test]
fn reloaders_go() {
    let python = "FROM python:3.13\nCOPY . .\n";
    for (from, to) in [
        (
            "CMD [\"uvicorn\", \"a:app\", \"--reload\", \"--port\", \"80\"]",
            "\"uvicorn\", \"a:app\", \"--port\", \"80\"]",
        ),
        ("CMD [\"fastapi\", \"dev\", \"a.py\"]", "[\"fastapi\", \"run\", \"a.py\"]"),
        ("CMD [\"nodemon\", \"server.js\"]", "[\"node\", \"server.js\"]"),
    ] {
        check(&format!("{python}{from}\n"), &[("a.py", "")], &[to]);
    }
}
