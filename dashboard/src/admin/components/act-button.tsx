import { useId } from "react";
import { Button, type ButtonProps } from "@/ui/button";
import { Tooltip } from "@/ui/tooltip";
import { useObjection } from "../current-operator";

/** A button for what only operators may do. To a viewer it stays in sight and in reach, and says why it does nothing. */
export function ActButton({ objection, onClick, ...rest }: ButtonProps & { objection?: string | null }) {
  const id = useId();
  const role = useObjection();
  const reason = role ?? objection ?? null;
  if (!reason) return <Button onClick={onClick} {...rest} />;
  return (
    <>
      <Tooltip text={reason}>
        <Button {...rest} aria-disabled aria-describedby={id} onClick={(event) => event.preventDefault()} />
      </Tooltip>
      <span id={id} className="sr-only">
        {reason}
      </span>
    </>
  );
}
