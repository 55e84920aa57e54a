// Listens to server-sent events as a browser does, with headers of one's choice.

export interface EventListenerUnderTest {
  status: number;
  headers: Headers;
  /** The topics of every event so far, with when it came. */
  events: { topics: string[]; atMs: number }[];
  /** All that has come, as text. */
  text(): string;
  /** Every topic that has come. */
  topics(): Set<string>;
  /** Whether the stream has ended, by whichever side. */
  readonly isOver: boolean;
  close(): void;
}

export async function listenToEvents(url: string, headers: Record<string, string>): Promise<EventListenerUnderTest> {
  const abort = new AbortController();
  const response = await fetch(url, { headers, signal: abort.signal });
  const events: EventListenerUnderTest["events"] = [];
  let text = "";
  let read = 0;
  let isOver = false;
  const listen = async () => {
    for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf("\n\n", read); end >= 0; end = text.indexOf("\n\n", read)) {
        const data = /^event: change\ndata: (.*)$/.exec(text.slice(read, end))?.[1];
        if (data !== undefined) events.push({ topics: JSON.parse(data).topics, atMs: Date.now() });
        read = end + 2;
      }
    }
  };
  void listen()
    .catch(() => undefined)
    .then(() => {
      isOver = true;
    });
  return {
    status: response.status,
    headers: response.headers,
    events,
    text: () => text,
    topics: () => new Set(events.flatMap(({ topics }) => topics)),
    get isOver() {
      return isOver;
    },
    close: () => abort.abort(),
  };
}
