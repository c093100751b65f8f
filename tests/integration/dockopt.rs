//! Runs the program in a temporary folder, with an environment that has nothing of the machine in it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// Runs a program as a user who owns nothing.
const NOBODY: [&str; 4] = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/// A run to be.
pub(crate) struct Dockopt {
    folder: Arc<tempfile::TempDir>,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    input: Option<Vec<u8>>,
    /// A copy of the program for a user who need not reach where it was built.
    copy: Option<tempfile::TempDir>,
}

/// What a run gave.
pub(crate) struct Ran {
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
    /// Exit code.
    pub(crate) code: i32,
    folder: Arc<tempfile::TempDir>,
}

impl Dockopt {
    /// In an empty folder.
    pub(crate) fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self { folder, arguments: Vec::new(), variables: Vec::new(), input: None, copy: None }
    }

    /// In a copy of a fixture.
    pub(crate) fn dir(self, fixture: &str) -> Self {
        copy(&Path::new("fixtures").join(fixture), self.folder.path());
        self
    }

    /// In a copy of one of the projects, without what the tests add to it.
    pub(crate) fn project(self, name: &str) -> Self {
        copy(&Path::new("tests/projects").join(name), self.folder.path());
        fs::remove_file(self.folder.path().join("project.toml")).unwrap();
        let _ = fs::remove_dir_all(self.folder.path().join("optimized"));
        self
    }

    /// With all fixtures where they lie in the project.
    pub(crate) fn fixtures(self) -> Self {
        copy(Path::new("fixtures"), &self.folder.path().join("fixtures"));
        self
    }

    /// With a file.
    pub(crate) fn file(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// With arguments.
    pub(crate) fn args<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.arguments.extend(arguments.into_iter().map(str::to_owned));
        self
    }

    /// With a variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// With standard input.
    pub(crate) fn input(mut self, text: impl AsRef<[u8]>) -> Self {
        self.input = Some(text.as_ref().to_vec());
        self
    }

    /// As a user whom permissions bind, who owns the folder: where root runs the tests, `setpriv` makes one. `None`,
    /// which is printed, where it does not; a CI must be able to.
    #[cfg(unix)]
    pub(crate) fn unprivileged(mut self) -> Option<Self> {
        use std::os::unix::fs::{PermissionsExt, chown};
        if !rustix::process::geteuid().is_root() {
            return Some(self);
        }
        if !Command::new(NOBODY[0]).args(&NOBODY[1..]).arg("true").status().is_ok_and(|status| status.success()) {
            assert!(std::env::var_os("CI").is_none(), "root runs the tests, and setpriv makes no other user");
            // What `println!` says of a test that passes nobody sees.
            let mut out = std::io::stdout();
            writeln!(out, "skipped: root runs the tests, and setpriv makes no other user").unwrap();
            return None;
        }
        let copy = tempfile::tempdir().unwrap();
        fs::set_permissions(copy.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (built, copied) = (env!("CARGO_BIN_EXE_dockopt"), copy.path().join("dockopt"));
        fs::hard_link(built, &copied).or_else(|_| fs::copy(built, &copied).map(drop)).unwrap();
        let mut todo = vec![self.folder.path().to_owned()];
        while let Some(path) = todo.pop() {
            chown(&path, Some(65_534), Some(65_534)).unwrap();
            if path.is_dir() {
                todo.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
        }
        self.copy = Some(copy);
        Some(self)
    }

    /// Another run to be in the same folder.
    pub(crate) fn beside(&self) -> Self {
        let folder = Arc::clone(&self.folder);
        Self { folder, arguments: Vec::new(), variables: Vec::new(), input: None, copy: None }
    }

    /// The folder, for what the methods above can't do.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self) -> Command {
        let mut command = match &self.copy {
            None => Command::new(env!("CARGO_BIN_EXE_dockopt")),
            Some(copy) => {
                let mut command = Command::new(NOBODY[0]);
                command.args(&NOBODY[1..]).arg(copy.path().join("dockopt"));
                command
            }
        };
        command.current_dir(self.folder.path()).args(&self.arguments).env_clear();
        command.env("SOURCE_DATE_EPOCH", "1795132800").envs(self.variables.iter().map(|(n, v)| (n, v)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it.
    pub(crate) fn run(self) -> Ran {
        let mut child = self.command().spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = self.input.clone().unwrap_or_default();
        // It may end before it has read all.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().expect("an exit code, no signal"),
            folder: self.folder,
        }
    }

    /// Starts it; it has no standard input.
    pub(crate) fn start(&self) -> Child {
        self.command().stdin(Stdio::null()).spawn().unwrap()
    }

    /// As [`Dockopt::start`], with another standard output.
    pub(crate) fn start_into(&self, stdout: Stdio) -> Child {
        self.command().stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Gives standard input to `git apply` in the folder instead.
    #[track_caller]
    pub(crate) fn apply(self) -> Ran {
        let patch = self.input.clone().unwrap_or_default();
        let mut git = Command::new("git");
        // A folder above may be a repository: a diff outside of one names files below the folder at hand.
        git.args(["apply", "-"]).current_dir(self.folder.path()).env("GIT_CEILING_DIRECTORIES", self.folder.path());
        let mut child = git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&patch).unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{stderr}");
        Ran { stdout: String::new(), stderr, code: 0, folder: self.folder }
    }

    /// Runs it with nobody at the other end of standard output.
    pub(crate) fn run_into_closed_pipe(self) -> (i32, String) {
        // Closed before the start: a program that is faster than this one would find the other end still open.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = self.command().stdin(Stdio::null()).stdout(writer).output().unwrap();
        (output.status.code().expect("an exit code, no signal"), String::from_utf8(output.stderr).unwrap())
    }
}

impl Ran {
    /// Another run in the same folder.
    pub(crate) fn again<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.next().args(arguments).run()
    }

    /// A further command in the same folder.
    pub(crate) fn next(&self) -> Dockopt {
        let folder = Arc::clone(&self.folder);
        Dockopt { folder, arguments: Vec::new(), variables: Vec::new(), input: None, copy: None }
    }

    /// The folder afterwards.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file's text afterwards.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    /// Whether a file is there afterwards.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.folder.path().join(path).exists()
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap()
    }

    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, expected, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Nothing on standard output, and this on standard error.
    #[track_caller]
    pub(crate) fn complains(self, expected: &[&str]) -> Self {
        assert_eq!(self.stdout, "");
        for text in expected {
            assert!(self.stderr.contains(text), "`{text}` is not in:\n{}", self.stderr);
        }
        self
    }
}

/// What tools leave behind is no part of a fixture.
const LEFT_BEHIND: [&str; 5] = ["node_modules", ".venv", "__pycache__", ".pytest_cache", "dist"];

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let from = entry.unwrap().path();
        let to: PathBuf = to.join(from.file_name().unwrap());
        if LEFT_BEHIND.iter().any(|name| from.ends_with(name)) {
            continue;
        }
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_else(|| "a panic".into())
}
