import { createContext, type ReactNode, useContext } from "react";
import type { Operator } from "./queries";

const Signed = createContext<Operator | null>(null);

export const SignedIn = ({ operator, children }: { operator: Operator; children: ReactNode }) => (
  <Signed value={operator}>{children}</Signed>
);

/** Who is signed in. Only pages behind the sign-in ask. */
export function useOperator(): Operator {
  const operator = useContext(Signed);
  if (!operator) throw new Error("useOperator needs a page behind the sign-in");
  return operator;
}

export const VIEWER_REASON = "Your role is viewer: you can look at everything and change nothing.";

/** Why this person may change nothing, or null when they may. The server has the last word all the same. */
export const useObjection = (): string | null => (useOperator().role === "viewer" ? VIEWER_REASON : null);
