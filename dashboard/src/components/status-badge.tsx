import type { Payout } from "@/api/types";
import { Badge } from "@/ui/badge";
import { Tooltip } from "@/ui/tooltip";
import { isInProgress, lookOf } from "./payout-words";

/** Where a payout stands, with what that means. */
export function StatusBadge({ payout }: { payout: Pick<Payout, "status" | "in_doubt"> }) {
  const { name, tone, meaning } = lookOf(payout);
  return (
    <Tooltip text={meaning}>
      <span>
        <Badge tone={tone} isLive={isInProgress(payout)}>
          {name}
        </Badge>
      </span>
    </Tooltip>
  );
}
