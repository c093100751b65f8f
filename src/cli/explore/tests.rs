use allocation_counter::measure;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::draw;
use super::keys::press;
use super::outline::Order;
use super::state::{Effect, Explorer, Focus, Mode};
use crate::analysis::{self, Analysis};
use crate::finding::Mask;
use crate::image::test_layers::sketch;
use crate::image::{EntryId, Read};

const APP: &str = "HISTORY COPY app /srv\nHISTORY RUN make\nHISTORY RUN clean\n\n\
    40755 0:0 0 srv/\n100644 1000:5 900000 srv/main\n104755 0:0 70 srv/su\n120777 0:0 0 lib -> srv/main\n\n\
    40755 0:0 0 tmp/\n100644 0:0 500000 tmp/a/cache\n100644 0:0 30000 tmp/a/list\n100600 0:0 900000 srv/main = new\n\n\
    0 0:0 0 tmp/.wh.a\n100644 0:0 4 srv/note\n100644 0:0 0 srv/link => srv/note";

fn analyse(texts: &[&str]) -> Analysis {
    let mut images: Vec<crate::image::Image> = texts.iter().map(|text| sketch(text)).collect();
    for image in &mut images {
        for (number, layer) in image.layers.iter_mut().enumerate() {
            layer.history = Some(number);
        }
    }
    let read = Read { images, ..Read::default() };
    analysis::analyse(read, &analysis::AnalysisOptions::default(), &mut Mask::default())
}

fn code(key: &str) -> KeyCode {
    match key {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Back" => KeyCode::Backspace,
        key => KeyCode::Char(key.chars().next().unwrap()),
    }
}

/// Presses keys, parted by blanks; what the last one asks for.
fn keys(explorer: &mut Explorer<'_>, keys: &str) -> Effect {
    let press_one = |key| press(explorer, KeyEvent::new(code(key), KeyModifiers::NONE));
    keys.split(' ').map(press_one).last().unwrap_or(Effect::None)
}

fn screen(explorer: &mut Explorer<'_>, columns: u16, rows: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw::draw(explorer, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y| (0..columns).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..rows).map(row).collect::<Vec<_>>().join("\n")
}

/// The rows of the tree, or of what lies over it, after some keys.
#[track_caller]
fn check(pressed: &str, expected: &[&str]) {
    let all = analyse(&[APP]);
    let mut explorer = Explorer::new(&all.images, false).unwrap();
    explorer.select_layer(0);
    explorer.focus = Focus::Tree;
    keys(&mut explorer, pressed);
    let screen = screen(&mut explorer, 70, 18);
    let rows: Vec<&str> = screen.lines().skip(1).take_while(|line| !line.starts_with('─')).collect();
    let end = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
    assert_eq!(rows[..end], *expected, "{pressed}\n{screen}");
}

#[test]
fn a_layer_shows_what_it_does() {
    check(
        "Up",
        &[
            " Changes of layer 1  A 900 kB  by size",
            " A  drwxr-xr-x 0:0          900 kB  ▾ srv/",
            " AW -rw-r--r-- 1000:5       900 kB      main",
            " A  -rwsr-xr-x 0:0            70 B      su",
            " A  lrwxrwxrwx 0:0             0 B    lib → srv/main",
        ],
    );
    let third = "Tab Down Down Tab";
    check(
        third,
        &[
            " Changes of layer 3  A 4 B  R 530 kB  by size",
            "                            530 kB  ▾ tmp/",
            " R                         −530 kB    ▾ a/",
            " R  -rw-r--r-- 0:0         −500 kB        cache",
            " R  -rw-r--r-- 0:0          −30 kB        list",
            "                               4 B  ▾ srv/",
            " A  -rw-r--r-- 0:0             4 B      note",
            " A  -rw-r--r-- 0:0             0 B      link → /srv/note (hard link)",
        ],
    );
    check(
        &format!("{third} r"),
        &[
            " Changes of layer 3  530 kB  by size  only R",
            "                            530 kB  ▾ tmp/",
            " R                         −530 kB    ▾ a/",
            " R  -rw-r--r-- 0:0         −500 kB        cache",
            " R  -rw-r--r-- 0:0          −30 kB        list",
        ],
    );
    check(
        &format!("{third} c"),
        &[" Changes of layer 3  0 B  by size  only C", "  no files match the filter (0 clears it)"],
    );
}

#[test]
fn the_final_tree_tells_layers() {
    check(
        "t e s",
        &[
            " Final tree  900 kB  by name",
            " A  lrwxrwxrwx 0:0         #1      0 B    lib → srv/main",
            " A  drwxr-xr-x 0:0         #1   900 kB  ▾ srv/",
            "    -rw-r--r-- 0:0         #3      0 B      link → /srv/note (hard lin",
            "    -rw------- 0:0         #2   900 kB      main",
            "    -rw-r--r-- 0:0         #3      4 B      note",
            " A  -rwsr-xr-x 0:0         #1     70 B      su",
            "    drwxr-xr-x 0:0         #2      0 B    tmp/",
        ],
    );
}

#[test]
fn folders_open_and_close() {
    let all = analyse(&[APP]);
    let mut explorer = Explorer::new(&all.images, true).unwrap();
    let rows = |explorer: &Explorer<'_>| (explorer.outline.rows.len(), explorer.outline.selected);
    explorer.select_layer(1);
    assert_eq!(rows(&explorer), (6, 0));
    keys(&mut explorer, "Tab Left");
    assert_eq!((rows(&explorer), explorer.focus), ((5, 0), Focus::Tree));
    keys(&mut explorer, "Left");
    assert_eq!(explorer.focus, Focus::Layers);
    keys(&mut explorer, "Enter E");
    assert_eq!(rows(&explorer), (2, 0));
    // A folder that is alone in another one opens with it.
    keys(&mut explorer, "End Right");
    assert_eq!(rows(&explorer), (5, 1));
    keys(&mut explorer, "Right End Left Left");
    assert_eq!(rows(&explorer), (3, 2));
    keys(&mut explorer, "Home Enter");
    assert_eq!(rows(&explorer), (4, 0));
    keys(&mut explorer, "s");
    assert_eq!(explorer.outline.order, Order::Name);
}

