//! PostgreSQL under the suite that every store is held to, and what only a server can do to a store. Needs one
//! in `DATABASE_URL` (`tests/postgres/start`), whose role may make schemas.
#![cfg(feature = "postgres")]

mod postgres;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use charter_domain::{Column, ColumnType, ColumnValue, Table, Timestamp};
use charter_engine::store::conformance::Harness;
use charter_engine::store::{
    Batch, Checkpoint, Lease, PostgresSettings, PostgresStore, Progress, Release, RowChange,
    RowKey, Store, StoreError, StoredOutcome, ViewSet, ViewStep,
};
use contract_shared::{Outcome, OutcomeStatus};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::postgres::cluster::Cluster;
use crate::postgres::proxy::{Cut, Proxy};
use crate::postgres::{Schemas, database, open};

struct Postgres(Result<Schemas, String>);

impl Postgres {
    fn new() -> Self {
        Self(database().map(|url| Schemas::of(&url)))
    }

    fn schemas(&self) -> &Schemas {
        self.0.as_ref().expect("the test is not skipped")
    }
}

#[async_trait]
impl Harness for Postgres {
    fn skipped(&self) -> Option<&str> {
        self.0.as_ref().err().map(String::as_str)
    }

    async fn store(&self) -> Arc<dyn Store> {
        Arc::new(open(self.schemas().settings().await).await)
    }

    async fn another(&self) -> Arc<dyn Store> {
        Arc::new(open(self.schemas().last()).await)
    }

    async fn restart(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        store.close().await;
        Arc::new(open(self.schemas().last()).await)
    }
}

charter_engine::store_conformance!(Postgres::new());

/// The schemas of a test, or `None` where it is skipped, which is said.
fn schemas(test: &str) -> Option<Schemas> {
    match database() {
        Ok(url) => Some(Schemas::of(&url)),
        Err(reason) => {
            eprintln!("skipped {test}: {reason}");
            None
        }
    }
}

/// A batch with one command of partition 0, from this offset to the next.
fn batch(lease: &Lease, offset: u64) -> Batch {
    let number = i64::try_from(offset).expect("small");
    let outcome = Outcome {
        command_id: command(offset),
        tenant_id: "a".to_owned(),
        context: "seat".to_owned(),
        r#type: "seat.holdRequest".to_owned(),
        key: "show".to_owned(),
        status: OutcomeStatus::Applied,
        code: None,
        detail: None,
        details: None,
        events: Vec::new(),
        partition: 0,
        position: -1,
        accepted_at: Timestamp::from_micros(number),
        decided_at: Timestamp::from_micros(number),
        request_hash: None,
    };
    Batch {
        lease: lease.clone(),
        expected_offset: offset,
        checkpoint: Checkpoint {
            offset: offset + 1,
            decision_time: Timestamp::from_micros(number),
            next_position: 0,
            published: -1,
        },
        outcomes: vec![StoredOutcome { outcome, offset: Some(offset), reaction: None }],
        events: Vec::new(),
        deadlines: Vec::new(),
        resolved: Vec::new(),
    }
}

fn command(offset: u64) -> Uuid {
    Uuid::from_u128(u128::from(offset) + 1)
}

static LAMPS: Table = Table {
    name: "seat_lamps",
    view: "seat.Lamp",
    columns: &[
        Column { name: "id", field: "id", kind: ColumnType::Integer, nullable: false },
        Column { name: "lit", field: "lit", kind: ColumnType::Integer, nullable: false },
    ],
    key: &["id"],
    indexes: &[],
    fingerprint: "1",
};

fn views() -> ViewSet {
    ViewSet {
        context: "seat".to_owned(),
        fingerprint: "1".to_owned(),
        release: Release::default(),
        tables: vec![&LAMPS],
    }
}

/// Projects the event at `position`, which writes its position to the one row.
async fn project(store: &PostgresStore, position: i64) -> Result<(), StoreError> {
    let step = ViewStep {
        context: "seat".to_owned(),
        fingerprint: "1".to_owned(),
        partition: 0,
        from: Progress { position: position - 1, staged: 0 },
        to: Progress { position, staged: 0 },
    };
    let key = RowKey { tenant: "a".to_owned(), values: vec![ColumnValue::Integer(1)] };
    let mut write = store.begin_views(&step).await?;
    write.rows(&LAMPS, std::slice::from_ref(&key)).await?;
    let row = Some(vec![ColumnValue::Integer(1), ColumnValue::Integer(position)]);
    write.write(&LAMPS, &[RowChange { key, row }]).await?;
    write.commit().await
}

/// What the one row holds.
async fn lit(store: &PostgresStore) -> Option<ColumnValue> {
    let read = store.row(&LAMPS, "a", &[ColumnValue::Integer(1)]).await.expect("an answer");
    read.row?.pop()
}

