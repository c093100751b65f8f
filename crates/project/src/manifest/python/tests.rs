//! Whole projects of each Python tool.

use super::requirement::requirement;
use super::*;
use crate::manifest::tests::check;

#[test]
fn uv_with_workspace_and_paths() {
    check(
        r#"
-- pyproject.toml --
[project]
name = "Task_Tracker"
requires-python = ">=3.12"
dependencies = ["fastapi>=0.115", "core", "vendored"]
[project.scripts]
serve = "app.main:run"
[dependency-groups]
dev = ["pytest>=8", { include-group = "lint" }]
[tool.uv.workspace]
members = ["packages/*"]
exclude = ["packages/old"]
[tool.uv.sources]
core = { workspace = true }
vendored = { path = "third/vendored" }
gone = { path = "../gone" }
-- packages/core/pyproject.toml --
[project]
name = "core"
-- packages/old/pyproject.toml --
[tool.ruff]
-- third/vendored/setup.py --
x
-- .python-version --
3.12
-- uv.lock --
version = 1
[[package]]
name = "task-tracker"
source = { virtual = "." }
dependencies = [{ name = "fastapi" }]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
[[package]]
name = "fastapi"
version = "0.115.2"
source = { registry = "r" }
[[package]]
name = "pytest"
version = "8.3"
source = { registry = "r" }
"#,
        "
        [] Python task-tracker
        language: >=3.12, 3.12
        uses: FastAPI
        needs: core, fastapi=0.115.2, dev pytest=8.3, vendored
        programs: serve=app.main:run
        members: packages/core
        uv 3: .python-version packages/core/pyproject.toml pyproject.toml uv.lock
        folders: third/vendored
        missing: ../gone
        [packages/core] Python core
        of []
        [third/vendored] Python -
        pip -: third/vendored/setup.py
        open: `setup.py` is a program and may read any file
        open: pip builds the project from its sources to install it
        ",
    );
}

#[test]
fn requirements_and_what_they_include() {
    check(
        r#"
-- requirements.txt --
-r requirements/base.txt
-c constraints.txt
Flask[async]>=2 ; python_version < "3.13"  # web
git+https://example.com/x.git#egg=From_Git
name@https://example.com/name.whl
./lib
-e file:other
--find-links wheels
-- requirements/base.txt --
redis==5.0
-r ../more.txt
-- requirements/dev.txt --
pytest
-- constraints.txt --
urllib3<2
-- more.txt ?--
-- lib/setup.py --
open("README.md")
-- lib/README.md --
"#,
        "
        [] Python -
        uses: Flask
        needs: flask, from-git, name, dev pytest, redis
        pip -: constraints.txt more.txt requirements.txt requirements/base.txt
        folders: lib
        missing: other, wheels
        pip -: more.txt requirements/base.txt
        pip -: requirements/dev.txt
        [lib] Python -
        pip -: lib/README.md lib/setup.py
        open: `setup.py` is a program and may read any file
        open: pip builds the project from its sources to install it
        unread: more.txt
        ",
    );
}

#[test]
fn poetry_with_a_path() {
    check(
        r#"
-- a/pyproject.toml --
[tool.poetry]
name = "a"
[tool.poetry.dependencies]
python = "^3.11"
django = { version = "^5", extras = ["x"] }
lib = { path = "../lib", develop = true }
[tool.poetry.group.dev.dependencies]
black = "*"
-- a/poetry.lock --
[[package]]
name = "Django"
version = "5.1"
[package.dependencies]
asgiref = ">=3"
-- lib/pyproject.toml --
[build-system]
requires = []
"#,
        "
            [a] Python a
            language: ^3.11
            uses: Django
            needs: dev black, django=5.1, lib
            poetry 1: a/poetry.lock a/pyproject.toml
            folders: lib
            [lib] Python -
            pip -: lib/pyproject.toml
            open: pip builds the project from its sources to install it
            ",
    );
}

