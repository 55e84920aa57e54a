// Reads server-sent events from the bytes of an answer, wherever these are cut.

export interface ServerSentEvent {
  /** "message" where the stream names none. */
  event: string;
  /** Lines of `data:`, joined with a newline. */
  data: string;
}

/** Ends with the stream; an event that no empty line has closed is dropped, as the standard has it. Rejects as the stream does. */
export async function* readEvents(stream: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent, void, undefined> {
  const parser = new EventParser();
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Whoever stops reading before the end leaves nothing open.
    await reader.cancel().catch(() => {});
  }
}

class EventParser {
  /** The beginning of a line whose end has not come. */
  private rest = "";
  private event = "";
  private data: string[] = [];

  push(text: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    let pending = this.rest + text;
    // A carriage return at the very end may be half of a line end.
    const held = pending.endsWith("\r") ? "\r" : "";
    pending = pending.slice(0, pending.length - held.length);
    const lines = pending.split(/\r\n|\r|\n/);
    this.rest = (lines.pop() as string) + held;
    for (const line of lines) {
      const event = this.takeLine(line);
      if (event !== null) events.push(event);
    }
    return events;
  }

  private takeLine(line: string): ServerSentEvent | null {
    if (line === "") {
      const event = this.data.length === 0 ? null : { event: this.event || "message", data: this.data.join("\n") };
      this.event = "";
      this.data = [];
      return event;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.data.push(value);
    else if (name === "event") this.event = value;
    return null;
  }
}
