//! `payrail bank confirm`: an operator's word that the payouts go to another bank from now on.

use payrail_types::rail::RailId;

use super::shared::{COMMAND_LINE, Error};
use super::words;
use crate::bank_change::{self, Confirmation};
use crate::clock::Clock;
use crate::settings::{BadSetting, Common};

#[derive(Debug, clap::Args)]
pub struct ConfirmArgs {
    /// The rail that leads to another bank [default: bank; without --identity all rails are shown]
    #[arg(long, value_name = "NAME")]
    rail: Option<String>,
    /// The bank that the workers meet, by its identity
    #[arg(long, value_name = "ID")]
    identity: Option<String>,
    /// How many payouts are under way with the earlier bank, as this command told you without --identity
    #[arg(long, value_name = "NUMBER")]
    under_way: Option<i64>,
    /// Why the bank is another one: for the audit log, 10 to 1000 characters
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub async fn confirm(common: &Common, args: ConfirmArgs) -> Result<(), Error> {
    let store = common.open_current().await?;
    let clock = Clock::of(&store);
    let rail = args.rail.as_deref().map(|name| RailId::parse(name).ok_or_else(|| bad("--rail is no name of a rail")));
    let rail = rail.transpose()?;
    match (args.identity, args.under_way, args.reason) {
        (Some(identity), Some(under_way), Some(reason)) => {
            let reason = reason.trim().to_owned();
            if !(10..=1000).contains(&reason.chars().count()) || reason.chars().any(char::is_control) {
                return Err(bad("--reason must have 10 to 1000 characters, on one line"));
            }
            let (rail, operator) = (rail.unwrap_or(RailId::DEFAULT), COMMAND_LINE.to_owned());
            let confirmation = Confirmation { rail, identity: identity.clone(), under_way, reason, operator };
            bank_change::confirm(&store, confirmation, clock.now()).await.map_err(|error| bad(&error.to_string()))?;
            say!("The bank is {identity} from now on. The workers go on within seconds.");
            Ok(())
        }
        (None, None, None) => {
            let rails = match rail {
                Some(rail) => vec![rail],
                None => bank_change::rails(&store, &[]).await?,
            };
            for rail in &rails {
                if rails.len() > 1 {
                    say!("Rail {rail}:");
                }
                show(&store, *rail, &clock).await?;
            }
            Ok(())
        }
        _ => Err(bad("--identity, --under-way and --reason belong together; without them the state is shown")),
    }
}

async fn show(store: &payrail_store::Store, rail: RailId, clock: &Clock) -> Result<(), Error> {
    let state = bank_change::state(store, rail, clock.now()).await?;
    let Some(known) = state.known else {
        say!("No bank is remembered yet: the first that a worker meets will be.");
        return Ok(());
    };
    say!("The payouts were sent to the bank {known}.");
    let Some(met) = state.met else {
        say!("No worker has met another one in the last minute. There is nothing to confirm.");
        return Ok(());
    };
    let under_way = store.under_way(rail).await?;
    let identity = &met.identity;
    say!("{} meets the bank {identity} instead, and waits.\n", met.worker);
    say!(
        "THE RISK: {} under way. The earlier bank may have paid what was sent to it, and the other bank knows nothing of \
         that. So nothing that was submitted to the earlier bank is sent to the other one: it stays in doubt until an \
         operator decides it from the earlier bank's statement (`payrail doubtful`, and the admin), or the rail leads to \
         the earlier bank again.\n",
        at_stake(under_way.count, under_way.amount_paise)
    );
    say!(
        "If the change is meant:\n  payrail bank confirm{} --identity '{identity}' --under-way {} --reason 'why'",
        if rail == RailId::DEFAULT { String::new() } else { format!(" --rail {rail}") },
        under_way.count
    );
    Ok(())
}

fn at_stake(payouts: i64, paise: i64) -> String {
    let (together, are) = if payouts == 1 { ("", "is") } else { (" together", "are") };
    format!("{}, {paise} paise{together}, {are}", words::count(payouts, "payout"))
}

#[test]
fn one_payout_is_singular() {
    assert_eq!(at_stake(1, 5), "1 payout, 5 paise, is");
    assert_eq!(at_stake(2, 10), "2 payouts, 10 paise together, are");
}

fn bad(text: &str) -> Error {
    Box::new(BadSetting(text.to_owned()))
}
