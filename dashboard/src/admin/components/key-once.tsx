import { TriangleAlert } from "lucide-react";
import { useId, useState } from "react";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/states";

/** Shows a key the only time that it can be shown: the server keeps a hash. It does not go away by accident. */
export function KeyOnce({ apiKey, title, onSeen }: { apiKey: string; title: string; onSeen: () => void }) {
  const [isKept, setKept] = useState(false);
  const id = useId();
  return (
    <Dialog isOpen isHeld onOpenChange={() => {}} title={title} description="This is the key. Hand it to the merchant.">
      <div className="flex items-center gap-2 rounded-lg border border-edge bg-sunken px-3 py-2.5">
        <code className="min-w-0 flex-1 select-all break-all font-mono text-[0.8125rem]" data-testid="api-key">
          {apiKey}
        </code>
        <CopyButton value={apiKey} what="the key" />
      </div>
      <Notice tone="warn" icon={TriangleAlert} className="mt-4">
        It is shown this once. Nobody can look it up later, not even here; a lost key is replaced by a new one.
      </Notice>
      <label htmlFor={id} className="mt-5 flex items-center gap-2.5">
        <input
          id={id}
          type="checkbox"
          className="size-4 accent-accent"
          checked={isKept}
          onChange={(event) => setKept(event.target.checked)}
        />
        I have kept the key in a safe place
      </label>
      <div className="mt-5 flex justify-end">
        <Button variant="primary" disabled={!isKept} onClick={onSeen}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}
