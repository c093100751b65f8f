//! Whole migrations: the vectors of `tests/vectors/migrations`, whose verdicts a database has confirmed, and mutated texts.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use dockopt_testing::Random;

use super::{Migration, MigrationDowngrade, MigrationFormat, MigrationVerdict, read_migrations};

/// Mutated inputs: always, and with `DOCKOPT_FULL=1`.
const INPUTS: [usize; 2] = [1_000, 10_000];

/// A vector.
struct MigrationCase {
    folder: PathBuf,
    /// Paths as the tool has them, with their texts.
    files: Vec<(String, String)>,
    /// The path of the migration that is judged.
    path: String,
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn cases() -> Vec<MigrationCase> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/migrations"));
    folders(root).iter().flat_map(|folder| folders(folder)).map(case).collect()
}

fn case(folder: PathBuf) -> MigrationCase {
    let dialect = folder.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let place = |step: &str| match dialect {
        "alembic" => format!("alembic/versions/{step}.py"),
        "django" => format!("shop/migrations/{}_{step}.py", if step == "earlier" { "0001" } else { "0002" }),
        "prisma" => format!("prisma/migrations/{}_{step}/migration.sql", if step == "earlier" { 1 } else { 2 }),
        "flyway" => format!("db/V{}__{step}.sql", if step == "earlier" { 1 } else { 2 }),
        "golang-migrate" if step == "down" => "db/2_migration.up.sql".replace(".up.", ".down."),
        "golang-migrate" => "db/2_migration.up.sql".to_owned(),
        _ => format!("db/migrations/{}_{step}.sql", if step == "earlier" { 1 } else { 2 }),
    };
    let read = |step: &str| {
        let read = |ending: &str| fs::read_to_string(folder.join(format!("{step}.{ending}"))).ok();
        let text = read("py").or_else(|| read("sql"));
        text.map(|text| (place(step), text))
    };
    let files = ["earlier", "migration", "down"].into_iter().filter_map(read).collect();
    let path = place("migration");
    MigrationCase { folder, files, path }
}

fn read_files(files: &[(String, String)]) -> super::MigrationHistory {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    read_migrations(&files)
}

fn steps_text(migration: &Migration) -> String {
    let mut out = format!("downgrade {:?}\n", migration.downgrade);
    for step in &migration.steps {
        writeln!(out, "{} {:?} {}", step.line, step.verdict, step.text).unwrap();
        if let Some(lock) = &step.lock {
            writeln!(out, "  {lock}").unwrap();
        }
    }
    out
}

