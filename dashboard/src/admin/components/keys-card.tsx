import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { inWords } from "@/api/errors";
import { Badge } from "@/ui/badge";
import { Card } from "@/ui/card";
import { AlertDialog } from "@/ui/dialog";
import { EmptyState, Notice } from "@/ui/states";
import { type Column, Table } from "@/ui/table";
import { Ago } from "@/ui/time";
import { useIssueKey, useRevokeKey, useRotateKey } from "../actions";
import type { ApiKey, IssuedKey, MerchantDetail } from "../queries";
import { ActButton } from "./act-button";
import { KeyOnce } from "./secret-once";

type Asked = { what: "issue" } | { what: "rotate" | "revoke"; key: ApiKey };

/** A merchant's keys, and what can be done to them: each asks first, and a new key is shown once. */
export function KeysCard({ merchant }: { merchant: MerchantDetail }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [fresh, setFresh] = useState<IssuedKey | null>(null);
  const columns: Column<ApiKey>[] = [
    { name: "Key", phone: "title", cell: (key) => <code className="font-mono text-[0.8125rem]">{key.prefix}…</code> },
    { name: "Created", cell: (key) => <Ago at={key.created_at} /> },
    { name: "State", cell: (key) => <State apiKey={key} /> },
    {
      name: "Actions",
      align: "end",
      cell: (key) =>
        !key.revoked_at && (
          <span className="inline-flex gap-2">
            <ActButton size="small" onClick={() => setAsked({ what: "rotate", key })}>
              Rotate<span className="sr-only"> {key.prefix}</span>
            </ActButton>
            <ActButton size="small" onClick={() => setAsked({ what: "revoke", key })}>
              Revoke<span className="sr-only"> {key.prefix}</span>
            </ActButton>
          </span>
        ),
    },
  ];
  return (
    <Card
      title="API keys"
      actions={
        <ActButton size="small" onClick={() => setAsked({ what: "issue" })}>
          <Plus aria-hidden />
          Issue a key
        </ActButton>
      }
    >
      {merchant.keys.length > 0 ? (
        <Table caption="API keys" columns={columns} rows={merchant.keys} rowKey={(key) => key.id} />
      ) : (
        <EmptyState icon={KeyRound} title="No keys">
          The merchant cannot sign in or use the API until a key is issued.
        </EmptyState>
      )}
      {asked && (
        <AskFirst merchant={merchant} asked={asked} onClose={() => setAsked(null)} onIssued={(key) => setFresh(key)} />
      )}
      {fresh && (
        <KeyOnce apiKey={fresh.api_key} title={`A new key for ${merchant.name}`} onSeen={() => setFresh(null)} />
      )}
    </Card>
  );
}

const State = ({ apiKey }: { apiKey: ApiKey }) =>
  apiKey.revoked_at ? (
    <span className="text-faint">
      Revoked <Ago at={apiKey.revoked_at} />
    </span>
  ) : (
    <Badge tone="good">Active</Badge>
  );

interface AskProps {
  merchant: MerchantDetail;
  asked: Asked;
  onClose: () => void;
  onIssued: (key: IssuedKey) => void;
}

function AskFirst({ merchant, asked, onClose, onIssued }: AskProps) {
  const issue = useIssueKey(merchant.id);
  const rotate = useRotateKey(merchant.id);
  const revoke = useRevokeKey(merchant.id);
  const shown = (key: IssuedKey) => {
    onClose();
    onIssued(key);
  };
  const prefix = asked.what === "issue" ? "" : `${asked.key.prefix}…`;
  const questions = {
    issue: {
      title: `Issue a key for ${merchant.name}?`,
      description: "Existing keys keep working. The new one is shown once.",
      confirm: "Issue a key",
      run: () => issue.mutate(undefined, { onSuccess: shown }),
    },
    rotate: {
      title: `Rotate ${prefix}?`,
      description:
        "A new key replaces it. The old one stops working immediately and permanently, and its sessions end.",
      confirm: "Rotate the key",
      run: () => asked.what !== "issue" && rotate.mutate(asked.key.id, { onSuccess: shown }),
    },
    revoke: {
      title: `Revoke ${prefix}?`,
      description:
        "It stops working immediately and permanently, and its sessions end. Without another key the merchant cannot sign in or use the API.",
      confirm: "Revoke the key",
      run: () => asked.what !== "issue" && revoke.mutate(asked.key.id, { onSuccess: onClose }),
    },
  };
  const { title, description, confirm, run } = questions[asked.what];
  const error = issue.error ?? rotate.error ?? revoke.error;
  return (
    <AlertDialog
      isOpen
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={title}
      description={description}
      confirm={confirm}
      isDanger={asked.what !== "issue"}
      isBusy={issue.isPending || rotate.isPending || revoke.isPending}
      onConfirm={run}
    >
      {error && (
        <Notice tone="bad" role="alert">
          {inWords(error)}
        </Notice>
      )}
    </AlertDialog>
  );
}
