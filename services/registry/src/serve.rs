//! Serving a registry on a listener.

use std::io;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::Registry;

/// How long requests under way may take after the order to stop. Longer than any should, and with
/// the closing of the database still within the 10 s that a supervisor waits.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(8);

/// Serves `registry` on `listener` until `shutdown` is cancelled, then finishes the requests under
/// way, for at most 8 s, and closes the database.
///
/// # Errors
/// When the listener fails.
pub async fn run(
    listener: TcpListener,
    registry: Registry,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let served = axum::serve(listener, registry.router())
        .with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN_TIMEOUT).await;
    };
    let result = tokio::select! {
        result = served => result,
        () = overdue => {
            tracing::warn!("requests were still under way after {DRAIN_TIMEOUT:?}, they are cut off");
            Ok(())
        }
    };
    registry.close().await;
    result
}
