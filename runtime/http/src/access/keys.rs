//! API keys of a file, with tenant and grants. The file is read anew when it changes.

use std::collections::{BTreeSet, HashMap};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::{Principal, Roles, Tenants};
use charter_keys::{self as keys, KeysError, Line};

/// The words of a line.
const SHAPE: [&str; 3] = ["NAME", "TENANT", "GRANTS"];

/// The shortest time between two looks at the file: a key that was taken out is refused from then on.
const LOOK_PAUSE: Duration = Duration::from_secs(2);

/// The keys of a file as it stands.
#[derive(Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
    roles: Roles,
    keys: RwLock<Arc<ApiKeys>>,
    looked: Mutex<Looked>,
}

#[derive(Debug)]
struct Looked {
    at: Instant,
    /// `None` where it could not be looked at.
    seen: Option<Version>,
}

/// What a file that was written anew, or another one in its place, differs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl KeyFile {
    pub(super) fn open(path: &Path, roles: Roles) -> Result<Self, KeysError> {
        // Looked at before it is read: what changes meanwhile is read again.
        let seen = version(path);
        let keys = RwLock::new(Arc::new(ApiKeys::read(path, &roles)?));
        let looked = Mutex::new(Looked { at: Instant::now(), seen });
        Ok(Self { path: path.to_owned(), roles, keys, looked })
    }

    /// Whose secret this is, by the file as it was 2 s ago at most.
    pub(super) fn principal(&self, secret: &str) -> Option<Principal> {
        self.look(LOOK_PAUSE);
        let keys = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        keys.principal(secret)
    }

    /// Reads the file again where it has changed. One that can't be read leaves the keys as they were: a slip of an
    /// editor must not lock everybody out.
    fn look(&self, pause: Duration) {
        // Whoever comes while another looks takes what is known.
        let Ok(mut looked) = self.looked.try_lock() else { return };
        if looked.at.elapsed() < pause {
            return;
        }
        looked.at = Instant::now();
        let seen = version(&self.path);
        if seen == looked.seen {
            return;
        }
        looked.seen = seen;
        match ApiKeys::read(&self.path, &self.roles) {
            Ok(keys) => {
                tracing::info!(file = %self.path.display(), keys = keys.0.len(), "the API keys were read anew");
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
            }
            Err(error) => {
                metrics::counter!("charter_api_keys_failed_total").increment(1);
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the API keys stay as they were"
                );
            }
        }
    }
}

fn version(path: &Path) -> Option<Version> {
    let of = std::fs::metadata(path).ok()?;
    let changed = (of.ctime(), of.ctime_nsec());
    Some(Version { device: of.dev(), inode: of.ino(), bytes: of.len(), changed })
}

/// The keys that are taken, by the hash of their secret: what is looked up says nothing of what is there by the
/// time it takes.
pub(super) struct ApiKeys(HashMap<[u8; 32], Principal>);

impl std::fmt::Debug for ApiKeys {
    /// Principals only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.values()).finish()
    }
}

impl ApiKeys {
    /// Reads a file: `NAME TENANT GRANTS sha256:HASH` a line, the tenant `*` for all, grants separated by commas.
    fn read(path: &Path, roles: &Roles) -> Result<Self, KeysError> {
        let lines = keys::read(path, &SHAPE)?;
        Self::of(lines, roles).map_err(|(line, problem)| keys::at(path, line, problem))
    }

    #[cfg(test)]
    fn parse(text: &str, roles: &Roles) -> Result<Self, (usize, String)> {
        Self::of(keys::parse(text, &SHAPE)?, roles)
    }

    fn of(lines: Vec<Line>, roles: &Roles) -> Result<Self, (usize, String)> {
        let mut known = HashMap::new();
        for line in lines {
            let [tenant, grants] = line.words.as_slice() else { continue };
            let tenants = tenants(tenant).map_err(|problem| (line.number, problem))?;
            let scopes = scopes(grants, roles).map_err(|problem| (line.number, problem))?;
            let principal = Principal::of_key(&line.name, tenants, scopes);
            if known.insert(line.hash, principal).is_some() {
                return Err((line.number, "another key has the same secret".to_owned()));
            }
        }
        Ok(Self(known))
    }

