//! A statement with many parts, each a `WITH` query of its own that may write.

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres};

use super::connections::{Connections, server_error};
use super::values::{Rows, unnest};
use crate::store::StoreError;

/// The error of a checkpoint that is not the one expected.
pub(super) const NOT_OWNED: &str = "CH001";
/// The error of a row that somebody else has written since it was read.
pub(super) const ROW_CHANGED: &str = "CH002";

/// A statement being put together.
pub(super) struct Statement {
    parts: Vec<String>,
    checks: Vec<String>,
    arguments: Vec<Argument>,
    bound: usize,
}

enum Argument {
    Rows(Rows),
    Count(i64),
}

impl Statement {
    pub(super) fn new() -> Self {
        Self { parts: Vec::new(), checks: Vec::new(), arguments: Vec::new(), bound: 0 }
    }

    /// Binds rows; gives what makes a table of them.
    pub(super) fn rows(&mut self, rows: Rows) -> String {
        let (first, width) = (self.bound + 1, rows.width());
        self.bound += width;
        self.arguments.push(Argument::Rows(rows));
        unnest(first, width)
    }

    /// Adds `name AS (sql)`.
    pub(super) fn part(&mut self, name: &str, sql: &str) {
        self.parts.push(format!("{name} AS ({sql})"));
    }

    /// What ends the statement where the part `name` does not give `expected` rows.
    pub(super) fn expect(&mut self, name: &str, expected: usize, state: &str) -> String {
        self.bound += 1;
        self.arguments.push(Argument::Count(i64::try_from(expected).unwrap_or(i64::MAX)));
        let number = self.bound;
        format!("charter_expect((SELECT count(*) FROM {name}), ${number}, '{state}')")
    }

    /// Adds the part `gate`: whatever reads it does nothing unless `name` has given `expected` rows.
    pub(super) fn gate(&mut self, name: &str, expected: usize) {
        let check = self.expect(name, expected, NOT_OWNED);
        self.parts.push(format!("gate AS MATERIALIZED (SELECT {check})"));
        self.checks.push("(SELECT count(*) FROM gate)".to_owned());
    }

    /// Ends the statement where the part `name` has not written `expected` rows.
    pub(super) fn check(&mut self, name: &str, expected: usize) {
        let check = self.expect(name, expected, ROW_CHANGED);
        self.checks.push(check);
    }

    /// The statement's text.
    pub(super) fn sql(&self) -> String {
        let checks = if self.checks.is_empty() { "1".to_owned() } else { self.checks.join(", ") };
        if self.parts.is_empty() {
            return format!("SELECT {checks}");
        }
        format!("WITH {} SELECT {checks}", self.parts.join(", "))
    }

    /// The statement with its arguments, prepared once for each connection.
    pub(super) fn query(self, sql: String) -> Query<'static, Postgres, PgArguments> {
        self.arguments.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, argument| {
            match argument {
                Argument::Rows(rows) => rows.bind(query),
                Argument::Count(count) => query.bind(count),
            }
        })
    }
}

/// Does jobs in one statement, which is a transaction of its own. Where the server refuses it, each is tried
/// alone, so that none is refused for another's sake; `refused` says what it means then.
pub(super) async fn together<J: Sync>(
    connections: &Connections,
    jobs: &[J],
    statement: impl Fn(&[J]) -> Statement + Sync,
    refused: impl Fn(&J, sqlx::Error) -> StoreError + Sync,
) -> Vec<Result<(), StoreError>> {
    if jobs.len() > 1 {
        match run(connections, statement(jobs)).await {
            Ok(Ok(())) => return jobs.iter().map(|_| Ok(())).collect(),
            Ok(Err(error)) if server_error(&error).is_some() => {}
            Ok(Err(error)) => {
                let unknown = |_| StoreError::FateUnknown { source: error.to_string().into() };
                return jobs.iter().map(unknown).map(Err).collect();
            }
            Err(error) => {
                let none = |_| StoreError::unavailable(error.to_string());
                return jobs.iter().map(none).map(Err).collect();
            }
        }
    }
    let mut answers = Vec::with_capacity(jobs.len());
    for job in jobs {
        let done = run(connections, statement(std::slice::from_ref(job))).await;
        answers.push(done.and_then(|done| done.map_err(|error| refused(job, error))));
    }
    answers
}

async fn run(
    connections: &Connections,
    statement: Statement,
) -> Result<Result<(), sqlx::Error>, StoreError> {
    let sql = statement.sql();
    Ok(connections.call(statement.query(sql)).await?.map(drop))
}
