//! Who sent a request.

use std::collections::BTreeSet;

/// Who sent a request, and what they may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    subject: String,
    id: String,
    tenants: Tenants,
    /// `None`: every one, in development mode.
    scopes: Option<BTreeSet<String>>,
}

/// Whose data a principal may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenants {
    /// One tenant's.
    One(String),
    /// Every tenant's.
    All,
}

impl Principal {
    /// The owner of a key.
    pub(super) fn of_key(name: &str, tenants: Tenants, scopes: BTreeSet<String>) -> Self {
        let (subject, id) = (name.to_owned(), format!("key/{name}"));
        Self { subject, id, tenants, scopes: Some(scopes) }
    }

    /// The subject of a token.
    pub(super) fn of_token(subject: &str, tenants: Tenants, scopes: BTreeSet<String>) -> Self {
        let id = format!("token/{subject}");
        Self { subject: subject.to_owned(), id, tenants, scopes: Some(scopes) }
    }

    /// Anybody, in development mode.
    pub(crate) fn anybody() -> Self {
        let nobody = String::new();
        Self { subject: nobody.clone(), id: nobody, tenants: Tenants::All, scopes: None }
    }

    /// Whoever asks for what everybody may see.
    pub(crate) fn public() -> Self {
        Self { scopes: Some(BTreeSet::new()), ..Self::anybody() }
    }

    /// Whether nobody was asked who they are.
    #[must_use]
    pub fn is_anybody(&self) -> bool {
        self.scopes.is_none()
    }

    /// The key's name, or the token's `sub`; empty for anybody.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What no other principal is called: `key/NAME`, `token/SUBJECT`; empty for anybody.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whose data it may reach.
    #[must_use]
    pub fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    /// Whether it has a scope.
    #[must_use]
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.contains(scope))
    }

    /// The tenant of a request: that of its path, or the principal's own where the path has none. `None` where
    /// the path's is another's.
    pub(crate) fn tenant(&self, of_path: Option<&str>) -> Option<String> {
        match (&self.tenants, of_path) {
            (Tenants::One(own), None) => Some(own.clone()),
            (Tenants::One(own), Some(tenant)) => (own == tenant).then(|| own.clone()),
            (Tenants::All, tenant) => Some(tenant.unwrap_or("default").to_owned()),
        }
    }

    /// The tenant that it is bound to, wherever it looks.
    pub(crate) fn only_tenant(&self) -> Option<&str> {
        match &self.tenants {
            Tenants::One(own) => Some(own),
            Tenants::All => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenant_is_the_paths_where_it_is_ones_own() {
        let shop = Principal::of_key("shop", Tenants::One("acme".to_owned()), BTreeSet::new());
        assert_eq!(shop.tenant(Some("acme")).as_deref(), Some("acme"));
        assert_eq!(shop.tenant(Some("other")), None);
        assert_eq!(shop.tenant(None).as_deref(), Some("acme"));
        let desk = Principal::of_key("desk", Tenants::All, BTreeSet::new());
        assert_eq!(desk.tenant(Some("other")).as_deref(), Some("other"));
        assert_eq!(desk.tenant(None).as_deref(), Some("default"));
    }

    #[test]
    fn a_key_and_a_token_of_one_name_are_two() {
        let key = Principal::of_key("a", Tenants::All, BTreeSet::new());
        let token = Principal::of_token("a", Tenants::All, BTreeSet::new());
        assert_ne!(key.id(), token.id());
        assert!(!key.has("anything"));
    }
}
