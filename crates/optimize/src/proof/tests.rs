//! Comparisons of whole images, drawn as lines (`dockopt_testing::sketch`).

use super::{Check, CheckOutcome, DeclaredConfig, ImageSide, files, linkage, packages, system_assumptions};
use crate::image::linkage::{LinkageFact as Linkage, LoaderRequests};
use crate::image::{FileFact, Mode, Watch};
use crate::manifest::Ecosystem;
use crate::text::path;
use dockopt_testing::sketch;

/// An image of one layer: lines, then texts of files and what they ask the loader for (`path: needed needed @folder`).
fn side(lines: &str, texts: &[(&str, &str)], linked: &[&str]) -> ImageSide {
    let mut image = sketch(lines);
    let place = |image: &crate::image::Image, path: &str| {
        let at = image.paths.find(path.as_bytes()).unwrap();
        image.layers[0].entries.iter().position(|entry| entry.path == at).unwrap() as u32
    };
    for (path, text) in texts {
        let index = place(&image, path);
        let mut watch = Watch::new(path.as_bytes(), Mode(0o644), text.len() as u64).unwrap();
        watch.take(text.as_bytes());
        image.layers[0].facts.extend(watch.finish().into_iter().map(|fact| (index, fact)));
    }
    for line in linked {
        let (path, rest) = line.split_once(": ").unwrap();
        let (folders, needed): (Vec<&str>, Vec<&str>) = rest.split(' ').partition(|word| word.starts_with('@'));
        let requests = LoaderRequests {
            needed: needed.into_iter().map(str::to_owned).collect(),
            folders: folders.into_iter().map(|folder| folder[1..].to_owned()).collect(),
            loader: None,
        };
        let index = place(&image, path);
        image.layers[0].facts.push((index, FileFact::Linkage(Linkage::Linked(requests))));
    }
    ImageSide::new(image)
}

/// The lines of a check that say what is wrong.
#[track_caller]
fn assert_wrong(check: &Check, wrong: &[&str]) {
    assert_eq!(check.outcome == CheckOutcome::Failed, !wrong.is_empty(), "{check:?}");
    assert_eq!(check.details[..wrong.len()], *wrong, "{check:?}");
}

fn app() -> DeclaredConfig {
    let brought = |path: &str| (format!("/app/{path}"), path.to_owned());
    DeclaredConfig {
        folders: ["/app".to_owned()].into(),
        brought: ["main.py", "data.json", "run.sh", "README.md"].map(brought).into(),
        ignored: ["README.md".to_owned()].into(),
        ..DeclaredConfig::default()
    }
}

const APP: &str = "100644 0:0 9 app/main.py\n100644 0:0 5 app/data.json = data\n100755 0:0 7 app/run.sh\n";

#[track_caller]
fn check_files(before: &str, after: &str, wrong: &[&str]) {
    let check = files::check(&side(before, &[], &[]), &side(after, &[], &[]), &app());
    assert_wrong(&check, wrong);
}