#[test]
fn vectors_have_their_verdicts() {
    let (mut right, mut wrong) = (0, String::new());
    for case in cases() {
        let history = read_files(&case.files);
        let migration = history.of_path(&case.path).unwrap();
        let expected = fs::read_to_string(case.folder.join("verdict.txt")).unwrap();
        let steps = steps_text(migration);
        let steps_file = case.folder.join("steps.txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&steps_file, &steps).unwrap();
        }
        let expected_steps = fs::read_to_string(steps_file).unwrap_or_default();
        let verdict = format!("{:?}", migration.verdict).to_lowercase();
        if verdict == expected.trim() && steps == expected_steps && history.problems.is_empty() {
            right += 1;
        } else {
            let problems = &history.problems;
            writeln!(wrong, "{}: {verdict} {problems:?}\n{steps}", case.folder.display()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert_eq!(right, 50, "{wrong}");
}

#[test]
fn mutated_texts_are_survived() {
    let count = INPUTS[usize::from(std::env::var_os("DOCKOPT_FULL").is_some())];
    let cases = cases();
    let mut random = Random::new(0x6d69_6772);
    for _ in 0..count {
        let case = &cases[random.below(cases.len())];
        let mut files = case.files.clone();
        for (_, text) in &mut files {
            let mut bytes = std::mem::take(text).into_bytes();
            for _ in 0..=random.below(6) {
                let (at, length) = (random.below(bytes.len()), random.below(40));
                let end = (at + length).min(bytes.len());
                match random.below(4) {
                    0 => drop(bytes.drain(at..end)),
                    1 => {
                        let part = bytes[at..end].to_vec();
                        let to = random.below(bytes.len());
                        bytes.splice(to..to, part);
                    }
                    2 => bytes.insert(at, b"()[]{}'\"\\#;,.$`-/*\n\t =:+\xc3"[random.below(25)]),
                    _ => bytes.truncate(bytes.len() - bytes.len().min(length)),
                }
                if bytes.is_empty() {
                    break;
                }
            }
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        let history = read_files(&files);
        for step in history.migrations.iter().flat_map(|migration| &migration.steps) {
            assert!(step.line > 0 && !step.text.is_empty());
        }
    }
}

fn revision(id: &str, parents: &str) -> String {
    format!("revision = '{id}'\ndown_revision = {parents}\n\ndef upgrade():\n    pass\n")
}

fn problems(files: &[(&str, String)]) -> Vec<String> {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let problems = read_migrations(&files).problems.into_iter();
    problems.map(|problem| format!("{}:{} {}", problem.path, problem.line, problem.message)).collect()
}

#[test]
fn orders_are_checked() {
    let line = [("v/c.py", revision("a", "None")), ("v/b.py", revision("b", "'a'")), ("v/a.py", revision("c", "'b'"))];
    assert_eq!(problems(&line), Vec::<String>::new());
    let texts: Vec<(&str, &str)> = line.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let ids: Vec<String> = read_migrations(&texts).migrations.into_iter().map(|migration| migration.id).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    let heads = [("v/a.py", revision("a", "None")), ("v/b.py", revision("b", "'a'")), ("v/c.py", revision("c", "'a'"))];
    assert_eq!(problems(&heads), ["v/c.py:1 is one of several last migrations: `b`, `c`"]);
    let mut joined = heads.to_vec();
    joined.push(("v/d.py", revision("d", "('b', 'c')")));
    assert_eq!(problems(&joined), Vec::<String>::new());
    assert_eq!(problems(&[("v/a.py", revision("a", "'x'"))]), ["v/a.py:2 follows `x`, which is in no file"]);
    let circle = [("v/a.py", revision("a", "'b'")), ("v/b.py", revision("b", "'a'"))];
    assert_eq!(problems(&circle), ["v/a.py:2 runs after itself: `a`, `b`"]);
    assert_eq!(
        problems(&[("v/a.py", revision("a", "None")), ("v/b.py", revision("a", "None"))])[0],
        "v/b.py:1 has the revision `a` of `a.py`"
    );
    assert_eq!(problems(&[("v/a.py", revision("a", "last()"))]), ["v/a.py:2 says in code which revision it follows"]);
    let services = [("a/v/a.py", revision("a", "None")), ("b/v/a.py", revision("b", "None"))];
    assert_eq!(problems(&services), Vec::<String>::new());
    let versions = [("db/3_a.up.sql", "SELECT 1;".to_owned()), ("db/3_b.up.sql", "SELECT 1;".to_owned())];
    assert_eq!(problems(&versions), ["db/3_b.up.sql:1 has the version of `3_a.up.sql`"]);
    let letters = ["db/3_a.up.sql", "db/3a_b.up.sql", "db/3b_c.up.sql"].map(|path| (path, "SELECT 1;".to_owned()));
    assert_eq!(problems(&letters), Vec::<String>::new());
    let app = |parent: &str| {
        format!(
            "class Migration(migrations.Migration):\n    dependencies = [('auth', '0001_x'), ({parent})]\n    operations = []\n"
        )
    };
    let apps = [
        ("a/migrations/0001_a.py", app("'b', '__first__'")),
        ("a/migrations/0002_a.py", app("'a', '0001_a'")),
        ("a/migrations/0003_a.py", app("'a', '0001_a'")),
        ("b/migrations/0001_b.py", app("'b', '0000_no'")),
    ];
    assert_eq!(
        problems(&apps),
        [
            "a/migrations/0003_a.py:1 is one of several last migrations: `a.0002_a`, `a.0003_a`",
            "b/migrations/0001_b.py:2 follows `b.0000_no`, which is in no file",
        ]
    );
}

fn downgrade_of(path: &str, text: &str) -> MigrationDowngrade {
    read_migrations(&[(path, text)]).migrations[0].downgrade
}

#[test]
fn ways_back_are_read() {
    let of = |text: &str| {
        let front = "revision = 'a'\ndown_revision = None\n\ndef upgrade():\n    op.drop_table('a')\n";
        downgrade_of("v/a.py", &format!("{front}{text}"))
    };
    for (text, expected) in [
        ("", MigrationDowngrade::Missing),
        ("def downgrade(): pass\n", MigrationDowngrade::Empty),
        ("def downgrade():\n    '''No.'''\n    ...\n", MigrationDowngrade::Empty),
        ("def downgrade() -> None:\n    # no\n    raise Exception('no')\n", MigrationDowngrade::Refuses),
        ("def downgrade():\n    op.create_table('a')\n", MigrationDowngrade::Reverses),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
    let django = |operations: &str| {
        let text = format!("class Migration(migrations.Migration):\n    operations = [{operations}]\n");
        downgrade_of("a/migrations/0001_a.py", &text)
    };
    assert_eq!(django("migrations.RunPython(f)"), MigrationDowngrade::Missing);
    assert_eq!(django("migrations.RunPython(f, migrations.RunPython.noop)"), MigrationDowngrade::Empty);
    assert_eq!(django("migrations.DeleteModel('A')"), MigrationDowngrade::Reverses);
    assert_eq!(downgrade_of("db/1_a.up.sql", "DROP TABLE a;"), MigrationDowngrade::Missing);
    assert_eq!(downgrade_of("a.sql", "-- migrate:up\nDROP TABLE a;\n-- migrate:down\n"), MigrationDowngrade::Empty);
    assert_eq!(downgrade_of("V1__a.sql", "DROP TABLE a;"), MigrationDowngrade::NotApplicable);
}

/// The verdicts of statements, the first letter of each.
fn verdicts(statements: &str) -> String {
    let history = read_migrations(&[("db/migrations/1_a.sql", statements)]);
    assert_eq!(history.migrations[0].format, MigrationFormat::Sql);
    let letter = |verdict: MigrationVerdict| match verdict {
        MigrationVerdict::Expand => 'e',
        MigrationVerdict::Unknown => 'u',
        MigrationVerdict::Contract => 'c',
    };
    history.migrations[0].steps.iter().map(|step| letter(step.verdict)).collect()
}

#[test]
fn statements_have_verdicts() {
    for (statements, expected) in [
        ("ALTER TABLE a DROP CONSTRAINT a_b_fkey, ADD CONSTRAINT a_b_fkey FOREIGN KEY (b) REFERENCES c (d)", "eu"),
        ("ALTER TABLE a DROP CONSTRAINT some", "u"),
        ("ALTER TABLE a DROP CONSTRAINT a_b_key; CREATE UNIQUE INDEX a_b ON a (b, c)", "cc"),
        ("ALTER TABLE a RENAME TO b; CREATE VIEW a AS SELECT * FROM b", "ue"),
        ("ALTER TABLE a ALTER b DROP DEFAULT", "u"),
        ("ALTER TABLE a ALTER b TYPE text", "c"),
        ("CREATE TABLE a (b varchar(5)); ALTER TABLE a ALTER b TYPE text, ALTER b SET NOT NULL; DROP TABLE a", "eeee"),
        ("ALTER TABLE a ADD b int DEFAULT 1 UNIQUE", "c"),
        ("ALTER TABLE a ADD b int UNIQUE", "e"),
        ("ALTER TABLE a ADD b int CHECK (b > c)", "u"),
        ("ALTER TABLE a ADD b uuid DEFAULT gen_random_uuid() UNIQUE NOT NULL", "e"),
        ("ALTER TABLE a ADD b serial", "e"),
        ("ALTER TABLE a ADD CONSTRAINT b UNIQUE USING INDEX c", "e"),
        ("ALTER TABLE a ENABLE ROW LEVEL SECURITY", "u"),
        ("CREATE OR REPLACE VIEW a AS SELECT 1", "u"),
        ("CREATE INDEX a ON b (c); DROP INDEX a", "ee"),
        ("DROP INDEX some", "u"),
        ("DROP INDEX IF EXISTS some; CREATE INDEX some ON a (b)", "ee"),
        ("DROP INDEX some; CREATE INDEX some ON a (b)", "ue"),
        ("DROP TABLE a, b", "cc"),
        ("DROP TRIGGER a ON b", "u"),
        ("UPDATE a SET b = 1", "u"),
        ("ALTER TABLE a ADD b int; UPDATE a SET b = 1, c = 2", "eu"),
        ("INSERT INTO a VALUES (1)", "e"),
        ("INSERT INTO a VALUES (1) ON CONFLICT (b) DO UPDATE SET b = 2", "u"),
        ("SELECT setval('a', (SELECT max(id) FROM b))", "e"),
        ("SELECT remove_all()", "u"),
        ("DO $$ BEGIN EXECUTE 'DROP TABLE a'; END $$", "u"),
        ("DO $$ BEGIN DROP TABLE a; EXCEPTION WHEN others THEN RAISE; END $$", "u"),
        ("SET lock_timeout = '1s'; BEGIN; COMMIT; COMMENT ON TABLE a IS 'b'; ANALYZE a", ""),
        ("ALTER TYPE a ADD VALUE 'b'; ALTER TYPE a RENAME VALUE 'b' TO 'c'", "ec"),
        ("ALTER TABLE `a` ADD COLUMN `b` int NULL AFTER `c`, DROP FOREIGN KEY `d`, MODIFY e int", "eec"),
        ("ALTER TABLE `a` CHANGE `b` `c` int", "c"),
        ("ALTER SYSTEM SET a = 1", "u"),
        ("WITH a AS (SELECT 1) DELETE FROM b USING a", "c"),
        ("WITH a AS (DELETE FROM b RETURNING c) SELECT 1", "u"),
        ("ALTER TABLE a ALTER b DROP DEFAULT; ALTER TABLE a ALTER b SET DEFAULT 1", "ee"),
        ("CREATE TYPE a AS ENUM (); ALTER TYPE a RENAME TO b; DROP TYPE b", "eee"),
        ("ALTER TABLE a ALTER b DROP NOT NULL, ALTER b SET DEFAULT NULL", "ee"),
        ("LOCK TABLE a; REINDEX TABLE CONCURRENTLY a", "e"),
        ("what is this", "u"),
        ("CREATE TABLE a (b int", "e"),
        ("", ""),
    ] {
        assert_eq!(verdicts(statements), expected, "{statements}");
    }
}

/// The steps of a body of `upgrade`.
fn alembic_steps(body: &str) -> Vec<String> {
    let body = body.replace('\n', "\n    ");
    let text = format!("revision = 'a'\ndown_revision = None\n\ndef upgrade():\n    {body}\n");
    let history = read_migrations(&[("v/a.py", &text)]);
    history.migrations[0].steps.iter().map(|step| format!("{:?} {}", step.verdict, step.text)).collect()
}

#[test]
fn operations_have_verdicts() {
    for (body, expected) in [
        ("op.drop_column(table, 'a')", "Unknown calls `op.drop_column()`, which is not read"),
        ("fill(op)", "Unknown calls `fill()`, which is not read"),
        ("op.execute(f'DROP TABLE {a}')", "Unknown runs SQL that is put together when it runs"),
        ("op.execute('DROP TABLE ' + a)", "Unknown runs SQL that is put together when it runs"),
        ("a = 'users'\nop.drop_table(a)", "Contract drops the table `users`"),
        ("op.drop_table('users', schema='auth')", "Contract drops the table `auth.users`"),
        (
            "op.add_column('a', sa.Column('b', sa.Integer(), **options))",
            "Unknown calls `op.add_column()`, which is not read",
        ),
        (
            "op.add_column('a', sa.Column('b', sa.Integer(), nullable=NO))",
            "Unknown calls `op.add_column()`, which is not read",
        ),
        ("sa.Enum('a', name='b').create(op.get_bind(), checkfirst=True)", "Expand makes the type `b`"),
        ("kind = postgresql.ENUM(name='b')\nkind.drop(op.get_bind())", "Contract drops the type `b`"),
        ("conn = op.get_bind()\nconn.execute(sa.text('DROP VIEW b'))", "Contract drops the view `b`"),
        ("try:\n    op.drop_table('a')\nexcept Exception:\n    pass", "Unknown runs steps that may fail"),
        ("op.alter_column('a', 'b', server_default=None, existing_nullable=True)", "Expand drops the default of `a.b`"),
        ("op.alter_column('a', 'b', comment='c')", "Expand changes no more than a comment of `a.b`"),
        ("return\nop.drop_table('a')", ""),
        ("rows = conn.execute(sa.text('SELECT a FROM b')).fetchall()", "Expand reads"),
        ("rows = conn.execute('DELETE FROM b RETURNING a').fetchall()", "Contract deletes rows of `b`"),
        ("all = [op.drop_column('a', b) for b in c]", "Unknown runs an operation inside of a value"),
        ("conn = op.get_bind()\ndone = fill(conn)", "Unknown calls `fill`, which is not read"),
        ("conn = op.get_bind()\ncolumns = sa.inspect(conn).get_columns('a')", ""),
        ("value = upgrade()", "Unknown calls `upgrade`, which is not read"),
    ] {
        assert_eq!(alembic_steps(body).join(" | "), expected, "{body}");
    }
}

#[test]
fn large_inputs_are_read_in_time() {
    let start = dockopt_testing::ThreadTime::start();
    for part in ["(", "a;", "a(", "'", "op.f('a')\n    ", "$a$", "/*", "\\", "with a:\n", "DO $$", "[(", "''"] {
        let many = part.repeat(200_000 / part.len());
        let python = format!("revision = 'a'\ndown_revision = None\ndef upgrade():\n    {many}\n");
        let django = format!("class Migration(migrations.Migration):\n    operations = [{many}]\n");
        let statements = format!("ALTER TABLE a ADD b int {many}");
        read_migrations(&[
            ("v/a.py", &python),
            ("a/migrations/0001_a.py", &django),
            ("db/migrations/1_a.sql", &many),
            ("db/migrations/2_a.sql", &statements),
        ]);
    }
    assert!(start.seconds() < 60, "{} s", start.seconds());
}
