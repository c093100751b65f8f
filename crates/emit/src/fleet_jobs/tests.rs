//! The jobs of each system, and the amounts in them.

use super::*;
use crate::yaml;

const SYSTEMS: [FleetSystem; 3] = [FleetSystem::Github, FleetSystem::Gitlab, FleetSystem::Kubernetes];

fn input(system: FleetSystem) -> FleetJobsInput<'static> {
    FleetJobsInput {
        system,
        list: Some("fleet.jsonl"),
        fullest_part: &|_| None,
        items: Some(ItemCounts { folders: 400, images: 2_000, largest_image: 0 }),
        shards: None,
        minutes: 30,
        run: None,
        registries: &[],
        image: "ghcr.io/dockopt/dockopt:0.1.0",
        namespace: None,
        storage: None,
        storage_class: None,
        stage: "test",
        has_submodules: false,
        text_of: &|_| None,
    }
}

fn run() -> MeasuredFleet {
    let image = |milliseconds: u64, memory: u64| MeasuredItem {
        is_image: true,
        milliseconds,
        cpu_milliseconds: Some(milliseconds / 2),
        memory_bytes: Some(memory),
    };
    let folder =
        MeasuredItem { is_image: false, milliseconds: 9_000, cpu_milliseconds: None, memory_bytes: Some(100_000_000) };
    MeasuredFleet {
        items: vec![image(10_000, 200_000_000), image(50_000, 900_000_000), folder],
        jobs: 4,
        image_bytes: Some(50_000_000),
        result_bytes: Some(100_000),
    }
}

fn text(emission: &Emission, name: &str) -> String {
    assert_eq!(emission.failure, None);
    let file = emission.files.iter().find(|file| file.path.ends_with(name));
    file.unwrap_or_else(|| panic!("{name}: {:?}", emission.files)).text.clone()
}

#[test]
fn every_file_is_yaml_without_a_placeholder() {
    let registries = ["registry.example:5000".to_owned(), "ghcr.io".to_owned()];
    let run = run();
    for system in SYSTEMS {
        for list in [Some("lists/fleet.jsonl"), None] {
            for run in [None, Some(&run)] {
                for registries in [&registries[..], &[]] {
                    let emission = fleet_jobs(&FleetJobsInput { list, run, registries, ..input(system) });
                    assert_eq!(emission.failure, None);
                    for file in &emission.files {
                        assert_eq!(yaml::read(&file.text).problems(), [], "{}", file.text);
                        let is_placeholder =
                            |word: &str| word.starts_with('@') && word.trim_end_matches('"').ends_with('@');
                        assert!(!file.text.split([' ', '"', '\n']).any(is_placeholder), "{}", file.text);
                        assert!(!file.text.lines().any(|line| line.ends_with(' ')), "{}", file.text);
                    }
                    // What is assumed says so, wherever no run was measured.
                    let is_assumed = emission.files.iter().any(|file| file.text.contains("assumed"));
                    assert!(is_assumed, "{system:?}");
                    assert_eq!(run.is_none(), emission.notes.iter().any(|note| note.contains("`--run`")));
                }
            }
        }
    }
}

#[test]
fn amounts_follow_from_a_measured_run() {
    let run = run();
    let emission = fleet_jobs(&FleetJobsInput { run: Some(&run), ..input(FleetSystem::Kubernetes) });
    let text = text(&emission, "/run.yaml");
    // (2,000 × 30 s + 400 × 9 s) / 4 at a time = 15,900 s: nine parts of 29.4 min.
    assert!(text.contains("completions: 9\n") && text.contains("index/9"), "{text}");
    // Three times that.
    assert!(text.contains("activeDeadlineSeconds: 5340\n"), "{text}");
    // (3 × 200 MB + 900 MB) × 1.25 = 1,788 MiB, in steps of 64.
    assert!(text.contains("- 1792MiB\n") && text.contains("memory: 2048Mi\n"), "{text}");
    // Half a processor for each of four.
    assert!(text.contains("cpu: 2000m\n") && text.contains("cpu: \"4\"\n"), "{text}");
    // 223 images of 50 MB, a quarter more.
    assert!(text.contains("- 14GB\n") && text.contains("ephemeral-storage: 16Gi\n"), "{text}");
    assert!(!text.contains("assumed: two") && text.contains("2000 images of 30.0 s (measured)"), "{text}");
}

