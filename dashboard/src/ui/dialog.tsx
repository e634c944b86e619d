import { X } from "lucide-react";
import { Dialog as Radix, AlertDialog as RadixAlert } from "radix-ui";
import type { ReactNode } from "react";
import { Button, IconButton } from "./button";
import { cn } from "./cn";
import { useReturnFocus } from "./use-return-focus";

export const overlay = "fixed inset-0 z-40 animate-fade bg-[oklch(0.15_0.02_270/0.45)] backdrop-blur-[1px]";
export const sheet =
  "fixed z-50 flex animate-rise flex-col bg-raised shadow-float outline-none max-sm:inset-x-0 max-sm:bottom-0 max-sm:max-h-[92dvh] max-sm:rounded-t-2xl max-sm:pb-[env(safe-area-inset-bottom)] sm:-translate-x-1/2 sm:-translate-y-1/2 sm:top-1/2 sm:left-1/2 sm:max-h-[88dvh] sm:w-[min(30rem,calc(100vw-3rem))] sm:rounded-2xl";

interface DialogProps {
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  /** Something is in progress that must not be lost sight of: neither Escape nor a click beside it closes. */
  isHeld?: boolean;
  className?: string;
}

/** On a phone it rises from the bottom edge; elsewhere it stands in the middle. */
export function Dialog({ isOpen, onOpenChange, title, description, children, isHeld, className }: DialogProps) {
  const giveBack = useReturnFocus(isOpen);
  const hold = (event: Event) => isHeld && event.preventDefault();
  return (
    <Radix.Root open={isOpen} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={overlay} />
        <Radix.Content
          className={cn(sheet, className)}
          onEscapeKeyDown={hold}
          onInteractOutside={hold}
          onCloseAutoFocus={giveBack}
          {...(description ? {} : { "aria-describedby": undefined })}
        >
          <header className="flex items-start justify-between gap-4 px-6 pt-5 pb-4">
            <div className="min-w-0">
              <Radix.Title className="font-semibold text-lg">{title}</Radix.Title>
              {description && <Radix.Description className="mt-1 text-soft">{description}</Radix.Description>}
            </div>
            {!isHeld && (
              <Radix.Close asChild>
                <IconButton label="Close" className="-mt-1 -mr-2">
                  <X aria-hidden />
                </IconButton>
              </Radix.Close>
            )}
          </header>
          <div className="min-h-0 overflow-y-auto px-6 pb-6">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface AlertDialogProps {
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
  title: string;
  description: ReactNode;
  confirm: string;
  cancel?: string;
  isDanger?: boolean;
  isBusy?: boolean;
  onConfirm: () => void;
  children?: ReactNode;
}

/** Asks before something that cannot be undone. It stays open until the caller closes it, so that it can show progress. */
export function AlertDialog(props: AlertDialogProps) {
  const { isOpen, onOpenChange, title, description, confirm, cancel = "Cancel", isDanger, isBusy } = props;
  const giveBack = useReturnFocus(isOpen);
  return (
    <RadixAlert.Root open={isOpen} onOpenChange={onOpenChange}>
      <RadixAlert.Portal>
        <RadixAlert.Overlay className={overlay} />
        <RadixAlert.Content className={cn(sheet, "px-6 pt-5 pb-6")} onCloseAutoFocus={giveBack}>
          <RadixAlert.Title className="font-semibold text-lg">{title}</RadixAlert.Title>
          <RadixAlert.Description className="mt-1.5 text-soft">{description}</RadixAlert.Description>
          {props.children && <div className="mt-4 min-h-0 overflow-y-auto">{props.children}</div>}
          <footer className="mt-6 flex flex-col-reverse gap-2 sm:flex-row sm:justify-end">
            <RadixAlert.Cancel asChild>
              <Button disabled={isBusy}>{cancel}</Button>
            </RadixAlert.Cancel>
            <Button variant={isDanger ? "danger" : "primary"} isBusy={isBusy ?? false} onClick={props.onConfirm}>
              {confirm}
            </Button>
          </footer>
        </RadixAlert.Content>
      </RadixAlert.Portal>
    </RadixAlert.Root>
  );
}
