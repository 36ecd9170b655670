//! What is emitted is what is checked in: the golden crate of a context with every form that a contract can
//! take (below `emit/golden`, compiled by `emit_golden.rs`), and the repository's own `generated/`.
//!
//! After a change of the emitters: `UPDATE_GOLDEN=1 cargo test -p charter-codegen --test emit_fresh`, then
//! `charter generate`, and review the difference.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};

use charter_codegen::input::Input;
use charter_codegen::{compile, emit, sync};

/// The crates that are checked in below `emit/golden`.
const GOLDEN: [&str; 2] = ["contract-gateway/", "contract-shop/"];

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emit")
}

/// The fixture's contracts with the shared types of the repository.
fn input() -> Input {
    let shared = Input::read(&here().join("../../..")).expect("the repository's contracts");
    let mut input = Input::read(&here()).expect("the fixture's contracts");
    input
        .schemas
        .extend(shared.schemas.into_iter().filter(|file| file.path.starts_with("schemas/shared/")));
    input.schemas.sort_by(|one, other| one.path.cmp(&other.path));
    input
}

#[test]
fn the_emitted_crate_is_the_golden_one() {
    let compiled = compile(&input());
    let contracts = compiled.contracts.unwrap_or_else(|| panic!("{:?}", compiled.problems));
    let mut stale = Vec::new();
    let mut paths = Vec::new();
    for output in emit::emit(&contracts) {
        let Some(path) = output.path.strip_prefix("generated/") else { continue };
        if !GOLDEN.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        let golden = here().join("golden").join(path);
        if std::fs::read_to_string(&golden).ok().as_deref() != Some(&output.text) {
            stale.push(path.to_owned());
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
                std::fs::write(&golden, &output.text).unwrap();
            }
        }
        paths.push(path.to_owned());
    }
    assert_eq!(stale, Vec::<String>::new(), "run with UPDATE_GOLDEN=1 and review the difference");
    for expected in [
        "contract-gateway/src/responses.rs",
        "contract-gateway/src/schemas/mark.rs",
        "contract-shop/Cargo.toml",
        "contract-shop/schemas/StockItemEnvelope.avsc",
        "contract-shop/src/types/everything.rs",
        "contract-shop/src/views/item_view.rs",
    ] {
        assert!(paths.iter().any(|path| path == expected), "{expected} is missing in {paths:?}");
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
    let changes = sync::compare(&root, &emit::emit(&contracts)).expect("readable");
    assert_eq!(changes.lines(), [], "run `charter generate`");
}
