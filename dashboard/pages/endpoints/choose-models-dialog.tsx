// Changes which models of its provider an endpoint has, and under which names.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import { patch, post } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { ErrorState, Notice, Skeleton } from "../../components/notice.tsx";
import { toast } from "../../components/toasts.tsx";
import { counted } from "../../format/figures.ts";
import { ConflictNotice } from "./conflict-notice.tsx";
import type { Validation } from "./connection-check.tsx";
import { existingNamesQuery, noNames } from "./existing-names.ts";
import { FollowChoice } from "./follow-choice.tsx";
import { ModelChoice } from "./model-choice.tsx";
import { type ModelSelection, nameRemarks } from "./model-selection.ts";
import { pairsPatch } from "./parse-pairs.ts";

export function ChooseModelsDialog({ endpoint, onClose }: { endpoint: EndpointBody; onClose: () => void }) {
  const listing = useQuery({
    queryKey: ["listing", endpoint.id],
    queryFn: () => post<Validation>("/endpoints/validate", { endpoint_id: endpoint.id }),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    retry: false,
  });
  return (
    <Dialog title={`Models of “${endpoint.name}”`} isWide onClose={onClose}>
      {listing.isPending && <Skeleton lines={6} />}
      {listing.isError && <ErrorState error={listing.error} onRetry={() => void listing.refetch()} />}
      {listing.data && <ChooseModels endpoint={endpoint} listing={listing.data} onClose={onClose} />}
    </Dialog>
  );
}

function ChooseModels({ endpoint: now, listing, onClose }: { endpoint: EndpointBody; listing: Validation; onClose: () => void }) {
  // As it was when the choice began: what somebody else changes meanwhile must not be overwritten unseen.
  const [endpoint] = useState(now);
  const [selection, setSelection] = useState(() => selectionOf(endpoint, listing.models));
  const { data: existing = noNames } = useQuery(existingNamesQuery(endpoint.name));
  const pinned = endpoint.models === "all" ? [] : endpoint.models;
  // What was chosen stays to be seen when the provider no longer lists it.
  const listed = [...new Set([...listing.models, ...pinned, ...Object.keys(endpoint.aliases)])];
  const remarks = nameRemarks(selection, listed, existing);
  const wrong = [...remarks.values()].filter(({ kind }) => kind === "wrong").length;
  const saving = useMutation({
    mutationFn: () => patch<EndpointBody>(`/endpoints/${endpoint.id}`, changesOf(endpoint, selection), endpoint.version),
    onSuccess: (changed) => {
      void queryClient.invalidateQueries({ queryKey: ["endpoints"] });
      void queryClient.invalidateQueries({ queryKey: ["models"] });
      const failed = changed.last_sync?.status === "failed" ? " The synchronization after it failed." : "";
      toast(`The models of “${endpoint.name}” were changed.${failed}`);
      onClose();
    },
  });
  const change = (changes: Partial<ModelSelection>) => setSelection((before) => ({ ...before, ...changes }));
  return (
    <div className="flex flex-col gap-4">
      {!listing.ok && (
        <Notice tone="warn" title={listing.message}>
          {listing.hint} Only models that are known already are shown.
        </Notice>
      )}
      <FollowChoice follows={selection.follows} onChange={(follows) => change({ follows })} />
      <ModelChoice listed={listed} selection={selection} change={change} remarks={remarks} />
      {wrong > 0 && (
        <p role="status" className="text-sm text-bad">
          {counted(wrong, "name")} can't be used: change what is marked above.
        </p>
      )}
      {saving.isError && <ConflictNotice error={saving.error} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" isBusy={saving.isPending} disabled={wrong > 0} onClick={() => saving.mutate()}>
          Save models
        </Button>
      </div>
    </div>
  );
}

function selectionOf(endpoint: EndpointBody, listed: readonly string[]): ModelSelection {
  const { models, aliases } = endpoint;
  if (models === "all") return { follows: "all", chosen: new Set(listed), aliases, typed: [] };
  return { follows: "chosen", chosen: new Set(models), aliases, typed: [] };
}

/** Aliases of models that are not chosen are kept: they count again when one is. */
function changesOf(endpoint: EndpointBody, { follows, chosen, aliases }: ModelSelection) {
  const told = Object.entries(aliases).filter(([model, name]) => name.trim() !== "" && name.trim() !== model);
  const wanted = Object.fromEntries(told.map(([model, name]) => [model, name.trim()]));
  return { models: follows === "all" ? "all" : [...chosen], aliases: pairsPatch(endpoint.aliases, wanted) };
}
