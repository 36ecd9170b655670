//! Reading and changing settings and modes.

use super::{Registry, merged, mode_in_force, require_writable};
use crate::error::ApiError;
use crate::settings::{Config, ConfigChange, Mode};
use crate::store::{Connection, Deleted, StoredSchema, SubjectVersion};
use crate::subject::{Scope, Subject};

/// Where a setting is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inheritance {
    /// The scope alone.
    Own,
    /// The scope, else the registry.
    DefaultToGlobal,
}

/// Whether a change is made against a safeguard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Force {
    /// The safeguard holds.
    No,
    /// The client knows.
    Yes,
}

impl Registry {
    /// The settings of a scope. The level is always there.
    ///
    /// # Errors
    /// [`ApiError::LevelNotConfigured`] for a subject without settings of its own.
    pub(crate) async fn config(
        &self,
        scope: &Scope,
        inheritance: Inheritance,
    ) -> Result<Config, ApiError> {
        let mut connection = self.store.read().await?;
        if inheritance == Inheritance::Own
            && let Scope::Subject(subject) = scope
            && Config::find(&mut connection, scope).await?.is_none()
        {
            return Err(ApiError::LevelNotConfigured(subject.clone()));
        }
        let in_force = merged(&mut connection, scope).await?;
        let level = Some(in_force.level.unwrap_or_default());
        if inheritance == Inheritance::DefaultToGlobal {
            return Ok(Config { level, ..in_force });
        }
        let own = Config::find(&mut connection, scope).await?.unwrap_or_default();
        Ok(Config { level, ..own })
    }

    /// Changes the settings of a scope and gives those it has now.
    ///
    /// # Errors
    /// [`ApiError::InvalidLevel`], [`ApiError::Unsupported`], [`ApiError::ReadOnly`].
    pub(crate) async fn change_config(
        &self,
        scope: &Scope,
        change: ConfigChange,
    ) -> Result<Config, ApiError> {
        let mut transaction = self.store.write().await?;
        require_writable(&mut transaction, scope).await?;
        let old = Config::find(&mut transaction, scope).await?.unwrap_or_default();
        let new = change.apply(old)?;
        new.save(&mut transaction, scope).await?;
        transaction.commit().await?;
        tracing::info!(scope = scope.key(), config = ?new, "settings changed");
        Ok(new)
    }

    /// Forgets the settings of a scope and gives those it had.
    ///
    /// # Errors
    /// [`ApiError::SubjectNotFound`] for a subject without settings, [`ApiError::ReadOnly`].
    pub(crate) async fn delete_config(&self, scope: &Scope) -> Result<Config, ApiError> {
        let mut transaction = self.store.write().await?;
        let old = match (scope, Config::find(&mut transaction, scope).await?) {
            (_, Some(old)) => old,
            (Scope::Global, None) => Config::default(),
            (Scope::Subject(subject), None) => {
                return Err(ApiError::SubjectNotFound(subject.clone()));
            }
        };
        require_writable(&mut transaction, scope).await?;
        Config::remove(&mut transaction, scope).await?;
        transaction.commit().await?;
        tracing::info!(scope = scope.key(), "settings deleted");
        Ok(Config { level: Some(old.level.unwrap_or_default()), ..old })
    }

    /// The mode of a scope.
    ///
    /// # Errors
    /// [`ApiError::ModeNotConfigured`] for a subject without a mode of its own.
    pub(crate) async fn mode(
        &self,
        scope: &Scope,
        inheritance: Inheritance,
    ) -> Result<Mode, ApiError> {
        let mut connection = self.store.read().await?;
        if inheritance == Inheritance::DefaultToGlobal {
            return Ok(mode_in_force(&mut connection, scope).await?);
        }
        match (scope, Mode::find(&mut connection, scope).await?) {
            (_, Some(mode)) => Ok(mode),
            (Scope::Global, None) => Ok(Mode::default()),
            (Scope::Subject(subject), None) => Err(ApiError::ModeNotConfigured(subject.clone())),
        }
    }

    /// Sets the mode of a scope.
    ///
    /// Import mode, unless forced, wants a scope without versions: soft-deleted ones are then
    /// removed for good, so that they cannot meet imported ones.
    ///
    /// # Errors
    /// [`ApiError::SubjectsExist`], [`ApiError::ReferenceExists`] on the way to import mode.
    pub(crate) async fn set_mode(
        &self,
        scope: &Scope,
        mode: Mode,
        force: Force,
    ) -> Result<(), ApiError> {
        let mut transaction = self.store.write().await?;
        let old = mode_in_force(&mut transaction, scope).await?;
        if mode == Mode::Import && old != Mode::Import && force == Force::No {
            let subjects = match scope {
                Scope::Global => {
                    SubjectVersion::subjects(&mut transaction, "", Deleted::Included).await?
                }
                Scope::Subject(subject) => vec![subject.as_str().to_owned()],
            };
            let subjects: Vec<Subject> =
                subjects.iter().map(|subject| Subject::parse(subject)).collect::<Result<_, _>>()?;
            for subject in &subjects {
                let live =
                    SubjectVersion::numbers(&mut transaction, subject, Deleted::Hidden).await?;
                if !live.is_empty() {
                    return Err(ApiError::SubjectsExist);
                }
            }
            for subject in &subjects {
                clear_deleted(&mut transaction, scope, subject).await?;
            }
        }
        mode.save(&mut transaction, scope).await?;
        transaction.commit().await?;
        // On the way to import mode versions may have been removed for good.
        self.cache.clear();
        tracing::info!(scope = scope.key(), %mode, "mode changed");
        Ok(())
    }

    /// Forgets the mode of a scope and gives the one it had.
    ///
    /// # Errors
    /// [`ApiError::SubjectNotFound`] for a subject without a mode.
    pub(crate) async fn delete_mode(&self, scope: &Scope) -> Result<Mode, ApiError> {
        let mut transaction = self.store.write().await?;
        let old = match (scope, Mode::find(&mut transaction, scope).await?) {
            (_, Some(old)) => old,
            (Scope::Global, None) => Mode::default(),
            (Scope::Subject(subject), None) => {
                return Err(ApiError::SubjectNotFound(subject.clone()));
            }
        };
        Mode::remove(&mut transaction, scope).await?;
        transaction.commit().await?;
        tracing::info!(scope = scope.key(), "mode deleted");
        Ok(old)
    }
}

/// Removes the versions of a subject for good, all of them soft-deleted before. Where the whole
/// registry is cleared, what they reference of each other goes with them.
async fn clear_deleted(
    connection: &mut Connection,
    scope: &Scope,
    subject: &Subject,
) -> Result<(), ApiError> {
    let numbers = SubjectVersion::numbers(connection, subject, Deleted::Included).await?;
    for version in numbers {
        let is_referenced = matches!(scope, Scope::Subject(_))
            && StoredSchema::is_referenced_elsewhere(
                connection,
                subject,
                version,
                Deleted::Included,
            )
            .await?;
        if is_referenced {
            return Err(ApiError::ReferenceExists { subject: subject.clone(), version });
        }
        SubjectVersion::remove(connection, subject, version).await?;
    }
    Ok(())
}