fn is_unknown(result: &Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::FateUnknown { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_not_known() {
    let Some(schemas) = schemas("a_commit_whose_answer_is_lost_is_not_known") else { return };
    let proxy = Proxy::before(&schemas.url).await;
    let store = open(proxy.settings(schemas.settings().await)).await;
    let first = store.claim("seat", 0, 1).await.expect("a claim");
    // Once, so that the statement is prepared, and the next one is not cut while it is.
    store.commit(&batch(&first.lease, 0)).await.expect("committed");

    proxy.cut(Cut::Answer);
    let done = store.commit(&batch(&first.lease, 1)).await;
    assert!(is_unknown(&done), "{done:?}");
    let second = store.claim_again(&first.lease, 1).await.expect("nobody else has claimed");
    assert_eq!(second.checkpoint.offset, 2, "it was committed");
    assert!(store.outcome(Some("a"), command(1)).await.expect("an answer").is_some());
    store.commit(&batch(&second.lease, 2)).await.expect("committed");

    proxy.cut(Cut::Request);
    let done = store.commit(&batch(&second.lease, 3)).await;
    assert!(is_unknown(&done), "{done:?}");
    let third = store.claim_again(&second.lease, 1).await.expect("nobody else has claimed");
    assert_eq!(third.checkpoint.offset, 3, "it was not committed");
    assert_eq!(store.outcome(Some("a"), command(3)).await.expect("an answer"), None);
    store.commit(&batch(&third.lease, 3)).await.expect("committed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_whose_answer_is_lost_is_not_known() {
    let Some(schemas) = schemas("a_step_whose_answer_is_lost_is_not_known") else { return };
    let proxy = Proxy::before(&schemas.url).await;
    let store = open(proxy.settings(schemas.settings().await)).await;
    store.prepare_views(&views()).await.expect("prepared");
    for position in 0..2 {
        project(&store, position).await.expect("projected");
    }

    proxy.cut(Cut::AnswerOfWrite);
    let done = project(&store, 2).await;
    assert!(is_unknown(&done), "{done:?}");
    let progress = store.view_progress(&views(), 0).await.expect("an answer");
    assert_eq!(progress, Progress { position: 2, staged: 0 }, "it was committed");
    assert_eq!(lit(&store).await, Some(ColumnValue::Integer(2)));
    let again = project(&store, 2).await;
    assert!(matches!(again, Err(StoreError::Fenced { .. })), "{again:?}");
    project(&store, 3).await.expect("projected");
    assert_eq!(lit(&store).await, Some(ColumnValue::Integer(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_is_found_again() {
    let Some(_) = schemas("a_server_that_crashes_is_found_again") else { return };
    let cluster = Cluster::start();
    let mut settings = PostgresSettings::new(&cluster.url);
    settings.connect_timeout = Duration::from_secs(2);
    let store = Arc::new(open(settings).await);
    store.prepare_views(&views()).await.expect("prepared");
    let first = store.claim("seat", 0, 1).await.expect("a claim");
    store.commit(&batch(&first.lease, 0)).await.expect("committed");
    project(&store, 0).await.expect("projected");
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.wait_projected("seat", &[(0, 1)]).await }
    });

    cluster.stop("immediate");
    let refused = store.check().await.expect_err("there is no server");
    assert!(refused.is_transient(), "{refused}");
    let refused = store.commit(&batch(&first.lease, 1)).await.expect_err("there is no server");
    assert!(refused.is_transient(), "{refused}");
    let refused = project(&store, 1).await.expect_err("there is no server");
    assert!(refused.is_transient(), "{refused}");
    // Who waits is told, and may wait again.
    let told = waiting.await.expect("no panic").expect_err("there is no server");
    assert!(told.is_transient(), "{told}");

    cluster.restart();
    let second = store.claim_again(&first.lease, 1).await.expect("a claim");
    assert_eq!(second.checkpoint.offset, 1, "what was committed survived, the rest never was");
    store.commit(&batch(&second.lease, 1)).await.expect("committed");
    project(&store, 1).await.expect("projected");
    store.wait_projected("seat", &[(0, 1)]).await.expect("it is there");
    store.check().await.expect("ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_processes_make_the_tables() {
    let Some(schemas) = schemas("any_number_of_processes_make_the_tables") else { return };
    let settings = schemas.settings().await;
    let mut opening = JoinSet::new();
    for _ in 0..6 {
        let settings = settings.clone();
        opening.spawn(async move { PostgresStore::open(settings).await });
    }
    for opened in opening.join_all().await {
        opened.expect("a store").check().await.expect("ready");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_leaves_the_tables_as_they_are() {
    let Some(schemas) = schemas("a_reader_leaves_the_tables_as_they_are") else { return };
    let settings = schemas.settings().await;
    let reader = PostgresStore::open_to_read(settings.clone()).await.expect("a connection");
    let refused = reader.check().await.expect_err("there are no tables");
    assert!(
        matches!(&refused, StoreError::TablesDiffer { found, .. } if found == "none"),
        "{refused}"
    );
    let refused = reader.row(&LAMPS, "a", &[ColumnValue::Integer(1)]).await;
    assert!(matches!(refused, Err(StoreError::ViewDiffers { .. })), "{refused:?}");

    let owner = open(settings.clone()).await;
    reader.check().await.expect("ready");
    owner.prepare_views(&views()).await.expect("prepared");
    project(&owner, -1).await.expect_err("before the start");
    assert_eq!(lit(&reader).await, None);

    // A newer release has been here.
    let mut connection = PgConnection::connect(&settings.url).await.expect("a connection");
    let newer =
        "INSERT INTO charter_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'newer', true, '', 0)";
    connection.execute(newer).await.expect("written");
    let refused = reader.check().await.expect_err("they are newer");
    assert!(
        matches!(&refused, StoreError::TablesDiffer { found, .. } if found == "9999"),
        "{refused}"
    );
    let refused = PostgresStore::open(settings).await.expect_err("they are newer");
    assert!(matches!(refused, StoreError::TablesDiffer { .. }), "{refused}");
}

/// Somebody's statement that forgets the tenant, on a connection like those that read.
#[tokio::test]
async fn the_server_itself_shows_a_tenant_its_own_rows_only() {
    let Some(schemas) = schemas("row-level security") else { return };
    let settings = schemas.settings().await;
    let name = schemas.last_name();
    let store = open(settings).await;
    store.prepare_views(&views()).await.expect("tables");
    let mut forgetful = PgConnection::connect(&schemas.url).await.expect("a connection");

    // Tables of a release that knew no lock get it when they are prepared.
    for sql in ["DISABLE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"] {
        let alter = AssertSqlSafe(format!("ALTER TABLE {name}.seat_lamps {sql}"));
        forgetful.execute(alter).await.expect("altered");
    }
    store.prepare_views(&views()).await.expect("locked again");

    project(&store, 0).await.expect("a row");
    // Those who read through the store see their own, and each statement is told anew whose.
    assert_eq!(lit(&store).await, Some(ColumnValue::Integer(0)));
    let other = store.row(&LAMPS, "b", &[ColumnValue::Integer(1)]).await.expect("an answer");
    assert!(other.row.is_none());
    assert_eq!(lit(&store).await, Some(ColumnValue::Integer(0)));

    assert_eq!(seen(&mut forgetful, &name, None).await, 0);
    assert_eq!(seen(&mut forgetful, &name, Some("b")).await, 0);
    assert_eq!(seen(&mut forgetful, &name, Some("a")).await, 1);
    // The setting went with its transaction.
    assert_eq!(seen(&mut forgetful, &name, None).await, 0);

    // Nor can one write what it does not see, the tables' owner though it is.
    let change = AssertSqlSafe(format!("UPDATE {name}.seat_lamps SET lit = 9"));
    let changed = forgetful.execute(change).await.expect("no error");
    assert_eq!(changed.rows_affected(), 0);
    let insert = AssertSqlSafe(format!("INSERT INTO {name}.seat_lamps VALUES ('a', 2, 2)"));
    let refused = forgetful.execute(insert).await.expect_err("refused");
    let code = refused.as_database_error().and_then(|error| Some(error.code()?.into_owned()));
    assert_eq!(code.as_deref(), Some("42501"), "{refused}");
}

/// How many rows a transaction sees that names this tenant.
async fn seen(connection: &mut PgConnection, schema: &str, tenant: Option<&str>) -> i64 {
    let mut transaction = connection.begin().await.expect("a transaction");
    if let Some(tenant) = tenant {
        let set = sqlx::query("SELECT set_config('charter.tenant', $1, true)").bind(tenant);
        set.execute(&mut *transaction).await.expect("a setting");
    }
    let sql = AssertSqlSafe(format!("SELECT count(*) FROM {schema}.seat_lamps"));
    let count = sqlx::query_scalar(sql).fetch_one(&mut *transaction).await.expect("a number");
    // Else it would keep the table until the connection is used again.
    transaction.rollback().await.expect("the end");
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_refuses() {
    let Some(schemas) = schemas("a_closed_store_refuses") else { return };
    let store = open(schemas.settings().await).await;
    let claim = store.claim("seat", 0, 1).await.expect("a claim");
    store.close().await;
    for refused in [store.check().await, store.commit(&batch(&claim.lease, 0)).await] {
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_so() {
    // A port that was free a moment ago.
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    let url = format!("postgres://charter:secret@127.0.0.1:{port}/charter");
    let settings = PostgresSettings::new(url);
    assert!(!format!("{settings:?}").contains("secret"));
    let refused = PostgresStore::open(settings).await.expect_err("there is none");
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused}");
    let refused = PostgresStore::open(PostgresSettings::new("mysql:secret@")).await;
    let refused = refused.expect_err("no URL of PostgreSQL's").to_string();
    assert!(refused.contains("postgres://") && !refused.contains("secret"), "{refused}");
}
