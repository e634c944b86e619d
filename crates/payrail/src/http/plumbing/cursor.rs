//! Opaque cursors in lists over all merchants.

use jiff::Timestamp;
use payrail_store::Position;
use uuid::Uuid;

use super::params::bad_parameter;
use super::period::is_storable;
use super::problem::Problem;

/// The sort key of a list: time, owner, number and id.
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
}
