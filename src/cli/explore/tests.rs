use allocation_counter::measure;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::draw;
use super::keys::press;
use super::outline::Order;
use super::state::{Effect, Explorer, Focus, Mode};
use super::viewer::{FileStart, FileView};
use crate::analysis::{self, Analysis};
use crate::finding::Mask;
use crate::image::{EntryId, Read};
use dockopt_testing::sketch;

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
        "t t e s",
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
fn a_tree_is_as_of_its_layer() {
    check(
        "t e s",
        &[
            " Tree as of layer 1  900 kB  by name",
            " A  lrwxrwxrwx 0:0         #1      0 B    lib → srv/main",
            " A  drwxr-xr-x 0:0         #1   900 kB  ▾ srv/",
            " AW -rw-r--r-- 1000:5      #1   900 kB      main",
            " A  -rwsr-xr-x 0:0         #1     70 B      su",
        ],
    );
    let second = [
        " Tree as of layer 2  1.43 MB  by size",
        "    drwxr-xr-x 0:0         #1   900 kB  ▾ srv/",
        " C  -rw------- 0:0         #2   900 kB      main",
        "    -rwsr-xr-x 0:0         #1     70 B      su",
        " A  drwxr-xr-x 0:0         #2   530 kB  ▾ tmp/",
        "                                530 kB    ▾ a/",
        " AD -rw-r--r-- 0:0         #2   500 kB        cache",
        " AD -rw-r--r-- 0:0         #2    30 kB        list",
        "    lrwxrwxrwx 0:0         #1      0 B    lib → srv/main",
    ];
    check("t Tab Down Tab e", &second);
    // What the layer removed is shown, and is not part of the folder's size.
    check(
        "t Tab Down Down Tab e",
        &[
            " Tree as of layer 3  900 kB  by size",
            "    drwxr-xr-x 0:0         #1   900 kB  ▾ srv/",
            "    -rw------- 0:0         #2   900 kB      main",
            "    -rwsr-xr-x 0:0         #1     70 B      su",
            " A  -rw-r--r-- 0:0         #3      4 B      note",
            " A  -rw-r--r-- 0:0         #3      0 B      link → /srv/note (hard lin",
            "    lrwxrwxrwx 0:0         #1      0 B    lib → srv/main",
            "    drwxr-xr-x 0:0         #2      0 B  ▾ tmp/",
            " R                             −530 kB    ▾ a/",
            " R  -rw-r--r-- 0:0         #2  −500 kB        cache",
            " R  -rw-r--r-- 0:0         #2   −30 kB        list",
        ],
    );
    // Files that later layers delete are a list of their own.
    check(
        "t Tab Down Tab d e",
        &[
            " Tree as of layer 2  530 kB  by size  only D",
            " A  drwxr-xr-x 0:0         #2   530 kB  ▾ tmp/",
            "                                530 kB    ▾ a/",
            " AD -rw-r--r-- 0:0         #2   500 kB        cache",
            " AD -rw-r--r-- 0:0         #2    30 kB        list",
        ],
    );
}

#[test]
fn a_filter_follows_what_is_typed() {
    let all = analyse(&[APP]);
    let mut explorer = Explorer::new(&all.images, false).unwrap();
    explorer.select_layer(1);
    let names = |explorer: &Explorer<'_>| -> Vec<String> {
        let paths = &explorer.analysis().image.paths;
        explorer.outline.rows.iter().map(|row| paths.text(row.path)).collect()
    };
    keys(&mut explorer, "t t f M A");
    assert_eq!(names(&explorer), ["srv", "srv/main"]);
    keys(&mut explorer, "Back Back");
    assert!(names(&explorer).len() > 5, "{:?}", names(&explorer));
    // A dot is a dot in a text, and any character in an expression.
    keys(&mut explorer, "s .");
    assert!(names(&explorer).is_empty());
    let control =
        |explorer: &mut Explorer<'_>, c| press(explorer, KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL));
    control(&mut explorer, 'r');
    keys(&mut explorer, "$");
    assert_eq!(names(&explorer), ["srv", "srv/su"]);
    // What is no expression yet leaves the tree as it is.
    keys(&mut explorer, "(");
    assert_eq!(names(&explorer), ["srv", "srv/su"]);
    assert!(screen(&mut explorer, 100, 20).contains("not a regular expression yet: s.$("));
    keys(&mut explorer, "Back Enter");
    assert_eq!((&explorer.mode, explorer.focus), (&Mode::Browse, Focus::Tree));
    assert!(screen(&mut explorer, 100, 20).contains("matching s.$"));
    // It holds in every view, until Escape.
    keys(&mut explorer, "t Esc");
    assert!(names(&explorer).contains(&"tmp".to_owned()), "{:?}", names(&explorer));
    assert_eq!(explorer.mode, Mode::Browse);
    keys(&mut explorer, "f x y");
    assert!(screen(&mut explorer, 100, 20).contains("no files match the filter"));
    keys(&mut explorer, "Esc");
    assert!(names(&explorer).contains(&"tmp".to_owned()), "{:?}", names(&explorer));
}

