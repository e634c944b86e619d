import { Command } from "cmdk";
import { type LucideIcon, Search } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { useEffect, useEffectEvent, useState } from "react";
import { inWords } from "@/api/errors";
import { overlay } from "./dialog";
import { useReturnFocus } from "./use-return-focus";

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

/** What the server found for a text, exactly; a sentence if it did not search everything. */
export interface LookUp {
  found: PaletteCommand[];
  hint?: string | undefined;
}

interface PaletteProps {
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
  commands: readonly PaletteCommand[];
  /** Offered while nothing is typed. */
  recent?: readonly PaletteCommand[];
  placeholder?: string;
  /** Asks the server for what a text names. Nothing else but its answer is offered for it: never a guess. */
  lookUp?: (text: string, signal: AbortSignal) => Promise<LookUp>;
  /** What to offer for words that name no command: a search for them. */
  find?: (text: string) => PaletteCommand;
}

const TYPING_MS = 150;

/** What the server said of the text that is typed, or that it has not answered yet. */
type Answer = { text: string; state: "pending" } | { text: string; state: "done"; answer: LookUp } | Failed;
type Failed = { text: string; state: "failed"; error: unknown };

function useLookUp(text: string, lookUp: PaletteProps["lookUp"]): Answer | null {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const ask = useEffectEvent(async (signal: AbortSignal) => {
    if (!lookUp) return;
    try {
      const found = await lookUp(text, signal);
      if (!signal.aborted) setAnswer({ text, state: "done", answer: found });
    } catch (error) {
      if (!signal.aborted) setAnswer({ text, state: "failed", error });
    }
  });
  useEffect(() => {
    if (text === "") return;
    const gone = new AbortController();
    const timer = setTimeout(() => void ask(gone.signal), TYPING_MS);
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [text]);
  if (text === "" || !lookUp) return null;
  return answer?.text === text ? answer : { text, state: "pending" };
}

/** A command is found by words in it, as they are typed: "led" finds "Ledger", "lgr" does not. */
function matches({ name, keywords = [] }: PaletteCommand, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/);
  const within = [name, ...keywords].join(" ").toLowerCase();
  return words.every((word) => within.includes(word));
}

/** Everything that can be done, found by typing; and whatever the server finds under exactly what is typed. */
export default function CommandPalette(props: PaletteProps) {
  const { isOpen, onOpenChange, commands, recent = [], placeholder, lookUp, find } = props;
  const giveBack = useReturnFocus(isOpen);
  const [typed, setTyped] = useState("");
  const [isEnterWaiting, setEnterWaiting] = useState(false);
  const text = typed.trim();
  const answer = useLookUp(text, lookUp);
  const matching =
    text === ""
      ? [...commands.slice(0, 1), ...recent, ...commands.slice(1)]
      : commands.filter((command) => matches(command, text));
  const found = answer?.state === "done" ? answer.answer.found : [];
  const search = text === "" || !find ? null : find(text);
  const isPending = answer?.state === "pending";

  const run = (command: PaletteCommand) => {
    onOpenChange(false);
    command.run();
  };
  // Enter was pressed before the answer was there: it is for what the server found, not for what stood there.
  const runFound = useEffectEvent(() => {
    setEnterWaiting(false);
    if (found[0]) run(found[0]);
  });
  useEffect(() => {
    if (isEnterWaiting && !isPending) runFound();
  }, [isEnterWaiting, isPending]);

  const type = (next: string) => {
    setEnterWaiting(false);
    setTyped(next);
  };
  const groups = groupsOf([...matching, ...found]);
  return (
    <Radix.Root open={isOpen} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={overlay} />
        <Radix.Content
          aria-describedby={undefined}
          onCloseAutoFocus={giveBack}
          className="-translate-x-1/2 fixed top-[12vh] left-1/2 z-50 w-[min(36rem,calc(100vw-1.5rem))] animate-rise overflow-hidden rounded-2xl bg-raised shadow-float outline-none"
        >
          <Radix.Title className="sr-only">Search and commands</Radix.Title>
          <Command
            label="Commands"
            loop
            shouldFilter={false}
            onKeyDownCapture={(event) => {
              if (event.key !== "Enter" || !isPending || matching.length > 0) return;
              event.preventDefault();
              event.stopPropagation();
              setEnterWaiting(true);
            }}
          >
            <div className="flex items-center gap-3 border-line border-b px-4">
              <Search className="size-4 shrink-0 text-faint" aria-hidden />
              <Command.Input
                autoFocus
                value={typed}
                onValueChange={type}
                placeholder={placeholder ?? "Type a command or search…"}
                className="h-12 w-full bg-transparent text-base outline-none placeholder:text-faint"
              />
              <kbd className="rounded-md border border-line px-1.5 py-0.5 text-faint text-xs max-sm:hidden">Esc</kbd>
            </div>
            <Command.List className="max-h-[min(24rem,60vh)] overflow-y-auto p-2" label="Commands">
              {groups.map(([group, entries]) => (
                <Command.Group
                  key={group}
                  heading={group}
                  className="[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-faint [&_[cmdk-group-heading]]:text-xs"
                >
                  {entries.map((command) => (
                    <Item key={command.id} command={command} onRun={run} />
                  ))}
                </Command.Group>
              ))}
              {search && !isPending && <Item command={search} onRun={run} />}
              <Outcome answer={answer} isEmpty={matching.length + found.length === 0} />
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** What came of the search, in words. */
function Outcome({ answer, isEmpty }: { answer: Answer | null; isEmpty: boolean }) {
  const text = () => {
    if (answer?.state === "pending") return "Searching…";
    if (answer?.state === "failed") return inWords(answer.error);
    const hint = answer?.state === "done" ? answer.answer.hint : undefined;
    return [isEmpty && "No exact match.", hint].filter(Boolean).join(" ");
  };
  return (
    <p role="status" className="px-3 py-2 text-[0.8125rem] text-soft empty:hidden">
      {text()}
    </p>
  );
}

function groupsOf(commands: readonly PaletteCommand[]): [string, PaletteCommand[]][] {
  const groups = new Map<string, PaletteCommand[]>();
  for (const command of commands) groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  return [...groups];
}

function Item({ command, onRun }: { command: PaletteCommand; onRun: (command: PaletteCommand) => void }) {
  return (
    <Command.Item
      value={command.id}
      onSelect={() => onRun(command)}
      className="flex min-h-10 cursor-default flex-wrap items-center gap-x-3 rounded-lg px-3 py-1.5 aria-selected:bg-sunken sm:flex-nowrap"
    >
      {command.icon && <command.icon className="size-4 shrink-0 text-faint" aria-hidden />}
      <span className="min-w-0 flex-1 break-words">{command.name}</span>
      {command.note && <span className="shrink-0 text-faint text-xs max-sm:w-full max-sm:pl-7">{command.note}</span>}
    </Command.Item>
  );
}
