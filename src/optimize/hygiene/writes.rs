//! Where the program writes: what a container of the original wrote, else what the sources tell.

use std::collections::BTreeSet;

use crate::data;
use crate::manifest::FileKind;
use crate::optimize::reach::Reach;
use crate::optimize::scene::Scene;
use crate::sources::patterns;
use crate::text::path;

/// Folders that a program writes into.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Writes {
    /// Absolute.
    pub folders: BTreeSet<String>,
    /// Whether it may also write what the sources bring, or somewhere below WORKDIR that nobody told.
    pub sources: bool,
    /// What shows it, in a few words; empty where nothing does.
    pub sign: String,
}

impl Writes {
    /// Leaves out what everyone may write; an error names a folder that can't be given away.
    pub(super) fn given_away(&mut self) -> Result<(), String> {
        self.folders.retain(|path| path != "/tmp" && path != "/var/tmp");
        match self.folders.iter().find(|path| is_system(path)) {
            Some(path) => Err(format!("it writes into `{path}`, which is the system's")),
            None => Ok(()),
        }
    }
}

/// Meanings of calls whose first argument is the path, where it is a plain text, and whether that is a folder.
const CALLS: [(&str, bool); 2] = [("writes a file", false), ("writes a folder", true)];

/// What the program writes, as far as it is known; `folder` is its WORKDIR. An error names a place that no other user can
/// be given.
pub(super) fn of(scene: &Scene, folder: &str) -> Result<Writes, String> {
    let told = told(scene, folder);
    let Some(observed) = &scene.evidence.observed else { return Ok(told) };
    let mut writes = observed_ones(&observed.written, folder)?;
    // Uploads and reports are written when somebody asks for them, and a container that only starts shows none.
    if !told.sign.is_empty() {
        writes.folders.extend(told.folders);
        writes.sources |= told.sources;
        if writes.sign.is_empty() {
            writes.sign = told.sign;
        }
    }
    Ok(writes)
}

fn observed_ones(written: &BTreeSet<String>, folder: &str) -> Result<Writes, String> {
    let mut writes = Writes::default();
    for path in written {
        let above = |other: &String| other.len() > path.len() && path::is_within(other, path);
        if is_open(path) || path.contains("__pycache__") || written.iter().any(above) {
            continue;
        }
        let parent = if path == folder { folder } else { path::parent(path) };
        if parent == "/" || data::SYSTEM_FOLDERS.with("image").any(|image| path::is_within(parent, image)) {
            return Err(format!("it writes `{path}`"));
        }
        writes.sources |= path::is_within(parent, folder);
        writes.folders.insert(parent.to_owned());
        writes.sign = format!("a container of the original wrote `{path}`");
    }
    Ok(writes)
}

fn told(scene: &Scene, folder: &str) -> Writes {
    let mut writes = Writes::default();
    let reach = Reach::new(scene);
    let any = scene.evidence.texts.keys().any(|path| may_tell(&reach, path));
    let others = ["open(", ":///", "sqlite:", "pyrogram"];
    let meanings = ["writes somewhere", "writes a file", "writes a folder", "names a written file"];
    let words: Vec<&str> = meanings.into_iter().flat_map(patterns::words).chain(others).collect();
    for (file, text) in scene.evidence.perhaps_holding(&words).filter(|(path, _)| may_tell(&reach, path)) {
        for found in places(text) {
            match found {
                Place::Folder(path) if path.starts_with('/') => {
                    let path = path.trim_end_matches('/');
                    if is_open(path) || path.is_empty() {
                        continue;
                    }
                    writes.folders.insert(path.to_owned());
                }
                Place::Folder(path) if path.starts_with("..") => {
                    writes.folders.insert(path::join(folder, &path));
                    writes.sources = true;
                }
                Place::Folder(path) => {
                    let path = path.trim_start_matches("./").trim_matches('/');
                    writes.folders.insert(path::join(folder, path));
                    writes.sources |= path.is_empty() || is_brought(scene, path);
                }
                Place::Somewhere => writes.sources = true,
            }
            writes.sign = format!("`{file}` writes files");
        }
    }
    if writes.sign.is_empty() && (!any || scene.evidence.texts_cut) {
        writes.sources = true;
    }
    if writes.sources {
        writes.folders.insert(folder.to_owned());
    }
    writes
}

fn is_brought(scene: &Scene, path: &str) -> bool {
    scene.context().is_none_or(|context| context.find(path).is_some())
}

