//! Search for merchants by name or e-mail address.

use payrail_types::ids::MerchantId;

use super::walk::{Found, LOOKED_AT_MAX, PAGE};
use crate::error::Result;
use crate::store::Store;
use crate::tables::merchants::Merchant;

impl Store {
    /// Matches a part of the name or the address, in any case.
    pub async fn search_merchants(
        &self,
        text: Option<&str>,
        after: Option<MerchantId>,
        limit: u32,
    ) -> Result<Found<Merchant, MerchantId>> {
        let text = text.map(str::to_lowercase);
        let (mut items, mut after, mut looked_at) = (Vec::new(), after, 0);
        while looked_at < LOOKED_AT_MAX {
            let count = if text.is_some() { PAGE } else { limit };
            let page = self.merchants(after, count).await?;
            let is_last = page.len() < count as usize;
            looked_at += page.len();
            for merchant in page {
                after = Some(merchant.id);
                let has = |text: &String| {
                    [merchant.name.as_str(), merchant.email.as_str()]
                        .into_iter()
                        .any(|has| has.to_lowercase().contains(text.as_str()))
                };
                if text.as_ref().is_none_or(has) {
                    items.push(merchant);
                }
                if items.len() == limit as usize {
                    return Ok(Found { items, next: after });
                }
            }
            if is_last {
                return Ok(Found { items, next: None });
            }
        }
        Ok(Found { items, next: after })
    }
}
