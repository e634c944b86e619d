import { useQuery } from "@tanstack/react-query";
import { UserPlus } from "lucide-react";
import { useState } from "react";
import { inWords } from "@/api/errors";
import { PageHeader } from "@/ui/app-shell";
import { Badge } from "@/ui/badge";
import { Card } from "@/ui/card";
import { ErrorState, SkeletonRows } from "@/ui/states";
import { type Column, Table } from "@/ui/table";
import { Ago, Moment } from "@/ui/time";
import { useTitle } from "@/ui/use-title";
import { ActButton } from "../components/act-button";
import { SecretOnce } from "../components/secret-once";
import { useOperator } from "../current-operator";
import { InviteDialog } from "../operators/invite-dialog";
import { OperatorDialog, type OperatorStep } from "../operators/operator-dialog";
import { type OperatorLine, type OperatorWithPassword, operatorsQuery } from "../queries";

const roles: Record<OperatorLine["role"], string> = { operator: "Operator", viewer: "Viewer" };

function State({ operator }: { operator: OperatorLine }) {
  if (operator.disabled_at) return <Badge tone="bad">Disabled</Badge>;
  if (operator.one_time_password_until) return <Badge tone="warn">One-time password</Badge>;
  return <Badge tone="good">Active</Badge>;
}

/** The people who may sign in here. */
export default function OperatorsPage() {
  useTitle("Operators");
  const { data, error, refetch } = useQuery(operatorsQuery);
  const [isInviting, setInviting] = useState(false);
  const [step, setStep] = useState<OperatorStep | null>(null);
  const [issued, setIssued] = useState<OperatorWithPassword | null>(null);
  return (
    <>
      <PageHeader
        title="Operators"
        hint="Who may sign in here. Viewers look at everything and change nothing."
        actions={
          <ActButton variant="primary" onClick={() => setInviting(true)}>
            <UserPlus aria-hidden />
            Invite
          </ActButton>
        }
      />
      <Card>
        {data && (
          <Table caption="Operators" columns={columns(setStep)} rows={data} rowKey={(operator) => operator.id} />
        )}
        {!data && !error && <SkeletonRows label="Loading: operators" count={3} />}
        {!data && error && (
          <ErrorState title="The operators could not be loaded" onRetry={() => refetch()}>
            {inWords(error)}
          </ErrorState>
        )}
      </Card>
      {isInviting && <InviteDialog onClose={() => setInviting(false)} onInvited={setIssued} />}
      {step && <OperatorDialog step={step} onClose={() => setStep(null)} onReset={setIssued} />}
      {issued && <PasswordOnce issued={issued} onSeen={() => setIssued(null)} />}
    </>
  );
}

const columns = (onStep: (step: OperatorStep) => void): Column<OperatorLine>[] => [
  {
    name: "Name",
    phone: "title",
    cell: ({ name }) => <span className="whitespace-nowrap font-medium">{name}</span>,
  },
  { name: "Role", phone: "sub", cell: ({ role }) => roles[role] },
  { name: "State", phone: "badge", cell: (operator) => <State operator={operator} /> },
  { name: "Created", cell: ({ created_at }) => <Ago at={created_at} /> },
  { name: "Actions", align: "end", cell: (operator) => <Actions operator={operator} onStep={onStep} /> },
];

function Actions({ operator, onStep }: { operator: OperatorLine; onStep: (step: OperatorStep) => void }) {
  const isSelf = useOperator().id === operator.id;
  const whose = <span className="sr-only"> {operator.name}</span>;
  const act = (what: OperatorStep["what"]) => () => onStep({ what, operator });
  return (
    <span className="inline-flex flex-wrap justify-end gap-2">
      <ActButton
        size="small"
        objection={isSelf ? "Change your own password from the menu at your name." : null}
        onClick={act("reset")}
      >
        Reset password{whose}
      </ActButton>
      {operator.disabled_at ? (
        <ActButton size="small" onClick={act("enable")}>
          Enable{whose}
        </ActButton>
      ) : (
        <ActButton
          size="small"
          objection={isSelf ? "You cannot disable yourself. Ask another operator." : null}
          onClick={act("disable")}
        >
          Disable{whose}
        </ActButton>
      )}
    </span>
  );
}

function PasswordOnce({ issued, onSeen }: { issued: OperatorWithPassword; onSeen: () => void }) {
  const { name, one_time_password_until: until } = issued.operator;
  return (
    <SecretOnce
      secret={issued.one_time_password}
      what="password"
      title={`One-time password for ${name}`}
      hint={`Give it to ${name} in person or by phone.`}
      onSeen={onSeen}
    >
      {name} signs in with it once and then chooses a password.
      {until && (
        <>
          {" "}
          It works until <Moment at={until} />.
        </>
      )}{" "}
      It is shown only now; if it is lost, reset the password again.
    </SecretOnce>
  );
}