#[test]
fn systems_have_limits() {
    let many = Some(ItemCounts { folders: 0, images: 1_000_000, largest_image: 0 });
    for (system, most) in [(FleetSystem::Github, "256"), (FleetSystem::Gitlab, "50"), (FleetSystem::Kubernetes, "1000")]
    {
        let emission = fleet_jobs(&FleetJobsInput { items: many, ..input(system) });
        assert!(emission.files.iter().any(|file| file.text.contains(&format!("{most} parts"))), "{system:?}");
        assert!(emission.notes.iter().any(|note| note.contains("runs at most")), "{:?}", emission.notes);
        let emission = fleet_jobs(&FleetJobsInput { shards: Some(5_000), ..input(system) });
        assert!(emission.failure.is_some_and(|failure| failure.contains("5000 shards are too many")));
        // A damaged measurement is no reason to overflow.
        let item = MeasuredItem {
            is_image: true,
            milliseconds: u64::MAX,
            cpu_milliseconds: Some(u64::MAX),
            memory_bytes: Some(u64::MAX),
        };
        let run = MeasuredFleet {
            items: vec![item],
            jobs: usize::MAX,
            image_bytes: Some(u64::MAX),
            result_bytes: Some(u64::MAX),
        };
        assert_eq!(fleet_jobs(&FleetJobsInput { run: Some(&run), items: many, ..input(system) }).failure, None);
    }
    let emission = fleet_jobs(&FleetJobsInput {
        items: Some(ItemCounts { folders: 1, ..ItemCounts::default() }),
        ..input(FleetSystem::Github)
    });
    assert!(text(&emission, ".yml").contains("shard: [1]\n"));
}

#[test]
fn changed_files_are_left_alone() {
    for system in SYSTEMS {
        let first = fleet_jobs(&input(system));
        let text_of = |path: &str| first.files.iter().find(|file| file.path == path).map(|file| file.text.clone());
        assert_eq!(fleet_jobs(&FleetJobsInput { text_of: &text_of, ..input(system) }).files, []);
        let again = fleet_jobs(&FleetJobsInput { text_of: &text_of, shards: Some(3), ..input(system) });
        assert!(again.failure.is_none() && !again.files.is_empty());
        let changed = |path: &str| Some(text_of(path)? + "# mine\n");
        let again = fleet_jobs(&FleetJobsInput { text_of: &changed, ..input(system) });
        assert!(again.failure.is_some_and(|failure| failure.contains("is not as dockopt wrote it")));
    }
}

#[test]
fn parts_and_space_follow_from_the_fullest_part_and_the_largest_image() {
    let items = Some(ItemCounts { folders: 0, images: 2_000, largest_image: 5_000_000_000 });
    let even = fleet_jobs(&FleetJobsInput { items, ..input(FleetSystem::Kubernetes) });
    let full = |_| Some(ItemCounts { folders: 0, images: 1_500, largest_image: 0 });
    let uneven = fleet_jobs(&FleetJobsInput { items, fullest_part: &full, ..input(FleetSystem::Kubernetes) });
    let amount = |emission: &crate::emit::Emission, key: &str| {
        let run = emission.files.iter().find(|file| file.path.ends_with("run.yaml")).unwrap();
        let line = run.text.lines().find_map(|line| line.trim().strip_prefix(key)).unwrap();
        line.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u64>().unwrap()
    };
    let deadline = |emission| amount(emission, "activeDeadlineSeconds: ");
    assert!(deadline(&uneven) > 2 * deadline(&even), "{} and {}", deadline(&uneven), deadline(&even));
    // Two images of 5 GB at a time come on top of the layers.
    assert!(amount(&even, "sizeLimit: ") >= 10);
}