#[test]
fn files_of_the_application_stay() {
    let before = format!("{APP}100644 0:0 3 app/README.md\n100644 0:0 5 app/__pycache__/main.cpython-313.pyc");
    check_files(&before, APP, &[]);
    check_files(APP, &APP.replace("100644 0:0 5 app/data.json = data\n", ""), &["`/app/data.json` is missing"]);
    check_files(APP, &APP.replace("= data", "= other"), &["`/app/data.json` has different content"]);
    let changed = |step: &str, text: &str| {
        let history = format!("HISTORY COPY . .\nHISTORY {step}\n\n{APP}\n100644 0:0 5 app/data.json = {text}\n");
        let mut changed = side(&history, &[], &[]);
        changed.image.layers[1].history = Some(1);
        changed
    };
    let compared = |step: &str| files::check(&changed(step, "first"), &changed(step, "other"), &app());
    assert_wrong(&compared("RUN python manage.py migrate # buildkit"), &[]);
    assert_wrong(&compared("COPY data.json . # buildkit"), &["`/app/data.json` has different content"]);
    check_files(APP, &APP.replace("100755", "100644"), &["`/app/run.sh` has mode 644 instead of 755"]);
    let unread = APP.replace("100644 0:0 5", "100600 0:0 5");
    check_files(APP, &format!("USER 1000\n\n{unread}"), &["`/app/data.json` has mode 600 instead of 644"]);
    check_files(
        &unread,
        &format!("USER 1000\n\n{unread}"),
        &["`/app/data.json` cannot be read by the user of the rewrite"],
    );
    let built = format!("{APP}100644 0:0 3 app/build/lib/x/main.py\n");
    let python = DeclaredConfig { ecosystems: vec![Ecosystem::Python], ..app() };
    assert_wrong(&files::check(&side(&built, &[], &[]), &side(APP, &[], &[]), &python), &[]);
    check_files(&built, APP, &["`/app/build/lib/x/main.py` is missing"]);
    let moved = APP.replace(" app/", " srv/");
    let gone = ["`/app/data.json` is missing", "`/app/main.py` is missing", "`/app/run.sh` is missing"];
    check_files(APP, &moved, &gone);
}

#[test]
fn sources_of_what_was_compiled_may_go() {
    let brought = ["main.go", "page.html"].map(|path| (format!("/app/{path}"), path.to_owned())).into();
    // Packages of the distribution: there is no go.mod.
    let mut declared = DeclaredConfig { folders: ["/app".to_owned()].into(), brought, ..DeclaredConfig::default() };
    let page = "100644 0:0 9 app/page.html\n";
    let before = format!("CMD notes\n\n100644 0:0 9 app/main.go\n{page}100755 0:0 9 usr/bin/go\n");
    let check = |after: &str, declared: &DeclaredConfig| {
        files::check(&side(&before, &[], &[]), &side(after, &[], &[]), declared)
    };
    assert_wrong(&check(page, &declared), &[]);
    assert_wrong(&check("", &declared), &["`/app/page.html` is missing"]);
    assert_wrong(&check(&format!("{page}100755 0:0 9 usr/bin/go\n"), &declared), &["`/app/main.go` is missing"]);
    declared.built_in.insert("page.html".to_owned());
    assert_wrong(&check("", &declared), &[]);
}

#[test]
fn links_lead_where_they_led() {
    let link = |to: &str| format!("{APP}120777 0:0 0 app/current -> {to}");
    check_files(&link("main.py"), &link("main.py"), &[]);
    check_files(&link("main.py"), &link("data.json"), &["the link `/app/current` points elsewhere"]);
}

#[test]
fn hashed_files_of_bundlers_may_have_other_names() {
    let built =
        |name: &str| format!("{APP}100644 0:0 5 app/dist/{name} = {name}\n100644 0:0 5 app/dist/index.html = {name}");
    check_files(&built("index-D4kx9_2a.js"), &built("index-Zz81kqPq.js"), &[]);
    check_files(&built("DSkppgeg.js"), &built("q8XyzAbC.js"), &[]);
    check_files(&built("chunk/a.-FhnbVzh.js.br"), &built("chunk2/a.x0.js.br"), &[]);
    check_files(&built("app.-FhnbVzh.js"), &built("app.x9QzzzzA.js"), &[]);
    check_files(&built("seed.json"), &built("users.json"), &["`/app/dist/seed.json` is missing"]);
    check_files(&built("a/D4kx9_2a.js"), &built("b/Zz81kqPq.css"), &["`/app/dist/a/D4kx9_2a.js` is missing"]);
    let other_tree = format!("{}\n100644 0:0 5 app/dist/x.js", built("index-D4kx9_2a.js"));
    check_files(&other_tree, &built("index-Zz81kqPq.js"), &["`/app/dist/x.js` is missing"]);
    for (name, bare) in [
        ("index-D4kx9_2a.js", "index-*.js"),
        ("main.8f2c01ab.css", "main.*.css"),
        ("settings.production.js", "settings.production.js"),
        ("package-lock.json", "package-lock.json"),
        ("0001_tasks.py", "0001_tasks.py"),
    ] {
        assert_eq!(files::unhashed(name), bare);
    }
}

