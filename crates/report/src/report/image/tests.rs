//! A small image in every format.

use super::*;
use crate::analysis::{Analysis, AnalysisOptions, analyse};
use crate::finding::Mask;
use crate::image::Read;
use crate::report::Layout;
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
        let layout = Layout { width: Some(columns), colour: false };
        let text = image(&analysis, &view(), layout);
        for line in text.lines() {
            assert!(crate::report::layout::width(line) <= columns, "{columns}: {line}");
        }
    }
    let text = image(&analysis, &view(), Layout::PLAIN);
    assert!(text.contains("129 MB  96 %  /usr/lib\n"), "{text}");
    assert!(
        text.contains("36 MB  deleted       /root/.cache/pip/wheel  layer 3 → layer 4  deleted-in-later-layer"),
        "{text}"
    );
    assert!(!text.contains("c4nary"), "{text}");
}
