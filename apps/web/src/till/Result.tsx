import { useBoth, useText } from "../language/index.ts";
import { shown } from "./money.ts";
import type { Screen } from "./screen.ts";

type Props = {
  readonly screen: Screen;
  /** Charges what the bank did not approve, in another way. */
  readonly onRest: (minor: string) => void;
};

/** How a transaction ended, what the cashier should do, and its receipt. */
export function Result({ screen, onRest }: Props) {
  const text = useText();
  const both = useBoth();
  const { result, receipt, phase, currency = "" } = screen;
  if (!result) return undefined;
  const { rest, balance } = result;
  const rows = [
    [text("result.code"), result.responseCode],
    [text("result.card"), result.maskedPan],
    [text("result.rrn"), result.rrn],
    [text("result.authorization"), result.authorizationCode],
    [text("result.stan"), `${result.batch} / ${result.stan}`],
  ].filter((row): row is [string, string] => Boolean(row[1]));
  return (
    <>
      <p className="outcome" data-outcome={result.outcome} role="status">
        {both(result.responseText)}
      </p>
      <p className="advice">{both(result.advice)}</p>
      {balance !== undefined && (
        <p className="sum" data-balance={balance}>
          <span>{text("result.balance")}</span>
          <strong>
            {currency} {shown(balance)}
          </strong>
        </p>
      )}
      {rest !== undefined && (
        <div className="rest" data-rest={rest}>
          <p className="sum">
            <span>{text("result.rest")}</span>
            <strong>
              {currency} {shown(rest)}
            </strong>
          </p>
          {phase === "result" && (
            <button type="button" onClick={() => onRest(rest)}>
              {text("result.collect")}
            </button>
          )}
        </div>
      )}
      <dl>
        {rows.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {receipt && (
        <img
          className="receipt"
          alt={text("receipt.title")}
          src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(both(receipt.svg))}`}
        />
      )}
    </>
  );
}
