//! Words of sources that tell of files which the program writes somewhere below WORKDIR.

use std::sync::LazyLock;

use regex::Regex;

/// The words, by language as they come.
pub(super) const SIGNS: [&str; 113] = [
    "django.db.backends.sqlite3",
    ".write_text(",
    ".write_bytes(",
    ".mkdir(",
    "shutil.copy",
    "shutil.move",
    "MEDIA_ROOT",
    "UPLOAD_FOLDER",
    "upload_to=",
    "multer(",
    "file:./",
    "os.OpenFile(",
    "FileMode.Create",
    "dbm.open(",
    "shelve.open(",
    "TinyDB(",
    "lowdb",
    ".mkdirs(",
    "LocalAuth(",
    "TelegramClient(",
    "PersistentClient(",
    "joblib.dump(",
    "torch.save(",
    "aiosqlite.connect(",
    "SqliteDatabase(",
    "duckdb.connect(",
    "FileHandler\"",
    "FileHandler'",
    ".save(os.path",
    ".save(path",
    ".save(f",
    "image.save(",
    "img.save(",
    "secure_filename(",
    "gTTS(",
    "np.save",
    "numpy.save",
    "urlretrieve(",
    "gdown.",
    ".extractall(",
    ".open(\"w",
    ".open('w",
    "YoutubeDL(",
    "yt_dlp",
    "diskcache",
    "requests_cache",
    "PicklePersistence(",
    "FEEDS",
    "VideoWriter(",
    "wavfile.write(",
    "to_pickle(",
    "to_feather(",
    "to_hdf(",
    "h5py.File(",
    "write_index(",
    "chromadb",
    "new Database(",
    "type: \"sqlite\"",
    "type: 'sqlite'",
    "type: \"better-sqlite3\"",
    "type: 'better-sqlite3'",
    "dialect: \"sqlite\"",
    "dialect: 'sqlite'",
    "provider = \"sqlite\"",
    "provider=\"sqlite\"",
    "quick.db",
    "classic-level",
    "\"level\"",
    "'level'",
    "node-persist",
    "node-localstorage",
    "@keyv/sqlite",
    "outputJson",
    "outputFile",
    "ensureDir",
    "ensureFile",
    "mkdirp",
    ".mv(",
    "uploadDir",
    "rotating-file-stream",
    "pino.destination",
    "pino/file",
    "session-file-store",
    "connect-sqlite3",
    ".toFile(",
    "nedb",
    "lokijs",
    "log4js",
    "DailyRotateFile",
    "createObjectCsvWriter(",
    ".screenshot({",
    "UseSqlite(",
    "WriteTo.File(",
    "File.WriteAll",
    "File.AppendAll",
    "Directory.CreateDirectory",
    "->storeAs(",
    "new SQLite3(",
    "imagepng(",
    "imagejpeg(",
    "PStore.new(",
    "ioutil.WriteFile(",
    "bolt.Open(",
    "badger.Open(",
    "lumberjack.Logger",
    "SaveUploadedFile(",
    "OpenOptions::new()",
    "sled::open(",
    "Connection::open(",
    "rolling::daily(",
    "rolling::hourly(",
    "rolling::never(",
    "file:\n    name:",
];

/// Whether a text holds one of them.
pub(super) fn in_text(text: &str) -> bool {
    // One pass for all of them: there are thousands of texts.
    static ALL: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let words: Vec<String> = SIGNS.iter().map(|sign| regex::escape(sign)).collect();
        Regex::new(&words.join("|")).ok()
    });
    ALL.as_ref().is_none_or(|all| all.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found() {
        for sign in SIGNS {
            assert!(in_text(&format!("x {sign} y")), "{sign}");
        }
        assert!(!in_text("print('hello')"));
    }
}
