// The turns with one model: what was asked, what came back, and what of it is sent with the next question.
import { useEffect, useRef, useState } from "react";
import { type RunningAnswer, startAnswer } from "./answer.ts";
import type { ChatBody, ChatMessage } from "./chat-stream.ts";

export interface Turn {
  id: number;
  prompt: string;
  answer: RunningAnswer;
}

export interface Settings {
  system: string;
  temperature: string;
  maxTokens: string;
}

export interface Conversation {
  turns: readonly Turn[];
  /** Resolves to the answer when it has ended. */
  send(model: string, prompt: string, settings: Settings): Promise<RunningAnswer>;
  stop(): void;
  clear(): void;
}

let lastId = 0;

/** Nothing of it is kept: what is running ends with the page. */
export function useConversation(): Conversation {
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const latest = useRef<readonly Turn[]>(turns);
  const set = (next: readonly Turn[]) => {
    latest.current = next;
    setTurns(next);
  };
  const stop = () => {
    for (const { answer } of latest.current) if (answer.get().state === "running") answer.stop();
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the end of the page is waited for
  useEffect(() => stop, []);
  return {
    turns,
    send: async (model, prompt, settings) => {
      const answer = startAnswer(bodyOf(model, latest.current, prompt, settings));
      lastId += 1;
      set([...latest.current, { id: lastId, prompt, answer }]);
      await answer.ended;
      return answer;
    },
    stop,
    clear: () => {
      stop();
      set([]);
    },
  };
}

function bodyOf(model: string, turns: readonly Turn[], prompt: string, settings: Settings): ChatBody {
  const messages: ChatMessage[] = [];
  if (settings.system.trim() !== "") messages.push({ role: "system", content: settings.system });
  for (const { prompt: asked, answer } of turns) {
    const { text } = answer.get();
    // A question without an answer would make two questions in a row, which some models refuse.
    if (text !== "") messages.push({ role: "user", content: asked }, { role: "assistant", content: text });
  }
  messages.push({ role: "user", content: prompt });
  return {
    model,
    messages,
    ...(settings.temperature !== "" && { temperature: Number(settings.temperature) }),
    ...(settings.maxTokens !== "" && { max_tokens: Number(settings.maxTokens) }),
    stream: true,
    stream_options: { include_usage: true },
  };
}
