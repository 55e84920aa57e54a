// The decision in a sentence.
import { CircleCheck, CircleX, CornerDownRight } from "lucide-react";
import type { ReactNode } from "react";
import type { ExplanationBody } from "../../../src/api/explain.ts";
import { counted, percent } from "../../format/figures.ts";

export function DecisionCard({ explanation: { model, decision } }: { explanation: ExplanationBody }) {
  const { outcome, endpoint, upstream_model: upstream, share, why, error } = decision;
  if (outcome === "error" && error !== null) {
    return (
      <Frame
        icon={<CircleX size={22} className="mt-0.5 flex-none text-bad" aria-hidden />}
        sentence={
          <>
            Nobody is called: the caller gets {error.status} <code className="font-mono">{error.code}</code>.
          </>
        }
      >
        {error.message}
        {error.retry_after !== null && ` Worth another try in ${counted(error.retry_after, "second")}.`}
      </Frame>
    );
  }
  if (outcome === "elsewhere") {
    return (
      <Frame
        icon={<CornerDownRight size={22} className="mt-0.5 flex-none text-info" aria-hidden />}
        sentence="The call itself says where it goes."
      >
        {why}
      </Frame>
    );
  }
  return (
    <Frame
      icon={<CircleCheck size={22} className="mt-0.5 flex-none text-good" aria-hidden />}
      sentence={
        endpoint === null ? (
          <>A call of {model} is passed on.</>
        ) : (
          <>
            A call of {model} goes to {endpoint}
            {upstream !== null && upstream !== model && (
              <>
                {" "}
                as <code className="font-mono">{upstream}</code>
              </>
            )}
            {share !== null && share < 1 && `, most likely: the chance is ${percent(share)}`}.
          </>
        )
      }
    >
      {capitalized(why)}
    </Frame>
  );
}

function Frame({ icon, sentence, children }: { icon: ReactNode; sentence: ReactNode; children: ReactNode }) {
  return (
    <section aria-label="Decision" className="flex gap-3 rounded-lg border border-line bg-surface p-4">
      {icon}
      <div className="min-w-0">
        <h2 className="text-lg font-semibold">{sentence}</h2>
        <p className="mt-1 text-muted">{children}</p>
      </div>
    </section>
  );
}

/** The API's reasons are parts of sentences. */
export function capitalized(text: string): string {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
