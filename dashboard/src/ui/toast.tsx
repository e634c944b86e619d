import { CircleAlert, CircleCheck, Info, X } from "lucide-react";
import { Toast as Radix } from "radix-ui";
import { type ReactNode, useSyncExternalStore } from "react";
import { IconButton } from "./button";

interface Message {
  id: number;
  title: string;
  description?: ReactNode;
  tone: "good" | "bad" | "info";
}

let messages: readonly Message[] = [];
let newest = 0;
const listeners = new Set<() => void>();

function replace(next: readonly Message[]): void {
  messages = next;
  for (const listener of listeners) listener();
}

/** Says something in passing. What must not be missed belongs on the page instead. */
export function toast(title: string, options: { description?: ReactNode; tone?: Message["tone"] } = {}): void {
  newest += 1;
  replace([...messages.slice(-2), { id: newest, title, tone: "info", ...options }]);
}

const dismiss = (id: number) => replace(messages.filter((message) => message.id !== id));

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

const pictures = {
  good: <CircleCheck className="text-good-mark" aria-hidden />,
  bad: <CircleAlert className="text-bad-mark" aria-hidden />,
  info: <Info className="text-info-mark" aria-hidden />,
};

export function Toasts({ children }: { children: ReactNode }) {
  const shown = useSyncExternalStore(subscribe, () => messages);
  return (
    <Radix.Provider swipeDirection="right" duration={6000}>
      {children}
      {shown.map((message) => (
        <Radix.Root
          key={message.id}
          onOpenChange={(isOpen) => !isOpen && dismiss(message.id)}
          className="flex animate-rise items-start gap-3 rounded-xl bg-raised p-3.5 shadow-float [&>svg]:mt-0.5 [&>svg]:size-[1.125rem]"
        >
          {pictures[message.tone]}
          <div className="min-w-0 flex-1">
            <Radix.Title className="font-medium">{message.title}</Radix.Title>
            {message.description && (
              <Radix.Description className="mt-0.5 text-soft">{message.description}</Radix.Description>
            )}
          </div>
          <Radix.Close asChild>
            <IconButton label="Dismiss" className="-m-1.5 size-8">
              <X aria-hidden />
            </IconButton>
          </Radix.Close>
        </Radix.Root>
      ))}
      <Radix.Viewport className="fixed right-0 bottom-0 z-50 flex w-[min(25rem,100vw)] flex-col gap-2 p-4 outline-none max-lg:bottom-16" />
    </Radix.Provider>
  );
}
