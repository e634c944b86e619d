import { Link } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { Button } from "@/ui/button";
import { EmptyState } from "@/ui/states";
import { useTitle } from "@/ui/use-title";

/** There is no page at this address. */
export function NotFound() {
  useTitle("Not found");
  return (
    <>
      <h1 className="sr-only">Not found</h1>
      <EmptyState
        icon={Compass}
        title="Page not found"
        action={
          <Button asChild>
            <Link to="/">Go to the overview</Link>
          </Button>
        }
      >
        Check the address.
      </EmptyState>
    </>
  );
}
