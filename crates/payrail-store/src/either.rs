//! One call for both stores: a room of statements (`statements`, …) is the same text instantiated for each
//! driver, and these pick the one that the store is.

/// The same read on either store, on a connection of its readers.
macro_rules! read {
    ($store:expr, $room:ident::$name:ident($($argument:expr),*)) => {
        match $store {
            $crate::Store::Sqlite(store) => $crate::sqlite::$room::$name(&mut *store.reader.acquire().await?, $($argument),*).await,
            $crate::Store::Postgres(store) => $crate::postgres::$room::$name(&mut *store.reader.acquire().await?, $($argument),*).await,
        }
    };
}

/// The same small write on either store, in a transaction of its own.
macro_rules! write {
    ($store:expr, $room:ident::$name:ident($($argument:expr),*)) => {
        match $store {
            $crate::Store::Sqlite(store) => {
                let mut turn = store.turn().await?;
                let mut tx = sqlx::Connection::begin_with(&mut **turn, "BEGIN IMMEDIATE").await?;
                let done = $crate::sqlite::$room::$name(&mut tx, $($argument),*).await?;
                tx.commit().await.map_err($crate::StoreError::of_commit)?;
                $crate::sqlite::turn::done(turn);
                Ok(done)
            }
            $crate::Store::Postgres(store) => {
                let mut tx = store.begin().await?;
                let done = $crate::postgres::$room::$name(&mut tx, $($argument),*).await?;
                tx.commit().await.map_err($crate::StoreError::of_commit)?;
                Ok(done)
            }
        }
    };
}
