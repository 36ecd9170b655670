//! Flags that say who is let in, and the subcommand that makes a key.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use super::jwt::{Jwt, JwtSettings, KeySource};
use super::keys::{KeyFile, scopes, tenants};
use super::{AccessControl, Credentials, Roles};
use charter_keys::{self as keys, KeysError};

/// Who is let in. Without keys and without tokens everybody is, on this machine only.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct AccessFlags {
    /// File with the API keys to take, one a line, as the subcommand `key` prints them; read anew when it changes
    #[arg(long, env = "API_KEYS", value_name = "FILE")]
    pub api_keys: Option<PathBuf>,
    /// Make the file of `--api-keys` where there is none, with one key that may do everything; its secret is put
    /// beside it, into `FILE.admin`
    #[arg(long, env = "API_KEYS_INIT", value_parser = clap::builder::FalseyValueParser::new())]
    pub api_keys_init: bool,
    /// JWK set that tokens (JWT) are checked with: a file, or an `https://` URL
    #[arg(long, env = "JWT_KEYS", value_name = "FILE|URL")]
    pub jwt_keys: Option<String>,
    /// The issuer that tokens must have (`iss`)
    #[arg(long, env = "JWT_ISSUER")]
    pub jwt_issuer: Option<String>,
    /// The audience that tokens must be for (`aud`)
    #[arg(long, env = "JWT_AUDIENCE")]
    pub jwt_audience: Option<String>,
    /// The claim that names a token's tenant; `default` where a token has none
    #[arg(long, env = "JWT_TENANT_CLAIM", default_value = "tenant")]
    pub jwt_tenant_claim: String,
    /// The claim that lists a token's roles; scopes stand in `scope`
    #[arg(long, env = "JWT_ROLES_CLAIM", default_value = "roles")]
    pub jwt_roles_claim: String,
    /// By how many seconds the clock of an issuer may differ, 0 to 600
    #[arg(long, env = "JWT_LEEWAY", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub jwt_leeway: u64,
}

/// What a binary does beside serving.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum AccessCommand {
    /// Make an API key: its secret is shown this once, and the line for the file of `--api-keys`
    Key {
        /// Name of the key, which is its principal: letters, digits, `_`, `.`, `-`
        name: String,
        /// Roles and scopes of the contract, separated by commas; `*` for every scope
        grants: String,
        /// The tenant that it is bound to; `*` for all
        #[arg(long, default_value = "default")]
        tenant: String,
    },
}

/// Why nobody can be let in. One line, with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The file of keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The key set of tokens.
    #[error("`JWT_KEYS` can't be used: {0}")]
    Jwt(String),
    /// One setting needs another.
    #[error("`JWT_KEYS` is set and `{0}` is not: a token of any {1} would be taken")]
    Incomplete(&'static str, &'static str),
    /// The contract's document.
    #[error("the contract's document should be JSON")]
    Document(#[from] serde_json::Error),
    /// No HTTP client can be made.
    #[error("no HTTP client can be made")]
    Client(#[from] reqwest::Error),
}

fn set(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

impl AccessFlags {
    fn file(&self) -> Option<&Path> {
        self.api_keys.as_deref().filter(|path| !path.as_os_str().is_empty())
    }

    /// Whether everybody is let in.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.file().is_none() && set(self.jwt_keys.as_deref()).is_none()
    }

    /// What the flags ask for, with the roles of the contract (OpenAPI 3.1 as JSON).
    ///
    /// # Errors
    /// [`AccessError`].
    pub fn control(&self, document_json: &str) -> Result<AccessControl, AccessError> {
        if self.is_open() {
            return Ok(AccessControl::default());
        }
        let roles = Roles::of(&serde_json::from_str(document_json)?);
        let keys = match self.file() {
            None => None,
            Some(path) => {
                if self.api_keys_init {
                    init(path).map_err(|source| KeysError::Unreadable {
                        path: path.to_owned(),
                        source,
                    })?;
                }
                Some(KeyFile::open(path, roles.clone())?)
            }
        };
        let jwt = match set(self.jwt_keys.as_deref()) {
            None => None,
            Some(keys) => {
                let jwt = Jwt::new(self.jwt(keys)?, roles)?;
                jwt.check_file().map_err(AccessError::Jwt)?;
                Some(jwt)
            }
        };
        Ok(AccessControl { credentials: Some(Credentials { keys, jwt }), limits: None })
    }

    fn jwt(&self, keys: &str) -> Result<JwtSettings, AccessError> {
        let needed = |value: &Option<String>, name, what| {
            let value = set(value.as_deref()).map(str::to_owned);
            value.ok_or(AccessError::Incomplete(name, what))
        };
        Ok(JwtSettings {
            keys: source(keys).map_err(AccessError::Jwt)?,
            issuer: needed(&self.jwt_issuer, "JWT_ISSUER", "issuer")?,
            audience: needed(&self.jwt_audience, "JWT_AUDIENCE", "audience")?,
            tenant_claim: self.jwt_tenant_claim.clone(),
            roles_claim: self.jwt_roles_claim.clone(),
            leeway: Duration::from_secs(self.jwt_leeway),
        })
    }
}

/// A file or a URL. Keys that come without TLS from elsewhere are anybody's.
fn source(text: &str) -> Result<KeySource, String> {
    if !text.contains("://") {
        return Ok(KeySource::File(PathBuf::from(text)));
    }
    let url = reqwest::Url::parse(text).map_err(|error| error.to_string())?;
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(KeySource::Url(text.to_owned())),
        "http" if is_here => Ok(KeySource::Url(text.to_owned())),
        _ => Err("expected a file, `https://…`, or `http://` on this machine".to_owned()),
    }
}

