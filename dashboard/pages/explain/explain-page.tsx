// Where a call would go now, and why: answered without calling anyone. The question is in the URL, and asked on load.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { ApiError } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { Card } from "../../components/card.tsx";
import { useUrlFilters } from "../../components/filters.tsx";
import { EmptyState, ErrorState, messageOf, Notice, Skeleton } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { DecisionCard } from "./decision-card.tsx";
import { ExplainForm } from "./explain-form.tsx";
import { type ExplainQuestion, explainQuery, questionOf } from "./explain-question.ts";
import { ExplanationView } from "./explanation-view.tsx";

export function ExplainPage() {
  const { search, set } = useUrlFilters();
  const question = questionOf(search);
  // A link to another question fills the form anew; what was asked with the form itself leaves it, and the focus, alone.
  const inUrl = JSON.stringify(question);
  const inForm = useRef(inUrl);
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (inForm.current === inUrl) return;
    inForm.current = inUrl;
    setRound((before) => before + 1);
  }, [inUrl]);
  return (
    <Page title="Explain" description="Where a call of a model would go now, and why. Nobody is called, and nothing is counted.">
      <Card>
        <ExplainForm
          key={round}
          initial={question}
          onAsk={(asked) => {
            inForm.current = JSON.stringify(asked);
            if (inForm.current === inUrl) void queryClient.invalidateQueries({ queryKey: explainQuery(asked).queryKey });
            else set({ ...asked });
          }}
        />
      </Card>
      {question === null ? (
        <EmptyState title="Nothing is asked yet">
          Choose a model: what would happen to a call of it, and what the decision is made from, appears here.
        </EmptyState>
      ) : (
        <Answer question={question} />
      )}
    </Page>
  );
}

function Answer({ question }: { question: ExplainQuestion }) {
  const query = useQuery(explainQuery(question));
  const isRefused = query.error instanceof ApiError && query.error.status === 422;
  return (
    <div className="flex flex-col gap-5">
      {/* Only the decision is announced: the rest would be read aloud whenever a figure changes. */}
      <div aria-live="polite">{query.data && <DecisionCard explanation={query.data} />}</div>
      {query.isPending && <Skeleton lines={6} />}
      {isRefused && (
        <Notice tone="bad" title="This cannot be explained">
          {messageOf(query.error)}
        </Notice>
      )}
      {query.isError && !isRefused && query.data === undefined && (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.data && <ExplanationView explanation={query.data} />}
    </div>
  );
}
