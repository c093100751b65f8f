//! Random delays in the start of services: a server that is late today is a server on a slow machine.

use std::collections::BTreeMap;

/// The script that waits and then becomes the program; `sleep` of some images takes whole seconds only.
const SCRIPT: &str = "sleep \"$0\" 2>/dev/null || sleep 1; exec \"$@\"";

/// The delay of each service, in seconds.
pub type Delays = BTreeMap<String, f64>;

/// What a service runs: the words of its entry point, then those of its command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceProgramWords {
    /// Of the compose file; `None` where it has none.
    pub entrypoint: Option<Vec<String>>,
    /// Of the compose file; `None` where it has none.
    pub command: Option<Vec<String>>,
    /// Of the image.
    pub image_entrypoint: Vec<String>,
    /// Of the image.
    pub image_command: Vec<String>,
}

impl ServiceProgramWords {
    /// The words that the engine starts. An entry point of the compose file takes the image's command away.
    pub fn words(&self) -> Vec<String> {
        let command = match (&self.command, &self.entrypoint) {
            (Some(command), _) => command.as_slice(),
            (None, Some(_)) => &[],
            (None, None) => &self.image_command,
        };
        let entrypoint = self.entrypoint.as_ref().unwrap_or(&self.image_entrypoint);
        entrypoint.iter().chain(command).cloned().collect()
    }
}

/// The words that wait so many seconds and then start the program in the same process.
pub fn delayed_words(words: &[String], seconds: f64) -> Vec<String> {
    let head = ["/bin/sh".to_owned(), "-c".to_owned(), SCRIPT.to_owned(), format!("{seconds:.2}")];
    head.into_iter().chain(words.iter().cloned()).collect()
}

/// A delay between 0 and `most` seconds for each name, the same for the same seed and number of the start.
pub fn random_delays<'n>(names: impl Iterator<Item = &'n str>, most: f64, seed: u64, start: u64) -> Delays {
    let mut state = seed.wrapping_add(start.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut delays = Delays::new();
    for name in names {
        // SplitMix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
        #[allow(clippy::cast_precision_loss, reason = "the highest 53 bits are exact")]
        let share = (bits >> 11) as f64 / (1_u64 << 53) as f64;
        delays.insert(name.to_owned(), (share * most * 100.0).floor() / 100.0);
    }
    delays
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_repeat_with_their_seed() {
        let names = || ["api", "db", "web"].into_iter();
        let first = random_delays(names(), 2.0, 7, 1);
        assert_eq!(first, random_delays(names(), 2.0, 7, 1));
        assert_ne!(first, random_delays(names(), 2.0, 7, 2));
        assert_ne!(first, random_delays(names(), 2.0, 8, 1));
        let many = (0..1_000).flat_map(|start| random_delays(names(), 2.0, 3, start).into_values());
        let (low, high) = many.fold((2.0_f64, 0.0_f64), |(low, high), delay| (low.min(delay), high.max(delay)));
        assert!((0.0..0.1).contains(&low) && (1.9..2.0).contains(&high), "{low} {high}");
        assert!(random_delays(names(), 0.0, 7, 1).values().all(|delay| *delay == 0.0));
    }

    #[test]
    fn the_program_is_that_of_the_engine() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let image = ServiceProgramWords {
            image_entrypoint: words("/entry"),
            image_command: words("serve -a"),
            ..ServiceProgramWords::default()
        };
        assert_eq!(image.words(), words("/entry serve -a"));
        let command = ServiceProgramWords { command: Some(words("other")), ..image.clone() };
        assert_eq!(command.words(), words("/entry other"));
        let entrypoint = ServiceProgramWords { entrypoint: Some(words("/mine")), ..image };
        assert_eq!(entrypoint.words(), words("/mine"));
        assert_eq!(delayed_words(&words("a b"), 1.234)[3..], words("1.23 a b"));
    }
}
