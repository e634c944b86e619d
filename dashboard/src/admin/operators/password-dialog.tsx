import { Dialog } from "@/ui/dialog";
import { toast } from "@/ui/toast";
import { PasswordForm } from "./password-form";

export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const changed = () => {
    toast("Password changed", { tone: "good", description: "Your other sessions have ended." });
    onClose();
  };
  return (
    <Dialog
      isOpen
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title="Change your password"
      description="All your other sessions end."
    >
      <PasswordForm currentName="Current password" onChanged={changed} onCancel={onClose} />
    </Dialog>
  );
}