const SITE: &str = "opt/venv/lib/python3.13/site-packages";

/// An image with distributions: name, version, names that it requires.
fn installed(distributions: &[(&str, &str, &str)], folder: &str) -> ImageSide {
    let (mut lines, mut texts) = (String::new(), Vec::new());
    for (name, version, requires) in distributions {
        let folder = format!("{folder}/{name}-{version}.dist-info");
        lines += &format!("100644 0:0 100 {folder}/METADATA\n100644 0:0 100 {folder}/RECORD\n");
        lines += &format!("100644 0:0 100 {}/{name}/__init__.py\n", path::parent(&folder));
        let requires =
            requires.split_whitespace().fold(String::new(), |all, name| all + "Requires-Dist: " + name + "\n");
        texts.push((
            format!("{folder}/METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}\n"),
        ));
        texts.push((
            format!("{folder}/RECORD"),
            format!("{name}/__init__.py,,\n{name}-{version}.dist-info/METADATA,,\n"),
        ));
    }
    let texts: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    side(&lines, &texts, &[])
}

#[track_caller]
fn check_packages(before: &[(&str, &str, &str)], after: &[(&str, &str, &str)], wrong: &[&str]) {
    let key = |name: &str| (Ecosystem::Python, name.to_owned());
    let declared = DeclaredConfig {
        dependencies: [(key("flask"), true), (key("pytest"), false)].into(),
        ..DeclaredConfig::default()
    };
    let check = packages::check(
        &installed(before, "usr/local/lib/python3.13/site-packages"),
        &installed(after, SITE),
        &declared,
    );
    assert_wrong(&check, wrong);
}

#[test]
fn distributions_stay_wherever_they_lie() {
    let flask = [("Flask", "3.0", "werkzeug"), ("werkzeug", "3.1", "")];
    check_packages(&flask, &flask, &[]);
    check_packages(&flask, &flask[..1], &["werkzeug 3.1 (pypi) is missing"]);
    check_packages(&flask, &flask[1..], &["flask 3.0 (pypi) is missing"]);
    check_packages(&flask, &[flask[0], ("werkzeug", "3.0", "")], &["werkzeug is 3.0 instead of 3.1"]);
}