    /// Whose secret this is.
    fn principal(&self, secret: &str) -> Option<Principal> {
        self.0.get(&keys::hash(secret)).cloned()
    }
}

/// A tenant, `*` for all.
pub(super) fn tenants(text: &str) -> Result<Tenants, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if text == "*" {
        Ok(Tenants::All)
    } else if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        Ok(Tenants::One(text.to_owned()))
    } else {
        Err(format!(
            "expected a tenant of 1 to 64 characters of `A-Za-z0-9_-`, or `*` for all, found `{text}`"
        ))
    }
}

/// The scopes of roles and scopes, separated by commas.
pub(super) fn scopes(text: &str, roles: &Roles) -> Result<BTreeSet<String>, String> {
    let mut scopes = BTreeSet::new();
    for word in text.split(',') {
        let granted = roles.grant(word).ok_or_else(|| {
            format!(
                "expected a role of the contract ({}), one of its scopes, or `*`, found `{word}`",
                roles.names()
            )
        })?;
        scopes.extend(granted);
    }
    Ok(scopes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A key that was taken out of the file was let in until the process started again.
    #[test]
    fn a_file_that_changes_is_read_anew_and_a_broken_one_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("keys");
        let (old, new) = (keys::fresh("old", &["*", "*"]), keys::fresh("new", &["*", "*"]));
        std::fs::write(&path, &old.1).expect("a file");
        let file = KeyFile::open(&path, Roles::default()).expect("keys");
        let known = |secret: &str| {
            file.look(Duration::ZERO);
            file.principal(secret).is_some()
        };
        assert!(known(&old.0) && !known(&new.0));
        std::fs::write(&path, format!("{}\n{}\n", old.1, new.1)).expect("two keys");
        assert!(known(&old.0) && known(&new.0));
        // Another file in its place, as a volume of secrets is changed.
        let other = directory.path().join("other");
        std::fs::write(&other, &new.1).expect("a file");
        std::fs::rename(&other, &path).expect("in its place");
        assert!(!known(&old.0) && known(&new.0));
        for broken in ["no key at all", "new * owner sha256:0"] {
            std::fs::write(&path, broken).expect("a file");
            assert!(known(&new.0), "{broken}");
        }
        std::fs::remove_file(&path).expect("no file");
        assert!(known(&new.0));
        std::fs::write(&path, &old.1).expect("a file");
        assert!(known(&old.0) && !known(&new.0));
        // Not looked at within the pause.
        std::fs::write(&path, &new.1).expect("a file");
        assert!(file.principal(&old.0).is_some());
    }

    #[test]
    fn a_line_that_grants_what_is_not_there_is_named() {
        let roles =
            Roles::of(&json!({"x-roles": {"buyer": ["seats:write"], "clerk": ["seats:read"]}}));
        let line = |tenant: &str, grants: &str| keys::fresh("a", &[tenant, grants]).1;
        let keys = ApiKeys::parse(&line("*", "clerk,seats:write"), &roles).expect("a key");
        assert!(keys.0.values().all(|who| who.has("seats:read") && who.has("seats:write")));
        for (line, problem) in [
            (
                line("acme", "owner"),
                "expected a role of the contract (`buyer`, `clerk`, `operator`)",
            ),
            (line("acme", "buyer,"), "expected a role"),
            (line("a/b", "buyer"), "expected a tenant"),
        ] {
            let (number, message) = ApiKeys::parse(&line, &roles).expect_err("refused");
            assert!(number == 1 && message.starts_with(problem), "{message}");
        }
        let twice = line("acme", "buyer");
        let twice = format!("{twice}\n{}", twice.replacen('a', "b", 1));
        assert_eq!(ApiKeys::parse(&twice, &roles).expect_err("refused").0, 2);
    }
}
