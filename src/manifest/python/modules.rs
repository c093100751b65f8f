//! Which distribution an importable module comes from.

use super::normal;
use crate::manifest::project::{Dependency, Install, Project, Scope};

/// Modules and the distributions that provide them. Measured on 2026-11-20 with Python 3.11: the named distributions
/// installed from wheels into a fresh environment, then `importlib.metadata.packages_distributions()`. Where several
/// stand in a row, the further ones only keep the answer from being a wrong "no".
const PROVIDERS: &[(&str, &[&str])] = &[
    ("PIL", &["pillow", "pillow-simd"]),
    ("aio_pika", &["aio-pika"]),
    ("aiohttp", &["aiohttp"]),
    ("alembic", &["alembic"]),
    ("asyncpg", &["asyncpg"]),
    ("attr", &["attrs"]),
    ("boto3", &["boto3"]),
    ("bs4", &["beautifulsoup4"]),
    ("bson", &["pymongo", "bson"]),
    ("celery", &["celery"]),
    ("certifi", &["certifi"]),
    ("cv2", &["opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"]),
    ("dateutil", &["python-dateutil"]),
    ("django", &["django"]),
    ("dns", &["dnspython"]),
    ("dotenv", &["python-dotenv", "dotenv"]),
    ("fastapi", &["fastapi", "fastapi-slim"]),
    ("flask", &["flask"]),
    ("google.protobuf", &["protobuf"]),
    ("grpc", &["grpcio"]),
    ("gunicorn", &["gunicorn"]),
    ("httpx", &["httpx"]),
    ("jinja2", &["jinja2"]),
    ("jose", &["python-jose", "jose"]),
    ("jwt", &["pyjwt", "jwt"]),
    ("kafka", &["kafka-python", "kafka-python-ng", "kafka"]),
    ("nats", &["nats-py"]),
    ("numpy", &["numpy"]),
    ("pika", &["pika"]),
    ("prometheus_client", &["prometheus-client"]),
    ("psutil", &["psutil"]),
    ("psycopg", &["psycopg"]),
    ("psycopg2", &["psycopg2", "psycopg2-binary", "psycopg2cffi"]),
    ("pydantic", &["pydantic"]),
    ("pydantic_settings", &["pydantic-settings"]),
    ("pymongo", &["pymongo"]),
    ("pymysql", &["pymysql"]),
    ("redis", &["redis"]),
    ("requests", &["requests"]),
    ("sklearn", &["scikit-learn"]),
    ("sqlalchemy", &["sqlalchemy"]),
    ("starlette", &["starlette"]),
    ("taskiq", &["taskiq"]),
    ("tornado", &["tornado"]),
    ("urllib3", &["urllib3"]),
    ("uvicorn", &["uvicorn"]),
    ("websocket", &["websocket-client"]),
    ("websockets", &["websockets"]),
    ("yaml", &["pyyaml"]),
    ("zmq", &["pyzmq"]),
];

/// `sys.stdlib_module_names` of Python 3.13.0, without private names: what 3.13 removed is not claimed to be there.
const STANDARD: &str = "\
    abc argparse array ast asyncio atexit base64 bdb binascii bisect builtins bz2 cProfile calendar cmath cmd code \
    codecs codeop collections colorsys compileall concurrent configparser contextlib contextvars copy copyreg csv \
    ctypes curses dataclasses datetime dbm decimal difflib dis doctest email encodings ensurepip enum errno \
    faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext \
    glob graphlib grp gzip hashlib heapq hmac html http imaplib importlib inspect io ipaddress itertools json \
    keyword linecache locale logging lzma mailbox marshal math mimetypes mmap modulefinder msvcrt multiprocessing \
    netrc nt ntpath nturl2path numbers opcode operator optparse os pathlib pdb pickle pickletools pkgutil platform \
    plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue \
    quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil \
    signal site smtplib socket socketserver sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string \
    stringprep struct subprocess symtable sys sysconfig syslog tabnanny tarfile tempfile termios textwrap threading \
    time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle types typing unicodedata \
    unittest urllib uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xml xmlrpc zipapp zipfile \
    zipimport zlib zoneinfo";

/// See [`Project::installs_module`].
pub(in crate::manifest) fn installs(
    project: &Project,
    install: &Install,
    module: &str,
    with_dev: bool,
) -> Option<bool> {
    let top = module.split('.').next().unwrap_or_default();
    if STANDARD.split(' ').any(|name| name == top) {
        return Some(true);
    }
    if project.modules.contains(top) {
        return None;
    }
    let known = providers(module);
    let by_name = [normal(top)];
    let candidates: Vec<&str> = match known {
        Some(known) => known.to_vec(),
        None => by_name.iter().map(String::as_str).collect(),
    };
    let Some(locked) = &install.locked else {
        let wanted = |dependency: &&Dependency| with_dev || dependency.scope == Scope::Run;
        let mut direct = project.dependencies.iter().filter(wanted);
        return direct.any(|dependency| candidates.contains(&dependency.name.as_str())).then_some(true);
    };
    let mut told = Some(false);
    for name in candidates {
        // A name that no table knows may be another distribution's module: its absence says nothing.
        let there = locked.packages.contains_key(name) || known.is_some();
        match locked.installs(name, with_dev).filter(|_| there) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => told = None,
        }
    }
    told
}

/// Whether a distribution is known to come as a wheel, in current versions at least.
pub fn has_wheels(distribution: &str) -> bool {
    let sources = ["psycopg2", "psycopg2cffi", "pillow-simd"];
    !sources.contains(&distribution) && PROVIDERS.iter().any(|(_, all)| all.contains(&distribution))
}

fn providers(module: &str) -> Option<&'static [&'static str]> {
    let row = PROVIDERS
        .iter()
        .find(|(name, _)| module.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
    row.map(|(_, providers)| *providers)
}