#[test]
fn development_and_install_files_may_be_excluded() {
    let flask = [("Flask", "3.0", "packaging"), ("packaging", "25", "")];
    let with = |more: &[(&'static str, &'static str, &'static str)]| [&flask[..], more].concat();
    check_packages(&with(&[("pip", "25", ""), ("wheel", "1", "packaging")]), &flask, &[]);
    check_packages(&with(&[("pytest", "8", "pluggy packaging"), ("pluggy", "1", "")]), &flask, &[]);
    check_packages(&with(&[("pytest", "8", "packaging")]), &flask[..1], &["packaging 25 (pypi) is missing"]);
    check_packages(&with(&[("requests", "2", "")]), &flask, &["requests 2 (pypi) is missing"]);
}

#[test]
fn parts_of_a_distribution_are_counted_with_it() {
    let check = |folder: &str, wrong: &[&str]| {
        let before = installed(&[("zipp", "3.23", "")], folder);
        assert_wrong(&packages::check(&before, &side("", &[], &[]), &DeclaredConfig::default()), wrong);
    };
    check("usr/local/lib/python3.13/site-packages/setuptools/_vendor", &[]);
    check("usr/local/lib/python3.13/site-packages", &["zipp 3.23 (pypi) is missing"]);
    check("app/_vendor", &["zipp 3.23 (pypi) is missing"]);
    // Unpacked caches go; an environment that lies in such a folder stays.
    check("root/.cache/uv/archive-v0/a/setuptools/_vendor", &[]);
    check("root/.cache/pypoetry/cache/x", &[]);
    check("root/.cache/pypoetry/virtualenvs/a/lib/python3.13/site-packages", &["zipp 3.23 (pypi) is missing"]);
}

#[test]
fn an_environment_that_came_with_the_sources_is_not_an_install() {
    let [flask, old] = [("Flask", "3.0", ""), ("Flask", "2.0", "")];
    let folder = "app/env/lib/python3.9/site-packages";
    let (after, mut before) = (installed(&[flask], SITE), installed(&[old], folder));
    let kept_out = DeclaredConfig {
        brought: [("/app/env/pyvenv.cfg".to_owned(), "env/pyvenv.cfg".to_owned())].into(),
        ignored: ["env/pyvenv.cfg".to_owned()].into(),
        ..DeclaredConfig::default()
    };
    assert_wrong(&packages::check(&before, &after, &kept_out), &[]);
    assert_wrong(&packages::check(&before, &after, &DeclaredConfig::default()), &["flask is 3.0 instead of 2.0"]);
    before.image.config.env.push(("PATH".to_owned(), "/app/env/bin:/bin".to_owned()));
    assert_wrong(&packages::check(&before, &after, &kept_out), &["flask is 3.0 instead of 2.0"]);
}

#[test]
fn a_package_of_node_has_the_files_of_its_folder() {
    let of = |places: &[&str], more: &str| {
        let texts: Vec<(String, String)> = places
            .iter()
            .map(|place| {
                let name = place.rsplit_once("node_modules/").unwrap().1;
                (format!("{place}/package.json"), format!("{{\"name\": \"{name}\", \"version\": \"1.0.0\"}}"))
            })
            .collect();
        let lines =
            texts.iter().fold(String::new(), |all, (path, text)| all + &format!("100644 0:0 {} {path}\n", text.len()));
        let texts: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let node = "100755 0:0 9 usr/local/bin/node\n";
        side(&format!("{node}{lines}{more}"), &texts, &[])
    };
    let [a, b] = ["app/node_modules/a", "app/node_modules/b"];
    let file = format!("100644 0:0 5 {a}/LICENSE = x\n");
    // Files of the same contents are one in pnpm's store.
    let linked = of(&[a, b], &format!("{file}100644 0:0 0 {b}/LICENSE => {a}/LICENSE"));
    let apart = of(&[a, b], &format!("{file}100644 0:0 5 {b}/LICENSE = x"));
    assert_wrong(&packages::check(&linked, &apart, &DeclaredConfig::default()), &[]);
    assert_wrong(
        &packages::check(&linked, &of(&[a, b], &file), &DeclaredConfig::default()),
        &["b 1.0.0 has 1 files instead of 2"],
    );
    let traced = DeclaredConfig { traces_files: true, ..DeclaredConfig::default() };
    let check = packages::check(&linked, &of(&[a, b], &file), &traced);
    assert_wrong(&check, &[]);
    assert!(check.details[0].contains("files of 1 packages (Next.js traced"), "{check:?}");
    let tool = of(&[a, "usr/local/lib/node_modules/pnpm/dist/node_modules/b"], "");
    assert_wrong(&packages::check(&tool, &of(&[a], ""), &DeclaredConfig::default()), &[]);
    assert_wrong(
        &packages::check(&of(&[a, b], ""), &of(&[a], ""), &DeclaredConfig::default()),
        &["b 1.0.0 (npm) is missing"],
    );
}

#[test]
fn libraries_are_found_where_the_loader_looks() {
    let lines = "100755 0:0 99 usr/lib/x86_64-linux-gnu/libpq.so.5\n100755 0:0 99 app/_psycopg.so\n100755 0:0 99 app/libs/libown.so.1";
    let asks = ["app/_psycopg.so: libpq.so.5 libown.so.1 @$ORIGIN/libs"];
    let before = side(lines, &[], &asks);
    assert_wrong(&linkage::check(&before, &side(lines, &[], &asks)), &[]);
    let after = lines.replace("usr/lib/x86_64-linux-gnu/libpq.so.5", "usr/lib/x86_64-linux-gnu/libpq.so.4");
    let wrong = ["/app/_psycopg.so needs libpq.so.5, which is missing"];
    assert_wrong(&linkage::check(&before, &side(&after, &[], &asks)), &wrong);
    assert_wrong(&linkage::check(&side(&after, &[], &asks), &side(&after, &[], &asks)), &[]);
    // A text for the linker is no library: what asks for it by that name was made for musl.
    let script = "100644 0:0 283 usr/lib/x86_64-linux-gnu/libc.so\n100755 0:0 99 app/musl.node";
    let asks_musl = ["app/musl.node: libc.so"];
    let without = side("100755 0:0 99 app/musl.node", &[], &asks_musl);
    assert_wrong(&linkage::check(&side(script, &[], &asks_musl), &without), &[]);
    let base = side("100755 0:0 99 usr/lib/libc.so.6", &[], &[]);
    let files: Vec<_> = before.programs().map(|(path, _)| path).collect();
    assert_eq!(linkage::lacking(&before, &files, &base), ["libpq.so.5".to_owned()].into());
}

#[track_caller]
fn check_system(before: &str, after: &str, wrong: &[&str]) {
    let declared = DeclaredConfig { ecosystems: vec![Ecosystem::Python], ..DeclaredConfig::default() };
    let check = system_assumptions::check(&side(before, &[], &[]), &side(after, &[], &[]), &declared);
    assert_wrong(&check, wrong);
}

#[test]
fn assumptions_of_programs_hold() {
    let python = |minor: &str, more: &str| {
        format!(
            "CMD python -m app\n\n100755 0:0 9 usr/local/bin/python3.{minor}\n120777 0:0 0 usr/local/bin/python3 -> python3.{minor}\n\
             120777 0:0 0 usr/local/bin/python -> python3.{minor}\n{more}"
        )
    };
    let certificates = "100644 0:0 200 etc/ssl/certs/ca-certificates.crt\n";
    let zones =
        (0..20).fold(String::new(), |all, zone| all + &format!("100644 0:0 20 usr/share/zoneinfo/Area/{zone}\n"));
    let before = python("13", &format!("{certificates}{zones}"));
    check_system(&before, &before, &[]);
    check_system(
        &before,
        &python("12", &format!("{certificates}{zones}")),
        &["the program runs on python3.12 instead of python3.13"],
    );
    let wrong = ["`/etc/ssl/certs/ca-certificates.crt` is missing, so no TLS certificate can be verified"];
    check_system(&before, &python("13", &zones), &wrong);
    let wrong = ["`/usr/share/zoneinfo` is missing, so only UTC is known"];
    check_system(&before, &python("13", certificates), &wrong);
    let locale = |more: &str| format!("ENV LC_ALL=de_DE.UTF-8\n{}", python("13", more));
    let wrong = ["the locale de_DE.UTF-8, set by ENV, is missing"];
    check_system(&locale("100644 0:0 9 usr/lib/locale/locale-archive"), &locale(""), &wrong);
    let package = "CMD npx vite preview\n\n100755 0:0 9 usr/local/bin/npx\n100755 0:0 9 node_modules/.bin/vite\n";
    check_system(package, package, &[]);
    let gone = "CMD python -m app\n\n100755 0:0 9 usr/local/bin/other";
    let wrong = ["python3.13 is missing", "the container starts `python`, but the image does not contain it"];
    check_system(&python("13", ""), gone, &wrong);
    let musl = "100755 0:0 9 lib/ld-musl-x86_64.so.1";
    check_system(
        &python("13", "100755 0:0 9 lib64/ld-linux-x86-64.so.2"),
        &python("13", musl),
        &["the C library is musl instead of glibc"],
    );
}
