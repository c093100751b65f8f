//! "A source change reruns steps …": what audit says of the cache, beside what the engine takes from it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

use serde_json::Value;

use super::{Built, Engine, Step, is_full};
use crate::dockopt::{Dockopt, Ran};

/// A project, and whether an edited source changes every result that a later stage copies.
struct Case {
    files: &'static [(&'static str, &'static str)],
    reaches: bool,
    dockerfile: &'static str,
}

/// Enough for the dependencies to be told from the sources.
const PYTHON: &[(&str, &str)] = &[
    ("requirements.txt", "flask==3.1.0\n"),
    ("app/main.py", "print(1)\n"),
    ("app/views.py", "\n"),
    ("notes.md", "\n"),
];
const NODE: &[(&str, &str)] = &[
    ("package.json", r#"{"name": "a", "version": "1.0.0", "dependencies": {"react": "19.0.0"}}"#),
    ("package-lock.json", r#"{"name": "a", "version": "1.0.0", "lockfileVersion": 3, "packages": {}}"#),
    ("src/index.js", "console.log(1)\n"),
    ("public/index.html", "<p>\n"),
];

const ALWAYS: [Case; 4] = [
    Case {
        files: PYTHON,
        reaches: true,
        dockerfile: "FROM debian:trixie-slim AS build\nWORKDIR /src\nCOPY requirements.txt .\nRUN touch installed\n\
            COPY . .\nRUN mkdir /out && cp -r app /out\nFROM debian:trixie-slim\nRUN mkdir /app\n\
            COPY --from=build /out /app\nRUN ls /app\nUSER 1000\n",
    },
    // The stage that copies the sources is none that the target needs; the folder of the result never changes.
    Case {
        files: NODE,
        reaches: false,
        dockerfile: "FROM debian:trixie-slim AS deps\nWORKDIR /app\nCOPY package*.json ./\nRUN mkdir node_modules\n\
            FROM deps AS lint\nCOPY . .\nRUN ls\nFROM deps AS build\nCOPY src src\nRUN mkdir dist && ls src\n\
            FROM debian:trixie-slim\nCOPY --from=deps /app/node_modules /app/node_modules\n\
            COPY --from=build /app/dist /app/dist\nRUN ls /app\n",
    },
    Case {
        files: PYTHON,
        reaches: true,
        dockerfile: "FROM debian:trixie-slim AS build\nRUN --mount=type=bind,source=requirements.txt,target=/r cat /r\n\
            RUN --mount=type=bind,target=/src ls /src && cat /src/app/*.py >/all\nRUN ls /all\nFROM scratch\n\
            COPY --link --from=build /all /all\n",
    },
    Case {
        files: NODE,
        reaches: true,
        dockerfile: "FROM debian:trixie-slim\nWORKDIR /app\nADD package.json package-lock.json ./\nRUN mkdir a\n\
            COPY public public\nRUN mkdir b\nCOPY src/*.js ./\nRUN mkdir c\nENV A=b\nRUN mkdir d\n",
    },
];

const MORE: [Case; 3] = [
    Case {
        files: PYTHON,
        reaches: true,
        dockerfile: "FROM scratch AS sources\nCOPY app /app\nFROM debian:trixie-slim AS build\n\
            COPY requirements.txt /\nRUN --mount=from=sources,source=/app,target=/app cp -r /app /built\n\
            FROM build AS test\nRUN ls /built\nFROM build\nRUN ls\nCOPY --from=test /built /tested\n",
    },
    Case {
        files: NODE,
        reaches: true,
        dockerfile: "FROM debian:trixie-slim AS base\nWORKDIR /app\nARG MODE=production\nFROM base AS deps\n\
            COPY package.json package-lock.json ./\nRUN echo $MODE >mode\nFROM deps AS build\nARG MODE\nCOPY . .\n\
            RUN cat src/* public/* >bundle.js\nFROM base AS final\nCOPY --from=deps /app/mode .\n\
            COPY --from=build /app/bundle.js .\nWORKDIR /data\n",
    },
    Case {
        files: PYTHON,
        reaches: true,
        dockerfile: "FROM debian:trixie-slim\nRUN mkdir /a\nCOPY . /src/\nRUN <<EOF\nset -e\nls /src\nEOF\nWORKDIR /src\nVOLUME /data\n\
            RUN ls\n",
    },
];

#[test]
fn a_source_change_reruns_what_audit_says() {
    let Some(engine) = Engine::find() else { return };
    for case in ALWAYS.iter().chain(MORE.iter().filter(|_| is_full())) {
        let project = case.files.iter().fold(Dockopt::new(), |project, (path, text)| project.file(path, text));
        let audited = project.file("Dockerfile", case.dockerfile).args(["audit", "--fail-on=none"]).run();
        engine.image(audited.path());
        check_rerun(&engine, &audited, ".", case.reaches);
    }
}

/// Edits the source file that audit names in a project that has been built, builds again, and compares the steps that
/// ran; `reaches` as in [`Case`].
#[track_caller]
pub(super) fn check_rerun(engine: &Engine, ran: &Ran, part: &str, reaches: bool) -> Ran {
    let ran = ran.again(["audit", part, "--format=json", "--fail-on=none"]);
    let predicted = ran.json()["builds"][0]["rerun"].clone();
    let context = ran.path().join(part);
    let source = predicted["example"].as_str().unwrap();
    let (sure, copies) = (steps(&predicted["steps"]), steps(&predicted["copies"]));
    let may_rerun: BTreeSet<Step> = sure.union(&copies).cloned().collect();
    let mut built = build_edited(engine, &context, source);
    // The engine may drop records of the cache while other tests build; the build that missed them writes them again.
    for _ in 0..super::RETRIES {
        let (reran, cached) = built.steps();
        if reran.is_subset(&may_rerun) && !cached.is_empty() {
            break;
        }
        built = build_edited(engine, &context, source);
    }

    let (reran, cached) = built.steps();
    let log = &built.log;
    assert!(sure.is_subset(&reran), "said to rerun: {sure:?}, reran: {reran:?}\n{log}");
    assert!(reran.is_subset(&may_rerun), "may rerun: {may_rerun:?}, reran: {reran:?}\n{log}");
    assert_eq!(copies.is_subset(&reran), reaches || copies.is_empty(), "{copies:?} of {reran:?}\n{log}");
    assert!(!cached.is_empty(), "{log}");
    ran
}

/// Builds a context again after an edit of one of its sources.
#[track_caller]
fn build_edited(engine: &Engine, context: &Path, source: &str) -> Built {
    let comment = if source.rsplit_once('.').is_some_and(|(_, ending)| ending == "py") { "#" } else { "//" };
    let mut file = fs::OpenOptions::new().append(true).open(context.join(source)).unwrap();
    // Never the same text twice: the engine would know it from an earlier run.
    writeln!(file, "{comment} {:?}", SystemTime::now()).unwrap();
    engine.image(context).1
}

fn steps(list: &Value) -> BTreeSet<Step> {
    let step = |step: &Value| (step["stage"].as_str().unwrap().to_owned(), step["number"].as_u64().unwrap());
    list.as_array().unwrap().iter().map(step).collect()
}
