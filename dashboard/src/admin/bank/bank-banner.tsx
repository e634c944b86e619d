import { useQuery } from "@tanstack/react-query";
import { Landmark } from "lucide-react";
import { useState } from "react";
import { ConfirmBank } from "../lazy-components";
import { overviewQuery } from "../queries";
import type { Shown } from "./change";

/** Across the top of every page while workers meet another bank and send nothing. It goes when they go on. */
export function BankBanner() {
  const { data } = useQuery(overviewQuery);
  const [opened, setOpened] = useState<Shown | null>(null);
  const banks = data?.banks ?? [];
  const changed = banks.flatMap(({ rail, identity, met }) =>
    identity && met ? [{ rail, earlier: identity, met }] : [],
  );
  return (
    <>
      <div role="alert">
        {changed.map((shown) => (
          <p
            key={shown.rail}
            className="flex flex-wrap items-center justify-center gap-x-3 gap-y-1 bg-bad-soft px-4 py-2.5 text-center text-bad"
          >
            <Landmark className="size-4 shrink-0 max-sm:hidden" aria-hidden />
            <span>
              <strong className="font-semibold">
                Payouts {banks.length > 1 && `of the rail ${shown.rail} `}are not sent.
              </strong>{" "}
              A different bank is answering at the bank’s address.
            </span>
            <button
              type="button"
              className="rounded font-semibold underline underline-offset-2"
              // What is confirmed is what was shown when this was opened.
              onClick={() => setOpened(shown)}
            >
              What to do
            </button>
          </p>
        ))}
      </div>
      {opened && <ConfirmBank {...opened} onClose={() => setOpened(null)} />}
    </>
  );
}