/// Whether a file may say what the program writes. What starts services says what is done outside of this container.
fn may_tell(reach: &Reach, path: &str) -> bool {
    let name = path::name(path);
    FileKind::of(name).may_name_writes() && !crate::compose::is_compose(name) && reach.may_run(path)
}

/// Where a text says that something is written.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// A folder, absolute or below WORKDIR; empty for WORKDIR itself.
    Folder(String),
    /// Nobody knows.
    Somewhere,
}

fn places(text: &str) -> Vec<Place> {
    let mut found = Vec::new();
    let session = text.contains("pyrogram") && text.contains("Client(");
    if session || patterns::shows(text, "writes somewhere") {
        found.push(Place::Somewhere);
    }
    // Most sources write nothing: they are passed over without a look at each line.
    let calls =
        CALLS.into_iter().flat_map(|(meaning, folder)| patterns::words(meaning).map(move |call| (call, folder)));
    let calls: Vec<(&str, bool)> = calls.filter(|(call, _)| text.contains(call)).collect();
    let keys: Vec<&str> = patterns::words("names a written file").filter(|key| text.contains(key)).collect();
    if calls.is_empty()
        && keys.is_empty()
        && !text.contains("open(")
        && !text.contains("sqlite:")
        && !text.contains(":///")
    {
        return found;
    }
    for line in text.lines().filter(|line| !line.trim_start().starts_with(['#', '*'])) {
        for &(call, folder) in &calls {
            let Some((_, rest)) = line.split_once(call) else { continue };
            found.extend(place(rest, folder));
        }
        found.extend(keys.iter().filter_map(|key| setting(line.split_once(key)?.1)));
        if let Some((_, rest)) = line.split_once("open(")
            && opens_to_write(rest)
        {
            found.extend(place(rest, false));
        }
        // `sqlite:./app.db` and `sqlite://app.db` of Node.js and Rust.
        if let Some((_, path)) = line.split_once("sqlite:").filter(|(_, path)| !path.starts_with("///")) {
            let path = path.trim_start_matches("//");
            let named = path.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '{' | '$'));
            let absolute = path.starts_with('/').then(|| path.split(['"', '\'', '`', ' ', '?']).next()).flatten();
            found.extend(absolute.map(folder_of_file).or(named.then_some(Place::Somewhere)));
        }
        if let Some((before, path)) = line.split_once(":///")
            && before.contains("sqlite")
        {
            let path = path.split(['"', '\'', '`', ' ', '?']).next().unwrap_or_default();
            // The path may be put together behind it.
            let path = if path.is_empty() { "{}" } else { path };
            found.extend((path != ":memory:").then(|| folder_of_file(path)));
        }
    }
    found
}

/// The folder of the file that a setting names: `filename: logs/app.log`, `'filename': 'app.log'`.
fn setting(rest: &str) -> Option<Place> {
    let value = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix([':', '='])?.trim_start();
    let value = value.trim_start_matches(['"', '\'', '`']).split(['"', '\'', '`', ' ', ',', '}', ')']).next()?;
    let value = value.trim_end();
    patterns::words("ending of a written file").any(|ending| value.ends_with(ending)).then(|| folder_of_file(value))
}

/// `open(path, "w")`, `File.open(path, 'a')`, `fopen($path, 'wb')`.
fn opens_to_write(rest: &str) -> bool {
    let modes = ["w", "a", "x", "wb", "ab", "xb", "w+", "a+", "r+", "wt", "at", "w+b", "wb+", "r+b", "rb+", "a+b"];
    let quoted = rest.split(['"', '\'']).skip(1).step_by(2);
    let own = rest.split("open(").next().unwrap_or(rest);
    quoted.take(4).any(|text| modes.contains(&text)) && own.contains(',')
}

/// The folder of the path in the first argument; none for what is no file.
fn place(arguments: &str, folder: bool) -> Option<Place> {
    let arguments = arguments.trim_start();
    let Some(quote) = arguments.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return Some(Place::Somewhere);
    };
    let path = arguments[1..].split(quote).next()?;
    if matches!(path, ":memory:" | "/dev/null" | "") {
        return None;
    }
    if path.contains(['{', '$', '%']) {
        return Some(Place::Somewhere);
    }
    Some(if folder { Place::Folder(path.to_owned()) } else { folder_of_file(path) })
}

