import { Link } from "@tanstack/react-router";
import type { Owner } from "../queries";

const link = "text-accent-text underline-offset-2 hover:underline";

export const MerchantLink = ({ merchant, isRow }: { merchant: Owner; isRow?: boolean }) => (
  <Link
    to="/merchants/$merchant"
    params={{ merchant: merchant.id }}
    className={`whitespace-nowrap ${isRow ? "row-link font-medium" : link}`}
  >
    {merchant.name || merchant.id}
  </Link>
);

/** Of a payout whose merchant is not known here: the search over all merchants finds it. */
export const PayoutSearchLink = ({ id }: { id: string }) => (
  <Link
    to="/payouts"
    search={{ search: id } as never}
    title={id}
    aria-label={`Payout ending in ${id.slice(-8)}`}
    className={`whitespace-nowrap font-mono text-[0.8125rem] ${link}`}
  >
    {shortId(id)}
  </Link>
);

/** The end of an id tells payouts apart; its beginning is the time. */
export const shortId = (id: string) => `…${id.slice(-8)}`;

export const PayoutLink = ({ merchant, id, isRow }: { merchant: string; id: string; isRow?: boolean }) => (
  <Link
    to="/payouts/$merchant/$id"
    params={{ merchant, id }}
    title={id}
    aria-label={`Payout ending in ${id.slice(-8)}`}
    className={`whitespace-nowrap font-mono text-[0.8125rem] ${isRow ? "row-link" : link}`}
  >
    {shortId(id)}
  </Link>
);
