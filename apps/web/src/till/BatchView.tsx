import { useEffect, useRef, useState } from "react";
import { useText } from "../language/index.ts";
import { Action } from "./Action.tsx";
import { shown } from "./money.ts";
import { manage, read, type Batch, type Managed, type Totals } from "./terminal.ts";

function TotalsTable({ totals }: { readonly totals: Totals }) {
  const text = useText();
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{text("batch.side")}</th>
          <th scope="col">{text("batch.count")}</th>
          <th scope="col">{text("batch.amount")}</th>
        </tr>
      </thead>
      <tbody>
        {(["debit", "credit"] as const).map((side) => (
          <tr key={side}>
            <th scope="row">{text(`batch.${side}`)}</th>
            <td>{totals[side].count}</td>
            <td>{shown(totals[side].amount)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** How a close ended: in one word, and what the cashier should know of it. */
function Closing({ closed }: { readonly closed: Managed | undefined }) {
  const text = useText();
  if (!closed) return <p className="outcome">{text("managed.failed")}</p>;
  const { outcome, ended, balanced, uploaded = 0, responseCode, batch } = closed;
  if (ended !== true) {
    return (
      <>
        <p className="outcome" data-outcome={outcome}>
          {`${text("batch.open")} · ${text(`managed.${outcome}`)} ${responseCode}`}
        </p>
        <p className="quiet">{text("batch.again")}</p>
      </>
    );
  }
  return (
    <>
      <p className="outcome" data-outcome="approved">
        {`${text("batch.closed")} ${batch}`}
      </p>
      <p className="quiet" data-balanced={balanced}>
        {balanced
          ? text("batch.balanced")
          : `${text("batch.differed")} ${uploaded} ${text("batch.uploaded")}`}
      </p>
    </>
  );
}

type Props = {
  readonly tid: string;
  readonly offline: string | undefined;
  readonly onSettled: () => void;
  readonly onBack: () => void;
};

/** The open batch and its close. */
export function BatchView({ tid, offline, onSettled, onBack }: Props) {
  const text = useText();
  const button = useRef<HTMLButtonElement>(null);
  const [batch, setBatch] = useState<Batch>();
  const [closed, setClosed] = useState<{ readonly managed: Managed | undefined }>();
  const [running, setRunning] = useState(false);
  useEffect(() => {
    read<Batch>(`/terminals/${tid}/batch`).then(setBatch, () => setBatch(undefined));
    button.current?.focus();
  }, [tid, closed]);
  const settle = async (): Promise<void> => {
    setRunning(true);
    const managed = await manage(tid, "settle");
    setRunning(false);
    setClosed({ managed });
    onSettled();
  };
  return (
    <section className="panel batch" aria-labelledby="batch-title">
      <div className="title">
        <h2 id="batch-title">{text("batch.title")}</h2>
        <button type="button" onClick={onBack}>
          {text("action.back")}
        </button>
      </div>
      <div role="status" className="closing">
        {running && <p className="quiet">{text("batch.running")}</p>}
        {closed && !running && <Closing closed={closed.managed} />}
      </div>
      {closed?.managed?.totals && <TotalsTable totals={closed.managed.totals} />}
      {batch && (
        <>
          <h3>
            {text("batch.current")} {batch.batch}
          </h3>
          <TotalsTable totals={batch.totals} />
          {batch.waiting.length > 0 && (
            <p className="quiet">{`${batch.waiting.length} ${text("batch.waiting")}`}</p>
          )}
        </>
      )}
      <Action
        ref={button}
        primary
        reason={running ? text("reason.running") : offline}
        onPress={() => void settle()}
      >
        {text("batch.settle")}
      </Action>
    </section>
  );
}
