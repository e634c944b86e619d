import { TriangleAlert } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/states";

interface SecretProps {
  secret: string;
  what: "key" | "password";
  title: string;
  hint: string;
  onSeen: () => void;
  /** What happens when it is lost. */
  children: ReactNode;
}

/** Shows a secret the only time that it can be shown: the server keeps a hash. It does not go away by accident. */
export function SecretOnce({ secret, what, title, hint, onSeen, children }: SecretProps) {
  const [isKept, setKept] = useState(false);
  const id = useId();
  return (
    <Dialog isOpen isHeld onOpenChange={() => {}} title={title} description={hint}>
      <div className="flex items-center gap-2 rounded-lg border border-edge bg-sunken px-3 py-2.5">
        <code className="min-w-0 flex-1 select-all break-all font-mono text-[0.8125rem]" data-testid="secret">
          {secret}
        </code>
        <CopyButton value={secret} what={`the ${what}`} />
      </div>
      <Notice tone="warn" icon={TriangleAlert} className="mt-4">
        {children}
      </Notice>
      <label htmlFor={id} className="mt-5 flex items-center gap-2.5">
        <input
          id={id}
          type="checkbox"
          className="size-4 accent-accent"
          checked={isKept}
          onChange={(event) => setKept(event.target.checked)}
        />
        I have stored the {what} in a safe place
      </label>
      <div className="mt-5 flex justify-end">
        <Button variant="primary" disabled={!isKept} onClick={onSeen}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}

/** An API key, which the operator hands to the merchant. */
export const KeyOnce = ({ apiKey, title, onSeen }: { apiKey: string; title: string; onSeen: () => void }) => (
  <SecretOnce
    secret={apiKey}
    what="key"
    title={title}
    hint="This is the API key. Give it to the merchant."
    onSeen={onSeen}
  >
    It is shown only now. It cannot be shown again. If it is lost, issue a new key.
  </SecretOnce>
);
