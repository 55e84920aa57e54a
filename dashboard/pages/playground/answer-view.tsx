// One answer: its text as it comes, how it ended, and its figures.
import { Link } from "@tanstack/react-router";
import { Check, Copy, LoaderCircle } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { gatewayUrl } from "../../base-path.ts";
import { Button } from "../../components/button.tsx";
import { copyText } from "../../components/copyable.tsx";
import { Notice } from "../../components/notice.tsx";
import { count, duration } from "../../format/figures.ts";
import { useCan } from "../../session/session.ts";
import { curlOf } from "../models/snippets.ts";
import { type Answer, type RunningAnswer, tokensPerSecond } from "./answer.ts";
import { AnswerCost } from "./answer-cost.tsx";

/** `onGrow`: called when there is more of it to see. */
export function AnswerView({ answer, onGrow }: { answer: RunningAnswer; onGrow: () => void }) {
  const shown = useSyncExternalStore(answer.subscribe, answer.get);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is shown is what it grows with
  useEffect(onGrow, [shown]);
  const { state, text, reasoning, error } = shown;
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <p className="text-xs font-medium text-muted">{answer.body.model}</p>
      {reasoning !== "" && (
        <details className="text-sm text-muted">
          <summary>Reasoning</summary>
          <p className="mt-1 whitespace-pre-wrap">{reasoning}</p>
        </details>
      )}
      {text !== "" && <p className="whitespace-pre-wrap">{text}</p>}
      {state === "running" && (
        <p className="flex items-center gap-2 text-sm text-muted">
          <LoaderCircle size={15} className="animate-spin" aria-hidden />
          {text === "" && reasoning === "" ? "Waiting for the first token" : "Answering"}
        </p>
      )}
      {state === "stopped" && (
        <p className="text-sm text-warn">Stopped. What had come until then goes on with the conversation.</p>
      )}
      {state === "failed" && <Notice tone="bad">{error}</Notice>}
      {state === "done" && text === "" && reasoning === "" && <p className="text-sm text-muted">The answer has no text.</p>}
      {state !== "running" && <Figures answer={answer} shown={shown} />}
    </div>
  );
}

function Figures({ answer, shown }: { answer: RunningAnswer; shown: Answer }) {
  const { firstTokenMs, totalMs, usage, requestId } = shown;
  const seesRequests = useCan("requests.read");
  const speed = tokensPerSecond(shown);
  const figures: readonly (readonly [string, string])[] = [
    ["First token", duration(firstTokenMs)],
    ["Speed", speed === null ? "–" : `${speed < 10 ? speed.toFixed(1) : count(Math.round(speed))} tokens/s`],
    ["Tokens in", usage === null ? "–" : count(usage.inputTokens)],
    ["Tokens out", usage === null ? "–" : count(usage.outputTokens)],
    ["Total", duration(totalMs)],
  ];
  const isRecorded = requestId !== null && seesRequests && (shown.state === "done" || shown.state === "stopped");
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 border-t border-line pt-2 text-xs">
      <dl className="flex flex-wrap gap-x-4 gap-y-1">
        {figures.map(([label, value]) => (
          <div key={label} className="flex gap-1.5 whitespace-nowrap">
            <dt className="text-muted">{label}</dt>
            <dd className="tabular-nums">{value}</dd>
          </div>
        ))}
        {isRecorded && (
          <div className="flex gap-1.5 whitespace-nowrap">
            <dt className="text-muted">Cost</dt>
            <dd className="tabular-nums">
              <AnswerCost requestId={requestId} />
            </dd>
          </div>
        )}
      </dl>
      <div className="-ml-2 flex flex-wrap items-center gap-1">
        {requestId !== null && seesRequests && (
          <Link
            to="/requests/$id"
            params={{ id: requestId } as never}
            title={requestId}
            className="rounded px-2 py-1.5 text-accent-strong underline"
          >
            See request
          </Link>
        )}
        <CopyCurl answer={answer} />
      </div>
    </div>
  );
}

function CopyCurl({ answer: { body } }: { answer: RunningAnswer }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(curlOf({ gatewayUrl, key: null }, body));
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <>
      <Button
        look="quiet"
        className="text-xs"
        icon={isCopied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
        onClick={() => void copy()}
      >
        Copy as curl
      </Button>
      <span role="status" className="sr-only">
        {isCopied ? "Copied" : ""}
      </span>
    </>
  );
}
