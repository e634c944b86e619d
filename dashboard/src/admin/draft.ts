import { useState } from "react";
import { useOperator } from "./current-operator";

/**
 * What an operator has typed and not yet sent, kept in this tab through the end of a session and a reload. It belongs to
 * the operator who typed it: nobody else who signs in here sees it.
 */
const nameOf = (operatorId: string, name: string) => `payrail-draft-${operatorId}-${name}`;

function read<Draft extends object>(name: string, initial: Draft): Draft | null {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(name) ?? "null");
    return typeof kept === "object" && kept !== null ? { ...initial, ...kept } : null;
  } catch {
    return null;
  }
}

/** Whether there is a draft of this name, so that its form opens again. */
export const hasDraft = (operatorId: string, name: string): boolean => read(nameOf(operatorId, name), {}) !== null;

export const useHasDraft = (name: string): boolean => {
  const operator = useOperator();
  return useState(() => hasDraft(operator.id, name))[0];
};

interface DraftState<Draft> {
  draft: Draft;
  change: (draft: Draft) => void;
  /** Sent, or thrown away by the operator. */
  discard: () => void;
  /** It was typed before this form opened. */
  isRestored: boolean;
}

export function useDraft<Draft extends object>(name: string, initial: Draft): DraftState<Draft> {
  const place = nameOf(useOperator().id, name);
  const [kept] = useState(() => read(place, initial));
  const [draft, setDraft] = useState(kept ?? initial);
  return {
    draft,
    isRestored: kept !== null,
    change: (changed) => {
      setDraft(changed);
      try {
        sessionStorage.setItem(place, JSON.stringify(changed));
      } catch {
        // Without storage the draft lives as long as the form.
      }
    },
    discard: () => {
      try {
        sessionStorage.removeItem(place);
      } catch {
        // There was no storage to begin with.
      }
    },
  };
}
