//! What the routes of one process rest on.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use charter_domain::room::Hidden;
use charter_domain::{Contract, Message, MessageType};
use charter_engine::outcomes::OutcomeHints;
use charter_engine::store::Store;
use charter_engine::submit::CommandSender;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::access::AccessControl;
use crate::document::{Document, DocumentError, OperationSchema};
use crate::lag::Lag;
use crate::operation::Operation;
use crate::proxy::COMMAND_ID;

/// How long a read with `Consistent-With` waits for its view, unless the client prefers otherwise.
pub(crate) const CONSISTENCY_WAIT: Duration = Duration::from_secs(5);

/// How long a request may wait on for an outcome or a view once the process was told to end.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// The state of the generated routes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Api {
    inner: Arc<Inner>,
    behind_gateway: bool,
}

#[derive(Debug)]
struct Inner {
    document: Arc<Document>,
    senders: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
    commands: HashMap<&'static str, &'static MessageType>,
    store: Arc<dyn Store>,
    hints: Option<Arc<OutcomeHints>>,
    stop: CancellationToken,
    access: Arc<AccessControl>,
    lag: Lag,
    private: Vec<(&'static str, &'static Hidden)>,
}

/// Collects what an [`Api`] rests on.
#[derive(Debug)]
pub struct ApiBuilder {
    document: Arc<Document>,
    senders: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
    commands: HashMap<&'static str, &'static MessageType>,
    store: Arc<dyn Store>,
    hints: Option<Arc<OutcomeHints>>,
    stop: CancellationToken,
    access: Arc<AccessControl>,
    lag: Lag,
    private: Vec<(&'static str, &'static Hidden)>,
}

impl Api {
    /// Begins with the contract's document (OpenAPI 3.1 as JSON), the operations that are served, and the
    /// store that outcomes and views are read from.
    ///
    /// # Errors
    /// Where the document lacks one of the operations or holds a schema that is none.
    pub fn builder(
        document_json: &str,
        operations: &[&Operation],
        store: Arc<dyn Store>,
    ) -> Result<ApiBuilder, DocumentError> {
        Ok(Self::over(Arc::new(Document::compile(document_json, operations)?), store))
    }

    /// The same with a document that is compiled already.
    pub(crate) fn over(document: Arc<Document>, store: Arc<dyn Store>) -> ApiBuilder {
        let (senders, commands) = (HashMap::new(), HashMap::new());
        let stop = CancellationToken::new();
        ApiBuilder {
            document,
            senders,
            commands,
            store,
            hints: None,
            stop,
            access: Arc::default(),
            lag: Lag::default(),
            private: Vec::new(),
        }
    }

    /// The same for a service that only gateways reach: they name the ids of the commands that they
    /// forward.
    #[must_use]
    pub fn behind_gateway(mut self) -> Self {
        self.behind_gateway = true;
        self
    }

    /// The command id that a gateway named.
    pub(crate) fn named_command_id(&self, headers: &HeaderMap) -> Option<Uuid> {
        let named = headers.get(COMMAND_ID).filter(|_| self.behind_gateway)?;
        named.to_str().ok()?.parse().ok()
    }

    /// Who is let in.
    #[must_use]
    pub fn access(&self) -> &Arc<AccessControl> {
        &self.inner.access
    }

    /// What is private of the contexts' events.
    pub(crate) fn private(&self) -> &[(&'static str, &'static Hidden)] {
        &self.inner.private
    }

    /// Cancelled when the process ends.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.inner.stop
    }

    pub(crate) fn lag(&self) -> &Lag {
        &self.inner.lag
    }

    pub(crate) fn schema(&self, operation: &Operation) -> &OperationSchema {
        self.inner
            .document
            .operation(operation.id)
            .expect("a route is mounted for operations that the document was compiled for")
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    pub(crate) fn sender<C: Contract>(&self) -> Option<&CommandSender<C>> {
        self.inner.senders.get(&TypeId::of::<C>())?.downcast_ref()
    }

    /// Runs `wait` for a while, and once the process ends for [`LAST_WAIT`] at most: who waits then is answered
    /// while there is somebody to answer. `None` where the time is up.
    pub(crate) async fn bounded<T>(
        &self,
        limit: Duration,
        wait: impl Future<Output = T>,
    ) -> Option<T> {
        let end = async {
            self.inner.stop.cancelled().await;
            tokio::time::sleep(LAST_WAIT).await;
        };
        tokio::select! {
            waited = tokio::time::timeout(limit, wait) => waited.ok(),
            () = end => None,
        }
    }

    pub(crate) fn hints(&self) -> Option<&OutcomeHints> {
        self.inner.hints.as_deref()
    }

    pub(crate) fn command_type(&self, wire_type: &str) -> Option<&'static MessageType> {
        self.inner.commands.get(wire_type).copied()
    }
}

impl ApiBuilder {
    /// Lets commands of a context be sent from here.
    #[must_use]
    pub fn sender<C: Contract>(mut self, sender: CommandSender<C>) -> Self {
        self.senders.insert(TypeId::of::<C>(), Box::new(sender));
        self.context::<C>()
    }

    /// Lets outcomes of a context be shown, where its commands are sent from elsewhere.
    #[must_use]
    pub fn context<C: Contract>(mut self) -> Self {
        for message in C::Command::TYPES {
            self.commands.insert(message.wire_type, message);
        }
        self.private.extend_from_slice(C::PRIVATE);
        self
    }

    /// Lets requests wait for hints of outcomes.
    #[must_use]
    pub fn hints(mut self, hints: Arc<OutcomeHints>) -> Self {
        self.hints = Some(hints);
        self
    }

    /// Lets in whom `access` lets in; without it everybody.
    #[must_use]
    pub fn access(mut self, access: Arc<AccessControl>) -> Self {
        self.access = access;
        self
    }

    /// Refuses commands where more than `most` wait for their partition's decisions; 0 for any number.
    #[must_use]
    pub fn max_lag(mut self, most: u64) -> Self {
        self.lag = Lag::new(most);
        self
    }

    /// Answers waiting requests soon after `stop` is cancelled: the process ends.
    #[must_use]
    pub fn stop(mut self, stop: CancellationToken) -> Self {
        self.stop = stop;
        self
    }

    /// The finished state.
    #[must_use]
    pub fn build(self) -> Api {
        let Self { document, senders, commands, store, hints, stop, access, lag, private } = self;
        let inner = Inner { document, senders, commands, store, hints, stop, access, lag, private };
        Api { inner: Arc::new(inner), behind_gateway: false }
    }
}
