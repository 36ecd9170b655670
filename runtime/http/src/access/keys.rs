//! API keys of a file, with tenant and grants.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::{Principal, Roles, Tenants};
use charter_keys::{self as keys, KeysError, Line};

/// The words of a line.
const SHAPE: [&str; 3] = ["NAME", "TENANT", "GRANTS"];

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
    /// No key at all.
    pub(super) fn none() -> Self {
        Self(HashMap::new())
    }

    /// Reads a file: `NAME TENANT GRANTS sha256:HASH` a line, the tenant `*` for all, grants separated by commas.
    pub(super) fn read(path: &Path, roles: &Roles) -> Result<Self, KeysError> {
        let lines = keys::read(path, &SHAPE)?;
        Self::of(lines, roles).map_err(|(line, problem)| keys::at(path, line, problem))
    }

    #[cfg(test)]
    pub(super) fn parse(text: &str, roles: &Roles) -> Result<Self, (usize, String)> {
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
    pub(super) fn principal(&self, secret: &str) -> Option<Principal> {
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

    #[test]
    fn a_line_that_grants_what_is_not_there_is_named() {
        let roles =
            Roles::of(&json!({"x-roles": {"buyer": ["seats:write"], "clerk": ["seats:read"]}}));
        let line = |tenant: &str, grants: &str| keys::fresh("a", &[tenant, grants]).1;
        let keys = ApiKeys::parse(&line("*", "clerk,seats:write"), &roles).expect("a key");
        assert!(keys.0.values().all(|who| who.has("seats:read") && who.has("seats:write")));
        for (line, problem) in [
            (line("acme", "owner"), "expected a role of the contract (`buyer`, `clerk`)"),
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
