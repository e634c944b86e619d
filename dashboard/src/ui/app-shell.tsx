import { Link } from "@tanstack/react-router";
import { type LucideIcon, Search } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "./button";
import { Logo } from "./logo";

export interface NavItem {
  to: string;
  name: string;
  icon: LucideIcon;
  /** A count or mark beside the name. */
  mark?: ReactNode;
  /** Left out of the bar of a phone, which has room for five. */
  isMinor?: boolean;
}

interface ShellProps {
  nav: readonly NavItem[];
  /** Which application this is, after the name: "Admin". */
  suffix?: string;
  /** Who is signed in, with the way out. */
  account: ReactNode;
  /** Small things at the end of the top bar: live, theme. */
  tools?: ReactNode;
  /** Across the top of every page: offline and the like. */
  banner?: ReactNode;
  onSearch?: () => void;
  children: ReactNode;
}

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);
export const paletteShortcut = isMac ? "⌘ K" : "Ctrl K";

/** A sidebar on a desktop; on a phone a bar at the top and one at the bottom. */
export function AppShell({ nav, suffix, account, tools, banner, onSearch, children }: ShellProps) {
  return (
    <div className="min-h-dvh lg:pl-60">
      <a
        href="#main"
        data-print="hide"
        className="fixed top-2 left-2 z-50 -translate-y-16 rounded-control bg-accent px-4 py-2 font-medium text-on-accent focus:translate-y-0"
      >
        Skip to content
      </a>

      <aside
        data-print="hide"
        className="fixed inset-y-0 left-0 z-20 flex w-60 flex-col border-line border-r bg-surface max-lg:hidden"
      >
        <div className="px-5 pt-5 pb-4">
          <Logo suffix={suffix} />
        </div>
        {onSearch && <SearchButton onClick={onSearch} />}
        <nav aria-label="Main" className="flex-1 overflow-y-auto px-3 py-2">
          <ul className="grid gap-0.5">
            {nav.map((item) => (
              <li key={item.to}>
                <NavLink item={item} />
              </li>
            ))}
          </ul>
        </nav>
        <div className="flex items-center justify-between px-3 pb-1">{tools}</div>
        <div className="border-line border-t p-3">{account}</div>
      </aside>

      <header
        data-print="hide"
        className="sticky top-0 z-20 flex h-14 items-center justify-between gap-2 border-line border-b bg-surface/95 px-4 backdrop-blur lg:hidden"
      >
        <Logo suffix={suffix} />
        <div className="flex min-w-0 items-center">
          {tools}
          {onSearch && (
            <IconButton label="Search and commands" onClick={onSearch}>
              <Search aria-hidden />
            </IconButton>
          )}
          <div className="min-w-0 max-w-36">{account}</div>
        </div>
      </header>

      <div data-print="hide">{banner}</div>
      <main
        id="main"
        tabIndex={-1}
        className="mx-auto w-full max-w-6xl px-4 pt-6 pb-28 outline-none sm:px-6 lg:px-10 lg:pt-9 lg:pb-16"
      >
        {children}
      </main>

      <nav
        aria-label="Main, at the bottom"
        className="fixed inset-x-0 bottom-0 z-20 border-line border-t bg-surface/95 pb-[env(safe-area-inset-bottom)] backdrop-blur lg:hidden"
      >
        <ul className="flex">
          {nav
            .filter((item) => !item.isMinor)
            .map((item) => (
              <li key={item.to} className="min-w-0 flex-1">
                <BarLink item={item} />
              </li>
            ))}
        </ul>
      </nav>
    </div>
  );
}

const isExact = (to: string) => ({ exact: to === "/", includeSearch: false });

function NavLink({ item: { to, name, icon: Icon, mark } }: { item: NavItem }) {
  return (
    <Link
      to={to}
      activeOptions={isExact(to)}
      className="flex h-9 items-center gap-3 rounded-control px-3 font-medium text-soft hover:bg-sunken hover:text-ink aria-[current=page]:bg-accent-soft aria-[current=page]:text-accent-text"
    >
      <Icon className="size-4" aria-hidden />
      {name}
      {mark && <span className="ml-auto">{mark}</span>}
    </Link>
  );
}

function BarLink({ item: { to, name, icon: Icon, mark } }: { item: NavItem }) {
  return (
    <Link
      to={to}
      activeOptions={isExact(to)}
      className="flex h-14 flex-col items-center justify-center gap-1 font-medium text-[0.6875rem] text-soft aria-[current=page]:text-accent-text"
    >
      <span className="relative">
        <Icon className="size-5" aria-hidden />
        {mark && <span className="absolute -top-1.5 left-3 leading-none">{mark}</span>}
      </span>
      <span className="max-w-full truncate">{name}</span>
    </Link>
  );
}

function SearchButton({ onClick }: { onClick: () => void }) {
  return (
    <div className="px-3 pb-2">
      <button
        type="button"
        onClick={onClick}
        aria-keyshortcuts="Control+K Meta+K"
        className="flex h-9 w-full items-center gap-2.5 rounded-control border border-line bg-page px-3 text-faint hover:border-edge hover:text-soft"
      >
        <Search className="size-4" aria-hidden />
        Search…
        <kbd className="ml-auto font-sans text-xs">{paletteShortcut}</kbd>
      </button>
    </div>
  );
}

/** A page's heading line: its name, what it is about, and what one can do here. */
export function PageHeader({ title, hint, actions, back }: PageHeaderProps) {
  return (
    <header className="mb-6">
      {back}
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <h1 className="min-w-0 font-semibold text-2xl">{title}</h1>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {hint && <div className="mt-1 text-soft max-sm:mt-2">{hint}</div>}
    </header>
  );
}

interface PageHeaderProps {
  title: ReactNode;
  hint?: ReactNode;
  actions?: ReactNode;
  back?: ReactNode;
}