#[test]
fn pdm_pipenv_setuptools() {
    check(
        r#"
-- b/pyproject.toml --
[project]
name = "b"
dependencies = ["httpx"]
[tool.pdm.scripts]
start = { cmd = "uvicorn b:app" }
-- b/pdm.lock --
[[package]]
name = "httpx"
version = "0.27"
groups = ["default"]
-- c/Pipfile --
[packages]
requests = "*"
own = { path = "./own" }
[requires]
python_version = "3.11"
-- c/Pipfile.lock --
{"default": {"requests": {"version": "==2.32"}}, "develop": {}}
-- d/setup.cfg --
[metadata]
name = d
[options]
python_requires = >=3.9
install_requires =
    requests>=2
    # not this
    yaml
-- e/setup.cfg --
[flake8]
"#,
        "
        [b] Python b
        needs: httpx=0.27
        scripts: start
        pdm 1: b/pdm.lock b/pyproject.toml
        [c] Python -
        language: 3.11
        needs: own, requests=2.32
        pipenv 1: c/Pipfile c/Pipfile.lock
        missing: c/own
        [d] Python d
        language: >=3.9
        needs: requests, yaml
        pip -: d/setup.cfg
        open: pip builds the project from its sources to install it
        ",
    );
}

#[test]
fn two_locks_and_broken_files() {
    check(
        "
-- pyproject.toml --
\u{feff}[project]
name = \"a\"
x = =
-- uv.lock --
-- poetry.lock --
-- Pipfile.lock --
{\"default\":
",
        "
        [] Python a
        uv 0: pyproject.toml uv.lock
        poetry 0: poetry.lock pyproject.toml
        ! poetry.lock: is next to `uv.lock`: uv installs where no command says which
        ! pyproject.toml@28: extra `=`, expected nothing
        ",
    );
}

#[test]
fn modules_that_are_there() {
    let text = r#"-- pyproject.toml --
[project]
name = "a"
dependencies = ["PyYAML"]
[dependency-groups]
dev = ["httpx", "odd"]
-- app/main.py --
-- uv.lock --
[[package]]
name = "a"
source = { virtual = "." }
dependencies = [{ name = "pyyaml" }]
[package.dev-dependencies]
dev = [{ name = "httpx" }, { name = "odd" }]
[[package]]
name = "pyyaml"
[[package]]
name = "httpx"
dependencies = [{ name = "certifi" }]
[[package]]
name = "certifi"
[[package]]
name = "odd"
"#;
    let check = crate::manifest::tests::installed(text);
    check("urllib.request", Some(true), Some(true));
    check("yaml", Some(true), Some(true));
    check("httpx", Some(false), Some(true));
    check("certifi", Some(false), Some(true));
    check("odd", Some(false), Some(true));
    check("requests", Some(false), Some(false));
    check("psycopg2.extras", Some(false), Some(false));
    check("app.main", None, None);
    check("never_heard_of", None, None);
    check("google.cloud", None, None);
}

#[test]
fn names_and_requirements() {
    assert_eq!(normal(" A_.-b.C "), "a-b-c");
    let check = |text, expected: Option<(&str, &str)>| {
        let parsed = requirement(text);
        assert_eq!(parsed.as_ref().map(|(name, rest)| (name.as_str(), *rest)), expected, "{text}");
    };
    check("a[x, y]>=1,<2; os_name=='nt'", Some(("a", ">=1,<2")));
    check("a @ https://x/y;z ; os_name=='nt'", Some(("a", "@ https://x/y;z")));
    check("(a)", None);
    check("a[", None);
    let extras = |text| super::requirement::extras(text).collect::<Vec<_>>();
    assert_eq!(extras("a[X_1, y]>=1; extra == 'b[c]'"), ["x-1", "y"]);
    assert!(extras("a>=1").is_empty() && extras("a[]").is_empty() && extras("a[x").is_empty());
}

#[test]
fn specifiers_admit_releases() {
    for (specifier, release, admitted) in [
        ("", "2.1", true),
        (">=2.0", "2.1", true),
        ("!=2.1.0", "2.1", true),
        ("<2.1", "2.1", false),
        ("<3", "2.1", true),
        ("<2.1.0", "2.1", false),
        ("(<2.1)", "2.1", false),
        ("==2.1.0", "2.1", true),
        ("~=2", "2.1", true),
        ("~=", "2.1", true),
        ("<", "2.1", false),
        (">=1.4, <2", "2.1", false),
        ("<=2.0.99", "2.1", false),
        ("==2.0.44", "2.1", false),
        ("==2.1.3", "2.1", true),
        ("==2.*", "2.1", true),
        ("==2.0.*", "2.1", false),
        ("~=2.0", "2.1", true),
        ("~=2.0.3", "2.1", false),
        ("===2.0", "2.1", false),
        ("==5.0.1", "6.4", false),
        ("@ https://x/y.whl", "2.1", true),
    ] {
        assert_eq!(super::requirement::admits(specifier, release), admitted, "{specifier}");
    }
}
