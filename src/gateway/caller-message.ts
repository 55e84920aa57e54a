// A request as node:http reads it, with its headers put together at a quarter of the cost.
import { IncomingMessage } from "node:http";

type Headers = Record<string, string | string[] | undefined>;
type AddHeaderLine = (this: IncomingMessage, name: string, value: string, headers: Headers) => void;

/** What `headers` calls for each of `rawHeaders`. Not documented: where a later Node.js has none, or calls none, all is as without this. */
const addHeaderLine = (IncomingMessage.prototype as unknown as { _addHeaderLine?: AddHeaderLine })._addHeaderLine;

/** Lower-case names by name as callers spell it; a small cache, since callers repeat themselves. */
const knownNames = new Map<string, string>();
const knownNamesMax = 2000;
/** Of no use to names longer than those of any client. */
const nameLengthMax = 100;

/** For `createServer`'s option `IncomingMessage`. Its `headers` are what they always are. */
export class CallerMessage extends IncomingMessage {
  /**
   * The first header of a name is simply taken, which is nearly all that there is to do; how a second one is joined to it,
   * dropped or listed is node's business. (`set-cookie` is a list from the first one on.)
   */
  _addHeaderLine(name: string, value: string, headers: Headers): void {
    const known = knownNames.get(name);
    if (known !== undefined && headers[known] === undefined) {
      headers[known] = value;
      return;
    }
    addHeaderLine?.call(this, name, value, headers);
    if (known === undefined && knownNames.size < knownNamesMax && name.length <= nameLengthMax) {
      const lower = name.toLowerCase();
      if (lower !== "set-cookie") knownNames.set(name, lower);
    }
  }
}
