import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useFilter } from "@/components/filters";
import { Button } from "@/ui/button";
import { merchantQuery } from "../queries";

/** Which merchant a list is of, if of one: chosen on that merchant's page, taken back here. */
export function MerchantFilter() {
  const [{ merchant }, change] = useFilter();
  return merchant ? <Chosen id={merchant} onClear={() => change({ merchant: undefined })} /> : null;
}

function Chosen({ id, onClear }: { id: string; onClear: () => void }) {
  const { data } = useQuery(merchantQuery(id));
  const name = data?.name ?? "one merchant";
  return (
    <Button onClick={onClear} aria-label={`Of ${name} only: show all merchants`} className="bg-accent-soft">
      Of {name}
      <X aria-hidden />
    </Button>
  );
}
