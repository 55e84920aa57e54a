// A stream of an API that nobody has heard of: JSON events of its own, usage in the last one, and no terminator.
import type { Answer } from "./answer.ts";
import { sseAnswer } from "./answer.ts";
import type { ProviderSettings } from "./settings.ts";
import { pieces } from "./settings.ts";

export function unknownStream(settings: ProviderSettings): Answer {
  const { inputTokens, outputTokens } = settings.usage;
  const texts = pieces(settings.text).map((text, index) => ({ seq: index, text }));
  const usage = settings.reportsUsage ? { usage: { input_tokens: inputTokens, output_tokens: outputTokens } } : {};
  return sseAnswer([...texts, { seq: texts.length, ...usage }].map((data) => ({ data })));
}
