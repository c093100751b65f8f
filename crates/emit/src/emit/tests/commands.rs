//! What starts the programs whose images start nothing.

use super::{PYTHON, emitted, service};

#[test]
fn the_source_that_does_something_when_it_is_run_is_started() {
    let bot = "import os, telebot\n\nbot = telebot.TeleBot(os.environ['BOT_TOKEN'])\n\nif __name__ == \"__main__\":\n    bot.polling()\n";
    let with = |image: &str, sources: &[(&str, &str)]| {
        let files = [&[("Dockerfile", image), ("requirements.txt", "pyTelegramBotAPI\n")][..], sources].concat();
        emitted(&files, &[])
    };
    let image = format!("{PYTHON}RUN pip install -r requirements.txt\n");
    let (text, _) = with(&image, &[("bot.py", bot), ("keys.py", "x = 1\n")]);
    assert!(text.contains("command: [\"python\", \"bot.py\"]"), "{text}");
    assert!(service(&text, "app").contains("restart: unless-stopped"), "{text}");
    // Of several, the one with the usual name; else nobody knows which.
    let (text, _) = with(&image, &[("main.py", bot), ("tool.py", bot)]);
    assert!(text.contains("command: [\"python\", \"main.py\"]"), "{text}");
    for sources in [&[("bot.py", bot), ("tool.py", bot)][..], &[("bot/run.py", bot)], &[("keys.py", "x = 1\n")]] {
        let (text, notes) = with(&image, sources);
        assert!(text.is_empty() && notes.contains("starts no program"), "{text}\n{notes}");
    }
    let (text, _) = with(&format!("{image}CMD [\"python\", \"tool.py\"]\n"), &[("main.py", bot), ("tool.py", bot)]);
    assert!(!text.contains("command:"), "{text}");
}