#[test]
fn the_layers_of_a_path_are_listed() {
    let all = analyse(&[APP]);
    let mut explorer = Explorer::new(&all.images, false).unwrap();
    keys(&mut explorer, "p");
    assert!(explorer.status_message.is_error);
    explorer.select_layer(2);
    keys(&mut explorer, "/ c a c h e Enter p");
    let text = screen(&mut explorer, 100, 20);
    assert!(text.contains(" /tmp/a/cache  2 layers touch it"), "{text}");
    assert!(text.contains("   #2  added      500 kB    RUN make"), "{text}");
    assert!(text.contains("   #3  deleted              RUN clean"), "{text}");
    keys(&mut explorer, "Home Enter");
    assert_eq!((explorer.layers.at, &explorer.mode, explorer.focus), (1, &Mode::Browse, Focus::Tree));
    assert!(screen(&mut explorer, 100, 30).contains(" /tmp/a/cache\n"));
    // Of a folder also what happens in it.
    keys(&mut explorer, "Home p");
    let text = screen(&mut explorer, 100, 20);
    assert!(text.contains("#1  added; in it: 2 added"), "{text}");
    keys(&mut explorer, "Esc q");
}

#[test]
fn a_file_is_viewed() {
    let all = analyse(&[APP]);
    let mut explorer = Explorer::new(&all.images, false).unwrap();
    explorer.select_layer(1);
    keys(&mut explorer, "v");
    assert!(explorer.status_message.is_error);
    let file = EntryId { layer: 1, index: 1 };
    let effect = keys(&mut explorer, "/ c a c h e Enter Enter");
    let Effect::View { image: 0, file: of, path } = effect else { panic!("{effect:?}") };
    assert_eq!(of, file);
    assert_eq!(keys(&mut explorer, "v"), effect);
    let mut start = FileStart::default();
    std::io::Write::write_all(&mut start, "one\ntwo\n\x1b[2J\n".repeat(20).as_bytes()).unwrap();
    explorer.view = FileView::new(path, start, 2_000_000);
    explorer.mode = Mode::View;
    let text = screen(&mut explorer, 100, 12);
    assert!(text.contains("/tmp/a/cache  2 MB · text · rows 1 to 9 of 60 · only the first 1 MB is shown"), "{text}");
    assert!(text.contains("\n two\n ␛[2J\n"), "{text}");
    keys(&mut explorer, "PgDn Right");
    let text = screen(&mut explorer, 100, 12);
    assert!(text.contains("rows 9 to 17 of 60 · from column 9"), "{text}");
    keys(&mut explorer, "x");
    assert!(screen(&mut explorer, 100, 12).contains("00000000  6f 6e 65 0a"), "{text}");
    assert_eq!(keys(&mut explorer, "End Esc"), Effect::None);
    assert_eq!(explorer.mode, Mode::Browse);
    assert_eq!(keys(&mut explorer, "Left v"), Effect::None);
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
fn the_help_page_is_whole_at_80_columns() {
    let all = analyse(&[APP]);
    let mut explorer = Explorer::new(&all.images, false).unwrap();
    keys(&mut explorer, "?");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let wide = screen(&mut explorer, 200, 60);
    let narrow = screen(&mut explorer, 80, 60);
    let page = |text: &str| words(&text.lines().skip(1).collect::<Vec<_>>().join("\n"));
    assert_eq!(page(&wide), page(&narrow));
}

#[test]
fn the_sums_stay_however_long_the_name_is() {
    let mut all = analyse(&[APP]);
    all.images[0].image.reference = format!("registry.example.com/{}/app:1", "team/".repeat(12));
    let mut explorer = Explorer::new(&all.images, false).unwrap();
    for columns in [80, 100, 200] {
        let text = screen(&mut explorer, columns, 20);
        let head = text.lines().next().unwrap();
        assert!(head.contains("in 3 layers, ") && head.contains(" wasted, dive efficiency "), "{head}");
        assert!(head.ends_with(" %") && head.contains("app:1"), "{head}");
    }
}

#[test]
fn layers_and_files_are_side_by_side_from_100_columns() {
    let all = analyse(&[APP]);
    let mut explorer = Explorer::new(&all.images, false).unwrap();
    let both = |text: &str| text.contains("instruction") && text.contains("Changes of layer");
    assert!(both(&screen(&mut explorer, 100, 20)));
    let text = screen(&mut explorer, 99, 20);
    assert!(!both(&text) && text.contains("COPY app /srv"), "{text}");
}

#[test]
fn no_size_and_no_image_is_too_small() {
    let long = format!("100644 0:0 5 {}x\n100644 0:0 5 日本\u{1b}[2J\u{202e}", "d/".repeat(80));
    for text in ["", "HISTORY x", APP, &long] {
        let all = analyse(&[text]);
        let mut explorer = Explorer::new(&all.images, true).unwrap();
        for pressed in [
            "Down", "Tab", "e", "End", "PgUp", "t", "p", "PgDn", "Esc", "t", "f", "x", "Enter", "d", "0", "Tab", "w",
            "End", "Enter", "?", "PgDn", "Esc", "/", "x", "Esc", "u", "x", "Left",
        ] {
            keys(&mut explorer, pressed);
            for size in [(40, 10), (1, 1), (2, 3), (0, 0), (200, 60), (100, 14), (300, 2)] {
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