/// Makes the file with one key, unless it is there. Of several processes that do it at once one makes it.
fn init(path: &Path) -> std::io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let (secret, line) = keys::fresh("admin", &["*", "*"]);
    let own = |what: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(what);
        PathBuf::from(name)
    };
    let (draft, told) = (own(&format!(".{}", uuid::Uuid::new_v4().simple())), own(".admin"));
    write_private(&draft, &format!("# NAME TENANT GRANTS sha256:HASH\n{line}\n"))?;
    // A link is made or refused, never half made.
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Ok(()) => {
            write_private(&told, &format!("{secret}\n"))?;
            tracing::warn!(file = %path.display(), secret = %told.display(), "an API key was made");
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

impl AccessCommand {
    /// Does it: the line goes to the standard output, the secret to the standard error output. Exit codes: 0, or 2
    /// where a word can't be taken, with what was expected.
    #[must_use]
    pub fn run(&self, binary: &str, document_json: &str) -> ExitCode {
        let Self::Key { name, grants, tenant } = self;
        let document = serde_json::from_str(document_json).unwrap_or_default();
        let checked = if keys::is_name(name) {
            tenants(tenant).and_then(|_| scopes(grants, &Roles::of(&document)).map(drop))
        } else {
            Err(format!(
                "expected a name of letters, digits, `_`, `.` and `-`, 64 at most, found `{name}`"
            ))
        };
        if let Err(problem) = checked {
            eprintln!("{binary}: {problem}");
            return ExitCode::from(2);
        }
        let (secret, line) = keys::fresh(name, &[tenant, grants]);
        let mut out = std::io::stdout().lock();
        if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
            return ExitCode::FAILURE;
        }
        eprintln!("X-API-Key: {secret} (shown this once)");
        ExitCode::SUCCESS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_tokens_come_from_a_file_or_over_tls() {
        assert_eq!(source("keys.json"), Ok(KeySource::File("keys.json".into())));
        assert!(source("https://issuer.example/keys").is_ok());
        assert!(source("http://localhost:9000/keys").is_ok());
        assert!(source("http://issuer.example/keys").is_err() && source("ftp://a/b").is_err());
    }

    #[test]
    fn the_first_key_is_made_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("keys");
        let flags = AccessFlags {
            api_keys: Some(path.clone()),
            api_keys_init: true,
            ..AccessFlags::default()
        };
        assert!(!flags.is_open() && AccessFlags::default().is_open());
        flags.control("{}").expect("a key");
        let made = std::fs::read_to_string(&path).expect("a file");
        let secret = directory.path().join("keys.admin");
        let secret = std::fs::read_to_string(&secret).expect("a secret");
        assert!(!made.contains(secret.trim()));
        flags.control("{}").expect("the same key");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), made);
        assert_eq!(std::fs::read_dir(directory.path()).expect("a directory").count(), 2);
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut flags =
            AccessFlags { jwt_keys: Some("none.json".to_owned()), ..AccessFlags::default() };
        let said = |flags: &AccessFlags| flags.control("{}").expect_err("refused").to_string();
        assert!(said(&flags).contains("`JWT_ISSUER` is not"), "{}", said(&flags));
        (flags.jwt_issuer, flags.jwt_audience) = (Some("i".to_owned()), Some("a".to_owned()));
        assert!(said(&flags).starts_with("`JWT_KEYS` can't be used: "), "{}", said(&flags));
        let keys = AccessFlags { api_keys: Some("/no/such/file".into()), ..AccessFlags::default() };
        assert!(said(&keys).contains("`/no/such/file`"), "{}", said(&keys));
    }
}
