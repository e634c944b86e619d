//! Calls of a statement on a connection of the right kind.

/// A look-up by key, or of one merchant.
macro_rules! read {
    ($store:expr, $room:ident::$name:ident($($argument:expr),*)) => {
        $crate::$room::$name(&mut $store.short_read().await?, $($argument),*).await
    };
}

/// A read that may take long.
macro_rules! search {
    ($store:expr, $room:ident::$name:ident($($argument:expr),*)) => {
        $crate::$room::$name(&mut $store.long_read().await?, $($argument),*).await
    };
}

/// A small write, in a transaction of its own.
macro_rules! write {
    ($store:expr, $room:ident::$name:ident($($argument:expr),*)) => {{
        let mut on = $store.begin().await?;
        let done = $crate::$room::$name(&mut on, $($argument),*).await?;
        on.commit().await?;
        Ok(done)
    }};
}
