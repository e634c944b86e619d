//! Places in lists over all merchants as clients see them: opaque. And the time that a list is of.

use jiff::Timestamp;
use payrail_store::{Position, Window};
use uuid::Uuid;

use crate::http::paging::bad_parameter;
use crate::http::period::{self, is_storable};
use crate::http::problem::Problem;

/// Time, owner, number and id: what a list is ordered by.
pub fn text(position: &Position) -> String {
    let (micros, owner, id) = (position.at.as_microsecond(), position.owner.simple(), position.id.simple());
    format!("{micros}.{owner}.{}.{id}", position.number)
}

pub fn parse(text: Option<&str>) -> Result<Option<Position>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let position = position(text).ok_or_else(|| bad_parameter("before must be taken from a Link header."))?;
    Ok(Some(position))
}

fn position(text: &str) -> Option<Position> {
    let mut parts = text.split('.');
    let at = Timestamp::from_microsecond(parts.next()?.parse().ok()?).ok().filter(is_storable)?;
    let owner = Uuid::try_parse(parts.next()?).ok()?;
    let number = parts.next()?.parse().ok()?;
    let id = Uuid::try_parse(parts.next()?).ok()?;
    parts.next().is_none().then_some(Position { at, owner, number, id })
}

/// The query of the next page: this one's, from further on.
pub fn next(query: Option<&str>, position: Option<Position>) -> Option<String> {
    let before = format!("before={}", text(&position?));
    let kept = query.unwrap_or_default().split('&');
    let kept = kept.filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("before"));
    Some(kept.chain([before.as_str()]).collect::<Vec<_>>().join("&"))
}

/// Days are those of the named time zone, India's by default.
pub fn window(from: Option<&str>, to: Option<&str>, zone: Option<&str>) -> Result<Window, Problem> {
    period::window(from, to, &period::zone(zone)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_position_comes_back_as_it_went() {
        let position =
            Position { number: -3, id: Uuid::from_u128(7), ..Position::newest(at("2026-01-31T12:00:00.000001Z")) };
        assert_eq!(parse(Some(&text(&position))).unwrap(), Some(position));
        assert!(parse(None).unwrap().is_none());
        let ancient = text(&position).replacen("1769860800000001", "-377705023201000000", 1);
        assert_ne!(ancient, text(&position));
        for bad in ["", ".", "1.2.3.4", "5", &format!("{}.5", text(&position)), &ancient] {
            assert!(parse(Some(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_next_page_keeps_the_filters() {
        let position = Position::newest(at("2026-01-31T12:00:00Z"));
        let before = format!("before={}", text(&position));
        for (query, expected) in [
            (None, before.clone()),
            (Some("limit=5&status=failed"), format!("limit=5&status=failed&{before}")),
            (Some("before=x&limit=5"), format!("limit=5&{before}")),
        ] {
            assert_eq!(next(query, Some(position)), Some(expected));
        }
        assert_eq!(next(Some("limit=5"), None), None);
    }
}
