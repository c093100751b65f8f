//! A small image in every format.

use super::*;
use crate::analysis::{Analysis, AnalysisOptions, analyse};
use crate::finding::Mask;
use crate::image::Read;
use crate::report::{Layout, Medium};
use dockopt_testing::sketch;

const NAMES: &[String] = &[];

fn view() -> ImageView<'static> {
    ImageView {
        all: false,
        shared: false,
        depth: 2,
        top: 10,
        bandwidths: &[100_000_000],
        names: NAMES,
        dockerfile: None,
    }
}

fn small() -> Analysis {
    let image = sketch(
        "USER app\nENV DB_PASSWORD=c4nary-hunter\nHISTORY # debian.sh --arch 'amd64' out/\nEMPTY ENV DB_PASSWORD=c4nary-hunter\n\
         HISTORY COPY app /srv/app # buildkit\nHISTORY RUN /bin/sh -c pip install numpy # buildkit\n\
         HISTORY RUN /bin/sh -c rm -rf /root/.cache && chown -R 1000 /srv # buildkit\n\n\
         40755 0:0 0 usr/\n100644 0:0 120000000 usr/lib/libbig.so\n\n\
         40755 0:0 0 srv/\n100644 0:0 2000000 srv/app/data.bin = x\n100644 0:0 2000000 srv/app/again.bin = x\n\n\
         100644 0:0 36000000 root/.cache/pip/wheel\n100644 0:0 9000000 usr/lib/numpy.so\n\n\
         0 0:0 0 root/.wh..cache\n100644 1000:1000 2000000 srv/app/data.bin = x\n120777 0:0 0 srv/e\u{1b}[2J\u{202e}vil -> data.bin",
    );
    let read = Read { images: vec![image], ..Read::default() };
    analyse(read, &AnalysisOptions::default(), &mut Mask::default())
}

#[test]
fn the_screen_fits() {
    let analysis = small();
    for columns in [80, 100, 120] {
        let layout = Layout { width: Some(columns), colour: false, links: false };
        let text = image(&analysis, &view(), Medium::Terminal).write(Medium::Terminal, layout);
        for line in text.lines() {
            assert!(crate::report::layout::width(line) <= columns, "{columns}: {line}");
        }
    }
    let text = image(&analysis, &view(), Medium::Terminal).write(Medium::Terminal, Layout::PLAIN);
    assert!(text.contains("129 MB  96 %  /usr/lib\n"), "{text}");
    assert!(
        text.contains("36 MB  deleted       /root/.cache/pip/wheel  layer 3 → layer 4  deleted-in-later-layer"),
        "{text}"
    );
    assert!(!text.contains("c4nary"), "{text}");
}

#[test]
fn a_terminal_of_80_columns_cuts_no_sum() {
    let layout = Layout { width: Some(80), colour: false, links: false };
    let text = image(&small(), &view(), Medium::Terminal).write(Medium::Terminal, layout);
    let top = text.split("\n\n").next().unwrap();
    assert!(top.contains("stored again for a") && !top.contains('…'), "{top}");
}

#[test]
fn documents_have_all_sections_and_nothing_that_is_obeyed() {
    let analysis = small();
    let [page, text] =
        [Medium::Html, Medium::Markdown].map(|medium| image(&analysis, &view(), medium).write(medium, Layout::PLAIN));
    for words in ["Wasted: ", "Secrets that anyone", "Duplicate files: ", "Largest folders", "4 layers"] {
        assert!(page.contains(words) && text.contains(words), "no {words}: {text}");
    }
    assert!(text.contains("[deleted-in-later-layer](https://"), "{text}");
    for document in [&page, &text] {
        assert!(!document.contains("c4nary") && !document.contains(['\u{1b}', '\u{202e}']), "{document}");
    }
    assert!(page.contains("root/.cache/pip/wheel"), "{page}");
    assert!(page.contains("wasted") && page.contains("duplicate"), "{page}");
}

#[test]
fn the_picture_of_a_large_image_is_small() {
    let mut text = String::new();
    for layer in 0..4_u64 {
        for file in 0..10_000_u64 {
            let (folder, size) = (file % 300, (file * 7_919 + layer) % 90_000);
            text.push_str(&format!("100644 0:0 {size} usr/share/f{folder}/d{}/file{file}\n", file % 7));
        }
        text.push('\n');
    }
    let read = Read { images: vec![sketch(&text)], ..Read::default() };
    let options = AnalysisOptions { no_duplicates: true, ..AnalysisOptions::default() };
    let analysis = analyse(read, &options, &mut Mask::default());
    let page = image(&analysis, &view(), Medium::Html).write(Medium::Html, Layout::PLAIN);
    let nodes = page.matches("role=\"treeitem\"").count();
    assert!((1_000..=4_100).contains(&nodes) && page.len() < 5_000_000, "{nodes} {}", page.len());
    assert!(page.contains(" smaller ") && page.contains("are summed as"), "{nodes}");
}

#[test]
fn paths_of_one_kind_are_one_row_as_in_a_report() {
    let sketched = sketch(
        "HISTORY RUN /bin/sh -c uv sync # buildkit\n\n\
         40755 0:0 0 srv/\n100666 0:0 5 srv/a.lock\n100666 0:0 6 srv/b.lock\n100666 0:0 7 srv/c/d.lock",
    );
    let read = Read { images: vec![sketched], ..Read::default() };
    let analysis = analyse(read, &AnalysisOptions::default(), &mut Mask::default());
    let rows = |view: ImageView<'static>, medium| {
        let text = image(&analysis, &view, medium).write(medium, Layout::PLAIN);
        text.matches("any user in the container can write to").count()
    };
    for medium in [Medium::Terminal, Medium::Markdown, Medium::Html] {
        let text = image(&analysis, &view(), medium).write(medium, Layout::PLAIN);
        assert!(text.contains("and 2 more paths below"), "{text}");
        assert_eq!(rows(view(), medium), 1);
        assert_eq!(rows(ImageView { all: true, ..view() }, medium), 3);
    }
}
