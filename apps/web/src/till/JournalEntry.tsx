import { useContext, useEffect, useState } from "react";
import type { TransactionName } from "@tillway/transactions";
import { LanguageContext, useBoth, useText } from "../language/index.ts";
import type { Entry, Following, OfferedType } from "./terminal.ts";

/** The receipt once more: as a picture, or as the text that the printer gets. */
function Receipt({ tid, id }: { readonly tid: string; readonly id: string }) {
  const text = useText();
  const lang = useContext(LanguageContext) === "zh-CN" ? "zh" : "en";
  const [as, setAs] = useState<"svg" | "text">("svg");
  const [lines, setLines] = useState("");
  const address = `/terminals/${tid}/transactions/${id}/receipt?as=${as}&lang=${lang}`;
  useEffect(() => {
    if (as !== "text") return;
    fetch(address).then(
      async (answer) => setLines(answer.ok ? await answer.text() : ""),
      () => setLines(""),
    );
  }, [as, address]);
  return (
    <div className="again">
      <div role="group" aria-label={text("receipt.title")}>
        <button type="button" aria-pressed={as === "svg"} onClick={() => setAs("svg")}>
          {text("receipt.picture")}
        </button>
        <button type="button" aria-pressed={as === "text"} onClick={() => setAs("text")}>
          {text("receipt.text")}
        </button>
      </div>
      {as === "svg" ? (
        <img className="receipt" alt={text("receipt.title")} src={address} />
      ) : (
        <pre className="receipt" tabIndex={0}>
          {lines}
        </pre>
      )}
    </div>
  );
}

type Props = {
  readonly tid: string;
  readonly entry: Entry;
  readonly wanted: readonly TransactionName[];
  readonly types: readonly OfferedType[];
  readonly onFollow: (following: Following) => void;
};

/** One transaction: what may follow it, and its receipt. */
export function JournalEntry({ tid, entry, types, wanted, onFollow }: Props) {
  const text = useText();
  const both = useBoth();
  const nameOf = (name: TransactionName): string => {
    const known = types.find(({ type }) => type === name);
    return known ? both(known.text) : "";
  };
  const offered = entry.following.filter(
    ({ type }) => wanted.length === 0 || wanted.includes(type),
  );
  const rows = [
    [text("result.stan"), `${entry.batch} / ${entry.stan}`],
    [text("result.authorization"), entry.authorizationCode],
    [text("result.code"), entry.responseCode],
    [text("result.original"), entry.originalRrn],
  ].filter((row): row is [string, string] => Boolean(row[1]));
  return (
    <div className="detail">
      <div className="items">
        {offered.map((following) => (
          <button type="button" key={following.type} onClick={() => onFollow(following)}>
            {nameOf(following.type)}
          </button>
        ))}
      </div>
      {offered.length === 0 && <p className="quiet">{text("journal.nothingFollows")}</p>}
      <dl>
        {rows.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Receipt tid={tid} id={entry.id} />
    </div>
  );
}
