//! Places in lists over all merchants as clients see them: opaque. And the time that a list is of.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use payrail_store::{Position, Window};
use uuid::Uuid;

use crate::http::paging::bad_parameter;
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

/// `from` is included. `to` is not, unless it is a date: then that whole day is.
pub fn window(from: Option<&str>, to: Option<&str>) -> Result<Window, Problem> {
    Ok(Window { from: moment("from", from, false)?, to: moment("to", to, true)? })
}

fn moment(name: &str, text: Option<&str>, ends_day: bool) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let moment = text.parse().ok().or_else(|| midnight(text, ends_day)).filter(is_storable);
    let bad = || bad_parameter(format!("{name} must be a date or a time like 2026-01-31T12:00:00Z."));
    moment.map(Some).ok_or_else(bad)
}

/// PostgreSQL knows no time before 4713 BC, and nothing here is older than its epoch.
fn is_storable(at: &Timestamp) -> bool {
    *at >= Timestamp::UNIX_EPOCH
}

/// Days are UTC's.
fn midnight(text: &str, ends_day: bool) -> Option<Timestamp> {
    // The parser takes a time after the date as well, and would ignore it.
    let date: Date = text.parse().ok().filter(|_| text.len() == "2026-01-31".len())?;
    let date = if ends_day { date.tomorrow().ok()? } else { date };
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
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

    #[test]
    fn a_window_is_of_days_or_of_moments() {
        let days = window(Some("2026-01-30"), Some("2026-01-31")).unwrap();
        assert_eq!(days, Window { from: Some(at("2026-01-30T00:00:00Z")), to: Some(at("2026-02-01T00:00:00Z")) });
        let moments = window(Some("2026-01-30T05:30:00+05:30"), Some("2026-01-31T12:00:00Z")).unwrap();
        assert_eq!(moments, Window { from: Some(at("2026-01-30T00:00:00Z")), to: Some(at("2026-01-31T12:00:00Z")) });
        for bad in ["", "yesterday", "2026-13-01", "2026-01-31T12:00:00", "9999-99-99", "-009999-01-01"] {
            assert!(window(Some(bad), None).is_err() && window(None, Some(bad)).is_err(), "{bad:?}");
        }
    }
}
