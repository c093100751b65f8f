//! Packages of whole images.

use super::{ImagePackages, work_out};
use crate::image::content_watch::Watch;
use crate::image::test_layers::sketch;
use crate::image::tree::ImageTree;
use crate::image::{Image, Mode};

/// An image of lines, in which some files have contents: layer, path, text.
fn image(text: &str, contents: &[(usize, &str, &[u8])]) -> Image {
    let mut image = sketch(text);
    for (layer, path, bytes) in contents {
        let at = image.paths.find(path.as_bytes()).unwrap();
        let layer = &mut image.layers[*layer];
        let index = layer.entries.iter().position(|entry| entry.path == at).unwrap();
        let mut watch = Watch::new(path.as_bytes(), Mode(0o644), bytes.len() as u64).unwrap();
        watch.take(bytes);
        layer.facts.extend(watch.finish().into_iter().map(|fact| (index as u32, fact)));
        layer.entries[index].content = twox_hash::XxHash3_128::oneshot(bytes);
    }
    image
}

fn packages(image: &Image) -> ImagePackages {
    let tree = ImageTree::new(image);
    let packages = work_out(image, &tree);
    let owned: u64 = packages.packages.iter().map(|package| package.size.bytes).sum();
    let unowned: u64 = packages.unowned.iter().map(|unowned| unowned.size.bytes).sum();
    assert_eq!(owned + unowned, tree.bytes(crate::image::PathId::ROOT), "all bytes are accounted for");
    packages
}

/// Each package as `ecosystem name version bytes layer why`, `needs` and marks after it; then what nobody owns.
fn format_packages(image: &Image) -> String {
    let all = packages(image);
    let name = |&index: &u32| all.packages[index as usize].name.to_string();
    let mut text = String::new();
    for package in &all.packages {
        let why = if package.is_orphan() { "orphan" } else { package.why.name() };
        text += &format!(
            "{} {} {} {} {} {why}",
            package.ecosystem.name(),
            package.name,
            package.version,
            package.size.bytes,
            package.layer
        );
        let needs: Vec<String> = package.needs.iter().map(name).collect();
        for need in needs {
            text += &format!(" >{need}");
        }
        if let Some(exclusive) = package.exclusive.filter(|exclusive| *exclusive != package.size) {
            text += &format!(" exclusive={}", exclusive.bytes);
        }
        text += if package.development == Some(true) { " development" } else { "" };
        text += &package.part_of.map(|whole| format!(" in {}", name(&whole))).unwrap_or_default();
        text += "\n";
    }
    for group in &all.unowned {
        text += &format!("unowned {} /{} {}\n", group.layer, image.paths.text(group.directory), group.size.bytes);
    }
    all.notices.iter().fold(text, |text, notice| text + &format!("notice {notice}\n"))
}

#[track_caller]
fn check(text: &str, contents: &[(usize, &str, &[u8])], expected: &str) {
    let expected = expected.lines().fold(String::new(), |text, line| text + line.trim_start() + "\n");
    assert_eq!(format_packages(&image(text, contents)), expected);
}

const STATUS: &str = "var/lib/dpkg/status";
const BASE: &[u8] =
    b"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.41\nEssential: yes\n";
const GIT: &[u8] =
    b"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.41\nEssential: yes\n\n\
    Package: git\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2.47\nDepends: libc6, perl\n\n\
    Package: perl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.40\nDepends: libc6 (>= 2)\n\n\
    Package: left\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n";
const AUTO: &[u8] =
    b"Package: perl\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: left\nArchitecture: amd64\nAuto-Installed: 1\n";