fn folder_of_file(path: &str) -> Place {
    let path = path.trim_start_matches("./");
    if path.contains(['{', '$', '%']) {
        return Place::Somewhere;
    }
    match path::parent(path) {
        "/" => Place::Somewhere,
        parent => Place::Folder(parent.to_owned()),
    }
}

/// Whether many programs share a folder of the system: who owns it may replace what others have there.
pub(super) fn is_system(path: &str) -> bool {
    data::SYSTEM_FOLDERS.has(path, "many")
}

/// Whether everyone may write there, or it follows the user.
fn is_open(path: &str) -> bool {
    data::SYSTEM_FOLDERS.with("open").any(|open| path::is_within(path, open))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = places(text)
            .into_iter()
            .map(|place| match place {
                Place::Folder(path) => format!("/{path}").replacen("//", "/", 1),
                Place::Somewhere => "?".to_owned(),
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn writes_are_told() {
        check("logging.FileHandler('app.main.log')", &["/"]);
        check("with open(\"data/x.json\", \"w\") as f:", &["/data"]);
        check("open(path, 'a')", &["?"]);
        check("open('config.toml')", &[]);
        check("open('config.toml', encoding='utf-8')", &[]);
        check("engine = create_engine(\"sqlite:///./app.db\")", &["/"]);
        check("URL = 'sqlite+aiosqlite:////data/app.db'", &["/data"]);
        check("URL = 'sqlite:///:memory:'", &[]);
        check("os.makedirs('uploads', exist_ok=True)", &["/uploads"]);
        check("fs.writeFileSync(file, text)", &["?"]);
        check("sqlite3.connect(':memory:')", &[]);
        check("gorm.Open(sqlite.Open(\"test.db\"), &gorm.Config{})", &["/"]);
        check("db, _ := sql.Open(\"sqlite\", \"./data/app.db\")", &["/data"]);
        check("std::fs::create_dir_all(\"uploads\")?;", &["/uploads"]);
        check("Files.createDirectories(Paths.get(\"uploads\"));", &["?"]);
        check("new File(\"uploads\").mkdirs();", &["?"]);
        check("spring.datasource.url=jdbc:h2:file:./data/demo", &["?"]);
        check("spring.datasource.url=jdbc:sqlite:app.db", &["?"]);
        check("logging.file.name=logs/app.log", &["/logs"]);
        check("new winston.transports.File({filename: \"logs/app.log\"})", &["/logs"]);
        check("new Sequelize({dialect:'sqlite',storage:'database.sqlite'})", &["/"]);
        check("connection: { filename: './dev.sqlite3' },", &["/"]);
        check("  'filename': 'logs/app.log',", &["/logs"]);
        check("    filename: logs/app.log", &["/logs"]);
        check("filename: (req, file, done) => done(null, 'x.log')", &[]);
        check("useMultiFileAuthState('auth_info')", &["/auth_info"]);
        check("new Client({authStrategy: new LocalAuth()})", &["?"]);
        check("from pyrogram import Client\nClient('me').run()", &["?"]);
        check("client = TelegramClient('session', 1, 'x')", &["?"]);
        check("chromadb.PersistentClient(path='./db')", &["?"]);
        check("joblib.dump(model, 'm.pkl')", &["?"]);
        check("torch.save(model, 'm.pt')", &["?"]);
        check("cv2.imwrite('out/o.jpg', image)", &["/out"]);
        check("open('../history.json', 'w')", &["/.."]);
        check("new Sequelize('sqlite:./a.db')", &["?"]);
        check("new Sequelize('sqlite::memory:')", &[]);
        check("create_engine('sqlite://')", &[]);
        check("accesslog = \"logs/access.log\"", &["/logs"]);
        check("URI = 'sqlite:///' + os.path.join(base, 'a.db')", &["?"]);
        check("logging:\n  file:\n    name: /var/log/b.log", &["?"]);
    }

    #[test]
    fn observed_writes_count_alone() {
        let written = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<BTreeSet<_>>();
        let none = observed_ones(&written(&["/tmp/x", "/root/.npm/_logs/1", "/app/__pycache__/a.pyc"]), "/app");
        assert_eq!(none, Ok(Writes::default()));
        let own = observed_ones(
            &written(&["/app", "/app/app.db", "/var", "/var/log", "/var/log/app", "/var/log/app/x.log"]),
            "/app",
        )
        .unwrap();
        assert_eq!(own.folders, written(&["/app", "/var/log/app"]));
        assert!(own.sources);
        assert!(observed_ones(&written(&["/etc/hosts2"]), "/app").is_err());
    }
}
