import { useNavigate } from "@tanstack/react-router";
import { LogOut, Search } from "lucide-react";
import { formatDay } from "@/lib/time";
import type { NavItem } from "@/ui/app-shell";
import CommandPalette, { type LookUp, type PaletteCommand } from "@/ui/command-palette";
import { setTheme } from "@/ui/theme";
import { themes } from "@/ui/theme-switch";

export interface AppPaletteProps {
  nav: readonly NavItem[];
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
}

interface OwnProps extends AppPaletteProps {
  /** What the application offers besides its pages and settings. */
  actions?: readonly PaletteCommand[];
  recent?: readonly PaletteCommand[];
  lookUp: (text: string, signal: AbortSignal) => Promise<LookUp>;
  placeholder: string;
  signOut: { name: string; run: () => void };
}

/** Pages, settings and commands by their words; payouts by exactly what names them. */
export function AppPalette({ nav, actions = [], signOut, ...rest }: OwnProps) {
  const navigate = useNavigate();
  const commands: PaletteCommand[] = [
    ...actions,
    ...nav.map(({ to, name, icon }) => ({ id: to, group: "Go to", name, icon, run: () => void navigate({ to }) })),
    ...themes.map(({ value, name, icon }) => ({
      id: `theme-${value}`,
      group: "Settings",
      name: `Theme: ${name.toLowerCase()}`,
      icon,
      run: () => setTheme(value),
    })),
    { id: "sign-out", group: "Settings", icon: LogOut, ...signOut },
  ];
  const find = (text: string): PaletteCommand => ({
    id: "find",
    group: "Payouts",
    name: `Show all payouts that mention “${text}”`,
    icon: Search,
    run: () => void navigate({ to: "/payouts", search: { search: text } as never }),
  });
  return <CommandPalette commands={commands} find={find} {...rest} />;
}

/** What a search that looked at the newest payouts only says of itself. */
export const notSearchedBefore = (searchedBackTo: string | null): string | undefined =>
  searchedBackTo
    ? `Payouts before ${formatDay(new Date(searchedBackTo))} haven’t been searched for this; IDs, references and UTRs have.`
    : undefined;
