// The demo provider's models, and its list of them.

/** Time between the words of a stream, in ms, by model. */
const paceMs: Record<string, number> = { "demo-chat": 25, "demo-chat-fast": 5, "demo-embedding": 5 };

export const demoModelIds = Object.keys(paceMs);

export function wordPaceMs(model: unknown): number {
  return paceMs[String(model)] ?? 25;
}

/** A list that both OpenAI's and Anthropic's clients can read. */
export function demoModelList(): object {
  const data = demoModelIds.map((id) => ({
    id,
    object: "model",
    created: 1_735_689_600,
    owned_by: "headgate-demo",
    type: "model",
    display_name: `${id} (no model behind it)`,
    created_at: "2025-01-01T00:00:00Z",
  }));
  return { object: "list", data, has_more: false, first_id: demoModelIds[0], last_id: demoModelIds.at(-1) };
}
