import { ChevronsUpDown, Keyboard, LogOut } from "lucide-react";
import { useState } from "react";
import { inWords } from "@/api/errors";
import { setShortcuts, useShortcuts } from "@/lib/shortcuts";
import { Menu, MenuCheckItem, MenuItem, MenuLabel, MenuSeparator } from "@/ui/menu";
import { toast } from "@/ui/toast";
import { type Merchant, useSignOut } from "../session";

const initials = (name: string) =>
  name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0]?.toUpperCase() ?? "")
    .join("");

export function AccountMenu({ merchant }: { merchant: Merchant }) {
  const signOut = useSignOut();
  const hasShortcuts = useShortcuts();
  const [isBusy, setBusy] = useState(false);

  const leave = async () => {
    setBusy(true);
    try {
      await signOut();
    } catch (error) {
      toast("You are still signed in", { tone: "bad", description: inWords(error) });
      setBusy(false);
    }
  };

  return (
    <Menu
      trigger={
        <button
          type="button"
          className="flex w-full min-w-0 items-center gap-3 rounded-control p-1.5 text-left hover:bg-sunken data-[state=open]:bg-sunken"
        >
          <span
            className="grid size-8 shrink-0 place-items-center rounded-lg bg-accent-soft font-semibold text-accent-text text-xs"
            aria-hidden
          >
            {initials(merchant.name)}
          </span>
          <span className="min-w-0 flex-1 max-lg:sr-only">
            <span className="block truncate font-medium leading-tight">
              <span className="sr-only">Account: </span>
              {merchant.name}
            </span>
            <span className="block truncate text-faint text-xs">{merchant.email}</span>
          </span>
          <ChevronsUpDown className="size-4 shrink-0 text-faint max-lg:hidden" aria-hidden />
        </button>
      }
    >
      <MenuLabel>
        <span className="block font-medium text-ink text-sm">{merchant.name}</span>
        {merchant.email}
      </MenuLabel>
      <MenuSeparator />
      <MenuCheckItem checked={hasShortcuts} onCheckedChange={setShortcuts}>
        <Keyboard aria-hidden />
        Shortcut N: new payout
      </MenuCheckItem>
      <MenuItem disabled={isBusy} onSelect={() => void leave()}>
        <LogOut aria-hidden />
        Sign out or change key
      </MenuItem>
    </Menu>
  );
}
