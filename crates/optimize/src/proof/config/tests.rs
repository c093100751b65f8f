use super::*;
use crate::proof::check::CheckOutcome;
use dockopt_testing::sketch;

/// What is wrong between two images; lines as of an image's sketch.
#[track_caller]
fn check_with(declared: &DeclaredConfig, before: &str, after: &str, wrong: &[&str]) {
    let check = check(&ImageSide::new(sketch(before)), &ImageSide::new(sketch(after)), declared);
    let failed = check.outcome == CheckOutcome::Failed;
    assert_eq!(failed, !wrong.is_empty(), "{check:?}");
    if failed {
        assert_eq!(check.details[..wrong.len()], *wrong, "{check:?}");
    }
}

#[track_caller]
fn check_lines(before: &str, after: &str, wrong: &[&str]) {
    let own_variables = ["A", "MODE", "SECRET_KEY"].map(str::to_owned).into();
    check_with(&DeclaredConfig { own_variables, ..DeclaredConfig::default() }, before, after, wrong);
}

#[test]
fn commands_are_compared_as_they_run() {
    check_lines("CMD /bin/sh -c uvicorn", "CMD uvicorn", &[]);
    check_lines(
        "CMD uvicorn a:b --port 8000",
        "CMD uvicorn a:b",
        &["containers start `uvicorn a:b` instead of `uvicorn a:b --port 8000`"],
    );
    let declared = DeclaredConfig { replaces_server: true, ..DeclaredConfig::default() };
    check_with(&declared, "CMD vite preview", "CMD nginx", &[]);
    let declared = DeclaredConfig { compiles_start: true, ..DeclaredConfig::default() };
    check_with(&declared, "CMD go run . -port 9000", "CMD app -port 9000", &[]);
    let wrong = ["containers start `app -port` instead of `go run . -port 9000`"];
    check_with(&declared, "CMD go run . -port 9000", "CMD app -port", &wrong);
}

#[test]
fn variables_stay_unless_something_explains_it() {
    check_lines("ENV A=1", "ENV A=1\nENV B=2", &[]);
    check_lines("ENV A=1", "USER app", &["ENV A is not set"]);
    check_lines("ENV A=1", "ENV A=2", &["ENV A has another value"]);
    check_lines("ENV LANG=C.UTF-8", "USER app", &["ENV LANG is not set"]);
    check_lines("ENV PYTHON_VERSION=3.13.1\nENV PIP_NO_CACHE_DIR=1", "USER app", &[]);
    check_lines("ENV SECRET_KEY=1", "USER app", &["ENV SECRET_KEY is not set"]);
    let steps = vec!["leaves SECRET_KEY to the environment".to_owned()];
    let own_variables = ["SECRET_KEY".to_owned()].into();
    check_with(
        &DeclaredConfig { steps, own_variables, ..DeclaredConfig::default() },
        "ENV SECRET_KEY=1",
        "USER app",
        &[],
    );
}

#[test]
fn folders_of_path_stay_in_their_order() {
    check_lines("ENV PATH=/usr/bin:/bin", "ENV PATH=/opt/venv/bin:/usr/bin:/bin", &[]);
    check_lines("ENV PATH=/usr/bin:/bin", "ENV PATH=/bin:/usr/bin", &["PATH has its folders in another order"]);
    let file = "\n\n40755 0:0 0 opt/bin/\n100755 0:0 10 opt/bin/x";
    let (before, after) = (format!("ENV PATH=/opt/bin:/bin{file}"), format!("ENV PATH=/bin{file}"));
    check_lines(&before, &after, &["PATH does not contain `/opt/bin`"]);
    check_lines(&before, "ENV PATH=/bin", &[]);
    check_lines(&before, &after, &["PATH does not contain `/opt/bin`"]);
    let start = "CMD /opt/bin/x\n";
    check_lines(&format!("{start}{before}"), &format!("{start}{after}"), &[]);
}

#[test]
fn the_rest_stays() {
    check_lines("EXPOSE 8000/tcp", "EXPOSE 8000/tcp\nEXPOSE 80/tcp", &[]);
    check_lines("EXPOSE 8000/tcp", "USER app", &["EXPOSE 8000/tcp is missing"]);
    check_lines("LABEL a=b", "LABEL a=c", &["LABEL a has another value"]);
    check_lines("USER app", "ENV A=1", &["USER is `root` instead of `app`"]);
    check_lines("HEALTHCHECK CMD true", "ENV A=1", &["HEALTHCHECK is missing"]);
    check_lines("HEALTHCHECK CMD true", "HEALTHCHECK CMD false", &[]);
}