#[test]
fn dpkg_owns_what_its_lists_name() {
    check(
        "120777 0:0 0 bin -> usr/bin
         40755 0:0 0 usr/bin/
         100755 0:0 100 usr/bin/ldd
         100644 0:0 10 var/lib/dpkg/status
         100644 0:0 5 var/lib/dpkg/info/libc6:amd64.list

         100644 0:0 20 var/lib/dpkg/status
         100644 0:0 1 var/lib/apt/extended_states
         100644 0:0 6 var/lib/dpkg/info/git.list
         100644 0:0 7 var/lib/dpkg/info/perl.md5sums
         100644 0:0 8 var/lib/dpkg/diversions
         100755 0:0 1000 usr/bin/git
         100755 0:0 0 usr/bin/git-upload => usr/bin/git
         100755 0:0 500 usr/bin/perl
         100755 0:0 300 usr/bin/perl.real
         100644 0:0 50 srv/www/x",
        &[
            (0, STATUS, BASE),
            (0, "var/lib/dpkg/info/libc6:amd64.list", b"/.\n/bin\n/bin/ldd\n"),
            (1, STATUS, GIT),
            (1, "var/lib/apt/extended_states", AUTO),
            (
                1,
                "var/lib/dpkg/info/git.list",
                b"/.\n/usr\n/usr/bin\n/usr/bin/git\n/usr/bin/git-upload\n/usr/bin/gone\n",
            ),
            (1, "var/lib/dpkg/info/perl.md5sums", b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/perl\n"),
            (1, "var/lib/dpkg/diversions", b"/usr/bin/perl\n/usr/bin/perl.real\ngit\n"),
        ],
        "deb git 1:2.47 1006 1 asked for >libc6 >perl exclusive=1313
         deb left 1 0 1 orphan
         deb libc6 2.41 105 0 asked for
         deb perl 5.40 307 1 dependency >libc6
         unowned 1 /usr/bin 500
         unowned 1 /srv 50
         unowned 1 /var/lib 29",
    );
}

#[test]
fn removed_packages_are_not_listed() {
    check(
        "100644 0:0 10 var/lib/dpkg/status
         100644 0:0 20 usr/bin/git

         100644 0:0 3 var/lib/dpkg/status
         0 0:0 0 usr/bin/.wh.git",
        &[(0, STATUS, GIT), (1, STATUS, BASE)],
        "deb libc6 2.41 0 0 unknown
         unowned 1 /var/lib 3",
    );
    check(
        "100644 0:0 10 var/lib/dpkg/status

         0 0:0 0 var/lib/.wh.dpkg",
        &[(0, STATUS, GIT)],
        "notice /var/lib/dpkg/status was deleted by a later layer, so the files of deb packages are unknown",
    );
}

#[test]
fn python_has_its_compiled_files_and_extras() {
    let site = "usr/lib/python3/site-packages";
    let lines = format!(
        "100644 0:0 100 {site}/app.py
         100644 0:0 30 {site}/__pycache__/app.cpython-313.pyc
         100644 0:0 3 {site}/app-1.dist-info/METADATA
         100644 0:0 4 {site}/app-1.dist-info/RECORD
         100644 0:0 0 {site}/app-1.dist-info/REQUESTED
         100644 0:0 3 {site}/app-1.dist-info/INSTALLER
         100644 0:0 200 {site}/extra/__init__.py
         100644 0:0 3 {site}/extra-2.dist-info/METADATA
         100644 0:0 3 {site}/extra-2.dist-info/INSTALLER
         100644 0:0 4 {site}/extra-2.dist-info/RECORD
         100644 0:0 60 {site}/loose.py
         100755 0:0 9 usr/bin/app"
    );
    check(
        &lines,
        &[
            (
                0,
                &format!("{site}/app-1.dist-info/METADATA"),
                b"Name: App\nVersion: 1\nRequires-Dist: extra; extra == \"x\"\n\ntext",
            ),
            (
                0,
                &format!("{site}/app-1.dist-info/RECORD"),
                b"../../../bin/app,,\napp.py,,\napp-1.dist-info/METADATA,,\n",
            ),
            (0, &format!("{site}/app-1.dist-info/INSTALLER"), b"pip\n"),
            (0, &format!("{site}/extra-2.dist-info/METADATA"), b"Name: extra\nVersion: 2\n"),
            (0, &format!("{site}/extra-2.dist-info/INSTALLER"), b"pip\n"),
            (0, &format!("{site}/extra-2.dist-info/RECORD"), b"extra/__init__.py,,\n"),
        ],
        "pypi App 1 149 0 asked for >extra exclusive=359
         pypi extra 2 210 0 dependency
         unowned 0 /usr/lib 60",
    );
}

#[test]
fn node_packages_are_their_folders() {
    check(
        "100644 0:0 1 app/package.json
         100644 0:0 10 app/node_modules/a/package.json
         100644 0:0 100 app/node_modules/a/lib/index.js
         100644 0:0 20 app/node_modules/a/node_modules/c/package.json
         100644 0:0 30 app/node_modules/@s/b/package.json
         100644 0:0 20 app/node_modules/c/package.json
         100644 0:0 40 app/node_modules/dev/package.json

         100644 0:0 5 app/node_modules/a/lib/cache",
        &[
            (
                0,
                "app/package.json",
                br#"{"name": "app", "dependencies": {"a": "1", "@s/b": "1"}, "devDependencies": {"dev": "1"}}"#,
            ),
            (0, "app/node_modules/a/package.json", br#"{"name": "a", "version": "1", "dependencies": {"c": "2"}}"#),
            (0, "app/node_modules/a/node_modules/c/package.json", br#"{"name": "c", "version": "2"}"#),
            (0, "app/node_modules/@s/b/package.json", br#"{"name": "@s/b", "version": "1"}"#),
            (0, "app/node_modules/c/package.json", br#"{"name": "c", "version": "2"}"#),
            (0, "app/node_modules/dev/package.json", br#"{"name": "dev", "version": "1", "dependencies": {"c": "2"}}"#),
        ],
        "npm @s/b 1 30 0 asked for
         npm a 1 115 0 asked for >c exclusive=135
         npm c 2 20 0 dependency
         npm c 2 20 0 dependency development
         npm dev 1 40 0 asked for >c exclusive=60 development
         unowned 0 /app 1",
    );
    let node = image(
        "100644 0:0 10 usr/lib/node_modules/x/package.json
         100644 0:0 10 srv/node_modules/x/package.json",
        &[
            (0, "usr/lib/node_modules/x/package.json", br#"{"name": "x", "version": "1"}"#),
            (0, "srv/node_modules/x/package.json", br#"{"name": "x", "version": "1"}"#),
        ],
    );
    assert_eq!(packages(&node).duplicates.iter().map(|duplicate| duplicate.bytes).collect::<Vec<_>>(), [10]);
}

#[test]
fn links_of_pnpm_are_followed() {
    let store = "app/node_modules/.pnpm";
    check(
        &format!(
            "100644 0:0 1 app/package.json
             120777 0:0 0 app/node_modules/a -> .pnpm/a@1/node_modules/a
             100644 0:0 10 {store}/a@1/node_modules/a/package.json
             120777 0:0 0 {store}/a@1/node_modules/b -> ../../b@2/node_modules/b
             100644 0:0 20 {store}/b@2/node_modules/b/package.json"
        ),
        &[
            (0, "app/package.json", br#"{"dependencies": {"a": "1"}}"#),
            (
                0,
                &format!("{store}/a@1/node_modules/a/package.json"),
                br#"{"name": "a", "version": "1", "dependencies": {"b": "2"}}"#,
            ),
            (0, &format!("{store}/b@2/node_modules/b/package.json"), br#"{"name": "b", "version": "2"}"#),
        ],
        "npm a 1 10 0 asked for >b exclusive=30
         npm b 2 20 0 dependency
         unowned 0 /app 1",
    );
}

#[test]
fn other_ecosystems() {
    let gems = "usr/local/bundle";
    check(
        &format!(
            "100644 0:0 1 lib/apk/db/installed
             100644 0:0 1 etc/apk/world
             100755 0:0 10 bin/busybox
             100755 0:0 20 lib/ld-musl.so
             100644 0:0 5 {gems}/specifications/rack-3.gemspec
             100644 0:0 50 {gems}/gems/rack-3/lib/rack.rb
             100644 0:0 7 {gems}/cache/rack-3.gem
             100644 0:0 2 srv/vendor/composer/installed.json
             100644 0:0 70 srv/vendor/a/b/src/x.php"
        ),
        &[
            (0, "lib/apk/db/installed", b"P:musl\nV:1.2\nA:x86_64\np:so:libc.musl.so.1=1\nF:lib\nR:ld-musl.so\n\nP:busybox\nV:1.37\nD:so:libc.musl.so.1\nF:bin\nR:busybox\n\n"),
            (0, "etc/apk/world", b"busybox\n"),
            (0, &format!("{gems}/specifications/rack-3.gemspec"), b"  s.name = \"rack\".freeze\n  s.version = \"3\"\n"),
            (0, "srv/vendor/composer/installed.json", br#"{"packages": [{"name": "a/b", "version": "v1", "install-path": "../a/b"}]}"#),
        ],
        "apk busybox 1.37 10 0 asked for >musl exclusive=30
         apk musl 1.2 20 0 dependency
         gem rack 3 62 0 unknown
         composer a/b v1 70 0 unknown
         unowned 0 /srv 2
         unowned 0 /lib 1
         unowned 0 /etc 1",
    );
}

#[test]
fn rpm_needs_files_too() {
    const RPMDB: &[u8] = include_bytes!("../../../../../tests/vectors/packages/rpmdb.sqlite");
    check(
        "100644 0:0 9 var/lib/rpm/rpmdb.sqlite
         100755 0:0 10 usr/bin/app
         100644 0:0 5 usr/share/app/data
         100755 0:0 20 usr/bin/helper
         100755 0:0 40 usr/bin/tool
         100644 0:0 1 var/lib/zypp/AutoInstalled",
        &[(0, "var/lib/rpm/rpmdb.sqlite", RPMDB), (0, "var/lib/zypp/AutoInstalled", b"tool\nhelper\n")],
        "rpm app 1.2-1 15 0 asked for >helper >tool exclusive=75
         rpm helper 2:0.3-1 20 0 dependency
         rpm tool 7-1 40 0 dependency
         unowned 0 /var/lib 10",
    );
    check(
        "100644 0:0 9 var/lib/rpm/Packages",
        &[(0, "var/lib/rpm/Packages", b"\x00\x05\x31\x62")],
        "unowned 0 /var/lib 9
         notice /var/lib/rpm/Packages is a Berkeley DB, which is not supported; its packages are unknown",
    );
}

#[test]
fn files_of_system_packages_belong_to_them() {
    let site = "usr/lib/python3/dist-packages";
    check(
        &format!(
            "100644 0:0 1 var/lib/dpkg/status.d/python3-x
             100644 0:0 2 var/lib/dpkg/status.d/python3-x.md5sums
             100644 0:0 10 {site}/x.py
             100644 0:0 4 {site}/__pycache__/x.cpython-313.pyc
             100644 0:0 3 {site}/x-1.dist-info/METADATA"
        ),
        &[
            (0, "var/lib/dpkg/status.d/python3-x", b"Package: python3-x\nVersion: 1-2\nArchitecture: all\n"),
            (
                0,
                "var/lib/dpkg/status.d/python3-x.md5sums",
                format!("0  {site}/x.py\n0  {site}/x-1.dist-info/METADATA\n").as_bytes(),
            ),
            (0, &format!("{site}/x-1.dist-info/METADATA"), b"Name: x\nVersion: 1\n"),
        ],
        "deb python3-x 1-2 20 0 unknown
         pypi x 1 0 0 unknown in python3-x",
    );
}
