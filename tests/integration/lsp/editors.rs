//! Sessions of real clients; `tests/run` says which are there.

use std::process::Command;

#[track_caller]
fn passes(command: &mut Command) {
    let output = command.arg(env!("CARGO_BIN_EXE_dockopt")).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", said(&output.stdout), said(&output.stderr));
}

#[test]
fn a_session_of_neovim_passes() {
    let Some(program) = std::env::var_os("DOCKOPT_NEOVIM").filter(|program| !program.is_empty()) else {
        crate::engine::left_out("DOCKOPT_NEOVIM names no Neovim");
        return;
    };
    passes(Command::new("tests/editors/neovim").env("NVIM", program));
}

#[test]
fn a_session_of_the_protocol_library_passes() {
    if !std::path::Path::new("tests/editors/node_modules").is_dir() {
        crate::engine::left_out("`npm ci` was not run in tests/editors; the full tier does");
        return;
    }
    passes(Command::new("node").arg("tests/editors/protocol.mjs"));
}
