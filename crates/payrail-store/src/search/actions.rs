//! The audit log.

use payrail_types::ids::MerchantId;
use payrail_types::operator::{OperatorAction, OperatorActionKind};

use super::walk::{Found, Walk, Window, newest_first};
use crate::database::Read;
use crate::db::values;
use crate::error::Result;
use crate::position::Position;
use crate::store::Store;
use crate::tables::operator_actions::COLUMNS;

#[derive(Clone, Debug, Default)]
pub struct ActionFilter {
    pub merchant: Option<MerchantId>,
    pub operator: Option<String>,
    pub action: Option<OperatorActionKind>,
}

impl Store {
    pub async fn search_actions(
        &self,
        filter: &ActionFilter,
        before: Option<Position>,
        limit: u32,
    ) -> Result<Found<OperatorAction>> {
        let mut walk = Walk::new(before.unwrap_or(Window::default().end()), limit);
        let is_filtered = filter.merchant.is_some() || filter.operator.is_some() || filter.action.is_some();
        while let Some(count) = walk.wants(is_filtered) {
            let page = self.page_of_actions(walk.at, count).await?;
            let fits = |done: &OperatorAction| {
                filter.merchant.is_none_or(|of| done.merchant == Some(of))
                    && filter.operator.as_ref().is_none_or(|name| done.operator.eq_ignore_ascii_case(name))
                    && filter.action.is_none_or(|action| action == done.action)
            };
            walk.take(page, count, position_of, fits);
        }
        Ok(walk.found())
    }

    async fn page_of_actions(&self, before: Position, count: u32) -> Result<Vec<OperatorAction>> {
        let sql = format!(
            "SELECT {} FROM operator_actions a WHERE (a.at, a.id) < ($1, $2) \
             ORDER BY a.at DESC, a.id DESC LIMIT $3 + 0",
            *COLUMNS
        );
        let values = values![before.at, before.id, i64::from(count)];
        self.first_of_each(Read::Long, &sql, values, count, newest_first(position_of)).await
    }
}

fn position_of(done: &OperatorAction) -> Position {
    Position { id: done.id, ..Position::newest(done.at) }
}
