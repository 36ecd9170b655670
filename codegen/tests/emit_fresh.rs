//! What is emitted is what is checked in: the golden crate of a context with every form that a contract can
//! take (below `emit/golden`, compiled by `emit_golden.rs`), and the repository's own `generated/`.
//!
//! After a change of the emitters: `UPDATE_GOLDEN=1 cargo test -p charter-codegen --test emit_fresh`, then
//! `charter generate`, and review the difference.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};

use charter_codegen::input::Input;
use charter_codegen::{compile, doc, emit, sync};

/// The crates and packages that are checked in below `emit/golden`.
const GOLDEN: [&str; 4] =
    ["client-rust/", "client-typescript/", "contract-gateway/", "contract-shop/"];

/// What is copied from the templates whatever the contracts are; the repository's own is held below.
const COPIED: [&str; 9] = [
    "client-rust/src/calls.rs",
    "client-rust/src/problem.rs",
    "client-rust/src/room.rs",
    "client-rust/src/settings.rs",
    "client-rust/src/transport.rs",
    "client-rust/src/value.rs",
    "client-typescript/src/sockets.ts",
    "client-typescript/src/stream.ts",
    "client-typescript/src/transport.ts",
];

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emit")
}

/// The fixture's contracts.
fn input() -> Input {
    input_of(&here())
}

/// The contracts below a folder with the shared types of the repository.
fn input_of(root: &Path) -> Input {
    let shared = Input::read(&here().join("../../..")).expect("the repository's contracts");
    let mut input = Input::read(root).expect("the fixture's contracts");
    input
        .schemas
        .extend(shared.schemas.into_iter().filter(|file| file.path.starts_with("schemas/shared/")));
    input.schemas.sort_by(|one, other| one.path.cmp(&other.path));
    input
}

/// What is emitted for these contracts, by the path below `generated/`.
fn emitted(input: &Input) -> Vec<(String, String)> {
    let compiled = compile(input);
    let contracts = compiled.contracts.unwrap_or_else(|| panic!("{:?}", compiled.problems));
    let path = |path: &str| path.strip_prefix("generated/").unwrap_or(path).to_owned();
    emit::emit(&contracts).into_iter().map(|output| (path(&output.path), output.text)).collect()
}

/// Those of the files that are not as they are below `folder`; they are written there if that is asked for.
fn stale<'a>(folder: &Path, files: impl Iterator<Item = &'a (String, String)>) -> Vec<&'a str> {
    let mut stale = Vec::new();
    for (path, text) in files {
        let golden = folder.join(path);
        if std::fs::read_to_string(&golden).ok().as_deref() != Some(text) {
            stale.push(path.as_str());
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
                std::fs::write(&golden, text).unwrap();
            }
        }
    }
    stale
}

#[test]
fn the_emitted_crate_is_the_golden_one() {
    let files = emitted(&input());
    let is_golden = |path: &str| {
        GOLDEN.iter().any(|folder| path.starts_with(folder)) && !COPIED.contains(&path)
    };
    let golden = || files.iter().filter(|(path, _)| is_golden(path));
    let stale = stale(&here().join("golden"), golden());
    assert_eq!(stale, Vec::<&str>::new(), "run with UPDATE_GOLDEN=1 and review the difference");
    for expected in [
        "client-rust/Cargo.toml",
        "contract-gateway/src/responses.rs",
        "contract-gateway/src/schemas/mark.rs",
        "contract-shop/Cargo.toml",
        "contract-shop/schemas/StockItemEnvelope.avsc",
        "contract-shop/src/types/everything.rs",
        "contract-shop/src/views/item_view.rs",
    ] {
        assert!(golden().any(|(path, _)| path == expected), "{expected} is missing");
    }
}

/// `avro/benches/envelope` measures what is emitted, not what somebody wrote in its likeness.
#[test]
fn the_benchmarks_codecs_are_the_emitted_ones() {
    for version in ["v1", "v2"] {
        let root = here().join("../../../avro/benches/envelope").join(version);
        let files = emitted(&input_of(&root));
        let measured = [
            "contract-seat/schemas/SeatsHeldEnvelope.avsc",
            "contract-seat/src/events/seats_held.rs",
        ];
        let golden: Vec<_> =
            files.iter().filter(|(path, _)| measured.contains(&path.as_str())).collect();
        assert_eq!(golden.len(), measured.len());
        let stale = stale(&root, golden.into_iter());
        assert_eq!(stale, Vec::<&str>::new(), "run with UPDATE_GOLDEN=1 and review the difference");
    }
}

#[test]
fn the_same_contracts_give_the_same_bytes() {
    let one = compile(&input()).contracts.expect("contracts");
    let other = compile(&input()).contracts.expect("contracts");
    assert_eq!(emit::emit(&one), emit::emit(&other));
}

#[test]
fn the_repositorys_generated_files_are_fresh() {
    let root = here().join("../../..");
    let compiled = compile(&Input::read(&root).expect("the repository's contracts"));
    let contracts = compiled.contracts.unwrap_or_else(|| panic!("{:?}", compiled.problems));
    let mut outputs = emit::emit(&contracts);
    outputs.extend(doc::catalogue(&root, &contracts).expect("pages"));
    let changes = sync::compare(&root, &outputs).expect("readable");
    assert_eq!(changes.lines(), [], "run `charter generate`");
}
