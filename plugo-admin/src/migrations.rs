use crate::url::Database;

/// One step from a version of the tables to the next.
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    sqlite: &'static str,
    #[cfg(feature = "postgres")]
    postgres: &'static str,
}

macro_rules! migration {
    ($version:literal, $name:literal, $file:literal) => {
        Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $file)),
            #[cfg(feature = "postgres")]
            postgres: include_str!(concat!("../migrations/postgres/", $file)),
        }
    };
}

/// All of them, in order. What was released is never edited: a database that has
/// it does not run it again.
pub(crate) const MIGRATIONS: &[Migration] = &[migration!(1, "tables", "0001_tables.sql")];

impl Migration {
    /// The statements, in the database's dialect.
    pub(crate) fn sql(&self, database: &Database) -> &'static str {
        match database {
            Database::Sqlite { .. } => self.sqlite,
            #[cfg(feature = "postgres")]
            Database::Postgres { .. } => self.postgres,
        }
    }
}

/// The version that this program needs, and the newest that it knows.
pub(crate) const fn known() -> i64 {
    MIGRATIONS.len() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_from_one() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, (1..=known()).collect::<Vec<_>>());
    }
}
