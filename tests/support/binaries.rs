//! The services' binaries, which belong to other packages than the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The packages whose binaries run apart.
const PACKAGES: [&str; 7] = [
    "charterctl-service",
    "core-service",
    "gateway-service",
    "housekeeping-service",
    "registry-service",
    "reservations-service",
    "seats-service",
];

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
            .args(PACKAGES.map(|package| format!("-p{package}")));
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