#[test]
fn waste_leads_to_its_file() {
    let all = analyse(&[APP]);
    let mut explorer = Explorer::new(&all.images, false).unwrap();
    keys(&mut explorer, "w");
    let text = screen(&mut explorer, 100, 20);
    assert!(text.contains("900 kB  overwritten  /srv/main"), "{text}");
    assert!(text.contains("530 kB  deleted      /tmp/a (2 files)"), "{text}");
    keys(&mut explorer, "Down Enter");
    assert_eq!((explorer.layers.at, &explorer.mode, explorer.focus), (1, &Mode::Browse, Focus::Tree));
    let text = screen(&mut explorer, 100, 30);
    assert!(text.contains(" /tmp/a\n") && text.contains("layer 2 · Dockerfile line unknown"), "{text}");
}

#[test]
fn a_file_is_asked_for_with_its_name() {
    let all = analyse(&[APP]);
    let mut explorer = Explorer::new(&all.images, false).unwrap();
    explorer.select_layer(2);
    keys(&mut explorer, "x");
    assert!(explorer.status_message.is_error);
    keys(&mut explorer, "/ c a c h e Enter x");
    let file = EntryId { layer: 1, index: 1 };
    assert_eq!(explorer.mode, Mode::Extract { file, name: "cache".to_owned() });
    assert_eq!(keys(&mut explorer, "Back / Enter"), Effect::None);
    assert!(explorer.status_message.text.contains("must not contain `/`"), "{}", explorer.status_message.text);
    let effect = keys(&mut explorer, "Back 2 Enter");
    assert_eq!(effect, Effect::Extract { image: 0, file, name: "cach2".to_owned() });
    // A hard link is read where its contents are.
    keys(&mut explorer, "/ l i n k Enter x");
    assert!(
        explorer.status_message.is_error
            || explorer.mode == Mode::Extract { file: EntryId { layer: 2, index: 1 }, name: "link".into() }
    );
}

#[test]
fn keys_quit_wherever_they_are_meant_to() {
    let all = analyse(&[APP, "100644 0:0 5 other"]);
    let mut explorer = Explorer::new(&all.images, false).unwrap();
    assert_eq!(keys(&mut explorer, "/ q"), Effect::None);
    assert_eq!(keys(&mut explorer, "Esc ? x w w"), Effect::None);
    assert_eq!(explorer.mode, Mode::Browse);
    let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(press(&mut explorer, control), Effect::Quit);
    assert_eq!(keys(&mut explorer, "q"), Effect::Quit);
    keys(&mut explorer, "i");
    assert!(screen(&mut explorer, 100, 20).contains("image 2 of 2"));
    assert!(Explorer::new(&[], false).is_none());
}

#[test]
fn no_size_and_no_image_is_too_small() {
    let long = format!("100644 0:0 5 {}x\n100644 0:0 5 日本\u{1b}[2J\u{202e}", "d/".repeat(80));
    for text in ["", "HISTORY x", APP, &long] {
        let all = analyse(&[text]);
        let mut explorer = Explorer::new(&all.images, true).unwrap();
        for pressed in [
            "Down", "Tab", "e", "End", "PgUp", "t", "w", "End", "Enter", "?", "PgDn", "Esc", "/", "x", "Esc", "u", "x",
            "Left",
        ] {
            keys(&mut explorer, pressed);
            for size in [(40, 10), (1, 1), (2, 3), (0, 0), (200, 60), (84, 14), (300, 2)] {
                let text = screen(&mut explorer, size.0, size.1);
                assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
            }
        }
    }
}

/// What many files allocate: bytes to search and open them, and bytes of 50 frames afterwards.
fn work(files: u32) -> (u64, u64) {
    let mut image = sketch("40755 0:0 0 d/");
    for number in 0..files {
        let path = image.paths.intern(format!("d/{}/{number:06}", number % 100).as_bytes()).unwrap();
        let entry = crate::image::LayerEntry {
            path,
            link: path,
            kind: crate::image::EntryKind::File,
            size: 7,
            ..image.layers[0].entries[0]
        };
        image.layers[0].entries.push(entry);
    }
    let read = Read { images: vec![image], ..Read::default() };
    let options =
        analysis::AnalysisOptions { no_duplicates: true, no_packages: true, ..analysis::AnalysisOptions::default() };
    let all = analysis::analyse(read, &options, &mut Mask::default());
    let mut explorer = Explorer::new(&all.images, false).unwrap();
    let opening = measure(|| {
        keys(&mut explorer, "e End / 0 9 9 9 9 9 Enter");
        assert!(screen(&mut explorer, 100, 30).contains("match 1 of 1"));
    });
    assert!(explorer.outline.rows.len() < 25_000);
    let frames = measure(|| {
        for _ in 0..50 {
            keys(&mut explorer, "Down");
            screen(&mut explorer, 100, 30);
        }
    });
    (opening.bytes_total, frames.bytes_total)
}

#[test]
fn many_files_stay_fluid() {
    let (once, twice) = (work(100_000), work(200_000));
    assert!(twice.0 < once.0 * 3, "to open twice the files allocates {} bytes, not {}", twice.0, once.0);
    // What is drawn is the screen, however many rows there are.
    assert!(twice.1 < once.1 + once.1 / 10, "50 frames of twice the files allocate {} bytes, not {}", twice.1, once.1);
}
