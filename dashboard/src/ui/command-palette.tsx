import { Command } from "cmdk";
import { type LucideIcon, Search } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { useState } from "react";
import { overlay } from "./dialog";

export interface PaletteCommand {
  id: string;
  group: string;
  name: string;
  /** Shown at the end: a detail or a shortcut. */
  note?: string;
  /** Other words it is found by. */
  keywords?: string[];
  icon?: LucideIcon;
  run: () => void;
}

interface PaletteProps {
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
  commands: readonly PaletteCommand[];
  placeholder?: string;
  /** What to offer for words that name no command: a search for them. */
  find?: (text: string) => PaletteCommand;
}

/** Everything that can be done, found by typing. */
export default function CommandPalette({ isOpen, onOpenChange, commands, placeholder, find }: PaletteProps) {
  const groups = [...new Set(commands.map((command) => command.group))];
  const [typed, setTyped] = useState("");
  const found = typed.trim() === "" ? null : (find?.(typed.trim()) ?? null);
  const run = (command: PaletteCommand) => {
    onOpenChange(false);
    command.run();
  };
  return (
    <Radix.Root open={isOpen} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={overlay} />
        <Radix.Content
          aria-describedby={undefined}
          className="-translate-x-1/2 fixed top-[12vh] left-1/2 z-50 w-[min(36rem,calc(100vw-1.5rem))] animate-rise overflow-hidden rounded-2xl bg-raised shadow-float outline-none"
        >
          <Radix.Title className="sr-only">Go to or do</Radix.Title>
          <Command label="Commands" loop>
            <div className="flex items-center gap-3 border-line border-b px-4">
              <Search className="size-4 shrink-0 text-faint" aria-hidden />
              <Command.Input
                value={typed}
                onValueChange={setTyped}
                placeholder={placeholder ?? "Type a command or search…"}
                className="h-12 w-full bg-transparent text-base outline-none placeholder:text-faint"
              />
              <kbd className="rounded-md border border-line px-1.5 py-0.5 text-faint text-xs max-sm:hidden">Esc</kbd>
            </div>
            <Command.List className="max-h-[min(24rem,60vh)] overflow-y-auto p-2" label="Commands">
              <Command.Empty className="px-3 py-8 text-center text-soft">Nothing by that name.</Command.Empty>
              {groups.map((group) => (
                <Command.Group
                  key={group}
                  heading={group}
                  className="[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-faint [&_[cmdk-group-heading]]:text-xs"
                >
                  {commands
                    .filter((command) => command.group === group)
                    .map((command) => (
                      <Item key={command.id} command={command} onRun={run} />
                    ))}
                </Command.Group>
              ))}
              {found && <Item command={found} onRun={run} isAlways />}
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface ItemProps {
  command: PaletteCommand;
  onRun: (command: PaletteCommand) => void;
  /** Shown whatever is typed. */
  isAlways?: boolean;
}

function Item({ command, onRun, isAlways = false }: ItemProps) {
  return (
    <Command.Item
      value={`${command.name} ${command.id}`}
      keywords={command.keywords ?? []}
      forceMount={isAlways}
      onSelect={() => onRun(command)}
      className="flex min-h-10 cursor-default items-center gap-3 rounded-lg px-3 aria-selected:bg-sunken"
    >
      {command.icon && <command.icon className="size-4 text-faint" aria-hidden />}
      <span className="truncate">{command.name}</span>
      {command.note && <span className="ml-auto shrink-0 text-faint text-xs">{command.note}</span>}
    </Command.Item>
  );
}
