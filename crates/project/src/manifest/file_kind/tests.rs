use super::*;

#[test]
fn every_row_is_understood() {
    for row in data::FILE_KINDS.rows() {
        assert!(read(row).is_some_and(|(_, read)| row[2] == "-" || read.ecosystem.is_some()), "{row:?}");
        assert_eq!(row[0], row[0].to_ascii_lowercase());
    }
    for row in data::FOLDER_KINDS.rows() {
        let is_compiler = row[2] == "compiler" && Ecosystem::of(row[1]).is_some();
        assert!(is_compiler || read_role(row[2]).is_some() && ["folder", "name"].contains(&row[1]), "{row:?}");
        assert_eq!(row[0], row[0].to_ascii_lowercase());
    }
}

#[test]
fn endings_and_names_tell_the_language() {
    for (path, language, nature) in [
        ("src/main.py", "Python", ContentKind::Code),
        ("src/App.TSX", "TypeScript", ContentKind::Code),
        ("web/App.vue", "Vue", ContentKind::Markup),
        ("Makefile", "Makefile", ContentKind::Build),
        ("poetry.lock", "TOML", ContentKind::Lock),
        ("prod.env", "Dotenv", ContentKind::Data),
        (".env", "Dotenv", ContentKind::Data),
        ("Gemfile", "Ruby", ContentKind::Build),
        ("data.bin", "-", ContentKind::Unknown),
        ("py", "-", ContentKind::Unknown),
    ] {
        let kind = FileKind::of(path);
        assert_eq!((kind.language(), kind.nature()), (language, nature), "{path}");
    }
    assert!(FileKind::of("a.rb").is_source_of(Ecosystem::Ruby));
    assert!(!FileKind::of("a.gemspec").is_source_of(Ecosystem::Ruby));
}

#[test]
fn names_and_folders_tell_what_a_file_is_for() {
    for (path, role) in [
        ("latest_api.py", FileRole::Program),
        ("contest_views.py", FileRole::Program),
        ("composer.py", FileRole::Program),
        ("publisher.js", FileRole::Program),
        ("press_release.js", FileRole::Program),
        ("profile.js", FileRole::Program),
        ("app/test_views.py", FileRole::Test),
        ("server_test.go", FileRole::Test),
        ("src/a.e2e-spec.ts", FileRole::Test),
        ("tests/a.py", FileRole::Test),
        ("docs/writer.py", FileRole::Documentation),
        ("Examples/a.py", FileRole::Example),
        ("release_notes.js", FileRole::Release),
        ("vite.config.ts", FileRole::Development),
        ("scripts/load.py", FileRole::Script),
        ("src/main/java/com/example/demo/App.java", FileRole::Program),
        ("src/test/java/com/example/AppIT.java", FileRole::Test),
        ("demo_pb2.py", FileRole::Generated),
        ("a/dist/b.js", FileRole::Output),
    ] {
        assert_eq!(FileKind::of(path).role(), role, "{path}");
    }
}

#[test]
fn stars_match_any_text() {
    assert!(fits("*.test.*", "a.test.js"));
    assert!(!fits("*.test.*", "latest.js"));
    assert!(fits("test_*.*", "test_a.py"));
    assert!(!fits("a*b", "a"));
}
