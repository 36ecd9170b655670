//! The services' binaries, which belong to other packages than the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The services of the workspace by name, in order: a folder each, whose package is `NAME-service` and whose binary `NAME`.
pub fn services() -> Vec<String> {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").read_dir().expect("services");
    let mut names: Vec<String> = folders
        .map(|folder| folder.expect("a folder"))
        .filter(|folder| folder.path().join("src/main.rs").exists())
        .map(|folder| folder.file_name().into_string().expect("a name"))
        .collect();
    names.sort_unstable();
    names
}

/// The binary of a service, of the tests' profile and features. It is built first, unless
/// `CHARTER_SERVICES_BUILT` says that it was.
pub fn binary(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let directory = BUILT.get_or_init(|| {
        let profile = Path::new(env!("CARGO_BIN_EXE_platform")).parent().expect("a directory");
        if std::env::var_os("CHARTER_SERVICES_BUILT").is_some() {
            return profile.to_owned();
        }
        let target = profile.parent().expect("a directory");
        let mut build = Command::new(env!("CARGO"));
        build
            .args(["build", "--quiet", "--offline", "--bins"])
            .args(services().iter().map(|name| format!("-p{name}-service")));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        if cfg!(all(feature = "kafka", feature = "postgres")) {
            build.args(["--features", "kafka,postgres"]);
        }
        build.current_dir(env!("CARGO_MANIFEST_DIR")).env("CARGO_TARGET_DIR", target);
        assert!(
            build.status().expect("cargo runs").success(),
            "the services' binaries don't build"
        );
        profile.to_owned()
    });
    directory.join(name)
}
